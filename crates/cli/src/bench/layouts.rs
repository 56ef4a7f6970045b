//! The suite `layouts`: what it costs to write, to read while a disk is missing, and to rebuild, in layouts that hold the same.
//!
//! Every layout has the same usable capacity, so its shards are the larger the fewer of them hold data. Each row says what is
//! read and written; the time is a call's, by the wall clock.

mod row;

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use evariste::{Code, Cpu, Layout, Plan};

use super::args::{Case, Layouts, Path};
use super::job::Job;
use super::memory::{self, HostShards};
use super::path::{self, Opened};
use super::random::Random;
use super::row::Rows;
use super::setup::Setup;
use super::timing::{WARM_UP, median};
use super::wall;
use crate::exit::{Exit, UsageError};
use crate::interrupt;
use row::LayoutRow;

/// Three layouts that survive any three losses, and for comparison a flat code that does.
const LAYOUTS: [Layout; 4] = [
    Layout::Raid51 { groups: 2, disks: 7 },
    Layout::Raid55 { groups: 4, disks: 4 },
    Layout::Hierarchical { nodes: 4, disks: 6, inside: 1, across: 1 },
    Layout::ReedSolomon { data: 12, parity: 3 },
];
const PATHS: [Path; 2] = [Path::Registered, Path::Cpu];
const CAPACITY: u64 = 180 << 20;
/// On an adapter that the CPU imitates everything takes a thousand times as long.
const CAPACITY_SOFTWARE: u64 = 1440 << 10;
/// Memory that calls go through: no cache holds it.
const MEMORY_BYTES: usize = 512 << 20;
/// How long a round's calls go on, and the rounds that count.
const PART: Duration = Duration::from_millis(5);
const MOST: Duration = Duration::from_secs(1);

/// What is done, and the shards that are gone.
struct Work {
    what: &'static str,
    lost: usize,
    plan: Plan,
}

pub(super) fn run(args: &Layouts, out: &mut dyn Write) -> Result<Exit> {
    let by_default = args.paths.is_empty();
    let paths = if by_default { &PATHS[..] } else { &args.paths };
    let layouts = if args.layouts.is_empty() { &LAYOUTS[..] } else { &args.layouts };
    let witness = Cpu::new()?;
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
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

/// Encoding; reading the first data shard while it is missing; rebuilding it; and rebuilding all of its group, or in a code
/// without groups as much as it bears.
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
    // A local group may be more than a code bears.
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
) -> Result<LayoutRow> {
    let backend = &*opened.backend;
    let software = backend.info().software;
    let case = if work.lost == 0 { Case::Encode } else { Case::Reconstruct };
    let job = Job::of(case, work.plan.clone());
    let sets = if software { 1 } else { MEMORY_BYTES.div_ceil(memory::set_bytes(setup, 1)?) };
    let mut shards = HostShards::new(setup, backend, opened.lie, 1, sets)?;
    shards.fill(random);
    let mut turns = (0..shards.sets()).cycle();
    let rounds = wall::rounds(if software { Duration::ZERO } else { WARM_UP }, MOST, || {
        wall::mean(PART, || {
            let set = turns.next().unwrap_or_default();
            shards.run(set, backend, job.task()).map(|report| drop(black_box(report)))
        })
    })?;
    let median_s = median(rounds);
    let other = (opened.path != Path::Cpu).then_some(witness);
    let verified = shards.judge(backend, other, &job, inject_fault, random)?;
    let capacity_bytes = (setup.code.data_shards() * setup.shard_bytes()) as u64;
    let bytes = |slots: &[u32]| (slots.len() * setup.shard_bytes()) as u64;
    let (read_bytes, written_bytes) = (bytes(work.plan.sources()), bytes(work.plan.targets()));
    Ok(LayoutRow {
        suite: "layouts",
        case: work.what,
        path: path::name(opened.path),
        device: opened.device(),
        driver: opened.driver.clone(),
        layout: layout.to_string(),
        shards: setup.code.total_shards(),
        shard_bytes: setup.shard_bytes(),
        capacity_bytes,
        lost: work.lost,
        read_bytes,
        written_bytes,
        threads: rayon::current_num_threads(),
        median_s,
        traffic_gbps: (read_bytes + written_bytes) as f64 / median_s / 1e9,
        verified,
    })
}
