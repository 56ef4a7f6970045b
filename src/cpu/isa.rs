//! What the CPU kernels ask of an instruction set.
//!
//! The loop over sources and targets is written once, in [`generic`](super::generic). It moves and adds vectors through
//! [`Vector`] and multiplies them through [`Isa`]. Each file that implements these traits holds the instructions of one set and
//! nothing else.
//!
//! A value of an implementing type proves that this processor has the instruction set. Only the type's `detect` makes one, so
//! safe code cannot reach an instruction that the processor lacks.

/// Vectors: loading, storing, adding and comparing them.
pub(super) trait Vector: Copy + Send + Sync + 'static {
    /// The content of one vector register.
    type Register: Copy;

    /// Bytes of a vector, at most [`MAX_VECTOR_BYTES`].
    const BYTES: usize;

    fn zero(self) -> Self::Register;
    fn xor(self, a: Self::Register, b: Self::Register) -> Self::Register;
    fn or(self, a: Self::Register, b: Self::Register) -> Self::Register;
    fn is_zero(self, a: Self::Register) -> bool;

    #[inline(always)]
    fn xor3(self, a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register {
        self.xor(a, self.xor(b, c))
    }

    /// # Safety
    /// `from` can be read for `BYTES` bytes.
    unsafe fn load(self, from: *const u8) -> Self::Register;
    /// # Safety
    /// `to` can be written for `BYTES` bytes.
    unsafe fn store(self, to: *mut u8, value: Self::Register);
    /// Stores past the caches.
    ///
    /// # Safety
    /// As `store`, and `to` is a multiple of `BYTES`. Code that relies on the order of stores calls [`Vector::fence`] first.
    unsafe fn stream(self, to: *mut u8, value: Self::Register);
    /// Orders streamed stores before all later accesses.
    fn fence(self);
}

/// Bytes of the longest vector.
pub(super) const MAX_VECTOR_BYTES: usize = 64;

/// An instruction set that multiplies vectors by a coefficient.
pub(super) trait Isa: Copy + Send + Sync + 'static {
    /// The vectors it works on.
    type Vector: Vector;
    /// A source, prepared for multiplications.
    type Operand: Copy;
    /// A coefficient in memory.
    type Factor: Copy + Send + Sync;
    /// A coefficient in registers.
    type Wide: Copy;

    /// Most rows of a step that are multiplied, at most 6: their sums and one block of a source must fit the registers.
    const MAX_ROWS: usize;
    /// Whether there are 32 vector registers and [`Vector::xor3`] is one instruction. If so, the loop takes two sources at a time
    /// and up to four vectors of each.
    const MANY_REGISTERS: bool;

    /// What [`Isa::wide`] loads for a coefficient.
    fn factor(coefficient: u8) -> Self::Factor;

    /// The proof that the processor has the vectors too.
    fn vector(self) -> Self::Vector;

    /// Calls a routine from a function that enables the instruction set.
    ///
    /// # Safety
    /// As [`Routine::run`] of this routine.
    unsafe fn enable<R: Routine>(self, routine: R) -> R::Output;

    fn operand(self, source: Register<Self>) -> Self::Operand;
    fn wide(self, factor: &Self::Factor) -> Self::Wide;
    fn product(self, source: Self::Operand, factor: Self::Wide) -> Register<Self>;
}

/// A vector register of an instruction set.
pub(super) type Register<I> = <<I as Isa>::Vector as Vector>::Register;

/// Work for [`Isa::enable`].
///
/// `run` and all that it calls with vectors must be inlined always: only then does the compiler see which instructions are
/// enabled.
pub(super) trait Routine {
    /// What the work returns.
    type Output;

    /// # Safety
    /// Each routine states its own conditions.
    unsafe fn run(self) -> Self::Output;
}
