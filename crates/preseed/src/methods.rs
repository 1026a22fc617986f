//! The methods that a template may call: none of them has an effect.

mod collection;
mod predicate;
mod split;
mod text;

use crate::arguments::Arguments;
use crate::budget::Budget;
use crate::object::Made;
use crate::{Problem, Value};

// Each table is sorted.

const TEXT: [&str; 44] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];
const LIST: [&str; 3] = ["copy", "count", "index"];
const TUPLE: [&str; 2] = ["count", "index"];
const MAP: [&str; 5] = ["copy", "get", "items", "keys", "values"];
const SET: [&str; 8] =
    ["copy", "difference", "intersection", "isdisjoint", "issubset", "issuperset", "symmetric_difference", "union"];
const INT: [&str; 1] = ["bit_length"];
const FLOAT: [&str; 1] = ["is_integer"];

/// Python's methods that change a value.
const CHANGING: [&str; 13] = [
    "add",
    "append",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
];
/// Python's methods that need what is not here.
const ABSENT: [&str; 6] = ["encode", "fromkeys", "hex", "maketrans", "to_bytes", "translate"];

fn table(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Str(_) => &TEXT,
        Value::List(_) => &LIST,
        Value::Tuple(_) => &TUPLE,
        Value::Map(_) => &MAP,
        Value::Int(_) | Value::Bool(_) => &INT,
        Value::Float(_) => &FLOAT,
        Value::Object(object) => match object.made() {
            Made::Set(_) => &SET,
            Made::Range(_) => &TUPLE,
            _ => &[],
        },
        Value::None => &[],
    }
}

/// The names of a value's methods.
pub(crate) fn names(value: &Value) -> impl Iterator<Item = &'static str> + use<> {
    table(value).iter().copied()
}

/// True if a value has the method.
pub(crate) fn has(value: &Value, name: &str) -> bool {
    table(value).binary_search(&name).is_ok()
}

/// True if the values of a type have the method.
pub(crate) fn of_type(kind: &str, name: &str) -> bool {
    let table: &[&str] = match kind {
        "str" => &TEXT,
        "list" => &LIST,
        "tuple" => &TUPLE,
        "dict" => &MAP,
        "set" => &SET,
        "int" => &INT,
        "float" => &FLOAT,
        _ => &[],
    };
    table.binary_search(&name).is_ok()
}

/// Why a method of Python is not here.
pub(crate) fn refused(value: &Value, name: &str) -> Option<Problem> {
    let is_own = matches!(value, Value::Map(map) if map.get(name).is_some());
    if is_own || matches!(value, Value::None) {
        return None;
    }
    let what = format!("`{name}` of {}", value.kind());
    let hint = match name {
        "append" | "extend" | "insert" => " (`name = name + […]` makes a longer list)",
        "sort" | "reverse" => " (`name = sorted(name)` makes another list)",
        "update" | "setdefault" => " (`name = name | {…}` makes a larger dictionary)",
        _ => "",
    };
    if CHANGING.contains(&name) {
        return Some(Problem::Unsupported(format!("a template cannot change a value{hint}: {what}")));
    }
    ABSENT.contains(&name).then_some(Problem::Unsupported(what))
}

/// `value.name(arguments)` for a method that the value [`has`].
pub(crate) fn call(value: &Value, name: &str, arguments: Arguments, budget: &mut Budget) -> Result<Value, Problem> {
    match value {
        Value::Str(text) => {
            budget.charge(text.len())?;
            text::call(text, name, arguments, budget)
        }
        Value::Map(map) => collection::map(map, name, arguments, budget),
        Value::List(items) | Value::Tuple(items) if name != "copy" => {
            collection::search(value.kind(), items, name, arguments, budget)
        }
        Value::Int(_) | Value::Bool(_) | Value::Float(_) => {
            let [] = arguments.take(name, [])?;
            Ok(number(value))
        }
        Value::Object(object) => match object.made() {
            Made::Set(items) => collection::set(items, name, arguments, budget),
            _ => {
                let items = crate::builtins::items(value, budget)?;
                collection::search(value.kind(), &items, name, arguments, budget)
            }
        },
        _ => {
            let [] = arguments.take(name, [])?;
            Ok(value.clone())
        }
    }
}

/// `is_integer` of a float, `bit_length` of a whole number.
fn number(value: &Value) -> Value {
    if let Value::Float(number) = value {
        return Value::Bool(number.is_finite() && number.trunc() == *number);
    }
    let size = crate::operators::integer(value).unwrap_or_default().unsigned_abs();
    Value::from(u64::BITS - size.leading_zeros())
}

/// Python's whitespace: that of Unicode and four separators of ASCII.
pub(crate) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn tables_are_sorted() {
        for table in [&super::TEXT[..], &super::LIST, &super::TUPLE, &super::MAP, &super::SET] {
            assert!(table.is_sorted(), "{table:?}");
        }
    }
}
