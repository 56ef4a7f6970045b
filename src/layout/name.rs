//! How a layout is written and read.

use std::fmt;
use std::str::FromStr;

use super::Layout;
use crate::Error;

/// How the names of one kind look: `keyword:pattern`, with a count for each letter of the pattern.
struct Form {
    keyword: &'static str,
    pattern: &'static str,
    /// Counts as they stand in an example.
    example: &'static str,
    /// The layout with these counts. A kind with fewer than four ignores the rest.
    layout: fn([usize; MOST_COUNTS]) -> Layout,
}

/// The most counts in a name.
const MOST_COUNTS: usize = 4;

/// The construction's own name, which is read as `rs`.
const ALIAS: (&str, &str) = ("vandermonde", "rs");

const FORMS: [Form; 15] = [
    form("rs", "K+M", "10+4", |[data, parity, ..]| Layout::ReedSolomon { data, parity }),
    form("cauchy", "K+M", "10+4", |[data, parity, ..]| Layout::Cauchy { data, parity }),
    form("jerasure-van", "K+M", "10+4", |[data, parity, ..]| Layout::JerasureVan { data, parity }),
    form("isal-rs", "K+M", "8+3", |[data, parity, ..]| Layout::IsalRs { data, parity }),
    form("snapraid", "K+M", "10+4", |[data, parity, ..]| Layout::Snapraid { data, parity }),
    form("raid5", "N", "6", |[disks, ..]| Layout::Raid5 { disks }),
    form("raid6", "N", "8", |[disks, ..]| Layout::Raid6 { disks }),
    form("mirror", "CxN", "2x5", |[copies, disks, ..]| Layout::Mirror { copies, disks }),
    form("raid51", "MxN", "2x6", |[groups, disks, ..]| Layout::Raid51 { groups, disks }),
    form("raid61", "MxN", "2x8", |[groups, disks, ..]| Layout::Raid61 { groups, disks }),
    form("raid55", "MxN", "4x4", |[groups, disks, ..]| Layout::Raid55 { groups, disks }),
    form("raid66", "MxN", "8x8", |[groups, disks, ..]| Layout::Raid66 { groups, disks }),
    form("lrc", "K,L,G", "12,2,2", |[data, groups, globals, _]| Layout::Local { data, groups, globals }),
    form("lrcu", "K,L,G", "12,2,2", |[data, groups, globals, _]| Layout::LocalUniform { data, groups, globals }),
    form("hier", "MxN+I+A", "4x6+1+1", |[nodes, disks, inside, across]| Layout::Hierarchical {
        nodes,
        disks,
        inside,
        across,
    }),
];

const fn form(
    keyword: &'static str,
    pattern: &'static str,
    example: &'static str,
    layout: fn([usize; MOST_COUNTS]) -> Layout,
) -> Form {
    Form { keyword, pattern, example, layout }
}

impl Form {
    /// The form of the kind with this keyword, or with the alias of one.
    fn of(keyword: &str) -> Option<&'static Self> {
        let (alias, meant) = ALIAS;
        let keyword = if keyword == alias { meant } else { keyword };
        FORMS.iter().find(|form| form.keyword == keyword)
    }

    /// The layout with these counts, if they are written as the pattern says.
    fn read(&self, counts: &str) -> Option<Layout> {
        let (mut numbers, mut found, mut rest) = ([0; MOST_COUNTS], 0, counts);
        for separator in self.pattern.chars().filter(|&c| is_separator(c)) {
            let (digits, after) = rest.split_once(separator)?;
            numbers[found] = number(digits)?;
            (found, rest) = (found + 1, after);
        }
        numbers[found] = number(rest)?;
        Some((self.layout)(numbers))
    }

    /// What a name of this form looks like.
    fn expected(&self) -> String {
        let Self { keyword, pattern, example, .. } = self;
        format!("{keyword}:{pattern}, such as {keyword}:{example}")
    }
}

/// What stands between the counts of a name.
fn is_separator(c: char) -> bool {
    matches!(c, '+' | 'x' | ',')
}

/// A number as it is written: digits, without a sign or a leading zero.
fn number(digits: &str) -> Option<usize> {
    let number = digits.parse().ok()?;
    (usize::to_string(&number) == digits).then_some(number)
}

/// An example of every form.
fn examples() -> String {
    let examples: Vec<String> = FORMS.iter().map(|form| format!("{}:{}", form.keyword, form.example)).collect();
    format!("a name such as {}", examples.join(", "))
}

impl Layout {
    /// The word before the colon.
    pub(super) fn keyword(&self) -> &'static str {
        self.written().0
    }

    /// The word before the colon and the counts after it.
    fn written(&self) -> (&'static str, [usize; MOST_COUNTS]) {
        match *self {
            Self::ReedSolomon { data, parity } => ("rs", [data, parity, 0, 0]),
            Self::Cauchy { data, parity } => ("cauchy", [data, parity, 0, 0]),
            Self::JerasureVan { data, parity } => ("jerasure-van", [data, parity, 0, 0]),
            Self::IsalRs { data, parity } => ("isal-rs", [data, parity, 0, 0]),
            Self::Snapraid { data, parity } => ("snapraid", [data, parity, 0, 0]),
            Self::Raid5 { disks } => ("raid5", [disks, 0, 0, 0]),
            Self::Raid6 { disks } => ("raid6", [disks, 0, 0, 0]),
            Self::Mirror { copies, disks } => ("mirror", [copies, disks, 0, 0]),
            Self::Raid51 { groups, disks } => ("raid51", [groups, disks, 0, 0]),
            Self::Raid61 { groups, disks } => ("raid61", [groups, disks, 0, 0]),
            Self::Raid55 { groups, disks } => ("raid55", [groups, disks, 0, 0]),
            Self::Raid66 { groups, disks } => ("raid66", [groups, disks, 0, 0]),
            Self::Local { data, groups, globals } => ("lrc", [data, groups, globals, 0]),
            Self::LocalUniform { data, groups, globals } => ("lrcu", [data, groups, globals, 0]),
            Self::Hierarchical { nodes, disks, inside, across } => ("hier", [nodes, disks, inside, across]),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keyword, counts) = self.written();
        let pattern = Form::of(keyword).expect("every kind has a form").pattern;
        let mut counts = counts.into_iter();
        let mut name = format!("{keyword}:");
        for c in pattern.chars() {
            if is_separator(c) {
                name.push(c);
            } else {
                name.extend(counts.next().map(|count| count.to_string()));
            }
        }
        f.pad(&name)
    }
}

impl FromStr for Layout {
    type Err = Error;

    /// Reads a name as [`Display`](fmt::Display) writes it, or with `vandermonde` for `rs`, and
    /// [checks](Layout::check) the layout.
    fn from_str(name: &str) -> Result<Self, Error> {
        let unknown = |expected| Error::LayoutName { name: name.to_owned(), expected };
        let (keyword, counts) = name.split_once(':').unwrap_or((name, ""));
        let form = Form::of(keyword).ok_or_else(|| unknown(examples()))?;
        let layout = form.read(counts).ok_or_else(|| unknown(form.expected()))?;
        layout.check()?;
        Ok(layout)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::NAMES;
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in NAMES {
            assert_eq!(name.parse::<Layout>().unwrap().to_string(), name);
        }
        assert_eq!("raid51:2x6".parse::<Layout>().unwrap(), Layout::Raid51 { groups: 2, disks: 6 });
        assert_eq!("mirror:2x5".parse::<Layout>().unwrap(), Layout::Mirror { copies: 2, disks: 5 });
        assert_eq!("lrc:12,2,3".parse::<Layout>().unwrap(), Layout::Local { data: 12, groups: 2, globals: 3 });
        assert_eq!("lrcu:12,2,3".parse::<Layout>().unwrap(), Layout::LocalUniform { data: 12, groups: 2, globals: 3 });
        assert_eq!(
            "hier:4x6+2+1".parse::<Layout>().unwrap(),
            Layout::Hierarchical { nodes: 4, disks: 6, inside: 2, across: 1 }
        );
    }

    /// Every form is one that layouts are written in, and its example is read.
    #[test]
    fn every_form_has_an_example_that_round_trips() {
        for form in &FORMS {
            let name = format!("{}:{}", form.keyword, form.example);
            let layout: Layout = name.parse().unwrap();
            assert_eq!((layout.to_string(), layout.keyword()), (name.clone(), form.keyword));
            assert!(NAMES.iter().any(|known| known.starts_with(&format!("{}:", form.keyword))), "{name}");
        }
    }

    #[test]
    fn the_default_code_has_two_names_and_one_is_written() {
        let layout: Layout = "vandermonde:10+4".parse().unwrap();
        assert_eq!((layout, layout.to_string().as_str()), (Layout::ReedSolomon { data: 10, parity: 4 }, "rs:10+4"));
    }

    /// Also where a layout was never checked.
    #[test]
    fn any_counts_are_written() {
        let layout = Layout::Hierarchical { nodes: 0, disks: usize::MAX, inside: 7, across: 0 };
        assert_eq!(layout.to_string(), format!("hier:0x{}+7+0", usize::MAX));
        assert_eq!(format!("[{:<9}]", Layout::Raid5 { disks: 6 }), "[raid5:6  ]");
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let forms = "a name such as rs:10+4, cauchy:10+4";
        for (name, form) in [
            ("", forms),
            ("raid7:6", forms),
            ("RAID5:6", forms),
            ("custom 5+3", forms),
            ("10+4", forms),
            ("raid5", "raid5:N, such as raid5:6"),
            ("raid5:", "raid5:N"),
            ("raid5:6x2", "raid5:N, such as raid5:6"),
            ("raid6:+8", "raid6:N"),
            ("raid6: 8", "raid6:N"),
            ("raid6:08", "raid6:N"),
            ("raid55:4", "raid55:MxN"),
            ("raid55:4x4x4", "raid55:MxN"),
            ("raid66:8X8", "raid66:MxN"),
            ("mirror:2", "mirror:CxN, such as mirror:2x5"),
            ("rs:10,4", "rs:K+M"),
            ("rs:10+-4", "rs:K+M"),
            ("vandermonde:10", "rs:K+M, such as rs:10+4"),
            ("cauchy", "cauchy:K+M, such as cauchy:10+4"),
            ("isal-rs:8", "isal-rs:K+M, such as isal-rs:8+3"),
            ("lrc:12,2", "lrc:K,L,G"),
            ("lrcu:12,2,2,2", "lrcu:K,L,G"),
            ("hier:4x6+1", "hier:MxN+I+A, such as hier:4x6+1+1"),
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
        let message = "raid55:4".parse::<Layout>().unwrap_err().to_string();
        assert_eq!(message, "`raid55:4` is not a layout: expected raid55:MxN, such as raid55:4x4");
    }
}
