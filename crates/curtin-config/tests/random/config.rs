//! Storage sections made of bytes: every sequence gives one, most of them sensible.

use firstlight_curtin_config::{
    BcacheItem, Disk, DiskItem, DmCryptItem, Firmware, FormatItem, ItemKind, LvmPartitionItem, LvmVolgroupItem,
    MountItem, PartitionItem, RaidItem, RaidLevel, Storage, Target,
};

const MIB: u64 = 1 << 20;

/// Decisions, taken from bytes; zero when there are none left.
pub(crate) struct Dice<'a>(pub(crate) &'a [u8]);

impl Dice<'_> {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        u64::from(*first) % sides.max(1)
    }

    pub(crate) fn take<T>(&mut self, list: &mut Vec<T>) -> Option<T> {
        let at = usize::try_from(self.roll(list.len() as u64)).unwrap_or(0);
        (at < list.len()).then(|| list.swap_remove(at))
    }
}

/// A device that nothing uses yet, and what it has at least.
struct Free {
    id: String,
    size: u64,
}

struct Maker<'a> {
    dice: Dice<'a>,
    storage: Storage,
    free: Vec<Free>,
    /// Where the next partition of the disk may begin at the earliest.
    next: u64,
}

/// A section and a machine that has what it needs.
pub(crate) fn sensible(bytes: &[u8]) -> (Storage, Target) {
    let mut maker = Maker { dice: Dice(bytes), storage: Storage::new(), free: Vec::new(), next: MIB };
    maker.storage.version = if maker.dice.roll(2) == 0 { 1 } else { 2 };
    let firmware = if maker.dice.roll(2) == 0 { Firmware::Bios } else { Firmware::Uefi };
    let sector_size = if maker.dice.roll(4) == 0 { 4096 } else { 512 };
    let disks: Vec<Disk> = (0..=maker.dice.roll(4))
        .map(|at| {
            let size = (8 << 30) + maker.dice.roll(256) * 100 * MIB + maker.dice.roll(256) * 4096;
            Disk { sector_size, serial: Some(format!("S{at}")), ..Disk::new(format!("/dev/nvme{at}n1"), size) }
        })
        .collect();
    for (at, disk) in disks.iter().enumerate() {
        maker.disk(at, disk);
    }
    for at in 0..maker.dice.roll(7) {
        maker.volume(at);
    }
    maker.mounts();
    (maker.storage, Target { firmware, disks, seed: "random".to_owned(), ..Target::default() })
}

/// A section with something wrong in it, most of the time.
pub(crate) fn broken(bytes: &[u8]) -> (Storage, Target) {
    let (head, tail) = bytes.split_at(bytes.len().min(6));
    let (mut storage, target) = sensible(tail);
    let mut dice = Dice(head);
    let ids: Vec<String> = storage.items.iter().map(|item| item.id.clone()).collect();
    for _ in 0..2 {
        let at = usize::try_from(dice.roll(storage.items.len() as u64)).unwrap_or(0);
        let other = ids.get(usize::try_from(dice.roll(ids.len() as u64)).unwrap_or(0)).cloned().unwrap_or_default();
        let how = dice.roll(8);
        let Some(item) = storage.items.get_mut(at) else { break };
        match (&mut item.kind, how) {
            (_, 0) => item.preserve = true,
            (_, 1) => item.id = other,
            (ItemKind::Partition(it), 2) => it.size = Some(u64::MAX >> 1),
            (ItemKind::Partition(it), 3) => it.offset = Some(u64::MAX >> 1),
            (ItemKind::Partition(it), 4) => it.number = Some(u32::MAX),
            (ItemKind::Partition(it), _) => it.device = other,
            (ItemKind::Format(it), _) => it.volume = other,
            (ItemKind::Mount(it), _) => it.device = Some(other),
            (ItemKind::Raid(it), 2) => it.spare_devices.push(other),
            (ItemKind::Raid(it), _) => it.devices.push(other),
            (ItemKind::LvmVolgroup(it), _) => it.devices.push(other),
            (ItemKind::LvmPartition(it), 2) => it.size = Some(u64::MAX >> 1),
            (ItemKind::LvmPartition(it), _) => it.volgroup = other,
            (ItemKind::DmCrypt(it), _) => it.volume = other,
            (ItemKind::Bcache(it), _) => it.cache_device = Some(other),
            (ItemKind::Disk(it), _) => it.ptable = None,
            _ => {}
        }
    }
    (storage, target)
}

impl Maker<'_> {
    fn disk(&mut self, at: usize, disk: &Disk) {
        let id = format!("d{at}");
        self.next = MIB;
        let table = if at == 0 { self.dice.roll(2) } else { self.dice.roll(3) };
        let ptable = ["gpt", "msdos"].get(usize::try_from(table).unwrap_or(0)).map(|name| (*name).to_owned());
        let gpt = table == 0;
        let item = DiskItem { serial: disk.serial.clone(), ptable: ptable.clone(), ..DiskItem::default() };
        self.storage.push(&id, item);
        if ptable.is_none() {
            self.free.push(Free { id, size: disk.size });
            return;
        }
        let mut room = disk.size - 16 * MIB;
        let mut primaries = 0;
        if at == 0 {
            if gpt {
                self.partition("bios", &id, MIB, Some("bios_grub"));
            }
            self.partition("esp", &id, 512 * MIB, gpt.then_some("boot"));
            self.partition("boot", &id, 1024 * MIB, None);
            room -= 1537 * MIB;
            primaries = 2;
        }
        let mut extended = 0;
        for number in 0..self.dice.roll(6) {
            let part = format!("{id}p{number}");
            let size = (512 * MIB + self.dice.roll(256) * 12_345_678).min(room);
            if size < 512 * MIB {
                break;
            }
            // On an MBR, the last primary partition holds what comes after it.
            if !gpt && primaries == 3 && extended == 0 {
                extended = room / MIB * MIB;
                self.partition(&format!("{id}x"), &id, extended, Some("extended"));
                room -= 16 * MIB;
            }
            if !gpt && size.next_multiple_of(MIB) + 2 * MIB > room {
                break;
            }
            let flag = if extended > 0 {
                Some("logical")
            } else {
                ["swap", "lvm", "raid"].get(usize::try_from(self.dice.roll(8)).unwrap_or(9)).copied()
            };
            self.partition(&part, &id, size, flag);
            primaries += 1;
            room = room.saturating_sub(size.next_multiple_of(MIB) + if extended > 0 { MIB } else { 0 });
            self.free.push(Free { id: part, size });
        }
    }

    fn partition(&mut self, id: &str, disk: &str, size: u64, flag: Option<&str>) {
        // Version 2 takes offsets; the gaps are less than the room that is left over.
        let placed =
            self.storage.version == 2 && !matches!(flag, Some("logical" | "extended")) && self.dice.roll(3) == 0;
        if placed {
            self.next += self.dice.roll(2) * MIB;
        }
        let offset = placed.then_some(self.next);
        self.next = (self.next + size).next_multiple_of(MIB);
        let item = PartitionItem {
            device: disk.to_owned(),
            size: Some(size),
            offset,
            flag: flag.map(str::to_owned),
            ..PartitionItem::default()
        };
        self.storage.push(id, item);
    }

    /// Takes up to `count` devices.
    fn devices(&mut self, count: u64) -> Vec<Free> {
        (0..count).filter_map(|_| self.dice.take(&mut self.free)).collect()
    }

    fn volume(&mut self, at: u64) {
        let id = format!("v{at}");
        match self.dice.roll(4) {
            0 => self.raid(id),
            1 => self.lvm(&id),
            2 => {
                let Some(under) = self.dice.take(&mut self.free) else { return };
                let item = DmCryptItem {
                    volume: under.id,
                    dm_name: format!("crypt{at}"),
                    key: Some("sesame".to_owned()),
                    ..DmCryptItem::default()
                };
                self.storage.push(&id, item);
                self.free.push(Free { id, size: under.size - 16 * MIB });
            }
            _ => {
                let [slow, fast] = &self.devices(2)[..] else { return };
                let item = BcacheItem {
                    backing_device: Some(slow.id.clone()),
                    cache_device: Some(fast.id.clone()),
                    cache_mode: Some("writeback".to_owned()),
                    ..BcacheItem::default()
                };
                let size = slow.size - MIB;
                self.storage.push(&id, item);
                self.free.push(Free { id, size });
            }
        }
    }

    fn raid(&mut self, id: String) {
        let levels = [RaidLevel::Raid0, RaidLevel::Raid1, RaidLevel::Raid5, RaidLevel::Raid6, RaidLevel::Raid10];
        let level = levels[usize::try_from(self.dice.roll(5)).unwrap_or(0)];
        let count = level.min_members() as u64 + self.dice.roll(2);
        let mut members = self.devices(count);
        if members.len() < level.min_members() {
            self.free.append(&mut members);
            return;
        }
        let smallest = members.iter().map(|free| free.size).min().unwrap_or_default();
        // What a device has at least may be less than what it has.
        let headroom = 40 * MIB;
        let item = RaidItem {
            name: format!("md-{id}"),
            level: Some(level),
            devices: members.into_iter().map(|free| free.id).collect(),
            ..RaidItem::default()
        };
        self.storage.push(&id, item);
        self.free.push(Free { id, size: smallest - headroom });
    }

    fn lvm(&mut self, id: &str) {
        let count = 1 + self.dice.roll(3);
        let members = self.devices(count);
        if members.is_empty() {
            return;
        }
        let mut room: u64 = members.iter().map(|free| free.size.saturating_sub(5 * MIB)).sum();
        let devices = members.into_iter().map(|free| free.id).collect();
        self.storage.push(id, LvmVolgroupItem { name: format!("vg-{id}"), devices, uuid: None });
        for at in 0..self.dice.roll(3) {
            let size = 300 * MIB + self.dice.roll(256) * 1_234_567;
            if size + 300 * MIB > room {
                break;
            }
            room -= size.next_multiple_of(4 * MIB);
            self.logical(id, at, Some(size), size);
        }
        self.logical(id, 9, None, room / (4 * MIB) * (4 * MIB));
    }

    fn logical(&mut self, group: &str, at: u64, size: Option<u64>, least: u64) {
        let id = format!("{group}l{at}");
        let item = LvmPartitionItem {
            name: format!("l{at}"),
            volgroup: group.to_owned(),
            size,
            ..LvmPartitionItem::default()
        };
        self.storage.push(&id, item);
        self.free.push(Free { id, size: least });
    }

    fn mounts(&mut self) {
        // Whatever holds the root, the boot loader reads the kernel from `boot`.
        let root = self.free.iter().position(|free| free.size >= 310 * MIB);
        match root.map(|at| self.free.swap_remove(at)) {
            Some(root) => {
                let kind = ["ext4", "xfs", "btrfs"][usize::try_from(self.dice.roll(3)).unwrap_or(0)];
                self.filesystem(&root.id, kind, "/");
                self.filesystem("boot", "ext4", "/boot");
            }
            None => self.filesystem("boot", "ext4", "/"),
        }
        self.filesystem("esp", "fat32", "/boot/efi");
        for at in 0..self.dice.roll(4) {
            let Some(free) = self.dice.take(&mut self.free) else { break };
            if self.dice.roll(4) == 0 {
                self.filesystem(&free.id, "swap", "none");
            } else {
                self.filesystem(&free.id, "ext4", &format!("/srv/{at}"));
            }
        }
    }

    fn filesystem(&mut self, volume: &str, fstype: &str, path: &str) {
        let format = format!("{volume}-fs");
        let item = FormatItem { volume: volume.to_owned(), fstype: fstype.to_owned(), ..FormatItem::default() };
        self.storage.push(&format, item);
        let item = MountItem { device: Some(format), path: Some(path.to_owned()), ..MountItem::default() };
        self.storage.push(format!("{volume}-mount"), item);
    }
}
