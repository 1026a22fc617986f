//! File systems and swap areas.

use super::{Place, Resolver};
use crate::layout::{CryptKey, Filesystem, VolumeKind};
use crate::mkfs;
use crate::names::is_uuid;
use crate::seed;
use crate::size::human;
use crate::storage::{FormatItem, StorageItem};

impl<'a> Resolver<'a> {
    pub(super) fn format(&mut self, item: &'a StorageItem, wanted: &FormatItem) -> Option<Place> {
        let (device, facts) = self.take(item, "volume", &wanted.volume)?;
        if item.preserve {
            let (kind, uuid) = self.kept_filesystem(item, wanted, &facts.path)?;
            let filesystem = Filesystem {
                id: item.id.clone(),
                kind,
                fat_bits: None,
                label: wanted.label.clone(),
                uuid,
                preserve: true,
                extra_options: Vec::new(),
            };
            *self.filesystem(device)? = Some(filesystem);
            return Some(Place::Format(device));
        }
        let Some(known) = mkfs::find(&wanted.fstype) else {
            let message = format!("curtin makes no file system of type {}", wanted.fstype);
            self.refuse(item, "bad-fstype", "fstype", message, "use ext4, xfs, btrfs, fat32 or swap");
            return None;
        };
        let (kind, fat_bits) = match known.name {
            "fat" => ("vfat", None),
            "fat12" => ("vfat", Some(12)),
            "fat16" => ("vfat", Some(16)),
            "fat32" => ("vfat", Some(32)),
            kind => (kind, None),
        };
        if facts.size < known.least << 20 {
            let message = format!("{kind} needs {} MiB, and there are {}", known.least, human(facts.size));
            self.error(item, "format-size", "volume", message);
            return None;
        }
        let given = wanted.uuid.as_deref().filter(|uuid| !uuid.is_empty() && known.uuid);
        let uuid = match (kind, given) {
            (_, Some(uuid)) => uuid.to_owned(),
            ("vfat", None) => seed::volume_id(&[&self.target.seed, &self.unique(&facts.path), &item.id]),
            (_, None) if !known.uuid => String::new(),
            _ => seed::uuid(&[&self.target.seed, &self.unique(&facts.path), &item.id]),
        };
        if given.is_some() && !is_uuid(&uuid) {
            self.error(item, "uuid", "uuid", format!("{uuid:?} is not a UUID"));
            return None;
        }
        let label = wanted.label.as_deref().map(|label| mkfs::cut(label, known.label).to_owned());
        if label != wanted.label {
            let message = format!("a label of {kind} has at most {} bytes: the rest is cut off", known.label);
            self.warn(item, "label-too-long", "label", message, "write a shorter one");
        } else if kind == "vfat" && label.iter().any(|label| label.chars().any(|c| c.is_ascii_lowercase())) {
            let message = format!("firmware may show the label {:?} in capitals", wanted.label);
            self.warn(item, "label-case", "label", message, "write labels of FAT in capitals");
        }
        let filesystem = Filesystem {
            id: item.id.clone(),
            kind: kind.to_owned(),
            fat_bits,
            label,
            uuid,
            preserve: false,
            extra_options: wanted.extra_options.clone(),
        };
        let random = self.layout.volumes.iter().any(|volume| {
            volume.path == facts.path
                && matches!(&volume.kind, VolumeKind::Crypt(crypt) if matches!(crypt.key, CryptKey::Random(_)))
        });
        if random && kind != "swap" {
            let message = format!("{kind} would be lost at every start: the key is random");
            self.warn(item, "random-key", "fstype", message, "use fstype: swap, or a key");
        }
        *self.filesystem(device)? = Some(filesystem);
        Some(Place::Format(device))
    }

    /// What the UUID of a file system is derived from beside seed and id: the disk, whatever its
    /// device node is called today.
    fn unique(&self, path: &str) -> String {
        self.layout
            .disks
            .iter()
            .find(|disk| disk.holds(path))
            .map_or_else(|| "volume".to_owned(), |disk| disk.uuid.clone())
    }
}
