//! Partitions: their table, number, size and place.

use std::collections::BTreeMap;

use super::graph::{Graph, Item};
use crate::problem::Problem;
use crate::size;

const MIB: u64 = 1 << 20;
/// Sectors of 512 bytes are counted with 32 bits in an MS-DOS table.
const MSDOS_LIMIT: u64 = 1 << 41;
/// Two sectors and 16 KiB of entries stand before the first partition of a GPT.
const GPT_FIRST: u64 = 34 * 512;

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    for item in graph.of("partition") {
        one_partition(graph, item, problems);
    }
    for disk in graph.items.iter().filter(|item| matches!(item.kind, "disk" | "raid" | "bcache")) {
        let parts: Vec<&Item<'_>> = graph.users(disk.id).filter(|item| item.kind == "partition").collect();
        if parts.is_empty() {
            continue;
        }
        table(graph, disk, &parts, problems);
        numbers(graph, disk, &parts, problems);
        places(graph, disk, &parts, problems);
    }
}

fn one_partition(graph: &Graph<'_>, item: &Item<'_>, problems: &mut Vec<Problem>) {
    for key in ["size", "offset"] {
        let Some(node) = item.get(key) else { continue };
        match size::from_node(node) {
            Ok(0) if key == "size" => problems.push(item.error("bad-size", key, "a partition cannot be empty")),
            Ok(bytes) if bytes % MIB != 0 && (key == "size" || graph.version == 2) => {
                let message = format!("{} is not a whole number of MiB", size::human(bytes));
                problems.push(
                    item.info("alignment", key, message).remedy("write whole MiB: partitions are aligned to them"),
                );
            }
            // What cannot be read has been reported by the reader.
            _ => {}
        }
    }
    if graph.version == 1 {
        if item.text("number").is_some_and(|text| !text.is_empty()) {
            let problem = item.error("bad-number", "number", "curtin compares it with numbers, and this is text");
            problems.push(problem.remedy("leave the quotes out"));
        }
        for key in ["offset", "resize", "partition_type", "partition_name", "uuid", "attrs"] {
            if item.get(key).is_some() && (key != "resize" || item.flag(key)) {
                let message = format!("`{key}` has no effect in a storage section of version 1");
                problems
                    .push(item.info("ignored-in-version-1", key, message).remedy("write `version: 2`, or remove it"));
            }
        }
    }
    if item.flag("resize") && !item.preserved() {
        let problem = item.warning("resize-new", "resize", "only a preserved partition can be resized");
        problems.push(problem.remedy("write `preserve: true`, or remove `resize`"));
    }
    if item.flag("resize") && item.preserved() && graph.version == 2 {
        let kept = graph.users(item.id).find(|user| user.kind == "format" && user.preserved());
        let fixed = |kind: &&str| !matches!(*kind, "ext2" | "ext3" | "ext4" | "ntfs");
        if let Some(kind) = kept.and_then(|kept| kept.text("fstype")).filter(fixed) {
            problems.push(item.error("resize-unsupported", "resize", format!("curtin cannot resize {kind}")));
        }
    }
}

fn table(graph: &Graph<'_>, disk: &Item<'_>, parts: &[&Item<'_>], problems: &mut Vec<Problem>) {
    let table = disk.text("ptable").unwrap_or_default();
    let new = parts.iter().find(|part| !part.preserved());
    if let Some(part) = new.filter(|_| !matches!(table, "gpt" | "msdos" | "vtoc")) {
        let message = match table {
            "" => format!("{} has no `ptable`, so no partition can be made on it", disk.id),
            table => format!("curtin makes no partitions in a table of type {table} ({})", disk.id),
        };
        problems.push(part.error("no-ptable", "device", message).remedy("write `ptable: gpt` at the disk"));
    }
    if graph.version == 1 || !disk.preserved() {
        let made = disk.wiped() || (!disk.preserved() && !table.is_empty());
        for part in parts.iter().filter(|part| part.preserved() && made && disk.kind == "disk") {
            let message = format!("{} gets a new partition table, so nothing on it is preserved", disk.id);
            problems.push(part.error("preserve-lost", "preserve", message).remedy("preserve the disk, too"));
        }
    }
    for part in parts {
        let flag = part.text("flag").unwrap_or_default();
        let only = match flag {
            "bios_grub" | "prep" | "home" | "msftres" if table == "msdos" => "gpt",
            "extended" | "logical" if table == "gpt" => "msdos",
            _ => continue,
        };
        let message = format!("{flag} means nothing in a partition table of type {table}");
        let problem = if flag == "prep" && !part.preserved() {
            part.error("flag-table", "flag", message)
        } else {
            part.warning("flag-table", "flag", message)
        };
        problems.push(problem.remedy(format!("write `ptable: {only}` at the disk, or another flag")));
    }
}

fn numbers(graph: &Graph<'_>, disk: &Item<'_>, parts: &[&Item<'_>], problems: &mut Vec<Problem>) {
    let msdos = disk.text("ptable") == Some("msdos");
    let mut seen: BTreeMap<u64, &Item<'_>> = BTreeMap::new();
    let mut extended: Option<&Item<'_>> = None;
    let (mut others, mut logicals) = (0, 0);
    for part in parts {
        let flag = part.text("flag").unwrap_or_default();
        let logical = msdos && (flag == "logical" || (graph.version == 2 && part.number("number") > Some(4)));
        others += u64::from(!logical);
        logicals += u64::from(logical);
        // What curtin counts when no number is given.
        let counted = match (logical, graph.version) {
            (true, _) => 4 + logicals,
            (false, 2) => others,
            (false, _) => others + logicals,
        };
        let number = part.number("number").filter(|number| *number > 0).unwrap_or(counted);
        if msdos
            && flag == "extended"
            && let Some(first) = extended.replace(part)
        {
            let message = format!("{} is an extended partition already, and there can be one", first.id);
            problems.push(part.error("second-extended", "flag", message));
        }
        if logical && extended.is_none() {
            problems.push(
                part.error("no-extended", "flag", "a logical partition needs an extended one before it")
                    .remedy("add a partition with `flag: extended` before it"),
            );
        }
        range(part, number, msdos, logical, problems);
        if graph.version == 1 && seen.is_empty() && number > 1 && !logical {
            let message = format!("partition {number} of {} needs the one before it to know where to begin", disk.id);
            problems.push(
                part.error("partition-order", "number", message)
                    .remedy("write `number: 1`, or add the partitions before it with `preserve: true`"),
            );
        }
        let last = seen.last_key_value().map(|(last, part)| (*last, *part));
        if let Some(first) = seen.insert(number, part) {
            let message = format!("{} is partition {number} of {} already", first.id, disk.id);
            problems
                .push(part.error("same-number", "number", message).remedy("give each partition a number of its own"));
        } else if let Some((last, before)) = last.filter(|(last, _)| *last > number && !msdos && graph.version == 1) {
            let message =
                format!("partition {number} comes after partition {last} ({}), and is placed behind it", before.id);
            problems.push(part.warning("partition-order", "number", message).remedy("write partitions in order"));
        }
    }
}

fn range(part: &Item<'_>, number: u64, msdos: bool, logical: bool, problems: &mut Vec<Problem>) {
    if msdos && !logical && number > 4 {
        let message = format!("an MS-DOS table has four places, and this is number {number}");
        problems.push(
            part.error("partition-number", "number", message)
                .remedy("use `ptable: gpt`, or logical partitions in an extended one"),
        );
    } else if logical && number < 5 {
        problems.push(part.error("partition-number", "number", "logical partitions count from 5"));
    } else if number > 128 {
        problems.push(part.error("partition-number", "number", "a partition table has 128 places"));
    }
}

/// Partitions must not overlap. Without an offset, a partition begins where the one before it ends.
fn places(graph: &Graph<'_>, disk: &Item<'_>, parts: &[&Item<'_>], problems: &mut Vec<Problem>) {
    let msdos = disk.text("ptable") == Some("msdos");
    let mut taken: BTreeMap<u64, (u64, &Item<'_>)> = BTreeMap::new();
    let mut next = MIB;
    for part in parts {
        let Some(bytes) = part.bytes("size") else { return };
        let given = if graph.version == 2 { part.bytes("offset") } else { None };
        let start = given.unwrap_or(next);
        let end = start.saturating_add(bytes);
        if given.is_some_and(|start| start < GPT_FIRST) && !msdos {
            let problem = part.error("offset", "offset", "the partition table itself stands there");
            problems.push(problem.remedy("begin at 1M"));
        }
        if msdos && end > MSDOS_LIMIT {
            let message = format!("it would end at {}, and an MS-DOS table ends at 2 TiB", size::human(end));
            problems.push(part.error("msdos-too-large", "size", message).remedy("use `ptable: gpt`"));
        }
        if msdos && part.text("flag") == Some("logical") {
            // Inside of the extended partition, which is not followed here.
            continue;
        }
        let before = taken.range(..end).next_back().filter(|(_, (to, _))| *to > start);
        if let Some((_, (_, other))) = before {
            let message = format!("it would lie over {} (line {})", other.id, other.span.line);
            problems.push(part.error("overlap", "offset", message).remedy("move or shrink one of the two"));
        } else {
            taken.insert(start, (end, part));
        }
        next = end.div_ceil(MIB).saturating_mul(MIB);
    }
}
