//! The resolved layout: every partition with its number, place, size and content.

use std::fmt;

use crate::seed;
use crate::size::human;
use crate::storage::Wipe;
use crate::target::Disk;

/// One mebibyte: every partition begins at a multiple of it.
pub const ALIGNMENT: u64 = 1 << 20;

/// How all disks of a plan will look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The disks that are changed.
    pub disks: Vec<DiskLayout>,
    /// What is mounted, parents before children; swap and the like at the end.
    pub mounts: Vec<Mount>,
}

/// A partition table's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// GUID partition table.
    Gpt,
    /// MBR.
    Msdos,
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
    /// Whether the BIOS boot loader goes here.
    pub grub_device: bool,
    /// Its partitions, in the order of their place.
    pub partitions: Vec<Partition>,
    /// A file system on the whole disk.
    pub filesystem: Option<Filesystem>,
}

/// What a partition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionKind {
    /// Any Linux file system.
    Linux,
    /// The EFI system partition.
    Esp,
    /// Where GRUB's core image lives on a GPT disk of a BIOS machine.
    BiosGrub,
    /// Swap.
    Swap,
    /// `/home`.
    Home,
    /// LVM.
    Lvm,
    /// Linux RAID.
    Raid,
    /// The boot partition of POWER machines.
    Prep,
    /// Windows recovery or data.
    MsftReserved,
}

impl PartitionKind {
    /// The partition type as sfdisk wants it.
    #[must_use]
    pub fn code(self, table: Table) -> &'static str {
        match (table, self) {
            (Table::Gpt, Self::Linux) => "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
            (Table::Gpt, Self::Esp) => "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
            (Table::Gpt, Self::BiosGrub) => "21686148-6449-6E6F-744E-656564454649",
            (Table::Gpt, Self::Swap) => "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
            (Table::Gpt, Self::Home) => "933AC7E1-2EB4-4F13-B844-0E14E2AEF915",
            (Table::Gpt, Self::Lvm) => "E6D6D379-F507-44C2-A23C-238F2A3DF928",
            (Table::Gpt, Self::Raid) => "A19D880F-05FC-4D3B-A006-743F0F84911E",
            (Table::Gpt, Self::Prep) => "9E1A2D38-C612-4316-AA26-8B49521E5A8B",
            (Table::Gpt, Self::MsftReserved) => "E3C9E316-0B5C-4DB8-817D-F92DF00215AE",
            (Table::Msdos, Self::Esp) => "ef",
            (Table::Msdos, Self::Swap) => "82",
            (Table::Msdos, Self::Lvm) => "8e",
            (Table::Msdos, Self::Raid) => "fd",
            (Table::Msdos, Self::Prep) => "41",
            (Table::Msdos, _) => "83",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Esp => "efi system",
            Self::BiosGrub => "bios_grub",
            Self::Swap => "swap",
            Self::Home => "home",
            Self::Lvm => "lvm",
            Self::Raid => "raid",
            Self::Prep => "prep",
            Self::MsftReserved => "msftres",
        }
    }
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
    /// Where it begins, in bytes from the beginning of the disk.
    pub start: u64,
    /// Its size in bytes.
    pub size: u64,
    /// What it is for.
    pub kind: PartitionKind,
    /// Whether the MBR's active flag is set.
    pub bootable: bool,
    /// Its unique id in the partition table (GPT only).
    pub uuid: String,
    /// How it is emptied before; erasing signatures is done anyway.
    pub wipe: Wipe,
    /// What is on it.
    pub filesystem: Option<Filesystem>,
}

/// A file system or swap area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filesystem {
    /// The id of the storage item.
    pub id: String,
    /// Such as `ext4`, `vfat`, `swap`.
    pub kind: String,
    /// Its label.
    pub label: Option<String>,
    /// Its UUID as it stands in fstab; a volume id for `vfat`.
    pub uuid: String,
    /// Further words for mkfs.
    pub extra_options: Vec<String>,
}

/// A line of fstab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The device node that is mounted during the installation; `None` for `tmpfs` and the like.
    pub device: Option<String>,
    /// The first field of fstab.
    pub spec: String,
    /// Where; `none` for swap.
    pub path: String,
    /// The file system type.
    pub kind: String,
    /// Mount options.
    pub options: String,
    /// The fifth field of fstab.
    pub freq: String,
    /// The sixth field of fstab.
    pub passno: String,
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

/// The smallest disk that the flat layout goes on: one gibibyte remains for the root.
const FLAT_MIN: u64 = 1 << 30;

/// One GPT disk that boots on BIOS and UEFI machines alike: `bios_grub` (1 MiB), an EFI system
/// partition (512 MiB, 256 on disks below 8 GiB), and an ext4 root on the rest.
///
/// ```
/// use firstlight_curtin_config::{Disk, layout};
///
/// let layout = layout::flat(&Disk::new("/dev/nvme0n1", 20 << 30), "machine-17").unwrap();
/// let root = &layout.disks[0].partitions[2];
/// assert_eq!((root.number, root.path.as_str()), (3, "/dev/nvme0n1p3"));
/// ```
///
/// Returns `None` for a disk that is too small.
#[must_use]
pub fn flat(disk: &Disk, seed: &str) -> Option<Layout> {
    let usable = usable(disk.size, disk.sector_size);
    let esp_size: u64 = if disk.size < 8 << 30 { 256 << 20 } else { 512 << 20 };
    let esp_start = usable.start + ALIGNMENT;
    let root_start = esp_start + esp_size;
    let root_size = usable.end.checked_sub(root_start).filter(|size| *size >= FLAT_MIN)?;
    let unique = disk.serial.as_deref().unwrap_or(&disk.path);
    let id = |name: &str| seed::uuid(&[seed, unique, name]);
    let filesystem = |name: &str, kind: &str, label: &str, uuid: String| Filesystem {
        id: name.to_owned(),
        kind: kind.to_owned(),
        label: Some(label.to_owned()),
        uuid,
        extra_options: Vec::new(),
    };
    let partition = |name: &str, number, start, size, kind, filesystem| Partition {
        id: name.to_owned(),
        number,
        path: partition_path(&disk.path, number),
        start,
        size,
        kind,
        bootable: false,
        uuid: id(name),
        wipe: Wipe::Superblock,
        filesystem,
    };
    let esp = filesystem("esp-fs", "vfat", "ESP", seed::volume_id(&[seed, unique, "esp-fs"]));
    let root = filesystem("root-fs", "ext4", "root", id("root-fs"));
    let mounts = vec![
        Mount::of(&partition_path(&disk.path, 3), &root, "/", "defaults", "1"),
        Mount::of(&partition_path(&disk.path, 2), &esp, "/boot/efi", "umask=0077", "1"),
    ];
    let partitions = vec![
        partition("bios", 1, usable.start, ALIGNMENT, PartitionKind::BiosGrub, None),
        partition("esp", 2, esp_start, esp_size, PartitionKind::Esp, Some(esp)),
        partition("root", 3, root_start, root_size, PartitionKind::Linux, Some(root)),
    ];
    let disk = DiskLayout {
        id: "disk".to_owned(),
        path: disk.path.clone(),
        size: disk.size,
        sector_size: disk.sector_size,
        table: Some(Table::Gpt),
        uuid: id("disk"),
        wipe: Wipe::Superblock,
        grub_device: true,
        partitions,
        filesystem: None,
    };
    Some(Layout { disks: vec![disk], mounts })
}

impl Mount {
    pub(crate) fn of(device: &str, fs: &Filesystem, path: &str, options: &str, passno: &str) -> Self {
        Self {
            device: Some(device.to_owned()),
            spec: format!("UUID={}", fs.uuid),
            path: path.to_owned(),
            kind: fs.kind.clone(),
            options: options.to_owned(),
            freq: "0".to_owned(),
            passno: passno.to_owned(),
        }
    }
}

impl DiskLayout {
    /// The script that makes the partition table, for sfdisk's standard input.
    #[must_use]
    pub fn sfdisk_script(&self) -> Option<String> {
        let table = self.table?;
        let sector = u64::from(self.sector_size.max(1));
        let mut script = match table {
            Table::Gpt => format!("label: gpt\nlabel-id: {}\n", self.uuid),
            Table::Msdos => {
                let id: String = self.uuid.chars().filter(|c| *c != '-').take(8).collect();
                format!("label: dos\nlabel-id: 0x{id}\n")
            }
        };
        script.push_str("unit: sectors\n\n");
        for partition in &self.partitions {
            let (start, size) = (partition.start / sector, partition.size / sector);
            let code = partition.kind.code(table);
            script.push_str(&format!("{} : start={start}, size={size}, type={code}", partition.path));
            if table == Table::Gpt {
                script.push_str(&format!(", uuid={}", partition.uuid));
            } else if partition.bootable {
                script.push_str(", bootable");
            }
            script.push('\n');
        }
        Some(script)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for disk in &self.disks {
            let table = match disk.table {
                Some(Table::Gpt) => "gpt",
                Some(Table::Msdos) => "msdos",
                None => "no partition table",
            };
            writeln!(f, "{}  {}  {table}", disk.path, human(disk.size))?;
            let content = |device: &str, fs: Option<&Filesystem>| {
                let kind = fs.map_or("", |fs| fs.kind.as_str());
                let mount = self.mounts.iter().find(|mount| mount.device.as_deref() == Some(device));
                format!("{kind:<6} {}", mount.map_or("", |mount| mount.path.as_str())).trim_end().to_owned()
            };
            if disk.filesystem.is_some() {
                writeln!(f, "└─ {}", content(&disk.path, disk.filesystem.as_ref()))?;
            }
            for (at, partition) in disk.partitions.iter().enumerate() {
                let branch = if at + 1 == disk.partitions.len() { "└─" } else { "├─" };
                let text = format!(
                    "{branch} {:>2}  {:>10}  {:<10}  {}",
                    partition.number,
                    human(partition.size),
                    partition.kind.word(),
                    content(&partition.path, partition.filesystem.as_ref()),
                );
                writeln!(f, "{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}
