//! From an expression's text to tokens.

use super::Fault;
use crate::Problem;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    Float(f64),
    Str(String),
    /// An operator or bracket; the longest that fits.
    Sign(&'static str),
    End,
}

/// Two-letter signs come first.
const SIGNS: [&str; 25] = [
    "==", "!=", "<=", ">=", "//", "**", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}", ".", ",", ":",
    "|", "=", "~",
];

/// The tokens of `text`, each with its offset in the template, in which `text` starts at `base`.
pub(super) fn tokens(text: &str, base: usize) -> Result<Vec<(usize, Token)>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, len) = token(rest, first).map_err(|problem| Fault { at: base + at, problem })?;
        tokens.push((base + at, token));
        at += len;
    }
    tokens.push((base + text.trim_end().len(), Token::End));
    Ok(tokens)
}

fn token(rest: &str, first: char) -> Result<(Token, usize), Problem> {
    if first.is_alphabetic() || first == '_' {
        return name_or_prefixed(rest);
    }
    if first.is_ascii_digit() {
        return number(rest);
    }
    if matches!(first, '\'' | '"') {
        return string(rest, first, false);
    }
    let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
    sign.map(|sign| (Token::Sign(sign), sign.len()))
        .ok_or_else(|| Problem::Syntax(format!("unexpected character {first:?} in an expression")))
}

fn name_or_prefixed(rest: &str) -> Result<(Token, usize), Problem> {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let quote = tail.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
    if let Some(quote) = quote {
        let raw = match name {
            "u" | "U" => false,
            "r" | "R" => true,
            _ => return Err(Problem::Unsupported(format!("the string prefix `{name}`"))),
        };
        let (token, len) = string(tail, quote, raw)?;
        return Ok((token, end + len));
    }
    Ok((Token::Name(name.to_owned()), end))
}

fn number(rest: &str) -> Result<(Token, usize), Problem> {
    let digits = |from: usize| {
        let tail = rest.get(from..).unwrap_or_default();
        from + tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len())
    };
    let whole = digits(0);
    let has_fraction = rest.get(whole..).is_some_and(|tail| tail.starts_with('.'));
    let end = if has_fraction { digits(whole + 1) } else { whole };
    let text = rest.get(..end).unwrap_or_default();
    if rest.get(end..).is_some_and(|tail| tail.starts_with(|c: char| c.is_alphabetic() || c == '_')) {
        return Err(Problem::Syntax(format!("{text} is followed by a letter")));
    }
    if has_fraction {
        let number = text.parse().map_err(|_| Problem::Syntax(format!("{text} is no number")))?;
        return Ok((Token::Float(number), end));
    }
    if text.len() > 1 && text.starts_with('0') && text.bytes().any(|digit| digit != b'0') {
        return Err(Problem::Syntax(format!("{text}: a number does not start with 0")));
    }
    let number = text.parse().map_err(|_| Problem::Arithmetic(format!("{text} is larger than 64 bits hold")))?;
    Ok((Token::Int(number), end))
}

fn string(rest: &str, quote: char, raw: bool) -> Result<(Token, usize), Problem> {
    let mut out = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => return Ok((Token::Str(out), at + quote.len_utf8())),
            '\n' => break,
            '\\' => {
                let Some((_, escaped)) = characters.next() else { break };
                if raw {
                    out.extend(['\\', escaped]);
                } else {
                    unescape(escaped, &mut characters, &mut out)?;
                }
            }
            _ => out.push(character),
        }
    }
    Err(Problem::Syntax("a string does not end".to_owned()))
}

fn unescape(escaped: char, rest: &mut impl Iterator<Item = (usize, char)>, out: &mut String) -> Result<(), Problem> {
    let digits = match escaped {
        '\n' => return Ok(()),
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '0' => '\0',
        '\\' | '\'' | '"' => escaped,
        'x' | 'u' | 'U' => {
            let digits = match escaped {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let mut code = 0_u32;
            for _ in 0..digits {
                let digit = rest.next().and_then(|(_, digit)| digit.to_digit(16));
                let digit = digit.ok_or_else(|| Problem::Syntax(format!("\\{escaped} needs {digits} digits")))?;
                code = code.wrapping_shl(4) | digit;
            }
            char::from_u32(code).ok_or_else(|| Problem::Syntax(format!("\\{escaped}: no such character")))?
        }
        // Python leaves an escape that it does not know as it is.
        _ => {
            out.push('\\');
            escaped
        }
    };
    out.push(digits);
    Ok(())
}
