//! `py:` and the names that are assigned to.

use std::sync::Arc;

use super::{Node, Target};
use crate::expression::{self, Binary, Expression, Fault, Kind, is_keyword};

/// The nodes of a `py:` directive, whose text starts at offset `base`: one assignment, or several from the next line on.
/// A fault in one of them is a fault of all, where a rendering gets there.
pub(super) fn py(text: &str, base: usize) -> Result<Vec<Node>, Fault> {
    let body = text.trim_start_matches([' ', '\t']);
    let base = base + text.len() - body.len();
    if !body.starts_with(['\n', '\r']) && body.contains('\n') {
        return Err(Fault::syntax(base, "several lines of `py:` start on the line after it"));
    }
    Ok(statements(body, base)
        .unwrap_or_else(|fault| vec![Node::Evaluate(Expression { at: fault.0.at, kind: Kind::Fault(fault) })]))
}

fn statements(body: &str, base: usize) -> Result<Vec<Node>, Fault> {
    let mut nodes = Vec::new();
    for (line_at, line) in split(body, '\n') {
        let indent = line.len() - line.trim_start().len();
        let is_empty = line.trim().is_empty() || line.trim_start().starts_with('#');
        if indent > 0 && !is_empty && line_at > 0 && line.starts_with([' ', '\t']) {
            return Err(Fault::syntax(base + line_at + indent, "a line of `py:` does not start with blanks"));
        }
        for (at, statement) in split(line, ';') {
            let start = statement.trim_start();
            if start.is_empty() || start.starts_with('#') {
                continue;
            }
            nodes.push(self::statement(start, base + line_at + at + statement.len() - start.len())?);
        }
    }
    Ok(nodes)
}

fn statement(text: &str, base: usize) -> Result<Node, Fault> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let word = text.get(..end).unwrap_or_default();
    if is_keyword(word) && !matches!(word, "None" | "True" | "False" | "not" | "lambda") {
        return Err(Fault::unsupported(
            base,
            format!("`py:` takes `name = expression`: the Python statement `{word}`"),
        ));
    }
    let mut parts = split(text, '=');
    // The parameters of a `lambda` have an `=` of their own.
    let is_value = |(_, part): &(usize, &str)| part.split(|c: char| !c.is_alphanumeric()).any(|word| word == "lambda");
    let last = parts.iter().position(is_value).unwrap_or(parts.len().saturating_sub(1));
    let value_at = parts.get(last).map_or(0, |(at, _)| *at);
    let value = text.get(value_at..).unwrap_or_default();
    parts.truncate(last);
    let start = value.trim_start();
    let value = expression::parse(start, base + value_at + value.len() - start.len());
    if let Kind::Fault(fault) = value.kind {
        return Err(fault);
    }
    if parts.is_empty() {
        return Ok(Node::Evaluate(value));
    }
    if let [(_, only)] = parts.as_slice()
        && let Some((name, operator)) = augmented(only)
    {
        let name = self::name(name, base)?;
        let old = Expression { at: base, kind: Kind::Name(Arc::clone(&name)) };
        let kind = Kind::Binary(operator, Box::new(old), Box::new(value));
        let target = Target { names: vec![name], unpacks: false, rest: None };
        return Ok(Node::Assign(vec![target], Expression { at: base, kind }));
    }
    let targets = parts.into_iter().map(|(at, part)| target(part, base + at)).collect::<Result<Vec<_>, _>>()?;
    Ok(Node::Assign(targets, value))
}

/// `x +` of an `x += 1`.
fn augmented(text: &str) -> Option<(&str, Binary)> {
    const OPERATORS: [(&str, Binary); 12] = [
        ("**", Binary::Power),
        ("//", Binary::FloorDivide),
        ("<<", Binary::ShiftLeft),
        (">>", Binary::ShiftRight),
        ("+", Binary::Add),
        ("-", Binary::Subtract),
        ("*", Binary::Multiply),
        ("/", Binary::Divide),
        ("%", Binary::Modulo),
        ("&", Binary::And),
        ("|", Binary::Or),
        ("^", Binary::Xor),
    ];
    OPERATORS.into_iter().find_map(|(sign, operator)| Some((text.strip_suffix(sign)?.trim_end(), operator)))
}

/// `a`, or `a, b` with or without brackets.
fn target(text: &str, at: usize) -> Result<Target, Fault> {
    let text = text.trim();
    let inner = |open, close| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    let bracketed = inner('[', ']').map(|text| (text, true)).or_else(|| inner('(', ')').map(|text| (text, false)));
    let (text, is_list) = bracketed.unwrap_or((text, false));
    let unpacks = is_list || text.contains(',');
    let names = text.strip_suffix(',').unwrap_or(text).split(',').map(str::trim);
    let parts: Vec<&str> = names.filter(|_| !text.is_empty()).collect();
    let rest = parts.iter().position(|part| part.starts_with('*'));
    let stars = parts.iter().filter(|part| part.starts_with('*')).count();
    if stars > 1 || (stars == 1 && !unpacks) {
        return Err(Fault::syntax(at, "one of several names may have a `*`"));
    }
    let plain = parts.into_iter().map(|part| part.strip_prefix('*').unwrap_or(part).trim_start());
    let names = plain.map(|part| name(part, at)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() {
        return Err(Fault::syntax(at, "`=` without a name before it"));
    }
    Ok(Target { names, unpacks, rest })
}

/// A name that can be assigned to.
pub(super) fn name(text: &str, at: usize) -> Result<Arc<str>, Fault> {
    if is_name(text) {
        return Ok(text.into());
    }
    if text.contains(['[', '.', '(']) {
        return Err(Fault::unsupported(at, "a template cannot change a value: assigning to a part of one"));
    }
    Err(Fault::syntax(at, format!("{text:.40?} is no name to assign to")))
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !is_keyword(text)
}

/// The parts of a text between separators that stand outside of brackets, strings and comments, with their offsets. An
/// `=` that belongs to `==`, `!=`, `<=`, `>=` or `:=` separates nothing.
pub(super) fn split(text: &str, separator: char) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut at, mut depth) = (0, 0, 0_usize);
    let mut quote: Option<&str> = None;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        let mut len = first.len_utf8();
        match quote {
            Some(open) if rest.starts_with(open) => {
                len = open.len();
                quote = None;
            }
            Some(_) if first == '\\' => len += rest.chars().nth(1).map_or(0, char::len_utf8),
            Some(open) if first == '\n' && open.len() == 1 => quote = None,
            Some(_) => {}
            None => match first {
                '\'' | '"' => {
                    let open = ["'''", "\"\"\"", "'", "\""].into_iter().find(|open| rest.starts_with(open));
                    len = open.map_or(len, str::len);
                    quote = open;
                }
                '#' => len = rest.find('\n').unwrap_or(rest.len()),
                '\\' if rest.starts_with("\\\n") => len = 2,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                '=' if separator == '=' && rest.starts_with("==") => len = 2,
                '!' | '<' | '>' | ':'
                    if separator == '=' && rest.get(1..).is_some_and(|rest| rest.starts_with('=')) =>
                {
                    // `<<=` and `>>=` assign.
                    let doubled =
                        matches!(first, '<' | '>') && text.get(..at).is_some_and(|text| text.ends_with(first));
                    len = if doubled { 1 } else { 2 };
                }
                _ if first == separator && depth == 0 => {
                    parts.push((start, text.get(start..at).unwrap_or_default()));
                    start = at + len;
                }
                _ => {}
            },
        }
        at += len;
    }
    parts.push((start, text.get(start..).unwrap_or_default()));
    parts
}
