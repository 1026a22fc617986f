#!/bin/bash
# build-initrd.sh WORK OUT RECIPE: packs BusyBox, the drivers and RECIPE's init
# into OUT/initrd.img. Needs WORK/ephemeral, whose kernel it is for.
set -euo pipefail
work=$1 out=$2 recipe=$3
root=$work/ephemeral
kernel=$(basename "$root"/lib/modules/*)
tree=$work/initrd
modules=lib/modules/$kernel

echo "@stage packing the initramfs"
mkdir -p "$tree"/{bin,sbin,etc,dev,proc,sys,run,tmp} "$tree/$modules"
cp /bin/busybox "$tree/bin/busybox"
for applet in cat cp cut df echo find ip kill ls mkdir modprobe mount reboot rm sh sleep \
  sort stat switch_root tail tr udhcpc umount wget; do
  ln -s busybox "$tree/bin/$applet"
done
install -m 755 "$recipe/initrd-init" "$tree/init"
install -m 755 "$recipe/initrd-udhcpc.sh" "$tree/etc/udhcpc.sh"

# Every network card that this kernel knows, and what carries the root.
mapfile -t wanted < <(
  printf '%s\n' virtio_pci virtio_net loop squashfs overlay
  cd "$root/$modules/kernel/drivers/net" && find . -name '*.ko' -printf '%f\n' | sed 's/\.ko$//'
)
for module in "${wanted[@]}"; do
  chroot "$root" modprobe -S "$kernel" --show-depends "$module" 2>/dev/null || true
done | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
  install -D -m 644 "$root/$file" "$tree/$file"
done
cp "$root/$modules"/modules.{order,builtin,builtin.modinfo} "$tree/$modules/"
depmod -b "$tree" "$kernel"
rm -f "$tree/$modules"/*.bin "$tree/$modules"/modules.{order,builtin.modinfo,devname,softdep}

mkdir -p "$out"
(cd "$tree" && find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc --quiet) \
  | zstd -q -19 -o "$out/initrd.img"
echo "@stage initramfs done"
