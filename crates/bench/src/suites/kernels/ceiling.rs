//! The ceiling: reads and writes as many shards as the job, tile by tile, without a product.
//!
//! All bytes of the sources are XORed into one piece, and the targets are filled with it, by the widest loads and
//! stores of the processor. By measurement, shards in caches are best read one after another, and shards in memory side
//! by side, with stores past the caches. So each way is tried, and the fastest counts.

use std::hint::black_box;

use anyhow::Result;
use evariste::memory::Tile;
use evariste::{Matrices, Plan, View};
use rayon::prelude::*;

/// Bytes of a tile over all shards, for shards in the caches: a part of a core's second-level cache.
const TILE_TOTAL_BYTES: usize = 256 << 10;
/// Tiles of each thread, for shards beyond the caches.
const TILES_PER_THREAD: usize = 4;
/// Bytes that are summed at once, in registers. Beyond the caches, 64 bytes were slower.
const PIECE_BYTES: usize = 256;
type Piece = [u8; PIECE_BYTES];

/// How the bytes are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// On all threads of the pool, or on one.
    parallel: bool,
    /// All shards side by side, with stores past the caches as far as the processor can; or one shard after another.
    beyond_caches: bool,
}

/// How a plan's targets are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moving {
    Writes,
    /// As a check does.
    Reads,
}

/// All ways to try. With one thread there is no parallel way.
pub(super) fn ways(threads: usize) -> Vec<Way> {
    let way = |parallel| [false, true].map(|beyond_caches| Way { parallel, beyond_caches });
    let parallel = [false, true].into_iter().filter(|&parallel| !parallel || threads > 1);
    parallel.flat_map(way).collect()
}

/// Reads a plan's sources, and writes or reads its targets.
pub(super) fn run(view: &mut View<'_>, plan: &Plan, moving: Moving, way: Way) -> Result<()> {
    let threads = if way.parallel { rayon::current_num_threads() } else { 1 };
    let tile_bytes = match way.beyond_caches {
        false => TILE_TOTAL_BYTES / view.slots(),
        true => view.total_bytes() / (TILES_PER_THREAD * threads),
    };
    let run_tile = |mut tile: Tile<'_>| {
        let mut sources: Vec<&[u8]> = tile.sources().collect();
        let mut targets: Vec<&mut [u8]> = tile.targets().collect();
        if moving == Moving::Reads {
            sources.extend(targets.drain(..).map(|target| &*target));
        }
        if way.beyond_caches { side_by_side(&sources, &mut targets) } else { one_by_one(&sources, &mut targets) }
    };
    let tiles = view.tiles(Matrices::One(plan), tile_bytes.next_multiple_of(PIECE_BYTES).max(PIECE_BYTES))?;
    if way.parallel {
        tiles.parallel().for_each(run_tile);
    } else {
        tiles.sequential().for_each(run_tile);
    }
    Ok(())
}

/// Moves one shard of a tile after another.
fn one_by_one(sources: &[&[u8]], targets: &mut [&mut [u8]]) {
    let mut piece = [0; PIECE_BYTES];
    sources.iter().for_each(|source| add(&mut piece, source));
    targets.iter_mut().for_each(|target| fill(target, &piece));
    black_box(&piece);
}

/// Moves a piece of each shard of a tile, then the next piece of each, with stores past the caches.
fn side_by_side(sources: &[&[u8]], targets: &mut [&mut [u8]]) {
    let whole = sources.first().map_or(0, |source| source.len() / PIECE_BYTES * PIECE_BYTES);
    let pieces: Vec<&[Piece]> = sources.iter().map(|source| source.as_chunks().0).collect();
    let mut written: Vec<&mut [Piece]> = targets.iter_mut().map(|target| target.as_chunks_mut().0).collect();
    let mut sum = [0; PIECE_BYTES];
    columns((&mut sum, &mut written), &pieces);
    black_box(&sum);
    flush();
    let sources: Vec<&[u8]> = sources.iter().map(|source| &source[whole..]).collect();
    let mut targets: Vec<&mut [u8]> = targets.iter_mut().map(|target| &mut target[whole..]).collect();
    one_by_one(&sources, &mut targets);
}

/// One loop, compiled for each width of a register.
macro_rules! widest {
    ($name:ident($to:ident: $To:ty, $from:ident: $From:ty) $body:block) => {
        fn $name($to: $To, $from: $From) {
            #[inline(always)]
            fn body($to: $To, $from: $From) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f")]
                fn avx512($to: $To, $from: $From) {
                    body($to, $from);
                }
                #[target_feature(enable = "avx2")]
                fn avx2($to: $To, $from: $From) {
                    body($to, $from);
                }
                if is_x86_feature_detected!("avx512f") {
                    // SAFETY: the processor has AVX-512F.
                    return unsafe { avx512($to, $from) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2.
                    return unsafe { avx2($to, $from) };
                }
            }
            body($to, $from);
        }
    };
}

widest!(add(piece: &mut Piece, bytes: &[u8]) {
    let (pieces, rest) = bytes.as_chunks::<PIECE_BYTES>();
    for from in pieces {
        piece.iter_mut().zip(from).for_each(|(sum, byte)| *sum ^= byte);
    }
    piece.iter_mut().zip(rest).for_each(|(sum, byte)| *sum ^= byte);
});

// Reads a piece of each source and writes a piece of each target, then goes on to the next piece. Everything read is
// also added to the first argument.
widest!(columns(to: (&mut Piece, &mut [&mut [Piece]]), sources: &[&[Piece]]) {
    let (all, targets) = to;
    for at in 0..sources.first().map_or(0, |source| source.len()) {
        let mut sum = [0_u64; PIECE_BYTES / 8];
        for source in sources {
            let words = source[at].as_chunks::<8>().0;
            sum.iter_mut().zip(words).for_each(|(sum, word)| *sum ^= u64::from_ne_bytes(*word));
        }
        let mut piece = [0; PIECE_BYTES];
        piece.as_chunks_mut::<8>().0.iter_mut().zip(sum).for_each(|(piece, sum)| *piece = sum.to_ne_bytes());
        targets.iter_mut().for_each(|target| stream(&mut target[at], &piece));
        all.iter_mut().zip(piece).for_each(|(all, byte)| *all ^= byte);
    }
});

widest!(fill(bytes: &mut [u8], piece: &Piece) {
    let (pieces, rest) = bytes.as_chunks_mut::<PIECE_BYTES>();
    pieces.iter_mut().for_each(|to| *to = *piece);
    rest.copy_from_slice(&piece[..rest.len()]);
});

/// As `fill`, with stores that do not first read the overwritten bytes into the caches.
#[inline(always)]
fn stream(bytes: &mut [u8], piece: &Piece) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        // SAFETY: a register is 16 bytes of any value.
        if let ([], words, []) = unsafe { bytes.align_to_mut::<__m128i>() } {
            for words in words.chunks_mut(PIECE_BYTES / size_of::<__m128i>()) {
                for (to, word) in words.iter_mut().zip(piece.as_chunks::<16>().0) {
                    // SAFETY: a word has 16 bytes.
                    let word = unsafe { _mm_loadu_si128(word.as_ptr().cast()) };
                    // SAFETY: a reference to a register is aligned.
                    unsafe { _mm_stream_si128(to, word) };
                }
            }
            return;
        }
    }
    fill(bytes, piece);
}

/// Makes the stores of `stream` visible to other threads before any later store.
fn flush() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has SSE.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some pieces and a remainder.
    const BYTES: usize = 3 * PIECE_BYTES + 48;

    #[test]
    fn every_byte_is_read() {
        for at in 0..BYTES {
            let (mut sum, mut bytes) = ([0; PIECE_BYTES], [0; BYTES]);
            bytes[at] = 1;
            add(&mut sum, &bytes);
            assert_eq!(sum.iter().filter(|&&byte| byte == 1).count(), 1, "byte {at}");
        }
    }

    #[test]
    fn every_byte_is_written_and_no_other() {
        for walk in [one_by_one, side_by_side] {
            for start in [0, 3, 16] {
                let (source, mut target) = ([1; BYTES], [0xff; BYTES + 32]);
                walk(&[&source, &[0; BYTES]], &mut [&mut target[start..start + BYTES]]);
                assert!(target[start..start + BYTES].iter().all(|&byte| byte < 2));
                assert!(target[..start].iter().chain(&target[start + BYTES..]).all(|&byte| byte == 0xff));
            }
        }
    }
}
