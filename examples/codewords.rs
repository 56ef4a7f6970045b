//! Classic codewords: messages followed by parity, sent over a link that damages bytes.
//!
//! `cargo run --release --example codewords`

use evariste::Error;
use evariste::codeword::ReedSolomon;

fn main() -> Result<(), Error> {
    // 188 bytes of data and 16 of parity: a packet of digital television. The code of 255 bytes, shortened.
    let code = ReedSolomon::new(204, 188, 0)?;
    let mut sent = vec![b'.'; code.codeword_bytes()];
    let (data, parity) = sent.split_at_mut(code.data_bytes());
    data[..13].copy_from_slice(b"hello, world!");
    code.encode(data, parity)?;

    // The link damages six bytes, and the receiver knows that it could not read four more.
    let mut received = sent.clone();
    for position in [0, 7, 50, 51, 99, 203] {
        received[position] ^= 0x55;
    }
    let unreadable = [20, 21, 22, 180];
    for position in unreadable {
        received[position] = 0;
    }

    // 2 * 6 + 4 = 16: exactly what 16 parity bytes correct.
    let corrected = code.decode(&mut received, &unreadable)?;
    assert_eq!(received, sent);
    println!("{} bytes corrected, at {:?}", corrected.count(), corrected.positions().collect::<Vec<_>>());

    // Nine errors are one too many. The codeword stays as it arrived.
    for byte in &mut received[100..109] {
        *byte ^= 0x55;
    }
    let damaged = received.clone();
    match code.decode(&mut received, &[]) {
        Err(error @ Error::Uncorrectable { .. }) => println!("as expected: {error}"),
        other => panic!("nine errors gave {other:?}"),
    }
    assert_eq!(received, damaged);
    Ok(())
}
