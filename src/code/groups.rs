//! The groups of a code: the disks of a node, the copies of a mirror, the members of a local parity.

use std::ops::Range;

/// The groups of a code's shards.
///
/// A flat code is one group of all its shards. In a [nested](crate::Code::nested) code each group is a word of the inner
/// code, and in a [mirror](crate::Code::mirror) each is a copy. In a [local](crate::Code::local) code a group is a local
/// parity and the shards it covers; global parities may be outside all groups.
///
/// ```
/// use evariste::Code;
/// let raid55 = Code::nested(&Code::raid5(3)?, &Code::raid5(3)?)?;
/// assert_eq!(raid55.groups().members(1), [3, 4, 5, 10]);
/// assert!(raid55.groups().place(10).is_some_and(|place| (place.group, place.position) == (1, 3)));
/// # Ok::<(), evariste::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    members: Box<[Box<[usize]>]>,
    places: Box<[Option<Place>]>,
}

/// The place of a shard in the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The group, from 0.
    pub group: usize,
    /// The position in the group, from 0.
    pub position: usize,
}

impl Groups {
    /// Groups with these members, of a code with `shards` shards.
    pub(super) fn new(shards: usize, members: Vec<Vec<usize>>) -> Self {
        let mut places = vec![None; shards];
        for (group, members) in members.iter().enumerate() {
            for (position, &shard) in members.iter().enumerate() {
                places[shard] = Some(Place { group, position });
            }
        }
        Self { members: members.into_iter().map(Into::into).collect(), places: places.into() }
    }

    /// One group of all shards.
    pub(super) fn flat(shards: usize) -> Self {
        Self::new(shards, vec![(0..shards).collect()])
    }

    /// The number of groups.
    #[must_use]
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// The shards of a group, in order of position.
    ///
    /// # Panics
    /// If the group does not exist.
    #[must_use]
    pub fn members(&self, group: usize) -> &[usize] {
        &self.members[group]
    }

    /// The shards of each group.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[usize]> {
        self.members.iter().map(AsRef::as_ref)
    }

    /// The place of a shard; `None` if it belongs to no group.
    ///
    /// # Panics
    /// If the shard does not exist.
    #[must_use]
    pub fn place(&self, shard: usize) -> Option<Place> {
        self.places[shard]
    }

    /// The shards that belong to no group, in order.
    #[must_use]
    pub fn ungrouped(&self) -> Vec<usize> {
        (0..self.places.len()).filter(|&shard| self.places[shard].is_none()).collect()
    }
}

/// The numbers below `count`, cut into `parts` runs. Their lengths differ by one at most, and longer runs come first.
pub(super) fn runs(count: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let (length, longer) = (count / parts, count % parts);
    let start = move |part: usize| part * length + part.min(longer);
    (0..parts).map(move |part| start(part)..start(part + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_places_are_inverses() {
        let groups = Groups::new(6, vec![vec![0, 1, 4], vec![2, 3]]);
        assert_eq!(groups.count(), 2);
        assert_eq!(groups.ungrouped(), [5]);
        for (group, members) in groups.iter().enumerate() {
            for (position, &shard) in members.iter().enumerate() {
                assert_eq!(groups.place(shard), Some(Place { group, position }));
            }
        }
        assert_eq!(groups.place(5), None);
        assert!(Groups::flat(4).ungrouped().is_empty());
    }

    #[test]
    fn runs_differ_by_one_at_most() {
        assert_eq!(runs(10, 4).collect::<Vec<_>>(), [0..3, 3..6, 6..8, 8..10]);
        assert_eq!(runs(6, 2).collect::<Vec<_>>(), [0..3, 3..6]);
    }
}
