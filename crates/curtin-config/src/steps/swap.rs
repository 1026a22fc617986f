//! The swap file of the `swap` section. Without one, there is none: curtin makes one of a size that it chooses.

use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};
use crate::write_file::no_swap_file;

use super::words;

/// The words are the mount point, the file, its size, and the limit of a size that is `auto`, or nothing. That size is
/// curtin's: it goes by the memory, without a limit by what is free as well, and where what is left is too small to be of
/// use, there is no file. On btrfs, copy-on-write can be turned off only while a file is empty.
const SWAP: &str = r#"
set -e
file=$1$2
size=$3
mkdir -p "${file%/*}"
if [ "$size" = auto ]; then
  memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) * 1024))
  free=$(($(stat -f -c '%f * %S' "${file%/*}")))
  gib=1073741824
  limit=$4
  if [ -z "$limit" ]; then
    limit=$((free / 4))
    [ "$limit" -le $((8 * gib)) ] || limit=$((8 * gib))
  elif [ "$limit" -gt $((free / 10 * 9)) ]; then
    limit=$((free / 10 * 9))
  fi
  if [ "$memory" -le $gib ]; then size=$((memory * 2))
  elif [ "$memory" -le $((2 * gib)) ]; then size=$((2 * gib))
  elif [ "$memory" -le $((4 * gib)) ]; then size=$memory
  elif [ "$memory" -le $((16 * gib)) ]; then size=$((4 * gib))
  elif [ "$memory" -le $((64 * gib)) ]; then size=$((memory / 2))
  else size=$limit
  fi
  [ "$size" -le "$limit" ] || size=$limit
  enough=$((4 * gib))
  [ "$enough" -le $((memory / 2)) ] || enough=$((memory / 2))
  [ "$memory" -le $((64 * gib)) ] || enough=1048576
  if [ "$size" -lt "$enough" ] || [ "$size" -lt 1048576 ]; then
    echo 'there is no room for a swap file that is of use'
    exit 0
  fi
fi
rm -f "$file"
: >"$file"
chattr +C "$file" 2>/dev/null || :
dd if=/dev/zero of="$file" bs=1M count=$((size / 1048576)) status=none
chmod 600 "$file"
mkswap "$file"
printf '%s none swap sw 0 0\n' "$2" >>"$1/etc/fstab""#;

pub(super) fn file(draft: &mut Draft<'_>) {
    let Some(swap) = draft.config.swap.as_ref() else { return };
    // The shell's numbers have a sign.
    let limit = swap.maxsize.map(|limit| limit.min(1 << 62).to_string()).unwrap_or_default();
    let size = match swap.size {
        Some(size) if size < 1 << 20 => return,
        Some(size) => size.to_string(),
        None => "auto".to_owned(),
    };
    let name = swap.filename.as_deref().filter(|name| !name.is_empty()).unwrap_or("/swap.img");
    let name = format!("/{}", name.trim_start_matches('/'));
    if let Some(reason) = no_swap_file(&name) {
        let problem = Problem::error("file-path", "swap.filename", Span::NONE, reason);
        draft.problems.push(problem.remedy("write a path such as /swap.img"));
        return;
    }
    if draft.layout.zfs_at("/").is_some() && swap.force != Some(true) {
        let message = "a file on ZFS is no swap file: none is made";
        let problem = Problem::warning("swap-zfs", "swap", Span::NONE, message);
        draft.problems.push(problem.remedy("use a partition for swap"));
        return;
    }
    let root = draft.layout.mounts.iter().find(|mount| mount.path == "/").map(|mount| mount.kind.clone());
    if root.as_deref() == Some("btrfs") && swap.force != Some(true) {
        let message = "a file on btrfs is no swap file without further measures: none is made";
        let problem = Problem::warning("swap-btrfs", "swap", Span::NONE, message);
        draft.problems.push(problem.remedy("use a partition for swap, or write `force: true`"));
        return;
    }
    let target = draft.target.mount_point.clone();
    let command = words(&["sh", "-c", SWAP, "swap", &target, &name, &size, &limit]);
    let step = Step::new(Stage::Curthooks, "swap-file", format!("make the swap file {name}"), command);
    draft.push(step.writes([format!("{target}{name}"), format!("{target}/etc/fstab")]));
}
