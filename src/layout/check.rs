//! Which counts a layout may have.

use super::Layout;
use crate::Error;

/// Something a layout has too little of: what it is, how many there are and how many there must be.
type Requirement = (&'static str, usize, usize);

impl Layout {
    /// Whether every count is large enough, and their total not too large. A layout that was parsed has been checked.
    ///
    /// # Errors
    /// [`Error::LayoutCount`], [`Error::UnevenGroups`], [`Error::TooWide`].
    pub fn check(&self) -> Result<(), Error> {
        for (what, given, least) in self.requirements() {
            if given < least {
                return Err(Error::LayoutCount { layout: self.to_string(), what, given, least });
            }
        }
        match *self {
            Self::Local { data, groups, .. } if !data.is_multiple_of(groups) => {
                return Err(Error::UnevenGroups { data_shards: data, groups });
            }
            Self::LocalUniform { data, groups, globals } if groups > data.saturating_add(globals) => {
                return Err(Error::UnevenGroups { data_shards: data.saturating_add(globals), groups });
            }
            _ => {}
        }
        let given = self.total_shards();
        if given > Self::MAX_SHARDS {
            return Err(Error::TooWide { code: self.keyword(), given, limit: Self::MAX_SHARDS });
        }
        Ok(())
    }

    /// The least of every count.
    fn requirements(&self) -> Vec<Requirement> {
        let groups_of_disks = |groups, least_groups, disks, least_disks| {
            vec![("groups", groups, least_groups), ("disks in each group", disks, least_disks)]
        };
        match *self {
            Self::ReedSolomon { data, parity }
            | Self::Cauchy { data, parity }
            | Self::JerasureVan { data, parity }
            | Self::IsalRs { data, parity }
            | Self::Snapraid { data, parity } => vec![("data shards", data, 1), ("parity shards", parity, 1)],
            Self::Raid5 { disks } => vec![("disks", disks, 2)],
            Self::Raid6 { disks } => vec![("disks", disks, 3)],
            Self::Mirror { copies, disks } => vec![("copies", copies, 2), ("disks in each copy", disks, 1)],
            Self::Raid51 { groups, disks } | Self::Raid55 { groups, disks } => groups_of_disks(groups, 2, disks, 2),
            Self::Raid61 { groups, disks } => groups_of_disks(groups, 2, disks, 3),
            Self::Raid66 { groups, disks } => groups_of_disks(groups, 3, disks, 3),
            Self::Local { data, groups, globals } | Self::LocalUniform { data, groups, globals } => {
                vec![("data shards", data, 1), ("local groups", groups, 1), ("global parities", globals, 1)]
            }
            Self::Hierarchical { nodes, disks, inside, across } => vec![
                ("parity disks in each node", inside, 1),
                ("parity nodes", across, 1),
                ("disks in each node", disks, inside.saturating_add(1)),
                ("nodes", nodes, across.saturating_add(1)),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_that_lacks_something_is_refused() {
        let lacks = |name: &str| match name.parse::<Layout>().unwrap_err() {
            Error::LayoutCount { layout, what, given, least } => {
                assert_eq!(layout, name);
                (what, given, least)
            }
            error => panic!("{name}: {error}"),
        };
        for keyword in ["rs", "cauchy", "jerasure-van", "isal-rs", "snapraid"] {
            assert_eq!(lacks(&format!("{keyword}:0+4")), ("data shards", 0, 1));
            assert_eq!(lacks(&format!("{keyword}:4+0")), ("parity shards", 0, 1));
        }
        assert_eq!(lacks("raid5:1"), ("disks", 1, 2));
        assert_eq!(lacks("raid6:2"), ("disks", 2, 3));
        assert_eq!(lacks("mirror:1x4"), ("copies", 1, 2));
        assert_eq!(lacks("mirror:2x0"), ("disks in each copy", 0, 1));
        assert_eq!(lacks("raid51:1x6"), ("groups", 1, 2));
        assert_eq!(lacks("raid51:0x6"), ("groups", 0, 2));
        assert_eq!(lacks("raid61:2x2"), ("disks in each group", 2, 3));
        assert_eq!(lacks("raid55:1x4"), ("groups", 1, 2));
        assert_eq!(lacks("raid66:2x8"), ("groups", 2, 3));
        for keyword in ["lrc", "lrcu"] {
            assert_eq!(lacks(&format!("{keyword}:0,2,2")), ("data shards", 0, 1));
            assert_eq!(lacks(&format!("{keyword}:12,0,2")), ("local groups", 0, 1));
            assert_eq!(lacks(&format!("{keyword}:12,2,0")), ("global parities", 0, 1));
        }
        assert_eq!(lacks("hier:4x6+0+1"), ("parity disks in each node", 0, 1));
        assert_eq!(lacks("hier:4x6+1+0"), ("parity nodes", 0, 1));
        assert_eq!(lacks("hier:4x6+6+1"), ("disks in each node", 6, 7));
        assert_eq!(lacks("hier:4x6+1+4"), ("nodes", 4, 5));
    }

    #[test]
    fn a_refusal_says_both_numbers() {
        let message = |name: &str| name.parse::<Layout>().unwrap_err().to_string();
        assert_eq!(message("raid6:2"), "raid6:2 has 2 disks, it needs at least 3");
        assert_eq!(message("hier:4x6+6+1"), "hier:4x6+6+1 has 6 disks in each node, it needs at least 7");
        assert_eq!(message("raid66:64x65"), "raid66 takes at most 4096 shards in all, got 4160");
        assert_eq!(message("lrc:12,5,2"), "12 shards do not divide evenly into 5 groups");
    }

    #[test]
    fn a_layout_that_is_too_large_is_refused() {
        let refused = |name: &str| name.parse::<Layout>().unwrap_err();
        assert!(matches!(refused("raid66:64x65"), Error::TooWide { code: "raid66", given: 4160, limit: 4096 }));
        assert!(matches!(refused("raid5:18446744073709551615"), Error::TooWide { .. }));
        assert!(matches!(refused("raid55:4294967296x4294967297"), Error::TooWide { .. }));
        assert!(matches!(refused("mirror:3x18446744073709551615"), Error::TooWide { .. }));
        assert!(matches!(refused("cauchy:18446744073709551615+2"), Error::TooWide { code: "cauchy", .. }));
        assert!(matches!(refused("lrcu:18446744073709551615,2,2"), Error::TooWide { code: "lrcu", .. }));
        assert!(matches!(refused("lrc:12,5,2"), Error::UnevenGroups { data_shards: 12, groups: 5 }));
        assert!(matches!(refused("lrcu:3,6,2"), Error::UnevenGroups { data_shards: 5, groups: 6 }));
    }
}
