//! Attributes, indices and slices.

use std::sync::{Arc, LazyLock};

use crate::arguments::whole;
use crate::budget::Budget;
use crate::error::nearest;
use crate::object::{Made, Range};
use crate::operators::integer;
use crate::text::repr_of;
use crate::{Map, Problem, Value, builtins, methods};

/// `value.name`, where it is not called.
pub(crate) fn attribute(value: &Value, name: &Arc<str>) -> Result<Value, Problem> {
    if let Value::Object(object) = value
        && let Made::Relation(names, objects) = object.made()
    {
        return if &**name == "all" { Ok(Made::Getter(objects.clone()).into()) } else { attribute(names, name) };
    }
    let found = match value {
        // The fields of an object and the keys of a dictionary are the same here, so a template can use either.
        Value::Map(map) => map.get(name).cloned(),
        Value::Int(_) | Value::Bool(_) | Value::Float(_) => number_attribute(value, name),
        Value::Object(object) => made_attribute(object.made(), name),
        _ => None,
    };
    if let Some(found) = found {
        return Ok(found);
    }
    if methods::has(value, name) {
        return Ok(Made::Method(value.clone(), Arc::clone(name)).into());
    }
    Err(missing(value, name))
}

/// What there is instead of `value.name`.
pub(super) fn missing(value: &Value, name: &str) -> Problem {
    let suggestion = match value {
        Value::Map(map) => nearest(name, map.keys().chain(methods::names(value).map(|name| -> &str { name }))),
        Value::Object(object) if matches!(object.made(), Made::Escape) => nearest(name, ["json", "shell"].into_iter()),
        Value::Object(object) if matches!(object.made(), Made::Turn(..)) => nearest(name, TURN.into_iter()),
        _ => nearest(name, methods::names(value)),
    };
    Problem::Missing { of: value.kind(), name: name.to_owned(), suggestion }
}

fn number_attribute(value: &Value, name: &str) -> Option<Value> {
    match name {
        "real" if matches!(value, Value::Float(_)) => Some(value.clone()),
        "imag" if matches!(value, Value::Float(_)) => Some(Value::Float(0.0)),
        "real" | "numerator" => integer(value).map(Value::Int),
        "imag" => Some(Value::Int(0)),
        "denominator" => integer(value).map(|_| Value::Int(1)),
        _ => None,
    }
}

static ESCAPE_JSON: LazyLock<Value> = LazyLock::new(|| Made::Function("escape.json").into());
static ESCAPE_SHELL: LazyLock<Value> = LazyLock::new(|| Made::Function("escape.shell").into());

fn made_attribute(made: &Made, name: &Arc<str>) -> Option<Value> {
    match made {
        Made::Escape => match &**name {
            "json" => Some(ESCAPE_JSON.clone()),
            "shell" => Some(ESCAPE_SHELL.clone()),
            _ => None,
        },
        Made::Range(range) => match &**name {
            "start" => Some(Value::Int(range.start)),
            "stop" => Some(Value::Int(range.end)),
            "step" => Some(Value::Int(range.step)),
            _ => None,
        },
        Made::Turn(items, at) => turn(items, *at, name),
        Made::Function(kind) if methods::of_type(kind, name) => Some(Made::TypeMethod(kind, Arc::clone(name)).into()),
        Made::Page(map) if &**name == "get" => Some(Made::PageGet(Arc::clone(map)).into()),
        Made::Page(map) => map.get(name).cloned(),
        Made::PageGet(map) => Some(map.get(name).cloned().unwrap_or_else(|| Made::Empty.into())),
        _ => None,
    }
}

/// What a loop position of `looper` knows. Its next item is `__next__`, as it is in MAAS.
pub(crate) const TURN: [&str; 12] =
    ["__next__", "even", "first", "index", "item", "last", "length", "number", "odd", "pos", "previous", "seq"];

fn turn(items: &Arc<Vec<Value>>, at: usize, name: &str) -> Option<Value> {
    let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let item = |at: Option<usize>| at.and_then(|at| items.get(at)).cloned().unwrap_or_default();
    Some(match name {
        "index" | "pos" => number(at),
        "number" => number(at + 1),
        "item" => item(Some(at)),
        "previous" => item(at.checked_sub(1)),
        "__next__" => item(at.checked_add(1)),
        "first" => Value::Bool(at == 0),
        "last" => Value::Bool(at + 1 == items.len()),
        // Positions count from 0, and the first one is odd.
        "odd" => Value::Bool(at.is_multiple_of(2)),
        "even" => number(at % 2),
        "length" => number(items.len()),
        "seq" => Value::List(Arc::clone(items)),
        _ => return None,
    })
}

/// `value[index]`.
pub(crate) fn element(value: &Value, index: &Value, budget: &mut Budget) -> Result<Value, Problem> {
    let missing = |name: String| Problem::Missing { of: value.kind(), name, suggestion: None };
    match (value, index) {
        (Value::Map(map), Value::Str(key)) => map.get(key).cloned().ok_or_else(|| no_key(map, key)),
        (Value::Map(map), _) => {
            builtins::check_hashable(index)?;
            match map.find(index, budget)? {
                Some(found) => Ok(found.clone()),
                None => Err(missing(repr_of(index, budget)?)),
            }
        }
        (Value::List(items) | Value::Tuple(items), _) => {
            let at = position(index, items.len())?;
            at.and_then(|at| items.get(at).cloned()).ok_or_else(|| missing(format!("item {}", shown(index))))
        }
        (Value::Str(text), _) => {
            budget.charge(text.len() / 16)?;
            let at = position(index, text.chars().count())?;
            let character = at.and_then(|at| text.chars().nth(at));
            let character = character.ok_or_else(|| missing(format!("character {}", shown(index))))?;
            Ok(Value::from(character.encode_utf8(&mut [0; 4]) as &str))
        }
        (Value::Object(object), _) => match object.made() {
            Made::Range(range) => {
                let at = position(index, range.len())?.filter(|at| *at < range.len());
                at.map(|at| Value::Int(range.at(at))).ok_or_else(|| missing(format!("item {}", shown(index))))
            }
            _ => Err(no_index(value, index)),
        },
        _ => Err(no_index(value, index)),
    }
}

fn no_index(value: &Value, index: &Value) -> Problem {
    Problem::Type(format!("{} cannot be indexed by {}", value.kind(), index.kind()))
}

fn no_key(map: &Map, key: &str) -> Problem {
    Problem::Missing { of: "a dictionary", name: key.to_owned(), suggestion: nearest(key, map.keys()) }
}

fn shown(index: &Value) -> i64 {
    integer(index).unwrap_or_default()
}

/// An index, from the end if it is negative.
fn position(index: &Value, len: usize) -> Result<Option<usize>, Problem> {
    let index = integer(index).ok_or_else(|| Problem::Type(format!("{} is no index", index.kind())))?;
    let from_end = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(if index < 0 { len.checked_sub(from_end) } else { Some(from_end) })
}

/// `value[from:to:step]`.
pub(super) fn slice(
    value: &Value,
    from: &Value,
    to: &Value,
    step: &Value,
    budget: &mut Budget,
) -> Result<Value, Problem> {
    let is_sequence = match value {
        Value::Str(_) | Value::List(_) | Value::Tuple(_) => true,
        Value::Object(object) => matches!(object.made(), Made::Range(_)),
        _ => false,
    };
    if !is_sequence {
        return Err(Problem::Type(format!("{} has no slices", value.kind())));
    }
    let len = i64::try_from(builtins::len(value)?).unwrap_or(i64::MAX);
    let step = if matches!(step, Value::None) { 1 } else { whole(step)? };
    if step == 0 {
        return Err(Problem::Arithmetic("a slice needs a step other than 0".to_owned()));
    }
    // Backwards, the position before the first item is an end too.
    let (lowest, highest) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |index: &Value, default: i64| -> Result<i64, Problem> {
        if matches!(index, Value::None) {
            return Ok(default);
        }
        let index = whole(index)?;
        let index = if index < 0 { index.saturating_add(len) } else { index };
        Ok(index.clamp(lowest, highest))
    };
    let (first, last) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
    let positions = Range { start: bound(from, first)?, end: bound(to, last)?, step };
    if let Value::Object(object) = value
        && let Made::Range(range) = object.made()
    {
        let at = |position: i64| range.start.saturating_add(position.saturating_mul(range.step));
        let step = range.step.saturating_mul(step);
        return Ok(Made::Range(Range { start: at(positions.start), end: at(positions.end), step }).into());
    }
    let items = builtins::items(value, budget)?;
    let part = (0..positions.len()).filter_map(|at| items.get(usize::try_from(positions.at(at)).ok()?).cloned());
    let part: Vec<Value> = part.collect();
    Ok(match value {
        Value::List(_) => Value::from(part),
        Value::Tuple(_) => Value::Tuple(Arc::new(part)),
        _ => {
            let part = part.iter().map(|item| if let Value::Str(text) = item { &**text } else { "" });
            Value::from(part.collect::<String>())
        }
    })
}
