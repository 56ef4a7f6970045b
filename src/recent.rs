//! A small cache of prepared values that are likely to be used again: plans, programs, kernels, launches.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Up to a fixed number of values with their keys. A new one pushes out the one that was used longest ago.
///
/// A caller finds a value by a condition on its key, so that it need not build a key to look one up. The search is linear: values
/// are few, keys of different values differ early, and the value used last comes first.
pub(crate) struct Recent<K, V> {
    most: usize,
    /// The one used last first.
    kept: Mutex<Vec<(K, V)>>,
}

impl<K, V> Recent<K, V> {
    /// Keeps up to `most` values, and at least one.
    pub(crate) const fn new(most: usize) -> Self {
        Self { most, kept: Mutex::new(Vec::new()) }
    }

    /// Calls `then` with the value whose key fits, if it is kept. The value then counts as used last.
    pub(crate) fn with<R>(&self, fits: impl Fn(&K) -> bool, then: impl FnOnce(&mut V) -> R) -> Option<R> {
        let mut kept = self.lock();
        let at = kept.iter().position(|(key, _)| fits(key))?;
        kept[..=at].rotate_right(1);
        Some(then(&mut kept[0].1))
    }

    /// Like [`Recent::with`], but adds a new value if none is kept. `new` runs under the lock and should cost little.
    pub(crate) fn with_or_new<R>(
        &self,
        fits: impl Fn(&K) -> bool,
        new: impl FnOnce() -> (K, V),
        then: impl FnOnce(&mut V) -> R,
    ) -> R {
        let mut kept = self.lock();
        let mut pushed_out = None;
        match kept.iter().position(|(key, _)| fits(key)) {
            Some(at) => kept[..=at].rotate_right(1),
            None => pushed_out = self.push(&mut kept, new()),
        }
        let result = then(&mut kept[0].1);
        drop(kept);
        // Dropping a value may take long, for example when a driver frees it.
        drop(pushed_out);
        result
    }

    /// Keeps a value.
    pub(crate) fn insert(&self, key: K, value: V) {
        let pushed_out = self.push(&mut self.lock(), (key, value));
        drop(pushed_out);
    }

    /// Drops every value for which `keep` is false.
    pub(crate) fn retain(&self, mut keep: impl FnMut(&K) -> bool) {
        let dropped: Vec<(K, V)> = self.lock().extract_if(.., |(key, _)| !keep(key)).collect();
        // Without the lock: dropping a value may take long.
        drop(dropped);
    }

    fn push(&self, kept: &mut Vec<(K, V)>, entry: (K, V)) -> Option<(K, V)> {
        let pushed_out = if kept.len() >= self.most { kept.pop() } else { None };
        kept.insert(0, entry);
        pushed_out
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(K, V)>> {
        // A panic leaves complete entries behind; at worst one is missing.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V: Clone> Recent<K, V> {
    /// The value whose key fits; if none is kept, `make` makes one, which is kept. `make` runs without the lock, so that other
    /// threads can find their values meanwhile; two threads that ask for the same value at the same time may both make it.
    ///
    /// # Errors
    /// The error of `make`. Nothing is kept then.
    pub(crate) fn get<E>(&self, fits: impl Fn(&K) -> bool, make: impl FnOnce() -> Result<(K, V), E>) -> Result<V, E> {
        if let Some(value) = self.with(fits, |value| value.clone()) {
            return Ok(value);
        }
        let (key, value) = make()?;
        self.insert(key, value.clone());
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const MOST: usize = 4;

    /// A number and how many were made before it.
    fn get(recent: &Recent<usize, usize>, made: &mut usize, key: usize) -> usize {
        let make = || {
            *made += 1;
            Ok::<_, Infallible>((key, *made))
        };
        recent.get(|kept| *kept == key, make).unwrap()
    }

    #[test]
    fn the_values_used_last_are_kept() {
        let (recent, mut made) = (Recent::new(MOST), 0);
        (0..MOST).for_each(|key| assert_eq!(get(&recent, &mut made, key), key + 1));
        // As many as are kept; the first one was used last now.
        assert_eq!(get(&recent, &mut made, 0), 1);
        // So it stays, and the second one goes.
        assert_eq!(get(&recent, &mut made, MOST), MOST + 1);
        assert_eq!(get(&recent, &mut made, 0), 1);
        assert_eq!(get(&recent, &mut made, 1), MOST + 2);
        assert_eq!(recent.lock().len(), MOST);
    }

    #[test]
    fn a_value_changes_in_place() {
        let recent = Recent::new(MOST);
        assert_eq!(recent.with(|&key| key == 1, |count: &mut usize| *count), None);
        let count = |key: usize| {
            recent.with_or_new(
                |&kept| kept == key,
                || (key, 0),
                |count| {
                    *count += 1;
                    *count
                },
            )
        };
        assert_eq!([count(1), count(2), count(1)], [1, 1, 2]);
        assert_eq!(recent.with(|&key| key == 1, |count| *count), Some(2));
        (3..3 + MOST).for_each(|key| assert_eq!(count(key), 1));
        assert_eq!(count(1), 1, "pushed out, and counted anew");
    }

    #[test]
    fn an_error_keeps_nothing() {
        let recent = Recent::<usize, usize>::new(MOST);
        assert_eq!(recent.get(|_| true, || Err("refused")), Err("refused"));
        assert_eq!(recent.get(|_| true, || Ok::<_, &str>((1, 10))), Ok(10));
    }

    #[test]
    fn values_that_are_not_wanted_any_more_go() {
        let recent = Recent::new(MOST);
        (0..MOST).for_each(|key| recent.insert(key, key));
        recent.retain(|key| key % 2 == 0);
        assert_eq!(*recent.lock(), [(2, 2), (0, 0)]);
    }
}
