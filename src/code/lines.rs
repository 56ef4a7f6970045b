//! Sets of shards that are a code by themselves: the rows and columns of a product, the copies of a shard, a local group.

use super::groups::Groups;
use crate::Code;

/// Shards, any `needed` of which give back the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) members: Box<[usize]>,
    pub(crate) needed: usize,
}

impl Line {
    /// A line that gives back any `tolerance` of its members.
    pub(super) fn new(members: impl IntoIterator<Item = usize>, tolerance: usize) -> Self {
        let members: Box<[usize]> = members.into_iter().collect();
        Self { needed: members.len() - tolerance, members }
    }

    /// The same line in a larger code, where its shard i is shard `numbers[i]`.
    fn among(&self, numbers: &[usize]) -> Self {
        Self { members: self.members.iter().map(|&member| numbers[member]).collect(), needed: self.needed }
    }
}

/// The lines of a product: those of `inner` in every group, and those of `outer` at every position.
pub(super) fn of_product(outer: &Code, inner: &Code, groups: &Groups) -> Vec<Line> {
    let columns =
        (0..inner.total_shards()).map(|position| groups.iter().map(|group| group[position]).collect::<Vec<_>>());
    let across = columns.flat_map(|column| outer.lines().iter().map(move |line| line.among(&column)));
    let inside = groups.iter().flat_map(|group| inner.lines().iter().map(|line| line.among(group)));
    inside.chain(across).collect()
}
