//! Hypotheses: "all wrong bytes are in these shards", tested on many columns at once.

use std::convert::Infallible;
use std::sync::Arc;

use crate::Matrix;
use crate::cpu::program::{Engine, Program};
use crate::recent::Recent;

/// Hypotheses kept: neighbouring blocks are often damaged in the same shards, and threads work on a few such runs at a time.
const KEPT: usize = 16;

/// The hypothesis that all wrong bytes of a column are at t places. Then the first t syndromes are an invertible matrix times the
/// magnitudes, and the other syndromes follow from them.
pub(super) struct Hypothesis {
    /// Their number, t.
    places: usize,
    program: Box<dyn Program>,
}

impl Hypothesis {
    /// The number of places, t.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Computes the t magnitudes and the remaining syndromes from the first t syndromes.
    pub(super) fn program(&self) -> &dyn Program {
        &*self.program
    }
}

/// The hypotheses used last.
pub(super) struct Hypotheses<'a> {
    engine: &'a dyn Engine,
    parity_check: Matrix,
    kept: Recent<Box<[usize]>, Arc<Hypothesis>>,
}

impl<'a> Hypotheses<'a> {
    pub(super) fn new(engine: &'a dyn Engine, parity_check: Matrix) -> Self {
        Self { engine, parity_check, kept: Recent::new(KEPT) }
    }

    /// The hypothesis that all wrong bytes are at these places. There are at most as many places as syndromes.
    pub(super) fn of(&self, places: &[usize]) -> Arc<Hypothesis> {
        let make = || {
            let program = self.engine.prepare(&matrix(&self.parity_check, places));
            Ok::<_, Infallible>((places.into(), Arc::new(Hypothesis { places: places.len(), program })))
        };
        let Ok(hypothesis) = self.kept.get(|kept| **kept == *places, make);
        hypothesis
    }
}

/// The m x t matrix from the first t syndromes to the magnitudes at t places and the other m - t syndromes.
///
/// The parity check matrix is a Vandermonde matrix with scaled columns and distinct points, so any t columns of its first t rows
/// are independent.
fn matrix(parity_check: &Matrix, places: &[usize]) -> Matrix {
    let columns = Matrix::from_fn(parity_check.rows(), places.len(), |row, at| parity_check.row(row)[places[at]]);
    let select = |rows: std::ops::Range<usize>| columns.select_rows(&rows.collect::<Vec<_>>());
    let to_magnitudes =
        select(0..places.len()).inverse().expect("columns of a parity check matrix with distinct points");
    let others = select(places.len()..columns.rows()).mul(&to_magnitudes);
    to_magnitudes.above(&others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn magnitudes_and_the_other_syndromes_follow_from_the_first() {
        let parity_check = Code::reed_solomon(20, 7).unwrap().grs().unwrap().parity_check();
        for places in [&[3][..], &[0, 26], &[5, 19, 20, 21], &[0, 4, 8, 12, 16, 20, 24]] {
            let errata = Matrix::from_fn(places.len(), 1, |row, _| u8::try_from(17 * row + 1).unwrap());
            let word = Matrix::from_fn(27, 1, |shard, _| {
                places.iter().position(|&place| place == shard).map_or(0, |at| errata.row(at)[0])
            });
            let syndromes = parity_check.mul(&word);
            let select = |rows: std::ops::Range<usize>| syndromes.select_rows(&rows.collect::<Vec<_>>());
            let product = matrix(&parity_check, places).mul(&select(0..places.len()));
            assert_eq!(product, errata.above(&select(places.len()..7)));
        }
    }
}
