//! What is wrong with a configuration, at the level that the reader chooses.
//!
//! The validator's verdicts are those of [`check_storage`](crate::check_storage). What an installation would fail on,
//! and what is merely unwise, is found here: each module judges one subject, on the values as they stand in the text,
//! so that every finding has its place.

use std::collections::BTreeSet;

use crate::config::{read_mapping, runs};
use crate::merge::{Merge, MergeError};
use crate::problem::{Level, Problem, Span};
use crate::schema;
use crate::target::Firmware;
use crate::value::{Mapping, Node, Value};

mod boot;
mod commands;
mod compound;
mod disk;
mod filesystem;
mod graph;
mod lvm;
mod mounts;
mod nodes;
mod partition;
mod preserve;
mod sizes;
mod usage;
mod values;
mod zfs;

/// Everything that is wrong with a configuration, up to a level, in the order of the text.
///
/// ```
/// use firstlight_curtin_config::{Level, check};
///
/// let yaml = "storage: {version: 1, config: [{id: m, type: mount, device: f, path: /}]}";
/// assert_eq!(check(yaml, Level::Schema), []);
/// let problems = check(yaml, Level::Runtime);
/// assert_eq!(
///     problems[0].to_string(),
///     "1:61: error[missing-reference] storage.config[0].device: there is no item with the id f \
///      (add such an item before this one, or correct the id)"
/// );
/// ```
#[must_use]
pub fn check(yaml: &str, level: Level) -> Vec<Problem> {
    check_text(yaml, level, None)
}

fn check_text(yaml: &str, level: Level, firmware: Option<Firmware>) -> Vec<Problem> {
    let mut merge = Merge::new();
    // Nothing can be said of what cannot be read, so this counts at every level.
    match merge.add("", yaml) {
        Ok(()) => check_root(merge.root(), merge.problems(), level, firmware),
        Err(MergeError::Unreadable { problem, .. }) => vec![problem.at(Level::Schema)],
        Err(error) => {
            let remedy = match error {
                MergeError::NotAList { .. } => {
                    "write each configuration as an item of a list, or remove the first line"
                }
                _ => "write `storage: …`, `sources: …` and so on",
            };
            let message = error.to_string();
            let start = Span { source: 0, line: 1, column: 1 };
            let problem = Problem::error("bad-type", "", start, message.trim_start_matches(": "));
            vec![problem.remedy(remedy).at(Level::Schema)]
        }
    }
}

/// As [`check`], for a file as it was read, and for one firmware if it is known: what that cannot start from is an error.
/// curtin reads UTF-8 and nothing else.
///
/// ```
/// use firstlight_curtin_config::{Firmware, Level, check_bytes};
///
/// let problems = check_bytes(b"a: 1\nb: \xff\n", Level::Schema, Some(Firmware::Uefi));
/// assert_eq!(problems[0].to_string(), "2:4: error[not-utf8] this is not UTF-8 text (save the file as UTF-8)");
/// ```
#[must_use]
pub fn check_bytes(bytes: &[u8], level: Level, firmware: Option<Firmware>) -> Vec<Problem> {
    let end = match std::str::from_utf8(bytes) {
        Ok(yaml) => return check_text(yaml, level, firmware),
        Err(error) => error.valid_up_to(),
    };
    let before = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    let last = before.rsplit('\n').next().unwrap_or_default();
    let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
    let span = Span { source: 0, line: count(before.matches('\n').count()), column: count(last.chars().count()) };
    let problem = Problem::error("not-utf8", "", span, "this is not UTF-8 text");
    vec![problem.remedy("save the file as UTF-8").at(Level::Schema)]
}

/// What is wrong with a merged configuration; `loaded` was found while it was read.
pub(crate) fn check_root(root: &Mapping, loaded: &[Problem], level: Level, firmware: Option<Firmware>) -> Vec<Problem> {
    let mut problems = root.get("storage").map(schema::check_storage).unwrap_or_default();
    if level > Level::Schema {
        let mut found = read_mapping(root, loaded.to_vec()).problems;
        storage(root, firmware, &mut found);
        commands::check(root, |stage| runs(root.get("stages"), stage), &mut found);
        values::check(root, &mut found);
        // What the validator refuses is not refused twice.
        let known: BTreeSet<_> = problems.iter().map(|problem| (problem.span, problem.path.clone())).collect();
        found.retain(|problem| problem.level <= level && !known.contains(&(problem.span, problem.path.clone())));
        problems.append(&mut found);
    }
    problems.sort_by_key(|problem| problem.span);
    problems.dedup();
    problems
}

fn storage(root: &Mapping, firmware: Option<Firmware>, problems: &mut Vec<Problem>) {
    let Some(section) = root.get("storage") else { return };
    let items = section.as_mapping().and_then(|section| section.get("config")).and_then(Node::as_sequence);
    if section.is_falsy() || items.is_some_and(<[Node]>::is_empty) {
        problems.push(
            Problem::error("empty-storage", "storage", section.span, "curtin stops at a storage section without items")
                .remedy("leave the section out, or describe the disks"),
        );
        return;
    }
    let Some(section) = section.as_mapping() else { return };
    let graph = graph::Graph::new(section);
    graph::check(&graph, problems);
    usage::check(&graph, problems);
    preserve::check(&graph, problems);
    disk::check(&graph, problems);
    partition::check(&graph, problems);
    compound::check(&graph, problems);
    lvm::check(&graph, problems);
    nodes::check(&graph, problems);
    zfs::check(&graph, problems);
    sizes::check(&graph, problems);
    filesystem::check(&graph, problems);
    mounts::check(&graph, root, problems);
    boot::check(&graph, firmware, problems);
}

/// What curtin takes for true: everything but null, false, zero and a few words.
pub(crate) fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| match &node.value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::String(text) => !matches!(text.as_str(), "" | "0" | "False" | "false" | "None" | "none"),
        _ => true,
    })
}
