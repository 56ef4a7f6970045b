//! Devices: finding one, opening it, and turning what goes wrong on it into errors.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::kernels::Kernel;
use crate::{Error, env};

/// A submission that takes longer than this hangs.
pub(super) const HANG: Duration = Duration::from_secs(120);

/// Which device to open, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// A part of the adapter's name, whatever its case, or its index in [`Gpu::adapters`](super::Gpu::adapters).
    /// Default: `EVARISTE_DEVICE`, else the best adapter.
    pub device: Option<String>,
    /// Whether an adapter that the CPU imitates will do where there is no hardware. Default: yes. One that `device`
    /// names will do in any case.
    pub software: bool,
    /// Whether shaders check every index. Default: in debug builds, or with `EVARISTE_CHECKED_SHADERS=1`.
    pub checked_shaders: Option<bool>,
    /// Which kernel runs plans. Default: `EVARISTE_KERNEL`, else the best that is ready.
    pub kernel: Option<Kernel>,
    /// Whether the device times each pass, for [`Gpu::take_profile`](super::Gpu::take_profile). Default: no.
    pub profile: bool,
}

impl Options {
    /// The best hardware adapter, never a software one.
    #[must_use]
    pub fn hardware_only() -> Self {
        Self { software: false, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { device: None, software: true, checked_shaders: None, kernel: None, profile: false }
    }
}

/// An adapter: a device that could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterSummary {
    /// As the driver gives it.
    pub name: String,
    /// The driver and its version.
    pub driver: String,
    /// The programming interface: Vulkan, Metal, ...
    pub interface: String,
    /// Whether the CPU imitates it.
    pub software: bool,
}

impl AdapterSummary {
    fn new(adapter: &wgpu::Adapter) -> Self {
        Self::of(adapter.get_info())
    }

    fn of(info: wgpu::AdapterInfo) -> Self {
        Self {
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            interface: format!("{:?}", info.backend),
            software: info.device_type == wgpu::DeviceType::Cpu,
            name: info.name,
        }
    }
}

impl std::fmt::Display for AdapterSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.interface, self.driver)
    }
}

/// Every adapter, best first: hardware before software, discrete before integrated.
pub(super) fn adapters() -> Vec<wgpu::Adapter> {
    if wgpu::Instance::enabled_backend_features().is_empty() {
        return Vec::new();
    }
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    // Not the default, which holds the largest buffer below 4 GiB for the sake of indirect calls, which we do not use.
    descriptor.flags = wgpu::InstanceFlags::empty().with_env();
    let instance = wgpu::Instance::new(descriptor);
    let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    adapters.sort_by_key(|adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    });
    adapters
}

pub(super) fn summaries() -> Vec<AdapterSummary> {
    adapters().iter().map(AdapterSummary::new).collect()
}

/// A device with its queue, its name and its fate.
pub(super) struct Device {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) name: String,
    pub(super) software: bool,
    pub(super) checked_shaders: bool,
    lost: Arc<Mutex<Option<String>>>,
    /// Whether it was opened here, and is nobody else's.
    owned: bool,
}

impl Device {
    /// Opens the best adapter that the options allow.
    pub(super) fn open(options: &Options) -> Result<Self, Error> {
        let checked_shaders = checked_shaders(options)?;
        let adapter = choose(options)?;
        let summary = AdapterSummary::new(&adapter);
        let name = summary.to_string();
        if options.profile && !adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Err(no_timestamps(name));
        }
        let failed = |source| Error::Device { device: name.clone(), doing: "being opened".to_owned(), source };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("evariste"),
            // A device gets the limits that are asked for, no more: ask for all there is.
            required_limits: adapter.limits(),
            required_features: if options.profile { wgpu::Features::TIMESTAMP_QUERY } else { wgpu::Features::empty() },
            ..Default::default()
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| failed(Box::new(error)))?;
        let lost = Arc::new(Mutex::new(None));
        let note = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| {
            let text = if message.is_empty() { format!("{reason:?}") } else { message };
            note.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
        });
        // Every call of ours runs in an error scope, so what arrives here is nobody's; it must not panic.
        device.on_uncaptured_error(Arc::new(|error| log::error!("uncaptured device error: {error}")));
        Ok(Self { device, queue, name, software: summary.software, checked_shaders, lost, owned: true })
    }

    /// A device that is the caller's, with the caller's limits and features.
    pub(super) fn adopt(device: wgpu::Device, queue: wgpu::Queue, options: &Options) -> Result<Self, Error> {
        let summary = AdapterSummary::of(device.adapter_info());
        let name = summary.to_string();
        if options.profile && !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Err(no_timestamps(name));
        }
        let checked_shaders = checked_shaders(options)?;
        let (software, lost) = (summary.software, Arc::default());
        Ok(Self { device, queue, name, software, checked_shaders, lost, owned: false })
    }

    /// Runs calls to the device and returns their result, or the error they met.
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

    /// Waits for a submission, or for the last one. Callbacks of buffers mapped by it run before this returns, or on
    /// another thread that polls this device, soon after.
    pub(super) fn wait(
        &self,
        submission_index: Option<wgpu::SubmissionIndex>,
        doing: impl Fn() -> String,
    ) -> Result<(), Error> {
        let poll = wgpu::PollType::Wait { submission_index, timeout: Some(HANG) };
        // wgpu panics where a driver reports the loss of its device to a wait; that is an error like any other.
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.device.poll(poll)));
        let lost = |reason: String| Error::DeviceLost { device: self.name.clone(), doing: doing(), reason };
        match polled {
            Ok(Ok(_)) => self.loss().map_or(Ok(()), |reason| Err(lost(reason))),
            Ok(Err(error)) => {
                if self.owned {
                    // Whatever still runs there must not run on.
                    self.device.destroy();
                }
                Err(lost(error.to_string()))
            }
            Err(_) => Err(lost("the driver lost it while it was waited for".to_owned())),
        }
    }

    /// That the device can hold a buffer of this size.
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

    /// A buffer of this device that holds these bytes, of which there is at least one.
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

    /// Waits for everything submitted so far and copies a mappable buffer's bytes.
    pub(super) fn read(&self, buffer: &wgpu::Buffer, doing: impl Fn() -> String) -> Result<Vec<u8>, Error> {
        let (sender, mapped) = std::sync::mpsc::channel();
        self.scoped(&doing, || {
            // The receiver lives until the callback has run.
            buffer.map_async(wgpu::MapMode::Read, .., move |result| drop(sender.send(result)));
        })?;
        self.wait(None, &doing)?;
        match mapped.recv_timeout(HANG) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(self.failed(doing(), error)),
            Err(error) => return Err(self.failed(doing(), error)),
        }
        let bytes = buffer.get_mapped_range(..).map_err(|error| self.failed(doing(), error))?.to_vec();
        buffer.unmap();
        Ok(bytes)
    }

    /// An error of this device.
    pub(super) fn failed(&self, doing: String, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        let device = self.name.clone();
        match self.loss() {
            Some(reason) => Error::DeviceLost { device, doing, reason },
            None => Error::Device { device, doing, source: Box::new(source) },
        }
    }

    /// Why the device is lost; `None` while it is not.
    fn loss(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn checked_shaders(options: &Options) -> Result<bool, Error> {
    match options.checked_shaders {
        Some(checked) => Ok(checked),
        None => Ok(env::choice("EVARISTE_CHECKED_SHADERS", &["0", "1"])?.map_or(cfg!(debug_assertions), |at| at == 1)),
    }
}

fn no_timestamps(device: String) -> Error {
    let source = "it has no time stamps (TIMESTAMP_QUERY)".into();
    Error::Device { device, doing: "being opened for profiling".to_owned(), source }
}

/// The best adapter that the options allow.
fn choose(options: &Options) -> Result<wgpu::Adapter, Error> {
    let named = match &options.device {
        Some(device) => Some(device.clone()),
        None => env::value("EVARISTE_DEVICE")?,
    }
    .filter(|named| !named.is_empty());
    let adapters = adapters();
    let seen: Vec<String> = adapters.iter().map(|a| AdapterSummary::new(a).to_string()).collect();
    let seen = if seen.is_empty() { "none".to_owned() } else { seen.join("; ") };
    let mut candidates = adapters.into_iter().enumerate();
    let (found, wanted) = match &named {
        Some(named) => {
            let matches = |(index, adapter): &(usize, wgpu::Adapter)| match named.parse::<usize>() {
                Ok(wanted) => wanted == *index,
                Err(_) => adapter.get_info().name.to_lowercase().contains(&named.to_lowercase()),
            };
            (candidates.find(matches), format!("a device named or numbered {named:?}"))
        }
        None if options.software => (candidates.next(), "any device".to_owned()),
        None => (candidates.find(|(_, a)| !AdapterSummary::new(a).software), "a hardware device".to_owned()),
    };
    match (found, options.device.is_none().then_some(named).flatten()) {
        (Some((_, adapter)), _) => Ok(adapter),
        (None, Some(value)) => {
            let reason = format!("no such device; seen: {seen}");
            Err(Error::Environment { variable: "EVARISTE_DEVICE", value, reason })
        }
        (None, None) => Err(Error::NoDevice { wanted, seen }),
    }
}
