//! Every shader of the repository is valid WGSL, compiles to SPIR-V, and asks for nothing beyond WebGPU's core: no capability,
//! and no more than the default limits of section 3.6.2 of the specification.
//!
//! Shaders are the texts that the library hands to a device, generated ones included, and each `.wgsl` file that none of
//! them contains. An error names the file and line that the text comes from, although texts are put together and unrolled.

#![cfg(feature = "gpu")]

#[path = "shaders/files.rs"]
mod files;
#[path = "shaders/limits.rs"]
mod limits;

use files::Files;
use naga::back::{pipeline_constants::process_overrides, spv};
use naga::valid::{Capabilities, ValidationFlags, Validator};

/// The capabilities that the library requests beyond WebGPU's core. naga refuses a shader that needs another.
const CAPABILITIES: Capabilities = Capabilities::empty();

/// Compiles each entry point of a text as the Vulkan backend does, with overrides at their defaults, and returns the number
/// of words of SPIR-V. An error begins with the file and line it is at.
fn compile(name: &str, text: &str, files: &Files) -> Result<usize, String> {
    let at = |line: Option<u32>| files.place(name, text, line);
    let module = naga::front::wgsl::parse_str(text).map_err(|error| {
        let line = error.location(text).map(|location| location.line_number);
        format!("{}: {}", at(line), error.emit_to_string_with_path(text, name))
    })?;
    let info = Validator::new(ValidationFlags::all(), CAPABILITIES).validate(&module).map_err(|error| {
        let line = error.location(text).map(|location| location.line_number);
        format!("{}: {}", at(line), error.emit_to_string_with_path(text, name))
    })?;
    let options = spv::Options {
        capabilities: Some([spv::Capability::Shader].into_iter().collect()),
        fake_missing_bindings: true,
        ..Default::default()
    };
    let mut words = 0;
    for entry in &module.entry_points {
        let line = text.lines().position(|line| line.contains(&format!("fn {}(", entry.name)));
        let line = line.and_then(|line| u32::try_from(line + 1).ok());
        let error = |error: &dyn std::fmt::Display| format!("{}: {}: {error}", at(line), entry.name);
        let (module, info) = process_overrides(&module, &info, Some((entry.stage, &entry.name)), &Default::default())
            .map_err(|problem| error(&problem))?;
        limits::check(&module, &info).map_err(|problem| error(&problem))?;
        let pipeline = spv::PipelineOptions { shader_stage: entry.stage, entry_point: entry.name.clone() };
        words += spv::write_vec(&module, &info, &options, Some(&pipeline)).map_err(|problem| error(&problem))?.len();
    }
    if words == 0 {
        return Err(format!("{}: no entry point", at(None)));
    }
    Ok(words)
}

#[test]
fn every_shader_is_valid_within_the_default_limits() {
    let files = Files::of_the_repository();
    let mut shaders = evariste::gpu::unstable::shader_sources().unwrap();
    assert!(shaders.len() > 100, "the library lists only {} shaders", shaders.len());
    let alone = files.not_in(&shaders);
    shaders.extend(alone);

    let mut words = 0;
    let mut errors = Vec::new();
    for (name, text) in &shaders {
        match compile(name, text, &files) {
            Ok(more) => words += more,
            Err(error) => errors.push(error),
        }
    }
    assert!(errors.is_empty(), "{} errors in {} shaders:\n\n{}", errors.len(), shaders.len(), errors.join("\n"));
    println!("{} shaders from {} files are valid: {words} words of SPIR-V", shaders.len(), files.count());
}

/// A small shader with a body, and a line in front of it.
fn with(declarations: &str, attribute: &str, body: &str) -> String {
    format!("{declarations}\n@compute @workgroup_size({attribute})\nfn main() {{ {body} }}\n")
}

#[test]
fn a_shader_beyond_a_default_limit_is_refused() {
    let files = Files::default();
    let refused = |text: &str, expected: &str| {
        let error = compile("broken.wgsl", text, &files).expect_err(expected);
        assert!(error.contains(expected), "{expected:?} is not in: {error}");
    };
    let workgroup = |bytes: usize| format!("var<workgroup> sh: array<u32, {}>;", bytes / 4);
    let buffers = |count: usize| -> (String, String) {
        let declare = |at| format!("@group(0) @binding({at}) var<storage, read_write> b{at}: array<u32>;\n");
        ((0..count).map(declare).collect(), (0..count).map(|at| format!("b{at}[0] = 1u; ")).collect())
    };
    let uniform = |bytes: usize| format!("@group(0) @binding(0) var<uniform> u: array<vec4<u32>, {}>;", bytes / 16);
    let accepted = [
        with(&workgroup(16384), "256", "sh[0] = 1u;"),
        with("", "1, 256", ""),
        with("", "1, 4, 64", ""),
        with(&buffers(8).0, "1", &buffers(8).1),
        with(&uniform(65536), "1", "let x = u[0];"),
        // Workgroup memory that no entry point uses is not counted.
        with(&workgroup(32768), "1", ""),
    ];
    for text in accepted {
        compile("whole.wgsl", &text, &files).unwrap_or_else(|error| panic!("{error}"));
    }
    refused(&with(&workgroup(16388), "256", "sh[0] = 1u;"), "16400 bytes of workgroup memory, the limit is 16384");
    refused(&with("", "257", ""), "257 invocations in x, the limit is 256");
    refused(&with("", "1, 257", ""), "257 invocations in y, the limit is 256");
    refused(&with("", "1, 1, 65", ""), "65 invocations in z, the limit is 64");
    refused(&with("", "16, 17", ""), "272 invocations of a workgroup, the limit is 256");
    refused(&with(&buffers(9).0, "1", &buffers(9).1), "9 storage buffers, the limit is 8");
    refused(&with(&uniform(65552), "1", "let x = u[0];"), "65552 bytes in uniform buffer `u`, the limit is 65536");
    refused(&with("@group(4) @binding(0) var<storage> b: u32;", "1", "let x = b;"), "group 4, the last is 3");
    refused(&with("@group(0) @binding(1000) var<storage> b: u32;", "1", "let x = b;"), "binding 1000, the last is 999");
    // A capability, not a limit.
    refused(&with("", "1", "let x = 1.0lf;"), "FLOAT64");
    refused("fn main() {}", "no entry point");
}

#[test]
fn an_error_names_the_file_and_line_it_comes_from() {
    let files = Files::of_the_repository();
    let line_of = |file: &str, line: &str| {
        let text = files.text(file).unwrap_or_else(|| panic!("the repository has no {file}"));
        1 + text.lines().position(|known| known.contains(line)).unwrap_or_else(|| panic!("{file} has no line {line:?}"))
    };
    let shaders = evariste::gpu::unstable::shader_sources().unwrap();
    // The table kernel has constants in front, then two shared files, then its own. A mistake is made in a file and in the
    // text that contains it.
    let (name, text) = shaders.iter().find(|(name, _)| name.starts_with("table check")).unwrap();
    let broken = |file: &str, old: &str, new: &str| {
        assert!(text.contains(old), "{name} does not contain {old:?}");
        compile(name, &text.replacen(old, new, 1), &files.with(file, old, new)).expect_err("a broken text compiles")
    };
    for (file, old, new) in [
        ("shaders/shared/params.wgsl", "let column = index - stripe *", "let column = index - strip *"),
        ("shaders/shared/found.wgsl", "marks |= marks >> 2u;", "marks |= marks >> 2.0;"),
        ("shaders/table.wgsl", "let tile = min(", "let tile = max_of("),
    ] {
        let expected = format!("{file}:{}: ", line_of(file, old));
        let error = broken(file, old, new);
        assert!(error.starts_with(&expected), "{expected:?} does not begin: {error}");
    }
    // Beyond the limits: the line of the entry point.
    let error = broken("shaders/table.wgsl", "@workgroup_size(WORKGROUP_SIZE)", "@workgroup_size(512)");
    assert!(
        error.starts_with(&format!("shaders/table.wgsl:{}: ", line_of("shaders/table.wgsl", "fn table("))),
        "{error}"
    );
    // A line that the host generates: the line of the file before it, and the line of the whole text.
    let error = broken("shaders/table.wgsl", "let words0 = load_source(", "let words0 = load_sources(");
    let before = line_of("shaders/table.wgsl", "{{UNROLLED}}") - 1;
    assert!(
        error.starts_with(&format!("shaders/table.wgsl:{before}, in lines that the host generates behind it")),
        "{error}"
    );
}
