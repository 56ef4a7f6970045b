//! criterion: encode, rebuild and verify on one thread, beside other libraries in the same run, and encode on all threads.
//!
//! `cargo bench --bench encode`; throughput counts data bytes read once. criterion finishes one engine before it starts the
//! next: `compare`, which alternates, is what ratios are taken from.

#[path = "engines/engines.rs"]
mod engines;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use engines::{Engine, Ours, Stripe};

const SHAPES: [(usize, usize); 3] = [(8, 2), (10, 4), (20, 4)];
const SHARD_BYTES: [usize; 3] = [16 << 10, 64 << 10, 1 << 20];

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

fn cases(criterion: &mut Criterion) {
    let (one, all) = (pool(1), pool(0));
    for (k, m) in SHAPES {
        for shard_bytes in SHARD_BYTES {
            let mut stripe = Stripe::random(k + m, shard_bytes);
            let size = format!("{k}+{m} {} KiB", shard_bytes >> 10);

            let mut group = criterion.benchmark_group(format!("encode {size}"));
            group.throughput(Throughput::Bytes((k * shard_bytes) as u64));
            let (data, mut parity) = stripe.split(k);
            for engine in engines::all(k, m) {
                group.bench_function(BenchmarkId::new(engine.name(), "1 thread"), |bencher| {
                    one.install(|| bencher.iter(|| engine.encode(&data, &mut parity)));
                });
                // Once more, for a filter may have left it out.
                engine.encode(&data, &mut parity);
                assert!(engines::is_right(&data, &parity), "{}", engine.name());
            }
            let ours = Ours::new(k, m);
            let threads = format!("{} threads", all.current_num_threads());
            group.bench_function(BenchmarkId::new(ours.name(), threads), |bencher| {
                all.install(|| bencher.iter(|| ours.encode(&data, &mut parity)));
            });
            group.finish();

            let mut group = criterion.benchmark_group(format!("rebuild {m} of {size}"));
            group.throughput(Throughput::Bytes((k * shard_bytes) as u64));
            let mut shards = stripe.shards();
            for engine in engines::all(k, m) {
                if engine.rebuild(&mut shards, m) {
                    group.bench_function(BenchmarkId::new(engine.name(), "1 thread"), |bencher| {
                        one.install(|| bencher.iter(|| engine.rebuild(&mut shards, m)));
                    });
                }
            }
            group.finish();

            let mut group = criterion.benchmark_group(format!("verify {size}"));
            group.throughput(Throughput::Bytes((k * shard_bytes) as u64));
            let shards: Vec<&[u8]> = shards.iter().map(|shard| &**shard).collect();
            for engine in engines::all(k, m) {
                if engine.verify(&shards, k) == Some(true) {
                    group.bench_function(BenchmarkId::new(engine.name(), "1 thread"), |bencher| {
                        one.install(|| bencher.iter(|| engine.verify(&shards, k)));
                    });
                }
            }
            group.finish();
        }
    }
}

criterion_group!(benches, cases);
criterion_main!(benches);
