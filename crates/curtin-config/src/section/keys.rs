//! The keys of one section.

use crate::config::Context;
use crate::nearest::nearest;
use crate::problem::{Problem, Span};
use crate::size;
use crate::value::{Mapping, Node, Value};

/// Takes the keys of a mapping one by one; those that nobody takes are unknown.
pub(crate) struct Keys<'a> {
    pub(crate) cx: &'a mut Context,
    pub(crate) path: String,
    mapping: &'a Mapping,
    pub(crate) span: Span,
    known: Vec<&'static str>,
    /// Whether `a-b` is another way to write `a_b`.
    dashes: bool,
}

impl<'a> Keys<'a> {
    /// The keys of a mapping; anything else is an error, as curtin asks it for its keys.
    pub(crate) fn new(cx: &'a mut Context, path: impl Into<String>, node: &'a Node) -> Option<Self> {
        let path = path.into();
        match &node.value {
            Value::Mapping(mapping) => {
                Some(Self { cx, path, mapping, span: node.span, known: Vec::new(), dashes: false })
            }
            _ => {
                let problem = Problem::bad_type(path, node, "a mapping");
                cx.problem(if node.is_null() { problem.remedy("leave it out") } else { problem });
                None
            }
        }
    }

    pub(crate) fn dashes(mut self) -> Self {
        self.dashes = true;
        self
    }

    pub(crate) fn get(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        let found = self.mapping.get(name);
        if found.is_none() && self.dashes && name.contains('_') {
            return self.mapping.get(&name.replace('_', "-"));
        }
        found
    }

    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(crate) fn error(&mut self, code: &'static str, name: &str, span: Span, message: &str, remedy: &str) {
        let path = self.path(name);
        self.cx.error(code, path, span, message, remedy);
    }

    /// A value of another kind than the one that is needed.
    pub(crate) fn bad_type(&mut self, name: &str, node: &Node, wanted: &str) {
        let path = self.path(name);
        self.cx.bad_type(path, node, wanted);
    }

    pub(crate) fn warning(&mut self, code: &'static str, name: &str, span: Span, message: &str, remedy: &str) {
        let path = self.path(name);
        self.cx.warning(code, path, span, message, remedy);
    }

    /// A value of another kind than the one that is used.
    fn odd(&mut self, name: &str, node: &Node, wanted: &str) {
        let path = self.path(name);
        self.cx.problem(Problem::odd_type(path, node, wanted));
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let node = self.get(name).filter(|node| !node.is_null())?;
        let text = node.to_text();
        if node.as_str().is_none() {
            self.odd(name, node, "text");
        }
        text
    }

    /// Text or null; curtin stops at anything else.
    pub(crate) fn text_or_null(&mut self, name: &'static str) -> Option<String> {
        self.get(name).filter(|node| !node.is_null())?;
        self.strict_text(name)
    }

    /// No system takes a NUL in a path or a variable.
    pub(crate) fn refuse_nul(&mut self, name: &'static str) {
        if let Some(node) = self.get(name).filter(|node| node.as_str().is_some_and(|text| text.contains('\0'))) {
            self.error("bad-value", name, node.span, "this cannot contain a NUL character", "remove the \\0");
        }
    }

    /// Text, or what Python calls false; curtin stops at anything else.
    pub(crate) fn text_or_false(&mut self, name: &'static str) -> Option<String> {
        self.get(name).filter(|node| !node.is_falsy())?;
        self.strict_text(name)
    }

    /// Text; curtin stops at anything else.
    pub(crate) fn strict_text(&mut self, name: &'static str) -> Option<String> {
        let node = self.get(name)?;
        if node.as_str().is_none() {
            self.bad_type(name, node, "text");
        }
        node.as_str().map(str::to_owned)
    }

    /// True or false, as curtin takes words and numbers for them.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let node = self.get(name)?;
        let value = match &node.value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::String(text) => !matches!(text.as_str(), "" | "0" | "False" | "false" | "None" | "none"),
            _ => true,
        };
        let meant = node.as_str().map(str::to_ascii_lowercase);
        if value && matches!(meant.as_deref(), Some("no" | "off" | "false" | "n")) {
            self.warning("odd-flag", name, node.span, "in quotes, this word is true", "write false, without quotes");
        }
        Some(value)
    }

    /// True or false as netplan reads it, for which quotes and case make no difference.
    pub(crate) fn switch(&mut self, name: &'static str) -> Option<bool> {
        let node = self.get(name)?;
        let value = match &node.value {
            Value::Bool(value) => Some(*value),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "on" | "yes" | "y" => Some(true),
                "false" | "off" | "no" | "n" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if value.is_none() {
            self.odd(name, node, "true or false");
        }
        value
    }

    /// True or false; curtin stops at anything else.
    pub(crate) fn strict_flag(&mut self, name: &'static str) -> Option<bool> {
        let node = self.get(name)?;
        match node.value {
            Value::Bool(value) => Some(value),
            _ => {
                self.bad_type(name, node, "true or false");
                None
            }
        }
    }

    pub(crate) fn number(&mut self, name: &'static str) -> Option<u64> {
        let node = self.get(name).filter(|node| !node.is_null())?;
        let number = match &node.value {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.odd(name, node, "a number");
        }
        number
    }

    /// A size; curtin stops at what is none. Null is no size.
    pub(crate) fn size(&mut self, name: &'static str) -> Option<u64> {
        let node = self.get(name)?;
        match &node.value {
            Value::Null => return None,
            Value::Bool(false) => return Some(0),
            _ => {}
        }
        match size::from_node(node) {
            Ok(bytes) => Some(bytes),
            Err(size::ParseSizeError::TooLarge) => {
                self.warning("bad-size", name, node.span, "no disk is as large as that", "write what fits, such as 8G");
                Some(u64::MAX)
            }
            Err(error) => {
                let problem = Problem::error("bad-size", self.path(name), node.span, error.to_string());
                self.cx.problem(problem.remedy("write a number of bytes, or one with B, K, M, G or T, such as 512M"));
                None
            }
        }
    }

    pub(crate) fn words(&mut self, name: &'static str) -> Option<Vec<String>> {
        let node = self.get(name).filter(|node| !node.is_null())?;
        if let Some(text) = node.as_str() {
            self.odd(name, node, "a list of text");
            return Some(vec![text.to_owned()]);
        }
        let words: Option<Vec<String>> = node.as_sequence().and_then(|items| items.iter().map(Node::to_text).collect());
        if words.is_none() {
            self.odd(name, node, "a list of text");
        }
        words
    }

    pub(crate) fn nodes(&mut self, name: &'static str) -> Vec<Node> {
        let Some(node) = self.get(name).filter(|node| !node.is_null()) else { return Vec::new() };
        if node.as_sequence().is_none() {
            self.odd(name, node, "a list");
        }
        node.as_sequence().unwrap_or_default().to_vec()
    }

    /// A mapping with keys of its own; anything else is passed over, and reported.
    pub(crate) fn section<T>(&mut self, name: &'static str, read: fn(Keys<'_>) -> T) -> Option<T> {
        let node = self.get(name).filter(|node| !node.is_null())?;
        if node.as_mapping().is_none() {
            self.odd(name, node, "a mapping");
            return None;
        }
        let path = self.path(name);
        Keys::new(self.cx, path, node).map(read)
    }

    /// A list of such mappings.
    pub(crate) fn sections<T>(&mut self, name: &'static str, read: fn(Keys<'_>) -> T) -> Vec<T> {
        let Some(node) = self.get(name).filter(|node| !node.is_null()) else { return Vec::new() };
        if node.as_sequence().is_none() {
            self.odd(name, node, "a list");
        }
        let mut found = Vec::new();
        for (at, item) in node.as_sequence().unwrap_or_default().iter().enumerate() {
            let name = format!("{name}[{at}]");
            if item.as_mapping().is_none() {
                self.odd(&name, item, "a mapping");
                continue;
            }
            let path = self.path(&name);
            found.extend(Keys::new(self.cx, path, item).map(read));
        }
        found
    }

    pub(crate) fn mapping(&mut self, name: &'static str) -> Option<Mapping> {
        let node = self.get(name).filter(|node| !node.is_null())?;
        if node.as_mapping().is_none() {
            self.odd(name, node, "a mapping");
        }
        node.as_mapping().cloned()
    }

    /// One of some words; another one is kept, and reported.
    pub(crate) fn one_of(&mut self, name: &'static str, words: &[&str]) -> Option<String> {
        let text = self.text(name)?;
        if !words.contains(&text.as_str()) {
            let span = self.mapping.get(name).map_or(self.span, |node| node.span);
            let path = self.path(name);
            let problem = Problem::warning("odd-value", path, span, format!("curtin knows no `{text}` here"));
            let remedy = match nearest(&text, words) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("write one of {}", words.join(", ")),
            };
            self.cx.problem(problem.remedy(remedy));
        }
        Some(text)
    }

    /// What nobody took, reported with the nearest known name.
    pub(crate) fn rest(self) -> Mapping {
        self.leftover(|path, span| Problem::warning("unknown-key", path, span, "curtin does not know this key"))
    }

    /// As [`rest`](Self::rest), where curtin stops at it.
    pub(crate) fn refuse_rest(self, message: &str) -> Mapping {
        self.leftover(|path, span| Problem::error("unknown-key", path, span, message))
    }

    fn leftover(self, problem: impl Fn(String, Span) -> Problem) -> Mapping {
        let mut rest = Mapping::default();
        for (key, value) in self.mapping.iter() {
            let name = key.as_str().map(|name| if self.dashes { name.replace('-', "_") } else { name.to_owned() });
            if name.is_some_and(|name| self.known.contains(&name.as_str())) {
                continue;
            }
            let name = key.to_text().unwrap_or_default();
            let problem = problem(self.path(&name), key.span);
            self.cx.unknown(problem, &name, &self.known);
            rest.entries.push((key.clone(), value.clone()));
        }
        rest
    }
}
