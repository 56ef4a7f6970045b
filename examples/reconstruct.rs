//! Shards in the caller's memory: vectors from disks or peers, some of them missing.
//!
//! `cargo run --release --example reconstruct`

use evariste::{Code, Codec, Error};

fn main() -> Result<(), Error> {
    // Two parity shards, P and Q, as Linux md and ISA-L write them.
    let codec = Codec::new(Code::raid6(6)?)?;
    let data: Vec<Vec<u8>> = (0..6).map(|disk| vec![b'A' + disk; 100_003]).collect();
    let mut parity = vec![vec![0; 100_003]; 2];
    codec.encode_into(&data, &mut parity)?;

    // Two disks are gone: a data disk and P.
    let mut disks: Vec<Option<Vec<u8>>> = data.iter().chain(&parity).cloned().map(Some).collect();
    disks[2] = None;
    disks[6] = None;
    codec.reconstruct_missing(&mut disks)?;
    assert_eq!(disks[2].as_ref(), Some(&data[2]));
    assert_eq!(disks[6].as_ref(), Some(&parity[0]));
    println!("disks 2 and 6 are back");

    // Two parity shards cannot replace three disks. The error names those beyond repair, and nothing has changed.
    disks[0] = None;
    disks[1] = None;
    disks[7] = None;
    match codec.reconstruct_missing(&mut disks) {
        Err(error @ Error::Unrecoverable { .. }) => println!("as expected: {error}"),
        other => panic!("three lost disks of a RAID 6 gave {other:?}"),
    }
    assert!(disks[0].is_none() && disks[3].as_ref() == Some(&data[3]));
    Ok(())
}
