//! Decimal digits of every script: Python's `int`, `float` and `\d` take them all.

use std::borrow::Cow;

/// Each script's zero (category Nd of Unicode 14, which Python 3.11 has); the other nine follow it.
const ZEROS: &[char] = &[
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{ff10}',
    '\u{104a0}',
    '\u{10d30}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11950}',
    '\u{11c50}',
    '\u{11d50}',
    '\u{11da0}',
    '\u{16a60}',
    '\u{16ac0}',
    '\u{16b50}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
    '\u{1e140}',
    '\u{1e2f0}',
    '\u{1e950}',
    '\u{1fbf0}',
];

/// The digit's value.
pub(crate) fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let zero = ZEROS.get(ZEROS.partition_point(|zero| *zero <= c).checked_sub(1)?)?;
    Some(u32::from(c) - u32::from(*zero)).filter(|value| *value < 10)
}

/// The text with the digits 0 to 9 in place of others.
pub(crate) fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| digit(c).and_then(|value| char::from_digit(value, 10)).unwrap_or(c)).collect())
}

/// What Python's `int(text, radix)` takes: spaces around, a sign, a prefix, single underscores between digits. What has
/// no room is as large as can be.
pub(crate) fn python_int(text: &str, radix: u32) -> Option<i128> {
    let text = ascii(text.trim()).to_ascii_lowercase();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let prefix = match radix {
        16 => "0x",
        8 => "0o",
        _ => "\0",
    };
    let digits = match unsigned.strip_prefix(prefix) {
        Some(rest) => rest.strip_prefix('_').unwrap_or(rest),
        None => unsigned,
    };
    let mut value = 0_i128;
    for group in digits.split('_') {
        if group.is_empty() {
            return None;
        }
        for digit in group.chars() {
            let digit = i128::from(digit.to_digit(radix)?);
            value = value.saturating_mul(i128::from(radix)).saturating_add(digit);
        }
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::{ascii, digit, python_int};

    #[test]
    fn integers_are_those_of_python() {
        for (text, radix, wanted) in [
            (" +1_0\n", 10, Some(10)),
            ("-0o17", 8, Some(-15)),
            ("0x_fF", 16, Some(255)),
            ("\u{663}", 10, Some(3)),
            ("0x1", 10, None),
            ("1__0", 10, None),
            ("_1", 10, None),
            ("", 10, None),
            ("9", 8, None),
            ("- 1", 10, None),
        ] {
            assert_eq!(python_int(text, radix), wanted, "{text:?}");
        }
        assert_eq!(python_int(&"9".repeat(100), 10), Some(i128::MAX));
    }

    #[test]
    fn digits_of_other_scripts_count() {
        assert_eq!(ascii("\u{663}.\u{ff15}G\u{1d7d8}\u{b2}"), "3.5G0\u{b2}");
        assert_eq!(
            [digit('7'), digit('\u{6f0}'), digit('\u{1fbf9}'), digit('a'), digit('\u{66a}')],
            [Some(7), Some(0), Some(9), None, None]
        );
        assert!(super::ZEROS.is_sorted());
    }
}
