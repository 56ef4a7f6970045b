//! BLAKE3 of a file that comes in pieces, on all threads of the current rayon pool.
//!
//! BLAKE3 is a binary tree over chunks of 1 KiB whose left subtrees are full. So each group of 2^7 chunks is a subtree:
//! one thread hashes each group, and the tree above the groups is built in order. (J. O'Connor, J.-P. Aumasson, S.
//! Neves, Z. Wilcox-O'Hearn, "BLAKE3: one function, fast everywhere", section 2.1.)

use blake3::Hasher;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use rayon::prelude::*;

/// Bytes of a group of 2^7 chunks. One core hashes it in about 20 us, and it fills the core's vectors many times.
const GROUP_BYTES: usize = 128 << 10;

/// Hashes a file. The result equals `blake3::hash` of the whole file.
pub(crate) struct FileHasher {
    /// The full subtrees before the last group, the largest first: one for each bit of `groups`.
    subtrees: Vec<ChainingValue>,
    /// The number of groups in `subtrees`.
    groups: u64,
    /// The last group, complete or not. It becomes a subtree only when another group begins, because a single group
    /// would be the root.
    last: Hasher,
}

/// A group, and its bytes from the present update.
struct Group<'a> {
    hasher: Hasher,
    pieces: Vec<&'a [u8]>,
}

impl Group<'_> {
    fn hash(mut self) -> Hasher {
        for piece in self.pieces {
            self.hasher.update(piece);
        }
        self.hasher
    }
}

impl FileHasher {
    pub(crate) fn new() -> Self {
        Self { subtrees: Vec::new(), groups: 0, last: Hasher::new() }
    }

    /// Hashes the next bytes of the file, which may lie in several places.
    pub(crate) fn update<'a>(&mut self, slices: impl IntoIterator<Item = &'a [u8]>) {
        let mut room = GROUP_BYTES.saturating_sub(usize::try_from(self.last.count()).unwrap_or(GROUP_BYTES));
        let mut last = Group { hasher: std::mem::take(&mut self.last), pieces: Vec::new() };
        let mut closed = Vec::new();
        for mut slice in slices {
            while !slice.is_empty() {
                if room == 0 {
                    let mut hasher = Hasher::new();
                    hasher.set_input_offset((self.groups + closed.len() as u64 + 1) * GROUP_BYTES as u64);
                    closed.push(std::mem::replace(&mut last, Group { hasher, pieces: Vec::new() }));
                    room = GROUP_BYTES;
                }
                let (piece, rest) = slice.split_at(slice.len().min(room));
                last.pieces.push(piece);
                room -= piece.len();
                slice = rest;
            }
        }
        let close = || closed.into_par_iter().map(|group| group.hash().finalize_non_root()).collect::<Vec<_>>();
        let (closed, last) = rayon::join(close, || last.hash());
        self.last = last;
        closed.into_iter().for_each(|group| self.push(group));
    }

    /// Adds a group that is not the last.
    fn push(&mut self, group: ChainingValue) {
        let mut subtree = group;
        self.groups += 1;
        // The number of pairs that are now full equals the number of zero bits at the end of the count of groups.
        for _ in 0..self.groups.trailing_zeros() {
            if let Some(left) = self.subtrees.pop() {
                subtree = merge_subtrees_non_root(&left, &subtree, Mode::Hash);
            }
        }
        self.subtrees.push(subtree);
    }

    /// The hash of the whole file.
    pub(crate) fn finalize(self) -> [u8; 32] {
        let Some((root, others)) = self.subtrees.split_first() else { return self.last.finalize().into() };
        let merge = |right, left: &ChainingValue| merge_subtrees_non_root(left, &right, Mode::Hash);
        let right = others.iter().rev().fold(self.last.finalize_non_root(), merge);
        merge_subtrees_root(root, &right, Mode::Hash).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes bytes in updates of `batch` bytes, each in slices of `slice` bytes.
    fn hash(bytes: &[u8], batch: usize, slice: usize) -> [u8; 32] {
        let mut hasher = FileHasher::new();
        bytes.chunks(batch).for_each(|batch| hasher.update(batch.chunks(slice)));
        hasher.finalize()
    }

    #[test]
    fn the_hash_is_blake3_of_the_whole_at_every_boundary() {
        let bytes: Vec<u8> = (0..9 * GROUP_BYTES + 1).map(|at| (at % 251).to_le_bytes()[0]).collect();
        let groups = |count: usize| [count * GROUP_BYTES - 1, count * GROUP_BYTES, count * GROUP_BYTES + 1];
        for length in [0, 1, 1023, 1024, 1025].into_iter().chain((1..=9).flat_map(groups)) {
            let (bytes, expected) = (&bytes[..length], *blake3::hash(&bytes[..length]).as_bytes());
            for (batch, slice) in
                [(1 << 30, 1 << 30), (1 << 30, 4096), (3 * GROUP_BYTES, 12288), (GROUP_BYTES, 1 << 30), (70_001, 999)]
            {
                assert_eq!(hash(bytes, batch, slice), expected, "{length} bytes, {batch}, {slice}");
            }
        }
    }

    #[test]
    fn empty_slices_change_nothing() {
        let mut hasher = FileHasher::new();
        hasher.update([]);
        hasher.update([&b"abc"[..], &[], &b"d"[..]]);
        hasher.update([&[][..]]);
        assert_eq!(hasher.finalize(), *blake3::hash(b"abcd").as_bytes());
    }
}
