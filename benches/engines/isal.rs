//! Intel's ISA-L, as installed on the machine (Debian: libisal-dev). Only with the feature `isal`.

use std::ffi::{c_int, c_uchar};

use evariste::Code;

use super::Engine;

// Signatures as in isa-l/erasure_code.h, which all versions of the library share.
#[link(name = "isal")]
unsafe extern "C" {
    fn ec_init_tables(k: c_int, rows: c_int, matrix: *const c_uchar, tables: *mut c_uchar);
    fn ec_encode_data(
        bytes: c_int,
        k: c_int,
        rows: c_int,
        tables: *const c_uchar,
        data: *const *const c_uchar,
        coding: *const *mut c_uchar,
    );
}

/// Tables of ISA-L for the matrix of a code.
pub(crate) struct Isal {
    tables: Vec<u8>,
    data_shards: usize,
    parity_shards: usize,
}

impl Isal {
    pub(crate) fn new(code: &Code) -> Self {
        let (data_shards, parity_shards) = (code.data_shards(), code.parity_shards());
        let matrix: Vec<u8> = code.parity_matrix().iter_rows().flatten().copied().collect();
        let mut tables = vec![0; 32 * data_shards * parity_shards];
        // SAFETY: the matrix has a byte for each coefficient, the tables have 32, as the library asks.
        unsafe { ec_init_tables(int(data_shards), int(parity_shards), matrix.as_ptr(), tables.as_mut_ptr()) };
        Self { tables, data_shards, parity_shards }
    }
}

impl Engine for Isal {
    fn name(&self) -> &'static str {
        "ISA-L"
    }

    fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) {
        assert_eq!((data.len(), parity.len()), (self.data_shards, self.parity_shards));
        let bytes = data[0].len();
        assert!(data.iter().all(|shard| shard.len() == bytes) && parity.iter().all(|shard| shard.len() == bytes));
        let data: Vec<*const u8> = data.iter().map(|shard| shard.as_ptr()).collect();
        let parity: Vec<*mut u8> = parity.iter_mut().map(|shard| shard.as_mut_ptr()).collect();
        let (k, rows) = (int(data.len()), int(parity.len()));
        // SAFETY: as many shards as the tables are for, all of `bytes` bytes.
        unsafe { ec_encode_data(int(bytes), k, rows, self.tables.as_ptr(), data.as_ptr(), parity.as_ptr()) };
    }
}

fn int(count: usize) -> c_int {
    c_int::try_from(count).expect("fits an int")
}
