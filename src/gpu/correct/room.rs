//! Buffers for the corrections of one submission: the list of blocks with differences, and the results for each.

use std::sync::{Mutex, PoisonError, mpsc};

use super::PARTS;
use super::outcome::{Outcome, Tally};
use crate::Error;
use crate::backend::BLOCK_BYTES;
use crate::gpu::device::{Device, Mapped};
use crate::gpu::import::visible_to_host;
use crate::gpu::launch::part;
use crate::gpu::shader::shared;

/// The header of a list: the workgroups of a dispatch over it, in three dimensions, and its length. Mirrors `List` in
/// `shaders/shared/corrections.wgsl`. The blocks' numbers follow it.
#[derive(Clone, Copy, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Header {
    x: u32,
    y: u32,
    z: u32,
    count: u32,
}

shared!(Header as "List" { x, y, z, count });

pub(super) const HEADER_BYTES: u64 = size_of::<Header>() as u64;
/// A header that differs from that of every list.
const NOT_SUBMITTED: Header = Header { x: u32::MAX, y: u32::MAX, z: u32::MAX, count: u32::MAX };
/// Alignment of the parts, so that any device can bind them.
const ALIGNMENT: u64 = 256;

/// Room for the corrections of one submission.
pub(in crate::gpu) struct Room {
    list: wgpu::Buffer,
    outcomes: wgpu::Buffer,
    parts: Vec<Part>,
}

/// Room, and the buffer from which the host reads all of it.
pub(in crate::gpu) struct HostRoom {
    room: Room,
    download: wgpu::Buffer,
}

/// Room whose copy to the host is recorded. It is read after the submission.
pub(in crate::gpu) struct Download {
    from: HostRoom,
    mapped: Mapped,
}

/// The parts of both buffers that belong to one correction.
#[derive(Clone, Copy)]
struct Part {
    blocks: u64,
    /// For each part of each block: one for each slot, and one for columns that the code cannot correct.
    tallies: u64,
    list: u64,
    outcomes: u64,
}

impl Part {
    fn list_bytes(&self) -> u64 {
        HEADER_BYTES + self.blocks * size_of::<u32>() as u64
    }

    fn outcomes_bytes(&self) -> u64 {
        self.blocks * self.tallies * size_of::<Tally>() as u64
    }

    /// What was done in each block of a list, which begins with its header.
    fn outcomes<'a>(&self, list: &'a [u8], outcomes: &'a [u8]) -> impl Iterator<Item = Outcome<'a>> {
        let (header, blocks) = list[..start(self.list_bytes())].split_at(start(HEADER_BYTES));
        let Header { count, .. } = bytemuck::pod_read_unaligned(header);
        let blocks: &[u32] = bytemuck::cast_slice(blocks);
        let tallies: &[Tally] = bytemuck::cast_slice(&outcomes[..start(self.outcomes_bytes())]);
        let outcome = |(&block, tallies)| Outcome { block: block as usize, tallies };
        blocks.iter().zip(tallies.chunks_exact(start(self.tallies))).take(count as usize).map(outcome)
    }
}

/// Parts for so many blocks of so many slots, and the bytes of both buffers.
fn parts(sizes: impl IntoIterator<Item = (usize, usize)>) -> (Vec<Part>, u64, u64) {
    let (mut list, mut outcomes) = (0, 0);
    let part = |(blocks, slots): (usize, usize)| {
        let part = Part { blocks: blocks as u64, tallies: (PARTS * (slots + 1)) as u64, list, outcomes };
        list += part.list_bytes().next_multiple_of(ALIGNMENT);
        outcomes += part.outcomes_bytes().next_multiple_of(ALIGNMENT);
        part
    };
    let parts = sizes.into_iter().map(part).collect();
    (parts, list, outcomes)
}

impl Room {
    /// Room that is read after the host knows how much of it is used.
    pub(in crate::gpu) fn to_be_fetched(device: &Device, blocks: usize, slots: usize) -> Result<Self, Error> {
        let (parts, list, outcomes) = parts([(blocks, slots)]);
        Self::new(device, parts, [list, outcomes])
    }

    fn new(device: &Device, parts: Vec<Part>, [list, outcomes]: [u64; 2]) -> Result<Self, Error> {
        use wgpu::BufferUsages as Usage;
        for size in [list, outcomes] {
            device.check_size("max_buffer_size", |limits| limits.max_buffer_size, size)?;
        }
        let bound = parts.iter().map(Part::outcomes_bytes).max().unwrap_or(0);
        device.check_size("max_storage_buffer_binding_size", |limits| limits.max_storage_buffer_binding_size, bound)?;
        let doing = || format!("making room for {} bytes of corrections", list + outcomes);
        device.scoped(doing, || Self {
            list: device.empty_buffer(
                "list",
                list,
                Usage::STORAGE | Usage::INDIRECT | Usage::COPY_SRC | Usage::COPY_DST,
            ),
            outcomes: device.empty_buffer("outcomes", outcomes, Usage::STORAGE | Usage::COPY_SRC),
            parts,
        })
    }

    pub(super) fn list(&self, at: usize) -> wgpu::BufferBinding<'_> {
        part(&self.list, self.parts[at].list, self.parts[at].list_bytes())
    }

    pub(super) fn outcomes(&self, at: usize) -> wgpu::BufferBinding<'_> {
        part(&self.outcomes, self.parts[at].outcomes, self.parts[at].outcomes_bytes())
    }

    /// Records the copy of the only list's length to the host, and returns its offset there. Only this copy, once it is
    /// submitted, writes a length there.
    pub(in crate::gpu) fn record_header(
        &self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
    ) -> Result<wgpu::Buffer, Error> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let header = device.buffer("header", usage, bytemuck::bytes_of(&NOT_SUBMITTED))?;
        encoder.copy_buffer_to_buffer(&self.list, 0, &header, 0, HEADER_BYTES);
        visible_to_host(encoder, &header);
        Ok(header)
    }

    /// Waits for the submission and fetches the results for blocks with differences, if there are any. Returns false if there was
    /// no submission.
    pub(in crate::gpu) fn fetch(
        &self,
        device: &Device,
        header: &wgpu::Buffer,
        take: impl FnMut(Outcome<'_>),
    ) -> Result<bool, Error> {
        let header: Header = bytemuck::pod_read_unaligned(&device.read(header, doing)?);
        if header == NOT_SUBMITTED {
            return Ok(false);
        }
        let Part { blocks, .. } = self.parts[0];
        let used = Part { blocks: blocks.min(u64::from(header.count)), ..self.parts[0] };
        if used.blocks == 0 {
            return Ok(true);
        }
        let (list, outcomes) = (used.list_bytes(), used.outcomes_bytes());
        let download = device.scoped(doing, || {
            let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
            let download = device.empty_buffer("corrections", list + outcomes, usage);
            let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(&self.list, 0, &download, 0, list);
            encoder.copy_buffer_to_buffer(&self.outcomes, 0, &download, list, outcomes);
            visible_to_host(&mut encoder, &download);
            device.queue.submit([encoder.finish()]);
            download
        })?;
        let bytes = device.read(&download, doing)?;
        let (list, outcomes) = bytes.split_at(start(list));
        used.outcomes(list, outcomes).for_each(take);
        Ok(true)
    }
}

impl HostRoom {
    fn new(device: &Device, parts: Vec<Part>, [list, outcomes]: [u64; 2]) -> Result<Self, Error> {
        let bytes = list + outcomes;
        device.check_size("max_buffer_size", |limits| limits.max_buffer_size, bytes)?;
        let room = Room::new(device, parts, [list, outcomes])?;
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let doing = || format!("making a buffer to read {bytes} bytes of corrections");
        let download = device.scoped(doing, || device.empty_buffer("corrections", bytes, usage))?;
        Ok(Self { room, download })
    }

    pub(in crate::gpu) fn room(&self) -> &Room {
        &self.room
    }

    /// Records the copy of everything to the host in this submission.
    pub(in crate::gpu) fn record_download(self, encoder: &mut wgpu::CommandEncoder) -> Download {
        let Self { room: Room { list, outcomes, parts }, download } = &self;
        if let Some(last) = parts.last() {
            encoder.copy_buffer_to_buffer(list, 0, download, 0, last.list + last.list_bytes());
            encoder.copy_buffer_to_buffer(outcomes, 0, download, list.size(), last.outcomes + last.outcomes_bytes());
        }
        visible_to_host(encoder, download);
        let (sender, mapped) = mpsc::channel();
        // The receiver lives until the callback has run. If it was dropped before, no thread waits for it.
        let note = move |result| drop(sender.send(result));
        encoder.map_buffer_on_submit(download, wgpu::MapMode::Read, .., note);
        Download { from: self, mapped }
    }
}

impl Download {
    /// Takes the results for each block with differences, and the number of its correction, and returns the room. Call it after
    /// the submission.
    pub(in crate::gpu) fn read(
        self,
        device: &Device,
        mut take: impl FnMut(usize, Outcome<'_>),
    ) -> Result<HostRoom, Error> {
        let Self { from, mapped } = self;
        device.wait_mapped(&mapped, doing)?;
        {
            let bytes = from.download.get_mapped_range(..).map_err(|error| device.failed(doing(), error))?;
            let (lists, outcomes) = bytes.split_at(start(from.room.list.size()));
            for (at, part) in from.room.parts.iter().enumerate() {
                let done = part.outcomes(&lists[start(part.list)..], &outcomes[start(part.outcomes)..]);
                done.for_each(|outcome| take(at, outcome));
            }
        }
        from.download.unmap();
        Ok(from)
    }
}

/// Room that is not in use, kept for the next call.
#[derive(Default)]
pub(in crate::gpu) struct Rooms(Mutex<Vec<HostRoom>>);

impl Rooms {
    /// The number kept: one for each slot of a ring, and one more. Further submissions at the same time make their own.
    const KEPT: usize = 4;

    /// Room for corrections, given the blocks and slots of each. The host reads all of it.
    pub(in crate::gpu) fn take(
        &self,
        device: &Device,
        sizes: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<HostRoom, Error> {
        let (parts, list, outcomes) = parts(sizes);
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let is_enough = |room: &Room| room.list.size() >= list && room.outcomes.size() >= outcomes;
        if let Some(HostRoom { room, download }) = kept.filter(|kept| is_enough(&kept.room)) {
            return Ok(HostRoom { room: Room { parts, ..room }, download });
        }
        // More than requested if the device allows it, so that the next call fits too.
        let most = device.device.limits().max_buffer_size / 2;
        let rounded = [list, outcomes].map(|bytes| match bytes.next_power_of_two().max(BLOCK_BYTES as u64) {
            rounded if rounded <= most => rounded,
            _ => bytes,
        });
        HostRoom::new(device, parts, rounded)
    }

    pub(in crate::gpu) fn put_back(&self, room: HostRoom) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::KEPT {
            kept.push(room);
        }
    }
}

/// An offset in the buffer that the host has mapped.
fn start(offset: u64) -> usize {
    usize::try_from(offset).expect("what the host has mapped is counted in usize")
}

fn doing() -> String {
    "reading what was corrected".to_owned()
}
