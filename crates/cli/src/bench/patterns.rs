//! The suite `patterns`: many stripes, each with another set of shards lost, rebuilt by one call, from the lists of lost shards
//! to the bytes.
//!
//! Who works out the matrices is what differs: `solver` is the library's general solver, on all cores, and tables made by the
//! host; `host` the closed form, and tables made by the host; `device` leaves both to the device. All of them take the same
//! stripes, in memory that is registered with the device and in the device's own.

mod lost;
mod place;
mod row;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use evariste::gpu::{Kernel, Options};
use evariste::{Backend, Batch, Code, Cpu, Geometry, Gpu, Losses, Matrices, Plan, Task, View};
use rayon::prelude::*;

use super::args::{Patterns, Shape};
use super::lab;
use super::random::Random;
use super::row::Rows;
use super::timing::{WARM_UP, median};
use super::wall;
use crate::exit::{Exit, UsageError};
use crate::interrupt;
use place::{Memory, Place};
use row::PatternsRow;

/// What is measured where nothing is asked for.
const SHAPES: [Shape; 2] = [Shape { data_shards: 10, parity_shards: 4 }, Shape { data_shards: 50, parity_shards: 10 }];
const PATTERNS: [u32; 3] = [16, 256, 4096];
const PATTERNS_SOFTWARE: [u32; 1] = [32];
const UNIT_BYTES: usize = 4096;
/// What devices store.
const GRAIN_BYTES: usize = 16;
/// How long the rounds of one setup may take, beside warming up.
const MOST: Duration = Duration::from_secs(2);

/// Who works out the matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Solver {
    General,
    Host,
    Device,
}

impl Solver {
    fn name(self) -> &'static str {
        match self {
            Self::General => "solver",
            Self::Host => "host",
            Self::Device => "device",
        }
    }
}

/// Stripes and what each of them has lost.
pub(super) struct Setup {
    code: Code,
    geometry: Geometry,
    lost: Vec<Vec<usize>>,
    whole: Vec<u8>,
}

pub(super) fn run(args: &Patterns, out: &mut dyn Write) -> Result<Exit> {
    let open = |invert_from| {
        let mut options = Options::default();
        options.kernel = Some(Kernel::Table);
        options.invert_from = Some(invert_from);
        Gpu::open(&options).context("cannot open a GPU")
    };
    let gpus = [open(usize::MAX)?, open(1)?];
    let software = gpus[0].info().software;
    let shapes = if args.shapes.is_empty() { &SHAPES[..] } else { &args.shapes };
    let by_default = if software { &PATTERNS_SOFTWARE[..] } else { &PATTERNS };
    let counts = if args.patterns.is_empty() { by_default } else { &args.patterns };
    let unit = match args.unit {
        Some(unit) => usize::try_from(unit)?,
        None => UNIT_BYTES,
    };
    if unit == 0 || !unit.is_multiple_of(GRAIN_BYTES) {
        return Err(UsageError(format!("--unit is {unit}, which is no positive multiple of {GRAIN_BYTES}")).into());
    }
    let cpu = Cpu::new()?;
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    for &Shape { data_shards, parity_shards } in shapes {
        let code = args.code.build(data_shards, parity_shards)?;
        for &count in counts {
            let setup = Setup::new(code.clone(), count as usize, unit, &mut random)?;
            rows.doing(format!("{} patterns of {data_shards}+{parity_shards}", setup.lost.len()));
            for row in measure(&setup, &gpus, &cpu, args.output.inject_fault)? {
                rows.push(row)?;
            }
        }
    }
    rows.finish()
}

impl Setup {
    /// As many stripes as there are patterns, or fewer where the code has not so many.
    fn new(code: Code, patterns: usize, unit: usize, random: &mut Random) -> Result<Self> {
        let lost = lost::distinct(&code, patterns, random);
        let slots = code.total_shards();
        let geometry =
            Geometry { slots, bytes: unit, slot_stride: unit, stripes: lost.len(), stripe_stride: slots * unit };
        let mut whole = vec![0; lost.len() * geometry.stripe_stride];
        random.fill(&mut whole);
        let encode = code.encode_plan();
        Cpu::new()?.run(&mut [Batch::new(Task::write(&encode), View::arena(&mut whole, geometry)?)?])?;
        Ok(Self { code, geometry, lost, whole })
    }

    /// The stripes with their lost shards overwritten.
    fn damaged(&self) -> Vec<u8> {
        let Geometry { bytes, slot_stride, stripe_stride, .. } = self.geometry;
        let mut damaged = self.whole.clone();
        damaged.par_chunks_mut(stripe_stride).zip(&self.lost).for_each(|(stripe, lost)| {
            lost.iter().for_each(|shard| stripe[shard * slot_stride..][..bytes].fill(0xee));
        });
        damaged
    }

    /// One call: from the lists of lost shards to the bytes.
    fn rebuild(&self, solver: Solver, place: &mut Place<'_>) -> Result<()> {
        match solver {
            Solver::General => {
                let solve = |lost: &Vec<usize>| self.code.repair_plan(lost, lost, &|_| 1);
                let plans = self.lost.par_iter().map(solve).collect::<Result<Vec<Plan>, _>>()?;
                let of: Vec<u32> = (0..).take(plans.len()).collect();
                place.run(Task::Write(Matrices::PerStripe { plans: &plans, of: &of }))
            }
            Solver::Host | Solver::Device => {
                let losses = Losses::new(&self.code, &self.lost)?;
                place.run(Task::Write(losses.matrices()))
            }
        }
    }

    /// Bytes read and written by one call.
    fn traffic_bytes(&self) -> usize {
        let shards = self.lost.iter().map(|lost| self.code.data_shards() + lost.len());
        shards.sum::<usize>() * self.geometry.bytes
    }
}

/// Every solver in every memory on one setup, in turn.
fn measure(setup: &Setup, [host, device]: &[Gpu; 2], cpu: &Cpu, inject_fault: bool) -> Result<Vec<PatternsRow>> {
    let damaged = setup.damaged();
    let mut rows = Vec::new();
    for memory in [Memory::Resident, Memory::Registered, Memory::Slices, Memory::Plain] {
        let mut places = match memory {
            Memory::Plain => vec![(Solver::Host, Place::plain(cpu, setup.geometry, &damaged))],
            Memory::Slices => vec![
                (Solver::Host, Place::plain(host, setup.geometry, &damaged)),
                (Solver::Device, Place::plain(device, setup.geometry, &damaged)),
            ],
            _ => vec![
                (Solver::General, Place::new(host, memory, setup.geometry, &damaged)?),
                (Solver::Host, Place::new(host, memory, setup.geometry, &damaged)?),
                (Solver::Device, Place::new(device, memory, setup.geometry, &damaged)?),
            ],
        };
        let round = || -> Result<Vec<f64>> {
            interrupt::check()?;
            let time = |(solver, place): &mut (Solver, Place<'_>)| -> Result<f64> {
                let started = Instant::now();
                setup.rebuild(*solver, place)?;
                Ok(started.elapsed().as_secs_f64())
            };
            places.iter_mut().map(time).collect()
        };
        let rounds = wall::rounds(WARM_UP, MOST, round)?;
        for (at, (solver, place)) in places.iter_mut().enumerate() {
            place.put(&damaged)?;
            setup.rebuild(*solver, place)?;
            let mut rebuilt = place.take()?;
            if inject_fault {
                rebuilt[setup.lost[0][0] * setup.geometry.slot_stride] ^= 1;
            }
            let median_s = median(rounds.iter().map(|times| times[at]).collect());
            let (device, driver) = match memory {
                Memory::Plain => (super::cpu::processor(), String::new()),
                _ => lab::names(host.device()),
            };
            rows.push(PatternsRow {
                suite: "patterns",
                case: "patterns",
                path: memory.name(),
                solver: solver.name(),
                device,
                driver,
                code: setup.code.name(),
                k: setup.code.data_shards(),
                m: setup.code.parity_shards(),
                unit_bytes: setup.geometry.bytes,
                stripes: setup.geometry.stripes,
                threads: rayon::current_num_threads(),
                median_s,
                traffic_gbps: setup.traffic_bytes() as f64 / median_s / 1e9,
                verified: rebuilt == setup.whole,
            });
        }
    }
    Ok(rows)
}
