//! Many stripes, each with different lost shards, in host memory that is registered with the GPU: one call that rebuilds all, in
//! turn with a call for each stripe, by the wall clock.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Result;
use evariste::{Code, Codec, Cpu, Shards};

use super::registered::Registered;
use super::ways::{self, Run, Way};
use crate::interrupt;
use crate::random::Random;
use crate::setup::{self, Setup};
use crate::wall;

/// Bytes of a shard in one stripe; a shorter shard is one stripe.
const UNIT_BYTES: usize = 4096;

pub(super) fn measure(run: &mut Run<'_>) -> Result<()> {
    let place = Registered::open(None)?;
    for setup in Setup::all(run.sizes, None, place.defaults(setup::FUSION_PATTERNS))? {
        interrupt::check()?;
        let setup = setup.in_stripes(UNIT_BYTES);
        run.rows.doing(format!("{} stripes of {} with different losses", setup.stripes, setup.shape()));
        let mut bench = Bench::new(&setup, &place, &mut run.random)?;
        let calls: [Call<'_>; 3] = [Bench::alike, Bench::together, Bench::separate];
        let samples = place.samples(|least| {
            let [plain, one, separate] = calls.map(|call| wall::mean(least, || call(&mut bench)));
            Ok([plain?, one?, separate?])
        })?;
        // All ways read k shards of each stripe and write m.
        let crossed_bytes = setup.code.total_shards() * setup.shard_bytes();
        let mut ways = Vec::new();
        let kernels = ["one pattern", "losses", "call by call"];
        for (at, (kernel, samples)) in kernels.into_iter().zip(samples).enumerate() {
            let alike = at == 0;
            let verified = bench.judge(calls[at], alike, run.inject_fault, &mut run.random)?;
            let (kernel, threads) = (kernel.to_owned(), rayon::current_num_threads());
            ways.push(Way { kernel, threads, samples, crossed_bytes, verified });
        }
        run.rows.extend(ways::records(&setup, "rebuild patterns", "registered", &place.device, ways))?;
    }
    Ok(())
}

struct Bench<'a> {
    setup: &'a Setup,
    codec: Codec,
    witness: Codec,
    /// Calls use these in turn.
    sets: Vec<Shards>,
    at: usize,
    /// The lost shards of each stripe.
    lost: Vec<Vec<usize>>,
    /// The same lost shards for every stripe.
    alike: Vec<Vec<usize>>,
}

type Call<'a> = fn(&mut Bench<'a>) -> Result<()>;

impl<'a> Bench<'a> {
    fn new(setup: &'a Setup, place: &Registered, random: &mut Random) -> Result<Self> {
        let codec = Codec::on(setup.code.clone(), Arc::clone(&place.gpu) as _);
        let witness = Codec::on(setup.code.clone(), Arc::new(Cpu::new()?));
        let lost = patterns(&setup.code, setup.stripes, random);
        let alike = vec![lost[0].clone(); setup.stripes];
        let sets = (0..place.sets(setup)).map(|_| codec.shards(setup.shard_bytes())).collect::<Result<_, _>>()?;
        let mut bench = Self { setup, codec, witness, sets, at: 0, lost, alike };
        (0..bench.sets.len()).try_for_each(|set| bench.renew(set, random))?;
        Ok(bench)
    }

    /// Fills the data of a set with fresh bytes, and encodes it on the CPU.
    fn renew(&mut self, set: usize, random: &mut Random) -> Result<()> {
        let shards = &mut self.sets[set];
        (0..self.setup.code.data_shards()).for_each(|shard| random.fill(shards.data_mut(shard)));
        Ok(self.witness.encode(shards)?)
    }

    fn next(&mut self) -> usize {
        self.at = (self.at + 1) % self.sets.len();
        self.at
    }

    fn alike(&mut self) -> Result<()> {
        let set = self.next();
        Ok(self.codec.reconstruct_stripes(&mut self.sets[set], &self.alike)?)
    }

    fn together(&mut self) -> Result<()> {
        let set = self.next();
        Ok(self.codec.reconstruct_stripes(&mut self.sets[set], &self.lost)?)
    }

    fn separate(&mut self) -> Result<()> {
        let (set, unit) = (self.next(), self.setup.unit_bytes);
        for (stripe, lost) in self.lost.iter().enumerate() {
            let mut columns = self.sets[set].columns(stripe * unit..(stripe + 1) * unit)?;
            self.codec.reconstruct(&mut columns, lost)?;
        }
        Ok(())
    }

    /// Whether a call restores every byte that was overwritten, and changes no other.
    fn judge(&mut self, call: Call<'a>, alike: bool, inject_fault: bool, random: &mut Random) -> Result<bool> {
        let (set, unit) = ((self.at + 1) % self.sets.len(), self.setup.unit_bytes);
        self.renew(set, random)?;
        let whole: Vec<Vec<u8>> = self.sets[set].iter().map(<[u8]>::to_vec).collect();
        let lost = if alike { &self.alike } else { &self.lost };
        for (stripe, lost) in lost.iter().enumerate() {
            let columns = stripe * unit..(stripe + 1) * unit;
            lost.iter().for_each(|&shard| random.fill(&mut self.sets[set].shard_mut(shard)[columns.clone()]));
        }
        call(self)?;
        if inject_fault {
            let at = random.below(self.setup.shard_bytes());
            self.sets[set].shard_mut(random.below(whole.len()))[at] ^= 1;
        }
        Ok(self.sets[set].iter().eq(&whole))
    }
}

/// A set of m lost shards for each stripe, so that all stripes cost the same. The sets differ until all sets of the
/// code are used; then they repeat.
fn patterns(code: &Code, stripes: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let (n, m) = (code.total_shards(), code.parity_shards());
    // Computes C(n, i) from C(n, i - 1). A product that overflows is larger than any number of stripes.
    let all = (1..=m).try_fold(1_usize, |count, i| Some(count.checked_mul(n + 1 - i)? / i)).unwrap_or(usize::MAX);
    let mut seen = HashSet::new();
    let mut patterns = Vec::new();
    while patterns.len() < stripes.min(all) {
        let pattern = random.choose(m, n);
        if seen.insert(pattern.clone()) {
            patterns.push(pattern);
        }
    }
    patterns.into_iter().cycle().take(stripes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_differ_as_long_as_the_code_has_patterns() {
        let mut random = Random::new(1);
        for (k, m, stripes, distinct) in [(10, 4, 25, 25), (10, 4, 1200, 1001), (4, 2, 15, 15), (4, 2, 40, 15)] {
            let patterns = patterns(&Code::cauchy(k, m).unwrap(), stripes, &mut random);
            assert_eq!(patterns.len(), stripes);
            assert_eq!(patterns.iter().collect::<HashSet<_>>().len(), distinct, "{k}+{m}, {stripes} stripes");
            assert!(patterns.iter().all(|pattern| pattern.len() == m));
        }
    }
}
