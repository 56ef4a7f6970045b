// compiled: one plan's targets = matrix * sources over GF(2^8), the matrix baked into the text.
//
// The beginning of generated kernels; src/gpu/compiled/source.rs appends the entry point, and puts in front
// shared/params.wgsl and what src/gpu/launch.rs says of sources and targets: `Word`, `load_source`, `note`. Each
// invocation computes one column of Word, without a loop, by Horner's rule over the bits of the coefficients.
//
// slots     where each source's columns begin, then each target's, in Words
// Host src/gpu/compiled.rs. Twin src/cpu/portable.rs. Tests tests/oracle.rs, tests/boundaries.rs.

@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, {{SLOT_VECTORS}}>;

// Halves each byte in the field: a shift, and 1/2 = 0x8e for the bytes whose lowest bit it loses. Those bits are taken away
// by subtraction and not by a mask, so that a device with a multiply-add beside its logic unit may use it: measured.
fn halve(x: Word) -> Word {
    let lost = x & Word(0x01010101u);
    return ((x - lost) >> Word(1u)) ^ (lost * Word(0x8eu));
}
