//! The fold as WGSL: steps without a loop, with their history in registers.

use crate::crc::fold::Fold;

/// The text of a fold whose loop takes `unrolled` words at a time.
#[derive(Clone, Copy)]
pub(in crate::gpu) struct Steps {
    pub(in crate::gpu) fold: Fold,
    pub(in crate::gpu) unrolled: usize,
}

impl Steps {
    /// The history before the first word, all zeros.
    pub(in crate::gpu) fn begin(&self) -> String {
        let u = (1..=self.fold.u_lags()).map(|lag| format!("    var u_{lag} = 0u;\n"));
        let v = (1..=self.fold.v_lags()).map(|lag| format!("    var v_{lag} = 0u;\n"));
        u.chain(v).collect()
    }

    /// Folds words `words` of a turn of the loop; `word` is the text that reads one.
    pub(in crate::gpu) fn fold(&self, words: std::ops::Range<usize>, word: impl Fn(usize) -> String) -> String {
        let step = |at: usize| {
            let Fold { u_in_v, v_in_v, v_in_u } = self.fold;
            let terms = |lags: &[usize], name: &str| -> String {
                lags.iter().map(|&lag| format!(" ^ {}", before(name, at, lag))).collect()
            };
            let (u, v) = (terms(u_in_v, "u"), terms(v_in_v, "v"));
            let sum = terms(v_in_u, "v");
            format!("        let v{at} = {}{u}{v};\n        let u{at} = v{at}{sum};\n", word(at))
        };
        words.map(step).collect()
    }

    /// Makes the end of one turn the history of the next.
    pub(in crate::gpu) fn turn(&self) -> String {
        let shift = |name: &'static str, lags: usize| {
            // The oldest first, since each takes the value of a younger one.
            (1..=lags).rev().map(move |lag| format!("        {name}_{lag} = {};\n", before(name, self.unrolled, lag)))
        };
        shift("u", self.fold.u_lags()).chain(shift("v", self.fold.v_lags())).collect()
    }

    /// Word `at` of the words that remain after the last turn.
    pub(in crate::gpu) fn left(&self, at: usize) -> String {
        let Fold { u_in_v, v_in_v, v_in_u } = self.fold;
        // After the last word, v is zero, and only the older part of u remains.
        let v = |lag: usize| (lag > at).then(|| format!("v_{}", lag - at));
        let u = |lag: usize| match lag > at {
            true => vec![format!("u_{}", lag - at)],
            false => v_in_u.iter().filter_map(|&older| v(lag + older)).collect(),
        };
        let terms: Vec<String> =
            u_in_v.iter().flat_map(|&lag| u(lag)).chain(v_in_v.iter().filter_map(|&lag| v(lag))).collect();
        if terms.is_empty() { "0u".to_owned() } else { terms.join(" ^ ") }
    }
}

/// The member of a sequence that is `lag` before position `at` of a turn.
fn before(name: &str, at: usize, lag: usize) -> String {
    match at.checked_sub(lag) {
        Some(at) => format!("{name}{at}"),
        None => format!("{name}_{}", lag - at),
    }
}
