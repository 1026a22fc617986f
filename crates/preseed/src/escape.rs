//! The filters `escape.json` and `escape.shell`.

use std::fmt::Write as _;

use crate::arguments::{Arguments, required};
use crate::budget::Budget;
use crate::object::Made;
use crate::text::repr_of;
use crate::{Problem, Value};

/// `escape.json(value)`: ASCII only, spaced as Python does it.
pub(crate) fn json_call(arguments: Arguments, budget: &mut Budget) -> Result<Value, Problem> {
    let [value] = arguments.take("escape.json", ["!obj"])?;
    json(&required(value), budget).map(Value::from)
}

/// `escape.shell(value)`: what is empty or false becomes the empty word, and only texts become others.
pub(crate) fn shell_call(value: &Value, budget: &mut Budget) -> Result<Value, Problem> {
    match value {
        Value::Str(text) => {
            budget.charge(text.len())?;
            Ok(Value::from(shell(text)))
        }
        _ if !value.is_true() => Ok(Value::from("''")),
        _ => Err(Problem::Type(format!("`escape.shell` takes a string, not {}", value.kind()))),
    }
}

fn json(value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    let mut out = String::new();
    write_json(value, &mut out, budget)?;
    Ok(out)
}

fn write_json(value: &Value, out: &mut String, budget: &mut Budget) -> Result<(), Problem> {
    budget.charge(0)?;
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Float(number) if number.is_nan() => out.push_str("NaN"),
        Value::Float(number) if number.is_infinite() => {
            out.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Value::Int(_) | Value::Float(_) => out.push_str(&repr_of(value, budget)?),
        Value::Str(text) => {
            budget.charge(text.len())?;
            json_string(text, out);
        }
        Value::List(items) | Value::Tuple(items) => {
            budget.enter()?;
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "[" } else { ", " });
                write_json(item, out, budget)?;
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
            budget.leave();
        }
        Value::Map(map) => {
            budget.enter()?;
            for (at, (key, item)) in map.pairs().enumerate() {
                out.push_str(if at == 0 { "{" } else { ", " });
                match key {
                    Value::Str(key) => json_string(key, out),
                    Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                        out.push('"');
                        write_json(key, out, budget)?;
                        out.push('"');
                    }
                    _ => return Err(no_json(key)),
                }
                out.push_str(": ");
                write_json(item, out, budget)?;
            }
            out.push_str(if map.is_empty() { "{}" } else { "}" });
            budget.leave();
        }
        Value::Object(object) => match object.made() {
            Made::Relation(names, _) => write_json(names, out, budget)?,
            _ => return Err(no_json(value)),
        },
    }
    Ok(())
}

fn no_json(value: &Value) -> Problem {
    Problem::Type(format!("{} cannot be written as JSON", value.kind()))
}

fn json_string(text: &str, out: &mut String) {
    out.push('"');
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// One word of a POSIX shell: as it is if it is plain, in single quotes if not.
fn shell(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./-_".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        assert_eq!(json(value, &mut Budget::new(crate::Limits::default())).unwrap(), expected);
    }

    #[test]
    fn json_values() {
        check(&"a\"b\\c\n\u{1}".into(), r#""a\"b\\c\n\u0001""#);
        check(&"é😀".into(), r#""\u00e9\ud83d\ude00""#);
        check(&Value::list([Value::None, true.into(), 1.5.into(), Value::list::<Value>([])]), "[null, true, 1.5, []]");
        check(&Value::map([("k", 1), ("l", 2)]), r#"{"k": 1, "l": 2}"#);
    }

    #[test]
    fn shell_words() {
        assert_eq!(shell("it's"), r#"'it'"'"'s'"#);
        assert_eq!(shell(""), "''");
        assert_eq!(shell("http://a/b?c=d"), "'http://a/b?c=d'");
        assert_eq!(shell("a-b/c"), "a-b/c");
        assert_eq!(shell("$(reboot)\n"), "'$(reboot)\n'");
    }
}
