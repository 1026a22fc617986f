//! The functions that a template may call: none of them has an effect.

mod made;
mod number;
mod sequence;

use std::sync::LazyLock;

use crate::arguments::{Arguments, required, text};
use crate::budget::Budget;
use crate::evaluate::converted;
use crate::format::{Spec, spec};
use crate::object::Made;
use crate::text::{ascii_of, str_of};
use crate::{Map, Problem, Value, escape};

pub(crate) use made::{check_hashable, check_items, compose, put, put_all, set, tuple};
pub(crate) use number::cut;
pub(crate) use sequence::{items, iterator, len, shared_items};

/// The functions and other names that every template knows, sorted.
pub(crate) const NAMES: [&str; 46] = [
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "callable",
    "chr",
    "dict",
    "divmod",
    "end_braces",
    "enumerate",
    "escape",
    "filter",
    "float",
    "format",
    "getattr",
    "hasattr",
    "hex",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "locals",
    "looper",
    "map",
    "max",
    "min",
    "next",
    "oct",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "start_braces",
    "str",
    "sum",
    "tuple",
    "type",
    "zip",
];

/// The functions that are types too.
const TYPES: [&str; 16] = [
    "bool",
    "dict",
    "enumerate",
    "filter",
    "float",
    "int",
    "list",
    "map",
    "range",
    "reversed",
    "set",
    "str",
    "tuple",
    "type",
    "zip",
    "looper",
];

/// The values of [`NAMES`].
static VALUES: LazyLock<[Value; NAMES.len()]> = LazyLock::new(|| {
    NAMES.map(|name| match name {
        "escape" => Made::Escape.into(),
        "start_braces" => Value::from("{{"),
        "end_braces" => Value::from("}}"),
        _ => Made::Function(name).into(),
    })
});

/// The value of a name that every template knows.
pub(crate) fn named(name: &str) -> Option<&'static Value> {
    VALUES.get(NAMES.binary_search(&name).ok()?)
}

/// How Python shows a function.
pub(crate) fn shown(name: &str) -> String {
    if name == "looper" {
        "<class 'tempita._looper.looper'>".to_owned()
    } else if TYPES.contains(&name) {
        format!("<class '{name}'>")
    } else {
        format!("<built-in function {name}>")
    }
}

/// The name of a value's type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::None => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Str(_) => "str",
        Value::List(_) => "list",
        Value::Tuple(_) => "tuple",
        Value::Map(_) => "dict",
        Value::Object(object) => match object.made() {
            Made::Range(_) => "range",
            Made::Set(_) => "set",
            Made::Iterator(items) => items.kind,
            Made::Looper(_) => "looper",
            Made::Function(name) if TYPES.contains(name) => "type",
            _ => "object",
        },
    }
}

/// `name(arguments)`, and the keys of the items where `name` takes a `key`.
pub(crate) fn call(
    name: &str,
    arguments: Arguments,
    keys: Option<Vec<Value>>,
    budget: &mut Budget,
) -> Result<Value, Problem> {
    match name {
        "range" => sequence::range(&arguments.all(name)?),
        "sorted" => sequence::sorted(arguments, keys, budget),
        "min" | "max" => sequence::extreme(name, arguments, keys, budget),
        "enumerate" | "iter" | "list" | "looper" | "next" | "reversed" | "set" | "sum" | "tuple" | "zip" => {
            sequence::call(name, arguments, budget)
        }
        "any" | "all" => {
            let [value] = arguments.take(name, ["!"])?;
            let items = items(&required(value), budget)?;
            let is_any = items.iter().any(Value::is_true);
            Ok(Value::Bool(if name == "any" { is_any } else { items.iter().all(Value::is_true) }))
        }
        "abs" | "bin" | "chr" | "divmod" | "float" | "hex" | "int" | "oct" | "ord" | "pow" | "round" => {
            number::call(name, arguments, budget)
        }
        "dict" => dict(arguments, budget),
        "escape.json" => escape::json_call(arguments, budget),
        _ => other(name, arguments, budget),
    }
}

fn other(name: &str, arguments: Arguments, budget: &mut Budget) -> Result<Value, Problem> {
    Ok(match name {
        "str" | "bool" => {
            let [value] = arguments.take(name, [if name == "str" { "object" } else { "" }])?;
            match (name, value) {
                ("bool", value) => Value::Bool(value.is_some_and(|value| value.is_true())),
                (_, None) => Value::from(""),
                (_, Some(value)) => Value::from(str_of(&value, budget)?),
            }
        }
        "repr" | "ascii" | "len" | "callable" | "type" | "escape.shell" => {
            let [value] = arguments.take(name, ["!"])?;
            one(name, &required(value), budget)?
        }
        "format" => {
            let [value, wanted] = arguments.take(name, ["!", ""])?;
            let wanted = wanted.map_or(Ok("".into()), |wanted| text(name, Some(wanted)))?;
            Value::from(spec(&required(value), &Spec::parse(&wanted)?, budget)?)
        }
        "isinstance" => {
            let [value, kind] = arguments.take(name, ["!", "!"])?;
            Value::Bool(is_instance(&required(value), &required(kind))?)
        }
        "getattr" | "hasattr" => {
            let [value, attribute, default] = arguments.take(name, ["!", "!", ""])?;
            let (value, attribute) = (required(value), text(name, attribute)?);
            match (name, crate::evaluate::attribute(&value, &attribute), default) {
                ("hasattr", found, _) => Value::Bool(found.is_ok()),
                (_, Ok(found), _) | (_, Err(_), Some(found)) => found,
                (_, Err(problem), None) => return Err(problem),
            }
        }
        // What it prints is no part of the text; here it goes nowhere.
        "print" => {
            let mut arguments = arguments;
            for option in ["sep", "end", "file", "flush"] {
                arguments.named(option);
            }
            arguments.all(name)?;
            Value::None
        }
        _ => return Err(Problem::Unsupported(format!("the function `{name}`"))),
    })
}

fn one(name: &str, value: &Value, budget: &mut Budget) -> Result<Value, Problem> {
    Ok(match name {
        "repr" => Value::from(converted('r', value, budget)?),
        "ascii" => Value::from(ascii_of(value, budget)?),
        "len" => Value::Int(i64::try_from(len(value)?).unwrap_or(i64::MAX)),
        "callable" => Value::Bool(
            matches!(value, Value::Object(object) if matches!(object.made(), Made::Function(_) | Made::Method(..) | Made::TypeMethod(..) | Made::Getter(_) | Made::Lambda(..) | Made::Macro(..))),
        ),
        "type" => match TYPES.into_iter().find(|known| *known == type_name(value)) {
            Some(known) => Made::Function(known).into(),
            None => return Err(Problem::Unsupported(format!("`type` of {}", value.kind()))),
        },
        _ => escape::shell_call(value, budget)?,
    })
}

/// `isinstance(value, kind)`; a bool is an int too.
fn is_instance(value: &Value, kind: &Value) -> Result<bool, Problem> {
    match kind {
        Value::Tuple(kinds) => {
            for kind in kinds.iter() {
                if is_instance(value, kind)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Object(object) => match object.made() {
            Made::Function("int") => Ok(matches!(value, Value::Int(_) | Value::Bool(_))),
            Made::Function(name) if TYPES.contains(name) => Ok(type_name(value) == *name),
            _ => Err(Problem::Type("`isinstance` takes a type, such as `str`".to_owned())),
        },
        _ => Err(Problem::Type("`isinstance` takes a type, such as `str`".to_owned())),
    }
}

/// `dict()`, `dict(other)`, `dict(pairs)` and names.
fn dict(arguments: Arguments, budget: &mut Budget) -> Result<Value, Problem> {
    let mut map = Map::new();
    match arguments.positional.as_slice() {
        [] => {}
        [Value::Map(other)] => {
            budget.charge(other.len())?;
            map = (**other).clone();
        }
        [pairs] => {
            for pair in items(pairs, budget)? {
                let pair = items(&pair, budget)?;
                let [key, value] = pair.as_slice() else {
                    return Err(Problem::Type(format!("`dict` takes pairs, not {} items", pair.len())));
                };
                put(&mut map, key, value.clone(), budget)?;
            }
        }
        more => return Err(Problem::Type(format!("`dict` takes at most 1 argument, not {}", more.len()))),
    }
    for (name, value) in arguments.named {
        put(&mut map, &Value::Str(name), value, budget)?;
    }
    Ok(Value::from(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name does something, and the README has them all.
    #[test]
    fn names() {
        assert!(NAMES.is_sorted());
        let readme = include_str!("../README.md");
        let row = readme.lines().find_map(|line| line.strip_prefix("| functions | `")).unwrap();
        let documented: Vec<&str> = row.trim_end_matches("` |").split(' ').collect();
        let others = ["end_braces", "escape", "start_braces"];
        let functions: Vec<&str> = NAMES.into_iter().filter(|name| !others.contains(name)).collect();
        assert_eq!(documented, functions);
        // `map` and `filter` call others, and `locals` knows names: they are the evaluator's.
        for name in functions.into_iter().filter(|name| !["filter", "locals", "map"].contains(name)) {
            let mut budget = Budget::new(crate::Limits::default());
            let result = call(name, Arguments::default(), None, &mut budget);
            assert!(!matches!(result, Err(Problem::Unsupported(_))), "{name}: {result:?}");
        }
    }
}
