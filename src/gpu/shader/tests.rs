//! The text of every kernel declares what the host states.

use naga::back::pipeline_constants::process_overrides;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, ArraySize, Expression, Literal, Module, Scalar, ScalarKind, StorageAccess, TypeInner};

use super::*;

/// Every difference between a kernel's text and the host's statement.
fn differences(shader: &Shader) -> Vec<String> {
    let text = shader.text();
    let module = match naga::front::wgsl::parse_str(&text) {
        Ok(module) => module,
        Err(error) => return vec![error.emit_to_string(&text)],
    };
    let info = match Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module) {
        Ok(info) => info,
        Err(error) => return vec![error.emit_to_string(&text)],
    };
    // The host sets no override, so each must have a value of its own.
    let (module, _) = match process_overrides(&module, &info, None, &Default::default()) {
        Ok((module, info)) => (module.into_owned(), info),
        Err(error) => return vec![error.to_string()],
    };
    let mut found = Vec::new();
    match &module.entry_points[..] {
        [entry] if entry.name == shader.entry_point => {
            if entry.workgroup_size != [shader.workgroup, 1, 1] {
                found.push(format!("workgroup {:?}, the host has {}", entry.workgroup_size, shader.workgroup));
            }
        }
        entries => {
            let names: Vec<_> = entries.iter().map(|entry| &entry.name).collect();
            found.push(format!("entry points {names:?}, the host has {:?}", shader.entry_point));
        }
    }
    found.extend(workgroup_memory(&module, shader));
    found.extend(bindings(&module, shader));
    found.extend(shader.constants.iter().filter_map(|&(name, value)| constant(&module, name, value)));
    let unused = shader.constants.iter().filter(|(name, _)| !shader.body.contains(name));
    found.extend(unused.map(|(name, _)| format!("the text does not use the constant {name}")));
    found
}

/// Workgroup memory as WebGPU counts it: each variable rounded up to 16 bytes.
fn workgroup_memory(module: &Module, shader: &Shader) -> Option<String> {
    let variables = module.global_variables.iter().map(|(_, variable)| variable);
    let bytes: u32 = variables
        .filter(|variable| variable.space == AddressSpace::WorkGroup)
        .map(|variable| module.types[variable.ty].inner.size(module.to_ctx()).next_multiple_of(16))
        .sum();
    let stated = shader.workgroup_bytes;
    (bytes != stated).then(|| format!("{bytes} bytes of workgroup memory, the host has {stated}"))
}

fn bindings(module: &Module, shader: &Shader) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = Vec::new();
    for (_, variable) in module.global_variables.iter() {
        let Some(place) = variable.binding else { continue };
        let name = variable.name.as_deref().unwrap_or_default();
        let stated = shader.bindings.iter().find(|binding| (place.group, place.binding) == (0, binding.number));
        let Some(stated) = stated else {
            found
                .push(format!("{name}: group {} binding {}, which the host does not bind", place.group, place.binding));
            continue;
        };
        seen.push(stated.number);
        let access = match variable.space {
            AddressSpace::Uniform => Some(Access::Uniform),
            AddressSpace::Storage { access } if access == StorageAccess::LOAD => Some(Access::Read),
            AddressSpace::Storage { access } if access == StorageAccess::LOAD | StorageAccess::STORE => {
                Some(Access::ReadWrite)
            }
            _ => None,
        };
        if access != Some(stated.access) {
            found.push(format!("{name}: {:?}, the host has {:?}", variable.space, stated.access));
        }
        let differences = holds(module, variable.ty, &stated.holds);
        found.extend(differences.into_iter().map(|difference| format!("{name}: {difference}")));
    }
    let unseen = shader.bindings.iter().filter(|binding| !seen.contains(&binding.number));
    found.extend(unseen.map(|binding| format!("no binding {}, which the host binds", binding.number)));
    if seen.len() != shader.bindings.len() {
        found.push(format!("{} bindings, the host has {}", seen.len(), shader.bindings.len()));
    }
    found
}

type Type = naga::Handle<naga::Type>;

fn holds(module: &Module, ty: Type, stated: &Holds) -> Vec<String> {
    match (&module.types[ty].inner, stated) {
        (TypeInner::Struct { .. }, Holds::One(stated)) => structure(module, ty, stated, None),
        (TypeInner::Struct { .. }, Holds::Headed(stated)) => structure(module, ty, stated, Some(4)),
        (&TypeInner::Array { base, size: ArraySize::Dynamic, .. }, Holds::Structures(stated)) => {
            structure(module, base, stated, None)
        }
        (&TypeInner::Array { base, size, stride }, &Holds::Words { bytes, count }) => {
            let length = match size {
                ArraySize::Constant(length) => Some(length.get() as usize),
                _ => None,
            };
            let mut found = Vec::new();
            if length != count {
                found.push(format!("array of {length:?}, the host has {count:?}"));
            }
            found.extend(words(module, base, bytes));
            if stride as usize != bytes {
                found.push(format!("elements {stride} bytes apart, on the host {bytes}"));
            }
            found
        }
        (other, stated) => vec![format!("{other:?}, the host has {stated:?}")],
    }
}

/// Checks that a type is a `u32`, a vector of them, or an array of either, with a size of `bytes`.
fn words(module: &Module, ty: Type, bytes: usize) -> Option<String> {
    fn scalar(module: &Module, ty: Type) -> Option<Scalar> {
        match module.types[ty].inner {
            TypeInner::Scalar(scalar) | TypeInner::Atomic(scalar) | TypeInner::Vector { scalar, .. } => Some(scalar),
            TypeInner::Array { base, .. } => scalar(module, base),
            _ => None,
        }
    }
    let inner = &module.types[ty].inner;
    let size = inner.size(module.to_ctx()) as usize;
    let is_word = scalar(module, ty) == Some(Scalar { kind: ScalarKind::Uint, width: 4 });
    (!is_word || size != bytes).then(|| format!("{inner:?} of {size} bytes, the host has words of {bytes}"))
}

/// Compares a structure, and the array of words at its end where `words_behind` states their size in bytes.
fn structure(module: &Module, ty: Type, stated: &Structure, words_behind: Option<usize>) -> Vec<String> {
    let ty = &module.types[ty];
    let TypeInner::Struct { members, span } = &ty.inner else {
        return vec![format!("{:?}, the host has the structure {}", ty.inner, stated.name)];
    };
    let mut found = Vec::new();
    if ty.name.as_deref() != Some(stated.name) {
        found.push(format!("structure {:?}, the host has {}", ty.name, stated.name));
    }
    let (members, behind) = match words_behind {
        Some(_) => members.split_at(members.len() - 1),
        None => members.split_at(members.len()),
    };
    let declared = members.iter().map(|member| {
        let inner = &module.types[member.ty].inner;
        found.extend(words(module, member.ty, inner.size(module.to_ctx()) as usize));
        (member.name.as_deref().unwrap_or_default(), member.offset as usize, inner.size(module.to_ctx()) as usize)
    });
    let declared: Vec<_> = declared.collect();
    let on_host = stated.members.iter().filter(|member| member.name != "padding");
    let on_host: Vec<_> = on_host.map(|member| (member.name, member.offset, member.bytes)).collect();
    if declared != on_host {
        found.push(format!("members (name, offset, bytes) {declared:?}, the host has {on_host:?}"));
    }
    // Only padding may make the host's longer.
    let padded = stated.members.last().is_some_and(|member| member.name == "padding");
    let span = behind.first().map_or(*span, |member| member.offset) as usize;
    if span != stated.bytes && !(padded && span < stated.bytes) {
        found.push(format!("{} has {span} bytes, the host's {}", stated.name, stated.bytes));
    }
    if let (Some(bytes), [member]) = (words_behind, behind) {
        found.extend(holds(module, member.ty, &Holds::words(bytes)));
    }
    found
}

fn constant(module: &Module, name: &str, stated: u32) -> Option<String> {
    let constant = module.constants.iter().find(|(_, constant)| constant.name.as_deref() == Some(name));
    let value = constant.map(|(_, constant)| &module.global_expressions[constant.init]);
    match value {
        Some(Expression::Literal(Literal::U32(value))) if *value == stated => None,
        _ => Some(format!("constant {name} is {value:?}, the host has {stated}")),
    }
}

#[test]
fn every_text_is_as_the_host_states_it() {
    let shaders = crate::gpu::shaders().unwrap();
    let mut found = Vec::new();
    for (name, shader) in &shaders {
        found.extend(differences(shader).into_iter().map(|difference| format!("{name}: {difference}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(shaders.len() > 100, "only {} kernels were compared", shaders.len());
}

/// Every kind of difference, one at a time, in a kernel that has everything: a table kernel that checks.
#[test]
fn every_kind_of_difference_is_found() {
    let shaders = crate::gpu::shaders().unwrap();
    let named =
        |wanted: &str| shaders.iter().find(|(name, _)| name == wanted).expect("a kernel of that name").1.clone();
    let table = named("table check separate by 5");
    assert_eq!(differences(&table), [""; 0]);

    let differs = |expected: &str, change: &dyn Fn(&mut Shader)| {
        let mut changed = table.clone();
        change(&mut changed);
        let found = differences(&changed);
        assert!(found.iter().any(|difference| difference.contains(expected)), "{expected:?} is not in {found:?}");
    };
    // What the host states.
    differs("entry points", &|shader| shader.entry_point = "tables");
    differs("workgroup [256, 1, 1]", &|shader| shader.workgroup = 128);
    differs("bytes of workgroup memory", &|shader| shader.workgroup_bytes += 16);
    differs("binding 5, which the host does not bind", &|shader| shader.bindings.retain(|binding| binding.number != 5));
    differs("no binding 12", &|shader| shader.bindings.push(Binding::read(12, Holds::words(4))));
    let at = |shader: &Shader, number| shader.bindings.iter().position(|binding| binding.number == number).unwrap();
    differs("the host has ReadWrite", &|shader| {
        let stored = at(shader, 3);
        shader.bindings[stored].access = Access::ReadWrite;
    });
    differs("the host has Uniform", &|shader| {
        let tables = at(shader, 5);
        shader.bindings[tables].access = Access::Uniform;
    });
    differs("elements 16 bytes apart, on the host 8", &|shader| {
        let sources = at(shader, 2);
        shader.bindings[sources].holds = Holds::words(8);
    });
    differs("array of None, the host has Some(4)", &|shader| {
        let sources = at(shader, 2);
        shader.bindings[sources].holds = Holds::vectors(4);
    });
    differs("the host has the structure Found", &|shader| {
        let tables = at(shader, 5);
        shader.bindings[tables].holds = Holds::structures::<crate::gpu::launch::Found>();
    });
    differs("structure Some(\"Params\"), the host has Found", &|shader| {
        let params = at(shader, 0);
        shader.bindings[params].holds = Holds::one::<crate::gpu::launch::Found>();
    });
    // What the text says.
    let text = |expected: &str, old: &str, new: &str| {
        assert!(table.body.contains(old), "{old:?} is not in the text");
        differs(expected, &|shader| shader.body = shader.body.replace(old, new));
    };
    text("members", "source_stride: u32,\n    target_stride: u32,", "target_stride: u32,\n    source_stride: u32,");
    text("members", "blocks: u32,\n    // The", "blocks: u32,\n    more: u32,\n    // The");
    text("Sint", "    plans: u32,", "    plans: i32,");
    text("group 0 binding 10", "@binding(6)", "@binding(10)");
    text("group 1 binding 6", "@group(0) @binding(6)", "@group(1) @binding(6)");
    text("Found has 12 bytes, the host's 8", "first: atomic<u32>,", "first: atomic<u32>, more: atomic<u32>,");
    text("pipeline-overridable", "const TILE_SOURCES = 32u;", "override TILE_SOURCES: u32;");
    text("workgroup [8, 32, 1]", "@workgroup_size(WORKGROUP_SIZE)", "@workgroup_size(8, 32)");
    // Constants are declared in front of the text, and only there.
    differs("redefinition of `ROWS`", &|shader| shader.body += "const ROWS = 5u;");
    differs("no definition in scope for identifier: `ROWS`", &|shader| {
        shader.constants.retain(|(name, _)| *name != "ROWS")
    });
    differs("does not use the constant COLUMNS", &|shader| shader.constants.push(("COLUMNS", 4)));
    let module = naga::front::wgsl::parse_str(&table.text()).unwrap();
    assert_eq!(constant(&module, "ROWS", 4), None);
    assert!(constant(&module, "ROWS", 5).is_some_and(|difference| difference.contains("constant ROWS")));
}
