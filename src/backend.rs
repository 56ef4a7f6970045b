//! Backends: what runs plans. The CPU, a GPU, or a choice between them.
//!
//! A backend is handed batches and never asks what they are for. A [`Batch`] is one [`Task`] over every stripe of a
//! [`View`]; it is checked when it is made.
//!
//! Two stripes of 3 + 2 shards in one buffer of the caller's, shard after shard and stripe after stripe:
//!
//! ```
//! use evariste::{Backend, Batch, Code, Cpu, Geometry, Task, View};
//!
//! let code = Code::reed_solomon(3, 2)?;
//! let geometry = Geometry { slots: 5, bytes: 64, slot_stride: 64, stripes: 2, stripe_stride: 5 * 64 };
//! let mut volume: Vec<u8> = (0..=255).cycle().take(2 * 5 * 64).collect();
//! let cpu = Cpu::new()?;
//! let encode = code.encode_plan();
//! cpu.run(&mut [Batch::new(Task::write(&encode), View::arena(&mut volume, geometry)?)?])?;
//!
//! let whole = volume.clone();
//! volume[64..128].fill(0); // shard 1 of stripe 0 ..
//! volume[384..448].fill(0); // .. and of stripe 1
//! let check = Batch::new(Task::Check(&encode), View::arena_ref(&volume, geometry)?)?;
//! assert!(!cpu.run(&mut [check])?.is_consistent());
//!
//! let repair = code.repair_plan(&[1], &[1], &|_| 1)?;
//! cpu.run(&mut [Batch::new(Task::write(&repair), View::arena(&mut volume, geometry)?)?])?;
//! assert_eq!(volume, whole);
//! # Ok::<(), evariste::Error>(())
//! ```

mod erasures;

use std::fmt;
use std::ops::RangeInclusive;

pub use erasures::Erasures;

pub use crate::crc::BLOCK_BYTES;
use crate::memory::{Region, View};
use crate::plan::Matrices;
use crate::{Error, Grs, Plan};

/// What to do with every stripe of a view.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Task<'a> {
    /// Compute the targets and write them.
    Write(Matrices<'a>),
    /// Compute the plan's targets, compare them with what stands there, and write nothing.
    Check(&'a Plan),
    /// Find out which bytes are wrong and make them right, in every slot. Slots are the code's shards, in order.
    ///
    /// A byte column with e wrong bytes at unknown places and s wrong ones in slots known for it is made right if
    /// 2e + s is at most the parity shards; any other is left as it is and reported.
    /// Where more slots are known to be wrong than there are parity shards, that is every column in which they disagree with
    /// the others.
    Correct {
        /// The code.
        grs: &'a Grs,
        /// What is known to be wrong. What stands there does not matter, and may be right.
        erased: &'a Erasures,
    },
}

impl<'a> Task<'a> {
    /// Writes one plan's targets in every stripe.
    #[must_use]
    pub fn write(plan: &'a Plan) -> Self {
        Self::Write(Matrices::One(plan))
    }

    /// The plans.
    #[must_use]
    pub fn matrices(&self) -> Matrices<'a> {
        match self {
            Self::Write(matrices) => *matrices,
            Self::Check(plan) => Matrices::One(plan),
            Self::Correct { grs, .. } => Matrices::One(grs.check_plan()),
        }
    }

    /// That checksums can be had with it: that its shards are those of one plan.
    pub(crate) fn check_checksums(&self) -> Result<(), Error> {
        let plans = self.matrices().plans().len();
        match self {
            Self::Write(Matrices::One(_)) | Self::Check(_) => Ok(()),
            Self::Write(Matrices::PerStripe { .. }) => Err(Error::ChecksumTask { task: "writes", plans }),
            Self::Correct { .. } => Err(Error::ChecksumTask { task: "corrects", plans }),
        }
    }
}

/// One task over every stripe of a view.
#[must_use = "a batch does nothing until a backend runs it"]
pub struct Batch<'a> {
    task: Task<'a>,
    view: View<'a>,
    crc: Option<&'a mut [u32]>,
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("task", &self.task).field("view", &self.view).finish_non_exhaustive()
    }
}

impl<'a> Batch<'a> {
    /// A batch whose plan fits its view.
    ///
    /// # Errors
    /// As [`View::check_plan`]; [`Error::PlanCount`] and [`Error::PlanIndex`] unless each stripe has a plan.
    pub fn new(task: Task<'a>, view: View<'a>) -> Result<Self, Error> {
        let batch = Self { task, view, crc: None };
        batch.check()?;
        Ok(batch)
    }

    /// The same batch, whose run also leaves the CRC-32C of every block of [`BLOCK_BYTES`] of every source and target in
    /// `crc`, the targets' as they stand after the run. The last block of a stripe may be shorter.
    ///
    /// Checksums are ordered by position in the plan (sources, then targets), stripe and block.
    ///
    /// # Errors
    /// [`Error::ChecksumTask`] unless the task writes by one plan for all stripes, or checks; [`Error::ChecksumCount`] unless
    /// `crc` has [`Batch::checksums`] entries.
    pub fn with_crc(self, crc: &'a mut [u32]) -> Result<Self, Error> {
        let batch = Self { crc: Some(crc), ..self };
        batch.check_crc()?;
        Ok(batch)
    }

    /// How many checksums there are of the blocks of all sources and targets in all stripes.
    #[must_use]
    pub fn checksums(&self) -> usize {
        let stripe_blocks = self.view.bytes().div_ceil(BLOCK_BYTES);
        self.traffic_of(stripe_blocks, stripe_blocks.saturating_mul(self.view.stripes()))
    }

    /// That the plan fits the view: once more before a run, since [`Batch::view_mut`] lets another view in.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { task, view, .. } = self;
        task.matrices().check(view.stripes())?;
        for plan in task.matrices().plans() {
            view.check_plan(plan, matches!(task, Task::Write(_)))?;
        }
        if let Task::Correct { grs, erased } = task {
            (0..grs.total_shards()).try_for_each(|slot| view.check_writable(slot))?;
            erased.check(grs.total_shards(), view.stripes(), view.bytes())?;
        }
        self.check_crc()
    }

    /// That the checksums wanted, if any, are those of one plan, and that there is room for them.
    fn check_crc(&self) -> Result<(), Error> {
        let Some(crc) = &self.crc else { return Ok(()) };
        self.task.check_checksums()?;
        let (given, expected) = (crc.len(), self.checksums());
        if given == expected { Ok(()) } else { Err(Error::ChecksumCount { given, expected }) }
    }

    /// What to do.
    #[must_use]
    pub fn task(&self) -> Task<'a> {
        self.task
    }

    /// Where.
    #[must_use]
    pub fn view(&self) -> &View<'a> {
        &self.view
    }

    /// Where, to write there.
    pub fn view_mut(&mut self) -> &mut View<'a> {
        &mut self.view
    }

    /// Where its checksums go, if they are wanted.
    #[must_use]
    pub fn crc(&self) -> Option<&[u32]> {
        self.crc.as_deref()
    }

    /// Where its checksums go, to write them there.
    pub fn crc_mut(&mut self) -> Option<&mut [u32]> {
        self.crc.as_deref_mut()
    }

    /// View and checksums, both to be written.
    pub(crate) fn parts_mut(&mut self) -> (&mut View<'a>, Option<&mut [u32]>) {
        (&mut self.view, self.crc.as_deref_mut())
    }

    /// Bytes this batch reads and writes: what its cost grows with.
    #[must_use]
    pub fn traffic_bytes(&self) -> usize {
        self.traffic_of(self.view.bytes(), self.view.total_bytes())
    }

    /// The sum over all stripes and the slots that each one's plan names, of something of which a slot has so much in one
    /// stripe and in all.
    fn traffic_of(&self, of_stripe: usize, of_all: usize) -> usize {
        let matrices = self.task.matrices();
        let slots = |index: usize| {
            let plan = &matrices.plans()[index];
            plan.sources().len() + plan.targets().len()
        };
        match matrices {
            Matrices::One(_) => of_all.saturating_mul(slots(0)),
            Matrices::PerStripe { of, .. } => {
                of.iter().map(|&index| slots(index as usize)).sum::<usize>().saturating_mul(of_stripe)
            }
        }
    }
}

/// What a run found.
#[must_use = "only the report says which blocks are wrong or were corrected"]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Blocks that disagree with the plan of their check, ordered by batch, slot, stripe and block.
    pub mismatches: Vec<Mismatch>,
    /// Blocks in which something was corrected, ordered by batch, slot, stripe and block.
    pub corrections: Vec<Correction>,
    /// Blocks with columns that are beyond the power of the code, ordered by batch, stripe and block.
    pub uncorrectable: Vec<Uncorrectable>,
    /// Whether another device ran a correction before, and failed: what that one had made right already is not listed.
    pub is_second_run: bool,
}

impl Report {
    /// Whether every check found what it computed.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// Adds what another part of the same call found.
    pub(crate) fn join(&mut self, other: Self) {
        let Self { mismatches, corrections, uncorrectable, is_second_run } = other;
        self.mismatches.extend(mismatches);
        self.corrections.extend(corrections);
        self.uncorrectable.extend(uncorrectable);
        self.is_second_run |= is_second_run;
    }

    /// Brings everything into the order that is promised.
    pub(crate) fn sort(&mut self) {
        self.mismatches.sort_unstable();
        self.corrections.sort_unstable();
        self.uncorrectable.sort_unstable();
    }
}

/// A block of a target that is not what its plan computes from the sources.
///
/// That either the target or a source is wrong is all that a mismatch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Mismatch {
    /// Which batch of the call.
    pub batch: usize,
    /// Which slot (in a codec's reports: which shard).
    pub slot: usize,
    /// Which stripe.
    pub stripe: usize,
    /// Which block of [`BLOCK_BYTES`] within the slot's bytes in that stripe.
    pub block: usize,
    /// Offset of the first byte that differs, within the slot's bytes in that stripe.
    pub first: usize,
    /// Bytes of the block that differ.
    pub count: u32,
}

impl Mismatch {
    /// A mismatch whose first wrong byte has the offset `first`, with `count` wrong bytes in the block that holds it.
    #[must_use]
    pub fn new(batch: usize, slot: usize, stripe: usize, first: usize, count: u32) -> Self {
        Self { batch, slot, stripe, block: first / BLOCK_BYTES, first, count }
    }
}

/// A block of a slot in which wrong bytes were made right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Correction {
    /// Which batch of the call.
    pub batch: usize,
    /// Which slot (in a codec's reports: which shard).
    pub slot: usize,
    /// Which stripe.
    pub stripe: usize,
    /// Which block of [`BLOCK_BYTES`] within the slot's bytes in that stripe.
    pub block: usize,
    /// Offsets of the first and the last byte that were wrong, within the slot's bytes in that stripe.
    pub first: usize,
    /// See `first`.
    pub last: usize,
    /// Bytes of the block that were wrong.
    pub count: u32,
}

impl Correction {
    /// A correction of `count` bytes, the first and the last of them at the ends of `bytes`. Both must be in one block.
    #[must_use]
    pub fn new(batch: usize, slot: usize, stripe: usize, bytes: RangeInclusive<usize>, count: u32) -> Self {
        let (first, last) = bytes.into_inner();
        Self { batch, slot, stripe, block: first / BLOCK_BYTES, first, last, count }
    }
}

/// A block, across all slots, with columns that hold more errors than the code can correct. They were left as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Uncorrectable {
    /// Which batch of the call.
    pub batch: usize,
    /// Which stripe.
    pub stripe: usize,
    /// Which block of [`BLOCK_BYTES`] within the slots' bytes in that stripe.
    pub block: usize,
    /// The first and the last such column, within the slots' bytes in that stripe.
    pub first: usize,
    /// See `first`.
    pub last: usize,
    /// Such columns of the block.
    pub count: u32,
}

impl Uncorrectable {
    /// `count` columns left as they were, the first and the last of them at the ends of `columns`. Both must be in one block.
    #[must_use]
    pub fn new(batch: usize, stripe: usize, columns: RangeInclusive<usize>, count: u32) -> Self {
        let (first, last) = columns.into_inner();
        Self { batch, stripe, block: first / BLOCK_BYTES, first, last, count }
    }
}

/// How a device reaches the host's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostMemory {
    /// Memory from [`Backend::allocate`], or registered by its owner, is part of the device's address space: kernels
    /// read and write it in place. What is not registered is mapped or staged.
    Registered,
    /// Copied by the host's threads into buffers that are mapped, and that kernels read and write themselves.
    Mapped,
    /// Copied by the host's threads into buffers that are mapped, and from there by the device into its own memory.
    Staged,
}

impl fmt::Display for HostMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "registered",
            Self::Mapped => "mapped",
            Self::Staged => "staged",
        })
    }
}

/// What a backend is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// `cpu`, `gpu` or `auto`.
    pub backend: &'static str,
    /// The device, as one would name it to a colleague.
    pub device: String,
    /// Whether a GPU is only imitated by the CPU, as lavapipe does.
    pub software: bool,
    /// How it reaches the host's memory; `None` if that is its own.
    pub memory: Option<HostMemory>,
}

impl Info {
    /// A backend that is not software and works on the host's memory. The other fields can be set afterwards.
    #[must_use]
    pub fn new(backend: &'static str, device: impl Into<String>) -> Self {
        Self { backend, device: device.into(), software: false, memory: None }
    }
}

/// Something that runs batches.
///
/// Any program may implement this trait. A later version that adds a method gives it a default, so that such programs still
/// compile.
pub trait Backend: Send + Sync {
    /// What it is.
    fn info(&self) -> Info;

    /// Zeroed memory that this backend reaches as cheaply as it can.
    ///
    /// # Errors
    /// [`Error::HostMemory`], or a device error.
    fn allocate(&self, bytes: usize) -> Result<Region, Error>;

    /// Whether this backend would work on the batch where it lies, without a copy of it.
    fn is_in_place(&self, batch: &Batch<'_>) -> bool {
        let _ = batch;
        false
    }

    /// Runs every batch and returns when all are done.
    ///
    /// # Errors
    /// A device error: then sources are unchanged and targets unspecified, and the same call may be made elsewhere.
    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error>;
}
