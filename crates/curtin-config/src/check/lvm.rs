//! LVM and encrypted devices.

use super::graph::{Graph, Item};
use crate::names;
use crate::problem::Problem;
use crate::value::Node;

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    for item in graph.of("lvm_volgroup") {
        if item.get("devices").is_none_or(Node::is_falsy) {
            problems.push(
                item.error("no-members", "devices", "a volume group needs a physical volume")
                    .remedy("write the ids of its devices as `devices`"),
            );
        }
        name(item, "name", problems);
        volumes(graph, item, problems);
    }
    for item in graph.of("lvm_partition") {
        name(item, "name", problems);
        if item.flag("ptable") {
            let problem = item.error("lvm-ptable", "ptable", "curtin makes no partition tables on logical volumes");
            problems.push(problem.remedy("make one logical volume for each partition"));
        }
    }
    for item in graph.of("dm_crypt") {
        crypt(graph, item, problems);
    }
}

/// Nothing comes after the logical volume that takes all that is free.
fn volumes(graph: &Graph<'_>, group: &Item<'_>, problems: &mut Vec<Problem>) {
    let mut rest = None::<&Item<'_>>;
    for item in graph.users(group.id).filter(|item| item.kind == "lvm_partition") {
        if let Some(first) = rest.filter(|_| !item.preserved()) {
            let message = format!("{} (line {}) has no size, and takes all that is free", first.id, first.span.line);
            problems.push(item.error("lvm-full", "size", message).remedy("put the volume without a size last"));
        }
        if !item.flag("size") && !item.preserved() {
            rest = Some(item);
        }
    }
}

fn name(item: &Item<'_>, key: &str, problems: &mut Vec<Problem>) {
    let Some(name) = item.text(key) else { return };
    if !names::is_lvm_name(name) {
        let problem = item.error("lvm-name", key, format!("LVM does not take the name {name:?}"));
        problems.push(problem.remedy("use letters, digits, _, -, + and dots, no - at the beginning"));
    } else if item.kind == "lvm_partition" && names::is_lvm_reserved(name) {
        problems.push(
            item.error("lvm-name", key, format!("LVM keeps the name {name:?} for itself"))
                .remedy("choose one without snapshot, pvmove, _rimage and the like"),
        );
    }
}

fn crypt(graph: &Graph<'_>, item: &Item<'_>, problems: &mut Vec<Problem>) {
    match (item.get("key"), item.get("keyfile")) {
        (Some(_), Some(_)) => {
            problems
                .push(item.error("crypt-keys", "keyfile", "there is a `key` already").remedy("remove one of the two"));
        }
        (None, None) => {
            let problem = item.error("crypt-keys", "", "there is neither a `key` nor a `keyfile`");
            problems.push(problem.remedy("write `keyfile`, and the path of a file that holds the passphrase"));
        }
        (Some(key), None) if key.is_falsy() => {
            let problem = item.error("crypt-keys", "key", "cryptsetup takes no empty passphrase");
            problems.push(problem.remedy("write `keyfile`, and the path of a file that holds the passphrase"));
        }
        (Some(_), None) => {
            let message = "the passphrase stands here for everyone who can read this file, and is copied to the system";
            problems.push(item.info("plain-key", "key", message).remedy("use a `keyfile`"));
        }
        (None, Some(file)) if file.is_falsy() => {
            let problem = item.error("crypt-keys", "keyfile", "there is no file without a name");
            problems.push(problem.remedy("write the path of a file that holds the passphrase"));
        }
        (None, Some(_)) => {}
    }
    let name = item.text("dm_name").filter(|name| !name.is_empty()).unwrap_or(item.id);
    if !names::is_dm_name(name) {
        let problem = item.error("dm-name", "dm_name", format!("the device would not be called /dev/mapper/{name}"));
        problems.push(problem.remedy("use letters, digits and #+-.:=@_, at most 127"));
    }
    let random = matches!(item.text("keyfile"), Some("/dev/urandom" | "/dev/random"));
    let kept = graph.users(item.id).find(|user| !(user.kind == "format" && user.text("fstype") == Some("swap")));
    if let Some(kept) = kept.filter(|_| random) {
        let message = format!("the key is another one at every boot, so what {} holds is lost", kept.id);
        problems.push(item.warning("random-key", "keyfile", message).remedy("use a random key for swap only"));
    }
}
