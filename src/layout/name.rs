//! How a layout is written and read.

use std::fmt;
use std::str::FromStr;

use super::Layout;
use crate::Error;

/// What a name may look like.
const FORMS: &str = "rs:10+4, raid5:6, raid6:8, raid51:2x6, raid61:2x8, raid55:4x4, raid66:8x8, lrc:12,2,2, hier:4x6+1+1 or such a name with other \
                     numbers";

impl Layout {
    /// The word before the colon.
    pub(super) fn keyword(&self) -> &'static str {
        match self {
            Self::ReedSolomon { .. } => "rs",
            Self::Raid5 { .. } => "raid5",
            Self::Raid6 { .. } => "raid6",
            Self::Raid51 { .. } => "raid51",
            Self::Raid61 { .. } => "raid61",
            Self::Raid55 { .. } => "raid55",
            Self::Raid66 { .. } => "raid66",
            Self::Local { .. } => "lrc",
            Self::Hierarchical { .. } => "hier",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keyword = self.keyword();
        match self {
            Self::ReedSolomon { data, parity } => write!(f, "{keyword}:{data}+{parity}"),
            Self::Raid5 { disks } | Self::Raid6 { disks } => write!(f, "{keyword}:{disks}"),
            Self::Raid51 { groups, disks }
            | Self::Raid61 { groups, disks }
            | Self::Raid55 { groups, disks }
            | Self::Raid66 { groups, disks } => write!(f, "{keyword}:{groups}x{disks}"),
            Self::Local { data, groups, globals } => write!(f, "{keyword}:{data},{groups},{globals}"),
            Self::Hierarchical { nodes, disks, inside, across } => {
                write!(f, "{keyword}:{nodes}x{disks}+{inside}+{across}")
            }
        }
    }
}

impl FromStr for Layout {
    type Err = Error;

    /// Reads a name as [`Display`](fmt::Display) writes it, and [checks](Layout::check) the layout.
    fn from_str(name: &str) -> Result<Self, Error> {
        let unknown = |expected| Error::LayoutName { name: name.to_owned(), expected };
        let (keyword, counts) = name.split_once(':').ok_or_else(|| unknown(FORMS))?;
        let groups_of_disks = |expected| numbers(counts, ['x']).ok_or_else(|| unknown(expected));
        let layout = match keyword {
            "rs" => {
                let [data, parity] = numbers(counts, ['+']).ok_or_else(|| unknown("rs:K+M, as rs:10+4"))?;
                Self::ReedSolomon { data, parity }
            }
            "raid5" => {
                let [disks] = numbers(counts, []).ok_or_else(|| unknown("raid5:N, as raid5:6"))?;
                Self::Raid5 { disks }
            }
            "raid6" => {
                let [disks] = numbers(counts, []).ok_or_else(|| unknown("raid6:N, as raid6:8"))?;
                Self::Raid6 { disks }
            }
            "raid51" => {
                let [groups, disks] = groups_of_disks("raid51:MxN, as raid51:2x6")?;
                Self::Raid51 { groups, disks }
            }
            "raid61" => {
                let [groups, disks] = groups_of_disks("raid61:MxN, as raid61:2x8")?;
                Self::Raid61 { groups, disks }
            }
            "raid55" => {
                let [groups, disks] = groups_of_disks("raid55:MxN, as raid55:4x4")?;
                Self::Raid55 { groups, disks }
            }
            "raid66" => {
                let [groups, disks] = groups_of_disks("raid66:MxN, as raid66:8x8")?;
                Self::Raid66 { groups, disks }
            }
            "lrc" => {
                let [data, groups, globals] =
                    numbers(counts, [',', ',']).ok_or_else(|| unknown("lrc:K,L,G, as lrc:12,2,2"))?;
                Self::Local { data, groups, globals }
            }
            "hier" => {
                let [nodes, disks, inside, across] =
                    numbers(counts, ['x', '+', '+']).ok_or_else(|| unknown("hier:MxN+I+A, as hier:4x6+1+1"))?;
                Self::Hierarchical { nodes, disks, inside, across }
            }
            _ => return Err(unknown(FORMS)),
        };
        layout.check()?;
        Ok(layout)
    }
}

/// `COUNT` numbers with these separators between them.
fn numbers<const COUNT: usize, const SEPARATORS: usize>(
    text: &str,
    separators: [char; SEPARATORS],
) -> Option<[usize; COUNT]> {
    let mut found = Vec::with_capacity(COUNT);
    let mut rest = text;
    for separator in separators {
        let (digits, after) = rest.split_once(separator)?;
        found.push(number(digits)?);
        rest = after;
    }
    found.push(number(rest)?);
    found.try_into().ok()
}

/// A number as it is written: digits, without a sign or a zero in front.
fn number(digits: &str) -> Option<usize> {
    let number = digits.parse().ok()?;
    (usize::to_string(&number) == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in [
            "rs:10+4",
            "raid5:6",
            "raid6:8",
            "raid51:2x6",
            "raid61:2x8",
            "raid55:4x4",
            "raid66:8x8",
            "lrc:12,2,2",
            "hier:4x6+1+1",
        ] {
            assert_eq!(name.parse::<Layout>().unwrap().to_string(), name);
        }
        assert_eq!("raid51:2x6".parse::<Layout>().unwrap(), Layout::Raid51 { groups: 2, disks: 6 });
        assert_eq!("lrc:12,2,3".parse::<Layout>().unwrap(), Layout::Local { data: 12, groups: 2, globals: 3 });
        assert_eq!(
            "hier:4x6+2+1".parse::<Layout>().unwrap(),
            Layout::Hierarchical { nodes: 4, disks: 6, inside: 2, across: 1 }
        );
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for (name, form) in [
            ("", "rs:10+4, raid5:6"),
            ("raid7:6", "rs:10+4, raid5:6"),
            ("RAID5:6", "rs:10+4, raid5:6"),
            ("raid5", "rs:10+4, raid5:6"),
            ("raid5:", "raid5:N"),
            ("raid5:6x2", "raid5:N, as raid5:6"),
            ("raid6:+8", "raid6:N"),
            ("raid6: 8", "raid6:N"),
            ("raid6:08", "raid6:N"),
            ("raid55:4", "raid55:MxN"),
            ("raid55:4x4x4", "raid55:MxN"),
            ("raid66:8X8", "raid66:MxN"),
            ("rs:10,4", "rs:K+M"),
            ("rs:10+-4", "rs:K+M"),
            ("lrc:12,2", "lrc:K,L,G"),
            ("hier:4x6+1", "hier:MxN+I+A, as hier:4x6+1+1"),
            ("rs:99999999999999999999+4", "rs:K+M"),
            ("raid51:\u{663}x4", "raid51:MxN"),
        ] {
            match name.parse::<Layout>() {
                Err(Error::LayoutName { name: given, expected }) => {
                    assert_eq!(given, name);
                    assert!(expected.starts_with(form), "{name}: {expected}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
