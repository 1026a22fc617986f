#!/bin/bash
# build-ephemeral.sh WORK OUT: the system that a machine runs from memory while
# it is inspected and installed. Makes OUT/root.squashfs and OUT/vmlinuz, and
# leaves the unpacked tree in WORK/ephemeral for build-initrd.sh.
#
# Stock Debian with stock cloud-init. What is trimmed is trimmed for one reason:
# under emulation every service, generator and udev rule costs a tenth of a
# second or more, and none of those named here does anything on a diskless boot.
set -euo pipefail
. "$(dirname "$0")/debian.sh"
work=$1 out=$2
root=$work/ephemeral

packages=(
  systemd-sysv udev dbus iproute2 iputils-ping procps kmod util-linux
  linux-image-cloud-amd64 cloud-init python3-minimal
  curl ca-certificates tar zstd squashfs-tools
  lshw pciutils dmidecode ethtool
  fdisk gdisk parted e2fsprogs dosfstools xfsprogs btrfs-progs
  mdadm lvm2
  grub2-common grub-pc-bin grub-efi-amd64-bin efibootmgr
  openssh-server
)

# shellcheck disable=SC2016  # "$1" is for the hook's shell
debian "$root" 'mkdir -p "$1/etc/initramfs-tools"; echo update_initramfs=no > "$1/etc/initramfs-tools/update-initramfs.conf"' \
  "${packages[@]}"

echo "@stage trimming"
# A unit that does nothing useful on a root file system in memory.
chroot "$root" systemctl mask -q \
  apparmor.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  cloud-init-hotplugd.socket e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  getty@tty1.service grub-common.service ldconfig.service \
  dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount \
  sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
  modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service \
  modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service \
  proc-sys-fs-binfmt_misc.automount systemd-binfmt.service systemd-hwdb-update.service \
  systemd-journal-flush.service systemd-networkd.service systemd-networkd.socket \
  systemd-networkd-wait-online.service systemd-pstore.service systemd-random-seed.service \
  systemd-sysusers.service systemd-timesyncd.service systemd-update-utmp.service \
  systemd-update-utmp-runlevel.service systemd-logind.service dbus.service dbus.socket \
  systemd-user-sessions.service kmod-static-nodes.service systemd-modules-load.service \
  systemd-sysctl.service systemd-remount-fs.service cryptsetup.target integritysetup.target \
  veritysetup.target systemd-repart.service systemd-firstboot.service \
  blk-availability.service lvm2-lvmpolld.socket lvm2-monitor.service \
  mdcheck_continue.timer mdcheck_start.timer mdmonitor-oneshot.timer
# The network is up before systemd starts and must stay as it is; ssh is there
# for whoever puts keys in, and starts only by hand.
chroot "$root" systemctl disable -q ssh.service 2>/dev/null || true
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
# Everything but cloud-init's own generator: they look for disks, crypttab,
# netplan files and SysV scripts, of which there are none.
find "$root/usr/lib/systemd/system-generators/" -mindepth 1 ! -name 'cloud-init*' -delete
for rule in 60-cdrom_id 60-drm 60-evdev 60-fido-id 60-input-id 60-persistent-alsa \
  60-persistent-input 60-persistent-storage-tape 60-persistent-v4l 60-sensor 60-serial \
  66-azure-ephemeral 70-camera 70-joystick 70-mouse 70-power-switch 70-touchpad 75-probe_mtd 78-sound-card; do
  rm -f "$root/lib/udev/rules.d/$rule.rules"
done
blacklist_virtual "$root"
printf 'blacklist %s\n' button evdev >> "$root/etc/modprobe.d/virtual.conf"
# cloud-init: nothing about a datasource, that is the kernel line's business.
# Only what is pointless in memory is left out: host keys of three kinds, apt
# sources, growing the root, locale, time zone.
cat > "$root/etc/cloud/cloud.cfg.d/05_in_memory.cfg" <<'CFG'
ssh_genkeytypes: [ed25519]
apt_preserve_sources_list: true
manage_etc_hosts: false
resize_rootfs: false
growpart: {mode: off}
cloud_init_modules: [seed_random, bootcmd, write-files, update_hostname, users-groups, ssh]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-vendor, scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user, ssh-authkey-fingerprints, final-message, power-state-change]
CFG
depersonalise "$root" ephemeral

echo "@stage packing the ephemeral system"
mkdir -p "$out"
cp "$root"/boot/vmlinuz-* "$out/vmlinuz"
mksquashfs "$root" "$out/root.squashfs" -noappend -quiet -no-progress \
  -comp zstd -Xcompression-level 5 -b 256K -wildcards \
  -e 'boot/*' 'proc/*' 'sys/*' 'dev/*' 'run/*' 'tmp/*' 'initrd.img*' 'vmlinuz*'
echo "@stage ephemeral system done"
