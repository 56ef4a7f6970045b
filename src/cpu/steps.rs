//! Matrices in steps of a few rows each, as the [`generic`](super::generic) loop wants them.

use std::collections::BTreeMap;

use super::generic::{Columns, Isa, MAX_TARGETS, Mode};
use super::program::{Engine, Program};
use crate::Matrix;

/// Rows that are computed together, from the same sources.
pub(super) struct Step<F> {
    /// The columns with a coefficient in any of the rows; `None` if all have.
    sources: Option<Box<[usize]>>,
    /// Rows of the matrix: those multiplied for, then one of ones, if there is one.
    targets: Box<[usize]>,
    ones: bool,
    /// For each source, a factor for each row multiplied for.
    factors: Box<[F]>,
}

impl<F> Step<F> {
    /// The steps of a matrix, each with at most `max_rows` rows that are multiplied for.
    ///
    /// A row of which at least half is zero, as those of local groups are, is computed from its own sources only, together
    /// with rows that have the same. All others are dense. One row of ones rides along in every step.
    pub(super) fn all(matrix: &Matrix, max_rows: usize, factor: impl Fn(u8) -> F) -> Box<[Self]> {
        let mut dense = Vec::new();
        let mut sparse: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (index, row) in matrix.iter_rows().enumerate() {
            let sources: Vec<usize> = (0..row.len()).filter(|&j| row[j] != 0).collect();
            if sources.len() > row.len() / 2 {
                dense.push(index)
            } else {
                sparse.entry(sources).or_default().push(index)
            }
        }
        let used = (0..matrix.cols()).filter(|&j| dense.iter().any(|&i| matrix.row(i)[j] != 0)).collect();
        let groups = std::iter::once((used, dense)).chain(sparse);
        groups.flat_map(|(sources, rows)| Self::of_group(matrix, &sources, &rows, max_rows, &factor)).collect()
    }

    fn of_group(
        matrix: &Matrix,
        sources: &[usize],
        rows: &[usize],
        max_rows: usize,
        factor: &impl Fn(u8) -> F,
    ) -> Vec<Self> {
        let is_ones = |&row: &usize| !sources.is_empty() && sources.iter().all(|&j| matrix.row(row)[j] == 1);
        let (ones, rows): (Vec<usize>, Vec<usize>) = rows.iter().copied().partition(is_ones);
        let count = rows.len().div_ceil(max_rows).max(ones.len());
        let mut ones = ones.into_iter();
        let mut rows = &rows[..];
        (0..count)
            .map(|step| {
                // As even as can be: ten rows by six are five and five.
                let (these, rest) = rows.split_at(rows.len().div_ceil(count - step));
                rows = rest;
                let ones = ones.next();
                let coefficients = sources.iter().flat_map(|&j| these.iter().map(move |&i| matrix.row(i)[j]));
                Self {
                    sources: (sources.len() < matrix.cols()).then(|| sources.into()),
                    factors: coefficients.map(factor).collect(),
                    targets: these.iter().copied().chain(ones).collect(),
                    ones: ones.is_some(),
                }
            })
            .collect()
    }

    /// Rows that are multiplied for.
    #[inline(always)]
    pub(super) fn rows(&self) -> usize {
        self.targets.len() - usize::from(self.ones)
    }

    /// Whether there is a row of ones.
    #[inline(always)]
    pub(super) fn ones(&self) -> bool {
        self.ones
    }

    /// For each source, a factor for each row that is multiplied for.
    #[inline(always)]
    pub(super) fn factors(&self) -> &[F] {
        &self.factors
    }
}

/// A matrix in steps, for a kernel of an instruction set.
struct Prepared<I: Isa> {
    isa: I,
    rows: usize,
    cols: usize,
    steps: Box<[Step<I::Factor>]>,
}

impl<I: Isa> Engine for I {
    fn prepare(&self, matrix: &Matrix) -> Box<dyn Program> {
        Box::new(Prepared {
            isa: *self,
            rows: matrix.rows(),
            cols: matrix.cols(),
            steps: Step::all(matrix, I::MAX_ROWS, I::factor),
        })
    }
}

/// Sources of a step that are gathered without an allocation.
const GATHERED: usize = 64;

impl<I: Isa> Prepared<I> {
    /// Runs every step; `target` gives a row's bytes. Returns whether anything differs.
    ///
    /// # Safety
    /// As for [`Columns::new`], with every row's target.
    unsafe fn run(
        &self,
        sources: &[&[u8]],
        mut target: impl FnMut(usize) -> *mut u8,
        bytes: usize,
        mode: Mode,
    ) -> bool {
        let mut differ = false;
        for step in &*self.steps {
            let mut targets = [std::ptr::null_mut(); MAX_TARGETS];
            for (slot, &row) in targets.iter_mut().zip(&*step.targets) {
                *slot = target(row);
            }
            let mut few = [&[][..]; GATHERED];
            let many: Vec<&[u8]>;
            let sources = match &step.sources {
                None => sources,
                Some(indices) if indices.len() <= GATHERED => {
                    let few = &mut few[..indices.len()];
                    few.iter_mut().zip(&**indices).for_each(|(slot, &index)| *slot = sources[index]);
                    few
                }
                Some(indices) => {
                    many = indices.iter().map(|&index| sources[index]).collect();
                    &many
                }
            };
            // SAFETY: promised by the caller.
            let columns = unsafe { Columns::new(sources, targets, bytes) };
            differ |= self.isa.run(step, columns, mode);
        }
        differ
    }

    /// Checks lengths and counts; returns the length.
    fn check<T: AsRef<[u8]>>(&self, sources: &[&[u8]], targets: &[T]) -> usize {
        assert_eq!((targets.len(), sources.len()), (self.rows, self.cols), "targets and sources of the matrix");
        let first = targets.first().map(AsRef::as_ref).or(sources.first().copied());
        let bytes = first.map_or(0, <[u8]>::len);
        assert!(sources.iter().all(|source| source.len() == bytes), "sources are as long as targets");
        assert!(targets.iter().all(|target| target.as_ref().len() == bytes), "targets are of one length");
        bytes
    }
}

impl<I: Isa> Program for Prepared<I> {
    fn write(&self, sources: &[&[u8]], targets: &mut [&mut [u8]], past_caches: bool) {
        let bytes = self.check(sources, targets);
        let mode = if past_caches { Mode::Stream } else { Mode::Write };
        // SAFETY: `check` saw that all are `bytes` long. Targets are borrowed exclusively, so they overlap nothing, and no
        // row is in two steps or twice in one.
        unsafe { self.run(sources, |row| targets[row].as_mut_ptr(), bytes, mode) };
    }

    fn passes(&self) -> usize {
        self.steps.len()
    }

    fn differs(&self, sources: &[&[u8]], stored: &[&[u8]]) -> bool {
        let bytes = self.check(sources, stored);
        // SAFETY: `check` saw that all are `bytes` long; in this mode targets are only read.
        unsafe { self.run(sources, |row| stored[row].as_ptr().cast_mut(), bytes, Mode::Compare) }
    }
}
