//! Values as PyYAML would build them, each with its place in the text.

use crate::problem::Span;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it begins.
    pub span: Span,
}

/// A YAML 1.1 value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `yes`, `off`, `true`…
    Bool(bool),
    /// An integer, whichever base it was written in.
    Int(i128),
    /// A larger integer: its decimal digits, behind a minus if it is negative.
    BigInt(String),
    /// A floating point number.
    Float(f64),
    /// Text.
    String(String),
    /// A date or a date with a time, in the form of Python's `isoformat`.
    Timestamp(String),
    /// What `!!binary` decodes to.
    Binary(Vec<u8>),
    /// A list; also what `!!omap` and `!!pairs` give: a list of lists of two.
    Sequence(Vec<Node>),
    /// What `!!set` gives: values without an order or a duplicate, in the order of the text.
    Set(Vec<Node>),
    /// A mapping, in the order of the text.
    Mapping(Mapping),
}

/// The entries of a YAML mapping: keys are unique, order is that of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    pub(crate) entries: Vec<(Node, Node)>,
}

impl Mapping {
    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Node, &Node)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The value under a string key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Node {
    pub(crate) fn new(value: Value, span: Span) -> Self {
        Self { value, span }
    }

    /// A value that stands in no file.
    #[must_use]
    pub fn detached(value: Value) -> Self {
        Self::new(value, Span::NONE)
    }

    /// A mapping of strings to nodes, in the given order, that stands in no file.
    #[must_use]
    pub fn mapping<const N: usize>(entries: [(&str, Self); N]) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (Self::from(key), value)).collect();
        Self::detached(Value::Mapping(Mapping { entries }))
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The mapping, if it is one.
    #[must_use]
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// A word for the kind of the value, as it is used in messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::BigInt(_) => "an integer",
            Value::Float(_) => "a number",
            Value::String(_) => "text",
            Value::Timestamp(_) => "a date",
            Value::Binary(_) => "binary data",
            Value::Sequence(_) => "a list",
            Value::Set(_) => "a set",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// Scalars as Python's `str()` writes them; `None` for lists and mappings.
    pub(crate) fn to_text(&self) -> Option<String> {
        Some(match &self.value {
            Value::Null => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => float_text(*number),
            Value::BigInt(text) | Value::String(text) | Value::Timestamp(text) => text.clone(),
            Value::Binary(_) | Value::Sequence(_) | Value::Set(_) | Value::Mapping(_) => return None,
        })
    }

    /// What Python calls false: null, `false`, zero and everything empty.
    pub(crate) fn is_falsy(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Int(number) => *number == 0,
            Value::Float(number) => *number == 0.0,
            Value::String(text) => text.is_empty(),
            Value::BigInt(_) | Value::Timestamp(_) => false,
            Value::Binary(bytes) => bytes.is_empty(),
            Value::Sequence(items) | Value::Set(items) => items.is_empty(),
            Value::Mapping(mapping) => mapping.is_empty(),
        }
    }
}

/// A float with a decimal point, as YAML and Python write it.
pub(crate) fn float_text(number: f64) -> String {
    if number.is_nan() {
        ".nan".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        format!("{number:?}")
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::detached(Value::String(text.to_owned()))
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Self::detached(Value::Bool(value))
    }
}

impl From<i64> for Node {
    fn from(value: i64) -> Self {
        Self::detached(Value::Int(i128::from(value)))
    }
}
