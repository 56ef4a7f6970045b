//! Comparisons that say where shards differ instead of printing them.

use std::fmt::Display;

/// Fails with the first shard and the first offset that differ.
#[track_caller]
pub(crate) fn assert_shards_equal<E, A>(expected: &[E], actual: &[A], context: impl Display)
where
    E: AsRef<[u8]>,
    A: AsRef<[u8]>,
{
    assert_eq!(expected.len(), actual.len(), "{context}: number of shards");
    for (shard, (expected, actual)) in expected.iter().zip(actual).enumerate() {
        let (expected, actual) = (expected.as_ref(), actual.as_ref());
        assert_eq!(expected.len(), actual.len(), "{context}: length of shard {shard}");
        if let Some(at) = expected.iter().zip(actual).position(|(e, a)| e != a) {
            let count = expected.iter().zip(actual).filter(|(e, a)| e != a).count();
            panic!(
                "{context}: shard {shard} differs at offset {at}: expected {:#04x}, got {:#04x} ({count} of {} bytes differ)",
                expected[at],
                actual[at],
                expected.len(),
            );
        }
    }
}
