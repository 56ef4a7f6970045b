//! The texts of the kernels.

const CORRECT: &str = include_str!("../../../shaders/correct.wgsl");
const SHARED: &str = include_str!("../../../shaders/shared/corrections.wgsl");
const DELIVER: &str = include_str!("../../../shaders/deliver.wgsl");
pub(super) const GATHER: &str = include_str!("../../../shaders/gather.wgsl");

/// Invocations of a workgroup of the gather kernel, a block each.
pub(super) const GATHER_WORKGROUP: usize = 256;

/// The correct kernel of codes with so many parity shards.
pub(super) fn correct(syndromes: usize) -> String {
    // Each invocation has arrays of its own: fewer where these are long.
    let workgroup = if syndromes <= 32 { 256 } else { 64 };
    let constants = [("SYNDROMES", syndromes), ("PLACES", syndromes / 2), ("WORKGROUP_SIZE", workgroup)];
    let constants: String = constants.map(|(name, value)| format!("const {name} = {value}u;\n")).concat();
    [&constants, SHARED, CORRECT].concat()
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
