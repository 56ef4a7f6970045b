//! The host's statement of a kernel: its text, and everything that the host and the text must agree on.
//!
//! Each kernel states this once, in its own file. A pipeline is made from the statement: the layout of its bindings comes
//! from here and not from the text, and the constants that both sides use are written in front of the text from here. The
//! tests parse the text of every kernel, generated ones included, and compare what it declares with the statement.

#[cfg(test)]
mod tests;

use std::num::NonZeroU64;

use super::device::Device;
use crate::Error;

/// A kernel's text, and what the host needs to know about it.
#[derive(Clone, Debug)]
pub(super) struct Shader {
    /// For labels and error messages.
    pub(super) name: String,
    pub(super) entry_point: &'static str,
    /// Invocations of a workgroup; its other two dimensions are 1.
    pub(super) workgroup: u32,
    /// Bytes of workgroup memory.
    pub(super) workgroup_bytes: u32,
    /// The buffers of group 0.
    pub(super) bindings: Vec<Binding>,
    /// The `u32` constants that the host and the text share. They are declared in front of the text.
    pub(super) constants: Vec<(&'static str, u32)>,
    /// The text without the constants.
    pub(super) body: String,
}

/// One buffer that a kernel binds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    pub(super) number: u32,
    pub(super) access: Access,
    pub(super) holds: Holds,
}

/// How a kernel uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Uniform,
    Read,
    ReadWrite,
}

/// What a buffer holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds {
    One(Structure),
    /// Structures, as many as the buffer has room for.
    Structures(Structure),
    /// Elements of `bytes` bytes each, made of `u32`: `count` of them, or as many as the buffer has room for.
    Words {
        bytes: usize,
        count: Option<usize>,
    },
    /// A structure, then words of four bytes, as many as the buffer has room for.
    Headed(Structure),
}

/// A structure that the host writes or reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Structure {
    /// Its size on the host, with any padding at its end.
    pub(super) bytes: usize,
    /// Its name in the text.
    #[cfg(test)]
    pub(super) name: &'static str,
    #[cfg(test)]
    pub(super) members: &'static [Member],
}

/// A member of a structure.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) offset: usize,
    pub(super) bytes: usize,
}

/// Implements [`Shared`] for a structure, with the name that it has in the text and a list of all its members. Members
/// called `padding` exist on the host only.
macro_rules! shared {
    ($structure:ident as $name:literal { $($member:ident),* $(,)? }) => {
        impl $crate::gpu::shader::Shared for $structure {
            const STRUCTURE: $crate::gpu::shader::Structure = {
                // Without a `..`: a member that is missing from the list does not compile.
                let _ = |$structure { $($member: _),* }: $structure| ();
                $crate::gpu::shader::Structure {
                    bytes: size_of::<$structure>(),
                    #[cfg(test)]
                    name: $name,
                    #[cfg(test)]
                    members: &[$($crate::gpu::shader::Member {
                        name: stringify!($member),
                        offset: std::mem::offset_of!($structure, $member),
                        bytes: $crate::gpu::shader::member_bytes(|structure: &$structure| &structure.$member),
                    }),*],
                }
            };
        }
    };
}
pub(super) use shared;

/// A structure whose bytes a kernel reads or writes.
pub(super) trait Shared: bytemuck::Pod {
    const STRUCTURE: Structure;
}

/// Bytes of the member that a function returns.
#[cfg(test)]
pub(super) const fn member_bytes<S, M>(_: fn(&S) -> &M) -> usize {
    size_of::<M>()
}

impl Binding {
    pub(super) const fn uniform(number: u32, holds: Holds) -> Self {
        Self { number, access: Access::Uniform, holds }
    }

    pub(super) const fn read(number: u32, holds: Holds) -> Self {
        Self { number, access: Access::Read, holds }
    }

    pub(super) const fn read_write(number: u32, holds: Holds) -> Self {
        Self { number, access: Access::ReadWrite, holds }
    }

    fn entry(&self) -> wgpu::BindGroupLayoutEntry {
        let ty = match self.access {
            Access::Uniform => wgpu::BufferBindingType::Uniform,
            Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
            Access::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
        };
        wgpu::BindGroupLayoutEntry {
            binding: self.number,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset: false,
                min_binding_size: NonZeroU64::new(self.holds.least_bytes() as u64),
            },
            count: None,
        }
    }
}

impl Holds {
    /// A structure of this type.
    pub(super) const fn one<S: Shared>() -> Self {
        Self::One(S::STRUCTURE)
    }

    /// Structures of this type.
    pub(super) const fn structures<S: Shared>() -> Self {
        Self::Structures(S::STRUCTURE)
    }

    /// A structure of this type, then words of four bytes.
    pub(super) const fn headed<S: Shared>() -> Self {
        Self::Headed(S::STRUCTURE)
    }

    /// Elements of `bytes` bytes each, as many as the buffer has room for.
    pub(super) const fn words(bytes: usize) -> Self {
        Self::Words { bytes, count: None }
    }

    /// `count` vectors of four words.
    pub(super) const fn vectors(count: usize) -> Self {
        Self::Words { bytes: 16, count: Some(count) }
    }

    /// The size of the smallest buffer that can be bound.
    fn least_bytes(&self) -> usize {
        match self {
            Self::One(structure) | Self::Structures(structure) => structure.bytes,
            Self::Words { bytes, count } => bytes * count.unwrap_or(1),
            Self::Headed(structure) => structure.bytes + 4,
        }
    }
}

impl Shader {
    /// The whole text: constants and body.
    pub(super) fn text(&self) -> String {
        let constants = self.constants.iter().map(|(name, value)| format!("const {name} = {value}u;\n"));
        constants.collect::<String>() + &self.body
    }

    /// The layout of its pipeline.
    pub(super) fn layout(&self, device: &wgpu::Device) -> wgpu::PipelineLayout {
        let entries: Vec<_> = self.bindings.iter().map(Binding::entry).collect();
        let group =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&group)],
            immediate_size: 0,
        })
    }

    /// Checks a kernel against the limits of a device.
    pub(super) fn check(&self, device: &Device) -> Result<(), Error> {
        let limits = device.device.limits();
        let storage = self.bindings.iter().filter(|binding| binding.access != Access::Uniform).count();
        let needs = [
            (
                "max_compute_invocations_per_workgroup",
                limits.max_compute_invocations_per_workgroup,
                self.workgroup as usize,
            ),
            ("max_compute_workgroup_size_x", limits.max_compute_workgroup_size_x, self.workgroup as usize),
            (
                "max_compute_workgroup_storage_size",
                limits.max_compute_workgroup_storage_size,
                self.workgroup_bytes as usize,
            ),
            ("max_storage_buffers_per_shader_stage", limits.max_storage_buffers_per_shader_stage, storage),
        ];
        for (limit, available, needed) in needs {
            let (available, needed) = (u64::from(available), needed as u64);
            if available < needed {
                return Err(Error::DeviceTooSmall { device: device.name.clone(), limit, available, needed });
            }
        }
        Ok(())
    }
}
