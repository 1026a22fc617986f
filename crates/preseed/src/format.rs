//! `'{name:>8}'.format(…)`, `format(value, spec)` and what follows a colon in an `f'…'`.

pub(crate) mod fields;
mod number;

pub(crate) use fields::format;
pub(crate) use number::float_text;

use crate::budget::Budget;
use crate::text::str_of;
use crate::{Problem, Value};

/// A format: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    /// `z`: a zero has no minus.
    positive_zero: bool,
    pub(crate) alternate: bool,
    zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

impl Spec {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut spec = Self::default();
        let is_align = |c: &char| matches!(c, '<' | '>' | '=' | '^');
        let mut rest = text.chars();
        let mut ahead = text.chars();
        match (ahead.next(), ahead.next().filter(is_align)) {
            (fill @ Some(_), align @ Some(_)) => {
                (spec.fill, spec.align) = (fill, align);
                rest = ahead;
            }
            (first, _) => {
                spec.align = first.filter(is_align);
                if spec.align.is_some() {
                    rest.next();
                }
            }
        }
        let mut take = |set: &str| {
            let found = rest.as_str().chars().next().filter(|c| set.contains(*c));
            if found.is_some() {
                rest.next();
            }
            found
        };
        spec.sign = take("+- ");
        spec.positive_zero = take("z").is_some();
        spec.alternate = take("#").is_some();
        spec.zero = take("0").is_some();
        let digits = |take: &mut dyn FnMut(&str) -> Option<char>| {
            let mut digits = String::new();
            while let Some(digit) = take("0123456789") {
                digits.push(digit);
            }
            if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(usize::MAX)) }
        };
        spec.width = digits(&mut take).unwrap_or(0);
        spec.grouping = take(",_");
        if take(".").is_some() {
            let precision = digits(&mut take);
            spec.precision =
                Some(precision.ok_or_else(|| Problem::Type("a format has no precision after `.`".to_owned()))?);
        }
        spec.kind = take("bcdeEfFgGnosxX%");
        if !rest.as_str().is_empty() {
            return Err(Problem::Type(format!("{text:.40?} is no format")));
        }
        Ok(spec)
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The text with its padding. A sign stays in front of zeros.
    fn padded(&self, sign: &str, text: &str, default: char, budget: &mut Budget) -> Result<String, Problem> {
        let fill = self.fill.unwrap_or(if self.zero { '0' } else { ' ' });
        let missing = self.width.saturating_sub(sign.chars().count() + text.chars().count());
        budget.charge(missing.saturating_mul(fill.len_utf8()))?;
        let fill = |count: usize| String::from(fill).repeat(count);
        Ok(match self.align.unwrap_or(default) {
            '<' => format!("{sign}{text}{}", fill(missing)),
            '^' => format!("{}{sign}{text}{}", fill(missing / 2), fill(missing - missing / 2)),
            '=' => format!("{sign}{}{text}", fill(missing)),
            _ => format!("{}{sign}{text}", fill(missing)),
        })
    }
}

/// `format(value, spec)`.
pub(crate) fn spec(value: &Value, spec: &Spec, budget: &mut Budget) -> Result<String, Problem> {
    if spec.is_empty() {
        return str_of(value, budget);
    }
    budget.charge(spec.width.max(spec.precision.unwrap_or(0)))?;
    match value {
        Value::Str(text) => self::text(text, spec, budget),
        Value::Int(_) | Value::Bool(_) | Value::Float(_) => number::format(value, spec, budget),
        _ => Err(Problem::Type(format!("{} takes no format", value.kind()))),
    }
}

fn text(text: &str, spec: &Spec, budget: &mut Budget) -> Result<String, Problem> {
    let wrong = spec.sign.is_some()
        || spec.positive_zero
        || spec.alternate
        || spec.grouping.is_some()
        || spec.align == Some('=');
    if wrong || !matches!(spec.kind, None | Some('s')) {
        return Err(Problem::Type("a string takes no such format".to_owned()));
    }
    let text: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
    spec.padded("", &text, '<', budget)
}
