#![doc = include_str!("../README.md")]

pub mod auto;
pub mod backend;
pub mod code;
pub mod codec;
pub mod codeword;
pub mod compat;
pub mod cpu;
pub mod crc;
mod env;
mod error;
pub mod gf256;
pub mod gpu;
pub mod grs;
pub mod layout;
pub mod matrix;
pub mod memory;
pub mod plan;

pub use auto::Auto;
pub use backend::{Backend, Batch, Correction, Erasures, Info, Mismatch, Report, Task, Uncorrectable};
pub use code::Code;
pub use codec::{Checksums, Codec, Columns, Corrections, Shards};
pub use cpu::Cpu;
pub use error::Error;
pub use gpu::Gpu;
pub use grs::Grs;
pub use layout::Layout;
pub use matrix::Matrix;
pub use memory::{Geometry, Region, View};
pub use plan::{Matrices, Plan};
