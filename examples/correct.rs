//! Wrong bytes that no disk reported: found, named and made right, without and with checksums.
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
    // Encoding gives the checksum of every block of 4096 bytes on the way.
    let checksums = codec.encode_with_checksums(&mut shards)?;
    let whole: Vec<Vec<u8>> = shards.iter().map(<[u8]>::to_vec).collect();
    let spoil = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte ^= 0x55);

    // Four parity shards find two wrong bytes in a column, wherever they are.
    spoil(&mut shards.shard_mut(3)[5_000..700_000]);
    spoil(&mut shards.shard_mut(12)[6_000..6_001]);
    let corrections = codec.correct(&mut shards)?;
    for corrected in &corrections.corrected {
        println!("shard {}, bytes {:?}: {} made right", corrected.shard, corrected.bytes, corrected.count);
    }
    assert!(shards.iter().eq(&whole) && corrections.is_complete());
    // That nothing else can have been there is likely, but only a checksum could say so.
    assert!(!corrections.is_confirmed());

    // Checksums tell which blocks are wrong. Then four of them can be made right, and are confirmed.
    for shard in [0, 5, 11, 13] {
        spoil(&mut shards.shard_mut(shard)[40_000..50_000]);
    }
    let corrections = codec.correct_with_checksums(&mut shards, &checksums)?;
    assert!(shards.iter().eq(&whole) && corrections.is_confirmed());
    println!("four shards wrong in the same columns: made right, and confirmed");

    // Five are beyond four parity shards. They stay as they are, and the report names every block.
    for shard in [0, 1, 5, 11, 13] {
        spoil(&mut shards.shard_mut(shard)[8_192..8_200]);
    }
    let corrections = codec.correct_with_checksums(&mut shards, &checksums)?;
    assert!(!corrections.is_complete() && corrections.contradicted.len() == 5);
    println!("five: left alone, columns {:?}", corrections.beyond[0].columns);
    Ok(())
}
