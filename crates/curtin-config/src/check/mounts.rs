//! Mount points: what is mounted where, and in which order.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use super::graph::{Graph, Item};
use super::zfs;
use crate::problem::Problem;
use crate::value::{Mapping, Node};

pub(super) fn check(graph: &Graph<'_>, root: &Mapping, problems: &mut Vec<Problem>) {
    let zfs = zfs::places(graph);
    let mut places: BTreeMap<&str, &Item<'_>> = BTreeMap::new();
    for item in &graph.items {
        if item.kind == "mount" {
            one(graph, item, problems);
        }
        let of_zfs = zfs.iter().find(|(made, _)| made.at == item.at).map(|(_, path)| path.as_str());
        let Some(path) = placed(item).filter(|_| item.kind == "mount").or(of_zfs) else { continue };
        place(item, path, &places, problems);
        places.insert(path, item);
    }
    let zfs_root = graph.of("format").any(|item| item.text("fstype") == Some("zfsroot"));
    if !places.contains_key("/") && !zfs_root {
        no_root(graph, root, problems);
    }
    if zfs_root || places.get("/").is_some_and(|item| item.kind != "mount") {
        extlinux(root, problems);
        zipl(graph, &places, problems);
    }
    swap(graph, problems);
}

/// A menu for extlinux names the file system that is mounted at `/`.
fn extlinux(root: &Mapping, problems: &mut Vec<Problem>) {
    let boot = root.get("boot").and_then(Node::as_mapping);
    let loaders = boot.and_then(|boot| boot.get("bootloaders")).and_then(Node::as_sequence).unwrap_or_default();
    if let Some(loader) = loaders.iter().find(|loader| loader.as_str() == Some("extlinux")) {
        let message = "extlinux starts no system whose root is on ZFS";
        let problem = Problem::error("boot-unreadable", "boot.bootloaders", loader.span, message);
        problems.push(problem.remedy("put / on another file system, or use GRUB alone"));
    }
}

/// The kernel on a DASD is started by zipl, which does not know how to name a file system of ZFS.
fn zipl(graph: &Graph<'_>, places: &BTreeMap<&str, &Item<'_>>, problems: &mut Vec<Problem>) {
    let Some(boot) = places.get("/boot").or_else(|| places.get("/")).copied() else { return };
    if graph.below(vec![boot]).iter().any(|item| item.kind == "disk" && item.text("ptable") == Some("vtoc")) {
        let problem = boot.error("boot-unreadable", "", "zipl starts no system whose root is on ZFS");
        problems.push(problem.remedy("put / on another file system"));
    }
}

/// Nothing may hide what was mounted before.
fn place(item: &Item<'_>, path: &str, places: &BTreeMap<&str, &Item<'_>>, problems: &mut Vec<Problem>) {
    let key = if item.kind == "mount" { "path" } else { "mountpoint" };
    let below = places.range::<str, _>((Excluded(top(path).as_str()), Unbounded)).next();
    if let Some(first) = places.get(path) {
        let message =
            format!("{} (line {}) is mounted at {path} already, and is hidden by this", first.id, first.span.line);
        let problem = item.error("mount-twice", key, message);
        problems.push(problem.remedy("mount each file system at a place of its own"));
    } else if let Some((below, first)) = below.filter(|(place, _)| place.starts_with(&top(path))) {
        let message = format!("{path} is mounted after {below} (line {}), and hides it", first.span.line);
        let remedy = format!("move {} before {}: curtin mounts in the order of the text", item.id, first.id);
        problems.push(item.error("mount-order", key, message).remedy(remedy));
    }
}

/// The path of a mount that has a place in the tree.
fn placed<'a>(mount: &Item<'a>) -> Option<&'a str> {
    mount.text("path").filter(|path| path.starts_with('/'))
}

/// What every path below another one begins with.
fn top(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}

fn one(graph: &Graph<'_>, mount: &Item<'_>, problems: &mut Vec<Problem>) {
    let format = mount.text("device").and_then(|id| graph.get(id)).filter(|item| item.kind == "format");
    let fstype =
        mount.text("fstype").filter(|kind| !kind.is_empty()).or_else(|| format.and_then(|item| item.text("fstype")));
    if mount.get("device").is_none() && !(mount.flag("spec") && mount.flag("fstype")) {
        let problem = mount.error("mount-nothing", "", "a mount without a `device` needs `spec` and `fstype`");
        problems.push(problem.remedy("name the `format` that is mounted as `device`"));
    }
    let path = mount.text("path").unwrap_or_default();
    let is_swap = fstype == Some("swap");
    if path.is_empty() && !is_swap && fstype.is_some() {
        problems
            .push(mount.error("no-mount-point", "path", "nothing says where this is mounted").remedy("write a `path`"));
    } else if is_swap && !matches!(path, "" | "none") {
        let problem = mount.warning("swap-path", "path", "swap space has no place in the tree");
        problems.push(problem.remedy("remove `path`, or write none"));
    } else if path == "none" && !is_swap && fstype.is_some() {
        let problem = mount.warning("no-mount-point", "path", "only swap space is mounted at `none`");
        problems.push(problem.remedy("write a path"));
    }
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        problems.push(
            mount.error("mount-path", "path", format!("{path} is not a plain path")).remedy("write it without dots"),
        );
    }
    for key in ["path", "options", "spec", "fstype", "freq", "passno"] {
        if mount.text(key).is_some_and(|text| text.contains(|c: char| c.is_whitespace() || c.is_control())) {
            let message = format!("curtin writes `{key}` to fstab as it is, where a space ends a field");
            problems.push(mount.error("mount-field", key, message).remedy("write \\040 for a space, or avoid it"));
        }
    }
    if path == "/" && mount.text("options").is_some_and(|options| options.split(',').any(|option| option == "noauto")) {
        let problem = mount.warning("root-options", "options", "the root file system is always mounted");
        problems.push(problem.remedy("remove `noauto`"));
    }
    if matches!(fstype, Some("tmpfs" | "ramfs")) && matches!(path, "/" | "/boot" | "/usr" | "/etc" | "/var") {
        let message = format!("what the installation writes to {path} is gone when the machine restarts");
        problems.push(mount.warning("volatile-system", "fstype", message).remedy("mount a file system of a disk"));
    }
}

/// Without a root file system the image is unpacked into memory. A section that mounts nothing may be one that is
/// only meant to partition.
fn no_root(graph: &Graph<'_>, root: &Mapping, problems: &mut Vec<Problem>) {
    let images = root.get("sources").filter(|sources| !sources.is_falsy());
    if images.is_some_and(is_disk_image) {
        return;
    }
    let span = root.get("storage").and_then(|section| section.as_mapping()?.get("config")).map(|node| node.span);
    let message = "nothing is mounted at /, so the system has no place";
    let code = "no-root";
    let path = "storage.config";
    let span = span.unwrap_or_default();
    let problem = if images.is_some() || graph.of("mount").next().is_some() {
        Problem::error(code, path, span, message)
    } else {
        Problem::warning(code, path, span, message)
    };
    problems.push(problem.remedy("add a `mount` with `path: /`"));
}

/// Whether the sources are images of whole disks, which bring their file systems along.
fn is_disk_image(sources: &Node) -> bool {
    let raw = |node: &Node| {
        let kind = node.as_mapping().and_then(|source| source.get("type")).or(Some(node)).and_then(Node::as_str);
        kind.is_some_and(|kind| kind.starts_with("dd-"))
    };
    let mapping = sources.as_mapping().into_iter().flat_map(Mapping::iter).map(|(_, value)| value);
    mapping.chain(sources.as_sequence().unwrap_or_default()).any(raw)
}

fn swap(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    for part in graph.of("partition").filter(|part| part.text("flag") == Some("swap")) {
        let formatted = graph.users(part.id).next();
        if let Some(user) = formatted.filter(|user| user.kind == "format" && user.text("fstype") != Some("swap")) {
            let message = format!("{} is marked as swap, and {} is no swap space", part.id, user.id);
            problems.push(part.warning("swap-flag", "flag", message).remedy("write `flag: linux`"));
        } else if formatted.is_none() && !part.preserved() {
            let problem = part.warning("swap-flag", "flag", "the flag alone makes no swap space");
            problems.push(problem.remedy("add a `format` with `fstype: swap`, and a `mount`"));
        }
    }
}
