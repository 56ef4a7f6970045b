//! Compiled kernels: generated WGSL with the matrix of one plan written into it. They run at the speed of memory.
//!
//! `source` generates the text, and `fused` the text of kernels that compute checksums too; this file makes pipelines and
//! dispatches from it. The variant for a shape is chosen by [`Variant::choose`] and [`Fusion::choose`] from measurements that
//! `benches/device.md` records.

pub(super) mod fused;
pub(super) mod source;

use std::ops::Range;

use super::crc;
use super::device::Device;
use super::launch::{self, Addressing, Launch, Mode, Pass};
use super::shader::{Binding, Holds, Shader};
use super::variant::Variant;
use super::words::index;
use super::work::Work;
use crate::{Error, Matrix, Plan};
use fused::{Fusion, Shape};

/// Everything that determines a kernel's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) matrix: Matrix,
    pub(super) mode: Mode,
    pub(super) addressing: Addressing,
    /// Whether the kernel computes checksums too.
    pub(super) fused: bool,
}

/// How one kernel computes both checksums and the product of a matrix, if it can.
fn fusion(matrix: &Matrix, mode: Mode) -> Option<Shape> {
    let (sources, targets) = (matrix.cols(), matrix.rows());
    Shape::new(Fusion::choose(sources), sources, targets, mode)
}

/// Whether a kernel can compute checksums together with the product of this matrix.
pub(super) fn can_fuse(matrix: &Matrix, mode: Mode) -> bool {
    fusion(matrix, mode).is_some()
}

/// A plan's kernel: one pipeline for each run of rows.
pub(super) struct Compiled {
    passes: Vec<wgpu::ComputePipeline>,
    width: usize,
    /// Columns of a workgroup; in a fused kernel, blocks of a workgroup.
    group: Group,
    slots: usize,
}

/// The unit that a workgroup processes.
enum Group {
    Columns(usize),
    /// Blocks, in a fused kernel. Its loop takes this number of words of each block at once.
    Blocks {
        blocks: usize,
        tile_words: usize,
    },
}

/// The runs of rows that a variant computes one after another.
pub(super) fn passes(targets: usize, variant: Variant) -> impl Iterator<Item = Range<usize>> {
    (0..targets).step_by(variant.rows).map(move |first| first..targets.min(first + variant.rows))
}

impl Compiled {
    /// Generates and compiles a kernel. This takes from 10 ms to seconds, so no call should wait for it.
    pub(super) fn new(device: &Device, key: &Key, variant: Variant) -> Result<Self, Error> {
        let Key { matrix, mode, addressing, .. } = key;
        let slots = matrix.rows() + matrix.cols();
        if let Some(shape) = fusion(matrix, *mode).filter(|_| key.fused) {
            let passes = vec![launch::pipeline(device, &fused::shader(matrix, &shape, *mode, *addressing))?];
            let Fusion { width, tile_words, .. } = shape.fusion;
            let group = Group::Blocks { blocks: shape.blocks, tile_words };
            return Ok(Self { passes, width, group, slots });
        }
        let compile = |rows| launch::pipeline(device, &shader(matrix, rows, variant, *mode, *addressing));
        let passes = passes(matrix.rows(), variant).map(compile).collect::<Result<_, _>>()?;
        let Variant { width, workgroup, .. } = variant;
        Ok(Self { passes, width, group: Group::Columns(workgroup as usize), slots })
    }

    /// Binds the kernel to the work's buffers.
    pub(super) fn launch(&self, device: &Device, plan: &Plan, work: &Work<'_>) -> Result<Launch, Error> {
        let word_bytes = 4 * self.width;
        let sources = plan.sources().iter().enumerate().map(|(at, &slot)| (work.source)(at, slot));
        let targets = plan.targets().iter().enumerate().map(|(at, &slot)| (work.target)(at, slot));
        let mut slots: Vec<u32> = sources.chain(targets).map(|bytes| index(bytes / word_bytes)).collect();
        slots.resize(self.slots.next_multiple_of(4), 0);
        let uniform = |contents: &[u8]| device.buffer("params", wgpu::BufferUsages::UNIFORM, contents);
        let params = uniform(bytemuck::bytes_of(&work.span.params(self.width, 1)))?;
        let slots = uniform(bytemuck::cast_slice(&slots))?;
        let mut own = vec![(0, params.as_entire_buffer_binding()), (1, slots.as_entire_buffer_binding())];
        let checksum;
        let (kernel, groups) = match self.group {
            Group::Columns(columns) => ("compiled", (work.span.bytes() / word_bytes).div_ceil(columns)),
            Group::Blocks { blocks, tile_words } => {
                checksum = uniform(bytemuck::bytes_of(&crc::ChecksumParams::new(&work.span, tile_words)))?;
                own.push((8, checksum.as_entire_buffer_binding()));
                own.extend(work.buffers.crc.clone().map(|crc| (9, crc)));
                ("fused", work.span.blocks().div_ceil(blocks))
            }
        };
        let groups = index(groups);
        let entries = || own.iter().cloned().chain(work.buffers.entries());
        let bind = |pipeline| Pass::bind(device, pipeline, entries(), groups, 1);
        let passes = self.passes.iter().map(bind).collect();
        Ok(Launch { kernel, passes })
    }
}

/// The kernel of rows `rows` of a matrix.
fn shader(matrix: &Matrix, rows: Range<usize>, variant: Variant, mode: Mode, addressing: Addressing) -> Shader {
    Shader {
        name: name(matrix),
        entry_point: "compiled",
        workgroup: variant.workgroup,
        workgroup_bytes: 0,
        bindings: bindings(matrix, variant.width, mode, addressing),
        constants: Vec::new(),
        body: source::generate(matrix, rows, variant, mode, addressing),
    }
}

/// The name of a matrix's kernel in pipelines and errors.
fn name(matrix: &Matrix) -> String {
    format!("a kernel of {} x {}", matrix.rows(), matrix.cols())
}

/// The bindings of every kernel of a matrix: those of [`launch::bindings`], and the offset of each slot.
fn bindings(matrix: &Matrix, width: usize, mode: Mode, addressing: Addressing) -> Vec<Binding> {
    let slots = Binding::uniform(1, Holds::vectors((matrix.rows() + matrix.cols()).div_ceil(4)));
    let mut bindings = launch::bindings(width, mode, addressing);
    bindings.push(slots);
    bindings
}

/// A sample of kernels, by name, that covers every way a kernel is generated.
pub(super) fn samples() -> Result<Vec<(String, Shader)>, Error> {
    use super::variant::Method;
    use crate::Code;
    let mut samples = Vec::new();
    let codes =
        [Code::raid5(3)?, Code::raid6(8)?, Code::vandermonde(10, 4)?, Code::cauchy(17, 3)?, Code::cauchy(16, 8)?];
    let ways =
        [(Mode::Write, Addressing::Separate), (Mode::Write, Addressing::Shared), (Mode::Check, Addressing::Separate)];
    for code in codes {
        let matrix = code.parity_matrix();
        let mut variants = vec![Variant::choose(matrix.cols(), matrix.rows())];
        variants.extend([1, 2, 4].map(|width| Variant {
            width,
            method: Method::Sums { group: 3, step: 2 },
            rows: 3,
            workgroup: 256,
        }));
        variants.extend([1, 2, 4].map(|width| Variant {
            width,
            method: Method::Rows { group: 2 },
            rows: 2,
            workgroup: 256,
        }));
        for (variant, (mode, addressing)) in variants.into_iter().flat_map(|v| ways.map(|way| (v, way))) {
            for rows in passes(matrix.rows(), variant) {
                let shape = format!("{} {}+{}", code.name(), matrix.cols(), matrix.rows());
                let chosen = variant == Variant::choose(matrix.cols(), matrix.rows());
                let name = if chosen && addressing == Addressing::Separate {
                    format!("{shape} {}", format!("{mode:?}").to_lowercase())
                } else {
                    format!("{shape} {variant:?} {mode:?} {addressing:?} rows {rows:?}")
                };
                samples.push((name, shader(matrix, rows, variant, mode, addressing)));
            }
        }
    }
    samples.extend(fused_samples()?);
    Ok(samples)
}

/// The same for kernels that compute checksums too.
fn fused_samples() -> Result<Vec<(String, Shader)>, Error> {
    use crate::Code;
    let codes = [Code::raid5(2)?, Code::vandermonde(10, 4)?, Code::cauchy(17, 3)?, Code::cauchy(20, 10)?];
    let ways =
        [(Mode::Write, Addressing::Separate), (Mode::Write, Addressing::Shared), (Mode::Check, Addressing::Separate)];
    let mut samples = Vec::new();
    for code in codes {
        for (mode, addressing) in ways {
            let key = Key { matrix: code.parity_matrix().clone(), mode, addressing, fused: true };
            let Some(shape) = fusion(&key.matrix, mode) else { continue };
            let shape_name = format!("{} {}+{}", code.name(), key.matrix.cols(), key.matrix.rows());
            let shared = if addressing == Addressing::Shared { " shared" } else { "" };
            let name = format!("{shape_name} fused {}{shared}", format!("{mode:?}").to_lowercase());
            samples.push((name, fused::shader(&key.matrix, &shape, mode, addressing)));
        }
    }
    Ok(samples)
}
