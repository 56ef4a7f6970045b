//! Protects a file, damages its shards, and verifies, repairs and restores the set:
//! `cargo run --release -p evariste-store --example sets`.

use std::error::Error;
use std::fs;
use std::sync::Arc;

use evariste::{Auto, Backend, Layout};
use evariste_store::{RepairOptions, Scheme, Set, Verdict, protect, shard_name};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (file, shards, restored) = (dir.path().join("file"), dir.path().join("shards"), dir.path().join("restored"));
    let bytes: Vec<u8> = (0..1_000_000u32).flat_map(u32::to_le_bytes).collect();
    fs::write(&file, &bytes)?;

    // 10 data and 4 parity shards, units of 64 KiB. `&()` follows nothing and never cancels.
    let backend: Arc<dyn Backend> = Auto::shared()?;
    let scheme = Scheme::new(Layout::ReedSolomon { data: 10, parity: 4 }, 64 << 10)?;
    let set = protect(&file, &shards, &scheme, &backend, &())?.set;
    println!("set {}: {} shards of {} bytes", set.id, set.shape.total_shards(), set.shape.shard_file_bytes());

    // Two shards are lost, and a third has a wrong byte.
    fs::remove_file(shards.join(shard_name(0)))?;
    fs::remove_file(shards.join(shard_name(13)))?;
    let wrong = shards.join(shard_name(5));
    let mut shard = fs::read(&wrong)?;
    shard[10_000] ^= 1;
    fs::write(&wrong, shard)?;

    let set = Set::open(&shards)?;
    let health = set.verify(&backend, &())?;
    assert!(matches!(health.verdict, Verdict::Repairable));
    println!("damaged: {:?}", health.damaged);
    assert!(set.restore(&restored, &backend, &())?.is_damaged);
    assert_eq!(fs::read(&restored)?, bytes);

    let repaired = set.repair(&RepairOptions::new(), &backend, &())?;
    assert_eq!(repaired.rewritten, [0, 5, 13]);
    assert!(matches!(Set::open(&shards)?.verify(&backend, &())?.verdict, Verdict::Whole));
    println!("repaired: {:?}", repaired.rewritten);
    Ok(())
}
