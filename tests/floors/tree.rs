//! The modules of a crate and the paths by which they name each other, read from its source text.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, Token, UseTree};

/// Source files by path from the repository's root.
pub(crate) type Sources = BTreeMap<String, String>;

/// One module: a file or an inline `mod`.
#[derive(Default)]
pub(crate) struct Module {
    /// Names from the crate's root on; empty for the root itself.
    pub(crate) path: Vec<String>,
    pub(crate) file: String,
    children: BTreeMap<String, usize>,
    /// Names that a `use` brings in, with the path behind each.
    imports: BTreeMap<String, Vec<String>>,
    /// Modules of which a `use` brings in everything.
    globs: Vec<Vec<String>>,
    items: BTreeSet<String>,
    /// Every path that was found, with its line.
    paths: Vec<(Vec<String>, usize)>,
}

/// The modules of one crate. Module 0 is the root.
pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
    /// The modules of the macros with `#[macro_export]`. Their paths begin at the root, wherever they stand.
    exported: BTreeMap<String, usize>,
}

/// How an edge calls the root file of a crate when an item of that file is named.
pub(crate) const ROOT: &str = "crate";

/// Globs of globs that are followed.
const MOST_GLOBS: usize = 16;

const HIDES: &str = "`include!` and `extern crate self` let modules use each other in ways that this test does not see";

/// One module names another one.
pub(crate) struct Edge {
    /// The innermost module around both.
    pub(crate) around: Vec<String>,
    /// The two children of `around` that lead to the module that names and to the module that is named.
    pub(crate) from: String,
    pub(crate) to: String,
    /// Where, and by which path.
    pub(crate) place: String,
}

impl Tree {
    /// Reads a crate from its root file on. Items and modules under `#[cfg(test)]` are left out.
    ///
    /// # Panics
    /// If a file is missing or cannot be parsed.
    pub(crate) fn read(sources: &Sources, root: &str) -> Self {
        let mut tree = Self { modules: Vec::new(), exported: BTreeMap::new() };
        tree.add_file(sources, root.to_owned(), Vec::new());
        tree
    }

    /// The modules right below the root.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &str> {
        self.modules[0].children.keys().map(String::as_str)
    }

    fn add_file(&mut self, sources: &Sources, file: String, path: Vec<String>) -> usize {
        let text = sources.get(&file).unwrap_or_else(|| panic!("there is no file {file}"));
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.add(sources, &file, path, &parsed.items)
    }

    fn add(&mut self, sources: &Sources, file: &str, path: Vec<String>, items: &[Item]) -> usize {
        let index = self.modules.len();
        self.modules.push(Module { path: path.clone(), file: file.to_owned(), ..Module::default() });
        let mut found = Found::default();
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            assert!(!hides_imports(item), "{file}:{}: {HIDES}", item.span().start().line);
            if let (Item::Macro(_), Some(name)) = (item, name(item))
                && attributes(item).iter().any(|attribute| attribute.path().is_ident("macro_export"))
            {
                self.exported.insert(name, index);
            } else if let Some(name) = name(item) {
                self.modules[index].items.insert(name);
            }
            match item {
                Item::Mod(module) => {
                    let name = module.ident.to_string();
                    let below: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
                    let child = match &module.content {
                        Some((_, items)) => self.add(sources, file, below, items),
                        None => self.add_file(sources, file_of(sources, file, &path, &name), below),
                    };
                    self.modules[index].children.insert(name, child);
                }
                Item::Use(item) => {
                    flatten(&item.tree, Vec::new(), &mut |name, path| {
                        self.modules[index].paths.push((path.clone(), item.span().start().line));
                        match name {
                            Some(name) => drop(self.modules[index].imports.insert(name, path)),
                            None => self.modules[index].globs.push(path),
                        }
                    });
                }
                other => found.visit_item(other),
            }
        }
        self.modules[index].paths.extend(found.paths);
        index
    }

    /// Every time that a module names a module which is neither around it nor within it, or an item that stands in the crate's
    /// root: there `to` is [`ROOT`].
    pub(crate) fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            for (path, line) in &module.paths {
                let (mut through, end) = self.resolve(index, path, 0);
                // `use crate::*` brings in every room. As the name of the root it would be harmless.
                through.extend(end.filter(|&end| end == 0 && module.globs.contains(path)));
                for named in through {
                    let (from, to) = (&module.path, &self.modules[named].path);
                    let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
                    let to = if named == 0 { Some(ROOT) } else { to.get(common).map(String::as_str) };
                    if let (Some(below), Some(to)) = (from.get(common), to) {
                        edges.push(Edge {
                            around: from[..common].to_vec(),
                            from: below.clone(),
                            to: to.to_owned(),
                            place: format!("{}:{line}: {}", module.file, path.join("::")),
                        });
                    }
                }
            }
        }
        edges
    }

    /// The modules that a path leads through, re-exports included, and the module that it names if it names one.
    fn resolve(&self, from: usize, path: &[String], depth: usize) -> (Vec<usize>, Option<usize>) {
        assert!(depth < 32, "{}: the imports of {path:?} lead in a circle", self.modules[from].file);
        let (mut at, mut visited) = (from, Vec::new());
        for (position, segment) in path.iter().enumerate() {
            match segment.as_str() {
                "crate" => at = 0,
                "self" => {}
                "super" => at = self.parent(at),
                name => {
                    let bare = position == 0;
                    let Some((through, end)) = self.step(at, name, bare, depth) else { return (visited, None) };
                    visited.extend(through);
                    match end {
                        Some(module) => at = module,
                        None => return (visited, None),
                    }
                }
            }
        }
        (visited, Some(at))
    }

    /// As `resolve`, for one name in a module; `None` if the name comes from another crate.
    fn step(&self, at: usize, name: &str, bare: bool, depth: usize) -> Option<(Vec<usize>, Option<usize>)> {
        let module = &self.modules[at];
        if let Some(&child) = module.children.get(name) {
            return Some((vec![child], Some(child)));
        }
        if let Some(path) = module.imports.get(name) {
            // `use wgpu;` and `use anyhow::anyhow;` name another crate, not themselves.
            return (path[0] != name).then(|| self.resolve(at, path, depth + 1));
        }
        if let (0, Some(&stands_in)) = (at, self.exported.get(name)) {
            return Some((vec![stands_in], None));
        }
        if module.items.contains(name) {
            let root = (at == 0).then_some(at);
            return Some((root.into_iter().collect(), None));
        }
        // Two modules may bring in everything of each other; then neither has the name.
        let mut globs = module.globs.iter().filter(|_| !bare && depth < MOST_GLOBS).filter_map(|glob| {
            let (mut through, end) = self.resolve(at, glob, depth + 1);
            let (more, end) = self.step(end?, name, false, depth + 1)?;
            through.extend(more);
            Some((through, end))
        });
        globs.next()
    }

    fn parent(&self, module: usize) -> usize {
        let path = &self.modules[module].path;
        let above = &path[..path.len().saturating_sub(1)];
        self.modules.iter().position(|module| module.path == above).unwrap_or(0)
    }
}

/// The file of `mod name;` in a file that is the module `path` or holds it.
fn file_of(sources: &Sources, file: &str, path: &[String], name: &str) -> String {
    let root = file.split_once("src/").map_or("", |(before, _)| before);
    let folder = [&["src".to_owned()], path].concat().join("/");
    let flat = format!("{root}{folder}/{name}.rs");
    assert!(sources.contains_key(&flat), "{file} declares `mod {name}`, and there is no file {flat}");
    flat
}

/// Every name of a `use`, with the path behind it; `None` stands for everything of a module.
fn flatten(tree: &UseTree, mut path: Vec<String>, take: &mut impl FnMut(Option<String>, Vec<String>)) {
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            flatten(&inner.tree, path, take);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path.clone(), take)),
        UseTree::Glob(_) => take(None, path),
        UseTree::Name(name) if name.ident == "self" => take(path.last().cloned(), path),
        UseTree::Name(name) => {
            path.push(name.ident.to_string());
            take(Some(name.ident.to_string()), path);
        }
        UseTree::Rename(rename) => {
            if rename.ident != "self" {
                path.push(rename.ident.to_string());
            }
            take(Some(rename.rename.to_string()), path);
        }
    }
}

/// Paths within items. A path of one name is left out: only a `use` can make it lead to another module.
#[derive(Default)]
struct Found {
    paths: Vec<(Vec<String>, usize)>,
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        flatten(&item.tree, Vec::new(), &mut |_, path| self.paths.push((path, item.span().start().line)));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 && path.leading_colon.is_none() {
            self.paths.push((names, path.span().start().line));
        }
        visit::visit_path(self, path);
    }

    /// Visibilities such as `pub(in crate::gpu)` import nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.visit_tokens(call.tokens.clone());
    }
}

impl Found {
    /// Finds paths in the arguments of a macro, which are tokens without a syntax.
    fn visit_tokens(&mut self, tokens: TokenStream) {
        self.visit_tokens_below(&[], tokens);
    }

    /// The same for the tokens of a group that continues a path, as in `crate::{a, b::c}`. `above` is the path before the group;
    /// it is empty if the tokens continue no path.
    fn visit_tokens_below(&mut self, above: &[String], tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(colon)) if colon.as_char() == ':');
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) => self.visit_tokens(group.stream()),
                TokenTree::Ident(first) => {
                    let mut path = [above, &[first.to_string()]].concat();
                    while is_colon(at) && is_colon(at + 1) {
                        match tokens.get(at + 2) {
                            Some(TokenTree::Ident(segment)) => path.push(segment.to_string()),
                            Some(TokenTree::Group(group)) => self.visit_tokens_below(&path, group.stream()),
                            _ => {}
                        }
                        at += 3;
                    }
                    if path.len() > 1 {
                        self.paths.push((path, first.span().start().line));
                    }
                }
                _ => {}
            }
        }
    }
}

/// The lines on which the word `unsafe` stands, comments and strings aside.
pub(crate) fn unsafe_lines(file: &str, text: &str) -> Vec<usize> {
    fn walk(tokens: TokenStream, lines: &mut Vec<usize>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => walk(group.stream(), lines),
                TokenTree::Ident(word) if word == "unsafe" => lines.push(word.span().start().line),
                _ => {}
            }
        }
    }
    let mut lines = Vec::new();
    walk(text.parse().unwrap_or_else(|error| panic!("{file}: {error}")), &mut lines);
    lines
}

fn hides_imports(item: &Item) -> bool {
    match item {
        Item::Macro(item) => item.mac.path.is_ident("include"),
        Item::ExternCrate(item) => item.ident == "self",
        _ => false,
    }
}

/// Whether attributes say `#[cfg(test)]`, or `#[cfg(all(test, ...))]`.
fn is_test(attributes: &[Attribute]) -> bool {
    fn requires_test(condition: &Meta) -> bool {
        match condition {
            Meta::Path(word) => word.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .is_ok_and(|conditions| conditions.iter().any(requires_test)),
            _ => false,
        }
    }
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args().is_ok_and(|condition: Meta| requires_test(&condition))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
