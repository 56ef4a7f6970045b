//! The suite `layouts`: what it costs to write, to read while a disk is missing, and to rebuild, in layouts of equal capacity.
//!
//! Every layout has the same usable capacity, so a layout with fewer data shards has larger shards. Each row says how
//! much is read and written. The time is of one call, by the wall clock.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use evariste::{Code, Cpu, Layout, Plan};

use crate::args::{Case, Output};
use crate::error::UsageError;
use crate::interrupt;
use crate::job::Job;
use crate::memory::{self, HostShards};
use crate::outcome::Outcome;
use crate::path::{self, Opened, Path};
use crate::random::Random;
use crate::record::{Figures, Record, Setup as Keys};
use crate::rows::Rows;
use crate::setup::Setup;
use crate::size;
use crate::table::{self, CASE, Column, RIGHT, SHARD, TIME, TRAFFIC, Table};
use crate::timing::WARM_UP;
use crate::wall;

/// Arguments of `bench layouts`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A layout by its name in `evariste plan`; repeatable [default: raid51:2x7, raid55:4x4, hier:4x6+1+1, rs:12+3]
    #[arg(long = "layout", value_name = "LAYOUT")]
    layouts: Vec<Layout>,
    /// Bytes of data that every layout holds, cut to shards of whole pages [default: 180 MiB; on a software adapter 1440 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    capacity: Option<u64>,
    /// How the shards are allocated and who computes; repeatable [default: registered, if this machine has it, and cpu]
    #[arg(long = "path", value_name = "PATH", value_enum)]
    paths: Vec<Path>,
    #[command(flatten)]
    output: Output,
}

pub(crate) static TABLE: Table = Table {
    suite: "layouts",
    caption: |record| [table::device(record), vec![record.path.clone(), table::threads(record)]].concat(),
    columns: &[
        Column::text("layout", 15, |r| r.setup.layout.clone()),
        CASE.width(13),
        Column::number(("lost", ""), 4, 0, |r| r.setup.lost.map(|lost| lost as f64)),
        Column::size("holds", |r| r.setup.capacity_bytes),
        SHARD,
        Column::size("reads", |r| r.setup.read_bytes),
        Column::size("writes", |r| r.setup.written_bytes),
        TIME,
        TRAFFIC.places(2),
        RIGHT,
    ],
    note: None,
};

/// Three layouts that survive any three losses, and for comparison a flat code that does too.
const LAYOUTS: [Layout; 4] = [
    Layout::Raid51 { groups: 2, disks: 7 },
    Layout::Raid55 { groups: 4, disks: 4 },
    Layout::Hierarchical { nodes: 4, disks: 6, inside: 1, across: 1 },
    Layout::ReedSolomon { data: 12, parity: 3 },
];
const PATHS: [Path; 2] = [Path::Registered, Path::Cpu];
const CAPACITY: u64 = 180 << 20;
/// Small for the same reason as [`crate::setup::DEVICE_SOFTWARE`].
const CAPACITY_SOFTWARE: u64 = 1440 << 10;
/// Memory that calls cycle through: too large for any cache.
const MEMORY_BYTES: usize = 512 << 20;
/// How long the calls of a round go on.
const PART: Duration = Duration::from_millis(5);
/// The time limit of the rounds that count.
const MOST: Duration = Duration::from_secs(1);

/// One thing to measure, and how many shards are lost.
struct Work {
    what: &'static str,
    lost: usize,
    plan: Plan,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let by_default = args.paths.is_empty();
    let paths = if by_default { &PATHS[..] } else { &args.paths };
    let layouts = if args.layouts.is_empty() { &LAYOUTS[..] } else { &args.layouts };
    let witness = Cpu::new()?;
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&TABLE, &args.output, out);
    for &path in paths {
        let Some(opened) = path::open(path, by_default)? else { continue };
        let software = opened.backend.info().software;
        let capacity = args.capacity.unwrap_or(if software { CAPACITY_SOFTWARE } else { CAPACITY });
        for layout in layouts {
            let code = layout.code().map_err(|error| UsageError(error.to_string()))?;
            let setup = Setup::of_data(code, capacity)?;
            for work in work(&setup.code)? {
                interrupt::check()?;
                rows.doing(format!("{} {} of {layout}", path::name(path), work.what));
                let inject_fault = args.output.inject_fault;
                rows.push(measure(&opened, layout, &setup, &work, &witness, inject_fault, &mut random)?)?;
            }
        }
    }
    rows.finish()
}

/// Encoding; reading the first data shard while it is missing; and rebuilding the whole first group. A code without groups
/// rebuilds as many shards as it has parity shards.
fn work(code: &Code) -> Result<Vec<Work>> {
    let rebuild = |lost: &[usize]| code.repair_plan(lost, lost, &|_| 1);
    let groups = code.groups();
    let many: Vec<usize> = match groups.count() {
        1 => (0..code.parity_shards()).collect(),
        _ => groups.members(0).to_vec(),
    };
    let mut all = vec![
        Work { what: "encode", lost: 0, plan: code.encode_plan() },
        Work { what: "degraded read", lost: 1, plan: rebuild(&[0])? },
    ];
    // Some codes do not survive the loss of a whole group.
    if let Ok(plan) = rebuild(&many) {
        all.push(Work { what: "rebuild", lost: many.len(), plan });
    }
    Ok(all)
}

fn measure(
    opened: &Opened,
    layout: &Layout,
    setup: &Setup,
    work: &Work,
    witness: &Cpu,
    inject_fault: bool,
    random: &mut Random,
) -> Result<Record> {
    let backend = &*opened.backend;
    let software = backend.info().software;
    let case = if work.lost == 0 { Case::Encode } else { Case::Reconstruct };
    let job = Job::of(case, work.plan.clone());
    let sets = if software { 1 } else { MEMORY_BYTES.div_ceil(memory::set_bytes(setup, 1)?) };
    let mut shards = HostShards::new(setup, backend, opened.allocation, 1, sets)?;
    shards.fill(random);
    let mut turns = (0..sets).cycle();
    let samples = wall::rounds(if software { Duration::ZERO } else { WARM_UP }, MOST, || {
        wall::mean(PART, || {
            let set = turns.next().unwrap_or_default();
            shards.run(set, backend, job.task()).map(|report| drop(black_box(report)))
        })
    })?;
    let other = (opened.path != Path::Cpu).then_some(witness);
    let verified = shards.judge(backend, other, &job, inject_fault, random)?;
    let bytes = |slots: &[usize]| (slots.len() * setup.shard_bytes()) as u64;
    let (read_bytes, written_bytes) = (bytes(work.plan.sources()), bytes(work.plan.targets()));
    let record = Record::new(("layouts", work.what, path::name(opened.path)), &opened.device(), samples, verified);
    let traffic_gbps = Some(record.rate((read_bytes + written_bytes) as f64));
    Ok(Record {
        setup: Keys {
            layout: Some(layout.to_string()),
            shards: Some(setup.code.total_shards()),
            shard_bytes: Some(setup.shard_bytes() as u64),
            capacity_bytes: Some(setup.data_bytes() as u64),
            lost: Some(work.lost),
            read_bytes: Some(read_bytes),
            written_bytes: Some(written_bytes),
            ..Keys::default()
        },
        figures: Figures { traffic_gbps, ..record.figures },
        ..record
    })
}
