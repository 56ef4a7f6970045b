//! Wrong bytes that no disk reported are found, listed and corrected, without and with checksums.
//!
//! `cargo run --release --example correct`

use evariste::{Code, Codec, Error};

fn main() -> Result<(), Error> {
    let codec = Codec::new(Code::reed_solomon(10, 4)?)?;
    let mut shards = codec.shards(1 << 20)?;
    for shard in 0..10u8 {
        let text = format!("shard {shard} of ten, which nobody watches. ");
        let mut text = text.bytes().cycle();
        shards.data_mut(usize::from(shard)).fill_with(|| text.next().expect("an endless text"));
    }
    // Encoding also computes the checksum of every block of 4096 bytes.
    let checksums = codec.encode_with_checksums(&mut shards)?;
    let whole: Vec<Vec<u8>> = shards.iter().map(<[u8]>::to_vec).collect();
    let spoil = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte ^= 0x55);

    // Four parity shards find two wrong bytes in a column, wherever they are.
    spoil(&mut shards.shard_mut(3)[5_000..700_000]);
    spoil(&mut shards.shard_mut(12)[6_000..6_001]);
    let corrections = codec.correct(&mut shards)?;
    for corrected in &corrections.corrected {
        println!("shard {}, bytes {:?}: {} corrected", corrected.shard, corrected.bytes, corrected.count);
    }
    assert!(shards.iter().eq(&whole) && corrections.is_complete());
    // These are very likely the original bytes, but only a checksum can confirm it.
    assert!(!corrections.is_confirmed());

    // With checksums, four wrong blocks can be corrected, and the corrections are confirmed.
    for shard in [0, 5, 11, 13] {
        spoil(&mut shards.shard_mut(shard)[40_000..50_000]);
    }
    let corrections = codec.correct_with_checksums(&mut shards, &checksums)?;
    assert!(shards.iter().eq(&whole) && corrections.is_confirmed());
    println!("four shards wrong in the same columns: corrected and confirmed");

    // Four parity shards cannot correct five. They stay unchanged, and the report lists every block.
    for shard in [0, 1, 5, 11, 13] {
        spoil(&mut shards.shard_mut(shard)[8_192..8_200]);
    }
    let corrections = codec.correct_with_checksums(&mut shards, &checksums)?;
    assert!(!corrections.is_complete() && corrections.contradicted.len() == 5);
    println!("five: unchanged, columns {:?}", corrections.beyond[0].columns);
    Ok(())
}
