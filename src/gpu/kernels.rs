//! Which kernel runs a plan: the table kernel at once, a compiled one when it is ready.
//!
//! Compiling takes from 10 ms to a second, so no call waits for it. A plan that has moved enough bytes is handed to a
//! thread that compiles; the table kernel serves meanwhile. The state of a matrix (its tables, its compiled
//! kernel, the bytes it has moved) is kept for the most recently used matrices.

mod launches;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use super::compiled::{self, Compiled, Key};
use super::crc::Crc;
use super::device::Device;
use super::exit;
use super::invert::Invert;
use super::kernel::Kernel;
use super::launch::{Addressing, Launch, Mode};
use super::table::{Table, Tables, storage};
use super::variant::Variant;
use super::work::Work;
use crate::plan::{Interpolation, Matrices};
use crate::recent::Recent;
use crate::{Error, Matrix, Plan};
pub(super) use launches::Launches;

/// A plan is compiled after it has moved this many bytes. With less, compiling costs more time than it saves.
const COMPILE_AFTER_BYTES: u64 = 256 << 20;
/// The largest matrix that is compiled, in coefficients. The text grows with their number.
const MOST_COEFFICIENTS: usize = 128 * 128;
/// The most sources and targets of a matrix that is compiled: their offsets fill a uniform buffer of 16 KiB, which every
/// device binds.
const MOST_SLOTS: usize = 4096;
/// The number of matrices whose state is kept.
const REMEMBERED: usize = 64;

/// The tables of plans, if each stripe has its own plan.
#[derive(Clone)]
pub(super) enum PerStripe {
    /// Computed by the host, for all dispatches of a task.
    Made(Arc<Tables>),
    /// Computed by the device: each dispatch computes those of its stripes, for repairs of this code.
    ByDevice(Arc<Interpolation>),
}

pub(super) struct Kernels {
    device: Arc<Device>,
    table: Table,
    invert: Invert,
    crc: Crc,
    forced: Option<Kernel>,
    /// The variant of every compiled kernel, in place of the best one for its shape.
    variant: Option<Variant>,
    known: Arc<Known>,
    builder: Builder,
}

/// The state of the most recently used matrices.
type Known = Recent<Key, Entry>;

#[derive(Default)]
struct Entry {
    tables: Option<Arc<Tables>>,
    compiled: State,
    moved_bytes: u64,
}

/// A key that borrows its matrix, so that a dispatch finds the state without a copy.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    matrix: &'a Matrix,
    mode: Mode,
    addressing: Addressing,
    fused: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Cold,
    Building,
    Ready(Arc<Compiled>),
    /// The driver refused it. This was logged once and is not tried again.
    Failed,
}

/// A kernel that is ready to run.
#[derive(Clone)]
enum Ready {
    Table(Arc<Tables>),
    Compiled(Arc<Compiled>),
    /// Checksums with it.
    Fused(Arc<Compiled>),
}

impl Kernels {
    pub(super) fn new(
        device: Arc<Device>,
        forced: Option<Kernel>,
        variant: Option<Variant>,
        invert_from: Option<usize>,
    ) -> Result<Self, Error> {
        let table = Table::new(&device)?;
        let (invert, crc) = (Invert::new(&device, invert_from)?, Crc::new(&device)?);
        let known = Arc::new(Known::new(REMEMBERED));
        let builder = Builder::new(Arc::clone(&device), Arc::clone(&known));
        Ok(Self { device, table, invert, crc, forced, variant, known, builder })
    }

    /// The kernel that runs this work now, bound to its buffers. `tables` comes from [`Kernels::tables_per_stripe`] for the
    /// same plans.
    pub(super) fn launch(&self, work: &Work<'_>, tables: Option<&PerStripe>) -> Result<Launch, Error> {
        let plans = work.matrices.plans();
        match (tables, plans) {
            (None, [plan]) => self.launch_ready(&self.ready(plan, work)?, plan, work),
            // Never with checksums: a batch with checksums has one plan.
            (Some(PerStripe::ByDevice(code)), plans) => {
                self.invert.launch(&self.device, &self.table, code, plans, work)
            }
            (Some(PerStripe::Made(tables)), _) => {
                let count = u32::try_from(plans.len()).expect("plans are numbered by u32");
                let plan_of = storage(&self.device, "plan_of", work.plan_of)?;
                let slots = tables.slots(&self.device, plans, work.source, work.target)?;
                self.table.launch(&self.device, tables, &slots, Some((&plan_of, count)), work)
            }
            // Without a plan there is no stripe.
            (None, _) => Ok(Launch { kernel: "table", passes: Vec::new() }),
        }
    }

    fn launch_ready(&self, ready: &Ready, plan: &Plan, work: &Work<'_>) -> Result<Launch, Error> {
        // The plan only reads: at most checksums of its sources are wanted.
        if plan.targets().is_empty() {
            return Ok(Launch { kernel: "crc", passes: self.crc.passes(&self.device, plan, work)? });
        }
        let mut launch = match ready {
            Ready::Fused(kernel) => return kernel.launch(&self.device, plan, work),
            Ready::Compiled(kernel) => kernel.launch(&self.device, plan, work)?,
            Ready::Table(tables) => {
                let slots = tables.slots(&self.device, std::slice::from_ref(plan), work.source, work.target)?;
                self.table.launch(&self.device, tables, &slots, None, work)?
            }
        };
        if work.buffers.crc.is_some() {
            launch.kernel = if matches!(ready, Ready::Table(_)) { "table, crc" } else { "compiled, crc" };
            launch.passes.extend(self.crc.passes(&self.device, plan, work)?);
        }
        Ok(launch)
    }

    /// The tables of plans that differ between stripes, made once for all dispatches of a task, which all have the same number
    /// of stripes; `None` if one plan serves all stripes.
    pub(super) fn tables_per_stripe(&self, matrices: Matrices<'_>, stripes: usize) -> Result<Option<PerStripe>, Error> {
        match matrices.plans() {
            [] | [_] => Ok(None),
            plans => Ok(Some(match self.invert.serves(plans, stripes) {
                Some(code) => PerStripe::ByDevice(Arc::clone(code)),
                None => PerStripe::Made(Arc::new(Tables::new(&self.device, plans)?)),
            })),
        }
    }

    /// The kernel for a plan now. Requests a compiled one if it is worth compiling.
    fn ready(&self, plan: &Plan, work: &Work<'_>) -> Result<Ready, Error> {
        if work.buffers.crc.is_some()
            && let Some(kernel) = self.compiled(&Wanted::new(plan, work, true), plan, work)?
        {
            return Ok(Ready::Fused(kernel));
        }
        let wanted = Wanted::new(plan, work, false);
        if let Some(kernel) = self.compiled(&wanted, plan, work)? {
            return Ok(Ready::Compiled(kernel));
        }
        if let Some(tables) = wanted.find(&self.known, |entry| entry.tables.clone()) {
            return Ok(Ready::Table(tables));
        }
        let tables = Arc::new(Tables::new(&self.device, std::slice::from_ref(plan))?);
        wanted.find(&self.known, |entry| entry.tables = Some(Arc::clone(&tables)));
        Ok(Ready::Table(tables))
    }

    /// The compiled kernel for a plan, if it is ready. Requests it if it is worth compiling.
    fn compiled(&self, wanted: &Wanted<'_>, plan: &Plan, work: &Work<'_>) -> Result<Option<Arc<Compiled>>, Error> {
        let ready = wanted.find(&self.known, |entry| {
            entry.moved_bytes += work.traffic_bytes();
            if let State::Ready(kernel) = &entry.compiled {
                return Some(Arc::clone(kernel));
            }
            let worth_it = entry.moved_bytes >= COMPILE_AFTER_BYTES || plan.is_lasting();
            let asks = self.forced.is_none() && worth_it && matches!(entry.compiled, State::Cold);
            if asks && wanted.is_compilable() {
                entry.compiled = State::Building;
                self.builder.ask(wanted.key());
            }
            None
        });
        match self.forced {
            Some(Kernel::Compiled) if ready.is_none() && wanted.is_compilable() => {
                // The lock is not held, so that another thread can compile a different kernel meanwhile.
                let key = wanted.key();
                let kernel =
                    Arc::new(Compiled::new(&self.device, &key, self.variant.unwrap_or_else(|| best_variant(&key)))?);
                wanted.find(&self.known, |entry| entry.compiled = State::Ready(Arc::clone(&kernel)));
                Ok(Some(kernel))
            }
            _ => Ok(ready),
        }
    }
}

impl<'a> Wanted<'a> {
    fn new(plan: &'a Plan, work: &Work<'_>, fused: bool) -> Self {
        let mode = work.buffers.mode();
        // A check only reads, and the same text serves both layouts.
        let addressing = if mode == Mode::Check { Addressing::Separate } else { work.buffers.addressing };
        Self { matrix: plan.matrix(), mode, addressing, fused }
    }

    fn key(&self) -> Key {
        let Self { matrix, mode, addressing, fused } = *self;
        Key { matrix: matrix.clone(), mode, addressing, fused }
    }

    /// Calls `then` with the state of the matrix. A new matrix gets an empty state.
    fn find<R>(&self, known: &Known, then: impl FnOnce(&mut Entry) -> R) -> R {
        let Self { matrix, mode, addressing, fused } = *self;
        let fits =
            |key: &Key| (key.mode, key.addressing, key.fused) == (mode, addressing, fused) && key.matrix == *matrix;
        known.with_or_new(fits, || (self.key(), Entry::default()), then)
    }

    fn is_compilable(&self) -> bool {
        let (sources, targets) = (self.matrix.cols(), self.matrix.rows());
        // A kernel of an empty matrix would not use all its bindings.
        (1..=MOST_COEFFICIENTS).contains(&(sources * targets))
            && sources + targets <= MOST_SLOTS
            && (!self.fused || compiled::can_fuse(self.matrix, self.mode))
    }
}

impl Ready {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(a), Self::Table(b)) => Arc::ptr_eq(a, b),
            (Self::Compiled(a), Self::Compiled(b)) | (Self::Fused(a), Self::Fused(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

fn best_variant(key: &Key) -> Variant {
    Variant::choose(key.matrix.cols(), key.matrix.rows())
}

/// The thread that compiles. When its owner is dropped, it finishes the current kernel and ends.
struct Builder {
    requests: Option<mpsc::Sender<Key>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Builder {
    fn new(device: Arc<Device>, known: Arc<Known>) -> Self {
        let (requests, waiting) = mpsc::channel::<Key>();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let build = move || {
            for key in waiting {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let is_wanted = |entry: &mut Entry| matches!(entry.compiled, State::Building);
                if known.with(|kept| *kept == key, is_wanted) != Some(true) {
                    continue;
                }
                let Some(running) = exit::running() else { exit::stay() };
                let kernel = Compiled::new(&device, &key, best_variant(&key));
                let compiled = match kernel {
                    Ok(kernel) => State::Ready(Arc::new(kernel)),
                    Err(error) => {
                        log::warn!("the table kernel serves on: {}", error.with_sources());
                        State::Failed
                    }
                };
                // If the matrix was forgotten meanwhile, this drops the kernel inside the driver.
                known.with(|kept| *kept == key, |entry| entry.compiled = compiled);
                drop(running);
            }
        };
        let thread = std::thread::Builder::new().name("evariste-compile".to_owned()).spawn(build);
        if let Err(error) = &thread {
            log::warn!("no thread to compile kernels, the table kernel serves: {error}");
        }
        Self { requests: Some(requests), stop, thread: thread.ok() }
    }

    fn ask(&self, key: Key) {
        if let Some(requests) = &self.requests {
            // If the thread could not start, nothing receives this; that has been logged.
            drop(requests.send(key));
        }
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been printed already, and no caller is left to receive it.
            drop(thread.join());
        }
    }
}
