//! Every backend this machine has, opened once per test binary.
//!
//! `EVARISTE_REQUIRE` names backends that must be there, separated by commas: one that is not is a failure. One that is absent and not
//! required is reported on stderr, past the test harness, which would keep it to itself.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use evariste::backend::HostMemory;
use evariste::cpu::Kernel;
use evariste::{Backend, Code, Codec, Cpu, Error};

type Opened = Vec<(&'static str, Arc<dyn Backend>)>;
type Open = fn() -> Result<Arc<dyn Backend>, Error>;

/// What the tests know how to open: the CPU as it chooses for itself and with each of its kernels, and a GPU in every way it
/// reaches the host's memory.
const KNOWN: [(&str, Open); 9] = [
    ("cpu", || Ok(Arc::new(Cpu::new()?))),
    ("portable", || on_kernel(Kernel::Portable)),
    ("avx2", || on_kernel(Kernel::Avx2)),
    ("gfni", || on_kernel(Kernel::Gfni)),
    ("avx512", || on_kernel(Kernel::Avx512)),
    ("neon", || on_kernel(Kernel::Neon)),
    ("gpu-registered", || open_gpu(HostMemory::Registered)),
    ("gpu-mapped", || open_gpu(HostMemory::Mapped)),
    ("gpu-staged", || open_gpu(HostMemory::Staged)),
];

fn on_kernel(kernel: Kernel) -> Result<Arc<dyn Backend>, Error> {
    Ok(Arc::new(Cpu::with_kernel(kernel)?))
}

#[cfg(feature = "gpu")]
fn open_gpu(memory: HostMemory) -> Result<Arc<dyn Backend>, Error> {
    let mut options = evariste::gpu::Options::default();
    options.memory = Some(memory);
    let gpu = evariste::Gpu::open(&options)?;
    Ok(match memory {
        HostMemory::Registered => Arc::new(crate::support::registered::InRegisteredMemory::new(gpu)),
        _ => Arc::new(gpu),
    })
}

/// So that a run without the feature says so, and fails where `EVARISTE_REQUIRE` names a GPU.
#[cfg(not(feature = "gpu"))]
fn open_gpu(_: HostMemory) -> Result<Arc<dyn Backend>, Error> {
    let seen = "none, these tests are built without the feature `gpu`".to_owned();
    Err(Error::NoDevice { wanted: "any device".to_owned(), seen })
}

static BACKENDS: OnceLock<Opened> = OnceLock::new();

/// Runs a test on one backend after the other.
pub(crate) fn each_backend(mut test: impl FnMut(&str, &Arc<dyn Backend>)) {
    for (name, backend) in BACKENDS.get_or_init(open_all) {
        println!("on {name}: {}", backend.info().device);
        test(name, backend);
    }
}

/// Runs a test of one code on one backend after the other.
pub(crate) fn each_codec(code: &Code, mut test: impl FnMut(&str, Codec)) {
    each_backend(|name, backend| test(name, Codec::on(code.clone(), Arc::clone(backend))));
}

/// Whether a test of the GPU alone is to run: there is one, or `EVARISTE_REQUIRE` says that there must be.
pub(crate) fn gpu_is_wanted() -> bool {
    BACKENDS.get_or_init(open_all).iter().any(|(name, _)| name.starts_with("gpu"))
}

fn open_all() -> Opened {
    let required = std::env::var("EVARISTE_REQUIRE").unwrap_or_default();
    let required: Vec<&str> = required.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let mut opened = Opened::new();
    for (name, open) in KNOWN {
        match open() {
            Ok(backend) => {
                report(&format!("testing {name}: {}", backend.info().device));
                opened.push((name, backend));
            }
            Err(error) if required.iter().any(|required| is_meant(required, name)) => {
                panic!("EVARISTE_REQUIRE names {name}: {error}")
            }
            Err(error) => report(&format!("NOT testing {name}: {error}")),
        }
    }
    for name in required {
        assert!(
            opened.iter().any(|(opened, _)| is_meant(name, opened)),
            "EVARISTE_REQUIRE names {name}, which these tests do not know"
        );
    }
    opened
}

/// Whether a name that is required means this backend: `gpu` means a GPU in every way.
fn is_meant(required: &str, name: &str) -> bool {
    name.strip_prefix(required).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn report(line: &str) {
    // Not eprintln!, which the test harness captures. Nothing is lost for the tests if stderr is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}
