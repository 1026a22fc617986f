//! From an expression's text to tokens.

use super::Fault;
use super::literal::{self, Quoted};
use crate::Problem;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    Float(f64),
    Str(String),
    /// An `f'…'`: what is between the quotes, where that starts, and whether backslashes stay.
    Format(String, usize, bool),
    /// An operator or bracket; the longest that fits.
    Sign(&'static str),
    End,
}

/// Longer signs come first.
const SIGNS: [&str; 33] = [
    "==", "!=", "<=", ">=", "//", "**", "<<", ">>", ":=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{",
    "}", ".", ",", ":", "|", "=", "~", "&", "^", "@", "!", ";",
];

/// The tokens of `text`, each with its offset in the template, in which `text` starts at `base`.
///
/// An expression is one line, unless a bracket is open: that is Python's rule, and `#` starts a comment. A carriage
/// return ends a line too.
pub(super) fn tokens(text: &str, base: usize) -> Result<Vec<(usize, Token)>, Fault> {
    let mut tokens: Vec<(usize, Token)> = Vec::new();
    let mut at = 0;
    let mut brackets = 0_usize;
    let mut line = Line::First;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        if matches!(first, '\n' | '\r') && brackets == 0 {
            line = if tokens.is_empty() { Line::Start } else { Line::Ended };
        }
        let skipped = skipped(rest);
        if skipped > 0 {
            at += skipped;
            continue;
        }
        if line == Line::Ended {
            return Err(Fault::syntax(base + at, "an expression ends with its line unless a bracket is open"));
        }
        if line == Line::Start && tokens.is_empty() && text.get(..at).is_some_and(|text| text.ends_with([' ', '\t'])) {
            return Err(Fault::syntax(base + at, "an expression on a line of its own starts without blanks"));
        }
        let (token, len) = token(rest, first, base + at).map_err(|problem| Fault::new(base + at, problem))?;
        match token {
            Token::Sign("(" | "[" | "{") => brackets += 1,
            Token::Sign(")" | "]" | "}") => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        tokens.push((base + at, token));
        at += len;
    }
    let end = base + text.trim_end().len();
    let last = text.trim_end_matches([' ', '\t']);
    if line == Line::Ended && last.len() < text.len() && last.ends_with(['\n', '\r']) {
        return Err(Fault::syntax(
            end,
            "the line after an expression has blanks; `}}` stands at its start, as in MAAS",
        ));
    }
    if last.len() == text.len() && ["\\\n", "\\\r", "\\\r\n"].iter().any(|ending| text.ends_with(ending)) {
        return Err(Fault::syntax(end, "an expression does not end in a backslash"));
    }
    tokens.push((end, Token::End));
    Ok(tokens)
}

#[derive(PartialEq)]
enum Line {
    First,
    /// Nothing stood on the lines before.
    Start,
    /// The expression's line has ended.
    Ended,
}

/// The length of a blank, a comment, or a line feed behind a backslash.
fn skipped(rest: &str) -> usize {
    match rest.as_bytes() {
        [b' ' | b'\t' | b'\x0c' | b'\n' | b'\r', ..] => 1,
        [b'#', ..] => rest.find(['\n', '\r']).unwrap_or(rest.len()),
        [b'\\', b'\r', b'\n', ..] => 3,
        [b'\\', b'\n' | b'\r', ..] => 2,
        _ => 0,
    }
}

fn token(rest: &str, first: char, at: usize) -> Result<(Token, usize), Problem> {
    if first.is_alphabetic() || first == '_' {
        return name_or_prefixed(rest, at);
    }
    let is_fraction = first == '.' && rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if first.is_ascii_digit() || is_fraction {
        return literal::number(rest);
    }
    if matches!(first, '\'' | '"') {
        let Quoted { text, len, .. } = literal::quoted(rest)?;
        return Ok((Token::Str(literal::unescaped(&literal::with_line_feeds(text))?), len));
    }
    let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
    sign.map(|sign| (Token::Sign(sign), sign.len()))
        .ok_or_else(|| Problem::Syntax(format!("unexpected character {first:?} in an expression")))
}

fn name_or_prefixed(rest: &str, at: usize) -> Result<(Token, usize), Problem> {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if !tail.starts_with(['\'', '"']) {
        return Ok((Token::Name(name.to_owned()), end));
    }
    let Quoted { text, len, quotes } = literal::quoted(tail)?;
    let text = literal::with_line_feeds(text);
    let token = match name.to_lowercase().as_str() {
        "u" => Token::Str(literal::unescaped(&text)?),
        "r" => Token::Str(text.into_owned()),
        "f" => Token::Format(text.into_owned(), at + end + quotes, false),
        "fr" | "rf" => Token::Format(text.into_owned(), at + end + quotes, true),
        _ => return Err(Problem::Unsupported(format!("the string prefix `{name}`"))),
    };
    Ok((token, end + len))
}
