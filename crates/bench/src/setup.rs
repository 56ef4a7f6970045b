//! A code and the sizes of its shards: the setup of one measurement.

use Size::{Data, Shard};
use anyhow::Result;
use evariste::{Code, Error, Geometry, Layout};

use crate::args::{Shape, Sizes};
use crate::error::UsageError;
use crate::record;

/// Shards are multiples of a column of 16 bytes.
const GRAIN_BYTES: usize = 16;
/// A size given as bytes of data is cut to shards of whole pages.
const PAGE_BYTES: usize = 4096;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The shapes and sizes that are measured without --shape, --shard and --bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults {
    shapes: &'static [(usize, usize)],
    sizes: &'static [Size],
}

#[derive(Clone, Copy, Debug)]
enum Size {
    /// Bytes of one shard.
    Shard(u64),
    /// Bytes of all data shards.
    Data(u64),
}

const SHAPES: &[(usize, usize)] = &[(6, 3), (8, 2), (10, 4), (17, 3), (20, 4), (16, 8), (32, 8), (50, 10), (128, 32)];
pub(crate) const DEVICE: Defaults =
    Defaults { shapes: SHAPES, sizes: &[Data(MIB), Data(8 * MIB), Data(64 * MIB), Data(512 * MIB), Data(1280 * MIB)] };
pub(crate) const DEVICE_CPU: Defaults = Defaults { shapes: SHAPES, sizes: &[Data(MIB), Data(8 * MIB), Data(64 * MIB)] };
/// A software adapter computes on the CPU and takes a thousand times as long.
pub(crate) const DEVICE_SOFTWARE: Defaults = Defaults { shapes: &[(6, 3), (10, 4)], sizes: &[Data(MIB)] };
pub(crate) const HOST: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Data(8 * MIB), Data(512 * MIB)] };
pub(crate) const HOST_SOFTWARE: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Data(MIB)] };
pub(crate) const CORRECT: Defaults =
    Defaults { shapes: &[(10, 4)], sizes: &[Data(64 * MIB), Data(512 * MIB), Data(1024 * MIB)] };
/// All shards in a second-level cache, in a third-level one, in a large third-level one, and in memory.
pub(crate) const CPU: Defaults = Defaults {
    shapes: &[(10, 4), (8, 2), (20, 4)],
    sizes: &[Shard(16 * KIB), Shard(64 * KIB), Shard(MIB), Shard(16 * MIB)],
};
pub(crate) const FUSION_RESIDENT: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Shard(128 * MIB)] };
pub(crate) const FUSION_REGISTERED: Defaults =
    Defaults { shapes: &[(10, 4)], sizes: &[Data(8 * MIB), Data(64 * MIB), Data(512 * MIB)] };
/// A stripe has 4 KiB of each shard. 10+4 can lose 1001 sets of four shards: more than these sizes make stripes.
pub(crate) const FUSION_PATTERNS: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Data(8 * MIB), Data(32 * MIB)] };
pub(crate) const FUSION_SOFTWARE: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Data(MIB)] };
pub(crate) const LATENCY: Defaults =
    Defaults { shapes: &[(10, 4)], sizes: &[Shard(4 * KIB), Shard(64 * KIB), Shard(MIB)] };

/// A code and the sizes of its shards.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) code: Code,
    /// Bytes a shard has in one stripe.
    pub(crate) unit_bytes: usize,
    pub(crate) stripes: usize,
    /// Whether this is a default size, which is left out if it does not fit.
    pub(crate) by_default: bool,
}

impl Setup {
    /// Every setup that the arguments request.
    pub(crate) fn all(args: &Sizes, unit: Option<u64>, defaults: Defaults) -> Result<Vec<Self>> {
        let sizes: Vec<Size> = match (&*args.shard, &*args.bytes) {
            ([], []) => defaults.sizes.to_vec(),
            (shards, data) => {
                shards.iter().copied().map(Size::Shard).chain(data.iter().copied().map(Size::Data)).collect()
            }
        };
        let by_default = args.shard.is_empty() && args.bytes.is_empty();
        let mut setups = Vec::new();
        for code in codes(&args.code, &args.shapes, defaults.shapes)? {
            for size in &sizes {
                setups.push(Self::new(code.clone(), *size, unit, by_default)?);
            }
        }
        Ok(setups)
    }

    /// A code whose data shards together hold this many bytes.
    pub(crate) fn of_data(code: Code, bytes: u64) -> Result<Self> {
        Self::new(code, Data(bytes), None, true)
    }

    fn new(code: Code, size: Size, unit: Option<u64>, by_default: bool) -> Result<Self> {
        let usage = |text: String| UsageError(text);
        let too_large = |_| UsageError("a size is beyond this machine's memory".to_owned());
        let shard = match size {
            Size::Shard(bytes) => usize::try_from(bytes).map_err(too_large)?,
            Size::Data(bytes) => {
                let shard = usize::try_from(bytes).map_err(too_large)? / code.data_shards();
                let grain = if shard < PAGE_BYTES { GRAIN_BYTES } else { PAGE_BYTES };
                shard / grain * grain
            }
        };
        let (unit_bytes, stripes) = match unit {
            None => (shard, 1),
            Some(unit) => {
                let unit = usize::try_from(unit).map_err(too_large)?;
                (unit, shard.checked_div(unit).unwrap_or(0))
            }
        };
        if unit_bytes == 0 || !unit_bytes.is_multiple_of(GRAIN_BYTES) {
            let what = if unit.is_some() { "unit" } else { "shard" };
            return Err(usage(format!(
                "a {what} is {unit_bytes} bytes, it must be a positive multiple of {GRAIN_BYTES}"
            ))
            .into());
        }
        if stripes == 0 {
            return Err(usage(format!("a unit of {unit_bytes} bytes does not fit a shard of {shard}")).into());
        }
        Ok(Self { code, unit_bytes, stripes, by_default })
    }

    /// The same shards in stripes of this many bytes, or in one stripe if the shards are shorter. An incomplete last
    /// stripe is left out.
    pub(crate) fn in_stripes(self, unit_bytes: usize) -> Self {
        let shard_bytes = self.shard_bytes();
        let unit_bytes = unit_bytes.min(shard_bytes);
        Self { unit_bytes, stripes: shard_bytes / unit_bytes, ..self }
    }

    /// Bytes of one shard in all stripes.
    pub(crate) fn shard_bytes(&self) -> usize {
        self.unit_bytes * self.stripes
    }

    /// The layout of `slots` of the shards in a buffer: stripe after stripe, and in each stripe slot after slot.
    pub(crate) fn geometry(&self, slots: usize) -> Geometry {
        let bytes = self.unit_bytes;
        Geometry { slots, bytes, slot_stride: bytes, stripes: self.stripes, stripe_stride: slots * bytes }
    }

    /// Bytes of a buffer that holds `slots` of the shards; `usize::MAX` if the number overflows.
    pub(crate) fn buffer_bytes(&self, slots: usize) -> usize {
        slots.saturating_mul(self.unit_bytes).saturating_mul(self.stripes)
    }

    /// Code, shape and sizes as keys of a record.
    pub(crate) fn keys(&self) -> record::Setup {
        record::Setup {
            code: Some(self.code.name().to_owned()),
            k: Some(self.code.data_shards()),
            m: Some(self.code.parity_shards()),
            shard_bytes: Some(self.shard_bytes() as u64),
            stripes: Some(self.stripes),
            ..record::Setup::default()
        }
    }

    /// Bytes of all data shards.
    pub(crate) fn data_bytes(&self) -> usize {
        self.code.data_shards() * self.shard_bytes()
    }

    /// `10+4`.
    pub(crate) fn shape(&self) -> String {
        format!("{}+{}", self.code.data_shards(), self.code.parity_shards())
    }
}

/// The codes to measure, by the name of a flat code: in the requested shapes, or else in the default shapes that the
/// code allows. A code with its own number of parity shards takes only the data shards of the default shapes.
pub(crate) fn codes(name: &str, asked: &[Shape], defaults: &[(usize, usize)]) -> Result<Vec<Code>, UsageError> {
    let code = |data, parity| Layout::flat(name, data, parity)?.code();
    if asked.is_empty() {
        let own = Layout::own_parity(name);
        let codes = defaults.iter().map(|&(data, parity)| code(data, own.unwrap_or(parity)));
        return Ok(codes.filter_map(Result::ok).collect());
    }
    let codes = asked.iter().map(|shape| code(shape.data_shards, shape.parity_shards));
    codes.collect::<Result<_, _>>().map_err(|error| match error {
        Error::OwnParity { code, own, given } => {
            UsageError(format!("{code} has {own} parity shards, --shape says {given}"))
        }
        error => UsageError(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_shapes_are_those_that_the_code_can_have() {
        let of = |name| {
            let codes = codes(name, &[], SHAPES).unwrap();
            codes.iter().map(|code| (code.data_shards(), code.parity_shards())).collect::<Vec<_>>()
        };
        assert_eq!(of("vandermonde"), SHAPES);
        assert_eq!(of("isal-rs"), [(6, 3), (8, 2), (10, 4), (17, 3), (20, 4)]);
        assert_eq!(of("raid6")[..2], [(6, 2), (8, 2)]);
    }
}
