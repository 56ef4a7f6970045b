//! `bench calibrate`: measures the CPU and the GPU at length, and stores the figures by which the automatic backend chooses.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use evariste::auto::{self, Auto, Calibration, Choice, Speed};
use evariste::{Backend, Batch, Code, Cpu, Geometry, Gpu, Region, Task, View, gpu};

use crate::interrupt;
use crate::outcome::Outcome;
use crate::size;

/// Arguments of `bench calibrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to store the figures in [default: EVARISTE_CALIBRATION, else evariste/calibration in the user's cache
    /// directory]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// How long each of nine points is measured.
const EFFORT: Duration = Duration::from_millis(300);
/// The shapes and bytes of data for which the choice is explained.
const SHAPES: [(usize, usize); 3] = [(10, 4), (16, 16), (128, 32)];
const DATA_BYTES: [usize; 3] = [1 << 20, 8 << 20, 64 << 20];

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let path = match &args.file {
        Some(path) => path.clone(),
        None => auto::default_path().context("no cache directory for the calibration: name a file with --file")?,
    };
    let cpu: Arc<dyn Backend> = Arc::new(Cpu::new().context("cannot open the CPU backend")?);
    let opened = Gpu::open(&gpu::Options::hardware_only()).context("without a GPU there is nothing to choose")?;
    let gpu: Arc<dyn Backend> = Arc::new(opened);
    let calibration = Calibration::measure(&*cpu, &*gpu, EFFORT)?;
    interrupt::check()?;

    writeln!(out, "CPU              {}: {}", calibration.cpu_device, show(&calibration.cpu))?;
    let in_place = calibration.in_place.as_ref().map_or_else(|| "it registers no memory".to_owned(), show);
    writeln!(out, "GPU in place     {}: {in_place}", calibration.gpu_device)?;
    writeln!(out, "GPU with copies  {}", show(&calibration.copied))?;
    calibration.save(&path)?;
    writeln!(out, "stored in {}", path.display())?;

    writeln!(out, "\nWhere an encode of these sizes runs, once a GPU is open:")?;
    let opener = Arc::clone(&gpu);
    let auto = Auto::of(cpu, move || Ok(Arc::clone(&opener))).with_calibration(calibration);
    // Opens the GPU.
    drop(auto.allocate(DATA_BYTES[2])?);
    for (data, parity) in SHAPES {
        for bytes in DATA_BYTES {
            let code = Code::cauchy(data, parity)?;
            let geometry = Geometry::one_stripe(code.total_shards(), bytes / data / 16 * 16)?;
            let total = geometry.slots * geometry.slot_stride;
            let (shape, bytes) = (format!("{data}+{parity}"), size::show(bytes as u64));
            let registered = explain(&auto, &code, geometry, auto.allocate(total)?)?;
            let plain = explain(&auto, &code, geometry, Region::new(total)?)?;
            writeln!(out, "{shape:<7} {bytes:>7}  memory of the library  {registered}")?;
            writeln!(out, "{shape:<7} {bytes:>7}  any other memory       {plain}")?;
        }
    }
    Ok(Outcome::Right)
}

fn explain(auto: &Auto, code: &Code, geometry: Geometry, mut memory: Region) -> Result<Choice> {
    let plan = code.encode_plan();
    Ok(auto.explain(&[Batch::new(Task::write(&plan), View::arena(&mut memory, geometry)?)?]))
}

fn show(speed: &Speed) -> String {
    let Speed { call_s, bytes_per_s, products_per_s, .. } = speed;
    let (call, bytes, products) = (call_s * 1e6, bytes_per_s / 1e9, products_per_s / 1e9);
    format!("{call:.1} us a call, then {bytes:.1} GB/s or {products:.0} * 10^9 products/s, whichever takes longer")
}
