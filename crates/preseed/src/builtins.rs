//! The functions that a template may call, and the filters.

use std::cmp::Ordering;

use crate::budget::Budget;
use crate::operators::{integer, order};
use crate::text::{repr_of, str_of};
use crate::{Map, Problem, Value, escape};

/// The functions, for suggestions and to know a name.
pub(crate) const NAMES: [&str; 18] = [
    "all",
    "any",
    "bool",
    "dict",
    "enumerate",
    "int",
    "len",
    "list",
    "looper",
    "max",
    "min",
    "range",
    "repr",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
];

/// Lists in lists that a template can build: what is built must also be shown, compared and dropped.
const MAX_DEPTH: u32 = 32;

/// `name(arguments)` for a name of [`NAMES`]; `None` for another name.
pub(crate) fn call(name: &str, arguments: &[Value], budget: &mut Budget) -> Result<Option<Value>, Problem> {
    if !NAMES.contains(&name) {
        return Ok(None);
    }
    let value = match (name, arguments) {
        ("str", []) => Value::from(""),
        ("str", [value]) => Value::from(str_of(value, budget)?),
        ("repr", [value]) => Value::from(repr_of(value, budget)?),
        ("bool", [value]) => Value::from(value.is_true()),
        ("int", [value]) => int(value)?,
        ("len", [value]) => Value::from(len(value)?),
        ("range", [end]) => range(0, end, 1, budget)?,
        ("range", [start, end]) => range(whole(start)?, end, 1, budget)?,
        ("range", [start, end, step]) => range(whole(start)?, end, whole(step)?, budget)?,
        ("list" | "tuple", []) => Value::list::<Value>([]),
        ("dict", []) => Value::from(Map::new()),
        ("dict", [Value::Map(map)]) => Value::Map(std::sync::Arc::clone(map)),
        ("list" | "tuple", [value]) => Value::list(items(value, budget)?),
        ("sorted", [value]) => sorted(items(value, budget)?, budget)?,
        ("any", [value]) => Value::from(items(value, budget)?.iter().any(Value::is_true)),
        ("all", [value]) => Value::from(items(value, budget)?.iter().all(Value::is_true)),
        ("sum", [value]) => sum(&items(value, budget)?, budget)?,
        ("min", [value]) => extreme(items(value, budget)?, Ordering::Less, budget)?,
        ("max", [value]) => extreme(items(value, budget)?, Ordering::Greater, budget)?,
        ("min", [_, _, ..]) => extreme(arguments.to_vec(), Ordering::Less, budget)?,
        ("max", [_, _, ..]) => extreme(arguments.to_vec(), Ordering::Greater, budget)?,
        ("enumerate", [value]) => {
            let pairs = (0_i64..).zip(items(value, budget)?).map(|(at, item)| Value::list([at.into(), item]));
            compose(pairs.collect(), budget)?
        }
        ("zip", [left, right]) => {
            let pairs = items(left, budget)?.into_iter().zip(items(right, budget)?);
            compose(pairs.map(|(left, right)| Value::list([left, right])).collect(), budget)?
        }
        ("looper", [value]) => looper(&items(value, budget)?, budget)?,
        _ => return Err(Problem::Type(format!("`{name}` does not take {} such arguments", arguments.len()))),
    };
    Ok(Some(value))
}

/// `value|name` and `value|object.name`; `None` if there is no such filter.
pub(crate) fn filter(
    object: Option<&str>,
    name: &str,
    value: &Value,
    budget: &mut Budget,
) -> Result<Option<Value>, Problem> {
    let Some(object) = object else {
        return call(name, std::slice::from_ref(value), budget);
    };
    match (object, name, value) {
        ("escape", "json", _) => Ok(Some(Value::from(escape::json(value, budget)?))),
        ("escape", "shell", Value::Str(text)) => {
            budget.charge(text.len())?;
            Ok(Some(Value::from(escape::shell(text))))
        }
        ("escape", "shell", _) => Err(Problem::Type(format!("`escape.shell` takes a string, not {}", value.kind()))),
        _ => Ok(None),
    }
}

/// A list of values, refused if it nests too deeply.
pub(crate) fn compose(items: Vec<Value>, budget: &mut Budget) -> Result<Value, Problem> {
    budget.charge(items.len())?;
    for item in &items {
        check_depth(item, 1, budget)?;
    }
    Ok(Value::from(items))
}

/// Fails if a value nests more than [`MAX_DEPTH`] levels.
pub(crate) fn check_depth(value: &Value, depth: u32, budget: &mut Budget) -> Result<(), Problem> {
    if depth > MAX_DEPTH {
        return Err(Problem::Limit { what: "nested lists", limit: MAX_DEPTH.into() });
    }
    match value {
        Value::List(items) => {
            budget.charge(items.len())?;
            items.iter().try_for_each(|item| check_depth(item, depth + 1, budget))
        }
        Value::Map(map) => {
            budget.charge(map.len())?;
            map.iter().try_for_each(|(_, item)| check_depth(item, depth + 1, budget))
        }
        _ => Ok(()),
    }
}

/// What a `for` goes over.
pub(crate) fn items(value: &Value, budget: &mut Budget) -> Result<Vec<Value>, Problem> {
    let items: Vec<Value> = match value {
        Value::List(items) => items.to_vec(),
        Value::Map(map) => map.keys().map(Value::from).collect(),
        Value::Str(text) => {
            budget.charge(text.len())?;
            text.chars().map(|character| Value::from(character.encode_utf8(&mut [0; 4]) as &str)).collect()
        }
        _ => return Err(Problem::Type(format!("{} cannot be gone through", value.kind()))),
    };
    budget.charge(items.len())?;
    Ok(items)
}

fn whole(value: &Value) -> Result<i64, Problem> {
    integer(value).ok_or_else(|| Problem::Type(format!("{} is no whole number", value.kind())))
}

fn int(value: &Value) -> Result<Value, Problem> {
    match value {
        Value::Str(text) => {
            let number = text.trim().parse().map_err(|_| Problem::Type(format!("`int` cannot read {text:.40?}")))?;
            Ok(Value::Int(number))
        }
        #[expect(clippy::cast_possible_truncation, reason = "`int` cuts a float to a whole number")]
        Value::Float(number) if number.is_finite() => Ok(Value::Int(number.trunc() as i64)),
        _ => whole(value).map(Value::Int),
    }
}

fn len(value: &Value) -> Result<i64, Problem> {
    let len = match value {
        Value::Str(text) => text.chars().count(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => return Err(Problem::Type(format!("{} has no length", value.kind()))),
    };
    Ok(i64::try_from(len).unwrap_or(i64::MAX))
}

fn range(start: i64, end: &Value, step: i64, budget: &mut Budget) -> Result<Value, Problem> {
    let end = whole(end)?;
    if step == 0 {
        return Err(Problem::Arithmetic("a range needs a step other than 0".to_owned()));
    }
    let mut numbers = Vec::new();
    let mut number = start;
    while (step > 0 && number < end) || (step < 0 && number > end) {
        budget.charge(0)?;
        numbers.push(number);
        let Some(next) = number.checked_add(step) else { break };
        number = next;
    }
    Ok(Value::from(numbers))
}

fn sorted(items: Vec<Value>, budget: &mut Budget) -> Result<Value, Problem> {
    let mut problem = None;
    let mut items = items;
    items.sort_by(|left, right| match order(left, right, budget) {
        Ok(order) => order.unwrap_or(Ordering::Equal),
        Err(found) => {
            problem.get_or_insert(found);
            Ordering::Equal
        }
    });
    problem.map_or(Ok(Value::from(items)), Err)
}

fn sum(items: &[Value], budget: &mut Budget) -> Result<Value, Problem> {
    items.iter().try_fold(Value::Int(0), |total, item| {
        crate::operators::binary(crate::expression::Binary::Add, &total, item, budget)
    })
}

fn extreme(items: Vec<Value>, wanted: Ordering, budget: &mut Budget) -> Result<Value, Problem> {
    let mut best: Option<Value> = None;
    for item in items {
        let better = match &best {
            Some(best) => order(&item, best, budget)? == Some(wanted),
            None => true,
        };
        if better {
            best = Some(item);
        }
    }
    best.ok_or_else(|| Problem::Type("there is no smallest or largest of nothing".to_owned()))
}

/// `for loop, item in looper(items)`: the position, and what is beside it.
fn looper(items: &[Value], budget: &mut Budget) -> Result<Value, Problem> {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let mut pairs = Vec::with_capacity(items.len());
    let mut previous = Value::None;
    for (index, (at, item)) in (0_i64..).zip(items.iter().enumerate()) {
        budget.charge(12)?;
        let next = items.get(at + 1).cloned();
        let entries = [
            ("index", Value::Int(index)),
            ("number", Value::Int(index + 1)),
            ("item", item.clone()),
            ("previous", previous),
            ("next", next.into()),
            ("first", (index == 0).into()),
            ("last", (index + 1 == length).into()),
            ("odd", (index % 2 == 0).into()),
            ("even", (index % 2 == 1).into()),
            ("length", Value::Int(length)),
        ];
        previous = item.clone();
        pairs.push(Value::list([Value::map(entries), item.clone()]));
    }
    compose(pairs, budget)
}
