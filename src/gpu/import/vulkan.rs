//! `VK_EXT_external_memory_host`: pages of the host as the memory of a Vulkan buffer.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use ash::vk;
use wgpu::hal::vulkan::{Api as Vulkan, Buffer as HalBuffer};

use super::Owner;

/// Whether an adapter's devices can import host memory.
pub(in crate::gpu) fn is_offered(adapter: &wgpu::Adapter) -> bool {
    // SAFETY: the handle is only asked for what it supports.
    let vulkan = unsafe { adapter.as_hal::<Vulkan>() };
    vulkan.is_some_and(|adapter| {
        let capabilities = adapter.physical_device_capabilities();
        capabilities.supports_extension(ash::ext::external_memory_host::NAME)
    })
}

/// Opens a device with the extension, on an adapter that offers it.
pub(in crate::gpu) fn open(
    adapter: &wgpu::Adapter,
    descriptor: &wgpu::DeviceDescriptor<'_>,
) -> Result<(wgpu::Device, wgpu::Queue), Box<dyn std::error::Error + Send + Sync>> {
    let opened = {
        // SAFETY: the handle is used to open a device, which lives on its own.
        let vulkan = unsafe { adapter.as_hal::<Vulkan>() }.ok_or("it is no Vulkan device")?;
        let add: Box<wgpu::hal::vulkan::CreateDeviceCallback<'_>> = Box::new(|args| {
            args.extensions.push(ash::ext::external_memory_host::NAME);
        });
        let (features, limits) = (descriptor.required_features, &descriptor.required_limits);
        // SAFETY: the adapter offers the extension, as its callers have asked, and nothing else is changed.
        unsafe { vulkan.open_with_callback(features, limits, &descriptor.memory_hints, Some(add)) }?
    };
    // SAFETY: the device was opened on this adapter, with the features of the descriptor.
    Ok(unsafe { adapter.create_device_from_hal::<Vulkan>(opened, descriptor) }?)
}

/// Imports memory into one device.
pub(in crate::gpu) struct Importer {
    device: ash::Device,
    functions: ash::ext::external_memory_host::Device,
    memory: vk::PhysicalDeviceMemoryProperties,
    alignment: usize,
}

impl Importer {
    /// `None` if the device was not opened with the extension.
    pub(in crate::gpu) fn new(device: &wgpu::Device) -> Option<Self> {
        // SAFETY: the handle is used to look up functions and properties. The device's own handle is kept, and used while
        // the device lives: see `Import`.
        let vulkan = unsafe { device.as_hal::<Vulkan>() }?;
        if !vulkan.enabled_device_extensions().contains(&ash::ext::external_memory_host::NAME) {
            return None;
        }
        let instance = vulkan.shared_instance().raw_instance();
        let physical = vulkan.raw_physical_device();
        let mut host = vk::PhysicalDeviceExternalMemoryHostPropertiesEXT::default();
        let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut host);
        // SAFETY: instance and physical device are those of a device that lives.
        unsafe { instance.get_physical_device_properties2(physical, &mut properties) };
        // SAFETY: as above.
        let memory = unsafe { instance.get_physical_device_memory_properties(physical) };
        Some(Self {
            device: vulkan.raw_device().clone(),
            functions: ash::ext::external_memory_host::Device::new(instance, vulkan.raw_device()),
            memory,
            alignment: usize::try_from(host.min_imported_host_pointer_alignment).ok()?,
        })
    }

    /// The alignment of addresses and lengths, in bytes.
    pub(in crate::gpu) fn alignment(&self) -> usize {
        self.alignment
    }

    /// Imports pages. Returns them as a storage buffer of the device, and the value that releases them.
    ///
    /// # Errors
    /// The driver's error.
    ///
    /// # Safety
    /// The pages are valid for reads and writes until `owner` is dropped. Address and length are multiples of
    /// [`Importer::alignment`], the length is not 0. `device` is the one this importer was made for. Whoever submits work
    /// on the buffer keeps host and device from using the same bytes at once.
    pub(in crate::gpu) unsafe fn import(
        &self,
        device: &wgpu::Device,
        start: NonNull<u8>,
        bytes: usize,
        owner: Owner,
    ) -> Result<(wgpu::Buffer, Import), vk::Result> {
        let size = bytes as u64;
        let raw = self.create(start, size, owner)?;
        let handle = raw.buffer;
        let import = Import { raw: Arc::new(Mutex::new(Some(raw))) };
        let released = import.clone();
        // SAFETY: the buffer is destroyed by this callback, or after the device is lost.
        let buffer = unsafe { HalBuffer::from_raw_externally_owned(handle, Box::new(move || released.release())) };
        let descriptor = wgpu::BufferDescriptor {
            label: Some("registered host memory"),
            size,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        };
        // SAFETY: the buffer is this device's, has the size and usage of the descriptor, and its memory holds something.
        Ok((unsafe { device.create_buffer_from_hal::<Vulkan>(buffer, &descriptor) }, import))
    }

    fn create(&self, start: NonNull<u8>, size: u64, owner: Owner) -> Result<RawImport, vk::Result> {
        const HOST: vk::ExternalMemoryHandleTypeFlags = vk::ExternalMemoryHandleTypeFlags::HOST_ALLOCATION_EXT;
        let mut properties = vk::MemoryHostPointerPropertiesEXT::default();
        let ask = self.functions.fp().get_memory_host_pointer_properties_ext;
        // SAFETY: the pointer is valid and aligned, as the caller of `import` promises, and the device lives.
        unsafe { ask(self.device.handle(), HOST, start.as_ptr().cast(), &mut properties) }.result()?;

        let mut external = vk::ExternalMemoryBufferCreateInfo::default().handle_types(HOST);
        let info = vk::BufferCreateInfo::default()
            .size(size)
            .usage(vk::BufferUsageFlags::STORAGE_BUFFER)
            .sharing_mode(vk::SharingMode::EXCLUSIVE)
            .push_next(&mut external);
        // SAFETY: the structure is complete and the device lives.
        let buffer = unsafe { self.device.create_buffer(&info, None) }?;
        // From here on, what was made is released on every way out.
        let mut raw =
            RawImport { device: self.device.clone(), buffer, memory: vk::DeviceMemory::null(), _owner: owner };
        // SAFETY: the buffer was just made.
        let requirements = unsafe { self.device.get_buffer_memory_requirements(buffer) };
        let types = properties.memory_type_bits & requirements.memory_type_bits;
        let memory_type = self.memory_type(types).ok_or(vk::Result::ERROR_FEATURE_NOT_PRESENT)?;
        if requirements.size > size {
            return Err(vk::Result::ERROR_INVALID_EXTERNAL_HANDLE);
        }
        let mut import =
            vk::ImportMemoryHostPointerInfoEXT::default().handle_type(HOST).host_pointer(start.as_ptr().cast());
        let info = vk::MemoryAllocateInfo::default()
            .allocation_size(size)
            .memory_type_index(memory_type)
            .push_next(&mut import);
        // SAFETY: pointer and size are aligned, and the memory type is one that the driver named for them.
        raw.memory = unsafe { self.device.allocate_memory(&info, None) }?;
        // SAFETY: both are new, and the memory is large enough for the buffer.
        unsafe { self.device.bind_buffer_memory(buffer, raw.memory, 0) }?;
        Ok(raw)
    }

    /// The first of these memory types that is coherent with the host's caches, best with memory the host caches.
    fn memory_type(&self, types: u32) -> Option<u32> {
        let coherent = vk::MemoryPropertyFlags::HOST_COHERENT;
        let find = |flags: vk::MemoryPropertyFlags| {
            (0..self.memory.memory_type_count).find(|&index| {
                let has = self.memory.memory_types[index as usize].property_flags;
                types & (1 << index) != 0 && has.contains(flags)
            })
        };
        find(coherent | vk::MemoryPropertyFlags::HOST_CACHED).or_else(|| find(coherent))
    }
}

/// Pages that a device knows.
#[derive(Clone)]
pub(in crate::gpu) struct Import {
    raw: Arc<Mutex<Option<RawImport>>>,
}

impl Import {
    /// Whether the device has released the pages and their owner was dropped.
    pub(in crate::gpu) fn is_released(&self) -> bool {
        self.lock().is_none()
    }

    /// Releases the pages. Must be called after wgpu has released the buffer, or after the device is lost.
    pub(in crate::gpu) fn release(&self) {
        drop(self.lock().take());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<RawImport>> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A Vulkan buffer over imported memory. It lives no longer than its device, which every wgpu buffer keeps alive.
struct RawImport {
    device: ash::Device,
    buffer: vk::Buffer,
    memory: vk::DeviceMemory,
    /// Dropped after the rest.
    _owner: Owner,
}

impl Drop for RawImport {
    fn drop(&mut self) {
        // SAFETY: nothing uses the buffer any more: it never came to be used, or `Import::release` says why.
        unsafe { self.device.destroy_buffer(self.buffer, None) };
        // SAFETY: as above; a null handle is ignored.
        unsafe { self.device.free_memory(self.memory, None) };
    }
}
