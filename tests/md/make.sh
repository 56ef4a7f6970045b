#!/bin/sh
# make.sh: has Linux md itself write the arrays of this folder, in a virtual machine. Debian, amd64; no root, no KVM:
#
#   apt-get install -y --no-install-recommends qemu-system-x86 cpio
#   sh tests/md/make.sh
#
# The kernel, its modules, mdadm and busybox are the newest of the Debian release this runs on: downloaded, unpacked in
# target/md, not installed. The members are the machine's disks, so nothing has to be copied out of it. Half a minute in all.
set -eu
cd "$(dirname "$0")/../.."
work=target/md
out=tests/md
rm -rf "$work"
mkdir -p "$work/packages"

# What the machine runs: one kernel and a root file system in memory, with mdadm, its libraries and busybox.
kernel_package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/ *Depends: \(linux-image-.*\)/\1/p')
(cd "$work/packages" && apt-get -q download "$kernel_package" mdadm busybox-static)
for package in "$work"/packages/*.deb; do dpkg -x "$package" "$work/unpacked"; done
release=$(basename "$work"/unpacked/lib/modules/*)
root=$work/root
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/lib/modules"
cp "$work/unpacked/bin/busybox" "$root/bin/"
cp "$work/unpacked/sbin/mdadm" "$root/bin/"
for library in $(ldd "$root/bin/mdadm" | grep -o '/[^ ]*'); do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
cp -R "$work/unpacked/lib/modules/$release" "$root/lib/modules/"
"$root/bin/busybox" depmod -b "$root" "$release"
cp "$out/guest.sh" "$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) > "$work/initramfs.gz"

# Member size: md's data begins after the first 128 KiB, and there are 16 stripes of 64 KiB.
member_kib=1152
data_kib=1024

# array NAME LEVEL DEVICES
array() {
    name=$1 level=$2 devices=$3
    parities=$((level - 4))
    disks=""
    for i in $(seq 0 $((devices - 1))); do
        truncate -s "${member_kib}K" "$work/$name.$i"
        disks="$disks -drive file=$work/$name.$i,format=raw,if=virtio"
    done
    perl "$out/pattern.pl" $(((devices - parities) * data_kib * 1024)) > "$work/$name.pattern"
    # shellcheck disable=SC2086 # one word for each of the disks' arguments
    qemu-system-x86_64 -accel tcg -cpu max -m 512 -nographic -no-reboot -nic none \
        -kernel "$work/unpacked/boot/vmlinuz-$release" -initrd "$work/initramfs.gz" \
        -append "console=ttyS0 quiet panic=-1 level=$level devices=$devices data_kib=$data_kib" \
        $disks -drive "file=$work/$name.pattern,format=raw,if=virtio,readonly=on" < /dev/null | tee "$work/$name.log"
    grep -q "^the array is written" "$work/$name.log"
    for i in $(seq 0 $((devices - 1))); do cat "$work/$name.$i"; done | gzip -9n > "$out/$name.gz"
}

array raid6-6 6 6
array raid6-5 6 5
array raid5-5 5 5
cat "$work"/*.log | tr -d '\r' | grep '^made by' | sort -u
