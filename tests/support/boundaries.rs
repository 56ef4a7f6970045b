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

/// A code so wide that few columns fill the 8 MiB a GPU backend stages at a time, and lengths around one, two and more such chunks than it has
/// in flight.
pub(crate) const CHUNKED: ((usize, usize), [usize; 6]) =
    ((200, 2), [40_959, 40_960, 40_961, 2 * 40_960 - 1, 2 * 40_960 + 1, 5 * 40_960 + 4097]);
