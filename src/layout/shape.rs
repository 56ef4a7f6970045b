//! The counts of a layout: shards by kind, groups, and what each level tolerates.

use super::Layout;

/// What all kinds of layout have in common. The numbers of an unchecked layout saturate instead of overflowing.
struct Shape {
    data: usize,
    total: usize,
    groups: usize,
    /// Shards of the largest group.
    disks: usize,
    /// Losses that a group rebuilds by itself.
    inside: usize,
    /// Parity groups, in a product.
    across: Option<usize>,
    /// Shards outside the groups.
    globals: usize,
}

impl Shape {
    /// One group of all shards.
    fn flat(data: usize, parity: usize) -> Self {
        let total = data.saturating_add(parity);
        Self { data, total, groups: 1, disks: total, inside: parity, across: None, globals: 0 }
    }

    /// One group of `disks` shards, `parity` of them parity.
    fn raid(disks: usize, parity: usize) -> Self {
        Self { total: disks, disks, ..Self::flat(disks.saturating_sub(parity), parity) }
    }

    /// `groups` groups of `disks` shards, with `inside` parity shards in each and `across` parity groups.
    fn product(groups: usize, disks: usize, inside: usize, across: usize) -> Self {
        let data = groups.saturating_sub(across).saturating_mul(disks.saturating_sub(inside));
        Self { data, total: groups.saturating_mul(disks), groups, disks, inside, across: Some(across), globals: 0 }
    }

    /// Groups of `covered` shards in total, each with a parity, and `globals` shards outside.
    fn local(data: usize, groups: usize, covered: usize, globals: usize) -> Self {
        let total = covered.saturating_add(groups).saturating_add(globals);
        let largest = if groups == 0 { 0 } else { covered.div_ceil(groups) };
        Self { data, total, groups, disks: largest.saturating_add(1), inside: 1, across: None, globals }
    }
}

impl Layout {
    /// All shards, data and parity.
    #[must_use]
    pub fn total_shards(&self) -> usize {
        self.shape().total
    }

    /// Shards that hold data.
    #[must_use]
    pub fn data_shards(&self) -> usize {
        self.shape().data
    }

    /// Shards that hold parity of any kind.
    #[must_use]
    pub fn parity_shards(&self) -> usize {
        self.total_shards().saturating_sub(self.data_shards())
    }

    /// Groups: nodes, copies, local groups, or 1 for a flat code.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.shape().groups
    }

    /// Shards of one group, parity included. The groups of `lrcu` may differ by one shard; this is the larger size.
    #[must_use]
    pub fn shards_per_group(&self) -> usize {
        self.shape().disks
    }

    /// Shards outside the groups: the global parities of `lrc`.
    #[must_use]
    pub fn global_shards(&self) -> usize {
        self.shape().globals
    }

    /// How many lost shards a group rebuilds by itself; 0 in a copy of a `mirror`.
    #[must_use]
    pub fn inner_tolerance(&self) -> usize {
        self.shape().inside
    }

    /// How many lost groups the other groups rebuild; `None` if no code runs across the groups, position by position.
    #[must_use]
    pub fn outer_tolerance(&self) -> Option<usize> {
        self.shape().across
    }

    fn shape(&self) -> Shape {
        match *self {
            Self::ReedSolomon { data, parity }
            | Self::Cauchy { data, parity }
            | Self::JerasureVan { data, parity }
            | Self::IsalRs { data, parity }
            | Self::Snapraid { data, parity } => Shape::flat(data, parity),
            Self::Raid5 { disks } => Shape::raid(disks, 1),
            Self::Raid6 { disks } => Shape::raid(disks, 2),
            Self::Mirror { copies, disks } => Shape::product(copies, disks, 0, copies.saturating_sub(1)),
            Self::Raid51 { groups, disks } => Shape::product(groups, disks, 1, groups.saturating_sub(1)),
            Self::Raid61 { groups, disks } => Shape::product(groups, disks, 2, groups.saturating_sub(1)),
            Self::Raid55 { groups, disks } => Shape::product(groups, disks, 1, 1),
            Self::Raid66 { groups, disks } => Shape::product(groups, disks, 2, 2),
            Self::Hierarchical { nodes, disks, inside, across } => Shape::product(nodes, disks, inside, across),
            Self::Local { data, groups, globals } => Shape::local(data, groups, data, globals),
            Self::LocalUniform { data, groups, globals } => Shape::local(data, groups, data.saturating_add(globals), 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::NAMES;
    use super::*;

    /// A layout's counts are those of its code.
    #[test]
    fn a_layout_counts_as_its_code_does() {
        for name in NAMES {
            let layout: Layout = name.parse().unwrap();
            let code = layout.code().unwrap();
            let counts = (layout.data_shards(), layout.parity_shards(), layout.total_shards());
            assert_eq!(counts, (code.data_shards(), code.parity_shards(), code.total_shards()), "{name}");
            assert_eq!(layout.groups(), code.groups().count(), "{name}");
            let sizes: Vec<usize> = code.groups().iter().map(<[usize]>::len).collect();
            let smallest = layout.shards_per_group() - usize::from(name == "lrcu:20,3,3");
            assert_eq!(sizes.iter().max(), Some(&layout.shards_per_group()), "{name}");
            assert_eq!(sizes.iter().min(), Some(&smallest), "{name}");
            assert_eq!(layout.global_shards(), code.groups().ungrouped().len(), "{name}");
        }
    }

    /// Each group rebuilds `inner_tolerance` of its shards by itself and not one more; groups rebuild groups likewise.
    #[test]
    fn tolerances_are_what_the_code_takes() {
        for name in [
            "rs:4+3",
            "cauchy:4+3",
            "jerasure-van:4+3",
            "isal-rs:4+3",
            "snapraid:4+3",
            "raid5:4",
            "raid6:5",
            "mirror:3x4",
            "raid51:3x4",
            "raid61:2x5",
            "raid55:4x3",
            "raid66:5x6",
            "hier:4x6+3+1",
            "lrc:6,2,2",
            "lrcu:7,2,2",
        ] {
            let layout: Layout = name.parse().unwrap();
            let code = layout.code().unwrap();
            let generator = code.generator();
            let group = code.groups().members(0);
            let is_lost =
                |lost: usize| generator.select_rows(&group[lost..]).rank() < generator.select_rows(group).rank();
            assert!(!is_lost(layout.inner_tolerance()) && is_lost(layout.inner_tolerance() + 1), "{name}");
            let Some(outer) = layout.outer_tolerance() else { continue };
            let groups = |count| code.groups().iter().take(count).flatten().copied().collect::<Vec<_>>();
            assert!(code.is_recoverable(&groups(outer)).unwrap(), "{name}");
            assert!(!code.is_recoverable(&groups(outer + 1)).unwrap(), "{name}");
        }
    }
}
