//! The suite `field`: operations on elements that never leave the registers, so that arithmetic alone is timed.
//!
//! `field.wgsl` says what an iteration does. `registers` runs it on a GPU, `words` on the CPU, and `model` says, by the
//! field's own arithmetic, what must come out.

mod model;
mod registers;
mod words;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;

use super::args::{Field, Where};
use super::cpu::processor;
use super::lab::Lab;
use super::random::Random;
use super::row::{FieldRow, Rows};
use crate::exit::Exit;
use crate::interrupt;
use model::Operation;
use registers::Registers;

/// How long a pass shall take where nothing is imitated: long beside what starting it costs.
const PASS: Duration = Duration::from_millis(4);
/// An iteration of an invocation makes this many elements.
const ELEMENTS: usize = 64;
const MOST_ITERATIONS: u32 = 1 << 16;
/// Invocations whose results are verified, beside the first and the last.
const RANDOM_SAMPLES: usize = 6;

/// How elements are held and worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Packed,
    LogExp,
    InverseTable,
}

impl Form {
    fn as_str(self) -> &'static str {
        match self {
            Self::Packed => "packed",
            Self::LogExp => "log-exp",
            Self::InverseTable => "inverse-table",
        }
    }
}

/// Every operation in every form that there is of it.
const KERNELS: [(Operation, Form); 6] = [
    (Operation::Add, Form::Packed),
    (Operation::Multiply, Form::LogExp),
    (Operation::Multiply, Form::Packed),
    (Operation::Inverse, Form::LogExp),
    (Operation::Inverse, Form::InverseTable),
    (Operation::Inverse, Form::Packed),
];

/// What a kernel took and what came out of it.
struct Measured {
    iterations: u32,
    invocations: usize,
    median_s: f64,
    verified: bool,
}

pub(super) fn run(args: &Field, out: &mut dyn Write) -> Result<Exit> {
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    let inject_fault = args.output.inject_fault;
    if args.backend != Some(Where::Cpu) {
        let lab = Lab::open()?;
        let registers = Registers::new(&lab)?;
        for (operation, form) in KERNELS {
            interrupt::check()?;
            rows.doing(format!("{} {}", operation.as_str(), form.as_str()));
            let measured = registers.measure(operation, form, inject_fault, &mut random)?;
            let row = row(operation, form, &measured);
            // The passes are recorded by the thread that waits for them.
            rows.push(FieldRow { device: lab.name.clone(), driver: lab.driver.clone(), threads: 1, ..row })?;
        }
    }
    if args.backend != Some(Where::Gpu) {
        let threads = rayon::current_num_threads();
        for (operation, form) in KERNELS {
            interrupt::check()?;
            rows.doing(format!("{} {} on the CPU", operation.as_str(), form.as_str()));
            let measured = words::measure(operation, form, inject_fault, &mut random)?;
            rows.push(FieldRow { device: processor(), threads, ..row(operation, form, &measured) })?;
        }
    }
    rows.finish()
}

/// A row without its device.
fn row(operation: Operation, form: Form, measured: &Measured) -> FieldRow {
    let elements = measured.invocations as f64 * f64::from(measured.iterations) * ELEMENTS as f64;
    FieldRow {
        suite: "field",
        case: operation.as_str(),
        path: "registers",
        kernel: form.as_str(),
        device: String::new(),
        driver: String::new(),
        threads: 0,
        median_s: measured.median_s,
        gops: elements / measured.median_s / 1e9,
        verified: measured.verified,
    }
}

/// The iterations for a pass to take [`PASS`], if `iterations` took `seconds`.
fn scaled(iterations: u32, seconds: f64) -> u32 {
    let wanted = f64::from(iterations) * PASS.as_secs_f64() / seconds.max(1e-9);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number between 1 and 2^16")]
    let wanted = wanted.clamp(1.0, f64::from(MOST_ITERATIONS)) as u32;
    wanted
}

/// Invocations to verify: the first, the last, and some between.
fn samples(invocations: usize, random: &mut Random) -> Vec<usize> {
    let mut samples = vec![0, invocations - 1];
    samples.extend((0..RANDOM_SAMPLES).map(|_| random.below(invocations)));
    samples
}
