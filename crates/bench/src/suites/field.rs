//! The suite `field`: operations on elements that never leave the registers, so that only arithmetic is timed.
//!
//! `field/field.wgsl` says what an iteration does. `registers` runs it on a GPU, `words` on the CPU, and `model` computes the
//! expected result with the field's own arithmetic.

mod model;
mod registers;
mod words;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;

use crate::args::{Output, Where};
use crate::interrupt;
use crate::lab::Lab;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::record::{Device, Figures, Method, Record};
use crate::rows::Rows;
use crate::table::{self, CASE, Column, KERNEL, RIGHT, TIME, Table};
use model::Operation;
use registers::Registers;

/// Arguments of `bench field`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to compute [default: both]
    #[arg(long, value_name = "WHERE", value_enum)]
    backend: Option<Where>,
    #[command(flatten)]
    output: Output,
}

pub(crate) static TABLE: Table = Table {
    suite: "field",
    caption: |record| [table::device(record), vec![table::threads(record)]].concat(),
    columns: &[
        CASE,
        KERNEL.heading("form").width(13),
        TIME,
        Column::number(("rate", "Gops/s"), 9, 2, |r| r.figures.gops),
        RIGHT,
    ],
    note: None,
};

/// How long a pass takes on hardware: long compared with the cost of starting it.
const PASS: Duration = Duration::from_millis(4);
/// Elements that one iteration of an invocation computes.
const ELEMENTS: usize = 64;
const MOST_ITERATIONS: u32 = 1 << 16;
/// Invocations whose results are verified, besides the first and the last.
const RANDOM_SAMPLES: usize = 6;

/// How elements are stored and computed.
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

/// Every operation, in each of its forms.
const KERNELS: [(Operation, Form); 6] = [
    (Operation::Add, Form::Packed),
    (Operation::Multiply, Form::LogExp),
    (Operation::Multiply, Form::Packed),
    (Operation::Inverse, Form::LogExp),
    (Operation::Inverse, Form::InverseTable),
    (Operation::Inverse, Form::Packed),
];

/// The times of a kernel, and whether its result was right.
struct Measured {
    iterations: u32,
    invocations: usize,
    samples: Vec<f64>,
    verified: bool,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&TABLE, &args.output, out);
    let inject_fault = args.output.inject_fault;
    if args.backend != Some(Where::Cpu) {
        let lab = Lab::open()?;
        let registers = Registers::new(&lab)?;
        for (operation, form) in KERNELS {
            interrupt::check()?;
            rows.doing(format!("{} {}", operation.as_str(), form.as_str()));
            let measured = registers.measure(operation, form, inject_fault, &mut random)?;
            rows.push(record(operation, form, measured, &lab.named()))?;
        }
    }
    if args.backend != Some(Where::Gpu) {
        for (operation, form) in KERNELS {
            interrupt::check()?;
            rows.doing(format!("{} {} on the CPU", operation.as_str(), form.as_str()));
            let measured = words::measure(operation, form, inject_fault, &mut random)?;
            rows.push(record(operation, form, measured, &Device::cpu()))?;
        }
    }
    rows.finish()
}

fn record(operation: Operation, form: Form, measured: Measured, device: &Device) -> Record {
    let elements = measured.invocations as f64 * f64::from(measured.iterations) * ELEMENTS as f64;
    let names = ("field", operation.as_str(), "registers");
    let record = Record::new(names, device, measured.samples, measured.verified);
    let gops = Some(record.rate(elements));
    Record {
        method: Method { kernel: Some(form.as_str().to_owned()), ..Method::default() },
        figures: Figures { gops, ..record.figures },
        ..record
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
