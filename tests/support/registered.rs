//! GPUs that work in registered memory: one that a test registers its own with, and one that does so with whatever memory a test brings.

use std::ptr::NonNull;
use std::sync::Arc;

use evariste::gpu::{HostMemory, Options, Registration};
use evariste::memory::Region;
use evariste::{Backend, Batch, Error, Geometry, Gpu, Info, Report, Task, View};

use crate::support::gpu_is_wanted;

/// Shards of a call that is done in an instant.
pub(crate) const SHARD_BYTES: usize = 4096;

/// One stripe, its slots one right after another.
pub(crate) fn one_stripe(slots: usize, bytes: usize) -> Geometry {
    Geometry { slots, bytes, slot_stride: bytes, stripes: 1, stripe_stride: 0 }
}

/// A GPU of a test's own that registers memory; `None` where no GPU is to be tested.
pub(crate) fn gpu() -> Option<Arc<Gpu>> {
    gpu_is_wanted().then(|| {
        let mut options = Options::default();
        options.memory = Some(HostMemory::Registered);
        Arc::new(Gpu::open(&options).unwrap())
    })
}

/// Registers a region of plain memory.
pub(crate) fn register(gpu: &Gpu, region: &mut Region) -> Registration {
    let memory = NonNull::from(&mut **region);
    // SAFETY: whole pages, which every test drops after the registration.
    unsafe { gpu.register(memory) }.unwrap()
}

/// What devices store: with slots padded to it, every batch can be worked on in place.
const WORD_BYTES: usize = 16;

/// Copies every batch into a registered region of the GPU, runs it there, and copies the written slots back.
pub(crate) struct InRegisteredMemory(Gpu);

impl InRegisteredMemory {
    pub(crate) fn new(gpu: Gpu) -> Self {
        Self(gpu)
    }
}

/// The view's slots and stripes, padded, in memory of their own.
fn geometry(view: &View<'_>) -> Geometry {
    let padded = view.bytes().next_multiple_of(WORD_BYTES);
    Geometry {
        slots: view.slots(),
        bytes: view.bytes(),
        // Slots are one word further apart than necessary, so that a wrong stride is noticed.
        slot_stride: padded * view.stripes() + WORD_BYTES,
        stripes: view.stripes(),
        stripe_stride: padded,
    }
}

/// Every slot that the batch names and stripe, and where it lies in the geometry.
fn cells(batch: &Batch<'_>, with_sources: bool) -> Vec<(usize, usize, usize)> {
    let geometry = geometry(batch.view());
    let plans = batch.task().matrices().plans();
    let mut slots: Vec<usize> = plans
        .iter()
        .flat_map(|plan| plan.targets().iter().chain(if with_sources { plan.sources() } else { &[][..] }))
        .copied()
        .collect();
    slots.sort_unstable();
    slots.dedup();
    let place = |slot: usize, stripe| slot * geometry.slot_stride + stripe * geometry.stripe_stride;
    slots
        .iter()
        .flat_map(|&slot| (0..geometry.stripes).map(move |stripe| (slot, stripe, place(slot, stripe))))
        .collect()
}

impl Backend for InRegisteredMemory {
    fn info(&self) -> Info {
        self.0.info()
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        self.0.allocate(bytes)
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        batches.iter().try_for_each(Batch::check)?;
        let mut regions = Vec::new();
        for batch in &*batches {
            let (view, geometry) = (batch.view(), geometry(batch.view()));
            let mut region = self.0.allocate(geometry.slots * geometry.slot_stride)?;
            for (slot, stripe, at) in cells(batch, true) {
                region[at..at + view.bytes()].copy_from_slice(view.slot(slot, stripe));
            }
            regions.push(region);
        }
        let mut copies = Vec::new();
        let mut crcs: Vec<_> = batches.iter().map(|batch| batch.crc().map(<[u32]>::to_vec)).collect();
        for ((batch, region), crc) in batches.iter().zip(&mut regions).zip(&mut crcs) {
            let geometry = geometry(batch.view());
            let view = View::arena_padded(region, geometry, geometry.stripe_stride)?;
            let mut copy = Batch::new(batch.task(), view)?;
            if let Some(crc) = crc {
                copy = copy.with_crc(crc)?;
            }
            let has_work = copy.traffic_bytes() > 0 && !batch.task().matrices().plans().is_empty();
            assert!(self.0.is_in_place(&copy) || !has_work, "a batch in registered memory is copied: {geometry:?}");
            copies.push(copy);
        }
        let report = self.0.run(&mut copies)?;
        drop(copies);
        for ((batch, region), crc) in batches.iter_mut().zip(&regions).zip(&crcs) {
            if let (Some(to), Some(crc)) = (batch.crc_mut(), crc) {
                to.copy_from_slice(crc);
            }
            // A correction may write every slot.
            let writes_sources = matches!(batch.task(), Task::Correct { .. });
            if writes_sources || matches!(batch.task(), Task::Write(_)) {
                for (slot, stripe, at) in cells(batch, writes_sources) {
                    let bytes = batch.view().bytes();
                    batch.view_mut().slot_mut(slot, stripe).copy_from_slice(&region[at..at + bytes]);
                }
            }
        }
        Ok(report)
    }
}
