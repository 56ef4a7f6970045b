//! Host memory registered with a GPU is recognised by its address, is refused if it cannot be registered, and is released when its owner drops
//! the registration.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use std::ptr::NonNull;
use std::sync::mpsc;
use std::time::Duration;

use evariste::backend::HostMemory;
use evariste::gpu::Options;
use evariste::memory::{PAGE_BYTES, Slot};
use evariste::{Backend, Batch, Code, Error, Gpu, Matrix, Plan, Region, Task, View};
use support::registered::{SHARD_BYTES, gpu, one_stripe, register};
use support::{assert_shards_equal, gpu_is_wanted, stripe};

/// Fills the data of an arena, encodes it and compares all of it with the oracle's.
fn encode_and_compare(gpu: &Gpu, code: &Code, memory: &mut [u8], bytes: usize, in_place: bool) {
    let plan = code.encode_plan();
    let expected = stripe(code, bytes);
    for (slot, shard) in expected[..code.data_shards()].iter().enumerate() {
        memory[slot * bytes..][..bytes].copy_from_slice(shard);
    }
    let view = View::arena(memory, one_stripe(code.total_shards(), bytes)).unwrap();
    let batch = Batch::new(Task::write(&plan), view).unwrap();
    assert_eq!(gpu.is_in_place(&batch), in_place, "{bytes} bytes");
    let _ = gpu.run(&mut [batch]).unwrap();
    let got: Vec<Vec<u8>> = memory.chunks_exact(bytes).take(code.total_shards()).map(<[u8]>::to_vec).collect();
    assert_shards_equal(&expected, &got, "encoded in registered memory");
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
    // Sources in one registration, targets in another one.
    let slots = [
        Slot::Read(&*pages[4]),
        Slot::Read(&*pages[0]),
        Slot::Read(&*pages[2]),
        Slot::Write(&mut *first),
        Slot::Write(&mut *second),
    ];
    let batch = Batch::new(Task::write(&plan), View::slices(slots, 1).unwrap()).unwrap();
    assert!(gpu.is_in_place(&batch));
    let _ = gpu.run(&mut [batch]).unwrap();
    assert_shards_equal(&expected[3..], &[first.to_vec(), second.to_vec()], "parity elsewhere");
    // Sources in two registrations are copied.
    let mut target = vec![0; SHARD_BYTES];
    let slots = [Slot::Read(&*pages[4]), Slot::Read(&*first), Slot::Read(&*pages[2]), Slot::Write(&mut target)];
    let plan = evariste::Plan::new(&[0, 1, 2], &[3], evariste::Matrix::from_rows(&[[1, 1, 1]]).unwrap()).unwrap();
    let batch = Batch::new(Task::write(&plan), View::slices(slots, 1).unwrap()).unwrap();
    assert!(!gpu.is_in_place(&batch));
    let _ = gpu.run(&mut [batch]).unwrap();
    assert!((0..SHARD_BYTES).all(|at| target[at] == pages[4][at] ^ first[at] ^ pages[2][at]));
}

#[test]
fn what_cannot_be_registered_is_refused_with_both_numbers() {
    let Some(gpu) = gpu() else { return };
    let mut region = Region::new(4 * PAGE_BYTES).unwrap();
    for (memory, wrong) in [
        (NonNull::from(&mut region[8..PAGE_BYTES + 8]), "the address"),
        (NonNull::from(&mut region[..PAGE_BYTES + 16]), "the length"),
    ] {
        // SAFETY: refused, and nothing else would happen to the region.
        let error = unsafe { gpu.register(memory) }.err().unwrap();
        assert!(matches!(error, Error::Alignment { what, multiple: 4096, .. } if what == wrong), "{error}");
    }
    // SAFETY: as above.
    let error = unsafe { gpu.register(NonNull::from(&mut region[..0])) }.err().unwrap();
    assert!(matches!(error, Error::RegionTooSmall { needed: 4096, available: 0 }), "{error}");
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
        let view = View::arena(memory, one_stripe(3, SHARD_BYTES)).unwrap();
        let batch = Batch::new(Task::write(&plan), view).unwrap();
        assert!(gpu.is_in_place(&batch));
        let _ = gpu.run(&mut [batch]).unwrap();
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
    let _ = gpu.run(&mut [batch]).unwrap();
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
    let plan = Plan::new(&[0], &[1], Matrix::identity(1)).unwrap();
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
                        let _ = gpu.run(&mut [Batch::new(Task::write(plan), view).unwrap()]).unwrap();
                    }
                });
            }
            drop(registration);
        });
    }
}
