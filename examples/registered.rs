//! Encodes a buffer of the program in place: it is registered once with a GPU, which then reads and writes it across the bus,
//! and no core copies a byte.
//!
//! The library registers memory from `Codec::shards` itself. This is for memory that already exists, such as a cache or a ring
//! of network buffers. Run it with `cargo run --release --example registered`.

use std::error::Error;
use std::ptr::NonNull;
use std::time::Instant;

use evariste::backend::HostMemory;
use evariste::gpu::Options;
use evariste::{Backend, Batch, Code, Cpu, Geometry, Gpu, Task, View};

const SHARD_BYTES: usize = 1 << 20;

/// A whole page, as in a program's buffer pool.
#[repr(C, align(4096))]
#[derive(Clone)]
struct Page([u8; 4096]);

fn main() -> Result<(), Box<dyn Error>> {
    let gpu = Gpu::open(&Options::default())?;
    println!("{}", gpu.info().device);
    if gpu.info().memory != Some(HostMemory::Registered) {
        println!("it cannot register host memory; batches still work, but their bytes are copied");
        return Ok(());
    }

    let code = Code::reed_solomon(10, 4)?;
    let mut pool = vec![Page([0x5a; 4096]); 14 * SHARD_BYTES / 4096];
    let memory = NonNull::slice_from_raw_parts(NonNull::from(&mut *pool).cast::<u8>(), 14 * SHARD_BYTES);
    // SAFETY: the pool is dropped after the registration, and registered once.
    let registration = unsafe { gpu.register(memory) }?;

    // SAFETY: the pool's own bytes, which nothing else uses while this slice lives.
    let bytes = unsafe { std::slice::from_raw_parts_mut(memory.cast::<u8>().as_ptr(), memory.len()) };
    let geometry = Geometry { slots: 14, bytes: SHARD_BYTES, slot_stride: SHARD_BYTES, stripes: 1, stripe_stride: 0 };
    let plan = code.encode_plan();
    for round in 0..5 {
        bytes[round] ^= 1;
        let batch = Batch::new(Task::write(&plan), View::arena(bytes, geometry)?)?;
        assert!(gpu.is_in_place(&batch));
        let started = Instant::now();
        let _ = gpu.run(&mut [batch])?;
        println!("encoded 10 MiB in place in {:.0} us", started.elapsed().as_secs_f64() * 1e6);
    }
    // The CPU agrees.
    let check = Batch::new(Task::Check(&plan), View::arena_ref(bytes, geometry)?)?;
    assert!(Cpu::new()?.run(&mut [check])?.is_consistent());
    drop(registration);
    Ok(())
}
