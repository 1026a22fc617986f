//! YAML 1.1 resolution of plain scalars, as PyYAML's safe loader does it.
//!
//! The differences from YAML 1.2 bite in practice: `no` is false, `0644` is 420, an unquoted MAC
//! address such as `52:54:00:12:34:00` is a number in base 60, `1e3` is text.

use crate::timestamp::{NoSuchDate, timestamp};
use crate::value::Value;

/// The value of a plain scalar without a tag.
pub(crate) fn resolve(text: &str) -> Result<Value, NoSuchDate> {
    let found = match text.as_bytes().first() {
        None => Some(Value::Null),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(text)?,
        Some(_) => None,
    };
    Ok(found.unwrap_or_else(|| Value::String(text.to_owned())))
}

/// The words for true, false and null.
fn word(text: &str) -> Option<Value> {
    match text {
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        _ => boolean(text).map(Value::Bool),
    }
}

/// The words for true and false.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Result<Option<Value>, NoSuchDate> {
    if let Some(value) = integer(text) {
        return Ok(Some(Value::Int(value)));
    }
    if let Some(value) = float(text) {
        return Ok(Some(Value::Float(value)));
    }
    timestamp(text).map(|found| found.map(Value::Timestamp)).transpose()
}

/// Binary, octal, decimal, hexadecimal and base 60, with underscores in between.
pub(crate) fn integer(text: &str) -> Option<i128> {
    let (negative, body) = split_sign(text);
    let value = unsigned(body)?;
    Some(if negative { -value } else { value })
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    }
}

fn unsigned(body: &str) -> Option<i128> {
    if let Some(digits) = body.strip_prefix("0b") {
        return radix(digits, 2);
    }
    if let Some(digits) = body.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if body == "0" {
        return Some(0);
    }
    if let Some(digits) = body.strip_prefix('0') {
        return radix(digits, 8);
    }
    if !body.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if body.contains(':') {
        return base60(body);
    }
    radix(body, 10)
}

/// Digits and underscores; at least one character, and at least one digit.
fn radix(digits: &str, base: u32) -> Option<i128> {
    let mut value: i128 = 0;
    let mut any = false;
    for c in digits.chars().filter(|c| *c != '_') {
        let digit = c.to_digit(base)?;
        value = value.checked_mul(i128::from(base))?.checked_add(i128::from(digit))?;
        any = true;
    }
    any.then_some(value)
}

/// `12:34:56`: the first group is any number, every later one is below 60.
fn base60(body: &str) -> Option<i128> {
    let mut groups = body.split(':');
    let mut value = radix(groups.next()?, 10)?;
    for group in groups {
        let digit = sixtieth(group)?;
        value = value.checked_mul(60)?.checked_add(digit)?;
    }
    Some(value)
}

fn sixtieth(group: &str) -> Option<i128> {
    let valid = matches!(group.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    valid.then(|| group.parse().ok()).flatten()
}

/// Decimal fractions, base 60 with a fraction, infinities and not-a-number.
///
/// An exponent needs a point before it and a sign in it (`1.0e+3`); `.5` takes no sign.
pub(crate) fn float(text: &str) -> Option<f64> {
    let (negative, body) = split_sign(text);
    let signed = body.len() != text.len();
    match body {
        ".inf" | ".Inf" | ".INF" => {
            return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        ".nan" | ".NaN" | ".NAN" if !signed => return Some(f64::NAN),
        _ => {}
    }
    let magnitude = if body.contains(':') { base60_float(body)? } else { decimal(body, signed)? };
    Some(if negative { -magnitude } else { magnitude })
}

fn decimal(body: &str, signed: bool) -> Option<f64> {
    let (whole, rest) = body.split_once('.')?;
    let (fraction, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)),
        None => (rest, None),
    };
    let grouped = |s: &str| s.chars().all(|c| c.is_ascii_digit() || c == '_');
    if whole.is_empty() {
        if signed || fraction.is_empty() || !grouped(fraction) {
            return None;
        }
    } else if !whole.starts_with(|c: char| c.is_ascii_digit()) || !grouped(whole) || !grouped(fraction) {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-'])?;
        if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
    }
    let clean: String = body.chars().filter(|c| *c != '_').collect();
    // Rust wants a digit on at least one side of the point; `._` has none.
    clean.parse().ok()
}

fn base60_float(body: &str) -> Option<f64> {
    let (groups, fraction) = body.split_once('.')?;
    if !fraction.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return None;
    }
    let (head, last) = groups.rsplit_once(':')?;
    let head = if head.contains(':') { base60(head)? } else { radix(head, 10)? };
    let digits: String = fraction.chars().filter(|c| *c != '_').collect();
    sixtieth(last)?;
    let last: f64 = format!("{last}.{digits}").parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "PyYAML computes in floats, too")]
    let head = head as f64;
    Some(head.mul_add(60.0, last))
}

/// What `!!float` takes: any number.
pub(crate) fn tagged_float(text: &str) -> Option<f64> {
    float(text).or_else(|| text.parse().ok())
}

/// Standard base64 with padding; white space is skipped.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bits: u32 = 0;
    let mut count = 0;
    let mut padding = 0;
    let mut bytes = Vec::new();
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace()) {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = (bits << 6) | u32::from(digit);
        count += 1;
        if count % 4 == 0 {
            bytes.extend(bits.to_be_bytes().into_iter().skip(1));
            bits = 0;
        }
    }
    match (count % 4, padding) {
        (0, 0) => {}
        (2, 2) => bytes.push(u8::try_from((bits >> 4) & 0xff).ok()?),
        (3, 1) => {
            bytes.push(u8::try_from((bits >> 10) & 0xff).ok()?);
            bytes.push(u8::try_from((bits >> 2) & 0xff).ok()?);
        }
        _ => return None,
    }
    Some(bytes)
}
