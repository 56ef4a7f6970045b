//! Distinct sets of lost shards.

use std::collections::HashSet;

use evariste::Code;

use crate::random::Random;

/// All patterns are listed for codes of at most this many shards.
const LISTED_SHARDS: usize = 20;

/// `count` distinct random sets of 1 to m shards, or all sets if the code has fewer.
pub(super) fn distinct(code: &Code, count: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let (n, m) = (code.total_shards(), code.parity_shards());
    if n <= LISTED_SHARDS {
        let sets = (1..1_u32 << n).filter(|set| set.count_ones() as usize <= m);
        let mut all: Vec<Vec<usize>> = sets.map(|set| (0..n).filter(|shard| set >> shard & 1 == 1).collect()).collect();
        let chosen = random.choose(count.min(all.len()), all.len());
        return chosen.into_iter().map(|at| std::mem::take(&mut all[at])).collect();
    }
    // Wider codes have more patterns than any count, unless they have little parity. So it is enough to count the sets
    // of up to three shards.
    let pairs = n * (n - 1) / 2;
    let triples = pairs * (n - 2) / 3;
    let most = count.min(n + if m > 1 { pairs } else { 0 } + if m > 2 { triples } else { 0 });
    let mut seen = HashSet::new();
    let mut lost = Vec::with_capacity(most);
    while lost.len() < most {
        let size = 1 + random.below(m);
        let set = random.choose(size, n);
        if seen.insert(set.clone()) {
            lost.push(set);
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_distinct() {
        let mut random = Random::new(1);
        for (k, m, count, expected) in
            [(10, 4, 9999, 1470), (10, 4, 100, 100), (50, 10, 4096, 4096), (30, 1, 99, 31), (20, 2, 999, 22 + 231)]
        {
            let lost = distinct(&Code::cauchy(k, m).unwrap(), count, &mut random);
            assert_eq!(lost.len(), expected, "{k}+{m}");
            assert_eq!(lost.iter().collect::<HashSet<_>>().len(), expected);
            assert!(lost.iter().all(|lost| (1..=m).contains(&lost.len())));
        }
    }
}
