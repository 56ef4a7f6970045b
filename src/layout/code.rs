//! Layouts and codes: which layout a code is, and codes by name.

use std::fmt;
use std::str::FromStr;

use super::Layout;
use crate::{Code, Error};

impl Layout {
    /// The constructions of one flat group, by [`Code::name`]. Their counts are data and parity shards.
    pub const FLAT: [&'static str; 7] =
        ["vandermonde", "cauchy", "raid5", "raid6", "isal-rs", "jerasure-van", "snapraid"];

    /// How many parity shards a flat construction always has: 1 for `raid5`, 2 for `raid6`, `None` for every other name.
    ///
    /// ```
    /// use evariste::Layout;
    /// assert_eq!(["raid5", "raid6", "cauchy"].map(Layout::own_parity), [Some(1), Some(2), None]);
    /// ```
    #[must_use]
    pub fn own_parity(construction: &str) -> Option<usize> {
        match construction {
            "raid5" => Some(1),
            "raid6" => Some(2),
            _ => None,
        }
    }

    /// The layout of a flat construction with these counts.
    ///
    /// `construction` is one of [`Layout::FLAT`]. The counts are not [checked](Layout::check).
    ///
    /// ```
    /// use evariste::{Error, Layout};
    /// assert_eq!(Layout::flat("vandermonde", 10, 4)?, "rs:10+4".parse()?);
    /// assert_eq!(Layout::flat("raid6", 6, 2)?, "raid6:8".parse()?);
    /// assert!(matches!(Layout::flat("raid6", 6, 3), Err(Error::OwnParity { given: 3, own: 2, .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::LayoutName`] for any other construction; [`Error::OwnParity`] if `parity_shards` is not the construction's
    /// [own number](Layout::own_parity).
    pub fn flat(construction: &str, data_shards: usize, parity_shards: usize) -> Result<Self, Error> {
        let (data, parity) = (data_shards, parity_shards);
        let disks = |code: &'static str| match Self::own_parity(code) {
            Some(own) if own != parity => Err(Error::OwnParity { code, given: parity, own }),
            _ => Ok(data.saturating_add(parity)),
        };
        Ok(match construction {
            "vandermonde" => Self::ReedSolomon { data, parity },
            "cauchy" => Self::Cauchy { data, parity },
            "raid5" => Self::Raid5 { disks: disks("raid5")? },
            "raid6" => Self::Raid6 { disks: disks("raid6")? },
            "isal-rs" => Self::IsalRs { data, parity },
            "jerasure-van" => Self::JerasureVan { data, parity },
            "snapraid" => Self::Snapraid { data, parity },
            other => {
                let expected = format!("one of {}", Self::FLAT.join(", "));
                return Err(Error::LayoutName { name: other.to_owned(), expected });
            }
        })
    }

    /// The flat construction of this layout, one of [`Layout::FLAT`]; `None` for a layout with groups.
    ///
    /// With [`Layout::data_shards`] and [`Layout::parity_shards`] it is what [`Layout::flat`] takes.
    #[must_use]
    pub fn flat_construction(&self) -> Option<&'static str> {
        match self {
            Self::ReedSolomon { .. } => Some("vandermonde"),
            Self::Cauchy { .. } => Some("cauchy"),
            Self::Raid5 { .. } => Some("raid5"),
            Self::Raid6 { .. } => Some("raid6"),
            Self::IsalRs { .. } => Some("isal-rs"),
            Self::JerasureVan { .. } => Some("jerasure-van"),
            Self::Snapraid { .. } => Some("snapraid"),
            Self::Mirror { .. }
            | Self::Raid51 { .. }
            | Self::Raid61 { .. }
            | Self::Raid55 { .. }
            | Self::Raid66 { .. }
            | Self::Local { .. }
            | Self::LocalUniform { .. }
            | Self::Hierarchical { .. } => None,
        }
    }

    /// The layout of a code, whose [`Layout::code`] is equal to it.
    ///
    /// `None` for a code of a caller's matrix, and for a [product](Code::nested) that is not one of the named ones.
    #[must_use]
    pub fn of(code: &Code) -> Option<Self> {
        let (data, groups) = (code.data_shards(), code.groups().count());
        let disks = code.groups().members(0).len();
        let layout = match (code.name(), code.levels()) {
            ("mirror", _) => Self::Mirror { copies: groups, disks },
            ("nested", Some(("mirror", "raid5"))) => Self::Raid51 { groups, disks },
            ("nested", Some(("mirror", "raid6"))) => Self::Raid61 { groups, disks },
            ("nested", Some(("raid5", "raid5"))) => Self::Raid55 { groups, disks },
            ("nested", Some(("raid6", "raid6"))) => Self::Raid66 { groups, disks },
            ("local", _) => Self::Local { data, groups, globals: code.parity_shards() - groups },
            ("local_uniform", _) => Self::LocalUniform { data, groups, globals: code.parity_shards() - groups },
            ("hierarchical", _) => {
                let data_disks = code.groups().members(0).iter().filter(|&&shard| shard < data).count();
                let (inside, across) = (disks - data_disks, groups - data / data_disks);
                Self::Hierarchical { nodes: groups, disks, inside, across }
            }
            (construction, _) => Self::flat(construction, data, code.parity_shards()).ok()?,
        };
        // A mirror of several disks is an outer code too, but then the product is not RAID 51 or RAID 61.
        (layout.data_shards() == data).then_some(layout)
    }
}

/// The name of the code's [layout](Layout::of), as [`FromStr`] reads it; for a code without one the construction and the
/// counts, such as `custom 5+3`, which cannot be read back.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Layout::of(self) {
            Some(layout) => layout.fmt(f),
            None => f.pad(&format!("{} {}+{}", self.name(), self.data_shards(), self.parity_shards())),
        }
    }
}

impl FromStr for Code {
    type Err = Error;

    /// Makes the [code](Layout::code) of the [layout](Layout) with this name.
    ///
    /// ```
    /// use evariste::Code;
    /// let code: Code = "cauchy:10+4".parse()?;
    /// assert_eq!(code, Code::cauchy(10, 4)?);
    /// assert_eq!(code.to_string(), "cauchy:10+4");
    /// # Ok::<(), evariste::Error>(())
    /// ```
    fn from_str(name: &str) -> Result<Self, Error> {
        name.parse::<Layout>()?.code()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::NAMES;
    use super::*;

    #[test]
    fn a_code_knows_its_layout_and_is_read_by_its_name() {
        for name in NAMES {
            let layout: Layout = name.parse().unwrap();
            let code: Code = name.parse().unwrap();
            assert_eq!(Layout::of(&code), Some(layout), "{name}");
            assert_eq!(code.to_string(), name);
        }
        assert_eq!(Code::reed_solomon(10, 4).unwrap().to_string(), "rs:10+4");
    }

    #[test]
    fn flat_constructions_are_those_of_flat_codes() {
        for name in NAMES {
            let (layout, code): (Layout, Code) = (name.parse().unwrap(), name.parse().unwrap());
            let flat = layout.flat_construction();
            assert_eq!(flat.is_some(), code.groups().count() == 1 && layout.global_shards() == 0, "{name}");
            let Some(construction) = flat else { continue };
            assert!(Layout::FLAT.contains(&construction));
            assert_eq!(construction, code.name());
            assert_eq!(Layout::flat(construction, code.data_shards(), code.parity_shards()).unwrap(), layout);
        }
        assert!(Layout::FLAT.iter().all(|flat| NAMES.iter().any(|name| name.parse::<Code>().unwrap().name() == *flat)));
    }

    #[test]
    fn a_flat_construction_with_other_parity_or_another_name_is_refused() {
        let message = |name, data, parity| Layout::flat(name, data, parity).unwrap_err().to_string();
        assert_eq!(message("raid5", 4, 2), "raid5 has 1 parity shard, got 2");
        assert_eq!(message("raid6", 4, 1), "raid6 has 2 parity shards, got 1");
        assert_eq!(
            message("rs", 4, 1),
            "`rs` is not a layout: expected one of vandermonde, cauchy, raid5, raid6, isal-rs, jerasure-van, snapraid"
        );
    }

    /// What has no name says so by its counts, and is not read back as something else.
    #[test]
    fn a_code_without_a_layout_is_described() {
        let custom = Code::from_generator(&Code::cauchy(5, 3).unwrap().generator()).unwrap();
        let (raid5, cauchy) = (Code::raid5(3).unwrap(), Code::cauchy(2, 1).unwrap());
        let product = Code::nested(&raid5, &cauchy).unwrap();
        let mirrors = Code::nested(&Code::mirror(2, 2).unwrap(), &raid5).unwrap();
        let deeper = Code::nested(&raid5, &Code::nested(&raid5, &raid5).unwrap()).unwrap();
        for (code, described) in
            [(custom, "custom 5+3"), (product, "nested 6+6"), (mirrors, "nested 6+10"), (deeper, "nested 27+37")]
        {
            assert_eq!((Layout::of(&code), code.to_string().as_str()), (None, described));
            assert!(matches!(described.parse::<Code>(), Err(Error::LayoutName { .. })));
        }
    }
}
