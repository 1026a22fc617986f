//! The items of a storage section and what they refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::is_true;
use crate::nearest::nearest;
use crate::problem::{Problem, Span};
use crate::size;
use crate::value::{Mapping, Node, Value};

/// A storage section as a graph.
pub(super) struct Graph<'a> {
    pub(super) version: u8,
    pub(super) items: Vec<Item<'a>>,
    by_id: BTreeMap<&'a str, usize>,
    children: BTreeMap<&'a str, Vec<usize>>,
}

/// One item of it.
pub(super) struct Item<'a> {
    pub(super) at: usize,
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    pub(super) keys: &'a Mapping,
    pub(super) span: Span,
}

/// A reference of an item to another one.
#[derive(Clone, Copy)]
pub(super) struct Reference<'a> {
    pub(super) key: &'static str,
    /// The place in a list.
    at: Option<usize>,
    pub(super) id: &'a str,
    pub(super) span: Span,
}

/// Which keys of which items refer to which types. An order between an `NVMe` controller and its disk is not needed.
const REFERENCES: &[(&str, &str, &[&str])] = &[
    ("bcache", "backing_device", DEVICES),
    ("bcache", "cache_device", DEVICES),
    ("disk", "nvme_controller", &["nvme_controller"]),
    ("dm_crypt", "volume", DEVICES),
    ("format", "volume", DEVICES),
    ("lvm_partition", "volgroup", &["lvm_volgroup"]),
    ("lvm_volgroup", "devices", DEVICES),
    ("mount", "device", &["format"]),
    ("partition", "device", &["disk", "raid", "bcache", "device"]),
    ("raid", "devices", DEVICES),
    ("raid", "spare_devices", DEVICES),
    ("raid", "container", &["raid"]),
    ("zfs", "pool", &["zpool"]),
    ("zpool", "vdevs", DEVICES),
];

/// The types that stand for a block device.
const DEVICES: &[&str] = &["disk", "partition", "raid", "bcache", "lvm_partition", "dm_crypt", "device"];

/// How many missing ids get a guess at what was meant, and among how many names: guessing costs time.
const MAX_GUESSES: usize = 20;
const MAX_NAMES: usize = 1000;

impl<'a> Graph<'a> {
    pub(super) fn new(section: &'a Mapping) -> Self {
        let version = if matches!(section.get("version").map(|node| &node.value), Some(Value::Int(2))) { 2 } else { 1 };
        let nodes = section.get("config").and_then(Node::as_sequence).unwrap_or_default();
        let items: Vec<Item<'a>> = (0..).zip(nodes).filter_map(|(at, node)| Item::new(at, node)).collect();
        let mut graph = Self { version, items: Vec::new(), by_id: BTreeMap::new(), children: BTreeMap::new() };
        for (place, item) in items.iter().enumerate() {
            graph.by_id.entry(item.id).or_insert(place);
            for reference in item.references() {
                graph.children.entry(reference.id).or_default().push(place);
            }
        }
        graph.items = items;
        graph
    }

    /// The item with an id; of several, the first.
    pub(super) fn get(&self, id: &str) -> Option<&Item<'a>> {
        self.by_id.get(id).and_then(|place| self.items.get(*place))
    }

    /// All items, in the order of the text.
    pub(super) fn items(&self) -> &[Item<'a>] {
        &self.items
    }

    /// The items of a type.
    pub(super) fn of(&self, kind: &'static str) -> impl Iterator<Item = &Item<'a>> {
        self.items.iter().filter(move |item| item.kind == kind)
    }

    /// The items that refer to one.
    pub(super) fn users(&self, id: &str) -> impl Iterator<Item = &Item<'a>> {
        let places = self.children.get(id).map(Vec::as_slice).unwrap_or_default();
        let mut last = None;
        places
            .iter()
            .filter(move |place| last.replace(**place) != Some(**place))
            .filter_map(|place| self.items.get(*place))
    }

    /// The items, and all items that they stand on, each once.
    pub(super) fn below<'g>(&'g self, items: Vec<&'g Item<'a>>) -> Vec<&'g Item<'a>> {
        let mut seen: BTreeSet<usize> = items.iter().map(|item| item.at).collect();
        let mut found = items;
        let mut next = 0;
        while let Some(item) = found.get(next).copied() {
            next += 1;
            for below in item.references().filter_map(|reference| self.get(reference.id)) {
                if seen.insert(below.at) {
                    found.push(below);
                }
            }
        }
        found
    }
}

impl<'a> Item<'a> {
    fn new(at: usize, node: &'a Node) -> Option<Self> {
        let keys = node.as_mapping()?;
        let text = |key: &str| keys.get(key).and_then(Node::as_str).unwrap_or_default();
        Some(Self { at, id: text("id"), kind: text("type"), keys, span: node.span })
    }

    pub(super) fn path(&self, key: &str) -> String {
        match key {
            "" => format!("storage.config[{}]", self.at),
            key => format!("storage.config[{}].{key}", self.at),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.keys.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(Node::as_str)
    }

    /// Whether a key is there and not empty.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|node| !node.is_falsy())
    }

    pub(super) fn preserved(&self) -> bool {
        is_true(self.get("preserve"))
    }

    pub(super) fn wiped(&self) -> bool {
        is_true(self.get("wipe"))
    }

    pub(super) fn bytes(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(|node| size::from_node(node).ok())
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        match &self.get(key)?.value {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Where a key stands, or else the item.
    pub(super) fn place(&self, key: &str) -> Span {
        self.get(key).map_or(self.span, |node| node.span)
    }

    pub(super) fn error(&self, code: &'static str, key: &str, message: impl Into<String>) -> Problem {
        Problem::error(code, self.path(key), self.place(key), message)
    }

    pub(super) fn warning(&self, code: &'static str, key: &str, message: impl Into<String>) -> Problem {
        Problem::warning(code, self.path(key), self.place(key), message)
    }

    pub(super) fn info(&self, code: &'static str, key: &str, message: impl Into<String>) -> Problem {
        Problem::info(code, self.path(key), self.place(key), message)
    }

    /// The ids that it refers to, in the order of the table and the text.
    pub(super) fn references(&self) -> impl Iterator<Item = Reference<'a>> + use<'a> {
        let (kind, keys) = (self.kind, self.keys);
        REFERENCES.iter().filter(move |(item, ..)| *item == kind).flat_map(move |(_, key, _)| references(keys, key))
    }
}

/// One key's references: a text is one, a list as many as it has texts.
fn references<'a>(keys: &'a Mapping, key: &'static str) -> impl Iterator<Item = Reference<'a>> + use<'a> {
    let node = keys.get(key);
    let one = node.and_then(|node| Some((None, node.as_str()?, node.span)));
    let many = node.and_then(Node::as_sequence).unwrap_or_default();
    let many = many.iter().enumerate().filter_map(|(at, node)| Some((Some(at), node.as_str()?, node.span)));
    one.into_iter().chain(many).map(move |(at, id, span)| Reference { key, at, id, span })
}

/// Missing, forward, duplicate and cyclic references.
pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    let ids: Vec<&str> = graph.by_id.keys().copied().take(MAX_NAMES).collect();
    let mut guesses = MAX_GUESSES;
    let circular = circular(graph);
    for item in &graph.items {
        if let Some(first) = graph.get(item.id).filter(|first| first.at != item.at && !item.id.is_empty()) {
            let message =
                format!("the item on line {} has the id {} already; curtin forgets it", first.span.line, item.id);
            problems.push(item.error("duplicate-id", "id", message).remedy("give every item an id of its own"));
        }
        for reference in item.references() {
            let path = match reference.at {
                Some(at) => format!("{}[{at}]", item.path(reference.key)),
                None => item.path(reference.key),
            };
            let Some(problem) = judge(graph, item, reference, &path, &circular) else { continue };
            let guess = match guesses {
                0 => None,
                _ if problem.code != "missing-reference" => None,
                _ => nearest(reference.id, &ids),
            };
            guesses = guesses.saturating_sub(usize::from(problem.code == "missing-reference"));
            problems.push(match guess {
                Some(known) => problem.remedy(format!("did you mean `{known}`?")),
                None => problem,
            });
        }
    }
}

fn judge(
    graph: &Graph<'_>,
    item: &Item<'_>,
    reference: Reference<'_>,
    path: &str,
    circular: &BTreeSet<usize>,
) -> Option<Problem> {
    let error = |code, message: String| Some(Problem::error(code, path, reference.span, message));
    let unordered = reference.key == "nvme_controller";
    let Some(other) = graph.get(reference.id) else {
        let message = format!("there is no item with the id {}", reference.id);
        return Some(if unordered {
            Problem::warning("missing-reference", path, reference.span, message)
                .remedy("add an nvme_controller with this id, or correct it")
        } else {
            Problem::error("missing-reference", path, reference.span, message)
        });
    };
    if circular.contains(&item.at) && circular.contains(&other.at) {
        return error("cyclic-reference", format!("{} and {} stand on each other", item.id, other.id));
    }
    if other.at > item.at && !unordered {
        let message = format!("{} is made on line {}, after this item needs it", other.id, other.span.line);
        return Some(
            Problem::error("forward-reference", path, reference.span, message)
                .remedy(format!("move {} before {}", other.id, item.id)),
        );
    }
    let allowed = REFERENCES.iter().find(|(kind, key, _)| *kind == item.kind && *key == reference.key)?.2;
    // A mount that says itself what is mounted needs the item to exist, and nothing else of it.
    let told = item.kind == "mount" && item.flag("spec") && item.flag("fstype");
    if !allowed.contains(&other.kind) && !told && !unordered {
        let message = format!("{} is a {}, and cannot stand here", other.id, other.kind);
        return error("wrong-reference", message)
            .map(|problem| problem.remedy(format!("write the id of a {}", allowed.join(" or "))));
    }
    None
}

/// The items that stand on themselves, by way of others or not. What remains when leaves are taken off again and again
/// is either on a circle or between two; both are refused in the same words.
fn circular(graph: &Graph<'_>) -> BTreeSet<usize> {
    let mut open: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for item in &graph.items {
        let below = item.references().filter_map(|reference| graph.get(reference.id)).map(|other| other.at);
        open.insert(item.at, below.collect());
    }
    let mut above: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, below) in &open {
        for other in below {
            above.entry(*other).or_default().push(*at);
        }
    }
    let mut leaves: Vec<usize> = open.iter().filter(|(_, below)| below.is_empty()).map(|(at, _)| *at).collect();
    while let Some(leaf) = leaves.pop() {
        open.remove(&leaf);
        for at in above.get(&leaf).into_iter().flatten() {
            if let Some(below) = open.get_mut(at) {
                below.remove(&leaf);
                if below.is_empty() {
                    leaves.push(*at);
                }
            }
        }
    }
    // Items above a circle hang on it, and are not part of it: nothing of what remains stands on them.
    let mut roots: Vec<usize> = open.keys().copied().collect();
    let mut held: BTreeMap<usize, usize> = BTreeMap::new();
    for below in open.values() {
        for at in below {
            *held.entry(*at).or_default() += 1;
        }
    }
    roots.retain(|at| !held.contains_key(at));
    while let Some(root) = roots.pop() {
        for at in open.remove(&root).into_iter().flatten() {
            if let Some(count) = held.get_mut(&at) {
                *count -= 1;
                if *count == 0 {
                    roots.push(at);
                }
            }
        }
    }
    open.into_keys().collect()
}
