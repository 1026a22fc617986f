//! `'{0} {name.field[key]!r:>8}'.format(…)`.

use crate::arguments::Arguments;
use crate::budget::Budget;
use crate::evaluate::{attribute, converted, element};
use crate::{Problem, Value};

use super::{Spec, spec};

/// `text.format(arguments)`.
pub(crate) fn format(text: &str, arguments: &Arguments, budget: &mut Budget) -> Result<String, Problem> {
    let mut fields = Fields { arguments, next: 0, manual: false };
    fields.expand(text, 2, budget)
}

struct Fields<'a> {
    arguments: &'a Arguments,
    /// The next argument for a `{}`.
    next: usize,
    manual: bool,
}

fn problem(text: impl Into<String>) -> Problem {
    Problem::Type(text.into())
}

impl Fields<'_> {
    fn expand(&mut self, text: &str, depth: u32, budget: &mut Budget) -> Result<String, Problem> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
            budget.charge(before.len())?;
            out.push_str(before);
            if after.starts_with("{{") || after.starts_with("}}") {
                out.push_str(after.get(..1).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
            let Some(inner) = after.strip_prefix('{') else {
                return Err(problem("`}` without `{` in a format"));
            };
            let end = end(inner).ok_or_else(|| problem("`{` without `}` in a format"))?;
            out.push_str(&self.field(inner.get(..end).unwrap_or_default(), depth, budget)?);
            rest = inner.get(end + 1..).unwrap_or_default();
        }
        budget.charge(rest.len())?;
        out.push_str(rest);
        Ok(out)
    }

    /// `name!conversion:format`.
    fn field(&mut self, field: &str, depth: u32, budget: &mut Budget) -> Result<String, Problem> {
        if depth == 0 {
            return Err(problem("a format in a format in a format"));
        }
        let end = name_end(field);
        let (name, rest) = field.split_at_checked(end).unwrap_or((field, ""));
        let mut value = self.value(name, budget)?;
        let mut wanted = rest;
        if let Some(conversion) = rest.strip_prefix('!') {
            let letter = conversion.chars().next().filter(|letter| matches!(letter, 'r' | 's' | 'a'));
            let letter = letter.ok_or_else(|| problem("a conversion is one of `!r`, `!s` and `!a`"))?;
            value = Value::from(converted(letter, &value, budget)?);
            wanted = conversion.get(1..).unwrap_or_default();
        }
        let wanted = match wanted.strip_prefix(':') {
            Some(wanted) => self.expand(wanted, depth - 1, budget)?,
            None if wanted.is_empty() => String::new(),
            None => return Err(problem("a conversion is followed by `:` or `}`")),
        };
        spec(&value, &Spec::parse(&wanted)?, budget)
    }

    fn value(&mut self, name: &str, budget: &mut Budget) -> Result<Value, Problem> {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (first, mut rest) = name.split_at_checked(end).unwrap_or((name, ""));
        let mut value = self.argument(first)?;
        while !rest.is_empty() {
            budget.charge(0)?;
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                value = attribute(&value, &after.get(..end).unwrap_or_default().into())?;
                rest = after.get(end..).unwrap_or_default();
            } else {
                let inner =
                    rest.strip_prefix('[').ok_or_else(|| problem("only `.` and `[` follow a `]` in a format"))?;
                let (key, after) = inner.split_once(']').ok_or_else(|| problem("`[` without `]` in a format"))?;
                let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
                let key = key.parse().ok().filter(|_| is_number).map_or_else(|| Value::from(key), Value::Int);
                value = element(&value, &key, budget)?;
                rest = after;
            }
        }
        Ok(value)
    }

    fn argument(&mut self, name: &str) -> Result<Value, Problem> {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            let found = self.arguments.named.iter().find(|(found, _)| &**found == name);
            return found.map(|(_, value)| value.clone()).ok_or_else(|| Problem::Missing {
                of: "a format's arguments",
                name: name.to_owned(),
                suggestion: crate::error::nearest(name, self.arguments.named.iter().map(|(name, _)| &**name)),
            });
        }
        let is_manual = !name.is_empty();
        if (is_manual && self.next > 0) || (!is_manual && self.manual) {
            return Err(problem("a format has places with and without numbers"));
        }
        let at = if is_manual { name.parse().unwrap_or(usize::MAX) } else { self.next };
        self.manual = is_manual;
        self.next += usize::from(!is_manual);
        let value = self.arguments.positional.get(at).cloned();
        value.ok_or_else(|| problem("a format has more places than values"))
    }
}

/// Where a field ends, or its format: at the `}` that closes no `{` of its own.
pub(crate) fn end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where a field's name ends: at `!` or `:` outside of `[…]`.
fn name_end(text: &str) -> usize {
    let mut inside = false;
    for (at, character) in text.char_indices() {
        match character {
            '[' => inside = true,
            ']' => inside = false,
            '!' | ':' if !inside => return at,
            _ => {}
        }
    }
    text.len()
}
