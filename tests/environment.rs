//! A value of an `EVARISTE_` variable that cannot be used is an error; it is never ignored. The environment belongs to a process, so every case
//! runs in a separate process: this binary again, as the test `child`.

use std::io::Write;
use std::process::Command;

use evariste::cpu::Kernel;
use evariste::{Auto, Backend, Code, Codec, Cpu, Error};
#[cfg(feature = "gpu")]
use evariste::{Gpu, gpu};

/// Shards of a call so large that the automatic backend wants a GPU.
const LARGE: usize = 6 << 20;

/// What a backend that opens calls its device.
type Open = fn() -> Result<String, Error>;

/// Opens every backend and prints the result of each on one line.
#[test]
#[ignore = "run by the other tests in a process of their own"]
fn child() {
    let open: &[(&str, Open)] = &[
        ("cpu", || Ok(Cpu::new()?.info().device)),
        #[cfg(feature = "gpu")]
        ("gpu", || Ok(Gpu::open(&gpu::Options::default())?.info().device)),
        #[cfg(feature = "gpu")]
        ("gpu-memory", || {
            let gpu = Gpu::open(&gpu::Options::default())?;
            Ok(gpu.info().memory.map_or_else(String::new, |memory| memory.to_string()))
        }),
        ("auto", || Ok(Auto::new()?.info().device)),
        ("auto-large", || {
            let codec = Codec::new(Code::reed_solomon(10, 4)?)?;
            let mut shards = codec.shards(LARGE)?;
            codec.encode(&mut shards)?;
            Ok(codec.backend().info().device)
        }),
    ];
    for (name, open) in open {
        match open() {
            Ok(device) => println!("{name}: opened {device}"),
            Err(error) => println!("{name}: refused {error}"),
        }
    }
}

/// What the child printed for a backend under these variables.
struct Outcome(String);

impl Outcome {
    fn of(variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child", "--ignored", "--nocapture"]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("EVARISTE_") {
                command.env_remove(name);
            }
        }
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{variables:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        Self(text)
    }

    #[track_caller]
    fn line(&self, backend: &str) -> &str {
        let start = format!("{backend}: ");
        self.0.lines().find_map(|line| line.split_once(&start).map(|(_, rest)| rest)).expect(&self.0)
    }

    #[track_caller]
    fn opened(&self, backend: &str) -> &str {
        self.line(backend).strip_prefix("opened ").expect(&self.0)
    }

    /// The refusal, which must hold all of these.
    #[track_caller]
    fn refused(&self, backend: &str, parts: &[&str]) {
        let message = self.line(backend).strip_prefix("refused ").expect(&self.0);
        for part in parts {
            assert!(message.contains(part), "`{part}` is missing in: {message}");
        }
    }
}

const NO_DRIVER: [(&str, &str); 2] = [("VK_DRIVER_FILES", "/nonexistent"), ("VK_ICD_FILENAMES", "/nonexistent")];

/// Whether this machine has any adapter. If not, stderr says past the test harness what is not tested; if `EVARISTE_REQUIRE`
/// names `gpu`, that is a failure.
fn has_gpu() -> bool {
    #[cfg(feature = "gpu")]
    let has = !Gpu::adapters().is_empty();
    #[cfg(not(feature = "gpu"))]
    let has = false;
    let required = std::env::var("EVARISTE_REQUIRE").unwrap_or_default();
    assert!(has || !required.split(',').any(|name| name.trim() == "gpu"), "EVARISTE_REQUIRE names gpu, there is none");
    if !has {
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = writeln!(std::io::stderr(), "NOT testing {name} on a GPU: there is none");
    }
    has
}

#[test]
fn nothing_set() {
    let outcome = Outcome::of(&[]);
    outcome.opened("cpu");
    outcome.opened("auto");
    outcome.opened("auto-large");
    if has_gpu() {
        outcome.opened("gpu");
    }
}

#[test]
fn an_empty_value_is_none() {
    let outcome = Outcome::of(&[("EVARISTE_CPU", ""), ("EVARISTE_DEVICE", ""), ("EVARISTE_KERNEL", "")]);
    outcome.opened("cpu");
    if has_gpu() {
        outcome.opened("gpu");
    }
}

#[test]
fn the_cpu_kernel() {
    let available: Vec<Kernel> = Kernel::available().collect();
    assert!(Outcome::of(&[]).opened("cpu").starts_with(available[available.len() - 1].name()), "the best by default");
    for kernel in Kernel::ALL {
        let outcome = Outcome::of(&[("EVARISTE_CPU", kernel.name())]);
        if available.contains(&kernel) {
            assert!(outcome.opened("cpu").starts_with(&format!("{kernel} kernel, ")), "{kernel}");
        } else {
            outcome.refused("cpu", &["EVARISTE_CPU", kernel.name(), "portable"]);
        }
    }
    for wrong in ["abacus", "Portable", "portable,avx2"] {
        let outcome = Outcome::of(&[("EVARISTE_CPU", wrong)]);
        outcome.refused("cpu", &["EVARISTE_CPU", wrong, "portable"]);
        outcome.refused("auto", &["EVARISTE_CPU", wrong]);
    }
    // Whether or not the processor has AVX-512 or NEON, it has not both.
    let absent = if cfg!(target_arch = "x86_64") { Kernel::Neon } else { Kernel::Avx512 };
    let error = Cpu::with_kernel(absent).unwrap_err();
    assert!(matches!(&error, Error::NoKernel { wanted, .. } if *wanted == absent.name()), "{error}");
    assert!(error.to_string().contains("portable"), "{error}");
}

#[test]
fn the_device() {
    if !has_gpu() {
        return;
    }
    for wrong in ["no such device", "9999"] {
        let outcome = Outcome::of(&[("EVARISTE_DEVICE", wrong)]);
        outcome.refused("gpu", &["EVARISTE_DEVICE", wrong]);
        outcome.refused("auto-large", &["EVARISTE_DEVICE", wrong]);
        outcome.opened("cpu");
    }
    // By number, and by a part of the name in any case. What is named is taken, a software driver too.
    let first = Outcome::of(&[("EVARISTE_DEVICE", "0")]).opened("gpu").to_owned();
    let name: String = first.split_whitespace().next().unwrap().to_uppercase();
    let outcome = Outcome::of(&[("EVARISTE_DEVICE", &name)]);
    assert!(outcome.opened("gpu").to_uppercase().contains(&name));
    assert!(outcome.opened("auto-large").to_uppercase().contains(&name), "{}", outcome.0);
}

#[test]
fn the_gpu_kernel() {
    if !has_gpu() {
        return;
    }
    Outcome::of(&[("EVARISTE_KERNEL", "table")]).opened("gpu");
    let outcome = Outcome::of(&[("EVARISTE_KERNEL", "abacus")]);
    outcome.refused("gpu", &["EVARISTE_KERNEL", "abacus", "table"]);
    outcome.opened("cpu");
}

#[test]
fn the_gpus_way_to_host_memory() {
    if !has_gpu() {
        return;
    }
    // Every device supports staging.
    assert!(Outcome::of(&[("EVARISTE_MEMORY", "staged")]).opened("gpu-memory").contains("staged"));
    for memory in ["registered", "mapped"] {
        let outcome = Outcome::of(&[("EVARISTE_MEMORY", memory)]);
        if outcome.line("gpu-memory").starts_with("refused") {
            outcome.refused("gpu-memory", &["EVARISTE_MEMORY", memory, "lacks"]);
        } else {
            assert!(outcome.opened("gpu-memory").contains(memory));
        }
    }
    let outcome = Outcome::of(&[("EVARISTE_MEMORY", "borrowed")]);
    outcome.refused("gpu", &["EVARISTE_MEMORY", "borrowed", "registered"]);
    outcome.opened("cpu");
}

#[test]
fn a_software_driver_is_never_taken_unasked() {
    if !has_gpu() {
        return;
    }
    let device = Outcome::of(&[]).opened("auto-large").to_lowercase();
    assert!(!device.contains("llvmpipe") && !device.contains("swiftshader"), "{device}");
}

#[test]
fn a_calibration_that_was_named() {
    if !has_gpu() {
        return;
    }
    let device = Outcome::of(&[]).opened("gpu").to_owned();
    let name = device.split_whitespace().next().unwrap();
    let text = tempfile("evariste calibration 1\ncpu any\ngpu any\ncpu-speed 1 1 none\n");
    for (path, reason) in
        [("/nonexistent/calibration", "no such file"), (&*text, "expected three numbers from 1e-18 to 1e18")]
    {
        let outcome = Outcome::of(&[("EVARISTE_CALIBRATION", path), ("EVARISTE_DEVICE", name)]);
        outcome.refused("auto-large", &["EVARISTE_CALIBRATION", path, reason]);
    }
    // A calibration of other devices is no error: this machine is then measured.
    let other = tempfile("evariste calibration 1\ncpu another\ngpu another\ncpu-speed 1 1 1\ncopied-speed 1 1 1\n");
    let outcome = Outcome::of(&[("EVARISTE_CALIBRATION", &other), ("EVARISTE_DEVICE", name)]);
    assert!(outcome.opened("auto-large").contains(name));
}

/// A file of this process with this text.
fn tempfile(text: &str) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("calibration-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn checked_shaders() {
    if !has_gpu() {
        return;
    }
    Outcome::of(&[("EVARISTE_CHECKED_SHADERS", "1")]).opened("gpu");
    Outcome::of(&[("EVARISTE_CHECKED_SHADERS", "perhaps")])
        .refused("gpu", &["EVARISTE_CHECKED_SHADERS", "perhaps", "1"]);
}

/// Without a driver the GPU is refused with a clear message, and the CPU is used unless the GPU was required.
#[test]
fn no_driver() {
    let outcome = Outcome::of(&NO_DRIVER);
    if cfg!(feature = "gpu") {
        outcome.refused("gpu", &["no usable GPU", "none, no driver shows one"]);
    }
    outcome.opened("cpu");
    outcome.opened("auto");
    outcome.opened("auto-large");
}

/// Naming a device is an error if there is none, with the automatic backend too.
#[test]
fn a_named_device_without_a_driver() {
    let outcome = Outcome::of(&[&NO_DRIVER[..], &[("EVARISTE_DEVICE", "0")]].concat());
    if cfg!(feature = "gpu") {
        outcome.refused("gpu", &["EVARISTE_DEVICE", "0"]);
    }
    outcome.refused("auto-large", &["EVARISTE_DEVICE", "0", "no such device"]);
}
