//! The solver: from lost shards to the cheapest plan that rebuilds the wanted ones.

use super::Plan;
use crate::{Code, Error, Matrix, gf256};

/// Exchanges are searched only while one round stays below this many products: about a millisecond.
const EXCHANGE_LIMIT: usize = 1 << 20;

/// See [`Code::repair_plan`], which has checked the arguments.
pub(crate) fn solve(code: &Code, lost: &[usize], wanted: &[usize], cost: &dyn Fn(usize) -> u32) -> Result<Plan, Error> {
    let mut system = System::new(code, lost, cost);
    let is_solved = |shard: &usize| system.is_solved(*shard);
    if !wanted.iter().all(is_solved) {
        let (recoverable, beyond) = lost.iter().copied().partition(is_solved);
        return Err(Error::Unrecoverable { lost: lost.to_vec(), beyond, recoverable });
    }
    while let Some((row, survivor)) = system.best_exchange(wanted) {
        system.exchange(row, survivor);
    }
    Ok(system.plan(wanted))
}

/// The transposed generator, one column a shard, in reduced echelon form over the basis.
struct System {
    columns: Matrix,
    /// The shard whose column has its one in row i, for the rows that have one.
    basis: Vec<usize>,
    survivors: Vec<usize>,
    costs: Vec<u64>,
}

impl System {
    fn new(code: &Code, lost: &[usize], cost: &dyn Fn(usize) -> u32) -> Self {
        let mut is_lost = vec![false; code.total_shards()];
        for &shard in lost {
            is_lost[shard] = true;
        }
        let mut survivors: Vec<usize> = (0..code.total_shards()).filter(|&shard| !is_lost[shard]).collect();
        let costs: Vec<u64> = (0..code.total_shards())
            .map(|shard| if is_lost[shard] { u64::MAX } else { u64::from(cost(shard)) })
            .collect();
        survivors.sort_by_key(|&shard| costs[shard]); // stable: of equal cost, data before parity

        let generator = code.generator();
        let mut columns = Matrix::from_fn(generator.cols(), generator.rows(), |row, col| generator.row(col)[row]);
        let mut basis = Vec::new();
        for &shard in &survivors {
            let row = basis.len();
            if row == columns.rows() {
                break;
            }
            if let Some(found) = (row..columns.rows()).find(|&r| columns.row(r)[shard] != 0) {
                columns.swap_rows(row, found);
                columns.eliminate(row, shard);
                basis.push(shard);
            }
        }
        Self { columns, basis, survivors, costs }
    }

    /// A shard is a combination of the basis if its column is zero below the basis rows.
    fn is_solved(&self, shard: usize) -> bool {
        (self.basis.len()..self.columns.rows()).all(|row| self.columns.row(row)[shard] == 0)
    }

    /// Whether rebuilding the wanted shards reads the basis shard of this row.
    fn is_read(&self, row: usize, wanted: &[usize]) -> bool {
        wanted.iter().any(|&shard| self.columns.row(row)[shard] != 0)
    }

    /// The exchange of a basis shard that is read for another survivor that saves most; `None` if none saves.
    fn best_exchange(&self, wanted: &[usize]) -> Option<(usize, usize)> {
        let read: Vec<usize> = (0..self.basis.len()).filter(|&row| self.is_read(row, wanted)).collect();
        let others: Vec<usize> = self.survivors.iter().copied().filter(|s| !self.basis.contains(s)).collect();
        if others.len() * read.len() * self.basis.len() * wanted.len() > EXCHANGE_LIMIT {
            return None;
        }
        let now: u64 = read.iter().map(|&row| self.costs[self.basis[row]]).sum();
        let candidates = others.iter().flat_map(|&survivor| read.iter().map(move |&row| (row, survivor)));
        candidates
            .filter(|&(row, survivor)| self.columns.row(row)[survivor] != 0)
            .map(|(row, survivor)| (self.cost_after(row, survivor, wanted), (row, survivor)))
            .min_by_key(|&(cost, _)| cost)
            .filter(|&(cost, _)| cost < now)
            .map(|(_, exchange)| exchange)
    }

    /// What the plan would cost with `survivor` in the basis instead of row `row`'s shard.
    fn cost_after(&self, row: usize, survivor: usize, wanted: &[usize]) -> u64 {
        // Row `row` is read before the exchange, so the survivor that takes its place is read after it.
        let mut cost = self.costs[survivor];
        let pivot = self.columns.row(row);
        let scale = gf256::inv(pivot[survivor]).unwrap_or(0);
        for other in (0..self.basis.len()).filter(|&other| other != row) {
            let coefficients = self.columns.row(other);
            let factor = gf256::mul(coefficients[survivor], scale);
            if wanted.iter().any(|&shard| coefficients[shard] != gf256::mul(factor, pivot[shard])) {
                cost += self.costs[self.basis[other]];
            }
        }
        cost
    }

    fn exchange(&mut self, row: usize, survivor: usize) {
        self.columns.eliminate(row, survivor);
        self.basis[row] = survivor;
    }

    fn plan(&self, wanted: &[usize]) -> Plan {
        let mut read: Vec<usize> = (0..self.basis.len()).filter(|&row| self.is_read(row, wanted)).collect();
        read.sort_by_key(|&row| self.basis[row]);
        let sources = read.iter().map(|&row| self.basis[row]).collect();
        let matrix =
            Matrix::from_fn(wanted.len(), read.len(), |target, source| self.columns.row(read[source])[wanted[target]]);
        Plan::trusted(sources, wanted.to_vec(), matrix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether the rows of these shards span the rows of the wanted ones.
    fn spans(generator: &Matrix, sources: &[usize], wanted: &[usize]) -> bool {
        let with = [sources, wanted].concat();
        generator.select_rows(sources).rank() == generator.select_rows(&with).rank()
    }

    /// The plan's matrix reproduces the wanted rows of the generator from the source rows.
    fn assert_serves(code: &Code, plan: &Plan, lost: &[usize]) {
        let numbers = |slots: &[u32]| slots.iter().map(|&s| s as usize).collect::<Vec<_>>();
        let (sources, targets) = (numbers(plan.sources()), numbers(plan.targets()));
        let generator = code.generator();
        assert_eq!(plan.matrix().mul(&generator.select_rows(&sources)), generator.select_rows(&targets));
        assert!(sources.iter().all(|s| !lost.contains(s)), "reads a lost shard");
        for left_out in 0..sources.len() {
            let fewer: Vec<usize> = sources.iter().copied().filter(|&s| s != sources[left_out]).collect();
            assert!(!spans(&generator, &fewer, &targets), "source {} is not needed", sources[left_out]);
        }
    }

    /// Sparse and dense generators with k data and m parity shards, and a set of lost shards.
    fn any_case() -> impl Strategy<Value = (Code, Vec<usize>, Vec<u32>)> {
        (1..=6usize, 1..=5usize).prop_flat_map(|(k, m)| {
            let element = prop_oneof![2 => Just(0u8), 1 => Just(1u8), 2 => any::<u8>()];
            let parity = proptest::collection::vec(element, k * m);
            let lost = proptest::collection::vec(any::<bool>(), k + m);
            let costs = proptest::collection::vec(0..9u32, k + m);
            (parity, lost, costs).prop_map(move |(parity, lost, costs)| {
                let parity = Matrix::from_fn(m, k, |r, c| parity[r * k + c]);
                let code = Code::from_generator(&Matrix::identity(k).above(&parity)).unwrap();
                (code, (0..k + m).filter(|&s| lost[s]).collect(), costs)
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn whatever_is_decodable_is_decoded((code, lost, costs) in any_case()) {
            let survivors: Vec<usize> = (0..code.total_shards()).filter(|s| !lost.contains(s)).collect();
            let decodable: Vec<usize> =
                lost.iter().copied().filter(|&s| spans(&code.generator(), &survivors, &[s])).collect();
            let plan = code.repair_plan(&lost, &decodable, &|s| costs[s]).unwrap();
            assert_serves(&code, &plan, &lost);
            match code.repair_plan(&lost, &lost, &|s| costs[s]) {
                Ok(_) => prop_assert_eq!(&decodable, &lost),
                Err(Error::Unrecoverable { beyond, recoverable, .. }) => {
                    prop_assert!(!beyond.is_empty());
                    prop_assert_eq!(recoverable, decodable);
                }
                Err(error) => panic!("{error}"),
            }
        }

        /// No exchange of sources makes a plan cheaper, and for one wanted shard it is close to the true optimum.
        #[test]
        fn a_plan_is_never_dearer_than_reading_a_whole_basis((code, lost, costs) in any_case()) {
            if let Ok(plan) = code.repair_plan(&lost, &lost, &|s| costs[s]) {
                let mut survivors: Vec<u32> =
                    (0..code.total_shards()).filter(|s| !lost.contains(s)).map(|s| costs[s]).collect();
                survivors.sort_unstable();
                prop_assert!(plan.sources().len() <= code.data_shards());
                let cost: u32 = plan.sources().iter().map(|&s| costs[s as usize]).sum();
                prop_assert!(cost <= survivors.iter().sum());
            }
        }
    }

    #[test]
    fn a_local_group_is_found_where_it_suffices() {
        // Data 0..4, local parities of (0, 1) and (2, 3), one global parity.
        let parity = Matrix::from_rows(&[[1, 1, 0, 0], [0, 0, 1, 1], [1, 2, 4, 8]]).unwrap();
        let code = Code::from_generator(&Matrix::identity(4).above(&parity)).unwrap();
        let reads = |lost: &[usize], cost: &dyn Fn(usize) -> u32| {
            code.repair_plan(lost, lost, cost).unwrap().sources().to_vec()
        };
        assert_eq!(reads(&[0], &|_| 1), [1, 4]);
        assert_eq!(reads(&[3], &|_| 1), [2, 5]);
        // The global parity first in order of cost would make a basis that needs four reads: an exchange undoes that.
        assert_eq!(reads(&[0], &|s| if s == 6 { 0 } else { 1 }), [1, 4]);
        assert_eq!(reads(&[0, 4], &|_| 1), [1, 2, 3, 6]);
    }

    #[test]
    fn mds_codes_read_the_cheapest_survivors() {
        let code = Code::reed_solomon(6, 3).unwrap();
        let plan = code.repair_plan(&[1, 7], &[7], &|s| if s < 3 { 5 } else { 1 }).unwrap();
        assert_eq!(plan.sources(), [0, 3, 4, 5, 6, 8]);
        assert_serves(&code, &plan, &[1, 7]);
        let plan = code.repair_plan(&[1], &[1], &|s| if s == 0 { 5 } else { 1 }).unwrap();
        assert_eq!(plan.sources(), [2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn arguments_are_checked() {
        let code = Code::reed_solomon(4, 2).unwrap();
        let plan = |lost: &[usize], wanted: &[usize]| code.repair_plan(lost, wanted, &|_| 1);
        assert!(matches!(plan(&[6], &[]), Err(Error::ShardIndex { index: 6, count: 6 })));
        assert!(matches!(plan(&[1, 1], &[1]), Err(Error::Duplicate { what: "shard", index: 1 })));
        assert!(matches!(plan(&[1], &[2]), Err(Error::NotLost { index: 2 })));
        assert!(plan(&[1], &[]).unwrap().targets().is_empty());
        let error = plan(&[0, 1, 4], &[0]).unwrap_err();
        assert!(matches!(&error, Error::Unrecoverable { beyond, .. } if beyond == &[0, 1, 4]), "{error}");
    }
}
