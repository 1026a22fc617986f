//! What is mounted where.

use super::{Device, Place, Resolver};
use crate::layout::{CryptKey, Filesystem, Mount, Table, VolumeKind};
use crate::storage::{MountItem, StorageItem};

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
            passno: word(&wanted.passno, "0"),
        };
        let told = wanted.spec.as_deref().is_some_and(|spec| !spec.is_empty());
        if told && wanted.fstype.as_deref().is_some_and(|kind| !kind.is_empty()) {
            // What is said to be mounted needs nothing of this section.
            if mount.spec.starts_with("/dev/") {
                mount.device = Some(mount.spec.clone());
            }
        } else if let Some(device) = &wanted.device {
            let Some(Place::Format(device)) = self.places.get(device.as_str()).copied() else {
                let message = format!("{device} is not the id of a format above");
                self.error(item, "unknown-device", "device", message);
                return None;
            };
            let path = self.facts(device)?.path;
            let filesystem = self.filesystem(device)?.clone()?;
            mount.device = Some(path.clone());
            if !told {
                mount.spec = self.spec(device, &path, &filesystem);
            }
            mount.kind.clone_from(&filesystem.kind);
            if mount.kind == "swap" {
                mount.path = "none".to_owned();
                mount.options = word(&wanted.options, "sw");
            } else if wanted.passno.is_none() {
                mount.passno = "1".to_owned();
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
        }
        if mount.path.starts_with('/') {
            mount.path = format!("/{}", mount.path.trim_matches('/'));
        }
        self.mount_path(item, &mount)?;
        self.layout.mounts.push(mount);
        Some(Place::Mount)
    }

    fn mount_path(&mut self, item: &StorageItem, mount: &Mount) -> Option<()> {
        let clean = |text: &str| !text.chars().any(char::is_control);
        let fields = [&mount.spec, &mount.kind, &mount.options, &mount.freq, &mount.passno, &mount.path];
        if !fields.into_iter().all(|field| clean(field)) {
            let message = "a mount cannot have control characters in it".to_owned();
            self.error(item, "mount-field", "", message);
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
