//! The suite `latency`: how long an encode through a codec takes, from the call to its return, for many calls.
//!
//! Every call encodes the same shards, so small shards stay in the caches, as in a program that has just filled them.

mod held;
mod quantile;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use evariste::{Codec, Cpu};

use crate::args::{Output, Sizes};
use crate::count;
use crate::interrupt;
use crate::outcome::Outcome;
use crate::path::{self, Opened, Path};
use crate::random::Random;
use crate::record::{Figures, Method, Record, Setup as Keys};
use crate::rows::Rows;
use crate::setup::{self, Setup};
use crate::table::{self, Column, DATA, PATH, RIGHT, SHAPE, SHARD, Table};
use crate::timing::WARM_UP;
use held::Held;
use quantile::Quantiles;

/// Arguments of `bench latency`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    sizes: Sizes,
    /// How the shards are allocated and who computes; repeatable [default: those of cpu, registered, slices and auto
    /// that this machine has in hardware]
    #[arg(long = "path", value_name = "PATH", value_enum)]
    paths: Vec<Path>,
    /// Calls that count; fewer if they take longer than two seconds
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = count::between(1, 1_000_000))]
    calls: u32,
    #[command(flatten)]
    output: Output,
}

pub(crate) static TABLE: Table = Table {
    suite: "latency",
    caption: |record| {
        let code = record.setup.code.clone().unwrap_or_default();
        [table::device(record), vec![record.case.clone(), code, table::threads(record)]].concat()
    },
    columns: &[
        PATH,
        Column::text("memory", 10, |r| r.method.memory.clone()),
        SHAPE,
        SHARD,
        Column::number(("calls", ""), 7, 0, |r| r.setup.calls.map(|calls| calls as f64)),
        Column::number(("p50", "us"), 8, 1, |r| r.figures.p50_s.map(|seconds| seconds * 1e6)),
        Column::number(("p99", "us"), 8, 1, |r| r.figures.p99_s.map(|seconds| seconds * 1e6)),
        Column::number(("p99.9", "us"), 9, 1, |r| r.figures.p999_s.map(|seconds| seconds * 1e6)),
        Column::number(("max", "us"), 9, 1, |r| r.figures.max_s.map(|seconds| seconds * 1e6)),
        DATA.width(6).places(2),
        RIGHT,
    ],
    note: None,
};

const PATHS: [Path; 4] = [Path::Cpu, Path::Registered, Path::Slices, Path::Auto];
/// The time limit of the calls that count.
const MOST: Duration = Duration::from_secs(2);

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let by_default = args.paths.is_empty();
    let paths = if by_default { &PATHS[..] } else { &args.paths };
    let setups = Setup::all(&args.sizes, None, setup::LATENCY)?;
    let witness = Arc::new(Cpu::new()?);
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&TABLE, &args.output, out);
    for &path in paths {
        let Some(opened) = path::open(path, by_default)? else { continue };
        let name = path::name(path);
        if by_default && opened.backend.info().software {
            log::warn!("left out: {name}: {} is a software adapter", opened.device().name);
            continue;
        }
        for setup in &setups {
            interrupt::check()?;
            rows.doing(format!("{name} {} of {} bytes", setup.shape(), setup.shard_bytes()));
            rows.push(measure(args, &opened, setup, &witness, &mut random)?)?;
        }
    }
    rows.finish()
}

fn measure(args: &Args, opened: &Opened, setup: &Setup, witness: &Arc<Cpu>, random: &mut Random) -> Result<Record> {
    let codec = Codec::on(setup.code.clone(), opened.backend.clone());
    let mut held = Held::new(&codec, opened.allocation, setup.shard_bytes())?;
    held.fill(random);
    let started = Instant::now();
    loop {
        interrupt::check()?;
        held.encode(&codec)?;
        if started.elapsed() >= WARM_UP {
            break;
        }
    }
    let mut seconds = Vec::with_capacity(args.calls as usize);
    let started = Instant::now();
    while seconds.len() < args.calls as usize && started.elapsed() < MOST {
        interrupt::check()?;
        let called = Instant::now();
        held.encode(&codec)?;
        seconds.push(called.elapsed().as_secs_f64());
    }
    let Quantiles { calls, p50, p99, p999, max, samples } = Quantiles::of(seconds);

    held.fill(random);
    held.encode(&codec)?;
    let witness = Codec::on(setup.code.clone(), witness.clone());
    let verified = held.judge(setup, &witness, args.output.inject_fault, random)?;
    let record = Record::new(("latency", "encode", path::name(opened.path)), &opened.device(), samples, verified);
    Ok(Record {
        method: Method { memory: Some(opened.memory()), ..Method::default() },
        setup: Keys { calls: Some(calls), stripes: None, ..setup.keys() },
        figures: Figures {
            p50_s: Some(p50),
            p99_s: Some(p99),
            p999_s: Some(p999),
            max_s: Some(max),
            data_gbps: Some(setup.data_bytes() as f64 / p50 / 1e9),
            ..Figures::default()
        },
        ..record
    })
}
