// The position of columns, for every kernel that runs a plan. Host src/gpu/launch.rs.
// A column is one word of the kernel: 16 bytes in the table kernel, a Word in a compiled kernel.
struct Params {
    // Columns of all stripes together, and of one stripe.
    columns: u32,
    stripe_columns: u32,
    // Columns from one stripe to the next, among the sources and among the targets.
    source_stride: u32,
    target_stride: u32,
    // For checks: words (of four bytes) of a block, blocks of a stripe, blocks of all stripes.
    block_words: u32,
    stripe_blocks: u32,
    blocks: u32,
    // The number of plans. 1: all stripes share the plan. More, only in the table kernel: each stripe names its plan.
    plans: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

struct Place {
    stripe: u32,
    // The column within the stripe.
    column: u32,
    // The distance from the first column of a source, and of a target.
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
