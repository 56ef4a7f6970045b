//! The encoders that the benchmarks compare, behind one trait. All compute the same code, so all write the same bytes.

use std::sync::Arc;

use evariste::{Code, Codec, Cpu};
use reed_solomon_erasure::galois_8::ReedSolomon;

#[cfg(feature = "isal")]
mod isal;

/// An encoder of one shape, on the thread that calls it unless its name says otherwise.
pub(crate) trait Engine: Sync {
    fn name(&self) -> &'static str;
    /// Writes parity.
    fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]);
    /// Whether parity, which comes last, is what data gives; `None` if there is no such call.
    fn verify(&self, _shards: &[&[u8]], _data_shards: usize) -> Option<bool> {
        None
    }
    /// Rebuilds the first `lost` shards in place; whether it can.
    fn rebuild(&self, _shards: &mut [&mut [u8]], _lost: usize) -> bool {
        false
    }
}

/// Every engine there is, ours first.
pub(crate) fn all(data_shards: usize, parity_shards: usize) -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(Ours::new(data_shards, parity_shards)),
        Box::new(ReedSolomon::new(data_shards, parity_shards).expect("a valid shape")),
        Box::new(RustyErasure::new(data_shards, parity_shards)),
        #[cfg(feature = "isal")]
        Box::new(isal::Isal::new(&Code::reed_solomon(data_shards, parity_shards).expect("a valid shape"))),
    ]
}

/// A codec on the CPU backend. Its threads are those of the pool it is called in.
pub(crate) struct Ours(Codec);

impl Ours {
    pub(crate) fn new(data_shards: usize, parity_shards: usize) -> Self {
        let cpu = Cpu::new().expect("EVARISTE_CPU names a kernel this machine has");
        Self(Codec::on(Code::reed_solomon(data_shards, parity_shards).expect("a valid shape"), Arc::new(cpu)))
    }
}

impl Engine for Ours {
    fn name(&self) -> &'static str {
        "evariste"
    }

    fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) {
        self.0.encode_into(data, parity).expect("valid shards");
    }

    fn verify(&self, shards: &[&[u8]], _data_shards: usize) -> Option<bool> {
        Some(self.0.verify(shards).expect("valid shards").is_consistent())
    }

    fn rebuild(&self, shards: &mut [&mut [u8]], lost: usize) -> bool {
        let lost: Vec<usize> = (0..lost).collect();
        self.0.reconstruct(shards, &lost).is_ok()
    }
}

/// With its feature simd-accel: AVX2 or NEON, in C.
impl Engine for ReedSolomon {
    fn name(&self) -> &'static str {
        "reed-solomon-erasure"
    }

    fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) {
        self.encode_sep(data, parity).expect("valid shards");
    }

    fn verify(&self, shards: &[&[u8]], _data_shards: usize) -> Option<bool> {
        ReedSolomon::verify(self, shards).ok()
    }

    fn rebuild(&self, shards: &mut [&mut [u8]], lost: usize) -> bool {
        let mut shards: Vec<(&mut [u8], bool)> =
            shards.iter_mut().enumerate().map(|(index, shard)| (&mut **shard, index >= lost)).collect();
        self.reconstruct(&mut shards).is_ok()
    }
}

struct RustyErasure(rusty_erasure::Coder);

impl RustyErasure {
    fn new(data_shards: usize, parity_shards: usize) -> Self {
        let matrix = rusty_erasure::compat::reed_solomon_erasure_matrix(data_shards, parity_shards);
        Self(rusty_erasure::coder(matrix.expect("a valid shape")).expect("a matrix of its own"))
    }
}

impl Engine for RustyErasure {
    fn name(&self) -> &'static str {
        "rusty_erasure"
    }

    fn encode(&self, data: &[&[u8]], parity: &mut [&mut [u8]]) {
        self.0.encode(data, parity).expect("valid shards");
    }

    fn verify(&self, shards: &[&[u8]], data_shards: usize) -> Option<bool> {
        let (data, parity) = shards.split_at(data_shards);
        self.0.verify(data, parity).ok()
    }
}

/// Shards of one length, one behind the other as [`Codec::shards`] lays them.
pub(crate) struct Stripe {
    memory: evariste::Region,
    shard_bytes: usize,
}

impl Stripe {
    /// Random bytes (xorshift64*, which no kernel can see through).
    pub(crate) fn random(shards: usize, shard_bytes: usize) -> Self {
        let mut memory = evariste::Region::new(shards * shard_bytes).expect("memory");
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for chunk in memory.chunks_mut(8) {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            chunk.copy_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()[..chunk.len()]);
        }
        Self { memory, shard_bytes }
    }

    pub(crate) fn shards(&mut self) -> Vec<&mut [u8]> {
        self.memory.chunks_mut(self.shard_bytes).collect()
    }

    /// The first shards to read, the rest to write.
    pub(crate) fn split(&mut self, data_shards: usize) -> (Vec<&[u8]>, Vec<&mut [u8]>) {
        let (data, parity) = self.memory.split_at_mut(data_shards * self.shard_bytes);
        (data.chunks(self.shard_bytes).collect(), parity.chunks_mut(self.shard_bytes).collect())
    }
}

/// Whether some columns of the parity are what the field says, product by product.
pub(crate) fn is_right(data: &[&[u8]], parity: &[&mut [u8]]) -> bool {
    let code = Code::reed_solomon(data.len(), parity.len()).expect("a valid shape");
    let product = |row: &[u8], at: usize| {
        row.iter().zip(data).fold(0, |sum, (&coefficient, shard)| sum ^ evariste::gf256::mul(coefficient, shard[at]))
    };
    let mut rows = code.parity_matrix().iter_rows().zip(parity);
    rows.all(|(row, parity)| (0..parity.len()).step_by(61).all(|at| parity[at] == product(row, at)))
}
