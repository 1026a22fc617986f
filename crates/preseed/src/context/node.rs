//! `node`: the machine as a template sees it.

use crate::object::Made;
use crate::{Map, Value};

/// `node`: a machine. Its fields have the names that they have in MAAS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node<'a> {
    /// `system_id`
    pub system_id: &'a str,
    /// `hostname`; with the domain also as `fqdn`.
    pub hostname: &'a str,
    /// `domain.name`
    pub domain: &'a str,
    /// `architecture`, as `ARCH/SUBARCH`.
    pub architecture: &'a str,
    /// `bios_boot_method`: `pxe` or `uefi`.
    pub bios_boot_method: &'a str,
    /// `osystem`
    pub osystem: &'a str,
    /// `distro_series`
    pub distro_series: &'a str,
    /// `owner.username`; `owner` is `None` if the machine has none.
    pub owner: Option<&'a str>,
    /// `zone.name`
    pub zone: &'a str,
    /// `pool.name`
    pub pool: &'a str,
    /// `description`
    pub description: &'a str,
    /// `power_type`
    pub power_type: &'a str,
    /// `cpu_count`
    pub cpu_count: u32,
    /// `memory`, in MiB.
    pub memory: u32,
    /// `swap_size`, in bytes; `None` leaves it to the installer.
    pub swap_size: Option<i64>,
    /// `tags`: their names; `tag_names()` gives them too, and `tags.all()` gives each with its `name`, as in MAAS.
    pub tags: &'a [&'a str],
    /// `interfaces`; the first one is `boot_interface` too.
    pub interfaces: &'a [Interface<'a>],
    /// `disks`; the first one is `boot_disk` too.
    pub disks: &'a [Disk<'a>],
}

/// A network interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interface<'a> {
    /// `name`
    pub name: &'a str,
    /// `mac_address`
    pub mac_address: &'a str,
    /// `ip_addresses`
    pub ip_addresses: &'a [&'a str],
}

/// A disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disk<'a> {
    /// `name`, without `/dev/`.
    pub name: &'a str,
    /// `size`, in bytes.
    pub size: i64,
    /// `model`
    pub model: &'a str,
    /// `serial`
    pub serial: &'a str,
}

impl From<&Node<'_>> for Value {
    fn from(node: &Node<'_>) -> Self {
        let dot = if node.domain.is_empty() { "" } else { "." };
        let named = |name: &str| Self::map([("name", name)]);
        let interfaces: Vec<Self> = node.interfaces.iter().map(Into::into).collect();
        let disks: Vec<Self> = node.disks.iter().map(Into::into).collect();
        let tags = Self::list(node.tags.iter().copied());
        let fields: [(&str, Self); 22] = [
            ("system_id", node.system_id.into()),
            ("hostname", node.hostname.into()),
            ("fqdn", format!("{}{dot}{}", node.hostname, node.domain).into()),
            ("domain", named(node.domain)),
            ("architecture", node.architecture.into()),
            ("bios_boot_method", node.bios_boot_method.into()),
            ("osystem", node.osystem.into()),
            ("distro_series", node.distro_series.into()),
            ("owner", node.owner.map(|owner| Self::map([("username", owner)])).into()),
            ("zone", named(node.zone)),
            ("pool", named(node.pool)),
            ("description", node.description.into()),
            ("power_type", node.power_type.into()),
            ("cpu_count", node.cpu_count.into()),
            ("memory", node.memory.into()),
            ("swap_size", node.swap_size.into()),
            ("tags", Made::Relation(tags.clone(), Self::list(node.tags.iter().copied().map(named))).into()),
            ("tag_names", Made::Getter(tags).into()),
            ("boot_interface", interfaces.first().cloned().into()),
            ("interfaces", interfaces.into()),
            ("boot_disk", disks.first().cloned().into()),
            ("disks", disks.into()),
        ];
        fields.into_iter().collect::<Map>().into()
    }
}

impl From<&Interface<'_>> for Value {
    fn from(interface: &Interface<'_>) -> Self {
        let fields: [(&str, Self); 3] = [
            ("name", interface.name.into()),
            ("mac_address", interface.mac_address.into()),
            ("ip_addresses", Self::list(interface.ip_addresses.iter().copied())),
        ];
        fields.into_iter().collect::<Map>().into()
    }
}

impl From<&Disk<'_>> for Value {
    fn from(disk: &Disk<'_>) -> Self {
        let fields: [(&str, Self); 4] = [
            ("name", disk.name.into()),
            ("size", disk.size.into()),
            ("model", disk.model.into()),
            ("serial", disk.serial.into()),
        ];
        fields.into_iter().collect::<Map>().into()
    }
}
