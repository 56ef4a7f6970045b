//! criterion: encode on the CPU, one thread and all, beside reed-solomon-erasure in the same run.
//!
//! `cargo bench`; throughput counts data bytes read once.

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use evariste::{Code, Codec, Cpu};
use reed_solomon_erasure::galois_8::ReedSolomon;

const SHAPES: [(usize, usize); 3] = [(8, 2), (10, 4), (20, 4)];
const SHARD_BYTES: [usize; 2] = [64 << 10, 1 << 20];

/// Random data shards (xorshift64*, which no kernel can see through) and zeroed parity.
fn stripe(data_shards: usize, parity_shards: usize, shard_bytes: usize) -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
    };
    let shard = |filled: bool| match filled {
        true => std::iter::repeat_with(&mut random).flatten().take(shard_bytes).collect(),
        false => vec![0; shard_bytes],
    };
    let filled = std::iter::repeat_n(true, data_shards).chain(std::iter::repeat_n(false, parity_shards));
    filled.map(shard).collect()
}

fn encode(criterion: &mut Criterion) {
    for (k, m) in SHAPES {
        for shard_bytes in SHARD_BYTES {
            let mut group = criterion.benchmark_group(format!("encode {k}+{m} {} KiB", shard_bytes >> 10));
            group.throughput(Throughput::Bytes((k * shard_bytes) as u64));
            let mut shards = stripe(k, m, shard_bytes);
            let cpu = Cpu::new().expect("EVARISTE_CPU names a kernel this machine has");
            let codec = Codec::on(Code::reed_solomon(k, m).expect("a valid shape"), Arc::new(cpu));
            for threads in [1, rayon::current_num_threads()] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                group.bench_function(BenchmarkId::new("evariste", format!("{threads} threads")), |bencher| {
                    pool.install(|| bencher.iter(|| codec.encode(&mut shards).expect("valid shards")));
                });
            }
            let other = ReedSolomon::new(k, m).expect("a valid shape");
            group.bench_function(BenchmarkId::new("reed-solomon-erasure", "1 thread"), |bencher| {
                bencher.iter(|| other.encode(&mut shards).expect("valid shards"));
            });
        }
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
