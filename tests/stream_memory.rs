//! A stream takes the memory that `StreamCodec::memory_bytes` states, whatever its length: 64 MiB are coded in less than 32 MiB.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use evariste::{Code, Codec, Cpu, StreamCodec};

/// Counts the bytes that are allocated by all threads.
struct Counting;

static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);
static PEAK_BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE_BYTES.fetch_add(layout.size(), SeqCst) + layout.size();
        PEAK_BYTES.fetch_max(live, SeqCst);
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

/// Memory in addition to the bytes of shards: channels, thread names, and the CPU backend's tables for a matrix.
const OVERHEAD_BYTES: usize = 128 << 10;

/// The most bytes that were live during a call, beyond those before it.
fn peak_of(call: impl FnOnce()) -> usize {
    let before = LIVE_BYTES.load(SeqCst);
    PEAK_BYTES.store(before, SeqCst);
    call();
    PEAK_BYTES.load(SeqCst) - before
}

/// Bytes that depend on their place, made as they are read and checked as they are written.
struct Pattern {
    at: u64,
    bytes: u64,
}

impl Pattern {
    fn of(bytes: u64) -> Self {
        Self { at: 0, bytes }
    }

    /// Byte `at`, from a sequence with the prime period 251 that differs in every mebibyte.
    fn byte(at: u64) -> u8 {
        (at % 251).to_le_bytes()[0] ^ (at >> 20).to_le_bytes()[0]
    }

    fn next(&mut self) -> u8 {
        self.at += 1;
        Self::byte(self.at - 1)
    }
}

impl Read for Pattern {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = buffer.len().min(usize::try_from(self.bytes - self.at).unwrap());
        buffer[..bytes].fill_with(|| self.next());
        Ok(bytes)
    }
}

impl Write for Pattern {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = self.at;
        assert!(bytes.iter().all(|&byte| byte == self.next()), "wrong in the {} bytes from byte {start}", bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        assert_eq!(self.at, self.bytes);
        Ok(())
    }
}

/// Encodes an object and decodes it at the same time. The shards that are not lost pass through pipes, which hold 64 KiB each
/// outside this process.
fn through_pipes(stream: &StreamCodec, object_bytes: u64, lost: &[usize]) {
    let mut writers: Vec<Box<dyn Write + Send>> = Vec::new();
    let mut readers = Vec::new();
    for shard in 0..stream.codec().code().total_shards() {
        let (reader, writer) = io::pipe().unwrap();
        let is_lost = lost.contains(&shard);
        writers.push(if is_lost { Box::new(io::sink()) } else { Box::new(writer) });
        readers.push((!is_lost).then_some(reader));
    }
    thread::scope(|scope| {
        let encoder = scope.spawn(move || stream.encode(Pattern::of(object_bytes), &mut writers));
        stream.decode(&mut readers, object_bytes, Pattern::of(object_bytes)).unwrap();
        assert_eq!(encoder.join().unwrap().unwrap(), object_bytes);
    });
}

/// One test, because a process has one allocator.
#[test]
fn a_stream_takes_the_memory_that_is_stated() {
    let code = Code::reed_solomon(10, 4).unwrap();
    let lost = [0, 5, 11, 13];
    let codec = Codec::on(code, Arc::new(Cpu::new().unwrap()));
    // Threads of the pool start once.
    codec.encode(&mut codec.split(&vec![1; 1 << 20])).unwrap();

    // The trial: 64 MiB and a byte, in less than 32 MiB, for encoding and decoding together.
    let stream = StreamCodec::new(&codec, 192 << 10).unwrap();
    let bound = 2 * stream.memory_bytes() + OVERHEAD_BYTES;
    assert!(bound < 32 << 20, "{bound}");
    let peak = peak_of(|| through_pipes(&stream, (64 << 20) + 1, &lost));
    println!("64 MiB encoded and decoded in {peak} bytes, at most {bound} were stated");
    assert!(peak <= bound, "64 MiB took {peak} bytes, at most {bound} were stated");
    // What was counted holds the stripes: more than one of each direction.
    assert!(peak > 2 * 14 * stream.unit_bytes(), "{peak} bytes are too few: they were not counted");

    // Each verb by itself, with units of two lengths and objects around the end of a stripe.
    for unit_bytes in [4096, 1 << 20] {
        let stream = StreamCodec::new(&codec, unit_bytes).unwrap();
        let stripe_bytes = 10 * unit_bytes as u64;
        for object_bytes in [0, 1, stripe_bytes - 1, stripe_bytes, 7 * stripe_bytes - 1] {
            let bound = stream.memory_bytes() + OVERHEAD_BYTES;
            let check = |verb: &str, peak: usize| {
                assert!(peak <= bound, "{verb}, {object_bytes} bytes in units of {unit_bytes}: {peak}, stated {bound}");
            };
            let mut sinks: Vec<io::Sink> = (0..14).map(|_| io::sink()).collect();
            let encode = || assert_eq!(stream.encode(Pattern::of(object_bytes), &mut sinks).unwrap(), object_bytes);
            check("encode", peak_of(encode));
            // Any bytes will do for shards here.
            let left = || -> Vec<Option<io::Repeat>> {
                (0..14).map(|shard| (!lost.contains(&shard)).then(|| io::repeat(3))).collect()
            };
            check("decode", peak_of(|| stream.decode(&mut left(), object_bytes, io::sink()).unwrap()));
            let mut rebuilt: Vec<_> = (0..14).map(|shard| lost.contains(&shard).then(io::sink)).collect();
            check("rebuild", peak_of(|| stream.rebuild(&mut left(), object_bytes, &mut rebuilt).unwrap()));
        }
        // A short object takes a short buffer to decode, not a whole unit of every shard.
        if unit_bytes == 1 << 20 {
            let mut left: Vec<Option<io::Repeat>> = (0..14).map(|_| Some(io::repeat(3))).collect();
            let peak = peak_of(|| stream.decode(&mut left, 1000, io::sink()).unwrap());
            assert!(peak < OVERHEAD_BYTES, "1000 bytes took {peak}");
        }
    }
}
