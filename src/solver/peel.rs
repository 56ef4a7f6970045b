//! Which survivors lie near: those that rebuild the wanted shards line by line.
//!
//! A line of which enough members are known gives the others, these may complete another line, and so on: what decoders
//! of product codes do by turns over rows and columns. Here it only chooses what to read. The solver then eliminates with
//! these survivors in front, so that what peeling cannot reach is decoded all the same, and no shard is read in vain.

use crate::code::Line;

/// How gladly a survivor is read; the order of these is the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Peeling reads it.
    Read,
    /// It lies on a line with a lost shard that peeling does not reach, or rebuilds another member of such a line.
    Near,
    /// Neither.
    Far,
}

/// What a line costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Price {
    /// What is read for it.
    Whole,
    /// The same, shared among the wanted shards that it gives: better where many are lost together.
    Shared,
}

/// The rank of every shard. Lost shards cost `u64::MAX`.
///
/// One wanted shard after the other, the cheapest next: the lines to it are found as D. E. Knuth finds them in
/// "A generalization of Dijkstra's algorithm", 1977, and what one shard reads or rebuilds is free for those that follow.
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
    /// The lines through each shard, of those that a lost shard lies on.
    through: Vec<Vec<usize>>,
    /// What it costs to know a shard: nothing, once it is read or rebuilt; `u64::MAX` while it is lost.
    prices: Vec<u64>,
    ranks: Vec<Rank>,
    price: Price,
}

/// How shards can be rebuilt.
struct Ways {
    /// What it costs to know a shard, by its way where it is lost.
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
        // In fractions of a cost, so that it can be shared.
        let prices = costs.iter().map(|cost| cost.saturating_mul(256)).collect();
        Self { lines, through, prices, ranks: vec![Rank::Far; costs.len()], price }
    }

    /// The cheapest ways in order of price, until one of the missing shards is reached or nothing more can be.
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

    /// Reads and rebuilds what a shard is rebuilt from.
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

    /// Marks what lies on lines with a missing shard, or with a lost one on a line with such a shard, and so on.
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

/// What it costs to rebuild a line's unknown members, and from which of the others; `None` if it has none or too many.
fn offer(line: &Line, prices: &[u64]) -> Option<(u64, Vec<usize>)> {
    let mut known: Vec<usize> = line.members.iter().copied().filter(|&shard| prices[shard] != u64::MAX).collect();
    if known.len() == line.members.len() || known.len() < line.needed {
        return None;
    }
    known.sort_by_key(|&shard| prices[shard]);
    known.truncate(line.needed);
    // Below the mark of what is lost: where each line is solved with the one before it, prices grow without bound.
    let price = known.iter().fold(0_u64, |sum, &shard| sum.saturating_add(prices[shard]));
    Some((price.min(u64::MAX - 1), known))
}
