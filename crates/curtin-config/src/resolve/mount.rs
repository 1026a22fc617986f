//! What is mounted where.

use super::{Device, Place, Resolver};
use crate::layout::{CryptKey, Filesystem, Mount, Table, VolumeKind};
use crate::storage::{MountItem, StorageItem};
use crate::target::Disk;

/// What nothing is checked of at the start: the file systems that `/proc/filesystems` calls `nodev`, swap and bind mounts.
const NODEV: &[&str] = &[
    "9p",
    "autofs",
    "bind",
    "binfmt_misc",
    "bpf",
    "ceph",
    "cgroup",
    "cgroup2",
    "cifs",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fuse",
    "hugetlbfs",
    "mqueue",
    "nfs",
    "nfs4",
    "none",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "securityfs",
    "smb3",
    "swap",
    "sysfs",
    "tmpfs",
    "tracefs",
    "virtiofs",
    "zfs",
];

impl Resolver<'_> {
    pub(super) fn mount(&mut self, item: &StorageItem, wanted: &MountItem) -> Option<Place> {
        let word = |text: &Option<String>, default: &str| {
            text.as_deref().filter(|text| !text.is_empty()).unwrap_or(default).to_owned()
        };
        let mut mount = Mount {
            device: None,
            spec: word(&wanted.spec, "none"),
            path: word(&wanted.path, "none"),
            kind: word(&wanted.fstype, "auto"),
            options: word(&wanted.options, "defaults"),
            freq: word(&wanted.freq, "0"),
            passno: word(&wanted.passno, ""),
        };
        let told = wanted.spec.as_deref().is_some_and(|spec| !spec.is_empty());
        if told && wanted.fstype.as_deref().is_some_and(|kind| !kind.is_empty()) {
            // What is said to be mounted needs nothing of this section.
            if mount.spec.starts_with("/dev/") {
                mount.device = Some(mount.spec.clone());
            }
        } else if let Some(device) = &wanted.device {
            let Some(Place::Format(device)) = self.places.get(device.as_str()).copied() else {
                self.unknown(item, "device", device, "a format");
                return None;
            };
            let path = self.facts(device)?.path;
            let filesystem = self.filesystem(device)?.clone()?;
            mount.device = Some(path.clone());
            if !told {
                mount.spec = self.spec(device, &path, &filesystem);
            }
            mount.kind = word(&wanted.fstype, &filesystem.kind);
            // What the network reaches is mounted when there is one, as in curtin.
            if !told && self.is_remote(&path) && mount.options.split(',').all(|option| option != "_netdev") {
                mount.options.push_str(",_netdev");
            }
        } else {
            self.error(item, "mount-nothing", "device", "a mount needs a device, or spec and fstype".to_owned());
            return None;
        }
        if matches!(mount.kind.as_str(), "fat" | "fat12" | "fat16" | "fat32" | "fat64") {
            mount.kind = "vfat".to_owned();
        }
        if mount.kind == "swap" {
            mount.path = "none".to_owned();
            if mount.options == "defaults" {
                mount.options = "sw".to_owned();
            }
        }
        if mount.passno.is_empty() {
            mount.passno = if NODEV.contains(&mount.kind.as_str()) { "0" } else { "1" }.to_owned();
        }
        if mount.path.starts_with('/') {
            mount.path = format!("/{}", mount.path.trim_matches('/'));
        }
        self.mount_path(item, &mount)?;
        self.layout.mounts.push(mount);
        Some(Place::Mount)
    }

    /// Whether iSCSI reaches any of the disks that a device is on.
    fn is_remote(&self, path: &str) -> bool {
        let mut disks = self.layout.disks_below(path).into_iter().filter_map(|disk| self.known(&disk.path));
        disks.any(Disk::is_iscsi)
    }

    fn mount_path(&mut self, item: &StorageItem, mount: &Mount) -> Option<()> {
        let clean = |text: &str| !text.chars().any(char::is_control);
        let fields = [&mount.spec, &mount.kind, &mount.options, &mount.freq, &mount.passno, &mount.path];
        if !fields.into_iter().all(|field| clean(field)) {
            let message = "a mount cannot have control characters in it".to_owned();
            self.refuse(item, "mount-field", "options", message, "remove them");
            return None;
        }
        let placed = mount.path.starts_with('/') && !mount.path.split('/').any(|part| part == "..");
        let nowhere = mount.path == "none";
        if !placed && !nowhere {
            let message = format!("{:?} is not an absolute path without `..`", mount.path);
            self.error(item, "mount-path", "path", message);
            return None;
        }
        if placed && self.is_mounted(&mount.path) {
            self.error(item, "mount-twice", "path", format!("{} is mounted twice", mount.path));
            return None;
        }
        Some(())
    }

    /// How fstab names a file system. A swap area with a random key is made anew at every start.
    fn spec(&self, device: Device, path: &str, filesystem: &Filesystem) -> String {
        let random = self.layout.volumes.iter().any(|volume| {
            volume.path == path
                && matches!(&volume.kind, VolumeKind::Crypt(crypt) if matches!(crypt.key, CryptKey::Random(_)))
        });
        match device {
            _ if !random && !filesystem.uuid.is_empty() => format!("UUID={}", filesystem.uuid),
            // The tool has chosen the UUID; the partition has one, too.
            Device::Partition(holder, at) if !random => self
                .holder(holder)
                .filter(|disk| disk.table != Some(Table::Vtoc))
                .and_then(|disk| Some(format!("PARTUUID={}", disk.partitions.get(at)?.partuuid(disk))))
                .unwrap_or_else(|| path.to_owned()),
            _ => path.to_owned(),
        }
    }
}
