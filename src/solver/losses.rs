//! The lost shards of each of many stripes, and the plans that rebuild them.
//!
//! Stripes that lost the same shards share a plan. Any k shards of a generalised Reed-Solomon code determine the others, so the
//! sources of a plan are known without solving anything.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::{Code, Error, Grs, Matrices, Plan};

/// Plans that one thread makes at a time. For fewer, another thread does not pay.
const PLANS_AT_ONCE: usize = 64;

/// The lost shards of every stripe of a view, and the plans that rebuild them. [`Losses::matrices`] makes a
/// [`Task::Write`](crate::Task::Write) of them.
///
/// ```
/// use evariste::{Backend, Batch, Code, Cpu, Geometry, Losses, Task, View};
///
/// let code = Code::raid5(2)?;
/// // Three stripes of three shards of 4 bytes, stripe after stripe.
/// let geometry = Geometry { slots: 3, bytes: 4, slot_stride: 4, stripes: 3, stripe_stride: 12 };
/// let mut memory = *b"aaaabbbb\x03\x03\x03\x03????bbbb\x03\x03\x03\x03aaaa????\x03\x03\x03\x03";
/// let losses = Losses::new(&code, &[vec![], vec![0], vec![1]])?;
/// let batch = Batch::new(Task::Write(losses.matrices()), View::arena(&mut memory, geometry)?)?;
/// Cpu::new()?.run(&mut [batch])?;
/// assert_eq!(memory, *b"aaaabbbb\x03\x03\x03\x03".repeat(3));
/// # Ok::<(), evariste::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Losses {
    plans: Box<[Plan]>,
    of: Box<[u32]>,
}

impl Losses {
    /// The plans that rebuild all lost shards. Stripe t has lost the shards `lost[t]`, in any order.
    ///
    /// # Errors
    /// [`Error::Stripe`] for the first stripe with an error. It contains [`Error::ShardIndex`], [`Error::Duplicate`], or
    /// [`Error::Unrecoverable`] if the other shards of the stripe do not determine the lost ones.
    pub fn new<L: AsRef<[usize]>>(code: &Code, lost: &[L]) -> Result<Self, Error> {
        Self::by(code, code.grs().ok().map(Arc::new).as_ref(), lost)
    }

    /// As [`Losses::new`], for callers that have the result of [`Code::grs`] already.
    pub(crate) fn by<L: AsRef<[usize]>>(code: &Code, grs: Option<&Arc<Grs>>, lost: &[L]) -> Result<Self, Error> {
        // Each pattern with the first stripe that has it.
        let mut patterns: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut known: HashMap<Vec<usize>, u32> = HashMap::new();
        let mut of = Vec::with_capacity(lost.len());
        for (stripe, lost) in lost.iter().enumerate() {
            let mut lost = lost.as_ref().to_vec();
            lost.sort_unstable();
            let index = known.get(&lost).copied().unwrap_or_else(|| {
                let index = u32::try_from(patterns.len()).expect("a host does not hold 2^32 sets of shards");
                patterns.push((stripe, lost.clone()));
                known.insert(lost, index);
                index
            });
            of.push(index);
        }
        let solve = |(stripe, lost): &(usize, Vec<usize>)| match (grs, survivors(code, lost)) {
            (Some(_), Some(_)) if lost.is_empty() => Plan::reading(&[]),
            (Some(grs), Some(sources)) => Ok(Plan::interpolated(grs.interpolation(), sources.into(), lost[..].into())),
            // The solver reports a number that is out of range or named twice, and too many losses.
            _ => {
                let refused = |error: Error| Error::Stripe { stripe: *stripe, error: error.into() };
                code.repair_plan(lost, lost, &|_| 1).map_err(refused)
            }
        };
        // All are made before the first error is taken, so threads do not change which error is reported.
        let plans: Vec<Result<Plan, Error>> = patterns.par_iter().with_min_len(PLANS_AT_ONCE).map(solve).collect();
        Ok(Self { plans: plans.into_iter().collect::<Result<_, _>>()?, of: of.into() })
    }

    /// The number of stripes.
    #[must_use]
    pub fn stripes(&self) -> usize {
        self.of.len()
    }

    /// The distinct plans, in the order in which stripes first need them. Sources and targets are in ascending order. The plan of
    /// stripes without losses has no slots.
    #[must_use]
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// The plan of each stripe.
    #[must_use]
    pub fn matrices(&self) -> Matrices<'_> {
        Matrices::PerStripe { plans: &self.plans, of: &self.of }
    }
}

/// The plan of [`Code::repair_plan`] at equal costs, for callers that have the result of [`Code::grs`] already.
///
/// # Errors
/// As [`Code::repair_plan`].
pub(crate) fn repair_by(code: &Code, grs: Option<&Arc<Grs>>, lost: &[usize], wanted: &[usize]) -> Result<Plan, Error> {
    // The solver reports invalid input.
    let is_whole = survivors(code, wanted).is_some() && wanted.iter().all(|shard| lost.contains(shard));
    match (grs, survivors(code, lost)) {
        (Some(grs), Some(sources)) if is_whole => {
            let sources = if wanted.is_empty() { Vec::new() } else { sources };
            let matrix = grs.interpolation().matrix(&sources, wanted);
            Ok(Plan::trusted(sources, wanted.to_vec(), matrix))
        }
        _ => code.repair_plan(lost, wanted, &|_| 1),
    }
}

/// The first k shards that are not lost; `None` if there are fewer, or if a lost shard does not exist or is named twice. Any k
/// shards would do. At equal costs the solver takes the first k too.
fn survivors(code: &Code, lost: &[usize]) -> Option<Vec<usize>> {
    let mut is_lost = vec![false; code.total_shards()];
    for &shard in lost {
        if std::mem::replace(is_lost.get_mut(shard)?, true) {
            return None;
        }
    }
    let survivors = (0..code.total_shards()).filter(|&shard| !is_lost[shard]);
    let survivors: Vec<usize> = survivors.take(code.data_shards()).collect();
    (survivors.len() == code.data_shards()).then_some(survivors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    /// Every set of at most m shards.
    fn patterns(code: &Code) -> Vec<Vec<usize>> {
        let (n, m) = (code.total_shards(), code.parity_shards());
        let sets = (0..1_u32 << n).filter(|set| set.count_ones() as usize <= m);
        sets.map(|set| (0..n).filter(|shard| set >> shard & 1 == 1).collect()).collect()
    }

    #[test]
    fn a_plan_is_the_solvers() {
        let local = Matrix::from_rows(&[[1, 1, 0, 0], [0, 0, 1, 1], [1, 2, 4, 8]]).unwrap();
        let local = Code::from_generator(&Matrix::identity(4).above(&local)).unwrap();
        for code in [
            Code::vandermonde(8, 4),
            Code::cauchy(6, 3),
            Code::raid6(7),
            Code::raid5(5),
            Code::cauchy(1, 4),
            Code::from_generator(&Code::raid6(3).unwrap().generator()),
            Ok(local),
        ] {
            let code = code.unwrap();
            let patterns: Vec<_> =
                patterns(&code).into_iter().filter(|lost| code.is_recoverable(lost).unwrap()).collect();
            let losses = Losses::new(&code, &patterns).unwrap();
            assert_eq!((losses.stripes(), losses.plans().len()), (patterns.len(), patterns.len()));
            for (plan, lost) in losses.plans().iter().zip(&patterns) {
                assert_eq!(*plan, code.repair_plan(lost, lost, &|_| 1).unwrap(), "{} {lost:?}", code.name());
            }
        }
    }

    #[test]
    fn some_of_the_lost_may_be_wanted_in_any_order() {
        let code = Code::vandermonde(6, 4).unwrap();
        let grs = Arc::new(code.grs().unwrap());
        for (lost, wanted) in [(&[1, 7, 3][..], &[7, 3][..]), (&[9, 0], &[0]), (&[5, 4, 3, 2], &[2, 4]), (&[1], &[])] {
            let plan = repair_by(&code, Some(&grs), lost, wanted).unwrap();
            assert_eq!(plan, code.repair_plan(lost, wanted, &|_| 1).unwrap());
        }
        let refused = |lost: &[usize], wanted: &[usize]| repair_by(&code, Some(&grs), lost, wanted).unwrap_err();
        assert!(matches!(refused(&[10], &[]), Error::ShardIndex { index: 10, count: 10 }));
        assert!(matches!(refused(&[1, 1], &[1]), Error::Duplicate { index: 1, .. }));
        assert!(matches!(refused(&[1], &[1, 1]), Error::Duplicate { index: 1, .. }));
        assert!(matches!(refused(&[1], &[2]), Error::NotLost { index: 2 }));
        assert!(matches!(refused(&[0, 1, 2, 3, 4], &[0]), Error::Unrecoverable { .. }));
    }

    #[test]
    fn stripes_with_the_same_losses_share_a_plan() {
        let code = Code::reed_solomon(10, 4).unwrap();
        let losses = Losses::new(&code, &[&[3, 1][..], &[], &[1, 3], &[1]]).unwrap();
        assert_eq!(losses.plans().len(), 3);
        let Matrices::PerStripe { of, .. } = losses.matrices() else { panic!("a plan for each stripe") };
        assert_eq!(of, [0, 1, 0, 2]);
        assert!(losses.plans()[1].targets().is_empty() && losses.plans()[1].sources().is_empty());
    }

    #[test]
    fn the_first_stripe_with_an_error_is_named() {
        let code = Code::reed_solomon(4, 2).unwrap();
        let refused = |lost: &[&[usize]]| match Losses::new(&code, lost).unwrap_err() {
            Error::Stripe { stripe, error } => (stripe, *error),
            error => panic!("{error}"),
        };
        assert!(matches!(refused(&[&[], &[6], &[1, 1]]), (1, Error::ShardIndex { index: 6, count: 6 })));
        assert!(matches!(refused(&[&[], &[0], &[1, 1]]), (2, Error::Duplicate { what: "shard", index: 1 })));
        let (stripe, error) = refused(&[&[0, 1], &[0, 1], &[5, 0, 1], &[7]]);
        assert!(matches!(&error, Error::Unrecoverable { beyond, .. } if beyond == &[0, 1, 5]), "{stripe}: {error}");
        assert_eq!(stripe, 2);
    }
}
