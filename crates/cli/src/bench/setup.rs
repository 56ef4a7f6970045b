//! A code and the sizes of its shards: what one measurement is made on.

use Size::{Data, Shard};
use anyhow::Result;
use evariste::{Code, Geometry};

use super::args::{Shape, Sizes};
use crate::code::CodeName;
use crate::exit::UsageError;

/// Shards are multiples of a column of 16 bytes.
const GRAIN_BYTES: usize = 16;
/// A size that was asked for as data in all is cut to shards of whole pages.
const PAGE_BYTES: usize = 4096;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What is measured where nothing is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Defaults {
    shapes: &'static [(usize, usize)],
    sizes: &'static [Size],
}

#[derive(Clone, Copy, Debug)]
enum Size {
    /// Of one shard.
    Shard(u64),
    /// Of all data shards.
    Data(u64),
}

const SHAPES: &[(usize, usize)] = &[(6, 3), (8, 2), (10, 4), (17, 3), (20, 4), (16, 8), (32, 8), (50, 10), (128, 32)];
pub(super) const DEVICE: Defaults =
    Defaults { shapes: SHAPES, sizes: &[Data(MIB), Data(8 * MIB), Data(64 * MIB), Data(512 * MIB), Data(1280 * MIB)] };
pub(super) const DEVICE_CPU: Defaults = Defaults { shapes: SHAPES, sizes: &[Data(MIB), Data(8 * MIB), Data(64 * MIB)] };
/// On an adapter that the CPU imitates everything takes a thousand times as long.
pub(super) const DEVICE_SOFTWARE: Defaults = Defaults { shapes: &[(6, 3), (10, 4)], sizes: &[Data(MIB)] };
pub(super) const HOST: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Data(8 * MIB), Data(512 * MIB)] };
pub(super) const HOST_SOFTWARE: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Data(MIB)] };
pub(super) const CORRECT: Defaults =
    Defaults { shapes: &[(10, 4)], sizes: &[Data(64 * MIB), Data(512 * MIB), Data(1024 * MIB)] };
/// All shards in a second-level cache, in a third-level one, in a large one, and in none.
pub(super) const CPU: Defaults = Defaults {
    shapes: &[(10, 4), (8, 2), (20, 4)],
    sizes: &[Shard(16 * KIB), Shard(64 * KIB), Shard(MIB), Shard(16 * MIB)],
};
pub(super) const FUSION_RESIDENT: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Shard(128 * MIB)] };
pub(super) const FUSION_REGISTERED: Defaults =
    Defaults { shapes: &[(10, 4)], sizes: &[Data(8 * MIB), Data(64 * MIB), Data(512 * MIB)] };
/// A stripe has 4 KiB of each shard: as many as there are sets of four shards among 14, or fewer.
pub(super) const FUSION_PATTERNS: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Data(8 * MIB), Data(32 * MIB)] };
pub(super) const FUSION_SOFTWARE: Defaults = Defaults { shapes: &[(10, 4)], sizes: &[Data(MIB)] };
pub(super) const LATENCY: Defaults =
    Defaults { shapes: &[(10, 4)], sizes: &[Shard(4 * KIB), Shard(64 * KIB), Shard(MIB)] };

/// A code and the sizes of its shards.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) code: Code,
    /// Bytes a shard has in one stripe.
    pub(super) unit_bytes: usize,
    pub(super) stripes: usize,
    /// Whether the size was chosen here and may be left out where it does not fit.
    pub(super) by_default: bool,
}

impl Setup {
    /// Every setup that the arguments ask for.
    pub(super) fn all(args: &Sizes, unit: Option<u64>, defaults: Defaults) -> Result<Vec<Self>> {
        let sizes: Vec<Size> = match (&*args.shard, &*args.bytes) {
            ([], []) => defaults.sizes.to_vec(),
            (shards, data) => {
                shards.iter().copied().map(Size::Shard).chain(data.iter().copied().map(Size::Data)).collect()
            }
        };
        let by_default = args.shard.is_empty() && args.bytes.is_empty();
        let mut setups = Vec::new();
        for shape in shapes(args, defaults.shapes)? {
            for size in &sizes {
                let code = args.code.build(shape.data_shards, shape.parity_shards);
                let code = code.map_err(|error| UsageError(error.to_string()))?;
                setups.push(Self::new(code, *size, unit, by_default)?);
            }
        }
        Ok(setups)
    }

    /// A code whose data shards hold so many bytes.
    pub(super) fn of_data(code: Code, bytes: u64) -> Result<Self> {
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

    /// The same shards in stripes of so many bytes, or in one stripe where they are shorter; what makes no whole stripe is left
    /// out.
    pub(super) fn in_stripes(self, unit_bytes: usize) -> Self {
        let shard_bytes = self.shard_bytes();
        let unit_bytes = unit_bytes.min(shard_bytes);
        Self { unit_bytes, stripes: shard_bytes / unit_bytes, ..self }
    }

    /// Bytes of one shard in all stripes.
    pub(super) fn shard_bytes(&self) -> usize {
        self.unit_bytes * self.stripes
    }

    /// How `slots` of the shards lie in a buffer of their own: stripe after stripe, in each slot after slot.
    pub(super) fn geometry(&self, slots: usize) -> Geometry {
        let bytes = self.unit_bytes;
        Geometry { slots, bytes, slot_stride: bytes, stripes: self.stripes, stripe_stride: slots * bytes }
    }

    /// Bytes of a buffer that holds `slots` of the shards; `usize::MAX` if there is no such number.
    pub(super) fn buffer_bytes(&self, slots: usize) -> usize {
        slots.saturating_mul(self.unit_bytes).saturating_mul(self.stripes)
    }

    /// `10+4`.
    pub(super) fn shape(&self) -> String {
        format!("{}+{}", self.code.data_shards(), self.code.parity_shards())
    }
}

/// The shapes to measure. A code with a number of parity shards of its own has the default shapes' data shards, and of those
/// shapes every code those that it can have.
fn shapes(args: &Sizes, defaults: &[(usize, usize)]) -> Result<Vec<Shape>, UsageError> {
    let own = CodeName::own_parity_shards(args.code);
    if args.shapes.is_empty() {
        let shape = |&(data_shards, parity_shards): &(usize, usize)| Shape {
            data_shards,
            parity_shards: own.unwrap_or(parity_shards),
        };
        let exists = |shape: &Shape| args.code.build(shape.data_shards, shape.parity_shards).is_ok();
        return Ok(defaults.iter().map(shape).filter(exists).collect());
    }
    match (own, args.shapes.iter().find(|shape| own.is_some_and(|own| own != shape.parity_shards))) {
        (Some(own), Some(shape)) => {
            Err(UsageError(format!("{} has {own} parity shards, --shape says {}", args.code, shape.parity_shards)))
        }
        _ => Ok(args.shapes.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_shapes_are_those_that_the_code_can_have() {
        let of = |code| {
            let sizes = Sizes { shapes: vec![], code, shard: vec![], bytes: vec![] };
            let shapes = shapes(&sizes, SHAPES).unwrap();
            shapes.iter().map(|shape| (shape.data_shards, shape.parity_shards)).collect::<Vec<_>>()
        };
        assert_eq!(of(CodeName::Vandermonde), SHAPES);
        assert_eq!(of(CodeName::IsalRs), [(6, 3), (8, 2), (10, 4), (17, 3), (20, 4)]);
        assert_eq!(of(CodeName::Raid6)[..2], [(6, 2), (8, 2)]);
    }
}
