//! A plan for each stripe: stripes with different losses are repaired by one task.

#[path = "support/support.rs"]
mod support;

use evariste::{Batch, Code, Error, Geometry, Matrices, Plan, Task, View};
use support::{Rng, assert_shards_equal, each_backend, painted_stripe};

/// Each stripe loses from zero to the most shards allowed. Each distinct plan is solved once.
fn random_losses(code: &Code, stripes: usize, rng: &mut Rng) -> (Vec<Plan>, Vec<u32>, Vec<Vec<usize>>) {
    let (mut plans, mut of, mut lost) = (Vec::<Plan>::new(), Vec::new(), Vec::new());
    for _ in 0..stripes {
        let count = rng.below(code.parity_shards() + 1);
        let losses = rng.choose(count, code.total_shards());
        let plan = code.repair_plan(&losses, &losses, &|_| 1).unwrap();
        let index = plans.iter().position(|known| *known == plan).unwrap_or_else(|| {
            plans.push(plan);
            plans.len() - 1
        });
        of.push(u32::try_from(index).unwrap());
        lost.push(losses);
    }
    (plans, of, lost)
}

#[test]
fn stripes_with_different_losses() {
    let code = Code::reed_solomon(5, 3).unwrap();
    each_backend(|name, backend| {
        for (stripes, bytes, gap) in [(1, 100, 0), (40, 3, 0), (17, 4096, 0), (9, 5000, 8), (3, 2_000_003, 0)] {
            let mut rng = Rng::new(stripes as u64);
            let slots = code.total_shards();
            let geometry = Geometry { slots, bytes, slot_stride: bytes, stripes, stripe_stride: slots * bytes + gap };
            let mut memory = vec![0xaa; geometry.stripe_stride * stripes];
            for (stripe, chunk) in memory.chunks_mut(geometry.stripe_stride).enumerate() {
                let shards = painted_stripe(5, 3, bytes);
                chunk[..slots * bytes].copy_from_slice(&shards.concat());
                chunk[stripe % (5 * bytes)] ^= 0x5a;
            }
            let encode = code.encode_plan();
            let view = View::arena(&mut memory, geometry).unwrap();
            let _ = backend.run(&mut [Batch::new(Task::write(&encode), view).unwrap()]).unwrap();
            let whole = memory.clone();

            let (plans, of, lost) = random_losses(&code, stripes, &mut rng);
            for (chunk, lost) in memory.chunks_mut(geometry.stripe_stride).zip(&lost) {
                for &shard in lost {
                    chunk[shard * bytes..][..bytes].fill(0xee);
                }
            }
            let task = Task::Write(Matrices::PerStripe { plans: &plans, of: &of });
            let view = View::arena(&mut memory, geometry).unwrap();
            let _ = backend.run(&mut [Batch::new(task, view).unwrap()]).unwrap();
            let context = format!("{name}: {stripes} stripes of {bytes}, {} plans", plans.len());
            assert_shards_equal(&[whole], &[memory], context);
        }
    });
}

#[test]
fn every_stripe_needs_a_plan_that_exists() {
    let plans = [Code::raid5(2).unwrap().encode_plan()];
    let mut memory = vec![0; 60];
    let geometry = Geometry { slots: 3, bytes: 10, slot_stride: 10, stripes: 2, stripe_stride: 30 };
    let mut batch = |of: &[u32]| {
        let view = View::arena(&mut memory, geometry).unwrap();
        Batch::new(Task::Write(Matrices::PerStripe { plans: &plans, of }), view).map(|_| ())
    };
    assert!(batch(&[0, 0]).is_ok());
    assert!(matches!(batch(&[0]), Err(Error::PlanCount { given: 1, stripes: 2 })));
    assert!(matches!(batch(&[0, 1]), Err(Error::PlanIndex { stripe: 1, index: 1, count: 1 })));
}
