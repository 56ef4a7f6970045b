//! The suite `files`: protects and restores a file, in turn with `cp` of the same bytes in the same directory.
//!
//! Each round copies, protects and restores the file once, in that order; the first round only warms up. Before each
//! step, memory for its writes is touched, and after each round its files are removed. Neither is timed.

mod copier;
mod place;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use evariste::{Backend, Layout};
use evariste_store::{Error as StoreError, Protected, Restored, Scheme, Set, StageTime, Watch, shard_name};

use crate::args::{Output, Shape};
use crate::backend::{self, Choice};
use crate::code;
use crate::count;
use crate::error::UsageError;
use crate::interrupt;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::record::{Ceiling, Device, Figures, Record, Setup as Keys};
use crate::rows::Rows;
use crate::size;
use crate::table::{self, CASE, Column, RIGHT, SHAPE, SHARE, Table, UNIT};
use crate::timing::median;
use copier::Copier;
use place::Place;

/// Arguments of `bench files`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Bytes of the file [default: 1 GiB; on a software adapter 32 MiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    size: Option<u64>,
    /// Directory to work in; the suite makes a directory there and removes it at the end; repeatable [default: /dev/shm
    /// if it exists, and the current directory]
    #[arg(long = "dir", value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Data and parity shards, K+M
    #[arg(long, value_name = "K+M", default_value = "10+4")]
    shape: Shape,
    /// Code: how parity follows from data
    #[arg(long, value_name = "NAME", value_parser = code::parser(), default_value = code::DEFAULT)]
    code: String,
    /// Bytes of the file that go to one shard before the next shard; a multiple of 4096
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = size::parse)]
    unit: u64,
    /// Rounds that count, after one that warms up
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = count::between(1, 99))]
    rounds: u32,
    /// Where to compute
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
    #[command(flatten)]
    output: Output,
}

pub(crate) static TABLE: Table = Table {
    suite: "files",
    caption: |record| {
        let dir = format!("files in {} ({})", record.setup.dir.clone().unwrap_or_default(), record.path);
        let copier = format!("beside {} and a sync", record.ceiling.copier.clone().unwrap_or_default());
        let code = record.setup.code.clone().unwrap_or_default();
        // The CPU's name says how many threads it has.
        let threads = Some(table::threads(record)).filter(|threads| !record.device.contains(threads));
        [table::device(record), threads.into_iter().collect(), vec![code, dir, copier]].concat()
    },
    columns: &[
        CASE.width(7),
        SHAPE,
        Column::size("file", |r| r.setup.file_bytes),
        UNIT,
        Column::number(("rounds", ""), 6, 0, |r| r.setup.rounds.map(f64::from)),
        Column::number(("time", "s"), 8, 3, |r| r.figures.median_s),
        Column::number(("rate", "GB/s"), 7, 2, |r| r.figures.data_gbps),
        Column::number(("copy", "GB/s"), 7, 2, |r| r.ceiling.copy_gbps),
        SHARE,
        RIGHT,
    ],
    note: Some(("stages while at work, GB/s", |record| {
        let mut stages: Vec<_> = record.figures.stages_gbps.iter().flatten().collect();
        stages.sort_by(|one, other| one.1.total_cmp(other.1));
        let stages: Vec<String> = stages.iter().map(|(stage, gbps)| format!("{stage} {gbps:.2}")).collect();
        stages.join(", ")
    })),
};

const FILE_BYTES: u64 = 1 << 30;
const SOFTWARE_FILE_BYTES: u64 = 32 << 20;

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let (data, parity) = (args.shape.data_shards, args.shape.parity_shards);
    let layout = Layout::flat(&args.code, data, parity).map_err(|error| UsageError(error.to_string()))?;
    let scheme = Scheme::new(layout, args.unit).map_err(|error| UsageError(error.to_string()))?;
    let backend = args.backend.open()?;
    let info = backend.info();
    let software = info.software;
    if args.backend == Choice::Gpu && software {
        log::warn!("no hardware GPU: using the software adapter {}", info.device);
    }
    let file_bytes = args.size.unwrap_or(if software { SOFTWARE_FILE_BYTES } else { FILE_BYTES });
    if file_bytes == 0 {
        return Err(UsageError("a file of 0 bytes has no rate".to_owned()).into());
    }
    let dirs = if args.dirs.is_empty() { place::defaults() } else { args.dirs.clone() };
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&TABLE, &args.output, out);
    for dir in &dirs {
        rows.doing(format!("files in {}", dir.display()));
        let place = Place::new(dir, file_bytes, &mut random)?;
        let bench = Bench { args, scheme: &scheme, backend: &backend, copier: Copier::choose(&place)?, place };
        rows.extend(bench.measure(&mut random)?)?;
    }
    rows.finish()
}

struct Bench<'a> {
    args: &'a Args,
    scheme: &'a Scheme,
    backend: &'a Arc<dyn Backend>,
    copier: Copier,
    place: Place,
}

/// Cancels the verbs when the suite is asked to stop.
struct Stop;

impl Watch for Stop {
    fn is_cancelled(&self) -> bool {
        interrupt::check().is_err()
    }
}

/// Seconds of a verb, and of its stages, in each round.
#[derive(Default)]
struct Taken {
    seconds: Vec<f64>,
    stages: BTreeMap<&'static str, Vec<f64>>,
}

impl Taken {
    fn add(&mut self, time: Duration, stages: &[StageTime]) {
        self.seconds.push(time.as_secs_f64());
        for stage in stages {
            self.stages.entry(stage.stage).or_default().push(stage.time.as_secs_f64());
        }
    }
}

impl Bench<'_> {
    fn measure(&self, random: &mut Random) -> Result<[Record; 2]> {
        let (file_bytes, shape) = (self.place.file_bytes, self.args.shape);
        let total_shards = (shape.data_shards + shape.parity_shards) as u64;
        let shard_bytes = file_bytes.div_ceil(shape.data_shards as u64).saturating_mul(total_shards);
        let (mut copies, mut protects, mut restores) = (Vec::new(), Taken::default(), Taken::default());
        for round in 0..=self.args.rounds {
            self.place.warm(file_bytes)?;
            let copied = self.copier.copy(&self.place)?;
            self.place.warm(shard_bytes)?;
            let (protected, protect_stages) = timed(|| Ok(self.protect()?.stages))?;
            self.place.warm(file_bytes)?;
            let (restored, restore_stages) = timed(|| Ok(self.restore()?.stages))?;
            if round > 0 {
                copies.push(copied.as_secs_f64());
                protects.add(protected, &protect_stages);
                restores.add(restored, &restore_stages);
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
        let copied = median(&copies);
        Ok([self.record("protect", protects, copied, protected), self.record("restore", restores, copied, restored)])
    }

    fn protect(&self) -> Result<Protected, StoreError> {
        evariste_store::protect(self.place.file(), self.place.shards(), self.scheme, self.backend, &Stop)
    }

    fn restore(&self) -> Result<Restored, StoreError> {
        Set::open(self.place.shards())?.restore(self.place.restored(), self.backend, &Stop)
    }

    /// Whether the shards still give the file after the first m of them are deleted.
    fn judge_shards(&self, random: &mut Random) -> Result<bool> {
        let shard = |index: usize| self.place.shards().join(shard_name(index));
        let lost = self.args.shape.parity_shards;
        for index in 0..lost {
            place::remove(&shard(index))?;
        }
        if self.args.output.inject_fault {
            place::flip(&shard(lost), random)?;
        }
        match self.restore() {
            Ok(_) => self.place.is_the_file(),
            Err(error @ StoreError::BeyondRepair(_)) => {
                log::warn!("{error}");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn record(&self, case: &str, taken: Taken, copied: f64, verified: bool) -> Record {
        let file_bytes = self.place.file_bytes;
        let rate = |seconds: f64| file_bytes as f64 / seconds / 1e9;
        let stages = taken.stages.into_iter().map(|(stage, seconds)| (stage.to_owned(), rate(median(&seconds))));
        let stages: BTreeMap<String, f64> = stages.collect();
        let limit = stages.iter().min_by(|one, other| one.1.total_cmp(other.1)).map(|(stage, _)| stage.clone());
        let device = Device { name: backend::describe(&self.backend.info()), ..Device::cpu() };
        let record = Record::new(("files", case, &self.place.filesystem), &device, taken.seconds, verified);
        Record {
            driver: None,
            setup: Keys {
                code: Some(self.args.code.clone()),
                k: Some(self.args.shape.data_shards),
                m: Some(self.args.shape.parity_shards),
                dir: Some(self.place.dir.display().to_string()),
                file_bytes: Some(file_bytes),
                unit_bytes: Some(self.args.unit),
                rounds: Some(self.args.rounds),
                ..Keys::default()
            },
            figures: Figures {
                data_gbps: Some(rate(record.median_s())),
                limit: Some(limit.unwrap_or_default()),
                stages_gbps: Some(stages),
                ..record.figures
            },
            ceiling: Ceiling {
                copier: Some(self.copier.name().to_owned()),
                copy_gbps: Some(rate(copied)),
                share: Some(Some(copied / record.median_s())),
                ..Ceiling::default()
            },
            ..record
        }
    }
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let started = Instant::now();
    let value = work()?;
    Ok((started.elapsed(), value))
}
