//! Whatever is decodable gets a plan that serves, and for few losses there is no cheaper one.

use proptest::prelude::*;

use super::*;

/// Whether the rows of these shards span the rows of the wanted ones.
fn spans(generator: &Matrix, sources: &[usize], wanted: &[usize]) -> bool {
    let with = [sources, wanted].concat();
    generator.select_rows(sources).rank() == generator.select_rows(&with).rank()
}

/// The plan's matrix reproduces the wanted rows of the generator from the source rows.
fn assert_serves(code: &Code, plan: &Plan, lost: &[usize]) {
    let (sources, targets) = (plan.sources(), plan.targets());
    let generator = code.generator();
    assert_eq!(plan.matrix().mul(&generator.select_rows(sources)), generator.select_rows(targets));
    assert!(sources.iter().all(|s| !lost.contains(s)), "reads a lost shard");
    for left_out in 0..sources.len() {
        let fewer: Vec<usize> = sources.iter().copied().filter(|&s| s != sources[left_out]).collect();
        assert!(!spans(&generator, &fewer, targets), "source {} is not needed", sources[left_out]);
    }
}

/// A code, a set of lost shards and costs.
fn any_case() -> impl Strategy<Value = (Code, Vec<usize>, Vec<u32>)> {
    prop_oneof![any_flat_case(), any_layout_case()]
}

/// Layouts with groups, a few of their shards lost.
fn any_layout_case() -> impl Strategy<Value = (Code, Vec<usize>, Vec<u32>)> {
    let names = ["raid51:2x3", "raid55:3x4", "raid66:4x4", "lrc:6,2,2", "lrc:6,3,3", "lrc:4,1,2", "hier:4x4+1+2"];
    proptest::sample::select(names.to_vec()).prop_flat_map(|name| {
        let code = name.parse::<crate::Layout>().unwrap().code().unwrap();
        let shards = code.total_shards();
        let lost = proptest::collection::vec(proptest::bool::weighted(0.35), shards);
        let costs = proptest::collection::vec(0..9u32, shards);
        (lost, costs).prop_map(move |(lost, costs)| (code.clone(), (0..shards).filter(|&s| lost[s]).collect(), costs))
    })
}

/// Sparse and dense generators with k data and m parity shards, and a set of lost shards.
fn any_flat_case() -> impl Strategy<Value = (Code, Vec<usize>, Vec<u32>)> {
    (1..=6usize, 1..=5usize).prop_flat_map(|(k, m)| {
        let element = prop_oneof![2 => Just(0u8), 1 => Just(1u8), 2 => any::<u8>()];
        let parity = proptest::collection::vec(element, k * m);
        let lost = proptest::collection::vec(any::<bool>(), k + m);
        let costs = proptest::collection::vec(0..9u32, k + m);
        (parity, lost, costs).prop_map(move |(parity, lost, costs)| {
            let parity = Matrix::from_fn(m, k, |r, c| parity[r * k + c]);
            let code = Code::from_generator(&Matrix::identity(k).above(&parity)).unwrap();
            (code, (0..k + m).filter(|&s| lost[s]).collect(), costs)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn whatever_is_decodable_is_decoded((code, lost, costs) in any_case()) {
        let survivors: Vec<usize> = (0..code.total_shards()).filter(|s| !lost.contains(s)).collect();
        let decodable: Vec<usize> =
            lost.iter().copied().filter(|&s| spans(&code.generator(), &survivors, &[s])).collect();
        let plan = code.repair_plan(&lost, &decodable, &|s| costs[s]).unwrap();
        assert_serves(&code, &plan, &lost);
        match code.repair_plan(&lost, &lost, &|s| costs[s]) {
            Ok(_) => prop_assert_eq!(&decodable, &lost),
            Err(Error::Unrecoverable { beyond, recoverable, .. }) => {
                prop_assert!(!beyond.is_empty());
                prop_assert_eq!(recoverable, decodable);
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Reading the cheapest survivors that determine all others would do; no plan costs more than that.
    #[test]
    fn a_plan_is_never_dearer_than_reading_a_whole_basis((code, lost, costs) in any_case()) {
        if let Ok(plan) = code.repair_plan(&lost, &lost, &|s| costs[s]) {
            let mut survivors: Vec<usize> = (0..code.total_shards()).filter(|s| !lost.contains(s)).collect();
            survivors.sort_by_key(|&s| costs[s]);
            let generator = code.generator();
            let mut basis: Vec<usize> = Vec::new();
            for shard in survivors {
                if !spans(&generator, &basis, &[shard]) {
                    basis.push(shard);
                }
            }
            let cost: u32 = plan.sources().iter().map(|&s| costs[s]).sum();
            prop_assert!(plan.sources().len() <= code.data_shards());
            prop_assert!(cost <= basis.iter().map(|&s| costs[s]).sum());
        }
    }
}

/// The cheapest set of survivors that rebuilds the wanted shards, by going through all sets.
fn cheapest(code: &Code, lost: &[usize], wanted: &[usize], costs: &[u32]) -> u32 {
    let generator = code.generator();
    let survivors: Vec<usize> = (0..code.total_shards()).filter(|s| !lost.contains(s)).collect();
    let sets = (0..1_u32 << survivors.len()).map(|set| {
        survivors.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, &s)| s).collect::<Vec<_>>()
    });
    let mut priced: Vec<(u32, Vec<usize>)> = sets.map(|set| (set.iter().map(|&s| costs[s]).sum(), set)).collect();
    priced.sort();
    let serves = |(_, set): &&(u32, Vec<usize>)| spans(&generator, set, wanted);
    priced.iter().find(serves).map(|&(cost, _)| cost).unwrap()
}

/// One and two losses of small codes, with equal and with unequal costs.
#[test]
fn plans_of_few_losses_are_the_cheapest_there_are() {
    for name in ["raid51:2x4", "raid61:2x4", "raid55:3x3", "lrc:4,2,2", "lrc:6,2,2", "lrc:6,3,1"] {
        let code = name.parse::<crate::Layout>().unwrap().code().unwrap();
        let shards = code.total_shards();
        for costs in [vec![1; shards], (0..shards).map(|s| [3, 1, 4, 1, 5][s % 5]).collect()] {
            for lost in (0..shards).flat_map(|a| (a..shards).map(move |b| if a == b { vec![a] } else { vec![a, b] })) {
                let plan = code.repair_plan(&lost, &lost, &|s| costs[s]).unwrap();
                let cost: u32 = plan.sources().iter().map(|&s| costs[s]).sum();
                assert_eq!(cost, cheapest(&code, &lost, &lost, &costs), "{name} {lost:?} {costs:?}");
            }
        }
    }
}

#[test]
fn a_local_group_is_found_where_it_suffices() {
    // Data 0..4, local parities of (0, 1) and (2, 3), one global parity.
    let parity = Matrix::from_rows(&[[1, 1, 0, 0], [0, 0, 1, 1], [1, 2, 4, 8]]).unwrap();
    let code = Code::from_generator(&Matrix::identity(4).above(&parity)).unwrap();
    let reads =
        |lost: &[usize], cost: &dyn Fn(usize) -> u32| code.repair_plan(lost, lost, cost).unwrap().sources().to_vec();
    assert_eq!(reads(&[0], &|_| 1), [1, 4]);
    assert_eq!(reads(&[3], &|_| 1), [2, 5]);
    // The global parity first in order of cost would make a basis that needs four reads: an exchange undoes that.
    assert_eq!(reads(&[0], &|s| if s == 6 { 0 } else { 1 }), [1, 4]);
    assert_eq!(reads(&[0, 4], &|_| 1), [1, 2, 3, 6]);
}

/// Two rectangles of lost shards that nothing rebuilds, and between them, on a row of one and a column of the other, a
/// shard: every line through it has lost more than it bears, and still it is the sum of what is left of half the rows.
#[test]
fn what_no_line_rebuilds_is_decoded() {
    let code = "raid55:4x4".parse::<crate::Layout>().unwrap().code().unwrap();
    let cell = |(group, position): (usize, usize)| code.groups().members(group)[position];
    let rectangles = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3)].map(cell);
    let bridge = cell((1, 2));
    let lost = [&rectangles[..], &[bridge]].concat();
    let plan = code.repair_plan(&lost, &[bridge], &|_| 1).unwrap();
    assert_serves(&code, &plan, &lost);
    let error = code.repair_plan(&lost, &lost, &|_| 1).unwrap_err();
    assert!(matches!(&error, Error::Unrecoverable { recoverable, .. } if recoverable == &[bridge]), "{error}");
}

/// In RAID 66 of 24 groups of 24 disks, where no exchanges are searched.
#[test]
fn lines_are_found_in_wide_codes() {
    let code = "raid66:24x24".parse::<crate::Layout>().unwrap().code().unwrap();
    let cell = |(group, position): (usize, usize)| code.groups().members(group)[position];
    let reads = |lost: &[usize], wanted: &[usize]| {
        let plan = code.repair_plan(lost, wanted, &|shard| u32::from(shard % 2 == 0) + 1).unwrap();
        assert!(plan.sources().iter().all(|&source| !lost.contains(&source)));
        plan.sources().len()
    };
    // Two in one group cost what one costs.
    let pair = [(3, 5), (3, 9)].map(cell);
    assert_eq!((reads(&pair, &pair[..1]), reads(&pair, &pair)), (22, 22));
    // Three are too many for their group. One is rebuilt at its position, and with it and 21 of the group the others.
    let three = [(3, 5), (3, 9), (3, 11)].map(cell);
    assert_eq!((reads(&three, &three[..1]), reads(&three, &three)), (22, 43));
}

#[test]
fn mds_codes_read_the_cheapest_survivors() {
    let code = Code::reed_solomon(6, 3).unwrap();
    let plan = code.repair_plan(&[1, 7], &[7], &|s| if s < 3 { 5 } else { 1 }).unwrap();
    assert_eq!(plan.sources(), [0, 3, 4, 5, 6, 8]);
    assert_serves(&code, &plan, &[1, 7]);
    let plan = code.repair_plan(&[1], &[1], &|s| if s == 0 { 5 } else { 1 }).unwrap();
    assert_eq!(plan.sources(), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn arguments_are_checked() {
    let code = Code::reed_solomon(4, 2).unwrap();
    let plan = |lost: &[usize], wanted: &[usize]| code.repair_plan(lost, wanted, &|_| 1);
    assert!(matches!(plan(&[6], &[]), Err(Error::ShardIndex { index: 6, count: 6 })));
    assert!(matches!(plan(&[1, 1], &[1]), Err(Error::Duplicate { what: "shard", index: 1 })));
    assert!(matches!(plan(&[1], &[2]), Err(Error::NotLost { index: 2 })));
    assert!(plan(&[1], &[]).unwrap().targets().is_empty());
    let error = plan(&[0, 1, 4], &[0]).unwrap_err();
    assert!(matches!(&error, Error::Unrecoverable { beyond, .. } if beyond == &[0, 1, 4]), "{error}");
}

/// Along a staircase of losses each line is solved with the one before it, so what a shard costs grows with every step.
#[test]
fn what_a_rebuilt_shard_costs_has_a_bound() {
    let code = "raid66:32x32".parse::<crate::Layout>().unwrap().code().unwrap();
    let end = 28;
    let at = |group: usize, position: usize| code.groups().members(group)[position];
    let stairs = (0..end).flat_map(|i: usize| (i.saturating_sub(2)..(i + 2).min(end)).map(move |j| (i, j)));
    // Where they end nothing can be solved by a line alone.
    let landing = (end - 1..end + 3).flat_map(|i| (end - 1..end + 3).map(move |j| (i, j)));
    let mut lost: Vec<usize> = stairs.chain(landing).map(|(i, j)| at(i, j)).collect();
    lost.sort_unstable();
    lost.dedup();
    let wanted = at(24, 24);
    let plan = code.repair_plan(&lost, &[wanted], &|_| u32::MAX).unwrap();
    let (generator, sources) = (code.generator(), plan.sources());
    assert!(sources.iter().all(|source| !lost.contains(source)));
    assert_eq!(plan.matrix().mul(&generator.select_rows(sources)), generator.select_rows(&[wanted]));
}
