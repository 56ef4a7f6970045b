//! The rows of a run: each is printed as soon as it is measured, and the JSON is written at the end.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::ProgressBar;

use crate::args::Output;
use crate::outcome::Outcome;
use crate::record::{self, Record};
use crate::table::Table;

pub(crate) struct Rows<'a> {
    out: &'a mut dyn Write,
    output: &'a Output,
    table: &'static Table,
    records: Vec<Record>,
    /// The caption above the rows printed last.
    caption: Option<String>,
    progress: ProgressBar,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(table: &'static Table, output: &'a Output, out: &'a mut dyn Write) -> Self {
        // indicatif draws on stderr, and only on a terminal.
        Self { out, output, table, records: Vec::new(), caption: None, progress: ProgressBar::new_spinner() }
    }

    /// Shows what is being measured.
    pub(crate) fn doing(&self, what: String) {
        self.progress.set_message(what);
        self.progress.tick();
    }

    /// Adds a row and prints it.
    pub(crate) fn push(&mut self, record: Record) -> Result<()> {
        debug_assert_eq!(record.suite, self.table.suite, "a row belongs into the table of its suite");
        if !self.is_json_alone() {
            let caption = Some(self.table.caption_of(&record));
            let head = if caption == self.caption { String::new() } else { self.table.head(&record) };
            let (out, row) = (&mut *self.out, self.table.row(&record));
            self.progress.suspend(|| write!(out, "{head}{row}"))?;
            self.caption = caption;
        }
        self.records.push(record);
        Ok(())
    }

    /// Adds the rows of one setup.
    pub(crate) fn extend(&mut self, records: impl IntoIterator<Item = Record>) -> Result<()> {
        records.into_iter().try_for_each(|record| self.push(record))
    }

    /// Writes the JSON, and returns whether every row is right.
    pub(crate) fn finish(self) -> Result<Outcome> {
        self.progress.finish_and_clear();
        if let Some(path) = &self.output.json {
            let text = record::to_json(&self.records).context("cannot write the rows as JSON")?;
            if self.is_json_alone() {
                self.out.write_all(text.as_bytes())?;
            } else {
                replace(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
        Ok(if self.records.iter().all(|record| record.verified) { Outcome::Right } else { Outcome::Wrong })
    }

    fn is_json_alone(&self) -> bool {
        self.output.json.as_deref() == Some(Path::new("-"))
    }
}

/// Writes a file under a name of its own and then gives it the name of an older one, which stays whole if that fails. A link or a
/// device, such as `/dev/stdout`, is written to, and so is a file in a directory that takes no new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return std::fs::write(path, bytes);
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // As a file that is created by its name: the umask decides.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let Ok(mut file) = builder.prefix(".evariste-").suffix(".json.tmp").tempfile_in(dir) else {
        return std::fs::write(path, bytes);
    };
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
