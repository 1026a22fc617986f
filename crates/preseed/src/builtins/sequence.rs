//! Functions over several values.

use std::cmp::Ordering;
use std::sync::Arc;

use super::made::{compose, set, tuple};
use crate::arguments::{Arguments, required, whole, whole_or};
use crate::budget::Budget;
use crate::expression::Binary;
use crate::object::{Items, Made, Range, View};
use crate::operators::{binary, order, too_large};
use crate::{Problem, Value};

/// What a `for` goes over.
pub(crate) fn items(value: &Value, budget: &mut Budget) -> Result<Vec<Value>, Problem> {
    if let Some(len) = known_len(value) {
        budget.charge(len)?;
    }
    let not_iterable = || Problem::Type(format!("{} cannot be gone through", value.kind()));
    Ok(match value {
        Value::List(items) | Value::Tuple(items) => items.to_vec(),
        Value::Map(map) => map.pairs().map(|(key, _)| key.clone()).collect(),
        Value::Str(text) => {
            text.chars().map(|character| Value::from(character.encode_utf8(&mut [0; 4]) as &str)).collect()
        }
        Value::Object(object) => match object.made() {
            Made::Range(range) => (0..range.len()).map(|at| Value::Int(range.at(at))).collect(),
            Made::View(View::Keys, map) => map.pairs().map(|(key, _)| key.clone()).collect(),
            Made::View(View::Values, map) => map.pairs().map(|(_, value)| value.clone()).collect(),
            Made::View(View::Items, map) => {
                map.pairs().map(|(key, value)| Value::tuple([key.clone(), value.clone()])).collect()
            }
            Made::Set(items) => items.clone(),
            Made::Iterator(items) => items.rest(),
            Made::Looper(items) => {
                let turns = items.iter().enumerate();
                turns.map(|(at, item)| Value::tuple([Made::Turn(Arc::clone(items), at).into(), item.clone()])).collect()
            }
            Made::Empty => Vec::new(),
            _ => return Err(not_iterable()),
        },
        _ => return Err(not_iterable()),
    })
}

/// What can be gone through once only.
pub(crate) fn iterator(value: &Value) -> Option<&Items> {
    match value {
        Value::Object(object) => match object.made() {
            Made::Iterator(items) => Some(items),
            _ => None,
        },
        _ => None,
    }
}

/// The same, without a copy of what a list holds.
pub(crate) fn shared_items(value: &Value, budget: &mut Budget) -> Result<Arc<Vec<Value>>, Problem> {
    match value {
        Value::List(items) | Value::Tuple(items) => {
            budget.charge(items.len())?;
            Ok(Arc::clone(items))
        }
        _ => items(value, budget).map(Arc::new),
    }
}

fn known_len(value: &Value) -> Option<usize> {
    match value {
        Value::Str(text) => Some(text.len()),
        Value::List(items) | Value::Tuple(items) => Some(items.len()),
        Value::Map(map) => Some(map.len()),
        Value::Object(object) => match object.made() {
            Made::Iterator(items) => Some(items.all().len()),
            Made::Looper(items) => Some(items.len()),
            _ => object.len(),
        },
        _ => None,
    }
}

/// `len(value)`.
pub(crate) fn len(value: &Value) -> Result<usize, Problem> {
    let len = match value {
        Value::Str(text) => Some(text.chars().count()),
        Value::Object(object) => object.len(),
        _ => known_len(value),
    };
    len.ok_or_else(|| Problem::Type(format!("{} has no length", value.kind())))
}

/// `range(end)`, `range(start, end)` and `range(start, end, step)`.
pub(super) fn range(arguments: &[Value]) -> Result<Value, Problem> {
    let (start, end, step) = match arguments {
        [end] => (0, whole(end)?, 1),
        [start, end] => (whole(start)?, whole(end)?, 1),
        [start, end, step] => (whole(start)?, whole(end)?, whole(step)?),
        _ => return Err(Problem::Type(format!("`range` takes 1 to 3 arguments, not {}", arguments.len()))),
    };
    if step == 0 {
        return Err(Problem::Arithmetic("a range needs a step other than 0".to_owned()));
    }
    Ok(Made::Range(Range { start, end, step }).into())
}

/// The functions that take items as they come.
pub(super) fn call(name: &str, arguments: Arguments, budget: &mut Budget) -> Result<Value, Problem> {
    match name {
        "enumerate" => {
            let [value, start] = arguments.take(name, ["!iterable", "start"])?;
            let start = whole_or(start, 0)?;
            let items = items(&required(value), budget)?;
            let pairs = (0..).zip(items).map(|(at, item)| {
                let at = start.checked_add(at).ok_or_else(too_large)?;
                Ok(Value::tuple([Value::Int(at), item]))
            });
            made("enumerate", pairs.collect::<Result<_, _>>()?, budget)
        }
        "zip" => {
            let lists = arguments.positional.iter().map(|value| items(value, budget)).collect::<Result<Vec<_>, _>>()?;
            let rows = lists.iter().map(Vec::len).min().unwrap_or_default();
            let row = |at: usize| Value::tuple(lists.iter().filter_map(|list| list.get(at).cloned()));
            made("zip", (0..rows).map(row).collect(), budget)
        }
        "sum" => {
            let [value, start] = arguments.take(name, ["!", "start"])?;
            let start = start.unwrap_or(Value::Int(0));
            if matches!(start, Value::Str(_)) {
                return Err(Problem::Type("`sum` does not join strings; `''.join(…)` does".to_owned()));
            }
            let items = items(&required(value), budget)?;
            items.iter().try_fold(start, |total, item| binary(Binary::Add, &total, item, budget))
        }
        "reversed" => {
            let [value] = arguments.take(name, ["!"])?;
            let value = required(value);
            if matches!(&value, Value::Object(object) if matches!(object.made(), Made::Set(_) | Made::Iterator(..))) {
                return Err(Problem::Type(format!("{} cannot be reversed", value.kind())));
            }
            let mut items = items(&value, budget)?;
            items.reverse();
            made("reversed", items, budget)
        }
        "iter" => {
            let [value] = arguments.take(name, ["!"])?;
            let value = required(value);
            if iterator(&value).is_some() {
                return Ok(value);
            }
            made("iterator", items(&value, budget)?, budget)
        }
        "next" => {
            let [value, default] = arguments.take(name, ["!", ""])?;
            let value = required(value);
            let items = iterator(&value).ok_or_else(|| {
                Problem::Type(format!("`next` takes an iterator, not {}; `iter(…)` makes one", value.kind()))
            })?;
            let nothing = || Problem::Type("nothing is left for `next`; it takes a default too".to_owned());
            items.next().or(default).ok_or_else(nothing)
        }
        "looper" => {
            let [value] = arguments.take(name, ["!seq"])?;
            Ok(Made::Looper(Arc::new(items(&required(value), budget)?)).into())
        }
        _ => {
            let [value] = arguments.take(name, [""])?;
            let items = value.map_or(Ok(Vec::new()), |value| items(&value, budget))?;
            match name {
                "tuple" => tuple(items, budget),
                "list" => compose(items, budget),
                _ => set(items, budget),
            }
        }
    }
}

fn made(name: &'static str, items: Vec<Value>, budget: &mut Budget) -> Result<Value, Problem> {
    super::check_items(&items, budget)?;
    Ok(Made::Iterator(Items::new(name, items)).into())
}

/// `sorted(items, key=…, reverse=…)`. Equal items keep their order, also when reversed.
pub(super) fn sorted(arguments: Arguments, keys: Option<Vec<Value>>, budget: &mut Budget) -> Result<Value, Problem> {
    let [value, reverse] = arguments.take("sorted", ["!", "reverse"])?;
    let items = items(&required(value), budget)?;
    let keys = keys.unwrap_or_else(|| items.clone());
    let reverse = reverse.is_some_and(|reverse| reverse.is_true());
    let pairs = merge_sort(keys.into_iter().zip(items).collect(), reverse, budget)?;
    Ok(Value::from(pairs.into_iter().map(|(_, item)| item).collect::<Vec<Value>>()))
}

/// The standard library's sort may panic when values have no total order, which a template can arrange.
fn merge_sort(
    mut pairs: Vec<(Value, Value)>,
    reverse: bool,
    budget: &mut Budget,
) -> Result<Vec<(Value, Value)>, Problem> {
    if pairs.len() < 2 {
        return Ok(pairs);
    }
    let right = pairs.split_off(pairs.len() / 2);
    let mut left = merge_sort(pairs, reverse, budget)?.into_iter().peekable();
    let mut right = merge_sort(right, reverse, budget)?.into_iter().peekable();
    let wanted = if reverse { Ordering::Greater } else { Ordering::Less };
    let mut sorted = Vec::with_capacity(left.len() + right.len());
    while let (Some((left_key, _)), Some((right_key, _))) = (left.peek(), right.peek()) {
        let right_first = order(right_key, left_key, budget)? == Some(wanted);
        sorted.extend(if right_first { right.next() } else { left.next() });
    }
    sorted.extend(left);
    sorted.extend(right);
    Ok(sorted)
}

/// `min` and `max`: of the items of one value, or of several values. Of equal ones it is the first.
pub(super) fn extreme(
    name: &str,
    mut arguments: Arguments,
    keys: Option<Vec<Value>>,
    budget: &mut Budget,
) -> Result<Value, Problem> {
    let default = arguments.named("default");
    let values = arguments.all(name)?;
    let items = match values.as_slice() {
        [] => return Err(Problem::Type(format!("`{name}` needs another argument"))),
        [value] => items(value, budget)?,
        _ if default.is_some() => {
            return Err(Problem::Type(format!("`{name}` takes a `default` with one argument only")));
        }
        _ => values,
    };
    let keys = keys.unwrap_or_else(|| items.clone());
    let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
    let mut best: Option<(Value, Value)> = None;
    for (key, item) in keys.into_iter().zip(items) {
        let is_better = match &best {
            Some((best, _)) => order(&key, best, budget)? == Some(wanted),
            None => true,
        };
        if is_better {
            best = Some((key, item));
        }
    }
    best.map(|(_, item)| item)
        .or(default)
        .ok_or_else(|| Problem::Type(format!("`{name}` of nothing needs a `default`")))
}
