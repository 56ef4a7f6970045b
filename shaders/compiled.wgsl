// compiled: targets = matrix * sources over GF(2^8) for one plan, with the matrix written into the text.
//
// This is the beginning of every generated kernel. src/gpu/compiled/source.rs appends the entry point, and writes in front
// shared/params.wgsl and the declarations of sources and targets from src/gpu/launch.rs: `Word`, `load_source`, `note`. Each
// invocation computes one column of Word, without a loop, by Horner's rule over the bits of the coefficients.
//
// slots     the first column of each source, then of each target, in Words
// Host src/gpu/compiled.rs. Twin src/cpu/portable.rs. Tests tests/oracle.rs, tests/boundaries.rs.

@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, {{SLOT_VECTORS}}>;

// Halves each byte in the field: shifts it right, and adds 1/2 = 0x8e if the shift loses a set bit. The lost bits are removed
// by a subtraction and not by a mask: a device may run it in the multiply-add unit beside the logic unit. It measured faster.
fn halve(x: Word) -> Word {
    let lost = x & Word(0x01010101u);
    return ((x - lost) >> Word(1u)) ^ (lost * Word(0x8eu));
}
