//! The costs of layouts and the losses they survive: known figures, theory against brute force, chains against simulations.

use evariste::analysis::mttdl::{Disks, Repair, chain, simulate};
use evariste::analysis::{
    Cost, Effort, Guarantee, Method, Tolerance, efficiency, search_guarantee, survived, survived_nested,
    survived_of_code,
};
use evariste::{Code, Error, Layout};

fn layout(name: &str) -> Layout {
    name.parse().unwrap()
}

/// Every set is counted, however long it takes.
const COUNT: Effort = Effort::new(1 << 34, 1);

/// Rounds to the digits that a table shows.
#[track_caller]
fn assert_digits(share: f64, digits: &str, context: &str) {
    let places = digits.len() - 1;
    assert_eq!(format!("{share:.places$}").trim_start_matches('0'), digits, "{context}");
}

#[test]
fn layouts_have_their_known_figures() {
    for (name, percent, guaranteed, best_case, nested) in [
        ("raid51:2x6", "41.7", 3, 7, &[".5455", ".2424", ".0801"][..]),
        ("raid61:2x8", "37.5", 5, 10, &[".6084", ".3147"]),
        ("raid55:4x4", "56.2", 3, 7, &[".8813", ".5385", ".1518"]),
        ("raid55:6x6", "69.4", 3, 11, &[".9427", ".7613"]),
        ("raid55:12x12", "84.0", 3, 23, &[".9833"]),
        ("raid55:16x16", "87.9", 3, 31, &[".9901"]),
        ("raid66:8x8", "56.2", 8, 28, &[".9996"]),
    ] {
        let layout = layout(name);
        // 56.25 is shown as 56.2.
        assert_eq!(format!("{:.1}", 100.0 * efficiency(&layout)), percent, "{name}");
        let tolerance = Tolerance::of(&layout);
        assert_eq!((tolerance.guaranteed, tolerance.best_case), (guaranteed, best_case), "{name}");
        for (losses, digits) in (guaranteed + 1..).zip(nested) {
            assert_digits(survived_nested(&layout, losses).unwrap(), digits, &format!("{name}, {losses} losses"));
        }
        assert_eq!(survived_nested(&layout, guaranteed), Some(1.0), "{name}");
    }
}

/// Each figure in the table of docs/layouts.md, to the digits shown there.
#[test]
fn the_documented_table_is_right() {
    let documented = include_str!("../docs/layouts.md");
    let table = documented.lines().skip_while(|line| !line.starts_with("| layout | efficiency |"));
    let rows: Vec<Vec<&str>> = table
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let [name, percent, guaranteed, best_case, nested, joint] = row[..] else { panic!("{row:?}") };
        let layout = layout(name.trim_matches('`'));
        let tolerance = Tolerance::of(&layout);
        assert_eq!(format!("{:.1} %", 100.0 * efficiency(&layout)), percent, "{name}");
        assert_eq!(
            [tolerance.guaranteed, tolerance.best_case].map(|losses| losses.to_string()),
            [guaranteed, best_case]
        );
        let shares = |cell: &'static str| {
            let share =
                |share: &'static str| share.split_once(": ").map(|(losses, digits)| (losses.parse().unwrap(), digits));
            cell.split(", ").filter_map(share).collect::<Vec<(usize, &str)>>()
        };
        assert!(shares(joint).first().is_some_and(|&(losses, _)| losses == tolerance.guaranteed + 1), "{name}");
        assert_eq!(shares(nested).is_empty(), layout.outer_tolerance().is_none(), "{name}");
        for (losses, digits) in shares(nested) {
            assert_digits(survived_nested(&layout, losses).unwrap(), digits, name);
        }
        for (losses, digits) in shares(joint) {
            let share = survived(&layout, losses, &COUNT).unwrap();
            assert!(!matches!(share.method, Method::Sampled(_)), "{name}: {share:?}");
            match digits.strip_prefix("above ") {
                Some(bound) => {
                    assert!(share.survived < 1.0 && share.survived > bound.parse().unwrap(), "{name}: {share:?}")
                }
                None => assert_digits(share.survived, digits, name),
            }
        }
    }
}

#[test]
fn rows_and_columns_together_survive_more() {
    for (name, losses, digits) in [("raid55:4x4", 4, ".9802"), ("raid55:4x4", 5, ".9011"), ("raid55:6x6", 5, ".9809")] {
        let layout = layout(name);
        let context = format!("{name}, {losses} losses");
        // By the theorem of products, and by going through all sets.
        assert_digits(survived(&layout, losses, &COUNT).unwrap().survived, digits, &context);
        let counted = survived_of_code(&layout.code().unwrap(), losses, &COUNT);
        assert!(matches!(counted.method, Method::Counted(_)), "{context}: {counted:?}");
        assert_digits(counted.survived, digits, &context);
        assert!(counted.survived > survived_nested(&layout, losses).unwrap(), "{context}");
    }
}

#[test]
fn local_codes_survive_what_a_code_of_their_shape_can() {
    for (name, percent, guaranteed, digits, sets) in
        [("lrc:12,2,2", "75.0", 3, ".8615", 1820), ("lrc:24,2,2", "85.7", 3, ".8667", 20_475)]
    {
        let layout = layout(name);
        assert_eq!(format!("{:.1}", 100.0 * efficiency(&layout)), percent, "{name}");
        assert_eq!(Tolerance::of(&layout).guaranteed, guaranteed, "{name}");
        let share = survived(&layout, guaranteed + 1, &Effort::default()).unwrap();
        assert_eq!(share.method, Method::Counted(sets), "{name}");
        assert_digits(share.survived, digits, name);
    }
    let share = survived(&layout("lrc:12,2,2"), 4, &Effort::default()).unwrap();
    assert_eq!(share.survived, 1568.0 / 1820.0);
}

/// No code of this shape survives more than .9950 of five losses; with these coefficients it is a little less.
#[test]
fn a_wide_local_code_survives_nearly_all() {
    let layout = layout("lrc:48,4,3");
    assert_eq!(format!("{:.1}", 100.0 * efficiency(&layout)), "87.3");
    assert_eq!(Tolerance::of(&layout).guaranteed, 4);
    let share = survived(&layout, 5, &Effort::default()).unwrap();
    assert_eq!(share.method, Method::Counted(3_478_761));
    assert!((0.9946..=0.9950).contains(&share.survived), "{share:?}");
}

#[test]
fn theory_agrees_with_brute_force() {
    for name in [
        "rs:10+4",
        "rs:3+5",
        "raid5:6",
        "raid6:8",
        "raid51:2x6",
        "raid51:3x4",
        "raid61:2x6",
        "raid55:4x4",
        "raid55:6x6",
        "raid66:4x4",
        "hier:4x5+2+1",
        "hier:3x4+1+2",
        "lrc:12,2,2",
        "lrc:24,2,2",
        "lrc:12,3,3",
        "lrc:4,4,2",
        "lrc:16,1,2",
        "lrc:48,4,3",
    ] {
        let layout = layout(name);
        let (code, tolerance) = (layout.code().unwrap(), Tolerance::of(&layout));
        assert_eq!(search_guarantee(&code, &COUNT), Guarantee::Exactly(tolerance.guaranteed), "{name}");
        // All parity may go; with one more gone, too little is left.
        let parity: Vec<usize> = (code.data_shards()..code.total_shards()).collect();
        assert_eq!(parity.len(), tolerance.best_case, "{name}");
        assert!(code.is_recoverable(&parity).unwrap(), "{name}");
        assert_eq!(survived_of_code(&code, tolerance.best_case + 1, &COUNT).survived, 0.0, "{name}");
    }
}

/// A mirror survives a set of losses that leaves one of each pair: 2^F C(k, F) of C(2k, F).
#[test]
fn mirrors_survive_what_leaves_one_of_each() {
    let code = Code::mirror(6, 2).unwrap();
    assert_eq!(survived_of_code(&code, 3, &COUNT).survived, 160.0 / 220.0);
    assert_eq!(survived_of_code(&code, 6, &COUNT).survived, 64.0 / 924.0);
    let cost = Cost::of(&Layout::of(&code).unwrap()).unwrap();
    assert_eq!((cost.repair_reads, cost.most_repair_reads, cost.update_ios), (1, 1, 4));
}

/// Samples of shares that can also be counted, and the error bar when no failure was sampled.
#[test]
fn samples_say_how_far_off_they_may_be() {
    let code = layout("raid55:6x6").code().unwrap();
    let counted = survived_of_code(&code, 6, &COUNT);
    let sampled = survived_of_code(&code, 6, &Effort::new(20_000_000, 7));
    assert!(
        matches!((counted.method, sampled.method), (Method::Counted(1_947_792), Method::Sampled(_))),
        "{sampled:?}"
    );
    assert!(sampled.error() > 0.0 && sampled.error() < 0.002, "{sampled:?}");
    assert!((sampled.survived - counted.survived).abs() < 2.5 * sampled.error(), "{sampled:?}, {counted:?}");
    assert_eq!(sampled, survived_of_code(&code, 6, &Effort::new(20_000_000, 7)));
}

/// Disks so bad that an array can be watched until it loses data.
fn bad_disks(count: usize, repair: Repair) -> Disks {
    Disks::new(count, 1000.0, 50.0, repair)
}

/// Within four standard errors, each of which must itself be small.
#[track_caller]
fn assert_simulated(code: &Code, disks: &Disks, hours: f64, slack: f64) {
    let found = simulate(code, disks, 4000, 3).unwrap();
    assert!(found.standard_error_hours < 0.02 * found.mean_hours, "{found:?}");
    let off = (found.mean_hours - hours).abs();
    assert!(off < 4.0 * found.standard_error_hours + slack * hours, "{found:?}, expected {hours}");
}

#[test]
fn chains_and_simulations_agree() {
    for repair in [Repair::Serial, Repair::Parallel] {
        for (code, survived) in [(Code::raid5(7).unwrap(), &[1.0; 2][..]), (Code::raid6(6).unwrap(), &[1.0; 3])] {
            let disks = bad_disks(8, repair);
            assert_simulated(&code, &disks, chain(&disks, survived).unwrap(), 0.0);
        }
    }
}

/// Where some sets are survived and others not, the chain assumes that all survived ones are as likely. They nearly
/// are.
#[test]
fn chains_of_products_agree_with_simulations_nearly() {
    let layout = layout("raid51:2x4");
    let code = layout.code().unwrap();
    let survived: Vec<f64> =
        (0..=layout.total_shards()).map(|losses| survived_of_code(&code, losses, &COUNT).survived).collect();
    let disks = bad_disks(8, Repair::Parallel);
    assert_simulated(&code, &disks, chain(&disks, &survived).unwrap(), 0.05);
    let error = simulate(&code, &bad_disks(9, Repair::Serial), 1, 0).unwrap_err();
    assert!(matches!(error, Error::ShardCount { given: 9, expected: 8 }), "{error}");
}
