//! One call rebuilds thousands of stripes, each with different losses, also on a device that computes the matrices itself.

#[path = "support/support.rs"]
mod support;

use evariste::memory::Slot;
use evariste::{Backend, Batch, Code, Cpu, Error, Geometry, Losses, Matrix, Task, View};
use support::{Rng, assert_shards_equal, each_backend, each_codec, paint};

/// Every set of at most m shards.
fn every_loss(code: &Code) -> Vec<Vec<usize>> {
    let (n, m) = (code.total_shards(), code.parity_shards());
    let sets = (0..1_u32 << n).filter(|set| set.count_ones() as usize <= m);
    sets.map(|set| (0..n).filter(|shard| set >> shard & 1 == 1).collect()).collect()
}

/// For each stripe up to m lost shards, including the extremes: nothing, all parity, as much data as possible.
fn some_losses(code: &Code, stripes: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let (k, n, m) = (code.data_shards(), code.total_shards(), code.parity_shards());
    let mut losses: Vec<Vec<usize>> = (0..stripes)
        .map(|_| {
            let count = rng.below(m + 1);
            rng.choose(count, n)
        })
        .collect();
    losses[stripes / 3] = Vec::new();
    losses[stripes / 2] = (k..n).collect();
    losses[stripes - 1] = (0..k.min(m)).collect();
    losses
}

/// Encoded stripes that all differ, one after another in one block.
fn stripes_of(code: &Code, stripes: usize, bytes: usize) -> (Vec<u8>, Geometry) {
    let slots = code.total_shards();
    let geometry = Geometry { slots, bytes, slot_stride: bytes, stripes, stripe_stride: slots * bytes };
    let mut memory = vec![0; stripes * geometry.stripe_stride];
    paint(stripes, &mut memory);
    let encode = code.encode_plan();
    let view = View::arena(&mut memory, geometry).unwrap();
    let _ = Cpu::new().unwrap().run(&mut [Batch::new(Task::write(&encode), view).unwrap()]).unwrap();
    (memory, geometry)
}

/// The stripes with their lost shards overwritten.
fn without(whole: &[u8], geometry: Geometry, losses: &[Vec<usize>]) -> Vec<u8> {
    let mut memory = whole.to_vec();
    for (stripe, lost) in losses.iter().enumerate() {
        for shard in lost {
            memory[stripe * geometry.stripe_stride + shard * geometry.slot_stride..][..geometry.bytes].fill(0xee);
        }
    }
    memory
}

/// A code, its stripes' losses and bytes of each shard of a stripe.
fn cases() -> Vec<(Code, Vec<Vec<usize>>, usize)> {
    let mut rng = Rng::new(20);
    let mut cases = Vec::new();
    let mut case = |code: Result<Code, Error>, stripes: usize, bytes: usize| {
        let code = code.unwrap();
        let losses = if stripes == 0 { every_loss(&code) } else { some_losses(&code, stripes, &mut rng) };
        cases.push((code, losses, bytes));
    };
    case(Code::vandermonde(10, 4), 0, 48);
    case(Code::raid6(9), 0, 17);
    case(Code::raid5(20), 40, 4097);
    case(Code::cauchy(20, 4), 400, 16);
    case(Code::cauchy(16, 8), 300, 32);
    case(Code::vandermonde(50, 10), 200, 16);
    case(Code::cauchy(1, 4), 64, 5000);
    // As much as the device's kernel holds, one more, and codes that are no GRS codes: one of 256 shards, one of local groups.
    case(Code::cauchy(191, 64), 24, 16);
    case(Code::cauchy(100, 65), 24, 16);
    case(Code::cauchy(240, 16), 18, 16);
    let local = Matrix::from_rows(&[[1, 1, 0, 0], [0, 0, 1, 1], [1, 2, 4, 8]]).unwrap();
    let local = Code::from_generator(&Matrix::identity(4).above(&local)).unwrap();
    let recoverable = every_loss(&local).into_iter().filter(|lost| local.is_recoverable(lost).unwrap()).collect();
    cases.push((local, recoverable, 100));
    cases
}

#[test]
fn every_stripe_is_rebuilt() {
    for (code, losses, bytes) in cases() {
        let (whole, geometry) = stripes_of(&code, losses.len(), bytes);
        let lost = without(&whole, geometry, &losses);
        assert_ne!(whole, lost);
        let solved = Losses::new(&code, &losses).unwrap();
        each_backend(|name, backend| {
            let mut memory = lost.clone();
            let view = View::arena(&mut memory, geometry).unwrap();
            let _ = backend.run(&mut [Batch::new(Task::Write(solved.matrices()), view).unwrap()]).unwrap();
            let (k, m, patterns) = (code.data_shards(), code.parity_shards(), solved.plans().len());
            let context = format!("{name}: {} {k}+{m}, {} stripes, {patterns} patterns", code.name(), losses.len());
            assert_shards_equal(&[&whole], &[&memory], context);
        });
    }
}

#[test]
fn a_codec_takes_stripes_one_behind_another_in_each_shard() {
    let code = Code::reed_solomon(5, 3).unwrap();
    let losses = every_loss(&code);
    let stripes = losses.len();
    each_codec(&code, |name, codec| {
        for unit in [1, 13, 16, 1000] {
            let mut shards = codec.shards(stripes * unit).unwrap();
            (0..5).for_each(|shard| paint(shard, shards.data_mut(shard)));
            codec.encode(&mut shards).unwrap();
            let whole: Vec<Vec<u8>> = shards.iter().map(<[u8]>::to_vec).collect();
            for (stripe, lost) in losses.iter().enumerate() {
                lost.iter().for_each(|&shard| shards.shard_mut(shard)[stripe * unit..][..unit].fill(0xee));
            }
            let mut slices: Vec<Vec<u8>> = shards.iter().map(<[u8]>::to_vec).collect();
            codec.reconstruct_stripes(&mut shards, &losses).unwrap();
            assert_shards_equal(&whole, &shards.iter().collect::<Vec<_>>(), format!("{name}: units of {unit}"));
            codec.reconstruct_stripes(&mut slices, &losses).unwrap();
            assert_shards_equal(&whole, &slices, format!("{name}: units of {unit}, slices"));
        }
        // All stripes with the same loss, or all without a loss.
        for lost in [&[6, 0][..], &[]] {
            let mut shards: Vec<Vec<u8>> = (0..8).map(|_| vec![0; 40]).collect();
            (0..5).for_each(|shard| paint(shard, &mut shards[shard]));
            codec.encode(&mut shards).unwrap();
            let whole = shards.clone();
            lost.iter().for_each(|&shard| shards[shard].fill(0xee));
            codec.reconstruct_stripes(&mut shards, &[lost; 8]).unwrap();
            assert_shards_equal(&whole, &shards, format!("{name}: {lost:?} everywhere"));
        }
    });
}

#[test]
fn what_cannot_be_rebuilt_is_named_and_nothing_is_written() {
    each_codec(&Code::reed_solomon(4, 2).unwrap(), |name, codec| {
        let refuses = |lost: &[&[usize]]| {
            let mut shards: Vec<Vec<u8>> = (0..6).map(|shard| vec![shard; 24]).collect();
            let before = shards.clone();
            let error = codec.reconstruct_stripes(&mut shards, lost).unwrap_err();
            assert_shards_equal(&before, &shards, format!("{name}: {error}"));
            assert!(!error.is_device_failure(), "{error}");
            error
        };
        let refuses_stripe = |lost: &[&[usize]]| match refuses(lost) {
            Error::Stripe { stripe, error } => (stripe, *error),
            error => panic!("{error}"),
        };
        assert!(matches!(refuses_stripe(&[&[0], &[6], &[7]]), (1, Error::ShardIndex { index: 6, count: 6 })));
        assert!(matches!(refuses_stripe(&[&[0], &[0], &[5, 5]]), (2, Error::Duplicate { what: "shard", index: 5 })));
        let (stripe, error) = refuses_stripe(&[&[0], &[5, 2, 0], &[0, 1, 2, 3]]);
        let Error::Unrecoverable { lost, beyond, recoverable } = error else { panic!("{error}") };
        assert_eq!((stripe, lost, beyond, recoverable), (1, vec![0, 2, 5], vec![0, 2, 5], vec![]));
        assert!(matches!(refuses(&[]), Error::UnevenStripes { bytes: 24, stripes: 0 }));
        assert!(matches!(refuses(&[&[][..]; 5]), Error::UnevenStripes { bytes: 24, stripes: 5 }));
        let message = refuses(&[&[0], &[6]]).to_string();
        assert_eq!(message, "stripe 1: shard 6 does not exist: the code has 6 shards");
    });
    // More or fewer stripes than a view has.
    let losses = Losses::new(&Code::raid5(2).unwrap(), &[[0], [1]]).unwrap();
    let mut memory = vec![0; 90];
    let geometry = Geometry { slots: 3, bytes: 10, slot_stride: 10, stripes: 3, stripe_stride: 30 };
    let view = View::arena(&mut memory, geometry).unwrap();
    let error = Batch::new(Task::Write(losses.matrices()), view).err().unwrap();
    assert!(matches!(error, Error::PlanCount { given: 2, stripes: 3 }), "{error}");
}

#[test]
fn shards_that_no_stripe_needs_may_be_absent() {
    // Data shard 2 is lost everywhere and rebuilt, parity 5 is neither read nor written.
    let code = Code::reed_solomon(4, 3).unwrap();
    let losses = Losses::new(&code, &[&[2][..], &[2, 4], &[2]]).unwrap();
    let mut whole: Vec<Vec<u8>> = (0..7).map(|_| vec![0; 3 * 64]).collect();
    (0..4).for_each(|shard| paint(shard, &mut whole[shard]));
    evariste::Codec::on(code, std::sync::Arc::new(Cpu::new().unwrap())).encode(&mut whole).unwrap();
    let cpu: Box<dyn Backend> = Box::new(Cpu::new().unwrap());
    #[cfg(feature = "gpu")]
    let gpu = support::gpu_is_wanted().then(|| Box::new(on_a_gpu::gpu(Some(1), true)) as Box<dyn Backend>);
    #[cfg(not(feature = "gpu"))]
    let gpu = None;
    for backend in [cpu].into_iter().chain(gpu) {
        let mut shards = whole.clone();
        shards[2].fill(0xee);
        shards[4][64..128].fill(0xee);
        let slots = shards.iter_mut().enumerate().map(|(shard, bytes)| match shard {
            6 => Slot::Absent,
            2 | 4 => Slot::Write(bytes),
            _ => Slot::Read(bytes),
        });
        let view = View::slices(slots, 3).unwrap();
        let _ = backend.run(&mut [Batch::new(Task::Write(losses.matrices()), view).unwrap()]).unwrap();
        assert_shards_equal(&whole, &shards, backend.info().device);
    }
}

#[cfg(feature = "gpu")]
mod on_a_gpu {
    use evariste::gpu::{Arena, Kernel, Options, Resident, wgpu};
    use evariste::{Gpu, Matrices, Plan};

    use super::*;
    use crate::support::gpu_is_wanted;
    use crate::support::resident::on_plain_device;

    /// A backend that computes tables on the device from this many repairs on; on a plain device, as a caller may have.
    pub(crate) fn gpu(invert_from: Option<usize>, plain: bool) -> Gpu {
        let mut options = Options::default();
        options.tuning().invert_from = invert_from;
        options.kernel = Some(Kernel::Table);
        if !plain {
            options.tuning().profile = true;
            return Gpu::open(&options).unwrap();
        }
        on_plain_device(options)
    }

    /// Runs a task over stripes in device memory, and returns them as they then are.
    fn run_resident(gpu: &Gpu, task: Task<'_>, memory: &[u8], geometry: Geometry) -> Vec<u8> {
        use wgpu::BufferUsages as Usage;
        let buffer = |usage| {
            let size = memory.len() as u64;
            gpu.device().create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
        };
        let shards = buffer(Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC);
        let download = buffer(Usage::MAP_READ | Usage::COPY_DST);
        gpu.queue().write_buffer(&shards, 0, memory);
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let arena = Arena { buffer: &shards, offset: 0, geometry };
        drop(gpu.record(&mut encoder, task, Resident::Together(arena)).unwrap());
        encoder.copy_buffer_to_buffer(&shards, 0, &download, 0, None);
        gpu.queue().submit([encoder.finish()]);
        download.map_async(wgpu::MapMode::Read, .., Result::unwrap);
        gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
        download.get_mapped_range(..).unwrap().to_vec()
    }

    #[test]
    fn stripes_in_device_memory() {
        if !gpu_is_wanted() {
            return;
        }
        let plain = gpu(Some(2), true);
        for (code, losses, _) in cases() {
            let (whole, geometry) = stripes_of(&code, losses.len(), 32);
            let solved = Losses::new(&code, &losses).unwrap();
            let lost = without(&whole, geometry, &losses);
            let rebuilt = run_resident(&plain, Task::Write(solved.matrices()), &lost, geometry);
            assert_shards_equal(&[whole], &[rebuilt], format!("{} {} stripes", code.name(), losses.len()));
        }
    }

    /// A repair's matrix shows column by column: of sources that hold unit vectors, byte by byte, the targets hold it.
    #[test]
    fn the_device_makes_the_hosts_matrices() {
        if !gpu_is_wanted() {
            return;
        }
        let inverting = gpu(Some(1), true);
        for (code, losses, _) in
            cases().into_iter().filter(|(code, ..)| code.grs().is_ok() && code.parity_shards() <= 64)
        {
            let (n, stripes) = (code.total_shards(), losses.len());
            let bytes = code.data_shards().next_multiple_of(16);
            let geometry = Geometry { slots: n, bytes, slot_stride: bytes, stripes, stripe_stride: n * bytes };
            let mut units = vec![0; stripes * geometry.stripe_stride];
            let solved: Vec<Plan> = losses.iter().map(|lost| code.repair_plan(lost, lost, &|_| 1).unwrap()).collect();
            let at = |stripe: usize, shard: usize| stripe * geometry.stripe_stride + shard * bytes;
            for (stripe, plan) in solved.iter().enumerate() {
                plan.sources().iter().enumerate().for_each(|(col, &shard)| units[at(stripe, shard) + col] = 1);
            }
            let task = Losses::new(&code, &losses).unwrap();
            let results = run_resident(&inverting, Task::Write(task.matrices()), &units, geometry);
            for (stripe, plan) in solved.iter().enumerate() {
                for (row, &shard) in plan.targets().iter().enumerate() {
                    let made = &results[at(stripe, shard)..][..plan.sources().len()];
                    assert_eq!(made, plan.matrix().row(row), "{} {:?}, shard {shard}", code.name(), plan.targets());
                }
            }
        }
    }

    #[test]
    fn the_device_inverts_from_the_number_that_was_asked_for() {
        if !gpu_is_wanted() {
            return;
        }
        let gpu = gpu(Some(3), false);
        let code = Code::reed_solomon(6, 3).unwrap();
        let of_two_codes = [Losses::new(&code, &[[0]; 1]), Losses::new(&Code::cauchy(6, 3).unwrap(), &[[0], [1]])];
        let mixed: Vec<Plan> =
            of_two_codes.iter().flat_map(|losses| losses.as_ref().unwrap().plans()).cloned().collect();
        let mixed = Matrices::PerStripe { plans: &mixed, of: &[0, 1, 2] };
        let kernel = |matrices: Matrices<'_>, stripes: usize| {
            let (whole, geometry) = stripes_of(&code, stripes, 16);
            run_resident(&gpu, Task::Write(matrices), &whole, geometry);
            gpu.take_profile().unwrap().iter().map(|pass| pass.kernel).collect::<Vec<_>>()
        };
        let losses = |lost: &[&[usize]]| Losses::new(&code, lost).unwrap();
        assert_eq!(kernel(losses(&[&[0], &[1], &[2]]).matrices(), 3), ["invert, table"]);
        assert_eq!(kernel(losses(&[&[], &[1], &[2, 8]]).matrices(), 3), ["invert, table"]);
        assert_eq!(kernel(losses(&[&[0], &[1], &[1]]).matrices(), 3), ["table"]);
        assert_eq!(kernel(mixed, 3), ["table"], "repairs by two codes");
    }
}
