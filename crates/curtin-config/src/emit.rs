//! Values back to YAML that every YAML 1.1 and 1.2 reader understands alike.

use std::fmt::Write as _;

use crate::scalar;
use crate::value::{Node, Value, float_text};

/// The longest key that a reader has to take for one before it sees the colon (YAML 1.1, 9.3.2).
const MAX_SIMPLE_KEY: usize = 1024;

/// Writes a value as YAML that readers of 1.1 and 1.2 understand alike: block form, two spaces per level, ending with a
/// newline.
///
/// ```
/// use firstlight_curtin_config::{Node, to_yaml};
/// assert_eq!(to_yaml(&Node::mapping([("no", Node::from("no"))])), "\"no\": \"no\"\n");
/// ```
#[must_use]
pub fn to_yaml(node: &Node) -> String {
    let mut out = String::new();
    block(&mut out, node, 0);
    out
}

/// Nesting is bounded by the reader, and what is built in code is written by hand.
fn block(out: &mut String, node: &Node, indent: usize) {
    match &node.value {
        Value::Mapping(mapping) if !mapping.is_empty() => {
            for (key, value) in mapping.iter() {
                let key = scalar_text(key);
                let _ = if key.len() > MAX_SIMPLE_KEY {
                    write!(out, "{:indent$}? {key}\n{:indent$}:", "", "")
                } else {
                    write!(out, "{:indent$}{key}:", "")
                };
                child(out, value, indent + 2);
            }
        }
        Value::Sequence(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{:indent$}-", "");
                child(out, item, indent + 2);
            }
        }
        _ => {
            let _ = writeln!(out, "{:indent$}{}", "", scalar_text(node));
        }
    }
}

fn child(out: &mut String, node: &Node, indent: usize) {
    let nested = match &node.value {
        Value::Mapping(mapping) => !mapping.is_empty(),
        Value::Sequence(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        block(out, node, indent);
    } else {
        let _ = writeln!(out, " {}", scalar_text(node));
    }
}

fn scalar_text(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::String(text) => string(text),
        Value::BigInt(text) | Value::Timestamp(text) => text.clone(),
        Value::Binary(bytes) => format!("!!binary \"{}\"", encode(bytes)),
        Value::Sequence(_) => "[]".to_owned(),
        Value::Set(items) => {
            let items: Vec<String> = items.iter().map(scalar_text).collect();
            format!("!!set {{{}}}", items.join(", "))
        }
        Value::Mapping(_) => "{}".to_owned(),
    }
}

/// In YAML 1.1, a number with an exponent has a point, and the exponent a sign.
fn float(number: f64) -> String {
    let text = float_text(number);
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}

/// Plain where no reader could take it for anything but text, double quoted otherwise.
fn string(text: &str) -> String {
    let safe = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        && scalar::resolve(text) == Ok(None)
        && !matches!(text, "y" | "Y" | "n" | "N");
    if safe {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Standard base64 with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: [char; 64] = {
        let mut digits = ['A'; 64];
        let source = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut at = 0;
        while at < 64 {
            digits[at] = source[at] as char;
            at += 1;
        }
        digits
    };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        for (slot, byte) in word.iter_mut().skip(1).zip(chunk) {
            *slot = *byte;
        }
        let bits = u32::from_be_bytes(word);
        for place in 0..4_u32 {
            let used = usize::try_from(place).is_ok_and(|place| place <= chunk.len());
            let digit = usize::try_from((bits >> (18 - 6 * place)) & 63).unwrap_or_default();
            text.push(if used { DIGITS.get(digit).copied().unwrap_or('=') } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_read_again() {
        for length in [1022, 1023, 5000] {
            let inner = Node::mapping([("a", Node::from(1)), (&"é\n".repeat(length), Node::from(true))]);
            let node = Node::mapping([(&"x".repeat(length), inner), ("b", Node::mapping([]))]);
            let text = to_yaml(&node);
            let (again, problems) = crate::yaml::load_from(&text, 0);
            assert_eq!(problems, []);
            assert_eq!(to_yaml(&again.unwrap()), text);
        }
    }

    #[test]
    fn no_text_is_a_merge_key() {
        for key in ["<<", "\0<<", "="] {
            let text = to_yaml(&Node::mapping([(key, Node::from("2"))]));
            let (again, problems) = crate::yaml::load_from(&text, 0);
            assert_eq!(problems, []);
            assert_eq!(again.unwrap().as_mapping().unwrap().get(key).and_then(Node::as_str), Some("2"), "{text}");
        }
    }

    #[test]
    fn numbers_stay_numbers() {
        for (number, text) in
            [(1e20, "1.0e+20"), (-1.5e300, "-1.5e+300"), (1e-7, "1.0e-7"), (0.5, "0.5"), (f64::INFINITY, ".inf")]
        {
            assert_eq!(float(number), text);
            assert_eq!(scalar::resolve(text), Ok(Some(Value::Float(number))));
        }
    }
}
