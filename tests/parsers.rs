//! Text from outside never makes a parser panic, and what a parser accepts is written and read back as the same value.
//!
//! Input is made from valid examples by mutations. `cargo xtask soak fuzz` runs these tests for minutes or hours with another
//! seed: `EVARISTE_FUZZ_SECONDS` and `EVARISTE_FUZZ_SEED` set both. A failure prints its input. Shard files have a test of
//! their own, `hostile.rs` of the command.

#[path = "support/support.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use evariste::auto::Calibration;
use evariste::{Code, Layout};
use support::Rng;

/// Inputs that each test tries at least.
const INPUTS: usize = 4_000;
/// Codes are made only from names whose numbers are at most this: large matrices take seconds.
const MOST_SHARDS: u64 = 24;

const LAYOUTS: [&str; 16] = [
    "rs:10+4",
    "vandermonde:6+3",
    "cauchy:10+4",
    "jerasure-van:10+4",
    "isal-rs:8+3",
    "snapraid:10+4",
    "raid5:6",
    "raid6:8",
    "mirror:2x5",
    "raid51:2x6",
    "raid61:2x8",
    "raid55:4x4",
    "raid66:8x8",
    "lrc:12,2,2",
    "lrcu:12,2,2",
    "hier:4x6+1+1",
];
const CALIBRATIONS: [&str; 2] = [
    "evariste calibration 1\ncpu avx512 kernel, 16 threads\ngpu NVIDIA H200 (Vulkan)\ncpu-speed 1.2e-6 1.5e11 6e11\n\
     in-place-speed 4e-5 6.7e10 2e12\ncopied-speed 6e-5 2.7e10 1e12\n",
    "evariste calibration 1\ncpu portable kernel\ngpu none\ncpu-speed 1e-9 1 1\ncopied-speed 1e18 1e-18 1e9\n",
];
/// Pieces that parsers know, and characters that have more than one byte, are white space or end a line.
const PIECES: [&str; 28] = [
    ":",
    "+",
    ",",
    "x",
    "-",
    ".",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "0",
    "00",
    "1",
    "-1",
    "255",
    "256",
    "65536",
    "4294967296",
    "18446744073709551616",
    "1e999",
    "nan",
    "inf",
    "é",
    "\u{2003}",
    "😀",
    "raid",
    "-speed ",
];

/// An example after one to four mutations.
fn mutated(rng: &mut Rng, examples: &[&str]) -> String {
    let mut text: Vec<char> = examples[rng.below(examples.len())].chars().collect();
    for _ in 0..1 + rng.below(4) {
        let at = rng.below(text.len() + 1);
        let end = at + rng.below((text.len() - at).min(6) + 1);
        let new: Vec<char> = match rng.below(5) {
            0 => Vec::new(),
            1 => PIECES[rng.below(PIECES.len())].chars().collect(),
            2 => vec![char::from(u8::try_from(rng.below(128)).unwrap())],
            3 => text[at..end].repeat(2),
            _ => {
                let other: Vec<char> = examples[rng.below(examples.len())].chars().collect();
                let start = rng.below(other.len());
                other[start..].to_vec()
            }
        };
        text.splice(at..end, new);
    }
    text.into_iter().collect()
}

/// Calls `check` with mutated input until there was enough of it; returns how many inputs `check` said were accepted.
fn fuzz(examples: &[&str], mut check: impl FnMut(&str) -> bool) -> usize {
    let variable = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    let time = Duration::from_secs(variable("EVARISTE_FUZZ_SECONDS").unwrap_or(0));
    let mut rng = Rng::new(variable("EVARISTE_FUZZ_SEED").unwrap_or(1811));
    let (start, mut tried, mut accepted) = (Instant::now(), 0, 0);
    for example in examples {
        assert!(check(example), "the example {example:?} is refused");
    }
    while tried < INPUTS || start.elapsed() < time {
        let text = mutated(&mut rng, examples);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&text))) {
            Ok(is_valid) => accepted += usize::from(is_valid),
            Err(panic) => {
                eprintln!("the input is {text:?}");
                std::panic::resume_unwind(panic);
            }
        }
        tried += 1;
    }
    println!("{accepted} of {tried} inputs were accepted");
    // Too few, and hardly anything behind the first check of the parser was tried.
    assert!(accepted * 100 > tried, "only {accepted} of {tried} inputs were accepted");
    accepted
}

#[test]
fn layouts_are_read_back_as_they_were_written() {
    fuzz(&LAYOUTS, |text| {
        let Ok(layout) = text.parse::<Layout>() else { return false };
        let name = layout.to_string();
        assert_eq!(name.parse::<Layout>().as_ref().ok(), Some(&layout), "{text:?} is read as {name}");
        true
    });
}

#[test]
fn codes_are_read_back_as_they_were_written() {
    let mut made = 0;
    fuzz(&LAYOUTS, |text| {
        let Ok(layout) = text.parse::<Layout>() else { return false };
        let mut numbers = layout.to_string();
        numbers.retain(|c| !c.is_ascii_alphabetic() || c == 'x');
        let is_small = |number: &str| number.parse::<u64>().is_ok_and(|number| number <= MOST_SHARDS);
        if !numbers.split([':', '+', ',', 'x', '-']).filter(|number| !number.is_empty()).all(is_small) {
            return true;
        }
        // A layout may have counts that no code has.
        let Ok(code) = text.parse::<Code>() else { return true };
        let name = code.to_string();
        assert_eq!(name.parse::<Code>().as_ref().ok(), Some(&code), "{text:?} is read as {name}");
        made += 1;
        true
    });
    assert!(made > 100, "only {made} codes were made");
}

#[test]
fn calibrations_are_read_back_as_they_were_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("parsers-calibration-{}", std::process::id()));
    fuzz(&CALIBRATIONS, |text| {
        std::fs::write(&path, text).unwrap();
        let Ok(found) = Calibration::load(&path) else { return false };
        let mut calibration = found.expect("the file is there");
        calibration.save(&path).unwrap();
        // The one thing that a file cannot hold: a name that ends a line.
        for name in [&mut calibration.cpu_device, &mut calibration.gpu_device] {
            *name = name.replace('\r', " ");
        }
        let again = Calibration::load(&path).unwrap_or_else(|error| panic!("{text:?} is not read back: {error}"));
        assert_eq!(format!("{again:?}"), format!("{:?}", Some(calibration)), "{text:?}");
        true
    });
    let _ = std::fs::remove_file(&path);
}

#[test]
#[should_panic(expected = "this parser fails")]
fn a_parser_that_panics_is_found() {
    fuzz(&LAYOUTS, |text| {
        assert!(!text.contains('\0'), "this parser fails");
        true
    });
}
