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
pub use error::Error;
#[cfg(feature = "gpu")]
pub use gpu::Gpu;
pub use grs::Grs;
pub use layout::Layout;
pub use matrix::Matrix;
pub use memory::{Geometry, Region, View};
pub use plan::{Matrices, Plan};
pub use solver::Losses;
pub use stream::StreamCodec;
