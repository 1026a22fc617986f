//! A network configuration of version 2.

use super::item::can_be_key;
use crate::config::Context;
use crate::problem::Problem;
use crate::section::Keys;
use crate::value::{Mapping, Node};

/// What netplan reads; curtin passes it on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Netplan {
    /// Who does the work: `networkd` or `NetworkManager`.
    pub renderer: Option<String>,
    /// The devices in the order of the text, each kind (`ethernets`, `bonds`…) with a name and its settings.
    pub devices: Vec<NetplanDevice>,
    /// What netplan does not know.
    pub rest: Mapping,
}

/// One device of a netplan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetplanDevice {
    /// `ethernets`, `bonds`, `bridges`, `vlans`…
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How the interface is found: `macaddress`, `name`, `driver`.
    pub matches: Mapping,
    /// The name that it gets.
    pub set_name: Option<String>,
    /// Addresses with prefix lengths.
    pub addresses: Vec<Node>,
    /// Whether DHCP for IPv4 is used.
    pub dhcp4: Option<bool>,
    /// Whether DHCP for IPv6 is used.
    pub dhcp6: Option<bool>,
    /// The default gateway for IPv4, by its old name.
    pub gateway4: Option<String>,
    /// The default gateway for IPv6, by its old name.
    pub gateway6: Option<String>,
    /// Name servers: `addresses` and `search`.
    pub nameservers: Mapping,
    /// Routes.
    pub routes: Vec<Node>,
    /// The largest packet that it takes.
    pub mtu: Option<u64>,
    /// The hardware address that it gets.
    pub macaddress: Option<String>,
    /// The interfaces of a bond or bridge.
    pub interfaces: Vec<String>,
    /// Parameters of a bond or bridge.
    pub parameters: Mapping,
    /// The tag of a VLAN.
    pub id: Option<u64>,
    /// The interface of a VLAN.
    pub link: Option<String>,
    /// Everything else that netplan knows, and what it does not.
    pub rest: Mapping,
}

/// The kinds of devices.
const KINDS: &[&str] = &[
    "ethernets",
    "bonds",
    "bridges",
    "vlans",
    "wifis",
    "modems",
    "tunnels",
    "vrfs",
    "dummy-devices",
    "virtual-ethernets",
    "nm-devices",
    "openvswitch",
];

/// Further settings of a device, which are kept in its `rest`.
const SETTINGS: &[&str] = &[
    "accept-ra",
    "access-points",
    "activation-mode",
    "auth",
    "critical",
    "dhcp-identifier",
    "dhcp4-overrides",
    "dhcp6-overrides",
    "emit-lldp",
    "gateway",
    "ignore-carrier",
    "infiniband-mode",
    "ipv6-address-generation",
    "ipv6-mtu",
    "ipv6-privacy",
    "key",
    "link-local",
    "local",
    "mode",
    "openvswitch",
    "optional",
    "optional-addresses",
    "peer",
    "peers",
    "remote",
    "renderer",
    "routing-policy",
    "table",
    "virtual-function-count",
    "wakeonlan",
];

impl Netplan {
    pub(super) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, "network", node)?;
        keys.get("version");
        let renderer = keys.get("renderer");
        check_kinds(&mut keys, node);
        let mut plan = Self { renderer: renderer.and_then(Node::to_text), ..Self::default() };
        for kind in KINDS {
            let Some(node) = keys.get(kind) else { continue };
            let path = keys.path(kind);
            let Some(group) = Keys::new(keys.cx, path.clone(), node) else { continue };
            let cx = group.cx;
            for (name, device) in node.as_mapping().into_iter().flat_map(Mapping::iter) {
                let name = name.to_text().unwrap_or_default();
                plan.devices.extend(NetplanDevice::read(cx, kind, &path, name, device));
            }
        }
        plan.rest = keys.rest();
        Some(plan)
    }
}

/// curtin takes every key besides `version` for a kind of devices: a mapping of names to mappings.
pub(super) fn check_kinds(keys: &mut Keys<'_>, node: &Node) {
    for (key, group) in node.as_mapping().into_iter().flat_map(Mapping::iter) {
        let name = key.to_text().unwrap_or_default();
        if name == "version" || KINDS.contains(&name.as_str()) {
            continue;
        }
        let wrong = match group.as_mapping() {
            None => Some(group),
            Some(devices) => devices.iter().map(|(_, device)| device).find(|device| device.as_mapping().is_none()),
        };
        let Some(wrong) = wrong else { continue };
        let message = "curtin takes every key here for a kind of devices, and stops at this one";
        let (code, remedy) = match name.as_str() {
            "renderer" => ("netplan-renderer", "write `renderer` at each device"),
            _ => ("bad-type", "leave it out"),
        };
        keys.cx.problem(Problem::error(code, keys.path(&name), wrong.span, message).remedy(remedy));
    }
}

impl NetplanDevice {
    fn read(cx: &mut Context, kind: &str, path: &str, name: String, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, format!("{path}.{name}"), node)?;
        let list = |node: Option<&Node>| node.and_then(Node::as_sequence).unwrap_or_default().to_vec();
        let device = Self {
            kind: kind.to_owned(),
            name,
            matches: keys.mapping("match").unwrap_or_default(),
            set_name: keys.text("set-name"),
            addresses: list(keys.get("addresses")),
            dhcp4: keys.flag("dhcp4"),
            dhcp6: keys.flag("dhcp6"),
            gateway4: keys.text("gateway4"),
            gateway6: keys.text("gateway6"),
            nameservers: keys.mapping("nameservers").unwrap_or_default(),
            routes: list(keys.get("routes")),
            mtu: keys.number("mtu"),
            macaddress: keys.text("macaddress"),
            interfaces: keys.words("interfaces").unwrap_or_default(),
            parameters: keys.mapping("parameters").unwrap_or_default(),
            id: keys.number("id"),
            link: keys.text("link"),
            rest: Mapping::default(),
        };
        if let Some(node) = keys.get("renderer").filter(|node| !node.is_falsy() && !can_be_key(node)) {
            keys.error("bad-type", "renderer", node.span, format!("must be text, not {}", node.kind()));
        }
        let mut rest = Mapping::default();
        for name in SETTINGS {
            if let Some(node) = keys.get(name) {
                rest.entries.push((Node::from(*name), node.clone()));
            }
        }
        rest.entries.extend(keys.rest().entries);
        Some(Self { rest, ..device })
    }
}
