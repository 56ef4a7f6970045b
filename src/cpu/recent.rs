//! The programs used last, so that a codec's next call finds its program.

use std::sync::{Arc, Mutex, PoisonError};

use super::program::{Engine, Program};
use crate::Matrix;

/// Programs kept: a codec has one that encodes, and one for each set of lost shards.
const KEPT: usize = 16;

/// A matrix and its program.
type Made = (Matrix, Arc<dyn Program>);

/// A kernel and the programs used last, the latest first.
pub(super) struct RecentPrograms {
    engine: Box<dyn Engine>,
    made: Mutex<Vec<Made>>,
}

impl RecentPrograms {
    pub(super) fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine, made: Mutex::new(Vec::with_capacity(KEPT)) }
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The program of a matrix.
    pub(super) fn get(&self, matrix: &Matrix) -> Arc<dyn Program> {
        // A panic leaves a valid list that at worst lacks a program.
        let lock = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = lock();
        if let Some(index) = made.iter().position(|(of, _)| of == matrix) {
            made[..=index].rotate_right(1);
            return Arc::clone(&made[0].1);
        }
        drop(made);
        let program: Arc<dyn Program> = self.engine.prepare(matrix).into();
        let mut made = lock();
        made.truncate(KEPT - 1);
        made.insert(0, (matrix.clone(), Arc::clone(&program)));
        program
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::portable::Portable;

    #[test]
    fn the_latest_are_kept() {
        let programs = RecentPrograms::new(Box::new(Portable));
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
        assert_eq!(programs.made.lock().unwrap().len(), KEPT);
    }
}
