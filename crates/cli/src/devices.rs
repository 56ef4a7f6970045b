//! `evariste devices`: lists the CPU kernel in use and the devices that `EVARISTE_DEVICE` can choose.

use std::io::Write;

use anyhow::{Context, Result};
use clap::Args;
use evariste::gpu::{AdapterSummary, Options};
use evariste::{Backend, Cpu, Gpu};

use crate::exit::Exit;

#[derive(Debug, Args)]
pub(crate) struct Devices;

pub(crate) fn run(_: &Devices, out: &mut dyn Write) -> Result<Exit> {
    let cpu = Cpu::new().context("cannot open the CPU backend")?;
    writeln!(out, "cpu: {}", cpu.info().device)?;
    let adapters = Gpu::adapters();
    for (number, adapter) in adapters.iter().enumerate() {
        describe(number, adapter, out)?;
    }
    if adapters.is_empty() {
        writeln!(out, "no GPU: no driver shows one")?;
    }
    Ok(Exit::Whole)
}

/// Opens the device, because only then it is known how it reaches the host's memory.
fn describe(number: usize, adapter: &AdapterSummary, out: &mut dyn Write) -> Result<()> {
    let AdapterSummary { name, driver, interface, software, .. } = adapter;
    let mut options = Options::default();
    options.device = Some(number.to_string());
    let memory = match Gpu::open(&options) {
        Ok(gpu) => gpu.info().memory.map_or_else(|| "the host's own".to_owned(), |memory| memory.to_string()),
        Err(error) => format!("unknown, since the device cannot be opened: {:#}", anyhow::Error::from(error)),
    };
    writeln!(out, "{number}: {name}")?;
    writeln!(out, "   driver  {driver} ({interface})")?;
    writeln!(out, "   type    {}", if *software { "software, run by the CPU" } else { "hardware" })?;
    writeln!(out, "   memory  {memory}")?;
    Ok(())
}
