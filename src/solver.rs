//! The solver: from lost shards to the cheapest plan that rebuilds the wanted ones.
//!
//! **One repair** ([`Code::repair_plan`]). The parity checks, one row for each parity shard, are solved for the lost shards
//! first and then for survivors, dearest first. The shards left over are a basis of least cost (the greedy algorithm on a
//! matroid, seen from its dual: J. Edmonds, "Matroids and the greedy algorithm", 1971), and the row of a lost shard holds
//! its coefficients over that basis. A lost shard can be rebuilt exactly if its row names no other lost shard. Sources that
//! no wanted shard uses are dropped, so a local group of a larger code is found where it suffices. Then the solver tries
//! single exchanges of a basis shard for another survivor as long as one makes the plan cheaper.
//!
//! Codes with groups know sets of shards that are codes by themselves: rows and columns of a product, copies of a shard, a
//! local group. Peeling along these lines, the cheapest next, finds survivors that suffice or nearly so. The same
//! elimination with these in front makes another plan, and the cheapest plan is taken. The elimination decides what can be
//! rebuilt, so the choice of sources never makes a plan fail.
//!
//! For MDS codes the result is optimal. For other codes it is a local optimum: finding the sparsest combination is as hard as
//! finding a code's minimum distance (A. Vardy, "The intractability of computing the minimum distance of a code", IEEE
//! Trans. IT-43, 1997). Exchanges are left out where a round of them would take long.
//!
//! **Many stripes, each with its own losses** ([`Losses`]). The plans of a generalised Reed-Solomon code know their slots at
//! once and leave their matrices to whoever runs them: the host works a coefficient out in closed form, a GPU inverts for
//! thousands of plans at a time.

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
    /// The cheapest plan found that rebuilds the `wanted` shards when the `lost` ones are gone.
    ///
    /// `cost` says what reading a shard costs; the plan's cost is the sum over its sources. Survivors near the lost shards
    /// are tried first, in groups and across them, and elimination over the whole code settles the rest: whatever is
    /// decodable is decoded, and no source can be left out of the plan (see [`crate::solver`] for how far "cheapest" goes).
    /// The order of `wanted` is the order of the targets.
    ///
    /// ```
    /// use evariste::{Error, Layout};
    /// // Four nodes of four disks. What lies beside shard 5 costs 1, what comes over the network 10.
    /// let code = "raid55:4x4".parse::<Layout>()?.code()?;
    /// let node = |shard: usize| code.groups().place(shard).map(|place| place.group);
    /// let cost = |source: usize| if node(source) == node(5) { 1 } else { 10 };
    /// assert_eq!(code.repair_plan(&[5], &[5], &cost)?.sources(), [3, 4, 10]);
    /// // With a second disk of the node gone, one of the two comes from the other nodes, and the other one still from its own.
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

/// See [`Code::repair_plan`], which has checked the arguments.
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
    // Where any k shards give back the others, every plan reads k, and the basis is the cheapest k.
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

/// The code's parity checks, one a row, one column a shard, each row solved for one shard: its pivot.
///
/// The parity matrix beside the identity, m x n, is all relations there are between shards. Solving it for the lost shards
/// and then for the survivors best left alone leaves k columns without a pivot, those of a basis, and every pivot's row
/// holds its shard's coefficients over that basis. It is the reduction of the transposed generator seen from its other
/// side, with m rows instead of k, most of which it finds reduced.
struct System {
    checks: Matrix,
    /// The shard that row i is solved for: lost ones first, then survivors.
    pivots: Vec<usize>,
    /// The shards without a pivot.
    basis: Vec<usize>,
    lost: Vec<usize>,
    costs: Vec<u64>,
}

impl System {
    /// Solved for the lost shards and then for the survivors of the highest rank, of these for the dearest.
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
        // Of equal cost, parity is solved for before data.
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

    /// The row solved for a shard.
    fn row_of(&self, shard: usize) -> Option<&[u8]> {
        self.pivots.iter().position(|&pivot| pivot == shard).map(|row| self.checks.row(row))
    }

    /// A lost shard can be rebuilt if a row is solved for it that no other lost shard stands in.
    fn is_solved(&self, shard: usize) -> bool {
        self.row_of(shard).is_some_and(|row| self.lost.iter().all(|&other| other == shard || row[other] == 0))
    }

    /// The basis shards that rebuilding the wanted ones reads, cheapest first.
    fn read(&self, wanted: &[usize]) -> Vec<usize> {
        let rows: Vec<&[u8]> = wanted.iter().filter_map(|&shard| self.row_of(shard)).collect();
        self.basis.iter().copied().filter(|&shard| rows.iter().any(|row| row[shard] != 0)).collect()
    }

    /// What rebuilding the wanted shards costs, and how many shards it reads.
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

    /// The exchange that saves most: the row of a survivor that takes the place of a basis shard, and that shard.
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

    /// What the plan would cost with the survivor that row `row` is solved for in the basis instead of `shard`.
    fn cost_after(&self, row: usize, shard: usize, rows: &[&[u8]]) -> u64 {
        // The shard is read before the exchange, so the survivor that takes its place is read after it.
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
