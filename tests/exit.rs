//! A process may end at any moment: while a kernel is compiled for a backend that is never dropped, and while several threads look for
//! devices.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use std::process::Command;
use std::sync::{Arc, OnceLock};

use evariste::gpu::Options;
use evariste::{Code, Codec, Gpu};
use support::{gpu_is_wanted, painted_stripe};

static NEVER_DROPPED: OnceLock<Arc<Gpu>> = OnceLock::new();

/// Ends while kernels are asked for: a codec's encoding is compiled from its first call on.
#[test]
#[ignore = "run by the next test in processes of its own, which end in the middle of it"]
fn child() {
    let gpu = NEVER_DROPPED.get_or_init(|| Arc::new(Gpu::open(&Options::default()).unwrap()));
    for parity_shards in [8, 16, 24, 32] {
        let code = Code::reed_solomon(60, parity_shards).unwrap();
        Codec::on(code, Arc::<Gpu>::clone(gpu)).encode(&mut painted_stripe(60, parity_shards, 1000)).unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(!Gpu::adapters().is_empty()));
        }
    });
}

#[test]
fn a_process_ends_while_kernels_are_compiled() {
    if !gpu_is_wanted() {
        return;
    }
    for _ in 0..5 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let ended = command.args(["--exact", "child", "--ignored"]).output().unwrap();
        let text = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success(), "{}: {text}{}", ended.status, String::from_utf8_lossy(&ended.stderr));
    }
}
