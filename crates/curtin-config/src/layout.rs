//! The resolved layout: every partition and volume with its place, size and content.

mod devices;
mod disk;
mod kind;
mod mainframe;
mod picture;
mod pool;
mod volume;

use std::collections::BTreeSet;

pub use devices::Device;
pub use disk::{DiskLayout, Partition, Resize, Table, partition_path, usable};
pub use kind::PartitionKind;
pub use mainframe::{Controller, Dasd};
pub(crate) use mainframe::{path_of, track};
pub use pool::{Dataset, Pool};
pub use volume::{Bcache, Crypt, CryptKey, LogicalVolume, Raid, Volume, VolumeGroup, VolumeKind};

/// One mebibyte: every partition begins at a multiple of it.
pub const ALIGNMENT: u64 = 1 << 20;

/// How all disks of a plan will look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The disks that are changed.
    pub disks: Vec<DiskLayout>,
    /// What is built of disks, partitions and other volumes, in the order in which it is made.
    pub volumes: Vec<Volume>,
    /// DASDs that are formatted before anything else.
    pub dasds: Vec<Dasd>,
    /// Controllers of remote disks.
    pub controllers: Vec<Controller>,
    /// What is mounted, parents before children; swap and the like at the end.
    pub mounts: Vec<Mount>,
}

/// A file system or swap area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filesystem {
    /// The id of the storage item.
    pub id: String,
    /// Such as `ext4`, `vfat`, `swap`.
    pub kind: String,
    /// The width of a FAT: 12, 16 or 32; chosen by size without it.
    pub fat_bits: Option<u8>,
    /// Its label.
    pub label: Option<String>,
    /// Its UUID as it stands in fstab; a volume id for `vfat`.
    pub uuid: String,
    /// Whether it is there already, and stays as it is.
    pub preserve: bool,
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

impl Layout {
    /// The disks that a device is on in the end: one for a partition, several for an array.
    pub(crate) fn disks_below(&self, path: &str) -> Vec<&DiskLayout> {
        let below = self.below(path);
        self.disks.iter().filter(|disk| below.iter().any(|path| disk.holds(path))).collect()
    }

    /// The volumes that a device is built of, itself included.
    pub(crate) fn volumes_below(&self, path: &str) -> Vec<&Volume> {
        let below = self.below(path);
        self.volumes.iter().filter(|volume| below.iter().any(|path| volume.holds(path))).collect()
    }

    /// The device nodes that a device is built of, itself included, each once.
    fn below<'a>(&'a self, path: &'a str) -> BTreeSet<&'a str> {
        let mut below = BTreeSet::from([path]);
        // A volume is built of what comes before it.
        for volume in self.volumes.iter().rev() {
            if below.iter().any(|path| volume.holds(path)) {
                below.extend(volume.members());
            }
        }
        below
    }

    /// The device node, or the pool or file system of ZFS, that is mounted at a path.
    #[must_use]
    pub fn device_at(&self, path: &str) -> Option<&str> {
        match self.mounts.iter().find(|mount| mount.path == path) {
            Some(mount) => mount.device.as_deref(),
            None => self.zfs_at(path),
        }
    }

    /// The pool or file system of ZFS that is mounted at a path.
    pub(crate) fn zfs_at(&self, path: &str) -> Option<&str> {
        let volume = self.volumes.iter().find(|volume| volume.mountpoint() == Some(path))?;
        Some(&volume.path)
    }
}
