//! Encrypted devices.

use super::{Device, Holder, Place, Resolver};
use crate::layout::{Crypt, CryptKey, Table, VolumeKind};
use crate::names::is_dm_name;
use crate::size::human;
use crate::storage::{DmCryptItem, StorageItem};

/// Header and key slots of LUKS 2.
const HEADER: u64 = 16 << 20;

impl<'a> Resolver<'a> {
    pub(super) fn crypt(&mut self, item: &'a StorageItem, wanted: &DmCryptItem) -> Option<Place> {
        let name = if wanted.dm_name.is_empty() { item.id.clone() } else { wanted.dm_name.clone() };
        if !is_dm_name(&name) {
            self.error(item, "crypt-name", "dm_name", format!("{name:?} is not a name below /dev/mapper"));
            return None;
        }
        let key = self.key(item, wanted)?;
        let random = matches!(key, CryptKey::Random(_));
        if random && item.preserve {
            let message = "a random key opens nothing that is there already".to_owned();
            self.refuse(item, "crypt-keys", "keyfile", message, "name the file with its passphrase");
            return None;
        }
        let options = if wanted.options.is_empty() {
            if random { "swap,plain,cipher=aes-xts-plain64,size=512" } else { "luks" }.to_owned()
        } else {
            wanted.options.join(",")
        };
        if options.chars().any(|c| c.is_control() || c.is_whitespace() || c == '#') {
            let message = "an option of crypttab has no spaces: the device is not opened at the next start".to_owned();
            self.warn(item, "crypt-options", "options", message, "write each option by itself");
        }
        let (device, facts) = self.take(item, "volume", &wanted.volume)?;
        let size = if random { facts.size } else { facts.size.saturating_sub(HEADER) };
        if size < 1 << 20 && !item.preserve {
            let message = format!("{} are too little for an encrypted device: LUKS takes 16 MiB", human(facts.size));
            self.error(item, "crypt-size", "volume", message);
            return None;
        }
        let uuid = if item.preserve { String::new() } else { self.uuid(item, "luks") };
        // Without a header there is no UUID to find it by.
        let spec = match device {
            Device::Partition(holder, at) if random && self.holder(holder)?.table != Some(Table::Vtoc) => {
                format!("PARTUUID={}", self.holder(holder)?.partitions.get(at)?.partuuid(self.holder(holder)?))
            }
            Device::Whole(Holder::Disk(_)) if random => {
                let message =
                    format!("{} may be another disk at the next start, which would be overwritten", facts.path);
                self.warn(item, "random-key", "volume", message, "use a partition or logical volume");
                self.lasting_name(device, &facts)
            }
            _ if random => facts.path.clone(),
            _ => format!("UUID={uuid}"),
        };
        let path = format!("/dev/mapper/{name}");
        let crypt = Crypt {
            name,
            device: facts.path,
            spec,
            uuid,
            key,
            options,
            cipher: wanted.cipher.clone().filter(|cipher| !cipher.is_empty()),
            key_size: wanted.keysize.clone().filter(|size| !size.is_empty()),
            recovery_keyfile: wanted.recovery_keyfile.clone(),
        };
        let sizes = (size, facts.sector_size);
        let made = self.made(item, path, sizes, VolumeKind::Crypt(crypt), (None, wanted.wipe))?;
        let at = self.add_volume(item, made)?;
        Some(Place::Device(Device::Whole(Holder::Array(at))))
    }

    fn key(&mut self, item: &StorageItem, wanted: &DmCryptItem) -> Option<CryptKey> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        match (given(&wanted.key), given(&wanted.keyfile)) {
            (Some(key), None) => {
                if key.len() > 512 {
                    let message = "a passphrase that somebody types in has at most 512 bytes".to_owned();
                    self.warn(item, "crypt-key", "key", message, "write a shorter one");
                }
                Some(CryptKey::Passphrase(key))
            }
            (None, Some(path)) if path == "/dev/urandom" || path == "/dev/random" => Some(CryptKey::Random(path)),
            (None, Some(path)) => Some(CryptKey::File(path)),
            _ => {
                self.error(item, "crypt-key", "key", "exactly one of key and keyfile is needed".to_owned());
                None
            }
        }
    }
}
