//! Encodes ten data shards into four parity shards, loses four of the fourteen, and rebuilds them.
//!
//! `cargo run --release --example quickstart`

use evariste::{Code, Codec, Error};

fn main() -> Result<(), Error> {
    let codec = Codec::new(Code::reed_solomon(10, 4)?)?;

    // 14 shards of 1 MiB, in memory that the backend reaches most cheaply. The first ten take the data, here a repeated text.
    let mut shards = codec.shards(1 << 20)?;
    let mut text = b"Nothing survives unless it is kept twice, or encoded once. ".iter().cycle();
    for i in 0..10 {
        shards.data_mut(i).fill_with(|| *text.next().expect("an endless text"));
    }
    codec.encode(&mut shards)?;
    println!("encoded 10 MiB into 4 MiB of parity on: {}", codec.backend().info().device);

    // Any four may be lost, data or parity.
    let lost = [0, 5, 11, 13];
    let before: Vec<Vec<u8>> = lost.iter().map(|&i| shards.shard(i).to_vec()).collect();
    for &i in &lost {
        shards.shard_mut(i).fill(0);
    }
    codec.reconstruct(&mut shards, &lost)?;
    for (&i, before) in lost.iter().zip(&before) {
        assert!(shards.shard(i) == before, "shard {i}");
    }
    println!("lost and rebuilt the shards {lost:?}: identical");

    // `verify` computes parity again and compares.
    assert!(codec.verify(&shards)?.is_consistent());
    shards.data_mut(3)[1000] ^= 1;
    let report = codec.verify(&shards)?;
    assert_eq!(report.mismatches.len(), 4, "every parity shard disagrees");
    println!(
        "flipped one bit: verify names byte {} in {} parity shards",
        report.mismatches[0].first,
        report.mismatches.len()
    );
    Ok(())
}
