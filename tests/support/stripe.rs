//! Shards that agree, without the library's help.

use evariste::Code;

use crate::support::{oracle, painted};

/// The shards of a code, painted and encoded by the slow oracle.
pub(crate) fn stripe(code: &Code, bytes: usize) -> Vec<Vec<u8>> {
    let mut shards = painted(code.data_shards(), bytes);
    let rows: Vec<&[u8]> = code.parity_matrix().iter_rows().collect();
    shards.extend(oracle::product(&rows, &shards));
    shards
}
