//! Disks, their partition tables and partitions.

use super::{ALIGNMENT, Filesystem, PartitionKind};
use crate::storage::Wipe;

/// A partition table's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// GUID partition table.
    Gpt,
    /// MBR.
    Msdos,
    /// The volume table of contents of a DASD.
    Vtoc,
}

impl Table {
    /// The word for it in a configuration.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Gpt => "gpt",
            Self::Msdos => "msdos",
            Self::Vtoc => "vtoc",
        }
    }
}

/// One disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskLayout {
    /// The id of the storage item.
    pub id: String,
    /// The device node.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its logical sector size in bytes.
    pub sector_size: u32,
    /// The partition table that is made, if any.
    pub table: Option<Table>,
    /// The UUID of the partition table.
    pub uuid: String,
    /// How it is emptied before.
    pub wipe: Wipe,
    /// Whether its partition table stays, and with it what is not changed.
    pub preserve: bool,
    /// The device nodes of partitions that are taken out of a table that stays.
    pub removed: Vec<String>,
    /// Whether the BIOS boot loader goes here.
    pub grub_device: bool,
    /// Its partitions, in the order of their place.
    pub partitions: Vec<Partition>,
    /// A file system on the whole disk.
    pub filesystem: Option<Filesystem>,
    /// The URI of an image that is written to the whole disk, with partitions that nobody knows before.
    pub image: Option<String>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The id of the storage item.
    pub id: String,
    /// Its number in the partition table.
    pub number: u32,
    /// Its device node, such as `/dev/nvme0n1p1`.
    pub path: String,
    /// The device node that one which stays has before the table is changed, if that is another one: logical partitions
    /// are counted without gaps.
    pub old_path: Option<String>,
    /// Where it begins, in bytes from the beginning of the disk.
    pub start: u64,
    /// Its size in bytes.
    pub size: u64,
    /// What it is for.
    pub kind: PartitionKind,
    /// Its type in the partition table, where it is not that of its kind.
    pub type_code: Option<String>,
    /// Whether it lies in the extended partition of an MBR.
    pub logical: bool,
    /// Whether the MBR's active flag is set.
    pub bootable: bool,
    /// Its unique id in the partition table (GPT only).
    pub uuid: String,
    /// Its name in the partition table (GPT only).
    pub name: Option<String>,
    /// Its attributes in the partition table, as sfdisk takes them (GPT only).
    pub attributes: Vec<String>,
    /// How it is emptied before; erasing signatures of what is new is done anyway.
    pub wipe: Option<Wipe>,
    /// Whether it is there already, and stays where it is.
    pub preserve: bool,
    /// What becomes of one that stays, but not with the size that it has.
    pub resize: Option<Resize>,
    /// Whether the UEFI boot loader goes here too.
    pub grub_device: bool,
    /// What is on it.
    pub filesystem: Option<Filesystem>,
}

/// A partition that stays and changes its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// The size in bytes that it has.
    pub from: u64,
    /// Whether a file system on it stays too, and changes its size with it.
    pub filesystem: bool,
}

/// The device node of a partition: a `p` stands between a disk whose name ends in a digit and the
/// number.
///
/// ```
/// use firstlight_curtin_config::layout::partition_path;
///
/// assert_eq!(partition_path("/dev/vda", 1), "/dev/vda1");
/// assert_eq!(partition_path("/dev/nvme0n1", 3), "/dev/nvme0n1p3");
/// assert_eq!(partition_path("/dev/disk/by-id/ata-x", 2), "/dev/disk/by-id/ata-x-part2");
/// ```
#[must_use]
pub fn partition_path(disk: &str, number: u32) -> String {
    if disk.starts_with("/dev/disk/") {
        format!("{disk}-part{number}")
    } else if disk.ends_with(|c: char| c.is_ascii_digit()) {
        format!("{disk}p{number}")
    } else {
        format!("{disk}{number}")
    }
}

/// The bytes of a disk that partitions may use: whole mebibytes behind the first one, without the
/// second copy of a GPT at the end.
#[must_use]
pub fn usable(disk_size: u64, sector_size: u32) -> std::ops::Range<u64> {
    // The header, and 128 entries of 128 bytes.
    let table = u64::from(sector_size).saturating_add(16_384);
    let end = disk_size.saturating_sub(table) / ALIGNMENT * ALIGNMENT;
    ALIGNMENT..end.max(ALIGNMENT)
}

impl DiskLayout {
    /// A disk with nothing on it.
    pub(crate) fn new(id: &str, path: &str, size: u64, sector_size: u32) -> Self {
        Self {
            id: id.to_owned(),
            path: path.to_owned(),
            size,
            sector_size,
            table: None,
            uuid: String::new(),
            wipe: Wipe::default(),
            preserve: false,
            removed: Vec::new(),
            grub_device: false,
            partitions: Vec::new(),
            filesystem: None,
            image: None,
        }
    }

    /// Whether a device node is this disk or a partition of it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.path == path || self.partitions.iter().any(|partition| partition.path == path)
    }

    /// The script that makes the partition table, for sfdisk's standard input.
    ///
    /// Where the table stays, these are the lines of the new partitions alone.
    #[must_use]
    pub fn sfdisk_script(&self) -> Option<String> {
        let table = self.table?;
        let mut script = match table {
            Table::Vtoc => return None,
            _ if self.preserve => String::new(),
            Table::Gpt => format!("label: gpt\nlabel-id: {}\nunit: sectors\n\n", self.uuid),
            Table::Msdos => format!("label: dos\nlabel-id: 0x{}\nunit: sectors\n\n", self.mbr_id()),
        };
        for partition in self.partitions.iter().filter(|partition| !partition.preserve) {
            script.push_str(&self.sfdisk_line(partition, table));
        }
        Some(script)
    }

    fn sfdisk_line(&self, partition: &Partition, table: Table) -> String {
        let sector = u64::from(self.sector_size.max(1));
        let (start, size) = (partition.start / sector, partition.size / sector);
        let code = partition.code(table);
        let mut line = format!("{} : start={start}, size={size}, type={code}", partition.path);
        if table == Table::Gpt {
            line.push_str(&format!(", uuid={}", partition.uuid));
            if let Some(name) = &partition.name {
                line.push_str(&format!(", name=\"{}\"", escaped(name)));
            }
            if !partition.attributes.is_empty() {
                line.push_str(&format!(", attrs=\"{}\"", escaped(&partition.attributes.join(" "))));
            }
        } else if partition.bootable {
            line.push_str(", bootable");
        }
        line.push('\n');
        line
    }

    /// What fdasd is told: first and last track of each partition.
    pub(crate) fn fdasd_config(&self) -> String {
        let track = super::track(self.sector_size).max(1);
        let line = |part: &Partition| format!("[{},{}]\n", part.start / track, (part.start + part.size) / track - 1);
        self.partitions.iter().map(line).collect()
    }

    /// The id of an MBR: the first eight digits.
    fn mbr_id(&self) -> String {
        self.uuid.chars().filter(|c| *c != '-').take(8).collect()
    }
}

impl Partition {
    /// One that is new, for Linux, and has nothing on it.
    pub(crate) fn new(disk: &str, number: u32, start: u64, size: u64) -> Self {
        Self {
            id: String::new(),
            number,
            path: partition_path(disk, number),
            old_path: None,
            start,
            size,
            kind: PartitionKind::Linux,
            type_code: None,
            logical: false,
            bootable: false,
            uuid: String::new(),
            name: None,
            attributes: Vec::new(),
            wipe: None,
            preserve: false,
            resize: None,
            grub_device: false,
            filesystem: None,
        }
    }

    /// Its device node before the table is changed.
    pub(crate) fn path_before(&self) -> &str {
        self.old_path.as_deref().unwrap_or(&self.path)
    }

    fn code(&self, table: Table) -> &str {
        self.type_code.as_deref().unwrap_or_else(|| self.kind.code(table))
    }

    /// Its type as lsblk writes it.
    pub(crate) fn lsblk_type(&self, table: Table) -> String {
        let code = self.code(table).to_ascii_lowercase();
        match table {
            Table::Gpt | Table::Vtoc => code,
            Table::Msdos => format!("0x{}", code.trim_start_matches("0x").trim_start_matches('0')),
        }
    }

    /// What `/dev/disk/by-partuuid` calls it.
    pub(crate) fn partuuid(&self, disk: &DiskLayout) -> String {
        match disk.table {
            Some(Table::Msdos) => format!("{}-{:02x}", disk.mbr_id(), self.number),
            _ => self.uuid.clone(),
        }
    }
}

/// sfdisk takes the codes of what would end a text.
fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        '"' | '\\' => format!("\\x{:02x}", u32::from(c)),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}
