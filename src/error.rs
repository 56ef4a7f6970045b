//! The one error type: what was given, what the limit is, and where.

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
    /// A shard or slot was named twice where each may stand once.
    #[error("{what} {index} is named twice")]
    Duplicate {
        /// "shard" or "slot".
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
    #[error("shards {beyond:?} are beyond repair with {lost:?} lost; {recoverable:?} can still be rebuilt")]
    Unrecoverable {
        /// Every lost shard.
        lost: Vec<usize>,
        /// The lost shards that no combination of survivors gives back.
        beyond: Vec<usize>,
        /// The lost shards that can be rebuilt.
        recoverable: Vec<usize>,
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
    /// Every shard is missing, so that not even their length is known.
    #[error("all {count} shards are missing")]
    AllMissing {
        /// Shards of the code.
        count: usize,
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
    /// A geometry that does not fit its memory.
    #[error("the geometry needs {needed} bytes, the region holds {available}")]
    RegionTooSmall {
        /// Bytes up to the end of the last slot of the last stripe.
        needed: usize,
        /// Bytes there are.
        available: usize,
    },
    /// A geometry in which slots or stripes overlap, or whose size overflows.
    #[error("{what} of {stride} bytes apart overlap: each takes {extent}")]
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
        /// The adapters there are, or "none".
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
}
