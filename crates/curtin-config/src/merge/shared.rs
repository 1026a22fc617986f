//! Mappings that stand in several places, because of an alias.
//!
//! PyYAML makes one object of an anchor and its aliases, so what curtin merges into one place shows in all of them.

use std::collections::BTreeMap;

use crate::problem::Span;
use crate::value::{Mapping, Node, Value};
use crate::yaml::{MAX_DEPTH, MAX_NODES, MAX_TEXT};

/// Each such mapping, by where it is written: an alias has the place of its anchor.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(BTreeMap<Span, Mapping>);

/// The result has too many values or too much text, or nests too deep.
#[derive(Debug)]
pub(super) struct TooLarge;

/// What there is still room for: as much as in one file.
struct Room {
    nodes: usize,
    text: usize,
}

impl Shared {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Finds the mappings that stand in a file more than once.
    pub(super) fn learn(&mut self, file: &Mapping) {
        let mut seen = BTreeMap::new();
        count(file, &mut seen);
        let shared = seen.into_iter().filter(|(_, (places, _))| *places > 1);
        self.0.extend(shared.map(|(span, (_, mapping))| (span, mapping.clone())));
    }

    /// What the mapping that is written there holds by now.
    pub(super) fn get(&self, span: Span) -> Option<&Mapping> {
        self.0.get(&span)
    }

    /// Takes it out, to put the changed one back.
    pub(super) fn take(&mut self, span: Span) -> Option<Mapping> {
        self.0.remove(&span)
    }

    /// Puts it back.
    pub(super) fn put(&mut self, span: Span, mapping: Mapping) {
        self.0.insert(span, mapping);
    }

    /// Brings every place up to date.
    pub(super) fn refresh(&self, root: &mut Mapping) -> Result<(), TooLarge> {
        let mut room = Room { nodes: MAX_NODES, text: MAX_TEXT };
        if self.is_empty() { Ok(()) } else { self.refresh_mapping(root, MAX_DEPTH, &mut room) }
    }

    fn refresh_mapping(&self, mapping: &mut Mapping, depth: usize, room: &mut Room) -> Result<(), TooLarge> {
        mapping.entries.iter_mut().try_for_each(|(key, value)| {
            self.refresh_node(key, depth, room)?;
            self.refresh_node(value, depth, room)
        })
    }

    fn refresh_node(&self, node: &mut Node, depth: usize, room: &mut Room) -> Result<(), TooLarge> {
        let depth = depth.checked_sub(1).ok_or(TooLarge)?;
        let text = match &node.value {
            Value::String(text) | Value::BigInt(text) | Value::Timestamp(text) => text.len(),
            Value::Binary(bytes) => bytes.len(),
            _ => 0,
        };
        room.nodes = room.nodes.checked_sub(1).ok_or(TooLarge)?;
        room.text = room.text.checked_sub(text).ok_or(TooLarge)?;
        match &mut node.value {
            Value::Mapping(mapping) => {
                if let Some(all) = self.get(node.span) {
                    mapping.clone_from(all);
                }
                self.refresh_mapping(mapping, depth, room)
            }
            Value::Sequence(items) | Value::Set(items) => {
                items.iter_mut().try_for_each(|item| self.refresh_node(item, depth, room))
            }
            _ => Ok(()),
        }
    }
}

fn count<'a>(mapping: &'a Mapping, seen: &mut BTreeMap<Span, (usize, &'a Mapping)>) {
    for (_, value) in mapping.iter() {
        count_node(value, seen);
    }
}

fn count_node<'a>(node: &'a Node, seen: &mut BTreeMap<Span, (usize, &'a Mapping)>) {
    match &node.value {
        Value::Mapping(mapping) => {
            seen.entry(node.span).or_insert((0, mapping)).0 += 1;
            count(mapping, seen);
        }
        Value::Sequence(items) => items.iter().for_each(|item| count_node(item, seen)),
        _ => {}
    }
}
