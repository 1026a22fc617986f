//! How large things are, as far as the section says it: whole disks are not known.

use std::collections::BTreeMap;

use super::graph::{Graph, Item};
use crate::mkfs;
use crate::problem::Problem;
use crate::size::human;
use crate::storage::{RaidLevel, component};
use crate::value::Node;

const MIB: u64 = 1 << 20;
/// LVM allocates in extents of this size.
const EXTENT: u64 = 4 * MIB;
/// The header of LUKS 2.
const LUKS: u64 = 16 * MIB;

/// Sizes in bytes by id; what is kept may have any size.
type Sizes<'a> = BTreeMap<&'a str, u64>;

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    let mut sizes = Sizes::new();
    for item in &graph.items {
        // What has no size takes all that is left, which is another mistake.
        let has_rest = |other: &Item<'_>| {
            other.kind == item.kind && other.at < item.at && !other.flag("size") && !other.preserved()
        };
        let group = item.text("volgroup").unwrap_or_default();
        if item.kind != "lvm_partition" || !graph.users(group).any(has_rest) {
            least(item, &sizes, problems);
        }
        let kept = item.preserved() && item.kind != "partition";
        if let Some(size) = size(item, &sizes).filter(|_| !kept) {
            sizes.insert(item.id, size);
        }
        // A volume takes its part of the group, a partition of the array.
        let taken = match item.kind {
            "lvm_partition" => (item.text("volgroup"), sizes.get(item.id).copied()),
            "partition" if item.text("flag") != Some("logical") => (item.text("device"), item.bytes("size")),
            _ => (None, None),
        };
        if let (Some(below), Some(size)) = taken
            && let Some(room) = sizes.get_mut(below)
        {
            *room = room.saturating_sub(size.checked_next_multiple_of(MIB).unwrap_or(size));
        }
    }
}

fn list(item: &Item<'_>, key: &str, sizes: &Sizes<'_>) -> Option<Vec<u64>> {
    let ids = item.get(key).and_then(Node::as_sequence).unwrap_or_default();
    ids.iter().map(|id| sizes.get(id.as_str()?).copied()).collect()
}

fn one(item: &Item<'_>, key: &str, sizes: &Sizes<'_>) -> Option<u64> {
    sizes.get(item.text(key)?).copied()
}

fn size(item: &Item<'_>, sizes: &Sizes<'_>) -> Option<u64> {
    match item.kind {
        "partition" => item.bytes("size"),
        "lvm_volgroup" => {
            let members = list(item, "devices", sizes)?;
            Some(sum(members.iter().map(|size| size.saturating_sub(MIB) / EXTENT * EXTENT)))
        }
        "lvm_partition" => match item.bytes("size").filter(|size| *size > 0) {
            Some(size) => size.div_ceil(EXTENT).checked_mul(EXTENT),
            None => one(item, "volgroup", sizes),
        },
        "raid" => array(item, sizes),
        "dm_crypt" => {
            let random = matches!(item.text("keyfile"), Some("/dev/urandom" | "/dev/random"));
            Some(one(item, "volume", sizes)?.saturating_sub(if random { 0 } else { LUKS }))
        }
        "bcache" => Some(one(item, "backing_device", sizes)?.saturating_sub(8 << 10)),
        _ => None,
    }
}

fn array(item: &Item<'_>, sizes: &Sizes<'_>) -> Option<u64> {
    let level = RaidLevel::from_name(&item.get("raidlevel")?.to_text()?)?;
    let members = list(item, "devices", sizes)?;
    let all: Vec<u64> = members.iter().copied().chain(list(item, "spare_devices", sizes)?).collect();
    let largest = all.iter().copied().max()?;
    match level {
        RaidLevel::Container => None,
        RaidLevel::Raid0 | RaidLevel::Linear => Some(sum(members.iter().map(|size| component(*size, largest)))),
        level => Some(level.capacity(component(*all.iter().min()?, largest), members.len() as u64)),
    }
}

/// Disks may be said to be larger than any sum of bytes.
fn sum(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

/// What an item needs at least of that which it stands on.
fn least(item: &Item<'_>, sizes: &Sizes<'_>, problems: &mut Vec<Problem>) {
    if item.preserved() {
        return;
    }
    let fstype = item.text("fstype").and_then(mkfs::find);
    let needs: &[(&str, u64)] = &match item.kind {
        "format" => vec![("volume", fstype.map_or(0, |kind| kind.least * MIB))],
        "zpool" => vec![("vdevs", 64 * MIB)],
        "bcache" => vec![("backing_device", 16 * MIB), ("cache_device", 64 * MIB)],
        "dm_crypt" if !matches!(item.text("keyfile"), Some("/dev/urandom" | "/dev/random")) => {
            vec![("volume", LUKS + MIB)]
        }
        "lvm_partition" => vec![("volgroup", item.bytes("size").unwrap_or_default().max(EXTENT))],
        "lvm_volgroup" => vec![("devices", EXTENT + MIB)],
        "partition" => vec![("device", item.bytes("size").unwrap_or_default().saturating_add(2 * MIB))],
        "raid" => vec![("devices", 19 * MIB)],
        _ => return,
    };
    for (key, bytes) in needs {
        let ids = item.references().filter(|reference| reference.key == *key);
        for (id, have) in ids.filter_map(|it| Some((it.id, sizes.get(it.id).copied().filter(|have| have < bytes)?))) {
            let code = if item.kind == "lvm_partition" { "lvm-full" } else { "too-small" };
            let message = format!("{id} has {}, and this needs {}", human(have), human(*bytes));
            let key = if code == "lvm-full" { "size" } else { key };
            problems.push(item.error(code, key, message).remedy(format!("make {id} larger")));
        }
    }
}
