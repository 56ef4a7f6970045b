//! Shards in device memory: tasks recorded into a caller's encoder, over the caller's buffers, on the caller's device.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;

use evariste::gpu::{Arena, Kernel, Options, Resident};
use evariste::{Code, Codec, Cpu, Error, Geometry, Gpu, Matrices, Matrix, Plan, Task};
use support::resident::{buffer, gpu_with, read, run};
use support::{assert_shards_equal, gpu_is_wanted, painted_stripe};

/// Slot-major and stripe-major, with gaps, behind an offset; both kernels; encode, check, repair.
#[test]
fn layouts_and_kernels() {
    if !gpu_is_wanted() {
        return;
    }
    let code = Code::reed_solomon(4, 3).unwrap();
    let (slots, offset) = (7, 512);
    for kernel in [Kernel::Table, Kernel::Compiled] {
        let gpu = gpu_with(kernel);
        for (bytes, stripes) in [(16, 1), (4096, 1), (70_000, 1), (48, 33), (4096, 9), (8192 + 16, 5)] {
            for geometry in [
                Geometry { slots, bytes, slot_stride: bytes * stripes + 32, stripes, stripe_stride: bytes },
                Geometry { slots, bytes, slot_stride: bytes, stripes, stripe_stride: slots * bytes + 16 },
            ] {
                let place =
                    |slot: usize, stripe: usize| offset + slot * geometry.slot_stride + stripe * geometry.stripe_stride;
                let mut memory = vec![0x77; place(slots - 1, stripes - 1) + bytes + 64];
                let mut whole = painted_stripe(4, 3, bytes * stripes);
                Codec::on(code.clone(), Arc::new(Cpu::new().unwrap())).encode(&mut whole).unwrap();
                let put = |memory: &mut Vec<u8>, slot: usize, lost: bool| {
                    for stripe in 0..stripes {
                        let from = &whole[slot][stripe * bytes..][..bytes];
                        let to = &mut memory[place(slot, stripe)..][..bytes];
                        if lost { to.fill(0xee) } else { to.copy_from_slice(from) }
                    }
                };
                (0..slots).for_each(|slot| put(&mut memory, slot, false));
                let expected = memory.clone();
                (0..slots).for_each(|slot| put(&mut memory, slot, slot >= 4));
                let data_only = memory.clone();
                memory = expected.clone();
                (0..slots).for_each(|slot| put(&mut memory, slot, [0, 2, 5].contains(&slot)));

                let arena = |buffer| Arena { buffer, offset: offset as u64, geometry };
                let encoded = buffer(&gpu, &data_only);
                let _ = run(&gpu, Task::write(&code.encode_plan()), Resident::Together(arena(&encoded)));
                assert_shards_equal(&[&expected], &[read(&gpu, &encoded)], format!("encode, {kernel:?} {geometry:?}"));

                let repair = code.repair_plan(&[0, 2, 5], &[0, 2, 5], &|_| 1).unwrap();
                let repaired = buffer(&gpu, &memory);
                let _ = run(&gpu, Task::write(&repair), Resident::Together(arena(&repaired)));
                assert_shards_equal(&[&expected], &[read(&gpu, &repaired)], format!("repair, {kernel:?} {geometry:?}"));

                let check = code.check_plan();
                assert!(run(&gpu, Task::Check(&check), Resident::Together(arena(&repaired))).is_consistent());
                let mut wrong = expected.clone();
                let (stripe, byte) = (stripes - 1, bytes - 3);
                wrong[place(5, stripe) + byte] ^= 0x10;
                let report = run(&gpu, Task::Check(&check), Resident::Together(arena(&buffer(&gpu, &wrong))));
                let [found] = report.mismatches[..] else { panic!("{kernel:?} {geometry:?}: {report:?}") };
                assert_eq!((found.slot, found.stripe, found.first, found.count), (5, stripe, byte, 1));
                assert_eq!(found.block, byte / 4096);
            }
        }
    }
}

/// Data in one buffer, parity in another one; and a plan for each stripe.
#[test]
fn apart_and_per_stripe() {
    if !gpu_is_wanted() {
        return;
    }
    let code = Code::cauchy(3, 2).unwrap();
    let gpu = gpu_with(Kernel::Table);
    let mut whole = painted_stripe(3, 2, 4 * 4096);
    Codec::on(code.clone(), Arc::new(Cpu::new().unwrap())).encode(&mut whole).unwrap();
    let geometry = |slots| Geometry { slots, bytes: 4096, slot_stride: 4 * 4096, stripes: 4, stripe_stride: 4096 };

    let (data, parity) = (buffer(&gpu, &whole[..3].concat()), buffer(&gpu, &vec![0xee; 2 * 4 * 4096]));
    let sources = Arena { buffer: &data, offset: 0, geometry: geometry(3) };
    let targets = Arena { buffer: &parity, offset: 0, geometry: geometry(2) };
    let apart = Resident::Apart { sources, targets };
    let _ = run(&gpu, Task::write(&code.encode_plan()), apart);
    assert_shards_equal(&[whole[3..].concat()], &[read(&gpu, &parity)], "apart");
    assert!(run(&gpu, Task::Check(&code.check_plan()), apart).is_consistent());

    let losses: [&[usize]; 4] = [&[0], &[1, 4], &[], &[3]];
    let plans = losses.map(|lost| code.repair_plan(lost, lost, &|_| 1).unwrap());
    let mut broken = whole.clone();
    for (stripe, lost) in losses.iter().enumerate() {
        lost.iter().for_each(|&shard| broken[shard][stripe * 4096..][..4096].fill(0));
    }
    let all = buffer(&gpu, &broken.concat());
    let together = Resident::Together(Arena { buffer: &all, offset: 0, geometry: geometry(5) });
    let _ = run(&gpu, Task::Write(Matrices::PerStripe { plans: &plans, of: &[0, 1, 2, 3] }), together);
    assert_shards_equal(&[whole.concat()], &[read(&gpu, &all)], "a plan per stripe");
}

#[test]
fn what_does_not_fit_is_refused() {
    if !gpu_is_wanted() {
        return;
    }
    let code = Code::raid5(2).unwrap();
    let plan = code.encode_plan();
    let gpu = gpu_with(Kernel::Table);
    let memory = buffer(&gpu, &[0; 4096]);
    let good = Geometry { slots: 3, bytes: 64, slot_stride: 64, stripes: 1, stripe_stride: 0 };
    let record = |offset, geometry| {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let shards = Resident::Together(Arena { buffer: &memory, offset, geometry });
        gpu.record(&mut encoder, Task::write(&plan), shards).map(|_| ())
    };
    assert!(record(256, good).is_ok());
    assert!(matches!(record(8, good), Err(Error::Alignment { given: 8, .. })));
    for wrong in [Geometry { bytes: 60, ..good }, Geometry { slot_stride: 72, ..good }] {
        assert!(matches!(record(0, wrong), Err(Error::Alignment { multiple: 16, .. })), "{wrong:?}");
    }
    let wide = Geometry { slot_stride: 2048, ..good };
    assert!(matches!(record(0, wide), Err(Error::RegionTooSmall { needed: 4160, available: 4096 })));
    assert!(matches!(record(0, Geometry { slots: 2, ..good }), Err(Error::SlotIndex { slot: 2, slots: 2 })));
    assert!(matches!(record(0, Geometry { slot_stride: 48, ..good }), Err(Error::Overlap { .. })));
}

#[test]
fn odd_arenas() {
    if !gpu_is_wanted() {
        return;
    }
    let gpu = gpu_with(Kernel::Table);
    let (small, large) = (buffer(&gpu, &[0; 16]), buffer(&gpu, &[0; 8192]));
    let geometry = |slots, bytes| Geometry { slots, bytes, slot_stride: bytes, stripes: 1, stripe_stride: 1 << 40 };
    let arena = |buffer, slots, bytes| Arena { buffer, offset: 0, geometry: geometry(slots, bytes) };
    let record = |plan: &Plan, shards| {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        gpu.record(&mut encoder, Task::write(plan), shards).map(|_| ())
    };
    // The stride of a single stripe says nothing.
    let plan = Plan::new(&[0], &[1], Matrix::identity(1)).unwrap();
    assert!(record(&plan, Resident::Together(arena(&large, 2, 4096))).is_ok());
    // An arena without slots has no source, even if the other arena has some.
    let plan = Plan::new(&[1], &[0], Matrix::identity(1)).unwrap();
    let apart = Resident::Apart { sources: arena(&small, 0, 4096), targets: arena(&large, 2, 4096) };
    assert!(matches!(record(&plan, apart), Err(Error::SlotIndex { slot: 1, slots: 0 })));
    let none = Geometry { slots: 0, bytes: 16, slot_stride: 16, stripes: usize::MAX, stripe_stride: 16 };
    // The stripes of an arena without slots are not bounded by its buffer.
    let sources = Arena { buffer: &small, offset: 0, geometry: Geometry { bytes: 32, stripe_stride: 32, ..none } };
    let targets = arena(&large, 1, 32);
    assert!(matches!(record(&plan, Resident::Apart { sources, targets }), Err(Error::ShardLength { .. })));
    let empty = Plan::reading(&[]).unwrap();
    let nowhere = Resident::Together(Arena { buffer: &small, offset: 0, geometry: none });
    assert!(record(&empty, nowhere).is_ok());
}

/// What was never submitted is not reported as consistent.
#[test]
fn unsubmitted_commands_have_no_result() {
    if !gpu_is_wanted() {
        return;
    }
    let gpu = gpu_with(Kernel::Table);
    let memory = buffer(&gpu, &[0; 3 * 64]);
    let geometry = Geometry { slots: 3, bytes: 64, slot_stride: 64, stripes: 1, stripe_stride: 0 };
    let plan = Code::raid5(2).unwrap().check_plan();
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let shards = Resident::Together(Arena { buffer: &memory, offset: 0, geometry });
    let recorded = gpu.record(&mut encoder, Task::Check(&plan), shards).unwrap();
    assert!(matches!(recorded.report(), Err(Error::Device { .. })));
}

/// A pass has a time if profiling was requested, and counts the bytes read and written.
#[test]
fn passes_are_timed_when_asked() {
    if !gpu_is_wanted() {
        return;
    }
    let mut options = Options::default();
    options.tuning().profile = true;
    let gpu = Gpu::open(&options).unwrap();
    let memory = buffer(&gpu, &[0; 3 * 65_536]);
    let geometry = Geometry { slots: 3, bytes: 65_536, slot_stride: 65_536, stripes: 1, stripe_stride: 0 };
    let plan = Code::raid5(2).unwrap().encode_plan();
    let _ = run(&gpu, Task::write(&plan), Resident::Together(Arena { buffer: &memory, offset: 0, geometry }));
    let times = gpu.take_profile().unwrap();
    let [time] = &times[..] else { panic!("{times:?}") };
    assert_eq!((time.sources, time.targets, time.traffic_bytes), (2, 1, 3 * 65_536));
    assert!(time.nanoseconds > 0.0, "{time:?}");
    assert!(gpu.take_profile().unwrap().is_empty());
}
