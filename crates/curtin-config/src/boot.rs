//! The boot loader section: `grub`, or its newer name `boot`.

use crate::config::Context;
use crate::value::{Node, Value};

/// What the planner uses of the boot loader section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Boot {
    /// Disks that get the boot loader, when they are named.
    pub(crate) install_devices: Vec<String>,
}

impl Boot {
    pub(crate) fn read(cx: &mut Context, path: &str, node: &Node) -> Self {
        let mut boot = Self::default();
        if node.is_falsy() {
            return boot;
        }
        let Some(mapping) = node.as_mapping() else {
            cx.error("bad-type", path, node.span, format!("must be a mapping, not {}", node.kind()));
            return boot;
        };
        let devices = mapping.get("install_devices").or_else(|| mapping.get("install-devices"));
        if let Some(devices) = devices {
            boot.install_devices = match &devices.value {
                Value::String(path) => vec![path.clone()],
                Value::Sequence(items) => items.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
                _ => Vec::new(),
            };
        }
        boot
    }
}
