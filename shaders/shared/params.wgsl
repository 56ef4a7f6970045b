// What every kernel is told about where its columns lie. Host src/gpu/launch.rs.
// A column is one of the kernel's words: 16 bytes for the table kernel, a Word for a compiled one.
struct Params {
    // Columns of all stripes together, and of one.
    columns: u32,
    stripe_columns: u32,
    // Columns from one stripe to the next, among the sources and among the targets.
    source_stride: u32,
    target_stride: u32,
    // For checks: words (of four bytes) of a block, blocks of a stripe, blocks of all stripes.
    block_words: u32,
    stripe_blocks: u32,
    blocks: u32,
    // Plans: one for all stripes, or several among which each stripe has its own (table kernel only).
    plans: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

struct Place {
    stripe: u32,
    // Within the stripe.
    column: u32,
    // To be added to a source's, a target's offset.
    source: u32,
    destination: u32,
}

fn place_of(index: u32) -> Place {
    if params.stripe_columns == params.columns {
        return Place(0u, index, index, index);
    }
    let stripe = index / params.stripe_columns;
    let column = index - stripe * params.stripe_columns;
    return Place(
        stripe,
        column,
        stripe * params.source_stride + column,
        stripe * params.target_stride + column,
    );
}
