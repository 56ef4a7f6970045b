//! The one error type: what was given, what the limit is, and where.

use std::error::Error as _;

/// Everything that can go wrong, with the numbers a caller needs to act.
///
/// An error that names wrong use is found before any work begins: nothing has been written. After a device error the
/// sources are unchanged and the targets unspecified.
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
    /// The construction runs out of distinct field elements.
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
    /// The construction has counts at which some losses of as many shards as there is parity would be beyond repair.
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
        /// The most data shards that so many parity shards allow.
        data_limit: usize,
        /// The most parity shards that so many data shards allow.
        parity_limit: usize,
    },
    /// A code of more shards than its dense matrices are made for.
    #[error("{code} takes at most {limit} shards in all, got {given}")]
    TooWide {
        /// The construction or layout.
        code: &'static str,
        /// The shards it would have.
        given: usize,
        /// The most it may have.
        limit: usize,
    },
    /// Shards that cannot be cut into groups as the construction asks.
    #[error("{data_shards} shards do not go into {groups} groups evenly")]
    UnevenGroups {
        /// Shards to lie in groups.
        data_shards: usize,
        /// Groups asked for.
        groups: usize,
    },
    /// Shards that cannot be cut into so many stripes of equal length.
    #[error("shards of {bytes} bytes do not go into {stripes} stripes evenly")]
    UnevenStripes {
        /// Bytes of a shard.
        bytes: usize,
        /// Stripes asked for.
        stripes: usize,
    },
    /// A name that is not a layout's.
    #[error("`{name}` is not a layout: expected {expected}")]
    LayoutName {
        /// The name.
        name: String,
        /// What a right name looks like, with an example.
        expected: String,
    },
    /// A code whose number of parity shards is fixed was given another number.
    #[error("{code} has {own} parity {}, got {given}", if *own == 1 { "shard" } else { "shards" })]
    OwnParity {
        /// The construction.
        code: &'static str,
        /// Parity shards asked for.
        given: usize,
        /// Parity shards of the construction.
        own: usize,
    },
    /// A layout with less of something than it needs.
    #[error("{layout} has {given} {what}, it needs at least {least}")]
    LayoutCount {
        /// The layout.
        layout: String,
        /// What there is too little of.
        what: &'static str,
        /// How many there are.
        given: usize,
        /// How many there must be.
        least: usize,
    },
    /// A mean time that is none.
    #[error("{what} is {given} hours, expected a positive number")]
    Hours {
        /// Which time.
        what: &'static str,
        /// The hours given.
        given: f64,
    },
    /// Rows of a matrix that have to be of one length are not, or there are none.
    #[error("row {row} has {given} elements, expected {expected}")]
    MatrixShape {
        /// The row at fault.
        row: usize,
        /// Its length.
        given: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A plan's matrix that does not fit its sources and targets.
    #[error("a plan from {sources} sources to {targets} targets has a matrix of {rows} x {cols}")]
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
    /// A generator matrix is not systematic: its top is not the identity.
    #[error("the generator matrix is not systematic: row {row}, column {column} is {given}, expected {expected}")]
    NotSystematic {
        /// Row of the first element that differs from the identity.
        row: usize,
        /// Column of that element.
        column: usize,
        /// What stands there.
        given: u8,
        /// What the identity has there.
        expected: u8,
    },
    /// A shard number lies outside the code.
    #[error("shard {index} does not exist: the code has {count} shards")]
    ShardIndex {
        /// The number given.
        index: usize,
        /// How many there are; numbers begin at 0.
        count: usize,
    },
    /// A data shard was asked for, and this is none.
    #[error("shard {index} is no data shard: those are the first {data_shards}")]
    NotData {
        /// The number given.
        index: usize,
        /// The code's data shards.
        data_shards: usize,
    },
    /// A shard or slot was named twice where each may stand once.
    #[error("{what} {index} is named twice")]
    Duplicate {
        /// "shard", "slot" or "position".
        what: &'static str,
        /// The number given twice.
        index: usize,
    },
    /// A shard was wanted that is not among the lost ones.
    #[error("shard {index} is wanted but not lost; it can simply be read")]
    NotLost {
        /// The shard.
        index: usize,
    },
    /// The survivors do not determine the shards that were asked for.
    #[error("shards {beyond:?} are beyond repair with {lost:?} lost{}", still(recoverable))]
    Unrecoverable {
        /// Every lost shard.
        lost: Vec<usize>,
        /// The lost shards that no combination of survivors gives back.
        beyond: Vec<usize>,
        /// The lost shards that can be rebuilt.
        recoverable: Vec<usize>,
    },
    /// What was said of one of many stripes is wrong.
    #[error("stripe {stripe}: {error}")]
    Stripe {
        /// The stripe.
        stripe: usize,
        /// What is wrong there.
        error: Box<Error>,
    },
    /// Errors at unknown places cannot be located in this code's shards.
    #[error("errors cannot be located in {shards} shards of the code {code}: {reason}")]
    CannotLocate {
        /// The construction.
        code: &'static str,
        /// Its shards.
        shards: usize,
        /// Why not.
        reason: &'static str,
    },
    /// Another number of shards than the code has.
    #[error("got {given} shards, the code has {expected}")]
    ShardCount {
        /// Shards given.
        given: usize,
        /// Shards the code has.
        expected: usize,
    },
    /// Shards of different lengths.
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
    /// Shards without a single byte.
    #[error("shards are 0 bytes long, expected at least 1")]
    EmptyShards,
    /// A buffer that does not divide into the shards of a stripe.
    #[error("a buffer of {buffer_bytes} bytes does not divide into {shards} shards of equal length")]
    UnevenBuffer {
        /// Bytes of the buffer.
        buffer_bytes: usize,
        /// Shards of the code.
        shards: usize,
    },
    /// An object that is longer than the data shards together.
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
    /// A shard that a call has to read is missing.
    #[error("shard {index} is missing and holds a part of the object: rebuild it first")]
    MissingShard {
        /// The shard.
        index: usize,
    },
    /// Every shard is missing, so that not even their length is known.
    #[error("all {count} shards are missing")]
    AllMissing {
        /// Shards of the code.
        count: usize,
    },
    /// The reader of an object failed.
    #[error("the object could not be read at byte {at}")]
    ObjectRead {
        /// Bytes of the object that were read before.
        at: u64,
        /// What the reader returned.
        source: std::io::Error,
    },
    /// The writer of an object failed.
    #[error("the object could not be written from byte {at}")]
    ObjectWrite {
        /// Where the bytes begin that were to be written.
        at: u64,
        /// What the writer returned.
        source: std::io::Error,
    },
    /// The reader of a shard failed.
    #[error("shard {shard} could not be read at byte {at}")]
    ShardRead {
        /// The shard.
        shard: usize,
        /// Bytes of the shard that were read before.
        at: u64,
        /// What the reader returned.
        source: std::io::Error,
    },
    /// The writer of a shard failed.
    #[error("shard {shard} could not be written from byte {at}")]
    ShardWrite {
        /// The shard.
        shard: usize,
        /// Where the bytes begin that were to be written.
        at: u64,
        /// What the writer returned.
        source: std::io::Error,
    },
    /// The reader of a shard ended too soon.
    #[error("shard {shard} ends after {given} bytes, expected {expected}")]
    ShardEnds {
        /// The shard.
        shard: usize,
        /// Its bytes.
        given: u64,
        /// Bytes of each shard of this object.
        expected: u64,
    },
    /// A range of byte columns outside the shards.
    #[error("columns {start}..{end} do not lie within shards of {bytes} bytes")]
    ColumnRange {
        /// First column.
        start: usize,
        /// One past the last column.
        end: usize,
        /// Bytes in a shard.
        bytes: usize,
    },
    /// A codeword needs data, parity, and no more bytes than its field has non-zero elements.
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
    /// The exponent of a generator polynomial's first root is beyond the field's elements.
    #[error("the first root is 2^{given}, its exponent must be 0 to {limit}")]
    FirstRoot {
        /// The exponent given.
        given: usize,
        /// The largest exponent.
        limit: usize,
    },
    /// A codeword, its data or its parity of another length than the code's.
    #[error("{what} is {given} bytes, the code's is {expected}")]
    CodewordPart {
        /// "codeword", "data" or "parity".
        what: &'static str,
        /// Its bytes.
        given: usize,
        /// The code's.
        expected: usize,
    },
    /// A position lies outside the codeword.
    #[error("position {index} does not exist: a codeword has {count} bytes")]
    Position {
        /// The position given.
        index: usize,
        /// How many there are; positions begin at 0.
        count: usize,
    },
    /// More erasures than parity determines.
    #[error("{given} erasures are more than {limit} parity bytes determine")]
    TooManyErasures {
        /// Erasures given.
        given: usize,
        /// Parity bytes of the code.
        limit: usize,
    },
    /// No codeword is within the code's power: there are more errors than it corrects beside the erasures.
    #[error("no codeword is within {errors} errors, the most that can be corrected beside {erasures} erasures")]
    Uncorrectable {
        /// Erasures given.
        erasures: usize,
        /// Errors the code corrects beside them.
        errors: usize,
    },
    /// A geometry that does not fit its memory.
    #[error("the geometry needs {needed} bytes, the region holds {available}")]
    RegionTooSmall {
        /// Bytes up to the end of the last slot of the last stripe.
        needed: usize,
        /// Bytes there are.
        available: usize,
    },
    /// A geometry in which slots or stripes overlap, or whose size overflows.
    #[error("{what} {stride} bytes apart overlap: each takes {extent}")]
    Overlap {
        /// "slots" or "stripes".
        what: &'static str,
        /// Distance from one to the next, in bytes.
        stride: usize,
        /// Bytes each takes.
        extent: usize,
    },
    /// A size, stride or offset in device memory that is not a multiple of what it must be.
    #[error("{what} is {given} bytes, which is no multiple of {multiple}")]
    Alignment {
        /// What is at fault.
        what: &'static str,
        /// Its bytes.
        given: u64,
        /// What it must be a multiple of.
        multiple: u64,
    },
    /// A plan names a slot that the view does not have.
    #[error("the plan uses slot {slot}, the view has {slots} slots")]
    SlotIndex {
        /// The slot.
        slot: usize,
        /// Slots of the view.
        slots: usize,
    },
    /// A block that the view does not have.
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
    /// A plan writes a slot that the view holds for reading only.
    #[error("the plan writes slot {slot}, which is read-only in this view")]
    ReadOnlySlot {
        /// The slot.
        slot: usize,
    },
    /// A plan for each stripe was announced, but there are more or fewer.
    #[error("{given} stripes were given a plan, the view has {stripes} stripes")]
    PlanCount {
        /// Indices of plans given.
        given: usize,
        /// Stripes of the view.
        stripes: usize,
    },
    /// A stripe was given a plan that does not exist.
    #[error("stripe {stripe} has plan {index}, there are {count} plans")]
    PlanIndex {
        /// The stripe.
        stripe: usize,
        /// The index of its plan.
        index: usize,
        /// Plans there are.
        count: usize,
    },
    /// Room for another number of checksums than there are blocks.
    #[error("there is room for {given} checksums, the batch has {expected}")]
    ChecksumCount {
        /// Checksums there is room for.
        given: usize,
        /// Checksums there will be: one for each source and target, stripe and block.
        expected: usize,
    },
    /// Checksums of another number of blocks than shards have.
    #[error("there are checksums of {given} blocks of a shard, shards have {expected} blocks")]
    ChecksumBlocks {
        /// Blocks of a shard that there are checksums of.
        given: usize,
        /// Blocks a shard has.
        expected: usize,
    },
    /// Checksums were asked of a task whose shards are not those of one plan.
    #[error("a task that {task} by {plans} plans has no checksums: it must write by one plan, or check")]
    ChecksumTask {
        /// "writes" or "corrects".
        task: &'static str,
        /// Its plans.
        plans: usize,
    },
    /// A variant of a compiled kernel that cannot be generated.
    #[error("a kernel variant's {what} is {given}, it must be {allowed}")]
    Variant {
        /// Which of its numbers.
        what: &'static str,
        /// The number.
        given: usize,
        /// What it may be.
        allowed: &'static str,
    },
    /// Not enough host memory.
    #[error("could not allocate {bytes} bytes of host memory")]
    HostMemory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// An environment variable holds a value that cannot be honoured.
    #[error("{variable}={value} cannot be honoured: {reason}")]
    Environment {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// Why not, and what would be possible.
        reason: String,
    },
    /// A CPU kernel that this processor or this build does not have.
    #[error("there is no {wanted} kernel here; this machine and build have: {available}")]
    NoKernel {
        /// The kernel asked for.
        wanted: &'static str,
        /// The kernels there are.
        available: String,
    },
    /// A file that should hold a calibration and does not.
    #[error("{} is no calibration of this machine: {reason}", path.display())]
    Calibration {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No device of the kind asked for.
    #[error("no usable GPU: wanted {wanted}; seen: {seen}")]
    NoDevice {
        /// What was asked for.
        wanted: String,
        /// The adapters there are, or that there are none.
        seen: String,
    },
    /// A device offers less than the smallest kernel needs.
    #[error("{device} is too small: {limit} is {available}, at least {needed} is needed")]
    DeviceTooSmall {
        /// The device.
        device: String,
        /// The limit's name.
        limit: &'static str,
        /// What the device offers.
        available: u64,
        /// What is needed.
        needed: u64,
    },
    /// The device has not enough memory left.
    #[error("{device} is out of memory while it was {doing}")]
    DeviceMemory {
        /// The device.
        device: String,
        /// What was going on, with sizes.
        doing: String,
        /// What the driver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The device went away: unplugged, reset, or hung. It stays lost; open it anew.
    #[error("{device} was lost while it was {doing}: {reason}")]
    DeviceLost {
        /// The device.
        device: String,
        /// What was going on.
        doing: String,
        /// What the driver said.
        reason: String,
    },
    /// The device or its driver refused something it should accept.
    #[error("{device} failed while it was {doing}")]
    Device {
        /// The device.
        device: String,
        /// What was going on.
        doing: String,
        /// What the driver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The device computes wrongly: its answer to a known question was another.
    #[error("{device} failed its self-test: byte {byte} of target {target} is {got:#04x}, expected {expected:#04x}")]
    SelfTest {
        /// The device.
        device: String,
        /// Target of the test's plan.
        target: usize,
        /// Offset in that target.
        byte: usize,
        /// What the device wrote.
        got: u8,
        /// What is right.
        expected: u8,
    },
}

/// What of a loss can be rebuilt, for the end of a message.
fn still(recoverable: &[usize]) -> String {
    if recoverable.is_empty() { String::new() } else { format!("; {recoverable:?} can still be rebuilt") }
}

impl Error {
    /// Whether a device failed, rather than its caller: the same call may well succeed elsewhere.
    #[must_use]
    pub fn is_device_failure(&self) -> bool {
        matches!(
            self,
            Self::NoDevice { .. }
                | Self::DeviceTooSmall { .. }
                | Self::DeviceMemory { .. }
                | Self::DeviceLost { .. }
                | Self::Device { .. }
                | Self::SelfTest { .. }
        )
    }

    /// The message and those of its sources, for where nobody can ask for them any more.
    pub(crate) fn with_sources(&self) -> String {
        let sources = std::iter::successors(self.source(), |&source| source.source());
        sources.fold(self.to_string(), |message, source| format!("{message}: {source}"))
    }
}
