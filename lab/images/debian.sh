# What both systems have in common; build-ephemeral.sh and build-target.sh read this.
# shellcheck shell=bash

# debian ROOT HOOK PACKAGE...: a small Debian 12. HOOK is a command that runs on
# "$1", the tree, before the kernel is configured.
debian() {
  local root=$1 hook=$2
  shift 2
  mmdebstrap --verbose --mode=root --variant=minbase --format=directory \
    --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Retries "5"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/i18n/*' \
    --dpkgopt='force-confold' \
    --include="$(IFS=,; echo "$*")" \
    --essential-hook="$hook" \
    bookworm "$root"
}

# What a virtual machine's processor advertises makes udev load drivers for
# nested virtualisation, accelerated ciphers and frequency scaling: ten seconds
# under emulation, for nothing.
blacklist_virtual() {
  printf 'blacklist %s\n' kvm kvm_amd kvm_intel aesni_intel ghash_clmulni_intel \
    polyval_clmulni sha1_ssse3 sha256_ssse3 sha512_ssse3 crc32_pclmul crct10dif_pclmul \
    powernow_k8 intel_rapl_common intel_rapl_msr ata_generic ata_piix pata_acpi floppy \
    parport_pc pcspkr psmouse joydev cirrus bochs \
    > "$1/etc/modprobe.d/virtual.conf"
}

# depersonalise ROOT HOSTNAME: nothing in it says where or when it was built.
depersonalise() {
  local root=$1
  : > "$root/etc/machine-id"
  : > "$root/etc/fstab"
  echo "$2" > "$root/etc/hostname"
  rm -f "$root"/etc/ssh/ssh_host_*
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
    "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$root"/etc/apt/apt.conf.d/99mmdebstrap
}
