//! The `storage` section: items that refer to each other by id.

use std::fmt;

use crate::iscsi;
use crate::problem::Span;
use crate::value::Mapping;

mod emit;
mod read;

/// The file systems that change their size with a partition that is kept, as curtin has it.
pub(crate) const RESIZABLE: [&str; 4] = ["ext2", "ext3", "ext4", "ntfs"];

/// How a device is made empty before it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wipe {
    /// Signatures of file systems and partition tables are erased.
    #[default]
    Superblock,
    /// Every byte becomes zero.
    Zero,
    /// Every byte becomes random.
    Random,
}

/// The `storage` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Storage {
    /// 1 or 2.
    pub version: u8,
    /// The items in the order of the text.
    pub items: Vec<StorageItem>,
    /// A file that curtin writes the device node of each id to.
    pub device_map_path: Option<String>,
}

/// One item of the `storage` section.
#[derive(Clone, Debug, PartialEq)]
pub struct StorageItem {
    /// Its name.
    pub id: String,
    /// What it is.
    pub kind: ItemKind,
    /// Where it stands in the text.
    pub span: Span,
    /// Where it stands in the tree, such as `storage.config[2]`.
    pub path: String,
    /// Whether it is to be kept as it is on the disk.
    pub preserve: bool,
    /// Keys that an item of its type does not have.
    pub rest: Mapping,
}

/// The kinds of storage items: all that curtin knows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ItemKind {
    /// A whole disk.
    Disk(DiskItem),
    /// A partition.
    Partition(PartitionItem),
    /// A file system.
    Format(FormatItem),
    /// A mount point.
    Mount(MountItem),
    /// An LVM volume group.
    LvmVolgroup(LvmVolgroupItem),
    /// An LVM logical volume.
    LvmPartition(LvmPartitionItem),
    /// An encrypted device.
    DmCrypt(DmCryptItem),
    /// A software RAID.
    Raid(RaidItem),
    /// A disk with a faster one before it.
    Bcache(BcacheItem),
    /// A ZFS pool.
    Zpool(ZpoolItem),
    /// A ZFS file system.
    Zfs(ZfsItem),
    /// A disk of an IBM mainframe.
    Dasd(DasdItem),
    /// An `NVMe` controller.
    NvmeController(NvmeControllerItem),
    /// A block device that is there, of any kind.
    Device(DeviceItem),
    /// A type that curtin does not know.
    Other(String),
}

impl ItemKind {
    /// The name of the type, as it stands in a configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Disk(_) => "disk",
            Self::Partition(_) => "partition",
            Self::Format(_) => "format",
            Self::Mount(_) => "mount",
            Self::LvmVolgroup(_) => "lvm_volgroup",
            Self::LvmPartition(_) => "lvm_partition",
            Self::DmCrypt(_) => "dm_crypt",
            Self::Raid(_) => "raid",
            Self::Bcache(_) => "bcache",
            Self::Zpool(_) => "zpool",
            Self::Zfs(_) => "zfs",
            Self::Dasd(_) => "dasd",
            Self::NvmeController(_) => "nvme_controller",
            Self::Device(_) => "device",
            Self::Other(name) => name,
        }
    }
}

/// A whole disk; serial, WWN and path must all fit when they are given.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DiskItem {
    /// Its serial number.
    pub serial: Option<String>,
    /// Its world wide name.
    pub wwn: Option<String>,
    /// Its device node, or an `iscsi:` address.
    pub path: Option<String>,
    /// The partition table to make: `gpt` or `msdos`.
    pub ptable: Option<String>,
    /// The model, for people.
    pub model: Option<String>,
    /// The name of a link in `/dev/disk/by-dname`.
    pub name: Option<String>,
    /// How to empty it.
    pub wipe: Option<Wipe>,
    /// Whether the boot loader goes here.
    pub grub_device: bool,
    /// The name of the multipath device that it is a path of.
    pub multipath: Option<String>,
    /// The bus id of the DASD behind it.
    pub device_id: Option<String>,
    /// The id of the `NVMe` controller that it is behind.
    pub nvme_controller: Option<String>,
}

/// The password in an address of iSCSI is never shown.
impl fmt::Debug for DiskItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskItem")
            .field("serial", &self.serial)
            .field("wwn", &self.wwn)
            .field("path", &self.path.as_deref().map(iscsi::shown))
            .field("ptable", &self.ptable)
            .field("wipe", &self.wipe)
            .finish_non_exhaustive()
    }
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionItem {
    /// The id of its disk.
    pub device: String,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its number in the partition table.
    pub number: Option<u32>,
    /// Where it begins, in bytes.
    pub offset: Option<u64>,
    /// `boot` (on GPT: the EFI system partition), `bios_grub`, `swap`…
    pub flag: Option<String>,
    /// How to empty it.
    pub wipe: Option<Wipe>,
    /// Its UUID in a GPT.
    pub uuid: Option<String>,
    /// The name of a link in `/dev/disk/by-dname`.
    pub name: Option<String>,
    /// Its device node, when it is there already.
    pub path: Option<String>,
    /// Whether a preserved one gets the given size.
    pub resize: bool,
    /// Its type, in place of what the flag says: `0xef` or a UUID.
    pub partition_type: Option<String>,
    /// Its name in a GPT.
    pub partition_name: Option<String>,
    /// Its attributes in a GPT, as sfdisk takes them.
    pub attrs: Vec<String>,
    /// Whether the boot loader goes here.
    pub grub_device: bool,
    /// The name of the multipath device that it is on.
    pub multipath: Option<String>,
}

/// A file system on a block device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormatItem {
    /// The id of what is formatted.
    pub volume: String,
    /// Such as `ext4`.
    pub fstype: String,
    /// Its label.
    pub label: Option<String>,
    /// Its UUID; derived from the target's seed when absent.
    pub uuid: Option<String>,
    /// Taken by curtin, and without an effect.
    pub name: Option<String>,
    /// Further words for mkfs.
    pub extra_options: Vec<String>,
}

/// A mount point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MountItem {
    /// The id of the file system; without it, `spec` says what is mounted.
    pub device: Option<String>,
    /// Where; `none` or nothing for swap.
    pub path: Option<String>,
    /// Mount options.
    pub options: Option<String>,
    /// What is mounted when it is no device, such as `tmpfs`.
    pub spec: Option<String>,
    /// The type when there is no device.
    pub fstype: Option<String>,
    /// The fifth field of fstab.
    pub freq: Option<String>,
    /// The sixth field of fstab.
    pub passno: Option<String>,
}

/// An LVM volume group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LvmVolgroupItem {
    /// Its name.
    pub name: String,
    /// The ids of its physical volumes.
    pub devices: Vec<String>,
    /// Its UUID, when it is there already.
    pub uuid: Option<String>,
}

/// An LVM logical volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LvmPartitionItem {
    /// Its name.
    pub name: String,
    /// The id of its volume group.
    pub volgroup: String,
    /// Its size in bytes; all that is free without it.
    pub size: Option<u64>,
    /// How to empty it.
    pub wipe: Option<Wipe>,
    /// Its device node, when it is there already.
    pub path: Option<String>,
}

/// An encrypted device (LUKS).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DmCryptItem {
    /// The id of what is encrypted.
    pub volume: String,
    /// Its name below `/dev/mapper`.
    pub dm_name: String,
    /// The passphrase.
    pub key: Option<String>,
    /// A file with the passphrase; `/dev/urandom` means a new key at every boot.
    pub keyfile: Option<String>,
    /// Another file with a passphrase that opens it.
    pub recovery_keyfile: Option<String>,
    /// The cipher, when it is not the usual one.
    pub cipher: Option<String>,
    /// The length of its key in bits.
    pub keysize: Option<String>,
    /// The options of crypttab, `luks` without them.
    pub options: Vec<String>,
    /// How to empty it.
    pub wipe: Option<Wipe>,
    /// Its device node, when it is there already.
    pub path: Option<String>,
}

/// The passphrase is never shown.
impl fmt::Debug for DmCryptItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DmCryptItem")
            .field("volume", &self.volume)
            .field("dm_name", &self.dm_name)
            .field("key", &self.key.as_ref().map(|_| "…"))
            .field("keyfile", &self.keyfile)
            .finish_non_exhaustive()
    }
}

/// A software RAID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RaidItem {
    /// Its name: `md0`, or one that appears below `/dev/md`.
    pub name: String,
    /// Its level; `None` when it is unknown.
    pub level: Option<RaidLevel>,
    /// The ids of its members.
    pub devices: Vec<String>,
    /// The ids of its spares.
    pub spare_devices: Vec<String>,
    /// The id of the container that it is in, in place of members.
    pub container: Option<String>,
    /// The partition table to make on it.
    pub ptable: Option<String>,
    /// The version of the superblock, such as `1.2`.
    pub metadata: Option<String>,
    /// The name that mdadm records.
    pub mdname: Option<String>,
    /// Its device node, when it is there already.
    pub path: Option<String>,
    /// How to empty it.
    pub wipe: Option<Wipe>,
}

/// The levels of a software RAID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RaidLevel {
    /// One member after the other.
    Linear,
    /// Stripes, nothing is redundant.
    Raid0,
    /// Mirrors.
    Raid1,
    /// Stripes and a member with parity.
    Raid4,
    /// Stripes with parity spread over all members.
    Raid5,
    /// Stripes with two parities.
    Raid6,
    /// Stripes of mirrors.
    Raid10,
    /// A set of members that other RAIDs are made in.
    Container,
}

impl RaidLevel {
    /// The level of a name or number as curtin takes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "linear" => Self::Linear,
            "0" | "raid0" | "stripe" => Self::Raid0,
            "1" | "raid1" | "mirror" => Self::Raid1,
            "4" | "raid4" => Self::Raid4,
            "5" | "raid5" => Self::Raid5,
            "6" | "raid6" => Self::Raid6,
            "10" | "raid10" => Self::Raid10,
            "container" => Self::Container,
            _ => return None,
        })
    }

    /// The name that mdadm has for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Raid0 => "raid0",
            Self::Raid1 => "raid1",
            Self::Raid4 => "raid4",
            Self::Raid5 => "raid5",
            Self::Raid6 => "raid6",
            Self::Raid10 => "raid10",
            Self::Container => "container",
        }
    }

    /// How many members it needs at least.
    #[must_use]
    pub const fn min_members(self) -> usize {
        match self {
            Self::Linear | Self::Raid0 | Self::Raid1 | Self::Raid4 | Self::Container => 2,
            Self::Raid5 => 3,
            Self::Raid6 | Self::Raid10 => 4,
        }
    }

    /// Whether its members are of one size, all but what nothing is redundant in.
    pub(crate) const fn is_redundant(self) -> bool {
        !matches!(self, Self::Linear | Self::Raid0 | Self::Container)
    }

    /// The size of an array of `count` members that give `each` bytes.
    pub(crate) const fn capacity(self, each: u64, count: u64) -> u64 {
        match self {
            Self::Container => 0,
            Self::Raid1 => each,
            Self::Raid6 => each.saturating_mul(count.saturating_sub(2)),
            Self::Raid10 => each.saturating_mul(count) / 2,
            Self::Linear | Self::Raid0 => each.saturating_mul(count),
            Self::Raid4 | Self::Raid5 => each.saturating_mul(count.saturating_sub(1)),
        }
    }

    /// Whether a spare can take the place of a member.
    #[must_use]
    pub const fn takes_spares(self) -> bool {
        !matches!(self, Self::Linear | Self::Raid0 | Self::Container)
    }
}

/// What is left of a member for data. mdadm keeps 1/1024 for later changes (128 MiB at most) beside
/// superblock and bitmap, as much on every member as on the first; how much exactly depends on its
/// version, so the plan leaves enough whichever comes first, and says how much is used.
pub(crate) fn component(member: u64, largest: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    let headroom = (largest / 1024).min(128 * MIB).next_multiple_of(MIB);
    (member / MIB * MIB).saturating_sub(headroom + 2 * MIB)
}

/// A disk with a faster one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BcacheItem {
    /// The id of the slow device.
    pub backing_device: Option<String>,
    /// The id of the fast device.
    pub cache_device: Option<String>,
    /// The name of a link in `/dev/disk/by-dname`.
    pub name: Option<String>,
    /// `writethrough`, `writeback`, `writearound` or `none`.
    pub cache_mode: Option<String>,
    /// The partition table to make on it.
    pub ptable: Option<String>,
    /// How to empty it.
    pub wipe: Option<Wipe>,
    /// Its device node, when it is there already.
    pub path: Option<String>,
}

/// A ZFS pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZpoolItem {
    /// Its name.
    pub pool: String,
    /// The ids of its devices.
    pub vdevs: Vec<String>,
    /// Where it is mounted.
    pub mountpoint: Option<String>,
    /// Its properties, as they stand there.
    pub pool_properties: Mapping,
    /// The properties of its file systems, as they stand there.
    pub fs_properties: Mapping,
    /// Whether it gets the features that `zpool create` turns on by itself.
    pub default_features: bool,
    /// `luks_keystore` for an encrypted pool.
    pub encryption_style: Option<String>,
    /// A file with the passphrase of an encrypted pool.
    pub keyfile: Option<String>,
}

/// A ZFS file system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZfsItem {
    /// The id of its pool.
    pub pool: String,
    /// Its name in the pool.
    pub volume: String,
    /// Its properties, as they stand there.
    pub properties: Mapping,
}

/// A disk of an IBM mainframe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DasdItem {
    /// Its bus id, such as `0.0.1520`.
    pub device_id: String,
    /// The size of its blocks: 512, 1024, 2048 or 4096. curtin formats nothing without it.
    pub blocksize: Option<u32>,
    /// Its label: six characters at most.
    pub label: Option<String>,
    /// `full`, `quick` or `expand`.
    pub mode: Option<String>,
    /// `cdl`, `ldl` or `not-formatted`. curtin formats nothing without one of the first two.
    pub disk_layout: Option<String>,
    /// A name for people.
    pub name: Option<String>,
}

/// A block device that is there, of any kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceItem {
    /// Its device node.
    pub path: String,
}

/// An `NVMe` controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NvmeControllerItem {
    /// `pcie`, `tcp`…
    pub transport: String,
    /// The port of a remote one.
    pub tcp_port: Option<u32>,
    /// The address of a remote one.
    pub tcp_addr: Option<String>,
}
