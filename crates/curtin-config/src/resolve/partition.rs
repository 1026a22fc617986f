//! Where partitions lie.

use super::{Device, Holder, Place, Resolver};
use crate::layout::{ALIGNMENT, DiskLayout, Partition, PartitionKind, Table, usable};
use crate::names::is_uuid;
use crate::seed;
use crate::size::human;
use crate::storage::{ItemKind, PartitionItem, StorageItem};

/// An MBR counts sectors in 32 bits.
const MBR_SECTORS: u64 = 1 << 32;

impl Resolver<'_> {
    pub(super) fn partition(&mut self, item: &StorageItem, wanted: &PartitionItem) -> Option<Place> {
        let Some(Place::Device(Device::Whole(holder))) = self.places.get(wanted.device.as_str()).copied() else {
            self.unknown(item, "device", &wanted.device, "a disk");
            return None;
        };
        let is_logical = wanted.flag.as_deref() == Some("logical");
        let counts = self.counts.entry(holder).or_default();
        counts.all = counts.all.saturating_add(1);
        counts.logical = counts.logical.saturating_add(u32::from(is_logical));
        let Some((disk, table)) = self.holder(holder).and_then(|disk| Some((disk.clone(), disk.table?))) else {
            let message = format!("{} has no ptable", wanted.device);
            self.error(item, "ptable", "device", message);
            return None;
        };
        if item.preserve {
            return self.kept_partition(item, wanted, holder, &disk);
        }
        if table == Table::Vtoc {
            return self.tracks(item, wanted, holder, &disk);
        }
        // Version 1 of curtin does not look at what version 2 has added: it cannot stand in the way.
        let fits = |text: &Option<String>| text.clone().filter(|text| is_uuid(text));
        let known = PartitionItem {
            offset: None,
            resize: false,
            partition_type: wanted.partition_type.clone().filter(|text| type_code(text, table).is_some()),
            uuid: fits(&wanted.uuid),
            attrs: Vec::new(),
            ..wanted.clone()
        };
        let wanted = if self.version == 1 { &known } else { wanted };
        let (kind, bootable) = self.flag(item, wanted, table)?;
        let Some(size) = wanted.size.filter(|size| *size > 0) else {
            let message = "a partition needs a size above 0".to_owned();
            self.refuse(item, "missing-key", "size", message, "write `size: 8G` or the like");
            return None;
        };
        let by_number = self.version == 2 && wanted.number > Some(4);
        let logical = table == Table::Msdos && (is_logical || by_number);
        let size = if kind == PartitionKind::Extended { self.with_tables(wanted, size) } else { size };
        let number = self.number(item, wanted, (holder, &disk), table, logical)?;
        let (start, size) = self.place(item, wanted, &disk, table, logical, size)?;
        let type_code = self.type_code(item, wanted, table)?;
        let uuid = match wanted.uuid.as_deref().filter(|uuid| !uuid.is_empty()) {
            Some(uuid) if is_uuid(uuid) => uuid.to_ascii_lowercase(),
            Some(uuid) => {
                self.error(item, "uuid", "uuid", format!("{uuid:?} is not a UUID"));
                return None;
            }
            None => seed::uuid(&[&self.target.seed, &disk.uuid, &item.id]),
        };
        let name = wanted.partition_name.clone().filter(|name| !name.is_empty());
        let disk = self.holder_mut(holder)?;
        disk.partitions.push(Partition {
            id: item.id.clone(),
            kind,
            type_code,
            logical,
            bootable,
            uuid,
            name,
            attributes: wanted.attrs.clone(),
            wipe: wanted.wipe,
            grub_device: wanted.grub_device,
            ..Partition::new(&disk.path, number, start, size)
        });
        Some(Place::Device(Device::Partition(holder, disk.partitions.len().saturating_sub(1))))
    }

    /// Version 1 makes room in an extended partition for the table of each logical one.
    fn with_tables(&self, wanted: &PartitionItem, size: u64) -> u64 {
        if self.version == 2 {
            return size;
        }
        let parts = self.storage.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Partition(part) if part.device == wanted.device => Some(part),
            _ => None,
        });
        let logical = parts.filter(|part| part.flag.as_deref() == Some("logical"));
        let sizes = logical.filter_map(|part| part.size?.checked_next_multiple_of(ALIGNMENT)?.checked_add(ALIGNMENT));
        let (needed, count) = sizes.fold((0_u64, 0_u64), |(sum, count), size| (sum.saturating_add(size), count + 1));
        needed.max(size.saturating_add(count * ALIGNMENT))
    }

    /// The wanted number, or that which curtin counts: the items of this device so far.
    fn number(
        &mut self,
        item: &StorageItem,
        wanted: &PartitionItem,
        (holder, disk): (Holder, &DiskLayout),
        table: Table,
        logical: bool,
    ) -> Option<u32> {
        let range = match (table, logical) {
            (Table::Gpt | Table::Vtoc, _) => 1..=128,
            (Table::Msdos, false) => 1..=4,
            (Table::Msdos, true) => 5..=60,
        };
        let counts = self.counts.get(&holder).copied().unwrap_or_default();
        // Version 1 counts those with the flag from five in a GPT, too.
        let counted = match wanted.flag.as_deref() {
            Some("logical") if self.version == 1 => counts.logical.saturating_add(4),
            _ => counts.all,
        };
        // New logical partitions are counted behind those that stay, whatever number is given.
        let next = disk.partitions.iter().filter(|other| other.logical).map(|other| other.number + 1).max();
        let number = match wanted.number {
            Some(number) if !logical => number,
            _ if logical => next.unwrap_or(5),
            _ => counted,
        };
        if !range.contains(&number) || disk.partitions.iter().any(|other| other.number == number) {
            let kind = if logical { "logical partition" } else { "partition" };
            let message = format!("a {kind} cannot have the number {number} here");
            let remedy = format!("write one from {} to {} that is free", range.start(), range.end());
            self.refuse(item, "partition-number", "number", message, &remedy);
            return None;
        }
        Some(number)
    }

    /// Start and size in bytes.
    fn place(
        &mut self,
        item: &StorageItem,
        wanted: &PartitionItem,
        disk: &DiskLayout,
        table: Table,
        logical: bool,
        size: u64,
    ) -> Option<(u64, u64)> {
        let mut room = usable(disk.size, disk.sector_size);
        if wanted.offset.is_some() {
            // The first sectors belong to the table. What asks for them gets them.
            let sectors =
                if table == Table::Gpt { 2 + 16_384_u64.div_ceil(u64::from(disk.sector_size.max(1))) } else { 1 };
            room.start = sectors.saturating_mul(u64::from(disk.sector_size));
        }
        if table == Table::Msdos {
            let limit = MBR_SECTORS.saturating_mul(u64::from(disk.sector_size)) / ALIGNMENT * ALIGNMENT;
            room.end = room.end.min(limit.saturating_sub(ALIGNMENT));
        }
        let extended = disk.partitions.iter().find(|other| other.kind == PartitionKind::Extended);
        if logical {
            let Some(extended) = extended else {
                if self.is_extended_refused(&wanted.device) {
                    self.refused.insert(item.id.clone());
                    return None;
                }
                let message = "there is no extended partition above to put a logical one in".to_owned();
                self.refuse(item, "partition-flag", "flag", message, "add a partition with `flag: extended` first");
                return None;
            };
            // Each logical partition has a table of its own before it.
            let table = if wanted.offset.is_some() { u64::from(disk.sector_size) } else { ALIGNMENT };
            room = extended.start + table..extended.start + extended.size;
        }
        let peers = disk.partitions.iter().filter(|other| other.logical == logical);
        let gap = match (logical, wanted.offset) {
            (false, _) => 0,
            (true, None) => ALIGNMENT,
            (true, Some(_)) => u64::from(disk.sector_size),
        };
        let behind = |other: &Partition| other.start.saturating_add(other.size).saturating_add(gap);
        let after = peers.clone().map(behind).max().unwrap_or(room.start);
        let start = match wanted.offset {
            Some(offset) => offset / u64::from(disk.sector_size.max(1)) * u64::from(disk.sector_size),
            None => after.checked_next_multiple_of(ALIGNMENT).unwrap_or(u64::MAX),
        };
        let size = size.checked_next_multiple_of(u64::from(disk.sector_size.max(1))).unwrap_or(u64::MAX);
        let end = start.saturating_add(size);
        if start < room.start || end > room.end {
            let within =
                if logical { "in the extended partition".to_owned() } else { format!("of {}", human(disk.size)) };
            let (left, path) = (human(room.end.saturating_sub(start)), &disk.path);
            let message = format!(
                "{} from {} do not fit on {path} {within}: at most {left} are left there",
                human(size),
                human(start),
            );
            let remedy = if start < room.start { "begin at 1M or behind it" } else { "write a smaller size" };
            self.refuse(item, "partition-size", "size", message, remedy);
            return None;
        }
        let over = peers.clone().find(|other| start < behind(other) && other.start < end.saturating_add(gap));
        if let Some(other) = over {
            let message =
                format!("overlaps the partition {}", if other.id.is_empty() { &other.path } else { &other.id });
            self.error(item, "partition-overlap", "offset", message);
            return None;
        }
        Some((start, size))
    }

    /// Whether there would be an extended partition on a device if it had not been refused.
    fn is_extended_refused(&self, device: &str) -> bool {
        self.storage.items.iter().any(|item| match &item.kind {
            ItemKind::Partition(part) => {
                part.device == device && part.flag.as_deref() == Some("extended") && self.refused.contains(&item.id)
            }
            _ => false,
        })
    }

    pub(super) fn flag(
        &mut self,
        item: &StorageItem,
        wanted: &PartitionItem,
        table: Table,
    ) -> Option<(PartitionKind, bool)> {
        Some(match (wanted.flag.as_deref().unwrap_or("linux"), table) {
            ("linux", _) | ("logical", Table::Msdos) => (PartitionKind::Linux, false),
            ("boot", Table::Gpt) => (PartitionKind::Esp, false),
            // Version 2 writes types where version 1 only knows the active flag.
            ("boot", Table::Msdos) if self.version == 2 => (PartitionKind::Esp, true),
            ("boot", Table::Msdos) => (PartitionKind::Linux, true),
            ("bios_grub", Table::Gpt) => (PartitionKind::BiosGrub, false),
            ("extended", Table::Msdos) => (PartitionKind::Extended, false),
            ("swap", _) => (PartitionKind::Swap, false),
            ("home", _) => (PartitionKind::Home, false),
            ("prep", Table::Msdos) if !item.preserve => {
                self.error(item, "flag-table", "flag", "curtin makes PReP partitions in a GPT alone".to_owned());
                return None;
            }
            ("lvm", _) => (PartitionKind::Lvm, false),
            ("raid", _) => (PartitionKind::Raid, false),
            ("prep", _) => (PartitionKind::Prep, false),
            ("mbr", Table::Gpt) => (PartitionKind::Mbr, false),
            ("msftres", Table::Gpt) => (PartitionKind::MsftReserved, false),
            // curtin drops what the table does not know.
            (flag, table) => {
                let table = if table == Table::Gpt { "a GPT" } else { "an MBR" };
                let message = format!("the flag {flag} means nothing on {table}: it is left out");
                self.warn(item, "flag-table", "flag", message, "use a flag of this kind of table");
                (PartitionKind::Linux, false)
            }
        })
    }

    /// A type in place of that of the flag, as sfdisk takes it.
    fn type_code(&mut self, item: &StorageItem, wanted: &PartitionItem, table: Table) -> Option<Option<String>> {
        let Some(text) = wanted.partition_type.as_deref().filter(|text| !text.is_empty()) else { return Some(None) };
        let Some(code) = type_code(text, table) else {
            let remedy = if table == Table::Gpt { "write a UUID" } else { "write 0x and two hexadecimal digits" };
            let message = format!("{text:?} is no type of a partition in such a table");
            self.refuse(item, "partition-type", "partition_type", message, remedy);
            return None;
        };
        Some(Some(code))
    }
}

/// A type of a partition as sfdisk takes it, without the `0x` of an MBR.
pub(crate) fn type_code(text: &str, table: Table) -> Option<String> {
    match (table, text.strip_prefix("0x")) {
        (Table::Gpt, None) if is_uuid(text) => Some(text.to_ascii_uppercase()),
        (Table::Msdos, Some(digits)) => u8::from_str_radix(digits, 16).ok().map(|byte| format!("{byte:x}")),
        (Table::Msdos, None) if is_uuid(text) => Some(text.to_owned()),
        _ => None,
    }
}
