//! A correction that failed on a GPU midway: the CPU finishes it, and the report says that it cannot list every change.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evariste::auto::{Calibration, Speed};
use evariste::{Auto, Backend, Batch, Checksums, Code, Codec, Cpu, Error, Info, Region, Report, Task, View};

/// Fourteen of these are 56 MiB, which open a GPU.
const SHARD_BYTES: usize = 4 << 20;

/// A GPU that the CPU plays: asked to correct, it does this to the shards and is lost.
struct Failing {
    cpu: Cpu,
    before_the_end: fn(&mut View<'_>),
    asked: Arc<AtomicUsize>,
}

impl Backend for Failing {
    fn info(&self) -> Info {
        Info::new("gpu", "an actor")
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        self.cpu.allocate(bytes)
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        if !matches!(batches[0].task(), Task::Correct { .. }) {
            return self.cpu.run(batches);
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        (self.before_the_end)(batches[0].view_mut());
        let actor = || "an actor".to_owned();
        Err(Error::DeviceLost { device: actor(), doing: actor(), reason: actor() })
    }
}

/// A codec of 10 + 4 that asks such a GPU first, and how often it did.
fn codec(before_the_end: fn(&mut View<'_>)) -> (Codec, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let gpu = Arc::new(Failing { cpu: Cpu::new().unwrap(), before_the_end, asked: Arc::clone(&asked) });
    let speed = |bytes_per_s| Speed::new(1e-6, bytes_per_s, 1e12);
    let mut calibration = Calibration::new("any", speed(1e9), "any", speed(1e11));
    calibration.in_place = Some(speed(1e11));
    let cpu = Arc::new(Cpu::new().unwrap());
    let auto = Auto::of(cpu, move || Ok(Arc::clone(&gpu) as Arc<dyn Backend>)).with_calibration(calibration);
    (Codec::on(Code::reed_solomon(10, 4).unwrap(), Arc::new(auto)), asked)
}

/// Shards of zeros, which are consistent, and one shard with wrong bytes.
fn damaged() -> Vec<Vec<u8>> {
    let mut shards = vec![vec![0; SHARD_BYTES]; 14];
    shards[3][..1 << 20].fill(7);
    shards
}

#[test]
fn the_cpu_corrects_what_a_gpu_left() {
    let (codec, asked) = codec(|view| view.slot_mut(3, 0)[..1 << 19].fill(0));
    let mut shards = damaged();
    let corrections = codec.correct(&mut shards).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1, "the GPU was asked");
    assert!(shards.iter().all(|shard| shard.iter().all(|&byte| byte == 0)));
    assert_eq!(corrections.corrected.len(), 1);
    assert_eq!(corrections.corrected[0].bytes, 1 << 19..1 << 20);
    assert!(corrections.is_complete() && corrections.is_second_run);

    // It finds nothing, but does not report shards as clean that may have been wrong.
    let (codec, _) = self::codec(|view| view.slot_mut(3, 0)[..1 << 20].fill(0));
    let mut shards = damaged();
    let corrections = codec.correct(&mut shards).unwrap();
    assert!(shards.iter().all(|shard| shard.iter().all(|&byte| byte == 0)));
    assert!(corrections.corrected.is_empty() && corrections.is_complete());
    assert!(!corrections.is_clean() && !corrections.is_confirmed());
    // Nor does a backend that failed once do so for good.
    assert!(codec.correct(&mut shards).unwrap().is_clean());
}

/// Consistent shards are still compared with their checksums if a GPU may have written to them.
#[test]
fn what_a_gpu_made_wrong_is_contradicted() {
    let checksums = |codec: &Codec| {
        let whole = vec![vec![0; SHARD_BYTES]; 14];
        let (_, checksums) = codec.verify_with_checksums(&whole).unwrap();
        let known: Vec<_> = (0..14).map(|shard| checksums.shard(shard).filter(|_| shard == 5)).collect();
        Checksums::from_shards(&known).unwrap()
    };
    // All shards the same is a polynomial of degree 0: as good as the zeros that were there.
    let (codec, asked) = codec(|view| (0..14).for_each(|slot| view.slot_mut(slot, 0)[..4096].fill(1)));
    let mut shards = damaged();
    shards[3][4096..].fill(0);
    let corrections = codec.correct_with_checksums(&mut shards, &checksums(&codec)).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1, "the GPU was asked");
    assert!(corrections.corrected.is_empty() && corrections.is_second_run, "{corrections:?}");
    let contradicted: Vec<_> = corrections.contradicted.iter().map(|run| (run.shard, run.bytes.clone())).collect();
    assert_eq!(contradicted, [(5, 0..4096)]);
}
