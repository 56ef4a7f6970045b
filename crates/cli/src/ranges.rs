//! Writes numbers of stripes and shards as words.

use evariste_store::Stripes;

/// `stripe 3`, `stripes 0, 7-9`, `stripes 0, 2, 4 and 97 more`.
pub(crate) fn stripes(stripes: &Stripes) -> String {
    let mut shown = 0;
    let runs = stripes.runs().map(|run| {
        let (first, last) = run.into_inner();
        shown += last - first + 1;
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    });
    let runs: Vec<String> = runs.collect();
    let more = match stripes.count() - shown {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} {}{more}", if stripes.count() == 1 { "stripe" } else { "stripes" }, runs.join(", "))
}

/// `1 block`, `3 blocks`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// `shard 3`, `shards 0, 5`, `shards 0, 4-15`. The numbers must be ascending.
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
        super::stripes(&stripes.into_iter().collect())
    }

    #[test]
    fn runs_are_joined() {
        assert_eq!(shown([3]), "stripe 3");
        assert_eq!(shown([3, 3]), "stripe 3");
        assert_eq!(shown([0, 7, 8, 8, 9]), "stripes 0, 7-9");
    }

    #[test]
    fn runs_beyond_the_limit_are_counted() {
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
