//! One block of all shards: its syndromes are computed and its wrong columns corrected.

use std::sync::Arc;

use super::hypothesis::{Hypotheses, Hypothesis};
use crate::Grs;
use crate::cpu::program::Program;
use crate::cpu::programs::Programs;
use crate::grs::decoder::{Decoder, Outcome};

/// With fewer wrong columns left than this, it is cheaper to decode each. A hypothesis that explains fewer was not worth trying.
const WORTHWHILE_COLUMNS: u32 = 8;
/// After this many hypotheses that were not worth trying, the remaining columns of a block are decoded one by one.
const PATIENCE: u32 = 3;

/// What all blocks of a code share.
pub(super) struct Locator<'a> {
    /// Computes the syndromes from the shards.
    syndromes: Arc<dyn Program>,
    parity_shards: usize,
    decoder: Decoder,
    hypotheses: Hypotheses<'a>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(programs: &'a Programs, grs: &Grs) -> Self {
        let parity_check = grs.parity_check();
        Self {
            syndromes: programs.get(&parity_check),
            parity_shards: grs.parity_shards(),
            decoder: Decoder::new(grs.points(), grs.multipliers(), grs.parity_shards()),
            hypotheses: Hypotheses::new(programs.engine(), parity_check),
        }
    }
}

/// The first and the last of some columns, and their number.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    first: usize,
    last: usize,
    count: u32,
}

impl Span {
    /// The first and the last column, with `start` added to both; `None` if there are no columns.
    pub(super) fn ends(&self, start: usize) -> Option<(usize, usize)> {
        (self.count > 0).then_some((start + self.first, start + self.last))
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    fn add(&mut self, column: usize) {
        self.join(Self { first: column, last: column, count: 1 });
    }

    fn join(&mut self, other: Self) {
        *self = match (self.count, other.count) {
            (_, 0) => *self,
            (0, _) => other,
            _ => Self {
                first: self.first.min(other.first),
                last: self.last.max(other.last),
                count: self.count + other.count,
            },
        };
    }

    /// The columns whose byte is not zero.
    fn of(bytes: &[u8]) -> Self {
        match (first_set(bytes), bytes.iter().rposition(|&byte| byte != 0)) {
            (Some(first), Some(last)) => Self { first, last, count: count_set(&bytes[first..=last]) },
            _ => Self::default(),
        }
    }
}

/// A block of columns while it is corrected.
pub(super) struct Block<'a> {
    locator: &'a Locator<'a>,
    shards: Vec<&'a mut [u8]>,
    erased: Vec<usize>,
    bytes: usize,
    /// m rows of one byte a column. They are computed once and not updated when a column is corrected.
    syndromes: Vec<u8>,
    /// For each column a byte that is not zero while the column is wrong and undecided.
    wrong: Vec<u8>,
    corrected: Vec<Span>,
    beyond: Span,
}

impl<'a> Block<'a> {
    pub(super) fn new(locator: &'a Locator<'a>, shards: Vec<&'a mut [u8]>, erased: &[usize]) -> Self {
        let bytes = shards.first().map_or(0, |shard| shard.len());
        let mut syndromes = vec![0; bytes * locator.parity_shards];
        let sources: Vec<&[u8]> = shards.iter().map(|shard| &**shard).collect();
        locator.syndromes.write(&sources, &mut rows(&mut syndromes, bytes), false);
        let mut wrong = vec![0; bytes];
        for row in syndromes.chunks_exact(bytes) {
            wrong.iter_mut().zip(row).for_each(|(wrong, syndrome)| *wrong |= syndrome);
        }
        let erased = erased.to_vec();
        let corrected = vec![Span::default(); shards.len()];
        Self { locator, shards, erased, bytes, syndromes, wrong, corrected, beyond: Span::default() }
    }

    /// The corrected columns of each shard.
    pub(super) fn corrected(&self) -> &[Span] {
        &self.corrected
    }

    /// The columns with more errors than the code corrects.
    pub(super) fn beyond(&self) -> &Span {
        &self.beyond
    }

    /// Corrects every column that the code can correct.
    pub(super) fn correct(&mut self) {
        let mut left = count_set(&self.wrong);
        let mut patience = PATIENCE;
        let mut word = vec![0; self.locator.parity_shards];
        let mut errata = Vec::new();
        let mut column = 0;
        while let Some(ahead) = first_set(&self.wrong[column..]) {
            column += ahead;
            self.wrong[column] = 0;
            left -= 1;
            for (byte, row) in word.iter_mut().zip(self.syndromes.chunks_exact(self.bytes)) {
                *byte = row[column];
            }
            if self.locator.decoder.decode(&word, &self.erased, &mut errata) == Outcome::Beyond {
                self.beyond.add(column);
                continue;
            }
            for &(shard, magnitude) in &errata {
                self.shards[shard][column] ^= magnitude;
                self.corrected[shard].add(column);
            }
            if patience > 0 && left >= WORTHWHILE_COLUMNS {
                let explained = self.correct_alike(&errata);
                left -= explained;
                patience -= u32::from(explained < WORTHWHILE_COLUMNS);
            }
        }
    }

    /// Corrects all columns whose errors are explained by the erased shards and the shards of these errata alone. Returns the
    /// number of these columns.
    ///
    /// The places are e unknown ones and the s erased ones of a column that was decoded, so 2e + s is at most m. For a column
    /// that they explain, no other explanation is within the code's radius.
    fn correct_alike(&mut self, errata: &[(usize, u8)]) -> u32 {
        let mut places: Vec<usize> =
            errata.iter().map(|&(shard, _)| shard).chain(self.erased.iter().copied()).collect();
        places.sort_unstable();
        places.dedup();
        let hypothesis = self.locator.hypotheses.of(&places);
        let (mut magnitudes, applies) = self.magnitudes(&hypothesis);
        for (&shard, magnitudes) in places.iter().zip(magnitudes.chunks_exact_mut(self.bytes)) {
            magnitudes.iter_mut().zip(&applies).for_each(|(magnitude, applies)| *magnitude &= applies);
            self.shards[shard].iter_mut().zip(&*magnitudes).for_each(|(byte, magnitude)| *byte ^= magnitude);
            self.corrected[shard].join(Span::of(magnitudes));
        }
        self.wrong.iter_mut().zip(&applies).for_each(|(wrong, applies)| *wrong &= !applies);
        count_set(&applies)
    }

    /// The magnitudes that a hypothesis adds at each place, and for each column 0xff if the hypothesis explains it, else 0.
    fn magnitudes(&self, hypothesis: &Hypothesis) -> (Vec<u8>, Vec<u8>) {
        let (known, left) = self.syndromes.split_at(hypothesis.places() * self.bytes);
        let mut product = vec![0; self.syndromes.len()];
        let sources: Vec<&[u8]> = known.chunks_exact(self.bytes).collect();
        hypothesis.program().write(&sources, &mut rows(&mut product, self.bytes), false);
        let expected = &product[known.len()..];
        let mut differences = vec![0; self.bytes];
        for (expected, row) in expected.chunks_exact(self.bytes).zip(left.chunks_exact(self.bytes)) {
            let rows = differences.iter_mut().zip(expected).zip(row);
            rows.for_each(|((difference, expected), syndrome)| *difference |= expected ^ syndrome);
        }
        let applies = differences.iter().zip(&self.wrong);
        let applies =
            applies.map(|(&difference, &wrong)| if difference == 0 && wrong != 0 { 0xff } else { 0 }).collect();
        product.truncate(known.len());
        (product, applies)
    }
}

/// The index of the first byte that is not zero. The search goes by lines of 64 bytes, which vectorises.
fn first_set(bytes: &[u8]) -> Option<usize> {
    let is_set = |line: &[u8]| line.iter().fold(0, |any, byte| any | byte) != 0;
    let line = bytes.chunks(64).position(is_set)?;
    Some(64 * line + bytes[64 * line..].iter().position(|&byte| byte != 0)?)
}

/// The number of bytes that are not zero. They are counted in runs of 255, whose count fits a byte: that vectorises.
fn count_set(bytes: &[u8]) -> u32 {
    let count = |bytes: &[u8]| bytes.iter().fold(0u8, |count, &byte| count.wrapping_add(u8::from(byte != 0)));
    bytes.chunks(255).map(|bytes| u32::from(count(bytes))).sum()
}

/// The rows of a matrix of bytes, `bytes` bytes each.
fn rows(memory: &mut [u8], bytes: usize) -> Vec<&mut [u8]> {
    memory.chunks_exact_mut(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_the_ends_and_the_number_of_nonzero_bytes() {
        assert_eq!(Span::of(&[0; 600]).ends(7), None);
        let mut bytes = [0; 600];
        bytes[5..=590].fill(1);
        bytes[17] = 0;
        let mut span = Span::of(&bytes);
        assert_eq!((span.ends(100), span.count()), (Some((105, 690)), 585));
        span.join(Span::default());
        span.add(3);
        assert_eq!((span.ends(0), span.count()), (Some((3, 590)), 586));
    }
}
