//! Sizes as curtin writes them: `512M`, `1.5G`, powers of 1024, no `MiB`.

use crate::digits;
use crate::value::{Node, Value};

/// Why a text is not a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseSizeError {
    /// Neither a number nor a number with one of `B`, `K`, `M`, `G`, `T`.
    #[error("size is not a number with an optional unit of B, K, M, G or T")]
    NotASize,
    /// Not a whole number of bytes, such as `0.1K`.
    #[error("size is not a whole number of bytes")]
    Fraction,
    /// Below zero.
    #[error("size is negative")]
    Negative,
    /// Larger than any disk.
    #[error("size is too large")]
    TooLarge,
}

/// Reads a size with an optional unit, as curtin's `human2bytes` does.
///
/// # Errors
///
/// When the text is not a size, is negative, or is not a whole number of bytes.
///
/// ```
/// use firstlight_curtin_config::{ParseSizeError, parse_size};
///
/// assert_eq!(parse_size("1.5G"), Ok(1_610_612_736));
/// assert_eq!(parse_size("1MiB"), Err(ParseSizeError::NotASize));
/// ```
pub fn parse_size(text: &str) -> Result<u64, ParseSizeError> {
    let mut body = text;
    // One trailing B is decoration, except that `BB` after a unit is one too many.
    if let Some(rest) = body.strip_suffix('B') {
        body = rest;
    }
    let (number, factor) = [('B', 1_u64), ('K', 1 << 10), ('M', 1 << 20), ('G', 1 << 30), ('T', 1 << 40)]
        .into_iter()
        .find_map(|(unit, factor)| body.strip_suffix(unit).map(|rest| (rest, factor)))
        .unwrap_or((body, 1));
    let number = python_float(number.trim()).ok_or(ParseSizeError::NotASize)?;
    if !number.is_finite() {
        return Err(ParseSizeError::NotASize);
    }
    if number < 0.0 {
        return Err(ParseSizeError::Negative);
    }
    #[expect(clippy::cast_precision_loss, reason = "the factors are powers of two")]
    let bytes = number * factor as f64;
    if bytes.fract() != 0.0 {
        return Err(ParseSizeError::Fraction);
    }
    if bytes >= 9_223_372_036_854_775_808.0 {
        return Err(ParseSizeError::TooLarge);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not negative and below 2^63: checked above"
    )]
    let bytes = bytes as u64;
    Ok(bytes)
}

/// What Python's `float()` takes: decimal with exponent, single underscores between digits.
fn python_float(text: &str) -> Option<f64> {
    let text = digits::ascii(text);
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'_' {
            let before = at.checked_sub(1).and_then(|i| bytes.get(i));
            let after = bytes.get(at + 1);
            let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
            if !digit(before) || !digit(after) {
                return None;
            }
        }
    }
    let clean: String = text.chars().filter(|c| *c != '_').collect();
    clean.parse().ok()
}

/// A size in a configuration: a number of bytes or text with a unit.
pub(crate) fn from_node(node: &Node) -> Result<u64, ParseSizeError> {
    match &node.value {
        Value::String(text) => parse_size(text),
        Value::BigInt(digits) if digits.starts_with('-') => Err(ParseSizeError::Negative),
        Value::BigInt(_) => Err(ParseSizeError::TooLarge),
        Value::Int(number) if *number < 0 => Err(ParseSizeError::Negative),
        Value::Int(number) => u64::try_from(*number).map_err(|_| ParseSizeError::TooLarge),
        Value::Float(number) => parse_size(&crate::value::float_text(*number)),
        _ => Err(ParseSizeError::NotASize),
    }
}

/// A size for people: the largest unit that keeps it short.
pub(crate) fn human(bytes: u64) -> String {
    for (unit, shift) in [("TiB", 40_u32), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        let one = 1_u64 << shift;
        if bytes >= one {
            let tenths = (u128::from(bytes) * 10) >> shift;
            return if tenths % 10 == 0 {
                format!("{} {unit}", tenths / 10)
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::{from_node, human};
    use crate::value::{Node, Value};

    #[test]
    fn sizes_are_those_of_curtin() {
        let vectors: Json =
            serde_json::from_str(include_str!("../../../testdata/curtin/curtin_size_vectors.json")).unwrap();
        let cases = vectors["human2bytes"].as_array().unwrap();
        let mut different = Vec::new();
        for case in cases {
            let node = match &case["input"] {
                Json::String(text) => Node::from(text.as_str()),
                Json::Number(number) if number.is_f64() => Node::detached(Value::Float(number.as_f64().unwrap())),
                Json::Number(number) => Node::from(number.as_i64().unwrap()),
                Json::Bool(value) => Node::from(*value),
                _ => Node::detached(Value::Null),
            };
            let wanted = case.get("result").map(|result| match result {
                Json::Number(number) if number.is_f64() => number.to_string().trim_end_matches(".0").to_owned(),
                result => result.to_string(),
            });
            let found = from_node(&node).ok().map(|bytes| bytes.to_string());
            if found != wanted {
                different.push(format!("{} {}", case["input_type"].as_str().unwrap(), case["input"]));
            }
        }
        // curtin lets these through as they are; a plan has no use for them.
        let odd =
            ["int -5", "float -1.0", "int {\"__bigint__\":\"1180591620717411303424\"}", "bool true", "bool false"];
        assert_eq!(different, odd);
    }

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1 << 20, "1 MiB"), (1_610_612_736, "1.5 GiB"), (u64::MAX, "16777215.9 TiB")]
        {
            assert_eq!(human(bytes), text);
        }
    }
}
