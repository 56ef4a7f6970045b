#!/bin/busybox sh
# shellcheck shell=dash
# guest.sh: the first and only process of the virtual machine that make.sh starts. The disks vda, vdb, ... are the members,
# in the array's order, and the last one holds the pattern; level, devices and data_kib come from the kernel's command line.
export PATH=/bin MDADM_NO_UDEV=1
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys

finish() {
    echo "$1"
    sync
    poweroff -f
}
trap 'finish "it failed"' EXIT
set -eu
: "${level:?}" "${devices:?}" "${data_kib:?}"

for module in virtio_pci virtio_blk md_mod raid456; do modprobe "$module"; done
members=""
for i in $(seq 1 "$devices"); do members="$members /dev/vd$(echo abcdefgh | cut -c "$i")"; done
pattern=/dev/vd$(echo abcdefgh | cut -c "$((devices + 1))")
for disk in $members "$pattern"; do
    while [ ! -b "$disk" ]; do sleep 1; done
done

# --force: RAID 5 is made whole and resynchronised, not made degraded and rebuilt.
# shellcheck disable=SC2086 # one word a member
mdadm --create /dev/md0 --run --force --metadata=1.2 --data-offset=128K --level="$level" --layout=left-symmetric --chunk=64K \
    --size="${data_kib}K" --bitmap=none --consistency-policy=resync --homehost=any --name="raid$level-$devices" \
    --raid-devices="$devices" $members
mdadm --wait /dev/md0 || true # it says 1 where there is nothing left to wait for

# The first half in whole stripes, from which md computes parity anew; the second half page by page, for which it reads old
# data and old parity, or the rest of the stripe.
half=$(($(blockdev --getsize64 "$pattern") / 2))
dd if="$pattern" of=/dev/md0 bs=256k iflag=count_bytes count="$half" oflag=direct
dd if="$pattern" of=/dev/md0 bs=4k iflag=skip_bytes skip="$half" oflag=direct,seek_bytes seek="$half"
sync
cmp "$pattern" /dev/md0

# md finds its own parity right.
echo check > /sys/block/md0/md/sync_action
mdadm --wait /dev/md0 || true
[ "$(cat /sys/block/md0/md/mismatch_cnt)" = 0 ]
mdadm --detail /dev/md0
mdadm --stop /dev/md0
for disk in $members; do
    mdadm --examine "$disk" | grep -E 'Raid Level|Raid Devices|Data Offset|Layout|Chunk|State|Device Role'
done
echo "made by Linux $(uname -r) ($(uname -v)), $(mdadm --version 2>&1)"
trap - EXIT
finish "the array is written"
