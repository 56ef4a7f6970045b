//! Placement: which device holds which shard of a stripe, for a whole layout.

use super::{Layout, Rotation};
use crate::Error;
use crate::code::{Groups, Place};

/// Which device of a layout holds which shard of a stripe.
///
/// Devices are numbered group by group: device d is position d mod n of group d / n, n being the shards of a group; the
/// devices of global parities come last. A device never leaves its group, so a group can be an enclosure or a node.
///
/// - Inside each group shards turn as in [`Rotation`], all groups alike.
/// - Groups that hold parity of the other groups turn in the same way, by one group whenever the insides have turned once.
///   So in as many stripes as there are devices every device holds every shard of the code exactly once.
/// - The copies of a mirror do not turn: each copy is a plain RAID 5 or RAID 6 that can be read alone.
/// - Global parities of a local reconstruction code stay where they are.
///
/// RAID 55 of 3 groups of 3 disks, with data groups a and b, the parity group X, and in each 0, 1 and the parity p:
///
/// ```text
///              group 0     group 1     group 2
///   stripe 0   a0 a1 ap    b0 b1 bp    X0 X1 Xp
///   stripe 1   a1 ap a0    b1 bp b0    X1 Xp X0
///   stripe 2   ap a0 a1    bp b0 b1    Xp X0 X1
///   stripe 3   b0 b1 bp    X0 X1 Xp    a0 a1 ap
///   stripe 4   b1 bp b0    X1 Xp X0    a1 ap a0
///   ..
///   stripe 8   Xp X0 X1    ap a0 a1    bp b0 b1
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    inside: Rotation,
    /// `None` where groups stay.
    across: Option<Rotation>,
    groups: Groups,
    globals: Vec<usize>,
}

impl Placement {
    /// The placement of a layout; [`Layout::placement`] is the public way to it.
    pub(super) fn new(layout: &Layout) -> Result<Self, Error> {
        let groups = layout.code()?.groups().clone();
        let (disks, inside) = (layout.shards_per_group(), layout.inner_tolerance());
        let across = match layout {
            Layout::Raid51 { .. } | Layout::Raid61 { .. } => None,
            _ => layout.outer_tolerance().map(|across| Rotation::left_symmetric(groups.count() - across, across)),
        };
        let globals = groups.ungrouped();
        Ok(Self { inside: Rotation::left_symmetric(disks - inside, inside), across, groups, globals })
    }

    /// Devices, of which there are as many as shards.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.grouped() + self.globals.len()
    }

    /// The number of stripes after which all repeats.
    #[must_use]
    pub fn period(&self) -> usize {
        self.inside.devices() * self.across.map_or(1, |across| across.devices())
    }

    /// The shard that lies on a device.
    ///
    /// # Panics
    /// If there is no such device.
    #[must_use]
    pub fn shard(&self, stripe: u64, device: usize) -> usize {
        let devices = self.devices();
        assert!(device < devices, "device {device} of {devices}");
        if device >= self.grouped() {
            return self.globals[device - self.grouped()];
        }
        let (group, position) = (device / self.inside.devices(), device % self.inside.devices());
        let group = self.across.map_or(group, |across| across.shard(self.turn(stripe), group));
        self.groups.members(group)[self.inside.shard(stripe, position)]
    }

    /// The device that a shard lies on.
    ///
    /// # Panics
    /// If there is no such shard.
    #[must_use]
    pub fn device(&self, stripe: u64, shard: usize) -> usize {
        let devices = self.devices();
        assert!(shard < devices, "shard {shard} of {devices}");
        let Some(Place { group, position }) = self.groups.place(shard) else {
            let before = self.globals.partition_point(|&global| global < shard);
            return self.grouped() + before;
        };
        let group = self.across.map_or(group, |across| across.device(self.turn(stripe), group));
        group * self.inside.devices() + self.inside.device(stripe, position)
    }

    /// Devices that lie in groups.
    fn grouped(&self) -> usize {
        self.groups.count() * self.inside.devices()
    }

    /// How often the insides of the groups have turned.
    fn turn(&self, stripe: u64) -> u64 {
        stripe / self.inside.devices() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(name: &str) -> Placement {
        name.parse::<Layout>().unwrap().placement().unwrap()
    }

    #[test]
    fn the_picture_is_what_is_computed() {
        let raid55 = placement("raid55:3x3");
        // Data group by group, then the parities of a and b, then the parity group.
        let names = ["a0", "a1", "b0", "b1", "ap", "bp", "X0", "X1", "Xp"];
        let stripe = |stripe| (0..9).map(|device| names[raid55.shard(stripe, device)]).collect::<Vec<_>>().join(" ");
        assert_eq!(stripe(0), "a0 a1 ap b0 b1 bp X0 X1 Xp");
        assert_eq!(stripe(1), "a1 ap a0 b1 bp b0 X1 Xp X0");
        assert_eq!(stripe(2), "ap a0 a1 bp b0 b1 Xp X0 X1");
        assert_eq!(stripe(3), "b0 b1 bp X0 X1 Xp a0 a1 ap");
        assert_eq!(stripe(4), "b1 bp b0 X1 Xp X0 a1 ap a0");
        assert_eq!(stripe(8), "Xp X0 X1 ap a0 a1 bp b0 b1");
        assert_eq!(stripe(9), stripe(0));
    }

    #[test]
    fn device_and_shard_are_inverses_and_repeat() {
        for name in
            ["rs:10+4", "raid5:6", "raid6:8", "raid51:3x6", "raid61:2x8", "raid66:5x6", "lrc:6,2,2", "hier:4x6+2+1"]
        {
            let placement = placement(name);
            let period = placement.period() as u64;
            for stripe in [0, 1, 5, 6, 17, 1 << 40] {
                for device in 0..placement.devices() {
                    let shard = placement.shard(stripe, device);
                    assert_eq!(placement.device(stripe, shard), device, "{name}");
                    assert_eq!(placement.shard(stripe + period, device), shard, "{name}");
                }
            }
        }
    }

    /// Over one period a device of a product holds every shard once: no device is written more than another.
    #[test]
    fn every_device_of_a_product_holds_every_shard() {
        for name in ["raid5:5", "raid6:6", "raid55:4x4", "raid66:4x6", "hier:4x6+1+1"] {
            let placement = placement(name);
            assert_eq!(placement.period(), placement.devices(), "{name}");
            for device in 0..placement.devices() {
                let mut held: Vec<usize> =
                    (0..placement.period() as u64).map(|stripe| placement.shard(stripe, device)).collect();
                held.sort_unstable();
                assert_eq!(held, (0..placement.devices()).collect::<Vec<_>>(), "{name}, device {device}");
            }
        }
    }

    #[test]
    fn a_device_stays_with_its_group() {
        // Both copies of a mirror lie alike, and the global parities of an LRC on devices of their own.
        let raid51 = placement("raid51:2x4");
        let lrc = placement("lrc:6,2,2");
        let (mirror_code, lrc_code) =
            (Layout::Raid51 { groups: 2, disks: 4 }.code().unwrap(), crate::Code::local(6, 2, 2).unwrap());
        for stripe in 0..9 {
            for device in 0..4 {
                let [first, second] = [device, device + 4]
                    .map(|device| mirror_code.groups().place(raid51.shard(stripe, device)).unwrap());
                assert_eq!((first.group, second.group, first.position), (0, 1, second.position));
                let [first, second] =
                    [device, device + 4].map(|device| lrc_code.groups().place(lrc.shard(stripe, device)).unwrap());
                assert_eq!((first.group, second.group, first.position), (0, 1, second.position));
            }
            assert_eq!([8, 9].map(|device| lrc.shard(stripe, device)), [8, 9]);
        }
    }
}
