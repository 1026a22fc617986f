//! The storage section of a configuration on the disks of a machine.
//!
//! Items are resolved in the order of the text, as curtin handles them: an item refers only to
//! items above it, so that nothing can be built of itself.

mod bcache;
mod crypt;
mod disk;
mod format;
mod kept;
mod lvm;
mod mainframe;
mod mount;
pub(crate) mod partition;
mod preserve;
mod raid;
mod zfs;

use std::collections::{BTreeMap, BTreeSet};

use crate::layout::{DiskLayout, Filesystem, Layout, PartitionKind, Volume, VolumeKind};
use crate::problem::Problem;
use crate::seed;
use crate::storage::{ItemKind, Storage, StorageItem};
use crate::target::Target;
use crate::zfs::Mountpoint;

/// Something with a partition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Disk(usize),
    Array(usize),
}

/// A block device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Device {
    Whole(Holder),
    Partition(Holder, usize),
}

/// What an id stands for.
#[derive(Clone, Copy)]
enum Place {
    Device(Device),
    Group(usize),
    Pool(usize),
    Format(Device),
    Mount,
}

/// What others need to know about a device.
struct Facts {
    path: String,
    size: u64,
    sector_size: u32,
}

/// The partition items of a device so far, and those with the flag `logical` among them.
#[derive(Clone, Copy, Default)]
struct Counts {
    all: u32,
    logical: u32,
}

struct Resolver<'a> {
    target: &'a Target,
    storage: &'a Storage,
    version: u8,
    places: BTreeMap<&'a str, Place>,
    /// The ids of items that were refused.
    refused: BTreeSet<String>,
    /// What each device is used for: the id of a format or volume.
    uses: BTreeMap<Device, &'a str>,
    /// How many partitions there have been, from which their numbers follow.
    counts: BTreeMap<Holder, Counts>,
    /// Extents of 4 MiB that are left in each volume group.
    free_extents: BTreeMap<usize, u64>,
    /// The devices with a cache set, and its UUID.
    cache_sets: BTreeMap<Device, String>,
    /// The mountpoints of pools and file systems of ZFS, which those below inherit.
    mountpoints: BTreeMap<usize, Mountpoint>,
    layout: Layout,
    problems: Vec<Problem>,
}

/// Resolves every item in the order of the text, as curtin handles them.
pub(crate) fn resolve(storage: &Storage, target: &Target) -> (Layout, Vec<Problem>) {
    let mut problems = Vec::new();
    let expanded = zfs::expanded(storage, &mut problems);
    let storage = expanded.as_ref().unwrap_or(storage);
    let mut resolver = Resolver {
        target,
        storage,
        version: storage.version,
        places: BTreeMap::new(),
        refused: BTreeSet::new(),
        uses: BTreeMap::new(),
        counts: BTreeMap::new(),
        free_extents: BTreeMap::new(),
        cache_sets: BTreeMap::new(),
        mountpoints: BTreeMap::new(),
        layout: Layout::default(),
        problems,
    };
    for item in &storage.items {
        resolver.item(item);
    }
    let Resolver { mut layout, problems, .. } = resolver;
    // Parents before children; `/` is the shortest. What has no place comes last.
    layout.mounts.sort_by_key(|mount| (!mount.path.starts_with('/'), depth(&mount.path)));
    let arrays = layout.volumes.iter_mut().filter_map(Volume::table_mut);
    for disk in layout.disks.iter_mut().chain(arrays) {
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
        self.refused.insert(item.id.clone());
    }

    /// An error with what to do about it.
    fn refuse(&mut self, item: &StorageItem, code: &'static str, key: &str, message: String, remedy: &str) {
        self.error(item, code, key, message);
        if let Some(problem) = self.problems.last_mut() {
            remedy.clone_into(&mut problem.remedy);
        }
    }

    /// There is nothing of this id above. What stands on an item that was refused is refused without another word.
    fn unknown(&mut self, item: &StorageItem, key: &str, id: &str, what: &str) {
        if self.refused.contains(id) {
            self.refused.insert(item.id.clone());
            return;
        }
        let message = format!("{id} is not the id of {what} above");
        self.refuse(
            item,
            "unknown-device",
            key,
            message,
            "correct the id, or put the item that it means before this one",
        );
    }

    fn warn(&mut self, item: &StorageItem, code: &'static str, key: &str, message: String, remedy: &str) {
        let path = format!("{}.{key}", item.path);
        self.problems.push(Problem::warning(code, path, item.span, message).remedy(remedy));
    }

    fn item(&mut self, item: &'a StorageItem) {
        if item.preserve && matches!(item.kind, ItemKind::Zpool(_) | ItemKind::Zfs(_)) {
            let message = format!("curtin keeps no {}: it would make a new one", item.kind.name());
            self.refuse(item, "preserve", "preserve", message, "import the pool in late_commands");
            return;
        }
        let place = match &item.kind {
            ItemKind::Disk(disk) => self.disk(item, disk),
            ItemKind::Partition(partition) => self.partition(item, partition),
            ItemKind::Format(format) => self.format(item, format),
            ItemKind::Mount(mount) => self.mount(item, mount),
            ItemKind::Raid(raid) => self.raid(item, raid),
            ItemKind::LvmVolgroup(group) => self.volume_group(item, group),
            ItemKind::LvmPartition(volume) => self.logical_volume(item, volume),
            ItemKind::DmCrypt(crypt) => self.crypt(item, crypt),
            ItemKind::Bcache(bcache) => self.bcache(item, bcache),
            ItemKind::Zpool(pool) => self.pool(item, pool),
            ItemKind::Zfs(dataset) => self.dataset(item, dataset),
            ItemKind::Dasd(dasd) => self.dasd(item, dasd),
            ItemKind::NvmeController(controller) => self.controller(item, controller),
            ItemKind::Device(device) => self.device(item, device),
            ItemKind::Other(name) => {
                self.error(item, "storage-type", "type", format!("curtin knows no items of type {name}"));
                None
            }
        };
        let Some(place) = place else { return };
        if self.places.insert(&item.id, place).is_some() {
            self.error(item, "duplicate-id", "id", format!("the id {} is used twice", item.id));
        }
    }

    fn holder(&self, holder: Holder) -> Option<&DiskLayout> {
        match holder {
            Holder::Disk(at) => self.layout.disks.get(at),
            Holder::Array(at) => self.layout.volumes.get(at)?.table(),
        }
    }

    fn facts(&self, device: Device) -> Option<Facts> {
        match device {
            Device::Whole(Holder::Array(at)) => {
                let volume = self.layout.volumes.get(at)?;
                Some(Facts { path: volume.path.clone(), size: volume.size, sector_size: volume.sector_size })
            }
            Device::Whole(holder) => self.holder(holder).map(|disk| Facts {
                path: disk.path.clone(),
                size: disk.size,
                sector_size: disk.sector_size,
            }),
            Device::Partition(holder, at) => {
                let disk = self.holder(holder)?;
                let partition = disk.partitions.get(at)?;
                Some(Facts { path: partition.path.clone(), size: partition.size, sector_size: disk.sector_size })
            }
        }
    }

    fn filesystem(&mut self, device: Device) -> Option<&mut Option<Filesystem>> {
        Some(match device {
            Device::Whole(Holder::Disk(at)) => &mut self.layout.disks.get_mut(at)?.filesystem,
            Device::Whole(Holder::Array(at)) => &mut self.layout.volumes.get_mut(at)?.filesystem,
            Device::Partition(holder, at) => &mut self.holder_mut(holder)?.partitions.get_mut(at)?.filesystem,
        })
    }

    fn holder_mut(&mut self, holder: Holder) -> Option<&mut DiskLayout> {
        match holder {
            Holder::Disk(at) => self.layout.disks.get_mut(at),
            Holder::Array(at) => self.layout.volumes.get_mut(at)?.table_mut(),
        }
    }

    /// The device with an id, which `item` takes for itself: nothing else can have it.
    fn take(&mut self, item: &'a StorageItem, key: &str, id: &str) -> Option<(Device, Facts)> {
        let Some(Place::Device(device)) = self.places.get(id).copied() else {
            self.unknown(item, key, id, "a disk, partition or volume");
            return None;
        };
        if let Some(user) = self.uses.get(&device) {
            let (code, message) = match &item.kind {
                ItemKind::Format(_) => ("format-twice", format!("{id} is used by {user} already")),
                _ => ("device-twice", format!("{id} is used by {user} already")),
            };
            self.error(item, code, key, message);
            return None;
        }
        let refusal = match device {
            Device::Whole(holder) => match self.holder_mut(holder) {
                Some(disk) if !disk.partitions.is_empty() => Some(("has partitions", "use one of these")),
                Some(disk) => {
                    // A table without partitions gives way to what is put over it.
                    disk.table = None;
                    None
                }
                None => None,
            },
            Device::Partition(holder, at) => match self.holder(holder)?.partitions.get(at)?.kind {
                PartitionKind::BiosGrub => {
                    let message = format!("the boot loader writes itself over what stands on {id}");
                    self.warn(item, "boot-loader-area", key, message, "use another partition");
                    None
                }
                PartitionKind::Extended => Some(("is an extended partition", "use a logical one in it")),
                _ => None,
            },
        };
        if let Some((refusal, remedy)) = refusal {
            self.refuse(item, "device-kind", key, format!("{id} {refusal}"), remedy);
            return None;
        }
        if item.preserve && !self.is_kept(device) {
            let message = format!("{id} is made anew, so that nothing on it can be kept");
            self.refuse(item, "preserve-new", key, message, "preserve it, too");
            return None;
        }
        if let Device::Partition(holder, at) = device
            && item.preserve
            && !matches!(item.kind, ItemKind::Format(_))
            && let Some(old) = self.holder(holder)?.partitions.get(at)?.old_path.clone()
        {
            let message =
                format!("{old} gets another number when logical partitions before it go, and is in use by then");
            self.refuse(item, "preserve-number", key, message, "preserve the logical partitions before it, too");
            return None;
        }
        self.uses.insert(device, &item.id);
        Some((device, self.facts(device)?))
    }

    /// The devices with these ids; `None` when any of them cannot be had.
    fn take_all(&mut self, item: &'a StorageItem, key: &str, ids: &[String]) -> Option<Vec<Facts>> {
        let taken: Vec<Option<(Device, Facts)>> = ids.iter().map(|id| self.take(item, key, id)).collect();
        taken.into_iter().map(|taken| taken.map(|(_, facts)| facts)).collect()
    }

    /// Adds a volume. Its device node must be its own.
    fn add_volume(&mut self, item: &StorageItem, volume: Volume) -> Option<usize> {
        if self.layout.volumes.iter().any(|other| other.path == volume.path) {
            self.error(item, "name-twice", "name", format!("{} is made twice", volume.path));
            return None;
        }
        self.layout.volumes.push(volume);
        Some(self.layout.volumes.len() - 1)
    }

    /// Whether something has this place in the tree.
    fn is_mounted(&self, path: &str) -> bool {
        let mut mounts = self.layout.mounts.iter().map(|mount| mount.path.as_str());
        let mut volumes = self.layout.volumes.iter().filter_map(Volume::mountpoint);
        mounts.any(|other| other == path) || volumes.any(|other| other == path)
    }

    /// A UUID that no other item and no other machine has.
    fn uuid(&self, item: &StorageItem, what: &str) -> String {
        seed::uuid(&[&self.target.seed, what, &item.id])
    }
}

/// A volume without content.
fn volume(item: &StorageItem, path: String, size: u64, sector_size: u32, kind: VolumeKind) -> Volume {
    Volume {
        id: item.id.clone(),
        path,
        size,
        sector_size,
        kind,
        wipe: None,
        filesystem: None,
        table: None,
        preserve: item.preserve,
    }
}
