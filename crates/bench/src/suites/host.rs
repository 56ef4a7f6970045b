//! The suite `host`: plans over shards in host memory, from the call to its return, in turn with copies across PCIe.

mod copies;

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use evariste::{Backend, Cpu, Gpu, gpu};

use crate::args::{Case, Output, Work};
use crate::count;
use crate::interrupt;
use crate::job::Job;
use crate::memory::{self, HostShards};
use crate::outcome::Outcome;
use crate::path::{self, Opened, Path};
use crate::random::Random;
use crate::record::{Ceiling, Figures, Method, Record, Setup as Keys};
use crate::rows::Rows;
use crate::setup::{self, Setup};
use crate::size;
use crate::table::{self, CASE, Column, DATA, PATH, RIGHT, SHARD, SHARE, STRIPES, TIME, Table};
use crate::timing::WARM_UP;
use crate::wall;
use copies::{Copies, Seconds};

/// Arguments of `bench host`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// How the shards are allocated and who computes; repeatable [default: each that this machine has]
    #[arg(long = "path", value_name = "PATH", value_enum)]
    paths: Vec<Path>,
    /// Batches in one call
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count::between(1, 65536))]
    batches: u32,
    /// Memory that consecutive calls cycle through, so that each call works on other shards [default: 256 MiB; on a
    /// software adapter 4 MiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    memory: Option<u64>,
    #[command(flatten)]
    output: Output,
}

pub(crate) static TABLE: Table = Table {
    suite: "host",
    caption: |record| {
        let batches = match record.setup.batches {
            Some(batches) if batches > 1 => format!("{batches} batches a call"),
            _ => String::new(),
        };
        [table::device(record), vec![table::code_and_shape(record), table::threads(record), batches]].concat()
    },
    columns: &[
        PATH,
        Column::text("memory", 10, |r| match r.method.in_place {
            Some(true) => Some("in place".to_owned()),
            _ => r.method.memory.clone(),
        }),
        CASE,
        SHARD,
        STRIPES,
        TIME,
        DATA.width(6),
        Column::number(("to", "GB/s"), 5, 1, |r| r.ceiling.to_device_gbps.flatten()),
        Column::number(("from", "GB/s"), 5, 1, |r| r.ceiling.from_device_gbps.flatten()),
        Column::number(("both", "GB/s"), 5, 1, |r| r.ceiling.both_gbps.flatten()),
        SHARE,
        RIGHT,
    ],
    note: None,
};

/// How long the calls of a round go on: long compared with the clock's resolution, and with the first call, whose
/// memory is not in the caches.
const PART: Duration = Duration::from_millis(5);
/// The time limit of the rounds that count.
const MOST: Duration = Duration::from_millis(1500);
/// Memory that the calls of a round cycle through: too large for any cache.
const MEMORY_BYTES: usize = 256 << 20;
const SOFTWARE_MEMORY_BYTES: usize = 4 << 20;

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let cases = args.work.cases()?;
    let paths = if args.paths.is_empty() { Path::value_variants() } else { &args.paths };
    let needs_gpu = paths.iter().any(|path| !matches!(path, Path::Auto | Path::AutoSlices | Path::Cpu));
    let gpu = match Gpu::open(&gpu::Options::default()).context("cannot open a GPU") {
        Ok(gpu) => Some(gpu),
        Err(error) if needs_gpu => return Err(error),
        Err(_) => None,
    };
    let software = gpu.as_ref().is_some_and(|gpu| gpu.info().software);
    let setups =
        Setup::all(&args.work.sizes, args.work.unit, if software { setup::HOST_SOFTWARE } else { setup::HOST })?;
    let copies = gpu.as_ref().map(|gpu| Copies::new(gpu, software)).transpose()?.flatten();
    let by_default = args.paths.is_empty();
    let opened =
        paths.iter().filter_map(|&path| path::open(path, by_default).transpose()).collect::<Result<Vec<_>>>()?;

    let bench = Bench { witness: Cpu::new()?, copies, software, args };
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&TABLE, &args.output, out);
    for opened in &opened {
        for setup in &setups {
            for &case in cases {
                interrupt::check()?;
                let name = path::name(opened.path);
                rows.doing(format!("{name} {} {} of {} bytes", case.as_str(), setup.shape(), setup.shard_bytes()));
                rows.push(bench.measure(opened, setup, case, &mut random)?)?;
            }
        }
    }
    rows.finish()
}

struct Bench<'a> {
    witness: Cpu,
    copies: Option<Copies>,
    software: bool,
    args: &'a Args,
}

/// The seconds of a round.
struct Round {
    own: f64,
    copies: Option<Seconds>,
}

impl Bench<'_> {
    fn measure(&self, opened: &Opened, setup: &Setup, case: Case, random: &mut Random) -> Result<Record> {
        let job = Job::new(setup, case, random)?;
        let batches = usize::try_from(self.args.batches)?;
        let backend = &*opened.backend;
        let sets = self.sets(opened, setup, batches)?;
        let mut shards = HostShards::new(setup, backend, opened.allocation, batches, sets)?;
        shards.fill(random);
        if case == Case::Check {
            // A check of consistent shards only reads.
            shards.run_all(backend, job.write())?;
        }
        let mut turns = (0..sets).cycle();
        let rounds = self.rounds(|| {
            let set = turns.next().unwrap_or_default();
            shards.run(set, backend, job.task()).map(|report| drop(black_box(report)))
        })?;
        let samples = rounds.iter().map(|round| round.own).collect();
        let copied: Vec<Seconds> = rounds.into_iter().filter_map(|round| round.copies).collect();

        let in_place = shards.are_in_place(backend, job.task())?;
        let is_cpu = opened.path == Path::Cpu;
        let witness = (!is_cpu).then_some(&self.witness);
        let verified = shards.judge(backend, witness, &job, self.args.output.inject_fault, random)?;
        let names = ("host", case.as_str(), path::name(opened.path));
        let record = Record::new(names, &opened.device(), samples, verified);
        let traffic_gbps = record.rate(job.traffic_bytes(setup) as f64 * batches as f64);
        let data_gbps = record.rate((setup.data_bytes() * batches) as f64);
        let copies = self.copies.as_ref().map(|copies| copies.gbps(&copies::medians(&copied)));
        Ok(Record {
            method: Method { memory: Some(opened.memory()), in_place: Some(in_place), ..Method::default() },
            setup: Keys { batches: Some(batches), sets: Some(sets), ..setup.keys() },
            figures: Figures { traffic_gbps: Some(traffic_gbps), data_gbps: Some(data_gbps), ..record.figures },
            ceiling: Ceiling {
                to_device_gbps: Some(copies.map(|gbps| gbps.to_device)),
                from_device_gbps: Some(copies.map(|gbps| gbps.from_device)),
                both_gbps: Some(copies.map(|gbps| gbps.both)),
                share: Some(copies.map(|gbps| data_gbps / gbps.to_device)),
                ..Ceiling::default()
            },
            ..record
        })
    }

    /// The number of sets that fill the memory.
    fn sets(&self, opened: &Opened, setup: &Setup, batches: usize) -> Result<usize> {
        let software = opened.backend.info().software;
        let memory = match self.args.memory {
            Some(bytes) => usize::try_from(bytes)?,
            None if software => SOFTWARE_MEMORY_BYTES,
            None => MEMORY_BYTES,
        };
        Ok(memory.div_ceil(memory::set_bytes(setup, batches)?).max(1))
    }

    /// Times calls back to back, in turn with the copies: first a warm-up, then the rounds that count.
    fn rounds(&self, mut call: impl FnMut() -> Result<()>) -> Result<Vec<Round>> {
        wall::rounds(if self.software { Duration::ZERO } else { WARM_UP }, MOST, || {
            let own = wall::mean(PART, &mut call)?;
            Ok(Round { own, copies: self.copies.as_ref().map(Copies::time).transpose()? })
        })
    }
}
