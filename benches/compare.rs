//! Ratios: our encoder and others taking turns within one run, outputs verified.
//!
//! `cargo bench --bench compare`, with `--features isal` beside an installed ISA-L too. A round runs each engine once, for
//! some milliseconds; figures are medians over the rounds, GB/s (10^9) of data read once. A ratio is the median of the
//! rounds' ratios, its spread the quartiles. With a word behind `--`, only tables that begin with it.

#[path = "engines/engines.rs"]
mod engines;

use std::time::Instant;

use engines::{Engine, Ours, Stripe};
use rayon::prelude::*;

const ROUNDS: usize = 31;
/// Data bytes that an engine reads in a round.
const ROUND_BYTES: usize = 32 << 20;
const SHAPES: [(usize, usize); 3] = [(10, 4), (8, 2), (20, 4)];
const SHARD_BYTES: [usize; 4] = [4 << 10, 16 << 10, 64 << 10, 1 << 20];

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let tables: [(&str, fn()); 5] =
        [("encode", encode), ("verify", verify), ("rebuild", rebuild), ("latency", latency), ("threads", threads)];
    println!("{}", evariste::Backend::info(&evariste::Cpu::new().expect("a kernel this machine has")).device);
    for (name, table) in tables {
        if name.starts_with(&only) {
            println!("\n{name}");
            table();
        }
    }
}

/// Seconds per call, averaged over the calls of a round.
fn seconds(bytes: usize, mut call: impl FnMut()) -> f64 {
    let calls = (ROUND_BYTES / bytes).max(1);
    let start = Instant::now();
    (0..calls).for_each(|_| call());
    start.elapsed().as_secs_f64() / calls as f64
}

fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) * percent / 100]
}

/// One line of names, rates and ratios of the first to each.
fn report(case: &str, bytes: usize, times: &[(&str, Vec<f64>)]) {
    print!("{case:>16}");
    for (name, seconds) in times {
        print!("  {name} {:.1}", bytes as f64 / percentile(seconds, 50) / 1e9);
        if *name != times[0].0 {
            let ratios: Vec<f64> = seconds.iter().zip(&times[0].1).map(|(other, ours)| other / ours).collect();
            let [low, median, high] = [25, 50, 75].map(|percent| percentile(&ratios, percent));
            print!(" (x{median:.2}, {low:.2}-{high:.2})");
        }
    }
    println!();
}

fn on_one_thread(run: impl FnOnce() + Send) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread").install(run);
}

fn encode() {
    on_one_thread(|| {
        for (k, m) in SHAPES {
            for shard_bytes in SHARD_BYTES {
                let engines = engines::all(k, m);
                let mut stripe = Stripe::random(k + m, shard_bytes);
                let (data, mut parity) = stripe.split(k);
                let mut times: Vec<(&str, Vec<f64>)> = engines.iter().map(|e| (e.name(), Vec::new())).collect();
                for _ in 0..ROUNDS {
                    for (engine, (_, times)) in engines.iter().zip(&mut times) {
                        times.push(seconds(k * shard_bytes, || engine.encode(&data, &mut parity)));
                    }
                }
                for engine in &engines {
                    parity.iter_mut().for_each(|shard| shard.fill(0xee));
                    engine.encode(&data, &mut parity);
                    assert!(engines::is_right(&data, &parity), "{} is wrong", engine.name());
                }
                report(&format!("{k}+{m} {} KiB", shard_bytes >> 10), k * shard_bytes, &times);
            }
        }
    });
}

fn verify() {
    on_one_thread(|| {
        for (k, m) in SHAPES {
            for shard_bytes in SHARD_BYTES {
                let engines = engines::all(k, m);
                let mut stripe = Stripe::random(k + m, shard_bytes);
                let (data, mut parity) = stripe.split(k);
                engines[0].encode(&data, &mut parity);
                let parity = parity.iter().map(|shard| &**shard);
                let shards: Vec<&[u8]> = data.iter().copied().chain(parity).collect();
                let able: Vec<&dyn Engine> =
                    engines.iter().map(|e| &**e).filter(|e| e.verify(&shards, k) == Some(true)).collect();
                let mut times: Vec<(&str, Vec<f64>)> = able.iter().map(|e| (e.name(), Vec::new())).collect();
                for _ in 0..ROUNDS {
                    for (engine, (_, times)) in able.iter().zip(&mut times) {
                        let call = || assert_eq!(engine.verify(&shards, k), Some(true));
                        times.push(seconds(k * shard_bytes, call));
                    }
                }
                report(&format!("{k}+{m} {} KiB", shard_bytes >> 10), k * shard_bytes, &times);
            }
        }
    });
}

/// As many lost shards as there is parity, data all of them. Every call finds the repair anew, or in its cache.
fn rebuild() {
    on_one_thread(|| {
        for (k, m) in SHAPES {
            for shard_bytes in SHARD_BYTES {
                let engines = engines::all(k, m);
                let mut stripe = Stripe::random(k + m, shard_bytes);
                let (data, mut parity) = stripe.split(k);
                engines[0].encode(&data, &mut parity);
                let whole: Vec<Vec<u8>> = data.iter().map(|shard| shard.to_vec()).collect();
                let mut shards = stripe.shards();
                let able: Vec<&dyn Engine> =
                    engines.iter().map(|e| &**e).filter(|e| e.rebuild(&mut shards, m)).collect();
                let mut times: Vec<(&str, Vec<f64>)> = able.iter().map(|e| (e.name(), Vec::new())).collect();
                for _ in 0..ROUNDS {
                    for (engine, (_, times)) in able.iter().zip(&mut times) {
                        times.push(seconds(k * shard_bytes, || assert!(engine.rebuild(&mut shards, m))));
                    }
                }
                for engine in &able {
                    shards[..m].iter_mut().for_each(|shard| shard.fill(0xee));
                    engine.rebuild(&mut shards, m);
                    assert!(shards.iter().zip(&whole).all(|(shard, whole)| **shard == **whole), "{}", engine.name());
                }
                report(&format!("{k}+{m} {} KiB", shard_bytes >> 10), k * shard_bytes, &times);
            }
        }
    });
}

/// Single calls on small shards, from a thread that belongs to no pool.
fn latency() {
    let ours = Ours::new(10, 4);
    let mut stripe = Stripe::random(14, 4 << 10);
    let (data, mut parity) = stripe.split(10);
    let call = |_| {
        let start = Instant::now();
        ours.encode(&data, &mut parity);
        start.elapsed().as_secs_f64() * 1e6
    };
    let times: Vec<f64> = (0..100_000).map(call).collect();
    let [p50, p99] = [50, 99].map(|percent| percentile(&times, percent));
    println!("{:>16}  p50 {p50:.2} us  p99 {p99:.2} us", "10+4 4 KiB");
}

/// One thread and all threads, on data larger than any cache. A copy of the same number of bytes shows the speed of memory.
fn threads() {
    const K: usize = 10;
    const SHARD_BYTES: usize = 16 << 20;
    let ours = Ours::new(K, 4);
    let mut stripe = Stripe::random(K + 4, SHARD_BYTES);
    let (data, mut parity) = stripe.split(K);
    let from = vec![1_u8; 7 * SHARD_BYTES];
    let mut to = vec![0_u8; from.len()];
    let pools = [0, 1].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"));
    let [encode_all, encode_one, copy_all, copy_one] = ["encode, all", "encode, one", "copy, all", "copy, one"];
    let mut times = [encode_all, encode_one, copy_all, copy_one].map(|name| (name, Vec::new()));
    for _ in 0..ROUNDS {
        for (index, pool) in pools.iter().enumerate() {
            let encode = || pool.install(|| ours.encode(&data, &mut parity));
            times[index].1.push(seconds(ROUND_BYTES, encode));
            let chunk = from.len() / (4 * pool.current_num_threads());
            let copy = || {
                let pairs = to.par_chunks_mut(chunk).zip(from.par_chunks(chunk));
                pool.install(|| pairs.for_each(|(to, from)| to.copy_from_slice(from)));
            };
            times[2 + index].1.push(seconds(ROUND_BYTES, copy));
        }
    }
    assert!(engines::is_right(&data, &parity));
    // Traffic: shards read and written, bytes read and written.
    report("10+4 16 MiB", (K + 4) * SHARD_BYTES, &times);
}
