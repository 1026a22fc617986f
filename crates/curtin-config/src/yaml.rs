//! YAML events to spanned values, with PyYAML's rules for keys, merges and aliases.
//!
//! The builder keeps its own stack, so that nesting costs no call frames, and counts what aliases
//! would expand to before it copies anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::problem::{Problem, Span};
use crate::scalar::{self, NoValue};
use crate::timestamp::timestamp;
use crate::value::{Mapping, Node, Value};
use parser::{Event, Parser, Properties};

mod cursor;
mod parser;
mod scanner;
mod token;

/// The longest text that is read at all.
const MAX_BYTES: usize = 16 << 20;
/// The deepest nesting, aliases expanded.
pub(crate) const MAX_DEPTH: usize = 200;
/// How many nodes a document may have, aliases expanded.
pub(crate) const MAX_NODES: usize = 500_000;
/// How many bytes of text a document may have, aliases expanded.
pub(crate) const MAX_TEXT: usize = 64 << 20;

/// What a node costs when an alias copies it.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    nodes: usize,
    text: usize,
    depth: usize,
}

impl Cost {
    fn add(&mut self, child: Self) {
        self.nodes = self.nodes.saturating_add(child.nodes);
        self.text = self.text.saturating_add(child.text);
        self.depth = self.depth.max(child.depth.saturating_add(1));
    }
}

enum Content {
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>, Option<Node>),
}

struct Frame<'a> {
    content: Content,
    span: Span,
    properties: Properties<'a>,
    cost: Cost,
}

struct Builder<'a> {
    source: u16,
    frames: Vec<Frame<'a>>,
    anchors: BTreeMap<&'a str, (Node, Cost)>,
    /// Also of what is not finished.
    names: BTreeSet<&'a str>,
    total: Cost,
    root: Option<Node>,
    problems: Vec<Problem>,
}

/// Reads one document. On a problem that ends the reading, the value is `None`.
pub(crate) fn load(yaml: &str) -> (Option<Node>, Vec<Problem>) {
    load_from(yaml, 0)
}

/// As [`load`]; every span says which text this is.
pub(crate) fn load_from(yaml: &str, source: u16) -> (Option<Node>, Vec<Problem>) {
    if yaml.len() > MAX_BYTES {
        let message = format!("the text is {} bytes long, the limit is {MAX_BYTES}", yaml.len());
        let problem = Problem::error("too-large", "", Span::NONE, message);
        return (None, vec![problem.remedy("leave out what is not for curtin, or let the commands fetch it")]);
    }
    if let Err(problem) = printable(yaml, source) {
        return (None, vec![*problem]);
    }
    let mut builder = Builder::new(source);
    match builder.run(yaml) {
        Ok(()) => {
            let root = builder.root.unwrap_or_else(|| Node::new(Value::Null, Span { source, line: 1, column: 1 }));
            (Some(root), builder.problems)
        }
        Err(problem) => {
            builder.problems.push(*problem);
            (None, builder.problems)
        }
    }
}

type Step = Result<(), Box<Problem>>;

fn fatal(code: &'static str, span: Span, message: impl Into<String>) -> Box<Problem> {
    Box::new(Problem::error(code, "", span, message))
}

/// Control characters are refused wherever they stand, as PyYAML does.
fn printable(yaml: &str, source: u16) -> Step {
    // Nearly every text is plain ASCII, which is seen faster byte by byte.
    if yaml.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t' | b'\r')) {
        return Ok(());
    }
    for (line, text) in (1..).zip(yaml.split('\n')) {
        let bad =
            |c: char| (c.is_control() && !matches!(c, '\t' | '\r' | '\u{85}')) || matches!(c, '\u{fffe}' | '\u{ffff}');
        if let Some(at) = text.chars().position(bad) {
            let column = u32::try_from(at + 1).unwrap_or(u32::MAX);
            return Err(fatal(
                "control-character",
                Span { source, line, column },
                "a control character is not allowed here",
            ));
        }
    }
    Ok(())
}

impl<'a> Builder<'a> {
    fn new(source: u16) -> Self {
        Self {
            source,
            frames: Vec::new(),
            anchors: BTreeMap::new(),
            names: BTreeSet::new(),
            total: Cost::default(),
            root: None,
            problems: Vec::new(),
        }
    }

    fn run(&mut self, yaml: &'a str) -> Step {
        let mut parser = Parser::new(yaml);
        loop {
            let (event, mark) = parser.next().map_err(|refusal| Box::new(refusal.problem(self.source)))?;
            let span = mark.span(self.source);
            match event {
                Event::Scalar { text, plain, properties } => {
                    self.name(properties.anchor, span)?;
                    let cost = Cost { nodes: 1, text: text.len(), depth: 1 };
                    // PyYAML takes the lone `!` for no tag at all, and the text for plain.
                    let tag = properties.tag.as_deref();
                    let plain = (plain && tag.is_none()) || tag == Some("!");
                    let value =
                        if plain { untagged(text.into_owned(), span)? } else { tagged(text.into_owned(), tag, span)? };
                    let node = Node::new(value, span);
                    self.anchor(properties.anchor, &node, cost)?;
                    self.place(node, cost, cost, plain)?;
                }
                Event::SequenceStart(properties) => self.open(Content::Sequence(Vec::new()), span, properties)?,
                Event::MappingStart(properties) => self.open(Content::Mapping(Vec::new(), None), span, properties)?,
                Event::End => self.close()?,
                Event::Alias(name) => self.alias(name, span)?,
                Event::Done => return Ok(()),
            }
        }
    }

    fn open(&mut self, content: Content, span: Span, properties: Properties<'a>) -> Step {
        self.name(properties.anchor, span)?;
        if self.frames.len() >= MAX_DEPTH {
            return Err(fatal("too-deep", span, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let cost = Cost { nodes: 1, text: 0, depth: 1 };
        self.frames.push(Frame { content, span, properties, cost });
        Ok(())
    }

    fn close(&mut self) -> Step {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let value = match frame.content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping(entries, _) => self.mapping(entries, frame.span)?,
        };
        let value = match frame.properties.tag {
            Some(tag) if !self.is_merged() => collection(value, &tag, frame.span)?,
            _ => value,
        };
        let node = Node::new(value, frame.span);
        self.anchor(frame.properties.anchor, &node, frame.cost)?;
        // The children are counted already.
        let own = Cost { nodes: 1, text: 0, depth: 0 };
        self.place(node, frame.cost, own, false)
    }

    /// Whether what ends here stands behind `<<`, alone or in a list: its tag is not looked at.
    fn is_merged(&self) -> bool {
        let mut outside = self.frames.iter().rev().map(|frame| &frame.content);
        match outside.next() {
            Some(Content::Mapping(_, Some(key))) => is_merge(key),
            Some(Content::Sequence(_)) => {
                matches!(outside.next(), Some(Content::Mapping(_, Some(key))) if is_merge(key))
            }
            _ => false,
        }
    }

    /// Keeps a copy for later aliases; the copy counts as much as the original.
    fn anchor(&mut self, name: Option<&'a str>, node: &Node, cost: Cost) -> Step {
        if let Some(name) = name {
            self.count(cost, node.span)?;
            self.anchors.insert(name, (node.clone(), cost));
        }
        Ok(())
    }

    /// PyYAML takes each name once in a document.
    fn name(&mut self, name: Option<&'a str>, span: Span) -> Step {
        match name {
            Some(name) if !self.names.insert(name) => {
                Err(fatal("duplicate-anchor", span, format!("there is an anchor {name} already")))
            }
            _ => Ok(()),
        }
    }

    fn alias(&mut self, name: &str, span: Span) -> Step {
        let Some((_, cost)) = self.anchors.get(name) else {
            return Err(if self.names.contains(name) {
                fatal("recursive-alias", span, "this alias stands inside of what it names")
            } else {
                fatal("unknown-alias", span, format!("there is no anchor {name} before this"))
            });
        };
        let cost = *cost;
        if self.frames.len().saturating_add(cost.depth) > MAX_DEPTH {
            return Err(fatal("too-deep", span, format!("aliases nest deeper than {MAX_DEPTH} levels")));
        }
        self.count(cost, span)?;
        // Looked up again: counting comes before the copy, and needs the builder to itself.
        let Some(node) = self.anchors.get(name).map(|(node, _)| node.clone()) else {
            return Ok(());
        };
        self.place(node, cost, Cost::default(), false)
    }

    fn count(&mut self, cost: Cost, span: Span) -> Step {
        self.total.nodes = self.total.nodes.saturating_add(cost.nodes);
        self.total.text = self.total.text.saturating_add(cost.text);
        if self.total.nodes > MAX_NODES || self.total.text > MAX_TEXT {
            return Err(fatal(
                "too-large",
                span,
                format!("more than {MAX_NODES} values or {MAX_TEXT} bytes of text, aliases expanded"),
            ));
        }
        Ok(())
    }

    /// Puts a finished node where it belongs; `new` is what is not counted yet, `plain` marks an
    /// untagged plain scalar.
    fn place(&mut self, node: Node, cost: Cost, new: Cost, plain: bool) -> Step {
        self.count(new, node.span)?;
        let key = self.frames.last().is_some_and(|frame| matches!(frame.content, Content::Mapping(_, None)));
        if plain && !key && matches!(node.as_str(), Some("<<" | "=")) {
            return Err(fatal("bad-value", node.span, "<< and = have a meaning of their own: quote them"));
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.cost.add(cost);
        match &mut frame.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping(entries, waiting) => match waiting.take() {
                Some(key) => entries.push((key, node)),
                None => *waiting = Some(key_of(node, plain)),
            },
        }
        Ok(())
    }

    /// Merge keys first, then the own entries; a later duplicate wins.
    fn mapping(&mut self, entries: Vec<(Node, Node)>, span: Span) -> Result<Value, Box<Problem>> {
        if are_distinct(&entries) {
            return Ok(Value::Mapping(Mapping { entries }));
        }
        let mut merged: Vec<(Node, Node)> = Vec::new();
        let mut own = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if is_merge(&key) {
                merge_into(&mut merged, value)?;
            } else {
                own.push((key, value));
            }
        }
        let inherited = merged.len();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        let mut result: Vec<(Node, Node)> = Vec::with_capacity(inherited + own.len());
        for (at, (mut key, value)) in merged.into_iter().chain(own).enumerate() {
            unmark(&mut key);
            let Some(name) = key_name(&key) else {
                return Err(fatal("bad-key", key.span, format!("{} cannot be a key", key.kind())));
            };
            match index.get(&name).copied() {
                Some(place) => {
                    let Some(slot) = result.get_mut(place) else { continue };
                    if at >= inherited && slot.0.span >= span {
                        let text = key.to_text().unwrap_or_default();
                        let first = slot.0.span.line;
                        self.problems.push(
                            Problem::warning(
                                "duplicate-key",
                                text,
                                key.span,
                                format!("this key stands on line {first} already; the last one wins"),
                            )
                            .remedy("keep one of the two"),
                        );
                    }
                    slot.0.span = key.span;
                    slot.1 = value;
                }
                None => {
                    index.insert(name, result.len());
                    result.push((key, value));
                }
            }
        }
        Ok(Value::Mapping(Mapping { entries: result }))
    }
}

/// A scalar with a tag, or in quotes.
fn tagged(text: String, tag: Option<&str>, span: Span) -> Result<Value, Box<Problem>> {
    let Some(tag) = tag else { return Ok(Value::String(text)) };
    let bad = |what: &str| fatal("bad-value", span, format!("{text:?} is not {what}"));
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some("str") => Ok(Value::String(text)),
        Some("null") => Ok(Value::Null),
        Some("int") => scalar::tagged_integer(&text).ok_or_else(|| bad("an integer")),
        Some("float") => scalar::tagged_float(&text).map(Value::Float).ok_or_else(|| bad("a number")),
        Some("bool") => scalar::boolean(&text.to_lowercase()).map(Value::Bool).ok_or_else(|| bad("a boolean")),
        Some("timestamp") => match timestamp(&text, true) {
            Some(Ok(text)) => Ok(Value::Timestamp(text)),
            _ => Err(bad("a date")),
        },
        Some("binary") => scalar::base64(&text).map(Value::Binary).ok_or_else(|| bad("base64 data")),
        _ => Err(fatal("unknown-tag", span, format!("the tag {tag} is not supported here"))),
    }
}

/// A plain scalar without a tag.
fn untagged(text: String, span: Span) -> Result<Value, Box<Problem>> {
    let (code, message) = match scalar::resolve(&text) {
        Ok(found) => return Ok(found.unwrap_or(Value::String(text))),
        Err(NoValue::Date) => ("no-such-date", "looks like a date, and there is none"),
        Err(NoValue::Number) => ("bad-value", "looks like a number, and has no digits"),
        Err(NoValue::TooLong) => ("bad-value", "is a number with more than 4300 digits, which Python does not write"),
    };
    let shown: String = text.chars().take(40).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    let problem = Problem::error(code, "", span, format!("{shown}{more} {message}"));
    Err(Box::new(problem.remedy("put it in quotes")))
}

/// Marks a merge key between reading and building, a plain `<<`, as what no text can be: a date of this name.
fn key_of(mut node: Node, plain: bool) -> Node {
    if plain && node.as_str() == Some("<<") {
        node.value = Value::Timestamp("<<".to_owned());
    }
    node
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.value, Value::Timestamp(text) if text == "<<")
}

fn unmark(key: &mut Node) {
    if is_merge(key) {
        key.value = Value::String("<<".to_owned());
    }
}

/// A list or mapping with a tag.
fn collection(value: Value, tag: &str, span: Span) -> Result<Value, Box<Problem>> {
    match (tag.strip_prefix("tag:yaml.org,2002:").unwrap_or(tag), value) {
        ("seq" | "!", value @ Value::Sequence(_)) | ("map" | "!", value @ Value::Mapping(_)) => Ok(value),
        ("set", Value::Mapping(mapping)) => Ok(Value::Set(mapping.entries.into_iter().map(|(key, _)| key).collect())),
        (name @ ("omap" | "pairs"), Value::Sequence(items)) => items
            .into_iter()
            .map(|item| match item.value {
                Value::Mapping(Mapping { mut entries }) if entries.len() == 1 => {
                    let pair = entries.pop().map(|(key, value)| vec![key, value]);
                    Ok(Node::new(Value::Sequence(pair.unwrap_or_default()), item.span))
                }
                _ => Err(fatal("bad-value", item.span, format!("!!{name} is a list of mappings with one key each"))),
            })
            .collect::<Result<_, _>>()
            .map(Value::Sequence),
        _ => Err(fatal("unknown-tag", span, format!("the tag {tag} is not supported here"))),
    }
}

/// Earlier sources win over later ones, as in PyYAML: a list is walked from its end.
fn merge_into(merged: &mut Vec<(Node, Node)>, value: Node) -> Step {
    let span = value.span;
    match value.value {
        Value::Mapping(mapping) => {
            merged.extend(mapping.entries);
            Ok(())
        }
        Value::Sequence(items) => {
            for item in items.into_iter().rev() {
                let span = item.span;
                let Value::Mapping(mapping) = item.value else {
                    return Err(fatal("bad-merge", span, "only mappings can be merged with <<"));
                };
                merged.extend(mapping.entries);
            }
            Ok(())
        }
        _ => Err(fatal("bad-merge", span, "only mappings can be merged with <<")),
    }
}

/// Whether all keys are text, so none is a merge key, and no two are the same: what nearly every mapping is.
fn are_distinct(entries: &[(Node, Node)]) -> bool {
    let mut names = Vec::with_capacity(entries.len());
    for (key, _) in entries {
        match key.as_str() {
            Some(name) => names.push(name),
            None => return false,
        }
    }
    names.sort_unstable();
    names.is_sorted_by(|a, b| a < b)
}

/// What makes two keys equal in Python: 1, 1.0 and true are one key, "1" is another.
pub(crate) fn key_name(key: &Node) -> Option<String> {
    Some(match &key.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("n{}", u8::from(*value)),
        Value::Int(number) => format!("n{number}"),
        Value::BigInt(digits) => format!("n{digits}"),
        Value::Float(number) if number.fract() == 0.0 => format!("n{number:.0}"),
        Value::Float(number) => format!("n{number:?}"),
        Value::String(text) => format!("s{text}"),
        Value::Timestamp(text) => format!("t{text}"),
        Value::Binary(bytes) => format!("b{bytes:?}"),
        Value::Sequence(_) | Value::Set(_) | Value::Mapping(_) => return None,
    })
}

#[cfg(test)]
mod tests;
