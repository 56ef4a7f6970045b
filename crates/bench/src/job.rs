//! The plans of one case, and the job of the same shape that gives its ceiling.

use std::collections::HashMap;

use anyhow::Result;
use evariste::{Code, Matrices, Matrix, Plan, Task};

use crate::args::Case;
use crate::random::Random;
use crate::setup::Setup;

/// The plans of one case.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) case: Case,
    plans: Vec<Plan>,
    /// The index of each stripe's plan; empty if all stripes have the first plan.
    plan_of: Vec<u32>,
}

impl Job {
    /// A job with the caller's plan.
    pub(crate) fn of(case: Case, plan: Plan) -> Self {
        Self { case, plans: vec![plan], plan_of: Vec::new() }
    }

    pub(crate) fn new(setup: &Setup, case: Case, random: &mut Random) -> Result<Self> {
        let code = &setup.code;
        let one = |plan| Self { case, plans: vec![plan], plan_of: Vec::new() };
        Ok(match case {
            Case::Encode => one(code.encode_plan()),
            Case::Check => one(code.check_plan()),
            Case::Reconstruct => {
                let lost: Vec<usize> = (0..code.parity_shards().min(code.data_shards())).collect();
                one(repair(code, &lost)?)
            }
            Case::Patterns => {
                let mut plans = Vec::new();
                let mut plan_of = Vec::with_capacity(setup.stripes);
                let mut solved = HashMap::new();
                for _ in 0..setup.stripes {
                    let count = 1 + random.below(code.parity_shards());
                    let lost = random.choose(count, code.total_shards());
                    let index = match solved.get(&lost) {
                        Some(&index) => index,
                        None => {
                            let index = u32::try_from(plans.len())?;
                            plans.push(repair(code, &lost)?);
                            solved.insert(lost, index);
                            index
                        }
                    };
                    plan_of.push(index);
                }
                Self { case, plans, plan_of }
            }
        })
    }

    /// The job of the same shape that only moves bytes: it reads as many shards, XORs them, and writes or compares as
    /// many. If plans differ between stripes, it writes the mean number of targets, rounded.
    pub(crate) fn ceiling(&self, code: &Code) -> Result<Self> {
        let plan = match self.case {
            Case::Patterns => {
                let targets: usize = (0..self.plan_of.len()).map(|stripe| self.plan(stripe).targets().len()).sum();
                let stripes = self.plan_of.len().max(1);
                repair(code, &(0..(targets + stripes / 2) / stripes).collect::<Vec<_>>())?
            }
            _ => self.plans[0].clone(),
        };
        let case = if self.case == Case::Check { Case::Check } else { Case::Encode };
        Ok(Self { case, plans: vec![with_matrix_of(&plan, 1)?], plan_of: Vec::new() })
    }

    /// Fills the same lost shards with wrong bytes.
    pub(crate) fn scramble(&self) -> Result<Self> {
        let plans = self.plans.iter().map(|plan| with_matrix_of(plan, 3)).collect::<Result<_>>()?;
        Ok(Self { case: self.case, plans, plan_of: self.plan_of.clone() })
    }

    /// The task to run.
    pub(crate) fn task(&self) -> Task<'_> {
        match self.case {
            Case::Check => Task::Check(&self.plans[0]),
            _ => self.write(),
        }
    }

    /// The task that writes the job's targets. A check of them then finds nothing.
    pub(crate) fn write(&self) -> Task<'_> {
        match &*self.plan_of {
            [] => Task::write(&self.plans[0]),
            of => Task::Write(Matrices::PerStripe { plans: &self.plans, of }),
        }
    }

    /// A stripe's plan.
    pub(crate) fn plan(&self, stripe: usize) -> &Plan {
        &self.plans[self.task().matrices().index_of(stripe)]
    }

    /// Bytes that one batch of the setup reads and writes.
    pub(crate) fn traffic_bytes(&self, setup: &Setup) -> u64 {
        let slots = |stripe| self.plan(stripe).sources().len() + self.plan(stripe).targets().len();
        ((0..setup.stripes).map(slots).sum::<usize>() * setup.unit_bytes) as u64
    }

    /// Whether data and parity need separate buffers, so that the data is only read.
    pub(crate) fn is_apart(&self) -> bool {
        matches!(self.case, Case::Encode | Case::Check)
    }
}

fn repair(code: &Code, lost: &[usize]) -> Result<Plan> {
    Ok(code.repair_plan(lost, lost, &|_| 1)?)
}

/// The plan with this coefficient everywhere.
fn with_matrix_of(plan: &Plan, coefficient: u8) -> Result<Plan> {
    let matrix = Matrix::from_fn(plan.targets().len(), plan.sources().len(), |_, _| coefficient);
    Ok(Plan::new(plan.sources(), plan.targets(), matrix)?)
}
