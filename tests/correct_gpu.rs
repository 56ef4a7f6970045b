//! Shards in device memory are corrected as the CPU corrects them: on a caller's device, in any layout, with either kernel, in one recording.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use evariste::gpu::{Arena, Kernel, Resident};
use evariste::{Backend, Batch, Code, Cpu, Erasures, Error, Geometry, Report, Task, View};
use support::resident::{buffer, gpu_with, read, run};
use support::{Rng, assert_shards_equal, gpu_is_wanted, stripe};

/// An arena of right shards, gaps of 0x77 between them.
fn whole(code: &Code, offset: usize, geometry: Geometry) -> Vec<u8> {
    let Geometry { slots, bytes, stripes, .. } = geometry;
    let shards = stripe(code, bytes * stripes);
    let mut memory = vec![0x77; (offset + extent(geometry) + 64).next_multiple_of(4)];
    for (slot, stripe) in (0..slots).flat_map(|slot| (0..stripes).map(move |stripe| (slot, stripe))) {
        let at = offset + slot * geometry.slot_stride + stripe * geometry.stripe_stride;
        memory[at..at + bytes].copy_from_slice(&shards[slot][stripe * bytes..][..bytes]);
    }
    memory
}

fn extent(geometry: Geometry) -> usize {
    (geometry.slots - 1) * geometry.slot_stride + (geometry.stripes - 1) * geometry.stripe_stride + geometry.bytes
}

/// Errors and erasures at random, some columns beyond power: bytes and report are the CPU's.
#[test]
fn layouts_kernels_and_erasures() {
    if !gpu_is_wanted() {
        return;
    }
    let code = Code::reed_solomon(4, 4).unwrap();
    let grs = code.grs().unwrap();
    let (slots, offset) = (8, 512);
    let mut rng = Rng::new(1);
    for kernel in [Kernel::Table, Kernel::Compiled] {
        let gpu = gpu_with(kernel);
        for (bytes, stripes) in [(16, 1), (4096, 1), (70_000, 1), (48, 33), (4096, 9), (8192 + 16, 5)] {
            for geometry in [
                Geometry { slots, bytes, slot_stride: bytes * stripes + 32, stripes, stripe_stride: bytes },
                Geometry { slots, bytes, slot_stride: bytes, stripes, stripe_stride: slots * bytes + 16 },
            ] {
                let right = whole(&code, offset, geometry);
                let (mut wrong, mut erased) = (right.clone(), Erasures::none());
                for stripe in 0..stripes {
                    for block in 0..bytes.div_ceil(4096) {
                        let columns = block * 4096..bytes.min((block + 1) * 4096);
                        let wrong_slots = rng.below(4);
                        for slot in rng.choose(wrong_slots, slots) {
                            let start = columns.start + rng.below(columns.len());
                            let at = offset + slot * geometry.slot_stride + stripe * geometry.stripe_stride;
                            wrong[at + start..at + columns.end].iter_mut().for_each(|byte| *byte = rng.byte());
                            if rng.below(2) == 0 {
                                erased.insert(stripe, block, slot);
                            }
                        }
                    }
                }
                let task = Task::Correct { grs: &grs, erased: &erased };
                let mut expected = wrong.clone();
                let view = View::arena(&mut expected[offset..], geometry).unwrap();
                let expected_report = Cpu::new().unwrap().run(&mut [Batch::new(task, view).unwrap()]).unwrap();

                let context = format!("{kernel:?} {geometry:?}");
                let shards = buffer(&gpu, &wrong);
                let arena = Arena { buffer: &shards, offset: offset as u64, geometry };
                let report = run(&gpu, task, Resident::Together(arena));
                assert_shards_equal(&[&expected], &[read(&gpu, &shards)], &context);
                assert_eq!(report, expected_report, "{context}");

                let shards = buffer(&gpu, &right);
                let arena = Arena { buffer: &shards, offset: offset as u64, geometry };
                let clean = run(&gpu, task, Resident::Together(arena));
                assert_eq!(clean, Report::default(), "{context}");
                assert_shards_equal(&[&right], &[read(&gpu, &shards)], &context);
            }
        }
    }
}

/// A correction sees the writes recorded before it, and tasks recorded after it see its writes.
#[test]
fn in_one_recording() {
    if !gpu_is_wanted() {
        return;
    }
    let code = Code::cauchy(5, 2).unwrap();
    let (grs, erased) = (code.grs().unwrap(), Erasures::none());
    let gpu = gpu_with(Kernel::Table);
    let geometry = Geometry { slots: 7, bytes: 9008, slot_stride: 9008, stripes: 1, stripe_stride: 0 };
    let right = whole(&code, 0, geometry);
    let mut data_only = right.clone();
    data_only[5 * 9008..7 * 9008].fill(0);
    let shards = buffer(&gpu, &data_only);
    let rubbish = buffer(&gpu, &[0xa5; 9008]);
    let arena = Resident::Together(Arena { buffer: &shards, offset: 0, geometry });
    let task = Task::Correct { grs: &grs, erased: &erased };

    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let _ = gpu.record(&mut encoder, Task::write(&code.encode_plan()), arena).unwrap();
    encoder.copy_buffer_to_buffer(&rubbish, 0, &shards, 2 * 9008, 9008);
    let first = gpu.record(&mut encoder, task, arena).unwrap();
    let check = code.check_plan();
    let checked = gpu.record(&mut encoder, Task::Check(&check), arena).unwrap();
    encoder.copy_buffer_to_buffer(&rubbish, 0, &shards, 6 * 9008 + 4096, 16);
    let second = gpu.record(&mut encoder, task, arena).unwrap();
    gpu.queue().submit([encoder.finish()]);

    let first = first.report().unwrap();
    assert_eq!(
        first.corrections.iter().map(|found| (found.slot, found.block)).collect::<Vec<_>>(),
        [(2, 0), (2, 1), (2, 2)]
    );
    assert!(checked.report().unwrap().is_consistent());
    let second = second.report().unwrap();
    let [found] = second.corrections[..] else { panic!("{second:?}") };
    assert_eq!((found.slot, found.block), (6, 1));
    assert!(found.first >= 4096 && found.last < 4112 && found.count <= 16, "{found:?}");
    assert_shards_equal(&[&right], &[read(&gpu, &shards)], "after both");
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    if !gpu_is_wanted() {
        return;
    }
    let code = Code::reed_solomon(2, 2).unwrap();
    let grs = code.grs().unwrap();
    let gpu = gpu_with(Kernel::Table);
    let memory = buffer(&gpu, &[0; 4096]);
    let geometry = |slots| Geometry { slots, bytes: 64, slot_stride: 64, stripes: 1, stripe_stride: 0 };
    let arena = |offset, slots| Arena { buffer: &memory, offset, geometry: geometry(slots) };
    let record = |erased: &Erasures, shards| {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        gpu.record(&mut encoder, Task::Correct { grs: &grs, erased }, shards)
    };
    let none = Erasures::none();
    let apart = Resident::Apart { sources: arena(0, 2), targets: arena(1024, 2) };
    assert!(matches!(record(&none, apart).err(), Some(Error::ReadOnlySlot { slot: 0 })));
    let few = Resident::Together(arena(0, 3));
    assert!(matches!(record(&none, few).err(), Some(Error::SlotIndex { slot: 3, slots: 3 })));
    let all = Resident::Together(arena(0, 4));
    let no_slot = Erasures::everywhere([4]);
    assert!(matches!(record(&no_slot, all).err(), Some(Error::SlotIndex { slot: 4, slots: 4 })));
    let mut no_block = Erasures::none();
    no_block.insert(0, 1, 0);
    assert!(matches!(
        record(&no_block, all).err(),
        Some(Error::BlockIndex { stripe: 0, block: 1, stripes: 1, blocks: 1 })
    ));
    // What was never submitted is not reported as right.
    assert!(matches!(record(&none, all).unwrap().report(), Err(Error::Device { .. })));
}
