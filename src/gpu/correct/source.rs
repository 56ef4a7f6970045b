//! The kernels of a correction, and their texts.

use super::outcome::Tally;
use super::patterns::HEAD_WORDS;
use super::room::Header;
use super::{CorrectParams, GatherShape, LOGARITHMS, PARTS};
use crate::gf256::{EXP, LOG_OF_ZERO};
use crate::gpu::shader::{Binding, Holds, Shader};
use crate::gpu::words::index;

const CORRECT: &str = include_str!("../../../shaders/correct.wgsl");
const SHARED: &str = include_str!("../../../shaders/shared/corrections.wgsl");
const DELIVER: &str = include_str!("../../../shaders/deliver.wgsl");
const GATHER: &str = include_str!("../../../shaders/gather.wgsl");

/// Invocations of a workgroup. Each takes a block in the gather kernel, and a word of each slot in the others.
pub(super) const WORKGROUP_SIZE: usize = 256;
/// The number of sums of two logarithms, including the logarithm of zero.
const SUMS: usize = EXP.len() + LOG_OF_ZERO as usize + 1;
/// Workgroup memory of the correct kernel: logarithms, their sums, and three counters for each slot.
const WORKGROUP_BYTES: usize = 4 * (256 + SUMS.next_multiple_of(4) + 3 * 256);

/// The bindings of `shaders/shared/corrections.wgsl`.
fn common() -> [Binding; 3] {
    [
        Binding::uniform(0, Holds::one::<CorrectParams>()),
        Binding::uniform(1, Holds::vectors(LOGARITHMS)),
        Binding::read(2, Holds::headed::<Header>()),
    ]
}

/// The correct kernel of codes with this number of parity shards.
pub(super) fn correct(syndromes: usize) -> Shader {
    let own = [
        Binding::read_write(3, Holds::words(4)),
        Binding::read_write(4, Holds::structures::<Tally>()),
        Binding::read(5, Holds::words(4)),
        Binding::read(6, Holds::words(4)),
    ];
    let constants = [
        ("SYNDROMES", syndromes),
        ("PLACES", syndromes / 2),
        ("WORKGROUP_SIZE", WORKGROUP_SIZE),
        ("PARTS", PARTS),
        ("SUMS", SUMS),
        ("PATTERN_HEAD", HEAD_WORDS),
    ];
    // Few enough to keep the text short, and enough that no invocation makes more than 65,535 rounds.
    let step = if syndromes <= 128 { syndromes.min(8) } else { 24 };
    Shader {
        name: format!("the correct kernel of {syndromes} syndromes"),
        entry_point: "correct",
        workgroup: index(WORKGROUP_SIZE),
        workgroup_bytes: index(WORKGROUP_BYTES),
        bindings: common().into_iter().chain(own).collect(),
        constants: constants.map(|(name, value)| (name, index(value))).to_vec(),
        body: [SHARED, &unrolled(CORRECT, step)].concat(),
    }
}

/// The gather kernel.
pub(super) fn gather() -> Shader {
    Shader {
        name: "the gather kernel".to_owned(),
        entry_point: "gather",
        workgroup: index(WORKGROUP_SIZE),
        workgroup_bytes: 0,
        bindings: vec![
            Binding::uniform(0, Holds::one::<GatherShape>()),
            Binding::read(1, Holds::words(8)),
            Binding::read_write(2, Holds::headed::<Header>()),
        ],
        constants: vec![("WORKGROUP_SIZE", index(WORKGROUP_SIZE)), ("PARTS", index(PARTS))],
        body: GATHER.to_owned(),
    }
}

/// The deliver kernel.
pub(super) fn deliver() -> Shader {
    let own = [
        Binding::read(3, Holds::words(4)),
        Binding::read(4, Holds::structures::<Tally>()),
        Binding::read_write(5, Holds::words(4)),
    ];
    Shader {
        name: "the deliver kernel".to_owned(),
        entry_point: "deliver",
        workgroup: index(WORKGROUP_SIZE),
        workgroup_bytes: 0,
        bindings: common().into_iter().chain(own).collect(),
        constants: vec![("WORKGROUP_SIZE", index(WORKGROUP_SIZE)), ("PARTS", index(PARTS))],
        body: [SHARED, DELIVER].concat(),
    }
}

/// A loop of a template, `{{EACH name BELOW bound}} body {{END}}`, and the text around it. `name` counts from 0.
struct Loop<'a> {
    before: &'a str,
    name: &'a str,
    bound: &'a str,
    body: &'a str,
    after: &'a str,
}

impl<'a> Loop<'a> {
    /// The first one.
    fn find(template: &'a str) -> Option<Self> {
        let (before, rest) = template.split_once("{{EACH ")?;
        let (name, rest) = rest.split_once(" BELOW ")?;
        let (bound, rest) = rest.split_once("}}")?;
        let (body, after) = rest.split_once("{{END}}")?;
        Some(Self { before, name, bound, body, after })
    }
}

/// Expands a template, with `step` rounds at a time in its loops.
fn unrolled(template: &str, step: usize) -> String {
    let (mut text, mut rest) = (String::new(), template);
    while let Some(Loop { before, name, bound, body, after }) = Loop::find(rest) {
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

/// A sample of kernels, by name, that covers every way one is made.
pub(in crate::gpu) fn samples() -> impl Iterator<Item = (String, Shader)> {
    let correct = [1, 2, 3, 4, 8, 33, 254].map(|syndromes| (format!("correct {syndromes}"), correct(syndromes)));
    correct.into_iter().chain([("gather".to_owned(), gather()), ("deliver".to_owned(), deliver())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_unrolled_and_nothing_else_changes() {
        let template = "a {{EACH i BELOW n + 1u}} f(i); {{END}} b";
        let expected = "a for (var i_first = 0u; i_first < n + 1u; i_first += 2u) {\n\
            { let i = i_first + 0u; if i < n + 1u { f(i); } }\n\
            { let i = i_first + 1u; if i < n + 1u { f(i); } }\n} b";
        assert_eq!(unrolled(template, 2), expected);
        for (name, shader) in samples() {
            let text = shader.text();
            assert!(!text.contains("{{EACH") && !text.contains("{{END}}"), "{name} has a loop left");
        }
    }
}
