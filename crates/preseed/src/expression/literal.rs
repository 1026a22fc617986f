//! Numbers and strings as Python writes them.

use std::borrow::Cow;

use super::lex::Token;
use crate::Problem;

/// A string as it stands in the text.
pub(super) struct Quoted<'a> {
    /// What is between the quotes.
    pub(super) text: &'a str,
    /// Its length with the quotes.
    pub(super) len: usize,
    /// The length of the opening quotes: 1 or 3.
    pub(super) quotes: usize,
}

/// The string that `rest` starts with: one line in single quotes, any number in triple quotes.
pub(super) fn quoted(rest: &str) -> Result<Quoted<'_>, Problem> {
    let quote = if rest.starts_with("'''") {
        "'''"
    } else if rest.starts_with("\"\"\"") {
        "\"\"\""
    } else {
        rest.get(..1).unwrap_or_default()
    };
    let mut at = quote.len();
    while let Some(tail) = rest.get(at..) {
        if tail.starts_with(quote) {
            let text = rest.get(quote.len()..at).unwrap_or_default();
            return Ok(Quoted { text, len: at + quote.len(), quotes: quote.len() });
        }
        let mut characters = tail.chars();
        let Some(first) = characters.next() else { break };
        if matches!(first, '\n' | '\r') && quote.len() == 1 {
            break;
        }
        at += first.len_utf8();
        if first == '\\' {
            let is_line_end = characters.as_str().starts_with("\r\n");
            at += if is_line_end { 2 } else { characters.next().map_or(0, char::len_utf8) };
        }
    }
    Err(Problem::Syntax("a string does not end".to_owned()))
}

/// Python reads each end of a line as a line feed.
pub(super) fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}

/// A string's text with its backslashes read.
pub(super) fn unescaped(text: &str) -> Result<String, Problem> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character == '\\' {
            unescape(&mut rest, &mut out)?;
        } else {
            out.push(character);
        }
    }
    Ok(out)
}

fn unescape(rest: &mut std::str::Chars<'_>, out: &mut String) -> Result<(), Problem> {
    let Some(escaped) = rest.next() else { return Ok(()) };
    let character = match escaped {
        '\n' => return Ok(()),
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '\\' | '\'' | '"' => escaped,
        '0'..='7' => octal(escaped, rest),
        'x' => hexadecimal(escaped, 2, rest)?,
        'u' => hexadecimal(escaped, 4, rest)?,
        'U' => hexadecimal(escaped, 8, rest)?,
        'N' => return Err(Problem::Unsupported("a character by name, as in `\\N{…}`,".to_owned())),
        // Python leaves an escape that it does not know as it is.
        _ => {
            out.push('\\');
            escaped
        }
    };
    out.push(character);
    Ok(())
}

/// One to three digits.
fn octal(first: char, rest: &mut std::str::Chars<'_>) -> char {
    let mut code = first.to_digit(8).unwrap_or_default();
    for _ in 0..2 {
        let Some(digit) = rest.as_str().chars().next().and_then(|digit| digit.to_digit(8)) else { break };
        rest.next();
        code = code * 8 + digit;
    }
    char::from_u32(code).unwrap_or_default()
}

fn hexadecimal(escaped: char, digits: u32, rest: &mut std::str::Chars<'_>) -> Result<char, Problem> {
    let mut code = 0_u32;
    for _ in 0..digits {
        let digit = rest.next().and_then(|digit| digit.to_digit(16));
        let digit = digit.ok_or_else(|| Problem::Syntax(format!("\\{escaped} needs {digits} digits")))?;
        code = code.wrapping_shl(4) | digit;
    }
    char::from_u32(code).ok_or_else(|| Problem::Syntax(format!("\\{escaped}: no such character")))
}

/// A number: `12`, `1_000`, `0x1f`, `0o17`, `0b11`, `1.5`, `.5`, `1e-3`.
pub(super) fn number(rest: &str) -> Result<(Token, usize), Problem> {
    let lower = rest.get(..2).unwrap_or_default().to_lowercase();
    let radix = match lower.as_str() {
        "0x" => 16,
        "0o" => 8,
        "0b" => 2,
        _ => return decimal(rest),
    };
    let digits = rest.get(2..).unwrap_or_default();
    let len = digits.find(|c: char| !c.is_digit(radix) && c != '_').unwrap_or(digits.len());
    not_followed_by_letter(rest, 2 + len)?;
    let text = without_underscores(digits.get(..len).unwrap_or_default(), true)?;
    let number = i64::from_str_radix(&text, radix).map_err(|_| {
        let is_long = !text.is_empty() && text.chars().all(|digit| digit.is_digit(radix));
        not_read(rest.get(..2 + len).unwrap_or_default(), is_long)
    })?;
    Ok((Token::Int(number), 2 + len))
}

fn decimal(rest: &str) -> Result<(Token, usize), Problem> {
    let digits = |from: usize| {
        let tail = rest.get(from..).unwrap_or_default();
        from + tail.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(tail.len())
    };
    let has = |at: usize, signs: &[char]| rest.get(at..).is_some_and(|tail| tail.starts_with(signs));
    let whole = digits(0);
    let mut end = whole;
    if has(end, &['.']) {
        end = digits(end + 1);
    }
    if has(end, &['e', 'E']) {
        let exponent = end + 1 + usize::from(has(end + 1, &['+', '-']));
        if digits(exponent) > exponent {
            end = digits(exponent);
        }
    }
    let shown = rest.get(..end).unwrap_or_default();
    not_followed_by_letter(rest, end)?;
    let text = without_underscores(shown, false)?;
    if end > whole {
        let number = text.parse().map_err(|_| not_read(shown, false))?;
        return Ok((Token::Float(number), end));
    }
    if text.starts_with('0') && text.bytes().any(|digit| digit != b'0') {
        return Err(Problem::Syntax(format!("{shown}: a number does not start with 0")));
    }
    Ok((Token::Int(text.parse().map_err(|_| not_read(shown, true))?), end))
}

/// Python takes some of its words right behind a number: `1if x else 2`.
fn not_followed_by_letter(rest: &str, end: usize) -> Result<(), Problem> {
    let (number, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let is_word = || ["and", "else", "for", "if", "in", "is", "not", "or"].iter().any(|word| tail.starts_with(word));
    if tail.starts_with(|c: char| c.is_alphanumeric()) && !is_word() {
        return Err(Problem::Syntax(format!("{number} is followed by a letter")));
    }
    Ok(())
}

/// `_` stands between two digits only.
fn without_underscores(text: &str, after_prefix: bool) -> Result<String, Problem> {
    let is_digit = |c: Option<&u8>| c.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_') {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        if !(is_digit(before) || (at == 0 && after_prefix)) || !is_digit(bytes.get(at + 1)) {
            return Err(not_read(text, false));
        }
    }
    Ok(text.replace('_', ""))
}

fn not_read(text: &str, is_long: bool) -> Problem {
    if is_long {
        return Problem::Arithmetic(format!("{text:.40} is larger than 64 bits hold"));
    }
    Problem::Syntax(format!("{text:.40} is no number"))
}
