//! The automatic backend that a process shares: any number of codecs open one GPU, once. The backend belongs to the process, so every case runs in
//! a separate process: this binary again.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use evariste::{Auto, Backend, Code, Codec, Gpu, gpu};
use support::gpu_is_wanted;

/// Shards of a call of 10+4 that opens a GPU.
const LARGE: usize = 3 << 20;

/// Counts the openings of GPUs by what the library logs.
struct Openings(AtomicUsize);

static OPENINGS: Openings = Openings(AtomicUsize::new(0));

impl Openings {
    fn count() -> usize {
        OPENINGS.0.load(Ordering::Relaxed)
    }
}

impl log::Log for Openings {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("evariste")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) && record.args().to_string().starts_with("calls may run on") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

fn count_openings() {
    log::set_logger(&OPENINGS).unwrap();
    log::set_max_level(log::LevelFilter::Info);
}

fn encode_with_a_codec_of_its_own() {
    let codec = Codec::new(Code::reed_solomon(10, 4).unwrap()).unwrap();
    codec.encode(&mut codec.shards(LARGE).unwrap()).unwrap();
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn six_codecs() {
    count_openings();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(encode_with_a_codec_of_its_own);
        }
    });
    (0..3).for_each(|_| encode_with_a_codec_of_its_own());
    assert_eq!(Openings::count(), 1);
}

#[test]
#[ignore = "run by another test in a process of its own"]
fn at_the_callers_moment() {
    count_openings();
    let opened = Auto::shared().unwrap().open_now().unwrap();
    assert_eq!((Openings::count(), opened.map(|info| info.backend)), (1, Some("gpu")));
    encode_with_a_codec_of_its_own();
    assert_eq!(Openings::count(), 1);
}

#[test]
fn each_case_opens_one_gpu() {
    if !gpu_is_wanted() {
        return;
    }
    // A software driver is only taken where it is named.
    let name = Gpu::open(&gpu::Options::default()).unwrap().info().device;
    let name = name.split_whitespace().next().unwrap();
    for case in ["six_codecs", "at_the_callers_moment"] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let command = command.args(["--exact", case, "--ignored", "--nocapture"]).env("EVARISTE_DEVICE", name);
        let output = command.output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && text.contains("1 passed"), "{case}: {text}");
    }
}
