//! The losses that layouts survive, and the shards that rebuilding reads.

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use evariste::layout::Rotation;
use evariste::{Code, Codec, Cpu, Error, Layout, Matrix, Plan};
use support::{Rng, assert_shards_equal, each_codec, oracle, painted, stripe};

fn code(name: &str) -> Code {
    name.parse().unwrap()
}

/// Calls `each` with every set of `size` of the first `count` numbers.
fn for_each_subset(count: usize, size: usize, mut each: impl FnMut(&[usize])) {
    let mut set: Vec<usize> = (0..size).collect();
    loop {
        each(&set);
        let Some(at) = (0..size).rev().find(|&at| set[at] < count - size + at) else { return };
        set[at] += 1;
        for next in at + 1..size {
            set[next] = set[next - 1] + 1;
        }
    }
}

/// The parity checks: the parity matrix next to the identity, transposed, so that each row belongs to a shard.
fn checks(code: &Code) -> Matrix {
    let parity = code.parity_matrix();
    let k = code.data_shards();
    Matrix::from_fn(code.total_shards(), code.parity_shards(), |shard, check| {
        if shard < k { parity.row(check)[shard] } else { u8::from(shard - k == check) }
    })
}

/// How many sets of `lost` shards can be rebuilt: those whose checks are independent. And how many sets there are.
fn survived(code: &Code, lost: usize) -> (usize, usize) {
    let checks = checks(code);
    let (mut good, mut all) = (0, 0);
    for_each_subset(code.total_shards(), lost, |set| {
        good += usize::from(checks.select_rows(set).rank() == lost);
        all += 1;
    });
    (good, all)
}

fn share(name: &str, lost: usize) -> f64 {
    let (good, all) = survived(&code(name), lost);
    good as f64 / all as f64
}

/// Whether any code of this shape could survive the loss: each group spares one shard, the global parities the rest.
fn could_survive(code: &Code, lost: &[usize]) -> bool {
    let mut in_group = vec![0usize; code.groups().count()];
    let mut beyond = 0;
    for &shard in lost {
        match code.groups().place(shard) {
            Some(place) => in_group[place.group] += 1,
            None => beyond += 1,
        }
    }
    beyond += in_group.iter().map(|lost| lost.saturating_sub(1)).sum::<usize>();
    beyond <= code.groups().ungrouped().len()
}

/// The plan reproduces the generator's rows of its targets from the survivors, and needs each of its sources.
fn assert_serves(code: &Code, generator: &Matrix, plan: &Plan, lost: &[usize]) {
    let (sources, targets) = (plan.sources(), plan.targets());
    assert_eq!(targets, lost);
    assert!(sources.iter().all(|source| !lost.contains(source)), "reads a lost shard of {lost:?}");
    let rows = generator.select_rows(sources);
    assert_eq!(plan.matrix().mul(&rows), generator.select_rows(targets), "{} {lost:?}", code.name());
    // Independent sources, each with a coefficient: the plan is the only one from these, and needs them all.
    assert_eq!(rows.rank(), sources.len(), "{} {lost:?}: {sources:?}", code.name());
    for source in 0..sources.len() {
        assert!(plan.matrix().iter_rows().any(|row| row[source] != 0), "source {source} is not needed");
    }
}

/// Bytes come back as the plan says.
fn assert_rebuilds(codec: &Codec, whole: &[Vec<u8>], lost: &[usize]) {
    let mut shards = whole.to_vec();
    lost.iter().for_each(|&shard| shards[shard].fill(0x5a));
    codec.reconstruct(&mut shards, lost).unwrap();
    assert_shards_equal(whole, &shards, format_args!("{} {lost:?}", codec.code().name()));
}

/// Plans and rebuilds every recoverable loss of this many shards, and checks that every other loss is refused.
fn assert_plans(name: &str, losses: std::ops::RangeInclusive<usize>) {
    let code = code(name);
    let (generator, checks) = (code.generator(), checks(&code));
    let codec = Codec::on(code.clone(), Arc::new(Cpu::new().unwrap()));
    let whole = stripe(&code, 33);
    for count in losses {
        for_each_subset(code.total_shards(), count, |lost| {
            let decodable = checks.select_rows(lost).rank() == count;
            match code.repair_plan(lost, lost, &|_| 1) {
                Ok(plan) => {
                    assert!(decodable);
                    assert_serves(&code, &generator, &plan, lost);
                    assert_rebuilds(&codec, &whole, lost);
                }
                Err(Error::Unrecoverable { .. }) => assert!(!decodable, "{name} {lost:?}"),
                Err(error) => panic!("{error}"),
            }
        });
    }
}

/// Tries every loss of up to as many shards as there are parity shards.
#[test]
fn local_codes_survive_whatever_a_code_of_their_shape_can() {
    for (name, good, all) in [
        ("lrc:12,2,2", 1568, 1820),
        ("lrc:24,2,2", 17745, 20475),
        ("lrc:6,2,2", 180, 210),
        ("lrc:9,3,2", 956, 1001),
        ("lrc:8,4,1", 513, 715),
    ] {
        let code = code(name);
        let checks = checks(&code);
        for lost in 1..=code.parity_shards() {
            for_each_subset(code.total_shards(), lost, |set| {
                let survives = checks.select_rows(set).rank() == lost;
                assert_eq!(survives, could_survive(&code, set), "{name} {set:?}");
            });
        }
        assert_eq!(survived(&code, 4), (good, all), "{name}");
    }
}

#[test]
fn a_wide_code_with_three_global_parities_is_close_to_that() {
    let code = code("lrc:48,4,3");
    let (good, all) = survived(&code, 4);
    assert_eq!(good, all);
    let mut possible = 0;
    for_each_subset(code.total_shards(), 5, |set| possible += usize::from(could_survive(&code, set)));
    let (good, all) = survived(&code, 5);
    // Shares of .9946 and .9950.
    assert_eq!((good, possible, all), (3_459_993, 3_461_289, 3_478_761));
}

/// Rows and columns are decoded together: 36 rectangles of 4x4 are all of four that cannot be, where a decoder of groups
/// first and then of whole groups survives 88 % only.
#[test]
fn products_survive_what_joint_decoding_does() {
    assert_eq!(survived(&code("raid55:4x4"), 3), (560, 560));
    assert_eq!(survived(&code("raid55:4x4"), 4), (1784, 1820));
    assert_eq!(survived(&code("raid55:4x4"), 5), (3936, 4368));
    assert!((share("raid55:6x6", 5) - 0.9809).abs() < 0.00005);
}

#[test]
fn guaranteed_losses_are_survived() {
    for (name, guaranteed) in
        [("raid51:2x6", 3), ("raid61:2x8", 5), ("raid55:4x4", 3), ("hier:4x6+1+1", 3), ("raid66:4x4", 8)]
    {
        let (good, all) = survived(&code(name), guaranteed);
        assert_eq!(good, all, "{name}");
        let (good, all) = survived(&code(name), guaranteed + 1);
        assert!(good < all, "{name}");
    }
}

#[test]
fn every_loss_just_above_the_guarantee_is_planned() {
    assert_plans("raid55:4x4", 1..=4);
    assert_plans("lrc:6,2,2", 1..=4);
    assert_plans("raid51:2x4", 1..=5);
    assert_plans("lrcu:6,2,2", 1..=4);
    assert_plans("mirror:3x2", 1..=4);
}

#[test]
fn plans_of_a_wide_product_serve() {
    let code = code("raid55:12x12");
    let generator = code.generator();
    let checks = checks(&code);
    let codec = Codec::on(code.clone(), Arc::new(Cpu::new().unwrap()));
    let whole = stripe(&code, 33);
    let mut rng = Rng::new(12);
    let mut served = 0;
    for round in 0..60 {
        let lost = rng.choose(1 + round % 12, 144);
        match code.repair_plan(&lost, &lost, &|shard| [3, 1, 4, 1, 5][shard % 5]) {
            Ok(plan) => {
                assert_serves(&code, &generator, &plan, &lost);
                assert_rebuilds(&codec, &whole, &lost);
                served += 1;
            }
            Err(_) => assert!(checks.select_rows(&lost).rank() < lost.len()),
        }
    }
    assert!(served > 50, "{served}");
}

#[test]
fn one_lost_shard_is_rebuilt_within_its_group() {
    let reads = |code: &Code, lost: usize| code.repair_plan(&[lost], &[lost], &|_| 1).unwrap().sources().to_vec();
    let lrc = code("lrc:12,2,2");
    for lost in 0..14 {
        assert_eq!(reads(&lrc, lost).len(), 6, "{lost}");
    }
    assert_eq!(reads(&lrc, 4), [0, 1, 2, 3, 5, 12]);
    let uniform = code("lrcu:12,2,2");
    assert_eq!(uniform, Code::local_uniform(12, 2, 2).unwrap());
    for lost in 0..16 {
        assert_eq!(reads(&uniform, lost).len(), 7, "{lost}");
    }
    for (name, count) in
        [("raid55:4x4", 3), ("raid51:2x6", 1), ("raid66:8x8", 6), ("hier:4x6+1+1", 3), ("mirror:3x4", 1)]
    {
        let code = code(name);
        for lost in 0..code.total_shards() {
            assert_eq!(reads(&code, lost).len(), count, "{name} {lost}");
        }
    }
}

/// Repairs within the group or the position, whichever is cheaper, in codes of every size.
#[test]
fn the_cheapest_group_is_read() {
    for name in ["raid55:4x4", "raid66:8x8", "raid66:16x16"] {
        let code = code(name);
        let place = code.groups().place(0).unwrap();
        for dear_group in [true, false] {
            let cost = |shard: usize| {
                let other = code.groups().place(shard).unwrap();
                let dear = if dear_group { other.group == place.group } else { other.position == place.position };
                if dear { 10 } else { 1 }
            };
            let plan = code.repair_plan(&[0], &[0], &cost).unwrap();
            assert!(plan.sources().iter().all(|&source| cost(source) == 1), "{name} {:?}", plan.sources());
        }
    }
}

#[test]
fn a_wide_product_is_planned_at_once() {
    let code = code("raid66:24x24");
    assert_eq!((code.data_shards(), code.total_shards()), (484, 576));
    let lost: Vec<usize> = (0..20).map(|i| i * 29 % 576).collect();
    let costs: [&dyn Fn(usize) -> u32; 2] = [&|_| 1, &|shard| [3, 1, 4, 1, 5][shard % 5]];
    for cost in costs {
        let start = Instant::now();
        let plan = code.repair_plan(&lost, &lost, cost).unwrap();
        let took = start.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert_serves(&code, &code.generator(), &plan, &lost);
        assert!(plan.sources().len() < 400, "{}", plan.sources().len());
    }
}

/// Rebuilds bytes on every backend: a whole group and one disk of each other group, also in codes of more than 256 shards.
#[test]
fn bytes_come_back() {
    for name in ["raid51:2x4", "raid61:2x5", "raid55:3x4", "raid66:4x5", "hier:3x5+1+1", "lrc:6,2,2", "raid55:17x17"] {
        let code = code(name);
        let groups = code.groups();
        let first = if name.starts_with("lrc") { &groups.members(0)[..2] } else { groups.members(0) };
        let lost: Vec<usize> =
            first.iter().copied().chain((1..groups.count()).map(|group| groups.members(group)[1])).collect();
        each_codec(&code, |backend, codec| {
            let mut shards = painted(code.total_shards(), 100);
            codec.encode(&mut shards).unwrap();
            let expected = shards.clone();
            for &shard in &lost {
                shards[shard].fill(0x5a);
            }
            codec.reconstruct(&mut shards, &lost).unwrap();
            assert_shards_equal(&expected, &shards, format_args!("{backend}: {name} {lost:?}"));
        });
    }
}

/// The pictures of docs/layouts.md: which shard of a group has which number, and which device holds it.
#[test]
fn documented_pictures_are_what_is_computed() {
    let documented = include_str!("../docs/layouts.md");
    let shows = |line: &str| assert!(documented.contains(line), "`{line}` is not in docs/layouts.md");
    let numbers = |shards: &[usize]| shards.iter().map(|shard| format!(" {shard:2}")).collect::<String>();
    for (name, group, width) in [("raid55:4x4", "group", 10), ("raid51:2x4", "copy", 10), ("lrc:6,2,2", "group", 10)] {
        let code = code(name);
        for (index, members) in code.groups().iter().enumerate() {
            shows(&format!("{:width$}{}", format!("{group} {index}"), &numbers(members)[1..]));
        }
        let globals = code.groups().ungrouped();
        if !globals.is_empty() {
            shows(&format!("{:width$}{}", "global", &numbers(&globals)[1..]));
        }
    }
    let flat = |rotation: Rotation, names: [&str; 4], stripe: u64| {
        let held = [0, 1, 2, 3].map(|device| format!("{:2}", names[rotation.shard(stripe, device)]));
        format!("stripe {stripe}             {}", held.join(" "))
    };
    let (raid5, raid6) = (Rotation::left_symmetric(3, 1), Rotation::left_symmetric(2, 2));
    for stripe in 0..4 {
        let raid5 = flat(raid5, ["D0", "D1", "D2", "P"], stripe);
        shows(format!("{raid5:40}{}", flat(raid6, ["D0", "D1", "P", "Q"], stripe)).trim_end());
    }
    let placement = "raid55:3x3".parse::<Layout>().unwrap().placement().unwrap();
    for stripe in 0..4 {
        let held = (0..9).map(|device| placement.shard(stripe, device).to_string()).collect::<Vec<_>>();
        let groups: Vec<String> = held.chunks(3).map(|group| group.join("  ")).collect();
        shows(&format!("stripe {stripe}             {}", groups.join("    ")));
    }
}

/// The generator of a product, by the rule of docs/shard-format.md: rows of the data, then of all else, group by group.
fn product_rows(outer: &[Vec<u8>], inner: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let generator = |parity: &[Vec<u8>]| {
        let k = parity[0].len();
        let identity = (0..k).map(|row| (0..k).map(|column| u8::from(row == column)).collect::<Vec<u8>>());
        identity.chain(parity.iter().cloned()).collect::<Vec<_>>()
    };
    let (across, inside) = (generator(outer), generator(inner));
    let is_data = |group: usize, position: usize| group < outer[0].len() && position < inner[0].len();
    let cells = (0..across.len()).flat_map(|group| (0..inside.len()).map(move |position| (group, position)));
    let parity = cells.filter(|&(group, position)| !is_data(group, position));
    let row = |(group, position): (usize, usize)| {
        across[group].iter().flat_map(|&a| inside[position].iter().map(move |&b| oracle::mul(a, b))).collect()
    };
    parity.map(row).collect()
}

/// The parity of an `lrc`, by the rule of docs/shard-format.md.
fn local_rows(k: usize, l: usize, g: usize) -> Vec<Vec<u8>> {
    let size = k / l;
    let locals = (0..l).map(|group| (0..k).map(|j| u8::from(j / size == group)).collect());
    let by_powers = g <= 2 && l <= 17 && size <= 15;
    let y: Vec<u8> = (0..g).map(|t| if t == 0 { 0 } else { oracle::pow(2, 98 * (t - 1) % 255) }).collect();
    let x: Vec<u8> = (0..255).map(|i| oracle::pow(2, (189 + 67 * i) % 255)).filter(|x| !y.contains(x)).collect();
    let element = |t: usize, j: usize| match by_powers {
        true => oracle::pow(oracle::pow(2, j / size + 17 * (j % size)), t + 1),
        false => oracle::inv(x[j] ^ y[t]),
    };
    let globals = (0..g).map(|t| (0..k).map(|j| element(t, j)).collect());
    locals.chain(globals).collect()
}

/// Shard files of groups stay readable only as long as their parity is computed of the same coefficients.
#[test]
fn parity_of_groups_is_that_of_the_format() {
    let ones = |k: usize, m: usize| vec![vec![1; k]; m];
    let vandermonde: Vec<Vec<u8>> =
        Code::vandermonde(3, 3).unwrap().parity_matrix().iter_rows().map(<[u8]>::to_vec).collect();
    for (name, rows) in [
        ("raid51:2x4", product_rows(&ones(1, 1), &ones(3, 1))),
        ("raid61:3x5", product_rows(&ones(1, 2), &oracle::raid6(3))),
        ("raid55:4x4", product_rows(&ones(3, 1), &ones(3, 1))),
        ("raid66:5x6", product_rows(&oracle::raid6(3), &oracle::raid6(4))),
        ("hier:4x6+2+1", product_rows(&ones(3, 1), &oracle::raid6(4))),
        ("hier:4x6+3+1", product_rows(&ones(3, 1), &vandermonde)),
        ("lrc:6,2,2", local_rows(6, 2, 2)),
        ("lrc:12,2,2", local_rows(12, 2, 2)),
        ("lrc:8,4,1", local_rows(8, 4, 1)),
        ("lrc:32,2,2", local_rows(32, 2, 2)),
        ("lrc:48,4,3", local_rows(48, 4, 3)),
        ("lrc:200,10,5", local_rows(200, 10, 5)),
    ] {
        let code = code(name);
        let actual: Vec<&[u8]> = code.parity_matrix().iter_rows().collect();
        assert_shards_equal(&rows, &actual, format_args!("{name}"));
    }
}
