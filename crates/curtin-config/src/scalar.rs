//! YAML 1.1 resolution of plain scalars, as PyYAML's safe loader does it.
//!
//! The differences from YAML 1.2 bite in practice: `no` is false, `0644` is 420, an unquoted MAC
//! address such as `52:54:00:12:34:00` is a number in base 60, `1e3` is text.

use crate::big::Big;
use crate::digits;
use crate::timestamp::timestamp;
use crate::value::Value;

/// Why a plain scalar that looks like something else than text is nothing: PyYAML refuses the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoValue {
    /// A date such as 2026-02-30.
    Date,
    /// A number without digits: `0x_`.
    Number,
    /// An integer with more digits than Python writes.
    TooLong,
}

/// The value of a plain scalar without a tag, if it is not text.
pub(crate) fn resolve(text: &str) -> Result<Option<Value>, NoValue> {
    match text.as_bytes().first() {
        None => Ok(Some(Value::Null)),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => Ok(word(text)),
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(text),
        Some(_) => Ok(None),
    }
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

fn number(text: &str) -> Result<Option<Value>, NoValue> {
    let (negative, body) = split_sign(text);
    if let Some(value) = integer(negative, body)? {
        return Ok(Some(value));
    }
    if let Some(value) = float(text) {
        return Ok(Some(Value::Float(value)));
    }
    timestamp(text, false).map(|found| found.map(Value::Timestamp)).transpose().map_err(|_| NoValue::Date)
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Binary, octal, decimal, hexadecimal and base 60, with underscores in between.
fn integer(negative: bool, body: &str) -> Result<Option<Value>, NoValue> {
    let small = |value: i128| Value::Int(if negative { -value } else { value });
    let large = |big: Option<Big>| {
        let text = big.and_then(|big| big.text(negative)).ok_or(NoValue::TooLong)?;
        Ok(Some(Value::BigInt(text)))
    };
    let based = [("0b", 2), ("0x", 16), ("0", 8)].into_iter().find_map(|(prefix, base)| {
        let digits = body.strip_prefix(prefix).filter(|digits| !digits.is_empty())?;
        digits.chars().all(|c| c == '_' || c.is_digit(base)).then_some((digits, base))
    });
    if let Some((digits, base)) = based {
        // In `0_`, the zero counts.
        return match without_underscores(digits).as_str() {
            "" if base == 8 => Ok(Some(small(0))),
            "" => Err(NoValue::Number),
            digits => match i128::from_str_radix(digits, base) {
                Ok(value) => Ok(Some(small(value))),
                Err(_) => large(Big::from_digits(digits, base)),
            },
        };
    }
    if body == "0" {
        return Ok(Some(small(0)));
    }
    let mut groups = body.split(':');
    let first = groups.next().unwrap_or_default();
    if !first.starts_with(|c| matches!(c, '1'..='9')) || !first.chars().all(|c| c == '_' || c.is_ascii_digit()) {
        return Ok(None);
    }
    let Some(groups) = groups.map(sixtieth).collect::<Option<Vec<u8>>>() else { return Ok(None) };
    let first = without_underscores(first);
    let value = groups.iter().try_fold(first.parse::<i128>().ok(), |value, group| {
        Some(Some(value?.checked_mul(60)?.checked_add(i128::from(*group))?))
    });
    if let Some(value) = value.flatten() {
        return Ok(Some(small(value)));
    }
    let mut big = Big::from_digits(&first, 10).ok_or(NoValue::TooLong)?;
    for group in groups {
        big.push(60, u64::from(group)).ok_or(NoValue::TooLong)?;
    }
    large(Some(big))
}

fn without_underscores(text: &str) -> String {
    text.chars().filter(|c| *c != '_').collect()
}

/// A later group of a number in base 60.
fn sixtieth(group: &str) -> Option<u8> {
    let valid = matches!(group.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    valid.then(|| group.parse().ok()).flatten()
}

/// Decimal fractions, base 60 with a fraction, infinities and not-a-number.
///
/// An exponent needs a point before it and a sign in it (`1.0e+3`); `.5` takes no sign.
fn float(text: &str) -> Option<f64> {
    let (negative, body) = split_sign(text);
    let signed = body.len() != text.len();
    match body {
        ".inf" | ".Inf" | ".INF" => {
            return Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        ".nan" | ".NaN" | ".NAN" if !signed => return Some(f64::NAN),
        _ => {}
    }
    let grouped = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '_');
    let (whole, rest) = body.split_once('.')?;
    let mut groups = whole.split(':');
    let first = groups.next().unwrap_or_default();
    let is_base60 = whole.contains(':');
    let (fraction, exponent) = match rest.find(['e', 'E']).filter(|_| !is_base60) {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)),
        None => (rest, None),
    };
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let good = if whole.is_empty() { !signed && begins(fraction) } else { begins(first) && grouped(first) };
    if !good || !grouped(fraction) || groups.any(|group| sixtieth(group).is_none()) {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-'])?;
        if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
    }
    let magnitude = float_groups(&without_underscores(body))?;
    Some(if negative { -magnitude } else { magnitude })
}

/// Groups of base 60, or one number. The smallest is added first, as PyYAML does: that makes a difference in the last
/// digit.
fn float_groups(text: &str) -> Option<f64> {
    let mut sum = 0.0;
    let mut base = 1.0;
    for group in text.rsplit(':') {
        sum += python_float(group)? * base;
        base *= 60.0;
    }
    Some(sum)
}

/// What Python's `float` takes, after the underscores are gone.
fn python_float(text: &str) -> Option<f64> {
    digits::ascii(text.trim()).parse().ok()
}

/// What Python's `int` takes, after the underscores are gone: spaces around it, a sign, and the prefix of the base.
fn python_integer(text: &str, base: u32) -> Option<i128> {
    let text = digits::ascii(text.trim());
    let (negative, mut body) = split_sign(&text);
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    };
    if body.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
        body = body.get(prefix.len()..).unwrap_or_default();
    }
    if body.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(body, base).ok()?;
    Some(if negative { -value } else { value })
}

/// What `!!int` takes: more than what is an integer without it.
pub(crate) fn tagged_integer(text: &str) -> Option<Value> {
    small_tagged_integer(text).map(Value::Int).or_else(|| match resolve(text) {
        Ok(Some(Value::BigInt(digits))) => Some(Value::BigInt(digits)),
        _ => None,
    })
}

fn small_tagged_integer(text: &str) -> Option<i128> {
    let text = without_underscores(text);
    let (negative, body) = split_sign(&text);
    let value = if let Some(digits) = body.strip_prefix("0b") {
        python_integer(digits, 2)?
    } else if let Some(digits) = body.strip_prefix("0x") {
        python_integer(digits, 16)?
    } else if body.starts_with('0') {
        python_integer(body, 8)?
    } else {
        body.split(':')
            .try_fold(0_i128, |value, group| value.checked_mul(60)?.checked_add(python_integer(group, 10)?))?
    };
    if negative { value.checked_neg() } else { Some(value) }
}

/// What `!!float` takes: any number.
pub(crate) fn tagged_float(text: &str) -> Option<f64> {
    let text = without_underscores(text).to_lowercase();
    let (negative, body) = split_sign(&text);
    let magnitude = match body {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        body => float_groups(body)?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Base64 as Python decodes it: other characters are skipped, and nothing counts behind the padding.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut left, mut place, mut padding) = (0_u8, 0, 0);
    for c in text.bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if place >= 2 => {
                padding += 1;
                if place + padding >= 4 {
                    return Some(bytes);
                }
                continue;
            }
            _ => continue,
        };
        padding = 0;
        match place {
            0 => {}
            1 => bytes.push((left << 2) | (digit >> 4)),
            2 => bytes.push((left << 4) | (digit >> 2)),
            _ => bytes.push((left << 6) | digit),
        }
        left = digit;
        place = (place + 1) % 4;
    }
    (place == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{NoValue, base64, resolve, tagged_float, tagged_integer};
    use crate::value::Value;

    #[test]
    fn numbers_are_those_of_pyyaml() {
        let big = |digits: &str| Ok(Some(Value::BigInt(digits.to_owned())));
        let (nines, longer) = ("9".repeat(4300), "9".repeat(4301));
        for (text, value) in [
            ("0_", Ok(Some(Value::Int(0)))),
            ("0x_", Err(NoValue::Number)),
            ("-0b1_1", Ok(Some(Value::Int(-3)))),
            ("1_:30", Ok(Some(Value::Int(90)))),
            ("-1_70141183460469231731687303715884105728", big("-170141183460469231731687303715884105728")),
            ("0x100000000000000000000000000000000", big("340282366920938463463374607431768211456")),
            ("170141183460469231731687303715884105727:59", big("10208471007628153903901238222953046343679")),
            (nines.as_str(), big(&nines)),
            (longer.as_str(), Err(NoValue::TooLong)),
            ("08", Ok(None)),
            ("._5", Ok(None)),
            ("1:60", Ok(None)),
            ("190:20:30.15", Ok(Some(Value::Float(685_230.15)))),
            ("2026-02-30", Err(NoValue::Date)),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
    }

    #[test]
    fn tags_take_what_python_takes() {
        for (text, value) in [
            ("_1", Some(1)),
            ("0o17", Some(15)),
            ("+-5", Some(-5)),
            (" 7", Some(7)),
            ("1:75", Some(135)),
            ("+", None),
            ("08", None),
            ("--2835686391007820528861455061931401762:-8", None),
        ] {
            assert_eq!(tagged_integer(text), value.map(Value::Int), "{text}");
        }
        let big = "340282366920938463463374607431768211456";
        assert_eq!(tagged_integer(big), Some(Value::BigInt(big.to_owned())));
        assert_eq!(
            [tagged_float("1E3"), tagged_float("-.INF"), tagged_float("1:30"), tagged_float("")],
            [Some(1000.0), Some(f64::NEG_INFINITY), Some(90.0), None]
        );
    }

    #[test]
    fn base64_is_read_as_python_reads_it() {
        for (text, bytes) in [
            ("aGk=", Some(&b"hi"[..])),
            ("a G~k = x", Some(b"hi")),
            ("aGkh", Some(b"hi!")),
            ("=aGk=", Some(b"hi")),
            ("aGk", None),
            ("a", None),
            ("é", None),
        ] {
            assert_eq!(base64(text).as_deref(), bytes, "{text}");
        }
    }
}
