//! Files as sets of erasure-coded shards.
//!
//! [`protect`] writes a file as a directory of data and parity shards. [`Set::open`] finds the set in a directory.
//! [`Set::verify`] reads the whole set and reports damage, [`Set::repair`] rewrites missing and damaged shards, and
//! [`Set::restore`] writes the file. A [`Scheme`] chooses the layout and the unit. docs/shard-format.md describes the
//! files.
//!
//! ```text
//! protect  file -> batch -> codec -> writer -> shards
//! verify   scan -> set -> reader -> batch -> codec -> health
//! repair   health, then writer and renaming
//! restore  scan -> set -> reader -> batch -> codec -> file
//! ```
//!
//! ```
//! use std::sync::Arc;
//! use evariste::{Backend, Cpu, Layout};
//! use evariste_store::{RepairOptions, Scheme, Set, Verdict, protect, shard_name};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let temp = tempfile::tempdir()?;
//! # let dir = temp.path();
//! std::fs::write(dir.join("file"), vec![7; 100_000])?;
//! let backend: Arc<dyn Backend> = Arc::new(Cpu::new()?);
//! let scheme = Scheme::new(Layout::ReedSolomon { data: 4, parity: 2 }, 4096)?;
//! let protected = protect(dir.join("file"), dir.join("shards"), &scheme, &backend, &())?;
//! assert_eq!(protected.set.shape.file_bytes(), 100_000);
//!
//! std::fs::remove_file(dir.join("shards").join(shard_name(3)))?;
//! let set = Set::open(dir.join("shards"))?;
//! assert!(matches!(set.verify(&backend, &())?.verdict, Verdict::Repairable));
//! assert_eq!(set.repair(&RepairOptions::new(), &backend, &())?.rewritten, [3]);
//!
//! let restored = Set::open(dir.join("shards"))?.restore(dir.join("restored"), &backend, &())?;
//! assert!(!restored.is_damaged);
//! assert_eq!(std::fs::read(dir.join("restored"))?, vec![7; 100_000]);
//! # Ok(())
//! # }
//! ```
//!
//! A *stripe* is k + m units of [`Shape::unit_bytes`] bytes, one of each shard. A *row* is the blocks of 4096 bytes at
//! the same place of all shards. Each block has its own checksum, and each row is rebuilt separately.
//!
//! # Threads
//!
//! Every call blocks until it is done; in an asynchronous program make it on a thread that may block. A call starts four
//! threads, one for each stage, which read and write and end with the call. They hash, read and write in parallel and
//! compute in a rayon pool that all calls of the process share. It is this crate's own and as wide as rayon's default (the
//! number of cores, or `RAYON_NUM_THREADS`), or as wide as the system permits. So calls may be made from any thread, also
//! from jobs of a rayon pool and from as many jobs as the pool has threads. The methods of a [`Watch`] are called outside
//! the pool. A [`Backend`](evariste::Backend) is called in the pool, so its methods must not call this crate.

#![warn(missing_docs)]

mod batch;
mod error;
mod flaw;
mod format;
mod hash;
mod health;
mod loss;
mod losses;
mod names;
mod pipeline;
mod pool;
mod positioned;
mod protect;
mod ranges;
mod reader;
mod renaming;
mod repair;
mod restore;
mod scan;
mod scheme;
mod set;
mod shape;
mod temp;
mod walk;
mod watch;
mod writer;

pub use batch::BATCH_BYTES;
pub use error::{Action, Error, PathProblem};
pub use flaw::{Flaw, Lost, StrayKind};
pub use format::{FormatError, SetHeader, SetId};
pub use health::{Damage, Health, Note, Verdict};
pub use loss::{BeyondRepair, Headerless, Reason, Shortage};
pub use names::shard_name;
pub use pipeline::StageTime;
pub use protect::{Protected, protect};
pub use ranges::Stripes;
pub use renaming::Renaming;
pub use repair::{RepairOptions, RepairPlan, Repaired};
pub use restore::Restored;
pub use scheme::Scheme;
pub use set::Set;
pub use shape::{BLOCK_BYTES, HEADER_BYTES, MAX_FILE_BYTES, MAX_SHARDS, MAX_UNIT_BYTES, Shape, ShapeError, check_unit};
pub use watch::{Phase, Watch};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The compiler warns of a result that is dropped unread. Each example that must not compile has a twin that reads the result
/// and compiles, so that it can fail for no other reason.
///
/// The results of protect, verify and restore:
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use {evariste::Backend, evariste_store::{Error, Scheme, protect}, std::sync::Arc};
/// fn run(scheme: &Scheme, backend: &Arc<dyn Backend>) -> Result<(), Error> {
///     protect("file", "shards", scheme, backend, &())?;
///     Ok(())
/// }
/// ```
/// ```
/// #![deny(unused_must_use)]
/// # use {evariste::Backend, evariste_store::{Error, Scheme, SetId, protect}, std::sync::Arc};
/// fn run(scheme: &Scheme, backend: &Arc<dyn Backend>) -> Result<SetId, Error> {
///     Ok(protect("file", "shards", scheme, backend, &())?.set.id)
/// }
/// ```
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use {evariste::Backend, evariste_store::{Error, Set}, std::sync::Arc};
/// fn run(set: &Set, backend: &Arc<dyn Backend>) -> Result<(), Error> {
///     set.verify(backend, &())?;
///     Ok(())
/// }
/// ```
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use {evariste::Backend, evariste_store::{Error, Set}, std::sync::Arc};
/// fn run(set: &Set, backend: &Arc<dyn Backend>) -> Result<(), Error> {
///     set.restore("file", backend, &())?;
///     Ok(())
/// }
/// ```
/// ```
/// #![deny(unused_must_use)]
/// # use {evariste::Backend, evariste_store::{Error, Set}, std::sync::Arc};
/// fn run(set: &Set, backend: &Arc<dyn Backend>) -> Result<bool, Error> {
///     Ok(set.verify(backend, &())?.damaged.is_empty() && !set.restore("file", backend, &())?.is_damaged)
/// }
/// ```
/// A repair, its plan and its options:
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use {evariste::Backend, evariste_store::{Error, RepairOptions, Set}, std::sync::Arc};
/// fn run(set: Set, options: &RepairOptions, backend: &Arc<dyn Backend>) -> Result<(), Error> {
///     set.repair(options, backend, &())?;
///     Ok(())
/// }
/// ```
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use {evariste::Backend, evariste_store::{Error, RepairOptions, Set}, std::sync::Arc};
/// fn run(set: Set, options: &RepairOptions, backend: &Arc<dyn Backend>) -> Result<(), Error> {
///     set.plan_repair(options, backend, &())?;
///     Ok(())
/// }
/// ```
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use evariste_store::RepairOptions;
/// fn run(options: RepairOptions) {
///     options.locate(true);
/// }
/// ```
/// ```
/// #![deny(unused_must_use)]
/// # use {evariste::Backend, evariste_store::{Error, RepairOptions, Set}, std::sync::Arc};
/// fn run(set: Set, options: RepairOptions, backend: &Arc<dyn Backend>) -> Result<Vec<usize>, Error> {
///     Ok(set.plan_repair(&options.locate(true), backend, &())?.run(&())?.rewritten)
/// }
/// fn at_once(set: Set, options: &RepairOptions, backend: &Arc<dyn Backend>) -> Result<Vec<usize>, Error> {
///     Ok(set.repair(options, backend, &())?.rewritten)
/// }
/// ```
#[cfg(doctest)]
struct Unread;
