//! Volumes that are built of other devices: RAID, LVM, dm-crypt, bcache, ZFS.

use super::{Dataset, DiskLayout, Filesystem, Pool};
use crate::storage::{RaidLevel, Wipe};

/// A block device that is built of others, or a volume group, or a pool of ZFS or a file system in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The id of the storage item.
    pub id: String,
    /// Its device node; for a volume group the directory of its volumes; for ZFS the name of the pool or file system.
    pub path: String,
    /// Its size in bytes. A RAID 0 may turn out some mebibytes larger, depending on what mdadm keeps for itself;
    /// of what a pool has, ZFS keeps a part.
    pub size: u64,
    /// The size of its sectors in bytes: the largest of what it is built of.
    pub sector_size: u32,
    /// What it is.
    pub kind: VolumeKind,
    /// How its content is emptied.
    pub wipe: Option<Wipe>,
    /// What is on it.
    pub filesystem: Option<Filesystem>,
    /// Its partitions, if it has a partition table.
    pub table: Option<Box<DiskLayout>>,
    /// Whether it is there already, and is opened and checked in place of being made.
    pub preserve: bool,
}

/// The kinds of volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VolumeKind {
    /// A software RAID.
    Raid(Raid),
    /// An LVM volume group.
    Group(VolumeGroup),
    /// An LVM logical volume.
    Logical(LogicalVolume),
    /// An encrypted device.
    Crypt(Crypt),
    /// A slow device behind a fast one.
    Bcache(Bcache),
    /// A ZFS pool.
    Pool(Pool),
    /// A ZFS file system.
    Dataset(Dataset),
}

/// A software RAID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raid {
    /// How it spreads its data.
    pub level: RaidLevel,
    /// The version of its superblock.
    pub metadata: String,
    /// The name in its superblock.
    pub name: String,
    /// Its UUID in the form of mdadm: four groups of eight digits. Nothing for one that is there already, and for
    /// one in a format of the firmware (DDF, IMSM), which has UUIDs of its own.
    pub uuid: String,
    /// The device nodes of its members.
    pub members: Vec<String>,
    /// The device nodes of its spares.
    pub spares: Vec<String>,
    /// How many bytes of each member are used; `None` means all that there is.
    pub member_size: Option<u64>,
    /// The device node of the container that it is in.
    pub container: Option<String>,
}

/// An LVM volume group of extents of 4 MiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeGroup {
    /// Its name.
    pub name: String,
    /// The device nodes of its physical volumes.
    pub members: Vec<String>,
}

/// An LVM logical volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogicalVolume {
    /// The name of its volume group.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Its size in extents of 4 MiB.
    pub extents: u64,
    /// Whether it takes what is free when it is made: what that is, a volume group that was there before knows.
    pub all_free: bool,
    /// What the configuration says of its size, in bytes, in a volume group that was there before, whose extents may be of
    /// another size: one that is there already has to have it.
    pub size_in_kept: Option<u64>,
}

/// An encrypted device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crypt {
    /// Its name below `/dev/mapper`.
    pub name: String,
    /// The device node of what is encrypted.
    pub device: String,
    /// How the installed system finds `device`: the first word behind the name in crypttab.
    pub spec: String,
    /// The UUID of the LUKS header; nothing for one that is there already.
    pub uuid: String,
    /// Where the key comes from.
    pub key: CryptKey,
    /// The options of crypttab.
    pub options: String,
    /// The cipher, where it is not the one that cryptsetup chooses.
    pub cipher: Option<String>,
    /// The length of its key in bits, where cryptsetup does not choose it.
    pub key_size: Option<String>,
    /// A file with another passphrase that opens it.
    pub recovery_keyfile: Option<String>,
}

/// Where the key of an encrypted device comes from.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CryptKey {
    /// A passphrase that stands in the configuration.
    Passphrase(String),
    /// A file of the installing system.
    File(String),
    /// A device that gives another key at every start (`/dev/urandom`): there is no header, and
    /// nothing outlives a start.
    Random(String),
}

/// A passphrase is never shown.
impl std::fmt::Debug for CryptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Passphrase(_) => f.write_str("Passphrase(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Random(path) => f.debug_tuple("Random").field(path).finish(),
        }
    }
}

/// A slow device behind a fast one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bcache {
    /// The device node of the slow device.
    pub backing: String,
    /// The device node of the fast device.
    pub cache: String,
    /// The UUID of the cache set on the fast device; nothing for one that is there already.
    pub cache_set: String,
    /// Whether the cache set is made for this one; otherwise it is shared with one before.
    pub makes_cache_set: bool,
    /// When it writes: `writethrough`, `writeback`, `writearound` or `none`; nothing for the mode that one has which is
    /// there already.
    pub mode: String,
}

impl Volume {
    /// The device nodes that it is built of.
    #[must_use]
    pub fn members(&self) -> Vec<&str> {
        match &self.kind {
            VolumeKind::Raid(Raid { container: Some(container), .. }) => vec![container],
            VolumeKind::Raid(raid) => raid.members.iter().chain(&raid.spares).map(String::as_str).collect(),
            VolumeKind::Group(group) => group.members.iter().map(String::as_str).collect(),
            VolumeKind::Logical(_) => self.path.rsplit_once('/').map(|(group, _)| group).into_iter().collect(),
            VolumeKind::Crypt(crypt) => vec![&crypt.device],
            VolumeKind::Bcache(bcache) => vec![&bcache.backing, &bcache.cache],
            VolumeKind::Pool(pool) => pool.members.iter().map(String::as_str).collect(),
            VolumeKind::Dataset(dataset) => vec![&dataset.pool],
        }
    }

    /// Where ZFS mounts it.
    #[must_use]
    pub fn mountpoint(&self) -> Option<&str> {
        match &self.kind {
            VolumeKind::Pool(pool) => pool.mountpoint.as_deref(),
            VolumeKind::Dataset(dataset) => dataset.mountpoint.as_deref(),
            _ => None,
        }
    }

    /// Its partitions, if it has a partition table.
    #[must_use]
    pub fn table(&self) -> Option<&DiskLayout> {
        self.table.as_deref()
    }

    pub(crate) fn table_mut(&mut self) -> Option<&mut DiskLayout> {
        self.table.as_deref_mut()
    }

    /// Whether a device node is this volume or a partition of it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.path == path || self.table().is_some_and(|table| table.holds(path))
    }
}
