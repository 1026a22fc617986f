//! Arrays, volumes and encrypted devices that are there already, and what is known of them.

use super::{Device, Holder, Resolver, volume};
use crate::layout::{DiskLayout, Table, Volume, VolumeKind};
use crate::seed;
use crate::storage::{DiskItem, ItemKind, StorageItem, Wipe};
use crate::target::Disk;

impl<'a> Resolver<'a> {
    /// What was found at a device node.
    pub(super) fn known(&self, path: &str) -> Option<&'a Disk> {
        let target = self.target;
        target.disks.iter().chain(&target.volumes).find(|disk| disk.is_at(path))
    }

    /// Whether a device is one that stays.
    pub(super) fn is_kept(&self, device: Device) -> bool {
        match device {
            Device::Whole(Holder::Disk(at)) => self.layout.disks.get(at).is_some_and(|disk| disk.preserve),
            Device::Whole(Holder::Array(at)) => {
                self.layout.volumes.get(at).is_some_and(|volume| volume.preserve && !self.is_wiped(&volume.id))
            }
            Device::Partition(holder, at) => self
                .holder(holder)
                .and_then(|disk| disk.partitions.get(at))
                .is_some_and(|part| part.preserve && !self.is_wiped(&part.id)),
        }
    }

    /// Whether an item says that its content goes.
    fn is_wiped(&self, id: &str) -> bool {
        self.storage.items.iter().any(|item| {
            let wipe = match &item.kind {
                ItemKind::Partition(part) => part.wipe,
                ItemKind::Raid(raid) => raid.wipe,
                ItemKind::DmCrypt(crypt) => crypt.wipe,
                ItemKind::Bcache(bcache) => bcache.wipe,
                _ => None,
            };
            item.id == id && wipe.is_some()
        })
    }

    /// Whether a disk stays as it is without a word about it: nothing says that it is emptied or partitioned, and nothing
    /// uses it but what stays itself.
    pub(super) fn is_left_alone(&self, item: &StorageItem, wanted: &DiskItem) -> bool {
        let untouched = wanted.wipe.is_none() && wanted.ptable.as_deref().is_none_or(str::is_empty);
        let mut users = self.storage.items.iter().filter(|user| uses(&user.kind, &item.id));
        untouched && users.all(|user| user.preserve)
    }

    /// A volume with its partition table. What is there may be of another size than what would be made.
    pub(super) fn made(
        &mut self,
        item: &StorageItem,
        path: String,
        (size, sector_size): (u64, u32),
        kind: VolumeKind,
        (table, wipe): (Option<Table>, Option<Wipe>),
    ) -> Option<Volume> {
        let known = self.known(&path).filter(|_| item.preserve);
        let size = known.map_or(size, |known| known.size);
        let mut made = volume(item, path, size, sector_size, kind);
        made.wipe = wipe;
        let Some(table) = table else { return Some(made) };
        let uuid = seed::uuid(&[&self.uuid(item, "volume"), "table"]);
        let mut layout = DiskLayout {
            table: Some(table),
            uuid,
            wipe: wipe.unwrap_or_default(),
            ..DiskLayout::new(&item.id, &made.path, size, sector_size)
        };
        // Without `wipe`, the table of a device that stays is one that stays.
        if item.preserve && wipe.is_none() {
            let unknown = Disk::new(&made.path, size);
            self.kept_table(item, known.unwrap_or(&unknown), &mut layout)?;
        }
        made.table = Some(Box::new(layout));
        Some(made)
    }
}

/// Whether an item stands on the device with an id.
fn uses(kind: &ItemKind, id: &str) -> bool {
    match kind {
        ItemKind::Partition(part) => part.device == id,
        ItemKind::Raid(raid) => raid.devices.iter().chain(&raid.spare_devices).any(|other| other == id),
        ItemKind::LvmVolgroup(group) => group.devices.iter().any(|other| other == id),
        ItemKind::Zpool(pool) => pool.vdevs.iter().any(|other| other == id),
        ItemKind::DmCrypt(crypt) => crypt.volume == id,
        ItemKind::Format(format) => format.volume == id,
        ItemKind::Bcache(it) => it.backing_device.iter().chain(&it.cache_device).any(|other| other == id),
        _ => false,
    }
}
