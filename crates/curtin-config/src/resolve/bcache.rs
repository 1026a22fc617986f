//! A slow device behind a fast one.

use super::{Device, Holder, Place, Resolver};
use crate::layout::{Bcache, VolumeKind};
use crate::storage::{BcacheItem, StorageItem};

/// The superblock of the slow device.
const HEADER: u64 = 8 << 10;

impl<'a> Resolver<'a> {
    pub(super) fn bcache(&mut self, item: &'a StorageItem, wanted: &BcacheItem) -> Option<Place> {
        let (Some(backing), Some(cache)) = (&wanted.backing_device, &wanted.cache_device) else {
            let message = "a bcache needs a backing_device and a cache_device".to_owned();
            self.refuse(item, "missing-key", "backing_device", message, "name both devices");
            return None;
        };
        let mode = wanted.cache_mode.as_deref().filter(|mode| !mode.is_empty()).unwrap_or("writethrough");
        if !["writethrough", "writeback", "writearound", "none"].contains(&mode) {
            let message = format!("bcache has no mode {mode:?}");
            self.error(item, "cache-mode", "cache_mode", message);
            return None;
        }
        let table = self.table(item, wanted.ptable.as_deref())?;
        let (_, backing) = self.take(item, "backing_device", backing)?;
        let (cache, cache_set, makes_cache_set) = self.cache(item, cache)?;
        if backing.size < 16 << 20 && !item.preserve {
            let message = format!("{} is too small", backing.path);
            self.refuse(item, "bcache-size", "backing_device", message, "use a device of 16 MiB or more");
            return None;
        }
        // The kernel counts from zero in the order in which they are made.
        let count = self.layout.volumes.iter().filter(|volume| matches!(volume.kind, VolumeKind::Bcache(_))).count();
        let (size, backing_sector) = (backing.size.saturating_sub(HEADER), backing.sector_size);
        // What is there has a mode, and keeps it unless another one is named.
        let mode = if item.preserve { wanted.cache_mode.as_deref().unwrap_or_default() } else { mode };
        let bcache = Bcache { backing: backing.path, cache, cache_set, makes_cache_set, mode: mode.to_owned() };
        let found = wanted.path.clone().filter(|path| item.preserve && path.starts_with("/dev/bcache"));
        let path = found.unwrap_or_else(|| format!("/dev/bcache{count}"));
        if item.preserve && wanted.path.as_deref() != Some(&path) {
            let message = format!("what its node is called is not said: it has to be {path}, or nothing is installed");
            self.warn(item, "preserve-unknown", "path", message, &format!("write `path: {path}`"));
        }
        let sizes = (size, backing_sector);
        let made = self.made(item, path, sizes, VolumeKind::Bcache(bcache), (table, wanted.wipe))?;
        let at = self.add_volume(item, made)?;
        Some(Place::Device(Device::Whole(Holder::Array(at))))
    }

    /// The node of the fast device, its cache set, and whether that is a new one: several bcaches
    /// may share it.
    fn cache(&mut self, item: &'a StorageItem, id: &str) -> Option<(String, String, bool)> {
        if let Some(Place::Device(device)) = self.places.get(id).copied()
            && let Some(set) = self.cache_sets.get(&device).cloned()
        {
            return Some((self.facts(device)?.path, set, false));
        }
        let (device, facts) = self.take(item, "cache_device", id)?;
        if facts.size < 64 << 20 && !item.preserve {
            let message = format!("{} is too small for a cache", facts.path);
            self.refuse(item, "bcache-size", "cache_device", message, "use a device of 64 MiB or more");
            return None;
        }
        let set = if item.preserve { String::new() } else { self.uuid(item, "cache-set") };
        self.cache_sets.insert(device, set.clone());
        Some((facts.path, set, true))
    }
}
