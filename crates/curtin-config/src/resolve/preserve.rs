//! What is on a disk already and stays there.

use super::{Device, Holder, Place, Resolver};
use crate::layout::{DiskLayout, Partition, PartitionKind, Resize, Table, Volume, partition_path, track, usable};
use crate::size::human;
use crate::storage::{FormatItem, ItemKind, PartitionItem, RESIZABLE, StorageItem};
use crate::target::{Disk, ExistingPartition};

impl Resolver<'_> {
    /// The table of a disk that is preserved, with its partitions. Where version 2 writes the table again, it takes out
    /// those that no item preserves; all others stay.
    pub(super) fn kept_table(&mut self, item: &StorageItem, disk: &Disk, layout: &mut DiskLayout) -> Option<()> {
        layout.preserve = true;
        let wanted = layout.table;
        let Some(existing) = &disk.existing else {
            if wanted.is_none() {
                return Some(());
            }
            let message = format!("the partitions of {} are not known, so none can be kept", disk.path);
            self.refuse(
                item,
                "preserve-unknown",
                "preserve",
                message,
                "say what is on the disk (partitions), or remove `preserve`",
            );
            return None;
        };
        if wanted.is_some_and(|wanted| wanted != existing.table) {
            let message = format!("{} has another kind of partition table, and is to be preserved", disk.path);
            let remedy = format!("write `ptable: {}`, or remove `preserve`", existing.table.word());
            self.refuse(item, "preserve-differs", "ptable", message, &remedy);
            return None;
        }
        let sound = |part: &ExistingPartition| {
            let end = part.start.checked_add(part.size);
            part.number > 0 && part.size > 0 && end.is_some_and(|end| end <= disk.size)
        };
        if !existing.partitions.iter().all(sound) {
            let message = format!("what is said of the partitions of {} cannot be: one is outside of it", disk.path);
            self.refuse(item, "preserve-unknown", "preserve", message, "commission the machine again");
            return None;
        }
        layout.table = Some(existing.table);
        let kept: Vec<&PartitionItem> = self
            .storage
            .items
            .iter()
            .filter(|other| other.preserve)
            .filter_map(|other| match &other.kind {
                ItemKind::Partition(partition) if partition.device == item.id => Some(partition),
                _ => None,
            })
            .collect();
        let is_kept = |part: &ExistingPartition| kept.iter().any(|wanted| is_meant(wanted, part, &disk.path));
        let logical = |part: &ExistingPartition| existing.table == Table::Msdos && part.number > 4;
        let any_logical = existing.partitions.iter().any(|part| logical(part) && is_kept(part));
        let rewrites = self.rewrites(&item.id);
        let mut by_number: Vec<&ExistingPartition> = existing.partitions.iter().collect();
        by_number.sort_by_key(|part| part.number);
        let mut gone_logical = 0;
        for part in by_number {
            let kind = PartitionKind::of_code(&part.type_code, existing.table);
            let path = partition_path(&disk.path, part.number);
            let holds_logical = kind == PartitionKind::Extended && any_logical;
            if rewrites && !is_kept(part) && !holds_logical {
                layout.removed.push(path);
                gone_logical += u32::from(logical(part));
                continue;
            }
            let number = if logical(part) { part.number.saturating_sub(gone_logical) } else { part.number };
            layout.partitions.push(Partition {
                kind,
                type_code: Some(part.type_code.clone()),
                logical: logical(part),
                uuid: part.uuid.clone().unwrap_or_default(),
                preserve: true,
                old_path: (number != part.number).then_some(path),
                ..Partition::new(&disk.path, number, part.start, part.size)
            });
        }
        layout.partitions.sort_by_key(|part| part.start);
        Some(())
    }

    /// Whether curtin writes the table of a device again, and can resize what is in it: version 2 does where the item names
    /// one of two kinds, and leaves all else to version 1 (`disk_handler_v2`).
    fn rewrites(&self, id: &str) -> bool {
        let item = self.storage.items.iter().find(|item| item.id == id);
        let ptable = item.and_then(|item| match &item.kind {
            ItemKind::Disk(disk) => disk.ptable.as_deref(),
            ItemKind::Raid(raid) => raid.ptable.as_deref(),
            ItemKind::Bcache(bcache) => bcache.ptable.as_deref(),
            _ => None,
        });
        self.version == 2 && matches!(ptable, Some("gpt" | "msdos"))
    }

    /// The partition that an item with `preserve` means.
    pub(super) fn kept_partition(
        &mut self,
        item: &StorageItem,
        wanted: &PartitionItem,
        holder: Holder,
        disk: &DiskLayout,
    ) -> Option<Place> {
        let existing = self.known(&disk.path).and_then(|disk| disk.existing.as_ref());
        let meant = existing.and_then(|table| table.partitions.iter().find(|part| is_meant(wanted, part, &disk.path)));
        let at = meant.and_then(|meant| {
            let path = partition_path(&disk.path, meant.number);
            disk.partitions.iter().position(|part| part.path_before() == path && part.id.is_empty())
        });
        let (Some(at), Some(meant)) = (at, meant) else {
            let message = format!("{} has no such partition to preserve", disk.path);
            self.refuse(
                item,
                "preserve-missing",
                "preserve",
                message,
                "preserve the disk too, and give the number of the partition",
            );
            return None;
        };
        let kind = PartitionKind::of_code(&meant.type_code, disk.table?);
        // A DASD has whole tracks.
        let unit = if disk.table == Some(Table::Vtoc) { track(disk.sector_size).max(1) } else { 1 };
        let size = wanted.size.filter(|size| size.checked_next_multiple_of(unit) != Some(meant.size));
        let resize = size.filter(|_| wanted.resize && self.rewrites(&disk.id));
        if size.is_some() && resize.is_none() {
            let message = format!("the partition has {}, and is to be preserved", human(meant.size));
            let remedy = "write the size that it has, or `resize: true` with `version: 2`";
            self.refuse(item, "preserve-differs", "size", message, remedy);
            return None;
        }
        if disk.table == Some(Table::Gpt)
            && let Some(flag) = &wanted.flag
            && self.flag(item, wanted, Table::Gpt)?.0 != kind
        {
            let message = format!("the type of the partition is not that of the flag {flag}, and is to be preserved");
            self.refuse(item, "preserve-differs", "flag", message, "leave the flag out");
            return None;
        }
        let resized = match resize {
            Some(size) => Some(self.resized(item, disk, at, (meant, size))?),
            None => None,
        };
        let part = self.holder_mut(holder)?.partitions.get_mut(at)?;
        if let Some((size, resize)) = resized {
            part.size = size;
            part.resize = Some(resize);
        }
        part.id.clone_from(&item.id);
        part.grub_device = wanted.grub_device;
        part.wipe = wanted.wipe;
        Some(Place::Device(Device::Partition(holder, at)))
    }

    /// The new size of a partition that stays, and what it means for a file system on it.
    fn resized(
        &mut self,
        item: &StorageItem,
        disk: &DiskLayout,
        at: usize,
        (meant, size): (&ExistingPartition, u64),
    ) -> Option<(u64, Resize)> {
        let part = disk.partitions.get(at)?;
        let sector = u64::from(disk.sector_size.max(1));
        let size = size.checked_next_multiple_of(sector).unwrap_or(u64::MAX);
        let end = part.start.saturating_add(size);
        let extended = disk.partitions.iter().find(|other| other.kind == PartitionKind::Extended);
        let room = match extended.filter(|_| part.logical) {
            Some(extended) => extended.start + extended.size,
            None => usable(disk.size, disk.sector_size).end.max(part.start.saturating_add(meant.size)),
        };
        let others = disk.partitions.iter().filter(|other| other.logical == part.logical && other.start > part.start);
        let room = others.map(|other| other.start).fold(room, u64::min);
        let inside = disk.partitions.iter().filter(|other| part.kind == PartitionKind::Extended && other.logical);
        let least = inside.map(|other| other.start + other.size).fold(part.start.saturating_add(sector), u64::max);
        if !(least..=room).contains(&end) {
            let (least, most) = (human(least.saturating_sub(part.start)), human(room.saturating_sub(part.start)));
            let message = format!("{} do not fit where the partition is: it can have {least} to {most}", human(size));
            self.refuse(item, "partition-size", "size", message, "write a size between these");
            return None;
        }
        let formats = self.storage.items.iter().filter(|other| match &other.kind {
            ItemKind::Format(format) => format.volume == item.id,
            _ => false,
        });
        // Without an item of its own, a file system stays too. What is there, is looked at before anything is changed.
        let filesystem = part.kind != PartitionKind::Extended && formats.clone().all(|format| format.preserve);
        if let Some(fstype) = meant.fstype.as_deref().filter(|fstype| filesystem && !RESIZABLE.contains(fstype)) {
            let message = format!("{} has {fstype} on it, which cannot be resized", part.path);
            self.refuse(item, "resize-unsupported", "resize", message, "write the size that it has");
            return None;
        }
        Some((size, Resize { from: meant.size, filesystem }))
    }

    /// Kind and UUID of a file system that stays.
    pub(super) fn kept_filesystem(
        &mut self,
        item: &StorageItem,
        wanted: &FormatItem,
        path: &str,
    ) -> Option<(String, String)> {
        let partitions = self.target.disks.iter().chain(&self.target.volumes).flat_map(|disk| {
            let parts = disk.existing.iter().flat_map(|table| &table.partitions);
            let parts = parts.map(|part| (partition_path(&disk.path, part.number), &part.fstype, &part.fs_uuid));
            parts.chain([(disk.path.clone(), &disk.fstype, &disk.fs_uuid)])
        });
        let tables = self.layout.disks.iter().chain(self.layout.volumes.iter().filter_map(Volume::table));
        let now = tables.flat_map(|table| &table.partitions).find(|part| part.path == path);
        let before = now.map_or(path, Partition::path_before);
        let found = partitions.into_iter().find(|(other, ..)| other == before);
        let (fstype, fs_uuid) = found.map_or((None, None), |(_, fstype, uuid)| (fstype.clone(), uuid.clone()));
        if let Some(fstype) = fstype
            && fstype != wanted.fstype
            && !(fstype == "vfat" && wanted.fstype.starts_with("fat"))
        {
            let message = format!("{path} has {fstype} on it, and is to be preserved");
            self.refuse(item, "preserve-differs", "fstype", message, &format!("write `fstype: {fstype}`"));
            return None;
        }
        let uuid = wanted.uuid.clone().or(fs_uuid).filter(|uuid| !uuid.is_empty());
        // A volume is found by its own name; a partition may be another one at the next start.
        let lasting = self.layout.volumes.iter().any(|it| it.path == path && !path.starts_with("/dev/bcache"));
        let Some(uuid) = uuid.or_else(|| lasting.then(String::new)) else {
            let message = format!("the UUID of what is on {path} is not known");
            self.refuse(item, "preserve-unknown", "uuid", message, "write `uuid`");
            return None;
        };
        let kind = if wanted.fstype.starts_with("fat") { "vfat" } else { &wanted.fstype };
        Some((kind.to_owned(), uuid))
    }
}

fn is_meant(wanted: &PartitionItem, part: &ExistingPartition, disk: &str) -> bool {
    if let Some(number) = wanted.number {
        return number == part.number;
    }
    if let Some(uuid) = &wanted.uuid {
        return part.uuid.as_ref().is_some_and(|have| have.eq_ignore_ascii_case(uuid));
    }
    if let Some(offset) = wanted.offset {
        return offset == part.start;
    }
    wanted.path.as_ref().is_some_and(|path| *path == partition_path(disk, part.number))
}
