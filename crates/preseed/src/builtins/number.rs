//! Functions of numbers.

use crate::arguments::{Arguments, required, whole, whole_or};
use crate::budget::Budget;
use crate::expression::Binary;
use crate::operators::{binary, integer, number, too_large};
use crate::{Problem, Value};

pub(super) fn call(name: &str, arguments: Arguments, budget: &mut Budget) -> Result<Value, Problem> {
    match name {
        "int" => {
            let [value, base] = arguments.take(name, ["", "base"])?;
            value.map_or(Ok(Value::Int(0)), |value| int(&value, base))
        }
        "float" => {
            let [value] = arguments.take(name, [""])?;
            value.map_or(Ok(Value::Float(0.0)), |value| float(&value))
        }
        "divmod" => {
            let [a, b] = arguments.take(name, ["!", "!"])?;
            let (a, b) = (required(a), required(b));
            let quotient = binary(Binary::FloorDivide, &a, &b, budget)?;
            Ok(Value::tuple([quotient, binary(Binary::Modulo, &a, &b, budget)?]))
        }
        "pow" => {
            let [a, b] = arguments.take(name, ["!base", "!exp"])?;
            binary(Binary::Power, &required(a), &required(b), budget)
        }
        "round" => {
            let [value, digits] = arguments.take(name, ["!number", "ndigits"])?;
            let digits = digits.filter(|digits| !matches!(digits, Value::None));
            round(&required(value), digits.map(|digits| whole(&digits)).transpose()?)
        }
        _ => {
            let [value] = arguments.take(name, ["!"])?;
            one(name, &required(value))
        }
    }
}

fn one(name: &str, value: &Value) -> Result<Value, Problem> {
    let in_base = |prefix: &str, digits: String| {
        let sign = if integer(value).is_some_and(|number| number < 0) { "-" } else { "" };
        Value::from(format!("{sign}{prefix}{digits}"))
    };
    Ok(match (name, value) {
        ("abs", Value::Float(number)) => Value::Float(number.abs()),
        ("abs", _) => Value::Int(whole(value)?.checked_abs().ok_or_else(too_large)?),
        ("bin", _) => in_base("0b", format!("{:b}", whole(value)?.unsigned_abs())),
        ("oct", _) => in_base("0o", format!("{:o}", whole(value)?.unsigned_abs())),
        ("hex", _) => in_base("0x", format!("{:x}", whole(value)?.unsigned_abs())),
        ("chr", _) => {
            let character = u32::try_from(whole(value)?).ok().and_then(char::from_u32);
            let character = character.ok_or_else(|| Problem::Arithmetic("`chr`: no such character".to_owned()))?;
            Value::from(character.to_string())
        }
        (_, Value::Str(text)) => {
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(only), None) => Value::Int(u32::from(only).into()),
                _ => return Err(Problem::Type("`ord` takes one character".to_owned())),
            }
        }
        _ => return Err(Problem::Type(format!("`{name}` does not take {}", value.kind()))),
    })
}

fn int(value: &Value, base: Option<Value>) -> Result<Value, Problem> {
    match (value, base) {
        (Value::Str(text), base) => {
            let base = whole_or(base, 10)?;
            parse(text.trim_matches(crate::methods::is_space), base)
                .map(Value::Int)
                .ok_or_else(|| Problem::Type(format!("`int` cannot read {text:.40?}")))
        }
        (_, Some(_)) => Err(Problem::Type("`int` takes a base with a string only".to_owned())),
        (Value::Float(number), None) => truncated(*number),
        (_, None) => whole(value).map(Value::Int),
    }
}

/// A float without its fraction.
pub(crate) fn truncated(number: f64) -> Result<Value, Problem> {
    // Both ends are floats themselves: -2^63 fits, 2^63 does not.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) {
        return Ok(Value::Int(number.trunc() as i64));
    }
    if number.is_finite() {
        return Err(too_large());
    }
    Err(Problem::Arithmetic("there is no whole number for it".to_owned()))
}

fn parse(text: &str, base: i64) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.get(..2).map(str::to_lowercase);
    let prefixed = match lower.as_deref() {
        Some("0x") if matches!(base, 0 | 16) => Some(16),
        Some("0o") if matches!(base, 0 | 8) => Some(8),
        Some("0b") if matches!(base, 0 | 2) => Some(2),
        _ => None,
    };
    let (digits, base) = match prefixed {
        Some(base) => (digits.get(2..)?, base),
        None if base == 0 => (digits, 10),
        None => (digits, u32::try_from(base).ok().filter(|base| (2..=36).contains(base))?),
    };
    let digits = if prefixed.is_some() { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    let is_bad = |digits: &str| digits.starts_with(['_', '+', '-']) || digits.ends_with('_') || digits.contains("__");
    if is_bad(digits) {
        return None;
    }
    let ascii: Option<String> =
        digits.chars().filter(|c| *c != '_').map(|c| char::from_digit(c.to_digit(base)?, base)).collect();
    i64::from_str_radix(&format!("{sign}{}", ascii?), base).ok()
}

fn float(value: &Value) -> Result<Value, Problem> {
    let Value::Str(text) = value else {
        return number(value)
            .map(Value::Float)
            .ok_or_else(|| Problem::Type(format!("`float` does not take {}", value.kind())));
    };
    let trimmed = text.trim_matches(crate::methods::is_space);
    let is_plain = !trimmed.starts_with('_') && !trimmed.ends_with('_') && !trimmed.contains("__");
    let parsed = if is_plain { trimmed.replace('_', "").parse().ok() } else { None };
    parsed.map(Value::Float).ok_or_else(|| Problem::Type(format!("`float` cannot read {text:.40?}")))
}

/// Halves go to the even neighbour.
fn round(value: &Value, digits: Option<i64>) -> Result<Value, Problem> {
    match (value, digits) {
        (Value::Float(number), None) => truncated(number.round_ties_even()),
        (Value::Float(number), Some(digits)) => Ok(Value::Float(round_float(*number, digits))),
        (_, None | Some(0..)) => whole(value).map(Value::Int),
        (_, Some(digits)) => {
            let number = whole(value)?;
            let unit = u32::try_from(digits.unsigned_abs()).ok().and_then(|digits| 10_i128.checked_pow(digits));
            let Some(unit) = unit else { return Ok(Value::Int(0)) };
            let number = i128::from(number);
            let below = number.div_euclid(unit);
            let rest = number.rem_euclid(unit);
            let up = rest * 2 > unit || (rest * 2 == unit && below % 2 != 0);
            i64::try_from((below + i128::from(up)) * unit).map(Value::Int).map_err(|_| too_large())
        }
    }
}

fn round_float(number: f64, digits: i64) -> f64 {
    if !number.is_finite() || digits > 22 {
        return number;
    }
    match usize::try_from(digits) {
        // Decimal formatting is exact and rounds the exact value, halves to even.
        Ok(digits) => format!("{number:.digits$}").parse().unwrap_or(number),
        Err(_) => {
            let exponent = i32::try_from(digits).unwrap_or(i32::MIN).max(-309);
            let unit = 10_f64.powi(-exponent);
            if unit.is_finite() { (number / unit).round_ties_even() * unit } else { 0.0 * number }
        }
    }
}

/// For `%d` and its like: a whole number, or a float without its fraction.
pub(crate) fn cut(value: &Value) -> Result<Option<i64>, Problem> {
    match value {
        Value::Float(number) => truncated(*number).map(|value| integer(&value)),
        _ => Ok(integer(value)),
    }
}
