//! Volume groups and logical volumes, in extents of 4 MiB.

use super::{Device, Holder, Place, Resolver, volume};
use crate::layout::{LogicalVolume, VolumeGroup, VolumeKind};
use crate::names::{is_lvm_name, is_lvm_reserved};
use crate::size::human;
use crate::storage::{LvmPartitionItem, LvmVolgroupItem, StorageItem};

/// The size of an extent in bytes.
const EXTENT: u64 = 4 << 20;
/// What LVM keeps at the beginning of a physical volume.
const HEADER: u64 = 1 << 20;

impl<'a> Resolver<'a> {
    pub(super) fn volume_group(&mut self, item: &'a StorageItem, wanted: &LvmVolgroupItem) -> Option<Place> {
        let name = wanted.name.clone();
        if !is_lvm_name(&name) {
            self.error(item, "lvm-name", "name", format!("LVM does not take the name {name:?}"));
            return None;
        }
        if wanted.devices.is_empty() {
            let message = "a volume group needs devices".to_owned();
            self.refuse(item, "missing-key", "devices", message, "write the ids of its physical volumes");
            return None;
        }
        let members = self.take_all(item, "devices", &wanted.devices)?;
        if let Some(small) = members.iter().find(|facts| facts.size < HEADER + EXTENT && !item.preserve) {
            let message = format!("{} of {} is too small for LVM", small.path, human(small.size));
            self.refuse(item, "lvm-size", "devices", message, "use devices of 5 MiB or more");
            return None;
        }
        let sector_size = members.first()?.sector_size;
        if members.iter().any(|facts| facts.sector_size != sector_size) && !item.preserve {
            let message = "LVM does not mix disks with sectors of 512 and 4096 bytes in a group".to_owned();
            self.error(item, "sector-size", "devices", message);
            return None;
        }
        let extents: u64 =
            members.iter().map(|facts| facts.size.saturating_sub(HEADER) / EXTENT).fold(0, u64::saturating_add);
        let group = VolumeGroup { name: name.clone(), members: members.into_iter().map(|facts| facts.path).collect() };
        let made =
            volume(item, format!("/dev/{name}"), extents.saturating_mul(EXTENT), sector_size, VolumeKind::Group(group));
        let at = self.add_volume(item, made)?;
        self.free_extents.insert(at, extents);
        Some(Place::Group(at))
    }

    pub(super) fn logical_volume(&mut self, item: &StorageItem, wanted: &LvmPartitionItem) -> Option<Place> {
        let Some(Place::Group(group)) = self.places.get(wanted.volgroup.as_str()).copied() else {
            self.unknown(item, "volgroup", &wanted.volgroup, "an lvm_volgroup");
            return None;
        };
        let name = wanted.name.clone();
        if !is_lvm_name(&name) || is_lvm_reserved(&name) {
            self.error(item, "lvm-name", "name", format!("LVM does not take the name {name:?}"));
            return None;
        }
        let free = self.free_extents.get(&group).copied().unwrap_or_default();
        let size = wanted.size.filter(|size| *size > 0);
        let extents = size.map_or(free, |size| size.div_ceil(EXTENT));
        let in_kept = self.is_kept(Device::Whole(Holder::Array(group)));
        if item.preserve && !in_kept {
            let message = format!("{} is made anew, so that nothing in it can be kept", wanted.volgroup);
            self.refuse(item, "preserve-new", "volgroup", message, "preserve it, too");
            return None;
        }
        if (extents == 0 || extents > free) && !item.preserve {
            let wanted = human(extents.saturating_mul(EXTENT));
            let message =
                format!("{wanted} are wanted, and {} are left in the volume group", human(free.saturating_mul(EXTENT)));
            self.refuse(item, "lvm-size", "size", message, "write a smaller size, or add devices to the group");
            return None;
        }
        let group_volume = self.layout.volumes.get(group)?;
        let sector_size = group_volume.sector_size;
        let VolumeKind::Group(VolumeGroup { name: group_name, .. }) = &group_volume.kind else { return None };
        let group_name = group_name.clone();
        let path = format!("/dev/{group_name}/{name}");
        // What stays, and does not say how large it is, takes what is known of it.
        let known = self.known(&path).filter(|_| item.preserve && size.is_none());
        let taken = match known {
            Some(known) => known.size.div_ceil(EXTENT),
            None if item.preserve && size.is_none() => 0,
            None => extents,
        };
        let logical = LogicalVolume {
            group: group_name,
            name,
            extents,
            all_free: in_kept && size.is_none(),
            size_in_kept: size.filter(|_| in_kept),
        };
        let sizes = (extents.saturating_mul(EXTENT), sector_size);
        let wipe = wanted.wipe.filter(|_| !item.preserve);
        let made = self.made(item, path, sizes, VolumeKind::Logical(logical), (None, wipe))?;
        let at = self.add_volume(item, made)?;
        self.free_extents.insert(group, free.saturating_sub(taken));
        Some(Place::Device(Device::Whole(Holder::Array(at))))
    }
}
