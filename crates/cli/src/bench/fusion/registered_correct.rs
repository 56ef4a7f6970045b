//! Correcting shards in host memory that is registered with the GPU: one call that checks, locates and rebuilds, beside the
//! calls that come to the same without it, by the wall clock.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use evariste::backend::BLOCK_BYTES;
use evariste::{Codec, Cpu, Shards, crc};
use rayon::prelude::*;

use super::damage::Damage;
use super::registered::Registered;
use super::row::{FusionRow, WAYS, Way};
use crate::bench::args::Fusion;
use crate::bench::random::Random;
use crate::bench::row::Rows;
use crate::bench::setup::{self, Setup};
use crate::interrupt;

/// What is measured: what the separate calls can mend, too.
const DAMAGES: [Damage; 3] = [Damage::Nothing, Damage::Block, Damage::Shard];

pub(super) fn measure(args: &Fusion, rows: &mut Rows<'_, FusionRow>, random: &mut Random) -> Result<()> {
    let place = Registered::open(None)?;
    for setup in Setup::all(&args.sizes, None, place.defaults(setup::CORRECT))? {
        let mut bench = Bench::new(&setup, &place)?;
        for damage in DAMAGES {
            interrupt::check()?;
            rows.doing(format!("{} {} of {} bytes by calls", damage.case(), setup.shape(), setup.shard_bytes()));
            let ways = bench.measure(&place, damage, args.output.inject_fault, random)?;
            let rows_of = FusionRow::all(&setup, damage.case(), "registered", place.device(), ways);
            rows_of.into_iter().try_for_each(|row| rows.push(row))?;
        }
    }
    Ok(())
}

struct Bench<'a> {
    setup: &'a Setup,
    codec: Codec,
    /// Says in which shard a block is wrong.
    locator: Codec,
    shards: Shards,
    /// Whether every call so far did what it should.
    worked: bool,
}

/// Returns whether it found what was there and left nothing wrong.
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
        let seconds = place.medians(|_| {
            let check_s = self.timed(Damage::Nothing, random, calls[0])?;
            Ok([check_s, self.timed(damage, random, calls[1])?, self.timed(damage, random, calls[2])?])
        })?;
        let worked = self.worked;
        let (kernels, crossed) = (["verify", "correct", "verify, rebuild"], self.crossed_bytes(damage));
        let mut ways = Vec::new();
        for (at, way) in WAYS.into_iter().enumerate() {
            let done = if at == 0 { Damage::Nothing } else { damage };
            let verified = worked && self.judge(done, calls[at], inject_fault, random)?;
            let (kernel, threads) = (kernels[at].to_owned(), rayon::current_num_threads());
            ways.push(Way { way, kernel, threads, median_s: seconds[at], crossed_bytes: crossed[at], verified });
        }
        Ok(ways)
    }

    /// Bytes that each way has to read and write across the bus. What the host looks at itself is not among them.
    fn crossed_bytes(&self, damage: Damage) -> [usize; 3] {
        let (shard_bytes, wrong) = (self.setup.shard_bytes(), damage.extent(self.setup).1.len());
        let all = self.setup.code.total_shards() * shard_bytes;
        let rebuild = (self.setup.code.data_shards() + wrong) * shard_bytes;
        let separate = if wrong == 0 { all } else { all + rebuild + all };
        [all, all + damage.wrong_bytes(self.setup), separate]
    }

    /// Fills all data with bytes not seen before, and encodes it on the CPU.
    fn renew(&mut self, random: &mut Random) -> Result<()> {
        (0..self.setup.code.data_shards()).for_each(|shard| random.fill(self.shards.data_mut(shard)));
        Ok(self.locator.encode(&mut self.shards)?)
    }

    fn damage(&mut self, damage: Damage, random: &mut Random) {
        let (bytes, wrong) = damage.extent(self.setup);
        wrong.iter().for_each(|&shard| random.fill(&mut self.shards.shard_mut(shard)[..bytes]));
    }

    /// Does damage, and returns the seconds that a call then takes.
    fn timed(&mut self, damage: Damage, random: &mut Random, call: Call<'a>) -> Result<f64> {
        self.damage(damage, random);
        let started = Instant::now();
        let worked = call(self)?;
        let seconds = started.elapsed().as_secs_f64();
        self.worked &= worked;
        Ok(seconds)
    }

    /// Whether a call leaves every block as it was before the damage, by the CPU's checksums. With nothing damaged it is a
    /// check that must find nothing, and something once a bit is flipped.
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

    /// Verify; if there is anything, let the CPU say which shard is wrong in the first block that disagrees, rebuild that
    /// shard, and verify that this was all.
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
