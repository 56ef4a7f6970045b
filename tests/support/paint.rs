//! Test data. The period 251 is prime, so bytes that end up in another place show; the generator makes shards differ.

/// A small deterministic generator: splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }

    /// `count` different numbers below `limit`, ascending.
    pub(crate) fn choose(&mut self, count: usize, limit: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..limit).collect();
        for i in 0..count {
            let j = i + self.below(limit - i);
            all.swap(i, j);
        }
        all.truncate(count);
        all.sort_unstable();
        all
    }
}

/// Fills `bytes` with what shard `shard` holds in these tests.
pub(crate) fn paint(shard: usize, bytes: &mut [u8]) {
    let mut rng = Rng::new(shard as u64);
    for (chunk, start) in bytes.chunks_mut(8).zip((0..).step_by(8)) {
        let random = rng.next().to_le_bytes();
        for (i, byte) in chunk.iter_mut().enumerate() {
            *byte = u8::try_from((start + i) % 251).expect("below 251") ^ random[i];
        }
    }
}

/// The data shards of a stripe, painted.
pub(crate) fn painted(data_shards: usize, bytes: usize) -> Vec<Vec<u8>> {
    (0..data_shards)
        .map(|shard| {
            let mut painted = vec![0; bytes];
            paint(shard, &mut painted);
            painted
        })
        .collect()
}

/// All shards of a stripe, the data painted and the parity filled with rubbish that must be overwritten.
pub(crate) fn painted_stripe(data_shards: usize, parity_shards: usize, bytes: usize) -> Vec<Vec<u8>> {
    let mut shards = painted(data_shards, bytes);
    shards.extend((0..parity_shards).map(|_| vec![0xee; bytes]));
    shards
}
