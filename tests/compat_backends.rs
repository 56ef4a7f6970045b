//! `evariste::compat` on a chosen backend, which reed-solomon-erasure does not offer: the same bytes on each backend, and separate errors for a
//! backend that fails and for an environment variable that cannot be used.

#[path = "support/support.rs"]
mod support;

use std::process::Command;
use std::sync::Arc;

use evariste::backend::{Backend, Batch, Info, Report};
use evariste::{Cpu, compat as ours};
use reed_solomon_erasure as theirs;
use support::{each_backend, painted_stripe};

#[test]
fn on_every_backend() {
    for (k, m, bytes) in [(10, 4, 4097), (3, 5, 100_003)] {
        let theirs = theirs::galois_8::ReedSolomon::new(k, m).unwrap();
        let mut whole = painted_stripe(k, m, bytes);
        theirs.encode(&mut whole).unwrap();
        each_backend(|backend, handle| {
            let codec = ours::ReedSolomon::on(k, m, Arc::clone(handle)).unwrap();
            let mut shards = painted_stripe(k, m, bytes);
            (0..k).for_each(|i| codec.encode_single(i, &mut shards).unwrap());
            assert!(shards == whole, "{backend}: encode_single");
            assert_eq!(codec.verify(&shards), Ok(true), "{backend}");
            let mut shards: Vec<Option<Vec<u8>>> = shards.into_iter().map(Some).collect();
            (shards[0], shards[2], shards[k]) = (None, None, None);
            codec.reconstruct(&mut shards).unwrap();
            assert!(
                shards.iter().zip(&whole).all(|(shard, whole)| shard.as_ref() == Some(whole)),
                "{backend}: reconstruct"
            );
        });
    }
}

/// A backend whose device is gone.
struct Broken(Cpu);

impl Backend for Broken {
    fn info(&self) -> Info {
        self.0.info()
    }
    fn allocate(&self, bytes: usize) -> Result<evariste::Region, evariste::Error> {
        self.0.allocate(bytes)
    }
    fn run(&self, _: &mut [Batch<'_>]) -> Result<Report, evariste::Error> {
        Err(evariste::Error::NoDevice { wanted: "any".to_owned(), seen: "none".to_owned() })
    }
}

#[test]
fn a_broken_backend_is_an_error_of_its_own_and_leaves_missing_shards_missing() {
    let codec = ours::ReedSolomon::on(2, 2, Arc::new(Broken(Cpu::new().unwrap()))).unwrap();
    let broken = ours::Error::Backend { cause: "a device failure" };
    let mut shards = painted_stripe(2, 2, 5);
    assert_eq!(codec.encode(&mut shards), Err(broken));
    assert_eq!(codec.encode_single(1, &mut shards), Err(broken));
    assert_eq!(codec.verify(&shards), Err(broken));
    let mut machine = ours::ShardByShard::new(&codec);
    assert_eq!(machine.encode(&mut shards), Err(ours::SBSError::RSError(broken)));
    assert_eq!(machine.cur_input_index(), 0);

    let mut options: Vec<Option<Vec<u8>>> = vec![Some(shards[0].clone()), None, None, Some(shards[3].clone())];
    let before = options.clone();
    assert_eq!(codec.reconstruct(&mut options), Err(broken));
    assert_eq!(options, before);
    assert_eq!(codec.reconstruct_data(&mut options), Err(broken));
    assert_eq!(options, before);
    // Nothing to rebuild, so no backend is asked.
    options[1] = Some(vec![0; 5]);
    assert_eq!(codec.reconstruct_data(&mut options), Ok(()));
}

#[test]
#[ignore = "run by the next test in a process of its own, whose environment it is to be about"]
fn child() {
    println!("answer: {:?}", ours::ReedSolomon::new(2, 1));
}

#[test]
fn a_variable_that_cannot_be_used_is_an_error_of_the_constructor() {
    let answer = |kernel: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output =
            command.args(["--exact", "child", "--ignored", "--nocapture"]).env("EVARISTE_CPU", kernel).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert!(answer("abacus").contains(r#"answer: Err(Backend { cause: "EVARISTE_CPU" })"#), "{}", answer("abacus"));
    assert!(answer("portable").contains("answer: Ok("), "{}", answer("portable"));
}
