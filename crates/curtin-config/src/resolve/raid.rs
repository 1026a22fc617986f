//! Software RAID: members, size, names.

use super::{Device, Facts, Holder, Place, Resolver, is_name};
use crate::layout::{Raid, VolumeKind};
use crate::size::human;
use crate::storage::{RaidItem, RaidLevel, StorageItem};

const MIB: u64 = 1 << 20;

impl<'a> Resolver<'a> {
    pub(super) fn raid(&mut self, item: &'a StorageItem, wanted: &RaidItem) -> Option<Place> {
        let level = self.level(item, wanted)?;
        let path = self.array_path(item, &wanted.name)?;
        let metadata = self.metadata(item, wanted.metadata.as_deref())?;
        let table = self.table(item, wanted.ptable.as_deref())?;
        let name = wanted.mdname.as_deref().filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| array_name(&path)).to_owned();
        if !is_array_name(&name) {
            self.error(
                item,
                "raid-name",
                "mdname",
                format!("{name:?} is not a name for an array: letters, digits, _.-"),
            );
            return None;
        }
        let members = self.take_all(item, "devices", &wanted.devices)?;
        let spares = self.take_all(item, "spare_devices", &wanted.spare_devices)?;
        let sizes = members.iter().chain(&spares).map(|facts| facts.size);
        let (smallest, largest) = (sizes.clone().min().unwrap_or_default(), sizes.max().unwrap_or_default());
        if item.preserve && members.is_empty() {
            self.error(item, "missing-key", "devices", "an array has members".to_owned());
            return None;
        }
        let component = component(smallest, largest);
        let count = members.len() as u64;
        let size = match level {
            RaidLevel::Raid0 => {
                members.iter().fold(0, |sum: u64, facts| sum.saturating_add(self::component(facts.size, largest)))
            }
            RaidLevel::Raid1 => component,
            RaidLevel::Raid6 => component.saturating_mul(count.saturating_sub(2)),
            RaidLevel::Raid10 => component.saturating_mul(count) / 2,
            _ => component.saturating_mul(count.saturating_sub(1)),
        };
        if component < 16 * MIB && !item.preserve {
            let message = format!("{} is too small to be a member of an array", human(smallest));
            self.error(item, "raid-size", "devices", message);
            return None;
        }
        let sector_size = members.iter().chain(&spares).map(|facts| facts.sector_size).max().unwrap_or(512);
        let paths = |list: &[Facts]| list.iter().map(|facts| facts.path.clone()).collect::<Vec<_>>();
        let uuid = if item.preserve { String::new() } else { mdadm_uuid(&self.uuid(item, "raid")) };
        let raid = Raid {
            level,
            metadata,
            name,
            uuid,
            members: paths(&members),
            spares: paths(&spares),
            member_size: (level != RaidLevel::Raid0).then_some(component),
        };
        let made = self.made(item, path, (size, sector_size), VolumeKind::Raid(raid), (table, wanted.wipe))?;
        let at = self.add_volume(item, made)?;
        Some(Place::Device(Device::Whole(Holder::Array(at))))
    }

    fn level(&mut self, item: &StorageItem, wanted: &RaidItem) -> Option<RaidLevel> {
        let level = wanted.level?;
        if matches!(level, RaidLevel::Linear | RaidLevel::Container) || wanted.container.is_some() {
            let message = "linear arrays and those of the firmware are not planned".to_owned();
            self.refuse(item, "raid-level", "raidlevel", message, "use raidlevel 0, 1, 4, 5, 6 or 10, or LVM");
            return None;
        }
        let (have, need) = (wanted.devices.len(), level.min_members());
        if have < need && !item.preserve {
            let message = format!("{} needs {need} devices, and has {have}", level.name());
            self.error(item, "raid-members", "devices", message);
            return None;
        }
        if !wanted.spare_devices.is_empty() && !level.takes_spares() {
            let message = format!("nothing in {} can be replaced by a spare device", level.name());
            self.error(item, "raid-spares", "spare_devices", message);
            return None;
        }
        Some(level)
    }

    /// `md0`, `os`, `md/os`, `/dev/md0` and `/dev/md/os` are names.
    fn array_path(&mut self, item: &StorageItem, name: &str) -> Option<String> {
        let short = name.strip_prefix("/dev/").unwrap_or(name);
        let numbered = |name: &str| {
            name.strip_prefix("md").is_some_and(|number| {
                !number.is_empty() && number.len() < 7 && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        let path = match short.strip_prefix("md/") {
            Some(rest) if is_array_name(rest) => format!("/dev/md/{rest}"),
            None if numbered(short) => format!("/dev/{short}"),
            None if is_array_name(short) && short == name => format!("/dev/md/{short}"),
            _ => {
                self.error(item, "raid-name", "name", format!("{name:?} is not the name of an array, such as md0"));
                return None;
            }
        };
        Some(path)
    }

    fn metadata(&mut self, item: &StorageItem, version: Option<&str>) -> Option<String> {
        match version {
            None | Some("" | "default") => Some("1.2".to_owned()),
            Some("1") => Some("1.0".to_owned()),
            Some("0.9") => Some("0.90".to_owned()),
            Some(version @ ("0.90" | "1.0" | "1.1" | "1.2")) => Some(version.to_owned()),
            Some(other) => {
                let message = format!("{other:?} is no version of metadata that can be made: 1.2, 1.1, 1.0, 0.90");
                self.error(item, "raid-metadata", "metadata", message);
                None
            }
        }
    }
}

/// What is left of a member for data. mdadm keeps 1/1024 for later changes (128 MiB at most) beside
/// superblock and bitmap, as much on every member as on the first; how much exactly depends on its
/// version, so the plan leaves enough whichever comes first, and says how much is used.
fn component(member: u64, largest: u64) -> u64 {
    let headroom = (largest / 1024).min(128 * MIB).next_multiple_of(MIB);
    (member / MIB * MIB).saturating_sub(headroom + 2 * MIB)
}

/// What mdadm takes, which is less than what others do.
fn is_array_name(name: &str) -> bool {
    is_name(name) && name.len() <= 32 && !name.contains('+')
}

fn array_name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    if path.starts_with("/dev/md/") { name } else { name.strip_prefix("md").unwrap_or(name) }
}

/// Eight digits four times, with colons.
fn mdadm_uuid(uuid: &str) -> String {
    let digits: Vec<char> = uuid.chars().filter(|c| *c != '-').collect();
    let groups: Vec<String> = digits.chunks(8).map(|group| group.iter().collect()).collect();
    groups.join(":")
}
