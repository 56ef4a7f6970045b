//! What the kernels of all instruction sets share: the loop over columns, sources and targets.
//!
//! A block of columns is computed for all targets of a [`Step`] at once: each source is loaded once, multiplied by its
//! coefficient for each target, and added to as many sums, which stay in registers until they are stored or compared.
//! What differs between instruction sets, a file each, is how a vector is multiplied by a constant ([`Isa`]).

use super::steps::Step;

/// Most targets of a step, the one of ones included.
pub(super) const MAX_TARGETS: usize = 7;

/// Bytes of the longest vector.
const MAX_VECTOR_BYTES: usize = 64;

/// What becomes of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is stored.
    Write,
    /// It is stored past the caches; targets are aligned.
    Stream,
    /// It is compared with what stands there.
    Compare,
}

/// An instruction set. A value of such a type is the proof that this processor has it; only its `detect` makes one.
pub(super) trait Isa: Copy + Send + Sync + 'static {
    /// Bytes worked on by one instruction.
    type Vector: Copy;
    /// A source as a multiplication wants it.
    type Operand: Copy;
    /// A coefficient, as it lies in memory.
    type Factor: Copy + Send + Sync;
    /// A coefficient, in registers.
    type Wide: Copy;

    /// Bytes of a vector, at most [`MAX_VECTOR_BYTES`].
    const BYTES: usize;
    /// Most targets of a step that are multiplied for, at most 6: their sums and one block of a source must fit the
    /// registers.
    const MAX_ROWS: usize;
    /// Whether there are 32 vector registers, and three vectors are added as fast as two: then sources are taken by twos, and
    /// up to four vectors of each.
    const MANY_REGISTERS: bool;

    /// What multiplies by a coefficient.
    fn factor(coefficient: u8) -> Self::Factor;

    /// [`run`], in a function that enables the instruction set.
    ///
    /// # Safety
    /// As [`run`].
    unsafe fn run(self, step: &Step<Self::Factor>, columns: Columns<'_>, mode: Mode) -> bool;

    fn zero(self) -> Self::Vector;
    fn xor(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn or(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn is_zero(self, a: Self::Vector) -> bool;
    fn operand(self, source: Self::Vector) -> Self::Operand;
    fn wide(self, factor: &Self::Factor) -> Self::Wide;
    fn product(self, source: Self::Operand, factor: Self::Wide) -> Self::Vector;

    #[inline(always)]
    fn xor3(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        self.xor(a, self.xor(b, c))
    }

    /// # Safety
    /// `from` can be read for `BYTES` bytes.
    unsafe fn load(self, from: *const u8) -> Self::Vector;
    /// # Safety
    /// `to` can be written for `BYTES` bytes.
    unsafe fn store(self, to: *mut u8, value: Self::Vector);
    /// Stores past the caches.
    ///
    /// # Safety
    /// As `store`, and `to` is a multiple of `BYTES`. [`Isa::fence`] comes before anything that relies on the order of stores.
    unsafe fn stream(self, to: *mut u8, value: Self::Vector);
    /// Orders streamed stores before all that follow.
    fn fence(self);
}

/// What a step works on: some columns of some sources, for all its targets.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    /// Some of the sources of the step.
    pub(super) sources: &'a [&'a [u8]],
    /// How many of its sources come before them.
    pub(super) sources_before: usize,
    /// What to add to the products: where column 0 of each target's sums would be.
    pub(super) sums: Option<Targets>,
    /// Where column 0 of each target is, or would be. The one of ones comes last.
    pub(super) targets: Targets,
    /// The columns.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A pointer for each target of a step; the rest are null.
pub(super) type Targets = [*mut u8; MAX_TARGETS];

/// Runs a step over its columns; in [`Mode::Compare`] returns whether anything differs.
///
/// Always inlined, into a function that enables the instruction set.
///
/// # Safety
/// The columns lie within every source. They can be read in every target and in the sums, and, unless the mode is
/// [`Mode::Compare`], written in every target. No target overlaps another or a source. In [`Mode::Stream`] the first column
/// of every target is a multiple of the vector's bytes.
#[inline(always)]
pub(super) unsafe fn run<I: Isa>(isa: I, step: &Step<I::Factor>, columns: Columns<'_>, mode: Mode) -> bool {
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

/// [`run`] for a step of `R` targets that are multiplied for, and one of ones if `ONES`.
///
/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn rows<I: Isa, const R: usize, const ONES: bool>(
    isa: I,
    step: &Step<I::Factor>,
    columns: Columns<'_>,
    mut mode: Mode,
) -> bool {
    let factors = &step.factors()[R * columns.sources_before..][..R * columns.sources.len()];
    let Columns { start, end, .. } = columns;
    if end - start < I::BYTES {
        // SAFETY: as for this function.
        return unsafe { short::<I, R, ONES>(isa, factors, columns, mode) };
    }
    let vectors = if I::MANY_REGISTERS && R + usize::from(ONES) <= 4 { 4 } else { 2 };
    let block_bytes = I::BYTES * vectors;
    let mut differences = isa.zero();
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
        // The last vector may overlap streamed ones: Rust lets nobody touch those before a fence.
        isa.fence();
    }
    while at < end {
        // The last vector may overlap the one before it: what is computed twice is the same twice.
        let vector = at.min(end - I::BYTES);
        // SAFETY: the vector lies within the columns.
        unsafe { block::<I, R, ONES, 1>(isa, factors, columns, vector, mode, &mut differences) };
        at += I::BYTES;
    }
    !isa.is_zero(differences)
}

/// Columns fewer than a vector has bytes, by way of copies that are long enough. There are no sums to add.
///
/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn short<I: Isa, const R: usize, const ONES: bool>(
    isa: I,
    factors: &[I::Factor],
    columns: Columns<'_>,
    mode: Mode,
) -> bool {
    const { assert!(I::BYTES <= MAX_VECTOR_BYTES, "copies hold any vector") };
    debug_assert!(columns.sums.is_none(), "runs that add to sums are longer than a vector");
    let Columns { start, end, .. } = columns;
    let bytes = end - start;
    let mut sums = [isa.zero(); MAX_TARGETS];
    let mut copy = [0; MAX_VECTOR_BYTES];
    for (j, source) in columns.sources.iter().enumerate() {
        copy[..bytes].copy_from_slice(&source[start..end]);
        // SAFETY: no vector is longer than the copy.
        let source = unsafe { isa.load(copy.as_ptr()) };
        for (sum, factor) in sums.iter_mut().zip(&factors[j * R..][..R]) {
            *sum = isa.xor(*sum, isa.product(isa.operand(source), isa.wide(factor)));
        }
        if ONES {
            sums[R] = isa.xor(sums[R], source);
        }
    }
    let mut differ = false;
    for (&sum, &target) in sums[..R + usize::from(ONES)].iter().zip(&columns.targets) {
        let target = target.wrapping_add(start);
        // SAFETY: no vector is longer than the copy.
        unsafe { isa.store(copy.as_mut_ptr(), sum) };
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
/// As [`run`], and the vectors lie within the columns. In [`Mode::Stream`] column `at` of every target is aligned.
#[inline(always)]
unsafe fn block<I: Isa, const R: usize, const ONES: bool, const V: usize>(
    isa: I,
    factors: &[I::Factor],
    columns: Columns<'_>,
    at: usize,
    mode: Mode,
    differences: &mut I::Vector,
) {
    let mut sums = [[isa.zero(); V]; R];
    let mut ones = [isa.zero(); V];
    if let Some(before) = columns.sums {
        for (sums, before) in sums.iter_mut().zip(before) {
            // SAFETY: the vectors lie within the columns.
            *sums = unsafe { load::<I, V>(isa, before, at) };
        }
        if ONES {
            // SAFETY: as above.
            ones = unsafe { load::<I, V>(isa, before[R], at) };
        }
    }
    let mut factors = factors.as_ptr();
    let mut sources = columns.sources;
    if I::MANY_REGISTERS {
        while let [first, second, rest @ ..] = sources {
            // SAFETY: the vectors lie within the columns.
            let a = unsafe { load::<I, V>(isa, first.as_ptr(), at) };
            // SAFETY: as above.
            let b = unsafe { load::<I, V>(isa, second.as_ptr(), at) };
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `rows` took R factors for each source.
                let by_a = unsafe { wide_at(isa, factors, row) };
                // SAFETY: as above, for the second source.
                let by_b = unsafe { wide_at(isa, factors, R + row) };
                for v in 0..V {
                    let products = (isa.product(isa.operand(a[v]), by_a), isa.product(isa.operand(b[v]), by_b));
                    sums[v] = isa.xor3(sums[v], products.0, products.1);
                }
            }
            if ONES {
                for v in 0..V {
                    ones[v] = isa.xor3(ones[v], a[v], b[v]);
                }
            }
            factors = factors.wrapping_add(2 * R);
            sources = rest;
        }
    }
    for source in sources {
        // SAFETY: the vectors lie within the columns.
        let vectors = unsafe { load::<I, V>(isa, source.as_ptr(), at) };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `rows` took R factors for each source.
            let wide = unsafe { wide_at(isa, factors, row) };
            for v in 0..V {
                sums[v] = isa.xor(sums[v], isa.product(isa.operand(vectors[v]), wide));
            }
        }
        if ONES {
            for v in 0..V {
                ones[v] = isa.xor(ones[v], vectors[v]);
            }
        }
        factors = factors.wrapping_add(R);
    }
    for (&target, sums) in columns.targets.iter().zip(&sums) {
        // SAFETY: the vectors lie within the columns, and `at` is aligned for streaming: both promised by the caller.
        unsafe { finish(isa, target, at, sums, mode, differences) };
    }
    if ONES {
        // SAFETY: as above.
        unsafe { finish(isa, columns.targets[R], at, &ones, mode, differences) };
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

/// `V` vectors from column `at` on.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn load<I: Isa, const V: usize>(isa: I, from: *const u8, at: usize) -> [I::Vector; V] {
    let mut vectors = [isa.zero(); V];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: promised by the caller.
        *vector = unsafe { isa.load(from.wrapping_add(at + v * I::BYTES)) };
    }
    vectors
}

/// Stores or compares the sums of one target.
///
/// # Safety
/// As [`block`].
#[inline(always)]
unsafe fn finish<I: Isa, const V: usize>(
    isa: I,
    target: *mut u8,
    at: usize,
    sums: &[I::Vector; V],
    mode: Mode,
    differences: &mut I::Vector,
) {
    for (v, &sum) in sums.iter().enumerate() {
        let to = target.wrapping_add(at + v * I::BYTES);
        match mode {
            // SAFETY: the vectors lie within the columns, and targets can be written in this mode.
            Mode::Write => unsafe { isa.store(to, sum) },
            // SAFETY: as above; the caller promised that the address is aligned.
            Mode::Stream => unsafe { isa.stream(to, sum) },
            Mode::Compare => {
                // SAFETY: the vectors lie within the columns, which can be read.
                let stored = unsafe { isa.load(to) };
                *differences = isa.or(*differences, isa.xor(stored, sum));
            }
        }
    }
}
