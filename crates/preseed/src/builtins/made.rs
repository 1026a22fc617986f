//! Lists, tuples, sets and dictionaries that a template makes, none of which nests too deeply.

use std::sync::Arc;

use crate::budget::Budget;
use crate::object::{Made, Object};
use crate::operators::equal;
use crate::{Map, Problem, Value};

/// Lists in lists that a template can build: what is built must also be shown, compared and dropped.
const MAX_DEPTH: u32 = 32;

/// A list.
pub(crate) fn compose(items: Vec<Value>, budget: &mut Budget) -> Result<Value, Problem> {
    check_items(&items, budget)?;
    Ok(Value::from(items))
}

/// A tuple.
pub(crate) fn tuple(items: Vec<Value>, budget: &mut Budget) -> Result<Value, Problem> {
    check_items(&items, budget)?;
    Ok(Value::Tuple(Arc::new(items)))
}

/// A set. Whole numbers come in order, as they do in Python while they are small; the rest as it was inserted.
pub(crate) fn set(items: Vec<Value>, budget: &mut Budget) -> Result<Value, Problem> {
    check_items(&items, budget)?;
    let mut unique: Vec<Value> = Vec::new();
    for item in items {
        check_hashable(&item)?;
        let mut is_new = true;
        for other in &unique {
            if equal(other, &item, budget)? {
                is_new = false;
                break;
            }
        }
        if is_new {
            unique.push(item);
        }
    }
    if unique.iter().all(|item| matches!(item, Value::Int(_))) {
        unique.sort_by_key(|item| if let Value::Int(number) = item { *number } else { 0 });
    }
    Ok(Made::Set(unique).into())
}

/// Adds an entry to a dictionary.
pub(crate) fn put(map: &mut Map, key: &Value, value: Value, budget: &mut Budget) -> Result<(), Problem> {
    check_hashable(key)?;
    check_depth(&value, 1, budget)?;
    check_depth(key, 1, budget)?;
    map.put(key, value, budget)
}

/// Adds the entries of another dictionary.
pub(crate) fn put_all(map: &mut Map, other: &Value, budget: &mut Budget) -> Result<(), Problem> {
    let Value::Map(other) = other else {
        return Err(Problem::Type(format!("`**` takes a dictionary, not {}", other.kind())));
    };
    other.pairs().try_for_each(|(key, value)| put(map, key, value.clone(), budget))
}

/// Fails for what cannot be a key of a dictionary or an item of a set.
pub(crate) fn check_hashable(key: &Value) -> Result<(), Problem> {
    let is_hashable = match key {
        Value::List(_) | Value::Map(_) => false,
        Value::Object(object) => !matches!(object.made(), Made::Set(_) | Made::View(..)),
        Value::Tuple(items) => return items.iter().try_for_each(check_hashable),
        _ => true,
    };
    if is_hashable { Ok(()) } else { Err(Problem::Type(format!("{} cannot be a key", key.kind()))) }
}

/// Fails if one of the items of something that is being made nests too deeply.
pub(crate) fn check_items(items: &[Value], budget: &mut Budget) -> Result<(), Problem> {
    budget.charge(items.len())?;
    items.iter().try_for_each(|item| check_depth(item, 1, budget))
}

/// Fails if a value nests more than [`MAX_DEPTH`] levels.
fn check_depth(value: &Value, depth: u32, budget: &mut Budget) -> Result<(), Problem> {
    if depth > MAX_DEPTH {
        return Err(Problem::Limit { what: "nested lists", limit: MAX_DEPTH.into() });
    }
    let mut all = |items: &[Value]| {
        budget.charge(items.len())?;
        items.iter().try_for_each(|item| check_depth(item, depth + 1, budget))
    };
    match value {
        Value::List(items) | Value::Tuple(items) => all(items),
        Value::Map(map) => check_map(map, depth, budget),
        Value::Object(object) => check_object(object, depth, budget),
        _ => Ok(()),
    }
}

fn check_map(map: &Map, depth: u32, budget: &mut Budget) -> Result<(), Problem> {
    budget.charge(map.len())?;
    map.pairs().try_for_each(|(key, item)| {
        check_depth(key, depth + 1, budget)?;
        check_depth(item, depth + 1, budget)
    })
}

fn check_object(object: &Object, depth: u32, budget: &mut Budget) -> Result<(), Problem> {
    if let Made::View(_, map) | Made::Page(map) | Made::PageGet(map) = object.made() {
        return check_map(map, depth, budget);
    }
    let mut all = |items: &[Value]| {
        budget.charge(items.len())?;
        items.iter().try_for_each(|item| check_depth(item, depth + 1, budget))
    };
    match object.made() {
        Made::Set(items) => all(items),
        Made::Iterator(items) => all(items.all()),
        Made::Looper(items) | Made::Turn(items, _) => all(items),
        Made::Method(value, _) | Made::Getter(value) | Made::Relation(value, _) => {
            check_depth(value, depth + 1, budget)
        }
        _ => Ok(()),
    }
}
