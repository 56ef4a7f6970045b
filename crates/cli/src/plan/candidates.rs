//! Lists the layouts that take exactly a given number of disks.

use evariste::Layout;

/// Flat and local codes are tried with up to this many parities more than requested.
const SPARE_PARITIES: usize = 2;
/// The most local groups of a local code.
const MOST_GROUPS: usize = 32;
/// The most copies of a mirror.
const MOST_COPIES: usize = 3;
/// The most parities at either level of a hierarchy, unless the request needs more.
const MOST_LEVEL: usize = 3;

/// Every useful layout of this number of disks, the simplest first. With `nodes`, groups are nodes. Reed-Solomon codes
/// with one and two parities are left out, because RAID 5 and RAID 6 are those.
pub(super) fn of(disks: usize, nodes: Option<usize>, survive: usize) -> Vec<Layout> {
    let per_node = nodes.map_or(0, |nodes| disks / nodes);
    let parities = survive.max(per_node) + SPARE_PARITIES;
    let flat = [Layout::Raid5 { disks }, Layout::Raid6 { disks }].into_iter();
    let reed_solomon = (3..=parities.min(disks)).map(|parity| Layout::ReedSolomon { data: disks - parity, parity });
    let local = (1..=parities).flat_map(|globals| (2..=MOST_GROUPS).map(move |groups| (groups, globals)));
    let local = local.filter_map(|(groups, globals)| {
        let data = disks.checked_sub(groups + globals).filter(|data| data / groups >= 2)?;
        Some(Layout::Local { data, groups, globals })
    });
    let shapes =
        (2..disks).filter(|groups| disks.is_multiple_of(*groups) && nodes.is_none_or(|nodes| nodes == *groups));
    let products = shapes.flat_map(|groups| products(groups, disks / groups, survive));
    // Drops layouts that are invalid, or whose construction needs more field elements than there are.
    let is_possible = |layout: &Layout| layout.check().is_ok() && has_elements(layout);
    flat.chain(reed_solomon).chain(local).chain(products).filter(is_possible).collect()
}

/// Products with data at both levels, and at least two data shards at each level that has parity.
fn products(groups: usize, disks: usize, survive: usize) -> Vec<Layout> {
    let survives = |inside: usize, across: usize| (inside + 1) * (across + 1) > survive;
    // With one parity less at either level it would not survive.
    let is_least =
        |inside, across| survives(inside, across) && !survives(inside - 1, across) && !survives(inside, across - 1);
    let mut products = Vec::new();
    if groups <= MOST_COPIES {
        products.extend((disks >= 3).then_some(Layout::Raid51 { groups, disks }));
        products.extend((disks >= 4).then_some(Layout::Raid61 { groups, disks }));
    }
    for inside in 1..=disks.saturating_sub(2) {
        for across in 1..=groups.saturating_sub(2) {
            if inside.max(across) > MOST_LEVEL && !is_least(inside, across) {
                continue;
            }
            products.push(match (inside, across) {
                (1, 1) => Layout::Raid55 { groups, disks },
                (2, 2) => Layout::Raid66 { groups, disks },
                _ => Layout::Hierarchical { nodes: groups, disks, inside, across },
            });
        }
    }
    products
}

/// Whether GF(2^8) is large enough for the codes of a layout. Reed-Solomon codes have at most 256 shards and RAID 6 has
/// at most 257. A local code needs one element more than it has data and global parity shards.
fn has_elements(layout: &Layout) -> bool {
    let fits = |shards: usize, parity: usize| match parity {
        1 => true,
        2 => shards <= 257,
        _ => shards <= 256,
    };
    match *layout {
        Layout::ReedSolomon { data, parity } => data + parity <= 256,
        Layout::Local { data, globals, .. } => data + globals < 256,
        Layout::Raid51 { .. } | Layout::Raid61 { .. } => fits(layout.shards_per_group(), layout.inner_tolerance()),
        _ => {
            fits(layout.shards_per_group(), layout.inner_tolerance())
                && layout.outer_tolerance().is_none_or(|across| fits(layout.groups(), across))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_candidate_takes_all_disks_and_has_a_code() {
        for disks in [2, 3, 4, 7, 12, 16, 24, 60, 256, 257, 258, 300] {
            for layout in of(disks, None, 2) {
                assert_eq!(layout.total_shards(), disks, "{layout}");
                assert!(layout.code().is_ok(), "{layout}");
            }
        }
        for layout in of(24, Some(4), 2) {
            assert!(layout.outer_tolerance().is_none() || layout.groups() == 4, "{layout}");
        }
    }

    #[test]
    fn every_kind_of_layout_is_listed() {
        let names: Vec<String> = of(16, None, 3).iter().map(Layout::to_string).collect();
        for name in
            ["raid5:16", "raid6:16", "rs:13+3", "lrc:12,2,2", "raid51:2x8", "raid61:2x8", "raid55:4x4", "raid66:4x4"]
        {
            assert!(names.iter().any(|found| found == name), "{name} among {names:?}");
        }
        assert!(names.iter().any(|name| name.starts_with("hier:4x4+")), "{names:?}");
    }

    #[test]
    fn levels_have_as_many_parities_as_the_request_needs() {
        let names: Vec<String> = of(300, None, 19).iter().map(Layout::to_string).collect();
        for name in ["hier:15x20+4+3", "hier:15x20+3+4", "hier:15x20+9+1", "hier:15x20+1+9"] {
            assert!(names.iter().any(|found| found == name), "{name} among {names:?}");
        }
        assert!(!names.iter().any(|name| name == "hier:15x20+4+4"), "{names:?}");
    }
}
