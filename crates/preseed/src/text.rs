//! Values as text, the way Python shows them.

use std::fmt::Write as _;

use crate::budget::Budget;
use crate::object::{Made, Range, View};
use crate::{Problem, Value, builtins};

/// Python's `str`.
pub(crate) fn str_of(value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    match value {
        Value::Str(text) => {
            budget.charge(text.len())?;
            Ok(text.to_string())
        }
        Value::Object(object) if matches!(object.made(), Made::Empty) => Ok(String::new()),
        _ => repr_of(value, budget),
    }
}

/// Python's `repr`.
pub(crate) fn repr_of(value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    let mut out = String::new();
    repr(value, &mut out, budget)?;
    Ok(out)
}

fn repr(value: &Value, out: &mut String, budget: &mut Budget) -> Result<(), Problem> {
    let before = out.len();
    budget.charge(0)?;
    match value {
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Str(text) => {
            budget.charge(text.len())?;
            repr_str(text, out);
        }
        Value::List(items) => all(items, ["[", "]"], out, budget)?,
        Value::Tuple(items) => all(items, ["(", if items.len() == 1 { ",)" } else { ")" }], out, budget)?,
        Value::Map(map) => {
            budget.enter()?;
            out.push('{');
            for (at, (key, item)) in map.pairs().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                repr(key, out, budget)?;
                out.push_str(": ");
                repr(item, out, budget)?;
            }
            out.push('}');
            budget.leave();
        }
        Value::Object(object) => made(value, object.made(), out, budget)?,
    }
    budget.charge(out.len().saturating_sub(before) / 8)
}

fn all(items: &[Value], [open, close]: [&str; 2], out: &mut String, budget: &mut Budget) -> Result<(), Problem> {
    budget.enter()?;
    out.push_str(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        repr(item, out, budget)?;
    }
    out.push_str(close);
    budget.leave();
    Ok(())
}

fn made(value: &Value, made: &Made, out: &mut String, budget: &mut Budget) -> Result<(), Problem> {
    match made {
        Made::Range(Range { start, end, step: 1 }) => {
            let _ = write!(out, "range({start}, {end})");
        }
        Made::Range(Range { start, end, step }) => {
            let _ = write!(out, "range({start}, {end}, {step})");
        }
        Made::View(view, _) => {
            let name = match view {
                View::Keys => "dict_keys([",
                View::Values => "dict_values([",
                View::Items => "dict_items([",
            };
            all(&builtins::items(value, budget)?, [name, "])"], out, budget)?;
        }
        Made::Set(items) if items.is_empty() => out.push_str("set()"),
        Made::Set(items) => all(items, ["{", "}"], out, budget)?,
        Made::Iterator(items) => {
            let _ = write!(out, "<{} object>", items.kind);
        }
        Made::Looper(items) => all(items, ["<looper for [", "]>"], out, budget)?,
        Made::Turn(items, at) => {
            out.push_str("<loop pos=");
            repr(items.get(*at).unwrap_or(&Value::None), out, budget)?;
            let _ = write!(out, " at {at}>");
        }
        Made::Function(name) => out.push_str(&builtins::shown(name)),
        Made::Relation(names, _) => repr(names, out, budget)?,
        Made::Escape => out.push_str("escape"),
        Made::Getter(_) => out.push_str("<method>"),
        Made::Empty => out.push_str("Empty"),
        Made::Macro(..)
        | Made::Lambda(..)
        | Made::Method(..)
        | Made::TypeMethod(..)
        | Made::Page(_)
        | Made::PageGet(_) => {
            return Err(Problem::Unsupported(format!("the text of {}", value.kind())));
        }
    }
    Ok(())
}

/// Python's `ascii`: as `repr`, with escapes for all that is not ASCII.
pub(crate) fn ascii_of(value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    let text = repr_of(value, budget)?;
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            escaped(character, &mut out);
        }
    }
    budget.charge(out.len() / 8)?;
    Ok(out)
}

fn escaped(character: char, out: &mut String) {
    let code = u32::from(character);
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// What Python shows as it is: neither a control, nor a separator other than the space, nor private or unassigned.
pub(crate) fn is_printable(character: char) -> bool {
    let hidden = character.is_control()
        || (character.is_whitespace() && character != ' ')
        || matches!(u32::from(character),
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e
            | 0x2060..=0x206f | 0xe000..=0xf8ff | 0xfeff | 0xfff0..=0xfffb | 0xfffe..=0xffff
            | 0xe0000..=0x10_ffff);
    !hidden
}

fn repr_str(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character == quote => {
                out.push('\\');
                out.push(character);
            }
            _ if is_printable(character) => out.push(character),
            _ => escaped(character, out),
        }
    }
    out.push(quote);
}

/// A float as Python shows it: the fewest digits that read back the same.
pub(crate) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let text = format!("{number}");
    if text.contains('.') { text } else { format!("{text}.0") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        assert_eq!(repr_of(value, &mut Budget::new(Limits::default())).unwrap(), expected);
    }

    #[test]
    fn as_python_shows_them() {
        check(&Value::from(1e16), "1e+16");
        check(&Value::from(1.5e-7), "1.5e-07");
        check(&Value::from(0.1), "0.1");
        check(&Value::from(3.0), "3.0");
        check(&Value::from("it's"), "\"it's\"");
        check(&Value::from("a'\"\n"), "'a\\'\"\\n'");
        check(&Value::list([Value::None, Value::from(true)]), "[None, True]");
        check(&Value::map([("k", 1)]), "{'k': 1}");
    }

    #[test]
    fn shared_values_cannot_explode() {
        let mut value = Value::from(1);
        for _ in 0..40 {
            value = Value::list([value.clone(), value]);
        }
        let problem = repr_of(&value, &mut Budget::new(Limits::default())).unwrap_err();
        assert_eq!(problem, Problem::Limit { what: "steps", limit: Limits::default().steps });
    }
}
