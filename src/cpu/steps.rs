//! Matrices in steps of a few rows each, as the [`generic`](super::generic) loop wants them.

use std::collections::BTreeMap;

use super::gather::{FEW, gather};
use super::generic::{Columns, Isa, MAX_TARGETS, Mode};
use super::program::{Engine, Program, common_length};
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

/// Sources read side by side from memory: hardware follows only so many at once.
const SIDE_BY_SIDE: usize = 12;
/// Columns worked on at a time where not all sources are read side by side; their sums stay in the first-level cache.
const RUN_BYTES: usize = 4096;

/// Memory for sums.
#[repr(align(64))]
struct Sums([[u8; RUN_BYTES]; MAX_TARGETS]);

impl<I: Isa> Prepared<I> {
    /// Runs every step; `target` gives a row's bytes. Returns whether anything differs.
    ///
    /// # Safety
    /// All sources have `bytes` bytes. So have the targets, of every row its own; they can be read, and written unless the
    /// mode is [`Mode::Compare`], and none overlaps another or a source.
    unsafe fn run(
        &self,
        sources: &[&[u8]],
        mut target: impl FnMut(usize) -> *mut u8,
        bytes: usize,
        mode: Mode,
        beyond_caches: bool,
    ) -> bool {
        let mut differ = false;
        for step in &*self.steps {
            let mut targets = [std::ptr::null_mut(); MAX_TARGETS];
            for (slot, &row) in targets.iter_mut().zip(&*step.targets) {
                *slot = target(row);
            }
            let columns = Columns { sources, sources_before: 0, sums: None, targets, start: 0, end: bytes };
            let Some(indices) = &step.sources else {
                // SAFETY: promised by the caller.
                differ |= unsafe { self.run_step(step, columns, mode, beyond_caches) };
                continue;
            };
            let (mut few, mut many) = ([&[][..]; FEW], Vec::new());
            let sources = gather(indices.iter().map(|&index| sources[index]), &mut few, &mut many);
            // SAFETY: as above.
            differ |= unsafe { self.run_step(step, Columns { sources, ..columns }, mode, beyond_caches) };
        }
        differ
    }

    /// Runs a step over all of its columns.
    ///
    /// # Safety
    /// As [`generic::run`](super::generic::run), but targets need not be aligned.
    unsafe fn run_step(
        &self,
        step: &Step<I::Factor>,
        columns: Columns<'_>,
        mut mode: Mode,
        beyond_caches: bool,
    ) -> bool {
        let mut differ = false;
        let mut rest = columns;
        if mode == Mode::Stream {
            match misalignment(&columns.targets[..step.targets.len()], I::BYTES) {
                Some(to_go) => {
                    rest.start = to_go.min(columns.end);
                    // SAFETY: promised by the caller.
                    differ |= unsafe { self.isa.run(step, Columns { end: rest.start, ..columns }, Mode::Write) };
                }
                None => mode = Mode::Write,
            }
        }
        if beyond_caches && columns.sources.len() > SIDE_BY_SIDE {
            let mut sums = Sums([[0; RUN_BYTES]; MAX_TARGETS]);
            while rest.end - rest.start >= RUN_BYTES {
                let run = Columns { end: rest.start + RUN_BYTES, ..rest };
                // SAFETY: promised by the caller.
                differ |= unsafe { self.run_in_parts(step, run, mode, &mut sums) };
                rest.start = run.end;
            }
        }
        // SAFETY: promised by the caller; runs are a multiple of every vector's bytes, so targets are still aligned.
        differ |= unsafe { self.isa.run(step, rest, mode) };
        if mode == Mode::Stream {
            self.isa.fence();
        }
        differ
    }

    /// Runs a step over [`RUN_BYTES`] columns, a part of the sources after the other.
    ///
    /// # Safety
    /// As [`generic::run`](super::generic::run).
    unsafe fn run_in_parts(&self, step: &Step<I::Factor>, columns: Columns<'_>, mode: Mode, sums: &mut Sums) -> bool {
        // Where column 0 would be.
        let sums = sums.0.each_mut().map(|sums| sums.as_mut_ptr().wrapping_sub(columns.start));
        // As even as can be: twenty sources are ten and ten.
        let parts = columns.sources.len().div_ceil(SIDE_BY_SIDE);
        let part_sources = columns.sources.len().div_ceil(parts);
        let mut part = Columns { sums: None, ..columns };
        let mut rest = columns.sources;
        while rest.len() > part_sources {
            (part.sources, rest) = rest.split_at(part_sources);
            // SAFETY: promised by the caller; the sums are another's memory and have as many columns.
            unsafe { self.isa.run(step, Columns { targets: sums, ..part }, Mode::Write) };
            part.sources_before += part_sources;
            part.sums = Some(sums);
        }
        part.sources = rest;
        // SAFETY: as above.
        unsafe { self.isa.run(step, part, mode) }
    }
}

impl<I: Isa> Program for Prepared<I> {
    fn write(&self, sources: &[&[u8]], targets: &mut [&mut [u8]], beyond_caches: bool) {
        let bytes = common_length((self.rows, self.cols), sources, targets);
        let mode = if beyond_caches { Mode::Stream } else { Mode::Write };
        // SAFETY: `common_length` saw that all are `bytes` long. Targets are borrowed exclusively, so they overlap nothing, and no
        // row is in two steps or twice in one.
        unsafe { self.run(sources, |row| targets[row].as_mut_ptr(), bytes, mode, beyond_caches) };
    }

    fn passes(&self) -> usize {
        self.steps.len()
    }

    fn differs(&self, sources: &[&[u8]], stored: &[&[u8]], beyond_caches: bool) -> bool {
        let bytes = common_length((self.rows, self.cols), sources, stored);
        // SAFETY: `common_length` saw that all are `bytes` long; in this mode targets are only read.
        unsafe { self.run(sources, |row| stored[row].as_ptr().cast_mut(), bytes, Mode::Compare, beyond_caches) }
    }
}

/// How many columns to go until all targets are a multiple of `alignment`; `None` if they never are at once.
fn misalignment(targets: &[*mut u8], alignment: usize) -> Option<usize> {
    let mut to_go = targets.iter().map(|target| target.addr().wrapping_neg() % alignment);
    let first = to_go.next()?;
    to_go.all(|other| other == first).then_some(first)
}
