//! Values as text, the way Python shows them.

use std::fmt::Write as _;

use crate::budget::Budget;
use crate::{Problem, Value};

/// What an expression writes into the output: nothing for `None`.
pub(crate) fn output(value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    match value {
        Value::None => Ok(String::new()),
        _ => str_of(value, budget),
    }
}

/// Python's `str`.
pub(crate) fn str_of(value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    match value {
        Value::Str(text) => {
            budget.charge(text.len())?;
            Ok(text.to_string())
        }
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
        Value::List(items) => {
            budget.enter()?;
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                repr(item, out, budget)?;
            }
            out.push(']');
            budget.leave();
        }
        Value::Map(map) => {
            budget.enter()?;
            out.push('{');
            for (at, (key, item)) in map.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                repr_str(key, out);
                out.push_str(": ");
                repr(item, out, budget)?;
            }
            out.push('}');
            budget.leave();
        }
    }
    budget.charge(out.len().saturating_sub(before) / 8)
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
            '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push(quote);
}

fn float(number: f64) -> String {
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
