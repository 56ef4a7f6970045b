// The README's links are to files of the repository. Of two definitions of a link the first counts: these are for rustdoc.
//! [ARCHITECTURE.md]: docs::architecture
//! [CONTRIBUTING.md]: docs::contributing
//! [benches/README.md]: docs::benches
//! [docs/benchmarks.md]: docs::benchmarks
//! [docs/command.md]: docs::command
//! [docs/environment.md]: docs::environment
//! [docs/layouts.md]: docs::layouts
//! [docs/shard-format.md]: docs::shard_format
//! [docs/switching.md]: docs::switching
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(feature = "gpu"),
    allow(
        dead_code,
        reason = "only the GPU backend uses some helpers of the floors below it; a build with it reports dead code"
    )
)]

pub mod analysis;
pub mod auto;
pub mod backend;
pub mod code;
pub mod codec;
pub mod codeword;
pub mod compat;
pub mod cpu;
pub mod crc;
#[cfg(doc)]
pub mod docs;
mod env;
mod error;
pub mod gf256;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod grs;
pub mod layout;
pub mod matrix;
pub mod memory;
pub mod plan;
mod recent;
pub mod solver;
pub mod stream;

pub use auto::Auto;
pub use backend::{Backend, Batch, Correction, Erasures, Info, Mismatch, Report, Task, Uncorrectable};
pub use code::Code;
pub use codec::{Checksums, Codec, Columns, Corrections, Shards};
pub use cpu::Cpu;
pub use error::{Error, ErrorKind};
#[cfg(feature = "gpu")]
pub use gpu::Gpu;
pub use grs::Grs;
pub use layout::Layout;
pub use matrix::Matrix;
pub use memory::{Geometry, Region, View};
pub use plan::{Matrices, Plan};
pub use solver::Losses;
pub use stream::StreamCodec;

/// The compiler warns of a verdict that is dropped unread. Each example that must not compile has a twin that reads the verdict
/// and compiles, so that it can fail for no other reason.
///
/// A report:
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn check(backend: &dyn evariste::Backend, batch: evariste::Batch<'_>) -> Result<(), evariste::Error> {
///     backend.run(&mut [batch])?;
///     Ok(())
/// }
/// ```
/// ```
/// #![deny(unused_must_use)]
/// fn check(backend: &dyn evariste::Backend, batch: evariste::Batch<'_>) -> Result<(), evariste::Error> {
///     assert!(backend.run(&mut [batch])?.is_consistent());
///     Ok(())
/// }
/// ```
/// What a codec verified, and what it corrected:
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn verify(codec: &evariste::Codec, shards: &evariste::Shards) -> Result<(), evariste::Error> {
///     codec.verify(shards)?;
///     Ok(())
/// }
/// ```
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn correct(codec: &evariste::Codec, shards: &mut evariste::Shards) -> Result<(), evariste::Error> {
///     codec.correct(shards)?;
///     Ok(())
/// }
/// ```
/// ```
/// #![deny(unused_must_use)]
/// fn both(codec: &evariste::Codec, shards: &mut evariste::Shards) -> Result<bool, evariste::Error> {
///     Ok(codec.correct(shards)?.is_complete() && codec.verify(shards)?.is_consistent())
/// }
/// ```
/// Checksums:
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn encode(codec: &evariste::Codec, shards: &mut evariste::Shards) -> Result<(), evariste::Error> {
///     codec.encode_with_checksums(shards)?;
///     Ok(())
/// }
/// ```
/// ```
/// #![deny(unused_must_use)]
/// fn encode(codec: &evariste::Codec, shards: &mut evariste::Shards) -> Result<usize, evariste::Error> {
///     Ok(codec.encode_with_checksums(shards)?.total_shards())
/// }
/// ```
/// A batch and erasures, which do nothing by themselves:
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn batch(plan: &evariste::Plan, view: evariste::View<'_>) -> Result<(), evariste::Error> {
///     evariste::Batch::new(evariste::Task::write(plan), view)?;
///     Ok(())
/// }
/// ```
/// ```
/// #![deny(unused_must_use)]
/// fn batch(plan: &evariste::Plan, view: evariste::View<'_>) -> Result<usize, evariste::Error> {
///     Ok(evariste::Batch::new(evariste::Task::write(plan), view)?.traffic_bytes())
/// }
/// ```
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn erasures(make: impl Fn() -> evariste::Erasures) {
///     make();
/// }
/// ```
/// ```
/// #![deny(unused_must_use)]
/// fn erasures(make: impl Fn() -> evariste::Erasures) -> usize {
///     make().blocks().count()
/// }
/// ```
#[cfg(doctest)]
struct UnreadVerdicts;
