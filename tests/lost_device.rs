//! A device that is lost during a call or between calls is an error: sources are unchanged, memory returns to its owner, and the device is not
//! handed out again.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evariste::backend::HostMemory;
use evariste::gpu::{Options, wgpu};
use evariste::{Backend, Batch, Code, Codec, Cpu, Gpu, Matrix, Plan, Region, Task, View};
use support::registered::{SHARD_BYTES, gpu, one_stripe, register};
use support::{gpu_is_wanted, painted_stripe, stripe};

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
                    let view = View::arena(memory, one_stripe(14, bytes)).unwrap();
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
    // Neither the sources nor the bytes around the targets have changed, and the memory is the caller's again.
    for memory in [&*region, &*own] {
        assert!(memory.chunks_exact(bytes).zip(&expected[..10]).all(|(slot, shard)| slot == shard));
    }
    drop(registration);
    own.fill(0);
    // The call can be made elsewhere, in the same memory.
    let view = View::arena(&mut region, one_stripe(14, bytes)).unwrap();
    let _ = Cpu::new().unwrap().run(&mut [Batch::new(Task::write(&plan), view).unwrap()]).unwrap();
    assert!(region.chunks_exact(bytes).zip(&expected).all(|(slot, shard)| slot == shard));
    // Memory outlives the device's last handle.
    drop(gpu);
    region.fill(1);
}

#[test]
fn a_callers_device_that_is_destroyed_does_not_pretend_to_work() {
    let Some(own) = gpu() else { return };
    let mut options = Options::default();
    options.memory = Some(HostMemory::Registered);
    let gpu = Gpu::with_device(own.device().clone(), own.queue().clone(), &options).unwrap();
    let plan = Plan::new(&[0], &[1], Matrix::identity(1)).unwrap();
    let mut region = gpu.allocate(2 * SHARD_BYTES).unwrap();
    let mut plain = Region::new(2 * SHARD_BYTES).unwrap();
    let run = |memory: &mut [u8]| {
        let view = View::arena(memory, one_stripe(2, SHARD_BYTES)).unwrap();
        gpu.run(&mut [Batch::new(Task::write(&plan), view).unwrap()])
    };
    let _ = run(&mut region).unwrap();
    let _ = run(&mut plain).unwrap();
    // Nobody tells this backend of it: the callback is the caller's.
    gpu.device().destroy();
    for memory in [&mut *region, &mut *plain] {
        let error = run(memory).unwrap_err();
        assert!(error.is_device_failure(), "{error}");
    }
}

/// A lost device is an error, also while other threads poll it.
#[test]
fn lost_and_busy_devices() {
    if !gpu_is_wanted() {
        return;
    }
    let gpu = Arc::new(Gpu::open(&Options::default()).unwrap());
    let codec = Codec::on(Code::raid5(2).unwrap(), Arc::clone(&gpu) as Arc<dyn Backend>);
    let mut shards = painted_stripe(2, 1, 100_000);
    let device = gpu.device().clone();
    let polling = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while polling.load(Ordering::Relaxed) {
                device.poll(wgpu::PollType::Poll).unwrap();
            }
        });
        (0..200).for_each(|_| codec.encode(&mut shards).unwrap());
        polling.store(false, Ordering::Relaxed);
    });
    device.destroy();
    for _ in 0..2 {
        assert!(codec.encode(&mut shards).is_err_and(|error| error.is_device_failure()));
    }
}

/// A device stays open after its backend is dropped. The next backend that opens it learns of its loss, although an earlier one did too.
#[test]
fn a_device_that_somebody_listened_to_and_lost_is_not_opened_again() {
    if !gpu_is_wanted() {
        return;
    }
    let open = || Gpu::open(&Options::default()).unwrap();
    let gpu = open();
    gpu.device().set_device_lost_callback(|_, _| {});
    gpu.device().destroy();
    drop(gpu);
    for _ in 0..2 {
        let codec = Codec::on(Code::raid5(2).unwrap(), Arc::new(open()));
        codec.encode(&mut painted_stripe(2, 1, 1000)).unwrap();
    }
}
