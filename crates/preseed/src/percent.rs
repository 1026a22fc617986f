//! `'%s and %d' % (a, b)`: formats with a percent sign.

use crate::arguments::whole;
use crate::budget::Budget;
use crate::evaluate::converted;
use crate::format::float_text;
use crate::object::Made;
use crate::operators::{integer, number};
use crate::{Map, Problem, Value, builtins};

/// `format % arguments`.
pub(crate) fn percent(format: &str, arguments: &Value, budget: &mut Budget) -> Result<String, Problem> {
    let single = std::slice::from_ref(arguments);
    let (positional, map) = match arguments {
        Value::Tuple(items) => (items.iter(), None),
        Value::Map(map) => (single.iter(), Some(&**map)),
        _ => (single.iter(), None),
    };
    let mut given = Given { positional, map };
    let mut out = String::new();
    let mut rest = format;
    let mut used_name = false;
    while let Some((before, after)) = rest.split_once('%') {
        budget.charge(before.len())?;
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (name, after) = name(after)?;
        let (place, after) = place(after, &mut given)?;
        rest = after;
        used_name |= name.is_some();
        let value = given.value(name)?.clone();
        let text = place.text(&value, budget)?;
        budget.charge(text.len().max(place.width))?;
        place.pad(&mut out, &text);
    }
    budget.charge(rest.len())?;
    out.push_str(rest);
    // Python forgives what is left over where the values could have been taken by name or index.
    let forgiven = used_name || matches!(arguments, Value::Map(_) | Value::List(_)) || is_range(arguments);
    if given.positional.next().is_some() && !forgiven {
        return Err(Problem::Type("a format has fewer places than values".to_owned()));
    }
    Ok(out)
}

fn is_range(value: &Value) -> bool {
    matches!(value, Value::Object(object) if matches!(object.made(), Made::Range(_)))
}

struct Given<'a> {
    positional: std::slice::Iter<'a, Value>,
    map: Option<&'a Map>,
}

impl<'a> Given<'a> {
    fn value(&mut self, name: Option<&str>) -> Result<&'a Value, Problem> {
        let Some(name) = name else {
            return self
                .positional
                .next()
                .ok_or_else(|| Problem::Type("a format has more places than values".to_owned()));
        };
        // What is taken by name leaves nothing to take in order.
        self.positional = [].iter();
        let map = self.map.ok_or_else(|| Problem::Type("`%(name)` needs a dictionary".to_owned()))?;
        map.get(name).ok_or_else(|| Problem::Missing {
            of: "a dictionary",
            name: name.to_owned(),
            suggestion: crate::error::nearest(name, map.keys()),
        })
    }

    /// A number for a `*`.
    fn number(&mut self) -> Result<i64, Problem> {
        whole(self.value(None)?)
    }
}

/// `(name)`, which may have brackets of its own.
fn name(text: &str) -> Result<(Option<&str>, &str), Problem> {
    let Some(inner) = text.strip_prefix('(') else { return Ok((None, text)) };
    let mut depth = 1_usize;
    for (at, character) in inner.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok((inner.get(..at), inner.get(at + 1..).unwrap_or_default()));
        }
    }
    Err(Problem::Type("`%(` without `)` in a format".to_owned()))
}

/// What follows a `%`.
#[derive(Default)]
struct Place {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

fn place<'a>(text: &'a str, given: &mut Given<'_>) -> Result<(Place, &'a str), Problem> {
    let mut place = Place::default();
    let mut rest = text;
    while let Some(flag) = rest.chars().next().filter(|flag| "-+ #0".contains(*flag)) {
        match flag {
            '-' => place.left = true,
            '+' => place.plus = true,
            ' ' => place.space = true,
            '#' => place.alternate = true,
            _ => place.zero = true,
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    if let Some(after) = rest.strip_prefix('*') {
        let width = given.number()?;
        place.left |= width < 0;
        place.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
        rest = after;
    } else {
        (place.width, rest) = count(rest);
    }
    if let Some(after) = rest.strip_prefix('.') {
        if let Some(after) = after.strip_prefix('*') {
            place.precision = Some(usize::try_from(given.number()?).unwrap_or(0));
            rest = after;
        } else {
            let (precision, after) = count(after);
            place.precision = Some(precision);
            rest = after;
        }
    }
    rest = rest.strip_prefix(['h', 'l', 'L']).unwrap_or(rest);
    let mut characters = rest.chars();
    place.conversion = characters.next().ok_or_else(|| Problem::Type("a format ends within a `%` place".to_owned()))?;
    Ok((place, characters.as_str()))
}

fn count(text: &str) -> (usize, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (if digits.is_empty() { 0 } else { digits.parse().unwrap_or(usize::MAX) }, rest)
}

impl Place {
    fn is_number(&self) -> bool {
        !matches!(self.conversion, 's' | 'r' | 'a' | 'c')
    }

    /// The value's text, with its sign and without its padding.
    fn text(&self, value: &Value, budget: &mut Budget) -> Result<String, Problem> {
        let needs = |what: &str| Problem::Type(format!("`%{}` needs {what}, not {}", self.conversion, value.kind()));
        let text = match self.conversion {
            's' | 'r' | 'a' => {
                let text = converted(self.conversion, value, budget)?;
                return Ok(self.precision.map_or_else(|| text.clone(), |len| text.chars().take(len).collect()));
            }
            'c' => {
                return match value {
                    Value::Str(text) if text.chars().count() == 1 => Ok(text.to_string()),
                    _ => integer(value)
                        .and_then(|code| char::from_u32(u32::try_from(code).ok()?))
                        .map(String::from)
                        .ok_or_else(|| needs("a character")),
                };
            }
            'd' | 'i' | 'u' => {
                let number = builtins::cut(value)?.ok_or_else(|| needs("a number"))?;
                self.digits(number, "", &number.unsigned_abs().to_string(), budget)?
            }
            'x' | 'X' | 'o' => {
                let number = integer(value).ok_or_else(|| needs("a whole number"))?;
                let size = number.unsigned_abs();
                let (prefix, digits) =
                    if self.conversion == 'o' { ("0o", format!("{size:o}")) } else { ("0x", format!("{size:x}")) };
                let text = self.digits(number, if self.alternate { prefix } else { "" }, &digits, budget)?;
                if self.conversion == 'X' { text.to_uppercase() } else { text }
            }
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let number = number(value).ok_or_else(|| needs("a number"))?;
                let precision = self.precision.unwrap_or(6);
                budget.charge(precision)?;
                float_text(number, self.conversion, Some(precision), self.alternate)
            }
            other => return Err(Problem::Type(format!("`%{other}` is no conversion"))),
        };
        let sign = if text.starts_with('-') {
            ""
        } else if self.plus {
            "+"
        } else if self.space {
            " "
        } else {
            ""
        };
        Ok(format!("{sign}{text}"))
    }

    fn digits(&self, number: i64, prefix: &str, digits: &str, budget: &mut Budget) -> Result<String, Problem> {
        let missing = self.precision.unwrap_or(0).saturating_sub(digits.len());
        budget.charge(missing)?;
        Ok(format!("{}{prefix}{}{digits}", if number < 0 { "-" } else { "" }, "0".repeat(missing)))
    }

    fn pad(&self, out: &mut String, text: &str) {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.left {
            out.push_str(text);
            out.extend(std::iter::repeat_n(' ', missing));
        } else if self.zero && self.is_number() {
            let digits = text.trim_start_matches(['-', '+', ' ']);
            let digits = if self.alternate {
                digits.trim_start_matches("0x").trim_start_matches("0X").trim_start_matches("0o")
            } else {
                digits
            };
            out.push_str(text.strip_suffix(digits).unwrap_or_default());
            out.extend(std::iter::repeat_n('0', missing));
            out.push_str(digits);
        } else {
            out.extend(std::iter::repeat_n(' ', missing));
            out.push_str(text);
        }
    }
}
