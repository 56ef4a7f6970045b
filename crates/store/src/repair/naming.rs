//! Which file may stay under which name once a set is repaired.
//!
//! A good shard under a wrong name is renamed. What stands where a shard belongs is moved aside if it may be of use to
//! somebody: a shard of this set under another's name, a shard of another set, one of a version we do not know, or what is no
//! file at all. Only a damaged file that says of itself nothing else is replaced.

use std::ffi::{OsStr, OsString};

use crate::error::Error;
use crate::names;
use crate::renaming::Renaming;
use crate::set::{self, Set};

/// Renames shards that have a wrong name, and frees the names of the shards about to be placed. Each renaming is added to
/// `done` once it is done.
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

/// Whether what bears this name is something else than what is left of this very shard.
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

/// Notes the new name of a file of the set.
fn rename_known(set: &mut Set, from: &OsStr, to: &OsStr) {
    let files = set.members.iter_mut().flat_map(|member| &mut member.files);
    files.filter(|file| file.name == from).for_each(|file| file.name = to.to_owned());
}
