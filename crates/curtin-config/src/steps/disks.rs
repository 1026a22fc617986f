//! Partitioning, formatting and mounting.

use std::cmp::Ordering;

use crate::layout::{DiskLayout, Partition, PartitionKind, Table};
use crate::plan::{Draft, Stage, Step};
use crate::size::human;
use crate::storage::Wipe;

use super::{dasd, filesystems, kept, volumes, words, zfs};

/// Refuses a disk that is in use, is smaller than planned, or has other sectors.
const CHECK: &str = "\
set -e
[ -b \"$1\" ] || { echo \"$1 is not a block device\"; exit 1; }
size=$(blockdev --getsize64 \"$1\")
[ \"$size\" -ge \"$2\" ] || { echo \"$1 has $size bytes, the plan needs $2\"; exit 1; }
sector=$(blockdev --getss \"$1\")
[ \"$sector\" = \"$3\" ] || { echo \"$1 has sectors of $sector bytes, the plan says $3\"; exit 1; }
used=$(lsblk -nro MOUNTPOINT \"$1\" | tr -d '\\n')
[ -z \"$used\" ] || { echo \"$1 is in use: $used\"; exit 1; }";

/// Takes apart what was built of a disk before and erases the signatures of it all, so that nothing
/// finds them again when a new partition begins at the same place; what lies inside of an array or an encrypted device is
/// erased while it is still there to be seen. What udev puts together again in between is taken apart once more.
const WIPE: &str = r#"
for pass in 1 2 3 4 5; do
  lsblk -nrpo NAME "$1" | while read -r name; do
    command -v zpool >/dev/null && [ "$(blkid -po value -s TYPE "$name")" = zfs_member ] || continue
    pool=$(blkid -po value -s LABEL "$name")
    ! zpool list -H -o name "$pool" >/dev/null 2>&1 || zpool export -f "$pool"
  done
  lsblk -nrpo NAME,TYPE "$1" | tac | while read -r name type; do
    [ -b "$name" ] || continue
    wipefs -qaf "$name"
    case $type in
      lvm | crypt | mpath) dmsetup remove --retry "$name" ;;
      raid* | linear | md) mdadm --stop "$name" ;;
    esac
    cache=/sys/class/block/${name##*/}/bcache
    for stop in "$cache/set/stop" "$cache/stop"; do [ ! -e "$stop" ] || echo 1 >"$stop"; done
  done
  lsblk -nrpo NAME "$1" | sort -r | while read -r name; do wipefs -qaf "$name"; done
  lsblk -nrpo NAME,TYPE "$1" | grep -Eq '^/dev/bcache| (lvm|crypt|mpath|md|linear|raid.*)$' || exit 0
  sleep 1
done
echo "$1 is a part of something that cannot be stopped:"
lsblk "$1"
exit 1"#;

/// Writes a table again without the partitions that are named, with another size for those whose name has one behind it,
/// and with those on standard input. sfdisk counts logical partitions in the order of the lines. What stays may be in use,
/// so that the kernel forgets only what is named, as far as nothing uses it; what there is now, the next step tells it.
const CHANGE: &str = r#"
set -e
disk=$1
shift
table=$(sfdisk --dump "$disk")
for name; do
  case $name in
    *=*) table=$(printf '%s\n' "$table" | sed "s|^\(${name%=*} *:.* size= *\)[0-9]*|\1${name#*=}|") ;;
    *) table=$(printf '%s\n' "$table" | grep -vF "$name :") ;;
  esac
done
new=$(cat)
printf '%s\n%s\n' "$table" "$new" |
  sfdisk -q --no-reread --no-tell-kernel --wipe never --wipe-partitions never "$disk"
for name; do partx -d "${name%=*}" 2>/dev/null || :; done"#;

/// The words are a partition, where it is, and for one that is resized with what is on it a word more: that must be nothing,
/// or what [`RESIZE`] knows.
const VERIFY: &str = r#"
name=$(basename "$(readlink -f "$1")")
found="$(cat "/sys/class/block/$name/start") $(cat "/sys/class/block/$name/size")"
[ "$found" = "$2 $3" ] || { echo "$1 has start and size $found, and not $2 $3 as the plan says"; exit 1; }
[ -n "$4" ] || exit 0
type=$(blkid -p -o value -s TYPE "$1") || [ $? -eq 2 ] || { echo "what is on $1 cannot be told"; exit 1; }
case $type in
  '' | ext[234] | ntfs) ;;
  *) echo "$1 has $type on it, which cannot be resized"; exit 1 ;;
esac"#;

/// The words are a partition and its size in bytes. Where nothing is, nothing is resized. e2fsck's status 1 means that it
/// has mended something.
const RESIZE: &str = r#"
set -e
type=$(blkid -p -o value -s TYPE "$1") || [ $? -eq 2 ]
case $type in
  '') ;;
  ext[234])
    e2fsck -p -f "$1" || [ $? -eq 1 ]
    resize2fs "$1" "$(($2 / 1024))k" ;;
  ntfs) echo y | ntfsresize --no-progress-bar -f -s "$2" "$1" ;;
  *) echo "$1 has $type on it, which cannot be resized"; exit 1 ;;
esac"#;

/// Waits until the device nodes are there. Words before `--` are disks, those behind it partitions.
///
/// `partx` tells the kernel about the partitions in case that it does not read such a table by
/// itself, or was not asked to; it does nothing when they are known. Behind a gap in the numbers, an update misses
/// partitions that an addition finds.
const SETTLE: &str = "\
while [ \"$1\" != -- ]; do partx -u \"$1\"; partx -a \"$1\" 2>/dev/null; shift; done
shift
if command -v udevadm >/dev/null; then udevadm settle --timeout=60 || :; fi
for device; do
  tries=0
  until [ -b \"$device\" ]; do
    tries=$((tries + 1))
    [ \"$tries\" -le 60 ] || { echo \"$device did not appear\"; exit 1; }
    sleep 0.5
  done
done";

pub(super) fn all(draft: &mut Draft<'_>) {
    let disks = draft.layout.disks.clone();
    zfs::ready(draft);
    dasd::all(draft);
    for disk in &disks {
        check(draft, disk);
        verify(draft, disk);
    }
    kept::all(draft);
    for disk in &disks {
        table(draft, disk);
    }
    settle(draft, &disks);
    for disk in disks.iter().filter(|disk| disk.preserve) {
        after_change(draft, disk);
    }
    for partition in disks.iter().flat_map(|disk| &disk.partitions) {
        erase(draft, &partition.path, partition.wipe, partition.preserve);
    }
    volumes::all(draft);
    filesystems::all(draft);
}

pub(super) fn short(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn check(draft: &mut Draft<'_>, disk: &DiskLayout) {
    let end = disk.partitions.iter().map(|p| p.start + p.size).max().unwrap_or(disk.size);
    let command = words(&["sh", "-c", CHECK, "check", &disk.path, &end.to_string(), &disk.sector_size.to_string()]);
    let description = format!("check that {} is there, large enough and not in use", disk.path);
    let id = format!("check-{}", short(&disk.path));
    draft.push(Step::new(Stage::Partitioning, id, description, command).reads([disk.path.clone()]));
}

pub(super) fn table(draft: &mut Draft<'_>, disk: &DiskLayout) {
    if disk.preserve {
        return change_table(draft, disk);
    }
    let step = Step::new(
        Stage::Partitioning,
        format!("wipe-{}", short(&disk.path)),
        format!("erase what was on {}", disk.path),
        words(&["sh", "-c", WIPE, "wipe", &disk.path]),
    );
    draft.push(step.destroys().writes([disk.path.clone()]));
    erase(draft, &disk.path, Some(disk.wipe), false);
    partitions(draft, disk);
}

/// Takes partitions out of a table and puts others in; the lines of all others stay as they are.
pub(super) fn change_table(draft: &mut Draft<'_>, disk: &DiskLayout) {
    let added = disk.partitions.iter().filter(|partition| !partition.preserve).count();
    let resized = disk.partitions.iter().filter(|it| it.resize.is_some() || it.old_path.is_some());
    let sizes = resized.map(|it| format!("{}={}", it.path_before(), it.size / u64::from(disk.sector_size.max(1))));
    let sizes: Vec<String> = sizes.collect();
    if added == 0 && disk.removed.is_empty() && sizes.is_empty() {
        return;
    }
    if disk.table == Some(Table::Vtoc) {
        return partitions(draft, disk);
    }
    resize(draft, disk, Ordering::Less);
    let mut command = words(&["sh", "-c", CHANGE, "change", &disk.path]);
    command.extend(disk.removed.iter().chain(&sizes).cloned());
    let (gone, path) = (disk.removed.len(), &disk.path);
    let description = match sizes.len() {
        0 => format!("take {gone} partitions out of {path}, and add {added}"),
        changed => format!("take {gone} partitions out of {path}, add {added}, and resize or renumber {changed}"),
    };
    let step = Step::new(Stage::Partitioning, format!("partition-{}", short(&disk.path)), description, command);
    draft.push(step.stdin(disk.sfdisk_script().unwrap_or_default()).destroys().writes([disk.path.clone()]));
}

/// Partitions that stay must be where the plan has them.
pub(super) fn verify(draft: &mut Draft<'_>, disk: &DiskLayout) {
    let is_shown = |part: &&Partition| part.preserve && part.kind != PartitionKind::Extended;
    for partition in disk.partitions.iter().filter(is_shown) {
        let path = partition.path_before();
        let size = partition.resize.map_or(partition.size, |resize| resize.from);
        let (start, size) = ((partition.start / 512).to_string(), (size / 512).to_string());
        let mut command = words(&["sh", "-c", VERIFY, "verify", path, &start, &size]);
        if partition.resize.is_some_and(|resize| resize.filesystem) {
            command.push("resize".to_owned());
        }
        let description = format!("check that {path} is what the plan keeps");
        let step = Step::new(Stage::Partitioning, format!("verify-{}", short(path)), description, command);
        draft.push(step.reads([path.to_owned()]));
    }
}

/// File systems become smaller before their partitions do, and larger after them.
fn resize(draft: &mut Draft<'_>, disk: &DiskLayout, direction: Ordering) {
    for part in &disk.partitions {
        let Some(resize) = part.resize.filter(|resize| resize.filesystem) else { continue };
        if part.size.cmp(&resize.from) != direction {
            continue;
        }
        let path = if direction == Ordering::Less { part.path_before() } else { &part.path };
        let command = words(&["sh", "-c", RESIZE, "resize", path, &part.size.to_string()]);
        let description = format!("resize what is on {path} from {} to {}", human(resize.from), human(part.size));
        let step = Step::new(Stage::Partitioning, format!("resize-{}", short(path)), description, command);
        draft.push(step.writes([path.to_owned()]));
    }
}

/// In a table that stays, a new partition may begin where an old file system was.
pub(super) fn after_change(draft: &mut Draft<'_>, disk: &DiskLayout) {
    let is_new = |part: &&Partition| !part.preserve && part.kind != PartitionKind::Extended;
    for partition in disk.partitions.iter().filter(is_new) {
        signatures(draft, &partition.path);
    }
    resize(draft, disk, Ordering::Greater);
}

fn signatures(draft: &mut Draft<'_>, path: &str) {
    let command = words(&["wipefs", "-qaf", path]);
    let description = format!("erase what was on {path}");
    let step = Step::new(Stage::Partitioning, format!("wipe-{}", short(path)), description, command);
    draft.push(step.destroys().writes([path.to_owned()]));
}

/// Makes the table of a DASD anew, and then its partitions, if there are any. With a second word, partitions that stay are
/// among them, and the table is written once, as curtin writes it.
const FDASD: &str = r#"
set -e
[ -n "$2" ] || fdasd -c /dev/null "$1"
config=$(mktemp)
trap 'rm -f "$config"' EXIT
cat >"$config"
[ ! -s "$config" ] || fdasd --verbose "--config=$config" "$1""#;

pub(super) fn partitions(draft: &mut Draft<'_>, disk: &DiskLayout) {
    if disk.table == Some(Table::Vtoc) {
        let keep = if disk.preserve { "keep" } else { "" };
        let command = words(&["sh", "-c", FDASD, "fdasd", &disk.path, keep]);
        let added = disk.partitions.iter().filter(|partition| !partition.preserve).count();
        let description = format!("make {added} partitions on {}", disk.path);
        let step = Step::new(Stage::Partitioning, format!("partition-{}", short(&disk.path)), description, command);
        draft.push(step.stdin(disk.fdasd_config()).destroys().writes([disk.path.clone()]));
    }
    if let Some(script) = disk.sfdisk_script() {
        let step = Step::new(
            Stage::Partitioning,
            format!("partition-{}", short(&disk.path)),
            format!("make {} partitions on {}", disk.partitions.len(), disk.path),
            words(&["sfdisk", "-q", "--wipe", "always", "--wipe-partitions", "always", &disk.path]),
        );
        draft.push(step.stdin(script).destroys().writes([disk.path.clone()]));
    }
}

pub(super) fn settle(draft: &mut Draft<'_>, disks: &[DiskLayout]) {
    let with_table = disks.iter().filter(|disk| !disk.partitions.is_empty());
    let mut command: Vec<String> = words(&["sh", "-c", SETTLE, "settle"]);
    command.extend(with_table.clone().map(|disk| disk.path.clone()));
    command.push("--".to_owned());
    // An extended partition is a node of two sectors, which not every kernel makes.
    let partitions = with_table.flat_map(|disk| &disk.partitions).filter(|it| it.kind != PartitionKind::Extended);
    let paths: Vec<String> = partitions.map(|partition| partition.path.clone()).collect();
    if paths.is_empty() {
        return;
    }
    command.extend(paths);
    draft.push(Step::new(Stage::Partitioning, "settle", "wait for the new partitions", command));
}

/// What is new has no signatures; what is kept has those that were on it.
pub(super) fn erase(draft: &mut Draft<'_>, device: &str, wipe: Option<Wipe>, kept: bool) {
    let (what, command) = match wipe {
        Some(Wipe::Superblock) if kept => return signatures(draft, device),
        None | Some(Wipe::Superblock) => return,
        Some(Wipe::Zero) => ("zeros", vec!["blkdiscard", "-f", "--zeroout", device]),
        Some(Wipe::Random) => ("random bytes", vec!["shred", "-n", "1", device]),
    };
    let step = Step::new(
        Stage::Partitioning,
        format!("overwrite-{}", short(device)),
        format!("overwrite {device} with {what}"),
        words(&command),
    );
    draft.push(step.destroys().writes([device.to_owned()]));
}
