//! Partitioning, formatting and mounting.

use crate::layout::{DiskLayout, Filesystem};
use crate::plan::{Draft, Stage, Step};
use crate::storage::Wipe;

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

/// Erases the signatures of the partitions first, so that nothing finds them again when a new
/// partition begins at the same place.
const WIPE: &str = "\
set -e
lsblk -nrpo NAME \"$1\" | sort -r | while read -r name; do wipefs -qaf \"$name\"; done";

/// Waits until the device nodes are there. Words before `--` are disks, those behind it partitions.
///
/// `partx` tells the kernel about the partitions in case that it does not read such a table by
/// itself, or was not asked to; it does nothing when they are known.
const SETTLE: &str = "\
while [ \"$1\" != -- ]; do partx -u \"$1\" || :; shift; done
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
    for disk in &disks {
        check(draft, disk);
    }
    for disk in &disks {
        table(draft, disk);
    }
    settle(draft, &disks);
    for disk in &disks {
        if let Some(filesystem) = &disk.filesystem {
            format(draft, &disk.path, disk.size, filesystem);
        }
        for partition in &disk.partitions {
            erase(draft, &partition.path, partition.wipe);
            if let Some(filesystem) = &partition.filesystem {
                format(draft, &partition.path, partition.size, filesystem);
            }
        }
    }
    mounts(draft);
}

fn words(list: &[&str]) -> std::vec::IntoIter<String> {
    list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>().into_iter()
}

fn short(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn check(draft: &mut Draft<'_>, disk: &DiskLayout) {
    let end = disk.partitions.iter().map(|p| p.start + p.size).max().unwrap_or(disk.size);
    let command = words(&["sh", "-c", CHECK, "check", &disk.path, &end.to_string(), &disk.sector_size.to_string()]);
    let description = format!("check that {} is there, large enough and not in use", disk.path);
    let id = format!("check-{}", short(&disk.path));
    draft.push(Step::new(Stage::Partitioning, id, description, command).reads([disk.path.clone()]));
}

fn table(draft: &mut Draft<'_>, disk: &DiskLayout) {
    let name = short(&disk.path);
    let step = Step::new(
        Stage::Partitioning,
        format!("wipe-{name}"),
        format!("erase what was on {}", disk.path),
        words(&["sh", "-c", WIPE, "wipe", &disk.path]),
    );
    draft.push(step.destroys().writes([disk.path.clone()]));
    erase(draft, &disk.path, disk.wipe);
    if let Some(script) = disk.sfdisk_script() {
        let step = Step::new(
            Stage::Partitioning,
            format!("partition-{name}"),
            format!("make {} partitions on {}", disk.partitions.len(), disk.path),
            words(&["sfdisk", "-q", "--wipe", "always", "--wipe-partitions", "always", &disk.path]),
        );
        draft.push(step.stdin(script).destroys().writes([disk.path.clone()]));
    }
}

fn settle(draft: &mut Draft<'_>, disks: &[DiskLayout]) {
    let with_table = disks.iter().filter(|disk| !disk.partitions.is_empty());
    let mut command: Vec<String> = words(&["sh", "-c", SETTLE, "settle"]).collect();
    command.extend(with_table.clone().map(|disk| disk.path.clone()));
    command.push("--".to_owned());
    let partitions = with_table.flat_map(|disk| &disk.partitions);
    let paths: Vec<String> = partitions.map(|partition| partition.path.clone()).collect();
    if paths.is_empty() {
        return;
    }
    command.extend(paths);
    draft.push(Step::new(Stage::Partitioning, "settle", "wait for the new partitions", command));
}

fn erase(draft: &mut Draft<'_>, device: &str, wipe: Wipe) {
    let (what, command) = match wipe {
        Wipe::Superblock => return,
        Wipe::Zero => ("zeros", vec!["blkdiscard", "-f", "--zeroout", device]),
        Wipe::Random => ("random bytes", vec!["shred", "-n", "1", device]),
    };
    let step = Step::new(
        Stage::Partitioning,
        format!("overwrite-{}", short(device)),
        format!("overwrite {device} with {what}"),
        words(&command),
    );
    draft.push(step.destroys().writes([device.to_owned()]));
}

fn format(draft: &mut Draft<'_>, device: &str, size: u64, fs: &Filesystem) {
    let label = fs.label.as_deref();
    let mut command: Vec<&str> = match fs.kind.as_str() {
        // Tables and journal are finished by the kernel later: making them now is most of the time.
        "ext4" => {
            vec!["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", "-U", &fs.uuid]
        }
        "ext3" => vec!["mkfs.ext3", "-q", "-F", "-U", &fs.uuid],
        "ext2" => vec!["mkfs.ext2", "-q", "-F", "-U", &fs.uuid],
        "btrfs" => vec!["mkfs.btrfs", "-q", "-f", "-U", &fs.uuid],
        "swap" => vec!["mkswap", "-f", "-U", &fs.uuid],
        "vfat" => vec!["mkfs.vfat"],
        _ => vec!["mkfs.xfs", "-q", "-f", "-K"],
    };
    let volume_id: String = fs.uuid.chars().filter(|c| *c != '-').collect();
    let xfs_uuid = format!("uuid={}", fs.uuid);
    match fs.kind.as_str() {
        "vfat" => {
            // FAT32 needs 65525 clusters; smaller ones are left to mkfs.
            if size >= 64 << 20 {
                command.extend(["-F", "32"]);
            }
            command.extend(["-i", &volume_id]);
        }
        "xfs" => command.extend(["-m", &xfs_uuid]),
        _ => {}
    }
    if let Some(label) = label {
        command.extend([if fs.kind == "vfat" { "-n" } else { "-L" }, label]);
    }
    command.extend(fs.extra_options.iter().map(String::as_str));
    command.push(device);
    let step = Step::new(
        Stage::Partitioning,
        format!("mkfs-{}", short(device)),
        format!("format {device} as {}", fs.kind),
        words(&command),
    );
    draft.push(step.destroys().writes([device.to_owned()]));
}

fn mounts(draft: &mut Draft<'_>) {
    let root = draft.target.mount_point.clone();
    for mount in draft.layout.mounts.clone() {
        let Some(device) = mount.device.filter(|_| mount.path.starts_with('/')) else {
            continue;
        };
        let place = format!("{root}{}", mount.path.trim_end_matches('/'));
        let script = "mkdir -p \"$4\" && mount -t \"$1\" -o \"$2\" \"$3\" \"$4\"";
        let command = words(&["sh", "-c", script, "mount", &mount.kind, &mount.options, &device, &place]);
        let name = match mount.path.trim_matches('/') {
            "" => "root",
            name => name,
        };
        let description = format!("mount {device} on {place}");
        draft.push(
            Step::new(Stage::Partitioning, format!("mount-{name}"), description, command)
                .reads([device])
                .writes([place]),
        );
    }
}
