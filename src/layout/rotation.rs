//! Rotation: parity moves by one device from stripe to stripe, so that every device holds data as well as parity.

/// The left-symmetric placement of Linux md, for one group of devices.
///
/// In stripe s of n devices the first parity lies on device n - 1 - (s mod n). Further parities lie on the devices after
/// it, then the data in order, wrapping around (md's `ALGORITHM_LEFT_SYMMETRIC`, mdadm's default for RAID 5 and 6). md
/// counts the exponents of Q in this order too, so data shard j of [`Code::raid6`](crate::Code::raid6) is D\[j\] below.
/// Without parity nothing rotates.
///
/// ```text
///   raid5:4      device 0  1  2  3        raid6:4      device 0  1  2  3
///   stripe 0            D0 D1 D2 P        stripe 0            Q  D0 D1 P
///   stripe 1            D1 D2 P  D0       stripe 1            D0 D1 P  Q
///   stripe 2            D2 P  D0 D1       stripe 2            D1 P  Q  D0
///   stripe 3            P  D0 D1 D2       stripe 3            P  Q  D0 D1
/// ```
///
/// ```
/// use evariste::layout::Rotation;
/// let raid6 = Rotation::left_symmetric(2, 2);
/// assert_eq!([0, 1, 2, 3].map(|device| raid6.shard(0, device)), [3, 0, 1, 2]); // Q, D0, D1, P
/// assert_eq!(raid6.device(1, 2), 2); // P of stripe 1
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    data: usize,
    parity: usize,
}

impl Rotation {
    /// The rotation of a group with these counts.
    ///
    /// # Panics
    /// If both are 0.
    #[must_use]
    pub fn left_symmetric(data_shards: usize, parity_shards: usize) -> Self {
        assert!(data_shards + parity_shards > 0, "a rotation of no shards");
        Self { data: data_shards, parity: parity_shards }
    }

    /// The shard that lies on a device: data shards are numbered from 0, parity shards after them.
    ///
    /// # Panics
    /// If the device does not exist.
    #[must_use]
    pub fn shard(&self, stripe: u64, device: usize) -> usize {
        let devices = self.devices();
        assert!(device < devices, "device {device} of {devices}");
        let after_parity = (device + devices - self.first(stripe)) % devices;
        if after_parity < self.parity { self.data + after_parity } else { after_parity - self.parity }
    }

    /// The device that holds a shard.
    ///
    /// # Panics
    /// If the shard does not exist.
    #[must_use]
    pub fn device(&self, stripe: u64, shard: usize) -> usize {
        let devices = self.devices();
        assert!(shard < devices, "shard {shard} of {devices}");
        let after_parity = if shard < self.data { self.parity + shard } else { shard - self.data };
        (self.first(stripe) + after_parity) % devices
    }

    /// The number of devices, which is the number of shards. After as many stripes the rotation repeats.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.data + self.parity
    }

    /// The device of the first parity; without parity that of the first data shard.
    fn first(&self, stripe: u64) -> usize {
        if self.parity == 0 {
            return 0;
        }
        let turn = usize::try_from(stripe % self.devices() as u64).expect("a remainder of a number of devices");
        self.devices() - 1 - turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rotation: Rotation, names: &[&str]) -> Vec<String> {
        (0..rotation.devices() as u64)
            .map(|stripe| {
                let names: Vec<&str> =
                    (0..rotation.devices()).map(|device| names[rotation.shard(stripe, device)]).collect();
                names.join(" ")
            })
            .collect()
    }

    #[test]
    fn the_pictures_are_what_is_computed() {
        let raid5 = rows(Rotation::left_symmetric(3, 1), &["D0", "D1", "D2", "P"]);
        assert_eq!(raid5, ["D0 D1 D2 P", "D1 D2 P D0", "D2 P D0 D1", "P D0 D1 D2"]);
        let raid6 = rows(Rotation::left_symmetric(2, 2), &["D0", "D1", "P", "Q"]);
        assert_eq!(raid6, ["Q D0 D1 P", "D0 D1 P Q", "D1 P Q D0", "P Q D0 D1"]);
    }

    #[test]
    fn device_and_shard_are_inverses_and_repeat() {
        for (data, parity) in [(1, 1), (5, 1), (4, 2), (10, 4), (1, 3), (3, 0)] {
            let rotation = Rotation::left_symmetric(data, parity);
            let devices = rotation.devices();
            for stripe in [0, 1, 2, 7, u64::from(u32::MAX), u64::MAX - 14] {
                for device in 0..devices {
                    let shard = rotation.shard(stripe, device);
                    assert_eq!(rotation.device(stripe, shard), device);
                    assert_eq!(rotation.shard(stripe + devices as u64, device), shard);
                }
            }
        }
    }

    /// md: raid6 of 6 devices, `pd_idx = 5 - s % 6`, `qd_idx` the next, data from the one after.
    #[test]
    fn parity_lies_where_md_puts_it() {
        let rotation = Rotation::left_symmetric(4, 2);
        for stripe in 0..12u64 {
            let p = 5 - usize::try_from(stripe % 6).unwrap();
            assert_eq!(rotation.device(stripe, 4), p);
            assert_eq!(rotation.device(stripe, 5), (p + 1) % 6);
            for data in 0..4 {
                assert_eq!(rotation.device(stripe, data), (p + 2 + data) % 6);
            }
        }
    }
}
