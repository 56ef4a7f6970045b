//! Reads stripes, and checks every block in the same pass.
//!
//! A block that fails its checksum or cannot be read is lost in its row; other rows are not affected. If several files
//! hold a shard, the blocks missing from the first are read from the next.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use evariste::Code;
use evariste::crc::crc32c;
use rayon::prelude::*;

use crate::batch::{Batch, Lane};
use crate::error::Error;
use crate::positioned::{self, PIECE_BYTES};
use crate::ranges::Stripes;
use crate::set::{Member, ShardFile};
use crate::shape::{BLOCK_BYTES, CRC_BYTES, Shape};

/// Reads a set's stripes, batch after batch.
pub(crate) struct Reader<'a> {
    code: &'a Code,
    shape: Shape,
    members: &'a [Member],
    /// The faults of each file, in the order of `members` and of their files.
    faults: Vec<Vec<Faults>>,
    /// Shards that are always read.
    first: Vec<usize>,
    /// Shards that are read one after another while data is missing.
    others: Vec<usize>,
    next_stripe: u64,
    /// Whether the data can be rebuilt without these shards. The same few patterns recur, so the answers are kept.
    recoverable: HashMap<Vec<usize>, bool>,
}

/// The blocks of a file that cannot be used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Blocks that fail their checksum.
    pub(crate) wrong: Tally,
    /// Blocks that cannot be read.
    pub(crate) unreadable: Tally,
}

/// A number of blocks, and the stripes they are in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) blocks: u64,
    pub(crate) stripes: Stripes,
}

impl Tally {
    fn add(&mut self, stripe: u64) {
        self.blocks += 1;
        self.stripes.add(stripe);
    }
}

impl<'a> Reader<'a> {
    /// Always reads the shards below `first`; reads others only where they are needed.
    pub(crate) fn new(code: &'a Code, shape: Shape, members: &'a [Member], first: usize) -> Self {
        let present = (0..members.len()).filter(|&index| !members[index].files.is_empty());
        let (first, others) = present.partition(|&index| index < first);
        let faults = no_faults(members);
        Self { code, shape, members, faults, first, others, next_stripe: 0, recoverable: HashMap::new() }
    }

    /// The faults of each file.
    pub(crate) fn into_faults(self) -> Vec<Vec<Faults>> {
        self.faults
    }

    /// Reads the next stripes. Returns false after the last.
    pub(crate) fn fill(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        if !batch.begin(self.next_stripe) {
            return Ok(false);
        }
        self.next_stripe = batch.next_stripe();
        read(&self.shape, self.members, &mut self.faults, batch, &self.first);
        for position in 0..self.others.len() {
            if self.is_recoverable(batch)? {
                break;
            }
            read(&self.shape, self.members, &mut self.faults, batch, &self.others[position..=position]);
        }
        Ok(true)
    }

    /// Whether the blocks read so far are enough for the data of every row.
    fn is_recoverable(&mut self, batch: &Batch) -> Result<bool, Error> {
        for run in batch.runs() {
            if run.lost.iter().all(|&shard| shard >= self.shape.data_shards()) {
                continue;
            }
            let recoverable = match self.recoverable.get(&run.lost) {
                Some(&known) => known,
                None => {
                    let found = self.code.is_recoverable(&run.lost)?;
                    self.recoverable.insert(run.lost, found);
                    found
                }
            };
            if !recoverable {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// An empty list of faults for each file.
pub(crate) fn no_faults(members: &[Member]) -> Vec<Vec<Faults>> {
    members.iter().map(|member| vec![Faults::default(); member.files.len()]).collect()
}

/// Reads the chosen shards, as many at a time as the current rayon pool has threads.
fn read(shape: &Shape, members: &[Member], faults: &mut [Vec<Faults>], batch: &mut Batch, chosen: &[usize]) {
    let first_stripe = batch.first_stripe();
    let all = batch.lanes().zip(members.iter().zip(faults));
    let lanes: Vec<(Lane<'_>, _)> = all.filter(|(lane, _)| chosen.contains(&lane.index)).collect();
    lanes.into_par_iter().for_each(|(lane, (member, faults))| {
        for (file, faults) in member.files.iter().zip(faults) {
            if lane.good.contains(&false) {
                read_lane(file, faults, shape, first_stripe, lane.payload, lane.good);
            }
        }
    });
}

/// Reads the blocks of a shard that are not good yet from one file, and counts its faults.
fn read_lane(
    file: &ShardFile,
    faults: &mut Faults,
    shape: &Shape,
    first_stripe: u64,
    payload: &mut [u8],
    good: &mut [bool],
) {
    read_blocks(&file.file, file.has_table, shape, first_stripe, payload, good, |stripe, fault| match fault {
        Fault::Wrong => faults.wrong.add(stripe),
        Fault::Unreadable => faults.unreadable.add(stripe),
    });
}

/// Why a block cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Wrong,
    Unreadable,
}

/// Reads the blocks that are not good yet, and marks those that pass their checksum as good. Calls `report` for every
/// other block. Without a table, every block that can be read passes.
fn read_blocks(
    file: &impl Disk,
    has_table: bool,
    shape: &Shape,
    first_stripe: u64,
    payload: &mut [u8],
    good: &mut [bool],
    mut report: impl FnMut(u64, Fault),
) {
    const PIECE_BLOCKS: usize = PIECE_BYTES / BLOCK_BYTES;
    let mut table = vec![0; good.len() * CRC_BYTES];
    let is_checkable = !has_table || file.read_at(shape.table_offset(first_stripe), &mut table).is_ok();
    let pieces = payload.chunks_mut(PIECE_BYTES).zip(table.chunks(PIECE_BLOCKS * CRC_BYTES));
    let mut row = 0;
    for ((payload, table), good) in pieces.zip(good.chunks_mut(PIECE_BLOCKS)) {
        let offset = |row: usize| shape.payload_offset(first_stripe) + (row * BLOCK_BYTES) as u64;
        // One read for the whole piece, unless some of its blocks are good already.
        let at_once = !good.contains(&true) && file.read_at(offset(row), payload).is_ok();
        let blocks = payload.chunks_exact_mut(BLOCK_BYTES).zip(table.chunks_exact(CRC_BYTES));
        for ((block, crc), good) in blocks.zip(good) {
            if !*good {
                let is_read = is_checkable && (at_once || file.read_at(offset(row), block).is_ok());
                *good = is_read && (!has_table || crc32c(block).to_le_bytes() == *crc);
                if !*good {
                    let stripe = first_stripe + (row / shape.unit_blocks()) as u64;
                    report(stripe, if is_read { Fault::Wrong } else { Fault::Unreadable });
                }
            }
            row += 1;
        }
    }
}

/// A shard file, or a test's stand-in for one.
trait Disk {
    /// Fills `bytes`, from `offset` on.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
}

impl Disk for File {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        positioned::read_at(self, offset, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    /// A disk on which some bytes cannot be read.
    struct Worn {
        bytes: Vec<u8>,
        bad: Range<u64>,
    }

    impl Disk for Worn {
        fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
            if offset < self.bad.end && offset + bytes.len() as u64 > self.bad.start {
                return Err(io::Error::other("bad sector"));
            }
            bytes.copy_from_slice(&self.bytes[usize::try_from(offset).unwrap()..][..bytes.len()]);
            Ok(())
        }
    }

    /// Reads three stripes of two blocks from a disk on which block 4 is wrong and the bytes `bad` cannot be read.
    /// Returns which blocks are good, and the reported faults.
    fn read(bad: Range<u64>) -> (Vec<bool>, Vec<(u64, Fault)>) {
        let shape = Shape::new(1, 1, 8192, 3 * 8192).unwrap();
        let mut bytes: Vec<u8> = (0..4096 + 6 * 4096).map(|at: usize| (at % 251).to_le_bytes()[0]).collect();
        let table: Vec<u8> = bytes[4096..].chunks(4096).flat_map(|block| crc32c(block).to_le_bytes()).collect();
        let payload = bytes[4096..].to_vec();
        bytes.extend(table);
        bytes[4096 + 4 * 4096 + 1234] ^= 1;
        let disk = Worn { bytes, bad };
        let (mut read, mut good, mut faults) = (vec![0; 6 * 4096], vec![false; 6], Vec::new());
        read_blocks(&disk, true, &shape, 0, &mut read, &mut good, |stripe, fault| faults.push((stripe, fault)));
        for (block, good) in good.iter().enumerate() {
            let range = block * 4096..(block + 1) * 4096;
            assert!(!good || read[range.clone()] == payload[range], "block {block} is marked good but is wrong");
        }
        (good, faults)
    }

    #[test]
    fn a_bad_sector_loses_only_its_blocks() {
        let (good, faults) = read(0..0);
        assert_eq!(good, [true, true, true, true, false, true]);
        assert_eq!(faults, [(2, Fault::Wrong)]);

        let (good, faults) = read(4096 + 4096 + 100..4096 + 2 * 4096 + 1);
        assert_eq!(good, [true, false, false, true, false, true]);
        assert_eq!(faults, [(0, Fault::Unreadable), (1, Fault::Unreadable), (2, Fault::Wrong)]);
    }

    #[test]
    fn blocks_are_not_trusted_without_their_checksums() {
        let table = 4096 + 6 * 4096;
        let (good, faults) = read(table + 23..table + 24);
        assert_eq!(good, [false; 6]);
        assert_eq!(faults.len(), 6);
    }
}
