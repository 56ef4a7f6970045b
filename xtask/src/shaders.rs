//! `cargo xtask shaders`: every shader the library can hand to a device is parsed, validated and compiled to SPIR-V. All errors are
//! printed before the command fails.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use naga::back::{pipeline_constants::process_overrides, spv};
use naga::valid::{Capabilities, ValidationFlags, Validator};

use crate::cargo::root;

/// What the library asks of a device beyond WebGPU's core: nothing. naga refuses a shader that needs more.
const CAPABILITIES: Capabilities = Capabilities::empty();

pub(crate) fn run() -> Result<()> {
    let shaders = evariste::gpu::shader_sources()?;
    ensure!(!shaders.is_empty(), "the library lists no shader");
    let mut errors = Vec::new();
    let mut words = 0;
    for (name, source) in &shaders {
        match compile(name, source) {
            Ok(compiled) => words += compiled,
            Err(error) => errors.push(error),
        }
    }
    for file in unused_files(&shaders)? {
        errors.push(format!("{}: no shader of the library contains this file\n", file.display()));
    }
    for error in &errors {
        eprintln!("{error}");
    }
    ensure!(errors.is_empty(), "{} errors in {} shaders", errors.len(), shaders.len());
    println!("{} shaders are valid, {words} words of SPIR-V", shaders.len());
    Ok(())
}

/// Compiles each entry point as the Vulkan backend does, overrides at their defaults; says how many words of SPIR-V came out.
fn compile(name: &str, source: &str) -> Result<usize, String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|error| error.emit_to_string_with_path(source, name))?;
    let info = Validator::new(ValidationFlags::all(), CAPABILITIES)
        .validate(&module)
        .map_err(|error| error.emit_to_string_with_path(source, name))?;
    let options = spv::Options {
        capabilities: Some([spv::Capability::Shader].into_iter().collect()),
        fake_missing_bindings: true,
        ..Default::default()
    };
    let mut words = 0;
    for entry in &module.entry_points {
        let at = |error: &dyn std::fmt::Display| format!("{name}: {}: {error}\n", entry.name);
        let (module, info) = process_overrides(&module, &info, Some((entry.stage, &entry.name)), &Default::default())
            .map_err(|error| at(&error))?;
        let pipeline = spv::PipelineOptions { shader_stage: entry.stage, entry_point: entry.name.clone() };
        words += spv::write_vec(&module, &info, &options, Some(&pipeline)).map_err(|error| at(&error))?.len();
    }
    if words == 0 {
        return Err(format!("{name}: no entry point\n"));
    }
    Ok(words)
}

/// WGSL files that no shader contains: forgotten ones would never be checked.
fn unused_files(shaders: &[(String, String)]) -> Result<Vec<PathBuf>> {
    let mut unused = Vec::new();
    let mut folders = vec![root().join("shaders")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "wgsl") && !is_part_of(&path, shaders)? {
                unused.push(path);
            }
        }
    }
    Ok(unused)
}

/// Whether one shader contains the file: all of it, or, of a template, everything between its `{{NAMES}}`.
fn is_part_of(path: &Path, shaders: &[(String, String)]) -> Result<bool> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let pieces: Vec<&str> =
        text.split("{{").map(|piece| piece.split_once("}}").map_or(piece, |(_, rest)| rest)).collect();
    Ok(shaders.iter().any(|(_, source)| pieces.iter().all(|piece| source.contains(piece.trim()))))
}
