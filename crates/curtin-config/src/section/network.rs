//! The network, in the form of curtin (version 1) or of netplan (version 2).
//!
//! The installed system's own renderer reads the configuration, so that unknown keys are passed on; what curtin looks
//! at itself is judged as curtin does.

use super::Keys;
use crate::config::Context;
use crate::problem::Problem;
use crate::value::{Mapping, Node, Value};

mod emit;
mod item;
mod netmask;
mod netplan;
mod params;

pub use item::{NetworkItem, NetworkItemKind, Route, Subnet};
pub use netplan::{Netplan, NetplanDevice, NetplanMatch, NetplanNameservers, NetplanRoute, NetplanSettings};
pub use params::{BondParams, BridgeParams};

/// What a subnet may be.
pub(crate) const SUBNET_KINDS: &[&str] = &[
    "dhcp",
    "dhcp4",
    "dhcp6",
    "static",
    "static6",
    "manual",
    "ipv6_dhcpv6-stateful",
    "ipv6_dhcpv6-stateless",
    "ipv6_slaac",
];

/// The `network` section.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Network {
    /// `config: disabled`: the installed system is left alone.
    Disabled,
    /// Version 1: a list of items.
    V1(Vec<NetworkItem>),
    /// Version 2: as netplan has it.
    V2(Netplan),
}

impl Network {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        if node.is_falsy() && node.as_mapping().is_none() {
            return None;
        }
        if matches!(node.value, Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_)) {
            cx.bad_type("network", node, "a mapping");
            return None;
        }
        if node.as_mapping().is_none() {
            let message = format!("cloud-init gets {} as it stands here, and expects a mapping", node.kind());
            cx.warning("odd-type", "network", node.span, message, "write `config: disabled` below it, or leave it out");
            return None;
        }
        let mut keys = Keys::new(cx, "network", node)?;
        let version = keys.get("version");
        let config = keys.get("config");
        if config.and_then(Node::as_str) == Some("disabled") {
            return Some(Self::Disabled);
        }
        match version.map(|node| &node.value) {
            // In Python, true is 1.
            Some(Value::Int(1) | Value::Bool(true)) => {
                let items = items(&mut keys, config);
                if config.is_none() {
                    netplan::check_kinds(&mut keys, node);
                }
                keys.rest();
                Some(Self::V1(items))
            }
            Some(Value::Int(2)) if config.is_none() => Netplan::read(keys.cx, node).map(Self::V2),
            Some(Value::Int(2)) => {
                let span = config.map_or(node.span, |config| config.span);
                keys.warning("odd-value", "config", span, "version 2 has no `config`", "write `ethernets` and so on");
                // curtin looks for the types of its items nevertheless.
                items(&mut keys, config);
                None
            }
            _ => {
                let span = version.map_or(node.span, |version| version.span);
                let problem = Problem::error("network-version", keys.path("version"), span, "must be 1 or 2");
                let is_nested = keys.get("network").is_some();
                keys.cx.problem(problem.remedy(match is_nested {
                    true => "leave out the second `network`, which cloud-init writes",
                    false => "write `version: 2`, without quotes",
                }));
                None
            }
        }
    }
}

fn is_empty_mapping(node: &Node) -> bool {
    node.as_mapping().is_some_and(Mapping::is_empty)
}

fn items(keys: &mut Keys<'_>, config: Option<&Node>) -> Vec<NetworkItem> {
    let Some(config) = config else { return Vec::new() };
    let Some(list) = config.as_sequence() else {
        if !matches!(&config.value, Value::String(text) if text.is_empty()) && !is_empty_mapping(config) {
            keys.bad_type("config", config, "a list of items");
        }
        return Vec::new();
    };
    let path = keys.path("config");
    list.iter().enumerate().filter_map(|(at, node)| NetworkItem::read(keys.cx, format!("{path}[{at}]"), node)).collect()
}
