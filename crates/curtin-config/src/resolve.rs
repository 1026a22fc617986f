//! The storage section of a configuration on the disks of a machine.

use std::collections::BTreeMap;

use crate::layout::{
    ALIGNMENT, DiskLayout, Filesystem, Layout, Mount, Partition, PartitionKind, Table, partition_path, usable,
};
use crate::problem::Problem;
use crate::seed;
use crate::size::human;
use crate::storage::{DiskItem, FormatItem, ItemKind, MountItem, PartitionItem, Storage, StorageItem};
use crate::target::{Disk, Target};

/// What an id stands for.
#[derive(Clone, Copy)]
enum Place {
    Disk(usize),
    Partition(usize, usize),
    Format(usize, Option<usize>),
    Mount,
}

struct Resolver<'a> {
    target: &'a Target,
    places: BTreeMap<&'a str, Place>,
    layout: Layout,
    problems: Vec<Problem>,
}

/// Resolves every item in the order of the text, as curtin handles them.
pub(crate) fn resolve(storage: &Storage, target: &Target) -> (Layout, Vec<Problem>) {
    let mut resolver = Resolver { target, places: BTreeMap::new(), layout: Layout::default(), problems: Vec::new() };
    for item in &storage.items {
        resolver.item(item);
    }
    let Resolver { mut layout, problems, .. } = resolver;
    // Parents before children; `/` is the shortest. What has no place comes last.
    layout.mounts.sort_by_key(|mount| (!mount.path.starts_with('/'), depth(&mount.path)));
    for disk in &mut layout.disks {
        disk.partitions.sort_by_key(|partition| partition.start);
    }
    (layout, problems)
}

fn depth(path: &str) -> usize {
    path.split('/').filter(|part| !part.is_empty()).count()
}

impl<'a> Resolver<'a> {
    fn error(&mut self, item: &StorageItem, code: &'static str, key: &str, message: String) {
        let path = if key.is_empty() { item.path.clone() } else { format!("{}.{key}", item.path) };
        self.problems.push(Problem::error(code, path, item.span, message));
    }

    fn item(&mut self, item: &'a StorageItem) {
        if item.preserve {
            let message = "preserve is not supported by the planner yet".to_owned();
            self.error(item, "preserve", "preserve", message);
            return;
        }
        let place = match &item.kind {
            ItemKind::Disk(disk) => self.disk(item, disk),
            ItemKind::Partition(partition) => self.partition(item, partition),
            ItemKind::Format(format) => self.format(item, format),
            ItemKind::Mount(mount) => self.mount(item, mount),
            other => {
                let message = format!("items of type {} are not supported by the planner yet", other.name());
                self.error(item, "storage-type", "type", message);
                None
            }
        };
        let Some(place) = place else { return };
        if self.places.insert(&item.id, place).is_some() {
            self.error(item, "duplicate-id", "id", format!("the id {} is used twice", item.id));
        }
    }

    fn disk(&mut self, item: &StorageItem, wanted: &DiskItem) -> Option<Place> {
        let disk = self.find(item, wanted)?;
        let table = match wanted.ptable.as_deref() {
            None | Some("") => None,
            Some("gpt") => Some(Table::Gpt),
            Some("msdos") => Some(Table::Msdos),
            Some(other) => {
                let message = format!("the partition table {other} is not gpt or msdos");
                self.error(item, "ptable", "ptable", message);
                return None;
            }
        };
        if self.layout.disks.iter().any(|other| other.path == disk.path) {
            self.error(item, "disk-twice", "", format!("{} is described twice", disk.path));
            return None;
        }
        let unique = disk.serial.as_deref().unwrap_or(&disk.path);
        self.layout.disks.push(DiskLayout {
            id: item.id.clone(),
            path: disk.path.clone(),
            size: disk.size,
            sector_size: disk.sector_size,
            table,
            uuid: seed::uuid(&[&self.target.seed, unique, &item.id]),
            wipe: wanted.wipe.unwrap_or_default(),
            grub_device: wanted.grub_device,
            partitions: Vec::new(),
            filesystem: None,
        });
        Some(Place::Disk(self.layout.disks.len().saturating_sub(1)))
    }

    /// The one disk that fits everything that is said about it.
    fn find(&mut self, item: &StorageItem, wanted: &DiskItem) -> Option<&'a Disk> {
        if wanted.serial.is_none() && wanted.wwn.is_none() && wanted.path.is_none() {
            self.error(item, "disk-unnamed", "", "a disk needs a serial, wwn or path".to_owned());
            return None;
        }
        let fits = |want: &Option<String>, have: Option<&str>| want.as_deref().is_none_or(|want| have == Some(want));
        let found = self.target.disks.iter().find(|disk| {
            fits(&wanted.serial, disk.serial.as_deref())
                && fits(&wanted.wwn, disk.wwn.as_deref())
                && fits(&wanted.path, Some(&disk.path))
        });
        if found.is_none() {
            let have: Vec<String> = self
                .target
                .disks
                .iter()
                .map(|disk| match &disk.serial {
                    Some(serial) => format!("{} (serial {serial})", disk.path),
                    None => disk.path.clone(),
                })
                .collect();
            let have = if have.is_empty() { "no disk".to_owned() } else { have.join(", ") };
            let message = format!("no disk of the machine fits; it has {have}");
            self.error(item, "disk-not-found", "", message);
        }
        found
    }

    fn partition(&mut self, item: &StorageItem, wanted: &PartitionItem) -> Option<Place> {
        let Some(Place::Disk(at)) = self.places.get(wanted.device.as_str()).copied() else {
            let message = format!("{} is not the id of a disk above", wanted.device);
            self.error(item, "unknown-device", "device", message);
            return None;
        };
        let disk = self.layout.disks.get(at)?.clone();
        let Some(table) = disk.table else {
            let message = format!("the disk {} has no ptable", disk.id);
            self.error(item, "ptable", "device", message);
            return None;
        };
        let (kind, bootable) = self.flag(item, wanted, table)?;
        let Some(size) = wanted.size.filter(|size| *size > 0) else {
            self.error(item, "missing-key", "size", "a partition needs a size above 0".to_owned());
            return None;
        };
        let last = disk.partitions.last();
        let number = wanted.number.unwrap_or_else(|| last.map_or(1, |last| last.number.saturating_add(1)));
        let limit = if table == Table::Gpt { 128 } else { 4 };
        if number > limit || disk.partitions.iter().any(|other| other.number == number) {
            let message = format!("the partition number {number} is taken or above {limit}");
            self.error(item, "partition-number", "number", message);
            return None;
        }
        let sector = u64::from(disk.sector_size.max(1));
        let start = wanted.offset.unwrap_or_else(|| last.map_or(ALIGNMENT, |last| last.start + last.size));
        let start = start.checked_next_multiple_of(ALIGNMENT).unwrap_or(u64::MAX);
        let size = size.checked_next_multiple_of(sector).unwrap_or(u64::MAX);
        if !self.fits(item, &disk, start, size) {
            return None;
        }
        let unique = seed::uuid(&[&self.target.seed, &disk.uuid, &item.id]);
        let disk = self.layout.disks.get_mut(at)?;
        disk.partitions.push(Partition {
            id: item.id.clone(),
            number,
            path: partition_path(&disk.path, number),
            start,
            size,
            kind,
            bootable,
            uuid: unique,
            wipe: wanted.wipe.unwrap_or_default(),
            filesystem: None,
        });
        Some(Place::Partition(at, disk.partitions.len().saturating_sub(1)))
    }

    fn fits(&mut self, item: &StorageItem, disk: &DiskLayout, start: u64, size: u64) -> bool {
        let usable = usable(disk.size, disk.sector_size);
        let end = start.saturating_add(size);
        if start < usable.start || end > usable.end {
            let message = format!(
                "{} from {} do not fit on {} of {}: at most {} are left there",
                human(size),
                human(start),
                disk.path,
                human(disk.size),
                human(usable.end.saturating_sub(start)),
            );
            self.error(item, "partition-size", "size", message);
            return false;
        }
        let over = disk.partitions.iter().find(|other| start < other.start + other.size && other.start < end);
        if let Some(other) = over {
            let message = format!("overlaps the partition {}", other.id);
            self.error(item, "partition-overlap", "offset", message);
        }
        over.is_none()
    }

    fn flag(&mut self, item: &StorageItem, wanted: &PartitionItem, table: Table) -> Option<(PartitionKind, bool)> {
        Some(match (wanted.flag.as_deref().unwrap_or("linux"), table) {
            ("linux", _) => (PartitionKind::Linux, false),
            ("boot", Table::Gpt) => (PartitionKind::Esp, false),
            ("boot", Table::Msdos) => (PartitionKind::Linux, true),
            ("bios_grub", Table::Gpt) => (PartitionKind::BiosGrub, false),
            ("swap", _) => (PartitionKind::Swap, false),
            ("home", _) => (PartitionKind::Home, false),
            ("lvm", _) => (PartitionKind::Lvm, false),
            ("raid", _) => (PartitionKind::Raid, false),
            ("prep", _) => (PartitionKind::Prep, false),
            ("msftres", Table::Gpt) => (PartitionKind::MsftReserved, false),
            (flag, _) => {
                let message = format!("the flag {flag} is not supported by the planner yet on this partition table");
                self.error(item, "partition-flag", "flag", message);
                return None;
            }
        })
    }

    fn format(&mut self, item: &StorageItem, wanted: &FormatItem) -> Option<Place> {
        let place = self.places.get(wanted.volume.as_str()).copied();
        let Some((disk, partition)) = (match place {
            Some(Place::Disk(disk)) => Some((disk, None)),
            Some(Place::Partition(disk, partition)) => Some((disk, Some(partition))),
            _ => None,
        }) else {
            let message = format!("{} is not the id of a disk or partition above", wanted.volume);
            self.error(item, "unknown-device", "volume", message);
            return None;
        };
        let kind = match wanted.fstype.as_str() {
            "fat" | "fat32" | "fat16" | "fat12" => "vfat",
            kind @ ("ext2" | "ext3" | "ext4" | "xfs" | "btrfs" | "vfat" | "swap") => kind,
            other => {
                let message = format!("the file system {other} is not supported by the planner yet");
                self.error(item, "fstype", "fstype", message);
                return None;
            }
        };
        let unique = self.layout.disks.get(disk)?.uuid.clone();
        let uuid = wanted.uuid.clone().unwrap_or_else(|| {
            let parts = [self.target.seed.as_str(), &unique, &item.id];
            if kind == "vfat" { seed::volume_id(&parts) } else { seed::uuid(&parts) }
        });
        if !uuid.chars().all(|c| c.is_ascii_hexdigit() || c == '-') || uuid.is_empty() {
            self.error(item, "uuid", "uuid", format!("{uuid:?} is not a UUID"));
            return None;
        }
        self.label(item, kind, wanted.label.as_deref());
        let filesystem = Some(Filesystem {
            id: item.id.clone(),
            kind: kind.to_owned(),
            label: wanted.label.clone(),
            uuid,
            extra_options: wanted.extra_options.clone(),
        });
        let disk_layout = self.layout.disks.get_mut(disk)?;
        let slot = match partition {
            Some(partition) => &mut disk_layout.partitions.get_mut(partition)?.filesystem,
            None => &mut disk_layout.filesystem,
        };
        if slot.is_some() {
            self.error(item, "format-twice", "volume", format!("{} is formatted twice", wanted.volume));
            return None;
        }
        *slot = filesystem;
        Some(Place::Format(disk, partition))
    }

    fn label(&mut self, item: &StorageItem, kind: &str, label: Option<&str>) {
        let limit = match kind {
            "xfs" => 12,
            "vfat" => 11,
            "btrfs" => 256,
            _ => 16,
        };
        if label.is_some_and(|label| label.len() > limit) {
            self.error(item, "label", "label", format!("a label of {kind} has at most {limit} bytes"));
        }
    }

    fn mount(&mut self, item: &StorageItem, wanted: &MountItem) -> Option<Place> {
        let word = |text: &Option<String>, default: &str| {
            text.as_deref().filter(|text| !text.is_empty()).unwrap_or(default).to_owned()
        };
        let mut mount = Mount {
            device: None,
            spec: word(&wanted.spec, "none"),
            path: word(&wanted.path, "none"),
            kind: word(&wanted.fstype, "auto"),
            options: word(&wanted.options, "defaults"),
            freq: word(&wanted.freq, "0"),
            passno: word(&wanted.passno, "0"),
        };
        if let Some(device) = &wanted.device {
            let Some(Place::Format(disk, partition)) = self.places.get(device.as_str()).copied() else {
                let message = format!("{device} is not the id of a format above");
                self.error(item, "unknown-device", "device", message);
                return None;
            };
            let disk = self.layout.disks.get(disk)?;
            let (path, filesystem) = match partition {
                Some(at) => disk.partitions.get(at).map(|p| (&p.path, p.filesystem.as_ref()))?,
                None => (&disk.path, disk.filesystem.as_ref()),
            };
            let filesystem = filesystem?;
            mount.device = Some(path.clone());
            mount.spec = format!("UUID={}", filesystem.uuid);
            mount.kind.clone_from(&filesystem.kind);
            if mount.kind == "swap" {
                mount.path = "none".to_owned();
                mount.options = word(&wanted.options, "sw");
            } else if wanted.passno.is_none() {
                mount.passno = "1".to_owned();
            }
        } else if wanted.spec.is_none() {
            self.error(item, "missing-key", "device", "a mount needs a device or a spec".to_owned());
            return None;
        }
        self.mount_path(item, &mount)?;
        self.layout.mounts.push(mount);
        Some(Place::Mount)
    }

    fn mount_path(&mut self, item: &StorageItem, mount: &Mount) -> Option<()> {
        let clean = |text: &str| !text.chars().any(|c| c.is_control() || c == ' ' || c == '#');
        let fields = [&mount.spec, &mount.kind, &mount.options, &mount.freq, &mount.passno, &mount.path];
        if !fields.into_iter().all(|field| clean(field)) {
            let message = "spaces and control characters are not supported in a mount yet".to_owned();
            self.error(item, "mount-field", "", message);
            return None;
        }
        let placed = mount.path.starts_with('/') && !mount.path.split('/').any(|part| part == "..");
        let nowhere = mount.path == "none" && (mount.kind == "swap" || mount.device.is_none());
        if !placed && !nowhere {
            let message = format!("{:?} is not an absolute path without `..`", mount.path);
            self.error(item, "mount-path", "path", message);
            return None;
        }
        if placed && self.layout.mounts.iter().any(|other| other.path == mount.path) {
            self.error(item, "mount-twice", "path", format!("{} is mounted twice", mount.path));
            return None;
        }
        Some(())
    }
}
