//! File systems, swap areas, and mounts.

use crate::layout::{Filesystem, Mount};
use crate::plan::{Draft, Stage, Step};

use super::disks::short;
use super::{words, zfs};

pub(super) fn all(draft: &mut Draft<'_>) {
    let mut made: Vec<(String, u64, Filesystem)> = Vec::new();
    let mut add = |path: &str, size: u64, filesystem: &Option<Filesystem>| {
        let new = filesystem.clone().filter(|filesystem| !filesystem.preserve);
        made.extend(new.map(|filesystem| (path.to_owned(), size, filesystem)));
    };
    let tables = draft.layout.volumes.iter().filter_map(|volume| volume.table());
    for disk in draft.layout.disks.iter().chain(tables) {
        add(&disk.path, disk.size, &disk.filesystem);
        for partition in &disk.partitions {
            add(&partition.path, partition.size, &partition.filesystem);
        }
    }
    for volume in &draft.layout.volumes {
        add(&volume.path, volume.size, &volume.filesystem);
    }
    for (path, size, filesystem) in &made {
        format(draft, path, *size, filesystem);
    }
    mounts(draft);
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
        "f2fs" => vec!["mkfs.f2fs", "-f"],
        "jfs" => vec!["jfs_mkfs", "-q"],
        "ntfs" => vec!["mkntfs", "--force", "--fast"],
        "reiserfs" => vec!["mkfs.reiserfs", "-q", "-f", "-u", &fs.uuid],
        _ => vec!["mkfs.xfs", "-q", "-f", "-K"],
    };
    let volume_id: String = fs.uuid.chars().filter(|c| *c != '-').collect();
    let xfs_uuid = format!("uuid={}", fs.uuid);
    match fs.kind.as_str() {
        "vfat" => {
            // FAT32 needs 65525 clusters; smaller ones are left to mkfs.
            match fs.fat_bits {
                Some(12) => command.extend(["-F", "12"]),
                Some(16) => command.extend(["-F", "16"]),
                None if size < 64 << 20 => {}
                _ => command.extend(["-F", "32"]),
            }
            command.extend(["-i", &volume_id]);
        }
        "xfs" => command.extend(["-m", &xfs_uuid]),
        "f2fs" => command.extend(["-U", &fs.uuid]),
        _ => {}
    }
    if let Some(label) = label {
        let option = match fs.kind.as_str() {
            "vfat" => "-n",
            "f2fs" => "-l",
            "reiserfs" => "--label",
            _ => "-L",
        };
        command.extend([option, label]);
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

/// Parents before children, also where ZFS mounts one of the two: it does so when a file system is made.
fn mounts(draft: &mut Draft<'_>) {
    let mut mounts = draft.layout.mounts.clone();
    for volume in draft.layout.volumes.clone() {
        let is_above = |mount: &Mount| volume.mountpoint().is_some_and(|path| is_below(path, &mount.path));
        let above = mounts.extract_if(.., |mount| is_above(mount)).collect();
        plain_mounts(draft, above);
        zfs::make(draft, &volume);
    }
    plain_mounts(draft, mounts);
}

fn is_below(path: &str, place: &str) -> bool {
    place.starts_with('/') && path.strip_prefix(place.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

fn plain_mounts(draft: &mut Draft<'_>, mounts: Vec<Mount>) {
    let root = draft.target.mount_point.clone();
    for mount in mounts {
        if !mount.path.starts_with('/') {
            continue;
        }
        // A directory that is mounted at another place is one of the installed system.
        let is_directory = mount.device.is_none() && mount.spec.starts_with('/');
        let source = if is_directory { format!("{root}{}", mount.spec) } else { mount.spec };
        let device = mount.device.unwrap_or(source);
        let place = format!("{root}{}", mount.path.trim_end_matches('/'));
        let script = if is_directory {
            "mkdir -p \"$3\" \"$4\" && mount -t \"$1\" -o \"$2\" \"$3\" \"$4\""
        } else {
            "mkdir -p \"$4\" && mount -t \"$1\" -o \"$2\" \"$3\" \"$4\""
        };
        let kind = if mount.kind == "bind" { "none" } else { &mount.kind };
        let command = words(&["sh", "-c", script, "mount", kind, &mount.options, &device, &place]);
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
