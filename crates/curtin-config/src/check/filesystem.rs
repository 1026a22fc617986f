//! File systems: which can be made, and whether labels, UUIDs and sizes fit.

use super::graph::{Graph, Item};
use crate::mkfs::{self, KINDS};
use crate::names::is_uuid;
use crate::nearest::nearest;
use crate::problem::Problem;

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    let mut root: Option<&Item<'_>> = None;
    for item in graph.of("format") {
        if item.text("fstype") != Some("zfsroot") {
            format(graph, item, problems);
        } else if let Some(first) = root {
            let problem = item.error("zfsroot", "fstype", format!("{} is a zfsroot already", first.id));
            problems.push(problem.remedy("keep one, and use ext4, or zpool and zfs items, for the other"));
        } else {
            zfs_root(graph, item, problems);
            root = Some(item);
        }
    }
}

fn format(graph: &Graph<'_>, item: &Item<'_>, problems: &mut Vec<Problem>) {
    let Some(fstype) = item.text("fstype") else { return };
    if item.preserved() {
        if graph.users(item.id).next().is_none() {
            let problem = item.info("unused", "id", "nothing mounts this file system");
            problems.push(problem.remedy(format!("add a mount with `device: {}`, or remove it", item.id)));
        }
        return;
    }
    let Some(kind) = mkfs::find(fstype) else {
        let problem = item.error("bad-fstype", "fstype", format!("curtin makes no file system of type {fstype}"));
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        problems.push(match nearest(fstype, &names) {
            Some(known) => problem.remedy(format!("did you mean `{known}`?")),
            None => problem.remedy("write ext4, xfs, btrfs, fat32 or swap"),
        });
        return;
    };
    if let Some(label) = item.text("label").filter(|label| label.len() > kind.label) {
        let message = format!("a label of {fstype} has {} characters at most; curtin cuts the rest off", kind.label);
        let cut = mkfs::cut(label, kind.label);
        problems.push(item.warning("label-too-long", "label", message).remedy(format!("write a shorter one: {cut}")));
    }
    if let Some(uuid) = item.text("uuid").filter(|uuid| kind.uuid && !uuid.is_empty() && !is_uuid(uuid)) {
        problems.push(item.error("uuid", "uuid", format!("{uuid:?} is not a UUID")));
    }
    if item.get("uuid").is_some() && !kind.uuid {
        let message = format!("mkfs takes no UUID for {fstype}, so this one is not used");
        problems.push(item.info("uuid-ignored", "uuid", message).remedy("remove it"));
    }
    let volume = item.text("volume").and_then(|id| graph.get(id));
    if let Some(volume) = volume {
        if volume.kind == "partition" && volume.preserved() && !volume.wiped() {
            let message = format!("{} is preserved, and its content is not", volume.id);
            let problem = item.warning("format-preserved", "preserve", message);
            problems.push(problem.remedy("write `preserve: true` here, or `wipe: superblock` at the partition"));
        }
        if matches!(volume.text("flag"), Some("bios_grub" | "prep")) {
            let message = format!("GRUB writes itself over what stands on {}", volume.id);
            problems.push(item.warning("boot-loader-area", "volume", message).remedy("remove this file system"));
        }
    }
    if graph.users(item.id).next().is_none() {
        let message = match fstype {
            "swap" => "this swap space is made, and never used",
            _ => "nothing mounts this file system",
        };
        let problem = item.info("unused", "id", message);
        problems.push(problem.remedy(format!("add a mount with `device: {}`", item.id)));
    }
    if fstype == "reiserfs" {
        let problem = item.warning("old-fstype", "fstype", "Linux has no ReiserFS since 6.13");
        problems.push(problem.remedy("use ext4 or xfs"));
    }
}

/// `zfsroot` stands for a pool and two file systems: there can be one, at `/`, with a GPT on the boot disk.
fn zfs_root(graph: &Graph<'_>, item: &Item<'_>, problems: &mut Vec<Problem>) {
    if item.preserved() {
        let problem = item.error("zfsroot", "preserve", "a zfsroot cannot be kept");
        problems.push(problem.remedy("remove `preserve`, or import the pool in late_commands"));
    }
    let mounts: Vec<_> = graph.of("mount").filter(|mount| mount.text("path") == Some("/")).collect();
    if !matches!(mounts.as_slice(), [mount] if mount.text("device") == Some(item.id)) {
        let problem = item.error("zfsroot", "fstype", "a zfsroot is mounted at /, and nothing else is");
        problems.push(problem.remedy(format!("add one mount with `device: {}` and `path: /`", item.id)));
    }
    if graph.items.iter().find(|item| item.flag("grub_device")).is_none_or(|disk| disk.text("ptable") != Some("gpt")) {
        let problem =
            item.error("zfsroot", "fstype", "a zfsroot needs a disk with `grub_device: true` and `ptable: gpt`");
        problems.push(problem.remedy("use ext4, or mark the boot disk"));
    }
}
