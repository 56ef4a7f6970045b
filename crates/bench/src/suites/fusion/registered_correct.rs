//! Correcting shards in host memory that is registered with the GPU: one call that checks, locates and rebuilds, in turn with
//! separate calls that do the same, by the wall clock.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use evariste::backend::BLOCK_BYTES;
use evariste::{Codec, Cpu, Shards, crc};
use rayon::prelude::*;

use super::damage::Damage;
use super::registered::Registered;
use super::ways::{self, Run, Way};
use crate::interrupt;
use crate::random::Random;
use crate::setup::{self, Setup};

/// The damages that the separate calls can repair too.
const DAMAGES: [Damage; 3] = [Damage::Nothing, Damage::Block, Damage::Shard];

pub(super) fn measure(run: &mut Run<'_>) -> Result<()> {
    let place = Registered::open(None)?;
    for setup in Setup::all(run.sizes, None, place.defaults(setup::CORRECT))? {
        let mut bench = Bench::new(&setup, &place)?;
        for damage in DAMAGES {
            interrupt::check()?;
            run.rows.doing(format!("{} {} of {} bytes by calls", damage.case(), setup.shape(), setup.shard_bytes()));
            let ways = bench.measure(&place, damage, run.inject_fault, &mut run.random)?;
            run.rows.extend(ways::records(&setup, damage.case(), "registered", &place.device, ways))?;
        }
    }
    Ok(())
}

struct Bench<'a> {
    setup: &'a Setup,
    codec: Codec,
    /// Finds the shard that has a wrong block.
    locator: Codec,
    shards: Shards,
    /// Whether every call so far succeeded.
    worked: bool,
}

/// A call on the shards, which returns whether it left them consistent.
type Call<'a> = fn(&mut Bench<'a>) -> Result<bool>;

impl<'a> Bench<'a> {
    fn new(setup: &'a Setup, place: &Registered) -> Result<Self> {
        let codec = Codec::on(setup.code.clone(), Arc::clone(&place.gpu) as _);
        let locator = Codec::on(setup.code.clone(), Arc::new(Cpu::new()?));
        let shards = codec.shards(setup.shard_bytes())?;
        Ok(Self { setup, codec, locator, shards, worked: true })
    }

    fn measure(
        &mut self,
        place: &Registered,
        damage: Damage,
        inject_fault: bool,
        random: &mut Random,
    ) -> Result<Vec<Way>> {
        let calls: [Call<'a>; 3] = [Self::verify, Self::correct, Self::separate];
        self.worked = true;
        self.renew(random)?;
        let samples = place.samples(|_| {
            let check_s = self.timed(Damage::Nothing, random, calls[0])?;
            Ok([check_s, self.timed(damage, random, calls[1])?, self.timed(damage, random, calls[2])?])
        })?;
        let worked = self.worked;
        let (kernels, crossed) = (["verify", "correct", "verify, rebuild"], self.crossed_bytes(damage));
        let mut ways = Vec::new();
        for (at, samples) in samples.into_iter().enumerate() {
            let done = if at == 0 { Damage::Nothing } else { damage };
            let verified = worked && self.judge(done, calls[at], inject_fault, random)?;
            let (kernel, threads) = (kernels[at].to_owned(), rayon::current_num_threads());
            ways.push(Way { kernel, threads, samples, crossed_bytes: crossed[at], verified });
        }
        Ok(ways)
    }

    /// Bytes that each way must read and write across the bus. Bytes that the host itself reads do not count.
    fn crossed_bytes(&self, damage: Damage) -> [usize; 3] {
        let (shard_bytes, wrong) = (self.setup.shard_bytes(), damage.extent(self.setup).1.len());
        let all = self.setup.code.total_shards() * shard_bytes;
        let rebuild = (self.setup.code.data_shards() + wrong) * shard_bytes;
        let separate = if wrong == 0 { all } else { all + rebuild + all };
        [all, all + damage.wrong_bytes(self.setup), separate]
    }

    /// Fills all data with fresh bytes, and encodes it on the CPU.
    fn renew(&mut self, random: &mut Random) -> Result<()> {
        (0..self.setup.code.data_shards()).for_each(|shard| random.fill(self.shards.data_mut(shard)));
        Ok(self.locator.encode(&mut self.shards)?)
    }

    fn damage(&mut self, damage: Damage, random: &mut Random) {
        let (bytes, wrong) = damage.extent(self.setup);
        wrong.iter().for_each(|&shard| random.fill(&mut self.shards.shard_mut(shard)[..bytes]));
    }

    /// Damages the shards, and returns the seconds that a call then takes.
    fn timed(&mut self, damage: Damage, random: &mut Random, call: Call<'a>) -> Result<f64> {
        self.damage(damage, random);
        let started = Instant::now();
        let worked = call(self)?;
        let seconds = started.elapsed().as_secs_f64();
        self.worked &= worked;
        Ok(seconds)
    }

    /// Whether a call restores every damaged block, by the CPU's checksums, and leaves consistent shards in which a
    /// check detects a flipped bit.
    fn judge(&mut self, damage: Damage, call: Call<'a>, inject_fault: bool, random: &mut Random) -> Result<bool> {
        self.renew(random)?;
        let before = self.checksums();
        self.damage(damage, random);
        let worked = call(self)?;
        let (shard, at) = (random.below(self.setup.code.total_shards()), random.below(self.setup.shard_bytes()));
        if inject_fault {
            self.shards.shard_mut(shard)[at] ^= 1;
        }
        let right = worked && self.checksums() == before;
        if !inject_fault {
            self.shards.shard_mut(shard)[at] ^= 1;
        }
        Ok(right && !self.verify()?)
    }

    fn checksums(&self) -> Vec<u32> {
        let shards: Vec<&[u8]> = self.shards.iter().collect();
        shards.par_iter().flat_map_iter(|shard| crc::of_blocks(shard).collect::<Vec<_>>()).collect()
    }

    fn verify(&mut self) -> Result<bool> {
        Ok(self.codec.verify(&self.shards)?.is_consistent())
    }

    fn correct(&mut self) -> Result<bool> {
        Ok(self.codec.correct(&mut self.shards)?.is_complete())
    }

    /// Verifies. If a block disagrees, the CPU locates the wrong shard in the first such block; that shard is rebuilt, and
    /// everything is verified again.
    fn separate(&mut self) -> Result<bool> {
        let report = self.codec.verify(&self.shards)?;
        let Some(found) = report.mismatches.first() else { return Ok(true) };
        let block = found.block * BLOCK_BYTES..self.setup.shard_bytes().min((found.block + 1) * BLOCK_BYTES);
        let mut blocks: Vec<Vec<u8>> = self.shards.iter().map(|shard| shard[block.clone()].to_vec()).collect();
        let corrections = self.locator.correct(&mut blocks)?;
        let mut wrong: Vec<usize> = corrections.corrected.iter().map(|found| found.shard).collect();
        wrong.dedup();
        self.codec.reconstruct(&mut self.shards, &wrong)?;
        self.verify()
    }
}
