//! What `bench` can be told.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use evariste::{Layout, cpu};

use crate::backend::Choice;
use crate::code::CodeName;
use crate::exit::{self, UsageError};
use crate::size;

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(super) suite: Suite,
}

#[derive(Debug, Subcommand)]
pub(super) enum Suite {
    /// Encode, reconstruct and check shards that already lie where they are computed on
    #[command(after_help = exit::HELP)]
    Device(Device),
    /// Encode, reconstruct and check shards in host memory, beside what PCIe carries
    #[command(after_help = exit::HELP)]
    Host(Host),
    /// Encode, reconstruct and check with each kernel of the CPU, beside what moving the shards takes
    #[command(after_help = exit::HELP)]
    Cpu(Cpu),
    /// How long one encode of a few small shards takes, most of the time and at worst
    #[command(after_help = exit::HELP)]
    Latency(Latency),
    /// Protect and restore a file, beside what cp makes of it
    #[command(after_help = exit::HELP)]
    Files(Files),
    /// Several things in one call, such as encoding and checksums, beside as many calls
    #[command(after_help = exit::HELP)]
    Fusion(Fusion),
    /// Add, multiply and invert field elements that never leave the registers
    #[command(after_help = exit::HELP)]
    Field(Field),
    /// Encode, read while a disk is missing, and rebuild, in layouts that hold the same
    #[command(after_help = exit::HELP)]
    Layouts(Layouts),
    /// Rebuild many stripes, each with other losses, in one call, from the lists of what is lost
    #[command(after_help = exit::HELP)]
    Patterns(Patterns),
    /// Measure the CPU and the GPU, and store what the automatic backend chooses by
    #[command(after_help = exit::HELP)]
    Calibrate(Calibrate),
}

#[derive(Debug, Args)]
pub(super) struct Device {
    #[command(flatten)]
    pub(super) sizes: Sizes,
    #[command(flatten)]
    pub(super) stripes: Stripes,
    #[command(flatten)]
    pub(super) cases: Cases,
    /// With which kernel of a GPU; repeatable [default: each]
    #[arg(long = "kernel", value_name = "KERNEL", value_enum)]
    pub(super) kernels: Vec<KernelName>,
    /// Where to compute; gpu takes a software adapter where there is no hardware
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Where::Gpu)]
    pub(super) backend: Where,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Patterns {
    /// Data and parity shards, K+M; repeatable [default: 10+4 and 50+10]
    #[arg(long = "shape", value_name = "K+M")]
    pub(super) shapes: Vec<Shape>,
    /// How parity follows from data
    #[arg(long, value_name = "NAME", value_enum, default_value_t = CodeName::Vandermonde)]
    pub(super) code: CodeName,
    /// Stripes, each with a pattern of its own; repeatable. Fewer where the code has not so many [default: 16, 256 and 4096; on
    /// a software adapter 32]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) patterns: Vec<u32>,
    /// Bytes a shard has in one stripe; a multiple of 16 [default: 4 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(super) unit: Option<u64>,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Calibrate {
    /// Where to store it [default: EVARISTE_CALIBRATION, else evariste/calibration in the user's cache directory]
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Field {
    /// Where to compute [default: both]
    #[arg(long, value_name = "WHERE", value_enum)]
    pub(super) backend: Option<Where>,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Fusion {
    #[command(flatten)]
    pub(super) sizes: Sizes,
    /// What is measured; repeatable [default: each]
    #[arg(long = "section", value_name = "SECTION", value_enum)]
    pub(super) sections: Vec<Section>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// Things that one call does together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Section {
    /// Parity and the checksums of all blocks, of shards in device memory
    ResidentChecksums,
    /// The same, of shards in host memory that is registered with the GPU
    RegisteredChecksums,
    /// As many data shards as there is parity, rebuilt, and the checksums of what was read and written, in registered memory
    RegisteredRebuildChecksums,
    /// A check, where the errors are, and what is right, of shards in device memory
    ResidentCorrect,
    /// The same, of shards in registered memory
    RegisteredCorrect,
    /// Many stripes, each with losses of its own, in registered memory
    RegisteredPatterns,
}

#[derive(Debug, Args)]
pub(super) struct Host {
    #[command(flatten)]
    pub(super) sizes: Sizes,
    #[command(flatten)]
    pub(super) stripes: Stripes,
    #[command(flatten)]
    pub(super) cases: Cases,
    /// How the shards lie and who computes on them; repeatable [default: each that this machine has]
    #[arg(long = "path", value_name = "PATH", value_enum)]
    pub(super) paths: Vec<Path>,
    /// How many batches of that size one call is given
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub(super) batches: u32,
    /// Memory that calls one after another go through, each with shards of its own [default: 256 MiB; on a software
    /// adapter 4 MiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(super) memory: Option<u64>,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Cpu {
    #[command(flatten)]
    pub(super) sizes: Sizes,
    #[command(flatten)]
    pub(super) stripes: Stripes,
    #[command(flatten)]
    pub(super) cases: Cases,
    /// On how many threads; repeatable [default: 1, and as many as the machine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(super) threads: Vec<u32>,
    /// With which kernel: portable, avx2, gfni, avx512 or neon; repeatable [default: each that this processor has]
    #[arg(long = "kernel", value_name = "KERNEL", value_parser = cpu_kernel)]
    pub(super) kernels: Vec<cpu::Kernel>,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Latency {
    #[command(flatten)]
    pub(super) sizes: Sizes,
    /// How the shards lie and who computes on them; repeatable [default: cpu, registered, slices and auto, as far as
    /// this machine has them in hardware]
    #[arg(long = "path", value_name = "PATH", value_enum)]
    pub(super) paths: Vec<Path>,
    /// As many calls as this, or what two seconds allow
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) calls: u32,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Files {
    /// Bytes of the file [default: 1 GiB; on a software adapter 32 MiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(super) size: Option<u64>,
    /// Where the file and all that becomes of it lie for the time, in a directory made for it; repeatable [default:
    /// /dev/shm where there is one, and the current directory]
    #[arg(long = "dir", value_name = "DIR")]
    pub(super) dirs: Vec<PathBuf>,
    /// Data and parity shards, K+M
    #[arg(long, value_name = "K+M", default_value = "10+4")]
    pub(super) shape: Shape,
    /// How parity follows from data
    #[arg(long, value_name = "NAME", value_enum, default_value_t = CodeName::Vandermonde)]
    pub(super) code: CodeName,
    /// How many bytes of the file go to one shard before the next has its turn; a multiple of 4096
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = size::parse)]
    pub(super) unit: u64,
    /// Rounds that count, beside one that warms up
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub(super) rounds: u32,
    /// Where to compute
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Choice::Auto)]
    pub(super) backend: Choice,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Layouts {
    /// A layout, as `evariste plan` names them; repeatable [default: raid51:2x7, raid55:4x4, hier:4x6+1+1, rs:12+3]
    #[arg(long = "layout", value_name = "LAYOUT")]
    pub(super) layouts: Vec<Layout>,
    /// Bytes of data that every layout holds, cut to shards of whole pages [default: 180 MiB; on a software adapter 1440 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(super) capacity: Option<u64>,
    /// How the shards lie and who computes on them; repeatable [default: registered, if this machine has it, and cpu]
    #[arg(long = "path", value_name = "PATH", value_enum)]
    pub(super) paths: Vec<Path>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// Codes, and sizes of shards.
#[derive(Debug, Args)]
pub(super) struct Sizes {
    /// Data and parity shards, K+M; repeatable [default: of suite and machine]
    #[arg(long = "shape", value_name = "K+M")]
    pub(super) shapes: Vec<Shape>,
    /// How parity follows from data
    #[arg(long, value_name = "NAME", value_enum, default_value_t = CodeName::Vandermonde)]
    pub(super) code: CodeName,
    /// Bytes of one shard, in all its stripes; repeatable
    #[arg(long = "shard", value_name = "SIZE", value_parser = size::parse, conflicts_with = "bytes")]
    pub(super) shard: Vec<u64>,
    /// Bytes of data in all shards; repeatable [default: of suite and machine]
    #[arg(long = "bytes", value_name = "SIZE", value_parser = size::parse)]
    pub(super) bytes: Vec<u64>,
}

/// How shards fall into stripes.
#[derive(Debug, Args)]
pub(super) struct Stripes {
    /// Bytes a shard has in one stripe; makes many stripes [default: one stripe]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(super) unit: Option<u64>,
}

/// What is done with the shards.
#[derive(Debug, Args)]
pub(super) struct Cases {
    /// What to measure; repeatable [default: encode, reconstruct, check]
    #[arg(long = "case", value_name = "CASE", value_enum)]
    pub(super) cases: Vec<Case>,
}

impl Cases {
    /// Those asked for, else the default ones.
    pub(super) fn chosen<'a>(&'a self, defaults: &'a [Case], stripes: &Stripes) -> Result<&'a [Case], UsageError> {
        if self.cases.contains(&Case::Patterns) && stripes.unit.is_none() {
            return Err(UsageError("the case patterns needs --unit".to_owned()));
        }
        Ok(if self.cases.is_empty() { defaults } else { &self.cases })
    }
}

/// What every suite can be told.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// Write the rows as JSON; - writes them, and nothing else, to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Flip one bit of each result before it is verified: every row must then be wrong
    #[arg(long)]
    pub(super) inject_fault: bool,
}

/// Data and parity shards of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) data_shards: usize,
    pub(super) parity_shards: usize,
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok().filter(|&count| count > 0);
        let shape = text
            .split_once('+')
            .and_then(|(data, parity)| Some(Self { data_shards: number(data)?, parity_shards: number(parity)? }));
        shape.ok_or_else(|| format!("\"{text}\" is no shape: write data and parity shards as 10+4"))
    }
}

/// What is done with the shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Case {
    /// Parity from data
    Encode,
    /// As many data shards as there is parity, the first ones, from the rest
    Reconstruct,
    /// Whether parity follows from data
    Check,
    /// In every stripe another random loss of 1 to M shards, in one call; needs --unit
    Patterns,
}

impl Case {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Reconstruct => "reconstruct",
            Self::Check => "check",
            Self::Patterns => "patterns",
        }
    }
}

/// How shards lie in host memory, and who computes on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Path {
    /// A GPU, in memory of ours that is registered with it
    Registered,
    /// A GPU, in buffers of its own that the host reaches
    Mapped,
    /// A GPU, in plain memory that is copied there and back
    Staged,
    /// A GPU, one vector for each shard
    Slices,
    /// The automatic backend, in memory of its choice
    Auto,
    /// The automatic backend, one vector for each shard
    AutoSlices,
    /// The CPU
    Cpu,
}

/// A kernel of the GPU backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KernelName {
    /// The matrix is data
    Table,
    /// The matrix is part of the kernel's text
    Compiled,
}

/// A kernel of the CPU backend by its name.
fn cpu_kernel(text: &str) -> Result<cpu::Kernel, String> {
    let names = || cpu::Kernel::ALL.map(cpu::Kernel::name).join(", ");
    let kernel = cpu::Kernel::ALL.into_iter().find(|kernel| kernel.name() == text);
    kernel.ok_or_else(|| format!("possible values: {}", names()))
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Where {
    /// A GPU
    Gpu,
    /// The CPU
    Cpu,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read() {
        assert_eq!("10+4".parse(), Ok(Shape { data_shards: 10, parity_shards: 4 }));
        for text in ["", "10", "10+", "+4", "0+4", "10+0", "10+4+1", "-1+4", "10 + 4"] {
            assert!(text.parse::<Shape>().is_err(), "{text}");
        }
    }
}
