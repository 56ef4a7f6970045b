//! The suite `host`: plans over shards in host memory, from the call to its return, beside what PCIe carries meanwhile.

mod copies;
mod row;

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use evariste::{Backend, Cpu, Gpu, gpu};

use super::args::{Case, Host, Path};
use super::device::CASES;
use super::job::Job;
use super::memory::{self, HostShards};
use super::path::{self, Opened};
use super::random::Random;
use super::row::Rows;
use super::setup::{self, Setup};
use super::timing::{WARM_UP, median};
use super::wall;
use crate::exit::Exit;
use crate::interrupt;
use copies::{Copies, Seconds};
use row::HostRow;

const PATHS: [Path; 7] =
    [Path::Registered, Path::Mapped, Path::Staged, Path::Slices, Path::Auto, Path::AutoSlices, Path::Cpu];

/// How long a round's calls go on: long beside the clock, and beside what the first of them finds cold.
const PART: Duration = Duration::from_millis(5);
/// What the rounds that count take.
const MOST: Duration = Duration::from_millis(1500);
/// Memory that a round's calls go through: no cache holds it.
const MEMORY_BYTES: usize = 256 << 20;
const SOFTWARE_MEMORY_BYTES: usize = 4 << 20;

pub(super) fn run(args: &Host, out: &mut dyn Write) -> Result<Exit> {
    let cases = args.cases.chosen(&CASES, &args.stripes)?;
    let paths = if args.paths.is_empty() { &PATHS[..] } else { &args.paths };
    let needs_gpu = paths.iter().any(|path| !matches!(path, Path::Auto | Path::AutoSlices | Path::Cpu));
    let gpu = match Gpu::open(&gpu::Options::default()).context("cannot open a GPU") {
        Ok(gpu) => Some(gpu),
        Err(error) if needs_gpu => return Err(error),
        Err(_) => None,
    };
    let software = gpu.as_ref().is_some_and(|gpu| gpu.info().software);
    let setups = Setup::all(&args.sizes, args.stripes.unit, if software { setup::HOST_SOFTWARE } else { setup::HOST })?;
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
        let mut shards = HostShards::new(setup, backend, opened.lie, batches, self.sets(opened, setup, batches)?)?;
        shards.fill(random);
        if case == Case::Check {
            // A check of what is consistent only reads.
            shards.run_all(backend, job.write())?;
        }
        let mut sets = (0..shards.sets()).cycle();
        let taken = self.alternate(|| {
            let set = sets.next().unwrap_or_default();
            shards.run(set, backend, job.task()).map(|report| drop(black_box(report)))
        })?;

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
            sets: shards.sets(),
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

    /// As many sets as make the memory that calls go through.
    fn sets(&self, opened: &Opened, setup: &Setup, batches: usize) -> Result<usize> {
        let software = opened.backend.info().software;
        let memory = match self.args.memory {
            Some(bytes) => usize::try_from(bytes)?,
            None if software => SOFTWARE_MEMORY_BYTES,
            None => MEMORY_BYTES,
        };
        Ok(memory.div_ceil(memory::set_bytes(setup, batches)?).max(1))
    }

    /// Calls back to back and the copies in turn: until everything is warm, then the rounds that count.
    fn alternate(&self, mut call: impl FnMut() -> Result<()>) -> Result<Round> {
        let rounds = wall::rounds(if self.software { Duration::ZERO } else { WARM_UP }, MOST, || {
            let own = wall::mean(PART, &mut call)?;
            Ok(Round { own, copies: self.copies.as_ref().map(Copies::time).transpose()? })
        })?;
        let own = median(rounds.iter().map(|round| round.own).collect());
        let copies: Vec<Seconds> = rounds.into_iter().filter_map(|round| round.copies).collect();
        Ok(Round { own, copies: (!copies.is_empty()).then(|| copies::medians(&copies)) })
    }
}
