//! BLAKE3 of a file that comes in pieces.

/// From here on more than one thread is worth waking; blake3 names this number.
const PARALLEL_BYTES: usize = 128 << 10;

pub(crate) fn update(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    if bytes.len() >= PARALLEL_BYTES {
        hasher.update_rayon(bytes);
    } else {
        hasher.update(bytes);
    }
}
