//! The suite on the CPU: the same states, a byte at a time through tables, or eight elements packed in a `u64`.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use evariste::gf256;
use rayon::prelude::*;

use super::model::{self, Operation, State};
use super::{Form, Measured, samples, scaled};
use crate::random::Random;
use crate::timing::ROUNDS;

const INVOCATIONS: usize = 4096;
const FIRST_ITERATIONS: u32 = 4;

/// Sixteen elements.
type Words = [u64; 2];

const LOW_BITS: u64 = 0x0101_0101_0101_0101;

pub(super) fn measure(operation: Operation, form: Form, inject_fault: bool, random: &mut Random) -> Result<Measured> {
    let timed = |iterations| {
        let started = Instant::now();
        black_box(run(operation, form, iterations, 0));
        started.elapsed().as_secs_f64()
    };
    let mut iterations = FIRST_ITERATIONS;
    for _ in 0..3 {
        iterations = scaled(iterations, timed(iterations));
    }
    let seconds = (0..ROUNDS).map(|_| timed(iterations)).collect();
    let [a, b, c, d, ..] = random.next().to_le_bytes();
    let seed = u32::from_le_bytes([a, b, c, d]);
    let mut found = run(operation, form, iterations, seed);
    let chosen = samples(INVOCATIONS, random);
    if inject_fault {
        found[chosen[random.below(chosen.len())]][random.below(4)][random.below(16)] ^= 1 << random.below(8);
    }
    let is_right =
        |&invocation: &usize| found[invocation] == model::run(operation, iterations, model::start(invocation, seed));
    Ok(Measured { iterations, invocations: INVOCATIONS, samples: seconds, verified: chosen.iter().all(is_right) })
}

/// The final state of every invocation.
fn run(operation: Operation, form: Form, iterations: u32, seed: u32) -> Vec<State> {
    let start = |invocation| model::start(invocation, seed);
    // One loop for each form: a choice inside the loop would be timed with it.
    let invocation: fn(u32, State) -> State = match (operation, form) {
        (Operation::Add, _) => |n, state| packed(n, state, |a, b| xor(a, b.map(turn))),
        (Operation::Multiply, Form::Packed) => {
            |n, state| packed(n, state, |a, b| [product(a[0], b[0]), product(a[1], b[1])])
        }
        (Operation::Multiply, _) => |n, state| bytes(n, state, gf256::mul),
        (Operation::Inverse, Form::Packed) => |n, state| packed(n, state, |a, b| xor(a.map(inverse), b)),
        (Operation::Inverse, Form::LogExp) => |n, state| bytes(n, state, |a, b| gf256::inv(a).unwrap_or(0) ^ b),
        (Operation::Inverse, Form::InverseTable) => |n, state| bytes(n, state, |a, b| INVERSES[usize::from(a)] ^ b),
    };
    (0..INVOCATIONS).into_par_iter().map(|at| invocation(iterations, start(at))).collect()
}

/// Iterations over packed words.
#[inline(always)]
fn packed(iterations: u32, state: State, step: impl Fn(Words, Words) -> Words) -> State {
    let mut words: [Words; 4] = state.map(|sixteen| {
        let (halves, _) = sixteen.as_chunks::<8>();
        [u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1])]
    });
    for _ in 0..iterations {
        for at in 0..4 {
            words[at] = step(words[at], words[(at + 1) % 4]);
        }
    }
    let mut state = [[0; 16]; 4];
    for (sixteen, words) in state.iter_mut().zip(words) {
        sixteen.copy_from_slice(words.map(u64::to_le_bytes).as_flattened());
    }
    state
}

/// Iterations over bytes.
#[inline(always)]
fn bytes(iterations: u32, mut state: State, step: impl Fn(u8, u8) -> u8) -> State {
    for _ in 0..iterations {
        for at in 0..4 {
            let other = state[(at + 1) % 4];
            state[at].iter_mut().zip(other).for_each(|(element, other)| *element = step(*element, other));
        }
    }
    state
}

static INVERSES: [u8; 256] = inverses();

#[expect(clippy::cast_possible_truncation, reason = "a stays below 256")]
const fn inverses() -> [u8; 256] {
    let mut inverses = [0; 256];
    let mut a = 1;
    while a < 256 {
        if let Some(inverse) = gf256::inv(a as u8) {
            inverses[a] = inverse;
        }
        a += 1;
    }
    inverses
}

fn xor(a: Words, b: Words) -> Words {
    [a[0] ^ b[0], a[1] ^ b[1]]
}

/// Rotates the four bytes of each half by one.
fn turn(a: u64) -> u64 {
    ((a << 8) & 0xffff_ff00_ffff_ff00) | ((a >> 24) & 0x0000_00ff_0000_00ff)
}

fn double(a: u64) -> u64 {
    ((a << 1) & 0xfefe_fefe_fefe_fefe) ^ (((a >> 7) & LOW_BITS) * 0x1d)
}

fn product(a: u64, b: u64) -> u64 {
    (0..8).rev().fold(0, |sum, bit| double(sum) ^ ((((b >> bit) & LOW_BITS) * 0xff) & a))
}

/// a to a power of 2, which is linear: bit i goes to `images[i]`.
fn power(a: u64, images: [u8; 8]) -> u64 {
    (0..).zip(images).fold(0, |sum, (bit, image)| sum ^ (((a >> bit) & LOW_BITS) * u64::from(image)))
}

/// a^254, as in `field.wgsl`.
fn inverse(a: u64) -> u64 {
    let a2 = power(a, const { images(2) });
    let a3 = product(a2, a);
    let a12 = power(a3, const { images(4) });
    let a240 = power(product(a12, a3), const { images(16) });
    product(product(a240, a12), a2)
}

/// The images of the bits under a power.
const fn images(exponent: usize) -> [u8; 8] {
    let mut images = [0; 8];
    let mut bit = 0;
    while bit < 8 {
        images[bit] = gf256::pow(2, exponent * bit);
        bit += 1;
    }
    images
}
