//! Generated kernels are committed, so that a change of the generator shows as a change of these files.
//!
//! `EVARISTE_WRITE_SNAPSHOTS=1 cargo test --test snapshots` rewrites them.

#![cfg(feature = "gpu")]

use std::path::Path;

macro_rules! kept {
    ($name:literal, $file:literal) => {
        ($name, $file, include_str!(concat!("snapshots/", $file)))
    };
}

/// Name, file and committed text. One of each method, as the library chooses them, one that sums up as well, and one correction.
const KEPT: [(&str, &str, &str); 5] = [
    kept!("raid6 8+2 write", "raid6-8-2.wgsl"),
    kept!("vandermonde 10+4 check", "vandermonde-10-4-check.wgsl"),
    kept!("cauchy 16+8 write", "cauchy-16-8.wgsl"),
    kept!("correct 4", "correct-4.wgsl"),
    kept!("raid5 2+1 fused write", "raid5-2-1-fused.wgsl"),
];

#[test]
fn the_generator_writes_what_is_committed() {
    let sources = evariste::gpu::unstable::shader_sources().unwrap();
    let write = std::env::var_os("EVARISTE_WRITE_SNAPSHOTS").is_some();
    for (name, file, committed) in KEPT {
        let text = &sources.iter().find(|(known, _)| known == name).expect("a sample of that name").1;
        if write {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(file);
            std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        } else {
            assert!(committed == *text, "{name} differs from {file}: look at the difference, then write it anew");
        }
    }
}
