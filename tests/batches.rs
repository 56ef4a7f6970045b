//! Batches of one call may differ in everything, including task and memory. Together they give the same results as each alone.

#[path = "support/support.rs"]
mod support;

use evariste::backend::BLOCK_BYTES;
use evariste::memory::Slot;
use evariste::{Backend, Batch, Code, Cpu, Erasures, Task, View};
use support::{Rng, assert_shards_equal, each_backend, stripe};

#[test]
fn several_batches_in_one_call() {
    let codes = [Code::reed_solomon(3, 2).unwrap(), Code::raid5(7).unwrap(), Code::cauchy(20, 9).unwrap()];
    let lengths = [1000, 1, 77];
    let plans: Vec<_> = codes.iter().map(Code::encode_plan).collect();
    let expected: Vec<Vec<Vec<u8>>> = codes.iter().zip(lengths).map(|(code, bytes)| stripe(code, bytes)).collect();
    each_backend(|name, backend| {
        let mut shards = expected.clone();
        let mut batches = Vec::new();
        for ((code, plan), shards) in codes.iter().zip(&plans).zip(&mut shards) {
            shards[code.data_shards()..].iter_mut().for_each(|parity| parity.fill(0xee));
            let view = View::slices(shards.iter_mut().map(|shard| Slot::Write(shard)), 1).unwrap();
            batches.push(Batch::new(Task::write(plan), view).unwrap());
        }
        assert!(backend.run(&mut batches).unwrap().is_consistent());
        drop(batches);
        for (expected, shards) in expected.iter().zip(&shards) {
            assert_shards_equal(expected, shards, name);
        }

        shards[1][7][0] ^= 1;
        shards[2][28][76] ^= 1;
        let mut batches: Vec<_> = plans
            .iter()
            .zip(&shards)
            .map(|(plan, shards)| {
                let view = View::slices(shards.iter().map(|shard| Slot::Read(shard)), 1).unwrap();
                Batch::new(Task::Check(plan), view).unwrap()
            })
            .collect();
        let mismatches = backend.run(&mut batches).unwrap().mismatches;
        let found: Vec<_> = mismatches.iter().map(|m| (m.batch, m.slot, m.first, m.count)).collect();
        assert_eq!(found, [(1, 7, 0, 1), (2, 28, 76, 1)], "{name}");
    });
}

/// Writes, checks and corrections of several codes, with and without checksums, give the same results together as on the CPU.
#[test]
fn tasks_of_every_kind_share_a_call() {
    let codes = [Code::reed_solomon(4, 4), Code::raid5(3), Code::cauchy(1, 3), Code::reed_solomon(7, 2)];
    let codes = codes.map(|code| {
        let code = code.unwrap();
        (code.encode_plan(), code.grs().unwrap(), code)
    });
    let mut rng = Rng::new(606);
    let cpu = Cpu::new().unwrap();
    for round in 0..12 {
        let calls: Vec<_> = (0..1 + rng.below(6))
            .map(|_| {
                let (plan, grs, code) = &codes[rng.below(codes.len())];
                let (slots, stripes) = (code.total_shards(), 1 + rng.below(4));
                let bytes = [1, 5, 100, 4096, 4097, 12_288, 20_000][rng.below(7)];
                let (mut shards, mut erased) = (stripe(code, bytes * stripes), Erasures::none());
                for _ in 0..rng.below(8) {
                    let (slot, stripe, at) = (rng.below(slots), rng.below(stripes), rng.below(bytes));
                    shards[slot][stripe * bytes..][at..bytes].iter_mut().for_each(|byte| *byte = rng.byte());
                    if rng.below(2) == 0 {
                        erased.insert(stripe, at / BLOCK_BYTES, slot);
                    }
                }
                (plan, grs, shards, stripes, erased, rng.below(6))
            })
            .collect();
        let run = |backend: &dyn Backend| {
            let mut sets: Vec<Vec<Vec<u8>>> = calls.iter().map(|(_, _, shards, ..)| shards.clone()).collect();
            let mut crcs = vec![Vec::new(); calls.len()];
            let mut batches = Vec::new();
            for ((call, set), crc) in calls.iter().zip(&mut sets).zip(&mut crcs) {
                let (plan, grs, _, stripes, erased, kind) = call;
                let task = match kind {
                    0 | 1 => Task::write(plan),
                    2 | 3 => Task::Check(plan),
                    _ => Task::Correct { grs, erased },
                };
                let view = View::slices(set.iter_mut().map(|shard| Slot::Write(shard)), *stripes).unwrap();
                let batch = Batch::new(task, view).unwrap();
                let with_crc = [1, 3].contains(kind);
                crc.resize(if with_crc { batch.checksums() } else { 0 }, 0);
                batches.push(if with_crc { batch.with_crc(crc).unwrap() } else { batch });
            }
            let report = backend.run(&mut batches).unwrap();
            drop(batches);
            (report, sets, crcs)
        };
        let expected = run(&cpu);
        each_backend(|name, backend| assert!(run(&**backend) == expected, "{name}, round {round}"));
    }
}

/// On a GPU, in its registered memory and in memory that it must copy.
#[cfg(feature = "gpu")]
#[test]
fn many_batches_of_every_kind_in_one_call() {
    use evariste::{Geometry, Region};

    let Some(gpu) = support::registered::gpu() else { return };
    let code = Code::reed_solomon(6, 3).unwrap();
    let plan = code.encode_plan();
    let mut random = Rng::new(7);
    let sizes: Vec<usize> = (0..40).map(|_| 1 + random.below(20_000)).collect();
    let expected: Vec<Vec<Vec<u8>>> = sizes.iter().map(|&bytes| stripe(&code, bytes)).collect();
    // Every second one in registered memory, every third one a check.
    let mut stripes: Vec<(Region, usize)> = Vec::new();
    for (index, &bytes) in sizes.iter().enumerate() {
        let stride = bytes.next_multiple_of(16);
        let mut region = if index % 2 == 0 { gpu.allocate(9 * stride) } else { Region::new(9 * stride) }.unwrap();
        let filled = if index % 3 == 0 { 9 } else { 6 };
        for (slot, shard) in expected[index][..filled].iter().enumerate() {
            region[slot * stride..][..bytes].copy_from_slice(shard);
        }
        if index % 3 == 0 {
            region[7 * stride + bytes / 2] ^= 4;
        }
        stripes.push((region, stride));
    }
    let mut batches: Vec<Batch<'_>> = Vec::new();
    for (index, ((region, stride), &bytes)) in stripes.iter_mut().zip(&sizes).enumerate() {
        let geometry = Geometry { slots: 9, bytes, slot_stride: *stride, stripes: 1, stripe_stride: 0 };
        let view = View::arena_padded(region, geometry, *stride).unwrap();
        let task = if index % 3 == 0 { Task::Check(&plan) } else { Task::write(&plan) };
        batches.push(Batch::new(task, view).unwrap());
        assert_eq!(gpu.is_in_place(batches.last().unwrap()), index % 2 == 0);
    }
    let report = gpu.run(&mut batches).unwrap();
    let found: Vec<(usize, usize, usize, u32)> =
        report.mismatches.iter().map(|found| (found.batch, found.slot, found.first, found.count)).collect();
    let wrong: Vec<(usize, usize, usize, u32)> =
        (0..40).filter(|index| index % 3 == 0).map(|index| (index, 7, sizes[index] / 2, 1)).collect();
    assert_eq!(found, wrong);
    drop(batches);
    for (index, (region, stride)) in stripes.iter().enumerate().filter(|(index, _)| index % 3 != 0) {
        let got: Vec<Vec<u8>> = region.chunks(*stride).take(9).map(|slot| slot[..sizes[index]].to_vec()).collect();
        assert_shards_equal(&expected[index], &got, "one of many batches");
    }
}
