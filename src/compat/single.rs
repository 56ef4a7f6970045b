//! One data shard's contribution, added to parity.
//!
//! A plan overwrites its targets and reads none of them, so old parity is copied aside, a piece of columns at a time, and
//! is a source there beside the data shard:
//!
//! ```text
//! new parity[i] = P[i][j] * data + 1 * old parity[i]
//! ```
//!
//! The first data shard needs none of this: its contribution is what the parity then is.

use super::{Error, check, write};
use crate::memory::Slot;
use crate::{Codec, Matrix, Plan};

/// Old parity copied aside at a time, all shards together: it stays in a core's second-level cache until it is read.
const ASIDE_BYTES: usize = 1 << 20;

pub(super) fn add<U: AsMut<[u8]>>(codec: &Codec, j: usize, data: &[u8], parity: &mut [U]) -> Result<(), Error> {
    let mut parity: Vec<&mut [u8]> = parity.iter_mut().map(AsMut::as_mut).collect();
    parity.iter().try_for_each(|shard| check::equal(data.len(), shard.len()))?;
    let plan = plan(codec, j)?;
    if j == 0 {
        let parity = parity.into_iter().map(Slot::Write);
        return write(codec, &plan, std::iter::once(Slot::Read(data)).chain(parity));
    }
    // Pieces begin where a vector does, if the shards do.
    let piece_bytes = (ASIDE_BYTES / parity.len()).next_multiple_of(64).min(data.len());
    let mut aside = vec![0; piece_bytes * parity.len()];
    for (index, data) in data.chunks(piece_bytes).enumerate() {
        let start = index * piece_bytes;
        let new = parity.iter_mut().map(|shard| &mut shard[start..start + data.len()]);
        let mut slots = vec![Slot::Read(data)];
        let mut targets = Vec::with_capacity(new.len());
        for (new, old) in new.zip(aside.chunks_mut(piece_bytes)) {
            let old = &mut old[..data.len()];
            old.copy_from_slice(new);
            slots.push(Slot::Read(old));
            targets.push(Slot::Write(new));
        }
        slots.extend(targets);
        write(codec, &plan, slots)?;
    }
    Ok(())
}

/// Slot 0 is data shard `j`. Then come the old parity shards, if `j` has any before it, and the new ones.
fn plan(codec: &Codec, j: usize) -> Result<Plan, Error> {
    let parity = codec.code().parity_matrix();
    let old = if j == 0 { 0 } else { parity.rows() };
    let matrix = Matrix::from_fn(parity.rows(), 1 + old, |row, column| match column {
        0 => parity.row(row)[j],
        _ => u8::from(column - 1 == row),
    });
    let slots: Vec<u32> = (0..).take(1 + old + parity.rows()).collect();
    let (sources, targets) = slots.split_at(1 + old);
    Ok(Plan::new(sources, targets, matrix)?)
}
