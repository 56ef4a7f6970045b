//! Correction on the device: a check, then the correction of the blocks in which it found differences, in one submission.
//!
//! 1. The check kernel of the code's check plan notes the differences in each block of each target.
//! 2. `shaders/gather.wgsl` lists the blocks in which a target differs. The length of the list is also the number of
//!    workgroups of the kernels that follow, so consistent data costs no more than a check.
//! 3. `shaders/correct.wgsl` looks at the listed blocks, finds the wrong bytes of each column, corrects them in place
//!    and reports what it did. It needs one word of memory for each parity shard, so it is compiled once for each number of
//!    parity shards. The first correction with such a number waits for that.
//! 4. `shaders/deliver.wgsl` copies the corrected blocks to where the host reads them, if that is another buffer.
//!
//! `source` makes the texts, `patterns` encodes the known erasures, `room` holds the list and the results, and `outcome` turns
//! the results into a report.

mod outcome;
mod patterns;
mod room;
mod source;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::device::Device;
use super::launch::{self, Span, bind_group};
use super::profile::{PassTime, Profile};
use super::shader::shared;
use super::words::index;
use crate::gf256::{EXP, LOG, LOG_OF_ZERO, log};
use crate::{Error, Grs};
pub(super) use outcome::Outcome;
pub(super) use patterns::Patterns;
pub(super) use room::{Download, Room, Rooms};
pub(super) use source::samples;

/// The number of entries of the uniform array `slots`. Each is a logarithm.
const LOGARITHMS: usize = 255;
/// Workgroups for each listed block.
const PARTS: usize = 4;
/// A slot number that no code of at most 255 shards uses.
const NO_SLOT: u32 = u32::MAX;

/// The shards of a correction, and where they are.
pub(super) struct Correcting<'a> {
    pub(super) grs: &'a Grs,
    /// The columns of the shards. Sources and targets use the same layout.
    pub(super) span: Span,
    /// Bytes of a stripe without padding. Errors in the padding are not reported.
    pub(super) bytes: usize,
    /// The byte offset of each slot in the binding.
    pub(super) place: &'a dyn Fn(usize) -> usize,
    pub(super) patterns: Patterns,
    /// All slots. The kernel reads and writes them.
    pub(super) shards: wgpu::BufferBinding<'a>,
    /// The findings in the parity shards, from a check that was recorded before.
    pub(super) found: wgpu::BufferBinding<'a>,
    /// A second destination for corrected blocks, laid out like `shards`.
    pub(super) corrected: Option<wgpu::BufferBinding<'a>>,
}

/// As `Params` in `shaders/shared/corrections.wgsl`.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct CorrectParams {
    shards: u32,
    stripe_blocks: u32,
    stripe_words: u32,
    block_words: u32,
    stripe_stride: u32,
    tail_mask: u32,
    pattern_words: u32,
    pattern_of: u32,
}

shared!(CorrectParams as "Params" {
    shards, stripe_blocks, stripe_words, block_words, stripe_stride, tail_mask, pattern_words, pattern_of,
});

/// As `Shape` in `shaders/gather.wgsl`.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct GatherShape {
    targets: u32,
    blocks: u32,
    padding: [u32; 2],
}

shared!(GatherShape as "Shape" { targets, blocks, padding });

/// The correction kernels of one device.
#[derive(Default)]
pub(super) struct Correctors {
    compiled: Mutex<Compiled>,
    pub(super) rooms: Rooms,
}

#[derive(Default)]
struct Compiled {
    shared: Option<Shared>,
    /// One entry for each number of syndromes in use.
    correct: HashMap<usize, wgpu::ComputePipeline>,
}

/// What the corrections of all codes share.
#[derive(Clone)]
struct Shared {
    gather: wgpu::ComputePipeline,
    deliver: wgpu::ComputePipeline,
    /// The tables of the field.
    field: wgpu::Buffer,
}

impl Shared {
    fn new(device: &Device) -> Result<Self, Error> {
        let log = (0..=255).map(|element| u32::from(log(element)));
        let exp = EXP.iter().map(|&element| u32::from(element));
        // Zero for every sum that contains the logarithm of zero.
        let zeros = std::iter::repeat_n(0, usize::from(LOG_OF_ZERO) + 1);
        let field: Vec<u32> = log.chain(exp).chain(zeros).collect();
        Ok(Self {
            gather: launch::pipeline(device, &source::gather())?,
            deliver: launch::pipeline(device, &source::deliver())?,
            field: device.buffer("field", wgpu::BufferUsages::STORAGE, bytemuck::cast_slice(&field))?,
        })
    }
}

impl Correctors {
    /// Records correction number `at` of a room: it corrects the blocks in which a check found differences.
    pub(super) fn record(
        &self,
        device: &Device,
        profile: &Profile,
        encoder: &mut wgpu::CommandEncoder,
        correcting: &Correcting<'_>,
        (room, at): (&Room, usize),
    ) -> Result<(), Error> {
        let Correcting { grs, span, .. } = correcting;
        let (shared, correct) = self.pipelines(device, grs.parity_shards())?;
        let uniform = |contents: &[u8]| device.buffer("params", wgpu::BufferUsages::UNIFORM, contents);
        let shape = GatherShape { targets: index(grs.parity_shards()), blocks: index(span.blocks()), padding: [0; 2] };
        let shape = uniform(bytemuck::bytes_of(&shape))?;
        let params = uniform(bytemuck::bytes_of(&correcting.params()))?;
        let slots = uniform(bytemuck::cast_slice(&correcting.slots()))?;
        let patterns = super::table::storage(device, "patterns", correcting.patterns.words())?;
        let bind = |pipeline: &wgpu::ComputePipeline, bindings: Vec<wgpu::BufferBinding<'_>>| {
            bind_group(device, pipeline, (0..).zip(bindings))
        };
        let whole = wgpu::Buffer::as_entire_buffer_binding;
        let (list, outcomes) = (room.list(at), room.outcomes(at));
        let gather = bind(&shared.gather, vec![whole(&shape), correcting.found.clone(), list.clone()]);
        let common = [whole(&params), whole(&slots), list.clone(), correcting.shards.clone(), outcomes];
        let field_and_patterns = [whole(&shared.field), whole(&patterns)];
        let correct_bindings = bind(&correct, [&common[..], &field_and_patterns].concat());

        let deliver_bindings = correcting.corrected.as_ref().map(|corrected| {
            let corrected = std::slice::from_ref(corrected);
            bind(&shared.deliver, [&common[..], corrected].concat())
        });

        encoder.clear_buffer(list.buffer, list.offset, Some(room::HEADER_BYTES));
        let groups = index(span.blocks().div_ceil(source::WORKGROUP_SIZE));
        let most = device.device.limits().max_compute_workgroups_per_dimension;
        let rows = groups.div_ceil(most).max(1);
        let label = || format!("correct {} stripes of {} bytes", span.stripes, span.stripe_bytes);
        profile.timed(device, encoder, label, correcting.pass_time(), |pass| {
            pass.set_pipeline(&shared.gather);
            pass.set_bind_group(0, &gather, &[]);
            pass.dispatch_workgroups(groups.div_ceil(rows), rows, 1);
            let deliver = deliver_bindings.as_ref().map(|bindings| (&shared.deliver, bindings));
            for (pipeline, bindings) in [(&correct, &correct_bindings)].into_iter().chain(deliver) {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bindings, &[]);
                pass.dispatch_workgroups_indirect(list.buffer, list.offset);
            }
        });
        Ok(())
    }

    /// The pipelines. They are compiled on first use.
    fn pipelines(&self, device: &Device, syndromes: usize) -> Result<(Shared, wgpu::ComputePipeline), Error> {
        // A thread that panicked while it held the lock left complete entries behind. Threads that wait here would compile
        // the same.
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = match &compiled.shared {
            Some(shared) => shared.clone(),
            None => compiled.shared.insert(Shared::new(device)?).clone(),
        };
        let correct = match compiled.correct.get(&syndromes) {
            Some(correct) => correct.clone(),
            None => {
                let correct = launch::pipeline(device, &source::correct(syndromes))?;
                compiled.correct.insert(syndromes, correct.clone());
                correct
            }
        };
        Ok((shared, correct))
    }
}

impl Correcting<'_> {
    /// The parameters of the pass, known before it runs.
    fn pass_time(&self) -> PassTime {
        let (shards, targets) = (self.grs.total_shards(), self.grs.parity_shards());
        let traffic_bytes = (shards * self.span.bytes()) as u64;
        PassTime { kernel: "correct", sources: shards - targets, targets, traffic_bytes, nanoseconds: 0.0 }
    }

    fn params(&self) -> CorrectParams {
        let Self { grs, span, bytes, patterns, .. } = self;
        let tail_bytes = bytes.div_ceil(4) * 4 - bytes;
        CorrectParams {
            shards: index(grs.total_shards()),
            stripe_blocks: index(span.stripe_blocks()),
            stripe_words: index(bytes.div_ceil(4)),
            block_words: index(span.block_bytes / 4),
            stripe_stride: index(span.source_stride / 4),
            tail_mask: u32::MAX >> (8 * tail_bytes),
            pattern_words: index(patterns.pattern_words()),
            pattern_of: index(patterns.pattern_of()),
        }
    }

    /// The uniform array `slots`.
    fn slots(&self) -> Vec<[u32; 4]> {
        let mut slots = vec![[0, 0, 0, NO_SLOT]; LOGARITHMS];
        let elements = self.grs.multipliers().iter().zip(self.grs.points());
        for (slot, (multiplier, point)) in elements.enumerate() {
            let [multiplier, point] = [multiplier, point].map(|&element| LOG[usize::from(element)]);
            let place = index((self.place)(slot) / 4);
            slots[slot][..3].copy_from_slice(&[place, u32::from(multiplier), u32::from(point)]);
            slots[usize::from(point)][3] = index(slot);
        }
        slots
    }
}
