//! Host memory that a GPU works on in place: found by its address wherever it was cut from, given back when it says so, and sound when the
//! device goes away.

#[path = "support/support.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use evariste::backend::HostMemory;
use evariste::gpu::{Options, Registration, wgpu};
use evariste::memory::{PAGE_BYTES, Slot};
use evariste::{Backend, Batch, Code, Codec, Cpu, Error, Geometry, Gpu, Matrices, Matrix, Plan, Region, Task, View};
use support::{Rng, assert_shards_equal, gpu_is_wanted, painted_stripe};

/// Shards of a call that is done in an instant.
const SHARD_BYTES: usize = 4096;

/// A GPU of this test's own that registers memory; `None` where no GPU is to be tested.
fn gpu() -> Option<Arc<Gpu>> {
    gpu_is_wanted().then(|| {
        let mut options = Options::default();
        options.memory = Some(HostMemory::Registered);
        Arc::new(Gpu::open(&options).unwrap())
    })
}

/// A plan that copies slot 0 to slot 1.
fn copy_plan() -> Plan {
    Plan::new(&[0], &[1], Matrix::identity(1)).unwrap()
}

/// Registers a region of plain memory.
fn register(gpu: &Gpu, region: &mut Region) -> Registration {
    let memory = NonNull::from(&mut **region);
    // SAFETY: whole pages, which every test drops after the registration.
    unsafe { gpu.register(memory) }.unwrap()
}

fn geometry(slots: usize, bytes: usize) -> Geometry {
    Geometry { slots, bytes, slot_stride: bytes, stripes: 1, stripe_stride: 0 }
}

/// An encoded stripe, by the CPU.
fn stripe(code: &Code, bytes: usize) -> Vec<Vec<u8>> {
    let mut stripe = painted_stripe(code.data_shards(), code.parity_shards(), bytes);
    Codec::on(code.clone(), Arc::new(Cpu::new().unwrap())).encode(&mut stripe).unwrap();
    stripe
}

/// Fills the data of an arena, encodes it and compares all of it with the CPU's.
fn encode_and_compare(gpu: &Gpu, code: &Code, memory: &mut [u8], bytes: usize, in_place: bool) {
    let plan = code.encode_plan();
    let expected = stripe(code, bytes);
    for (slot, shard) in expected[..code.data_shards()].iter().enumerate() {
        memory[slot * bytes..][..bytes].copy_from_slice(shard);
    }
    let view = View::arena(memory, geometry(code.total_shards(), bytes)).unwrap();
    let batch = Batch::new(Task::write(&plan), view).unwrap();
    assert_eq!(gpu.is_in_place(&batch), in_place, "{bytes} bytes");
    gpu.run(&mut [batch]).unwrap();
    let got: Vec<Vec<u8>> = memory.chunks_exact(bytes).take(code.total_shards()).map(<[u8]>::to_vec).collect();
    assert_shards_equal(&expected, &got, "encoded in registered memory");
}

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
fn a_callers_memory_is_known_while_it_is_registered() {
    let Some(gpu) = gpu() else { return };
    let code = Code::reed_solomon(5, 3).unwrap();
    let mut region = Region::new(8 * SHARD_BYTES).unwrap();
    encode_and_compare(&gpu, &code, &mut region, SHARD_BYTES, false);
    let registration = register(&gpu, &mut region);
    encode_and_compare(&gpu, &code, &mut region, SHARD_BYTES, true);
    // Shards that are no whole words are copied, with the same result.
    encode_and_compare(&gpu, &code, &mut region, 1001, false);
    drop(registration);
    encode_and_compare(&gpu, &code, &mut region, SHARD_BYTES, false);
}

#[test]
fn slices_of_registered_memory_are_recognised_in_any_order() {
    let Some(gpu) = gpu() else { return };
    let code = Code::reed_solomon(3, 2).unwrap();
    let expected = stripe(&code, SHARD_BYTES);
    let mut data = gpu.allocate(5 * SHARD_BYTES).unwrap();
    let mut parity = gpu.allocate(2 * SHARD_BYTES).unwrap();
    let plan = code.encode_plan();
    let mut pages: Vec<&mut [u8]> = data.chunks_exact_mut(SHARD_BYTES).collect();
    for (page, shard) in [4, 0, 2].into_iter().zip(&expected) {
        pages[page].copy_from_slice(shard);
    }
    let mut targets = parity.chunks_exact_mut(SHARD_BYTES);
    let (second, first) = (targets.next().unwrap(), targets.next().unwrap());
    // Sources in one registration, targets in another.
    let slots = [
        Slot::Read(&*pages[4]),
        Slot::Read(&*pages[0]),
        Slot::Read(&*pages[2]),
        Slot::Write(&mut *first),
        Slot::Write(&mut *second),
    ];
    let batch = Batch::new(Task::write(&plan), View::slices(slots, 1).unwrap()).unwrap();
    assert!(gpu.is_in_place(&batch));
    gpu.run(&mut [batch]).unwrap();
    assert_shards_equal(&expected[3..], &[first.to_vec(), second.to_vec()], "parity elsewhere");
    // Sources in two registrations are copied.
    let mut target = vec![0; SHARD_BYTES];
    let slots = [Slot::Read(&*pages[4]), Slot::Read(&*first), Slot::Read(&*pages[2]), Slot::Write(&mut target)];
    let plan = evariste::Plan::new(&[0, 1, 2], &[3], evariste::Matrix::from_rows(&[[1, 1, 1]]).unwrap()).unwrap();
    let batch = Batch::new(Task::write(&plan), View::slices(slots, 1).unwrap()).unwrap();
    assert!(!gpu.is_in_place(&batch));
    gpu.run(&mut [batch]).unwrap();
    assert!((0..SHARD_BYTES).all(|at| target[at] == pages[4][at] ^ first[at] ^ pages[2][at]));
}

#[test]
fn what_cannot_be_registered_is_refused_with_both_numbers() {
    let Some(gpu) = gpu() else { return };
    let mut region = Region::new(4 * PAGE_BYTES).unwrap();
    for (memory, wrong) in [
        (NonNull::from(&mut region[8..PAGE_BYTES + 8]), "the address"),
        (NonNull::from(&mut region[..PAGE_BYTES + 16]), "the length"),
        (NonNull::from(&mut region[..0]), "the length"),
    ] {
        // SAFETY: refused, and nothing else would happen to the region.
        let error = unsafe { gpu.register(memory) }.err().unwrap();
        assert!(matches!(error, Error::Alignment { what, multiple: 4096, .. } if what == wrong), "{error}");
    }
    let mut options = Options::default();
    options.memory = Some(HostMemory::Staged);
    let staged = Gpu::open(&options).unwrap();
    // SAFETY: as above.
    let error = unsafe { staged.register(NonNull::from(&mut *region)) }.err().unwrap();
    assert!(error.is_device_failure() && format!("{error:?}").contains("CannotRegister"), "{error}");
}

#[test]
fn every_way_to_host_memory_can_be_forced_and_is_named() {
    if !gpu_is_wanted() {
        return;
    }
    let code = Code::reed_solomon(10, 4).unwrap();
    for memory in [HostMemory::Registered, HostMemory::Mapped, HostMemory::Staged] {
        let mut options = Options::default();
        options.memory = Some(memory);
        let gpu = Gpu::open(&options).unwrap();
        assert_eq!(gpu.info().memory, Some(memory));
        let mut region = gpu.allocate(14 * SHARD_BYTES).unwrap();
        encode_and_compare(&gpu, &code, &mut region, SHARD_BYTES, memory == HostMemory::Registered);
    }
}

#[test]
fn many_batches_of_every_kind_in_one_call() {
    let Some(gpu) = gpu() else { return };
    let code = Code::reed_solomon(6, 3).unwrap();
    let plan = code.encode_plan();
    let mut random = Rng::new(7);
    let sizes: Vec<usize> = (0..40).map(|_| 1 + random.below(20_000)).collect();
    let expected: Vec<Vec<Vec<u8>>> = sizes.iter().map(|&bytes| stripe(&code, bytes)).collect();
    // Every second one in registered memory, every third one a check.
    let mut stripes: Vec<(Region, usize)> = Vec::new();
    for (index, &bytes) in sizes.iter().enumerate() {
        let stride = bytes.next_multiple_of(16);
        let mut region = if index % 2 == 0 { gpu.allocate(9 * stride) } else { Region::new(9 * stride) }.unwrap();
        let filled = if index % 3 == 0 { 9 } else { 6 };
        for (slot, shard) in expected[index][..filled].iter().enumerate() {
            region[slot * stride..][..bytes].copy_from_slice(shard);
        }
        if index % 3 == 0 {
            region[7 * stride + bytes / 2] ^= 4;
        }
        stripes.push((region, stride));
    }
    let mut batches: Vec<Batch<'_>> = Vec::new();
    for (index, ((region, stride), &bytes)) in stripes.iter_mut().zip(&sizes).enumerate() {
        let geometry = Geometry { slot_stride: *stride, ..geometry(9, bytes) };
        let view = View::arena_padded(region, geometry, *stride).unwrap();
        let task = if index % 3 == 0 { Task::Check(&plan) } else { Task::write(&plan) };
        batches.push(Batch::new(task, view).unwrap());
        assert_eq!(gpu.is_in_place(batches.last().unwrap()), index % 2 == 0);
    }
    let report = gpu.run(&mut batches).unwrap();
    let found: Vec<(usize, u32, usize, u32)> =
        report.mismatches.iter().map(|found| (found.batch, found.slot, found.first, found.count)).collect();
    let wrong: Vec<(usize, u32, usize, u32)> =
        (0..40).filter(|index| index % 3 == 0).map(|index| (index, 7, sizes[index] / 2, 1)).collect();
    assert_eq!(found, wrong);
    drop(batches);
    for (index, (region, stride)) in stripes.iter().enumerate().filter(|(index, _)| index % 3 != 0) {
        let got: Vec<Vec<u8>> = region.chunks(*stride).take(9).map(|slot| slot[..sizes[index]].to_vec()).collect();
        assert_shards_equal(&expected[index], &got, "one of many batches");
    }
}

/// Bytes of this process that are in memory.
#[cfg(target_os = "linux")]
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * PAGE_BYTES
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_registrations_leave_nothing_behind() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let ended = command.args(["--exact", "ten_thousand_registrations", "--ignored"]).output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && text.contains("1 passed"), "{}: {text}", ended.status);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by the test before in a process of its own, whose memory it measures"]
fn ten_thousand_registrations() {
    let Some(gpu) = gpu() else { return };
    let code = Code::reed_solomon(2, 1).unwrap();
    let plan = code.encode_plan();
    let mut own = Region::new(3 * SHARD_BYTES).unwrap();
    let mut before = 0;
    for cycle in 0..10_000 {
        // In turn the library's memory and the caller's.
        let mut allocated = if cycle % 2 == 0 { Some(gpu.allocate(3 * SHARD_BYTES).unwrap()) } else { None };
        let registration = (cycle % 2 == 1).then(|| register(&gpu, &mut own));
        let memory: &mut [u8] = allocated.as_mut().map_or(&mut *own, |region| &mut **region);
        memory[..2 * SHARD_BYTES].fill(u8::try_from(cycle % 251).unwrap());
        memory[SHARD_BYTES] = 0;
        let view = View::arena(memory, geometry(3, SHARD_BYTES)).unwrap();
        let batch = Batch::new(Task::write(&plan), view).unwrap();
        assert!(gpu.is_in_place(&batch));
        gpu.run(&mut [batch]).unwrap();
        drop(registration);
        if cycle == 1000 {
            before = resident_bytes();
        }
    }
    // 9,000 cycles that kept a page each would have kept 36 MB; that many kept regions 110 MB.
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes more after 9,000 cycles");
}

#[test]
fn a_device_destroyed_in_the_middle_corrupts_nothing() {
    let Some(gpu) = gpu() else { return };
    let code = Code::reed_solomon(10, 4).unwrap();
    let plan = code.encode_plan();
    let bytes = 256 << 10;
    let expected = stripe(&code, bytes);
    let mut region = gpu.allocate(14 * bytes).unwrap();
    let mut own = Region::new(14 * bytes).unwrap();
    let registration = register(&gpu, &mut own);
    for (slot, shard) in expected[..10].iter().enumerate() {
        region[slot * bytes..][..bytes].copy_from_slice(shard);
        own[slot * bytes..][..bytes].copy_from_slice(shard);
    }
    let stop = AtomicBool::new(false);
    let error = std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            loop {
                for memory in [&mut *region, &mut *own] {
                    let view = View::arena(memory, geometry(14, bytes)).unwrap();
                    if let Err(error) = gpu.run(&mut [Batch::new(Task::write(&plan), view).unwrap()]) {
                        return error;
                    }
                }
                stop.store(true, Ordering::Relaxed);
            }
        });
        while !stop.load(Ordering::Relaxed) && !worker.is_finished() {
            std::thread::yield_now();
        }
        gpu.device().destroy();
        worker.join().unwrap()
    });
    assert!(error.is_device_failure(), "{error}");
    // Neither sources nor what lies beside the targets was touched, and the memory is the caller's again.
    for memory in [&*region, &*own] {
        assert!(memory.chunks_exact(bytes).zip(&expected[..10]).all(|(slot, shard)| slot == shard));
    }
    drop(registration);
    own.fill(0);
    // The call can be made elsewhere, in the same memory.
    let view = View::arena(&mut region, geometry(14, bytes)).unwrap();
    Cpu::new().unwrap().run(&mut [Batch::new(Task::write(&plan), view).unwrap()]).unwrap();
    assert!(region.chunks_exact(bytes).zip(&expected).all(|(slot, shard)| slot == shard));
    // Memory outlives the device's last handle.
    drop(gpu);
    region.fill(1);
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
fn sources_can_be_given_back_while_their_targets_stay_registered() {
    let Some(gpu) = gpu() else { return };
    let plan = Code::reed_solomon(2, 1).unwrap().encode_plan();
    let mut data = Region::new(2 * SHARD_BYTES).unwrap();
    let mut parity = gpu.allocate(SHARD_BYTES).unwrap();
    let registration = register(&gpu, &mut data);
    let (first, second) = data.split_at(SHARD_BYTES);
    let slots = [Slot::Read(first), Slot::Read(second), Slot::Write(&mut parity)];
    let batch = Batch::new(Task::write(&plan), View::slices(slots, 1).unwrap()).unwrap();
    assert!(gpu.is_in_place(&batch));
    gpu.run(&mut [batch]).unwrap();
    // What the parity's range keeps for the next call must not keep the data's.
    let (done, dropped) = mpsc::channel();
    std::thread::spawn(move || {
        drop(registration);
        done.send(()).unwrap();
    });
    dropped.recv_timeout(Duration::from_secs(60)).expect("dropping the registration returns");
}

#[test]
fn a_registration_is_dropped_while_others_work() {
    let Some(gpu) = gpu() else { return };
    let plan = copy_plan();
    let mut target = gpu.allocate(64 * SHARD_BYTES).unwrap();
    let source = Region::new(SHARD_BYTES).unwrap();
    for _ in 0..50 {
        // SAFETY: whole pages, which outlive the registration.
        let registration = unsafe { gpu.register(NonNull::from(&*source)) }.unwrap();
        std::thread::scope(|scope| {
            for part in target.chunks_exact_mut(16 * SHARD_BYTES) {
                let (gpu, plan, source) = (&gpu, &plan, &source);
                scope.spawn(move || {
                    for part in part.chunks_exact_mut(SHARD_BYTES) {
                        let view = View::slices([Slot::Read(source), Slot::Write(part)], 1).unwrap();
                        gpu.run(&mut [Batch::new(Task::write(plan), view).unwrap()]).unwrap();
                    }
                });
            }
            drop(registration);
        });
    }
}

#[test]
fn a_view_put_into_a_batch_is_checked_like_the_one_before() {
    let Some(gpu) = gpu() else { return };
    let plan = copy_plan();
    let mut writable = gpu.allocate(2 * SHARD_BYTES).unwrap();
    let mut read_only = gpu.allocate(2 * SHARD_BYTES).unwrap();
    read_only[..SHARD_BYTES].fill(7);
    for backend in [&*gpu as &dyn Backend, &Cpu::new().unwrap()] {
        let mut batch =
            Batch::new(Task::write(&plan), View::arena(&mut writable, geometry(2, SHARD_BYTES)).unwrap()).unwrap();
        *batch.view_mut() = View::arena_ref(&read_only, geometry(2, SHARD_BYTES)).unwrap();
        let error = backend.run(&mut [batch]).unwrap_err();
        assert!(matches!(error, Error::ReadOnlySlot { slot: 1 }), "{error}");
        let mut batch =
            Batch::new(Task::Check(&plan), View::arena_ref(&read_only, geometry(2, SHARD_BYTES)).unwrap()).unwrap();
        *batch.view_mut() = View::arena_ref(&read_only, geometry(1, SHARD_BYTES)).unwrap();
        let error = backend.run(&mut [batch]).unwrap_err();
        assert!(matches!(error, Error::SlotIndex { slot: 1, slots: 1 }), "{error}");
    }
    assert!(read_only[SHARD_BYTES..].iter().all(|&byte| byte == 0), "read-only memory was written");
}

#[test]
fn a_callers_device_that_is_destroyed_does_not_pretend_to_work() {
    let Some(own) = gpu() else { return };
    let mut options = Options::default();
    options.memory = Some(HostMemory::Registered);
    let gpu = Gpu::with_device(own.device().clone(), own.queue().clone(), &options).unwrap();
    let plan = copy_plan();
    let mut region = gpu.allocate(2 * SHARD_BYTES).unwrap();
    let mut plain = Region::new(2 * SHARD_BYTES).unwrap();
    let run = |memory: &mut [u8]| {
        let view = View::arena(memory, geometry(2, SHARD_BYTES)).unwrap();
        gpu.run(&mut [Batch::new(Task::write(&plan), view).unwrap()])
    };
    run(&mut region).unwrap();
    run(&mut plain).unwrap();
    // Nobody tells this backend of it: the callback is the caller's.
    gpu.device().destroy();
    for memory in [&mut *region, &mut *plain] {
        let error = run(memory).unwrap_err();
        assert!(error.is_device_failure(), "{error}");
    }
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
        let view = View::arena(&mut region, geometry(14, bytes)).unwrap();
        let mut batches = [Batch::new(Task::write(&plan), view).unwrap()];
        let result = catch_unwind(AssertUnwindSafe(|| gpu.run(&mut batches)));
        let status = gpu.device().poll(wgpu::PollType::Poll).unwrap();
        assert!(status.is_queue_empty(), "the call returned while the device was at work");
        assert!(!matches!(result, Ok(Err(_))), "a panic of the caller's is no failure of the device");
    }
}

/// Where an arena's cells lie, and how it is filled.
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
        backend.run(&mut [Batch::new(task, view).unwrap()]).unwrap();
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
        let last = u32::try_from(slots - 1).unwrap();
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
