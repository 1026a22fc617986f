//! Reading the items of the `storage` section.

use super::{
    BcacheItem, DasdItem, DeviceItem, DiskItem, DmCryptItem, FormatItem, ItemKind, LvmPartitionItem, LvmVolgroupItem,
    MountItem, NvmeControllerItem, PartitionItem, RaidItem, RaidLevel, Storage, StorageItem, Wipe, ZfsItem, ZpoolItem,
};
use crate::config::Context;
use crate::problem::{Problem, Span};
use crate::size;
use crate::value::{Mapping, Node, Value};

impl Storage {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        if node.is_null() {
            return None;
        }
        let Some(mapping) = node.as_mapping() else {
            let problem = Problem::bad_type("storage", node, "a mapping");
            cx.problem(problem.remedy("write `storage: {version: 1, config: […]}`"));
            return None;
        };
        let version = match mapping.get("version").map(|node| (&node.value, node.span)) {
            Some((Value::Int(1), _)) => 1,
            Some((Value::Int(2), _)) => 2,
            found => {
                let span = found.map_or(node.span, |(_, span)| span);
                cx.problem(
                    Problem::error("storage-version", "storage.version", span, "must be 1 or 2")
                        .remedy("write `version: 1`"),
                );
                1
            }
        };
        let items = match mapping.get("config") {
            Some(list) if list.as_sequence().is_some() => list.as_sequence().unwrap_or_default(),
            found => {
                let span = found.map_or(node.span, |node| node.span);
                cx.error("missing-key", "storage.config", span, "must be a list of items", "write `config: […]`");
                &[]
            }
        };
        let items = items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| StorageItem::read(cx, format!("storage.config[{at}]"), item))
            .collect();
        let device_map_path = mapping.get("device_map_path").and_then(Node::as_str).map(str::to_owned);
        Some(Self { version, items, device_map_path })
    }
}

/// Reads the keys of one item and reports those that do not fit.
struct Fields<'a> {
    cx: &'a mut Context,
    path: &'a str,
    mapping: &'a Mapping,
    span: Span,
    /// The keys that were asked for.
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        self.mapping.get(key)
    }

    /// What nobody has asked for.
    fn rest(self) -> Mapping {
        let unknown = |key: &Node| key.as_str().is_none_or(|key| !self.known.contains(&key));
        Mapping { entries: self.mapping.entries.iter().filter(|(key, _)| unknown(key)).cloned().collect() }
    }

    fn text(&mut self, key: &'static str) -> Option<String> {
        let node = self.get(key)?;
        match &node.value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Int(_) | Value::BigInt(_) | Value::Float(_) | Value::Bool(_) => {
                let text = node.to_text()?;
                let message = format!("is {}, and reads as {text:?}", node.kind());
                self.cx.warning("not-text", format!("{}.{key}", self.path), node.span, message, "put it in quotes");
                Some(text)
            }
            _ => {
                self.cx.bad_type(format!("{}.{key}", self.path), node, "text");
                None
            }
        }
    }

    fn required(&mut self, key: &'static str) -> String {
        if self.get(key).is_none_or(Node::is_null) {
            let message = format!("needs a `{key}`");
            let remedy = format!("add `{key}`");
            self.cx.error("missing-key", format!("{}.{key}", self.path), self.span, message, &remedy);
            return String::new();
        }
        self.text(key).unwrap_or_default()
    }

    fn size(&mut self, key: &'static str) -> Option<u64> {
        let node = self.get(key).filter(|node| !node.is_null())?;
        match size::from_node(node) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.cx.problem(
                    Problem::error("bad-size", format!("{}.{key}", self.path), node.span, error.to_string())
                        .remedy("write a number of bytes, or one with B, K, M, G or T, such as 512M"),
                );
                None
            }
        }
    }

    fn number(&mut self, key: &'static str) -> Option<u32> {
        let node = self.get(key).filter(|node| !node.is_null())?;
        let number = match &node.value {
            Value::Int(number) => u32::try_from(*number).ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none_or(|number| number == 0) {
            let message = "this is no number from 1 on";
            let remedy = format!("write `{key}: 1` or the like, without quotes");
            self.cx.error("bad-number", format!("{}.{key}", self.path), node.span, message, &remedy);
            return None;
        }
        number
    }

    fn flag(&mut self, key: &'static str) -> bool {
        self.get(key).is_some_and(|node| match &node.value {
            Value::String(text) => !matches!(text.as_str(), "" | "false" | "False" | "none" | "None"),
            _ => !node.is_falsy(),
        })
    }

    fn wipe(&mut self) -> Option<Wipe> {
        let node = self.get("wipe").filter(|node| !node.is_falsy())?;
        Some(match node.as_str() {
            Some("superblock" | "superblock-recursive" | "pvremove") => Wipe::Superblock,
            Some("zero") => Wipe::Zero,
            Some("random") => Wipe::Random,
            _ => {
                let message = "curtin knows no such way to wipe";
                let problem = Problem::error("bad-wipe", format!("{}.wipe", self.path), node.span, message);
                self.cx.problem(problem);
                return None;
            }
        })
    }

    /// The level of a RAID; numbers are fine, names must be known.
    fn level(&mut self) -> Option<RaidLevel> {
        let Some(node) = self.get("raidlevel").filter(|node| !node.is_null()) else {
            let path = format!("{}.raidlevel", self.path);
            self.cx.error(
                "missing-key",
                path,
                self.span,
                "needs a `raidlevel`",
                "write `raidlevel: raid1` or the like",
            );
            return None;
        };
        let level = match &node.value {
            Value::Float(number) => RaidLevel::from_name(&number.to_string()),
            _ => node.to_text().and_then(|name| RaidLevel::from_name(&name)),
        };
        if level.is_none() {
            let remedy = "write 0, 1, 4, 5, 6, 10, linear or container";
            let path = format!("{}.raidlevel", self.path);
            self.cx.error("raid-level", path, node.span, "curtin knows no such level", remedy);
        }
        level
    }

    fn mapping(&mut self, key: &'static str) -> Mapping {
        let Some(node) = self.get(key).filter(|node| !node.is_falsy()) else {
            return Mapping::default();
        };
        node.as_mapping().cloned().unwrap_or_else(|| {
            self.cx.bad_type(format!("{}.{key}", self.path), node, "a mapping");
            Mapping::default()
        })
    }

    fn words(&mut self, key: &'static str) -> Vec<String> {
        let Some(node) = self.get(key).filter(|node| !node.is_falsy()) else {
            return Vec::new();
        };
        let words: Option<Vec<String>> = node.as_sequence().and_then(|items| items.iter().map(Node::to_text).collect());
        words.unwrap_or_else(|| {
            self.cx.bad_type(format!("{}.{key}", self.path), node, "a list of words");
            Vec::new()
        })
    }
}

impl StorageItem {
    fn read(cx: &mut Context, path: String, node: &Node) -> Option<Self> {
        let Some(mapping) = node.as_mapping() else {
            cx.problem(Problem::bad_type(path, node, "a mapping").remedy("write {id: sda, type: disk, …} or the like"));
            return None;
        };
        let mut fields = Fields { cx, path: &path, mapping, span: node.span, known: Vec::new() };
        let id = fields.required("id");
        let kind = match fields.required("type").as_str() {
            "disk" => ItemKind::Disk(disk(&mut fields)),
            "partition" => ItemKind::Partition(partition(&mut fields)),
            "format" => ItemKind::Format(FormatItem {
                volume: fields.required("volume"),
                fstype: fields.required("fstype"),
                label: fields.text("label").filter(|label| !label.is_empty()),
                uuid: fields.text("uuid"),
                name: fields.text("name"),
                extra_options: fields.words("extra_options"),
            }),
            "mount" => ItemKind::Mount(mount(&mut fields)),
            "lvm_volgroup" => ItemKind::LvmVolgroup(LvmVolgroupItem {
                name: fields.required("name"),
                devices: fields.words("devices"),
                uuid: fields.text("uuid"),
            }),
            "lvm_partition" => ItemKind::LvmPartition(LvmPartitionItem {
                name: fields.required("name"),
                volgroup: fields.required("volgroup"),
                size: fields.size("size"),
                wipe: fields.wipe(),
                path: fields.text("path"),
            }),
            "dm_crypt" => ItemKind::DmCrypt(crypt(&mut fields)),
            "raid" => ItemKind::Raid(raid(&mut fields)),
            "bcache" => ItemKind::Bcache(bcache(&mut fields)),
            "zpool" => ItemKind::Zpool(zpool(&mut fields)),
            "zfs" => ItemKind::Zfs(ZfsItem {
                pool: fields.required("pool"),
                volume: fields.required("volume"),
                properties: fields.mapping("properties"),
            }),
            "dasd" => ItemKind::Dasd(DasdItem {
                device_id: fields.required("device_id"),
                blocksize: fields.number("blocksize"),
                label: fields.text("label"),
                mode: fields.text("mode"),
                disk_layout: fields.text("disk_layout"),
                name: fields.text("name"),
            }),
            "nvme_controller" => ItemKind::NvmeController(NvmeControllerItem {
                transport: fields.required("transport"),
                tcp_port: fields.number("tcp_port"),
                tcp_addr: fields.text("tcp_addr"),
            }),
            "device" => ItemKind::Device(DeviceItem { path: fields.required("path") }),
            other => ItemKind::Other(other.to_owned()),
        };
        let preserve = fields.flag("preserve");
        let rest = fields.rest();
        Some(Self { id, kind, span: node.span, path, preserve, rest })
    }
}

fn disk(fields: &mut Fields<'_>) -> DiskItem {
    DiskItem {
        serial: fields.text("serial"),
        wwn: fields.text("wwn"),
        path: fields.text("path"),
        ptable: fields.text("ptable"),
        model: fields.text("model"),
        name: fields.text("name"),
        wipe: fields.wipe(),
        grub_device: fields.flag("grub_device"),
        multipath: fields.text("multipath"),
        device_id: fields.text("device_id"),
        nvme_controller: fields.text("nvme_controller"),
    }
}

fn partition(fields: &mut Fields<'_>) -> PartitionItem {
    PartitionItem {
        device: fields.required("device"),
        size: fields.size("size"),
        number: fields.number("number"),
        offset: fields.size("offset"),
        flag: fields.text("flag").filter(|flag| !flag.is_empty()),
        wipe: fields.wipe(),
        uuid: fields.text("uuid"),
        name: fields.text("name"),
        path: fields.text("path"),
        resize: fields.flag("resize"),
        partition_type: fields.text("partition_type"),
        partition_name: fields.text("partition_name"),
        attrs: fields.words("attrs"),
        grub_device: fields.flag("grub_device"),
        multipath: fields.text("multipath"),
    }
}

fn mount(fields: &mut Fields<'_>) -> MountItem {
    MountItem {
        device: fields.text("device"),
        path: fields.text("path"),
        options: fields.text("options"),
        spec: fields.text("spec"),
        fstype: fields.text("fstype"),
        freq: fields.get("freq").and_then(Node::to_text),
        passno: fields.get("passno").and_then(Node::to_text),
    }
}

fn raid(fields: &mut Fields<'_>) -> RaidItem {
    RaidItem {
        name: fields.required("name"),
        level: fields.level(),
        devices: fields.words("devices"),
        spare_devices: fields.words("spare_devices"),
        container: fields.text("container"),
        ptable: fields.text("ptable"),
        metadata: fields.get("metadata").and_then(Node::to_text),
        mdname: fields.text("mdname"),
        path: fields.text("path"),
        wipe: fields.wipe(),
    }
}

fn crypt(fields: &mut Fields<'_>) -> DmCryptItem {
    DmCryptItem {
        volume: fields.required("volume"),
        dm_name: fields.required("dm_name"),
        key: fields.text("key"),
        keyfile: fields.text("keyfile"),
        recovery_keyfile: fields.text("recovery_keyfile"),
        cipher: fields.text("cipher"),
        keysize: fields.text("keysize"),
        options: fields.words("options"),
        wipe: fields.wipe(),
        path: fields.text("path"),
    }
}

fn bcache(fields: &mut Fields<'_>) -> BcacheItem {
    BcacheItem {
        backing_device: fields.text("backing_device"),
        cache_device: fields.text("cache_device"),
        name: fields.text("name"),
        cache_mode: fields.text("cache_mode"),
        ptable: fields.text("ptable"),
        wipe: fields.wipe(),
        path: fields.text("path"),
    }
}

fn zpool(fields: &mut Fields<'_>) -> ZpoolItem {
    ZpoolItem {
        pool: fields.required("pool"),
        vdevs: fields.words("vdevs"),
        mountpoint: fields.text("mountpoint"),
        pool_properties: fields.mapping("pool_properties"),
        fs_properties: fields.mapping("fs_properties"),
        default_features: fields.get("default_features").is_none_or(|node| !node.is_falsy()),
        encryption_style: fields.text("encryption_style"),
        keyfile: fields.text("keyfile"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[track_caller]
    fn check(item: &str, wanted: &ItemKind) {
        let parsed = parse(&format!("storage: {{version: 1, config: [{{id: x, {item}}}]}}"));
        assert_eq!(parsed.problems, [], "{item}");
        assert_eq!(parsed.config.storage.unwrap().items[0].kind, *wanted, "{item}");
    }

    #[test]
    fn every_type_is_read() {
        let text = |text: &str| Some(text.to_owned());
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        check(
            "type: raid, name: md0, raidlevel: 1.0, devices: [a, b], spare_devices: [c], metadata: 1.2",
            &ItemKind::Raid(RaidItem {
                name: "md0".into(),
                level: Some(RaidLevel::Raid1),
                devices: words(&["a", "b"]),
                spare_devices: words(&["c"]),
                metadata: text("1.2"),
                ..RaidItem::default()
            }),
        );
        check(
            "type: lvm_volgroup, name: vg, devices: [a]",
            &ItemKind::LvmVolgroup(LvmVolgroupItem { name: "vg".into(), devices: words(&["a"]), uuid: None }),
        );
        check(
            "type: lvm_partition, name: lv, volgroup: g, size: 1G",
            &ItemKind::LvmPartition(LvmPartitionItem {
                name: "lv".into(),
                volgroup: "g".into(),
                size: Some(1 << 30),
                ..LvmPartitionItem::default()
            }),
        );
        check(
            "type: dm_crypt, volume: v, dm_name: c, keyfile: /k",
            &ItemKind::DmCrypt(DmCryptItem {
                volume: "v".into(),
                dm_name: "c".into(),
                keyfile: text("/k"),
                ..DmCryptItem::default()
            }),
        );
        check(
            "type: bcache, backing_device: b, cache_device: c, cache_mode: writeback",
            &ItemKind::Bcache(BcacheItem {
                backing_device: text("b"),
                cache_device: text("c"),
                cache_mode: text("writeback"),
                ..BcacheItem::default()
            }),
        );
        check(
            "type: zpool, pool: p, vdevs: [a], mountpoint: /srv",
            &ItemKind::Zpool(ZpoolItem {
                pool: "p".into(),
                vdevs: words(&["a"]),
                mountpoint: text("/srv"),
                default_features: true,
                ..ZpoolItem::default()
            }),
        );
        check(
            "type: zfs, pool: p, volume: /v",
            &ItemKind::Zfs(ZfsItem { pool: "p".into(), volume: "/v".into(), properties: Mapping::default() }),
        );
        check(
            "type: dasd, device_id: 0.0.1520, blocksize: 4096",
            &ItemKind::Dasd(DasdItem { device_id: "0.0.1520".into(), blocksize: Some(4096), ..DasdItem::default() }),
        );
        check(
            "type: nvme_controller, transport: tcp, tcp_port: 4420, tcp_addr: 10.0.0.1",
            &ItemKind::NvmeController(NvmeControllerItem {
                transport: "tcp".into(),
                tcp_port: Some(4420),
                tcp_addr: text("10.0.0.1"),
            }),
        );
    }
}
