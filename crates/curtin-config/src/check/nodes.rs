//! The device nodes of volumes: each has one of its own.

use std::collections::BTreeMap;

use super::graph::{Graph, Item};
use crate::names::md_path;
use crate::problem::Problem;

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    let mut nodes: BTreeMap<String, &Item<'_>> = BTreeMap::new();
    let mut bcaches = 0..;
    for item in graph.items() {
        let Some((key, node)) = node(graph, item, &mut bcaches) else { continue };
        if let Some(first) = nodes.get(&node) {
            let message = format!("{} (line {}) is {node} already", first.id, first.span.line);
            problems.push(item.error("same-name", key, message));
        } else {
            nodes.insert(node, item);
        }
    }
}

/// The key that a node comes from, and the node.
fn node(graph: &Graph<'_>, item: &Item<'_>, bcaches: &mut impl Iterator<Item = u32>) -> Option<(&'static str, String)> {
    match item.kind {
        "raid" => Some(("name", md_path(item.text("name")?)?)),
        "lvm_volgroup" => Some(("name", format!("/dev/{}", item.text("name")?))),
        "lvm_partition" => {
            let group = graph.get(item.text("volgroup")?)?;
            Some(("name", format!("/dev/{}/{}", group.text("name")?, item.text("name")?)))
        }
        "dm_crypt" => {
            let name = item.text("dm_name").filter(|name| !name.is_empty()).unwrap_or(item.id);
            Some(("dm_name", format!("/dev/mapper/{name}")))
        }
        "bcache" => {
            let counted = format!("/dev/bcache{}", bcaches.next()?);
            let found = item.text("path").filter(|path| item.preserved() && path.starts_with("/dev/bcache"));
            Some(("path", found.map_or(counted, str::to_owned)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Level, check};

    #[test]
    fn volumes_of_different_types_share_a_namespace() {
        let found = |items: &str| {
            let yaml = format!(
                "storage: {{version: 1, config: [{{id: a, type: disk, serial: A}}, {{id: b, type: disk, serial: B}}, \
                 {{id: c, type: disk, serial: C}}, {{id: d, type: disk, serial: D}}, {items}]}}"
            );
            let problems = check(&yaml, Level::Runtime).into_iter().filter(|problem| problem.code == "same-name");
            problems.map(|problem| format!("{}: {}", problem.path, problem.message)).collect::<Vec<_>>()
        };
        let raid = |name: &str| format!("{{id: r, type: raid, name: {name}, raidlevel: 1, devices: [a, b]}}");
        let group = |name: &str| format!("{{id: g, type: lvm_volgroup, name: {name}, devices: [c]}}");
        let volume = |name: &str| format!("{{id: v, type: lvm_partition, name: {name}, volgroup: g, size: 1G}}");
        let crypt = |name: &str| format!("{{id: e, type: dm_crypt, volume: d, dm_name: {name}, key: k}}");
        let bcache = "{id: s, type: bcache, backing_device: a, cache_device: b}";
        for (items, wanted) in [
            ([raid("md0"), group("md0")].join(", "), Some("5].name: r (line 1) is /dev/md0 already")),
            ([raid("x"), group("md"), volume("x")].join(", "), Some("6].name: r (line 1) is /dev/md/x already")),
            (
                [crypt("x"), group("mapper"), volume("x")].join(", "),
                Some("6].name: e (line 1) is /dev/mapper/x already"),
            ),
            ([bcache, &group("bcache0")].join(", "), Some("5].name: s (line 1) is /dev/bcache0 already")),
            ([bcache, &group("bcache1")].join(", "), None),
            ([raid("md0"), group("x"), volume("md0"), crypt("md0")].join(", "), None),
        ] {
            let wanted: Vec<String> = wanted.map(|text| format!("storage.config[{text}")).into_iter().collect();
            assert_eq!(found(&items), wanted, "{items}");
        }
    }
}
