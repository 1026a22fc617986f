//! Items of a network configuration of version 1.

use super::params::{self, BondParams, BridgeParams};
use super::{SUBNET_KINDS, netmask};
use crate::config::Context;
use crate::digits;
use crate::problem::Problem;
use crate::section::Keys;
use crate::section::fields::fields;
use crate::value::{Mapping, Node, Value};

/// One item.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkItem {
    /// Its name; of name servers and routes, none.
    pub name: Option<String>,
    /// What it is.
    pub kind: NetworkItemKind,
    /// Its hardware address.
    pub mac_address: Option<String>,
    /// The largest packet that it takes.
    pub mtu: Option<u64>,
    /// Its addresses.
    pub subnets: Vec<Subnet>,
    /// A name for the item, which MAAS writes and nobody reads; a route has its own.
    pub id: Option<String>,
    /// Whether router advertisements are listened to.
    pub accept_ra: Option<bool>,
    /// Whether the start of the system goes on without it.
    pub optional: Option<bool>,
    /// Whether what was set up before stays.
    pub keep_configuration: Option<Node>,
    /// Whether a packet may wake the machine.
    pub wakeonlan: Option<bool>,
    /// Settings below `/proc/sys/net/ipv4/conf`, which curtin passes on.
    pub ipv4_conf: Mapping,
    /// Settings below `/proc/sys/net/ipv6/conf`, which curtin passes on.
    pub ipv6_conf: Mapping,
    /// What curtin does not know.
    pub rest: Mapping,
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NetworkItemKind {
    /// An interface that is there.
    Physical {
        /// Further options of interfaces(5).
        params: Mapping,
    },
    /// Several interfaces as one.
    Bond {
        /// The names of the interfaces.
        interfaces: Vec<String>,
        /// Parameters of the bond, such as `bond-mode`.
        params: Box<BondParams>,
    },
    /// A switch between interfaces.
    Bridge {
        /// The names of the interfaces.
        interfaces: Vec<String>,
        /// Parameters of the bridge, such as `bridge_stp`.
        params: Box<BridgeParams>,
    },
    /// A tagged network on an interface.
    Vlan {
        /// The name of the interface.
        link: String,
        /// The tag.
        id: u64,
        /// Further options of interfaces(5).
        params: Mapping,
    },
    /// Name servers for the whole system.
    Nameserver {
        /// Their addresses.
        addresses: Vec<String>,
        /// Domains to search in.
        search: Vec<String>,
    },
    /// A route for the whole system.
    Route(Route),
}

/// The addresses of an interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subnet {
    /// `dhcp4`, `static`, `manual`…
    pub kind: String,
    /// `auto`, `manual` or `hotplug`.
    pub control: Option<String>,
    /// The address, with or without a prefix length.
    pub address: Option<String>,
    /// The mask, when the address has no prefix length.
    pub netmask: Option<String>,
    /// The default gateway.
    pub gateway: Option<String>,
    /// The broadcast address.
    pub broadcast: Option<String>,
    /// The metric of its routes.
    pub metric: Option<u64>,
    /// Name servers.
    pub dns_nameservers: Vec<String>,
    /// Domains to search in.
    pub dns_search: Vec<String>,
    /// Further routes.
    pub routes: Vec<Route>,
    /// Where the address counts, such as `global` or `link`.
    pub scope: Option<String>,
    /// The other end of a line between two.
    pub pointopoint: Option<String>,
    /// The largest packet for this address.
    pub mtu: Option<u64>,
    /// Whether it is one of IPv4.
    pub ipv4: Option<bool>,
    /// Whether it is one of IPv6.
    pub ipv6: Option<bool>,
    /// A name for the subnet, which nobody reads.
    pub id: Option<String>,
    /// Whether router advertisements are listened to.
    pub accept_ra: Option<bool>,
    /// What curtin does not know.
    pub rest: Mapping,
}

fields! {
    /// A route: an item of its own, or one of a subnet.
    Route {
        /// The network with its prefix length; what curtin needs in an item.
        destination: text = "destination",
        /// The network of a subnet's route; what curtin needs there to write interfaces(5).
        network: text = "network",
        /// Its mask, in a subnet's route.
        netmask: text = "netmask",
        /// The next hop.
        gateway: text = "gateway",
        /// Its metric.
        metric: number = "metric",
        /// A name for the route, which nobody reads.
        id: text = "id",
    }
}

const TYPES: &str = "physical, bond, bridge, vlan, nameserver or route";

impl NetworkItem {
    /// An item that lacks something is skipped by curtin, with a line in its log.
    pub(super) fn read(cx: &mut Context, path: String, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, path, node)?;
        let kind = keys.get("type");
        let needed: &[&'static str] = match kind.and_then(Node::as_str) {
            Some("physical") => &["name"],
            Some("bond") => &["name", "bond_interfaces", "params"],
            Some("bridge") => &["name", "bridge_interfaces", "params"],
            Some("vlan") => &["name", "vlan_link", "vlan_id"],
            Some("nameserver") => &["address"],
            Some("route") => &["destination"],
            name => {
                let span = kind.map_or(node.span, |node| node.span);
                let message = match name {
                    Some(name) => format!("curtin knows no network item of type {name}"),
                    None => "a network item needs a `type`".to_owned(),
                };
                let problem = Problem::error("network-type", keys.path("type"), span, message);
                keys.cx.problem(problem.remedy(format!("write {TYPES}")));
                return None;
            }
        };
        let name = kind.and_then(Node::as_str).unwrap_or_default();
        let missing: Vec<&str> = needed.iter().copied().filter(|key| keys.get(key).is_none()).collect();
        if !missing.is_empty() {
            let message = format!("curtin skips a {name} without {}", missing.join(", "));
            let problem = Problem::warning("skipped-item", keys.path.clone(), node.span, message);
            keys.cx.problem(problem.remedy("add what is missing"));
            return None;
        }
        let kind = match name {
            "bond" => NetworkItemKind::Bond {
                interfaces: interfaces(&mut keys, "bond_interfaces"),
                params: Box::new(BondParams::read(&mut keys)),
            },
            "bridge" => NetworkItemKind::Bridge {
                interfaces: interfaces(&mut keys, "bridge_interfaces"),
                params: Box::new(BridgeParams::read(&mut keys)),
            },
            "vlan" => NetworkItemKind::Vlan {
                link: keys.text("vlan_link").unwrap_or_default(),
                id: keys.number("vlan_id").unwrap_or_default(),
                params: params::mapping(&mut keys),
            },
            "nameserver" => NetworkItemKind::Nameserver {
                addresses: one_or_many(&mut keys, "address"),
                search: one_or_many(&mut keys, "search"),
            },
            "route" => NetworkItemKind::Route(top_route(&mut keys)),
            _ => NetworkItemKind::Physical { params: params::mapping(&mut keys) },
        };
        let is_device = !matches!(kind, NetworkItemKind::Nameserver { .. } | NetworkItemKind::Route(_));
        if let Some(node) = keys.get("name").filter(|node| is_device && !can_be_key(node)) {
            keys.bad_type("name", node, "text");
        }
        keys.get("subnets");
        let is_route = matches!(kind, NetworkItemKind::Route(_));
        let item = Self {
            name: keys.text("name"),
            kind,
            mac_address: mac_address(&mut keys),
            mtu: keys.number("mtu"),
            subnets: if is_device { subnets(&mut keys) } else { Vec::new() },
            id: if is_route { None } else { keys.text("id") },
            accept_ra: keys.flag("accept-ra"),
            optional: keys.flag("optional"),
            keep_configuration: keys.get("keep_configuration").cloned(),
            wakeonlan: keys.flag("wakeonlan"),
            ipv4_conf: keys.mapping("ipv4_conf").unwrap_or_default(),
            ipv6_conf: keys.mapping("ipv6_conf").unwrap_or_default(),
            rest: Mapping::default(),
        };
        Some(Self { rest: keys.rest(), ..item })
    }
}

/// Whether Python takes it for a key of a mapping.
pub(super) fn can_be_key(node: &Node) -> bool {
    node.as_mapping().is_none() && node.as_sequence().is_none() && !matches!(node.value, Value::Set(_))
}

fn interfaces(keys: &mut Keys<'_>, name: &'static str) -> Vec<String> {
    let Some(node) = keys.get(name) else { return Vec::new() };
    let names: Vec<&Node> = match &node.value {
        Value::Sequence(items) => items.iter().collect(),
        // Of a mapping, the keys count.
        Value::Mapping(mapping) => mapping.iter().map(|(key, _)| key).collect(),
        Value::String(_) => {
            keys.warning("odd-type", name, node.span, "every letter is taken for an interface", "put it in brackets");
            return Vec::new();
        }
        _ => {
            keys.bad_type(name, node, "a list of names");
            return Vec::new();
        }
    };
    for wrong in names.iter().filter(|node| !can_be_key(node)) {
        keys.bad_type(name, wrong, "the name of an interface");
    }
    names.iter().filter_map(|node| node.to_text()).collect()
}

fn one_or_many(keys: &mut Keys<'_>, name: &'static str) -> Vec<String> {
    match keys.get(name).filter(|node| !node.is_null()) {
        Some(node) if node.as_sequence().is_some() => keys.words(name).unwrap_or_default(),
        Some(node) => node.to_text().into_iter().collect(),
        None => Vec::new(),
    }
}

/// Six numbers below 60 with colons are one number in base 60.
fn mac_address(keys: &mut Keys<'_>) -> Option<String> {
    let node = keys.get("mac_address").filter(|node| !node.is_null())?;
    if let Some(text) = node.as_str() {
        return Some(text.to_ascii_lowercase());
    }
    let message = "without quotes, this hardware address is a number";
    keys.warning("mac-number", "mac_address", node.span, message, "put it in quotes");
    None
}

fn subnets(keys: &mut Keys<'_>) -> Vec<Subnet> {
    let Some(node) = keys.get("subnets").filter(|node| !node.is_falsy()) else { return Vec::new() };
    let path = keys.path("subnets");
    let Some(items) = node.as_sequence() else {
        keys.cx.problem(Problem::bad_type(path, node, "a list").remedy("write `subnets: [{type: dhcp4}]`"));
        return Vec::new();
    };
    items.iter().enumerate().filter_map(|(at, item)| subnet(keys.cx, format!("{path}[{at}]"), item)).collect()
}

fn subnet(cx: &mut Context, path: String, node: &Node) -> Option<Subnet> {
    let mut keys = Keys::new(cx, path, node)?;
    if keys.get("type").is_none() {
        let problem = Problem::error("missing-key", keys.path("type"), node.span, "a subnet needs a `type`");
        keys.cx.problem(problem.remedy("write `type: dhcp4` or `type: static`"));
        return None;
    }
    let counts = netmask::is_counted(&mut keys);
    let subnet = Subnet {
        kind: keys.one_of("type", SUBNET_KINDS).unwrap_or_default(),
        control: keys.one_of("control", &["auto", "manual", "hotplug"]),
        address: keys.text("address"),
        netmask: keys.text("netmask"),
        gateway: keys.text("gateway"),
        broadcast: keys.text("broadcast"),
        metric: keys.number("metric"),
        dns_nameservers: one_or_many(&mut keys, "dns_nameservers"),
        dns_search: one_or_many(&mut keys, "dns_search"),
        routes: routes(&mut keys, counts),
        scope: keys.text("scope"),
        pointopoint: keys.text("pointopoint"),
        mtu: keys.number("mtu"),
        ipv4: keys.flag("ipv4"),
        ipv6: keys.flag("ipv6"),
        id: keys.text("id"),
        accept_ra: keys.flag("accept-ra"),
        rest: Mapping::default(),
    };
    if subnet.kind == "static" && keys.get("address").is_none() && keys.get("netmask").is_none() {
        let message = "a static subnet without `address` sets nothing";
        let problem = Problem::warning("missing-key", keys.path("address"), node.span, message);
        keys.cx.problem(problem.remedy("write `address: 192.0.2.10/24`"));
    }
    let bare = subnet.address.as_deref().filter(|address| !address.contains('/') && subnet.netmask.is_none());
    if let Some(address) = bare {
        let span = keys.get("address").map_or(node.span, |node| node.span);
        let message = format!("{address} has no prefix length, and there is no `netmask`");
        keys.warning("no-prefix", "address", span, &message, "write the prefix length, such as /24");
    }
    Some(Subnet { rest: keys.rest(), ..subnet })
}

/// curtin looks at routes only where it counts the bits of their masks.
fn routes(keys: &mut Keys<'_>, counts: bool) -> Vec<Route> {
    let Some(node) = keys.get("routes") else { return Vec::new() };
    if counts {
        netmask::check_routes(keys, node);
    }
    if !node.is_falsy() && node.as_sequence().is_none() {
        keys.warning("odd-type", "routes", node.span, "these are no routes to anybody", "write a list of mappings");
    }
    let path = keys.path("routes");
    let items = node.as_sequence().unwrap_or_default();
    let read = |(at, item): (usize, &Node)| {
        if item.as_mapping().is_none() {
            let message = format!("a route is a mapping, not {}", item.kind());
            keys.warning("odd-type", &format!("routes[{at}]"), item.span, &message, "write {network: …, gateway: …}");
            return None;
        }
        let mut keys = Keys::new(keys.cx, format!("{path}[{at}]"), item)?;
        keys.get("type");
        Some(Route::read(keys))
    };
    items.iter().enumerate().filter_map(read).collect()
}

/// A route of its own has a prefix length, which curtin turns into a mask of IPv4.
fn top_route(keys: &mut Keys<'_>) -> Route {
    let node = keys.get("destination");
    let prefix = node.and_then(Node::as_str).and_then(|text| {
        let (_, prefix) = text.split_once('/')?;
        digits::python_int(prefix, 10).filter(|prefix| *prefix <= 32)
    });
    if let Some(node) = node.filter(|_| prefix.is_none()) {
        let message = "a destination is an IPv4 network with its prefix length";
        let problem = Problem::error("route-destination", keys.path("destination"), node.span, message);
        keys.cx.problem(problem.remedy("write 198.51.100.0/24, and IPv6 routes in `subnets`"));
    }
    Route::take(keys)
}
