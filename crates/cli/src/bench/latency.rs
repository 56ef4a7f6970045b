//! The suite `latency`: how long one encode through a codec takes, from the call to its return, again and again.
//!
//! The shards are the same in every call, as those of a program that has just filled them: what fits the caches lies there.

mod held;
mod quantile;
mod row;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use evariste::{Codec, Cpu};

use super::args::{Latency, Path};
use super::path::{self, Opened};
use super::random::Random;
use super::row::Rows;
use super::setup::{self, Setup};
use super::timing::WARM_UP;
use crate::exit::Exit;
use crate::interrupt;
use held::Held;
use quantile::Quantiles;
use row::LatencyRow;

const PATHS: [Path; 4] = [Path::Cpu, Path::Registered, Path::Slices, Path::Auto];
/// How long the calls that count go on.
const MOST: Duration = Duration::from_secs(2);

pub(super) fn run(args: &Latency, out: &mut dyn Write) -> Result<Exit> {
    let by_default = args.paths.is_empty();
    let paths = if by_default { &PATHS[..] } else { &args.paths };
    let setups = Setup::all(&args.sizes, None, setup::LATENCY)?;
    let witness = Arc::new(Cpu::new()?);
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    for &path in paths {
        let Some(opened) = path::open(path, by_default)? else { continue };
        let name = path::name(path);
        if by_default && opened.backend.info().software {
            log::warn!("left out: {name}: {} is a software adapter", opened.device());
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

fn measure(
    args: &Latency,
    opened: &Opened,
    setup: &Setup,
    witness: &Arc<Cpu>,
    random: &mut Random,
) -> Result<LatencyRow> {
    let codec = Codec::on(setup.code.clone(), opened.backend.clone());
    let mut held = Held::new(&codec, opened.lie, setup.shard_bytes())?;
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
    let quantiles = Quantiles::of(seconds);

    held.fill(random);
    held.encode(&codec)?;
    let witness = Codec::on(setup.code.clone(), witness.clone());
    let verified = held.judge(setup, &witness, args.output.inject_fault, random)?;
    let data_bytes = setup.code.data_shards() * setup.shard_bytes();
    Ok(LatencyRow {
        suite: "latency",
        case: "encode",
        path: path::name(opened.path),
        memory: opened.memory(),
        device: opened.device(),
        driver: opened.driver.clone(),
        code: setup.code.name(),
        k: setup.code.data_shards(),
        m: setup.code.parity_shards(),
        shard_bytes: setup.shard_bytes(),
        threads: rayon::current_num_threads(),
        calls: quantiles.calls,
        p50_s: quantiles.p50,
        p99_s: quantiles.p99,
        p999_s: quantiles.p999,
        max_s: quantiles.max,
        data_gbps: data_bytes as f64 / quantiles.p50 / 1e9,
        verified,
    })
}
