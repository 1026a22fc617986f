//! Methods that cut a text.

use crate::Value;

use super::is_space;

/// `text.split()` at runs of whitespace, at most `times` times.
pub(super) fn at_spaces(text: &str, times: i64) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let is_last = i64::try_from(parts.len()).is_ok_and(|parts| times >= 0 && parts >= times);
        match rest.find(is_space).filter(|_| !is_last).and_then(|at| rest.split_at_checked(at)) {
            Some((part, after)) => {
                parts.push(Value::from(part));
                rest = after.trim_start_matches(is_space);
            }
            None => {
                parts.push(Value::from(rest.trim_end_matches(|c| !is_last && is_space(c))));
                break;
            }
        }
    }
    parts
}

/// `text.rsplit()` at runs of whitespace: the cuts are counted from the end.
pub(super) fn at_spaces_from_end(text: &str, times: i64) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = text.trim_end_matches(is_space);
    while !rest.is_empty() {
        let is_last = i64::try_from(parts.len()).is_ok_and(|parts| times >= 0 && parts >= times);
        let cut = rest.char_indices().rev().find(|(_, character)| is_space(*character)).filter(|_| !is_last);
        match cut {
            Some((at, space)) => {
                parts.push(Value::from(rest.get(at + space.len_utf8()..).unwrap_or_default()));
                rest = rest.get(..at).unwrap_or_default().trim_end_matches(is_space);
            }
            None => {
                parts.push(Value::from(rest));
                break;
            }
        }
    }
    parts.reverse();
    parts
}

/// `text.split(separator)`, at most `times` times.
pub(super) fn at(text: &str, separator: &str, times: i64) -> Vec<Value> {
    match usize::try_from(times) {
        Ok(times) => text.splitn(times.saturating_add(1), separator).map(Value::from).collect(),
        Err(_) => text.split(separator).map(Value::from).collect(),
    }
}

/// `text.rsplit(separator)`: the cuts are counted from the end.
pub(super) fn at_from_end(text: &str, separator: &str, times: i64) -> Vec<Value> {
    let mut parts: Vec<Value> = match usize::try_from(times) {
        Ok(times) => text.rsplitn(times.saturating_add(1), separator).map(Value::from).collect(),
        Err(_) => text.rsplit(separator).map(Value::from).collect(),
    };
    parts.reverse();
    parts
}

/// `text.splitlines()`: more than line feeds end a line.
pub(super) fn lines(text: &str, keep_ends: bool) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_end = |c: char| {
            matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
        };
        let Some(at) = rest.find(is_end) else {
            lines.push(Value::from(rest));
            break;
        };
        let tail = rest.get(at..).unwrap_or_default();
        let end = if tail.starts_with("\r\n") { 2 } else { tail.chars().next().map_or(0, char::len_utf8) };
        let shown = if keep_ends { at + end } else { at };
        lines.push(Value::from(rest.get(..shown).unwrap_or_default()));
        rest = rest.get(at + end..).unwrap_or_default();
    }
    lines
}
