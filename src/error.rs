//! The one error type: what was given, what the limit is, and where. `kind` sorts its variants by what a caller can do.
//!
//! Every variant is one entry of a table: its message and its numbers.

mod kind;
#[cfg(test)]
mod tests;

use std::error::Error as _;

pub use kind::ErrorKind;

/// Everything that can go wrong, with the numbers a caller needs to act.
///
/// [`Error::kind`] tells what a caller can do about it. Wrong use is found before any work begins: nothing has been written.
/// After a device error the sources are unchanged and the targets unspecified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A code needs at least one data shard and one parity shard.
    #[error("a code needs at least 1 data and 1 parity shard, got {data_shards} data and {parity_shards} parity")]
    TooFewShards {
        /// Data shards asked for.
        data_shards: usize,
        /// Parity shards asked for.
        parity_shards: usize,
    },
    /// The field has too few distinct elements for this construction.
    #[error("{code} has room for at most {limit} {what} shards over GF(2^8), got {given}")]
    TooManyShards {
        /// The construction.
        code: &'static str,
        /// Which shards are counted: "data" or "data and parity".
        what: &'static str,
        /// The count asked for.
        given: usize,
        /// The largest count possible.
        limit: usize,
    },
    /// With these counts the construction could not rebuild every loss of as many shards as it has parity shards.
    #[error(
        "{code} with {data_shards} data and {parity_shards} parity shards would not survive every loss of {parity_shards}: \
         {data_shards} data shards allow at most {parity_limit} parity shards, {parity_shards} parity shards at most \
         {data_limit} data shards"
    )]
    NotMds {
        /// The construction.
        code: &'static str,
        /// Data shards asked for.
        data_shards: usize,
        /// Parity shards asked for.
        parity_shards: usize,
        /// The most data shards that this number of parity shards allows.
        data_limit: usize,
        /// The most parity shards that this number of data shards allows.
        parity_limit: usize,
    },
    /// A code with more shards than its dense matrix may have.
    #[error("{code} takes at most {limit} shards in all, got {given}")]
    TooWide {
        /// The construction or layout.
        code: &'static str,
        /// The shards it would have.
        given: usize,
        /// The most it may have.
        limit: usize,
    },
    /// The shards cannot be divided into groups of equal size.
    #[error("{data_shards} shards do not divide evenly into {groups} groups")]
    UnevenGroups {
        /// Shards to divide.
        data_shards: usize,
        /// Groups asked for.
        groups: usize,
    },
    /// The bytes of a shard cannot be divided into stripes of equal length.
    #[error("shards of {bytes} bytes do not divide evenly into {stripes} stripes")]
    UnevenStripes {
        /// Bytes of a shard.
        bytes: usize,
        /// Stripes asked for.
        stripes: usize,
    },
    /// The name does not name a layout.
    #[error("`{name}` is not a layout: expected {expected}")]
    LayoutName {
        /// The name.
        name: String,
        /// The form of a valid name, with an example.
        expected: String,
    },
    /// The code has a fixed number of parity shards, and the call asked for another.
    #[error("{code} has {own} parity {}, got {given}", if *own == 1 { "shard" } else { "shards" })]
    OwnParity {
        /// The construction.
        code: &'static str,
        /// Parity shards asked for.
        given: usize,
        /// Parity shards that the construction has.
        own: usize,
    },
    /// A layout has too few of something.
    #[error("{layout} has {given} {what}, it needs at least {least}")]
    LayoutCount {
        /// The layout.
        layout: String,
        /// What is counted.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// The smallest number allowed.
        least: usize,
    },
    /// A mean time that is not a positive number.
    #[error("{what} is {given} hours, expected a positive number")]
    Hours {
        /// Which time.
        what: &'static str,
        /// The hours given.
        given: f64,
    },
    /// The rows of a matrix differ in length, or are empty.
    #[error("row {row} has {given} elements, expected {expected}")]
    MatrixShape {
        /// The row at fault.
        row: usize,
        /// Its length.
        given: usize,
        /// The length it should have.
        expected: usize,
    },
    /// The matrix of a plan does not fit its sources and targets.
    #[error(
        "a plan from {sources} sources to {targets} targets needs a matrix of {targets} x {sources}, got {rows} x {cols}"
    )]
    PlanShape {
        /// Sources: the columns expected.
        sources: usize,
        /// Targets: the rows expected.
        targets: usize,
        /// The matrix's rows.
        rows: usize,
        /// The matrix's columns.
        cols: usize,
    },
    /// The generator matrix is not systematic: its first rows are not the identity.
    #[error("the generator matrix is not systematic: row {row}, column {column} is {given}, expected {expected}")]
    NotSystematic {
        /// Row of the first element that differs from the identity.
        row: usize,
        /// Column of that element.
        column: usize,
        /// The element there.
        given: u8,
        /// The element of the identity there.
        expected: u8,
    },
    /// The code has no shard of this number.
    #[error("shard {index} does not exist: the code has {count} shards")]
    ShardIndex {
        /// The number given.
        index: usize,
        /// How many there are; numbers begin at 0.
        count: usize,
    },
    /// The call needs a data shard, and this is a parity shard.
    #[error("shard {index} is not a data shard: the code has {data_shards} data shards, which come first")]
    NotData {
        /// The number given.
        index: usize,
        /// The code's data shards.
        data_shards: usize,
    },
    /// A shard, slot or position is listed twice where each may be listed once.
    #[error("{what} {index} is named twice")]
    Duplicate {
        /// "shard", "slot" or "position".
        what: &'static str,
        /// The number listed twice.
        index: usize,
    },
    /// A wanted shard is not one of the lost shards.
    #[error("shard {index} is wanted but not lost; it can simply be read")]
    NotLost {
        /// The shard.
        index: usize,
    },
    /// The remaining shards do not determine the wanted shards.
    #[error("shards {beyond:?} are beyond repair with {lost:?} lost{}", still(recoverable))]
    Unrecoverable {
        /// Every lost shard.
        lost: Vec<usize>,
        /// The lost shards that cannot be rebuilt.
        beyond: Vec<usize>,
        /// The lost shards that can be rebuilt.
        recoverable: Vec<usize>,
    },
    /// One of several stripes has this error.
    #[error("stripe {stripe}: {error}")]
    Stripe {
        /// The stripe.
        stripe: usize,
        /// Its error.
        error: Box<Error>,
    },
    /// The code cannot locate errors at unknown places.
    #[error("errors cannot be located in {shards} shards of the code {code}: {reason}")]
    CannotLocate {
        /// The construction.
        code: &'static str,
        /// Its shards.
        shards: usize,
        /// Why not.
        reason: &'static str,
    },
    /// The number of shards differs from the code's.
    #[error("got {given} shards, the code has {expected}")]
    ShardCount {
        /// Shards given.
        given: usize,
        /// Shards the code has.
        expected: usize,
    },
    /// Two shards differ in length.
    #[error("shard {index} is {given} bytes, shard {reference} is {expected}")]
    ShardLength {
        /// The shard at fault.
        index: usize,
        /// Its length in bytes.
        given: usize,
        /// The shard it was compared with.
        reference: usize,
        /// That shard's length in bytes.
        expected: usize,
    },
    /// The shards are empty.
    #[error("shards are 0 bytes long, expected at least 1")]
    EmptyShards,
    /// The buffer does not divide into shards of equal length.
    #[error("a buffer of {buffer_bytes} bytes does not divide into {shards} shards of equal length")]
    UnevenBuffer {
        /// Bytes of the buffer.
        buffer_bytes: usize,
        /// Shards of the code.
        shards: usize,
    },
    /// The object is longer than the data shards together.
    #[error(
        "an object of {object_bytes} bytes does not fit into {data_shards} data shards of {shard_bytes} bytes, which hold {}",
        data_shards.saturating_mul(*shard_bytes)
    )]
    ObjectLength {
        /// Bytes of the object.
        object_bytes: usize,
        /// Data shards of the code.
        data_shards: usize,
        /// Bytes of each shard.
        shard_bytes: usize,
    },
    /// A shard that the call must read is missing.
    #[error("shard {index} is missing and holds a part of the object: rebuild it first")]
    MissingShard {
        /// The shard.
        index: usize,
    },
    /// Every shard is missing, so their length is unknown too.
    #[error("all {count} shards are missing")]
    AllMissing {
        /// Shards of the code.
        count: usize,
    },
    /// The reader of an object failed.
    #[error("the object could not be read at byte {at}")]
    ObjectRead {
        /// Bytes of the object read before the failure.
        at: u64,
        /// What the reader returned.
        source: std::io::Error,
    },
    /// The writer of an object failed.
    #[error("the object could not be written from byte {at}")]
    ObjectWrite {
        /// Offset of the first byte of the write that failed.
        at: u64,
        /// What the writer returned.
        source: std::io::Error,
    },
    /// The reader of a shard failed.
    #[error("shard {shard} could not be read at byte {at}")]
    ShardRead {
        /// The shard.
        shard: usize,
        /// Bytes of the shard read before the failure.
        at: u64,
        /// What the reader returned.
        source: std::io::Error,
    },
    /// The writer of a shard failed.
    #[error("shard {shard} could not be written from byte {at}")]
    ShardWrite {
        /// The shard.
        shard: usize,
        /// Offset of the first byte of the write that failed.
        at: u64,
        /// What the writer returned.
        source: std::io::Error,
    },
    /// The reader of a shard ended before the shard was complete.
    #[error("shard {shard} ends after {given} bytes, expected {expected}")]
    ShardEnds {
        /// The shard.
        shard: usize,
        /// The bytes it returned.
        given: u64,
        /// Bytes of each shard of this object.
        expected: u64,
    },
    /// The range of byte columns does not lie within the shards.
    #[error("columns {start}..{end} do not lie within shards of {bytes} bytes")]
    ColumnRange {
        /// First column.
        start: usize,
        /// One past the last column.
        end: usize,
        /// Bytes in a shard.
        bytes: usize,
    },
    /// A codeword needs data and parity, and may have at most as many bytes as the field has non-zero elements.
    #[error(
        "a codeword of {codeword_bytes} bytes cannot hold {data_bytes} data bytes: 1 <= data < codeword <= {limit}"
    )]
    CodewordShape {
        /// Bytes of a codeword asked for.
        codeword_bytes: usize,
        /// Data bytes asked for.
        data_bytes: usize,
        /// The longest codeword.
        limit: usize,
    },
    /// The exponent of the generator polynomial's first root is too large.
    #[error("the first root is 2^{given}, its exponent must be 0 to {limit}")]
    FirstRoot {
        /// The exponent given.
        given: usize,
        /// The largest exponent.
        limit: usize,
    },
    /// A codeword, its data or its parity has the wrong length.
    #[error("{what} is {given} bytes, the code's is {expected}")]
    CodewordPart {
        /// "codeword", "data" or "parity".
        what: &'static str,
        /// Its bytes.
        given: usize,
        /// The bytes it should have.
        expected: usize,
    },
    /// The codeword has no such position.
    #[error("position {index} does not exist: a codeword has {count} bytes")]
    Position {
        /// The position given.
        index: usize,
        /// How many there are; positions begin at 0.
        count: usize,
    },
    /// There are more erasures than parity bytes.
    #[error("{given} erasures cannot be filled in from {limit} parity bytes")]
    TooManyErasures {
        /// Erasures given.
        given: usize,
        /// Parity bytes of the code.
        limit: usize,
    },
    /// The errors are more than the code corrects beside the erasures.
    #[error("there are more than {errors} errors, the most that can be corrected beside {erasures} erasures")]
    Uncorrectable {
        /// Erasures given.
        erasures: usize,
        /// Errors the code corrects beside them.
        errors: usize,
    },
    /// The region is too small for the geometry.
    #[error("the geometry needs {needed} bytes, the region holds {available}")]
    RegionTooSmall {
        /// Bytes from the start to the end of the last slot of the last stripe.
        needed: usize,
        /// Bytes of the region.
        available: usize,
    },
    /// Slots or stripes of a geometry overlap, or its size overflows.
    #[error("{what} {stride} bytes apart overlap: each takes {extent}")]
    Overlap {
        /// "slots" or "stripes".
        what: &'static str,
        /// Distance from one to the next, in bytes.
        stride: usize,
        /// Bytes each takes.
        extent: usize,
    },
    /// A size, stride or offset in device memory is not aligned.
    #[error("{what} is {given} bytes, which is not a multiple of {multiple}")]
    Alignment {
        /// What is at fault.
        what: &'static str,
        /// Its bytes.
        given: u64,
        /// The alignment needed, in bytes.
        multiple: u64,
    },
    /// The plan names a slot that the view does not have.
    #[error("the plan uses slot {slot}, the view has {slots} slots")]
    SlotIndex {
        /// The slot.
        slot: usize,
        /// Slots of the view.
        slots: usize,
    },
    /// The view does not have this block.
    #[error("block {block} of stripe {stripe} does not exist: there are {blocks} blocks in each of {stripes} stripes")]
    BlockIndex {
        /// The block's stripe.
        stripe: usize,
        /// The block within the stripe.
        block: usize,
        /// Stripes of the view.
        stripes: usize,
        /// Blocks of a stripe.
        blocks: usize,
    },
    /// The plan writes a slot that is read-only in the view.
    #[error("the plan writes slot {slot}, which is read-only in this view")]
    ReadOnlySlot {
        /// The slot.
        slot: usize,
    },
    /// The number of plans chosen for stripes differs from the number of stripes.
    #[error("plans were chosen for {given} stripes, the view has {stripes} stripes")]
    PlanCount {
        /// Stripes that were given a plan.
        given: usize,
        /// Stripes of the view.
        stripes: usize,
    },
    /// A stripe names a plan that does not exist.
    #[error("stripe {stripe} has plan {index}, there are {count} plans")]
    PlanIndex {
        /// The stripe.
        stripe: usize,
        /// The index of its plan.
        index: usize,
        /// The number of plans.
        count: usize,
    },
    /// The space for checksums has the wrong length.
    #[error("there is space for {given} checksums, the batch has {expected}")]
    ChecksumCount {
        /// Checksums that fit into the space.
        given: usize,
        /// Checksums of the batch: one for each source and target, stripe and block.
        expected: usize,
    },
    /// The checksums are of shards with another number of blocks.
    #[error("the checksums are of shards of {given} blocks, these shards have {expected} blocks")]
    ChecksumBlocks {
        /// Blocks of a shard that have checksums.
        given: usize,
        /// Blocks a shard has.
        expected: usize,
    },
    /// This task cannot compute checksums, because its shards are not those of one plan.
    #[error("a task that {task} by {plans} plans cannot compute checksums: it must write by one plan, or check")]
    ChecksumTask {
        /// "writes" or "corrects".
        task: &'static str,
        /// How many plans it has.
        plans: usize,
    },
    /// The backend does not know the task of a batch, which a later version of the library may have added.
    #[error("the {backend} backend does not know the task of batch {batch}")]
    UnknownTask {
        /// The batch's index in the call.
        batch: usize,
        /// The backend's name, as in [`Info::backend`](crate::Info::backend).
        backend: &'static str,
    },
    /// This variant of a compiled kernel cannot be generated.
    #[error("a kernel variant's {what} is {given}, it must be {allowed}")]
    Variant {
        /// Which number of the variant.
        what: &'static str,
        /// The number.
        given: usize,
        /// The values allowed.
        allowed: &'static str,
    },
    /// The host does not have enough memory.
    #[error("could not allocate {bytes} bytes of host memory")]
    HostMemory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// An environment variable has a value that cannot be used.
    #[error("{variable}={value} cannot be used: {reason}")]
    Environment {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// Why not, and which values are possible.
        reason: String,
    },
    /// This processor or this build does not have the CPU kernel.
    #[error("there is no {wanted} kernel here; this machine and build have: {available}")]
    NoKernel {
        /// The kernel asked for.
        wanted: &'static str,
        /// The kernels that it has.
        available: String,
    },
    /// A calibration could not be read from its file.
    #[error("the calibration {} could not be read", path.display())]
    CalibrationRead {
        /// The file.
        path: std::path::PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// A calibration could not be written to its file. An older regular file of this name is unchanged.
    #[error("the calibration {} could not be written", path.display())]
    CalibrationWrite {
        /// The file.
        path: std::path::PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// The file does not hold a calibration.
    #[error("{} is not a calibration: {reason}", path.display())]
    Calibration {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused a thread.
    #[error("the system refused a thread")]
    Thread {
        /// What the system reported.
        source: std::io::Error,
    },
    /// There is no device of the kind asked for.
    #[error("no usable GPU: wanted {wanted}; seen: {seen}")]
    NoDevice {
        /// What was asked for.
        wanted: String,
        /// The adapters found, or a remark that none was found.
        seen: String,
    },
    /// The device offers less than the call or the smallest kernel needs.
    #[error("{device} is too small: {limit} is {available}, at least {needed} is needed")]
    DeviceTooSmall {
        /// The device.
        device: String,
        /// The limit's name.
        limit: &'static str,
        /// The device's value.
        available: u64,
        /// The value needed.
        needed: u64,
    },
    /// The device does not have enough free memory.
    #[error("{device} ran out of memory while it was {doing}")]
    DeviceMemory {
        /// The device.
        device: String,
        /// What the device was doing, with sizes.
        doing: String,
        /// The driver's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The device was unplugged or reset, or it hung. It stays lost: open it again.
    #[error("{device} was lost while it was {doing}: {reason}")]
    DeviceLost {
        /// The device.
        device: String,
        /// What the device was doing.
        doing: String,
        /// The driver's reason.
        reason: String,
    },
    /// The device or its driver refused an operation that it should accept.
    #[error("{device} failed while it was {doing}")]
    Device {
        /// The device.
        device: String,
        /// What the device was doing.
        doing: String,
        /// The driver's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The device computed a wrong result for a known input.
    #[error("{device} failed its self-test: byte {byte} of target {target} is {got:#04x}, expected {expected:#04x}")]
    SelfTest {
        /// The device.
        device: String,
        /// Target of the test's plan.
        target: usize,
        /// Offset in that target.
        byte: usize,
        /// The byte that the device wrote.
        got: u8,
        /// The correct byte.
        expected: u8,
    },
}

/// The end of a message about a loss: the shards that can be rebuilt, if there are any.
fn still(recoverable: &[usize]) -> String {
    if recoverable.is_empty() { String::new() } else { format!("; {recoverable:?} can still be rebuilt") }
}

impl Error {
    /// The message and the messages of its sources, for logs and stored texts.
    pub(crate) fn with_sources(&self) -> String {
        let sources = std::iter::successors(self.source(), |&source| source.source());
        sources.fold(self.to_string(), |message, source| format!("{message}: {source}"))
    }
}
