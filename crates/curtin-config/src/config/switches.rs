//! Sections with one key.

use super::Context;
use crate::section::Keys;
use crate::value::{Mapping, Node, Value};

/// Anything but a mapping turns it off.
pub(super) fn system_upgrade(cx: &mut Context, node: &Node, rest: &mut Mapping) -> Option<bool> {
    node.as_mapping()?;
    let mut keys = Keys::new(cx, "system_upgrade", node)?;
    let enabled = keys.flag("enabled");
    keep(rest, "system_upgrade", keys.rest());
    enabled
}

pub(super) fn curthooks(cx: &mut Context, node: &Node, rest: &mut Mapping) -> Option<String> {
    let mut keys = Keys::new(cx, "curthooks", node)?;
    let mode = keys.one_of("mode", &["auto", "builtin", "target"]);
    keep(rest, "curthooks", keys.rest());
    mode
}

pub(super) fn kexec(cx: &mut Context, node: &Node, rest: &mut Mapping) -> Option<bool> {
    if node.is_null() {
        return None;
    }
    let mut keys = Keys::new(cx, "kexec", node)?;
    let mode = keys.get("mode");
    if let Some(node) = mode.filter(|node| node.value == Value::Bool(true)) {
        keys.warning("odd-flag", "mode", node.span, "without quotes, this is not the word on", "write \"on\"");
    }
    keep(rest, "kexec", keys.rest());
    Some(mode.and_then(Node::as_str) == Some("on"))
}

fn keep(all: &mut Mapping, section: &str, rest: Mapping) {
    if !rest.is_empty() {
        all.entries.push((Node::from(section), Node::detached(Value::Mapping(rest))));
    }
}
