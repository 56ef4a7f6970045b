//! The shards of one stripe as a codec's user holds them, and whether an encode of them was right.

use anyhow::Result;
use evariste::{Codec, Shards};

use crate::args::Case;
use crate::job::Job;
use crate::memory::{Allocation, zeroed};
use crate::random::Random;
use crate::sample;
use crate::setup::Setup;

pub(super) enum Held {
    Region(Shards),
    Slices(Vec<Vec<u8>>),
}

impl Held {
    pub(super) fn new(codec: &Codec, allocation: Allocation, shard_bytes: usize) -> Result<Self> {
        Ok(match allocation {
            Allocation::Region => Self::Region(codec.shards(shard_bytes)?),
            Allocation::Slices => {
                Self::Slices((0..codec.code().total_shards()).map(|_| zeroed(shard_bytes)).collect::<Result<_>>()?)
            }
        })
    }

    pub(super) fn fill(&mut self, random: &mut Random) {
        match self {
            Self::Region(shards) => shards.iter_mut().for_each(|shard| random.fill(shard)),
            Self::Slices(shards) => shards.iter_mut().for_each(|shard| random.fill(shard)),
        }
    }

    pub(super) fn encode(&mut self, codec: &Codec) -> Result<()> {
        match self {
            Self::Region(shards) => codec.encode(shards)?,
            Self::Slices(shards) => codec.encode(shards)?,
        }
        Ok(())
    }

    fn shards(&self) -> Vec<&[u8]> {
        match self {
            Self::Region(shards) => shards.iter().collect(),
            Self::Slices(shards) => shards.iter().map(|shard| &**shard).collect(),
        }
    }

    fn flip(&mut self, shard: usize, offset: usize) {
        match self {
            Self::Region(shards) => shards.shard_mut(shard)[offset] ^= 1,
            Self::Slices(shards) => shards[shard][offset] ^= 1,
        }
    }

    /// Whether parity is right: compares a sample with the field's own arithmetic, and the witness checks all of it.
    pub(super) fn judge(
        &mut self,
        setup: &Setup,
        witness: &Codec,
        inject_fault: bool,
        random: &mut Random,
    ) -> Result<bool> {
        let job = Job::new(setup, Case::Encode, random)?;
        let windows = sample::windows(setup, random);
        if inject_fault {
            let parity = setup.code.data_shards() + random.below(setup.code.parity_shards());
            self.flip(parity, windows[random.below(windows.len())].offset);
        }
        let shards = self.shards();
        let columns: Vec<u8> = windows
            .iter()
            .flat_map(|window| shards.iter().flat_map(|shard| &shard[window.offset..][..window.bytes]))
            .copied()
            .collect();
        let sampled = sample::is_right(&job, &windows, shards.len(), &columns);
        Ok(sampled && witness.verify(&shards)?.is_consistent())
    }
}
