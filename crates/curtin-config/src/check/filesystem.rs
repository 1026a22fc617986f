//! File systems: which can be made, and whether labels, UUIDs and sizes fit.

use super::graph::{Graph, Item};
use crate::nearest::nearest;
use crate::problem::Problem;
use crate::size;

/// A file system that curtin makes.
struct Kind {
    name: &'static str,
    /// The longest label, in bytes.
    label: usize,
    /// Whether a UUID can be chosen.
    uuid: bool,
    /// The smallest device that it can be made on, in MiB.
    least: u64,
}

const fn kind(name: &'static str, label: usize, uuid: bool, least: u64) -> Kind {
    Kind { name, label, uuid, least }
}

const KINDS: &[Kind] = &[
    kind("btrfs", 256, true, 109),
    kind("ext2", 16, true, 1),
    kind("ext3", 16, true, 2),
    kind("ext4", 16, true, 2),
    kind("f2fs", 512, true, 38),
    kind("fat", 11, false, 1),
    kind("fat12", 11, false, 1),
    kind("fat16", 11, false, 3),
    kind("fat32", 11, false, 33),
    kind("vfat", 11, false, 1),
    kind("jfs", 16, false, 16),
    kind("ntfs", 32, false, 1),
    kind("reiserfs", 16, true, 33),
    kind("swap", 15, true, 1),
    kind("xfs", 12, true, 300),
];

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    let mut root: Option<&Item<'_>> = None;
    for item in graph.of("format") {
        if item.text("fstype") != Some("zfsroot") {
            format(graph, item, problems);
        } else if let Some(first) = root {
            problems.push(item.error("zfsroot", "fstype", format!("{} is a zfsroot already", first.id)));
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
            problems.push(item.info("unused", "id", "nothing mounts this file system"));
        }
        return;
    }
    let Some(kind) = KINDS.iter().find(|kind| kind.name == fstype) else {
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
        let cut: String = label.chars().take(kind.label).collect();
        problems.push(item.warning("label-too-long", "label", message).remedy(format!("write a shorter one: {cut}")));
    }
    if item.get("uuid").is_some() && !kind.uuid {
        let message = format!("mkfs takes no UUID for {fstype}, so this one is not used");
        problems.push(item.info("uuid-ignored", "uuid", message).remedy("remove it"));
    }
    let volume = item.text("volume").and_then(|id| graph.get(id));
    if let Some(volume) = volume {
        if let Some(bytes) = volume.bytes("size").filter(|bytes| *bytes < kind.least << 20 && *bytes > 0) {
            let message = format!("{} is {}, and {fstype} needs {} MiB", volume.id, size::human(bytes), kind.least);
            problems
                .push(item.error("too-small", "volume", message).remedy("make it larger, or use another file system"));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_curtin() {
        let all = include_str!("../../../../testdata/curtin/curtin_misc_vectors.json");
        let vectors: serde_json::Value = serde_json::from_str(all).unwrap();
        let names: Vec<_> =
            vectors["mkfs_fstypes"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names, KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>());
        for kind in KINDS {
            assert_eq!(vectors["mkfs_label_limit_by_fstype"][kind.name], kind.label, "{}", kind.name);
            assert_eq!(vectors["mkfs_uuid_supported"][kind.name], kind.uuid, "{}", kind.name);
        }
    }
}
