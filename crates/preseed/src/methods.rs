//! The methods that a template may call: none of them has an effect.

use crate::budget::Budget;
use crate::operators::{equal, integer};
use crate::{Map, Problem, Value};

/// The methods of texts, lists and dictionaries, for suggestions.
const NAMES: [&str; 26] = [
    "capitalize",
    "count",
    "endswith",
    "find",
    "get",
    "index",
    "isdigit",
    "items",
    "join",
    "keys",
    "lower",
    "lstrip",
    "replace",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
    "values",
    "zfill",
    "append",
    "format",
    "encode",
    "update",
];

/// `value.name(arguments)`.
pub(crate) fn call(value: &Value, name: &str, arguments: &[Value], budget: &mut Budget) -> Result<Value, Problem> {
    let result = match value {
        Value::Str(text) => {
            budget.charge(text.len())?;
            text_method(text, name, arguments, budget)?
        }
        Value::Map(map) => map_method(map, name, arguments, budget)?,
        Value::List(items) => list_method(items, name, arguments, budget)?,
        _ => None,
    };
    if let Some(result) = result {
        return Ok(result);
    }
    if NAMES.contains(&name) {
        return Err(Problem::Unsupported(format!("`{name}` of {} with {} arguments", value.kind(), arguments.len())));
    }
    let suggestion = crate::error::nearest(name, NAMES.into_iter());
    Err(Problem::Missing { of: value.kind(), name: format!("{name}()"), suggestion })
}

type Found = Result<Option<Value>, Problem>;

fn texts(items: impl IntoIterator<Item = impl Into<Value>>, budget: &mut Budget) -> Found {
    let items: Vec<Value> = items.into_iter().map(Into::into).collect();
    budget.charge(items.len())?;
    Ok(Some(Value::from(items)))
}

fn text_method(text: &str, name: &str, arguments: &[Value], budget: &mut Budget) -> Found {
    let value = match (name, arguments) {
        ("lower", []) => Value::from(text.to_lowercase()),
        ("upper", []) => Value::from(text.to_uppercase()),
        ("capitalize", []) => {
            let mut characters = text.chars();
            let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
            Value::from(first + &characters.as_str().to_lowercase())
        }
        ("title", []) => Value::from(title(text)),
        ("strip", []) => Value::from(text.trim()),
        ("lstrip", []) => Value::from(text.trim_start()),
        ("rstrip", []) => Value::from(text.trim_end()),
        ("strip", [Value::Str(set)]) => Value::from(text.trim_matches(|c| set.contains(c))),
        ("lstrip", [Value::Str(set)]) => Value::from(text.trim_start_matches(|c| set.contains(c))),
        ("rstrip", [Value::Str(set)]) => Value::from(text.trim_end_matches(|c| set.contains(c))),
        ("isdigit", []) => Value::from(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())),
        ("startswith", [Value::Str(start)]) => Value::from(text.starts_with(&**start)),
        ("endswith", [Value::Str(end)]) => Value::from(text.ends_with(&**end)),
        ("find", [Value::Str(part)]) => {
            let at = text.find(&**part).and_then(|at| text.get(..at));
            Value::from(at.and_then(|before| i64::try_from(before.chars().count()).ok()).unwrap_or(-1))
        }
        ("count", [Value::Str(part)]) if !part.is_empty() => {
            Value::from(i64::try_from(text.matches(&**part).count()).unwrap_or(i64::MAX))
        }
        ("replace", [Value::Str(from), Value::Str(to)]) => {
            let matches = text.matches(&**from).count();
            budget.charge(text.len().saturating_add(matches.saturating_mul(to.len())))?;
            Value::from(text.replace(&**from, to))
        }
        ("split", []) => return texts(text.split_whitespace(), budget),
        ("split", [Value::Str(separator)]) if !separator.is_empty() => return texts(text.split(&**separator), budget),
        ("split", [Value::Str(separator), Value::Int(times)]) if !separator.is_empty() && *times >= 0 => {
            let parts = usize::try_from(*times).unwrap_or(usize::MAX).saturating_add(1);
            return texts(text.splitn(parts, &**separator), budget);
        }
        ("splitlines", []) => return texts(lines(text), budget),
        ("zfill", [Value::Int(width)]) => {
            let width = usize::try_from(*width).unwrap_or(0);
            budget.charge(width)?;
            let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
            let zeros = "0".repeat(width.saturating_sub(text.chars().count()));
            Value::from(format!("{sign}{zeros}{digits}"))
        }
        ("join", [Value::List(items)]) => return join(text, items, budget),
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn join(separator: &str, items: &[Value], budget: &mut Budget) -> Found {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        let Value::Str(text) = item else {
            return Err(Problem::Type(format!("`join` takes strings, and item {at} is {}", item.kind())));
        };
        budget.charge(separator.len() + text.len())?;
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(text);
    }
    Ok(Some(Value::from(out)))
}

/// Python's lines: `\r\n` and a lone `\r` end one too.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.lines().map(str::to_owned).collect()
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        if inside {
            out.extend(character.to_lowercase());
        } else {
            out.extend(character.to_uppercase());
        }
        inside = character.is_alphabetic();
    }
    out
}

fn map_method(map: &Map, name: &str, arguments: &[Value], budget: &mut Budget) -> Found {
    let value = match (name, arguments) {
        ("get", [Value::Str(key)]) => map.get(key).cloned().unwrap_or_default(),
        ("get", [Value::Str(key), default]) => map.get(key).unwrap_or(default).clone(),
        ("get", [_]) => Value::None,
        ("get", [_, default]) => default.clone(),
        ("keys", []) => return texts(map.keys(), budget),
        ("values", []) => return texts(map.iter().map(|(_, value)| value.clone()), budget),
        ("items", []) => {
            return texts(map.iter().map(|(key, value)| Value::list([Value::from(key), value.clone()])), budget);
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn list_method(items: &[Value], name: &str, arguments: &[Value], budget: &mut Budget) -> Found {
    let ("index" | "count", [wanted]) = (name, arguments) else {
        return Ok(None);
    };
    let mut count = 0;
    for (at, item) in items.iter().enumerate() {
        if equal(item, wanted, budget)? {
            if name == "index" {
                return Ok(Some(Value::from(i64::try_from(at).unwrap_or(i64::MAX))));
            }
            count += 1;
        }
    }
    if name == "index" {
        return Err(Problem::Missing { of: "a list", name: "such item".to_owned(), suggestion: None });
    }
    Ok(integer(&Value::Int(count)).map(Value::Int))
}
