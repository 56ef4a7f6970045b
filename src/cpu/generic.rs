//! What the kernels of all instruction sets share: the loop over columns, sources and targets.
//!
//! A block of columns is computed for all targets of a [`Step`] at once: each source is loaded once, multiplied by its
//! coefficient for each target, and added to as many sums, which stay in registers until they are stored or compared.
//! What differs between instruction sets, a file each, is how a vector is multiplied by a constant ([`Isa`]).

use super::steps::Step;

/// Most targets of a step, one of ones included.
pub(super) const MAX_TARGETS: usize = 7;

/// Bytes of the longest vector.
const MAX_VECTOR_BYTES: usize = 64;

/// What becomes of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is stored.
    Write,
    /// It is stored past the caches, where addresses allow it.
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
    fn run(self, step: &Step<Self::Factor>, columns: Columns<'_>, mode: Mode) -> bool;

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

/// The bytes of a step: sources, and targets of which the one of ones comes last. All are `bytes` long.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    sources: &'a [&'a [u8]],
    targets: [*mut u8; MAX_TARGETS],
    bytes: usize,
}

impl<'a> Columns<'a> {
    /// # Safety
    /// Every source is `bytes` long. Every target of the step can be read for `bytes` bytes, and written unless the mode is
    /// [`Mode::Compare`]; none overlaps another or a source.
    pub(super) unsafe fn new(sources: &'a [&'a [u8]], targets: [*mut u8; MAX_TARGETS], bytes: usize) -> Self {
        Self { sources, targets, bytes }
    }

    /// How many columns to go until all the first `targets` targets are a multiple of `alignment`.
    fn misalignment(&self, targets: usize, alignment: usize) -> Option<usize> {
        let to_go = |target: *mut u8| target.addr().wrapping_neg() % alignment;
        let first = to_go(self.targets[0]);
        self.targets[..targets].iter().all(|&target| to_go(target) == first).then_some(first)
    }
}

/// Runs a step over its columns; in [`Mode::Compare`] returns whether anything differs.
///
/// Always inlined, into a function that enables the instruction set.
#[inline(always)]
pub(super) fn run<I: Isa>(isa: I, step: &Step<I::Factor>, columns: Columns<'_>, mode: Mode) -> bool {
    match (step.rows(), step.ones()) {
        (0, true) => rows::<I, 0, true>(isa, step, columns, mode),
        (1, false) => rows::<I, 1, false>(isa, step, columns, mode),
        (1, true) => rows::<I, 1, true>(isa, step, columns, mode),
        (2, false) => rows::<I, 2, false>(isa, step, columns, mode),
        (2, true) => rows::<I, 2, true>(isa, step, columns, mode),
        (3, false) => rows::<I, 3, false>(isa, step, columns, mode),
        (3, true) => rows::<I, 3, true>(isa, step, columns, mode),
        (4, false) => rows::<I, 4, false>(isa, step, columns, mode),
        (4, true) => rows::<I, 4, true>(isa, step, columns, mode),
        (5, false) => rows::<I, 5, false>(isa, step, columns, mode),
        (5, true) => rows::<I, 5, true>(isa, step, columns, mode),
        (6, false) => rows::<I, 6, false>(isa, step, columns, mode),
        (6, true) => rows::<I, 6, true>(isa, step, columns, mode),
        (rows, _) => unreachable!("a step of {rows} rows"),
    }
}

/// [`run`] for a step of `R` targets that are multiplied for, and one of ones if `ONES`.
#[inline(always)]
fn rows<I: Isa, const R: usize, const ONES: bool>(
    isa: I,
    step: &Step<I::Factor>,
    columns: Columns<'_>,
    mode: Mode,
) -> bool {
    let factors = step.factors();
    assert_eq!(factors.len(), R * columns.sources.len(), "a factor for each source of each row");
    if columns.bytes < I::BYTES {
        return short::<I, R, ONES>(isa, factors, columns, mode);
    }
    let vectors = if I::MANY_REGISTERS && R + usize::from(ONES) <= 4 { 4 } else { 2 };
    let block_bytes = I::BYTES * vectors;
    let last = columns.bytes - I::BYTES;
    let mut differences = isa.zero();
    let mut at = 0;
    let mut mode = mode;
    if mode == Mode::Stream {
        match columns.misalignment(R + usize::from(ONES), I::BYTES) {
            // The vector that ends where the aligned ones begin, or beyond: what is computed twice is the same twice.
            Some(to_go) if to_go <= last => {
                // SAFETY: there is a whole vector at the first column.
                unsafe { block::<I, R, ONES, 1>(isa, factors, columns, 0, Mode::Write, &mut differences) };
                at = to_go;
            }
            _ => mode = Mode::Write,
        }
    }
    while at + block_bytes <= columns.bytes {
        if vectors == 4 {
            // SAFETY: the block ends within the columns; in mode Stream `at` makes every target aligned.
            unsafe { block::<I, R, ONES, 4>(isa, factors, columns, at, mode, &mut differences) };
        } else {
            // SAFETY: as above.
            unsafe { block::<I, R, ONES, 2>(isa, factors, columns, at, mode, &mut differences) };
        }
        at += block_bytes;
    }
    if mode == Mode::Stream {
        isa.fence();
        mode = Mode::Write;
    }
    while at < columns.bytes {
        // SAFETY: a vector at `last` or before it ends within the columns. The last may overlap the one before it.
        unsafe { block::<I, R, ONES, 1>(isa, factors, columns, at.min(last), mode, &mut differences) };
        at += I::BYTES;
    }
    !isa.is_zero(differences)
}

/// Columns fewer than a vector has bytes, by way of copies that are long enough.
#[inline(always)]
fn short<I: Isa, const R: usize, const ONES: bool>(
    isa: I,
    factors: &[I::Factor],
    columns: Columns<'_>,
    mode: Mode,
) -> bool {
    let targets = R + usize::from(ONES);
    let mut sums = [isa.zero(); MAX_TARGETS];
    let mut copy = [0; MAX_VECTOR_BYTES];
    for (j, source) in columns.sources.iter().enumerate() {
        copy[..columns.bytes].copy_from_slice(source);
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
    for (&sum, &target) in sums[..targets].iter().zip(&columns.targets) {
        // SAFETY: no vector is longer than the copy.
        unsafe { isa.store(copy.as_mut_ptr(), sum) };
        if mode == Mode::Compare {
            // SAFETY: `Columns::new` was promised that targets can be read for `bytes` bytes.
            let stored = unsafe { std::slice::from_raw_parts(target, columns.bytes) };
            differ |= stored != &copy[..columns.bytes];
        } else {
            // SAFETY: `Columns::new` was promised that targets can be written for `bytes` bytes, which are fewer than a
            // vector has.
            unsafe { std::ptr::copy_nonoverlapping(copy.as_ptr(), target, columns.bytes) };
        }
    }
    differ
}

/// Computes `V` vectors from column `at` on, for every target.
///
/// # Safety
/// The vectors end within the columns. In [`Mode::Stream`] column `at` of every target is aligned.
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
    let mut factors = factors.as_ptr();
    let mut sources = columns.sources;
    if I::MANY_REGISTERS {
        while let [first, second, rest @ ..] = sources {
            // SAFETY: the caller promised that the vectors end within the columns.
            let a = unsafe { load::<I, V>(isa, first, at) };
            // SAFETY: as above.
            let b = unsafe { load::<I, V>(isa, second, at) };
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `rows` checked that there are R factors for each source.
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
            // SAFETY: as above; one past the last is allowed.
            factors = unsafe { factors.add(2 * R) };
            sources = rest;
        }
    }
    for source in sources {
        // SAFETY: the caller promised that the vectors end within the columns.
        let vectors = unsafe { load::<I, V>(isa, source, at) };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `rows` checked that there are R factors for each source.
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
        // SAFETY: as above; one past the last is allowed.
        factors = unsafe { factors.add(R) };
    }
    for (row, sums) in sums.iter().enumerate() {
        // SAFETY: the vectors end within the columns, and `at` is aligned for streaming: both promised by the caller.
        unsafe { finish(isa, columns.targets[row], at, sums, mode, differences) };
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
    let factor = unsafe { factors.add(index) };
    // SAFETY: as above.
    isa.wide(unsafe { &*factor })
}

/// `V` vectors of a source.
///
/// # Safety
/// They end within it.
#[inline(always)]
unsafe fn load<I: Isa, const V: usize>(isa: I, source: &[u8], at: usize) -> [I::Vector; V] {
    let mut vectors = [isa.zero(); V];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: promised by the caller.
        let from = unsafe { source.as_ptr().add(at + v * I::BYTES) };
        // SAFETY: as above.
        *vector = unsafe { isa.load(from) };
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
        // SAFETY: the vectors end within the columns.
        let to = unsafe { target.add(at + v * I::BYTES) };
        match mode {
            // SAFETY: as above, and targets can be written in this mode.
            Mode::Write => unsafe { isa.store(to, sum) },
            // SAFETY: as above; the caller promised that the address is aligned.
            Mode::Stream => unsafe { isa.stream(to, sum) },
            Mode::Compare => {
                // SAFETY: targets can be read.
                let stored = unsafe { isa.load(to) };
                *differences = isa.or(*differences, isa.xor(stored, sum));
            }
        }
    }
}
