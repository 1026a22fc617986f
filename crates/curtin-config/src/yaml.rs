//! YAML events to spanned values, with PyYAML's rules for keys, merges and aliases.
//!
//! The builder keeps its own stack, so that nesting costs no call frames, and counts what aliases
//! would expand to before it copies anything.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use crate::problem::{Problem, Span};
use crate::scalar;
use crate::timestamp::timestamp;
use crate::value::{Mapping, Node, Value};
use tabs::Tabs;

mod tabs;

/// The longest text that is read at all.
const MAX_BYTES: usize = 16 << 20;
/// The deepest nesting, aliases expanded.
const MAX_DEPTH: usize = 200;
/// How many nodes a document may have, aliases expanded.
const MAX_NODES: usize = 500_000;
/// How many bytes of text a document may have, aliases expanded.
const MAX_TEXT: usize = 64 << 20;

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

struct Frame {
    content: Content,
    span: Span,
    anchor: usize,
    cost: Cost,
    tag: Option<String>,
    /// Whether it stands in brackets or braces.
    flow: bool,
}

struct Builder {
    source: u16,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, (Node, Cost)>,
    names: BTreeSet<String>,
    total: Cost,
    root: Option<Node>,
    documents: usize,
    problems: Vec<Problem>,
    /// What stands for a byte order mark in the middle of the text.
    mark: Option<char>,
    /// Where a space would end an anchor that ends for PyYAML and not for YAML 1.2.
    split: Option<usize>,
}

/// How many anchors are ended by a space.
const MAX_SPLITS: usize = 16;

/// Reads one document. On a problem that ends the reading, the value is `None`.
pub(crate) fn load(yaml: &str) -> (Option<Node>, Vec<Problem>) {
    load_from(yaml, 0)
}

/// As [`load`]; every span says which text this is.
pub(crate) fn load_from(yaml: &str, source: u16) -> (Option<Node>, Vec<Problem>) {
    if yaml.len() > MAX_BYTES {
        let message = format!("the text is {} bytes long, the limit is {MAX_BYTES}", yaml.len());
        return (None, vec![Problem::error("too-large", "", Span::NONE, message)]);
    }
    if let Err(problem) = printable(yaml, source) {
        return (None, vec![*problem]);
    }
    let (mut yaml, mark) = without_marks(yaml);
    for splits in 0.. {
        let mut builder = Builder::new(source, mark);
        let outcome = builder.run(&yaml);
        match (outcome, builder.split) {
            (Ok(()), _) => {
                let root = builder.root.unwrap_or_else(|| Node::new(Value::Null, Span { source, line: 1, column: 1 }));
                return (Some(root), builder.problems);
            }
            (Err(_), Some(at)) if splits < MAX_SPLITS && yaml.is_char_boundary(at) => yaml.to_mut().insert(at, ' '),
            (Err(problem), _) => {
                builder.problems.push(*problem);
                return (None, builder.problems);
            }
        }
    }
    (None, Vec::new())
}

/// The text as YAML 1.2 takes it. In YAML 1.1, U+0085 ends a line; a byte order mark that is not the first character is
/// one like any other, and is replaced by one that the text does not have.
fn without_marks(yaml: &str) -> (Cow<'_, str>, Option<char>) {
    let mut yaml = Cow::Borrowed(yaml);
    if yaml.contains('\u{85}') {
        yaml = Cow::Owned(yaml.replace('\u{85}', "\n"));
    }
    let (first, rest) = match yaml.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", &*yaml),
    };
    let mark = ('\u{e000}'..'\u{f8ff}').find(|c| !yaml.contains(*c)).filter(|_| rest.contains('\u{feff}'));
    match mark {
        Some(mark) => {
            let replaced = format!("{first}{}", rest.replace('\u{feff}', mark.encode_utf8(&mut [0; 4])));
            (Cow::Owned(replaced), Some(mark))
        }
        None => (yaml, None),
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

fn span_of(marker: &granit_parser::Marker, source: u16) -> Span {
    Span {
        source,
        line: u32::try_from(marker.line()).unwrap_or(u32::MAX),
        column: u32::try_from(marker.col().saturating_add(1)).unwrap_or(u32::MAX),
    }
}

impl Builder {
    fn new(source: u16, mark: Option<char>) -> Self {
        Self {
            source,
            frames: Vec::new(),
            anchors: BTreeMap::new(),
            names: BTreeSet::new(),
            total: Cost::default(),
            root: None,
            documents: 0,
            problems: Vec::new(),
            mark,
            split: None,
        }
    }

    fn run(&mut self, yaml: &str) -> Step {
        let mut options = granit_parser::Options::default();
        options.set_emit_comments(false);
        options.emit_anchor_events = true;
        let mut tabs = Tabs::new(yaml);
        for next in Parser::new_from_str_with_options(yaml, options) {
            let (event, span) =
                next.map_err(|error| fatal("yaml-syntax", span_of(error.marker(), self.source), error.info()))?;
            let end = span.end.byte_offset().unwrap_or_default();
            if let Event::Scalar(_, style, ..) = &event
                && *style != ScalarStyle::Plain
            {
                tabs.allow(span.start.byte_offset().unwrap_or_default()..end);
            }
            if let Event::Anchor(_, name) = &event {
                self.name(name, span_of(&span.start, self.source), span.start.byte_offset())?;
                continue;
            }
            let cut = end >= yaml.len() && !yaml.ends_with(['\n', '\r']);
            self.event(event, span_of(&span.start, self.source), cut)?;
        }
        match tabs.first_stray() {
            Some((line, column)) => {
                let span = Span { source: self.source, line, column };
                let mut problem = fatal("tab", span, "a tab stands outside of quotes, block text and comments");
                problem.remedy = Some("write spaces".to_owned());
                Err(problem)
            }
            None => Ok(()),
        }
    }

    /// `cut` says that the text ends with this event, in the middle of a line.
    fn event(&mut self, event: Event<'_>, span: Span, cut: bool) -> Step {
        match event {
            Event::DocumentStart(_, version) => {
                if version.is_some_and(|version| version.major != 1) {
                    return Err(fatal("yaml-version", span, "only YAML 1 is supported"));
                }
                self.documents += 1;
                if self.documents > 1 {
                    return Err(fatal("many-documents", span, "a second document begins here"));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                // A block's last line break is kept only if there is one.
                let text = if block && cut { text.strip_suffix('\n').unwrap_or(&text) } else { &text };
                if style == ScalarStyle::Plain && text.contains('?') && self.frames.last().is_some_and(|it| it.flow) {
                    let mut problem = fatal("yaml-syntax", span, "PyYAML takes no question mark in a list or mapping");
                    problem.remedy = Some("put the text in quotes".to_owned());
                    return Err(problem);
                }
                let restored = self.mark.map(|mark| text.replace(mark, "\u{feff}"));
                let text = restored.as_deref().unwrap_or(text);
                let cost = Cost { nodes: 1, text: text.len(), depth: 1 };
                let value = self.scalar(text, style, tag.as_deref(), span)?;
                let node = Node::new(value, span);
                self.anchor(anchor, &node, cost)?;
                self.place(node, cost, cost, style == ScalarStyle::Plain && tag.is_none())
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.open(Content::Sequence(Vec::new()), style, span, anchor, tag.as_deref())
            }
            Event::MappingStart(style, anchor, tag) => {
                self.open(Content::Mapping(Vec::new(), None), style, span, anchor, tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn open(&mut self, content: Content, style: StructureStyle, span: Span, anchor: usize, tag: Option<&Tag>) -> Step {
        if self.frames.len() >= MAX_DEPTH {
            return Err(fatal("too-deep", span, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let tag = tag.map(full_tag);
        let cost = Cost { nodes: 1, text: 0, depth: 1 };
        let flow = style == StructureStyle::Flow;
        self.frames.push(Frame { content, span, anchor, cost, tag, flow });
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
        let value = match frame.tag {
            Some(tag) => collection(value, &tag, frame.span)?,
            None => value,
        };
        let node = Node::new(value, frame.span);
        self.anchor(frame.anchor, &node, frame.cost)?;
        // The children are counted already.
        let own = Cost { nodes: 1, text: 0, depth: 0 };
        self.place(node, frame.cost, own, false)
    }

    /// Keeps a copy for later aliases; the copy counts as much as the original.
    fn anchor(&mut self, anchor: usize, node: &Node, cost: Cost) -> Step {
        if anchor != 0 {
            self.count(cost, node.span)?;
            self.anchors.insert(anchor, (node.clone(), cost));
        }
        Ok(())
    }

    /// PyYAML takes each name once in a document, and only simple names. `at` is where its `&` stands.
    fn name(&mut self, name: &str, span: Span, at: Option<usize>) -> Step {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if let Some(end) = name.find(|c| !plain(c)) {
            // Some characters end a name, and begin what it names.
            let ends = name.get(end..).is_some_and(|rest| rest.starts_with(['?', ':', ',', ']', '}', '%', '@', '`']));
            self.split = at.map(|at| at + 1 + end).filter(|_| ends && end > 0);
            return Err(fatal("anchor-name", span, "an anchor is named with letters, digits, - and _ only"));
        }
        if !self.names.insert(name.to_owned()) {
            return Err(fatal("duplicate-anchor", span, format!("there is an anchor {name} already")));
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Step {
        let Some((_, cost)) = self.anchors.get(&anchor) else {
            return Err(fatal("recursive-alias", span, "this alias stands inside of what it names"));
        };
        let cost = *cost;
        if self.frames.len().saturating_add(cost.depth) > MAX_DEPTH {
            return Err(fatal("too-deep", span, format!("aliases nest deeper than {MAX_DEPTH} levels")));
        }
        self.count(cost, span)?;
        // Looked up again: counting comes before the copy, and needs the builder to itself.
        let Some(node) = self.anchors.get(&anchor).map(|(node, _)| node.clone()) else {
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
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.cost.add(cost);
        let key = matches!(frame.content, Content::Mapping(_, None));
        if plain && !key && matches!(node.as_str(), Some("<<" | "=")) {
            return Err(fatal("bad-value", node.span, "<< and = have a meaning of their own: quote them"));
        }
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

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, Box<Problem>> {
        let Some(tag) = tag.map(full_tag) else {
            return Ok(if style == ScalarStyle::Plain {
                scalar::resolve(text).map_err(|_| no_date(text, span))?
            } else {
                Value::String(text.to_owned())
            });
        };
        let bad = |what: &str| fatal("bad-value", span, format!("{text:?} is not {what}"));
        match tag.strip_prefix("tag:yaml.org,2002:") {
            Some("str") => Ok(Value::String(text.to_owned())),
            Some("null") => Ok(Value::Null),
            Some("int") => scalar::integer(text).map(Value::Int).ok_or_else(|| bad("an integer")),
            Some("float") => scalar::tagged_float(text).map(Value::Float).ok_or_else(|| bad("a number")),
            Some("bool") => scalar::boolean(text).map(Value::Bool).ok_or_else(|| bad("a boolean")),
            Some("timestamp") => match timestamp(text) {
                Some(Ok(text)) => Ok(Value::Timestamp(text)),
                _ => Err(bad("a date")),
            },
            Some("binary") => scalar::base64(text).map(Value::Binary).ok_or_else(|| bad("base64 data")),
            // PyYAML takes the lone `!` as no tag at all.
            None if tag == "!" => scalar::resolve(text).map_err(|_| no_date(text, span)),
            _ => Err(fatal("unknown-tag", span, format!("the tag {tag} is not supported here"))),
        }
    }
}

fn no_date(text: &str, span: Span) -> Box<Problem> {
    let mut problem = Problem::error("no-such-date", "", span, format!("{text} looks like a date, and there is none"));
    problem.remedy = Some("put it in quotes".to_owned());
    Box::new(problem)
}

fn full_tag(tag: &Tag) -> String {
    format!("{}{}", tag.handle(), tag.suffix())
}

/// The mark of a merge key between reading and building: a plain `<<`, not a quoted one.
const MERGE: &str = "\u{0}<<";

fn key_of(mut node: Node, plain: bool) -> Node {
    if plain && node.as_str() == Some("<<") {
        node.value = Value::String(MERGE.to_owned());
    }
    node
}

fn is_merge(key: &Node) -> bool {
    key.as_str() == Some(MERGE)
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

/// Whether all keys are text, none is a merge key, and no two are the same: what nearly every mapping is.
fn are_distinct(entries: &[(Node, Node)]) -> bool {
    let mut names = Vec::with_capacity(entries.len());
    for (key, _) in entries {
        match key.as_str() {
            Some(name) if name != MERGE => names.push(name),
            _ => return false,
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
        Value::Float(number) if number.fract() == 0.0 => format!("n{number:.0}"),
        Value::Float(number) => format!("n{number:?}"),
        Value::String(text) => format!("s{text}"),
        Value::Timestamp(text) => format!("t{text}"),
        Value::Binary(bytes) => format!("b{bytes:?}"),
        Value::Sequence(_) | Value::Set(_) | Value::Mapping(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value as Json, json};

    use super::load;
    use crate::value::{Node, Value};

    /// A value in the notation of the vectors.
    fn json(node: &Node) -> Json {
        match &node.value {
            Value::Null => Json::Null,
            Value::Bool(value) => json!(value),
            Value::Int(number) => {
                i64::try_from(*number).map_or_else(|_| json!({"!!bigint": number.to_string()}), |number| json!(number))
            }
            Value::Float(number) if number.is_finite() => json!(number),
            Value::Float(number) => {
                json!({"!!float": crate::value::float_text(*number).replace('.', "")})
            }
            Value::String(text) => json!(text),
            Value::Timestamp(text) => json!({"!!timestamp": text}),
            Value::Binary(bytes) => json!({"!!binary": crate::emit::encode(bytes)}),
            Value::Sequence(items) => items.iter().map(json).collect(),
            Value::Set(items) => json!({"!!set": items.iter().map(json).collect::<Vec<_>>()}),
            Value::Mapping(mapping) => {
                let entries = mapping.iter().map(|(key, value)| (key_text(key), json(value)));
                Json::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    fn key_text(key: &Node) -> String {
        let text = key.to_text().unwrap_or_default();
        match &key.value {
            Value::Null => "!!null".to_owned(),
            Value::Bool(value) => format!("!!bool {value}"),
            Value::Int(_) => format!("!!int {text}"),
            Value::Float(_) => format!("!!float {text}"),
            Value::Timestamp(_) => format!("!!timestamp {text}"),
            _ => text,
        }
    }

    #[test]
    fn values_are_those_of_pyyaml() {
        let vectors: Json = serde_json::from_str(include_str!("../../../testdata/curtin/yaml11_pyyaml.json")).unwrap();
        let mut different = Vec::new();
        let cases = vectors["cases"].as_object().unwrap();
        for (name, case) in cases {
            let text = case["text"].as_str().unwrap();
            let (node, problems) = load(text);
            let agrees = match case.get("ok") {
                Some(wanted) => node.as_ref().map(json).as_ref() == Some(wanted),
                None => node.is_none() && problems.iter().any(crate::Problem::is_error),
            };
            if !agrees {
                different.push(name.as_str());
            }
        }
        assert_eq!(different, Vec::<&str>::new());
        assert_eq!(cases.len(), 216);
    }
}
