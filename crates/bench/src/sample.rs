//! Compares a few windows of a result with the field's own arithmetic.
//!
//! The reference multiplies byte by byte through `gf256::mul`, so it shares no code with any kernel.

use evariste::{Plan, gf256};

use crate::job::Job;
use crate::random::Random;
use crate::setup::Setup;

/// Bytes of a window; a shorter unit is one window.
const WINDOW_BYTES: usize = 4096;
/// Windows besides the first and the last.
const RANDOM_WINDOWS: usize = 4;
/// Windows begin at multiples of this, because device memory is copied by words.
const GRAIN_BYTES: usize = 16;

/// The same columns of every shard in one stripe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) stripe: usize,
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
}

/// The first columns, the last ones, and some between.
pub(crate) fn windows(setup: &Setup, random: &mut Random) -> Vec<Window> {
    let bytes = WINDOW_BYTES.min(setup.unit_bytes);
    let last = setup.unit_bytes - bytes;
    let mut windows =
        vec![Window { stripe: 0, offset: 0, bytes }, Window { stripe: setup.stripes - 1, offset: last, bytes }];
    for _ in 0..RANDOM_WINDOWS {
        let offset = random.below(last / GRAIN_BYTES + 1) * GRAIN_BYTES;
        windows.push(Window { stripe: random.below(setup.stripes), offset, bytes });
    }
    windows
}

/// Whether every target of the job is its plan's product with the sources. `columns` holds the bytes of every shard, window by
/// window.
pub(crate) fn is_right(job: &Job, windows: &[Window], shards: usize, columns: &[u8]) -> bool {
    let bytes = windows.first().map_or(0, |window| window.bytes);
    let mut held = columns.chunks_exact((shards * bytes).max(1));
    windows.iter().all(|window| {
        let Some(held) = held.next() else { return false };
        let shard = |slot: usize| &held[slot * bytes..][..bytes];
        let plan = job.plan(window.stripe);
        let expected = compute(plan, shard);
        plan.targets().iter().zip(expected).all(|(&target, expected)| shard(target) == expected)
    })
}

/// The plan's targets, byte by byte.
fn compute<'a>(plan: &Plan, shard: impl Fn(usize) -> &'a [u8]) -> Vec<Vec<u8>> {
    let row = |coefficients: &[u8]| {
        let mut sum = Vec::new();
        for (&slot, &coefficient) in plan.sources().iter().zip(coefficients) {
            let bytes = shard(slot);
            sum.resize(bytes.len(), 0);
            sum.iter_mut().zip(bytes).for_each(|(sum, &byte)| *sum ^= gf256::mul(coefficient, byte));
        }
        sum
    };
    plan.matrix().iter_rows().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Case;
    use evariste::Code;

    #[test]
    fn a_flipped_bit_is_detected_anywhere() {
        let setup = Setup { code: Code::vandermonde(3, 2).unwrap(), unit_bytes: 16, stripes: 2, by_default: false };
        let mut random = Random::new(1);
        let job = Job::new(&setup, Case::Encode, &mut random).unwrap();
        let windows = &windows(&setup, &mut random)[..2];
        let mut columns = vec![0; 2 * 5 * 16];
        for stripe in columns.chunks_exact_mut(5 * 16) {
            stripe.iter_mut().for_each(|byte| *byte = random.next().to_le_bytes()[0]);
            let data = stripe.to_vec();
            let parity = compute(job.plan(0), |slot| &data[slot * 16..][..16]).concat();
            stripe[3 * 16..].copy_from_slice(&parity);
        }
        assert!(is_right(&job, windows, 5, &columns));
        for bit in 0..columns.len() * 8 {
            columns[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_right(&job, windows, 5, &columns), "bit {bit}");
            columns[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(!is_right(&job, windows, 5, &columns[..80]), "a missing window");
    }
}
