//! Layouts: the names under which users know codes, and the structure behind a name.
//!
//! | name | meaning | [`Code`] |
//! |---|---|---|
//! | `rs:10+4` | 10 data and 4 parity shards; the alias `vandermonde:10+4` is read too | [`Code::reed_solomon`], which is [`Code::vandermonde`] |
//! | `cauchy:10+4` | the same counts, other parity | [`Code::cauchy`] |
//! | `jerasure-van:10+4` | the same, compatible with Jerasure | [`Code::jerasure_van`] |
//! | `isal-rs:8+3` | the same, compatible with ISA-L; not every count exists | [`Code::isal_rs`] |
//! | `snapraid:10+4` | the same, compatible with SnapRAID | [`Code::snapraid`] |
//! | `raid5:6`, `raid6:8` | 6 and 8 disks in total, one and two of them parity | [`Code::raid5`], [`Code::raid6`] |
//! | `mirror:2x5` | 2 copies of 5 disks | [`Code::mirror`] |
//! | `raid51:2x6`, `raid61:2x8` | 2 copies of RAID 5 on 6 disks, of RAID 6 on 8 | [`Code::nested`] |
//! | `raid55:4x4`, `raid66:8x8` | groups x disks in a group, parity included at both levels | [`Code::nested`] |
//! | `lrc:12,2,2` | 12 data shards in 2 local groups, 2 global parities | [`Code::local`] |
//! | `lrcu:12,2,2` | the same counts, with the global parities inside the groups | [`Code::local_uniform`] |
//! | `hier:4x6+1+1` | 4 nodes of 6 disks: 1 parity disk in each node, 1 parity node | [`Code::hierarchical`] |
//!
//! The first digit of a RAID of RAIDs is the level inside the groups, the second the level across them. A name is written
//! in exactly one form, and apart from the one alias it is read in that form only:
//!
//! ```
//! use evariste::{Code, Layout};
//! let layout: Layout = "raid61:2x8".parse()?;
//! assert_eq!(layout, Layout::Raid61 { groups: 2, disks: 8 });
//! assert_eq!(layout.to_string(), "raid61:2x8");
//! assert_eq!((layout.data_shards(), layout.parity_shards(), layout.total_shards()), (6, 10, 16));
//! assert_eq!((layout.inner_tolerance(), layout.outer_tolerance()), (2, Some(1)));
//! assert_eq!(layout.code()?.groups().members(1).len(), 8);
//! // A code can be read by name too, and knows its name.
//! let code: Code = "cauchy:10+4".parse()?;
//! assert_eq!((code.to_string().as_str(), Layout::of(&code)), ("cauchy:10+4", Some(Layout::Cauchy { data: 10, parity: 4 })));
//! # Ok::<(), evariste::Error>(())
//! ```

mod check;
mod code;
mod name;
mod placement;
mod rotation;
mod shape;

use crate::{Code, Error};

pub use placement::Placement;
pub use rotation::Rotation;

/// A code by the name users write. Every code that a [`Code`] constructor makes from counts alone has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// `rs:K+M`: Reed-Solomon, the [default code](Code::vandermonde). `vandermonde:K+M` is read as the same.
    ReedSolomon {
        /// Data shards.
        data: usize,
        /// Parity shards.
        parity: usize,
    },
    /// `cauchy:K+M`: Reed-Solomon from a [Cauchy matrix](Code::cauchy).
    Cauchy {
        /// Data shards.
        data: usize,
        /// Parity shards.
        parity: usize,
    },
    /// `jerasure-van:K+M`: Reed-Solomon with [Jerasure's matrix](Code::jerasure_van).
    JerasureVan {
        /// Data shards.
        data: usize,
        /// Parity shards.
        parity: usize,
    },
    /// `isal-rs:K+M`: [powers of two](Code::isal_rs), as in ISA-L.
    IsalRs {
        /// Data shards.
        data: usize,
        /// Parity shards.
        parity: usize,
    },
    /// `snapraid:K+M`: [SnapRAID's parities](Code::snapraid).
    Snapraid {
        /// Data shards.
        data: usize,
        /// Parity shards.
        parity: usize,
    },
    /// `raid5:N`.
    Raid5 {
        /// Disks in total.
        disks: usize,
    },
    /// `raid6:N`.
    Raid6 {
        /// Disks in total.
        disks: usize,
    },
    /// `mirror:CxN`: RAID 1.
    Mirror {
        /// Copies, the data itself included.
        copies: usize,
        /// Disks in each copy.
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
        /// Global parities, outside the groups.
        globals: usize,
    },
    /// `lrcu:K,L,G`: a [uniform](Code::local_uniform) local reconstruction code.
    LocalUniform {
        /// Data shards.
        data: usize,
        /// Local groups, each with one parity; their sizes differ by one at most.
        groups: usize,
        /// Global parities, inside the groups.
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

impl Layout {
    /// The most shards a layout may have: [`Code::MAX_NESTED_SHARDS`].
    pub const MAX_SHARDS: usize = Code::MAX_NESTED_SHARDS;

    /// The code.
    ///
    /// Its [`Code::groups`] say which shards form which group; a flat code is one group of all its shards.
    ///
    /// # Errors
    /// As [`Layout::check`]; [`Error::TooManyShards`] if the construction runs out of field elements;
    /// [`Error::NotMds`] for counts that `isal-rs` does not support.
    pub fn code(&self) -> Result<Code, Error> {
        self.check()?;
        match *self {
            Self::ReedSolomon { data, parity } => Code::reed_solomon(data, parity),
            Self::Cauchy { data, parity } => Code::cauchy(data, parity),
            Self::JerasureVan { data, parity } => Code::jerasure_van(data, parity),
            Self::IsalRs { data, parity } => Code::isal_rs(data, parity),
            Self::Snapraid { data, parity } => Code::snapraid(data, parity),
            Self::Raid5 { disks } => Code::raid5(disks - 1),
            Self::Raid6 { disks } => Code::raid6(disks - 2),
            Self::Mirror { copies, disks } => Code::mirror(disks, copies),
            Self::Raid51 { groups, disks } => Code::nested(&Code::mirror(1, groups)?, &Code::raid5(disks - 1)?),
            Self::Raid61 { groups, disks } => Code::nested(&Code::mirror(1, groups)?, &Code::raid6(disks - 2)?),
            Self::Raid55 { groups, disks } => Code::nested(&Code::raid5(groups - 1)?, &Code::raid5(disks - 1)?),
            Self::Raid66 { groups, disks } => Code::nested(&Code::raid6(groups - 2)?, &Code::raid6(disks - 2)?),
            Self::Local { data, groups, globals } => Code::local(data, groups, globals),
            Self::LocalUniform { data, groups, globals } => Code::local_uniform(data, groups, globals),
            Self::Hierarchical { nodes, disks, inside, across } => Code::hierarchical(nodes, disks, inside, across),
        }
    }

    /// Which device holds which shard of a stripe.
    ///
    /// # Errors
    /// As [`Layout::code`].
    pub fn placement(&self) -> Result<Placement, Error> {
        Placement::new(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One name of every kind, and of some a second that differs in more than its numbers.
    pub(super) const NAMES: [&str; 20] = [
        "rs:10+4",
        "cauchy:10+4",
        "jerasure-van:10+4",
        "isal-rs:8+3",
        "snapraid:10+4",
        "raid5:6",
        "raid6:8",
        "mirror:2x5",
        "mirror:3x1",
        "raid51:2x6",
        "raid51:3x4",
        "raid61:2x8",
        "raid55:4x4",
        "raid66:8x8",
        "lrc:12,2,2",
        "lrc:48,4,3",
        "lrcu:12,2,2",
        "lrcu:20,3,3",
        "hier:4x6+1+1",
        "hier:5x8+2+3",
    ];

    /// A layout's name makes the code of the constructor that the table names, byte for byte.
    #[test]
    fn a_name_makes_the_constructors_code() {
        let levels = |outer: Result<Code, Error>, inner: Result<Code, Error>| Code::nested(&outer?, &inner?);
        let codes = [
            Code::vandermonde(10, 4),
            Code::cauchy(10, 4),
            Code::jerasure_van(10, 4),
            Code::isal_rs(8, 3),
            Code::snapraid(10, 4),
            Code::raid5(5),
            Code::raid6(6),
            Code::mirror(5, 2),
            Code::mirror(1, 3),
            levels(Code::mirror(1, 2), Code::raid5(5)),
            levels(Code::mirror(1, 3), Code::raid5(3)),
            levels(Code::mirror(1, 2), Code::raid6(6)),
            levels(Code::raid5(3), Code::raid5(3)),
            levels(Code::raid6(6), Code::raid6(6)),
            Code::local(12, 2, 2),
            Code::local(48, 4, 3),
            Code::local_uniform(12, 2, 2),
            Code::local_uniform(20, 3, 3),
            Code::hierarchical(4, 6, 1, 1),
            Code::hierarchical(5, 8, 2, 3),
        ];
        for (name, code) in NAMES.into_iter().zip(codes) {
            assert_eq!(name.parse::<Layout>().unwrap().code().unwrap(), code.unwrap(), "{name}");
        }
        assert_eq!("vandermonde:10+4".parse::<Layout>().unwrap().code().unwrap(), Code::vandermonde(10, 4).unwrap());
    }

    /// What the construction itself cannot do shows when the code is made.
    #[test]
    fn a_code_that_does_not_exist_is_refused() {
        let code = |name: &str| name.parse::<Layout>().unwrap().code().unwrap_err();
        assert!(matches!(code("rs:255+2"), Error::TooManyShards { given: 257, limit: 256, .. }));
        assert!(matches!(code("raid6:258"), Error::TooManyShards { given: 256, limit: 255, .. }));
        assert!(matches!(code("lrc:255,1,2"), Error::TooManyShards { .. }));
        assert!(matches!(code("lrcu:255,1,2"), Error::TooManyShards { .. }));
        assert!(matches!(code("isal-rs:10+5"), Error::NotMds { data_limit: 5, parity_limit: 4, .. }));
    }
}
