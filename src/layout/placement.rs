//! Placement: which device holds which shard of a stripe, for a whole layout.

use super::{Layout, Rotation};
use crate::Error;
use crate::code::{Groups, Place};

/// Which device of a layout holds which shard of a stripe.
///
/// Devices are numbered group by group, as many in each as the group has shards. The devices of global parities come
/// last. The devices of one group hold one whole group of shards in every stripe, so they can share an enclosure or a node.
///
/// - Inside each group the shards rotate as in [`Rotation`].
/// - Groups that hold parity of the other groups rotate in the same way, by one group each time the insides have gone
///   round once. So over as many stripes as there are devices, every device holds every shard of the code exactly once.
/// - The copies of a mirror do not rotate: each copy is a plain RAID 5 or RAID 6 that can be read by itself.
/// - The global parities of `lrc` do not rotate.
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
    /// For each group.
    inside: Box<[Rotation]>,
    /// The first device of each group, and at the end of all of them.
    starts: Box<[usize]>,
    /// `None` if groups do not rotate. Where they do, all are of one size.
    across: Option<Rotation>,
    groups: Groups,
    globals: Vec<usize>,
}

impl Placement {
    /// The placement of a layout; public as [`Layout::placement`].
    pub(super) fn new(layout: &Layout) -> Result<Self, Error> {
        let groups = layout.code()?.groups().clone();
        let parity = layout.inner_tolerance();
        let inside = groups.iter().map(|group| Rotation::left_symmetric(group.len() - parity, parity)).collect();
        let ends = groups.iter().scan(0, |end, group| {
            *end += group.len();
            Some(*end)
        });
        let across = match layout {
            Layout::Mirror { .. } | Layout::Raid51 { .. } | Layout::Raid61 { .. } => None,
            _ => layout.outer_tolerance().map(|across| Rotation::left_symmetric(groups.count() - across, across)),
        };
        let globals = groups.ungrouped();
        Ok(Self { inside, starts: std::iter::once(0).chain(ends).collect(), across, groups, globals })
    }

    /// The number of devices, which is the number of shards.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.grouped() + self.globals.len()
    }

    /// The number of stripes after which the placement repeats.
    #[must_use]
    pub fn period(&self) -> usize {
        let inside = self.inside.iter().map(Rotation::devices).fold(1, least_common_multiple);
        inside * self.across.map_or(1, |across| across.devices())
    }

    /// The shard that lies on a device.
    ///
    /// # Panics
    /// If the device does not exist.
    #[must_use]
    pub fn shard(&self, stripe: u64, device: usize) -> usize {
        let devices = self.devices();
        assert!(device < devices, "device {device} of {devices}");
        if device >= self.grouped() {
            return self.globals[device - self.grouped()];
        }
        let group = self.starts.partition_point(|&start| start <= device) - 1;
        let position = self.inside[group].shard(stripe, device - self.starts[group]);
        let group = self.across.map_or(group, |across| across.shard(self.turn(stripe), group));
        self.groups.members(group)[position]
    }

    /// The device that holds a shard.
    ///
    /// # Panics
    /// If the shard does not exist.
    #[must_use]
    pub fn device(&self, stripe: u64, shard: usize) -> usize {
        let devices = self.devices();
        assert!(shard < devices, "shard {shard} of {devices}");
        let Some(Place { group, position }) = self.groups.place(shard) else {
            let before = self.globals.partition_point(|&global| global < shard);
            return self.grouped() + before;
        };
        let group = self.across.map_or(group, |across| across.device(self.turn(stripe), group));
        self.starts[group] + self.inside[group].device(stripe, position)
    }

    /// The number of devices in groups.
    fn grouped(&self) -> usize {
        self.starts[self.inside.len()]
    }

    /// How often the insides of the groups have gone round.
    fn turn(&self, stripe: u64) -> u64 {
        stripe / self.inside[0].devices() as u64
    }
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor * b
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
        for name in [
            "rs:10+4",
            "raid5:6",
            "raid6:8",
            "mirror:2x5",
            "raid51:3x6",
            "raid61:2x8",
            "raid66:5x6",
            "lrc:6,2,2",
            "lrcu:6,2,2",
            "lrcu:20,3,3",
            "hier:4x6+2+1",
        ] {
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

    /// Over one period a device of a product holds every shard once, so all devices are written equally.
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

    /// Groups of 9, 9 and 8: each rotates by itself, and the period is that of both sizes.
    #[test]
    fn groups_of_two_sizes_rotate_by_themselves() {
        let uniform = placement("lrcu:20,3,3");
        assert_eq!((uniform.devices(), uniform.period()), (26, 72));
        let groups = Layout::LocalUniform { data: 20, groups: 3, globals: 3 }.code().unwrap().groups().clone();
        for stripe in 0..72 {
            for (start, group) in [0, 9, 18].into_iter().zip(groups.iter()) {
                let mut held: Vec<usize> = (0..group.len()).map(|at| uniform.shard(stripe, start + at)).collect();
                held.sort_unstable();
                assert_eq!(held, group);
            }
        }
    }

    #[test]
    fn the_copies_of_a_mirror_stay() {
        let mirror = placement("mirror:3x4");
        for stripe in 0..5 {
            assert!((0..12).all(|device| mirror.shard(stripe, device) == device));
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
