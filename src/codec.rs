//! Codecs: a code and a backend together, which is what most users hold.
//!
//! Every call checks its arguments first: after an argument error nothing has changed. After a device error the sources are
//! unchanged and the targets unspecified; the automatic backend ([`Codec::new`]) then runs the whole call again on the CPU.
//! A correction writes where it reads, but a column only when its correction is complete: after a device error some columns
//! are right and the others unchanged, so the same call finishes the rest.
//!
//! **From an object to shards and back.** [`Codec::split`] cuts an object of any length into shards, [`Codec::encode`] adds
//! parity, [`Codec::reconstruct_wanted`] rebuilds what a reader needs of the shards that arrived, and
//! [`Codec::join_present`] returns the object. Only its length has to be kept beside the shards.
//!
//! ```
//! use evariste::{Code, Codec};
//!
//! let codec = Codec::new(Code::reed_solomon(10, 4)?)?;
//! for number in 0..1000_usize {
//!     let object: Vec<u8> = (0..number * 7).map(|at| (at * number % 251) as u8).collect(); // 0 to 6993 bytes
//!     let mut shards = codec.split(&object);
//!     codec.encode(&mut shards)?;
//!
//!     // Each shard goes to a device of its own. Three of them do not answer.
//!     let mut arrived: Vec<Option<Vec<u8>>> = shards.into_iter().map(Some).collect();
//!     let first = number % 10;
//!     for lost in [first, 10, 13] {
//!         arrived[lost] = None;
//!     }
//!     codec.reconstruct_wanted(&mut arrived, &[first])?; // the lost parity shards get no memory
//!     assert!(arrived[10].is_none());
//!     assert_eq!(codec.join_present(&arrived, object.len())?, object);
//! }
//! # Ok::<(), evariste::Error>(())
//! ```

mod checksums;
mod columns;
mod correct;
mod corrections;
mod encode;
mod flat;
mod missing;
mod object;
mod reconstruct;
mod repairs;
mod shards;
mod stripe;
mod update;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub use checksums::Checksums;
pub use columns::Columns;
pub use corrections::{Beyond, Contradicted, Corrected, Corrections};
pub use flat::Flat;
pub use shards::{Iter, IterMut, Shards};
pub use stripe::{Stripe, StripeRef};

use crate::auto::Auto;
use crate::backend::{Backend, Batch, Report, Task};
use crate::memory::View;
use crate::{Code, Error, Grs, Plan};
use repairs::Repairs;

/// A code and the backend that computes it.
///
/// Wherever a codec takes shards, it takes [`Shards`], a [`Flat`] buffer, or a slice, array or vector of anything that is
/// bytes. All shards of a stripe have the same length, in bytes, of at least 1.
///
/// ```
/// use evariste::{Code, Codec};
///
/// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
/// let mut shards = vec![vec![1u8; 1000], vec![2; 1000], vec![3; 1000], vec![4; 1000], vec![0; 1000], vec![0; 1000]];
/// codec.encode(&mut shards)?;
/// let whole = shards.clone();
///
/// shards[1].fill(0); // lost
/// shards[4].fill(0); // lost
/// codec.reconstruct(&mut shards, &[1, 4])?;
/// assert_eq!(shards, whole);
/// assert!(codec.verify(&shards)?.is_consistent());
/// # Ok::<(), evariste::Error>(())
/// ```
///
/// # Threads
///
/// A codec is `Send` and `Sync`, and calls from several threads run at the same time. A clone shares everything with its
/// original and costs one reference count, so give each thread or task a clone. Clones share the plans of the last 32 repairs,
/// too: clone a codec rather than make another one of the same code.
///
/// **Every call blocks** until its result is written. A call runs on the thread that makes it. If it moves so many bytes that
/// more threads make it faster (from 1 MiB on 16 cores, from 8 MiB on 2), it also uses the rayon pool of that thread, which is
/// the global pool unless the thread belongs to another.
///
/// **With rayon**, code many small objects by a parallel iterator over the objects. Each call stays on its thread:
///
/// ```
/// use evariste::{Code, Codec, Error};
/// use rayon::prelude::*;
///
/// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
/// let objects = vec![b"an object"; 100];
/// let encode = |object: &&[u8; 9]| {
///     let mut shards = codec.split(*object);
///     codec.encode(&mut shards).map(|()| shards)
/// };
/// let encoded: Vec<Vec<Vec<u8>>> = objects.par_iter().map(encode).collect::<Result<_, Error>>()?;
/// assert_eq!(encoded.len(), 100);
/// # Ok::<(), Error>(())
/// ```
///
/// To keep a large call off some cores, make it within `install` of a smaller `rayon::ThreadPool`.
///
/// **With tokio** and other asynchronous runtimes, make the call on a thread that may block, since a future must not:
/// `tokio::task::spawn_blocking` takes the closure that `std::thread::spawn` takes here.
///
/// ```
/// use evariste::{Code, Codec};
///
/// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
/// let mut shards = codec.split(b"an object");
/// let encoding = std::thread::spawn({
///     let codec = codec.clone();
///     move || codec.encode(&mut shards).map(|()| shards)
/// });
/// let shards = encoding.join().expect("the thread does not panic")?;
/// assert!(codec.verify(&shards)?.is_consistent());
/// # Ok::<(), evariste::Error>(())
/// ```
///
/// # The GPU
///
/// On the automatic backend the first large call opens the GPU, measures it and the CPU, and takes that much longer. A call is
/// large if it moves 32 MiB or more; [`Codec::shards`] of 32 MiB or more opens the GPU, too. Until then every call runs on the
/// CPU. A program that cannot wait in the middle of its work opens the GPU when it starts:
///
/// ```
/// use evariste::{Auto, Code, Codec};
///
/// let gpu = Auto::shared()?.open_now()?; // `None` if there is no GPU to use
/// let codec = Codec::new(Code::reed_solomon(10, 4)?)?; // on the same backend
/// # drop((gpu, codec));
/// # Ok::<(), evariste::Error>(())
/// ```
///
/// To use the CPU alone, take [`Codec::on`] with a [`Cpu`](crate::Cpu).
#[derive(Clone)]
pub struct Codec {
    shared: Arc<Shared>,
}

/// What the clones of a codec share.
struct Shared {
    code: Code,
    encode: Plan,
    /// What [`Code::grs`] returned, once it has been called.
    grs: OnceLock<Option<Arc<Grs>>>,
    repairs: Repairs,
    backend: Arc<dyn Backend>,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec")
            .field("code", &self.code().name())
            .field("data_shards", &self.code().data_shards())
            .field("parity_shards", &self.code().parity_shards())
            .field("backend", &self.backend().info())
            .finish_non_exhaustive()
    }
}

impl Codec {
    /// A codec on the automatic backend that the process shares ([`Auto::shared`]): a GPU for large calls where there is one,
    /// else the CPU.
    ///
    /// # Errors
    /// [`Error::Environment`] if an environment variable cannot be used.
    pub fn new(code: Code) -> Result<Self, Error> {
        Ok(Self::on(code, Auto::shared()?))
    }

    /// A codec on a backend of the caller's choice, which several codecs may share.
    #[must_use]
    pub fn on(code: Code, backend: Arc<dyn Backend>) -> Self {
        let encode = code.encode_plan();
        Self { shared: Arc::new(Shared { encode, grs: OnceLock::new(), repairs: Repairs::default(), code, backend }) }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.shared.code
    }

    /// The backend.
    #[must_use]
    pub fn backend(&self) -> &dyn Backend {
        &*self.shared.backend
    }

    /// Zeroed memory for all n shards, `shard_bytes` bytes each, where the backend reaches it most cheaply.
    ///
    /// # Errors
    /// [`Error::EmptyShards`] for 0 bytes; [`Error::HostMemory`], or a device error.
    pub fn shards(&self, shard_bytes: usize) -> Result<Shards, Error> {
        Shards::allocate(self.backend(), self.code(), shard_bytes)
    }

    /// The plan of a repair. The plans used last are kept, so a repeated loss is solved once.
    pub(crate) fn repair_plan(&self, lost: &[usize], wanted: &[usize]) -> Result<Arc<Plan>, Error> {
        self.shared.repairs.plan(self.code(), self.grs(), lost, wanted)
    }

    fn encode_plan(&self) -> &Plan {
        &self.shared.encode
    }

    /// The code as a generalised Reed-Solomon code, if it is one.
    fn grs(&self) -> Option<&Arc<Grs>> {
        self.shared.grs.get_or_init(|| self.code().grs().ok().map(Arc::new)).as_ref()
    }

    fn write(&self, plan: &Plan, view: View<'_>) -> Result<(), Error> {
        self.run(Task::write(plan), view).map(|_| ())
    }

    fn run(&self, task: Task<'_>, view: View<'_>) -> Result<Report, Error> {
        self.backend().run(&mut [Batch::new(task, view)?])
    }

    /// Runs a task of one plan over the code's shards in one stripe.
    fn run_with_checksums(&self, task: Task<'_>, view: View<'_>) -> Result<(Report, Checksums), Error> {
        let shard_bytes = view.bytes();
        let batch = Batch::new(task, view)?;
        let mut crcs = vec![0; batch.checksums()];
        let report = self.backend().run(&mut [batch.with_crc(&mut crcs)?])?;
        let plan = &task.matrices().plans()[0];
        Ok((report, Checksums::of_plan(self.code().total_shards(), shard_bytes, plan, crcs)))
    }
}
