//! A typed network back to a configuration.

use super::{Netplan, Network, NetworkItem, NetworkItemKind, Route, Subnet};
use crate::entries::{Entries, list};
use crate::value::{Mapping, Node, Value};

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
            NetworkItemKind::Physical { params } => {
                text(&mut entries, "physical");
                entries.mapping("params", params);
            }
            NetworkItemKind::Bond { interfaces, params } => {
                text(&mut entries, "bond");
                group(&mut entries, "bond_interfaces", interfaces, params.to_mapping());
            }
            NetworkItemKind::Bridge { interfaces, params } => {
                text(&mut entries, "bridge");
                group(&mut entries, "bridge_interfaces", interfaces, params.to_mapping());
            }
            NetworkItemKind::Vlan { link, id, params } => {
                text(&mut entries, "vlan");
                entries.put("vlan_link", link.as_str()).number("vlan_id", Some(*id)).mapping("params", params);
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
        entries.nodes("subnets", self.subnets.iter().map(Subnet::to_node).collect());
        entries.text("id", self.id.as_deref()).choice("accept-ra", self.accept_ra).choice("optional", self.optional);
        entries.node_at("keep_configuration", self.keep_configuration.clone()).choice("wakeonlan", self.wakeonlan);
        entries.mapping("ipv4_conf", &self.ipv4_conf).mapping("ipv6_conf", &self.ipv6_conf).rest(&self.rest);
        entries.node()
    }
}

fn words(words: &[String]) -> Node {
    list(words.iter().map(|word| Node::from(word.as_str())))
}

/// curtin skips a bond or bridge without these, even when they are empty.
fn group(entries: &mut Entries, key: &str, interfaces: &[String], params: Mapping) {
    entries.put(key, words(interfaces));
    entries.put("params", Node::detached(Value::Mapping(params)));
}

impl Subnet {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.put("type", self.kind.as_str()).text("control", self.control.as_deref());
        entries.text("address", self.address.as_deref()).text("netmask", self.netmask.as_deref());
        entries.text("gateway", self.gateway.as_deref()).text("broadcast", self.broadcast.as_deref());
        entries.number("metric", self.metric).list("dns_nameservers", &self.dns_nameservers);
        entries.list("dns_search", &self.dns_search);
        entries.nodes("routes", self.routes.iter().map(Route::to_node).collect());
        entries.text("scope", self.scope.as_deref()).text("pointopoint", self.pointopoint.as_deref());
        entries.number("mtu", self.mtu).choice("ipv4", self.ipv4).choice("ipv6", self.ipv6);
        entries.text("id", self.id.as_deref()).choice("accept-ra", self.accept_ra).rest(&self.rest);
        entries.node()
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
                group.put(&device.name, device.settings.to_node());
            }
            entries.put(kind, group.node());
        }
        entries.rest(&self.rest);
        entries.node()
    }
}
