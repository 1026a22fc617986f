//! Typed values back to a mapping.

use crate::value::{Mapping, Node, Value};

/// A mapping in the making; what is absent is left out.
#[derive(Default)]
pub(crate) struct Entries(Vec<(Node, Node)>);

impl Entries {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn put(&mut self, key: &str, value: impl Into<Node>) -> &mut Self {
        self.0.push((Node::from(key), value.into()));
        self
    }

    pub(crate) fn node_at(&mut self, key: &str, value: Option<Node>) -> &mut Self {
        if let Some(node) = value {
            self.put(key, node);
        }
        self
    }

    pub(crate) fn text(&mut self, key: &str, value: Option<&str>) -> &mut Self {
        self.node_at(key, value.map(Node::from))
    }

    pub(crate) fn number(&mut self, key: &str, value: Option<u64>) -> &mut Self {
        self.node_at(key, value.map(|number| Node::detached(Value::Int(i128::from(number)))))
    }

    pub(crate) fn list(&mut self, key: &str, words: &[String]) -> &mut Self {
        if !words.is_empty() {
            self.put(key, list(words.iter().map(|word| Node::from(word.as_str()))));
        }
        self
    }

    pub(crate) fn nodes(&mut self, key: &str, items: Vec<Node>) -> &mut Self {
        if !items.is_empty() {
            self.put(key, Node::detached(Value::Sequence(items)));
        }
        self
    }

    pub(crate) fn mapping(&mut self, key: &str, mapping: &Mapping) -> &mut Self {
        if !mapping.is_empty() {
            self.put(key, Node::detached(Value::Mapping(mapping.clone())));
        }
        self
    }

    /// True, or nothing.
    pub(crate) fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.node_at(key, value.then(|| Node::from(true)))
    }

    pub(crate) fn choice(&mut self, key: &str, value: Option<bool>) -> &mut Self {
        self.node_at(key, value.map(Node::from))
    }

    /// Keys that nobody knows, behind the others.
    pub(crate) fn rest(&mut self, rest: &Mapping) -> &mut Self {
        self.0.extend(rest.entries.iter().cloned());
        self
    }

    pub(crate) fn node(self) -> Node {
        Node::detached(Value::Mapping(Mapping { entries: self.0 }))
    }
}

pub(crate) fn list(items: impl Iterator<Item = Node>) -> Node {
    Node::detached(Value::Sequence(items.collect()))
}

/// A mapping of names to values.
pub(crate) fn named(entries: impl Iterator<Item = (String, Node)>) -> Node {
    let mut all = Entries::new();
    for (name, node) in entries {
        all.put(&name, node);
    }
    all.node()
}
