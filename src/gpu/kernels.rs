//! Which kernel runs a plan: the table kernel at once, a compiled one when it is ready.
//!
//! Compiling takes from 10 ms to a second, so no call waits for it. A plan that has moved enough bytes is handed to a
//! thread that compiles; the table kernel serves meanwhile. What is known of a matrix (its tables, its compiled kernel,
//! the bytes it has moved) is kept for the matrices used last.

mod launches;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use super::compiled::{Compiled, Key};
use super::crc::Crc;
use super::device::Device;
use super::exit;
use super::invert::Invert;
use super::kernel::{Kernel, Variant};
use super::launch::{Addressing, Launch, Mode};
use super::table::{Table, Tables, storage};
use super::work::Work;
use crate::plan::{Interpolation, Matrices};
use crate::{Error, Plan};
pub(super) use launches::Launches;

/// A plan that has moved this many bytes is compiled: below, the time to compile is not won back.
const COMPILE_AFTER_BYTES: u64 = 256 << 20;
/// The largest matrix that is compiled, in coefficients: text grows with them.
const MOST_COEFFICIENTS: usize = 128 * 128;
/// The most sources and targets of a matrix that is compiled: their offsets fill a uniform buffer of 16 KiB, which every
/// device binds.
const MOST_SLOTS: usize = 4096;
/// Matrices that are remembered.
const REMEMBERED: usize = 64;

/// The tables of plans that stripes have of their own.
#[derive(Clone)]
pub(super) enum PerStripe {
    /// Made by the host, for all dispatches of a task.
    Made(Arc<Tables>),
    /// To be made by the device, by each dispatch for its stripes, of repairs by this code.
    ByDevice(Arc<Interpolation>),
}

pub(super) struct Kernels {
    device: Arc<Device>,
    table: Table,
    invert: Invert,
    crc: Crc,
    forced: Option<Kernel>,
    known: Arc<Mutex<Known>>,
    builder: Builder,
}

/// What is known of the matrices used last.
#[derive(Default)]
struct Known {
    entries: HashMap<Key, Entry>,
    clock: u64,
}

#[derive(Default)]
struct Entry {
    tables: Option<Arc<Tables>>,
    compiled: State,
    moved_bytes: u64,
    last_use: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Cold,
    Building,
    Ready(Arc<Compiled>),
    /// The driver refused it; said once, and not tried again.
    Failed,
}

/// A kernel that is ready to run.
enum Ready {
    Table(Arc<Tables>),
    Compiled(Arc<Compiled>),
    /// Checksums with it.
    Fused(Arc<Compiled>),
}

impl Kernels {
    pub(super) fn new(device: Arc<Device>, forced: Option<Kernel>, invert_from: Option<usize>) -> Result<Self, Error> {
        let table = Table::new(&device)?;
        let (invert, crc) = (Invert::new(&device, invert_from)?, Crc::new(&device)?);
        let known = Arc::default();
        let builder = Builder::new(Arc::clone(&device), Arc::clone(&known));
        Ok(Self { device, table, invert, crc, forced, known, builder })
    }

    /// The kernel that runs this work now, bound to its buffers. `tables` is what [`Kernels::tables_per_stripe`] made of the
    /// plans.
    pub(super) fn launch(&self, work: &Work<'_>, tables: Option<&PerStripe>) -> Result<Launch, Error> {
        let plans = work.matrices.plans();
        match (tables, plans) {
            (None, [plan]) => self.launch_ready(&self.ready(plan, work)?, plan, work),
            // Never with checksums: a batch has them of one plan.
            (Some(PerStripe::ByDevice(code)), plans) => {
                self.invert.launch(&self.device, &self.table, code, plans, work)
            }
            (Some(PerStripe::Made(tables)), _) => {
                let count = u32::try_from(plans.len()).expect("plans are numbered by u32");
                let plan_of = storage(&self.device, "plan_of", work.plan_of)?;
                let slots = tables.slots(&self.device, plans, work.source, work.target)?;
                self.table.launch(&self.device, tables, &slots, Some((&plan_of, count)), work)
            }
            // No plan, no stripe.
            (None, _) => Ok(Launch { kernel: "table", passes: Vec::new() }),
        }
    }

    fn launch_ready(&self, ready: &Ready, plan: &Plan, work: &Work<'_>) -> Result<Launch, Error> {
        // Nothing is to be computed, so that checksums of the sources are all that can be wanted.
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

    /// The tables of the plans where each stripe has its own, once for all dispatches of a task, each of
    /// as many stripes; `None` where one plan serves all stripes.
    pub(super) fn tables_per_stripe(&self, matrices: Matrices<'_>, stripes: usize) -> Result<Option<PerStripe>, Error> {
        match matrices.plans() {
            [] | [_] => Ok(None),
            plans => Ok(Some(match self.invert.serves(plans, stripes) {
                Some(code) => PerStripe::ByDevice(Arc::clone(code)),
                None => PerStripe::Made(Arc::new(Tables::new(&self.device, plans)?)),
            })),
        }
    }

    /// The kernel for a plan now; asks for a better one if that is worth it.
    fn ready(&self, plan: &Plan, work: &Work<'_>) -> Result<Ready, Error> {
        if work.buffers.crc.is_some()
            && let Some(kernel) = self.compiled(plan, work, true)?
        {
            return Ok(Ready::Fused(kernel));
        }
        if let Some(kernel) = self.compiled(plan, work, false)? {
            return Ok(Ready::Compiled(kernel));
        }
        let key = self.key(plan, work, false);
        if let Some(tables) = &lock(&self.known).entry(&key).tables {
            return Ok(Ready::Table(Arc::clone(tables)));
        }
        let tables = Arc::new(Tables::new(&self.device, std::slice::from_ref(plan))?);
        lock(&self.known).entry(&key).tables = Some(Arc::clone(&tables));
        Ok(Ready::Table(tables))
    }

    fn key(&self, plan: &Plan, work: &Work<'_>, fused: bool) -> Key {
        let mode = work.buffers.mode();
        // A check only reads, and one text does for both.
        let addressing = if mode == Mode::Check { Addressing::Separate } else { work.buffers.addressing };
        Key { matrix: plan.matrix().clone(), mode, addressing, fused }
    }

    /// The compiled kernel for a plan, if it is ready; it is asked for if that is worth it.
    fn compiled(&self, plan: &Plan, work: &Work<'_>, fused: bool) -> Result<Option<Arc<Compiled>>, Error> {
        let key = self.key(plan, work, fused);
        let (sources, targets) = (plan.sources().len(), plan.targets().len());
        // A kernel of nothing would not use all that is bound to it.
        let compilable = (1..=MOST_COEFFICIENTS).contains(&(sources * targets))
            && sources + targets <= MOST_SLOTS
            && self.forced != Some(Kernel::Table)
            && key.is_possible();
        let mut known = lock(&self.known);
        let entry = known.entry(&key);
        entry.moved_bytes += work.traffic_bytes();
        if let State::Ready(kernel) = &entry.compiled {
            return Ok(Some(Arc::clone(kernel)));
        }
        if compilable && let Some(forced) = self.forced {
            // Without the lock: another thread may compile something else meanwhile.
            drop(known);
            let kernel = Arc::new(Compiled::new(&self.device, &key, variant(&key, Some(forced)))?);
            lock(&self.known).entry(&key).compiled = State::Ready(Arc::clone(&kernel));
            return Ok(Some(kernel));
        }
        let worth_it = entry.moved_bytes >= COMPILE_AFTER_BYTES || plan.is_lasting();
        if compilable && worth_it && matches!(entry.compiled, State::Cold) {
            entry.compiled = State::Building;
            self.builder.ask(key.clone());
        }
        Ok(None)
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

fn variant(key: &Key, forced: Option<Kernel>) -> Variant {
    match forced {
        Some(Kernel::Variant(variant)) => variant,
        _ => Variant::choose(key.matrix.cols(), key.matrix.rows()),
    }
}

impl Known {
    /// What is known of a matrix; if nothing is, room is made by forgetting the one used longest ago.
    fn entry(&mut self, key: &Key) -> &mut Entry {
        self.clock += 1;
        if self.entries.len() >= REMEMBERED && !self.entries.contains_key(key) {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_use).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        let entry = self.entries.entry(key.clone()).or_default();
        entry.last_use = self.clock;
        entry
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    // Whoever panicked while holding the lock left a whole map behind.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread that compiles. It ends with its owner, after the kernel it is at.
struct Builder {
    requests: Option<mpsc::Sender<Key>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Builder {
    fn new(device: Arc<Device>, known: Arc<Mutex<Known>>) -> Self {
        let (requests, waiting) = mpsc::channel::<Key>();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let build = move || {
            for key in waiting {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let still_wanted = |entry: &Entry| matches!(entry.compiled, State::Building);
                if !lock(&known).entries.get(&key).is_some_and(still_wanted) {
                    continue;
                }
                let Some(running) = exit::running() else { exit::stay() };
                let kernel = Compiled::new(&device, &key, variant(&key, None));
                let compiled = match kernel {
                    Ok(kernel) => State::Ready(Arc::new(kernel)),
                    Err(error) => {
                        log::warn!("the table kernel serves on: {}", error.with_sources());
                        State::Failed
                    }
                };
                match lock(&known).entries.get_mut(&key) {
                    Some(entry) => entry.compiled = compiled,
                    // A matrix that was forgotten meanwhile is not remembered for this. To drop its kernel is the driver's work.
                    None => drop(compiled),
                }
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
            // Without a thread nobody listens, and that has been said.
            drop(requests.send(key));
        }
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been printed; there is nobody left to tell.
            drop(thread.join());
        }
    }
}
