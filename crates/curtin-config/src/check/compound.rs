//! RAID, bcache and remote controllers.

use super::graph::{Graph, Item};
use crate::names::{is_address, md_path};
use crate::problem::Problem;
use crate::storage::RaidLevel;
use crate::value::{Node, Value};

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    for item in graph.of("raid") {
        raid(graph, item, problems);
    }
    for item in graph.of("bcache") {
        for key in ["backing_device", "cache_device"] {
            if !item.flag(key) {
                let message = format!("curtin makes no bcache without a `{key}`");
                problems.push(item.error("bcache-half", key, message).remedy("name both devices"));
            }
        }
    }
    for item in graph.of("nvme_controller").filter(|item| item.text("transport") == Some("tcp")) {
        for key in ["tcp_addr", "tcp_port"] {
            if !item.flag(key) || item.text(key).is_some_and(|address| !is_address(address)) {
                let message = format!("a controller that is reached by TCP needs `{key}`");
                problems.push(item.error("missing-key", key, message).remedy(match key {
                    "tcp_port" => "write `tcp_port: 4420` or the like",
                    _ => "write the address of the host that has the disk",
                }));
            }
        }
    }
}

fn raid(graph: &Graph<'_>, item: &Item<'_>, problems: &mut Vec<Problem>) {
    let spaced = |name: &str| name.chars().any(|c| c.is_whitespace() || c.is_control());
    if let Some(name) = item.text("mdname").filter(|name| spaced(name) || name.len() > 32) {
        let problem = item.error("raid-name", "mdname", format!("mdadm does not take the name {name:?}"));
        problems.push(problem.remedy("write 32 characters at most, and no spaces"));
    }
    if let Some(name) = item.text("name").filter(|name| md_path(name).is_none() || spaced(name)) {
        let problem = item.error("raid-name", "name", format!("{name:?} is not a name for a RAID"));
        problems.push(problem.remedy("write md and a number, such as md0, or a word without a slash"));
    }
    let level = match item.get("raidlevel") {
        Some(node) => match level(node) {
            Ok(level) => level,
            Err(instead) => {
                let found = node.to_text().unwrap_or_default();
                let mut problem =
                    item.error("raid-level", "raidlevel", format!("curtin makes no RAID of level {found}"));
                if node.as_str().is_some() && matches!(instead, Some(RaidLevel::Raid1)) && found == "mirror" {
                    problem.message = "curtin takes the level mirror, and then fails to count its members".to_owned();
                }
                problems.push(problem.remedy(match instead {
                    Some(level) => format!("write {}", level.name()),
                    None => "write raid0, raid1, raid4, raid5, raid6, raid10 or linear".to_owned(),
                }));
                return;
            }
        },
        None => return,
    };
    let count = |key: &str| item.get(key).and_then(Node::as_sequence).map_or(0, <[Node]>::len);
    let (members, spares) = (count("devices"), count("spare_devices"));
    if spares > 0 && !level.takes_spares() {
        let message = format!("a RAID of level {} has no use for spares", level.name());
        problems.push(item.error("raid-spares", "spare_devices", message).remedy("make them members, or remove them"));
    }
    if let Some(container) = item.text("container").and_then(|id| graph.get(id)).filter(|other| other.kind == "raid") {
        in_container(item, level, container, problems);
        return;
    }
    if members == 0 {
        problems.push(
            item.error("no-members", "devices", "a RAID needs members, or a container")
                .remedy("write the ids of its members as `devices`"),
        );
    } else if members < level.min_members() && !item.preserved() {
        let message =
            format!("a RAID of level {} needs {} members, here are {members}", level.name(), level.min_members());
        problems.push(item.error("raid-members", "devices", message).remedy("add devices, or choose another level"));
    }
    let metadata = item.get("metadata").and_then(Node::to_text);
    let known = ["", "default", "0", "0.9", "0.90", "1", "1.0", "1.1", "1.2", "ddf", "imsm", "None"];
    if let Some(metadata) = metadata.filter(|metadata| !known.contains(&metadata.as_str())) {
        let problem =
            item.error("raid-metadata", "metadata", format!("mdadm knows no superblock of version {metadata}"));
        problems.push(problem.remedy("write 1.2, or remove it"));
    }
}

/// An array in a container is on all devices of it.
fn in_container(item: &Item<'_>, level: RaidLevel, container: &Item<'_>, problems: &mut Vec<Problem>) {
    let count = container.get("devices").and_then(Node::as_sequence).map_or(0, <[Node]>::len);
    if container.text("raidlevel") != Some("container") {
        let problem = item.error("wrong-reference", "container", format!("{} is no container", container.id));
        problems.push(problem.remedy("write the id of a RAID with `raidlevel: container`"));
    } else if count < level.min_members() {
        let (name, least) = (level.name(), level.min_members());
        let message = format!("a RAID of level {name} needs {least} members, and {} has {count}", container.id);
        problems.push(item.error("raid-members", "container", message).remedy("add devices to the container"));
    }
}

/// The level, as far as curtin gets with it; otherwise what to write instead. Numbers in quotes are refused, and
/// `mirror` and `1.0` fail where members are counted.
fn level(node: &Node) -> Result<RaidLevel, Option<RaidLevel>> {
    let text = match &node.value {
        Value::Float(number) => number.to_string(),
        _ => node.to_text().unwrap_or_default(),
    };
    let level = RaidLevel::from_name(&text);
    let works = match &node.value {
        Value::Int(_) | Value::BigInt(_) => true,
        Value::String(text) => text.starts_with(char::is_alphabetic) && text != "mirror",
        _ => false,
    };
    level.filter(|_| works).ok_or(level)
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::json;
    use crate::problem::Span;

    fn vectors(name: &str) -> Vec<Json> {
        let all = include_str!("../../../../testdata/curtin/curtin_misc_vectors.json");
        serde_json::from_str::<Json>(all).unwrap()[name].as_array().unwrap().clone()
    }

    #[test]
    fn levels_are_those_of_curtin() {
        for case in vectors("raidlevel_matrix") {
            // True is refused by the validator, and so is no level here.
            if case["level"].is_boolean() {
                continue;
            }
            let node = json::parse(&case["level"].to_string(), Span::NONE, 0).unwrap();
            let fine = case["raid_handler"] == true
                && case["mdadm_create_VALID_RAID_LEVELS"] == true
                && case["min_devices"].get("result").is_some();
            let level = level(&node);
            assert_eq!(level.is_ok(), fine, "{case}");
            if let Ok(level) = level {
                let takes = case["spares_ok_mdadm"] == true && case["spares_rejected_by_handler"] == false;
                assert_eq!(level.takes_spares(), takes, "{case}");
                // curtin does not count the members of a RAID 4; mdadm wants two.
                let least = case["min_devices"]["result"].as_i64().unwrap();
                assert_eq!(level.min_members() as i64, if least < 0 { 2 } else { least }, "{case}");
            }
        }
    }

    #[test]
    fn names_are_those_of_curtin() {
        for case in vectors("md_path") {
            let name = case["input"].as_str().unwrap();
            // curtin makes a directory of the empty name, and mdadm then fails.
            let fine = case.get("error").is_none() && !name.is_empty();
            assert_eq!(md_path(name).is_some(), fine, "{case}");
        }
    }
}
