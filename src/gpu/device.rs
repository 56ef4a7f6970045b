//! Devices: finding one, opening it, and turning its failures into errors.

mod adapters;
mod idle;
mod options;
mod wait;

use std::sync::{Arc, PoisonError};

use super::import::{self, Importer};
use crate::Error;
use crate::backend::HostMemory;
pub use adapters::AdapterSummary;
pub(super) use adapters::summaries;
use idle::{InUse, Kind, Loss, Opened};
use options::checked_shaders;
pub(super) use options::forced_memory;
pub use options::{Options, Tuning};
pub(super) use wait::Mapped;

/// A device with its queue, its name and, once it is lost, the reason.
pub(super) struct Device {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) name: String,
    pub(super) software: bool,
    pub(super) checked_shaders: bool,
    /// How the device accesses host memory.
    pub(super) memory: HostMemory,
    /// Registers host memory with the device, if that is wanted.
    pub(super) importer: Option<Importer>,
    loss: Loss,
    /// Set if this module opened the device, which then has no other user.
    owned: Option<InUse>,
    /// Whether the device was opened earlier and has been idle since.
    pub(super) reused: bool,
}

impl Device {
    /// Opens the best adapter that the options allow.
    pub(super) fn open(options: &Options) -> Result<Self, Error> {
        let checked_shaders = checked_shaders(options)?;
        let adapter = adapters::choose(options)?;
        let summary = AdapterSummary::new(&adapter);
        let name = summary.to_string();
        if options.tuning.profile && !adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Err(no_timestamps(name));
        }
        let forced = forced_memory(options)?;
        let mut features = wgpu::Features::empty();
        if options.tuning.profile {
            features |= wgpu::Features::TIMESTAMP_QUERY;
        }
        if forced != Some(HostMemory::Staged) {
            features |= adapter.features() & wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;
        }
        let registers = matches!(forced, None | Some(HostMemory::Registered)) && import::is_offered(&adapter);
        let software = summary.software;
        let kind = Kind { adapter: summary, bus_id: adapter.get_info().device_pci_bus_id, features, registers };
        let idle = Opened::idle(&kind);
        let reused = idle.is_some();
        let opened = match idle {
            Some(opened) => opened,
            None => open(&adapter, kind, forced.is_some())?,
        };
        watch(&opened);
        if reused {
            // Runs our callback if the device was lost while it had another callback. wgpu panics if the driver reports the
            // loss here; any later call reports it too.
            let poll = || opened.device.poll(wgpu::PollType::Poll);
            drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)));
        }
        let (device, queue, loss) = (opened.device.clone(), opened.queue.clone(), Arc::clone(&opened.loss));
        let owned = Some(InUse(opened));
        let (memory, importer) = memory(&device, forced, options, &name)?;
        Ok(Self { device, queue, name, software, checked_shaders, memory, importer, loss, owned, reused })
    }

    /// Wraps a device of the caller, with the caller's limits and features.
    pub(super) fn adopt(device: wgpu::Device, queue: wgpu::Queue, options: &Options) -> Result<Self, Error> {
        let summary = AdapterSummary::of(device.adapter_info());
        let name = summary.to_string();
        if options.tuning.profile && !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Err(no_timestamps(name));
        }
        let checked_shaders = checked_shaders(options)?;
        let (memory, importer) = memory(&device, forced_memory(options)?, options, &name)?;
        let (software, loss, owned, reused) = (summary.software, Loss::default(), None, false);
        Ok(Self { device, queue, name, software, checked_shaders, memory, importer, loss, owned, reused })
    }

    /// Runs calls to the device and returns their result, or the error that they caused.
    pub(super) fn scoped<T>(&self, doing: impl Fn() -> String, calls: impl FnOnce() -> T) -> Result<T, Error> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes = [Validation, Internal, OutOfMemory].map(|filter| self.device.push_error_scope(filter));
        let result = calls();
        let mut found = None;
        // Scopes form a stack.
        for scope in scopes.into_iter().rev() {
            found = pollster::block_on(scope.pop()).or(found);
        }
        let device = self.name.clone();
        if let Some(reason) = self.loss() {
            return Err(Error::DeviceLost { device, doing: doing(), reason });
        }
        match found {
            None => Ok(result),
            Some(wgpu::Error::OutOfMemory { source }) => Err(Error::DeviceMemory { device, doing: doing(), source }),
            Some(error) => Err(Error::Device { device, doing: doing(), source: Box::new(error) }),
        }
    }

    /// Stops registering host memory, after the system has refused it.
    pub(super) fn without_registering(self) -> Self {
        let memory = if self.is_mappable() { HostMemory::Mapped } else { HostMemory::Staged };
        Self { memory, importer: None, ..self }
    }

    /// Whether kernels can work on buffers that the host maps.
    pub(super) fn is_mappable(&self) -> bool {
        self.device.features().contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS)
    }

    /// Checks that the device can hold a buffer of this size.
    pub(super) fn check_size(
        &self,
        limit: &'static str,
        of: impl Fn(&wgpu::Limits) -> u64,
        needed: u64,
    ) -> Result<(), Error> {
        let available = of(&self.device.limits());
        if available < needed {
            return Err(Error::DeviceTooSmall { device: self.name.clone(), limit, available, needed });
        }
        Ok(())
    }

    /// Makes an empty buffer on this device. The caller checks the size first; other failures reach the error scope of the
    /// call.
    pub(super) fn empty_buffer(&self, label: &'static str, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let (label, mapped_at_creation) = (Some(label), false);
        self.device.create_buffer(&wgpu::BufferDescriptor { label, size, usage, mapped_at_creation })
    }

    /// Makes a buffer on this device that holds these bytes. There must be at least one byte.
    pub(super) fn buffer(
        &self,
        label: &'static str,
        usage: wgpu::BufferUsages,
        contents: &[u8],
    ) -> Result<wgpu::Buffer, Error> {
        let size = contents.len() as u64;
        self.check_size("max_buffer_size", |limits| limits.max_buffer_size, size)?;
        if usage.contains(wgpu::BufferUsages::STORAGE) {
            self.check_size("max_storage_buffer_binding_size", |limits| limits.max_storage_buffer_binding_size, size)?;
        }
        if usage.contains(wgpu::BufferUsages::UNIFORM) {
            self.check_size("max_uniform_buffer_binding_size", |limits| limits.max_uniform_buffer_binding_size, size)?;
        }
        let doing = || format!("making a buffer of {size} bytes for {label}");
        let descriptor = wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: true };
        let buffer = self.scoped(doing, || self.device.create_buffer(&descriptor))?;
        let mapped = buffer.get_mapped_range_mut(..);
        mapped.map_err(|error| self.failed(doing(), error))?.copy_from_slice(contents);
        buffer.unmap();
        Ok(buffer)
    }

    /// Waits for all work submitted so far, then copies the bytes of a mappable buffer.
    pub(super) fn read(&self, buffer: &wgpu::Buffer, doing: impl Fn() -> String) -> Result<Vec<u8>, Error> {
        let (sender, mapped) = std::sync::mpsc::channel();
        self.scoped(&doing, || {
            // The receiver lives until the callback has run.
            buffer.map_async(wgpu::MapMode::Read, .., move |result| drop(sender.send(result)));
        })?;
        self.wait(None, &doing)?;
        self.wait_mapped(&mapped, &doing)?;
        let bytes = buffer.get_mapped_range(..).map_err(|error| self.failed(doing(), error))?.to_vec();
        buffer.unmap();
        Ok(bytes)
    }

    /// Makes an error that names this device.
    pub(super) fn failed(&self, doing: String, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        let device = self.name.clone();
        match self.loss() {
            Some(reason) => Error::DeviceLost { device, doing, reason },
            None => Error::Device { device, doing, source: source.into() },
        }
    }

    /// The error for recorded commands that never ran although their results are asked for.
    pub(super) fn unsubmitted(&self, doing: String) -> Error {
        self.failed(doing, Unsubmitted)
    }

    /// The reason for the loss of the device; `None` if it is not lost.
    fn loss(&self) -> Option<String> {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the recorded commands were not submitted, or failed")]
struct Unsubmitted;

/// Opens a device. Unless a way to host memory is forced, the device may also be opened without the preferred way.
fn open(adapter: &wgpu::Adapter, kind: Kind, forced: bool) -> Result<Opened, Error> {
    let name = kind.adapter.to_string();
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("evariste"),
        // wgpu grants only the limits that are requested, so request everything the adapter has.
        required_limits: adapter.limits(),
        required_features: kind.features,
        ..Default::default()
    };
    let plain = || pollster::block_on(adapter.request_device(&descriptor)).map_err(Into::into);
    let opened = match kind.registers.then(|| import::open(adapter, &descriptor)) {
        Some(Err(error)) if !forced => {
            log::warn!("{name} does not open with registered host memory: {error}");
            plain()
        }
        Some(opened) => opened,
        None => plain(),
    };
    let (device, queue) = opened.map_err(|source| {
        let (device, doing) = (name.clone(), "being opened".to_owned());
        Error::Device { device, doing, source }
    })?;
    Ok(Opened { kind, device, queue, loss: Loss::default() })
}

/// Installs our callbacks for loss and errors. A device that was idle may still have those of its previous user.
fn watch(Opened { device, loss, .. }: &Opened) {
    let note = Arc::clone(loss);
    device.set_device_lost_callback(move |reason, message| {
        let text = if message.is_empty() { format!("{reason:?}") } else { message };
        note.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
    });
    // All our calls run in error scopes, so an error that arrives here belongs to no call. It must not panic.
    device.on_uncaptured_error(Arc::new(|error| log::error!("uncaptured device error: {error}")));
}

/// Chooses how a device accesses host memory: as the options say, otherwise the best way it supports.
fn memory(
    device: &wgpu::Device,
    forced: Option<HostMemory>,
    options: &Options,
    name: &str,
) -> Result<(HostMemory, Option<Importer>), Error> {
    let importer = if matches!(forced, None | Some(HostMemory::Registered)) { Importer::new(device) } else { None };
    let best = match &importer {
        Some(_) => HostMemory::Registered,
        None if device.features().contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS) => HostMemory::Mapped,
        None => HostMemory::Staged,
    };
    match forced {
        Some(HostMemory::Staged) => Ok((HostMemory::Staged, None)),
        Some(forced) if forced != best => {
            let lacks = match forced {
                HostMemory::Registered => "VK_EXT_external_memory_host",
                _ => "MAPPABLE_PRIMARY_BUFFERS",
            };
            let reason = format!("{name} lacks {lacks}; it can have {best} memory");
            Err(match options.memory {
                None => Error::Environment { variable: "EVARISTE_MEMORY", value: forced.to_string(), reason },
                Some(_) => Error::Device {
                    device: name.to_owned(),
                    doing: format!("being opened for {forced} memory"),
                    source: reason.into(),
                },
            })
        }
        _ => Ok((best, importer)),
    }
}

fn no_timestamps(device: String) -> Error {
    let source = "it has no time stamps (TIMESTAMP_QUERY)".into();
    Error::Device { device, doing: "being opened for profiling".to_owned(), source }
}
