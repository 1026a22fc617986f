//! Parameters of bonds and bridges in a network of version 1: options of interfaces(5), as ifenslave and bridge-utils
//! name them.

use crate::nearest::nearest;
use crate::problem::Problem;
use crate::section::Keys;
use crate::value::{Mapping, Node};

/// Declares a struct with a field for each parameter, whose values are kept as they stand there.
macro_rules! params {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $separator:literal, [$($field:ident: $about:literal,)*]) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $(#[doc = $about] pub $field: Option<Node>,)*
            /// Further options of the interface.
            pub rest: Mapping,
        }

        impl $name {
            /// The parameters without their prefix.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            fn field(&mut self, name: &str) -> Option<&mut Option<Node>> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)*
                    _ => None,
                }
            }

            /// One parameter written in two ways counts as it stands first; the other one is kept in `rest`.
            pub(super) fn read(keys: &mut Keys<'_>) -> Self {
                let mut params = Self::default();
                for (key, value) in mapping(keys).entries {
                    let text = key.to_text().unwrap_or_default();
                    let name = text.replace('-', "_");
                    let bare = name.strip_prefix(concat!($prefix, "_")).unwrap_or(&name);
                    match params.field(bare) {
                        Some(field) if field.is_none() => *field = Some(value),
                        known => {
                            if known.is_none() && bare.len() < name.len() {
                                unknown(keys, &text, &key, bare, concat!($prefix, $separator), Self::NAMES);
                            }
                            params.rest.entries.push((key, value));
                        }
                    }
                }
                params
            }

            pub(super) fn to_mapping(&self) -> Mapping {
                let mut entries = Vec::new();
                $(if let Some(value) = &self.$field {
                    let name = stringify!($field).replace('_', $separator);
                    entries.push((Node::from(format!("{}{}{name}", $prefix, $separator).as_str()), value.clone()));
                })*
                entries.extend(self.rest.entries.iter().cloned());
                Mapping { entries }
            }
        }
    };
}

params! {
    /// Parameters of a bond: attributes of the kernel's driver. They are written as `bond-mode`, and read as `bond_mode`
    /// and `mode` as well.
    BondParams, "bond", "-", [
        active_slave: "The interface that is in use.",
        ad_actor_key: "The key of the system's port in LACP.",
        ad_actor_sys_prio: "The system's priority in LACP.",
        ad_actor_system: "The hardware address that stands for the system in LACP.",
        ad_aggregator: "The aggregator that is in use.",
        ad_num_ports: "How many ports the aggregator has.",
        ad_partner_key: "The partner's key in LACP.",
        ad_partner_mac: "The partner's hardware address in LACP.",
        ad_select: "How the aggregator is chosen: `stable`, `bandwidth` or `count`.",
        ad_user_port_key: "The part of the port's key that a user may choose.",
        all_slaves_active: "Whether frames that come twice are delivered.",
        arp_all_targets: "Whether `any` or `all` targets have to answer.",
        arp_interval: "Milliseconds between questions to the targets.",
        arp_ip_target: "Addresses that are asked.",
        arp_validate: "Whose answers are looked at.",
        downdelay: "Milliseconds before a lost link counts.",
        fail_over_mac: "Which hardware address counts after a change.",
        lacp_rate: "How often LACP speaks: `slow` or `fast`.",
        lp_interval: "Seconds between learning packets.",
        miimon: "Milliseconds between looks at the links.",
        mii_status: "Whether the link is up.",
        min_links: "How many links there must be.",
        mode: "How frames are spread, such as `active-backup` or `802.3ad`.",
        num_grat_arp: "How often a change is told by ARP.",
        num_unsol_na: "How often a change is told by neighbour advertisements.",
        packets_per_slave: "Packets before the next interface has its turn.",
        primary: "The interface that is preferred.",
        primary_reselect: "When the preferred interface comes back: `always`, `better` or `failure`.",
        queue_id: "Which interface has which queue.",
        resend_igmp: "How often memberships are told after a change.",
        slaves: "Its interfaces; `none` where they name the bond.",
        tlb_dynamic_lb: "Whether load is spread anew while it changes.",
        updelay: "Milliseconds before a new link counts.",
        use_carrier: "Whether the driver is asked about its link.",
        xmit_hash_policy: "What decides where a frame goes.",
    ]
}

params! {
    /// Parameters of a bridge. They are written as `bridge_stp`, and read as `bridge-stp` and `stp` as well.
    BridgeParams, "bridge", "_", [
        ageing: "Seconds after which an address is forgotten.",
        bridgeprio: "Its priority in the spanning tree.",
        fd: "Seconds before a new port forwards.",
        gcint: "Seconds between collections of what is forgotten.",
        hello: "Seconds between its messages in the spanning tree.",
        hw: "Its hardware address.",
        maxage: "Seconds after which a message of the spanning tree is old.",
        maxwait: "Seconds that it waits for its ports.",
        pathcost: "What a port costs: lines of a port and a number.",
        portprio: "A port's priority: lines of a port and a number.",
        ports: "Its ports.",
        stp: "Whether there is a spanning tree.",
        waitport: "Seconds to wait for ports: lines of a number and ports.",
    ]
}

/// The mapping of parameters; curtin stops at anything else.
pub(super) fn mapping(keys: &mut Keys<'_>) -> Mapping {
    let Some(node) = keys.get("params") else { return Mapping::default() };
    if node.as_mapping().is_none() {
        let problem = Problem::bad_type(keys.path("params"), node, "a mapping");
        keys.cx.problem(problem.remedy("write `params: {}`"));
    }
    node.as_mapping().cloned().unwrap_or_default()
}

/// Whatever stands there becomes an option of the interface; one with the prefix was meant to be a parameter.
fn unknown(keys: &mut Keys<'_>, text: &str, key: &Node, bare: &str, prefix: &str, names: &[&str]) {
    let path = keys.path(&format!("params.{text}"));
    let problem = Problem::warning("unknown-key", path, key.span, "there is no such parameter");
    keys.cx.problem(match nearest(bare, names) {
        Some(name) => problem.remedy(format!("did you mean `{prefix}{name}`?")),
        None => problem.remedy("remove it, or write a parameter that the interface has"),
    });
}
