//! Gives shards their canonical names, and frees names for new shards.
//!
//! A good shard with a wrong name is renamed. Whatever has the name of another shard is moved aside if it may still be
//! useful: a file of another shard of this set, a shard of another set or of an unknown version, or something that is
//! not a file. Only other damaged files are replaced.

use std::ffi::{OsStr, OsString};

use crate::error::Error;
use crate::names;
use crate::renaming::Renaming;
use crate::set::{self, Set};

/// Renames shards that have a wrong name, and frees the names of the shards about to be placed. Adds each renaming to
/// `done` after it succeeds.
pub(crate) fn free_names(set: &mut Set, rewritten: &[usize], done: &mut Vec<Renaming>) -> Result<(), Error> {
    let is_misnamed = |index: usize| {
        let first = set.members[index].files.first();
        !rewritten.contains(&index) && first.is_some_and(|file| !set::is_canonical(&file.name, index))
    };
    let misnamed: Vec<usize> = (0..set.members.len()).filter(|&index| is_misnamed(index)).collect();
    for &index in misnamed.iter().chain(rewritten) {
        let name = OsString::from(names::shard_name(index));
        if has_other_use(set, index, &name) {
            let aside = names::move_aside(&set.dir, &name)?;
            rename_known(set, &name, aside.as_os_str());
            done.push(Renaming { from: name, to: aside.into(), is_aside: true });
        }
    }
    for index in misnamed {
        let name = set.members[index].files[0].name.clone();
        let canonical = names::shard_name(index);
        names::rename(&set.dir.join(&name), &set.dir.join(&canonical))?;
        done.push(Renaming { from: name, to: canonical.into(), is_aside: false });
    }
    Ok(())
}

/// Whether the file with this name is anything but the damaged file of this shard.
fn has_other_use(set: &Set, index: usize, name: &OsStr) -> bool {
    let of_another = set.members.iter().enumerate().filter(|&(other, _)| other != index).any(|(_, member)| {
        member
            .files
            .iter()
            .map(|file| &file.name)
            .chain(member.rejected.iter().map(|(name, _)| name))
            .any(|n| n == name)
    });
    of_another
        || names::is_no_file(&set.dir, name)
        || set.strays.iter().any(|stray| stray.name == name && stray.kind.is_worth_keeping())
}

/// Records the new name of a file of the set.
fn rename_known(set: &mut Set, from: &OsStr, to: &OsStr) {
    let files = set.members.iter_mut().flat_map(|member| &mut member.files);
    files.filter(|file| file.name == from).for_each(|file| file.name = to.to_owned());
}
