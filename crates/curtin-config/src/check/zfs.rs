//! ZFS: names, parents, mountpoints, encryption.

use std::collections::BTreeMap;

use super::graph::{Graph, Item};
use crate::problem::Problem;
use crate::value::{Mapping, Node};
use crate::zfs::{self, CanMount, Mountpoint, Properties};

/// A pool or file system, and what those below it inherit.
struct Made<'g, 'a> {
    item: &'g Item<'a>,
    mountpoint: Mountpoint,
}

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    walk(graph, problems);
}

/// Where ZFS mounts what it makes, in the order of the text.
pub(super) fn places<'g, 'a>(graph: &'g Graph<'a>) -> Vec<(&'g Item<'a>, String)> {
    walk(graph, &mut Vec::new())
}

/// The pool that is mounted at a path, or has a file system that is.
pub(super) fn pool_at<'g, 'a>(graph: &'g Graph<'a>, path: &str) -> Option<&'g Item<'a>> {
    let (item, _) = places(graph).into_iter().find(|(_, place)| place == path)?;
    match item.text("pool").filter(|_| item.kind == "zfs") {
        Some(pool) => graph.get(pool),
        None => Some(item),
    }
}

fn walk<'g, 'a>(graph: &'g Graph<'a>, problems: &mut Vec<Problem>) -> Vec<(&'g Item<'a>, String)> {
    let mut made: BTreeMap<String, Made<'g, 'a>> = BTreeMap::new();
    let mut places = Vec::new();
    for item in &graph.items {
        let found = match item.kind {
            "zpool" => pool(item, problems),
            "zfs" => dataset(graph, item, &made, problems),
            _ => continue,
        };
        let Some((name, mountpoint, properties)) = found else { continue };
        kept(item, problems);
        odd_property(item, &properties, problems);
        let can_mount = CanMount::of(&properties);
        if can_mount.is_none() {
            let problem = item.error("zfs-property", properties_key(item), "ZFS takes no such canmount");
            problems.push(problem.remedy("write canmount: 'on', 'off' or noauto"));
        }
        if let Mountpoint::Bad(text) = &mountpoint {
            let problem = item.error("zfs-mountpoint", properties_key(item), format!("{text:?} is no mountpoint"));
            problems.push(problem.remedy("write an absolute path, none or legacy"));
        }
        let by_hand = item.kind == "zfs" && can_mount == Some(CanMount::NoAuto);
        if by_hand && mountpoint == Mountpoint::Nowhere {
            let message = "curtin mounts what has canmount=noauto, and this has no mountpoint";
            let problem = item.error("zfs-mountpoint", "properties", message);
            problems.push(problem.remedy("give it a mountpoint, or write canmount: 'off'"));
        }
        if let Some(path) = mountpoint.path().filter(|_| by_hand || can_mount == Some(CanMount::On)) {
            places.push((item, path.to_owned()));
        }
        if let Some(first) = made.get(&name) {
            let message = format!("{} (line {}) has this name already", first.item.id, first.item.span.line);
            let key = if item.kind == "zpool" { "pool" } else { "volume" };
            problems.push(item.error("same-name", key, message).remedy("give each of them a name of its own"));
        }
        made.insert(name, Made { item, mountpoint });
    }
    places
}

/// curtin makes a new one over what is there.
fn kept(item: &Item<'_>, problems: &mut Vec<Problem>) {
    if item.preserved() {
        let message = format!("curtin keeps no {}: it would make a new one", item.kind);
        problems.push(item.error("preserve", "preserve", message));
    }
}

fn odd_property(item: &Item<'_>, properties: &Properties, problems: &mut Vec<Problem>) {
    if let Some((name, _)) = properties.iter().find(|property| !zfs::is_property(property)) {
        let problem = item.error("zfs-property", properties_key(item), format!("{name:?} is no property with a value"));
        problems.push(problem.remedy("remove it, or give it a value"));
    }
}

fn properties_key(item: &Item<'_>) -> &'static str {
    if item.kind == "zpool" { "fs_properties" } else { "properties" }
}

fn mapping(item: &Item<'_>, key: &str) -> Mapping {
    item.get(key).and_then(Node::as_mapping).cloned().unwrap_or_default()
}

fn pool(item: &Item<'_>, problems: &mut Vec<Problem>) -> Option<(String, Mountpoint, Properties)> {
    if item.get("vdevs").is_none_or(Node::is_falsy) {
        problems.push(
            item.error("no-members", "vdevs", "a pool needs a device")
                .remedy("write the ids of its devices as `vdevs`"),
        );
    }
    let name = item.text("pool").unwrap_or_default();
    if name.is_empty() {
        problems.push(
            item.error("missing-key", "pool", "curtin makes no zpool without a name in `pool`")
                .remedy("write `pool: rpool` or the like"),
        );
    } else if !zfs::is_pool_name(name) {
        let problem = item.error("zfs-name", "pool", format!("ZFS does not take the name {name:?} for a pool"));
        problems
            .push(problem.remedy("write a letter, then letters, digits, _.:-, and no word that ZFS has for itself"));
    }
    encryption(item, problems);
    let mut properties = zfs::fs_properties(&mapping(item, "fs_properties"));
    let inner = zfs::property(&properties, "mountpoint").map(str::to_owned);
    let outer = item.text("mountpoint").filter(|path| !path.is_empty());
    if inner.is_some() && outer.is_some() {
        let problem = item.error("zfs-mountpoint", "mountpoint", "there is another one in `fs_properties`");
        problems.push(problem.remedy("remove one of the two"));
    }
    if item.get("encryption_style").is_some_and(|style| !style.is_null()) {
        // curtin mounts nothing of an encrypted pool by its first file system.
        properties.retain(|(key, _)| key != "canmount");
        properties.push(("canmount".to_owned(), "off".to_owned()));
    }
    let place = outer.map(str::to_owned).or(inner).unwrap_or_else(|| format!("/{name}"));
    Some((name.to_owned(), Mountpoint::of(&place), properties))
}

fn encryption(item: &Item<'_>, problems: &mut Vec<Problem>) {
    let Some(style) = item.get("encryption_style").filter(|style| !style.is_null()) else { return };
    if style.as_str() != Some("luks_keystore") {
        let problem = item.error("zpool-encryption", "encryption_style", "curtin knows luks_keystore alone");
        problems.push(problem.remedy("write luks_keystore, or remove it"));
    } else if !item.flag("keyfile") {
        let problem = item.error("missing-key", "keyfile", "an encrypted pool needs a `keyfile`");
        problems.push(problem.remedy("name a file with the passphrase"));
    }
    let features = item.get("default_features").is_none_or(|node| !node.is_falsy());
    if !zfs::can_encrypt(&zfs::pool_properties(&mapping(item, "pool_properties")), features) {
        let message = "curtin makes pools of version 28, which cannot be encrypted";
        let problem = item.error("zpool-encryption", "pool_properties", message);
        problems.push(problem.remedy("write `pool_properties: {version: null}`"));
    }
}

fn dataset(
    graph: &Graph<'_>,
    item: &Item<'_>,
    made: &BTreeMap<String, Made<'_, '_>>,
    problems: &mut Vec<Problem>,
) -> Option<(String, Mountpoint, Properties)> {
    let volume = item.text("volume").unwrap_or_default();
    if volume.is_empty() {
        problems.push(
            item.error("missing-key", "volume", "curtin makes no zfs without a name in `volume`")
                .remedy("write `volume: /srv` or the like"),
        );
        return None;
    }
    let pool = item.text("pool").and_then(|id| graph.get(id)).filter(|pool| pool.kind == "zpool")?;
    let pool = pool.text("pool")?;
    let Some(name) = zfs::dataset_name(pool, volume) else {
        let problem = item.error("zfs-name", "volume", format!("ZFS does not take the name {volume:?}"));
        problems.push(problem.remedy("write letters, digits, _.:- and slashes, such as ROOT/os"));
        return None;
    };
    let path = format!("{pool}/{name}");
    let (parent, last) = path.rsplit_once('/')?;
    let properties = zfs::properties(&mapping(item, "properties"));
    let mountpoint = match (zfs::property(&properties, "mountpoint"), made.get(parent)) {
        (Some(given), _) => Mountpoint::of(given),
        (None, Some(parent)) => parent.mountpoint.below(last),
        (None, None) => Mountpoint::Nowhere,
    };
    if !made.contains_key(parent) {
        let problem = item.error("zfs-parent", "volume", format!("nothing has made {parent} before"));
        problems.push(problem.remedy(format!("add an item of type zfs for {parent}")));
        return None;
    }
    Some((path, mountpoint, properties))
}
