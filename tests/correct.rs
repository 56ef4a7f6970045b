//! Wrong bytes at unknown places are found, reported and corrected, up to the power of the code. Damage beyond that is reported and left alone.

#[path = "support/support.rs"]
mod support;

use evariste::backend::BLOCK_BYTES;
use evariste::memory::Slot;
use evariste::{Backend, Batch, Code, Correction, Erasures, Geometry, Grs, Report, Task, Uncorrectable, View};
use proptest::prelude::*;
use support::boundaries::LENGTHS;
use support::{Rng, assert_shards_equal, cases, each_backend, oracle, stripe};

fn correct(backend: &dyn Backend, grs: &Grs, erased: &Erasures, shards: &mut [Vec<u8>], stripes: usize) -> Report {
    let view = View::slices(shards.iter_mut().map(|shard| Slot::Write(shard)), stripes).unwrap();
    backend.run(&mut [Batch::new(Task::Correct { grs, erased }, view).unwrap()]).unwrap()
}

/// What a report must name if `before` became `after`.
fn changes(before: &[Vec<u8>], after: &[Vec<u8>], stripes: usize) -> Vec<Correction> {
    let mut changes: Vec<Correction> = Vec::new();
    for (slot, (before, after)) in (0..).zip(before.iter().zip(after)) {
        let bytes = before.len() / stripes;
        for at in (0..before.len()).filter(|&at| before[at] != after[at]) {
            let (stripe, first) = (at / bytes, at % bytes);
            let block = first / BLOCK_BYTES;
            match changes.last_mut() {
                Some(last) if (last.slot, last.stripe, last.block) == (slot, stripe, block) => {
                    last.last = first;
                    last.count += 1;
                }
                _ => changes.push(Correction::new(0, slot, stripe, first..=first, 1)),
            }
        }
    }
    changes
}

/// Corrects damaged shards: they must be whole again, every wrong byte named, and a second run must find nothing.
#[track_caller]
fn assert_corrects(
    grs: &Grs,
    erased: &Erasures,
    whole: &[Vec<u8>],
    damaged: &[Vec<u8>],
    stripes: usize,
    context: &str,
) {
    each_backend(|name, backend| {
        let context = format!("{name}, {context}");
        let mut shards = damaged.to_vec();
        let report = correct(&**backend, grs, erased, &mut shards, stripes);
        assert_shards_equal(whole, &shards, &context);
        assert_eq!(report.corrections, changes(damaged, whole, stripes), "{context}");
        assert_eq!((report.uncorrectable, report.mismatches), (vec![], vec![]), "{context}");
        let again = correct(&**backend, grs, erased, &mut shards, stripes);
        assert_eq!(again, Report::default(), "{context}, again");
    });
}

/// Makes a byte wrong.
fn spoil(byte: &mut u8, rng: &mut Rng) {
    *byte ^= u8::try_from(1 + rng.below(255)).unwrap();
}

/// All e and s with 2e + s <= m.
fn mixes(parity_shards: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..=parity_shards / 2).flat_map(move |e| (0..=parity_shards - 2 * e).map(move |s| (e, s)))
}

/// Every mix within power, with errors in the same shards in all columns, and in different shards in each column.
fn every_mix(code: &Code, bytes: usize, seed: u64) {
    let (n, m) = (code.total_shards(), code.parity_shards());
    let grs = code.grs().unwrap();
    let whole = stripe(code, bytes);
    let mut rng = Rng::new(seed);
    for (e, s) in mixes(m) {
        let places = rng.choose(e + s, n);
        let mut erased: Vec<usize> = Vec::new();
        for _ in 0..s {
            let left: Vec<usize> = places.iter().copied().filter(|place| !erased.contains(place)).collect();
            erased.push(left[rng.below(left.len())]);
        }
        let unknown: Vec<usize> = (0..n).filter(|shard| !erased.contains(shard)).collect();
        let erasures = Erasures::everywhere(erased.iter().copied());
        let (mut alike, mut scattered) = (whole.clone(), whole.clone());
        for at in 0..bytes {
            // An erased byte may have any value.
            for &shard in &erased {
                alike[shard][at] = rng.byte();
                scattered[shard][at] = rng.byte();
            }
            for shard in places.iter().filter(|place| !erased.contains(place)) {
                spoil(&mut alike[*shard][at], &mut rng);
            }
            let errors = rng.below(e + 1);
            for index in rng.choose(errors, unknown.len()) {
                spoil(&mut scattered[unknown[index]][at], &mut rng);
            }
        }
        let context = format!("{} {}+{m}, {e} errors, erased {erased:?}", code.name(), n - m);
        assert_corrects(&grs, &erasures, &whole, &alike, 1, &context);
        assert_corrects(&grs, &erasures, &whole, &scattered, 1, &format!("{context}, scattered"));
    }
}

#[test]
fn every_mix_of_errors_and_erasures_within_power() {
    for (seed, (k, m)) in (0..).zip([(6, 3), (10, 4), (12, 8), (20, 10)]) {
        every_mix(&Code::reed_solomon(k, m).unwrap(), 300, seed);
        every_mix(&Code::cauchy(k, m).unwrap(), 67, seed);
    }
    every_mix(&Code::jerasure_van(10, 4).unwrap(), 67, 23);
    every_mix(&Code::snapraid(10, 6).unwrap(), 67, 24);
    every_mix(&Code::raid6(9).unwrap(), 5000, 4);
    every_mix(&Code::raid5(9).unwrap(), 5000, 5);
}

#[test]
fn every_mix_of_random_codes() {
    let mut rng = Rng::new(6);
    for seed in 7..19 {
        let (k, m) = (1 + rng.below(40), 1 + rng.below(9));
        let code = if rng.below(2) == 0 { Code::reed_solomon(k, m) } else { Code::cauchy(k, m) };
        every_mix(&code.unwrap(), 1 + rng.below(100), seed);
    }
}

/// As many shards as there can be, and as much parity.
#[test]
fn the_widest_codes() {
    for (k, m) in [(251, 4), (128, 127), (1, 254), (2, 253)] {
        let code = Code::reed_solomon(k, m).unwrap();
        let whole = stripe(&code, 40);
        let mut rng = Rng::new(m as u64);
        for s in [0, 1, m / 2, m] {
            let places = rng.choose(s + (m - s) / 2, k + m);
            let (erased, wrong) = places.split_at(s);
            let mut damaged = whole.clone();
            for &shard in erased.iter().chain(wrong) {
                damaged[shard].iter_mut().for_each(|byte| spoil(byte, &mut rng));
            }
            let erasures = Erasures::everywhere(erased.iter().copied());
            assert_corrects(&code.grs().unwrap(), &erasures, &whole, &damaged, 1, &format!("{k}+{m}, {s} erased"));
        }
    }
}

/// The first and the last byte, whole shards, and some noise, in shards of every length.
#[test]
fn every_length() {
    let code = Code::reed_solomon(4, 2).unwrap();
    let grs = code.grs().unwrap();
    for bytes in LENGTHS {
        let whole = stripe(&code, bytes);
        let mut rng = Rng::new(bytes as u64);
        let mut ends = whole.clone();
        spoil(&mut ends[1][0], &mut rng);
        if bytes > 1 {
            spoil(&mut ends[4][bytes - 1], &mut rng);
        }
        let mut shard = whole.clone();
        shard[rng.below(6)].iter_mut().for_each(|byte| *byte = !*byte);
        let mut noise = whole.clone();
        for at in (0..bytes).filter(|at| at % 11 == 0) {
            spoil(&mut noise[rng.below(6)][at], &mut rng);
        }
        for (what, damaged) in [("ends", ends), ("shard", shard), ("noise", noise)] {
            assert_corrects(&grs, &Erasures::none(), &whole, &damaged, 1, &format!("{bytes} bytes, {what}"));
        }
    }
}

/// Two shards wrong nearly all along, one of them here and there right by chance, and a third where they are right.
#[test]
fn shards_wrong_in_long_runs() {
    let code = Code::reed_solomon(10, 4).unwrap();
    // Enough for several threads.
    let bytes = 700_001;
    let whole = stripe(&code, bytes);
    let mut rng = Rng::new(20);
    let mut damaged = whole.clone();
    for shard in [3, 12] {
        damaged[shard][10_000..250_000].iter_mut().for_each(|byte| *byte = rng.byte());
    }
    for at in (200..9_000).chain(260_000..bytes) {
        spoil(&mut damaged[7][at], &mut rng);
    }
    assert_corrects(&code.grs().unwrap(), &Erasures::none(), &whole, &damaged, 1, "long runs");
}

/// Stripes with and without gaps, each with errors at other places, and erasures that differ by block.
#[test]
fn stripes_and_blocks_differ() {
    let code = Code::cauchy(5, 3).unwrap();
    let grs = code.grs().unwrap();
    let (stripes, bytes) = (4, 2 * BLOCK_BYTES + 100);
    let whole = stripe(&code, stripes * bytes);
    let mut rng = Rng::new(21);
    let (mut damaged, mut erasures) = (whole.clone(), Erasures::everywhere([6]));
    for stripe in 0..stripes {
        for block in 0..3 {
            let range = stripe * bytes + block * BLOCK_BYTES..stripe * bytes + bytes.min((block + 1) * BLOCK_BYTES);
            // One shard is erased everywhere. In addition either two erasures here, or one error at an unknown place.
            let others: Vec<usize> = [0, 1, 2, 3, 4, 5, 7].into();
            let count = 1 + rng.below(2);
            let wrong = rng.choose(count, others.len());
            for index in wrong.iter().map(|&index| others[index]).chain([6]) {
                damaged[index][range.clone()].iter_mut().for_each(|byte| *byte = rng.byte());
            }
            if wrong.len() == 2 {
                wrong.iter().for_each(|&index| erasures.insert(stripe, block, others[index]));
            }
        }
    }
    assert_corrects(&grs, &erasures, &whole, &damaged, stripes, "stripes");

    let geometry = Geometry { slots: 8, bytes, slot_stride: bytes + 77, stripes, stripe_stride: 8 * (bytes + 77) + 5 };
    let at = |slot: usize, stripe: usize| slot * geometry.slot_stride + stripe * geometry.stripe_stride;
    each_backend(|name, backend| {
        let mut arena = vec![0xa5; stripes * geometry.stripe_stride];
        let mut expected = arena.clone();
        for (slot, stripe) in (0..8).flat_map(|slot| (0..stripes).map(move |stripe| (slot, stripe))) {
            let place = at(slot, stripe)..at(slot, stripe) + bytes;
            arena[place.clone()].copy_from_slice(&damaged[slot][stripe * bytes..][..bytes]);
            expected[place].copy_from_slice(&whole[slot][stripe * bytes..][..bytes]);
        }
        let view = View::arena(&mut arena, geometry).unwrap();
        let task = Task::Correct { grs: &grs, erased: &erasures };
        let report = backend.run(&mut [Batch::new(task, view).unwrap()]).unwrap();
        assert_eq!(report.corrections, changes(&damaged, &whole, stripes), "{name}");
        assert!(arena == expected, "{name}: the right bytes, and no other");
    });
}

/// Whether a column is a codeword, by the oracle.
fn is_consistent(code: &Code, shards: &[Vec<u8>], at: usize) -> bool {
    let (k, m) = (code.data_shards(), code.parity_shards());
    let value = |row: &[u8]| row.iter().zip(shards).fold(0, |sum, (&a, shard)| sum ^ oracle::mul(a, shard[at]));
    (0..m).all(|i| value(code.parity_matrix().row(i)) == shards[k + i][at])
}

/// What must hold whatever stood there: a column is right or was left as it was, and then it is named. Returns how many columns
/// became another's codeword.
fn assert_honest(code: &Code, before: &[Vec<u8>], after: &[Vec<u8>], report: &Report, context: &str) -> usize {
    let bytes = before[0].len();
    let mut beyond: Vec<Uncorrectable> = Vec::new();
    let mut changed = 0;
    for at in 0..bytes {
        if is_consistent(code, after, at) {
            changed += usize::from(before.iter().zip(after).any(|(before, after)| before[at] != after[at]));
            continue;
        }
        for (shard, (before, after)) in before.iter().zip(after).enumerate() {
            assert_eq!(before[at], after[at], "{context}: shard {shard}, column {at} was touched, and is not right");
        }
        let block = at / BLOCK_BYTES;
        match beyond.last_mut() {
            Some(last) if last.block == block => {
                last.last = at;
                last.count += 1;
            }
            _ => beyond.push(Uncorrectable::new(0, 0, at..=at, 1)),
        }
    }
    assert_eq!(report.uncorrectable, beyond, "{context}");
    assert_eq!(report.corrections, changes(before, after, 1), "{context}");
    changed
}

/// Columns of rubbish have syndromes like dice: they look like t errors or fewer as often as there are such errors, among
/// 256^m (R. J. McEliece and L. Swanson, "On the decoder error probability for Reed-Solomon codes", 1986).
#[test]
fn beyond_power_a_column_is_left_alone_or_taken_for_another_as_often_as_reckoned() {
    let columns = 1 << 18;
    for (k, m) in [(6, 3), (10, 4)] {
        let (code, n) = (Code::reed_solomon(k, m).unwrap(), k + m);
        let grs = code.grs().unwrap();
        let mut rng = Rng::new(22);
        let rubbish: Vec<Vec<u8>> = (0..n).map(|_| (0..columns).map(|_| rng.byte()).collect()).collect();
        // C(n, i) 255^i errors of weight i, for i = 1 to t.
        let alike: f64 = [n as f64 * 255.0, (n * (n - 1) / 2) as f64 * 255.0 * 255.0].iter().take(m / 2).sum();
        let expected = columns as f64 * alike / 256f64.powi(i32::try_from(m).unwrap());
        each_backend(|name, backend| {
            let mut shards = rubbish.clone();
            let report = correct(&**backend, &grs, &Erasures::none(), &mut shards, 1);
            let context = format!("{name}, {k}+{m}");
            let taken = assert_honest(&code, &rubbish, &shards, &report, &context) as f64;
            let error_bar = 4.0 * expected.sqrt();
            println!("{context}: {taken} of {columns} columns, expected {expected:.1} +- {error_bar:.1}");
            assert!((taken - expected).abs() < error_bar, "{context}: {taken} columns, {expected} expected");
        });
    }
}

/// Views without columns or stripes need no correction, and slots after those of the code are ignored.
#[test]
fn views_of_other_sizes() {
    let code = Code::reed_solomon(4, 2).unwrap();
    let grs = code.grs().unwrap();
    each_backend(|name, backend| {
        for (bytes, stripes) in [(0, 1), (0, 3), (0, 0)] {
            let mut shards = vec![vec![0; bytes]; 6];
            let report = correct(&**backend, &grs, &Erasures::everywhere([1]), &mut shards, stripes);
            assert_eq!(report, Report::default(), "{name}, {bytes} bytes in {stripes} stripes");
        }
        let whole = stripe(&code, 100);
        let mut shards = [whole.clone(), vec![vec![7; 100]; 2]].concat();
        shards[5].fill(1);
        let report = correct(&**backend, &grs, &Erasures::none(), &mut shards, 1);
        assert_shards_equal(&[whole, vec![vec![7; 100]; 2]].concat(), &shards, name);
        assert_eq!(report.corrections.len(), 1, "{name}");
    });
}

/// More shards known to be wrong than there are parity shards say nothing about a column that does not agree.
#[test]
fn too_many_erasures_are_beyond() {
    let code = Code::reed_solomon(4, 2).unwrap();
    let whole = stripe(&code, 100);
    let mut damaged = whole.clone();
    damaged[2][50] ^= 1;
    each_backend(|name, backend| {
        let mut shards = damaged.clone();
        let report = correct(&**backend, &code.grs().unwrap(), &Erasures::everywhere([0, 2, 5]), &mut shards, 1);
        assert_shards_equal(&damaged, &shards, name);
        let beyond = Uncorrectable::new(0, 0, 50..=50, 1);
        assert_eq!((report.uncorrectable, report.corrections), (vec![beyond], vec![]), "{name}");
    });
}

/// Any GRS code, shards damaged in any way, and any erasures.
fn any_damage() -> impl Strategy<Value = (Code, usize, u64, Vec<usize>)> {
    let shape = prop_oneof![6 => (1..20usize, 1..9usize), 1 => (1..120usize, 1..120usize)];
    let bytes = prop_oneof![3 => 1..200usize, 1 => 4000..9000usize];
    (shape, bytes, any::<u64>()).prop_flat_map(|((k, m), bytes, seed)| {
        let code = if seed % 2 == 0 { Code::reed_solomon(k, m) } else { Code::cauchy(k, m) };
        let all: Vec<usize> = (0..k + m).collect();
        let erased = proptest::sample::subsequence(all, 0..=(m + 1).min(k + m));
        (Just(code.unwrap()), Just(bytes), Just(seed), erased)
    })
}

proptest! {
    // Each new number of parity shards compiles a kernel on every GPU backend, so few cases here; `cargo xtask soak` runs 2000.
    #![proptest_config(cases(15))]
    #[test]
    fn whatever_comes_a_column_is_right_or_left_alone((code, bytes, seed, erased) in any_damage()) {
        let mut rng = Rng::new(seed);
        let mut before = stripe(&code, bytes);
        // Runs of wrong bytes in some shards, short and long.
        for _ in 0..rng.below(code.parity_shards() + 3) {
            let (shard, start) = (rng.below(before.len()), rng.below(bytes));
            let end = start + rng.below(bytes - start) + 1;
            before[shard][start..end].iter_mut().for_each(|byte| *byte = rng.byte());
        }
        let erased = Erasures::everywhere(erased);
        let grs = code.grs().unwrap();
        each_backend(|name, backend| {
            let mut after = before.clone();
            let report = correct(&**backend, &grs, &erased, &mut after, 1);
            assert_honest(&code, &before, &after, &report, name);
            let once = after.clone();
            let again = correct(&**backend, &grs, &erased, &mut after, 1);
            assert_shards_equal(&once, &after, format_args!("{name}, again"));
            let mut expected = report;
            expected.corrections.clear();
            assert_eq!(again, expected, "{name}, again");
        });
    }
}
