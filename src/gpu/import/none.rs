//! For systems on which host memory cannot be imported.

use std::convert::Infallible;
use std::ptr::NonNull;

use super::Owner;

pub(in crate::gpu) fn is_offered(_: &wgpu::Adapter) -> bool {
    false
}

pub(in crate::gpu) fn open(
    _: &wgpu::Adapter,
    _: &wgpu::DeviceDescriptor<'_>,
) -> Result<(wgpu::Device, wgpu::Queue), Box<dyn std::error::Error + Send + Sync>> {
    Err("this build imports no memory".into())
}

/// There is none.
pub(in crate::gpu) struct Importer(Infallible);

/// There is none.
#[derive(Clone)]
pub(in crate::gpu) struct Import(Infallible);

impl Importer {
    pub(in crate::gpu) fn new(_: &wgpu::Device) -> Option<Self> {
        None
    }

    pub(in crate::gpu) fn alignment(&self) -> usize {
        match self.0 {}
    }

    /// # Safety
    /// Never called, because no importer exists.
    pub(in crate::gpu) unsafe fn import(
        &self,
        _: &wgpu::Device,
        _: NonNull<u8>,
        _: usize,
        _: Owner,
    ) -> Result<(wgpu::Buffer, Import), std::fmt::Error> {
        match self.0 {}
    }
}

impl Import {
    pub(in crate::gpu) fn is_released(&self) -> bool {
        match self.0 {}
    }

    pub(in crate::gpu) fn release(&self) {
        match self.0 {}
    }
}
