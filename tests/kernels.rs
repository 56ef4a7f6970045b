//! Both kernels, forced, compute what the CPU computes, in every variant.

use std::sync::Arc;

use evariste::gpu::{Kernel, Method, Options, Variant};
use evariste::{Backend, Code, Codec, Cpu, Gpu};

fn gpu(kernel: Kernel) -> Arc<dyn Backend> {
    let mut options = Options::default();
    options.kernel = Some(kernel);
    Arc::new(Gpu::open(&options).expect("a GPU"))
}

fn encoded(backend: Arc<dyn Backend>, code: &Code, bytes: usize) -> (Vec<Vec<u8>>, evariste::Report) {
    let codec = Codec::on(code.clone(), backend);
    let mut shards = codec.shards(bytes).unwrap();
    let mut state = 1u64;
    for index in 0..code.data_shards() {
        for byte in shards.data_mut(index) {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *byte = state.to_be_bytes()[0];
        }
    }
    codec.encode(&mut shards).unwrap();
    let whole = shards.iter().map(<[u8]>::to_vec).collect();
    assert!(codec.verify(&shards).unwrap().is_consistent());
    let last = code.total_shards() - 1;
    shards.shard_mut(last)[bytes / 2] ^= 0x40;
    shards.shard_mut(last)[bytes - 1] ^= 0x01;
    (whole, codec.verify(&shards).unwrap())
}

#[test]
fn every_variant_agrees_with_the_cpu() {
    let methods = [
        Method::Rows { group: 1 },
        Method::Rows { group: 3 },
        Method::Sums { group: 4, step: 1 },
        Method::Sums { group: 3, step: 2 },
    ];
    let mut kernels = vec![Kernel::Table, Kernel::Compiled];
    for method in methods {
        for width in [1, 2, 4] {
            kernels.push(Kernel::Variant(Variant {
                width,
                method,
                rows: 3,
                workgroup: 64 * u32::try_from(width).unwrap(),
            }));
        }
    }
    for kernel in kernels {
        let gpu = gpu(kernel);
        for code in [Code::raid5(3), Code::raid6(8), Code::vandermonde(10, 4), Code::cauchy(17, 3), Code::cauchy(12, 9)]
        {
            let code = code.unwrap();
            for bytes in [1, 4097, 70_000] {
                let expected = encoded(Arc::new(Cpu::new().unwrap()), &code, bytes);
                let got = encoded(Arc::clone(&gpu), &code, bytes);
                assert!(got == expected, "{kernel:?} {} {bytes} {:?} {:?}", code.name(), got.1, expected.1);
            }
        }
    }
}
