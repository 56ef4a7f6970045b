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
    let step = if syndromes <= 128 { syndromes.min(8) } else { 24 };
    [&constants, SHARED, &unrolled(CORRECT, step)].concat()
}

/// A loop of a template, `{{EACH name BELOW bound}} body {{END}}`, and what stands around it. `name` counts from 0.
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

/// A template whose loops make `step` rounds at a time.
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

/// The deliver kernel.
pub(super) fn deliver() -> String {
    [SHARED, DELIVER].concat()
}

/// Names and texts of kernels that show every way one is made.
pub(in crate::gpu) fn samples() -> impl Iterator<Item = (String, String)> {
    let correct = [1, 2, 3, 4, 8, 33, 254].map(|syndromes| (format!("correct {syndromes}"), correct(syndromes)));
    correct.into_iter().chain([("gather".to_owned(), GATHER.to_owned()), ("deliver".to_owned(), deliver())])
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
        for (name, text) in samples() {
            assert!(!text.contains("{{EACH") && !text.contains("{{END}}"), "{name} has a loop left");
        }
    }
}
