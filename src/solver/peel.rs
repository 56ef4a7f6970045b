//! Peeling finds survivors that rebuild the wanted shards line by line.
//!
//! If enough members of a line are known, they determine the others, which may complete another line, and so on. Decoders of
//! product codes work in this way, alternating between rows and columns. Here peeling only chooses what to read. The solver then
//! eliminates with a preference for these survivors, so it also rebuilds shards that peeling cannot reach, and no shard is read
//! without need.

use crate::code::Line;

/// The preference for reading a survivor, most preferred first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Peeling reads it.
    Read,
    /// It is on a line with a lost shard that peeling does not reach, or it rebuilds another member of such a line.
    Near,
    /// Any other survivor.
    Far,
}

/// How the cost of a line is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Price {
    /// The cost of everything that is read for it.
    Whole,
    /// The same, divided by the number of wanted shards that it determines. That is better if many are lost together.
    Shared,
}

/// The rank of every shard. Lost shards cost `u64::MAX`.
///
/// Takes the wanted shards one by one, the cheapest first. The lines to a shard are found as in D. E. Knuth, "A generalization of
/// Dijkstra's algorithm", 1977. Shards that were read or rebuilt for one wanted shard are free for the next.
pub(super) fn ranks(lines: &[Line], wanted: &[usize], costs: &[u64], price: Price) -> Vec<Rank> {
    let mut peel = Peel::new(lines, costs, price);
    let mut missing = wanted.to_vec();
    loop {
        let ways = peel.ways(&missing);
        let Some(found) = missing.iter().position(|&shard| ways.prices[shard] != u64::MAX) else {
            peel.surround(&missing, &ways);
            return peel.ranks;
        };
        peel.take(missing.swap_remove(found), &ways, Rank::Read);
    }
}

struct Peel<'a> {
    lines: &'a [Line],
    /// The lines through each shard. Lines without a lost shard are left out.
    through: Vec<Vec<usize>>,
    /// The cost of knowing a shard: 0 once it is read or rebuilt, `u64::MAX` while it is lost.
    prices: Vec<u64>,
    ranks: Vec<Rank>,
    price: Price,
}

/// How shards can be rebuilt.
struct Ways {
    /// The cost of knowing a shard; for a lost shard, the cost of its way.
    prices: Vec<u64>,
    /// The members of its line that rebuild a lost shard.
    from: Vec<Vec<usize>>,
}

impl<'a> Peel<'a> {
    fn new(lines: &'a [Line], costs: &[u64], price: Price) -> Self {
        let mut through = vec![Vec::new(); costs.len()];
        for (number, line) in lines.iter().enumerate() {
            if line.members.iter().any(|&shard| costs[shard] == u64::MAX) {
                for &shard in &line.members {
                    through[shard].push(number);
                }
            }
        }
        // In units of 1/256 of a cost, so that it can be divided.
        let prices = costs.iter().map(|cost| cost.saturating_mul(256)).collect();
        Self { lines, through, prices, ranks: vec![Rank::Far; costs.len()], price }
    }

    /// The cheapest ways in order of price, until a missing shard is reached or no other shard can be.
    fn ways(&self, missing: &[usize]) -> Ways {
        let mut ways = Ways { prices: self.prices.clone(), from: vec![Vec::new(); self.prices.len()] };
        let mut is_missing = vec![false; self.prices.len()];
        for &shard in missing {
            is_missing[shard] = true;
        }
        let offer = |line: &Line, prices: &[u64]| {
            let (whole, from) = offer(line, prices)?;
            let sharers = match self.price {
                Price::Whole => 1,
                Price::Shared => {
                    line.members.iter().filter(|&&s| is_missing[s] && prices[s] == u64::MAX).count().max(1)
                }
            };
            Some((whole / sharers as u64, from))
        };
        let mut offers: Vec<Option<_>> = self.lines.iter().map(|line| offer(line, &ways.prices)).collect();
        loop {
            let priced = offers.iter().enumerate().filter_map(|(number, offer)| Some((offer.as_ref()?.0, number)));
            let Some((price, number)) = priced.min() else { return ways };
            let from = offers[number].take().map(|(_, from)| from).unwrap_or_default();
            for &shard in self.lines[number].members.iter().filter(|&&shard| self.prices[shard] == u64::MAX) {
                if ways.prices[shard] == u64::MAX {
                    ways.prices[shard] = price;
                    ways.from[shard].clone_from(&from);
                    for &other in &self.through[shard] {
                        offers[other] = offer(&self.lines[other], &ways.prices);
                    }
                }
            }
            if missing.iter().any(|&shard| ways.prices[shard] != u64::MAX) {
                return ways;
            }
        }
    }

    /// Marks all shards that are read or rebuilt to know this shard.
    fn take(&mut self, shard: usize, ways: &Ways, rank: Rank) {
        let mut open = vec![shard];
        while let Some(shard) = open.pop() {
            let price = std::mem::replace(&mut self.prices[shard], 0);
            if ways.from[shard].is_empty() {
                self.ranks[shard] = self.ranks[shard].min(rank);
            } else if price != 0 {
                open.extend(&ways.from[shard]);
            }
        }
    }

    /// Marks the shards on lines with a missing shard, on lines that cross them in a lost shard, and so on.
    fn surround(&mut self, missing: &[usize], ways: &Ways) {
        let mut seen = vec![false; self.lines.len()];
        let mut open = missing.to_vec();
        while let Some(shard) = open.pop() {
            for number in self.through[shard].clone() {
                if std::mem::replace(&mut seen[number], true) {
                    continue;
                }
                for &member in &self.lines[number].members {
                    if ways.prices[member] == u64::MAX {
                        open.push(member);
                    } else {
                        self.take(member, ways, Rank::Near);
                    }
                }
            }
        }
    }
}

/// The cost of rebuilding a line's unknown members, and the members to read; `None` if no member is unknown, or too many are.
fn offer(line: &Line, prices: &[u64]) -> Option<(u64, Vec<usize>)> {
    let mut known: Vec<usize> = line.members.iter().copied().filter(|&shard| prices[shard] != u64::MAX).collect();
    if known.len() == line.members.len() || known.len() < line.needed {
        return None;
    }
    known.sort_by_key(|&shard| prices[shard]);
    known.truncate(line.needed);
    // `u64::MAX` marks a lost shard. If each line is solved with the one before it, prices grow without bound.
    let price = known.iter().fold(0_u64, |sum, &shard| sum.saturating_add(prices[shard]));
    Some((price.min(u64::MAX - 1), known))
}
