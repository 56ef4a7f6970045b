//! The shards of a setup in device memory.

use anyhow::Result;
use evariste::Geometry;
use evariste::gpu::{Arena, Resident, wgpu};

use super::Lab;
use crate::random::Random;
use crate::sample::Window;
use crate::setup::Setup;

/// All shards in one buffer, or data and parity in two.
pub(crate) struct Shards {
    /// All shards, or the data.
    first: wgpu::Buffer,
    first_geometry: Geometry,
    /// The parity.
    second: Option<(wgpu::Buffer, Geometry)>,
}

impl Shards {
    pub(crate) fn new(lab: &Lab, setup: &Setup, apart: bool) -> Result<Self> {
        let (data, all) = (setup.code.data_shards(), setup.code.total_shards());
        let slots = if apart { data } else { all };
        let second = if apart { Some(Self::parity(lab, setup)?) } else { None };
        let first = lab.buffer(setup.buffer_bytes(slots))?;
        Ok(Self { first, first_geometry: setup.geometry(slots), second })
    }

    /// The same data with separate parity.
    pub(crate) fn with_other_parity(&self, lab: &Lab, setup: &Setup) -> Result<Self> {
        let second = Some(Self::parity(lab, setup)?);
        Ok(Self { first: self.first.clone(), first_geometry: self.first_geometry, second })
    }

    fn parity(lab: &Lab, setup: &Setup) -> Result<(wgpu::Buffer, Geometry)> {
        let slots = setup.code.parity_shards();
        Ok((lab.buffer(setup.buffer_bytes(slots))?, setup.geometry(slots)))
    }

    pub(crate) fn resident(&self) -> Resident<'_> {
        let first = Arena { buffer: &self.first, offset: 0, geometry: self.first_geometry };
        match &self.second {
            None => Resident::Together(first),
            Some((buffer, geometry)) => {
                Resident::Apart { sources: first, targets: Arena { buffer, offset: 0, geometry: *geometry } }
            }
        }
    }

    /// Fills every shard with random bytes.
    pub(crate) fn fill(&self, lab: &Lab, random: &mut Random) -> Result<()> {
        lab.fill(&self.first, random.next())?;
        match &self.second {
            None => Ok(()),
            Some((buffer, _)) => lab.fill(buffer, random.next()),
        }
    }

    /// The buffer that holds a byte of a shard, and its offset there.
    pub(crate) fn locate(&self, shard: usize, stripe: usize, offset: usize) -> (&wgpu::Buffer, usize) {
        let slots = self.first_geometry.slots;
        let (buffer, geometry, slot) = match &self.second {
            Some((buffer, geometry)) if shard >= slots => (buffer, geometry, shard - slots),
            _ => (&self.first, &self.first_geometry, shard),
        };
        (buffer, slot * geometry.slot_stride + stripe * geometry.stripe_stride + offset)
    }

    /// Flips one bit of a shard.
    pub(crate) fn flip(&self, lab: &Lab, shard: usize, stripe: usize, offset: usize, bit: u32) -> Result<()> {
        let (buffer, at) = self.locate(shard, stripe, offset);
        lab.flip(buffer, at, bit)
    }

    /// The bytes of every shard in every window, window by window.
    pub(crate) fn columns(&self, lab: &Lab, windows: &[Window]) -> Result<Vec<u8>> {
        let shards = self.first_geometry.slots + self.second.as_ref().map_or(0, |(_, geometry)| geometry.slots);
        let piece = |window: &Window, shard| {
            let (buffer, at) = self.locate(shard, window.stripe, window.offset);
            (buffer, at, window.bytes)
        };
        let pieces: Vec<_> =
            windows.iter().flat_map(|window| (0..shards).map(move |shard| piece(window, shard))).collect();
        lab.download(&pieces)
    }
}
