//! Registered memory: what of the host's memory the device knows, found again by its address.
//!
//! A view says nothing of where its bytes come from, and need not: slots that lie in registered memory are recognised
//! by their addresses, whether they were cut from a [`Region`] of ours or from memory its owner registered.

use std::collections::BTreeMap;
use std::fmt;
use std::ptr::NonNull;
use std::sync::{Arc, PoisonError, RwLock};

use super::Gpu;
use super::device::Device;
use super::import::Import;
use super::kernels::Launches;
use crate::Error;
use crate::memory::Region;

/// One run of registered pages.
pub(super) struct Range {
    start: usize,
    pub(super) buffer: wgpu::Buffer,
    /// Launches over this buffer, kept for the next call.
    pub(super) launches: Launches,
    import: Import,
}

impl Range {
    /// Where an address of this range lies in its buffer.
    pub(super) fn offset(&self, address: usize) -> usize {
        address - self.start
    }

    /// As `offset`; `None` if the address is not in this range.
    pub(super) fn offset_of(&self, address: usize) -> Option<usize> {
        address.checked_sub(self.start).filter(|&offset| (offset as u64) < self.buffer.size())
    }
}

/// The registered memory of one device.
#[derive(Default)]
pub(super) struct Registry {
    ranges: RwLock<BTreeMap<usize, Arc<Range>>>,
}

impl Registry {
    /// The range that holds an address.
    pub(super) fn find(&self, address: usize) -> Option<Arc<Range>> {
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        let (_, range) = ranges.range(..=address).next_back()?;
        range.offset_of(address).map(|_| Arc::clone(range))
    }

    /// Whether no memory is registered.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes a range out. Launches of other ranges that bind its buffer would keep it: they go too.
    fn remove(&self, address: usize) -> Option<Arc<Range>> {
        let removed = self.ranges.write().unwrap_or_else(PoisonError::into_inner).remove(&address)?;
        self.forget(&removed.buffer);
        Some(removed)
    }

    /// Drops every kept launch that binds this buffer.
    fn forget(&self, buffer: &wgpu::Buffer) {
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        ranges.values().for_each(|range| range.launches.forget(buffer));
    }

    /// Registers pages with the device.
    ///
    /// # Safety
    /// As [`Importer::import`](super::import::Importer::import), and memory that is registered already is not registered
    /// again before the entry is dropped.
    unsafe fn insert(
        self: &Arc<Self>,
        device: &Device,
        start: NonNull<u8>,
        bytes: usize,
        owner: Box<dyn std::any::Any + Send + Sync>,
    ) -> Result<Entry, Error> {
        let doing = || format!("registering {bytes} bytes of host memory");
        let Some(importer) = &device.importer else {
            return Err(device.failed(doing(), CannotRegister));
        };
        device.check_size("max_buffer_size", |limits| limits.max_buffer_size, bytes as u64)?;
        let address = start.addr().get();
        let imported = device.scoped(doing, || {
            // SAFETY: the caller's promise; the importer is this device's, and it is only used through batches, whose
            // views borrow what is read and written until the device is done.
            unsafe { importer.import(&device.device, start, bytes, owner) }
        })?;
        let (buffer, import) = imported.map_err(|error| device.failed(doing(), error))?;
        let range = Arc::new(Range { start: address, buffer, launches: Launches::default(), import });
        self.ranges.write().unwrap_or_else(PoisonError::into_inner).insert(address, range);
        Ok(Entry { registry: Arc::clone(self), address })
    }
}

/// A range in a registry, until this is dropped. The device lets go of the pages when it is done with them.
struct Entry {
    registry: Arc<Registry>,
    address: usize,
}

impl Drop for Entry {
    fn drop(&mut self) {
        drop(self.registry.remove(self.address));
    }
}

/// What a device without the extension says.
#[derive(Debug, thiserror::Error)]
#[error("host memory cannot be registered with it")]
struct CannotRegister;

/// Memory of the caller's that is registered with a device, from [`Gpu::register`].
///
/// Dropping it takes the memory back from the device, and waits until the device has let go of it: until calls that use
/// it on other threads have returned, or the driver has declared the device lost.
pub struct Registration {
    device: Arc<Device>,
    entry: Entry,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("device", &self.device.name).finish_non_exhaustive()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let doing = || "giving registered memory back".to_owned();
        let registry = &self.entry.registry;
        let Some(range) = registry.remove(self.entry.address) else { return };
        let (import, buffer) = (range.import.clone(), range.buffer.clone());
        // Calls on other threads that found the range before hold it until they return. Until then they may bind its
        // buffer, even on a lost device, and leave launches that do with other ranges.
        let calls = Arc::downgrade(&range);
        drop(range);
        while calls.strong_count() > 0 {
            // A loss is met again below.
            drop(self.device.settle(None, doing));
            std::thread::yield_now();
        }
        registry.forget(&buffer);
        drop(buffer);
        while !import.is_released() {
            // What others have in flight ends, and wgpu lets go of what it named.
            if self.device.settle(None, doing).is_err() {
                // Lost: nothing runs there any more, whatever wgpu still holds.
                import.release();
            }
            std::thread::yield_now();
        }
    }
}

/// Registers a page and gives it back: not every system that offers this allows it.
pub(super) fn probe(device: &Device) -> Result<(), Error> {
    if device.importer.is_none() {
        return Ok(());
    }
    let registry = Arc::<Registry>::default();
    let block = Arc::clone(Region::new(1)?.block());
    let (start, bytes) = (block.start(), block.bytes());
    if device.importer.as_ref().is_some_and(|importer| !bytes.is_multiple_of(importer.alignment())) {
        return Err(device.failed(format!("registering pages of {bytes} bytes"), CannotRegister));
    }
    // SAFETY: a whole page, aligned as was just checked, that the import owns.
    drop(unsafe { registry.insert(device, start, bytes, Box::new(block)) }?);
    Ok(())
}

impl Gpu {
    /// Registers memory of the caller's with the device, so that batches over it are computed in place across the bus.
    /// Registering pins pages, which costs more than one pass over them: register once and use often.
    ///
    /// Shards in it are computed in place where each begins at a multiple of 16 bytes, is a multiple of 16 bytes long, and
    /// all that a batch names lie in one registration; others are copied, with the same result.
    ///
    /// # Errors
    /// [`Error::Alignment`] unless address and length are multiples of the device's alignment, which is a page of 4096
    /// bytes on every device we know, and the length is not 0; [`Error::DeviceTooSmall`] if it exceeds the device's largest
    /// buffer; [`Error::Device`] if the device cannot register memory ([`Info::memory`](crate::Info) says so beforehand)
    /// or refuses this.
    ///
    /// # Safety
    /// The memory stays allocated and mapped, at this address, until the returned value has been dropped; forgetting that
    /// value means forever. No part of it is registered with this backend twice at a time; memory that
    /// [`Backend::allocate`](crate::Backend::allocate) returned is registered already. The bytes themselves remain the
    /// caller's to read and write, and the device touches only what a running call borrows. Should the device be lost,
    /// dropping the value still takes the memory back; what a failed call was writing is then unspecified.
    pub unsafe fn register(&self, memory: NonNull<[u8]>) -> Result<Registration, Error> {
        let (start, bytes) = (memory.cast::<u8>(), memory.len());
        if let Some(importer) = &self.device.importer {
            let multiple = importer.alignment();
            for (what, given) in [("the address", start.addr().get()), ("the length", bytes)] {
                if given == 0 || !given.is_multiple_of(multiple) {
                    return Err(Error::Alignment { what, given: given as u64, multiple: multiple as u64 });
                }
            }
        }
        // SAFETY: the caller's promise, and what was checked just above.
        let entry = unsafe { self.registry.insert(&self.device, start, bytes, Box::new(())) }?;
        Ok(Registration { device: Arc::clone(&self.device), entry })
    }

    /// A region that the device knows, if it can be registered, and else one that it does not.
    pub(super) fn allocate_registered(&self, bytes: usize) -> Result<Region, Error> {
        let mut region = Region::new(bytes)?;
        let Some(importer) = &self.device.importer else { return Ok(region) };
        let block = Arc::clone(region.block());
        let (start, whole) = (block.start(), block.bytes());
        if !start.addr().get().is_multiple_of(importer.alignment()) || !whole.is_multiple_of(importer.alignment()) {
            log::info!(
                "a region is not registered: pages of {} bytes are too small for the device",
                crate::memory::PAGE_BYTES
            );
            return Ok(region);
        }
        // SAFETY: the import owns the block too, so its pages live until the import has released it; the block is whole
        // pages, aligned as was just checked, and new, so it is registered nowhere else.
        match unsafe { self.registry.insert(&self.device, start, whole, Box::new(block)) } {
            Ok(entry) => region.keep(entry),
            Err(error) if matches!(error, Error::DeviceLost { .. }) => return Err(error),
            Err(error) => {
                log::warn!("a region is not registered, its bytes will be copied: {}", error.with_sources());
            }
        }
        Ok(region)
    }
}
