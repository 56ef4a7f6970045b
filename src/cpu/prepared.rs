//! Programs of the kernels of an instruction set: a matrix in steps, run by the [`generic`](super::generic) loop.

use super::gather;
use super::generic::{Columns, MAX_TARGETS, Mode, Run};
use super::isa::{Isa, Vector};
use super::program::{Engine, Program, common_length};
use super::steps::Step;
use crate::Matrix;

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

/// Sources read side by side from memory: the hardware prefetchers follow only so many streams at once.
const SIDE_BY_SIDE: usize = 12;
/// Columns worked on at a time if the sources are read in parts. Their sums stay in the first-level cache.
const RUN_BYTES: usize = 4096;

/// Memory for sums.
#[repr(align(64))]
struct Sums([[u8; RUN_BYTES]; MAX_TARGETS]);

impl<I: Isa> Prepared<I> {
    /// Runs every step; `target` gives a row's bytes. Returns whether anything differs.
    ///
    /// # Safety
    /// All sources have `bytes` bytes, and so has each row's target. Targets can be read, and written unless the mode is
    /// [`Mode::Compare`]. No target overlaps another or a source.
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
            for (slot, &row) in targets.iter_mut().zip(step.targets()) {
                *slot = target(row);
            }
            differ |= match step.sources() {
                // SAFETY: promised by the caller.
                None => unsafe { self.run_step(step, Columns::all(sources, targets, bytes), mode, beyond_caches) },
                Some(indices) => gather::with(indices.iter().map(|&index| sources[index]), |sources| {
                    // SAFETY: as above.
                    unsafe { self.run_step(step, Columns::all(sources, targets, bytes), mode, beyond_caches) }
                }),
            };
        }
        differ
    }

    /// Runs a step over all of its columns.
    ///
    /// # Safety
    /// As [`Run::run`](super::generic::Run), but targets need not be aligned.
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
            match misalignment(&columns.targets[..step.targets().len()], I::Vector::BYTES) {
                Some(to_go) => {
                    rest.start = to_go.min(columns.end);
                    // SAFETY: promised by the caller.
                    differ |= unsafe { self.enabled(step, Columns { end: rest.start, ..columns }, Mode::Write) };
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
        differ |= unsafe { self.enabled(step, rest, mode) };
        if mode == Mode::Stream {
            self.isa.vector().fence();
        }
        differ
    }

    /// Runs a step over [`RUN_BYTES`] columns, one part of the sources after another.
    ///
    /// # Safety
    /// As [`Run::run`](super::generic::Run).
    unsafe fn run_in_parts(&self, step: &Step<I::Factor>, columns: Columns<'_>, mode: Mode, sums: &mut Sums) -> bool {
        // The address that column 0 would have.
        let sums = sums.0.each_mut().map(|sums| sums.as_mut_ptr().wrapping_sub(columns.start));
        // Parts of nearly the same size: twenty sources are ten and ten.
        let parts = columns.sources.len().div_ceil(SIDE_BY_SIDE);
        let part_sources = columns.sources.len().div_ceil(parts);
        let mut part = Columns { sums: None, ..columns };
        let mut rest = columns.sources;
        while rest.len() > part_sources {
            (part.sources, rest) = rest.split_at(part_sources);
            // SAFETY: promised by the caller; the sums are memory of their own and have as many columns.
            unsafe { self.enabled(step, Columns { targets: sums, ..part }, Mode::Write) };
            part.sources_before += part_sources;
            part.sums = Some(sums);
        }
        part.sources = rest;
        // SAFETY: as above.
        unsafe { self.enabled(step, part, mode) }
    }

    /// Runs the loop with the instruction set enabled.
    ///
    /// # Safety
    /// As [`Run::run`](super::generic::Run).
    #[inline]
    unsafe fn enabled(&self, step: &Step<I::Factor>, columns: Columns<'_>, mode: Mode) -> bool {
        // SAFETY: promised by the caller.
        unsafe { self.isa.enable(Run { isa: self.isa, step, columns, mode }) }
    }
}

impl<I: Isa> Program for Prepared<I> {
    fn write(&self, sources: &[&[u8]], targets: &mut [&mut [u8]], beyond_caches: bool) {
        let bytes = common_length((self.rows, self.cols), sources, targets);
        let mode = if beyond_caches { Mode::Stream } else { Mode::Write };
        // SAFETY: `common_length` saw that all are `bytes` long. Targets are borrowed exclusively, so they overlap nothing, and
        // each row occurs once in all steps together.
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

/// The number of columns until all targets are a multiple of `alignment`; `None` if they never are at the same column.
fn misalignment(targets: &[*mut u8], alignment: usize) -> Option<usize> {
    let mut to_go = targets.iter().map(|target| target.addr().wrapping_neg() % alignment);
    let first = to_go.next()?;
    to_go.all(|other| other == first).then_some(first)
}
