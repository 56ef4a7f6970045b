//! WebGPU's default limits, which every device keeps: <https://www.w3.org/TR/webgpu/#limits>.

use naga::valid::{GlobalUse, ModuleInfo};
use naga::{AddressSpace, Module};

const WORKGROUP_BYTES: u32 = 16384;
const INVOCATIONS: u32 = 256;
const WORKGROUP_SIZE: [(&str, u32); 3] = [("x", 256), ("y", 256), ("z", 64)];
const STORAGE_BUFFERS: usize = 8;
const UNIFORM_BUFFERS: usize = 12;
const UNIFORM_BYTES: u32 = 65536;
const GROUPS: u32 = 4;
const BINDINGS: u32 = 1000;

/// Checks a module with one entry point, and with its overrides replaced by values.
pub(crate) fn check(module: &Module, info: &ModuleInfo) -> Result<(), String> {
    let [entry] = &module.entry_points[..] else {
        return Err(format!("{} entry points, expected one", module.entry_points.len()));
    };
    for ((dimension, limit), size) in WORKGROUP_SIZE.into_iter().zip(entry.workgroup_size) {
        at_most(size, limit, || format!("invocations in {dimension}"))?;
    }
    at_most(entry.workgroup_size.iter().product(), INVOCATIONS, || "invocations of a workgroup".to_owned())?;

    let (mut workgroup_bytes, mut storage, mut uniform) = (0, 0, 0);
    for (handle, variable) in module.global_variables.iter() {
        if info.get_entry_point(0)[handle] == GlobalUse::empty() {
            continue;
        }
        let bytes = module.types[variable.ty].inner.size(module.to_ctx());
        match variable.space {
            AddressSpace::WorkGroup => workgroup_bytes += bytes.next_multiple_of(16),
            AddressSpace::Storage { .. } => storage += 1,
            AddressSpace::Uniform => {
                uniform += 1;
                let name = variable.name.as_deref().unwrap_or_default();
                at_most(bytes, UNIFORM_BYTES, || format!("bytes in uniform buffer `{name}`"))?;
            }
            _ => {}
        }
        if let Some(place) = variable.binding {
            for (kind, number, limit) in [("group", place.group, GROUPS), ("binding", place.binding, BINDINGS)] {
                if number >= limit {
                    return Err(format!("{kind} {number}, the last is {}", limit - 1));
                }
            }
        }
    }
    at_most(workgroup_bytes, WORKGROUP_BYTES, || "bytes of workgroup memory".to_owned())?;
    at_most(storage, STORAGE_BUFFERS, || "storage buffers".to_owned())?;
    at_most(uniform, UNIFORM_BUFFERS, || "uniform buffers".to_owned())
}

fn at_most<N: PartialOrd + std::fmt::Display>(number: N, limit: N, what: impl Fn() -> String) -> Result<(), String> {
    if number > limit { Err(format!("{number} {}, the limit is {limit}", what())) } else { Ok(()) }
}
