//! The texts of the kernels.

const CORRECT: &str = include_str!("../../../shaders/correct.wgsl");
const SHARED: &str = include_str!("../../../shaders/shared/corrections.wgsl");
const DELIVER: &str = include_str!("../../../shaders/deliver.wgsl");
pub(super) const GATHER: &str = include_str!("../../../shaders/gather.wgsl");

/// Invocations of a workgroup of the gather kernel, a block each.
pub(super) const GATHER_WORKGROUP: usize = 256;

/// The correct kernel of codes with so many parity shards.
pub(super) fn correct(syndromes: usize) -> String {
    let constants = [("SYNDROMES", syndromes), ("PLACES", syndromes / 2)];
    let constants = constants.map(|(name, value)| format!("const {name} = {value}u;\n")).concat();
    // Few enough that text stays small, and enough that no invocation makes more than 65,535 rounds.
    let step = if syndromes <= 128 { syndromes.min(8) } else { 32 };
    [&constants, SHARED, &unrolled(CORRECT, step)].concat()
}

/// A template whose loops `{{EACH name BELOW bound}} .. {{END}}` make `step` rounds at a time. `name` counts from 0.
fn unrolled(template: &str, step: usize) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, (head, (body, after)))) = next_loop(rest) {
        let (name, bound) = head.split_once(" BELOW ").expect("a loop of a template has a bound");
        let first = format!("{name}_first");
        text += &format!("{before}for (var {first} = 0u; {first} < {bound}; {first} += {step}u) {{\n");
        for round in 0..step {
            text += &format!("{{ let {name} = {first} + {round}u; if {name} < {bound} {{{body}}} }}\n");
        }
        text += "}";
        rest = after;
    }
    text + rest
}

/// What stands before a template's first loop, the loop's head and body, and what follows.
fn next_loop(template: &str) -> Option<(&str, (&str, (&str, &str)))> {
    let (before, rest) = template.split_once("{{EACH ")?;
    let (head, rest) = rest.split_once("}}")?;
    Some((before, (head, rest.split_once("{{END}}")?)))
}

/// The deliver kernel.
pub(super) fn deliver() -> String {
    [SHARED, DELIVER].concat()
}

/// Names and texts of kernels that show every way one is made.
pub(in crate::gpu) fn samples() -> impl Iterator<Item = (String, String)> {
    let correct = [1, 2, 3, 4, 8, 33, 254].map(|syndromes| (format!("correct {syndromes}"), correct(syndromes)));
    correct.into_iter().chain([("gather".to_owned(), GATHER.to_owned()), ("deliver".to_owned(), deliver())])
}
