//! Calls that are made of both crates, evariste's `compat` and reed-solomon-erasure, and compared. `tests/harness.rs` tests it.

#![allow(dead_code, unused_imports, reason = "no test binary uses all of it")]

use std::fmt::Debug;

use evariste::compat as ours;
use reed_solomon_erasure as theirs;

use crate::support::painted;

/// A codec of each crate.
pub(crate) struct Both {
    pub(crate) ours: ours::galois_8::ReedSolomon,
    pub(crate) theirs: theirs::galois_8::ReedSolomon,
}

impl Both {
    pub(crate) fn new(data_shards: usize, parity_shards: usize) -> Self {
        Self {
            ours: ours::galois_8::ReedSolomon::new(data_shards, parity_shards).unwrap(),
            theirs: theirs::galois_8::ReedSolomon::new(data_shards, parity_shards).unwrap(),
        }
    }
}

/// An answer in words that both crates share: their variants have the same names.
pub(crate) fn words<T: Debug, E: Debug>(answer: &Result<T, E>) -> String {
    format!("{answer:?}")
}

/// Makes one call of both codecs, each over a copy of the arguments, and compares the answers and the arguments afterwards. Returns
/// the answer and our arguments. It is a macro because the two codecs have methods of the same names and no type in common.
macro_rules! same {
    ($both:expr, $arguments:expr, |$codec:ident, $passed:ident| $call:expr) => {{
        let (mut mine, mut expected) = ($arguments.clone(), $arguments.clone());
        let answer = {
            let ($codec, $passed) = (&$both.ours, &mut mine);
            $crate::both::words(&$call)
        };
        let expected_answer = {
            let ($codec, $passed) = (&$both.theirs, &mut expected);
            $crate::both::words(&$call)
        };
        let call = stringify!($call);
        assert_eq!(
            expected_answer,
            answer,
            "{call} of shards of {}",
            $crate::both::shapes(&format!("{:?}", $arguments))
        );
        assert!(expected == mine, "{call}: other bytes for {}", $crate::both::shapes(&format!("{:?}", $arguments)));
        (answer, mine)
    }};
}
pub(crate) use same;

/// The start of an argument's text.
pub(crate) fn shapes(text: &str) -> String {
    text.chars().take(400).collect()
}

/// Every list of up to `count` of these.
pub(crate) fn lists<T: Copy>(of: &[T], count: usize) -> Vec<Vec<T>> {
    let mut all = vec![vec![]];
    let mut longest: Vec<Vec<T>> = all.clone();
    for _ in 0..count {
        longest = longest.iter().flat_map(|list| of.iter().map(move |&item| [&list[..], &[item]].concat())).collect();
        all.extend(longest.iter().cloned());
    }
    all
}

/// Shards of these lengths that differ in every byte.
pub(crate) fn shards_of(lengths: &[usize]) -> Vec<Vec<u8>> {
    painted(lengths.len(), 8).into_iter().zip(lengths).map(|(shard, &bytes)| shard[..bytes].to_vec()).collect()
}
