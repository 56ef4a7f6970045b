//! Adapters: the devices that can be opened, and the one that the options select.

use std::sync::{Mutex, PoisonError};

use super::Options;
use crate::{Error, env};

/// An adapter: a device that could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterSummary {
    /// The name that the driver reports.
    pub name: String,
    /// The driver and its version.
    pub driver: String,
    /// The programming interface: Vulkan, Metal, ...
    pub interface: String,
    /// Whether it is a software device, run by the CPU.
    pub software: bool,
}

impl AdapterSummary {
    pub(super) fn new(adapter: &wgpu::Adapter) -> Self {
        Self::of(adapter.get_info())
    }

    pub(super) fn of(info: wgpu::AdapterInfo) -> Self {
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

/// A connection to every driver.
fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    // wgpu's check of indirect calls is off, because it would limit buffers to 4 GiB. Our indirect calls take their counts from
    // `shaders/gather.wgsl`, which stays within the limits of every device.
    descriptor.flags = wgpu::InstanceFlags::empty().with_env();
    wgpu::Instance::new(descriptor)
}

/// Every adapter, best first. The process never closes the connection, so no driver is unloaded on one thread while another
/// thread loads it. A driver was seen to crash there.
fn adapters() -> Vec<wgpu::Adapter> {
    static LASTING: Mutex<Option<wgpu::Instance>> = Mutex::new(None);
    if wgpu::Instance::enabled_backend_features().is_empty() {
        return Vec::new();
    }
    let mut lasting = LASTING.lock().unwrap_or_else(PoisonError::into_inner);
    let instance = lasting.take().unwrap_or_else(instance);
    let adapters = sorted(&instance);
    // A connection that found no adapter would not find a driver that is installed later, so it is not kept.
    *lasting = Some(instance).filter(|_| !adapters.is_empty());
    adapters
}

/// Every adapter of an instance, best first: hardware before software, discrete before integrated.
fn sorted(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
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

pub(in crate::gpu) fn summaries() -> Vec<AdapterSummary> {
    adapters().iter().map(AdapterSummary::new).collect()
}

/// The best adapter that the options allow.
pub(super) fn choose(options: &Options) -> Result<wgpu::Adapter, Error> {
    let named = match &options.device {
        Some(device) => Some(device.clone()),
        None => env::value("EVARISTE_DEVICE")?,
    }
    .filter(|named| !named.is_empty());
    let adapters = adapters();
    let seen = seen(adapters.iter().map(AdapterSummary::new));
    let (found, wanted) = match &named {
        Some(named) => {
            let names: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
            (
                find(named, &names).and_then(|at| adapters.into_iter().nth(at)),
                format!("a device named or numbered {named:?}"),
            )
        }
        None if options.software => (adapters.into_iter().next(), "any device".to_owned()),
        None => {
            let hardware = adapters.into_iter().find(|adapter| !AdapterSummary::new(adapter).software);
            (hardware, "a hardware device".to_owned())
        }
    };
    match (found, options.device.is_none().then_some(named).flatten()) {
        (Some(adapter), _) => Ok(adapter),
        (None, Some(value)) => {
            let reason = format!("no such device; seen: {seen}");
            Err(Error::Environment { variable: "EVARISTE_DEVICE", value, reason })
        }
        (None, None) => Err(Error::NoDevice { wanted, seen }),
    }
}

/// The adapters in one line, each with the number that `EVARISTE_DEVICE` takes.
fn seen(adapters: impl Iterator<Item = AdapterSummary>) -> String {
    let seen: Vec<String> = adapters.enumerate().map(|(number, adapter)| format!("{number}: {adapter}")).collect();
    if seen.is_empty() { "none, no driver shows one".to_owned() } else { seen.join("; ") }
}

/// The device that a user names: by its number or, if no device has that number, by a part of its name, ignoring case.
fn find(named: &str, names: &[String]) -> Option<usize> {
    let number = named.parse().ok().filter(|&number| number < names.len());
    number.or_else(|| names.iter().position(|name| name.to_lowercase().contains(&named.to_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_devices_of_an_error_have_their_numbers() {
        let adapter = |name: &str, driver: &str| AdapterSummary {
            name: name.to_owned(),
            driver: driver.to_owned(),
            interface: "Vulkan".to_owned(),
            software: false,
        };
        let both = [adapter("NVIDIA H100", "NVIDIA 580.1"), adapter("llvmpipe", "Mesa 25.0")];
        assert_eq!(seen(both.into_iter()), "0: NVIDIA H100 (Vulkan, NVIDIA 580.1); 1: llvmpipe (Vulkan, Mesa 25.0)");
        assert_eq!(seen(std::iter::empty()), "none, no driver shows one");
    }

    #[test]
    fn a_name_of_digits_is_a_name_if_no_device_has_that_number() {
        let names = ["NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3080", "llvmpipe (LLVM 15.0.6, 256 bits)"]
            .map(String::from);
        assert_eq!(find("1", &names), Some(1));
        assert_eq!(find("4090", &names), Some(0));
        assert_eq!(find("3080", &names), Some(1));
        assert_eq!(find("3", &names), Some(1), "no device 3, but a name contains a 3");
        assert_eq!(find("LLVMpipe", &names), Some(2));
        assert_eq!(find("5090", &names), None);
        assert_eq!(find("0", &[]), None);
    }
}
