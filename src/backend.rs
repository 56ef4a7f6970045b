//! Backends, which run plans: the CPU, a GPU, or a choice between them.
//!
//! A backend runs batches and does not know their purpose. A [`Batch`] is one [`Task`] over every stripe of a [`View`]. It is
//! checked when it is made. The result of a run is a [`Report`]. [`Backend`] lists what an implementer owes.
//!
//! Two stripes of 3 + 2 shards in one buffer of the caller, shard after shard and stripe after stripe:
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
mod info;
mod report;

use std::fmt;

pub use erasures::Erasures;
pub use info::{HostMemory, Info};
pub use report::{Correction, Mismatch, Report, Uncorrectable};

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
    /// Compute the plan's targets and compare them with the bytes in the view. Write nothing.
    Check(&'a Plan),
    /// Find the wrong bytes in all slots and correct them. The slots are the code's shards, in order.
    ///
    /// A byte column with e wrong bytes at unknown places and s bytes in erased slots is corrected if 2e + s is at most the
    /// number of parity shards. Any other inconsistent column stays as it is and is reported as uncorrectable.
    /// If a block has more erased slots than there are parity shards, nothing in it is corrected: every inconsistent column is
    /// reported as uncorrectable.
    Correct {
        /// The code.
        grs: &'a Grs,
        /// The slots that are known to be wrong. Their bytes are ignored, even if they are right.
        erased: &'a Erasures,
    },
}

impl<'a> Task<'a> {
    /// A task that writes one plan's targets in every stripe.
    #[must_use]
    pub fn write(plan: &'a Plan) -> Self {
        Self::Write(Matrices::One(plan))
    }

    /// The plans: those that are written, the one that is checked, or the check plan of the code.
    #[must_use]
    pub fn matrices(&self) -> Matrices<'a> {
        match self {
            Self::Write(matrices) => *matrices,
            Self::Check(plan) => Matrices::One(plan),
            Self::Correct { grs, .. } => Matrices::One(grs.check_plan()),
        }
    }

    /// Checks that the task can compute checksums: its sources and targets must be those of one plan.
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

    /// The same batch, but its run also writes the CRC-32C of every block of [`BLOCK_BYTES`] of every source and target to
    /// `crc`. The checksums of targets are those of their bytes after the run. The last block of a stripe may be shorter.
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

    /// The number of checksums: one for each block of each source and target in each stripe.
    #[must_use]
    pub fn checksums(&self) -> usize {
        let stripe_blocks = self.view.bytes().div_ceil(BLOCK_BYTES);
        self.traffic_of(stripe_blocks, stripe_blocks.saturating_mul(self.view.stripes()))
    }

    /// Checks that the plan and the checksums fit the view, as [`Batch::new`] and [`Batch::with_crc`] do.
    ///
    /// A backend calls this for all batches before it runs the first, because [`Batch::view_mut`] lets a caller replace the view
    /// of a batch.
    ///
    /// # Errors
    /// As [`Batch::new`] and [`Batch::with_crc`].
    pub fn check(&self) -> Result<(), Error> {
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

    /// Checks that a requested list of checksums belongs to one plan and has the right length.
    fn check_crc(&self) -> Result<(), Error> {
        let Some(crc) = &self.crc else { return Ok(()) };
        self.task.check_checksums()?;
        let (given, expected) = (crc.len(), self.checksums());
        if given == expected { Ok(()) } else { Err(Error::ChecksumCount { given, expected }) }
    }

    /// The task.
    #[must_use]
    pub fn task(&self) -> Task<'a> {
        self.task
    }

    /// The memory it runs on.
    #[must_use]
    pub fn view(&self) -> &View<'a> {
        &self.view
    }

    /// The memory it runs on, to be written.
    pub fn view_mut(&mut self) -> &mut View<'a> {
        &mut self.view
    }

    /// The destination of its checksums, if they are wanted.
    #[must_use]
    pub fn crc(&self) -> Option<&[u32]> {
        self.crc.as_deref()
    }

    /// The destination of its checksums, to be written, if they are wanted.
    pub fn crc_mut(&mut self) -> Option<&mut [u32]> {
        self.crc.as_deref_mut()
    }

    /// The view and the destination of checksums, both to be written.
    pub(crate) fn parts_mut(&mut self) -> (&mut View<'a>, Option<&mut [u32]>) {
        (&mut self.view, self.crc.as_deref_mut())
    }

    /// Bytes that this batch reads and writes. Its cost grows with them.
    #[must_use]
    pub fn traffic_bytes(&self) -> usize {
        self.traffic_of(self.view.bytes(), self.view.total_bytes())
    }

    /// Adds up an amount over all stripes, and in each stripe over the slots that its plan names. A slot has `of_stripe` of it in
    /// one stripe and `of_all` in all stripes.
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

/// Something that runs batches.
///
/// Any program may implement this trait. A later version that adds a method gives it a default, so that such programs still
/// compile.
///
/// # What an implementer owes
/// Callers, [`Codec`](crate::Codec) among them, rely on this of [`Backend::run`]:
///
/// - It calls [`Batch::check`] for all batches before it runs the first, and returns the error of the first that fails. Nothing
///   has been written then.
/// - It runs every task or refuses it. [`Task`] may get more variants: for one that it does not know it returns
///   [`Error::UnknownTask`], before it writes anything. It never skips a batch.
/// - It fills [`Batch::crc_mut`] if that is present, in the order that [`Batch::with_crc`] states.
/// - In the report, `batch` is an index into the slice that the call was given. Each list is sorted as [`Report`] states, which
///   is how its entries compare. A mismatch names a target of the batch's plan, a correction a shard of the code; stripes and
///   offsets are within the view, without padding.
/// - After an error the sources of every write and check are unchanged, and targets may hold anything. A correction that fails may
///   have corrected some columns; all others are unchanged. So a caller can repeat the call, here or on another backend.
/// - It returns only when all batches are done. The memory is the caller's again, also after an error.
/// - Several threads may call it at the same time, with different memory, and so may threads of a rayon pool.
///
/// # Examples
/// A backend that counts what it writes and checks, and lets the CPU compute:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use evariste::backend::{Backend, Batch, Info, Report, Task};
/// use evariste::{Code, Codec, Cpu, Error, Region};
///
/// struct Counting {
///     cpu: Cpu,
///     written: AtomicUsize,
///     checked: AtomicUsize,
/// }
///
/// impl Backend for Counting {
///     fn info(&self) -> Info {
///         Info::new("counting", self.cpu.info().device)
///     }
///
///     fn allocate(&self, bytes: usize) -> Result<Region, Error> {
///         self.cpu.allocate(bytes)
///     }
///
///     fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
///         batches.iter().try_for_each(Batch::check)?;
///         let (mut written, mut checked) = (0, 0);
///         for (index, batch) in batches.iter().enumerate() {
///             match batch.task() {
///                 Task::Write(_) => written += batch.traffic_bytes(),
///                 Task::Check(_) | Task::Correct { .. } => checked += batch.traffic_bytes(),
///                 _ => return Err(Error::UnknownTask { batch: index, backend: "counting" }),
///             }
///         }
///         let report = self.cpu.run(batches)?;
///         self.written.fetch_add(written, Ordering::Relaxed);
///         self.checked.fetch_add(checked, Ordering::Relaxed);
///         Ok(report)
///     }
/// }
///
/// let (written, checked) = (AtomicUsize::new(0), AtomicUsize::new(0));
/// let backend = Arc::new(Counting { cpu: Cpu::new()?, written, checked });
/// let codec = Codec::on(Code::reed_solomon(4, 2)?, Arc::clone(&backend) as Arc<dyn Backend>);
/// let mut shards = codec.split(&[7; 4000]);
/// codec.encode(&mut shards)?;
/// assert!(codec.verify(&shards)?.is_consistent());
/// // Both read 4 data shards of 1000 bytes. One writes 2 parity shards, the other reads them.
/// assert_eq!(backend.written.load(Ordering::Relaxed), 6 * 1000);
/// assert_eq!(backend.checked.load(Ordering::Relaxed), 6 * 1000);
/// # Ok::<(), evariste::Error>(())
/// ```
pub trait Backend: Send + Sync {
    /// What this backend is.
    fn info(&self) -> Info;

    /// Zeroed memory that this backend reaches as cheaply as it can. A backend without memory of its own returns
    /// [`Region::new`].
    ///
    /// # Errors
    /// [`Error::HostMemory`], or a device error.
    fn allocate(&self, bytes: usize) -> Result<Region, Error>;

    /// Whether this backend would work on the memory of the batch itself, and not on a copy.
    fn is_in_place(&self, batch: &Batch<'_>) -> bool {
        let _ = batch;
        false
    }

    /// Runs every batch and returns when all are done.
    ///
    /// # Errors
    /// As [`Batch::check`]; [`Error::UnknownTask`]; a device error. After a device error sources are unchanged and targets may
    /// hold anything, so the same call may be made on another backend.
    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error>;
}
