//! The suite `patterns`: one call rebuilds many stripes, each with different lost shards, starting from the lists of
//! lost shards.
//!
//! The rows differ in what makes the matrices: `solver` is the library's general solver, on all cores, with tables made
//! by the host; `host` is the closed form, with tables made by the host; `device` leaves both to the device. All
//! rebuild the same stripes, in each kind of memory.

mod lost;
mod place;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use evariste::gpu::{Kernel, Options};
use evariste::{Backend, Batch, Code, Cpu, Geometry, Gpu, Losses, Matrices, Plan, Task, View};
use rayon::prelude::*;

use crate::args::{Output, Shape};
use crate::code;
use crate::count;
use crate::error::UsageError;
use crate::interrupt;
use crate::lab;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::record::{Device, Figures, Method, Record, Setup as Keys};
use crate::rows::Rows;
use crate::setup;
use crate::size;
use crate::table::{self, Column, PATH, RIGHT, SHAPE, TIME, TRAFFIC, Table, UNIT};
use crate::timing::{WARM_UP, by_candidate};
use crate::wall;
use place::{Memory, Place};

/// Arguments of `bench patterns`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Data and parity shards, K+M; repeatable [default: 10+4 and 50+10]
    #[arg(long = "shape", value_name = "K+M")]
    shapes: Vec<Shape>,
    /// Code: how parity follows from data
    #[arg(long, value_name = "NAME", value_parser = code::parser(), default_value = code::DEFAULT)]
    code: String,
    /// Stripes, each with its own pattern; repeatable. Fewer if the code has fewer patterns [default: 16, 256 and 4096;
    /// on a software adapter 32]
    #[arg(long, value_name = "N", value_parser = count::between(1, 1_000_000))]
    patterns: Vec<u32>,
    /// Bytes of a shard in one stripe; a multiple of 16 [default: 4 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    unit: Option<u64>,
    #[command(flatten)]
    output: Output,
}

pub(crate) static TABLE: Table = Table {
    suite: "patterns",
    caption: |record| {
        let code = record.setup.code.clone().unwrap_or_default();
        [table::device(record), vec![code, table::threads(record)]].concat()
    },
    columns: &[
        PATH.heading("memory"),
        Column::text("matrices", 8, |r| r.method.solver.clone()),
        SHAPE,
        UNIT,
        Column::number(("patterns", ""), 8, 0, |r| r.setup.stripes.map(|stripes| stripes as f64)),
        TIME,
        Column::number(("a pattern", "us"), 9, 3, |r| Some(r.median_s() * 1e6 / r.setup.stripes? as f64)),
        TRAFFIC,
        RIGHT,
    ],
    note: None,
};

/// The default shapes.
const SHAPES: [(usize, usize); 2] = [(10, 4), (50, 10)];
const PATTERNS: [u32; 3] = [16, 256, 4096];
const PATTERNS_SOFTWARE: [u32; 1] = [32];
const UNIT_BYTES: usize = 4096;
/// Devices store words of this many bytes.
const GRAIN_BYTES: usize = 16;
/// The time limit of the rounds of one setup, after the warm-up.
const MOST: Duration = Duration::from_secs(2);

/// What makes the matrices.
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

/// Stripes and the lost shards of each.
pub(super) struct Setup {
    code: Code,
    geometry: Geometry,
    lost: Vec<Vec<usize>>,
    whole: Vec<u8>,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let open = |invert_from| {
        let mut options = Options::default();
        options.kernel = Some(Kernel::Table);
        options.tuning().invert_from = Some(invert_from);
        Gpu::open(&options).context("cannot open a GPU")
    };
    let gpus = [open(usize::MAX)?, open(1)?];
    let software = gpus[0].info().software;
    let codes = setup::codes(&args.code, &args.shapes, &SHAPES)?;
    let by_default = if software { &PATTERNS_SOFTWARE[..] } else { &PATTERNS };
    let counts = if args.patterns.is_empty() { by_default } else { &args.patterns };
    let unit = match args.unit {
        Some(unit) => usize::try_from(unit)?,
        None => UNIT_BYTES,
    };
    if unit == 0 || !unit.is_multiple_of(GRAIN_BYTES) {
        return Err(UsageError(format!("--unit is {unit}, it must be a positive multiple of {GRAIN_BYTES}")).into());
    }
    let cpu = Cpu::new()?;
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&TABLE, &args.output, out);
    for code in codes {
        let (data_shards, parity_shards) = (code.data_shards(), code.parity_shards());
        for &count in counts {
            let setup = Setup::new(code.clone(), count as usize, unit, &mut random)?;
            rows.doing(format!("{} patterns of {data_shards}+{parity_shards}", setup.lost.len()));
            rows.extend(measure(&setup, &gpus, &cpu, args.output.inject_fault)?)?;
        }
    }
    rows.finish()
}

impl Setup {
    /// As many stripes as `patterns`, or fewer if the code has fewer patterns.
    fn new(code: Code, patterns: usize, unit: usize, random: &mut Random) -> Result<Self> {
        let lost = lost::distinct(&code, patterns, random);
        let (slots, stripes) = (code.total_shards(), lost.len());
        let bytes = unit.checked_mul(slots).and_then(|stripe| stripe.checked_mul(stripes));
        let mut whole = Vec::new();
        match bytes {
            Some(bytes) if whole.try_reserve_exact(bytes).is_ok() => whole.resize(bytes, 0),
            _ => bail!("no memory for {stripes} stripes of {slots} units of {unit} bytes"),
        }
        let geometry = Geometry { slots, bytes: unit, slot_stride: unit, stripes, stripe_stride: slots * unit };
        random.fill(&mut whole);
        let encode = code.encode_plan();
        let _ = Cpu::new()?.run(&mut [Batch::new(Task::write(&encode), View::arena(&mut whole, geometry)?)?])?;
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

    /// Rebuilds all stripes with one call, starting from the lists of lost shards.
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

/// Measures every solver in every memory on one setup, in turn.
fn measure(setup: &Setup, [host, device]: &[Gpu; 2], cpu: &Cpu, inject_fault: bool) -> Result<Vec<Record>> {
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
        let samples = by_candidate(&wall::rounds(WARM_UP, MOST, round)?);
        for ((solver, place), samples) in places.iter_mut().zip(samples) {
            place.put(&damaged)?;
            setup.rebuild(*solver, place)?;
            let mut rebuilt = place.take()?;
            if inject_fault {
                rebuilt[setup.lost[0][0] * setup.geometry.slot_stride] ^= 1;
            }
            let mut named = Device::cpu();
            if memory != Memory::Plain {
                (named.name, named.driver) = lab::names(host.device());
            }
            let names = ("patterns", "patterns", memory.name());
            let record = Record::new(names, &named, samples, rebuilt == setup.whole);
            let traffic_gbps = Some(record.rate(setup.traffic_bytes() as f64));
            rows.push(Record {
                method: Method { solver: Some(solver.name().to_owned()), ..Method::default() },
                setup: Keys {
                    code: Some(setup.code.name().to_owned()),
                    k: Some(setup.code.data_shards()),
                    m: Some(setup.code.parity_shards()),
                    unit_bytes: Some(setup.geometry.bytes as u64),
                    stripes: Some(setup.geometry.stripes),
                    ..Keys::default()
                },
                figures: Figures { traffic_gbps, ..record.figures },
                ..record
            });
        }
    }
    Ok(rows)
}
