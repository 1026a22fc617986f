//! The items of the layouts.

use super::{LayoutError, LayoutOptions};
use crate::layout::{ALIGNMENT, usable};
use crate::storage::{
    BcacheItem, DiskItem, FormatItem, LvmPartitionItem, LvmVolgroupItem, MountItem, PartitionItem, RaidItem, RaidLevel,
    Storage, Wipe,
};
use crate::target::Disk;

/// The smallest disk that a system goes on.
pub(super) const LEAST: u64 = 2 << 30;
/// `/boot` where the boot loader cannot read the root.
const BOOT: u64 = 1 << 30;

/// A storage section in the making.
pub(super) struct Build<'a> {
    storage: Storage,
    disks: &'a [Disk],
    options: &'a LayoutOptions,
    /// curtin mounts in the order of the text, so that they come last, parents first.
    mounts: Vec<(String, MountItem)>,
}

impl<'a> Build<'a> {
    pub(super) fn new(disks: &'a [Disk], options: &'a LayoutOptions) -> Self {
        Self { storage: Storage::new(), disks, options, mounts: Vec::new() }
    }

    pub(super) fn finish(mut self) -> Storage {
        // `/` comes before `/boot`, and that before `/boot/efi`.
        self.mounts.sort_by_key(|(_, mount)| mount.path.as_ref().map(String::len));
        for (id, mount) in self.mounts {
            self.storage.push(id, mount);
        }
        self.storage
    }

    fn disk(&mut self, id: &str, disk: &Disk, ptable: bool) {
        let only = |same: &dyn Fn(&Disk) -> bool| self.disks.iter().filter(|other| same(other)).count() == 1;
        let serial = disk.serial.clone().filter(|text| !text.is_empty() && only(&|other| other.serial == disk.serial));
        let wwn = disk
            .wwn
            .clone()
            .filter(|text| serial.is_none() && text.starts_with("0x") && only(&|other| other.wwn == disk.wwn));
        let path = (serial.is_none() && wwn.is_none()).then(|| disk.path.clone());
        let item = DiskItem {
            serial,
            wwn,
            path,
            ptable: ptable.then(|| "gpt".to_owned()),
            wipe: Some(Wipe::Superblock),
            grub_device: ptable,
            ..DiskItem::default()
        };
        self.storage.push(id, item);
    }

    fn partition(&mut self, id: &str, disk: &str, size: u64, flag: Option<&str>) {
        let item = PartitionItem {
            device: disk.to_owned(),
            size: Some(size),
            flag: flag.map(str::to_owned),
            wipe: Some(Wipe::Superblock),
            ..PartitionItem::default()
        };
        self.storage.push(id, item);
    }

    fn format(&mut self, name: &str, volume: &str, fstype: &str, label: &str) -> String {
        let id = format!("{name}-fs");
        let item = FormatItem {
            volume: volume.to_owned(),
            fstype: fstype.to_owned(),
            label: Some(label.to_owned()),
            ..FormatItem::default()
        };
        self.storage.push(&id, item);
        id
    }

    fn mount(&mut self, name: &str, format: &str, path: &str, options: Option<&str>) {
        let item = MountItem {
            device: Some(format.to_owned()),
            path: Some(path.to_owned()),
            options: options.map(str::to_owned),
            ..MountItem::default()
        };
        self.mounts.push((format!("{name}-mount"), item));
    }

    /// Formats a volume and mounts it.
    pub(super) fn filesystem(&mut self, name: &str, volume: &str, path: &str) {
        let format = self.format(name, volume, &self.options.filesystem.clone(), name);
        self.mount(name, &format, path, None);
    }

    /// A disk with what BIOS and UEFI start from, `/boot` if wanted, and one partition for the rest,
    /// the id of which is returned.
    pub(super) fn system_disk(&mut self, suffix: &str, disk: &Disk, flag: Option<&str>) -> Result<String, LayoutError> {
        self.start_of_disk(suffix, disk, disk.size, self.options.boot_size, flag)
    }

    /// `counted` is the size that the disk is taken to have: members of an array are of one size.
    fn start_of_disk(
        &mut self,
        suffix: &str,
        disk: &Disk,
        counted: u64,
        boot: Option<u64>,
        flag: Option<&str>,
    ) -> Result<String, LayoutError> {
        let too_large = || LayoutError::TooLarge { path: disk.path.clone(), size: disk.size };
        let id = |name: &str| format!("{name}{suffix}");
        let esp: u64 = if counted < 8 << 30 { 256 << 20 } else { 512 << 20 };
        let room = usable(counted, disk.sector_size);
        let boot = match boot {
            Some(size) => Some(size.checked_next_multiple_of(ALIGNMENT).ok_or_else(too_large)?),
            None => None,
        };
        let before = boot.unwrap_or_default().checked_add(room.start + ALIGNMENT + esp).ok_or_else(too_large)?;
        let rest = room.end.checked_sub(before).filter(|rest| *rest >= 512 << 20).ok_or_else(too_large)?;
        let size = self.options.root_size.unwrap_or(rest);
        if size > rest || size == 0 {
            return Err(too_large());
        }
        self.disk(&id("disk"), disk, true);
        self.partition(&id("bios"), &id("disk"), ALIGNMENT, Some("bios_grub"));
        self.partition(&id("esp"), &id("disk"), esp, Some("boot"));
        let format = self.format(&id("esp"), &id("esp"), "fat32", "ESP");
        if suffix.is_empty() || suffix == "-1" {
            self.mount("esp", &format, "/boot/efi", Some("umask=0077"));
        } else if let Some(crate::storage::ItemKind::Partition(esp)) =
            self.storage.items.iter_mut().rfind(|item| item.id == id("esp")).map(|item| &mut item.kind)
        {
            esp.grub_device = true;
        }
        if let Some(boot) = boot {
            self.partition(&id("boot"), &id("disk"), boot, None);
            self.filesystem(&id("boot"), &id("boot"), "/boot");
        }
        let name = id(if flag.is_some() { "part" } else { "root" });
        self.partition(&name, &id("disk"), size, flag);
        Ok(name)
    }

    pub(super) fn logical_volume(&mut self, physical: &str) -> String {
        let group =
            LvmVolgroupItem { name: self.options.group_name.clone(), devices: vec![physical.to_owned()], uuid: None };
        self.storage.push("group", group);
        let volume = LvmPartitionItem {
            name: self.options.volume_name.clone(),
            volgroup: "group".to_owned(),
            size: self.options.volume_size,
            ..LvmPartitionItem::default()
        };
        self.storage.push("root", volume);
        "root".to_owned()
    }

    /// An array of all disks that have room for a system.
    pub(super) fn array(&mut self, level: RaidLevel, spares: usize) -> Result<String, LayoutError> {
        let boots = !matches!(level, RaidLevel::Linear | RaidLevel::Container);
        if !boots || (spares > 0 && !level.takes_spares()) {
            return Err(LayoutError::Level { level, spares: spares > 0 });
        }
        let disks: Vec<&Disk> = self.disks.iter().filter(|disk| disk.size >= LEAST).collect();
        let needed = level.min_members().saturating_add(spares);
        let smallest = disks.iter().map(|disk| disk.size).min().unwrap_or_default();
        if disks.len() < needed {
            return Err(LayoutError::TooFew { level, needed, found: disks.len() });
        }
        let mut parts = Vec::new();
        for (at, disk) in disks.iter().enumerate() {
            parts.push(self.start_of_disk(&format!("-{}", at + 1), disk, smallest, None, Some("raid"))?);
        }
        let spare_devices = parts.split_off(parts.len() - spares);
        let raid = RaidItem {
            name: "md0".to_owned(),
            level: Some(level),
            devices: parts,
            spare_devices,
            metadata: Some("1.2".to_owned()),
            ..RaidItem::default()
        };
        self.storage.push("array", raid);
        Ok("array".to_owned())
    }

    pub(super) fn bcache(&mut self, disk: &Disk, cache: &Disk) -> Result<String, LayoutError> {
        let boot = self.options.boot_size.unwrap_or(BOOT);
        let slow = self.start_of_disk("", disk, disk.size, Some(boot), None)?;
        self.disk("cache", cache, false);
        let bcache = BcacheItem {
            backing_device: Some(slow),
            cache_device: Some("cache".to_owned()),
            cache_mode: Some(self.options.cache_mode.clone()),
            ..BcacheItem::default()
        };
        self.storage.push("bcache", bcache);
        Ok("bcache".to_owned())
    }
}
