//! A GPU works on registered memory in place with the same results as through copies: in any length and layout, while other calls run, and without
//! writing a byte outside the shards.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use evariste::backend::HostMemory;
use evariste::gpu::wgpu;
use evariste::{Backend, Batch, Code, Codec, Cpu, Error, Geometry, Gpu, Matrices, Matrix, Plan, Task, View};
use support::registered::{SHARD_BYTES, gpu, one_stripe};
use support::{Rng, assert_shards_equal, stripe};

#[test]
fn a_codecs_shards_are_worked_on_in_place_in_any_length() {
    let Some(gpu) = gpu() else { return };
    assert_eq!(gpu.info().memory, Some(HostMemory::Registered));
    let code = Code::reed_solomon(10, 4).unwrap();
    let codec = Codec::on(code.clone(), Arc::<Gpu>::clone(&gpu));
    for bytes in [1, 15, 16, 17, 4095, 4096, 4097, 100_003] {
        let expected = stripe(&code, bytes);
        let mut shards = codec.shards(bytes).unwrap();
        for (index, shard) in expected[..10].iter().enumerate() {
            shards.data_mut(index).copy_from_slice(shard);
        }
        codec.encode(&mut shards).unwrap();
        assert!(shards.iter().eq(expected.iter()), "encode, {bytes} bytes");
        for lost in [0, 5, 11, 13] {
            shards.shard_mut(lost).fill(0xee);
        }
        codec.reconstruct(&mut shards, &[0, 5, 11, 13]).unwrap();
        assert!(shards.iter().eq(expected.iter()), "reconstruct, {bytes} bytes");
        assert!(codec.verify(&shards).unwrap().is_consistent());
        shards.shard_mut(3)[bytes - 1] ^= 1;
        let report = codec.verify(&shards).unwrap();
        assert_eq!(report.mismatches.len(), 4);
        assert!(report.mismatches.iter().all(|found| (found.first, found.count) == (bytes - 1, 1)), "{report:?}");
    }
}

#[test]
fn columns_leave_their_neighbours_alone() {
    let Some(gpu) = gpu() else { return };
    let code = Code::reed_solomon(4, 2).unwrap();
    let codec = Codec::on(code.clone(), gpu);
    let expected = stripe(&code, 1000);
    for columns in [0..1000, 0..16, 16..1000, 160..320, 0..17, 1..16, 999..1000, 500..501] {
        let mut shards = codec.shards(1000).unwrap();
        for (index, shard) in expected[..4].iter().enumerate() {
            shards.data_mut(index).copy_from_slice(shard);
        }
        codec.encode(&mut shards.columns(columns.clone()).unwrap()).unwrap();
        for (shard, expected) in shards.iter().zip(&expected).skip(4) {
            for (at, byte) in shard.iter().enumerate() {
                let encoded = if columns.contains(&at) { expected[at] } else { 0 };
                assert_eq!(*byte, encoded, "column {at} after encoding {columns:?}");
            }
        }
    }
}

#[test]
fn calls_at_the_same_time_do_not_meet() {
    let Some(gpu) = gpu() else { return };
    let code = Code::reed_solomon(4, 2).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (gpu, code) = (&gpu, &code);
            scope.spawn(move || {
                let codec = Codec::on(code.clone(), Arc::<Gpu>::clone(gpu));
                for round in 0..20 {
                    let bytes = 1 + (thread * 7919 + round * 104_729) % 50_000;
                    let expected = stripe(code, bytes);
                    let mut shards = codec.shards(bytes).unwrap();
                    let mut plain: Vec<Vec<u8>> = vec![vec![0; bytes]; 6];
                    for (index, shard) in expected[..4].iter().enumerate() {
                        shards.data_mut(index).copy_from_slice(shard);
                        plain[index].copy_from_slice(shard);
                    }
                    codec.encode(&mut shards).unwrap();
                    codec.encode(&mut plain).unwrap();
                    assert!(shards.iter().eq(expected.iter()));
                    assert_shards_equal(&expected, &plain, "plain");
                    assert!(codec.verify(&shards).unwrap().is_consistent());
                }
            });
        }
    });
}

#[test]
fn a_view_put_into_a_batch_is_checked_like_the_one_before() {
    let Some(gpu) = gpu() else { return };
    let plan = Plan::new(&[0], &[1], Matrix::identity(1)).unwrap();
    let mut writable = gpu.allocate(2 * SHARD_BYTES).unwrap();
    let mut read_only = gpu.allocate(2 * SHARD_BYTES).unwrap();
    read_only[..SHARD_BYTES].fill(7);
    for backend in [&*gpu as &dyn Backend, &Cpu::new().unwrap()] {
        let mut batch =
            Batch::new(Task::write(&plan), View::arena(&mut writable, one_stripe(2, SHARD_BYTES)).unwrap()).unwrap();
        *batch.view_mut() = View::arena_ref(&read_only, one_stripe(2, SHARD_BYTES)).unwrap();
        let error = backend.run(&mut [batch]).unwrap_err();
        assert!(matches!(error, Error::ReadOnlySlot { slot: 1 }), "{error}");
        let mut batch =
            Batch::new(Task::Check(&plan), View::arena_ref(&read_only, one_stripe(2, SHARD_BYTES)).unwrap()).unwrap();
        *batch.view_mut() = View::arena_ref(&read_only, one_stripe(1, SHARD_BYTES)).unwrap();
        let error = backend.run(&mut [batch]).unwrap_err();
        assert!(matches!(error, Error::SlotIndex { slot: 1, slots: 1 }), "{error}");
    }
    assert!(read_only[SHARD_BYTES..].iter().all(|&byte| byte == 0), "read-only memory was written");
}

#[test]
fn a_call_that_panics_leaves_nothing_running() {
    let Some(gpu) = gpu() else { return };
    let plan = Code::reed_solomon(10, 4).unwrap().encode_plan();
    let bytes = 1 << 20;
    let mut region = gpu.allocate(14 * bytes).unwrap();
    for _ in 0..5 {
        // A callback of the program's own, which our submissions and waits run as any do.
        gpu.queue().submit([]);
        gpu.queue().on_submitted_work_done(|| panic!("a callback of the test's own"));
        let view = View::arena(&mut region, one_stripe(14, bytes)).unwrap();
        let mut batches = [Batch::new(Task::write(&plan), view).unwrap()];
        let result = catch_unwind(AssertUnwindSafe(|| gpu.run(&mut batches)));
        let status = gpu.device().poll(wgpu::PollType::Poll).unwrap();
        assert!(status.is_queue_empty(), "the call returned while the device was at work");
        assert!(!matches!(result, Ok(Err(_))), "a panic of the caller's is no failure of the device");
    }
}

/// The layout of an arena's cells, and its content.
struct Layout {
    geometry: Geometry,
    padded_bytes: usize,
    start: usize,
}

impl Layout {
    fn random(random: &mut Rng, slots: usize) -> Self {
        let bytes = match random.below(4) {
            0 => 1 + random.below(100),
            1 => 16 * (1 + random.below(600)),
            2 => 4096 * (1 + random.below(3)),
            _ => 1 + random.below(20_000),
        };
        let stripes = 1 + random.below(9);
        let padded_bytes = if random.below(2) == 0 { bytes.next_multiple_of(16) } else { bytes };
        let (cell, gap) = (padded_bytes + 16 * random.below(3), 16 * random.below(2));
        let (slot_stride, stripe_stride) =
            if random.below(2) == 0 { (cell * stripes + gap, cell) } else { (cell, cell * slots + gap) };
        let geometry = Geometry { slots, bytes, slot_stride, stripes, stripe_stride };
        Self { geometry, padded_bytes, start: 16 * random.below(5) }
    }

    fn bytes(&self) -> usize {
        let Geometry { slots, slot_stride, stripes, stripe_stride, .. } = self.geometry;
        self.start + slots * slot_stride + stripes * stripe_stride
    }

    fn cell(&self, slot: usize, stripe: usize) -> std::ops::Range<usize> {
        let start = self.start + slot * self.geometry.slot_stride + stripe * self.geometry.stripe_stride;
        start..start + self.geometry.bytes
    }

    fn write(&self, backend: &dyn Backend, memory: &mut [u8], task: Task<'_>) {
        let view = View::arena_padded(&mut memory[self.start..], self.geometry, self.padded_bytes).unwrap();
        let _ = backend.run(&mut [Batch::new(task, view).unwrap()]).unwrap();
    }

    fn check(&self, backend: &dyn Backend, memory: &[u8], plan: &Plan) -> evariste::Report {
        let view = View::arena_ref_padded(&memory[self.start..], self.geometry, self.padded_bytes).unwrap();
        backend.run(&mut [Batch::new(Task::Check(plan), view).unwrap()]).unwrap()
    }
}

/// All of the memory is compared: padding that turns up in a neighbour's bytes shows.
#[test]
fn random_layouts_agree_with_the_cpu_in_place_and_copied() {
    let Some(gpu) = gpu() else { return };
    let cpu = Cpu::new().unwrap();
    let mut random = Rng::new(3);
    for round in 0..100 {
        let code = Code::reed_solomon(1 + random.below(6), 1 + random.below(4)).unwrap();
        let (data, slots) = (code.data_shards(), code.total_shards());
        let layout = Layout::random(&mut random, slots);
        let stripes = layout.geometry.stripes;
        let context = format!("round {round}: {:?}, {} with padding", layout.geometry, layout.padded_bytes);
        let mut region = gpu.allocate(layout.bytes()).unwrap();
        for (slot, stripe) in (0..data).flat_map(|slot| (0..stripes).map(move |stripe| (slot, stripe))) {
            region[layout.cell(slot, stripe)].fill_with(|| u8::try_from(random.below(256)).unwrap());
        }
        let (mut copied, mut expected) = (region.to_vec(), region.to_vec());
        let last = slots - 1;
        let plans = [code.encode_plan(), Plan::new(&[0], &[last], Matrix::identity(1)).unwrap()];
        let of: Vec<u32> = (0..stripes).map(|_| u32::from(random.below(2) == 0)).collect();
        let task = match random.below(3) {
            0 => Task::Write(Matrices::PerStripe { plans: &plans, of: &of }),
            _ => Task::write(&plans[0]),
        };
        layout.write(&cpu, &mut expected, task);
        layout.write(&*gpu, &mut region, task);
        layout.write(&*gpu, &mut copied, task);
        assert!(*region == expected[..], "in place, {context}");
        assert!(copied == expected, "copied, {context}");

        for _ in 0..random.below(6) {
            let cell = layout.cell(random.below(slots), random.below(stripes));
            let at = cell.start + random.below(cell.len());
            expected[at] ^= 1 + u8::try_from(random.below(255)).unwrap();
        }
        region.copy_from_slice(&expected);
        let found = layout.check(&cpu, &expected, &plans[0]);
        assert_eq!(layout.check(&*gpu, &region, &plans[0]), found, "in place, {context}");
        assert_eq!(layout.check(&*gpu, &expected, &plans[0]), found, "copied, {context}");
    }
}
