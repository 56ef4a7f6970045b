//! The suite `files`: protect and restore of a file, beside `cp` of the same bytes in the same directory and the same run.
//!
//! Each round copies, protects and restores the file once, in that order, after a round that warms up. What a round writes
//! is removed before the next, and the memory for what is written next is touched, both outside of what is timed.

mod copier;
mod place;
mod row;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use evariste::Backend;

use super::args::Files;
use super::random::Random;
use super::row::Rows;
use super::timing::median;
use crate::exit::{BeyondRepair, Exit, UsageError};
use crate::names;
use crate::pipeline::Busy;
use crate::protect::{self, Scheme};
use crate::restore;
use copier::Copier;
use place::Place;
use row::FilesRow;

const FILE_BYTES: u64 = 1 << 30;
const SOFTWARE_FILE_BYTES: u64 = 32 << 20;

pub(super) fn run(args: &Files, out: &mut dyn Write) -> Result<Exit> {
    let (data, parity) = (u32::try_from(args.shape.data_shards)?, u32::try_from(args.shape.parity_shards)?);
    let scheme = Scheme::new(args.code, data, Some(parity), args.unit)?;
    let backend = args.backend.open()?;
    let software = backend.info().software;
    let file_bytes = args.size.unwrap_or(if software { SOFTWARE_FILE_BYTES } else { FILE_BYTES });
    if file_bytes == 0 {
        return Err(UsageError("a file of 0 bytes has no rate".to_owned()).into());
    }
    let dirs = if args.dirs.is_empty() { place::defaults() } else { args.dirs.clone() };
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    for dir in &dirs {
        rows.doing(format!("files in {}", dir.display()));
        let place = Place::new(dir, file_bytes, &mut random)?;
        let bench = Bench { args, scheme: &scheme, backend: &backend, copier: Copier::choose(&place)?, place };
        bench.measure(&mut random)?.into_iter().try_for_each(|row| rows.push(row))?;
    }
    rows.finish()
}

struct Bench<'a> {
    args: &'a Files,
    scheme: &'a Scheme,
    backend: &'a Arc<dyn Backend>,
    copier: Copier,
    place: Place,
}

/// What a verb took in each round.
#[derive(Default)]
struct Taken {
    seconds: Vec<f64>,
    stages: BTreeMap<&'static str, Vec<f64>>,
}

impl Taken {
    fn add(&mut self, time: Duration, busy: &[Busy]) {
        self.seconds.push(time.as_secs_f64());
        for busy in busy {
            self.stages.entry(busy.stage).or_default().push(busy.time.as_secs_f64());
        }
    }
}

impl Bench<'_> {
    fn measure(&self, random: &mut Random) -> Result<[FilesRow; 2]> {
        let (file_bytes, shape) = (self.place.file_bytes, self.args.shape);
        let total_shards = (shape.data_shards + shape.parity_shards) as u64;
        let shard_bytes = file_bytes.div_ceil(shape.data_shards as u64).saturating_mul(total_shards);
        let (mut copies, mut protects, mut restores) = (Vec::new(), Taken::default(), Taken::default());
        for round in 0..=self.args.rounds {
            self.place.warm(file_bytes)?;
            let copied = self.copier.copy(&self.place)?;
            self.place.warm(shard_bytes)?;
            let (protected, protect_busy) = timed(|| Ok(self.protect()?.busy))?;
            self.place.warm(file_bytes)?;
            let (restored, restore_busy) = timed(|| Ok(self.restore()?.busy))?;
            if round > 0 {
                copies.push(copied.as_secs_f64());
                protects.add(protected, &protect_busy);
                restores.add(restored, &restore_busy);
            }
            if round < self.args.rounds {
                self.place.clear()?;
            }
        }
        let inject_fault = self.args.output.inject_fault;
        if inject_fault {
            place::flip(&self.place.restored(), random)?;
        }
        let restored = self.place.is_the_file()?;
        let protected = self.judge_shards(random)?;
        self.place.clear()?;
        let copied = median(copies);
        Ok([self.row("protect", protects, copied, protected), self.row("restore", restores, copied, restored)])
    }

    fn protect(&self) -> Result<protect::Protected> {
        protect::protect(&self.place.file(), &self.place.shards(), self.scheme, self.backend)
    }

    fn restore(&self) -> Result<restore::Restored> {
        restore::restore(&self.place.shards(), &self.place.restored(), self.backend)
    }

    /// Whether the shards give the file back when as many are lost as may be, the first ones.
    fn judge_shards(&self, random: &mut Random) -> Result<bool> {
        let shard = |index: usize| self.place.shards().join(names::canonical(index));
        let lost = self.args.shape.parity_shards;
        for index in 0..lost {
            remove(&shard(index))?;
        }
        if self.args.output.inject_fault {
            place::flip(&shard(lost), random)?;
        }
        match self.restore() {
            Ok(_) => self.place.is_the_file(),
            Err(error) if error.is::<BeyondRepair>() => {
                log::warn!("{error:#}");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn row(&self, case: &'static str, taken: Taken, copied: f64, verified: bool) -> FilesRow {
        let file_bytes = self.place.file_bytes;
        let rate = |seconds: f64| file_bytes as f64 / seconds / 1e9;
        let median_s = median(taken.seconds);
        let stages: BTreeMap<&'static str, f64> =
            taken.stages.into_iter().map(|(stage, seconds)| (stage, rate(median(seconds)))).collect();
        let limit = stages.iter().min_by(|one, other| one.1.total_cmp(other.1)).map_or("", |(stage, _)| stage);
        FilesRow {
            suite: "files",
            case,
            path: self.place.filesystem.clone(),
            dir: self.place.dir.display().to_string(),
            device: crate::backend::describe(&self.backend.info()),
            code: self.args.code.as_str(),
            k: self.args.shape.data_shards,
            m: self.args.shape.parity_shards,
            file_bytes,
            unit_bytes: self.args.unit,
            threads: rayon::current_num_threads(),
            rounds: self.args.rounds,
            median_s,
            data_gbps: rate(median_s),
            copier: self.copier.name(),
            copy_gbps: rate(copied),
            share: copied / median_s,
            limit,
            stages_gbps: stages,
            verified,
        }
    }
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let started = Instant::now();
    let value = work()?;
    Ok((started.elapsed(), value))
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}
