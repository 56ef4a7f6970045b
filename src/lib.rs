#![doc = include_str!("../README.md")]

pub mod analysis;
pub mod auto;
pub mod backend;
pub mod code;
pub mod codec;
pub mod compat;
pub mod cpu;
mod env;
mod error;
pub mod gf256;
pub mod gpu;
pub mod layout;
pub mod matrix;
pub mod memory;
pub mod plan;

pub use auto::Auto;
pub use backend::{Backend, Batch, Info, Mismatch, Report, Task};
pub use code::Code;
pub use codec::{Codec, Columns, Shards};
pub use cpu::Cpu;
pub use error::Error;
pub use gpu::Gpu;
pub use layout::Layout;
pub use matrix::Matrix;
pub use memory::{Geometry, Region, View};
pub use plan::{Matrices, Plan};
