//! Every kernel, forced, computes what the CPU computes: each variant of the generator, written and checked.

#![cfg(feature = "gpu")]

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;

use evariste::gpu::unstable::{Method, Variant};
use evariste::gpu::{Kernel, Options};
use evariste::{Backend, Code, Codec, Cpu, Error, Gpu, Report};
use support::{assert_shards_equal, gpu_is_wanted, painted_stripe};

fn options(kernel: Kernel, variant: Option<Variant>) -> Options {
    let mut options = Options::default();
    options.kernel = Some(kernel);
    options.tuning().variant = variant;
    options
}

fn open(options: &Options) -> Arc<dyn Backend> {
    Arc::new(Gpu::open(options).expect("a GPU was wanted"))
}

/// A stripe after encoding, and the report of a check after two bytes of its last shard were changed.
fn encoded(backend: Arc<dyn Backend>, code: &Code, bytes: usize) -> Result<(Vec<Vec<u8>>, Report), Error> {
    let codec = Codec::on(code.clone(), backend);
    let mut shards = painted_stripe(code.data_shards(), code.parity_shards(), bytes);
    codec.encode(&mut shards)?;
    assert!(codec.verify(&shards)?.is_consistent());
    let whole = shards.clone();
    let last = shards.len() - 1;
    shards[last][bytes / 2] ^= 0x40;
    shards[last][bytes - 1] ^= 0x01;
    let report = codec.verify(&shards)?;
    assert!(!report.is_consistent());
    Ok((whole, report))
}

/// The options for every kernel that can be asked for, and for variants that use every path of the generator.
fn kernels() -> Vec<Options> {
    let methods = [
        Method::Rows { group: 1 },
        Method::Rows { group: 3 },
        Method::Sums { group: 4, step: 1 },
        Method::Sums { group: 3, step: 2 },
    ];
    let variants = methods.into_iter().flat_map(|method| {
        [1, 2, 4].map(|width| Variant { width, method, rows: 3, workgroup: [0, 64, 128, 0, 256][width] })
    });
    let kernels = [(Kernel::Table, None), (Kernel::Compiled, None)];
    let kernels = kernels.into_iter().chain(variants.map(|variant| (Kernel::Compiled, Some(variant))));
    kernels.map(|(kernel, variant)| options(kernel, variant)).collect()
}

#[test]
fn every_variant_agrees_with_the_cpu() {
    if !gpu_is_wanted() {
        return;
    }
    let codes = [Code::raid5(3), Code::raid6(8), Code::vandermonde(10, 4), Code::cauchy(17, 3), Code::cauchy(12, 9)];
    for kernel in kernels() {
        let gpu = open(&kernel);
        for code in codes.iter().map(|code| code.as_ref().unwrap()) {
            for bytes in [1, 4097, 70_000] {
                let (expected, expected_report) = encoded(Arc::new(Cpu::new().unwrap()), code, bytes).unwrap();
                let (got, report) = encoded(Arc::clone(&gpu), code, bytes).unwrap();
                assert_shards_equal(&expected, &got, format!("{kernel:?} {} {bytes}", code.name()));
                assert_eq!(report, expected_report, "{kernel:?} {} {bytes}", code.name());
            }
        }
    }
}

#[test]
fn the_chosen_variant_serves_every_shape() {
    if !gpu_is_wanted() {
        return;
    }
    let gpu = open(&options(Kernel::Compiled, None));
    for (k, m) in [(1, 1), (1, 20), (4, 2), (18, 4), (21, 4), (16, 8), (20, 20), (40, 10), (60, 5), (100, 3)] {
        let code = Code::vandermonde(k, m).unwrap();
        let (expected, expected_report) = encoded(Arc::new(Cpu::new().unwrap()), &code, 5000).unwrap();
        let (got, report) = encoded(Arc::clone(&gpu), &code, 5000).unwrap();
        assert_shards_equal(&expected, &got, format!("{k}+{m}"));
        assert_eq!(report, expected_report, "{k}+{m}");
    }
}

#[test]
fn variants_that_cannot_be_are_refused() {
    if !gpu_is_wanted() {
        return;
    }
    let good = Variant { width: 2, method: Method::Rows { group: 2 }, rows: 4, workgroup: 64 };
    let sums = |group, step| Method::Sums { group, step };
    for (what, variant) in [
        ("width", Variant { width: 3, ..good }),
        ("rows", Variant { rows: 0, ..good }),
        ("workgroup", Variant { workgroup: 0, ..good }),
        ("group", Variant { method: sums(9, 1), ..good }),
        ("step", Variant { method: sums(2, 0), ..good }),
    ] {
        let mut options = Options::default();
        options.tuning().variant = Some(variant);
        let error = Gpu::open(&options).err().unwrap();
        assert!(matches!(error, Error::Variant { what: named, .. } if named == what), "{error}");
    }
}
