//! The solver finds the cheapest plan that rebuilds the wanted shards of those that are lost.
//!
//! **One repair** ([`Code::repair_plan`]). The parity checks have one row for each parity shard. They are solved for the lost
//! shards first and then for survivors, the most expensive first. The shards without a pivot form a basis of least cost (the
//! greedy algorithm on a matroid, seen from its dual: J. Edmonds, "Matroids and the greedy algorithm", 1971). The row of a lost
//! shard holds its coefficients over that basis. A lost shard can be rebuilt if and only if its row contains no other lost shard.
//! The plan reads only the basis shards that a wanted shard uses, so it finds a local group of a larger code if the group
//! suffices. Then the solver exchanges single basis shards for other survivors as long as that makes the plan cheaper.
//!
//! Codes with groups have *lines*, sets of shards that are codes by themselves: rows and columns of a product, copies of a shard, a
//! local group. Peeling goes along these lines, the cheapest first, and finds survivors that suffice or nearly suffice. The same
//! elimination, with these survivors preferred, makes another plan, and the solver takes the cheapest plan. Elimination decides
//! which shards can be rebuilt, so a bad choice of sources never makes a plan fail.
//!
//! For MDS codes the result is optimal. For other codes it is a local optimum: finding the sparsest combination is as hard as
//! finding a code's minimum distance (A. Vardy, "The intractability of computing the minimum distance of a code", IEEE
//! Trans. IT-43, 1997). If a round of exchanges would take long, there are no exchanges.
//!
//! **Many stripes, each with its own losses** ([`Losses`]). The plans of a generalised Reed-Solomon code have their slots at
//! once. The backend that runs them computes their matrices: the host by a closed formula, a GPU for thousands of plans at a time.

mod losses;
mod peel;
#[cfg(test)]
mod tests;

use crate::{Code, Error, Matrix, Plan, gf256};
pub use losses::Losses;
pub(crate) use losses::repair_by;
use peel::{Price, Rank};

/// Exchanges are searched only while one round stays below this many products: about a millisecond.
const EXCHANGE_LIMIT: usize = 1 << 20;

impl Code {
    /// The cheapest plan that the solver finds to rebuild the `wanted` shards without the `lost` ones.
    ///
    /// `cost` returns the cost of reading a shard. The cost of a plan is the sum over its sources. Every shard that the survivors
    /// determine can be rebuilt, and no source of the plan can be left out. [`crate::solver`] says for which codes the plan is the
    /// cheapest possible. The order of `wanted` is the order of the targets.
    ///
    /// ```
    /// use evariste::{Error, Layout};
    /// // Four nodes of four disks. A shard of the same node as shard 5 costs 1, a shard from the network 10.
    /// let code = "raid55:4x4".parse::<Layout>()?.code()?;
    /// let node = |shard: usize| code.groups().place(shard).map(|place| place.group);
    /// let cost = |source: usize| if node(source) == node(5) { 1 } else { 10 };
    /// assert_eq!(code.repair_plan(&[5], &[5], &cost)?.sources(), [3, 4, 10]);
    /// // If the node lost two disks, one is rebuilt from other nodes, and the second from its own node.
    /// assert_eq!(code.repair_plan(&[4, 5], &[4, 5], &cost)?.sources(), [1, 3, 7, 10, 13]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ShardIndex`], [`Error::Duplicate`], [`Error::NotLost`] for a wanted shard that is not lost;
    /// [`Error::Unrecoverable`] if the survivors do not determine every wanted shard.
    pub fn repair_plan(&self, lost: &[usize], wanted: &[usize], cost: &dyn Fn(usize) -> u32) -> Result<Plan, Error> {
        self.check_shards(lost)?;
        self.check_shards(wanted)?;
        if let Some(&index) = wanted.iter().find(|w| !lost.contains(w)) {
            return Err(Error::NotLost { index });
        }
        solve(self, lost, wanted, cost)
    }
}

/// See [`Code::repair_plan`], which checks the arguments.
fn solve(code: &Code, lost: &[usize], wanted: &[usize], cost: &dyn Fn(usize) -> u32) -> Result<Plan, Error> {
    let mut is_lost = vec![false; code.total_shards()];
    for &shard in lost {
        is_lost[shard] = true;
    }
    let costs: Vec<u64> =
        is_lost.iter().enumerate().map(|(shard, &lost)| if lost { u64::MAX } else { u64::from(cost(shard)) }).collect();

    let mut system = System::new(code, lost, &costs, &vec![Rank::Far; costs.len()]);
    let is_solved = |shard: &usize| system.is_solved(*shard);
    if !wanted.iter().all(is_solved) {
        let (recoverable, beyond) = lost.iter().copied().partition(is_solved);
        return Err(Error::Unrecoverable { lost: lost.to_vec(), beyond, recoverable });
    }
    // If any k shards determine the others, every plan reads k shards, and the basis is the cheapest k.
    if code.lines().iter().any(|line| line.members.len() == code.total_shards()) {
        return Ok(system.plan(wanted));
    }
    system.improve(wanted);
    if !code.lines().is_empty() {
        let ranks = |price| peel::ranks(code.lines(), wanted, &costs, price);
        let (whole, shared) = (ranks(Price::Whole), ranks(Price::Shared));
        for ranks in [Some(&whole), Some(&shared).filter(|&shared| shared != &whole)].into_iter().flatten() {
            let mut near = System::new(code, lost, &costs, ranks);
            near.improve(wanted);
            if near.price(wanted) < system.price(wanted) {
                system = near;
            }
        }
    }
    Ok(system.plan(wanted))
}

/// The code's parity checks: one row for each check, one column for each shard. Each row is solved for one shard, its pivot.
///
/// The parity matrix beside the identity, m x n, holds all relations between shards. It is solved for the lost shards and then for
/// the survivors that the plan should avoid. The k columns without a pivot are those of a basis, and the row of a pivot holds its
/// shard's coefficients over that basis. Reducing the transposed generator would give the same result, but it has k rows instead
/// of m, and most of the m rows are already reduced.
struct System {
    checks: Matrix,
    /// The shard that row i is solved for: lost shards first, then survivors.
    pivots: Vec<usize>,
    /// The shards without a pivot.
    basis: Vec<usize>,
    lost: Vec<usize>,
    costs: Vec<u64>,
}

impl System {
    /// The checks, solved for the lost shards and then for the survivors: a later rank first, and within a rank the most
    /// expensive first.
    fn new(code: &Code, lost: &[usize], costs: &[u64], ranks: &[Rank]) -> Self {
        let parity = code.parity_matrix();
        let (m, k) = (parity.rows(), parity.cols());
        let mut checks =
            Matrix::from_fn(
                m,
                k + m,
                |row, shard| {
                    if shard < k { parity.row(row)[shard] } else { u8::from(shard - k == row) }
                },
            );
        let mut survivors: Vec<usize> = (0..k + m).filter(|&shard| costs[shard] != u64::MAX).collect();
        // At equal cost, a plan prefers to read data.
        survivors.sort_by_key(|&shard| std::cmp::Reverse((ranks[shard], costs[shard], shard)));
        let mut pivots = Vec::with_capacity(m);
        let mut basis = Vec::with_capacity(k);
        for &shard in lost.iter().chain(&survivors) {
            let row = pivots.len();
            if let Some(found) = (row..m).find(|&r| checks.row(r)[shard] != 0) {
                checks.swap_rows(row, found);
                checks.eliminate(row, shard);
                pivots.push(shard);
            } else {
                basis.push(shard);
            }
        }
        basis.sort_by_key(|&shard| (costs[shard], shard));
        Self { checks, pivots, basis, lost: lost.to_vec(), costs: costs.to_vec() }
    }

    /// The row that is solved for a shard.
    fn row_of(&self, shard: usize) -> Option<&[u8]> {
        self.pivots.iter().position(|&pivot| pivot == shard).map(|row| self.checks.row(row))
    }

    /// Whether a lost shard can be rebuilt: a row is solved for it that contains no other lost shard.
    fn is_solved(&self, shard: usize) -> bool {
        self.row_of(shard).is_some_and(|row| self.lost.iter().all(|&other| other == shard || row[other] == 0))
    }

    /// The basis shards that are read to rebuild the wanted shards, cheapest first.
    fn read(&self, wanted: &[usize]) -> Vec<usize> {
        let rows: Vec<&[u8]> = wanted.iter().filter_map(|&shard| self.row_of(shard)).collect();
        self.basis.iter().copied().filter(|&shard| rows.iter().any(|row| row[shard] != 0)).collect()
    }

    /// The cost of rebuilding the wanted shards, and the number of shards read.
    fn price(&self, wanted: &[usize]) -> (u64, usize) {
        let read = self.read(wanted);
        (read.iter().map(|&shard| self.costs[shard]).sum(), read.len())
    }

    /// Exchanges basis shards that are read for other survivors as long as that makes the plan cheaper.
    fn improve(&mut self, wanted: &[usize]) {
        while let Some((row, shard)) = self.best_exchange(wanted) {
            self.exchange(row, shard);
        }
    }

    /// The exchange that saves most: the row of a survivor that replaces a basis shard, and the basis shard. `None` if none saves.
    fn best_exchange(&self, wanted: &[usize]) -> Option<(usize, usize)> {
        let read = self.read(wanted);
        let others: Vec<usize> =
            (0..self.pivots.len()).rev().filter(|&row| self.costs[self.pivots[row]] != u64::MAX).collect();
        if others.len() * read.len() * self.basis.len() * wanted.len() > EXCHANGE_LIMIT {
            return None;
        }
        let rows: Vec<&[u8]> = wanted.iter().filter_map(|&shard| self.row_of(shard)).collect();
        let now: u64 = read.iter().map(|&shard| self.costs[shard]).sum();
        let candidates = others.iter().flat_map(|&row| read.iter().map(move |&shard| (row, shard)));
        candidates
            .filter(|&(row, shard)| self.checks.row(row)[shard] != 0)
            .map(|(row, shard)| (self.cost_after(row, shard, &rows), (row, shard)))
            .min_by_key(|&(cost, _)| cost)
            .filter(|&(cost, _)| cost < now)
            .map(|(_, exchange)| exchange)
    }

    /// The cost of the plan if the survivor that row `row` is solved for replaces `shard` in the basis.
    fn cost_after(&self, row: usize, shard: usize, rows: &[&[u8]]) -> u64 {
        // The shard is read before the exchange, so the survivor that replaces it is read afterwards.
        let check = self.checks.row(row);
        let scale = gf256::inv(check[shard]).unwrap_or(0);
        let factors: Vec<u8> = rows.iter().map(|wanted| gf256::mul(wanted[shard], scale)).collect();
        let is_read = |&other: &usize| {
            let stays = |(wanted, &factor): (&&[u8], &u8)| wanted[other] != gf256::mul(factor, check[other]);
            other != shard && rows.iter().zip(&factors).any(stays)
        };
        self.costs[self.pivots[row]]
            + self.basis.iter().filter(|&other| is_read(other)).map(|&s| self.costs[s]).sum::<u64>()
    }

    fn exchange(&mut self, row: usize, shard: usize) {
        self.checks.eliminate(row, shard);
        let freed = std::mem::replace(&mut self.pivots[row], shard);
        self.basis.retain(|&other| other != shard);
        let costs = &self.costs;
        let at = self.basis.partition_point(|&other| (costs[other], other) < (costs[freed], freed));
        self.basis.insert(at, freed);
    }

    fn plan(&self, wanted: &[usize]) -> Plan {
        let mut read = self.read(wanted);
        read.sort_unstable();
        let rows: Vec<&[u8]> = wanted.iter().filter_map(|&shard| self.row_of(shard)).collect();
        let matrix = Matrix::from_fn(wanted.len(), read.len(), |target, source| rows[target][read[source]]);
        Plan::trusted(read, wanted.to_vec(), matrix)
    }
}
