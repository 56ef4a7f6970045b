//! `evariste::compat` adds single data shards to parity as reed-solomon-erasure does: by number, and one after another with
//! `ShardByShard`. `tests/compat.rs` compares the other calls.

#[path = "support/both.rs"]
mod both;
#[path = "support/support.rs"]
mod support;

use both::{Both, lists, same, shards_of};
use evariste::compat as ours;
use reed_solomon_erasure as theirs;
use support::{Rng, painted, painted_stripe};

/// The state machine of shard-by-shard encoding, for the codec of either crate.
trait ShardByShard {
    type Machine<'a>
    where
        Self: 'a;
    fn machine(&self) -> Self::Machine<'_>;
}

impl ShardByShard for ours::ReedSolomon {
    type Machine<'a> = ours::galois_8::ShardByShard<'a>;
    fn machine(&self) -> Self::Machine<'_> {
        ours::galois_8::ShardByShard::new(self)
    }
}

impl ShardByShard for theirs::galois_8::ReedSolomon {
    type Machine<'a> = theirs::galois_8::ShardByShard<'a>;
    fn machine(&self) -> Self::Machine<'_> {
        theirs::galois_8::ShardByShard::new(self)
    }
}

fn sbs<C: ShardByShard>(codec: &C) -> C::Machine<'_> {
    codec.machine()
}

#[test]
fn single_shards_are_added_in_any_order_and_with_any_repetition() {
    // Incorrect use, but not refused, so both must give the same bytes.
    let mut rng = Rng::new(1);
    for (k, m) in [(1, 1), (2, 1), (4, 3), (10, 4), (1, 9)] {
        let both = Both::new(k, m);
        for _ in 0..20 {
            let order: Vec<usize> = (0..2 * k).map(|_| rng.below(k)).collect();
            same!(both, painted_stripe(k, m, 333), |codec, shards| {
                order.iter().try_for_each(|&i| codec.encode_single(i, &mut *shards))
            });
        }
    }
}

#[test]
fn single_shards_longer_than_one_piece() {
    // Pieces of 1 MiB for all parity shards together: lengths around one and several, of one parity shard and of several.
    for (k, m, piece) in
        [(2, 1, 1 << 20), (2, 4, 1 << 18), (2, 3, (1usize << 20).div_euclid(3).next_multiple_of(64)), (2, 254, 4160)]
    {
        let both = Both::new(k, m);
        for bytes in [piece - 1, piece, piece + 1, 2 * piece + 63] {
            let (_, singly) = same!(both, painted_stripe(k, m, bytes), |codec, shards| (0..k)
                .try_for_each(|i| codec.encode_single(i, &mut *shards)));
            assert_eq!(both.ours.verify(&singly), Ok(true), "{k}+{m}, {bytes} bytes");
        }
    }
}

#[test]
fn every_wrong_list_of_shards_is_refused_alike() {
    let both = Both::new(2, 2);
    for lengths in lists(&[0, 1, 2], 5) {
        let shards = shards_of(&lengths);
        for index in [0, 1, 2, 3, 4, usize::MAX] {
            same!(both, shards, |codec, shards| codec.encode_single(index, &mut *shards));
        }
        same!(both, shards, |codec, shards| {
            let mut arriving = sbs(codec);
            [arriving.encode(&mut *shards), arriving.encode(&mut *shards), arriving.encode(&mut *shards)]
                .into_iter()
                .collect::<Result<Vec<()>, _>>()
        });
    }
}

#[test]
fn every_wrong_pair_of_lists_is_refused_alike() {
    let both = Both::new(2, 2);
    let lists: Vec<Vec<Vec<u8>>> = lists(&[0, 1, 2], 3).iter().map(|lengths| shards_of(lengths)).collect();
    for data in &lists {
        for parity in &lists {
            same!(both, parity, |codec, parity| sbs(codec).encode_sep(data, parity));
            if let [single] = &data[..] {
                for index in [0, 1, 2, usize::MAX] {
                    same!(both, parity, |codec, parity| codec.encode_single_sep(index, single, parity));
                }
            }
        }
    }
}

#[test]
fn shard_by_shard_goes_through_the_same_states() {
    let mut rng = Rng::new(3);
    for (k, m) in [(1, 1), (1, 3), (2, 2), (5, 3)] {
        let both = Both::new(k, m);
        for _ in 0..40 {
            let steps: Vec<usize> = (0..6 * k).map(|_| rng.below(12)).collect();
            same!(both, painted_stripe(k, m, 50), |codec, shards| {
                let mut machine = sbs(codec);
                let mut log = String::new();
                for &step in &steps {
                    let answer = match step {
                        0 => machine.reset(),
                        1 => {
                            machine.reset_force();
                            Ok(())
                        }
                        2 => machine.encode(&mut shards[1..]),
                        3 => {
                            let full = shards[0].split_off(49);
                            let answer = machine.encode(&mut *shards);
                            shards[0].extend(full);
                            answer
                        }
                        4..8 => {
                            let (data, parity) = shards.split_at_mut(k);
                            machine.encode_sep(data, parity)
                        }
                        _ => machine.encode(&mut *shards),
                    };
                    log += &format!("{step}: {answer:?} {} {}; ", machine.cur_input_index(), machine.parity_ready());
                }
                Ok::<_, ()>(log)
            });
        }
    }
}

#[test]
fn shard_by_shard_reads_only_the_shard_whose_turn_it_is() {
    let both = Both::new(4, 2);
    let stripe = painted(4, 100);
    let (_, shards) = same!(both, painted_stripe(4, 2, 100), |codec, shards| {
        let mut machine = sbs(codec);
        shards[..4].iter_mut().for_each(|shard| shard.fill(0xaa));
        for i in 0..4 {
            shards[i].copy_from_slice(&stripe[i]);
            machine.encode(&mut *shards).unwrap();
            shards[i].fill(0x55);
        }
        machine.reset()
    });
    let mut whole = stripe;
    whole.extend_from_slice(&shards[4..]);
    assert_eq!(both.ours.verify(&whole), Ok(true));
}
