//! Numbers in a format.

use crate::budget::Budget;
use crate::operators::{integer, number};
use crate::text::float;
use crate::{Problem, Value};

use super::Spec;

/// An int, bool or float in a format that says something.
pub(super) fn format(value: &Value, spec: &Spec, budget: &mut Budget) -> Result<String, Problem> {
    let wrong = |problem: &str| Err(Problem::Type(problem.to_owned()));
    if spec.kind == Some('n') && spec.grouping.is_some() {
        return wrong("`n` takes no groups");
    }
    let is_float =
        matches!(value, Value::Float(_)) || matches!(spec.kind, Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%'));
    let (negative, body) = if is_float {
        if matches!(spec.kind, Some('b' | 'c' | 'd' | 'o' | 's' | 'x' | 'X')) {
            return wrong("a float takes no such format");
        }
        let text =
            float_text(number(value).unwrap_or_default(), spec.kind.unwrap_or('\0'), spec.precision, spec.alternate);
        let body = text.strip_prefix('-').unwrap_or(&text);
        let is_zero = || body.starts_with('0') && !body.contains(|c: char| ('1'..='9').contains(&c));
        let negative = text.starts_with('-') && !(spec.positive_zero && is_zero());
        (negative, body.to_owned())
    } else {
        if spec.precision.is_some() || spec.positive_zero {
            return wrong("a whole number takes no precision and no `z`");
        }
        let number = integer(value).unwrap_or_default();
        let size = number.unsigned_abs();
        let (prefix, digits) = match spec.kind {
            Some('b') => ("0b", format!("{size:b}")),
            Some('o') => ("0o", format!("{size:o}")),
            Some('x') => ("0x", format!("{size:x}")),
            Some('X') => ("0X", format!("{size:X}")),
            Some('c') => {
                let character = u32::try_from(number).ok().and_then(char::from_u32);
                let Some(character) =
                    character.filter(|_| spec.sign.is_none() && !spec.alternate && spec.grouping.is_none())
                else {
                    return wrong("there is no such character");
                };
                let default = if spec.zero { '=' } else { '>' };
                return spec.padded("", &character.to_string(), default, budget);
            }
            Some('s') => return wrong("a whole number takes no such format"),
            _ => ("", size.to_string()),
        };
        if spec.grouping == Some(',') && !prefix.is_empty() {
            return wrong("`,` groups decimal digits only");
        }
        let sign = self::sign(number < 0, spec).to_owned() + if spec.alternate { prefix } else { "" };
        let size = if prefix.is_empty() { 3 } else { 4 };
        return grouped(&sign, &digits, "", size, spec, budget);
    };
    let end = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
    let (whole, rest) = body.split_at_checked(end).unwrap_or((&body, ""));
    grouped(sign(negative, spec), whole, rest, 3, spec, budget)
}

const fn sign(negative: bool, spec: &Spec) -> &'static str {
    match (negative, spec.sign) {
        (true, _) => "-",
        (_, Some('+')) => "+",
        (_, Some(' ')) => " ",
        _ => "",
    }
}

/// Digits in groups, filled with zeros in front where the format says so.
fn grouped(
    sign: &str,
    digits: &str,
    rest: &str,
    size: usize,
    spec: &Spec,
    budget: &mut Budget,
) -> Result<String, Problem> {
    let default = if spec.zero { '=' } else { '>' };
    let Some(separator) = spec.grouping.filter(|_| !digits.is_empty()) else {
        return spec.padded(sign, &format!("{digits}{rest}"), default, budget);
    };
    let mut count = digits.len();
    let fill = spec.fill.or(spec.zero.then_some('0'));
    let fills_with_zeros = fill == Some('0') && spec.align.unwrap_or(default) == '=';
    if fills_with_zeros {
        let width = spec.width.saturating_sub(sign.len() + rest.len());
        count = count.max(width - width / (size + 1));
        while count > digits.len() && (count - 1) + (count - 2) / size >= width {
            count -= 1;
        }
        while count + (count - 1) / size < width {
            count += 1;
        }
    }
    budget.charge(count)?;
    let mut out = String::new();
    let zeros = std::iter::repeat_n('0', count - digits.len());
    for (at, digit) in zeros.chain(digits.chars()).enumerate() {
        if at > 0 && (count - at).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(digit);
    }
    spec.padded(sign, &(out + rest), default, budget)
}

/// A float as `e`, `f`, `g` or `%`, or as it is shown where `kind` is none of these, with a `-` if it is negative.
pub(crate) fn float_text(number: f64, kind: char, precision: Option<usize>, alternate: bool) -> String {
    if !number.is_finite() {
        let text = float(number) + if kind == '%' { "%" } else { "" };
        return if kind.is_ascii_uppercase() { text.to_uppercase() } else { text };
    }
    let digits = precision.unwrap_or(6);
    let text = match kind {
        'f' | 'F' => fixed(number, digits, alternate),
        'e' | 'E' => exponent(number, digits, alternate),
        '%' => fixed(number * 100.0, digits, alternate) + "%",
        'g' | 'G' => general(number, digits, alternate, false),
        'n' => general(number, digits, alternate, false),
        _ => match precision {
            Some(digits) => general(number, digits, alternate, true),
            None => shown(number, alternate),
        },
    };
    if kind.is_ascii_uppercase() { text.to_uppercase() } else { text }
}

/// As `str` shows it; `alternate` keeps the point before an exponent.
fn shown(number: f64, alternate: bool) -> String {
    let text = float(number);
    if alternate && !text.contains('.') { text.replacen('e', ".e", 1) } else { text }
}

/// No float has more digits that are not 0, and formatting takes no more than 65,535.
const MAX_DIGITS: usize = 1100;

fn fixed(number: f64, digits: usize, point: bool) -> String {
    let shown = digits.min(MAX_DIGITS);
    let text = format!("{number:.shown$}") + &"0".repeat(digits - shown);
    if point && digits == 0 { text + "." } else { text }
}

/// `1.5e-07`: the exponent has a sign and two digits.
fn exponent(number: f64, digits: usize, point: bool) -> String {
    let shown = digits.min(MAX_DIGITS);
    let text = format!("{number:.shown$e}");
    let zeros = "0".repeat(digits - shown);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}{zeros}{}e{sign}{exponent:0>2}", if point && digits == 0 { "." } else { "" })
}

/// `g`: fixed or with an exponent, whichever is shorter, without zeros at the end. `shown` is the form of `str`, which
/// always has a digit after the point.
fn general(number: f64, digits: usize, alternate: bool, shown: bool) -> String {
    let digits = digits.max(1);
    let rounded = format!("{number:.*e}", (digits - 1).min(MAX_DIGITS));
    let power: i64 = rounded.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let limit = i64::try_from(digits).unwrap_or(i64::MAX) - i64::from(shown);
    let is_fixed = (-4..limit).contains(&power);
    let text = if is_fixed {
        let after = i64::try_from(digits).unwrap_or(i64::MAX) - 1 - power;
        fixed(number, usize::try_from(after).unwrap_or(0), alternate)
    } else {
        exponent(number, digits - 1, alternate)
    };
    if alternate {
        return text;
    }
    let (mantissa, tail) = text.find('e').and_then(|at| text.split_at_checked(at)).unwrap_or((&text, ""));
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    if shown && is_fixed && !mantissa.contains('.') {
        return format!("{mantissa}.0");
    }
    format!("{mantissa}{tail}")
}
