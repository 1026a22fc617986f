//! JSON in, as Python's `json.loads` reads it, and out, as its `json.dump` writes it.

use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::problem::Span;
use crate::value::{Mapping, Node, Value};
use crate::yaml::key_name;

mod read;

pub(crate) use read::parse;

/// A value that JSON does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind} cannot be written as JSON")]
pub struct NotJson {
    /// Where it stands.
    pub path: String,
    /// What it is.
    pub kind: &'static str,
}

/// Writes a value as JSON text: keys that are not text become text as in Python, floats keep their point.
///
/// ```
/// use firstlight_curtin_config::{Node, to_json};
/// assert_eq!(to_json(&Node::mapping([("a", Node::from(1))]))?, r#"{"a": 1}"#);
/// # Ok::<(), firstlight_curtin_config::NotJson>(())
/// ```
///
/// # Errors
/// For dates, binary data and sets.
pub fn to_json(node: &Node) -> Result<String, NotJson> {
    let mut out = String::new();
    write(&mut out, node, &mut String::new())?;
    Ok(out)
}

fn write(out: &mut String, node: &Node, path: &mut String) -> Result<(), NotJson> {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::BigInt(digits) => out.push_str(digits),
        Value::Float(number) => out.push_str(&float(*number)),
        Value::String(text) => string(out, text),
        Value::Sequence(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                within(path, &format!("[{at}]"), |path| write(out, item, path))?;
            }
            out.push(']');
        }
        Value::Mapping(mapping) => {
            out.push('{');
            for (at, (key, value)) in mapping.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                let name = key_text(key).ok_or_else(|| not_json(path, key))?;
                string(out, &name);
                out.push_str(": ");
                let step = if path.is_empty() { name } else { format!(".{name}") };
                within(path, &step, |path| write(out, value, path))?;
            }
            out.push('}');
        }
        Value::Timestamp(_) | Value::Binary(_) | Value::Set(_) => return Err(not_json(path, node)),
    }
    Ok(())
}

fn within<T>(path: &mut String, step: &str, inside: impl FnOnce(&mut String) -> T) -> T {
    let before = path.len();
    path.push_str(step);
    let result = inside(path);
    path.truncate(before);
    result
}

fn not_json(path: &str, node: &Node) -> NotJson {
    let path = if path.is_empty() { "the configuration".to_owned() } else { path.to_owned() };
    NotJson { path, kind: node.kind() }
}

fn key_text(key: &Node) -> Option<String> {
    Some(match &key.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::BigInt(text) | Value::String(text) => text.clone(),
        _ => return None,
    })
}

/// As Python's `repr`: the shortest digits that read back the same, exponents from 1e16 and below 1e-4.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, power) = exponent.strip_prefix('-').map_or(('+', exponent), |power| ('-', power));
        return format!("{digits}e{sign}{power:0>2}");
    }
    if number.fract() == 0.0 { format!("{number:.1}") } else { format!("{number}") }
}

/// ASCII only, as Python writes it unless told otherwise.
fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// Builds nodes; of a key that stands twice, the last value counts and the first place.
pub(crate) struct Seed(pub(crate) Span);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::new(Value::Null, self.0))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::new(Value::Bool(value), self.0))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::new(Value::Int(i128::from(value)), self.0))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::new(Value::Int(i128::from(value)), self.0))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::new(Value::Float(value), self.0))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::new(Value::String(value.to_owned()), self.0))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(Node::new(Value::Int(value), self.0))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Node, E> {
        Ok(Node::new(Value::Binary(value.to_vec()), self.0))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::new(Value::Null, self.0))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Seed(self.0))? {
            items.push(item);
        }
        Ok(Node::new(Value::Sequence(items), self.0))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut places = std::collections::BTreeMap::new();
        while let Some(key) = access.next_key_seed(Seed(self.0))? {
            let value = access.next_value_seed(Seed(self.0))?;
            let name = key_name(&key).ok_or_else(|| A::Error::custom("a key is text"))?;
            let place = *places.entry(name).or_insert(entries.len());
            match entries.get_mut(place) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
        }
        Ok(Node::new(Value::Mapping(Mapping { entries }), self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, again: &str) {
        assert_eq!(to_json(&parse(json, Span::NONE, 0).unwrap()).as_deref(), Ok(again));
    }

    #[test]
    fn text_is_that_of_python() {
        check(r#"{"b":1,"a":[true,null,-2]}"#, r#"{"b": 1, "a": [true, null, -2]}"#);
        check(r#""ä\u0001😀\"\/""#, r#""\u00e4\u0001\ud83d\ude00\"/""#);
        for (read, written) in [
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e300", "1.5e+300"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("NaN", "NaN"),
            ("-Infinity", "-Infinity"),
        ] {
            check(read, written);
        }
    }

    #[test]
    fn keys_become_text_and_dates_are_refused() {
        let node = crate::yaml::load("{1: a, yes: b, ~: c, 1.5: d}").0.unwrap();
        assert_eq!(to_json(&node).unwrap(), r#"{"1": "b", "null": "c", "1.5": "d"}"#);
        let node = crate::yaml::load("a: {b: [x, 2001-01-01]}").0.unwrap();
        assert_eq!(to_json(&node).unwrap_err().to_string(), "a.b[1]: a date cannot be written as JSON");
        let node = crate::yaml::load("2001-01-01: x").0.unwrap();
        assert_eq!(to_json(&node).unwrap_err().to_string(), "the configuration: a date cannot be written as JSON");
    }
}
