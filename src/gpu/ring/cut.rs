//! Divides a batch into chunks that fit the buffers of a ring, and chunks into bands that several threads copy.

use std::ops::Range;

/// Bytes that one thread copies at a time.
const BAND_BYTES: usize = 256 << 10;

/// A rectangle of a view: some columns of some stripes, or all columns of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) stripes: Range<usize>,
    pub(super) columns: Range<usize>,
}

/// The size of a view, and the grain to which its stripes are padded on the device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) stripes: usize,
    pub(super) bytes: usize,
    pub(super) grain: usize,
}

impl Cut {
    /// Bytes of a slot on the device, in all stripes.
    pub(super) fn padded_total(self) -> usize {
        self.stripes.saturating_mul(self.bytes.next_multiple_of(self.grain))
    }

    /// Chunks of at most `most` bytes of a slot on the device, which is at least the grain.
    pub(super) fn chunks(self, most: usize) -> impl Iterator<Item = Chunk> {
        let Self { stripes, bytes, grain } = self;
        let padded = bytes.next_multiple_of(grain);
        let (stripe_step, column_step) =
            if padded > most { (1, most / grain * grain) } else { (most / padded.max(1), bytes) };
        (0..stripes).step_by(stripe_step.max(1)).flat_map(move |stripe| {
            (0..bytes).step_by(column_step.max(1)).map(move |column| Chunk {
                stripes: stripe..stripes.min(stripe + stripe_step),
                columns: column..bytes.min(column + column_step),
            })
        })
    }
}

impl Chunk {
    /// Bytes of a slot in one stripe of this chunk on the device.
    pub(super) fn stripe_bytes(&self, grain: usize) -> usize {
        self.columns.len().next_multiple_of(grain)
    }

    /// The chunk in bands that are large enough for a thread each, in their order on the device.
    pub(super) fn bands(&self, grain: usize) -> impl Iterator<Item = Chunk> + use<> {
        let stripe_bytes = self.stripe_bytes(grain);
        // Whole stripes or, if a stripe is long enough for several bands, multiples of the grain.
        let stripe_step = (BAND_BYTES / stripe_bytes).max(1);
        let column_step = if stripe_step > 1 { stripe_bytes } else { (BAND_BYTES / grain * grain).max(grain) };
        let Self { stripes, columns } = self.clone();
        stripes.clone().step_by(stripe_step).flat_map(move |stripe| {
            let (stripes, columns) = (stripes.clone(), columns.clone());
            columns.clone().step_by(column_step).map(move |column| Chunk {
                stripes: stripe..stripes.end.min(stripe + stripe_step),
                columns: column..columns.end.min(column + column_step),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each byte of each stripe is covered.
    fn covered(chunks: impl Iterator<Item = Chunk>, stripes: usize, bytes: usize) -> Vec<u8> {
        let mut seen = vec![0; stripes * bytes];
        for Chunk { stripes, columns } in chunks {
            assert!(!stripes.is_empty() && !columns.is_empty());
            for stripe in stripes {
                seen[stripe * bytes..][columns.clone()].iter_mut().for_each(|count| *count += 1);
            }
        }
        seen
    }

    #[test]
    fn chunks_and_bands_cover_every_byte_once() {
        for (stripes, bytes) in [(1, 1), (1, 1_000_000), (5, 3), (3, 4096), (4, 4097), (700, 1000), (2, 600_000)] {
            for grain in [16, 512, 4096] {
                let cut = Cut { stripes, bytes, grain };
                for most in [4096, 8192, 1 << 19, 1 << 23] {
                    let chunks: Vec<Chunk> = cut.chunks(most).collect();
                    assert_eq!(covered(chunks.iter().cloned(), stripes, bytes), vec![1; stripes * bytes]);
                    for chunk in &chunks {
                        assert!(chunk.stripes.len() * chunk.stripe_bytes(grain) <= most);
                        let mut end = 0;
                        for band in chunk.bands(grain) {
                            let at = (band.stripes.start - chunk.stripes.start) * chunk.stripe_bytes(grain)
                                + (band.columns.start - chunk.columns.start);
                            assert_eq!(at, end, "{chunk:?} by {grain}: bands leave no gap");
                            end = at + band.stripes.len() * band.stripe_bytes(grain);
                        }
                        assert_eq!(end, chunk.stripes.len() * chunk.stripe_bytes(grain));
                    }
                    let bands = chunks.iter().flat_map(|chunk| chunk.bands(grain));
                    assert_eq!(covered(bands, stripes, bytes), vec![1; stripes * bytes]);
                }
            }
        }
    }

    #[test]
    fn nothing_is_cut_into_nothing() {
        for (stripes, bytes) in [(0, 10), (10, 0), (0, 0)] {
            assert_eq!(Cut { stripes, bytes, grain: 16 }.chunks(4096).count(), 0);
        }
    }
}
