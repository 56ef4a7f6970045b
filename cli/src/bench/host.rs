//! The suite `host`: plans over shards in host memory, from the call to its return, beside what PCIe carries meanwhile.

mod copies;
mod path;
mod row;

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use evariste::{Backend, Cpu, Gpu, gpu};

use super::args::{Case, Host, Path};
use super::device::CASES;
use super::job::Job;
use super::memory::HostShards;
use super::random::Random;
use super::row::Rows;
use super::setup::{self, Setup};
use super::timing::{ROUNDS, WARM_UP, median};
use crate::exit::{Exit, UsageError};
use crate::interrupt;
use copies::{Copies, Seconds};
use path::Opened;
use row::HostRow;

const PATHS: [Path; 7] =
    [Path::Registered, Path::Mapped, Path::Staged, Path::Slices, Path::Auto, Path::AutoSlices, Path::Cpu];

pub(super) fn run(args: &Host, out: &mut dyn Write) -> Result<Exit> {
    let cases = if args.cases.is_empty() { &CASES[..] } else { &args.cases };
    if cases.contains(&Case::Patterns) && args.sizes.unit.is_none() {
        return Err(UsageError("the case patterns needs --unit".to_owned()).into());
    }
    let paths = if args.paths.is_empty() { &PATHS[..] } else { &args.paths };
    let needs_gpu = paths.iter().any(|path| !matches!(path, Path::Auto | Path::AutoSlices | Path::Cpu));
    let gpu = match Gpu::open(&gpu::Options::default()).context("cannot open a GPU") {
        Ok(gpu) => Some(gpu),
        Err(error) if needs_gpu => return Err(error),
        Err(_) => None,
    };
    let software = gpu.as_ref().is_some_and(|gpu| gpu.info().software);
    let setups = Setup::all(&args.sizes, if software { setup::HOST_SOFTWARE } else { setup::HOST })?;
    let copies = gpu.as_ref().map(|gpu| Copies::new(gpu, software)).transpose()?.flatten();
    let by_default = args.paths.is_empty();
    let opened =
        paths.iter().filter_map(|&path| path::open(path, by_default).transpose()).collect::<Result<Vec<_>>>()?;

    let bench = Bench { witness: Cpu::new()?, copies, software, args };
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
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
    args: &'a Host,
}

/// What a round took, or the medians of all.
struct Round {
    own: f64,
    copies: Option<Seconds>,
}

impl Bench<'_> {
    fn measure(&self, opened: &Opened, setup: &Setup, case: Case, random: &mut Random) -> Result<HostRow> {
        let job = Job::new(setup, case, random)?;
        let batches = usize::try_from(self.args.batches)?;
        let backend = &*opened.backend;
        let mut shards = HostShards::new(setup, backend, opened.lie, batches)?;
        shards.fill(random);
        // A check of what is consistent only reads.
        shards.run(backend, job.write())?;
        let taken = self.alternate(|| shards.run(backend, job.task()).map(|report| drop(black_box(report))))?;

        let in_place = shards.are_in_place(backend, job.task())?;
        let is_cpu = opened.path == Path::Cpu;
        let witness = (!is_cpu).then_some(&self.witness);
        let verified = shards.judge(backend, witness, &job, self.args.output.inject_fault, random)?;
        let rate = |bytes: u64| bytes as f64 / taken.own / 1e9;
        let data_bytes = (setup.code.data_shards() * setup.shard_bytes() * batches) as u64;
        let copies = self.copies.as_ref().zip(taken.copies.as_ref()).map(|(copies, seconds)| copies.gbps(seconds));
        Ok(HostRow {
            suite: "host",
            case: case.as_str(),
            path: path::name(opened.path),
            memory: opened.memory(),
            in_place,
            device: opened.device(),
            driver: opened.driver.clone(),
            code: setup.code.name(),
            k: setup.code.data_shards(),
            m: setup.code.parity_shards(),
            shard_bytes: setup.shard_bytes(),
            stripes: setup.stripes,
            batches,
            threads: rayon::current_num_threads(),
            median_s: taken.own,
            traffic_gbps: rate(job.traffic_bytes(setup) * batches as u64),
            data_gbps: rate(data_bytes),
            to_device_gbps: copies.map(|gbps| gbps.to_device),
            from_device_gbps: copies.map(|gbps| gbps.from_device),
            both_gbps: copies.map(|gbps| gbps.both),
            share: copies.map(|gbps| rate(data_bytes) / gbps.to_device),
            verified,
        })
    }

    /// The copies and the call in turn: until everything is warm, then the rounds that count.
    fn alternate(&self, mut call: impl FnMut() -> Result<()>) -> Result<Round> {
        let mut round = || {
            interrupt::check()?;
            let copies = self.copies.as_ref().map(Copies::time).transpose()?;
            let started = Instant::now();
            call()?;
            Ok::<_, anyhow::Error>(Round { own: started.elapsed().as_secs_f64(), copies })
        };
        let started = Instant::now();
        loop {
            round()?;
            if self.software || started.elapsed() >= WARM_UP {
                break;
            }
        }
        let rounds = (0..ROUNDS).map(|_| round()).collect::<Result<Vec<_>>>()?;
        let own = median(rounds.iter().map(|round| round.own).collect());
        let copies: Vec<Seconds> = rounds.into_iter().filter_map(|round| round.copies).collect();
        Ok(Round { own, copies: (!copies.is_empty()).then(|| copies::medians(&copies)) })
    }
}
