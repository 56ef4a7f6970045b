//! Lists the adapters that Vulkan reports, opens the one that the library prefers, and tests it.
//!
//! `RUST_LOG=info cargo run --release --example devices` also prints what the library and wgpu log.

use std::sync::Arc;

use evariste::{Backend, Code, Codec, Cpu, Error, Gpu};

fn main() -> Result<(), Error> {
    env_logger::init();

    let adapters = Gpu::adapters();
    println!("adapters, best first: {}", adapters.len());
    for (index, adapter) in adapters.iter().enumerate() {
        println!("  {index}: {adapter}");
    }

    let cpu: Arc<dyn Backend> = Arc::new(Cpu::new()?);
    let gpu: Arc<dyn Backend> = match Gpu::open(&evariste::gpu::Options::default()) {
        Ok(gpu) => Arc::new(gpu),
        Err(error @ Error::NoDevice { .. }) => {
            println!("{error}; everything runs on the CPU: {}", cpu.info().device);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let info = gpu.info();
    println!(
        "opened: {}{}",
        info.device,
        if info.software { " (a software driver: correct, but no faster)" } else { "" }
    );

    // The same stripe on both backends.
    let mut parity = Vec::new();
    for backend in [cpu, gpu] {
        let codec = Codec::on(Code::reed_solomon(10, 4)?, backend);
        let mut shards = codec.shards(10_007)?;
        for i in 0..10 {
            shards.data_mut(i).iter_mut().zip((0..251).cycle().skip(i)).for_each(|(byte, x)| *byte = x);
        }
        codec.encode(&mut shards)?;
        parity.push((0..4).map(|i| shards.parity(i).to_vec()).collect::<Vec<_>>());
    }
    assert!(parity[0] == parity[1], "the GPU and the CPU disagree");
    println!("it computes the same parity as the CPU");
    Ok(())
}
