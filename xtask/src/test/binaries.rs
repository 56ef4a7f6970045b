//! The step `tests`: unit and integration tests. cargo builds the test programs; they run here, several at a time, because most
//! of them use one core for long stretches, while a kernel is compiled or an oracle multiplies bit by bit.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cargo::{output, workspace};

/// Test programs that run at a time, and memory that each may need: with two cores, two.
const AT_MOST: usize = 4;

/// A test program that cargo built.
struct Program {
    /// Its package and its target.
    name: String,
    /// The folder of its package, in which it runs, as under `cargo test`.
    folder: PathBuf,
    path: PathBuf,
}

pub(super) fn run() -> Result<()> {
    let start = Instant::now();
    let programs = build()?;
    ensure!(!programs.is_empty(), "cargo built no test program");
    println!("{} test programs were built in {:.1} s", programs.len(), start.elapsed().as_secs_f64());

    let at_once = std::thread::available_parallelism().map_or(1, usize::from).min(AT_MOST);
    let queue = Mutex::new(programs.iter());
    let done: Mutex<Vec<(Duration, &str, bool)>> = Mutex::default();
    let work = || -> Result<()> {
        loop {
            let next = queue.lock().expect("no test program panics here").next();
            let Some(program) = next else { return Ok(()) };
            let start = Instant::now();
            let output = execute(program)?;
            let time = start.elapsed();
            let mut done = done.lock().expect("no test program panics here");
            println!("     Running {} ({:.1} s)", program.name, time.as_secs_f64());
            println!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
            println!("{}\n", String::from_utf8_lossy(&output.stdout).trim_end());
            done.push((time, &program.name, output.status.success()));
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a thread that runs test programs panicked"))
    })?;

    let mut done = done.into_inner().expect("no test program panics here");
    done.sort_by(|a, b| b.cmp(a));
    println!("the slowest of {} test programs, of which {at_once} ran at a time:", done.len());
    for (time, name, _) in done.iter().take(10) {
        println!("{:8.1} s  {name}", time.as_secs_f64());
    }
    let failed: Vec<&str> = done.iter().filter(|(.., passed)| !passed).map(|(_, name, _)| *name).collect();
    ensure!(failed.is_empty(), "{} of {} test programs failed: {}", failed.len(), done.len(), failed.join(", "));
    Ok(())
}

/// Builds the programs, and lists them as cargo does.
fn build() -> Result<Vec<Program>> {
    let messages =
        output(workspace("test").args(["--tests", "--no-run", "--message-format", "json-render-diagnostics"]))?;
    let mut programs = Vec::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context("cargo printed a message that is not JSON")?;
        let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
        let Some(path) = message["executable"].as_str().filter(|_| is_test) else { continue };
        let manifest = message["manifest_path"].as_str().context("no manifest_path in a message of cargo")?;
        let folder = PathBuf::from(manifest).parent().context("a manifest without a folder")?.to_owned();
        let package = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = message["target"]["name"].as_str().unwrap_or_default();
        let kind = message["target"]["kind"][0].as_str().unwrap_or_default();
        programs.push(Program { name: format!("{package}: {kind} {target}"), folder, path: path.into() });
    }
    Ok(programs)
}

/// The tests need a GPU backend here, software or not; whatever else the caller requires is required too.
fn execute(program: &Program) -> Result<Output> {
    let required = match std::env::var("EVARISTE_REQUIRE") {
        Ok(more) if !more.is_empty() => format!("gpu,{more}"),
        _ => "gpu".to_owned(),
    };
    let mut command = Command::new(&program.path);
    command.current_dir(&program.folder).env("CARGO_MANIFEST_DIR", &program.folder).env("EVARISTE_REQUIRE", required);
    if std::env::var_os("GALLIVM_PERF").is_none() {
        // Mesa's software driver spends most of these tests in LLVM's optimiser. The kernels are the same without it.
        command.env("GALLIVM_PERF", "nopt");
    }
    command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", program.path.display()))
}
