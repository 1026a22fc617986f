//! What is mounted where.

use super::{Place, Resolver};
use crate::layout::{CryptKey, Filesystem, Mount, VolumeKind};
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
        if let Some(device) = &wanted.device {
            let Some(Place::Format(device)) = self.places.get(device.as_str()).copied() else {
                let message = format!("{device} is not the id of a format above");
                self.error(item, "unknown-device", "device", message);
                return None;
            };
            let path = self.facts(device)?.path;
            let filesystem = self.filesystem(device)?.clone()?;
            mount.device = Some(path.clone());
            mount.spec = self.spec(&path, &filesystem);
            mount.kind.clone_from(&filesystem.kind);
            if mount.kind == "swap" {
                mount.path = "none".to_owned();
                mount.options = word(&wanted.options, "sw");
            } else if wanted.passno.is_none() {
                mount.passno = "1".to_owned();
            }
        } else if wanted.spec.is_none() {
            self.error(item, "missing-key", "device", "a mount needs a device or a spec".to_owned());
            return None;
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
        let nowhere = mount.path == "none" && (mount.kind == "swap" || mount.device.is_none());
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
    fn spec(&self, path: &str, filesystem: &Filesystem) -> String {
        let random = self.layout.volumes.iter().any(|volume| {
            volume.path == path
                && matches!(&volume.kind, VolumeKind::Crypt(crypt) if matches!(crypt.key, CryptKey::Random(_)))
        });
        if random || filesystem.uuid.is_empty() { path.to_owned() } else { format!("UUID={}", filesystem.uuid) }
    }
}
