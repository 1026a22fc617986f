//! The network section: version 1 as curtin has it, version 2 as netplan has it.

use serde_json::{Value, json};

use crate::section::NetplanSettings;
use crate::section::network::SUBNET_KINDS;

/// Devices and their settings that are not described here are passed on to the installed system.
pub(super) fn schema() -> Value {
    json!({"anyOf": [
        {"enum": [null, false]},
        {"type": "object", "properties": {"config": {"const": "disabled"}}, "required": ["config"]},
        {
            "type": "object",
            "properties": {"version": {"const": 1}, "config": {"type": "array", "items": item()}},
            "required": ["version", "config"],
        },
        {
            "type": "object",
            "properties": {"version": {"const": 2}, "config": false},
            "required": ["version"],
            "additionalProperties": {"type": "object", "additionalProperties": device()},
        },
    ]})
}

/// An item of version 1.
fn item() -> Value {
    let interface = |kind: &str, needed: &[&str]| {
        let keys = json!({
            "type": {"const": kind},
            "name": {"type": "string"},
            "mac_address": {"type": ["string", "null"]},
            "mtu": {"type": ["integer", "string", "null"]},
            "subnets": {"type": ["array", "null"], "items": subnet()},
            "params": {"type": "object"},
            "bond_interfaces": names(),
            "bridge_interfaces": names(),
            "vlan_link": {"type": "string"},
            "vlan_id": {"type": ["integer", "string"]},
            "id": {}, "accept-ra": {}, "optional": {}, "keep_configuration": {}, "wakeonlan": {},
            "ipv4_conf": {"type": "object"}, "ipv6_conf": {"type": "object"},
        });
        let required = [&["type", "name"], needed].concat();
        json!({"type": "object", "properties": keys, "required": required})
    };
    let nameserver = json!({"type": {"const": "nameserver"}, "address": one_or_many(), "search": one_or_many()});
    let prefix = r"^[^/]*/ *([12]?[0-9]|3[0-2]) *$";
    let route = json!({"type": {"const": "route"}, "destination": {"type": "string", "pattern": prefix}});
    json!({"anyOf": [
        interface("physical", &[]),
        interface("bond", &["bond_interfaces", "params"]),
        interface("bridge", &["bridge_interfaces", "params"]),
        interface("vlan", &["vlan_link", "vlan_id"]),
        {"type": "object", "properties": nameserver, "required": ["type", "address"]},
        {"type": "object", "properties": route, "required": ["type", "destination"]},
    ]})
}

fn subnet() -> Value {
    let route = json!({"type": "object", "properties": {
        "destination": {"type": "string"}, "network": {"type": "string"}, "netmask": {"type": ["string", "null"]},
        "gateway": {"type": ["string", "null"]}, "metric": {"type": ["integer", "string", "null"]},
    }});
    let keys = json!({
        "type": {"enum": SUBNET_KINDS},
        "control": {"enum": ["auto", "manual", "hotplug", null]},
        "address": {"type": ["string", "null"]},
        "netmask": {"type": ["string", "null"]},
        "gateway": {"type": ["string", "null"]},
        "broadcast": {"type": ["string", "null"]},
        "metric": {"type": ["integer", "string", "null"]},
        "dns_nameservers": one_or_many(),
        "dns_search": one_or_many(),
        "routes": {"type": ["array", "null"], "items": route},
        "scope": {"type": ["string", "null"]}, "pointopoint": {"type": ["string", "null"]},
        "mtu": {"type": ["integer", "string", "null"]}, "ipv4": {}, "ipv6": {}, "id": {}, "accept-ra": {},
    });
    json!({"type": "object", "properties": keys, "required": ["type"]})
}

/// A device of version 2.
fn device() -> Value {
    let flag = json!({"type": ["boolean", "string", "integer", "null"]});
    let mut settings = json!({
        "match": {"type": "object"},
        "set-name": {"type": "string"},
        "addresses": {"type": "array"},
        "dhcp4": flag,
        "dhcp6": flag,
        "gateway4": {"type": ["string", "null"]},
        "gateway6": {"type": ["string", "null"]},
        "nameservers": {"type": ["object", "null"]},
        "routes": {"type": ["array", "null"]},
        "mtu": {"type": ["integer", "string", "null"]},
        "macaddress": {"type": ["string", "null"]},
        "interfaces": names(),
        "parameters": {"type": ["object", "null"]},
        "id": {"type": ["integer", "string"]},
        "link": {"type": "string"},
    });
    if let Value::Object(settings) = &mut settings {
        for key in NetplanSettings::KEYS {
            settings.entry(*key).or_insert_with(|| json!({}));
        }
    }
    json!({"type": "object", "properties": settings})
}

fn names() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

fn one_or_many() -> Value {
    json!({"type": ["string", "array", "null"], "items": {"type": "string"}})
}
