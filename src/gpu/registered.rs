//! Registered memory: host memory that the device can access, found by its address.
//! A view does not say where its memory comes from. Slots in registered memory are recognised by their addresses, both in a
//! [`Region`] of ours and in memory that the caller registered.

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
    /// The offset of an address of this range in its buffer.
    pub(super) fn offset(&self, address: usize) -> usize {
        address - self.start
    }

    /// Like `offset`; `None` if the address is not in this range.
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
    /// The range that contains an address.
    pub(super) fn find(&self, address: usize) -> Option<Arc<Range>> {
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        let (_, range) = ranges.range(..=address).next_back()?;
        range.offset_of(address).map(|_| Arc::clone(range))
    }

    /// Whether no memory is registered.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Removes a range, and the launches of other ranges that bind its buffer, since they would keep it alive.
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
    /// As for [`Importer::import`](super::import::Importer::import). Also, memory that is already registered is not registered
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

/// A range in a registry. Dropping this removes the range; the device releases the pages once it is done with them.
struct Entry {
    registry: Arc<Registry>,
    address: usize,
}

impl Drop for Entry {
    fn drop(&mut self) {
        drop(self.registry.remove(self.address));
    }
}

/// The error of a device without the extension.
#[derive(Debug, thiserror::Error)]
#[error("host memory cannot be registered with it")]
struct CannotRegister;

/// The caller's memory, registered with a device by [`Gpu::register`].
/// Dropping it ends the registration. The drop waits until the device has released the memory: until calls that use it on other
/// threads have returned, or the driver has declared the device lost.
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
            // A loss is handled below.
            drop(self.device.settle(None, doing));
            std::thread::yield_now();
        }
        registry.forget(&buffer);
        drop(buffer);
        while !import.is_released() {
            // The work of other threads ends, and wgpu releases the buffers it used.
            if self.device.settle(None, doing).is_err() {
                // The device is lost: nothing runs on it any more, whatever wgpu still holds.
                import.release();
            }
            std::thread::yield_now();
        }
    }
}

/// Registers a page and releases it. Some systems offer registration and then refuse it.
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
    /// Registers the caller's memory with the device, so that batches over it are computed in place across the bus. Registering
    /// pins pages and costs more than one pass over them: register once and use the memory often.
    /// The shards of a batch are computed in place if all of them are in one registration, and each begins at a multiple of 16
    /// bytes and is a multiple of 16 bytes long. Other batches are copied, with the same result.
    ///
    /// # Errors
    /// [`Error::RegionTooSmall`] if the length is 0; [`Error::Alignment`] if address or length is not a multiple of the device's
    /// alignment (a page of 4096 bytes on all tested devices); [`Error::DeviceTooSmall`] if the length exceeds the device's
    /// largest buffer; [`Error::Device`] if the device cannot register memory ([`Info::memory`](crate::Info) tells in advance)
    /// or refuses to.
    ///
    /// # Safety
    /// The memory must stay allocated and mapped at this address until the returned value has been dropped; if the value is
    /// forgotten, forever. No part of the memory may be registered twice with this backend at the same time; memory from
    /// [`Backend::allocate`](crate::Backend::allocate) is already registered. The caller may still read and write the bytes,
    /// since the device accesses only what a running call borrows. If the device is lost, dropping the value still ends the
    /// registration; the bytes that a failed call was writing are then unspecified.
    pub unsafe fn register(&self, memory: NonNull<[u8]>) -> Result<Registration, Error> {
        let (start, bytes) = (memory.cast::<u8>(), memory.len());
        if let Some(importer) = &self.device.importer {
            let multiple = importer.alignment();
            if bytes == 0 {
                return Err(Error::RegionTooSmall { needed: multiple, available: 0 });
            }
            for (what, given) in [("the address", start.addr().get()), ("the length", bytes)] {
                if !given.is_multiple_of(multiple) {
                    return Err(Error::Alignment { what, given: given as u64, multiple: multiple as u64 });
                }
            }
        }
        // SAFETY: the caller's promise, and what was checked just above.
        let entry = unsafe { self.registry.insert(&self.device, start, bytes, Box::new(())) }?;
        Ok(Registration { device: Arc::clone(&self.device), entry })
    }

    /// A region that is registered with the device if that is possible, otherwise an ordinary region.
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
