//! Software RAID: members, size, names.

use super::{Device, Facts, Holder, Place, Resolver};
use crate::layout::{Raid, Table, Volume, VolumeKind};
use crate::mkfs;
use crate::names::md_path;
use crate::size::human;
use crate::storage::{RaidItem, RaidLevel, StorageItem, component};

const MIB: u64 = 1 << 20;

impl<'a> Resolver<'a> {
    pub(super) fn raid(&mut self, item: &'a StorageItem, wanted: &RaidItem) -> Option<Place> {
        let level = self.level(item, wanted)?;
        let path = self.array_path(item, &wanted.name)?;
        let metadata = self.metadata(item, wanted.metadata.as_deref())?;
        let table = self.table(item, wanted.ptable.as_deref())?;
        let name = wanted.mdname.as_deref().filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| mkfs::cut(array_name(&path), 32)).to_owned();
        if name.len() > 32 || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            let message = format!("{name:?} is not a name for an array");
            self.refuse(item, "raid-name", "mdname", message, "write 32 characters at most, no spaces");
            return None;
        }
        if wanted.container.is_some() {
            return self.in_container(item, wanted, level, (path, name), table);
        }
        let members = self.take_all(item, "devices", &wanted.devices)?;
        let spares = self.take_all(item, "spare_devices", &wanted.spare_devices)?;
        let sizes = members.iter().chain(&spares).map(|facts| facts.size);
        let (smallest, largest) = (sizes.clone().min().unwrap_or_default(), sizes.max().unwrap_or_default());
        if item.preserve && members.is_empty() {
            let message = "an array has members".to_owned();
            self.refuse(item, "missing-key", "devices", message, "write the ids of its members");
            return None;
        }
        let component = component(smallest, largest);
        let count = members.len() as u64;
        let size = match level {
            RaidLevel::Container => 0,
            RaidLevel::Raid0 | RaidLevel::Linear => members
                .iter()
                .fold(0, |sum: u64, facts| sum.saturating_add(crate::storage::component(facts.size, largest))),
            level => level.capacity(component, count),
        };
        if component < 16 * MIB && !item.preserve {
            let message = format!("{} is too small to be a member of an array", human(smallest));
            self.error(item, "raid-size", "devices", message);
            return None;
        }
        let sector_size = members.iter().chain(&spares).map(|facts| facts.sector_size).max().unwrap_or(512);
        let paths = |list: &[Facts]| list.iter().map(|facts| facts.path.clone()).collect::<Vec<_>>();
        let found = item.preserve || matches!(metadata.as_str(), "ddf" | "imsm");
        let uuid = if found { String::new() } else { mdadm_uuid(&self.uuid(item, "raid")) };
        let raid = Raid {
            level,
            metadata,
            name,
            uuid,
            members: paths(&members),
            spares: paths(&spares),
            member_size: level.is_redundant().then_some(component),
            container: None,
        };
        // A container has no room that could be emptied or partitioned.
        let content = if level == RaidLevel::Container { (None, None) } else { (table, wanted.wipe) };
        let made = self.made(item, path, (size, sector_size), VolumeKind::Raid(raid), content)?;
        let at = self.add_volume(item, made)?;
        Some(Place::Device(Device::Whole(Holder::Array(at))))
    }

    /// An array in a container: on all devices of it, which keeps the superblocks.
    fn in_container(
        &mut self,
        item: &'a StorageItem,
        wanted: &RaidItem,
        level: RaidLevel,
        (path, name): (String, String),
        table: Option<Table>,
    ) -> Option<Place> {
        let id = wanted.container.as_deref().unwrap_or_default();
        let container = match self.places.get(id).copied() {
            Some(Place::Device(Device::Whole(Holder::Array(at)))) => self.layout.volumes.get(at),
            _ => None,
        };
        let Some(Volume { kind: VolumeKind::Raid(raid), path: node, sector_size, preserve, .. }) = container else {
            self.unknown(item, "container", id, "a container");
            return None;
        };
        let (raid, node, sector_size, kept) = (raid.clone(), node.clone(), *sector_size, *preserve);
        if raid.level != RaidLevel::Container || raid.members.len() < level.min_members() {
            let message = format!("{id} is no container of {} devices or more", level.min_members());
            self.refuse(item, "raid-members", "container", message, "add devices to the container");
            return None;
        }
        if item.preserve && !kept {
            let message = format!("{id} is made anew, so that nothing in it can be kept");
            self.refuse(item, "preserve-new", "container", message, "preserve it, too");
            return None;
        }
        let sizes = raid.members.iter().filter_map(|path| self.size_of(path)).collect::<Vec<_>>();
        let smallest = sizes.iter().copied().min().unwrap_or_default();
        let component = component(smallest, sizes.iter().copied().max().unwrap_or_default());
        let size = level.capacity(component, raid.members.len() as u64);
        let made = Raid {
            level,
            metadata: raid.metadata.clone(),
            name,
            uuid: String::new(),
            members: raid.members.clone(),
            spares: Vec::new(),
            member_size: None,
            container: Some(node),
        };
        let made = self.made(item, path, (size, sector_size), VolumeKind::Raid(made), (table, wanted.wipe))?;
        let at = self.add_volume(item, made)?;
        Some(Place::Device(Device::Whole(Holder::Array(at))))
    }

    fn size_of(&self, path: &str) -> Option<u64> {
        let layout = &self.layout;
        let tables = layout.disks.iter().chain(layout.volumes.iter().filter_map(Volume::table));
        let parts = tables.flat_map(|disk| &disk.partitions).map(|part| (part.path.as_str(), part.size));
        let disks = layout.disks.iter().map(|disk| (disk.path.as_str(), disk.size));
        let volumes = layout.volumes.iter().map(|volume| (volume.path.as_str(), volume.size));
        disks.chain(volumes).chain(parts).find(|(other, _)| *other == path).map(|(_, size)| size)
    }

    fn level(&mut self, item: &StorageItem, wanted: &RaidItem) -> Option<RaidLevel> {
        let Some(level) = wanted.level else {
            self.error(item, "raid-level", "raidlevel", "curtin does not know this level".to_owned());
            return None;
        };
        if wanted.container.is_some() {
            return Some(level);
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

    fn array_path(&mut self, item: &StorageItem, name: &str) -> Option<String> {
        let path = md_path(name).filter(|path| !path.chars().any(|c| c.is_control() || c.is_whitespace()));
        if path.is_none() {
            self.error(item, "raid-name", "name", format!("{name:?} is not the name of an array"));
        }
        path
    }

    fn metadata(&mut self, item: &StorageItem, version: Option<&str>) -> Option<String> {
        match version {
            None | Some("" | "default" | "None") => Some("1.2".to_owned()),
            Some("1") => Some("1.0".to_owned()),
            Some("0" | "0.9") => Some("0.90".to_owned()),
            Some(version @ ("0.90" | "1.0" | "1.1" | "1.2" | "ddf" | "imsm")) => Some(version.to_owned()),
            Some(other) => {
                let message = format!("mdadm makes no metadata of version {other:?}");
                self.refuse(item, "raid-metadata", "metadata", message, "write 1.2, 1.1, 1.0, 0.90, ddf or imsm");
                None
            }
        }
    }
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
