//! Which stripes, in as few words as they allow.

/// Ascending stripe numbers as runs. Memory is bounded: beyond [`Ranges::KEPT`] runs only the count goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges {
    runs: Vec<(u64, u64)>,
    last: Option<u64>,
    count: u64,
}

impl Ranges {
    const KEPT: usize = 12;

    /// Adds a stripe. Stripes come in ascending order; one that comes again counts once.
    pub(crate) fn add(&mut self, stripe: u64) {
        if self.last.is_some_and(|last| last >= stripe) {
            return;
        }
        self.last = Some(stripe);
        self.count += 1;
        let has_room = self.runs.len() < Self::KEPT;
        match self.runs.last_mut() {
            Some((_, end)) if *end + 1 == stripe => *end = stripe,
            _ if has_room => self.runs.push((stripe, stripe)),
            _ => {}
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl std::fmt::Display for Ranges {
    /// `stripe 3`, `stripes 0, 7-9`, `stripes 0, 2, 4 and 97 more`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.count == 1 { "stripe " } else { "stripes " })?;
        let mut shown = 0;
        for (position, &(first, last)) in self.runs.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
            shown += last - first + 1;
        }
        if shown < self.count { write!(f, " and {} more", self.count - shown) } else { Ok(()) }
    }
}

/// `1 block`, `3 blocks`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// `shard 3`, `shards 0, 5`, `shards 0, 4-15`: ascending numbers of shards as a sentence names them.
pub(crate) fn shards(indices: &[usize]) -> String {
    let runs = indices.chunk_by(|one, next| one + 1 == *next).flat_map(|run| match run {
        [first, _, .., last] => vec![format!("{first}-{last}")],
        _ => run.iter().map(usize::to_string).collect(),
    });
    let numbers: Vec<String> = runs.collect();
    format!("{} {}", if indices.len() == 1 { "shard" } else { "shards" }, numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(stripes: impl IntoIterator<Item = u64>) -> String {
        let mut ranges = Ranges::default();
        stripes.into_iter().for_each(|stripe| ranges.add(stripe));
        ranges.to_string()
    }

    #[test]
    fn runs_are_joined() {
        assert_eq!(shown([3]), "stripe 3");
        assert_eq!(shown([3, 3]), "stripe 3");
        assert_eq!(shown([0, 7, 8, 8, 9]), "stripes 0, 7-9");
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let all = shown((0..100).map(|i| i * 2));
        assert_eq!(all, "stripes 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22 and 88 more");
        assert_eq!(shown(0..1_000_000), "stripes 0-999999");
    }

    #[test]
    fn three_shards_in_a_row_are_a_run() {
        let wide: Vec<usize> = (4..256).collect();
        for (indices, shown) in [
            (&[3][..], "shard 3"),
            (&[0, 1, 5], "shards 0, 1, 5"),
            (&[0, 1, 2, 4], "shards 0-2, 4"),
            (&wide, "shards 4-255"),
        ] {
            assert_eq!(shards(indices), shown);
        }
    }
}
