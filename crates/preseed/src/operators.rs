//! Arithmetic and comparison.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::budget::Budget;
use crate::expression::{Binary, Compare};
use crate::text::{repr_of, str_of};
use crate::{Problem, Value};

type Outcome = Result<Value, Problem>;

/// `left operator right`.
pub(crate) fn binary(operator: Binary, left: &Value, right: &Value, budget: &mut Budget) -> Outcome {
    match (operator, left, right) {
        (Binary::Add, Value::Str(a), Value::Str(b)) => {
            budget.charge(a.len() + b.len())?;
            Ok(Value::from(format!("{a}{b}")))
        }
        (Binary::Add, Value::List(a), Value::List(b)) => {
            budget.charge(a.len() + b.len())?;
            Ok(Value::List(Arc::new(a.iter().chain(b.iter()).cloned().collect())))
        }
        (Binary::Multiply, Value::Str(_) | Value::List(_), Value::Int(count)) => repeat(left, *count, budget),
        (Binary::Multiply, Value::Int(count), Value::Str(_) | Value::List(_)) => repeat(right, *count, budget),
        (Binary::Modulo, Value::Str(format), _) => percent(format, right, budget),
        _ => match (integer(left), integer(right)) {
            (Some(a), Some(b)) if operator != Binary::Divide => integers(operator, a, b),
            _ => match (number(left), number(right)) {
                (Some(a), Some(b)) => floats(operator, a, b),
                _ => Err(Problem::Type(format!("{} and {} do not go together here", left.kind(), right.kind()))),
            },
        },
    }
}

fn repeat(value: &Value, count: i64, budget: &mut Budget) -> Outcome {
    let count = usize::try_from(count).unwrap_or(0);
    match value {
        Value::Str(text) => {
            budget.charge(text.len().saturating_mul(count))?;
            Ok(Value::from(text.repeat(count)))
        }
        Value::List(items) => {
            budget.charge(items.len().saturating_mul(count))?;
            let all = std::iter::repeat_n(items, count).flat_map(|items| items.iter().cloned());
            Ok(Value::List(Arc::new(all.collect())))
        }
        _ => Err(Problem::Type(format!("{} cannot be repeated", value.kind()))),
    }
}

/// A bool counts as 0 or 1.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Bool(value) => Some((*value).into()),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "Python rounds large whole numbers in mixed arithmetic too")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        _ => integer(value).map(|number| number as f64),
    }
}

fn by_zero() -> Problem {
    Problem::Arithmetic("division by zero".to_owned())
}

fn integers(operator: Binary, a: i64, b: i64) -> Outcome {
    let result = match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        _ if b == 0 => return Err(by_zero()),
        // Python rounds towards minus infinity, and the remainder has the divisor's sign.
        _ => a.checked_div(b).zip(a.checked_rem(b)).map(|(quotient, rest)| {
            let below = rest != 0 && (rest < 0) != (b < 0);
            match (operator, below) {
                (Binary::Modulo, true) => rest + b,
                (Binary::Modulo, false) => rest,
                (_, true) => quotient - 1,
                (_, false) => quotient,
            }
        }),
    };
    result.map(Value::Int).ok_or_else(|| Problem::Arithmetic("the result is larger than 64 bits hold".to_owned()))
}

fn floats(operator: Binary, a: f64, b: f64) -> Outcome {
    let result = match operator {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        _ if b == 0.0 => return Err(by_zero()),
        Binary::Divide => a / b,
        Binary::FloorDivide => (a / b).floor(),
        Binary::Modulo => a - b * (a / b).floor(),
    };
    Ok(Value::Float(result))
}

/// `left compare right`.
pub(crate) fn compare(compare: Compare, left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Problem> {
    match compare {
        Compare::Equal => equal(left, right, budget),
        Compare::NotEqual => Ok(!equal(left, right, budget)?),
        Compare::In => contains(right, left, budget),
        Compare::NotIn => Ok(!contains(right, left, budget)?),
        Compare::Is => identical(left, right),
        Compare::IsNot => Ok(!identical(left, right)?),
        Compare::Less => Ok(order(left, right, budget)? == Some(Ordering::Less)),
        Compare::LessOrEqual => Ok(matches!(order(left, right, budget)?, Some(Ordering::Less | Ordering::Equal))),
        Compare::Greater => Ok(order(left, right, budget)? == Some(Ordering::Greater)),
        Compare::GreaterOrEqual => Ok(matches!(order(left, right, budget)?, Some(Ordering::Greater | Ordering::Equal))),
    }
}

/// `is` makes sense for `None`, `True` and `False`; for the rest it would compare addresses.
fn identical(left: &Value, right: &Value) -> Result<bool, Problem> {
    match (left, right) {
        (Value::None | Value::Bool(_), _) | (_, Value::None | Value::Bool(_)) => Ok(left == right),
        _ => Err(Problem::Unsupported("`is` with anything but None, True and False".to_owned())),
    }
}

/// `==`: numbers of any kind compare by value, other kinds are different.
pub(crate) fn equal(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Problem> {
    budget.charge(0)?;
    match (left, right) {
        (Value::Str(a), Value::Str(b)) => {
            budget.charge(a.len().min(b.len()) / 16)?;
            Ok(a == b)
        }
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            budget.enter()?;
            for (x, y) in a.iter().zip(b.iter()) {
                if !equal(x, y, budget)? {
                    budget.leave();
                    return Ok(false);
                }
            }
            budget.leave();
            Ok(true)
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            budget.enter()?;
            for (key, x) in a.iter() {
                let same = match b.get(key) {
                    Some(y) => equal(x, y, budget)?,
                    None => false,
                };
                if !same {
                    budget.leave();
                    return Ok(false);
                }
            }
            budget.leave();
            Ok(true)
        }
        (Value::None, Value::None) => Ok(true),
        _ => match (integer(left), integer(right)) {
            (Some(a), Some(b)) => Ok(a == b),
            _ => Ok(number(left).zip(number(right)).is_some_and(|(a, b)| a == b)),
        },
    }
}

fn contains(container: &Value, item: &Value, budget: &mut Budget) -> Result<bool, Problem> {
    match (container, item) {
        (Value::Str(text), Value::Str(part)) => {
            budget.charge(text.len())?;
            Ok(text.contains(&**part))
        }
        (Value::Map(map), Value::Str(key)) => Ok(map.get(key).is_some()),
        (Value::Map(_), _) => Ok(false),
        (Value::List(items), _) => {
            for other in items.iter() {
                if equal(other, item, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(Problem::Type(format!("{} cannot be in {}", item.kind(), container.kind()))),
    }
}

/// The order of two values; `None` if a float is not a number.
pub(crate) fn order(left: &Value, right: &Value, budget: &mut Budget) -> Result<Option<Ordering>, Problem> {
    budget.charge(0)?;
    match (left, right) {
        (Value::Str(a), Value::Str(b)) => {
            budget.charge(a.len().min(b.len()) / 16)?;
            Ok(Some(a.cmp(b)))
        }
        (Value::List(a), Value::List(b)) => {
            budget.enter()?;
            for (x, y) in a.iter().zip(b.iter()) {
                if !equal(x, y, budget)? {
                    let order = order(x, y, budget)?;
                    budget.leave();
                    return Ok(order);
                }
            }
            budget.leave();
            Ok(Some(a.len().cmp(&b.len())))
        }
        _ => match (integer(left), integer(right)) {
            (Some(a), Some(b)) => Ok(Some(a.cmp(&b))),
            _ => match (number(left), number(right)) {
                (Some(a), Some(b)) => Ok(a.partial_cmp(&b)),
                _ => Err(Problem::Type(format!("{} and {} have no order", left.kind(), right.kind()))),
            },
        },
    }
}

/// `'%s and %d' % (a, b)`, with flags `-` and `0`, a width, and names as in `%(name)s`.
fn percent(format: &str, arguments: &Value, budget: &mut Budget) -> Outcome {
    let mut positional = match arguments {
        Value::List(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    };
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        budget.charge(before.len())?;
        out.push_str(before);
        let (name, after) = match after.strip_prefix('(').and_then(|after| after.split_once(')')) {
            Some((name, after)) => (Some(name), after),
            None => (None, after),
        };
        let flags_end = after.find(|c: char| !matches!(c, '-' | '0')).unwrap_or(after.len());
        let (flags, after) = after.split_at_checked(flags_end).unwrap_or((after, ""));
        let width_end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (width, after) = after.split_at_checked(width_end).unwrap_or((after, ""));
        let width: usize = if width.is_empty() { 0 } else { width.parse().unwrap_or(usize::MAX) };
        let mut characters = after.chars();
        let Some(conversion) = characters.next() else {
            return Err(Problem::Type("`%` at the end of a format".to_owned()));
        };
        rest = characters.as_str();
        if conversion == '%' {
            out.push('%');
            continue;
        }
        let value = match (name, arguments) {
            (Some(name), Value::Map(map)) => map.get(name),
            (Some(_), _) => return Err(Problem::Type("`%(name)` needs a dictionary".to_owned())),
            (None, _) => positional.next(),
        };
        let value = value.ok_or_else(|| Problem::Type("a format has more places than values".to_owned()))?;
        let text = converted(conversion, value, budget)?;
        budget.charge(text.len().max(width))?;
        pad(&mut out, &text, flags, width, conversion != 's' && conversion != 'r');
    }
    budget.charge(rest.len())?;
    out.push_str(rest);
    if positional.next().is_some() && !matches!(arguments, Value::Map(_)) {
        return Err(Problem::Type("a format has fewer places than values".to_owned()));
    }
    Ok(Value::from(out))
}

fn converted(conversion: char, value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    let whole = || match value {
        #[expect(clippy::cast_possible_truncation, reason = "`%d` cuts a float to a whole number")]
        Value::Float(number) => Ok(number.trunc() as i64),
        _ => {
            integer(value).ok_or_else(|| Problem::Type(format!("`%{conversion}` needs a number, not {}", value.kind())))
        }
    };
    match conversion {
        's' => str_of(value, budget),
        'r' => repr_of(value, budget),
        'd' | 'i' => Ok(whole()?.to_string()),
        'x' | 'X' => {
            let number = whole()?;
            let sign = if number < 0 { "-" } else { "" };
            let digits = format!("{:x}", number.unsigned_abs());
            Ok(format!("{sign}{}", if conversion == 'X' { digits.to_uppercase() } else { digits }))
        }
        _ => Err(Problem::Unsupported(format!("the conversion `%{conversion}`"))),
    }
}

fn pad(out: &mut String, text: &str, flags: &str, width: usize, is_number: bool) {
    let missing = width.saturating_sub(text.chars().count());
    if flags.contains('-') {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if flags.contains('0') && is_number {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        out.push_str(sign);
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(digits);
    } else {
        out.extend(std::iter::repeat_n(' ', missing));
        out.push_str(text);
    }
}
