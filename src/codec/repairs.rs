//! The plans of recent repairs. A degraded array asks for the same repair again and again, and solving it costs as much as
//! rebuilding some kilobytes.

use std::sync::Arc;

use crate::recent::Recent;
use crate::solver::repair_by;
use crate::{Code, Error, Grs, Plan};

/// Plans of one code.
pub(super) struct Repairs(Recent<Repair, Arc<Plan>>);

struct Repair {
    lost: Box<[usize]>,
    wanted: Box<[usize]>,
}

impl Default for Repairs {
    fn default() -> Self {
        Self(Recent::new(Self::KEPT))
    }
}

impl Repairs {
    /// Plans kept. Searching through them is cheaper than solving.
    const KEPT: usize = 32;

    /// The cheapest plan if every shard costs the same to read. `grs` is the result of [`Code::grs`].
    ///
    /// # Errors
    /// As [`Code::repair_plan`].
    pub(super) fn plan(
        &self,
        code: &Code,
        grs: Option<&Arc<Grs>>,
        lost: &[usize],
        wanted: &[usize],
    ) -> Result<Arc<Plan>, Error> {
        let fits = |repair: &Repair| (&*repair.lost, &*repair.wanted) == (lost, wanted);
        self.0.get(fits, || {
            let plan = Arc::new(repair_by(code, grs, lost, wanted)?);
            Ok((Repair { lost: lost.into(), wanted: wanted.into() }, plan))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_is_solved_once_while_it_is_kept() {
        let code = Code::reed_solomon(10, 4).unwrap();
        let repairs = Repairs::default();
        let grs = Arc::new(code.grs().unwrap());
        let plan = |lost: &[usize]| repairs.plan(&code, Some(&grs), lost, lost).unwrap();
        let first = plan(&[1, 2]);
        assert_eq!(*first, code.repair_plan(&[1, 2], &[1, 2], &|_| 1).unwrap());
        assert!(Arc::ptr_eq(&first, &plan(&[1, 2])));
        // Order matters to a plan's targets, and so does what is wanted.
        assert!(!Arc::ptr_eq(&first, &plan(&[2, 1])));
        assert_eq!(repairs.plan(&code, None, &[1, 2], &[2]).unwrap().targets(), [2]);
        // Used in between, it stays; then others push it out.
        for shard in 0..14 {
            plan(&[shard]);
            assert!(Arc::ptr_eq(&first, &plan(&[1, 2])));
        }
        for shard in 0..Repairs::KEPT {
            plan(&[3 + shard % 10, 3 + (shard + 1 + shard / 10) % 10]);
        }
        assert!(!Arc::ptr_eq(&first, &plan(&[1, 2])));
        assert!(repairs.plan(&code, Some(&grs), &[0, 1, 2, 3, 4], &[0]).is_err());
    }
}
