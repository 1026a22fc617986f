//! The built-in commissioning scripts. Their names follow the order of MAAS's; each prints facts that
//! [`Inventory::learn`](crate::inventory::Inventory::learn) reads.

/// A script that the ephemeral system runs.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// Its name; scripts run in the order of their names.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The built-in scripts, in order.
pub const SCRIPTS: [Script; 7] = [
    Script { name: "00-support-info", text: include_str!("../scripts/00-support-info") },
    Script { name: "01-lshw", text: include_str!("../scripts/01-lshw") },
    Script { name: "02-virtuality", text: include_str!("../scripts/02-virtuality") },
    Script { name: "40-network-interfaces", text: include_str!("../scripts/40-network-interfaces") },
    Script { name: "50-block-devices", text: include_str!("../scripts/50-block-devices") },
    Script { name: "51-cpu-memory", text: include_str!("../scripts/51-cpu-memory") },
    Script { name: "99-kernel-cmdline", text: include_str!("../scripts/99-kernel-cmdline") },
];

/// A script by its name.
#[must_use]
pub fn script(name: &str) -> Option<Script> {
    SCRIPTS.into_iter().find(|script| script.name == name)
}
