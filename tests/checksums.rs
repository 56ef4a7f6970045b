//! The checksums that a task returns are those of the shards after the task, compared with an independent implementation of CRC-32C:
//! for every length, layout and task.

#[path = "support/support.rs"]
mod support;

use evariste::backend::BLOCK_BYTES;
use evariste::memory::{Geometry, Slot};
use evariste::{Backend, Batch, Code, Erasures, Error, Matrices, Matrix, Plan, Task, View};
use support::{Rng, each_backend, each_codec, paint, painted_stripe};

/// Lengths around a word, a column of 16 bytes, and blocks.
const LENGTHS: [usize; 17] =
    [1, 2, 3, 4, 15, 16, 17, 100, 1000, 4080, 4095, 4096, 4097, 4112, 8192, 5 * 4096 - 1, 9 * 4096 + 500];
const SHAPES: [(usize, usize); 4] = [(1, 1), (10, 4), (20, 4), (50, 10)];
/// On a GPU that the CPU imitates, compiling takes longer than all else.
const FEW_LENGTHS: [usize; 6] = [1, 17, 1000, 4096, 4112, 9 * 4096 + 500];

/// The checksums of every slot of a plan, as [`Batch::with_crc`] orders them.
fn expected(plan: &Plan, view: &View<'_>) -> Vec<u32> {
    let slots = plan.sources().iter().chain(plan.targets());
    let stripes = slots.flat_map(|&slot| (0..view.stripes()).map(move |stripe| (slot, stripe)));
    let blocks = stripes.flat_map(|(slot, stripe)| view.slot(slot, stripe).chunks(BLOCK_BYTES));
    blocks.map(crc32c::crc32c).collect()
}

/// Runs a task over a view and returns the checksums it leaves.
fn run(backend: &dyn Backend, task: Task<'_>, view: View<'_>) -> Vec<u32> {
    let batch = Batch::new(task, view).unwrap();
    let mut crc = vec![0xdead_beef; batch.checksums()];
    let _ = backend.run(&mut [batch.with_crc(&mut crc).unwrap()]).unwrap();
    crc
}

fn writable(shards: &mut [Vec<u8>], stripes: usize) -> View<'_> {
    View::slices(shards.iter_mut().map(|shard| Slot::Write(shard)), stripes).unwrap()
}

/// Encodes, repairs and checks shards of some lengths.
fn each_task(name: &str, backend: &dyn Backend, shapes: &[(usize, usize)], lengths: &[usize]) {
    for &(data, parity) in shapes {
        for &bytes in lengths {
            let context = format!("{name} {data}+{parity} of {bytes} bytes");
            let code = Code::reed_solomon(data, parity).unwrap();
            let encode = code.encode_plan();
            let mut shards = painted_stripe(data, parity, bytes);
            let crc = run(backend, Task::write(&encode), writable(&mut shards, 1));
            assert_eq!(crc, expected(&encode, &writable(&mut shards, 1)), "{context} encode");

            let lost: Vec<usize> = (0..parity).map(|index| index * 3 % (data + parity)).collect();
            let repair = code.repair_plan(&lost, &lost, &|_| 1).unwrap();
            lost.iter().for_each(|&lost| shards[lost].fill(0x55));
            let crc = run(backend, Task::write(&repair), writable(&mut shards, 1));
            assert_eq!(crc, expected(&repair, &writable(&mut shards, 1)), "{context} reconstruct");

            // The checksum is of the stored bytes, not of the correct ones.
            for shard in [0, data] {
                let crc = run(backend, Task::Check(&encode), writable(&mut shards, 1));
                assert_eq!(crc, expected(&encode, &writable(&mut shards, 1)), "{context} check");
                shards[shard][bytes / 2] ^= 0x40;
            }
            let crc = run(backend, Task::Check(&encode), writable(&mut shards, 1));
            assert_eq!(crc, expected(&encode, &writable(&mut shards, 1)), "{context} check of what is wrong");
        }
    }
}

#[test]
fn checksums_are_right_at_every_length_of_every_task() {
    each_backend(|name, backend| match name.starts_with("gpu") {
        true => each_task(name, &**backend, &SHAPES[..2], &FEW_LENGTHS),
        false => each_task(name, &**backend, &SHAPES, &LENGTHS),
    });
}

#[test]
fn checksums_are_right_in_every_layout() {
    let code = Code::reed_solomon(4, 2).unwrap();
    let encode = code.encode_plan();
    // Stripes with and without gaps, slot-major and stripe-major, of whole blocks and of other lengths.
    let layouts =
        [(4096, 3, 4096), (8192, 2, 8192), (4000, 3, 4000), (48, 40, 48), (33, 7, 64), (5000, 3, 5008), (16, 1, 0)];
    each_backend(|name, backend| {
        for (bytes, stripes, stripe_stride) in layouts {
            for slot_major in [true, false] {
                let geometry = match slot_major {
                    true => Geometry { slots: 6, bytes, slot_stride: stripes * 8192, stripes, stripe_stride },
                    false => Geometry {
                        slots: 6,
                        bytes,
                        slot_stride: stripe_stride.max(16),
                        stripes,
                        stripe_stride: 6 * 8192,
                    },
                };
                let mut memory = vec![0; 6 * stripes * 8192];
                paint(bytes, &mut memory);
                for task in [Task::write(&encode), Task::Check(&encode)] {
                    let crc = run(&**backend, task, View::arena(&mut memory, geometry).unwrap());
                    let view = View::arena(&mut memory, geometry).unwrap();
                    assert_eq!(crc, expected(&encode, &view), "{name} {geometry:?}");
                }
            }
        }
    });
}

#[test]
fn batches_with_and_without_checksums_share_a_call() {
    let code = Code::reed_solomon(3, 2).unwrap();
    let encode = code.encode_plan();
    each_backend(|name, backend| {
        let sizes = [5000_usize, 16, 12_288, 4096];
        let mut sets = sizes.map(|bytes| painted_stripe(3, 2, bytes));
        let mut crcs = sizes.map(|bytes| vec![0; 5 * bytes.div_ceil(BLOCK_BYTES)]);
        let mut batches = Vec::new();
        for (at, (set, crc)) in sets.iter_mut().zip(&mut crcs).enumerate() {
            let batch = Batch::new(Task::write(&encode), writable(set, 1)).unwrap();
            batches.push(if at == 1 { batch } else { batch.with_crc(crc).unwrap() });
        }
        let _ = backend.run(&mut batches).unwrap();
        drop(batches);
        for (at, (set, crc)) in sets.iter_mut().zip(&crcs).enumerate() {
            let expected = if at == 1 { vec![0; 5] } else { expected(&encode, &writable(set, 1)) };
            assert_eq!(*crc, expected, "{name}: batch {at}");
        }
    });
}

#[test]
fn a_codec_returns_the_checksums_of_the_shards_it_used() {
    each_codec(&Code::reed_solomon(10, 4).unwrap(), |name, codec| {
        let mut shards = painted_stripe(10, 4, 10_000);
        let of = |shards: &[Vec<u8>], index: usize| -> Vec<u32> {
            shards[index].chunks(BLOCK_BYTES).map(crc32c::crc32c).collect()
        };
        let encoded = codec.encode_with_checksums(&mut shards).unwrap();
        assert_eq!((encoded.total_shards(), encoded.blocks()), (14, 3), "{name}");
        (0..14).for_each(|index| assert_eq!(encoded.shard(index), Some(&of(&shards, index)[..]), "{name}: {index}"));
        assert_eq!(encoded.shard(14), None);

        let (report, verified) = codec.verify_with_checksums(&shards).unwrap();
        assert!(report.is_consistent() && verified == encoded, "{name}");

        shards[2].fill(0);
        shards[12].fill(0);
        let rebuilt = codec.reconstruct_with_checksums(&mut shards, &[2, 12]).unwrap();
        let known: Vec<usize> = rebuilt.iter().map(|(index, _)| index).collect();
        assert_eq!(known, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12], "{name}: ten sources and two targets");
        for (index, crcs) in rebuilt.iter() {
            assert_eq!(Some(crcs), encoded.shard(index), "{name}: {index}");
        }

        let mut rng = Rng::new(7);
        for index in 0..14 {
            let (at, bit) = (rng.below(10_000), rng.below(8));
            shards[index][at] ^= 1 << bit;
            let (report, damaged) = codec.verify_with_checksums(&shards).unwrap();
            assert!(!report.is_consistent());
            let differ = |&(shard, block): &(usize, usize)| {
                encoded.shard(shard).unwrap()[block] != damaged.shard(shard).unwrap()[block]
            };
            let blocks = (0..14).flat_map(|shard| (0..3).map(move |block| (shard, block)));
            assert_eq!(blocks.filter(differ).collect::<Vec<_>>(), [(index, at / BLOCK_BYTES)], "{name}");
            shards[index][at] ^= 1 << bit;
        }
    });
}

/// Nothing but checksums, nothing but zeros, and nothing at all.
fn empty_plans() -> [Plan; 3] {
    [(&[0, 1][..], &[][..]), (&[], &[1, 2]), (&[], &[])]
        .map(|(sources, targets)| Plan::new(sources, targets, Matrix::zero(targets.len(), sources.len())).unwrap())
}

#[test]
fn plans_without_sources_or_targets() {
    each_backend(|name, backend| {
        for plan in empty_plans() {
            for task in [Task::Check(&plan), Task::write(&plan)] {
                for (bytes, stripes) in [(48, 7), (100, 1), (5000, 2), (8192, 3)] {
                    let mut shards = painted_stripe(2, 1, bytes * stripes);
                    let crc = run(&**backend, task, writable(&mut shards, stripes));
                    let expected = expected(&plan, &writable(&mut shards, stripes));
                    assert_eq!(crc, expected, "{name} {task:?} {stripes} stripes of {bytes}");
                }
            }
        }
    });
}

#[test]
fn what_cannot_be_summed_up_is_refused() {
    let code = Code::reed_solomon(3, 2).unwrap();
    let encode = code.encode_plan();
    let plans = [encode.clone(), code.repair_plan(&[0], &[0], &|_| 1).unwrap()];
    let mut shards = painted_stripe(3, 2, 2 * 4097);
    let mut crc = [0; 21];
    let mut refused = |task: Task<'_>, room: usize| {
        let batch = Batch::new(task, writable(&mut shards, 2)).unwrap();
        batch.with_crc(&mut crc[..room]).err()
    };
    assert!(refused(Task::write(&encode), 20).is_none());
    for room in [0, 19, 21] {
        let error = refused(Task::Check(&encode), room).unwrap();
        assert!(matches!(error, Error::ChecksumCount { given, expected: 20 } if given == room), "{error}");
    }
    let error = refused(Task::Write(Matrices::PerStripe { plans: &plans, of: &[0, 1] }), 20).unwrap();
    assert!(matches!(error, Error::ChecksumTask { task: "writes", plans: 2 }), "{error}");
    let (grs, erased) = (code.grs().unwrap(), Erasures::none());
    let error = refused(Task::Correct { grs: &grs, erased: &erased }, 20).unwrap();
    assert!(matches!(error, Error::ChecksumTask { task: "corrects", .. }), "{error}");
}

#[cfg(feature = "gpu")]
mod on_a_gpu {
    use evariste::gpu::{Arena, HostMemory, Kernel, Options, Resident};
    use evariste::{Cpu, Gpu};

    use super::*;
    use crate::support::gpu_is_wanted;
    use crate::support::registered::InRegisteredMemory;

    #[test]
    fn every_kernel_computes_them() {
        if !gpu_is_wanted() {
            return;
        }
        let open = |kernel, memory| {
            let mut options = Options::default();
            (options.kernel, options.memory) = (Some(kernel), Some(memory));
            Gpu::open(&options).expect("a GPU was wanted")
        };
        let table = open(Kernel::Table, HostMemory::Mapped);
        each_task("table", &table, &SHAPES, &FEW_LENGTHS);
        let compiled = open(Kernel::Compiled, HostMemory::Mapped);
        each_task("compiled", &compiled, &[(10, 4)], &FEW_LENGTHS);
        // Sources and targets in one buffer.
        let registered = InRegisteredMemory::new(open(Kernel::Compiled, HostMemory::Registered));
        each_task("compiled in place", &registered, &[(2, 1), (20, 4)], &[100, 9 * 4096 + 500]);
    }

    #[test]
    fn checksums_of_shards_in_device_memory_are_those_of_their_bytes() {
        if !gpu_is_wanted() {
            return;
        }
        let code = Code::reed_solomon(4, 2).unwrap();
        let encode = code.encode_plan();
        for kernel in [Kernel::Table, Kernel::Compiled] {
            let mut options = Options::default();
            options.kernel = Some(kernel);
            let gpu = Gpu::open(&options).unwrap();
            for (bytes, stripes) in [(16, 1), (4096, 3), (2 * 4096 + 48, 40)] {
                let mut memory = vec![0; 6 * stripes * bytes];
                paint(bytes, &mut memory);
                let geometry = Geometry { slots: 6, bytes, slot_stride: bytes, stripes, stripe_stride: 6 * bytes };
                let buffer = support::resident::buffer(&gpu, &memory);
                let arena = Resident::Together(Arena { buffer: &buffer, offset: 0, geometry });
                for task in [Task::Check(&encode), Task::write(&encode)] {
                    let mut encoder = gpu.device().create_command_encoder(&Default::default());
                    let recorded = gpu.record_with_checksums(&mut encoder, task, arena).unwrap();
                    gpu.queue().submit([encoder.finish()]);
                    let report = recorded.report().unwrap();
                    if let Task::Write(_) = task {
                        let view = View::arena(&mut memory, geometry).unwrap();
                        let _ = Cpu::new().unwrap().run(&mut [Batch::new(task, view).unwrap()]).unwrap();
                    } else {
                        assert!(!report.is_consistent(), "{kernel:?}: painted parity is wrong");
                    }
                    let view = View::arena(&mut memory, geometry).unwrap();
                    assert_eq!(recorded.checksums().unwrap(), expected(&encode, &view), "{kernel:?} {geometry:?}");
                }
                let mut encoder = gpu.device().create_command_encoder(&Default::default());
                let unsubmitted = gpu.record_with_checksums(&mut encoder, Task::write(&encode), arena).unwrap();
                assert!(unsubmitted.checksums().is_err());
            }
        }
    }

    #[test]
    fn plans_without_sources_or_targets_in_device_memory() {
        if !gpu_is_wanted() {
            return;
        }
        for kernel in [Kernel::Table, Kernel::Compiled] {
            let mut options = Options::default();
            options.kernel = Some(kernel);
            let gpu = Gpu::open(&options).unwrap();
            let (bytes, stripes) = (4096 + 48, 3);
            let geometry = Geometry { slots: 3, bytes, slot_stride: bytes, stripes, stripe_stride: 3 * bytes };
            let mut memory = vec![0; 3 * stripes * bytes];
            paint(bytes, &mut memory);
            let buffer = support::resident::buffer(&gpu, &memory);
            let arena = Arena { buffer: &buffer, offset: 0, geometry };
            // An arena without slots, which no plan uses. Nothing bounds its strides.
            let small = support::resident::buffer(&gpu, &[0; 16]);
            let unused = Geometry { slots: 0, slot_stride: 1 << 40, stripe_stride: 1 << 40, ..geometry };
            let unused = Arena { buffer: &small, offset: 0, geometry: unused };
            for plan in empty_plans() {
                let mut arenas = vec![Resident::Together(arena)];
                if plan.targets().is_empty() {
                    arenas.push(Resident::Apart { sources: arena, targets: unused });
                }
                if plan.sources().is_empty() {
                    arenas.push(Resident::Apart { sources: unused, targets: arena });
                }
                let tasks = [Task::Check(&plan), Task::write(&plan)];
                for (task, arenas) in tasks.iter().flat_map(|&task| arenas.iter().map(move |&arenas| (task, arenas))) {
                    let mut encoder = gpu.device().create_command_encoder(&Default::default());
                    let unsubmitted = gpu.record_with_checksums(&mut encoder, task, arenas).unwrap();
                    let is_empty = plan.sources().is_empty() && plan.targets().is_empty();
                    assert_eq!(unsubmitted.checksums().is_ok(), is_empty, "{kernel:?} {task:?} {arenas:?}");
                    let mut encoder = gpu.device().create_command_encoder(&Default::default());
                    let recorded = gpu.record_with_checksums(&mut encoder, task, arenas).unwrap();
                    gpu.queue().submit([encoder.finish()]);
                    let view = View::arena(&mut memory, geometry).unwrap();
                    let report = Cpu::new().unwrap().run(&mut [Batch::new(task, view).unwrap()]).unwrap();
                    assert_eq!(recorded.report().unwrap(), report, "{kernel:?} {task:?}");
                    let view = View::arena(&mut memory, geometry).unwrap();
                    assert_eq!(recorded.checksums().unwrap(), expected(&plan, &view), "{kernel:?} {task:?}");
                }
            }
        }
    }
}
