//! Arithmetic and comparison.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::budget::Budget;
use crate::expression::{Binary, Compare, Unary};
use crate::object::{Made, Object, View};
use crate::percent::percent;
use crate::{Problem, Value, builtins};

type Outcome = Result<Value, Problem>;

/// `left operator right`.
pub(crate) fn binary(operator: Binary, left: &Value, right: &Value, budget: &mut Budget) -> Outcome {
    match (operator, left, right) {
        (Binary::Add, Value::Str(a), Value::Str(b)) => {
            budget.charge(a.len() + b.len())?;
            Ok(Value::from(format!("{a}{b}")))
        }
        (Binary::Add, Value::List(a), Value::List(b)) => joined(a, b, budget).map(Value::List),
        (Binary::Add, Value::Tuple(a), Value::Tuple(b)) => joined(a, b, budget).map(Value::Tuple),
        (Binary::Multiply, Value::Str(_) | Value::List(_) | Value::Tuple(_), _) if integer(right).is_some() => {
            repeat(left, integer(right).unwrap_or_default(), budget)
        }
        (Binary::Multiply, _, Value::Str(_) | Value::List(_) | Value::Tuple(_)) if integer(left).is_some() => {
            repeat(right, integer(left).unwrap_or_default(), budget)
        }
        (Binary::Modulo, Value::Str(format), _) => percent(format, right, budget).map(Value::from),
        (Binary::Or, Value::Map(a), Value::Map(b)) => {
            budget.charge(a.len() + b.len())?;
            let mut all = (**a).clone();
            b.pairs().try_for_each(|(key, value)| all.put(key, value.clone(), budget))?;
            Ok(Value::from(all))
        }
        (Binary::And | Binary::Or | Binary::Xor, Value::Bool(a), Value::Bool(b)) => Ok(Value::Bool(match operator {
            Binary::And => a & b,
            Binary::Or => a | b,
            _ => a ^ b,
        })),
        (Binary::And | Binary::Or | Binary::Xor | Binary::Subtract, Value::Object(_), _)
        | (Binary::And | Binary::Or | Binary::Xor | Binary::Subtract, _, Value::Object(_)) => {
            sets(operator, left, right, budget)
        }
        _ => match (integer(left), integer(right)) {
            (Some(a), Some(b)) if operator != Binary::Divide => integers(operator, a, b),
            _ => match (number(left), number(right)) {
                (Some(a), Some(b)) => floats(operator, a, b),
                _ => Err(not_together(left, right)),
            },
        },
    }
}

fn not_together(left: &Value, right: &Value) -> Problem {
    Problem::Type(format!("{} and {} do not go together here", left.kind(), right.kind()))
}

/// A sign before a value.
pub(crate) fn unary(sign: Unary, value: &Value) -> Outcome {
    match (sign, value, integer(value)) {
        (Unary::Not, _, _) => Ok(Value::Bool(!value.is_true())),
        (Unary::Minus, _, Some(number)) => number.checked_neg().map(Value::Int).ok_or_else(too_large),
        (Unary::Plus, _, Some(number)) => Ok(Value::Int(number)),
        (Unary::Invert, _, Some(number)) => Ok(Value::Int(!number)),
        (Unary::Minus, Value::Float(number), _) => Ok(Value::Float(-number)),
        (Unary::Plus, Value::Float(_), _) => Ok(value.clone()),
        _ => Err(Problem::Type(format!("{} takes no sign", value.kind()))),
    }
}

fn joined(a: &[Value], b: &[Value], budget: &mut Budget) -> Result<Arc<Vec<Value>>, Problem> {
    budget.charge(a.len() + b.len())?;
    Ok(Arc::new(a.iter().chain(b).cloned().collect()))
}

fn repeat(value: &Value, count: i64, budget: &mut Budget) -> Outcome {
    let count = usize::try_from(count).unwrap_or(0);
    let mut repeated = |items: &[Value]| {
        budget.charge(items.len().saturating_mul(count))?;
        Ok(Arc::new(std::iter::repeat_n(items, count).flatten().cloned().collect()))
    };
    match value {
        Value::Str(text) => {
            budget.charge(text.len().saturating_mul(count))?;
            Ok(Value::from(text.repeat(count)))
        }
        Value::List(items) => repeated(items).map(Value::List),
        Value::Tuple(items) => repeated(items).map(Value::Tuple),
        _ => Err(Problem::Type(format!("{} cannot be repeated", value.kind()))),
    }
}

/// The operators of sets. The views of dictionaries have them too, and take anything that can be gone through.
fn sets(operator: Binary, left: &Value, right: &Value, budget: &mut Budget) -> Outcome {
    let is_view = |value: &Value| matches!(value, Value::Object(object) if matches!(object.made(), Made::View(View::Keys | View::Items, _)));
    let is_set = |value: &Value| matches!(value, Value::Object(object) if matches!(object.made(), Made::Set(_)));
    let fits = is_view(left) || is_view(right) || (is_set(left) && is_set(right));
    if !fits {
        return Err(not_together(left, right));
    }
    let (a, b) = (builtins::items(left, budget)?, builtins::items(right, budget)?);
    let mut result = Vec::new();
    for item in &a {
        let both = holds(&b, item, budget)?;
        let kept = match operator {
            Binary::And => both,
            Binary::Or => true,
            _ => !both,
        };
        result.extend(kept.then(|| item.clone()));
    }
    if matches!(operator, Binary::Or | Binary::Xor) {
        for item in &b {
            if !holds(&a, item, budget)? {
                result.push(item.clone());
            }
        }
    }
    builtins::set(result, budget)
}

fn holds(items: &[Value], wanted: &Value, budget: &mut Budget) -> Result<bool, Problem> {
    for item in items {
        if equal(item, wanted, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A bool counts as 0 or 1.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Bool(value) => Some((*value).into()),
        _ => None,
    }
}

pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        _ => integer(value).map(to_float),
    }
}

#[expect(clippy::cast_precision_loss, reason = "Python rounds large whole numbers in mixed arithmetic too")]
fn to_float(number: i64) -> f64 {
    number as f64
}

fn by_zero() -> Problem {
    Problem::Arithmetic("division by zero".to_owned())
}

pub(crate) fn too_large() -> Problem {
    Problem::Arithmetic("the result is larger than 64 bits hold".to_owned())
}

fn integers(operator: Binary, a: i64, b: i64) -> Outcome {
    let result = match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        Binary::And => Some(a & b),
        Binary::Or => Some(a | b),
        Binary::Xor => Some(a ^ b),
        Binary::Power if b < 0 => return floats(operator, to_float(a), to_float(b)),
        Binary::Power => match a {
            0 | 1 => Some(if b == 0 { 1 } else { a }),
            -1 => Some(if b % 2 == 0 { 1 } else { -1 }),
            _ => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        },
        Binary::ShiftLeft | Binary::ShiftRight if b < 0 => {
            return Err(Problem::Arithmetic("a shift by less than 0".to_owned()));
        }
        Binary::ShiftLeft if a == 0 => Some(0),
        Binary::ShiftLeft => u32::try_from(b).ok().and_then(|b| 2_i64.checked_pow(b)).and_then(|b| a.checked_mul(b)),
        Binary::ShiftRight => Some(a >> b.min(63)),
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
    result.map(Value::Int).ok_or_else(too_large)
}

fn floats(operator: Binary, a: f64, b: f64) -> Outcome {
    let result = match operator {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Power if a == 0.0 && b < 0.0 => return Err(by_zero()),
        Binary::Power if a < 0.0 && b.is_finite() && b.fract() != 0.0 => {
            return Err(Problem::Unsupported("a complex number".to_owned()));
        }
        Binary::Power => a.powf(b),
        Binary::Divide | Binary::FloorDivide | Binary::Modulo if b == 0.0 => return Err(by_zero()),
        Binary::Divide => a / b,
        Binary::FloorDivide => floor_divide(a, b).0,
        Binary::Modulo => floor_divide(a, b).1,
        _ => return Err(Problem::Type("a float has no bits to work on".to_owned())),
    };
    if operator == Binary::Power && result.is_infinite() && a.is_finite() && b.is_finite() {
        return Err(Problem::Arithmetic("the result is too large for a float".to_owned()));
    }
    Ok(Value::Float(result))
}

/// The quotient rounded towards minus infinity, and a remainder with the divisor's sign.
fn floor_divide(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(b);
    } else if (rest < 0.0) != (b < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0.0_f64.copysign(a / b), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

/// `left compare right`.
pub(crate) fn compare(compare: Compare, left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Problem> {
    match compare {
        Compare::Equal => equal(left, right, budget),
        Compare::NotEqual => Ok(!equal(left, right, budget)?),
        Compare::In => contains(right, left, budget),
        Compare::NotIn => Ok(!contains(right, left, budget)?),
        Compare::Is => identical(left, right, budget),
        Compare::IsNot => Ok(!identical(left, right, budget)?),
        Compare::Less => Ok(order(left, right, budget)? == Some(Ordering::Less)),
        Compare::LessOrEqual => Ok(matches!(order(left, right, budget)?, Some(Ordering::Less | Ordering::Equal))),
        Compare::Greater => Ok(order(left, right, budget)? == Some(Ordering::Greater)),
        Compare::GreaterOrEqual => Ok(matches!(order(left, right, budget)?, Some(Ordering::Greater | Ordering::Equal))),
    }
}

/// `is`: the same value, not an equal one. Python has one of each small number and of each text of at most one
/// character; whether equal texts and large numbers are the same one is chance there, so it is refused.
fn identical(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Problem> {
    let is_same_kind = std::mem::discriminant(left) == std::mem::discriminant(right);
    Ok(match (left, right) {
        _ if !is_same_kind => false,
        (Value::None, _) => true,
        (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
        (Value::Map(a), Value::Map(b)) => Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => a.is_same(b),
        _ if !equal(left, right, budget)? => false,
        (Value::Str(a), Value::Str(b)) if a.chars().nth(1).is_none() || Arc::ptr_eq(a, b) => true,
        (Value::Tuple(a), Value::Tuple(b)) if a.is_empty() || Arc::ptr_eq(a, b) => true,
        (Value::Bool(_) | Value::Int(-5..=256), _) => true,
        _ => {
            return Err(Problem::Unsupported(format!(
                "`is` between two equal values, here {}; `==` compares them",
                left.kind()
            )));
        }
    })
}

/// `==`: numbers of any kind compare by value, other kinds are different.
pub(crate) fn equal(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Problem> {
    budget.charge(0)?;
    match (left, right) {
        (Value::Str(a), Value::Str(b)) => {
            budget.charge(a.len().min(b.len()) / 16)?;
            Ok(a == b)
        }
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            Ok(a.len() == b.len() && all_equal(a.iter().zip(b.iter()), budget)?)
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            let mut pairs = Vec::with_capacity(a.len());
            for (key, x) in a.pairs() {
                let Some(y) = b.find(key, budget)? else { return Ok(false) };
                pairs.push((x, y));
            }
            all_equal(pairs.into_iter(), budget)
        }
        (Value::Object(a), Value::Object(b)) => objects_equal(left, a, right, b, budget),
        (Value::None, Value::None) => Ok(true),
        _ => match (integer(left), integer(right)) {
            (Some(a), Some(b)) => Ok(a == b),
            _ => Ok(number(left).zip(number(right)).is_some_and(|(a, b)| a == b)),
        },
    }
}

fn all_equal<'a>(
    mut pairs: impl Iterator<Item = (&'a Value, &'a Value)>,
    budget: &mut Budget,
) -> Result<bool, Problem> {
    budget.enter()?;
    let all = pairs.try_fold(true, |all, (x, y)| Ok(all && equal(x, y, budget)?))?;
    budget.leave();
    Ok(all)
}

fn objects_equal(left: &Value, a: &Object, right: &Value, b: &Object, budget: &mut Budget) -> Result<bool, Problem> {
    let is_set = |made: &Made| matches!(made, Made::Set(_) | Made::View(View::Keys | View::Items, _));
    let (same_order, comparable) = match (a.made(), b.made()) {
        (Made::Range(_), Made::Range(_)) => (true, true),
        (x, y) => (false, is_set(x) && is_set(y)),
    };
    if !comparable || a.len() != b.len() {
        return Ok(a.is_same(b));
    }
    let (a, b) = (builtins::items(left, budget)?, builtins::items(right, budget)?);
    if same_order {
        return all_equal(a.iter().zip(&b), budget);
    }
    for item in &a {
        if !holds(&b, item, budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn contains(container: &Value, item: &Value, budget: &mut Budget) -> Result<bool, Problem> {
    if let Some(items) = builtins::iterator(container) {
        while let Some(other) = items.next() {
            if equal(&other, item, budget)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match (container, item) {
        (Value::Str(text), Value::Str(part)) => {
            budget.charge(text.len())?;
            Ok(text.contains(&**part))
        }
        (Value::Map(map), _) => {
            builtins::check_hashable(item)?;
            Ok(map.find(item, budget)?.is_some())
        }
        (Value::List(_) | Value::Tuple(_) | Value::Object(_), _) => {
            holds(&builtins::items(container, budget)?, item, budget)
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
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
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
