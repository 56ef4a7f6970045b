//! The one table of sizes where things go wrong. Tests that care about sizes run over all of it.

/// Shard lengths in bytes: around a word of 4, a vector of 16, a cache line, 256 (the offset alignment of storage buffers), a page (also the
/// bytes of one workgroup of 256 vectors); and the largest prime below 1 MiB, which no tiling divides.
pub(crate) const LENGTHS: [usize; 20] =
    [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 255, 256, 257, 4095, 4096, 4097, 65_535, 65_537, 1_048_573];

/// The lengths that cost little: for tests that multiply them by many shapes.
pub(crate) fn short_lengths() -> impl Iterator<Item = usize> {
    LENGTHS.into_iter().filter(|&bytes| bytes <= 4097)
}

/// Data and parity shards: one of either, common codes, counts around the widths kernels like (4 parities to a word, 16 sources to a tile),
/// and every way to meet the limit of 256.
pub(crate) const SHAPES: [(usize, usize); 17] = [
    (1, 1),
    (1, 4),
    (2, 1),
    (3, 5),
    (4, 2),
    (6, 3),
    (10, 4),
    (15, 4),
    (16, 4),
    (17, 3),
    (20, 10),
    (31, 9),
    (32, 8),
    (64, 17),
    (128, 128),
    (255, 1),
    (1, 255),
];

/// Data and parity shards of a code so wide that few columns fill a buffer that a GPU backend stages host memory in.
pub(crate) const WIDE: (usize, usize) = (200, 2);

/// Columns of [`WIDE`] that such a buffer holds when parity is written: a column has a byte of each source, and chunks are
/// multiples of 16 columns.
pub(crate) fn chunk_of_a_write() -> usize {
    of_the_ring("SLOT_BYTES") / WIDE.0 / 16 * 16
}

/// The same when parity is checked: a column has a byte of every shard, and chunks are multiples of a block.
pub(crate) fn chunk_of_a_check() -> usize {
    of_the_ring("SLOT_BYTES") / (WIDE.0 + WIDE.1) / 4096 * 4096
}

/// Shard lengths around one chunk, and one that needs more chunks than a GPU backend has buffers for.
pub(crate) fn lengths_around(chunk: usize) -> [usize; 4] {
    [chunk - 1, chunk, chunk + 1, of_the_ring("SLOTS") * chunk + 1]
}

/// A private constant of the library, from its source: a number, or a number shifted to the left.
fn of_the_ring(name: &str) -> usize {
    let source = include_str!("../../src/gpu/ring.rs");
    let start = format!("\nconst {name}: usize = ");
    let value = source.split_once(&start).and_then(|(_, rest)| rest.split_once(';'));
    let (value, _) = value.unwrap_or_else(|| panic!("src/gpu/ring.rs has no constant {name}"));
    let number = |text: &str| text.trim().parse::<usize>().unwrap_or_else(|error| panic!("{name} = {value}: {error}"));
    value.split_once("<<").map_or_else(|| number(value), |(number_of, by)| number(number_of) << number(by))
}
