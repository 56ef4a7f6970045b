//! The loop over columns, sources and targets, written once for all instruction sets.
//!
//! A block of columns is computed for all targets of a [`Step`] at once. Each source is loaded once, multiplied by its
//! coefficient for each target, and added to the sum of each target. The sums stay in registers until they are stored or
//! compared. An [`Isa`] says how a vector is multiplied.

use super::isa::{Isa, MAX_VECTOR_BYTES, Register, Routine, Vector};
use super::steps::Step;

/// Most targets of a step, its row of ones included.
pub(super) const MAX_TARGETS: usize = 7;

/// What becomes of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is stored.
    Write,
    /// It is stored past the caches; targets are aligned.
    Stream,
    /// It is compared with the bytes of the target.
    Compare,
}

/// What a step works on: some columns of some sources, for all its targets.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    /// Some consecutive sources of the step.
    pub(super) sources: &'a [&'a [u8]],
    /// How many sources of the step come before them.
    pub(super) sources_before: usize,
    /// Sums to add to the products: for each target the address that column 0 has or would have.
    pub(super) sums: Option<Targets>,
    /// For each target the address that column 0 has or would have. The target of the row of ones comes last.
    pub(super) targets: Targets,
    /// The columns.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Columns<'a> {
    /// The first `bytes` columns of all sources of a step.
    pub(super) fn all(sources: &'a [&'a [u8]], targets: Targets, bytes: usize) -> Self {
        Self { sources, sources_before: 0, sums: None, targets, start: 0, end: bytes }
    }
}

/// A pointer for each target of a step; the rest are null.
pub(super) type Targets = [*mut u8; MAX_TARGETS];

/// A step to be run over some columns; the result says whether anything differs in [`Mode::Compare`].
pub(super) struct Run<'a, I: Isa> {
    pub(super) isa: I,
    pub(super) step: &'a Step<I::Factor>,
    pub(super) columns: Columns<'a>,
    pub(super) mode: Mode,
}

impl<I: Isa> Routine for Run<'_, I> {
    type Output = bool;

    /// # Safety
    /// The columns lie within every source. They can be read in every target and in the sums, and, unless the mode is
    /// [`Mode::Compare`], written in every target. No target overlaps another or a source. In [`Mode::Stream`] the first
    /// column of every target is a multiple of the vector's bytes.
    #[inline(always)]
    unsafe fn run(self) -> bool {
        let Self { isa, step, columns, mode } = self;
        assert!(step.rows() <= I::MAX_ROWS, "a step of {} rows, at most {}", step.rows(), I::MAX_ROWS);
        macro_rules! rows {
            ($rows:literal, $ones:literal) => {
                // SAFETY: `rows` asks for what the caller promised.
                unsafe { rows::<I, $rows, $ones>(isa, step, columns, mode) }
            };
        }
        match (step.rows(), step.ones()) {
            (0, true) => rows!(0, true),
            (1, false) => rows!(1, false),
            (1, true) => rows!(1, true),
            (2, false) => rows!(2, false),
            (2, true) => rows!(2, true),
            (3, false) => rows!(3, false),
            (3, true) => rows!(3, true),
            (4, false) => rows!(4, false),
            (4, true) => rows!(4, true),
            (5, false) => rows!(5, false),
            (5, true) => rows!(5, true),
            (6, false) => rows!(6, false),
            (6, true) => rows!(6, true),
            (rows, _) => unreachable!("a step of {rows} rows"),
        }
    }
}

/// [`Run::run`] for a step of `R` rows that are multiplied, and a row of ones if `ONES`.
///
/// # Safety
/// As [`Run::run`].
#[inline(always)]
unsafe fn rows<I: Isa, const R: usize, const ONES: bool>(
    isa: I,
    step: &Step<I::Factor>,
    columns: Columns<'_>,
    mut mode: Mode,
) -> bool {
    let factors = &step.factors()[R * columns.sources_before..][..R * columns.sources.len()];
    let vector_bytes = I::Vector::BYTES;
    let Columns { start, end, .. } = columns;
    if end - start < vector_bytes {
        // SAFETY: as for this function.
        return unsafe { short::<I, R, ONES>(isa, factors, columns, mode) };
    }
    let vectors = if I::MANY_REGISTERS && R + usize::from(ONES) <= 4 { 4 } else { 2 };
    let block_bytes = vector_bytes * vectors;
    let mut differences = isa.vector().zero();
    let mut at = start;
    while at + block_bytes <= end {
        if vectors == 4 {
            // SAFETY: the block ends within the columns and begins a multiple of a vector's bytes after their start.
            unsafe { block::<I, R, ONES, 4>(isa, factors, columns, at, mode, &mut differences) };
        } else {
            // SAFETY: as above.
            unsafe { block::<I, R, ONES, 2>(isa, factors, columns, at, mode, &mut differences) };
        }
        at += block_bytes;
    }
    if mode == Mode::Stream && at < end {
        mode = Mode::Write;
        // The last vector may overlap streamed ones. Rust forbids any access to those before a fence.
        isa.vector().fence();
    }
    while at < end {
        // The last vector may overlap the one before it: both write the same bytes where they overlap.
        let vector_at = at.min(end - vector_bytes);
        // SAFETY: the vector lies within the columns.
        unsafe { block::<I, R, ONES, 1>(isa, factors, columns, vector_at, mode, &mut differences) };
        at += vector_bytes;
    }
    !isa.vector().is_zero(differences)
}

/// Runs columns that are fewer than a vector's bytes, by way of copies that are long enough. There are no sums to add.
///
/// # Safety
/// As [`Run::run`].
#[inline(always)]
unsafe fn short<I: Isa, const R: usize, const ONES: bool>(
    isa: I,
    factors: &[I::Factor],
    columns: Columns<'_>,
    mode: Mode,
) -> bool {
    const { assert!(I::Vector::BYTES <= MAX_VECTOR_BYTES, "copies hold any vector") };
    debug_assert!(columns.sums.is_none(), "runs that add to sums are longer than a vector");
    let vector = isa.vector();
    let Columns { start, end, .. } = columns;
    let bytes = end - start;
    let mut sums = [vector.zero(); MAX_TARGETS];
    let mut copy = [0; MAX_VECTOR_BYTES];
    for (j, source) in columns.sources.iter().enumerate() {
        copy[..bytes].copy_from_slice(&source[start..end]);
        // SAFETY: no vector is longer than the copy.
        let source = unsafe { vector.load(copy.as_ptr()) };
        for (sum, factor) in sums.iter_mut().zip(&factors[j * R..][..R]) {
            *sum = vector.xor(*sum, isa.product(isa.operand(source), isa.wide(factor)));
        }
        if ONES {
            sums[R] = vector.xor(sums[R], source);
        }
    }
    let mut differ = false;
    for (&sum, &target) in sums[..R + usize::from(ONES)].iter().zip(&columns.targets) {
        let target = target.wrapping_add(start);
        // SAFETY: no vector is longer than the copy.
        unsafe { vector.store(copy.as_mut_ptr(), sum) };
        if mode == Mode::Compare {
            // SAFETY: the caller promised that the columns of a target can be read.
            let stored = unsafe { std::slice::from_raw_parts(target, bytes) };
            differ |= stored != &copy[..bytes];
        } else {
            // SAFETY: the caller promised that they can be written; they are fewer than the copy has.
            unsafe { std::ptr::copy_nonoverlapping(copy.as_ptr(), target, bytes) };
        }
    }
    differ
}

/// Computes `V` vectors from column `at` on, for every target.
///
/// # Safety
/// As [`Run::run`], and the vectors lie within the columns. In [`Mode::Stream`] column `at` of every target is aligned.
#[inline(always)]
unsafe fn block<I: Isa, const R: usize, const ONES: bool, const V: usize>(
    isa: I,
    factors: &[I::Factor],
    columns: Columns<'_>,
    at: usize,
    mode: Mode,
    differences: &mut Register<I>,
) {
    let vector = isa.vector();
    let mut sums = [[vector.zero(); V]; R];
    let mut ones = [vector.zero(); V];
    if let Some(before) = columns.sums {
        for (sums, before) in sums.iter_mut().zip(before) {
            // SAFETY: the vectors lie within the columns.
            *sums = unsafe { load(vector, before, at) };
        }
        if ONES {
            // SAFETY: as above.
            ones = unsafe { load(vector, before[R], at) };
        }
    }
    let mut factors = factors.as_ptr();
    let mut sources = columns.sources;
    if I::MANY_REGISTERS {
        while let [first, second, rest @ ..] = sources {
            // SAFETY: the vectors lie within the columns.
            let a: [_; V] = unsafe { load(vector, first.as_ptr(), at) };
            // SAFETY: as above.
            let b: [_; V] = unsafe { load(vector, second.as_ptr(), at) };
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `rows` took R factors for each source.
                let by_a = unsafe { wide_at(isa, factors, row) };
                // SAFETY: as above, for the second source.
                let by_b = unsafe { wide_at(isa, factors, R + row) };
                for v in 0..V {
                    let products = (isa.product(isa.operand(a[v]), by_a), isa.product(isa.operand(b[v]), by_b));
                    sums[v] = vector.xor3(sums[v], products.0, products.1);
                }
            }
            if ONES {
                for v in 0..V {
                    ones[v] = vector.xor3(ones[v], a[v], b[v]);
                }
            }
            factors = factors.wrapping_add(2 * R);
            sources = rest;
        }
    }
    for source in sources {
        // SAFETY: the vectors lie within the columns.
        let vectors: [_; V] = unsafe { load(vector, source.as_ptr(), at) };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `rows` took R factors for each source.
            let wide = unsafe { wide_at(isa, factors, row) };
            for v in 0..V {
                sums[v] = vector.xor(sums[v], isa.product(isa.operand(vectors[v]), wide));
            }
        }
        if ONES {
            for v in 0..V {
                ones[v] = vector.xor(ones[v], vectors[v]);
            }
        }
        factors = factors.wrapping_add(R);
    }
    for (&target, sums) in columns.targets.iter().zip(&sums) {
        // SAFETY: the vectors lie within the columns, and `at` is aligned for streaming: both promised by the caller.
        unsafe { finish(vector, target, at, sums, mode, differences) };
    }
    if ONES {
        // SAFETY: as above.
        unsafe { finish(vector, columns.targets[R], at, &ones, mode, differences) };
    }
}

/// A factor, in registers.
///
/// # Safety
/// There are more than `index` factors.
#[inline(always)]
unsafe fn wide_at<I: Isa>(isa: I, factors: *const I::Factor, index: usize) -> I::Wide {
    // SAFETY: promised by the caller.
    let factor = unsafe { &*factors.wrapping_add(index) };
    isa.wide(factor)
}

/// `N` vectors from column `at` on.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn load<V: Vector, const N: usize>(vector: V, from: *const u8, at: usize) -> [V::Register; N] {
    let mut registers = [vector.zero(); N];
    for (n, register) in registers.iter_mut().enumerate() {
        // SAFETY: promised by the caller.
        *register = unsafe { vector.load(from.wrapping_add(at + n * V::BYTES)) };
    }
    registers
}

/// Stores or compares the sums of one target.
///
/// # Safety
/// As [`block`].
#[inline(always)]
unsafe fn finish<V: Vector, const N: usize>(
    vector: V,
    target: *mut u8,
    at: usize,
    sums: &[V::Register; N],
    mode: Mode,
    differences: &mut V::Register,
) {
    for (n, &sum) in sums.iter().enumerate() {
        let to = target.wrapping_add(at + n * V::BYTES);
        match mode {
            // SAFETY: the vectors lie within the columns, and targets can be written in this mode.
            Mode::Write => unsafe { vector.store(to, sum) },
            // SAFETY: as above; the caller promised that the address is aligned.
            Mode::Stream => unsafe { vector.stream(to, sum) },
            Mode::Compare => {
                // SAFETY: the vectors lie within the columns, which can be read.
                let stored = unsafe { vector.load(to) };
                *differences = vector.or(*differences, vector.xor(stored, sum));
            }
        }
    }
}
