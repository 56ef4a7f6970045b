//! After similar calls have been made, a call on a GPU makes no new buffer, on the host or on the device. Only the bookkeeping of a
//! submission remains, in blocks of a few kilobytes, whatever amount of data it moves.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use evariste::gpu::{HostMemory, Options};
use evariste::{Code, Codec, Gpu};
use support::{gpu_is_wanted, painted_stripe};

/// Counts the allocations of all threads.
struct Counting;

static ALLOCATED_BYTES: AtomicUsize = AtomicUsize::new(0);
static LARGEST_BYTES: AtomicUsize = AtomicUsize::new(0);
static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED_BYTES.fetch_add(layout.size(), SeqCst);
        LIVE_BYTES.fetch_add(layout.size(), SeqCst);
        LARGEST_BYTES.fetch_max(layout.size(), SeqCst);
        // SAFETY: the caller's promises are the system's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size(), SeqCst);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a submission takes: command buffers, trackers and barriers of wgpu, which it frees when the submission is done.
/// Seen: 80 to 120 KiB.
const SUBMISSION_BYTES: usize = 160 << 10;
/// No single block may be as large as a piece of data. Seen: 3.5 KiB.
const BLOCK_BYTES: usize = 8 << 10;
/// Bytes a slot of the ring takes, so the least data of a submission.
const SLOT_BYTES: usize = 16 << 20;

/// Allocations of a call after three like it: all bytes, the largest block, and bytes that remain.
fn measure(mut call: impl FnMut()) -> (usize, usize, usize) {
    (0..3).for_each(|_| call());
    let (allocated, live) = (ALLOCATED_BYTES.load(SeqCst), LIVE_BYTES.load(SeqCst));
    LARGEST_BYTES.store(0, SeqCst);
    call();
    let remaining = LIVE_BYTES.load(SeqCst).saturating_sub(live);
    (ALLOCATED_BYTES.load(SeqCst) - allocated, LARGEST_BYTES.load(SeqCst), remaining)
}

/// Bytes and blocks of the device's memory in use.
fn on_device(gpu: &Gpu) -> (u64, usize) {
    let report = gpu.device().generate_allocator_report().expect("this adapter's allocator counts");
    (report.total_allocated_bytes, report.allocations.len())
}

/// One test, because a process has one allocator.
#[test]
fn calls_like_earlier_ones_allocate_no_buffers() {
    if !gpu_is_wanted() {
        return;
    }
    let code = Code::reed_solomon(10, 4).unwrap();
    for memory in [HostMemory::Registered, HostMemory::Mapped, HostMemory::Staged] {
        let mut options = Options::default();
        options.memory = Some(memory);
        // A compiled kernel that becomes ready in the middle would be counted.
        options.kernel = Some(evariste::gpu::Kernel::Table);
        let gpu = Arc::new(Gpu::open(&options).unwrap());
        let codec = Codec::on(code.clone(), Arc::<Gpu>::clone(&gpu));
        for shard_bytes in [1001, 100_000, 3_000_000] {
            let mut slices = painted_stripe(10, 4, shard_bytes);
            let mut shards = codec.shards(shard_bytes).unwrap();
            let traffic = 14 * shard_bytes;
            let check = |what: &str, call: &mut dyn FnMut()| {
                call();
                let device = on_device(&gpu);
                let (allocated, largest, remaining) = measure(&mut *call);
                let context = format!(
                    "{memory}: {what} of {traffic} bytes allocated {allocated}, largest {largest}, kept {remaining}"
                );
                println!("{context}");
                let submissions = traffic.div_ceil(SLOT_BYTES) + 1;
                assert!(allocated <= submissions * SUBMISSION_BYTES, "{context}");
                assert!(largest <= BLOCK_BYTES, "{context}");
                assert!(remaining <= 1024, "{context}");
                assert_eq!(on_device(&gpu), device, "{context}");
            };
            check("encoding slices", &mut || codec.encode(&mut slices).unwrap());
            check("verifying slices", &mut || assert!(codec.verify(&slices).unwrap().is_consistent()));
            check("encoding shards", &mut || codec.encode(&mut shards).unwrap());
            check("verifying shards", &mut || assert!(codec.verify(&shards).unwrap().is_consistent()));
        }
    }
}
