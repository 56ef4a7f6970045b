//! The set of shards in a directory: which shard is where, and what else lies there.
//!
//! The index in a header counts, never the file's name. Headers that agree in all that a set has in common make one set; the
//! set with the most shards is the one a verb works on, and every other file is a stray with a reason.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use evariste::Code;

use crate::exit::BeyondRepair;
use crate::format::{FormatError, SetHeader, SetId};
use crate::names;
use crate::ranges::{Ranges, counted};
use crate::scan::{self, Flaw, Found};

/// A set and everything that was found beside it.
pub(crate) struct Set {
    pub(crate) dir: PathBuf,
    pub(crate) header: SetHeader,
    pub(crate) code: Code,
    /// One for each index.
    pub(crate) members: Vec<Member>,
    pub(crate) strays: Vec<Stray>,
}

/// What there is of one shard.
#[derive(Default)]
pub(crate) struct Member {
    /// Files that hold it, the best first: the canonical name, then by name. Usually one.
    pub(crate) files: Vec<ShardFile>,
    /// Files whose header says they hold it, and which give nothing.
    pub(crate) rejected: Vec<(OsString, Flaw)>,
}

/// An open file whose header is good, and what reading it has shown.
pub(crate) struct ShardFile {
    pub(crate) name: OsString,
    pub(crate) file: File,
    /// Whether its table is good too. Without one its blocks are what they are: see [`Set::admit_unchecked`].
    pub(crate) has_table: bool,
    pub(crate) trailing: Option<FormatError>,
    /// Blocks that fail their checksum.
    pub(crate) wrong: Tally,
    /// Blocks that cannot be read.
    pub(crate) unreadable: Tally,
}

/// How many blocks, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) blocks: u64,
    pub(crate) stripes: Ranges,
}

impl Tally {
    pub(crate) fn add(&mut self, stripe: u64) {
        self.blocks += 1;
        self.stripes.add(stripe);
    }
}

/// A file that is no part of the set.
pub(crate) struct Stray {
    pub(crate) name: OsString,
    pub(crate) kind: StrayKind,
}

pub(crate) enum StrayKind {
    /// A shard of another set.
    Foreign(SetId),
    /// The same id with other numbers: two headers that cannot both be true.
    Contradicting,
    /// No header that says where it belongs.
    Flawed(Flaw),
}

impl std::fmt::Display for StrayKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign(id) => write!(f, "belongs to another set, {id}"),
            Self::Contradicting => f.write_str("has this set's id and other numbers"),
            Self::Flawed(flaw) => write!(f, "{flaw}"),
        }
    }
}

impl StrayKind {
    /// Whether it may be of use to somebody: then it is never overwritten.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        match self {
            Self::Foreign(_) | Self::Contradicting => true,
            Self::Flawed(Flaw::Format(error)) => error.is_unknown(),
            Self::Flawed(Flaw::Unreadable(_)) => false,
        }
    }
}

impl Set {
    /// Looks through a directory and settles on its set.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let found = scan::scan(dir)?;
        let header = choose(dir, &found)?;
        let shape = header.shape;
        let code = header
            .code
            .build(shape.data_shards(), shape.parity_shards())
            .with_context(|| format!("set {} in {}", header.id, dir.display()))?;
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
                            wrong: Tally::default(),
                            unreadable: Tally::default(),
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
            // Stable: what was found in the order of names stays so.
            member.files.sort_by_key(|file| file.name != *names::canonical(index));
            member.rejected.sort_by_key(|(name, _)| *name != *names::canonical(index));
        }
        Ok(Self { dir: dir.to_owned(), header, code, members, strays })
    }

    /// Takes in a file with a damaged table for each shard that has no better one.
    pub(crate) fn admit_unchecked(&mut self) -> Result<()> {
        for member in self.members.iter_mut().filter(|member| member.files.is_empty()) {
            let Some(found) = member.rejected.iter().position(lacks_table) else { continue };
            let (name, _) = member.rejected.remove(found);
            let path = self.dir.join(&name);
            let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let (wrong, unreadable) = Default::default();
            member.files.push(ShardFile { name, file, has_table: false, trailing: None, wrong, unreadable });
        }
        Ok(())
    }

    /// Whether [`Set::admit_unchecked`] would find any.
    pub(crate) fn has_unchecked(&self) -> bool {
        self.members.iter().any(|member| member.files.is_empty() && member.rejected.iter().any(lacks_table))
    }

    /// Shards of which no file can be used.
    pub(crate) fn lost(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|&index| self.members[index].files.is_empty()).collect()
    }

    /// Why a shard of which no file can be used is lost.
    pub(crate) fn why_lost(&self, index: usize) -> String {
        let canonical = names::canonical(index);
        let stray = self.strays.iter().find(|stray| stray.name == *canonical);
        match (self.members[index].rejected.first(), stray) {
            (Some((name, flaw)), _) if *name == *canonical => flaw.to_string(),
            (Some((name, flaw)), _) => format!("{flaw} (found as {})", name.display()),
            (None, Some(Stray { kind: StrayKind::Flawed(flaw), .. })) => flaw.to_string(),
            (None, Some(Stray { kind, .. })) => format!("missing; the file of that name {kind}"),
            (None, None) if names::is_no_file(&self.dir, canonical.as_ref()) => {
                "missing; what bears its name is no file".to_owned()
            }
            (None, None) => "missing".to_owned(),
        }
    }

    /// One line that says what the set is.
    pub(crate) fn describe(&self) -> String {
        let shape = &self.header.shape;
        format!(
            "set {}: {} {}+{}, unit {}, {}, a file of {}",
            self.header.id,
            self.header.code,
            shape.data_shards(),
            shape.parity_shards(),
            crate::size::show(shape.unit_bytes() as u64),
            counted(shape.stripes(), "stripe"),
            crate::size::show(shape.file_bytes()),
        )
    }
}

/// Whether a damaged table is all that is wrong with a file that was rejected.
fn lacks_table((_, flaw): &(OsString, Flaw)) -> bool {
    matches!(flaw, Flaw::Format(FormatError::TableChecksum))
}

/// The set with the most shards. Headers count, whatever the rest of their files is like.
fn choose(dir: &Path, found: &[Found]) -> Result<SetHeader> {
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
            let ids: Vec<String> = largest.iter().map(|set| set.id.to_string()).collect();
            bail!(
                "{} holds {} sets of {} each ({}): move all but one of them elsewhere",
                dir.display(),
                largest.len(),
                counted(most as u64, "shard"),
                ids.join(", ")
            )
        }
    }
}

/// No header can be read: nothing there, nothing we know, or nothing whole.
fn none_readable(dir: &Path, found: &[Found]) -> anyhow::Error {
    const SHOWN: usize = 16;
    if found.is_empty() {
        return anyhow::anyhow!("no shards in {}", dir.display());
    }
    let flaws = || found.iter().filter_map(|found| Some((&found.name, found.content.as_ref().err()?)));
    let mut lines: Vec<String> =
        flaws().take(SHOWN).map(|(name, flaw)| format!("\n  {}: {flaw}", name.display())).collect();
    if found.len() > SHOWN {
        lines.push(format!("\n  and {} more", found.len() - SHOWN));
    }
    let what = format!("no shard in {} has a header that can be used{}", dir.display(), lines.concat());
    if flaws().any(|(_, flaw)| matches!(flaw, Flaw::Format(error) if error.is_unknown())) {
        return anyhow::anyhow!(what);
    }
    BeyondRepair(what).into()
}

/// Whether a file bears the name its shard should have.
pub(crate) fn is_canonical(name: &OsStr, index: usize) -> bool {
    name == OsStr::new(&names::canonical(index))
}
