//! Methods of dictionaries, lists, tuples and sets.

use std::sync::Arc;

use crate::arguments::{Arguments, required, whole_or};
use crate::budget::Budget;
use crate::expression::Binary;
use crate::object::{Made, View};
use crate::operators::{binary, equal};
use crate::{Map, Problem, Value, builtins};

pub(super) fn map(map: &Arc<Map>, name: &str, arguments: Arguments, budget: &mut Budget) -> Result<Value, Problem> {
    if name == "get" {
        let [key, default] = arguments.take(name, ["!", ""])?;
        let key = required(key);
        builtins::check_hashable(&key)?;
        return Ok(map.find(&key, budget)?.cloned().or(default).unwrap_or_default());
    }
    let [] = arguments.take(name, [])?;
    let view = match name {
        "keys" => View::Keys,
        "values" => View::Values,
        "items" => View::Items,
        _ => return Ok(Value::Map(Arc::clone(map))),
    };
    Ok(Made::View(view, Arc::clone(map)).into())
}

/// `count` and `index`.
pub(super) fn search(
    kind: &'static str,
    items: &[Value],
    name: &str,
    arguments: Arguments,
    budget: &mut Budget,
) -> Result<Value, Problem> {
    let most = if name == "count" { 1 } else { 3 };
    if arguments.positional.len() > most {
        return Err(Problem::Type(format!("`{name}` takes at most {most} arguments")));
    }
    let [wanted, start, end] = arguments.take(name, ["!", "", ""])?;
    let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let bound = |value: Option<Value>, default: i64| -> Result<i64, Problem> {
        let at = whole_or(value, default)?;
        Ok(if at < 0 { (at.saturating_add(len)).max(0) } else { at })
    };
    let (wanted, start, end) = (required(wanted), bound(start, 0)?, bound(end, len)?);
    let mut count = 0;
    for (at, item) in (0_i64..).zip(items) {
        if at < start || at >= end || !equal(item, &wanted, budget)? {
            continue;
        }
        if name == "index" {
            return Ok(Value::Int(at));
        }
        count += 1;
    }
    if name == "index" {
        return Err(Problem::Missing { of: kind, name: "such item".to_owned(), suggestion: None });
    }
    Ok(Value::Int(count))
}

pub(super) fn set(items: &[Value], name: &str, arguments: Arguments, budget: &mut Budget) -> Result<Value, Problem> {
    let others = arguments.all(name)?;
    let mut result: Value = Made::Set(items.to_vec()).into();
    let operator = match name {
        "union" => Binary::Or,
        "intersection" => Binary::And,
        "difference" => Binary::Subtract,
        "symmetric_difference" => Binary::Xor,
        "copy" => return Ok(result),
        _ => return set_relation(items, name, &others, budget),
    };
    for other in &others {
        let other = builtins::set(builtins::items(other, budget)?, budget)?;
        result = binary(operator, &result, &other, budget)?;
    }
    Ok(result)
}

fn set_relation(items: &[Value], name: &str, others: &[Value], budget: &mut Budget) -> Result<Value, Problem> {
    let [other] = others else {
        return Err(Problem::Type(format!("`{name}` takes 1 argument, not {}", others.len())));
    };
    let other = builtins::items(other, budget)?;
    let (inner, outer) = if name == "issuperset" { (&*other, items) } else { (items, &*other) };
    let mut shared = 0;
    for item in inner {
        for candidate in outer {
            if equal(item, candidate, budget)? {
                shared += 1;
                break;
            }
        }
    }
    Ok(Value::Bool(if name == "isdisjoint" { shared == 0 } else { shared == inner.len() }))
}
