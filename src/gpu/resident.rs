//! Shards in device memory: tasks are recorded into the caller's command encoder, over the caller's buffers.
//!
//! This file checks a task and its arenas. `recording` records it step by step, and `recorded` reads the results.

mod recorded;
mod recording;

use super::Gpu;
use super::words::{COLUMN_BYTES, check_binding};
use crate::backend::Task;
use crate::memory::Geometry;
use crate::{Error, Plan};
pub use recorded::Recorded;
use recording::{Arenas, Recording};

/// A part of a buffer, and the layout of slots and stripes in it.
/// Every size and stride of the geometry must be a multiple of 16 bytes, and `offset` a multiple of the device's
/// `min_storage_buffer_offset_alignment` (at most 256). The buffer needs the usage `STORAGE`.
#[derive(Clone, Copy, Debug)]
pub struct Arena<'a> {
    /// The buffer. It belongs to the device that this backend uses.
    pub buffer: &'a wgpu::Buffer,
    /// The offset of the first slot, in bytes.
    pub offset: u64,
    /// The layout of slots and stripes from there on.
    pub geometry: Geometry,
}

/// The places of a plan's slots on the device.
#[derive(Clone, Copy, Debug)]
pub enum Resident<'a> {
    /// All slots in one arena.
    Together(Arena<'a>),
    /// The first slots are in one arena, which is only read, and the others in a second arena. Every source of a plan must be in
    /// the first and every target in the second, like data and parity when a code is encoded or checked.
    Apart {
        /// Slots from 0 on.
        sources: Arena<'a>,
        /// The slots after those of `sources`, with the same size and number of stripes.
        targets: Arena<'a>,
    },
}

impl Gpu {
    /// Records a task over shards in device memory into the caller's encoder. Nothing runs until the caller submits the encoder
    /// to the queue of this device. A task sees the writes of commands recorded before it.
    /// WebGPU's default limits are sufficient. After an error the encoder may contain some of the commands: drop it.
    ///
    /// # Errors
    /// [`Error::Alignment`] for a misaligned size, stride or offset; [`Error::Overlap`] or [`Error::RegionTooSmall`] for a
    /// geometry that does not fit its buffer; [`Error::DeviceTooSmall`] if an arena exceeds the device's largest binding;
    /// [`Error::ShardLength`] if the arenas of [`Resident::Apart`] have slots of different sizes; [`Error::SlotIndex`] for a
    /// slot that does not exist; [`Error::ReadOnlySlot`] for a target among the sources of [`Resident::Apart`] (a correction
    /// writes all slots, so all must be in the second arena); [`Error::PlanCount`] or [`Error::PlanIndex`];
    /// [`Error::BlockIndex`] for an erasure of a block that does not exist; a device error.
    pub fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        task: Task<'_>,
        shards: Resident<'_>,
    ) -> Result<Recorded, Error> {
        self.record_either(encoder, task, shards, false)
    }

    /// Like [`Gpu::record`], and also computes the CRC-32C of every block of every source and target in the same pass. After the
    /// commands have been submitted, [`Recorded::checksums`] returns them.
    ///
    /// # Errors
    /// Those of [`Gpu::record`]; [`Error::ChecksumTask`] unless the task is a check or writes with one plan for all stripes.
    pub fn record_with_checksums(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        task: Task<'_>,
        shards: Resident<'_>,
    ) -> Result<Recorded, Error> {
        task.check_checksums()?;
        self.record_either(encoder, task, shards, true)
    }

    /// Checks the task and its arenas, then records it.
    fn record_either(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        task: Task<'_>,
        shards: Resident<'_>,
        with_checksums: bool,
    ) -> Result<Recorded, Error> {
        let Geometry { stripes, bytes, .. } = self.check_arenas(&shards)?;
        check_task(task, &shards, stripes, bytes)?;
        let arenas = Arenas::used_by(task.matrices(), &shards);
        Recording { gpu: self, task, arenas, span: arenas.span(), with_checksums }.record(encoder)
    }

    /// Checks both arenas and returns the geometry of the first, whose stripes have the same number and size in the second.
    fn check_arenas(&self, shards: &Resident<'_>) -> Result<Geometry, Error> {
        let (sources, targets) = match *shards {
            Resident::Together(arena) => (arena, arena),
            Resident::Apart { sources, targets } => (sources, targets),
        };
        let limits = self.device.device.limits();
        for Arena { buffer, offset, geometry } in [sources, targets] {
            let multiple = u64::from(limits.min_storage_buffer_offset_alignment);
            let grain = COLUMN_BYTES as u64;
            for (what, given, multiple) in [
                ("the offset", offset, multiple),
                ("bytes of a slot", geometry.bytes as u64, grain),
                ("the slot stride", geometry.slot_stride as u64, grain),
                ("the stripe stride", geometry.stripe_stride as u64, grain),
            ] {
                if !given.is_multiple_of(multiple) {
                    return Err(Error::Alignment { what, given, multiple });
                }
            }
            geometry.check()?;
            let needed = geometry.extent();
            let available = usize::try_from(buffer.size().saturating_sub(offset)).unwrap_or(usize::MAX);
            if needed > available {
                return Err(Error::RegionTooSmall { needed, available });
            }
            check_binding(&self.device, needed as u64)?;
        }
        let (geometry, other) = (sources.geometry, targets.geometry);
        if (geometry.bytes, geometry.stripes) != (other.bytes, other.stripes) {
            // The stripes of an arena without slots are not bounded by its buffer.
            let [expected, given] = [geometry, other].map(|geometry| geometry.bytes.saturating_mul(geometry.stripes));
            return Err(Error::ShardLength { index: geometry.slots, given, reference: 0, expected });
        }
        Ok(geometry)
    }
}

/// Checks that the task fits the slots, stripes and blocks of its arenas.
fn check_task(task: Task<'_>, shards: &Resident<'_>, stripes: usize, bytes: usize) -> Result<(), Error> {
    let matrices = task.matrices();
    matrices.check(stripes)?;
    matrices.plans().iter().try_for_each(|plan| check_slots(plan, shards))?;
    if let Task::Correct { grs, erased } = task {
        if matches!(shards, Resident::Apart { .. }) {
            return Err(Error::ReadOnlySlot { slot: 0 });
        }
        erased.check(grs.total_shards(), stripes, bytes)?;
    }
    Ok(())
}

/// Checks that every slot of the plan is in the arena it must be in.
fn check_slots(plan: &Plan, shards: &Resident<'_>) -> Result<(), Error> {
    let (source_slots, first_target, slots) = match shards {
        Resident::Together(arena) => (arena.geometry.slots, 0, arena.geometry.slots),
        Resident::Apart { sources, targets } => {
            let first_target = sources.geometry.slots;
            (first_target, first_target, first_target.saturating_add(targets.geometry.slots))
        }
    };
    if let Some(&slot) = plan.sources().iter().find(|&&slot| slot >= source_slots) {
        return Err(Error::SlotIndex { slot, slots: source_slots });
    }
    if let Some(&slot) = plan.targets().iter().find(|&&slot| slot >= slots) {
        return Err(Error::SlotIndex { slot, slots });
    }
    match plan.targets().iter().find(|&&slot| slot < first_target) {
        Some(&slot) => Err(Error::ReadOnlySlot { slot }),
        None => Ok(()),
    }
}
