//! The swap file of the `swap` section. Without one, there is none: curtin makes one of a size that it chooses.

use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};

use super::words;

/// `auto` is as large as the memory, but no larger than the limit and a quarter of what is free.
const SWAP: &str = r#"
set -e
file=$1$2
size=$3
mkdir -p "${file%/*}"
if [ "$size" = auto ]; then
  size=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) * 1024))
  free=$(($(stat -f -c '%a * %S' "${file%/*}") / 4))
  [ "$size" -le "$4" ] || size=$4
  [ "$size" -le "$free" ] || size=$free
fi
rm -f "$file"
dd if=/dev/zero of="$file" bs=1M count=$((size / 1048576)) status=none
chmod 600 "$file"
mkswap "$file"
printf '%s none swap sw 0 0\n' "$2" >>"$1/etc/fstab""#;

pub(super) fn file(draft: &mut Draft<'_>) {
    let Some(swap) = draft.config.swap.as_ref() else { return };
    let limit = swap.maxsize.unwrap_or(8 << 30);
    let size = match swap.size {
        Some(size) if size < 1 << 20 => return,
        Some(size) => size.to_string(),
        None => "auto".to_owned(),
    };
    let name = swap.filename.as_deref().filter(|name| !name.is_empty()).unwrap_or("/swap.img");
    let name = format!("/{}", name.trim_start_matches('/'));
    let clean = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if name.split('/').any(|part| part == "..") || name.ends_with('/') || !name.chars().all(clean) {
        let message = format!("{name:?} is not the path of a swap file: letters, digits, /._-");
        draft.problems.push(Problem::error("file-path", "swap.filename", Span::NONE, message));
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
    let command = words(&["sh", "-c", SWAP, "swap", &target, &name, &size, &limit.to_string()]);
    let step = Step::new(Stage::Curthooks, "swap-file", format!("make the swap file {name}"), command);
    draft.push(step.writes([format!("{target}{name}"), format!("{target}/etc/fstab")]));
}
