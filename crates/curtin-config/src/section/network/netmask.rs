//! The masks of IPv6 subnets: curtin counts their bits, and stops where it cannot.

use crate::digits;
use crate::section::Keys;
use crate::value::{Node, Value};

/// Whether curtin counts the masks of a subnet and its routes: it is of the type `static`, has a `netmask`, and a colon
/// in its address. The mask and the address are judged as well.
pub(super) fn is_counted(keys: &mut Keys<'_>) -> bool {
    let Some(mask) = keys.get("netmask") else { return false };
    if keys.get("type").and_then(Node::as_str) != Some("static") {
        return false;
    }
    let address = keys.get("address");
    match address.map(|node| contains(node, ":")) {
        Some(Some(colon)) => {
            if colon {
                check(keys, "netmask", mask);
            }
            colon
        }
        Some(None) | None => {
            let span = address.map_or(keys.span, |node| node.span);
            let message = "a static subnet with a `netmask` needs an `address`";
            keys.error("missing-key", "address", span, message, "write `address: 2001:db8::1` or the like");
            false
        }
    }
}

/// The routes of a subnet whose masks are counted.
pub(super) fn check_routes(keys: &mut Keys<'_>, routes: &Node) {
    let items: Vec<&Node> = match &routes.value {
        Value::Sequence(items) | Value::Set(items) => items.iter().collect(),
        Value::Mapping(mapping) => mapping.iter().map(|(key, _)| key).collect(),
        // Its letters are no routes with masks.
        Value::String(_) => return,
        _ => {
            keys.bad_type("routes", routes, "a list of mappings");
            return;
        }
    };
    for (at, item) in items.into_iter().enumerate() {
        let mask = item.as_mapping().and_then(|route| route.get("netmask"));
        match (mask, contains(item, "netmask")) {
            (Some(mask), _) => check(keys, &format!("routes[{at}].netmask"), mask),
            (None, Some(false)) => {}
            (None, _) => {
                keys.bad_type(&format!("routes[{at}]"), item, "a mapping");
            }
        }
    }
}

fn check(keys: &mut Keys<'_>, name: &str, mask: &Node) {
    if !can_be_counted(mask) {
        let remedy = "write a mask such as 'ffff:ffff::', or a prefix length behind the address";
        keys.error("netmask", name, mask.span, "curtin cannot count the bits of this mask", remedy);
    }
}

/// Python's `in`; `None` where it fails.
fn contains(node: &Node, text: &str) -> Option<bool> {
    match &node.value {
        Value::String(whole) => Some(whole.contains(text)),
        Value::Sequence(items) | Value::Set(items) => Some(items.iter().any(|item| item.as_str() == Some(text))),
        Value::Mapping(mapping) => Some(mapping.get(text).is_some()),
        _ => None,
    }
}

fn can_be_counted(mask: &Node) -> bool {
    match (contains(mask, ":"), contains(mask, "."), mask.as_str()) {
        (Some(true), _, Some(text)) => ipv6(text),
        (Some(false), Some(true), Some(text)) => text.split('.').all(|part| digits::python_int(part, 10).is_some()),
        (Some(false), Some(false), _) => true,
        _ => false,
    }
}

/// Groups of four digits, each with all of its ones first, up to the first that is empty or zero.
fn ipv6(mask: &str) -> bool {
    for word in mask.split(':') {
        let value = match digits::python_int(word, 16).map(u16::try_from) {
            None if word.is_empty() => return true,
            Some(Ok(0)) => return true,
            Some(Ok(value)) => value,
            _ => return false,
        };
        if value.leading_ones() + value.trailing_zeros() != 16 {
            return false;
        }
    }
    true
}
