//! ZFS pools and file systems.

use super::{Device, Facts, Holder, Place, Resolver, volume};
use crate::layout::{Dataset, Pool, VolumeKind, partition_path};
use crate::problem::Problem;
use crate::storage::{ItemKind, MountItem, Storage, StorageItem, ZfsItem, ZpoolItem};
use crate::value::Node;
use crate::zfs::{CanMount, Mountpoint, can_encrypt, dataset_name, is_pool_name, is_property, property};
use crate::zfs::{fs_properties, pool_properties, properties};

/// The smallest device that a pool can be made of.
const LEAST: u64 = 64 << 20;

impl<'a> Resolver<'a> {
    pub(super) fn pool(&mut self, item: &'a StorageItem, wanted: &ZpoolItem) -> Option<Place> {
        let name = wanted.pool.clone();
        if !is_pool_name(&name) {
            let message = format!("ZFS does not take the name {name:?} for a pool");
            self.error(item, "zfs-name", "pool", message);
            return None;
        }
        if wanted.vdevs.is_empty() {
            let message = "a pool needs devices".to_owned();
            self.refuse(item, "missing-key", "vdevs", message, "write the ids of its devices");
            return None;
        }
        let pool_properties = pool_properties(&wanted.pool_properties);
        let mut fs = fs_properties(&wanted.fs_properties);
        let keyfile = self.pool_key(item, wanted, &pool_properties)?;
        let mut mountpoint = property(&fs, "mountpoint").map(Mountpoint::of);
        if let Some(path) = wanted.mountpoint.as_deref().filter(|path| !path.is_empty()) {
            if mountpoint.is_some() {
                let message = "the mountpoint of the pool stands in its fs_properties, too".to_owned();
                self.refuse(item, "zfs-mountpoint", "mountpoint", message, "remove one of the two");
                return None;
            }
            mountpoint = Some(Mountpoint::of(path));
        }
        let mountpoint = mountpoint.unwrap_or_else(|| Mountpoint::of(&format!("/{name}")));
        let mut pool = Pool {
            name: name.clone(),
            members: Vec::new(),
            vdevs: Vec::new(),
            properties: pool_properties,
            fs_properties: Vec::new(),
            default_features: wanted.default_features,
            keyfile,
            mountpoint: None,
        };
        if pool.keyfile.is_some() {
            // Nothing is mounted before its key has its place.
            let key = format!("file://{}", pool.key());
            for (property, value) in
                [("encryption", "on"), ("keylocation", &key), ("keyformat", "raw"), ("canmount", "off")]
            {
                match fs.iter_mut().find(|(known, _)| known == property) {
                    Some((_, known)) => value.clone_into(known),
                    None => fs.push((property.to_owned(), value.to_owned())),
                }
            }
        }
        pool.mountpoint = match self.place_of(item, "fs_properties", &fs, &mountpoint)? {
            (Some(path), CanMount::On) => Some(path),
            // Unlike other file systems, curtin does not mount this one by hand.
            _ => None,
        };
        if wanted.mountpoint.as_deref().is_some_and(|path| !path.is_empty()) {
            fs.push(("mountpoint".to_owned(), wanted.mountpoint.clone().unwrap_or_default()));
        }
        pool.fs_properties = fs;
        let taken: Vec<Option<(Device, Facts)>> = wanted.vdevs.iter().map(|id| self.take(item, "vdevs", id)).collect();
        let taken: Vec<(Device, Facts)> = taken.into_iter().collect::<Option<_>>()?;
        if let Some((_, small)) = taken.iter().find(|(_, facts)| facts.size < LEAST) {
            let message = format!("{} is too small for a pool", small.path);
            self.error(item, "zpool-size", "vdevs", message);
            return None;
        }
        pool.vdevs = taken.iter().map(|(device, facts)| self.lasting_name(*device, facts)).collect();
        let sector_size = taken.iter().map(|(_, facts)| facts.sector_size).max()?;
        let size = taken.iter().fold(0, |sum: u64, (_, facts)| sum.saturating_add(facts.size));
        pool.members = taken.into_iter().map(|(_, facts)| facts.path).collect();
        let at = self.add_volume(item, volume(item, name, size, sector_size, VolumeKind::Pool(pool)))?;
        self.mountpoints.insert(at, mountpoint);
        Some(Place::Pool(at))
    }

    pub(super) fn dataset(&mut self, item: &'a StorageItem, wanted: &ZfsItem) -> Option<Place> {
        let Some(Place::Pool(at)) = self.places.get(wanted.pool.as_str()).copied() else {
            self.unknown(item, "pool", &wanted.pool, "a zpool");
            return None;
        };
        let pool = self.layout.volumes.get(at)?;
        let (pool, size, sector_size) = (pool.path.clone(), pool.size, pool.sector_size);
        let Some(name) = dataset_name(&pool, &wanted.volume) else {
            let message = format!("{:?} is not a name for a file system in {pool}", wanted.volume);
            self.refuse(
                item,
                "zfs-name",
                "volume",
                message,
                "write letters, digits, _.:- and slashes, such as ROOT/os",
            );
            return None;
        };
        let path = format!("{pool}/{name}");
        let (parent, last) = path.rsplit_once('/')?;
        let Some(parent_at) = self.layout.volumes.iter().position(|volume| volume.path == parent) else {
            let message = format!("there is no {parent} above, so nothing can be made in it");
            self.refuse(item, "zfs-parent", "volume", message, "add an item of type zfs for it");
            return None;
        };
        let properties = properties(&wanted.properties);
        let mountpoint = match property(&properties, "mountpoint") {
            Some(given) => Mountpoint::of(given),
            None => self.mountpoints.get(&parent_at)?.below(last),
        };
        let (place, can_mount) = self.place_of(item, "properties", &properties, &mountpoint)?;
        if can_mount == CanMount::NoAuto && place.is_none() {
            let message = "it is to be mounted, and has no mountpoint".to_owned();
            self.refuse(item, "zfs-mountpoint", "properties", message, "give it a mountpoint, or canmount: off");
            return None;
        }
        let dataset = Dataset {
            name,
            pool,
            properties,
            mountpoint: place.filter(|_| can_mount != CanMount::Off),
            by_hand: can_mount == CanMount::NoAuto,
        };
        let at = self.add_volume(item, volume(item, path, size, sector_size, VolumeKind::Dataset(dataset)))?;
        self.mountpoints.insert(at, mountpoint);
        Some(Place::Mount)
    }

    fn pool_key(
        &mut self,
        item: &StorageItem,
        wanted: &ZpoolItem,
        properties: &[(String, String)],
    ) -> Option<Option<String>> {
        let Some(style) = wanted.encryption_style.as_deref() else { return Some(None) };
        let keyfile = wanted.keyfile.clone().filter(|path| !path.is_empty());
        let (key, message) = match &keyfile {
            _ if style != "luks_keystore" => ("encryption_style", format!("{style:?} is not luks_keystore")),
            None => ("keyfile", "an encrypted pool needs a keyfile".to_owned()),
            Some(_) if !can_encrypt(properties, wanted.default_features) => {
                ("pool_properties", "a pool of version 28 cannot be encrypted".to_owned())
            }
            Some(_) => return Some(keyfile),
        };
        self.refuse(
            item,
            "zpool-encryption",
            key,
            message,
            "write encryption_style: luks_keystore, a keyfile, and pool_properties: {version: null}",
        );
        None
    }

    /// Where a file system can be mounted, and when it is.
    fn place_of(
        &mut self,
        item: &StorageItem,
        key: &str,
        properties: &[(String, String)],
        mountpoint: &Mountpoint,
    ) -> Option<(Option<String>, CanMount)> {
        if let Mountpoint::Bad(text) = mountpoint {
            let message = format!("{text:?} is no mountpoint for ZFS");
            self.refuse(item, "zfs-mountpoint", key, message, "write an absolute path, none or legacy");
            return None;
        }
        let Some(can_mount) = CanMount::of(properties) else {
            self.refuse(item, "zfs-property", key, "ZFS takes no such canmount".to_owned(), "write on, off or noauto");
            return None;
        };
        if let Some((name, _)) = properties.iter().find(|property| !is_property(property)) {
            self.refuse(item, "zfs-property", key, format!("{name:?} is no property"), "remove it");
            return None;
        }
        if let Some(path) = mountpoint.path()
            && can_mount != CanMount::Off
            && self.is_mounted(path)
        {
            self.error(item, "mount-twice", key, format!("{path} is mounted twice"));
            return None;
        }
        Some((mountpoint.path().map(str::to_owned), can_mount))
    }

    /// A name of the device that stays the same at every start, if the disk has one.
    pub(super) fn lasting_name(&self, device: Device, facts: &Facts) -> String {
        let by_id = |at: usize| -> Option<&String> {
            let path = &self.layout.disks.get(at)?.path;
            let disk = self.target.disks.iter().find(|disk| disk.path == *path)?;
            disk.links.iter().filter(|link| link.starts_with("/dev/disk/by-id/")).min()
        };
        let name = match device {
            Device::Whole(Holder::Disk(at)) => by_id(at).cloned(),
            Device::Partition(Holder::Disk(at), part) => by_id(at).and_then(|link| {
                let number = self.layout.disks.get(at)?.partitions.get(part)?.number;
                Some(partition_path(link, number))
            }),
            _ => None,
        };
        name.unwrap_or_else(|| facts.path.clone())
    }
}

/// A format of type `zfsroot` and its mount stand for a pool and two file systems: the section with these in their place.
/// `None` where there is nothing to replace.
pub(super) fn expanded(storage: &Storage, problems: &mut Vec<Problem>) -> Option<Storage> {
    let is_root = |item: &&StorageItem| matches!(&item.kind, ItemKind::Format(format) if format.fstype == "zfsroot");
    let roots: Vec<&StorageItem> = storage.items.iter().filter(is_root).collect();
    let root = *roots.first()?;
    let ItemKind::Format(format) = &root.kind else { return None };
    let mounts: Vec<(&StorageItem, &MountItem)> = storage
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Mount(mount) if mount.path.as_deref() == Some("/") => Some((item, mount)),
            _ => None,
        })
        .collect();
    let boots_from_gpt = storage.items.iter().find_map(|item| match &item.kind {
        ItemKind::Disk(disk) if disk.grub_device => Some(disk.ptable.as_deref() == Some("gpt")),
        ItemKind::Partition(part) if part.grub_device => Some(false),
        _ => None,
    });
    let refusal = match mounts.as_slice() {
        _ if roots.len() > 1 => Some("there can be one zfsroot"),
        _ if root.preserve => Some("a zfsroot cannot be kept"),
        [(_, mount)] if mount.device.as_ref() == Some(&root.id) => match boots_from_gpt {
            Some(true) => None,
            _ => Some("a zfsroot needs a disk with `grub_device: true` and `ptable: gpt`"),
        },
        _ => Some("a zfsroot is mounted at /, and nothing else is"),
    };
    if let Some(message) = refusal {
        let path = format!("{}.fstype", root.path);
        problems.push(Problem::error("zfsroot", path, root.span, message).remedy("use ext4, or zpool and zfs items"));
    }
    let pool = format!("{}_zfsroot_pool", root.id);
    let made = |id: String, kind: ItemKind| StorageItem { id, kind, preserve: false, ..root.clone() };
    let dataset = |volume: &str, canmount: &str, mountpoint: &str| {
        let properties = Node::mapping([("canmount", Node::from(canmount)), ("mountpoint", Node::from(mountpoint))]);
        let properties = properties.as_mapping().cloned().unwrap_or_default();
        ItemKind::Zfs(ZfsItem { pool: pool.clone(), volume: volume.to_owned(), properties })
    };
    let mut items = Vec::new();
    for item in &storage.items {
        if mounts.iter().any(|(mount, _)| mount.id == item.id) {
            continue;
        }
        if item.id != root.id {
            items.push(item.clone());
            continue;
        }
        let zpool = ZpoolItem {
            pool: "rpool".to_owned(),
            vdevs: vec![format.volume.clone()],
            mountpoint: Some("/".to_owned()),
            default_features: true,
            ..ZpoolItem::default()
        };
        items.push(made(pool.clone(), ItemKind::Zpool(zpool)));
        items.push(made(format!("{}_zfsroot_container", root.id), dataset("/ROOT", "off", "none")));
        items.push(made(format!("{}_zfsroot_fs", root.id), dataset("/ROOT/zfsroot", "noauto", "/")));
    }
    Some(Storage { items, ..storage.clone() })
}
