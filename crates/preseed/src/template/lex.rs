//! From a template's text to pieces of text and directives, and the rule about a directive alone on its line.

use crate::expression::Fault;
use crate::methods::is_space;

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Token<'a> {
    Text(&'a str),
    /// What stands between `{{` and `}}`, and where.
    Directive(usize, &'a str),
}

/// Cuts a template at `{{` and `}}`.
pub(super) fn lex(text: &str) -> Result<Vec<Token<'_>>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut open = None;
    let fault = |at, problem: &str| Err(Fault::syntax(at, problem));
    while let Some(rest) = text.get(at..) {
        let Some(found) = rest.find("{{").into_iter().chain(rest.find("}}")).min() else { break };
        let is_open = rest.get(found..).is_some_and(|rest| rest.starts_with("{{"));
        let piece = rest.get(..found).unwrap_or_default();
        match (open, is_open) {
            (None, true) => {
                if !piece.is_empty() {
                    tokens.push(Token::Text(piece));
                }
                open = Some(at + found + 2);
            }
            (Some(start), false) => {
                tokens.push(Token::Directive(start, piece));
                open = None;
            }
            (Some(_), true) => return fault(at + found + 2, "`{{` inside an expression"),
            (None, false) => return fault(at + found + 2, "`}}` without `{{`"),
        }
        at += found + 2;
    }
    if let Some(start) = open {
        return fault(start, "`{{` without `}}`");
    }
    match text.get(at..) {
        Some(rest) if !rest.is_empty() => tokens.push(Token::Text(rest)),
        _ => {}
    }
    trim_lines(&mut tokens);
    Ok(tokens)
}

/// Directives that are said to write nothing themselves, so that their line goes when they are alone on it. Blanks
/// after `{{` hide them from this rule, as they do in MAAS.
fn takes_its_line(directive: &str) -> bool {
    matches!(directive, "else" | "endif" | "endfor" | "enddef" | "continue" | "break")
        || ["if ", "elif ", "for ", "def ", "inherit ", "default ", "py:"]
            .into_iter()
            .any(|start| directive.starts_with(start))
}

/// A directive that is alone on its line takes the indentation before it and the line feed after it along.
fn trim_lines(tokens: &mut [Token<'_>]) {
    let last = tokens.len().saturating_sub(1);
    // The text before a directive may have lost its line feed to the directive before that.
    let mut trimmed_before = None;
    for at in 0..tokens.len() {
        let Some(Token::Directive(_, directive)) = tokens.get(at) else { continue };
        if !takes_its_line(directive) {
            continue;
        }
        let before = match at.checked_sub(1).and_then(|at| tokens.get(at)) {
            None => "",
            Some(Token::Text(text)) => text,
            Some(Token::Directive(..)) => continue,
        };
        let after = match tokens.get(at + 1) {
            None => "",
            Some(Token::Text(text)) => text,
            Some(Token::Directive(..)) => continue,
        };
        let at_line_start = at <= 1 || trimmed_before.is_some_and(|trimmed| trimmed + 1 == at);
        let kept_before = match line_feed_before(before) {
            _ if before.is_empty() => before,
            _ if at_line_start && before.chars().all(is_space) => "",
            Some(kept) => kept,
            None => continue,
        };
        let blank_end = at + 1 == last && after.chars().all(is_space);
        let kept_after = match line_feed_after(after) {
            _ if after.is_empty() || blank_end => "",
            Some(kept) => kept,
            None => continue,
        };
        if let Some(Token::Text(text)) = at.checked_sub(1).and_then(|at| tokens.get_mut(at)) {
            *text = kept_before;
        }
        if let Some(Token::Text(text)) = tokens.get_mut(at + 1) {
            *text = kept_after;
            trimmed_before = Some(at + 1);
        }
    }
}

/// The text without the blanks after its last line feed; `None` if there is something else after it.
///
/// One blank line right before a directive goes as well, as it does in MAAS: templates count on it.
fn line_feed_before(text: &str) -> Option<&str> {
    let to_line_feed = |text: &'_ str| -> Option<usize> {
        let kept = text.trim_end_matches([' ', '\t']);
        let kept = kept.strip_suffix('\r').filter(|kept| kept.ends_with('\n')).unwrap_or(kept);
        kept.ends_with('\n').then_some(kept.len())
    };
    let before_blank_line = text.strip_suffix('\n').and_then(to_line_feed);
    before_blank_line.or_else(|| to_line_feed(text)).and_then(|len| text.get(..len))
}

/// The text after its first line feed; `None` if there is something else than blanks before it.
fn line_feed_after(text: &str) -> Option<&str> {
    text.trim_start_matches([' ', '\t']).strip_prefix('\n')
}
