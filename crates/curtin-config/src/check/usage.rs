//! One device, one use: a file system on a member of a RAID destroys the RAID.

use std::collections::BTreeMap;

use super::graph::{Graph, Item};
use crate::problem::Problem;

/// A device may be the cache of several bcaches; every other use is exclusive.
pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    let mut uses: BTreeMap<&str, (&Item<'_>, &'static str)> = BTreeMap::new();
    for item in &graph.items {
        for reference in item.references() {
            let Some(used) = graph.get(reference.id) else { continue };
            if matches!(reference.key, "nvme_controller" | "volgroup" | "pool" | "container") || item.kind == "mount" {
                continue;
            }
            if used.text("flag") == Some("extended") && used.kind == "partition" {
                let message = format!("{} is an extended partition, which holds other partitions only", used.id);
                let problem = Problem::error("extended-used", item.path(reference.key), reference.span, message);
                problems.push(
                    problem.remedy(format!("add a partition with `flag: logical` behind {}, and use that", used.id)),
                );
                continue;
            }
            let Some((first, key)) = uses.get(reference.id).copied() else {
                uses.insert(reference.id, (item, reference.key));
                continue;
            };
            let shared = match (item.kind, reference.key) {
                ("partition", _) => first.kind == "partition",
                ("bcache", "cache_device") => (first.kind, key) == ("bcache", "cache_device"),
                _ => false,
            };
            if !shared {
                let message = format!(
                    "{} is used by {} already, as its {}",
                    reference.id,
                    described(first),
                    key.replace('_', " ")
                );
                problems.push(
                    Problem::error("device-used-twice", item.path(reference.key), reference.span, message)
                        .remedy("give each of them a device of its own"),
                );
            }
        }
    }
}

fn described(item: &Item<'_>) -> String {
    format!("{} (line {})", item.id, item.span.line)
}
