//! File systems and swap areas.

use super::{Place, Resolver};
use crate::layout::{CryptKey, Filesystem, VolumeKind};
use crate::problem::Problem;
use crate::seed;
use crate::size::human;
use crate::storage::{FormatItem, StorageItem};

const MIB: u64 = 1 << 20;

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
        let (kind, fat_bits) = match wanted.fstype.as_str() {
            "fat" => ("vfat", None),
            "fat12" => ("vfat", Some(12)),
            "fat16" => ("vfat", Some(16)),
            "fat32" => ("vfat", Some(32)),
            kind @ ("ext2" | "ext3" | "ext4" | "xfs" | "btrfs" | "vfat" | "swap") => (kind, None),
            other => {
                let message = format!("the file system {other} is not planned");
                self.refuse(
                    item,
                    "fstype",
                    "fstype",
                    message,
                    "use ext4, ext3, ext2, xfs, btrfs, vfat (fat12, fat16, fat32) or swap",
                );
                return None;
            }
        };
        self.minimum(item, kind, facts.size)?;
        let uuid = match wanted.uuid.as_deref().filter(|uuid| !uuid.is_empty()) {
            Some(uuid) => uuid.to_owned(),
            None => {
                let parts = [self.target.seed.as_str(), &self.unique(&facts.path), &item.id];
                if kind == "vfat" { seed::volume_id(&parts) } else { seed::uuid(&parts) }
            }
        };
        if !uuid.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
            self.error(item, "uuid", "uuid", format!("{uuid:?} is not a UUID"));
            return None;
        }
        if kind == "vfat" && uuid.chars().filter(|c| *c != '-').count() != 8 {
            let message = format!("{uuid:?} is not a volume id of FAT: eight digits, such as ABCD-1234");
            self.error(item, "uuid", "uuid", message);
            return None;
        }
        self.label(item, kind, wanted.label.as_deref());
        let filesystem = Filesystem {
            id: item.id.clone(),
            kind: kind.to_owned(),
            fat_bits,
            label: wanted.label.clone(),
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
            self.refuse(item, "random-key", "fstype", message, "use fstype: swap, or a key");
            return None;
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

    /// Below that, mkfs refuses.
    fn minimum(&mut self, item: &StorageItem, kind: &str, size: u64) -> Option<()> {
        let least = match kind {
            "xfs" => 300 * MIB,
            "btrfs" => 110 * MIB,
            "swap" | "vfat" => MIB / 2,
            _ => MIB,
        };
        if size < least {
            let message = format!("{kind} needs {}, and there are {}", human(least), human(size));
            self.error(item, "format-size", "volume", message);
            return None;
        }
        Some(())
    }

    fn label(&mut self, item: &StorageItem, kind: &str, label: Option<&str>) {
        let limit = match kind {
            "xfs" => 12,
            "vfat" => 11,
            "btrfs" => 256,
            "swap" => 15,
            _ => 16,
        };
        let Some(label) = label else { return };
        if label.len() > limit {
            self.error(item, "label", "label", format!("a label of {kind} has at most {limit} bytes"));
        } else if kind == "vfat" && label.chars().any(|c| c.is_ascii_lowercase()) {
            let message = format!("firmware may show the label {label:?} in capitals");
            let problem = Problem::warning("label-case", format!("{}.label", item.path), item.span, message);
            self.problems.push(problem.remedy("write labels of FAT in capitals"));
        }
    }
}
