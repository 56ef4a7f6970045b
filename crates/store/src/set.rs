//! The set of shards in a directory: the file of each shard, and the other files there.
//!
//! A shard is identified by the index in its header, never by the file's name. Headers with equal common fields belong to one
//! set. The set with the most shards is opened, and every other file is a stray with a reason.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};

use evariste::Code;

use crate::error::{Action, Error};
use crate::flaw::{Flaw, Lost, StrayKind};
use crate::format::{FormatError, SetHeader};
use crate::loss::{BeyondRepair, Headerless, Reason};
use crate::names;
use crate::scan::{self, Found};

/// The shards of one protected file in a directory, found and open; [`Set::open`] makes one.
#[derive(Debug)]
pub struct Set {
    pub(crate) dir: PathBuf,
    pub(crate) header: SetHeader,
    pub(crate) code: Code,
    /// One for each index.
    pub(crate) members: Vec<Member>,
    pub(crate) strays: Vec<Stray>,
}

/// The files of one shard.
#[derive(Debug, Default)]
pub(crate) struct Member {
    /// Files that hold it, the best first: the canonical name, then by name. Usually one.
    pub(crate) files: Vec<ShardFile>,
    /// Files whose header says that they hold it, but that cannot be used.
    pub(crate) rejected: Vec<(OsString, Flaw)>,
}

/// An open file whose header is good.
#[derive(Debug)]
pub(crate) struct ShardFile {
    pub(crate) name: OsString,
    pub(crate) file: File,
    /// Whether its table is good too. Without one its blocks cannot be checked: see [`Set::admit_unchecked`].
    pub(crate) has_table: bool,
    pub(crate) trailing: Option<FormatError>,
}

/// A file that does not belong to the set.
#[derive(Debug)]
pub(crate) struct Stray {
    pub(crate) name: OsString,
    pub(crate) kind: StrayKind,
}

impl Set {
    /// Finds the set in a directory. Reads the header and the checksum table of every shard file, but no payload.
    ///
    /// A shard is identified by the index in its header, not by the file's name. If there are several sets, the one
    /// with the most shards is opened.
    ///
    /// # Errors
    /// [`Error::NoShards`] and [`Error::NoUsableHeader`] if the directory holds no set; [`Error::AmbiguousSet`] if
    /// several sets have the most shards; [`Error::Io`] if the directory cannot be read. Damaged and missing shards are
    /// not errors here: [`Set::verify`] reports them.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let dir = dir.as_ref();
        let found = scan::scan(dir)?;
        let header = choose(dir, &found)?;
        let shape = header.shape;
        let code = header.layout.code().map_err(|source| Error::Code { id: header.id, dir: dir.to_owned(), source })?;
        let mut members: Vec<Member> = (0..shape.total_shards()).map(|_| Member::default()).collect();
        let mut strays = Vec::new();
        for Found { name, header: own, content } in found {
            let stray = match (own, content) {
                (Some(own), content) if own.set == header => {
                    let member = &mut members[own.index];
                    match content {
                        Ok(content) => member.files.push(ShardFile {
                            name,
                            file: content.file,
                            has_table: true,
                            trailing: content.trailing,
                        }),
                        Err(flaw) => member.rejected.push((name, flaw)),
                    }
                    continue;
                }
                (Some(own), _) if own.set.id == header.id => StrayKind::Contradicting,
                (Some(own), _) => StrayKind::Foreign(own.set.id),
                (None, Err(flaw)) => StrayKind::Flawed(flaw),
                (None, Ok(_)) => continue, // no content without a header
            };
            strays.push(Stray { name, kind: stray });
        }
        for (index, member) in members.iter_mut().enumerate() {
            // The sort is stable, so the other files stay in the order of their names.
            member.files.sort_by_key(|file| file.name != *names::shard_name(index));
            member.rejected.sort_by_key(|(name, _)| *name != *names::shard_name(index));
        }
        Ok(Self { dir: dir.to_owned(), header, code, members, strays })
    }

    /// The fields that the headers of all its shards have in common: layout, shape, the file's hash, id.
    pub fn header(&self) -> &SetHeader {
        &self.header
    }

    /// The shards for which no file can be used, in ascending order.
    pub fn lost(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|&index| self.members[index].files.is_empty()).collect()
    }

    /// Admits a file with a damaged table for each shard that has no better file.
    pub(crate) fn admit_unchecked(&mut self) -> Result<(), Error> {
        for member in self.members.iter_mut().filter(|member| member.files.is_empty()) {
            let Some(found) = member.rejected.iter().position(lacks_table) else { continue };
            let (name, _) = member.rejected.remove(found);
            let path = self.dir.join(&name);
            let file = File::open(&path).map_err(Error::io(Action::Read, &path))?;
            member.files.push(ShardFile { name, file, has_table: false, trailing: None });
        }
        Ok(())
    }

    /// Whether [`Set::admit_unchecked`] would admit a file.
    pub(crate) fn has_unchecked(&self) -> bool {
        self.members.iter().any(|member| member.files.is_empty() && member.rejected.iter().any(lacks_table))
    }

    /// The error of an operation that needs more of the set than is left.
    pub(crate) fn beyond_repair(&self, reasons: Vec<Reason>, may_be_located: bool) -> Error {
        let lost = self.lost().into_iter().map(|index| (index, self.why_lost(index))).collect();
        BeyondRepair { dir: self.dir.clone(), reasons, lost, may_be_located }.into()
    }

    /// Why no file can be used for a lost shard.
    pub(crate) fn why_lost(&self, index: usize) -> Lost {
        let canonical = names::shard_name(index);
        let stray = self.strays.iter().find(|stray| stray.name == *canonical);
        match (self.members[index].rejected.first(), stray) {
            (Some((name, flaw)), _) => {
                let found_as = (*name != *canonical).then(|| name.clone());
                Lost::Flawed { found_as, flaw: flaw.clone() }
            }
            (None, Some(Stray { kind: StrayKind::Flawed(flaw), .. })) => {
                Lost::Flawed { found_as: None, flaw: flaw.clone() }
            }
            (None, Some(Stray { kind, .. })) => Lost::Stray(kind.clone()),
            (None, None) if names::is_no_file(&self.dir, canonical.as_ref()) => Lost::NotAFile,
            (None, None) => Lost::Missing,
        }
    }
}

/// Whether a file was rejected only because its table is damaged.
fn lacks_table((_, flaw): &(OsString, Flaw)) -> bool {
    matches!(flaw, Flaw::Format(FormatError::TableChecksum))
}

/// The set with the most shards. Every good header counts, even if the rest of its file is damaged.
fn choose(dir: &Path, found: &[Found]) -> Result<SetHeader, Error> {
    let mut sets: HashMap<&SetHeader, BTreeSet<usize>> = HashMap::new();
    for header in found.iter().filter_map(|found| found.header.as_ref()) {
        sets.entry(&header.set).or_default().insert(header.index);
    }
    let most = sets.values().map(BTreeSet::len).max().unwrap_or(0);
    let mut largest: Vec<&SetHeader> =
        sets.iter().filter(|(_, shards)| shards.len() == most).map(|(set, _)| *set).collect();
    largest.sort_by_key(|set| set.id.0);
    match largest[..] {
        [] => Err(none_readable(dir, found)),
        [set] => Ok(set.clone()),
        _ => {
            let ids = largest.iter().map(|set| set.id).collect();
            Err(Error::AmbiguousSet { dir: dir.to_owned(), shards: most, ids })
        }
    }
}

/// The error if no header can be used: there are no shard files, or every header is damaged or of an unknown version.
fn none_readable(dir: &Path, found: &[Found]) -> Error {
    let dir = dir.to_owned();
    if found.is_empty() {
        return Error::NoShards { dir };
    }
    let flaws = found.iter().filter_map(|found| Some((found.name.clone(), found.content.as_ref().err()?.clone())));
    Error::NoUsableHeader(Box::new(Headerless { dir, flaws: flaws.collect() }))
}

/// Whether a file has the canonical name of its shard.
pub(crate) fn is_canonical(name: &OsStr, index: usize) -> bool {
    name == OsStr::new(&names::shard_name(index))
}
