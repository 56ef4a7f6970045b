//! Objects in and out: cut one into shards, lose some, read it all the same, and change a few bytes of it.
//!
//! `cargo run --release --example objects`

use evariste::{Code, Codec, Error};

fn main() -> Result<(), Error> {
    let codec = Codec::new(Code::reed_solomon(4, 2)?)?;

    // Four shards of data and two of parity. Only the object's length has to be kept beside them.
    let object = b"An object of any length, 0 bytes included.";
    let mut shards = codec.split(object);
    codec.encode(&mut shards)?;
    println!("{} bytes became {} shards of {} bytes", object.len(), shards.len(), shards[0].len());

    // Two devices do not answer. Only the data shard among them is needed to read the object.
    let mut arrived: Vec<Option<Vec<u8>>> = shards.iter().cloned().map(Some).collect();
    (arrived[1], arrived[4]) = (None, None);
    codec.reconstruct_wanted(&mut arrived, &[0, 1, 2, 3])?;
    assert_eq!(codec.join_present(&arrived, object.len())?, object);
    assert!(arrived[4].is_none(), "nobody wanted this parity shard");
    println!("read without shards 1 and 4");

    // A small write: bytes 3 to 8 of data shard 0 change, and with them the same bytes of each parity shard.
    let (columns, new) = (3..9, b"OBJECT");
    let (data, parity) = shards.split_at_mut(4);
    let mut parity: Vec<&mut [u8]> = parity.iter_mut().map(|shard| &mut shard[columns.clone()]).collect();
    codec.update_in_place(0, &data[0][columns.clone()], new, &mut parity)?;
    data[0][columns].copy_from_slice(new);
    assert!(codec.verify(&shards)?.is_consistent());
    assert_eq!(codec.join(&shards, object.len())?, b"An OBJECT of any length, 0 bytes included.");
    println!("updated six bytes, and parity with them");
    Ok(())
}
