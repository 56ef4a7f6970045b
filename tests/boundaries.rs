//! Critical sizes and addresses: every length of the table, odd addresses, one shard, the most shards, many small stripes. No byte outside
//! the shards is ever written.

#[path = "support/support.rs"]
mod support;

use std::fmt::Display;

use evariste::{Batch, Code, Error, Geometry, Matrix, Plan, Task, View, memory::Slot};
use support::boundaries::{LENGTHS, SHAPES, WIDE, chunk_of_a_check, chunk_of_a_write, lengths_around, short_lengths};
use support::{Rng, assert_shards_equal, each_backend, each_codec, oracle, paint, painted, stripe};

const GUARD: u8 = 0xa5;

/// Shards inside larger allocations: each begins at a different odd address and has guard bytes on both sides.
struct Guarded {
    blocks: Vec<Vec<u8>>,
    offsets: Vec<usize>,
    bytes: usize,
}

impl Guarded {
    fn new(shards: &[Vec<u8>]) -> Self {
        let bytes = shards[0].len();
        // Vec<u8> may begin anywhere; the remainder of the address modulo 16 takes every value from 1 to 15.
        let place = |(shard, content): (usize, &Vec<u8>)| {
            let mut block = vec![GUARD; bytes + 64];
            let misaligned = 1 + (shard * 7 + bytes) % 15;
            let offset = 16 + (misaligned + 16 - block.as_ptr() as usize % 16) % 16;
            block[offset..offset + bytes].copy_from_slice(content);
            (block, offset)
        };
        let (blocks, offsets) = shards.iter().enumerate().map(place).unzip();
        Self { blocks, offsets, bytes }
    }

    fn slices(&mut self) -> Vec<&mut [u8]> {
        let bytes = self.bytes;
        self.blocks.iter_mut().zip(&self.offsets).map(|(block, &at)| &mut block[at..at + bytes]).collect()
    }

    #[track_caller]
    fn assert_guards(&self, context: &str) {
        for (shard, (block, &at)) in self.blocks.iter().zip(&self.offsets).enumerate() {
            let outside = block[..at].iter().chain(&block[at + self.bytes..]);
            assert!(outside.copied().all(|byte| byte == GUARD), "{context}: wrote outside shard {shard}");
        }
    }
}

/// Encodes and rebuilds slices at odd addresses. Only the bytes that should change do change.
fn encodes_and_rebuilds(code: &Code, bytes: usize) {
    let expected = stripe(code, bytes);
    let (k, m) = (code.data_shards(), code.parity_shards());
    let mut damaged = expected.clone();
    damaged[k..].iter_mut().for_each(|parity| parity.fill(0xee));
    let lost: Vec<usize> = Rng::new(bytes as u64).choose(m, k + m);
    each_codec(code, |backend, codec| {
        let context = format!("{backend}, {k}+{m}, {bytes} bytes");
        let mut guarded = Guarded::new(&damaged);
        codec.encode(&mut guarded.slices()).unwrap();
        assert_shards_equal(&expected, &guarded.slices(), format_args!("{context}, encode"));
        guarded.assert_guards(&context);

        for (shard, slice) in guarded.slices().into_iter().enumerate() {
            if lost.contains(&shard) {
                paint(77 + shard, slice);
            }
        }
        codec.reconstruct(&mut guarded.slices(), &lost).unwrap();
        assert_shards_equal(&expected, &guarded.slices(), format_args!("{context}, reconstruct {lost:?}"));
        guarded.assert_guards(&context);
        assert!(codec.verify(&guarded.slices()).unwrap().is_consistent(), "{context}");
        guarded.assert_guards(&context);
    });
}

#[test]
fn every_length() {
    let code = Code::reed_solomon(4, 2).unwrap();
    for bytes in LENGTHS {
        encodes_and_rebuilds(&code, bytes);
    }
}

/// Few shards get long tiles of columns each.
#[test]
fn long_shards_of_the_smallest_codes() {
    for (k, m) in [(1, 1), (1, 2), (2, 1)] {
        for bytes in [65_537, 131_071, 131_072, 131_073, 1_048_573] {
            encodes_and_rebuilds(&Code::reed_solomon(k, m).unwrap(), bytes);
        }
    }
}

#[test]
fn every_shape() {
    for (k, m) in SHAPES {
        for bytes in [1, 67] {
            encodes_and_rebuilds(&Code::reed_solomon(k, m).unwrap(), bytes);
        }
    }
}

#[test]
fn every_short_length_of_the_smallest_codes() {
    for (k, m) in [(1, 1), (1, 3), (3, 1)] {
        for bytes in short_lengths() {
            encodes_and_rebuilds(&Code::reed_solomon(k, m).unwrap(), bytes);
        }
    }
}

/// More sources, and more targets, than any kernel takes at a time and than fit a GPU's buffer side by side.
#[test]
fn tens_of_thousands_of_shards() {
    let many = 40_000;
    let mut rng = Rng::new(1);
    let elements: Vec<u8> = (0..many).map(|_| rng.byte()).collect();
    for bytes in [1, 37] {
        // Many sources, one target. No code is this wide, but a plan may be.
        let sources: Vec<usize> = (0..many).collect();
        let ones = Matrix::from_fn(1, many, |_, _| 1);
        let mut whole = painted(many, bytes);
        whole.extend(oracle::product(&ones.iter_rows().collect::<Vec<_>>(), &whole));
        let plan = Plan::new(&sources, &[many], ones).unwrap();
        runs(&plan, &whole, format_args!("{many} sources of {bytes} bytes"));

        // One source, many targets.
        let matrix = Matrix::from_fn(many, 1, |row, _| elements[row]);
        let targets: Vec<usize> = (1..=many).collect();
        let mut whole = painted(1, bytes);
        whole.extend(oracle::product(&matrix.iter_rows().collect::<Vec<_>>(), &whole));
        let plan = Plan::new(&[0], &targets, matrix).unwrap();
        runs(&plan, &whole, format_args!("{many} targets of {bytes} bytes"));
    }
}

/// Writes and checks the targets of a plan whose slots are these shards.
fn runs(plan: &Plan, expected: &[Vec<u8>], context: impl Display) {
    each_backend(|name, backend| {
        let mut shards = expected.to_vec();
        for &target in plan.targets() {
            shards[target].fill(0xee);
        }
        let view = View::slices(shards.iter_mut().map(|shard| Slot::Write(shard)), 1).unwrap();
        let _ = backend.run(&mut [Batch::new(Task::write(plan), view).unwrap()]).unwrap();
        assert_shards_equal(expected, &shards, format_args!("{name}, {context}"));

        let last = *plan.targets().last().unwrap();
        *shards[last].last_mut().unwrap() ^= 1;
        let view = View::slices(shards.iter().map(|shard| Slot::Read(shard)), 1).unwrap();
        let mismatches = backend.run(&mut [Batch::new(Task::Check(plan), view).unwrap()]).unwrap().mismatches;
        let found: Vec<_> = mismatches.iter().map(|m| (m.slot, m.first, m.count)).collect();
        assert_eq!(found, [(last, expected[0].len() - 1, 1)], "{name}, {context}");
    });
}

/// A GPU backend copies host memory chunk by chunk, and a few chunks at a time.
#[test]
fn every_length_around_a_chunk() {
    let (k, m) = WIDE;
    let code = Code::reed_solomon(k, m).unwrap();
    for bytes in lengths_around(chunk_of_a_write()) {
        encodes_and_rebuilds(&code, bytes);
    }
}

/// Wrong bytes on both sides of every border between chunks, blocks and the padding behind them.
#[test]
fn wrong_bytes_are_found_where_they_are() {
    let (k, m) = WIDE;
    let code = Code::cauchy(k, m).unwrap();
    let chunk = chunk_of_a_check();
    for bytes in [1, 15, 16, 17, 4095, 4096, 4097].into_iter().chain(lengths_around(chunk)) {
        let whole = stripe(&code, bytes);
        let mut offsets = vec![0, 1, 15, 16, 4095, 4096, bytes - 1];
        offsets.extend([chunk, 2 * chunk, 3 * chunk].into_iter().flat_map(|border| [border - 1, border]));
        offsets.retain(|&at| at < bytes);
        offsets.sort_unstable();
        offsets.dedup();
        each_codec(&code, |backend, codec| {
            let mut shards = whole.clone();
            for &at in &offsets {
                shards[k + at % m][at] ^= 0x80;
            }
            // In each block of each parity shard the first of them, and how many there are.
            let mut expected: Vec<(usize, usize, usize, u32)> = Vec::new();
            for parity in 0..m {
                for &at in offsets.iter().filter(|&&at| at % m == parity) {
                    let slot = k + parity;
                    match expected.last_mut() {
                        Some(last) if (last.0, last.1) == (slot, at / 4096) => last.3 += 1,
                        _ => expected.push((slot, at / 4096, at, 1)),
                    }
                }
            }
            let mismatches = codec.verify(&shards).unwrap().mismatches;
            let found: Vec<_> = mismatches.iter().map(|m| (m.slot, m.block, m.first, m.count)).collect();
            assert_eq!(found, expected, "{backend}, {bytes} bytes");
        });
    }
}

/// Every remainder of the address modulo 16, alike for all shards.
#[test]
fn every_alignment() {
    let code = Code::cauchy(3, 2).unwrap();
    let expected = stripe(&code, 100);
    each_codec(&code, |backend, codec| {
        for misaligned in 0..16 {
            let mut memory = vec![GUARD; 5 * 128 + 32];
            let start = (misaligned + 16 - memory.as_ptr() as usize % 16) % 16;
            let mut slices: Vec<&mut [u8]> =
                memory[start..].chunks_exact_mut(128).map(|chunk| &mut chunk[..100]).collect();
            slices.truncate(5);
            for (slice, shard) in slices.iter_mut().zip(&expected[..3]) {
                slice.copy_from_slice(shard);
            }
            codec.encode(&mut slices).unwrap();
            assert_shards_equal(&expected, &slices, format_args!("{backend}, address {misaligned} modulo 16"));
        }
    });
}

#[test]
fn no_bytes_are_an_error() {
    each_codec(&Code::reed_solomon(2, 1).unwrap(), |backend, codec| {
        let mut empty = vec![Vec::new(); 3];
        assert!(matches!(codec.encode(&mut empty), Err(Error::EmptyShards)), "{backend}");
        assert!(matches!(codec.verify(&empty), Err(Error::EmptyShards)), "{backend}");
        assert!(matches!(codec.reconstruct(&mut empty, &[0]), Err(Error::EmptyShards)), "{backend}");
        assert!(matches!(codec.shards(0), Err(Error::EmptyShards)), "{backend}");
    });
}

#[test]
fn the_librarys_shards_are_aligned_and_zero() {
    each_codec(&Code::reed_solomon(3, 2).unwrap(), |backend, codec| {
        for bytes in short_lengths() {
            let shards = codec.shards(bytes).unwrap();
            assert_eq!((shards.total_shards(), shards.shard_bytes()), (5, bytes), "{backend}");
            for shard in 0..5 {
                assert_eq!(shards.shard(shard).len(), bytes, "{backend}");
                assert!(shards.shard(shard).iter().all(|&byte| byte == 0), "{backend}, {bytes} bytes");
                assert_eq!(shards.shard(shard).as_ptr() as usize % 256, 0, "{backend}, {bytes} bytes, shard {shard}");
            }
            assert_eq!(shards.shard(0).as_ptr() as usize % 4096, 0, "{backend}, {bytes} bytes");
        }
    });
}

/// Ranges of columns of the library's shards, worked on one by one, are the whole.
#[test]
fn columns_are_worked_on_alone() {
    let code = Code::reed_solomon(5, 3).unwrap();
    let expected = stripe(&code, 1000);
    each_codec(&code, |backend, codec| {
        let mut shards = codec.shards(1000).unwrap();
        for (shard, bytes) in expected[..5].iter().enumerate() {
            shards.data_mut(shard).copy_from_slice(bytes);
        }
        for (done, range) in [0..1, 1..17, 17..18, 18..511, 511..1000].into_iter().enumerate() {
            let end = range.end;
            codec.encode(&mut shards.columns(range).unwrap()).unwrap();
            for (shard, expected) in expected.iter().enumerate().skip(5) {
                assert_eq!(shards.shard(shard)[..end], expected[..end], "{backend}, range {done}");
                assert!(shards.shard(shard)[end..].iter().all(|&byte| byte == 0), "{backend}, range {done}");
            }
        }
        // A different set of lost shards in each range.
        for (range, lost) in [(3..200, [0, 1, 2]), (200..201, [5, 6, 7]), (201..990, [2, 4, 6])] {
            for shard in lost {
                shards.shard_mut(shard)[range.clone()].fill(0xdd);
            }
            codec.reconstruct(&mut shards.columns(range).unwrap(), &lost).unwrap();
        }
        assert_shards_equal(&expected, &shards.iter().collect::<Vec<_>>(), backend);
    });
}

/// The layouts of small stripes in one block of memory: slot by slot or stripe by stripe, with or without gaps.
fn layouts(slots: usize) -> Vec<Geometry> {
    let mut layouts = Vec::new();
    for (bytes, stripes) in [(1, 300), (3, 50), (4, 64), (16, 33), (17, 33), (64, 100), (255, 7), (4096, 3), (4097, 2)]
    {
        for gap in [0, 1, 16] {
            let (slot, stripe) = ((bytes + gap) * stripes, (bytes + gap) * slots);
            let slot_major = Geometry { slots, bytes, slot_stride: slot, stripes, stripe_stride: bytes + gap };
            let stripe_major = Geometry { slots, bytes, slot_stride: bytes + gap, stripes, stripe_stride: stripe };
            layouts.extend([slot_major, stripe_major]);
        }
    }
    layouts
}

#[test]
fn views_of_many_small_stripes() {
    let code = Code::reed_solomon(4, 2).unwrap();
    for geometry in layouts(6) {
        runs_over(&code, geometry);
    }
}

/// Stripes that fill several chunks.
#[test]
fn views_of_more_small_stripes_than_a_chunk_holds() {
    let (k, m) = WIDE;
    let code = Code::reed_solomon(k, m).unwrap();
    for (bytes, stripes) in [(100, 1000), (4097, 25), (7, 13_001)] {
        assert!(bytes * stripes > chunk_of_a_write(), "{stripes} stripes of {bytes} bytes are one chunk");
        let slot_stride = (bytes + 3) * stripes;
        runs_over(&code, Geometry { slots: k + m, bytes, slot_stride, stripes, stripe_stride: bytes + 3 });
    }
}

/// Writes and checks parity in one block of memory.
fn runs_over(code: &Code, geometry: Geometry) {
    let plan = code.encode_plan();
    let (k, n) = (code.data_shards(), code.total_shards());
    let Geometry { bytes, stripes, slot_stride, stripe_stride, .. } = geometry;
    // One long stripe holds the bytes of the small stripes, one after another.
    let whole = stripe(code, bytes * stripes);
    let at = |slot: usize, stripe: usize| slot * slot_stride + stripe * stripe_stride;
    let extent = at(n - 1, stripes - 1) + bytes;
    let mut expected = vec![GUARD; extent + 3];
    let mut before = expected.clone();
    for (slot, whole) in whole.iter().enumerate() {
        for stripe in 0..stripes {
            let place = at(slot, stripe)..at(slot, stripe) + bytes;
            let content = &whole[stripe * bytes..(stripe + 1) * bytes];
            expected[place.clone()].copy_from_slice(content);
            if slot < k {
                before[place].copy_from_slice(content);
            }
        }
    }
    let last = n - 1;
    each_backend(|name, backend| {
        let mut memory = before.clone();
        let view = View::arena(&mut memory, geometry).unwrap();
        let mut batch = [Batch::new(Task::write(&plan), view).unwrap()];
        let _ = backend.run(&mut batch).unwrap();
        assert_shards_equal(&[&expected], &[&memory], format_args!("{name}, {geometry:?}"));

        // A check of all, then of all with one wrong byte.
        for wrong in [None, Some((1 + stripes / 2).min(stripes - 1))] {
            if let Some(stripe) = wrong {
                memory[at(n - 1, stripe) + bytes / 2] ^= 0x40;
            }
            let view = View::arena_ref(&memory, geometry).unwrap();
            let mut batch = [Batch::new(Task::Check(&plan), view).unwrap()];
            let mismatches = backend.run(&mut batch).unwrap().mismatches;
            let found: Vec<_> = mismatches.iter().map(|m| (m.slot, m.stripe, m.first, m.count)).collect();
            let expected: Vec<_> = wrong.map(|stripe| (last, stripe, bytes / 2, 1)).into_iter().collect();
            assert_eq!(found, expected, "{name}, {geometry:?}");
        }
    });
}

#[test]
fn slices_of_many_small_stripes() {
    let code = Code::cauchy(3, 2).unwrap();
    for (bytes, stripes) in [(1, 200), (5, 40), (16, 16), (100, 9)] {
        let expected = stripe(&code, bytes * stripes);
        each_backend(|name, backend| {
            let mut shards = expected.clone();
            shards[3].fill(0);
            shards[4].fill(0);
            let plan = code.encode_plan();
            let (data, parity) = shards.split_at_mut(3);
            let slots = data.iter().map(|d| Slot::Read(d)).chain(parity.iter_mut().map(|p| Slot::Write(p)));
            let view = View::slices(slots, stripes).unwrap();
            let _ = backend.run(&mut [Batch::new(Task::write(&plan), view).unwrap()]).unwrap();
            assert_shards_equal(&expected, &shards, format_args!("{name}, {stripes} stripes of {bytes}"));
        });
    }
}

#[test]
fn a_call_without_batches_and_a_view_without_bytes_do_nothing() {
    let plan = Code::reed_solomon(2, 1).unwrap().encode_plan();
    each_backend(|name, backend| {
        assert!(backend.run(&mut []).unwrap().is_consistent(), "{name}");
        let geometry = Geometry { slots: 3, bytes: 0, slot_stride: 0, stripes: 4, stripe_stride: 0 };
        let view = View::arena(&mut [], geometry).unwrap();
        assert!(backend.run(&mut [Batch::new(Task::write(&plan), view).unwrap()]).unwrap().is_consistent(), "{name}");
        let geometry = Geometry { slots: 3, bytes: 8, slot_stride: 8, stripes: 0, stripe_stride: 24 };
        let view = View::arena(&mut [], geometry).unwrap();
        assert!(backend.run(&mut [Batch::new(Task::write(&plan), view).unwrap()]).unwrap().is_consistent(), "{name}");
    });
}
