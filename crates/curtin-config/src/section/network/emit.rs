//! A typed network back to a configuration.

use super::{Netplan, NetplanDevice, Network, NetworkItem, NetworkItemKind, Route, Subnet};
use crate::entries::{Entries, list};
use crate::value::Node;

impl Network {
    /// The section as it stands in a configuration.
    ///
    /// ```
    /// use firstlight_curtin_config::{Network, to_yaml};
    ///
    /// assert_eq!(to_yaml(&Network::Disabled.to_node()), "config: disabled\n");
    /// ```
    #[must_use]
    pub fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        match self {
            Self::Disabled => {
                entries.put("config", "disabled");
            }
            Self::V1(items) => {
                entries.put("version", 1).put("config", list(items.iter().map(NetworkItem::to_node)));
            }
            Self::V2(plan) => return plan.to_node(),
        }
        entries.node()
    }
}

impl NetworkItem {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        let text = |entries: &mut Entries, kind: &str| {
            entries.put("type", kind).text("name", self.name.as_deref());
        };
        match &self.kind {
            NetworkItemKind::Physical => text(&mut entries, "physical"),
            NetworkItemKind::Bond { interfaces, params } => {
                text(&mut entries, "bond");
                group(&mut entries, "bond_interfaces", interfaces, params);
            }
            NetworkItemKind::Bridge { interfaces, params } => {
                text(&mut entries, "bridge");
                group(&mut entries, "bridge_interfaces", interfaces, params);
            }
            NetworkItemKind::Vlan { link, id } => {
                text(&mut entries, "vlan");
                entries.put("vlan_link", link.as_str()).number("vlan_id", Some(*id));
            }
            NetworkItemKind::Nameserver { addresses, search } => {
                text(&mut entries, "nameserver");
                entries.put("address", words(addresses)).list("search", search);
            }
            NetworkItemKind::Route(route) => {
                text(&mut entries, "route");
                route.put(&mut entries);
            }
        }
        entries.text("mac_address", self.mac_address.as_deref()).number("mtu", self.mtu);
        entries.nodes("subnets", self.subnets.iter().map(Subnet::to_node).collect()).rest(&self.rest);
        entries.node()
    }
}

fn words(words: &[String]) -> Node {
    list(words.iter().map(|word| Node::from(word.as_str())))
}

/// curtin skips a bond or bridge without these, even when they are empty.
fn group(entries: &mut Entries, key: &str, interfaces: &[String], params: &crate::value::Mapping) {
    entries.put(key, words(interfaces));
    entries.put("params", Node::detached(crate::value::Value::Mapping(params.clone())));
}

impl Subnet {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.put("type", self.kind.as_str()).text("control", self.control.as_deref());
        entries.text("address", self.address.as_deref()).text("netmask", self.netmask.as_deref());
        entries.text("gateway", self.gateway.as_deref()).text("broadcast", self.broadcast.as_deref());
        entries.number("metric", self.metric).list("dns_nameservers", &self.dns_nameservers);
        entries.list("dns_search", &self.dns_search);
        let routes = self.routes.iter().map(|route| {
            let mut entries = Entries::new();
            route.put(&mut entries);
            entries.node()
        });
        entries.nodes("routes", routes.collect()).rest(&self.rest);
        entries.node()
    }
}

impl Route {
    fn put(&self, entries: &mut Entries) {
        entries.put("destination", self.destination.as_str()).text("netmask", self.netmask.as_deref());
        entries.text("gateway", self.gateway.as_deref()).number("metric", self.metric).rest(&self.rest);
    }
}

impl Netplan {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.put("version", 2).text("renderer", self.renderer.as_deref());
        let mut kinds: Vec<&str> = Vec::new();
        for device in &self.devices {
            if !kinds.contains(&device.kind.as_str()) {
                kinds.push(&device.kind);
            }
        }
        for kind in kinds {
            let mut group = Entries::new();
            for device in self.devices.iter().filter(|device| device.kind == kind) {
                group.put(&device.name, device.to_node());
            }
            entries.put(kind, group.node());
        }
        entries.rest(&self.rest);
        entries.node()
    }
}

impl NetplanDevice {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.mapping("match", &self.matches).text("set-name", self.set_name.as_deref());
        entries.nodes("addresses", self.addresses.clone());
        entries.choice("dhcp4", self.dhcp4).choice("dhcp6", self.dhcp6);
        entries.text("gateway4", self.gateway4.as_deref()).text("gateway6", self.gateway6.as_deref());
        entries.mapping("nameservers", &self.nameservers).nodes("routes", self.routes.clone());
        entries.number("mtu", self.mtu).text("macaddress", self.macaddress.as_deref());
        entries.list("interfaces", &self.interfaces).mapping("parameters", &self.parameters);
        entries.number("id", self.id).text("link", self.link.as_deref()).rest(&self.rest);
        entries.node()
    }
}
