#!/bin/bash
# build-target.sh WORK OUT: the root file system that is put on disks. Makes
# OUT/root.tar.zst. Stock Debian with kernel, GRUB for BIOS and UEFI, stock
# cloud-init and an SSH server; networkd brings up what cloud-init renders.
set -euo pipefail
. "$(dirname "$0")/debian.sh"
work=$1 out=$2
root=$work/target

packages=(
  systemd-sysv udev dbus iproute2 iputils-ping procps kmod
  systemd-resolved
  linux-image-cloud-amd64 initramfs-tools zstd
  cloud-init python3-minimal
  grub2-common grub-pc-bin grub-efi-amd64-bin
  e2fsprogs dosfstools fdisk mdadm lvm2
  openssh-server sudo curl ca-certificates
)

# The virtual machines' hardware is known, so the initramfs is made small.
# shellcheck disable=SC2016  # "$1" is for the hook's shell
debian "$root" 'mkdir -p "$1/etc/initramfs-tools/conf.d"
  printf "MODULES=list\nCOMPRESS=zstd\n" > "$1/etc/initramfs-tools/conf.d/virtual.conf"
  printf "virtio_pci\nvirtio_blk\nvirtio_net\nvirtio_scsi\n" > "$1/etc/initramfs-tools/modules"' \
  "${packages[@]}"

echo "@stage trimming"
chroot "$root" systemctl mask -q \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  cloud-init-hotplugd.socket e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  grub-common.service dev-hugepages.mount dev-mqueue.mount \
  sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount modprobe@configfs.service modprobe@drm.service \
  modprobe@efi_pstore.service modprobe@fuse.service \
  proc-sys-fs-binfmt_misc.automount systemd-binfmt.service systemd-pstore.service \
  systemd-update-utmp.service systemd-update-utmp-runlevel.service getty@tty1.service \
  blk-availability.service lvm2-lvmpolld.socket lvm2-monitor.service \
  mdcheck_continue.timer mdcheck_start.timer mdmonitor-oneshot.timer
chroot "$root" systemctl enable -q systemd-networkd.service ssh.service
for generator in systemd-bless-boot systemd-cryptsetup systemd-gpt-auto \
  systemd-hibernate-resume systemd-integritysetup systemd-rc-local systemd-run \
  systemd-system-update systemd-sysv systemd-veritysetup; do
  rm -f "$root/lib/systemd/system-generators/$generator-generator"
done
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
blacklist_virtual "$root"
# Without a locale set, cloud-init compiles one at the first boot.
echo 'LANG=C.UTF-8' > "$root/etc/default/locale"
# One kind of host key: three take a quarter of a minute to make here.
echo 'ssh_genkeytypes: [ed25519]' > "$root/etc/cloud/cloud.cfg.d/05_host_keys.cfg"
cat > "$root/etc/default/grub" <<'CFG'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200"
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
GRUB_DISABLE_OS_PROBER=true
CFG
depersonalise "$root" localhost
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

echo "@stage packing the deployable system"
mkdir -p "$out"
tar -C "$root" --numeric-owner --xattrs --exclude='./proc/*' --exclude='./sys/*' \
  --exclude='./dev/*' --exclude='./run/*' --exclude='./tmp/*' -cf - . \
  | zstd -q -3 -T0 -o "$out/root.tar.zst"
echo "@stage deployable system done"
