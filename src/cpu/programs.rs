//! The programs of the matrices that were used last, kept so that a later call finds its program.

use std::convert::Infallible;
use std::sync::Arc;

use super::program::{Engine, Program};
use crate::Matrix;
use crate::recent::Recent;

/// Programs kept: a codec has one that encodes, and one for each set of lost shards.
const KEPT: usize = 16;

/// A kernel and the programs used last.
pub(super) struct Programs {
    engine: Box<dyn Engine>,
    made: Recent<Matrix, Arc<dyn Program>>,
}

impl Programs {
    pub(super) fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine, made: Recent::new(KEPT) }
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The program of a matrix.
    pub(super) fn get(&self, matrix: &Matrix) -> Arc<dyn Program> {
        let make = || Ok::<_, Infallible>((matrix.clone(), self.engine.prepare(matrix).into()));
        let Ok(program) = self.made.get(|of| of == matrix, make);
        program
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::portable::Portable;

    #[test]
    fn the_latest_are_kept() {
        let programs = Programs::new(Box::new(Portable));
        let matrix = |n: usize| Matrix::from_fn(1, 1, |_, _| u8::try_from(n).unwrap());
        let first = programs.get(&matrix(0));
        for n in 1..KEPT {
            programs.get(&matrix(n));
        }
        assert!(Arc::ptr_eq(&first, &programs.get(&matrix(0))), "as many as are kept");
        for n in KEPT..2 * KEPT {
            programs.get(&matrix(n));
        }
        assert!(!Arc::ptr_eq(&first, &programs.get(&matrix(0))), "as many again");
    }
}
