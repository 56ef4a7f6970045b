//! Layouts: the names under which users know codes, and the structure behind a name.
//!
//! | name | is | [`Code`] |
//! |---|---|---|
//! | `rs:10+4` | 10 data and 4 parity shards | [`Code::reed_solomon`] |
//! | `raid5:6`, `raid6:8` | 6 and 8 disks in all, one and two of them parity | [`Code::raid5`], [`Code::raid6`] |
//! | `raid51:2x6`, `raid61:2x8` | 2 copies of RAID 5 on 6 disks, of RAID 6 on 8 | [`Code::nested`] |
//! | `raid55:4x4`, `raid66:8x8` | groups x disks in a group, parity included at both levels | [`Code::nested`] |
//! | `lrc:12,2,2` | 12 data shards in 2 local groups, 2 global parities | [`Code::local`] |
//! | `hier:4x6+1+1` | 4 nodes of 6 disks, of these 1 parity disk in each node and 1 parity node | [`Code::hierarchical`] |
//!
//! The first digit of a RAID of RAIDs is the level inside the groups, the second the one across them. A name is read and
//! written in exactly one form:
//!
//! ```
//! use evariste::Layout;
//! let layout: Layout = "raid61:2x8".parse()?;
//! assert_eq!(layout, Layout::Raid61 { groups: 2, disks: 8 });
//! assert_eq!(layout.to_string(), "raid61:2x8");
//! assert_eq!((layout.data_shards(), layout.parity_shards(), layout.total_shards()), (6, 10, 16));
//! assert_eq!((layout.inner_tolerance(), layout.outer_tolerance()), (2, Some(1)));
//! assert_eq!(layout.code()?.groups().members(1).len(), 8);
//! # Ok::<(), evariste::Error>(())
//! ```

mod name;
mod placement;
mod rotation;

use crate::{Code, Error};

pub use placement::Placement;
pub use rotation::Rotation;

/// A code by the name users write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// `rs:K+M`: Reed-Solomon.
    ReedSolomon {
        /// Data shards.
        data: usize,
        /// Parity shards.
        parity: usize,
    },
    /// `raid5:N`.
    Raid5 {
        /// Disks in all.
        disks: usize,
    },
    /// `raid6:N`.
    Raid6 {
        /// Disks in all.
        disks: usize,
    },
    /// `raid51:MxN`: a mirror over RAID 5.
    Raid51 {
        /// Copies of the whole.
        groups: usize,
        /// Disks in each, parity included.
        disks: usize,
    },
    /// `raid61:MxN`: a mirror over RAID 6.
    Raid61 {
        /// Copies of the whole.
        groups: usize,
        /// Disks in each, parity included.
        disks: usize,
    },
    /// `raid55:MxN`: RAID 5 over RAID 5.
    Raid55 {
        /// Groups, the parity group included.
        groups: usize,
        /// Disks in each, parity included.
        disks: usize,
    },
    /// `raid66:MxN`: RAID 6 over RAID 6.
    Raid66 {
        /// Groups, the two parity groups included.
        groups: usize,
        /// Disks in each, parity included.
        disks: usize,
    },
    /// `lrc:K,L,G`: a local reconstruction code.
    Local {
        /// Data shards.
        data: usize,
        /// Local groups, each with one parity.
        groups: usize,
        /// Global parities.
        globals: usize,
    },
    /// `hier:MxN+I+A`: nodes of disks with parity inside and across.
    Hierarchical {
        /// Nodes, parity nodes included.
        nodes: usize,
        /// Disks in each node, parity included.
        disks: usize,
        /// Parity disks in each node.
        inside: usize,
        /// Parity nodes.
        across: usize,
    },
}

/// What the kinds of layout have in common.
struct Shape {
    groups: usize,
    /// Shards of one group.
    disks: usize,
    /// Parity shards of one group.
    inside: usize,
    /// Parity groups, for the products.
    across: Option<usize>,
    /// Shards in no group.
    globals: usize,
}

impl Layout {
    /// The most shards a layout may have: [`Code::MAX_NESTED_SHARDS`].
    pub const MAX_SHARDS: usize = Code::MAX_NESTED_SHARDS;

    /// The code.
    ///
    /// Its [`Code::groups`] say which shards form which group: one group of all in a flat code.
    ///
    /// # Errors
    /// As [`Layout::check`], and [`Error::TooManyShards`] where the construction runs out of field elements.
    pub fn code(&self) -> Result<Code, Error> {
        self.check()?;
        match *self {
            Self::ReedSolomon { data, parity } => Code::reed_solomon(data, parity),
            Self::Raid5 { disks } => Code::raid5(disks - 1),
            Self::Raid6 { disks } => Code::raid6(disks - 2),
            Self::Raid51 { groups, disks } => Code::nested(&Code::mirror(1, groups)?, &Code::raid5(disks - 1)?),
            Self::Raid61 { groups, disks } => Code::nested(&Code::mirror(1, groups)?, &Code::raid6(disks - 2)?),
            Self::Raid55 { groups, disks } => Code::nested(&Code::raid5(groups - 1)?, &Code::raid5(disks - 1)?),
            Self::Raid66 { groups, disks } => Code::nested(&Code::raid6(groups - 2)?, &Code::raid6(disks - 2)?),
            Self::Local { data, groups, globals } => Code::local(data, groups, globals),
            Self::Hierarchical { nodes, disks, inside, across } => Code::hierarchical(nodes, disks, inside, across),
        }
    }

    /// Whether there is enough of everything, and not too much in all. A layout that was parsed has been checked.
    ///
    /// # Errors
    /// [`Error::LayoutCount`], [`Error::UnevenGroups`], [`Error::TooWide`].
    pub fn check(&self) -> Result<(), Error> {
        let Shape { groups, disks, inside, globals, .. } = self.shape();
        let need = |what, given, least| match given < least {
            true => Err(Error::LayoutCount { layout: self.to_string(), what, given, least }),
            false => Ok(()),
        };
        match *self {
            Self::ReedSolomon { data, parity } => {
                need("data shards", data, 1)?;
                need("parity shards", parity, 1)?;
            }
            Self::Local { data, .. } => {
                need("data shards", data, 1)?;
                need("local groups", groups, 1)?;
                need("global parities", globals, 1)?;
                if !data.is_multiple_of(groups) {
                    return Err(Error::UnevenGroups { data_shards: data, groups });
                }
            }
            Self::Hierarchical { across, .. } => {
                need("parity disks in each node", inside, 1)?;
                need("parity nodes", across, 1)?;
                need("disks in each node", disks, inside.saturating_add(1))?;
                need("nodes", groups, across.saturating_add(1))?;
            }
            Self::Raid5 { .. } | Self::Raid6 { .. } => need("disks", disks, inside + 1)?,
            Self::Raid51 { .. } | Self::Raid61 { .. } | Self::Raid55 { .. } | Self::Raid66 { .. } => {
                // A mirror of any number of copies needs two of them.
                let parity_groups = if matches!(self, Self::Raid66 { .. }) { 2 } else { 1 };
                need("groups", groups, parity_groups + 1)?;
                need("disks in each group", disks, inside + 1)?;
            }
        }
        let given = self.total_shards();
        if given > Self::MAX_SHARDS {
            return Err(Error::TooWide { code: self.keyword(), given, limit: Self::MAX_SHARDS });
        }
        Ok(())
    }

    /// Which device holds which shard of a stripe.
    ///
    /// # Errors
    /// As [`Layout::code`].
    pub fn placement(&self) -> Result<Placement, Error> {
        Placement::new(self)
    }

    /// Shards in all, data and parity.
    #[must_use]
    pub fn total_shards(&self) -> usize {
        let shape = self.shape();
        shape.groups.saturating_mul(shape.disks).saturating_add(shape.globals)
    }

    /// Shards that hold data.
    #[must_use]
    pub fn data_shards(&self) -> usize {
        let shape = self.shape();
        let data_groups = shape.groups.saturating_sub(shape.across.unwrap_or(0));
        data_groups.saturating_mul(shape.disks.saturating_sub(shape.inside))
    }

    /// Shards that hold parity of any kind.
    #[must_use]
    pub fn parity_shards(&self) -> usize {
        self.total_shards().saturating_sub(self.data_shards())
    }

    /// Groups: nodes, local groups, or 1 for a flat code.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.shape().groups
    }

    /// Shards of one group, parity included.
    #[must_use]
    pub fn shards_per_group(&self) -> usize {
        self.shape().disks
    }

    /// Shards that lie in no group: the global parities of a local reconstruction code.
    #[must_use]
    pub fn global_shards(&self) -> usize {
        self.shape().globals
    }

    /// How many lost shards a group rebuilds from its own.
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
        let product = |groups, disks, inside, across| Shape { groups, disks, inside, across: Some(across), globals: 0 };
        let flat = |disks, inside| Shape { groups: 1, disks, inside, across: None, globals: 0 };
        match *self {
            Self::ReedSolomon { data, parity } => flat(data.saturating_add(parity), parity),
            Self::Raid5 { disks } => flat(disks, 1),
            Self::Raid6 { disks } => flat(disks, 2),
            Self::Raid51 { groups, disks } => product(groups, disks, 1, groups.saturating_sub(1)),
            Self::Raid61 { groups, disks } => product(groups, disks, 2, groups.saturating_sub(1)),
            Self::Raid55 { groups, disks } => product(groups, disks, 1, 1),
            Self::Raid66 { groups, disks } => product(groups, disks, 2, 2),
            Self::Hierarchical { nodes, disks, inside, across } => product(nodes, disks, inside, across),
            Self::Local { data, groups, globals } => {
                let size = data.checked_div(groups).unwrap_or(0);
                Shape { groups, disks: size.saturating_add(1), inside: 1, across: None, globals }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every layout's structure, as the code that it names has it.
    #[test]
    fn a_layout_says_what_its_code_is() {
        for name in [
            "rs:10+4",
            "raid5:6",
            "raid6:8",
            "raid51:2x6",
            "raid51:3x4",
            "raid61:2x8",
            "raid55:4x4",
            "raid66:8x8",
            "lrc:12,2,2",
            "lrc:48,4,3",
            "hier:4x6+1+1",
            "hier:5x8+2+3",
        ] {
            let layout: Layout = name.parse().unwrap();
            let code = layout.code().unwrap();
            let counts = (layout.data_shards(), layout.parity_shards(), layout.total_shards());
            assert_eq!(counts, (code.data_shards(), code.parity_shards(), code.total_shards()), "{name}");
            assert_eq!(layout.groups(), code.groups().count(), "{name}");
            assert!(code.groups().iter().all(|group| group.len() == layout.shards_per_group()), "{name}");
            assert_eq!(layout.global_shards(), code.groups().ungrouped().len(), "{name}");
        }
    }

    /// Each group rebuilds `inner_tolerance` of its shards alone, and not one more; so do the groups among themselves.
    #[test]
    fn tolerances_are_what_the_code_takes() {
        for name in
            ["rs:4+3", "raid5:4", "raid6:5", "raid51:3x4", "raid61:2x5", "raid55:4x3", "raid66:5x6", "hier:4x6+3+1"]
        {
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

    #[test]
    fn a_layout_that_lacks_something_is_refused() {
        let lacks = |name: &str| match name.parse::<Layout>().unwrap_err() {
            Error::LayoutCount { layout, what, given, least } => {
                assert_eq!(layout, name);
                (what, given, least)
            }
            error => panic!("{name}: {error}"),
        };
        assert_eq!(lacks("rs:0+4"), ("data shards", 0, 1));
        assert_eq!(lacks("rs:4+0"), ("parity shards", 0, 1));
        assert_eq!(lacks("raid5:1"), ("disks", 1, 2));
        assert_eq!(lacks("raid6:2"), ("disks", 2, 3));
        assert_eq!(lacks("raid51:1x6"), ("groups", 1, 2));
        assert_eq!(lacks("raid51:0x6"), ("groups", 0, 2));
        assert_eq!(lacks("raid61:2x2"), ("disks in each group", 2, 3));
        assert_eq!(lacks("raid55:1x4"), ("groups", 1, 2));
        assert_eq!(lacks("raid66:2x8"), ("groups", 2, 3));
        assert_eq!(lacks("lrc:0,2,2"), ("data shards", 0, 1));
        assert_eq!(lacks("lrc:12,0,2"), ("local groups", 0, 1));
        assert_eq!(lacks("lrc:12,2,0"), ("global parities", 0, 1));
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
        assert_eq!(message("lrc:12,5,2"), "12 shards do not go into 5 groups evenly");
        assert_eq!(message("raid55:4"), "`raid55:4` is no layout: expected raid55:MxN, as raid55:4x4");
    }

    #[test]
    fn a_layout_that_is_too_large_is_refused() {
        let refused = |name: &str| name.parse::<Layout>().unwrap_err();
        assert!(matches!(refused("raid66:64x65"), Error::TooWide { code: "raid66", given: 4160, limit: 4096 }));
        assert!(matches!(refused("raid5:18446744073709551615"), Error::TooWide { .. }));
        assert!(matches!(refused("raid55:4294967296x4294967297"), Error::TooWide { .. }));
        assert!(matches!(refused("lrc:12,5,2"), Error::UnevenGroups { data_shards: 12, groups: 5 }));
        // What the construction itself cannot do shows when the code is made.
        let code = |name: &str| name.parse::<Layout>().unwrap().code().unwrap_err();
        assert!(matches!(code("rs:255+2"), Error::TooManyShards { given: 257, limit: 256, .. }));
        assert!(matches!(code("raid6:258"), Error::TooManyShards { given: 256, limit: 255, .. }));
        assert!(matches!(code("lrc:255,1,2"), Error::TooManyShards { .. }));
    }
}
