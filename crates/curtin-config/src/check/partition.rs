//! Partitions: their table, number, size and place.

use std::collections::BTreeMap;

use super::graph::{Graph, Item};
use crate::layout::Table;
use crate::names::is_uuid;
use crate::problem::Problem;
use crate::resolve::partition::type_code;
use crate::size;
use crate::storage::RESIZABLE;

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
        if disk.text("ptable") == Some("msdos") {
            logical_places(graph, &parts, problems);
        }
        places(graph, disk, &parts, problems);
    }
}

fn one_partition(graph: &Graph<'_>, item: &Item<'_>, problems: &mut Vec<Problem>) {
    for key in ["size", "offset"] {
        let Some(node) = item.get(key) else { continue };
        match size::from_node(node) {
            Ok(0) if key == "size" => {
                let problem = item.error("bad-size", key, "a partition cannot be empty");
                problems.push(problem.remedy("write a size above 0, such as 8G"));
            }
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
    if graph.version == 2 && !item.preserved() {
        names(graph, item, problems);
    }
    if item.flag("resize") && !item.preserved() {
        let problem = item.warning("resize-new", "resize", "only a preserved partition can be resized");
        problems.push(problem.remedy("write `preserve: true`, or remove `resize`"));
    }
    if item.flag("resize") && item.preserved() && graph.version == 2 {
        let kept = graph.users(item.id).find(|user| user.kind == "format" && user.preserved());
        let fixed = |kind: &&str| !RESIZABLE.contains(kind);
        if let Some(kind) = kept.and_then(|kept| kept.text("fstype")).filter(fixed) {
            let problem = item.error("resize-unsupported", "resize", format!("curtin cannot resize {kind}"));
            problems.push(problem.remedy("remove `resize`, and write the size that it has"));
        }
    }
}

/// What sfdisk is told of a new partition.
fn names(graph: &Graph<'_>, item: &Item<'_>, problems: &mut Vec<Problem>) {
    let table = match item.text("device").and_then(|id| graph.get(id)).and_then(|disk| disk.text("ptable")) {
        Some("gpt") => Table::Gpt,
        Some("msdos") => Table::Msdos,
        _ => return,
    };
    let fits = |kind: &&str| kind.is_empty() || type_code(kind, table).is_some();
    if let Some(kind) = item.text("partition_type").filter(|kind| !fits(kind)) {
        let message = format!("sfdisk takes no type {kind} in a table of type {}", table.word());
        problems.push(item.error("partition-type", "partition_type", message).remedy(match table {
            Table::Gpt => "write the UUID of the type, or leave it to `flag`",
            _ => "write 0x and two hexadecimal digits, or leave it to `flag`",
        }));
    }
    if let Some(uuid) = item.text("uuid").filter(|uuid| !uuid.is_empty() && !is_uuid(uuid)) {
        problems.push(item.error("uuid", "uuid", format!("{uuid:?} is not a UUID")));
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
    // Where curtin looks for the end of the partition before.
    let mut before = None;
    for part in parts {
        let flag = part.text("flag").unwrap_or_default();
        let logical = msdos && is_logical(graph, part);
        // What curtin counts when no number is given; version 1 asks for the flag alone.
        let apart = logical || (graph.version == 1 && flag == "logical");
        others += u64::from(!apart);
        logicals += u64::from(apart);
        let counted = if apart { 4 + logicals } else { others + logicals };
        let number = part.number("number").filter(|number| *number > 0).unwrap_or(counted);
        if graph.version == 1 {
            order(disk, part, number, before, extended.filter(|_| !logical), problems);
        }
        if flag != "extended" {
            before = Some(*part);
        }
        if flag == "extended"
            && let Some(first) = extended.replace(part)
            && msdos
        {
            let message = format!("{} is an extended partition already, and there can be one", first.id);
            problems.push(part.error("second-extended", "flag", message).remedy(format!("make {} larger", first.id)));
        }
        if logical && extended.is_none() {
            problems.push(
                part.error("no-extended", "flag", "a logical partition needs an extended one before it")
                    .remedy("add a partition with `flag: extended` before it"),
            );
        }
        if disk.text("ptable") == Some("vtoc") && number > 3 {
            let message = format!("a DASD has three partitions, and this is number {number}");
            problems.push(part.error("partition-number", "number", message).remedy("write a number from 1 to 3"));
        }
        range(part, number, msdos, logical, problems);
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

/// Version 1 begins a partition where the one before ends, and does not see extended ones there; the first logical one
/// begins with its extended one.
fn order(
    disk: &Item<'_>,
    part: &Item<'_>,
    number: u64,
    before: Option<&Item<'_>>,
    extended: Option<&Item<'_>>,
    problems: &mut Vec<Problem>,
) {
    let first_logical = number == 5 && disk.text("ptable") == Some("msdos");
    if before.is_none() && number > 1 && !first_logical {
        let message = format!("partition {number} of {} needs the one before it to know where to begin", disk.id);
        problems.push(
            part.error("partition-order", "number", message)
                .remedy("write `number: 1`, or add the partitions before it with `preserve: true`"),
        );
    } else if let Some(extended) = extended.filter(|_| !part.preserved()) {
        let message = format!("it would lie over the extended partition {} (line {})", extended.id, extended.span.line);
        problems.push(
            part.error("partition-order", "device", message)
                .remedy("put the extended partition behind all others, or write `version: 2`"),
        );
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
        problems.push(
            part.error("partition-number", "number", "logical partitions count from 5")
                .remedy("leave the number out, or write 5 or more"),
        );
    } else if number > 128 {
        problems.push(
            part.error("partition-number", "number", "a partition table has 128 places")
                .remedy("leave the number out, or write one up to 128"),
        );
    }
}

fn is_logical(graph: &Graph<'_>, part: &Item<'_>) -> bool {
    part.text("flag") == Some("logical") || (graph.version == 2 && part.number("number") > Some(4))
}

/// Logical partitions lie in the extended one, each behind a table of its own, for which version 1 adds the room.
fn logical_places(graph: &Graph<'_>, parts: &[&Item<'_>], problems: &mut Vec<Problem>) {
    let Some(extended) = parts.iter().find(|part| part.text("flag") == Some("extended")) else { return };
    let Some(room) = extended.bytes("size") else { return };
    let begin = extended.bytes("offset");
    let (table, mut next) = if graph.version == 1 { (0, 0) } else { (MIB, MIB) };
    for part in parts.iter().filter(|part| is_logical(graph, part)) {
        let Some(bytes) = part.bytes("size") else { return };
        let given = part.bytes("offset").filter(|_| graph.version == 2);
        let start = match (given, begin) {
            (Some(offset), Some(begin)) => offset.checked_sub(begin),
            (Some(_), None) => return,
            (None, _) => Some(next),
        };
        let end = start.unwrap_or_default().saturating_add(bytes);
        if start.is_none_or(|start| start < table) || end > room {
            let message = format!("it is not inside of {}, which has {}", extended.id, size::human(room));
            let problem = part.error("outside-extended", "size", message);
            problems.push(problem.remedy(format!("make {} larger, or this one smaller", extended.id)));
            return;
        }
        next = if graph.version == 1 { end } else { end.div_ceil(MIB).saturating_mul(MIB).saturating_add(MIB) };
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
        if msdos && is_logical(graph, part) {
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
