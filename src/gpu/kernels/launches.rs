//! Launches that are kept with the buffers they bind.

use std::sync::Arc;

use super::{Kernels, PerStripe, Ready};
use crate::gpu::launch::{Addressing, Launch, Span};
use crate::gpu::work::Work;
use crate::recent::Recent;
use crate::{Error, Plan};

/// Launches over the same few buffers, kept because binding costs more than a small call's work.
pub(in crate::gpu) struct Launches {
    kept: Recent<MadeFrom, Arc<Launch>>,
}

/// The values from which a launch was made.
struct MadeFrom {
    ready: Ready,
    span: Span,
    addressing: Addressing,
    bindings: Vec<(wgpu::Buffer, wgpu::BufferAddress, Option<wgpu::BufferSize>)>,
    /// The offsets of sources and targets.
    places: Vec<usize>,
}

impl Default for Launches {
    fn default() -> Self {
        Self { kept: Recent::new(Self::KEPT) }
    }
}

impl Launches {
    /// Launches kept over one set of buffers.
    const KEPT: usize = 8;

    /// See [`Kernels::launch`].
    pub(in crate::gpu) fn launch(
        &self,
        kernels: &Kernels,
        work: &Work<'_>,
        tables: Option<&PerStripe>,
    ) -> Result<Arc<Launch>, Error> {
        let (None, [plan]) = (tables, work.matrices.plans()) else {
            return Ok(Arc::new(kernels.launch(work, tables)?));
        };
        let ready = kernels.ready(plan, work)?;
        let make = || {
            let launch = Arc::new(kernels.launch_ready(&ready, plan, work)?);
            let binding = |binding: &wgpu::BufferBinding<'_>| (binding.buffer.clone(), binding.offset, binding.size);
            let made_from = MadeFrom {
                ready: ready.clone(),
                span: work.span,
                addressing: work.buffers.addressing,
                bindings: work.buffers.all().map(binding).collect(),
                places: work.places(plan).collect(),
            };
            Ok((made_from, launch))
        };
        self.kept.get(|kept| kept.is_for(&ready, plan, work), make)
    }

    /// Drops every launch that binds this buffer.
    pub(in crate::gpu) fn forget(&self, buffer: &wgpu::Buffer) {
        self.kept.retain(|kept| kept.bindings.iter().all(|(bound, ..)| bound != buffer));
    }
}

impl MadeFrom {
    fn is_for(&self, ready: &Ready, plan: &Plan, work: &Work<'_>) -> bool {
        let binding = |(buffer, offset, size): &(wgpu::Buffer, _, _), other: &wgpu::BufferBinding<'_>| {
            (buffer, *offset, *size) == (other.buffer, other.offset, other.size)
        };
        self.ready.is(ready)
            && self.span == work.span
            && self.addressing == work.buffers.addressing
            && self.bindings.len() == work.buffers.all().count()
            && self.bindings.iter().zip(work.buffers.all()).all(|(kept, other)| binding(kept, other))
            && self.places.iter().copied().eq(work.places(plan))
    }
}
