//! One batch in a ring: which of its bytes are copied where.

use std::ops::Range;

use rayon::prelude::*;

use super::cut::{Chunk, Cut};
use super::mapped::Part;
use super::{PIECE_ALIGNMENT, SLOT_BYTES};
use crate::backend::{BLOCK_BYTES, Batch, Erasures, Mismatch, Report, Task};
use crate::crc::Unpad;
use crate::gpu::correct::Outcome;
use crate::gpu::kernels::{Kernels, PerStripe};
use crate::gpu::launch::{Found, Mode, Span};
use crate::gpu::words::COLUMN_BYTES;
use crate::memory::{Tile, View};
use crate::plan::Matrices;
use crate::{Error, Grs};

/// With fewer bytes than this, another thread costs more than it saves.
const PARALLEL_BYTES: usize = 512 << 10;
/// What one thread takes of the targets at a time, together.
const TILE_BYTES: usize = 128 << 10;

pub(super) struct Job<'a> {
    /// The batch's index in the call.
    index: usize,
    pub(super) mode: Mode,
    /// Whether differences that a check finds are to be corrected.
    pub(super) corrects: Option<(&'a Grs, &'a Erasures)>,
    pub(super) matrices: Matrices<'a>,
    pub(super) tables: Option<PerStripe>,
    view: View<'a>,
    /// The destination of checksums, if they are wanted.
    crc: Option<&'a mut [u32]>,
    /// Bytes of a slot in one stripe, as the caller sees them.
    bytes: usize,
    /// Sources and targets of the largest plan.
    pub(super) sources: usize,
    pub(super) targets: usize,
    /// Bytes of a block of a check or a checksum, as the device counts them.
    block: usize,
    grain: usize,
}

impl<'a> Job<'a> {
    pub(super) fn new(kernels: &Kernels, index: usize, batch: &'a mut Batch<'_>) -> Result<Self, Error> {
        let matrices = batch.task().matrices();
        let (mode, corrects) = match batch.task() {
            Task::Write(_) => (Mode::Write, None),
            Task::Check(_) => (Mode::Check, None),
            Task::Correct { grs, erased } => (Mode::Check, Some((grs, erased))),
        };
        let most = |count: fn(&crate::Plan) -> usize| matrices.plans().iter().map(count).max().unwrap_or(0);
        let (sources, targets) = (most(|plan| plan.sources().len()), most(|plan| plan.targets().len()));
        let bytes = batch.view().bytes();
        // Blocks of short stripes shrink with them, so that padding at most doubles what is moved.
        let block = bytes.next_power_of_two().clamp(COLUMN_BYTES, BLOCK_BYTES);
        let has_blocks = mode == Mode::Check || batch.crc().is_some();
        let grain = if has_blocks { block } else { COLUMN_BYTES };
        // A block is within one stripe, and each stripe may have its own plan.
        let may_join = matches!(matrices, Matrices::One(_)) && (!has_blocks || bytes.is_multiple_of(block));
        let stripe_bytes = bytes.next_multiple_of(grain).saturating_mul(sources.max(targets)).max(1);
        let tables = kernels.tables_per_stripe(matrices, (SLOT_BYTES / stripe_bytes).min(batch.view().stripes()))?;
        let (view, crc) = batch.parts_mut();
        let view = view.reborrow(may_join);
        Ok(Self { index, mode, corrects, matrices, tables, view, crc, bytes, sources, targets, block, grain })
    }

    /// Whether there is nothing to compute.
    pub(super) fn is_empty(&self) -> bool {
        let has_targets = self.targets > 0 || self.crc.is_some() && self.sources > 0;
        self.view.total_bytes() == 0 || !has_targets
    }

    /// Shards that the host copies to the device: the sources and, in a check, the stored targets after them.
    pub(super) fn uploads(&self) -> usize {
        if self.mode == Mode::Check { self.sources + self.targets } else { self.sources }
    }

    fn slots(&self) -> usize {
        self.uploads().max(self.targets)
    }

    fn cut(&self) -> Cut {
        Cut { stripes: self.view.stripes(), bytes: self.view.bytes(), grain: self.grain }
    }

    /// The least bytes of a slot's buffers that this needs, and the bytes that hold all of it.
    pub(super) fn needs(&self) -> (usize, usize) {
        let bytes = |column_bytes: usize| self.slots().saturating_mul(column_bytes).next_multiple_of(PIECE_ALIGNMENT);
        (bytes(self.grain), bytes(self.cut().padded_total().min(isize::MAX.unsigned_abs() / self.slots().max(1) / 2)))
    }

    /// Pieces that each fit buffers of this many bytes.
    pub(super) fn chunks(&self, bytes: usize) -> impl Iterator<Item = Chunk> + use<> {
        self.cut().chunks(bytes / self.slots() / self.grain * self.grain)
    }

    /// Bytes from one shard of a chunk to the next in a slot's buffers.
    pub(super) fn stride(&self, chunk: &Chunk) -> usize {
        chunk.stripes.len() * chunk.stripe_bytes(self.grain)
    }

    /// Bytes of a chunk in each of a slot's buffers.
    pub(super) fn piece_bytes(&self, chunk: &Chunk) -> usize {
        self.slots() * self.stride(chunk)
    }

    /// The layout of a chunk for kernels.
    pub(super) fn span(&self, chunk: &Chunk) -> Span {
        let stripe_bytes = chunk.stripe_bytes(self.grain);
        Span {
            stripes: chunk.stripes.len(),
            stripe_bytes,
            source_stride: stripe_bytes,
            target_stride: stripe_bytes,
            block_bytes: self.block,
        }
    }

    /// Bytes of the findings of a chunk's check.
    pub(super) fn found_bytes(&self, chunk: &Chunk) -> usize {
        self.targets * self.span(chunk).blocks() * size_of::<Found>()
    }

    /// Whether checksums are wanted.
    pub(super) fn has_checksums(&self) -> bool {
        self.crc.is_some()
    }

    /// Bytes of the checksums of a chunk.
    pub(super) fn crc_bytes(&self, chunk: &Chunk) -> usize {
        (self.sources + self.targets) * self.span(chunk).blocks() * size_of::<u32>()
    }

    /// Copies the checksums of a chunk to their destination.
    pub(super) fn take_checksums(&mut self, chunk: &Chunk, checksums: &[u32]) {
        let blocks = self.span(chunk).blocks() / chunk.stripes.len();
        let (stripes, stripe_blocks) = (self.view.stripes(), self.view.bytes().div_ceil(self.block));
        let first = chunk.columns.start / self.block;
        let padding = chunk.stripe_bytes(self.grain) - chunk.columns.len();
        let unpad = (padding > 0).then(|| Unpad::new(self.block - padding, self.block));
        let Some(crc) = self.crc.as_deref_mut() else { return };
        for (index, from) in checksums.chunks_exact(blocks).enumerate() {
            let (position, stripe) = (index / chunk.stripes.len(), chunk.stripes.start + index % chunk.stripes.len());
            let to = &mut crc[(position * stripes + stripe) * stripe_blocks + first..][..blocks];
            to.copy_from_slice(from);
            if let Some(unpad) = &unpad {
                unpad.apply_to_last(to, blocks);
            }
        }
    }

    /// The plan of each stripe of a chunk; empty if one plan serves all.
    pub(super) fn plan_of(&self, chunk: &Chunk) -> &'a [u32] {
        match self.matrices {
            Matrices::One(_) => &[],
            Matrices::PerStripe { of, .. } => &of[chunk.stripes.clone()],
        }
    }

    /// Copies a chunk's bytes of every source and, in a check, of every target, one shard after another.
    pub(super) fn fill(&self, chunk: &Chunk, mut mapped: Part<'_>) {
        let bands = (0..self.uploads()).flat_map(|position| chunk.bands(self.grain).map(move |band| (position, band)));
        let copies = bands.map(|(position, band)| {
            let to = mapped.take(band.stripes.len() * band.stripe_bytes(self.grain));
            (position, band, to)
        });
        if self.uploads() * self.stride(chunk) >= PARALLEL_BYTES {
            let copies: Vec<_> = copies.collect();
            copies.into_par_iter().for_each(|(position, band, to)| self.copy(position, &band, to));
        } else {
            copies.for_each(|(position, band, to)| self.copy(position, &band, to));
        }
    }

    /// Copies one shard's bytes of a band, each stripe padded with zeros.
    fn copy(&self, position: usize, band: &Chunk, mut to: Part<'_>) {
        let padding = band.stripe_bytes(self.grain) - band.columns.len();
        for stripe in band.stripes.clone() {
            let plan = &self.matrices.plans()[self.matrices.index_of(stripe)];
            let shard = match position.checked_sub(self.sources) {
                Some(target) => plan.targets().get(target),
                None => plan.sources().get(position),
            };
            let (mut bytes, mut zeros) = (to.take(band.columns.len()), to.take(padding));
            // The bytes after a smaller plan's sources do not matter, because their tables are zero.
            if let Some(&shard) = shard {
                bytes.copy_from(&self.view.slot(shard, stripe)[band.columns.clone()]);
                zeros.zero();
            }
        }
    }

    /// Copies a chunk's bytes of every target to the view.
    pub(super) fn take_targets(&mut self, chunk: &Chunk, mapped: &[u8]) -> Result<(), Error> {
        if self.targets == 0 {
            return Ok(());
        }
        let (stride, stripe_bytes) = (self.stride(chunk), chunk.stripe_bytes(self.grain));
        let of = self.plan_of(chunk);
        let matrices = match self.matrices {
            Matrices::One(plan) => Matrices::One(plan),
            Matrices::PerStripe { plans, .. } => Matrices::PerStripe { plans, of },
        };
        let mut part = self.view.part(chunk.stripes.clone(), chunk.columns.clone());
        let copy = |mut tile: Tile<'_>| {
            let (stripe, offset) = tile.position();
            let start = stripe * stripe_bytes + offset;
            for (index, target) in tile.targets().enumerate() {
                target.copy_from_slice(&mapped[index * stride + start..][..target.len()]);
            }
        };
        let tile_bytes = (TILE_BYTES / self.targets).max(COLUMN_BYTES);
        // If stripes are padded on the device, each one is found separately.
        let tiles = match matrices {
            Matrices::One(plan) if stripe_bytes != chunk.columns.len() => part.tiles_of_stripes(plan, tile_bytes)?,
            _ => part.tiles(matrices, tile_bytes)?,
        };
        if self.targets * stride >= PARALLEL_BYTES {
            let tiles_at_once = (tile_bytes / stripe_bytes).max(1);
            tiles.parallel().with_min_len(tiles_at_once).for_each(copy);
        } else {
            tiles.sequential().for_each(copy);
        }
        Ok(())
    }

    /// Blocks and slots of a chunk's correction.
    pub(super) fn correction_size(&self, chunk: &Chunk) -> (usize, usize) {
        (self.span(chunk).blocks(), self.uploads())
    }

    /// The stripe of a chunk's block, and the block's offset in it.
    pub(super) fn locate(&self, chunk: &Chunk, block: usize) -> (usize, usize) {
        let stripe_blocks = chunk.stripe_bytes(self.grain) / self.block;
        let at = chunk.columns.start + block % stripe_blocks * self.block;
        // In joined stripes, offsets count from the start of each stripe.
        (chunk.stripes.start + block / stripe_blocks + at / self.bytes, at % self.bytes)
    }

    /// Takes the results for a block of a chunk, and copies its corrected bytes to the view.
    pub(super) fn take_corrected(&mut self, chunk: &Chunk, outcome: &Outcome<'_>, mapped: &[u8], report: &mut Report) {
        let (stripe, offset) = self.locate(chunk, outcome.block);
        let known = report.corrections.len();
        outcome.add_to(report, self.index, stripe, offset);
        // Where the view's stripes were joined, this stripe begins within its only one.
        let stripe_bytes = chunk.stripe_bytes(self.grain);
        let start = outcome.block * self.block;
        let (view_stripe, view_start) =
            (chunk.stripes.start + start / stripe_bytes, chunk.columns.start + start % stripe_bytes);
        let stride = self.stride(chunk);
        for correction in &report.corrections[known..] {
            let bytes = correction.first - offset..=correction.last - offset;
            let from = &mapped[correction.slot * stride + start..][bytes.clone()];
            self.view.slot_mut(correction.slot, view_stripe)[view_start..][bytes].copy_from_slice(from);
        }
    }

    /// The mismatches in the entries of a chunk's check.
    pub(super) fn mismatches(&self, chunk: &Chunk, entries: &[Found]) -> impl Iterator<Item = Mismatch> {
        let (batch, bytes) = (self.index, self.bytes);
        let Range { start, .. } = chunk.columns;
        let first_stripe = chunk.stripes.start;
        let found = Found::mismatches(entries, &self.matrices.plans()[0], self.span(chunk));
        found.map(move |found| {
            // Of stripes that were joined, each begins anew.
            let at = start + found.first;
            let (stripe, first) = (first_stripe + found.stripe + at / bytes, at % bytes);
            Mismatch { batch, stripe, first, block: first / BLOCK_BYTES, ..found }
        })
    }

    /// The name of the operation, for errors.
    pub(super) fn describe(&self) -> String {
        let verb = match (self.mode, self.corrects) {
            (Mode::Write, _) => "writing",
            (Mode::Check, None) => "checking",
            (Mode::Check, Some(_)) => "correcting",
        };
        let (targets, sources) = (self.targets, self.sources);
        format!("{verb} {} bytes of {targets} shards from {sources}", self.view.total_bytes())
    }
}
