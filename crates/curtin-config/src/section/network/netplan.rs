//! A network configuration of version 2, with the settings that netplan has.

use super::item::can_be_key;
use crate::config::Context;
use crate::problem::Problem;
use crate::section::Keys;
use crate::section::fields::fields;
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
    /// What is said of it.
    pub settings: NetplanSettings,
}

fields! {
    /// How an interface is found.
    NetplanMatch {
        /// A pattern for its name.
        name: text = "name",
        /// Its hardware address.
        macaddress: text = "macaddress",
        /// A pattern for its driver, or several.
        driver: node = "driver",
    }
}

fields! {
    /// Name servers.
    NetplanNameservers {
        /// Their addresses.
        addresses: words = "addresses",
        /// Domains to search in.
        search: words = "search",
    }
}

fields! {
    /// A route of a netplan.
    NetplanRoute {
        /// The network, or `default`.
        to: text = "to",
        /// The next hop.
        via: text = "via",
        /// Whether the next hop is a neighbour even if no address says so.
        on_link: switch = "on-link",
        /// The address that packets come from.
        from: text = "from",
        /// Its metric.
        metric: number = "metric",
        /// `unicast`, `blackhole`…
        kind: text = "type",
        /// `global`, `link` or `host`.
        scope: text = "scope",
        /// The routing table that it is in.
        table: number = "table",
        /// The largest packet on it.
        mtu: number = "mtu",
        /// The window that a connection begins with.
        congestion_window: number = "congestion-window",
        /// The window that is offered to the other side at first.
        advertised_receive_window: number = "advertised-receive-window",
        /// The largest segment that is offered to the other side.
        advertised_mss: number = "advertised-mss",
    }
}

fields! {
    /// The settings of a device. The nested ones that curtin looks at have types of their own.
    NetplanSettings {
        /// Who does the work for this device.
        renderer: text = "renderer",
        /// How the interface is found.
        matches: (NetplanMatch) = "match",
        /// The name that it gets.
        set_name: text = "set-name",
        /// Addresses with prefix lengths.
        addresses: nodes = "addresses",
        /// Whether DHCP for IPv4 is used.
        dhcp4: switch = "dhcp4",
        /// Whether DHCP for IPv6 is used.
        dhcp6: switch = "dhcp6",
        /// What is taken of what DHCP for IPv4 says.
        dhcp4_overrides: mapping = "dhcp4-overrides",
        /// What is taken of what DHCP for IPv6 says.
        dhcp6_overrides: mapping = "dhcp6-overrides",
        /// What the device tells of itself to DHCP: `mac` or `duid`.
        dhcp_identifier: text = "dhcp-identifier",
        /// The default gateway for IPv4, by its old name.
        gateway4: text = "gateway4",
        /// The default gateway for IPv6, by its old name.
        gateway6: text = "gateway6",
        /// Name servers.
        nameservers: (NetplanNameservers) = "nameservers",
        /// Routes.
        routes: [NetplanRoute] = "routes",
        /// Rules that choose a routing table.
        routing_policy: nodes = "routing-policy",
        /// The largest packet that it takes.
        mtu: number = "mtu",
        /// The largest packet of IPv6.
        ipv6_mtu: number = "ipv6-mtu",
        /// Whether addresses of IPv6 change.
        ipv6_privacy: node = "ipv6-privacy",
        /// `eui64` or `stable-privacy`.
        ipv6_address_generation: text = "ipv6-address-generation",
        /// The bits that tell it from others in its network.
        ipv6_address_token: text = "ipv6-address-token",
        /// Whether router advertisements are listened to.
        accept_ra: switch = "accept-ra",
        /// What is taken of router advertisements.
        ra_overrides: mapping = "ra-overrides",
        /// The hardware address that it gets.
        macaddress: text = "macaddress",
        /// The kinds of addresses that the link gives itself.
        link_local: node = "link-local",
        /// Whether the device must not be touched while the system runs.
        critical: switch = "critical",
        /// Whether the start of the system goes on without it.
        optional: switch = "optional",
        /// The addresses that the start of the system does not wait for.
        optional_addresses: words = "optional-addresses",
        /// `manual` or `off`.
        activation_mode: text = "activation-mode",
        /// Whether it is set up without a cable.
        ignore_carrier: switch = "ignore-carrier",
        /// Whether a packet may wake the machine.
        wakeonlan: switch = "wakeonlan",
        /// What of a wireless network may wake the machine.
        wakeonwlan: words = "wakeonwlan",
        /// Whether it tells its neighbours of itself.
        emit_lldp: switch = "emit-lldp",
        /// `datagram` or `connected`.
        infiniband_mode: text = "infiniband-mode",
        /// How many virtual functions it has.
        virtual_function_count: number = "virtual-function-count",
        /// Which switch the virtual functions have.
        embedded_switch_mode: text = "embedded-switch-mode",
        /// Whether virtual functions are bound to their drivers late.
        delay_virtual_functions_rebind: switch = "delay-virtual-functions-rebind",
        /// The interfaces of a bond or bridge.
        interfaces: words = "interfaces",
        /// Whether a bridge sends packets back to the port that they came from.
        hairpin: switch = "hairpin",
        /// Whether a bridge learns the hardware addresses behind this port.
        port_mac_learning: switch = "port-mac-learning",
        /// Whether a bridge answers for neighbours instead of asking this port.
        neigh_suppress: switch = "neigh-suppress",
        /// Parameters of a bond or bridge.
        parameters: mapping = "parameters",
        /// The tag of a VLAN.
        id: number = "id",
        /// The interface of a VLAN.
        link: text = "link",
        /// The routing table of a VRF.
        table: number = "table",
        /// The kind of a tunnel.
        mode: text = "mode",
        /// This end of a tunnel.
        local: text = "local",
        /// The other end of a tunnel.
        remote: text = "remote",
        /// The key of a tunnel.
        key: node = "key",
        /// The keys of a tunnel, or one for both directions.
        keys: node = "keys",
        /// The port of a tunnel.
        port: number = "port",
        /// How long packets of a tunnel live.
        ttl: number = "ttl",
        /// The mark of packets that a tunnel of `WireGuard` sends.
        mark: number = "mark",
        /// Seconds until a VXLAN forgets a hardware address.
        ageing: number = "ageing",
        /// The same, as it is spelled elsewhere.
        aging: number = "aging",
        /// How many hardware addresses a VXLAN knows at most.
        limit: number = "limit",
        /// The type of service of a VXLAN's packets.
        type_of_service: number = "type-of-service",
        /// The flow label of a VXLAN's packets.
        flow_label: number = "flow-label",
        /// Whether a VXLAN's packets must not be fragmented.
        do_not_fragment: switch = "do-not-fragment",
        /// Whether a VXLAN routes what it knows the way for by itself.
        short_circuit: switch = "short-circuit",
        /// Whether a VXLAN answers ARP for others.
        arp_proxy: switch = "arp-proxy",
        /// Whether a VXLAN learns hardware addresses from what it receives.
        mac_learning: switch = "mac-learning",
        /// What a VXLAN tells of what it misses: `l2-miss`, `l3-miss`.
        notifications: words = "notifications",
        /// Which checksums a VXLAN has.
        checksums: words = "checksums",
        /// Extensions of VXLAN.
        extensions: words = "extensions",
        /// The first and the last source port of a VXLAN.
        port_range: nodes = "port-range",
        /// The other end of a pair, or of a tunnel of `WireGuard`.
        peer: text = "peer",
        /// The other ends of a tunnel of `WireGuard`.
        peers: nodes = "peers",
        /// How it proves itself to the network.
        auth: mapping = "auth",
        /// The networks of a wireless interface.
        access_points: mapping = "access-points",
        /// The country whose rules a wireless interface keeps.
        regulatory_domain: text = "regulatory-domain",
        /// The access point of a modem's provider.
        apn: text = "apn",
        /// Whether a modem finds its settings by itself.
        auto_config: switch = "auto-config",
        /// The modem that is meant.
        device_id: text = "device-id",
        /// The provider that a modem keeps to.
        network_id: text = "network-id",
        /// The number that a modem dials.
        number: text = "number",
        /// The password for a modem's provider.
        password: text = "password",
        /// The PIN of a SIM card.
        pin: text = "pin",
        /// The SIM card that is meant.
        sim_id: text = "sim-id",
        /// The provider of the SIM card that is meant.
        sim_operator_id: text = "sim-operator-id",
        /// The name for a modem's provider.
        username: text = "username",
        /// Settings of Open vSwitch.
        openvswitch: node = "openvswitch",
        /// Settings of `NetworkManager`.
        networkmanager: mapping = "networkmanager",
        /// Offloads that are turned on or off.
        generic_receive_offload: switch = "generic-receive-offload",
        /// The same for segmentation.
        generic_segmentation_offload: switch = "generic-segmentation-offload",
        /// The same for large receive.
        large_receive_offload: switch = "large-receive-offload",
        /// The same for checksums of what arrives.
        receive_checksum_offload: switch = "receive-checksum-offload",
        /// The same for checksums of what leaves.
        transmit_checksum_offload: switch = "transmit-checksum-offload",
        /// The same for segmentation of TCP.
        tcp_segmentation_offload: switch = "tcp-segmentation-offload",
        /// The same for segmentation of TCP over IPv6.
        tcp6_segmentation_offload: switch = "tcp6-segmentation-offload",
    }
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
        if let Some(node) = keys.get("renderer").filter(|node| !node.is_falsy() && !can_be_key(node)) {
            let problem = Problem::bad_type(keys.path("renderer"), node, "text");
            keys.cx.problem(problem.remedy("write networkd or NetworkManager"));
        }
        Some(Self { kind: kind.to_owned(), name, settings: NetplanSettings::read(keys) })
    }
}
