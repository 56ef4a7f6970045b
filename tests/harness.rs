//! Tests of the tests: a comparison that cannot fail proves nothing, nor does a test that ran nowhere.

#[path = "support/both.rs"]
mod both;
#[path = "support/support.rs"]
mod support;

use std::process::{Command, Output};

use both::{Both, same};
use support::{assert_shards_equal, boundaries, each_backend, oracle, painted, painted_stripe};

#[test]
fn equal_shards_are_equal() {
    assert_shards_equal(&painted(3, 100), &painted(3, 100), "the same twice");
}

#[test]
#[should_panic(expected = "one bit: shard 2 differs at offset 77: expected")]
fn a_flipped_bit_is_seen() {
    let mut flipped = painted(3, 100);
    flipped[2][77] ^= 0x10;
    assert_shards_equal(&painted(3, 100), &flipped, "one bit");
}

#[test]
fn every_flipped_bit_is_seen() {
    let shards = painted(2, 17);
    for shard in 0..2 {
        for bit in 0..17 * 8 {
            let mut flipped = shards.clone();
            flipped[shard][bit / 8] ^= 1 << (bit % 8);
            let seen = std::panic::catch_unwind(|| assert_shards_equal(&shards, &flipped, "one bit"));
            assert!(seen.is_err(), "bit {bit} of shard {shard}");
        }
    }
}

#[test]
#[should_panic(expected = "length of shard 1")]
fn a_missing_byte_is_seen() {
    let mut shorter = painted(2, 100);
    shorter[1].pop();
    assert_shards_equal(&painted(2, 100), &shorter, "one byte less");
}

#[test]
#[should_panic(expected = "number of shards")]
fn a_missing_shard_is_seen() {
    assert_shards_equal(&painted(3, 10), &painted(2, 10), "one shard less");
}

#[test]
fn painted_shards_differ_from_each_other_and_from_themselves_moved() {
    let shards = painted(5, 4096);
    for (i, shard) in shards.iter().enumerate() {
        assert!(shards[..i].iter().all(|other| other != shard));
        assert!([1, 4, 16, 256, 1024].iter().all(|&by| shard[by..] != shard[..4096 - by]));
    }
    assert_eq!(painted(1, 10)[0], painted(1, 4096)[0][..10], "a prefix does not depend on the length");
}

#[test]
fn the_oracle_computes_in_the_right_field() {
    // 2 generates the multiplicative group of GF(2)[x] / 0x11d: its powers meet every element but 0.
    let mut powers: Vec<u8> = (0..255).map(|exponent| oracle::pow(2, exponent)).collect();
    assert_eq!(powers[..10], [1, 2, 4, 8, 16, 32, 64, 128, 29, 58]);
    powers.sort_unstable();
    assert!(powers.into_iter().eq(1..=255));
    assert_eq!(oracle::inv(2), 142);
    assert_eq!(oracle::rank(&[[1, 2, 3], [2, 4, 6], [0, 0, 1]]), 2);
    assert!(oracle::spans(&[[1, 2], [0, 1]], &[7, 9]) && !oracle::spans(&[[1, 2]], &[1, 3]));
}

#[test]
fn the_boundaries_hold_what_they_promise() {
    for bytes in [1, 3, 4, 15, 16, 17, 4095, 4096, 4097] {
        assert!(boundaries::LENGTHS.contains(&bytes), "{bytes}");
    }
    let prime = boundaries::LENGTHS[boundaries::LENGTHS.len() - 1];
    assert!((2..1024).all(|divisor| !prime.is_multiple_of(divisor)) && prime < 1 << 20);
    assert!(boundaries::SHAPES.iter().all(|(k, m)| k + m <= 256));
}

/// What the next tests run in processes of their own, because the environment belongs to a process.
#[test]
#[ignore = "run by the other tests in a process of their own"]
fn child() {
    each_backend(|name, _| println!("ran on {name}"));
}

fn run_child(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]).env_remove("EVARISTE_REQUIRE");
    command.envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn an_absent_backend_is_reported() {
    let output = run_child(&[("VK_DRIVER_FILES", "/nonexistent"), ("VK_ICD_FILENAMES", "/nonexistent")]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.contains("ran on cpu") && !stdout.contains("ran on gpu"), "{stdout}");
    assert!(stderr.contains("NOT testing gpu"), "{stderr}");
}

#[test]
fn a_required_backend_that_is_absent_is_a_failure() {
    let output = run_child(&[
        ("VK_DRIVER_FILES", "/nonexistent"),
        ("VK_ICD_FILENAMES", "/nonexistent"),
        ("EVARISTE_REQUIRE", "cpu,gpu"),
    ]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("EVARISTE_REQUIRE names gpu"));
}

#[test]
fn a_required_backend_that_is_unknown_is_a_failure() {
    let output = run_child(&[("EVARISTE_REQUIRE", "abacus")]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("EVARISTE_REQUIRE names abacus"));
}

#[test]
#[should_panic(expected = "other bytes")]
fn a_flipped_bit_of_either_crate_is_seen() {
    let mut flip = 0;
    same!(Both::new(2, 1), painted_stripe(2, 1, 9), |codec, shards| {
        let answer = codec.encode(&mut *shards);
        shards[2][8] ^= std::mem::replace(&mut flip, 1);
        answer
    });
}

#[test]
#[should_panic(expected = "TooFewShards")]
fn another_answer_of_either_crate_is_seen() {
    let mut left_out = 0;
    same!(Both::new(2, 1), painted_stripe(2, 1, 9), |codec, shards| {
        codec.encode(&mut shards[std::mem::replace(&mut left_out, 1)..])
    });
}
