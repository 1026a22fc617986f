//! A menu in the format of extlinux, which U-Boot and other firmware read in place of a boot loader's own.

use crate::plan::Draft;

use super::bootloader::root;
use super::packages;

/// The words are where the firmware finds what is in `/boot`, the root file system, kernel options, and the alternatives.
/// The newest kernel comes first; u-boot-menu writes the file anew when another one is installed.
const EXTLINUX: &str = r#"
set -e
prefix=$1 device=$2 options=$3
shift 3
need u-boot-menu
mkdir -p "$root/boot/extlinux"
entry() {
  printf '\nlabel %s\n\tmenu label Linux %s%s\n\tlinux %s/%s\n\tinitrd %s/initrd.img-%s\n\tappend root=%s ro %s\n' \
    "l$at$1" "$version" "$2" "$prefix" "$kernel" "$prefix" "$version" "$device" "$3${options:+ $options}"
}
{
  printf 'default l0\nmenu title U-Boot menu\nprompt 0\ntimeout 50\n'
  at=0
  for kernel in $(find "$root/boot" -maxdepth 1 -name 'vmlinu[xz]-*' -printf '%f\n' | sort -rV); do
    version=${kernel#*-}
    for kind; do
      case $kind in
        default) entry '' '' quiet ;;
        rescue) entry r ' (rescue target)' single ;;
      esac
    done
    at=$((at + 1))
  done
} >"$root/boot/extlinux/extlinux.conf""#;

pub(super) fn all(draft: &mut Draft<'_>) {
    let Some(device) = root(draft, "extlinux") else { return };
    let mounts = &draft.layout.mounts;
    let has_boot = mounts.iter().any(|mount| mount.path == "/boot" && mount.device.is_some());
    let prefix = if has_boot { String::new() } else { "/boot".to_owned() };
    let mut arguments = vec![prefix, device, draft.target.kernel_options.clone()];
    match draft.config.boot.alternatives.as_slice() {
        [] => arguments.extend(["default", "rescue"].map(str::to_owned)),
        alternatives => arguments.extend(alternatives.iter().cloned()),
    }
    packages::step(draft, "extlinux", "write a boot menu in the format of extlinux", EXTLINUX, arguments);
}
