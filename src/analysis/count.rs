//! Counting by trying all sets of losses.
//!
//! The sets are the paths of a tree: each shard of a set takes its column out of the columns of all shards behind it,
//! so that what is left says which of those still are independent of the set. With two shards to go nothing more is
//! taken out: two columns are dependent if one is zero or if both are the same once their first element is made one, so
//! sorting them counts all pairs. C(55, 5) sets of LRC(48, 4, 3) are 26 235 sorts of at most 52 columns.

use rayon::prelude::*;

use super::subsets;
use crate::{Code, gf256};

/// The work that an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effort {
    /// Steps; one step is about one product in the field. All sets are tried if that takes no more steps than this.
    /// Otherwise a sample is tried that takes about this many, with at least a thousand and at most a million sets.
    pub steps: u64,
    /// The seed of the samples. The same seed gives the same answer.
    pub seed: u64,
}

impl Effort {
    /// This many steps, with samples from this seed.
    #[must_use]
    pub const fn new(steps: u64, seed: u64) -> Self {
        Self { steps, seed }
    }
}

impl Default for Effort {
    /// 2^28 steps, a fraction of a second unless thousands of shards are lost; seed 1.
    fn default() -> Self {
        Self { steps: 1 << 28, seed: 1 }
    }
}

/// The parity-check matrix, column by column: one for each shard, one element for each parity.
pub(super) struct Checks {
    shards: usize,
    parities: usize,
    columns: Box<[u8]>,
}

impl Checks {
    pub(super) fn new(code: &Code) -> Self {
        let (shards, parities, data) = (code.total_shards(), code.parity_shards(), code.data_shards());
        let mut columns = vec![0; shards * parities];
        for (parity, row) in code.parity_matrix().iter_rows().enumerate() {
            for (shard, &coefficient) in row.iter().enumerate() {
                columns[shard * parities + parity] = coefficient;
            }
            columns[(data + parity) * parities + parity] = 1;
        }
        Self { shards, parities, columns: columns.into() }
    }

    pub(super) fn shards(&self) -> usize {
        self.shards
    }

    pub(super) fn parities(&self) -> usize {
        self.parities
    }

    /// Whether these losses are survived. `columns` is scratch memory.
    pub(super) fn is_survived(&self, lost: &[usize], columns: &mut Vec<u8>) -> bool {
        columns.clear();
        for &shard in lost {
            columns.extend_from_slice(&self.columns[shard * self.parities..][..self.parities]);
        }
        are_independent(columns, self.parities)
    }

    /// The approximate number of products that [`Checks::survived`] takes; `None` beyond 64 bits.
    pub(super) fn steps(&self, losses: usize) -> Option<u64> {
        let nodes = subsets::count(self.shards, losses.saturating_sub(2))?;
        nodes.checked_mul((self.shards * self.parities) as u64)
    }

    /// The number of sets of this many losses that are survived.
    pub(super) fn survived(&self, losses: usize) -> u64 {
        match losses {
            0 => 1,
            1 | 2 => survived(&mut self.columns.to_vec(), self.parities, losses),
            _ => {
                let with_first = |first: usize| {
                    let mut left = vec![0; (self.shards - first - 1) * self.parities];
                    let columns = &self.columns[first * self.parities..];
                    match take_out(columns, self.parities, &mut left) {
                        true => survived(&mut left, self.parities, losses - 1),
                        false => 0,
                    }
                };
                (0..self.shards).into_par_iter().map(with_first).sum()
            }
        }
    }
}

/// The number of sets of `losses` (at least one) of these columns that are independent. May reorder and scale the columns.
fn survived(columns: &mut [u8], height: usize, losses: usize) -> u64 {
    match losses {
        1 => columns.chunks_exact(height).filter(|column| first_nonzero(column).is_some()).count() as u64,
        2 => independent_pairs(columns, height),
        _ => {
            let mut left = vec![0; columns.len()];
            let mut sum = 0;
            for first in 0..columns.len() / height {
                let rest = &columns[first * height..];
                let left = &mut left[..rest.len() - height];
                if take_out(rest, height, left) {
                    sum += survived(left, height, losses - 1);
                }
            }
            sum
        }
    }
}

/// Writes what is left of all columns but the first when multiples of the first are added so that they are zero where
/// the first has its first non-zero element; false if it has none.
fn take_out(columns: &[u8], height: usize, left: &mut [u8]) -> bool {
    let (first, others) = columns.split_at(height);
    let Some(pivot) = first_nonzero(first) else { return false };
    let scale = gf256::inv(first[pivot]).unwrap_or(0);
    for (other, left) in others.chunks_exact(height).zip(left.chunks_exact_mut(height)) {
        left.copy_from_slice(other);
        let factor = gf256::mul(other[pivot], scale);
        if factor != 0 {
            for (left, &first) in left.iter_mut().zip(first) {
                *left ^= gf256::mul(first, factor);
            }
        }
    }
    true
}

/// Whether no column is a combination of the others. Reduces the columns.
fn are_independent(columns: &mut [u8], height: usize) -> bool {
    let mut rest = columns;
    while !rest.is_empty() {
        let (first, others) = rest.split_at_mut(height);
        let Some(pivot) = first_nonzero(first) else { return false };
        let scale = gf256::inv(first[pivot]).unwrap_or(0);
        for other in others.chunks_exact_mut(height) {
            let factor = gf256::mul(other[pivot], scale);
            if factor != 0 {
                // Before the pivot the first column is zero.
                for (other, &first) in other[pivot..].iter_mut().zip(&first[pivot..]) {
                    *other ^= gf256::mul(first, factor);
                }
            }
        }
        rest = others;
    }
    true
}

/// Pairs of columns neither of which is a multiple of the other.
fn independent_pairs(columns: &mut [u8], height: usize) -> u64 {
    let mut directions = Vec::with_capacity(columns.len() / height);
    for column in columns.chunks_exact_mut(height) {
        if let Some(pivot) = first_nonzero(column) {
            let scale = gf256::inv(column[pivot]).unwrap_or(0);
            if scale != 1 {
                column.iter_mut().for_each(|element| *element = gf256::mul(*element, scale));
            }
            directions.push(&*column);
        }
    }
    directions.sort_unstable();
    let pairs = |count: usize| (count * count.saturating_sub(1) / 2) as u64;
    pairs(directions.len()) - directions.chunk_by(|a, b| a == b).map(|same| pairs(same.len())).sum::<u64>()
}

fn first_nonzero(column: &[u8]) -> Option<usize> {
    column.iter().position(|&element| element != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Matrix;

    /// Asks the planner for each set whether it can be rebuilt.
    fn by_plans(code: &Code, losses: usize) -> u64 {
        let sets = (0..1_u32 << code.total_shards()).filter(|set| set.count_ones() as usize == losses);
        let lost = |set: u32| (0..code.total_shards()).filter(|shard| set >> shard & 1 == 1).collect::<Vec<_>>();
        sets.filter(|&set| code.is_recoverable(&lost(set)).unwrap()).count() as u64
    }

    proptest! {
        /// Sparse and dense codes of up to ten shards.
        #[test]
        fn counts_agree_with_plans((k, m, elements) in (1..=6usize, 1..=4usize).prop_flat_map(|(k, m)| {
            let element = prop_oneof![2 => Just(0u8), 1 => Just(1u8), 2 => any::<u8>()];
            (Just(k), Just(m), proptest::collection::vec(element, k * m))
        })) {
            let parity = Matrix::from_fn(m, k, |row, col| elements[row * k + col]);
            let code = Code::from_generator(&Matrix::identity(k).above(&parity)).unwrap();
            let checks = Checks::new(&code);
            for losses in 0..=m {
                prop_assert_eq!(checks.survived(losses), by_plans(&code, losses), "{} losses", losses);
            }
        }
    }
}
