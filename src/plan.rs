//! Plans: which shards to read, which to write, and the matrix between them.
//!
//! A [backend](crate::backend) computes only `targets = matrix * sources` over GF(2^8), byte column by byte column. Encoding,
//! rebuilding, updating and checking differ only in the plan. The [solver](crate::solver) finds the plan of a repair.

mod interpolation;

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use crate::{Error, Matrix};
pub(crate) use interpolation::Interpolation;

/// A matrix between numbered slots: `targets = matrix * sources`.
///
/// The slots of plans made by a [`Code`](crate::Code) are shard numbers, except in [`update_plan`](crate::Code::update_plan), whose
/// page lists its slots. Sources and targets are distinct and disjoint.
#[derive(Clone, Debug)]
pub struct Plan {
    sources: Box<[usize]>,
    targets: Box<[usize]>,
    coefficients: Coefficients,
    lasting: bool,
}

/// The matrix of a plan, or the code to compute it from.
#[derive(Clone, Debug)]
enum Coefficients {
    Given(Matrix),
    /// The matrix is computed when it is first asked for.
    Interpolated {
        by: Arc<Interpolation>,
        matrix: OnceLock<Matrix>,
    },
}

impl Plan {
    /// The plan with this matrix: row i computes target i, and column j multiplies source j.
    ///
    /// # Errors
    /// [`Error::PlanShape`] if the matrix does not have a row for each target and a column for each source; [`Error::Duplicate`] if
    /// a slot is named twice.
    pub fn new(sources: &[usize], targets: &[usize], matrix: Matrix) -> Result<Self, Error> {
        if (matrix.rows(), matrix.cols()) != (targets.len(), sources.len()) {
            return Err(Error::PlanShape {
                sources: sources.len(),
                targets: targets.len(),
                rows: matrix.rows(),
                cols: matrix.cols(),
            });
        }
        let mut slots = [sources, targets].concat();
        slots.sort_unstable();
        if let Some(pair) = slots.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::Duplicate { what: "slot", index: pair[0] });
        }
        Ok(Self {
            sources: sources.into(),
            targets: targets.into(),
            coefficients: Coefficients::Given(matrix),
            lasting: false,
        })
    }

    /// The plan that reads these slots and writes nothing. A batch with [checksums](crate::Batch::with_crc) of it computes the
    /// checksums of the slots, and nothing else.
    ///
    /// ```
    /// use evariste::{Backend, Batch, Cpu, Geometry, Plan, Task, View, crc::crc32c};
    ///
    /// let shards: Vec<u8> = (0..=255).cycle().take(3 * 5000).collect();
    /// let geometry = Geometry { slots: 3, bytes: 5000, slot_stride: 5000, stripes: 1, stripe_stride: 0 };
    /// let plan = Plan::reading(&[0, 2])?;
    /// let batch = Batch::new(Task::Check(&plan), View::arena_ref(&shards, geometry)?)?;
    /// let mut crc = [0; 4]; // two blocks of each slot
    /// let _ = Cpu::new()?.run(&mut [batch.with_crc(&mut crc)?])?;
    /// assert_eq!(crc[2], crc32c(&shards[10_000..14_096]));
    /// # Ok::<(), evariste::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Duplicate`] if a slot is named twice.
    pub fn reading(slots: &[usize]) -> Result<Self, Error> {
        Self::new(slots, &[], Matrix::zero(0, slots.len()))
    }

    /// A plan that this crate made, so that an error would be a bug.
    ///
    /// # Panics
    /// If [`Plan::new`] refuses it.
    pub(crate) fn trusted(sources: Vec<usize>, targets: Vec<usize>, matrix: Matrix) -> Self {
        Self::new(&sources, &targets, matrix).expect("plans of a code are well-formed")
    }

    /// The repair of all lost shards, `targets`, from the first k other shards, `sources`. Both are in ascending order. There is
    /// at least one lost shard. The matrix is computed when it is first asked for.
    pub(crate) fn interpolated(by: &Arc<Interpolation>, sources: Box<[usize]>, targets: Box<[usize]>) -> Self {
        let coefficients = Coefficients::Interpolated { by: Arc::clone(by), matrix: OnceLock::new() };
        Self { sources, targets, coefficients, lasting: false }
    }

    /// Marks a plan that will be run many times, so that a backend may prepare for it at once.
    pub(crate) fn lasting(self) -> Self {
        Self { lasting: true, ..self }
    }

    pub(crate) fn is_lasting(&self) -> bool {
        self.lasting
    }

    /// Slots to read, one for each column of the matrix.
    #[must_use]
    pub fn sources(&self) -> &[usize] {
        &self.sources
    }

    /// Slots to write (or, in a check, to compare), one for each row of the matrix.
    #[must_use]
    pub fn targets(&self) -> &[usize] {
        &self.targets
    }

    /// The matrix, targets x sources. A plan from [`Losses`](crate::Losses) computes it when it is first asked for.
    #[must_use]
    pub fn matrix(&self) -> &Matrix {
        match &self.coefficients {
            Coefficients::Given(matrix) => matrix,
            Coefficients::Interpolated { by, matrix } => matrix.get_or_init(|| by.matrix(&self.sources, &self.targets)),
        }
    }

    /// The code to compute the matrix from, for a plan of [`Plan::interpolated`].
    pub(crate) fn interpolates(&self) -> Option<&Arc<Interpolation>> {
        match &self.coefficients {
            Coefficients::Given(_) => None,
            Coefficients::Interpolated { by, .. } => Some(by),
        }
    }
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        (&self.sources, &self.targets, self.lasting) == (&other.sources, &other.targets, other.lasting)
            && self.matrix() == other.matrix()
    }
}

impl Eq for Plan {}

impl Hash for Plan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.sources, &self.targets, self.matrix(), self.lasting).hash(state);
    }
}

/// The matrices of a task: one plan for every stripe, or a plan for each.
#[derive(Clone, Copy, Debug)]
pub enum Matrices<'a> {
    /// The same plan for every stripe.
    One(&'a Plan),
    /// Stripe t has plan `plans[of[t]]`.
    PerStripe {
        /// The distinct plans.
        plans: &'a [Plan],
        /// For each stripe, the index of its plan.
        of: &'a [u32],
    },
}

impl<'a> Matrices<'a> {
    /// The distinct plans.
    #[must_use]
    pub fn plans(&self) -> &'a [Plan] {
        match self {
            Self::One(plan) => std::slice::from_ref(plan),
            Self::PerStripe { plans, .. } => plans,
        }
    }

    /// The index of a stripe's plan.
    ///
    /// # Panics
    /// If each stripe has a plan, and there is no such stripe.
    #[must_use]
    pub fn index_of(&self, stripe: usize) -> usize {
        match self {
            Self::One(_) => 0,
            Self::PerStripe { of, .. } => of[stripe] as usize,
        }
    }

    /// Checks that each of `stripes` stripes has a plan.
    ///
    /// # Errors
    /// [`Error::PlanCount`], [`Error::PlanIndex`].
    pub(crate) fn check(&self, stripes: usize) -> Result<(), Error> {
        let Self::PerStripe { plans, of } = self else { return Ok(()) };
        if of.len() != stripes {
            return Err(Error::PlanCount { given: of.len(), stripes });
        }
        match of.iter().position(|&index| index as usize >= plans.len()) {
            Some(stripe) => Err(Error::PlanIndex { stripe, index: of[stripe] as usize, count: plans.len() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_checked_once() {
        assert!(Plan::new(&[0, 1], &[2], Matrix::zero(1, 2)).is_ok());
        let error = Plan::new(&[0, 1], &[2], Matrix::zero(2, 1)).unwrap_err();
        assert!(matches!(error, Error::PlanShape { sources: 2, targets: 1, rows: 2, cols: 1 }), "{error}");
        let error = Plan::new(&[0, 1], &[1], Matrix::zero(1, 2)).unwrap_err();
        assert!(matches!(error, Error::Duplicate { what: "slot", index: 1 }), "{error}");
    }
}
