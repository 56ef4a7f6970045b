//! The `.wgsl` files of the repository, and from which of their lines a shader's text comes.

use std::path::{Path, PathBuf};

/// `.wgsl` files: paths from the root of the repository, with `/`, and their texts.
#[derive(Default)]
pub(crate) struct Files(Vec<(String, String)>);

impl Files {
    /// Every one below the folder of the library, except in build folders and hidden ones.
    pub(crate) fn of_the_repository() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(root.join("shaders").is_dir(), "this test reads the source tree, and {} is not there", root.display());
        let mut files = Vec::new();
        let mut folders = vec![PathBuf::from(root)];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display())) {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_dir() {
                    if name != "target" && !name.starts_with('.') {
                        folders.push(path);
                    }
                } else if name.ends_with(".wgsl") {
                    let text = std::fs::read_to_string(&path)
                        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
                    let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                    files.push((name, text));
                }
            }
        }
        files.sort();
        assert!(files.iter().any(|(name, _)| name == "shaders/table.wgsl"), "no shaders/table.wgsl among {files:?}");
        Self(files)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn text(&self, file: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == file).map(|(_, text)| &**text)
    }

    /// The same files, with a text replaced in one of them.
    pub(crate) fn with(&self, changed: &str, old: &str, new: &str) -> Self {
        let replace = |(name, text): &(String, String)| {
            (name.clone(), if name == changed { text.replacen(old, new, 1) } else { text.clone() })
        };
        Self(self.0.iter().map(replace).collect())
    }

    /// The files that none of the shaders contains. Each must be a shader by itself.
    pub(crate) fn not_in(&self, shaders: &[(String, String)]) -> Vec<(String, String)> {
        let is_in = |text: &str| {
            // Of a template, everything between its `{{NAMES}}`.
            let pieces: Vec<&str> =
                text.split("{{").map(|piece| piece.split_once("}}").map_or(piece, |(_, rest)| rest)).collect();
            shaders.iter().any(|(_, shader)| pieces.iter().all(|piece| shader.contains(piece.trim())))
        };
        self.0.iter().filter(|(_, text)| !is_in(text)).cloned().collect()
    }

    /// Where a line of a shader's text, counted from 1, comes from: `file:line`.
    ///
    /// The host writes some lines itself. Of such a line the nearest one before it that is in a file is named, and the
    /// line of the text.
    pub(crate) fn place(&self, name: &str, text: &str, line: Option<u32>) -> String {
        let Some(line) = line.map(|line| line as usize) else { return name.to_owned() };
        let lines: Vec<&str> = text.lines().map(str::trim).take(line).collect();
        for before in (1..=lines.len()).rev() {
            let Some((file, at)) = self.source(&lines[..before]) else { continue };
            return if before == line {
                format!("{file}:{at}")
            } else {
                format!("{file}:{at}, in lines that the host generates behind it ({name}:{line})")
            };
        }
        format!("{name}:{line}")
    }

    /// The file and line that the last of these lines comes from: of the places where it stands, the one with the most
    /// lines in front of it that agree too.
    fn source(&self, lines: &[&str]) -> Option<(&str, usize)> {
        let mut best: Option<(usize, &str, usize)> = None;
        for (file, text) in self.0.iter().filter(|(file, _)| !file.starts_with("tests/")) {
            let known: Vec<&str> = text.lines().map(str::trim).collect();
            for end in 1..=known.len() {
                let agree = lines.iter().rev().zip(known[..end].iter().rev()).take_while(|(a, b)| a == b);
                let agree = agree.filter(|(line, _)| !line.is_empty()).count();
                // A lone bracket may stand anywhere.
                if agree > 0
                    && lines.last().is_some_and(|line| line.len() > 1)
                    && best.is_none_or(|(most, ..)| agree > most)
                {
                    best = Some((agree, &**file, end));
                }
            }
        }
        best.map(|(_, file, line)| (file, line))
    }
}
