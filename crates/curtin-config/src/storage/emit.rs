//! Typed items back to a configuration.

use super::{
    BcacheItem, DasdItem, DeviceItem, DiskItem, DmCryptItem, FormatItem, ItemKind, LvmPartitionItem, LvmVolgroupItem,
    MountItem, NvmeControllerItem, PartitionItem, RaidItem, RaidLevel, Storage, StorageItem, Wipe, ZfsItem, ZpoolItem,
};
use crate::entries::Entries;
use crate::problem::Span;
use crate::value::{Mapping, Node, Value};

impl Entries {
    fn wipe(&mut self, wipe: Option<Wipe>) -> &mut Self {
        self.text(
            "wipe",
            wipe.map(|wipe| match wipe {
                Wipe::Superblock => "superblock",
                Wipe::Zero => "zero",
                Wipe::Random => "random",
            }),
        )
    }
}

impl Storage {
    /// A section of version 1 without items.
    #[must_use]
    pub fn new() -> Self {
        Self { version: 1, ..Self::default() }
    }

    /// Adds an item behind the others.
    pub fn push(&mut self, id: impl Into<String>, kind: impl Into<ItemKind>) {
        let path = format!("storage.config[{}]", self.items.len());
        let (id, kind, rest) = (id.into(), kind.into(), Mapping::default());
        self.items.push(StorageItem { id, kind, span: Span::NONE, path, preserve: false, rest });
    }

    /// The section as a value: what [`to_yaml`](crate::to_yaml) writes and
    /// [`check_storage`](crate::check_storage) judges.
    ///
    /// ```
    /// use firstlight_curtin_config::{DiskItem, Storage, check_storage, to_yaml};
    ///
    /// let mut storage = Storage::new();
    /// storage.push("disk", DiskItem { path: Some("/dev/sda".to_owned()), ..DiskItem::default() });
    /// let section = storage.to_node();
    /// assert_eq!(check_storage(&section), []);
    /// assert_eq!(to_yaml(&section), "version: 1\nconfig:\n  -\n    id: disk\n    type: disk\n    path: /dev/sda\n");
    /// ```
    #[must_use]
    pub fn to_node(&self) -> Node {
        let items = self.items.iter().map(StorageItem::to_node).collect();
        let mut entries = Entries::new();
        entries.put("version", i64::from(self.version)).put("config", Node::detached(Value::Sequence(items)));
        entries.text("device_map_path", self.device_map_path.as_deref());
        entries.node()
    }
}

impl StorageItem {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.put("id", self.id.as_str()).put("type", self.kind.name());
        match &self.kind {
            ItemKind::Disk(item) => disk(&mut entries, item),
            ItemKind::Partition(item) => partition(&mut entries, item),
            ItemKind::Format(item) => format(&mut entries, item),
            ItemKind::Mount(item) => mount(&mut entries, item),
            ItemKind::Raid(item) => raid(&mut entries, item),
            ItemKind::LvmVolgroup(LvmVolgroupItem { name, devices, uuid }) => {
                entries.put("name", name.as_str()).list("devices", devices).text("uuid", uuid.as_deref());
            }
            ItemKind::LvmPartition(LvmPartitionItem { name, volgroup, size, wipe, path }) => {
                entries.put("volgroup", volgroup.as_str()).put("name", name.as_str());
                entries.number("size", *size).wipe(*wipe).text("path", path.as_deref());
            }
            ItemKind::DmCrypt(item) => crypt(&mut entries, item),
            ItemKind::Bcache(item) => bcache(&mut entries, item),
            ItemKind::Zpool(item) => zpool(&mut entries, item),
            ItemKind::Zfs(ZfsItem { pool, volume, properties }) => {
                entries.put("pool", pool.as_str()).put("volume", volume.as_str()).mapping("properties", properties);
            }
            ItemKind::Dasd(item) => dasd(&mut entries, item),
            ItemKind::NvmeController(NvmeControllerItem { transport, tcp_port, tcp_addr }) => {
                entries.put("transport", transport.as_str());
                entries.number("tcp_port", tcp_port.map(u64::from)).text("tcp_addr", tcp_addr.as_deref());
            }
            ItemKind::Device(item) => {
                entries.put("path", item.path.as_str());
            }
            ItemKind::Other(_) => {}
        }
        entries.flag("preserve", self.preserve).rest(&self.rest);
        entries.node()
    }
}

fn disk(entries: &mut Entries, item: &DiskItem) {
    entries.text("serial", item.serial.as_deref()).text("wwn", item.wwn.as_deref()).text("path", item.path.as_deref());
    entries.text("ptable", item.ptable.as_deref()).text("model", item.model.as_deref());
    entries.text("name", item.name.as_deref()).wipe(item.wipe).flag("grub_device", item.grub_device);
    entries.text("multipath", item.multipath.as_deref()).text("device_id", item.device_id.as_deref());
    entries.text("nvme_controller", item.nvme_controller.as_deref());
}

fn partition(entries: &mut Entries, item: &PartitionItem) {
    entries.put("device", item.device.as_str()).number("size", item.size);
    entries.number("number", item.number.map(u64::from)).number("offset", item.offset);
    entries.text("flag", item.flag.as_deref()).wipe(item.wipe).text("uuid", item.uuid.as_deref());
    entries.text("name", item.name.as_deref()).text("path", item.path.as_deref()).flag("resize", item.resize);
    entries.text("partition_type", item.partition_type.as_deref());
    entries.text("partition_name", item.partition_name.as_deref()).list("attrs", &item.attrs);
    entries.flag("grub_device", item.grub_device).text("multipath", item.multipath.as_deref());
}

fn format(entries: &mut Entries, item: &FormatItem) {
    entries.put("volume", item.volume.as_str()).put("fstype", item.fstype.as_str());
    entries.text("label", item.label.as_deref()).text("uuid", item.uuid.as_deref());
    entries.text("name", item.name.as_deref()).list("extra_options", &item.extra_options);
}

fn mount(entries: &mut Entries, item: &MountItem) {
    entries.text("device", item.device.as_deref()).text("path", item.path.as_deref());
    entries.text("options", item.options.as_deref()).text("spec", item.spec.as_deref());
    entries.text("fstype", item.fstype.as_deref());
    entries.text("freq", item.freq.as_deref()).text("passno", item.passno.as_deref());
}

fn crypt(entries: &mut Entries, item: &DmCryptItem) {
    entries.put("volume", item.volume.as_str()).put("dm_name", item.dm_name.as_str());
    entries.text("key", item.key.as_deref()).text("keyfile", item.keyfile.as_deref());
    entries.text("recovery_keyfile", item.recovery_keyfile.as_deref()).text("cipher", item.cipher.as_deref());
    entries.text("keysize", item.keysize.as_deref());
    entries.list("options", &item.options).wipe(item.wipe).text("path", item.path.as_deref());
}

fn raid(entries: &mut Entries, item: &RaidItem) {
    entries.put("name", item.name.as_str());
    entries.text("raidlevel", item.level.map(RaidLevel::name));
    entries.list("devices", &item.devices).list("spare_devices", &item.spare_devices);
    entries.text("container", item.container.as_deref()).text("ptable", item.ptable.as_deref());
    entries.text("metadata", item.metadata.as_deref()).text("mdname", item.mdname.as_deref());
    entries.text("path", item.path.as_deref()).wipe(item.wipe);
}

fn bcache(entries: &mut Entries, item: &BcacheItem) {
    entries.text("backing_device", item.backing_device.as_deref());
    entries.text("cache_device", item.cache_device.as_deref()).text("name", item.name.as_deref());
    entries.text("cache_mode", item.cache_mode.as_deref()).text("ptable", item.ptable.as_deref());
    entries.wipe(item.wipe).text("path", item.path.as_deref());
}

fn zpool(entries: &mut Entries, item: &ZpoolItem) {
    entries.put("pool", item.pool.as_str()).list("vdevs", &item.vdevs);
    entries.text("mountpoint", item.mountpoint.as_deref());
    entries.mapping("pool_properties", &item.pool_properties).mapping("fs_properties", &item.fs_properties);
    if !item.default_features {
        entries.put("default_features", false);
    }
    entries.text("encryption_style", item.encryption_style.as_deref()).text("keyfile", item.keyfile.as_deref());
}

fn dasd(entries: &mut Entries, item: &DasdItem) {
    entries.put("device_id", item.device_id.as_str()).number("blocksize", item.blocksize.map(u64::from));
    entries.text("label", item.label.as_deref()).text("mode", item.mode.as_deref());
    entries.text("disk_layout", item.disk_layout.as_deref()).text("name", item.name.as_deref());
}

macro_rules! kinds {
    ($($variant:ident($item:ident)),+ $(,)?) => {
        $(impl From<$item> for ItemKind {
            fn from(item: $item) -> Self {
                Self::$variant(item)
            }
        })+
    };
}

kinds!(
    Disk(DiskItem),
    Partition(PartitionItem),
    Format(FormatItem),
    Mount(MountItem),
    LvmVolgroup(LvmVolgroupItem),
    LvmPartition(LvmPartitionItem),
    DmCrypt(DmCryptItem),
    Raid(RaidItem),
    Bcache(BcacheItem),
    Zpool(ZpoolItem),
    Zfs(ZfsItem),
    Dasd(DasdItem),
    NvmeController(NvmeControllerItem),
    Device(DeviceItem),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn what_was_read_is_written_back() {
        let yaml = "storage:
  version: 2
  config:
  - {id: d, type: disk, path: /dev/sda, ptable: gpt, model: m, wipe: zero, grub_device: true, preserve: true}
  - {id: p, type: partition, device: d, size: 1073741824, number: 3, offset: 1048576, flag: boot, uuid: u,
     partition_name: n, attrs: [a], resize: true}
  - {id: f, type: format, volume: p, fstype: ext4, label: l, extra_options: [-m, '0']}
  - {id: m, type: mount, device: f, path: /, options: o, freq: '0', passno: '1'}
  - {id: r, type: raid, name: md0, raidlevel: raid10, devices: [a, b], spare_devices: [c], metadata: '1.0', mdname: x}
  - {id: v, type: lvm_volgroup, name: vg, devices: [r]}
  - {id: l, type: lvm_partition, volgroup: v, name: lv, size: 4194304}
  - {id: c, type: dm_crypt, volume: l, dm_name: c, key: k, options: [luks]}
  - {id: b, type: bcache, backing_device: x, cache_device: y, cache_mode: writeback}
  - {id: z, type: zpool, pool: p, vdevs: [x], pool_properties: {ashift: 12}, default_features: false}
  - {id: s, type: zfs, pool: z, volume: /v, properties: {canmount: 'off'}}
  - {id: a, type: dasd, device_id: 0.0.1520, blocksize: 4096}
  - {id: n, type: nvme_controller, transport: tcp, tcp_port: 4420}
";
        let parsed = parse(yaml);
        assert_eq!(parsed.problems, []);
        let written = parsed.config.storage.unwrap().to_node();
        let text = crate::to_yaml(&written);
        let again = parse(&crate::to_yaml(&Node::mapping([("storage", written.clone())])));
        assert_eq!(again.problems, []);
        assert_eq!(crate::to_yaml(&again.config.storage.unwrap().to_node()), text);
        assert_eq!(text.matches(" type:").count(), 13);
        let (root, _) = crate::yaml::load(yaml);
        let root = root.unwrap();
        let read = root.as_mapping().unwrap().get("storage").unwrap().as_mapping().unwrap().get("config").unwrap();
        let keys = |node: &Node| -> usize {
            node.as_sequence().unwrap().iter().map(|item| item.as_mapping().unwrap().len()).sum()
        };
        assert_eq!(keys(written.as_mapping().unwrap().get("config").unwrap()), keys(read), "no key is lost");
    }

    #[test]
    fn what_nobody_knows_is_written_back() {
        let yaml = "version: 1\nconfig:\n  -\n    id: d\n    type: disk\n    path: /dev/sda\n    colour: red\n  -\n    \
                    id: t\n    type: tape\n    reels: 2\n    4: x\n";
        let (root, _) = crate::yaml::load(yaml);
        let parsed = parse(&crate::to_yaml(&Node::mapping([("storage", root.unwrap())])));
        assert_eq!(crate::to_yaml(&parsed.config.storage.unwrap().to_node()), yaml);
    }
}
