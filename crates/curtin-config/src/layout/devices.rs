//! What `lsblk` will say.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{DiskLayout, Filesystem, Layout, Partition, PartitionKind, Table, VolumeKind};
use crate::storage::RaidLevel;

/// A block device as `lsblk --json --bytes` describes it after the installation; what lsblk has a column for, has its
/// name in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Device {
    /// Its device node, as the plan calls it; lsblk may know it by another name, such as
    /// `/dev/mapper/vg-root` for `/dev/vg/root`.
    pub path: String,
    /// lsblk's word for it: `disk`, `part`, `raid1`, `lvm`, `crypt`. A bcache is a `disk`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether the size may turn out larger (RAID 0).
    #[serde(rename = "size_at_least")]
    pub at_least: bool,
    /// The partition table that it has: `gpt`, `dos` or `dasd`.
    #[serde(rename = "pttype")]
    pub table: Option<String>,
    /// Where a partition begins, in bytes; lsblk counts sectors of 512 bytes.
    pub start: Option<u64>,
    /// A partition's type: a UUID on a GPT, such as `0x83` on an MBR.
    #[serde(rename = "parttype")]
    pub partition_type: Option<String>,
    /// A partition's id in its table.
    #[serde(rename = "partuuid")]
    pub partition_uuid: Option<String>,
    /// What is on it: `ext4`, `vfat`, `linux_raid_member`, `LVM2_member`, `crypto_LUKS`, `bcache`, `zfs_member`…
    pub fstype: Option<String>,
    /// The label of that.
    pub label: Option<String>,
    /// The UUID of that.
    pub uuid: Option<String>,
    /// Where it is mounted; `[SWAP]` for swap.
    pub mountpoint: Option<String>,
    /// The device nodes that it is built of: the disk of a partition, the members of an array.
    pub parents: Vec<String>,
}

impl Layout {
    /// Every block device that there will be, parents before children.
    ///
    /// ```
    /// use firstlight_curtin_config::{Config, Disk, Source, Target, plan};
    ///
    /// let config = Config::flat(Source::from_uri("http://127.0.0.1/root.txz"));
    /// let target = Target { disks: vec![Disk::new("/dev/vda", 4 << 30)], ..Target::default() };
    /// let root = plan(&config, &target).unwrap().layout.devices().pop().unwrap();
    /// assert_eq!((root.path.as_str(), root.kind.as_str()), ("/dev/vda3", "part"));
    /// assert_eq!((root.fstype.as_deref(), root.mountpoint.as_deref()), (Some("ext4"), Some("/")));
    /// ```
    #[must_use]
    pub fn devices(&self) -> Vec<Device> {
        let mut devices = Vec::new();
        for disk in &self.disks {
            let device = self.device(&disk.path, "disk", disk.size, disk.filesystem.as_ref(), Vec::new());
            devices.push(Device { table: table_name(disk), ..device });
            devices.extend(self.partition_devices(disk));
        }
        // A RAID 0, and an encrypted device or bcache on it, is as large as mdadm leaves it.
        let mut growing: BTreeSet<&str> = BTreeSet::new();
        for volume in &self.volumes {
            let grows = match &volume.kind {
                VolumeKind::Raid(raid) => !raid.level.is_redundant() || raid.container.is_some(),
                VolumeKind::Crypt(_) | VolumeKind::Bcache(_) => {
                    volume.members().first().is_some_and(|member| growing.contains(member))
                }
                _ => false,
            };
            if grows {
                growing.insert(&volume.path);
            }
            let kind = match &volume.kind {
                VolumeKind::Group(_) | VolumeKind::Pool(_) | VolumeKind::Dataset(_) => continue,
                // A container has no room of its own.
                VolumeKind::Raid(raid) if raid.level == RaidLevel::Container => continue,
                VolumeKind::Raid(raid) => raid.level.name(),
                VolumeKind::Logical(_) => "lvm",
                VolumeKind::Crypt(_) => "crypt",
                VolumeKind::Bcache(_) => "disk",
            };
            let parents = match &volume.kind {
                VolumeKind::Logical(logical) => self.group_members(&logical.group),
                _ => volume.members().into_iter().map(str::to_owned).collect(),
            };
            let mut device = self.device(&volume.path, kind, volume.size, volume.filesystem.as_ref(), parents);
            device.at_least = grows;
            device.table = volume.table().and_then(table_name);
            devices.push(device);
            if let Some(table) = volume.table() {
                devices.extend(self.partition_devices(table));
            }
        }
        devices
    }

    fn partition_devices(&self, disk: &DiskLayout) -> Vec<Device> {
        let one = |part: &Partition| {
            let mut device =
                self.device(&part.path, "part", part.size, part.filesystem.as_ref(), vec![disk.path.clone()]);
            if part.kind == PartitionKind::Extended {
                // The kernel shows the sectors of its own table alone: 1 KiB.
                device.size = 1024;
            }
            device.start = Some(part.start);
            if disk.table != Some(Table::Vtoc) {
                device.partition_type = disk.table.map(|table| part.lsblk_type(table));
                device.partition_uuid = Some(part.partuuid(disk));
            }
            device
        };
        disk.partitions.iter().map(one).collect()
    }

    fn group_members(&self, name: &str) -> Vec<String> {
        let members = self.volumes.iter().find_map(|volume| match &volume.kind {
            VolumeKind::Group(group) if group.name == name => Some(group.members.clone()),
            _ => None,
        });
        members.unwrap_or_default()
    }

    fn device(&self, path: &str, kind: &str, size: u64, fs: Option<&Filesystem>, parents: Vec<String>) -> Device {
        let mount = self.mounts.iter().find(|mount| mount.device.as_deref() == Some(path));
        let member = self.member_of(path);
        Device {
            path: path.to_owned(),
            kind: kind.to_owned(),
            size,
            fstype: fs.map(|fs| fs.kind.clone()).or(member.map(str::to_owned)),
            label: fs.and_then(|fs| fs.label.clone()),
            uuid: fs.map(|fs| fs.uuid.clone()).filter(|uuid| !uuid.is_empty()),
            mountpoint: mount.map(|mount| if mount.kind == "swap" { "[SWAP]".to_owned() } else { mount.path.clone() }),
            parents,
            ..Device::default()
        }
    }

    /// What lsblk calls a device that a volume is built of. A random key leaves no trace.
    fn member_of(&self, path: &str) -> Option<&'static str> {
        self.volumes.iter().find_map(|volume| match &volume.kind {
            VolumeKind::Logical(_) | VolumeKind::Dataset(_) => None,
            _ if !volume.members().contains(&path) => None,
            VolumeKind::Raid(_) => Some("linux_raid_member"),
            VolumeKind::Group(_) => Some("LVM2_member"),
            VolumeKind::Crypt(crypt) if matches!(crypt.key, super::CryptKey::Random(_)) => None,
            VolumeKind::Crypt(_) => Some("crypto_LUKS"),
            VolumeKind::Bcache(_) => Some("bcache"),
            VolumeKind::Pool(_) => Some("zfs_member"),
        })
    }
}

fn table_name(disk: &DiskLayout) -> Option<String> {
    let name = match disk.table? {
        Table::Gpt => "gpt",
        Table::Msdos => "dos",
        Table::Vtoc => "dasd",
    };
    Some(name.to_owned())
}
