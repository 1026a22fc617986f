//! Text without quotes.

use std::borrow::Cow;

use super::Scanner;
use crate::yaml::cursor::is_blank;

impl<'a> Scanner<'a> {
    /// Up to a colon with a space behind it, a comment, the end of a line that is not continued, or what has a meaning
    /// between brackets.
    pub(super) fn plain(&mut self) -> Cow<'a, str> {
        let mut text = Cow::Borrowed("");
        let mut spaces = Cow::Borrowed("");
        let in_flow = self.in_flow();
        while self.cursor.peek() != '#' {
            let word = self.plain_word(in_flow);
            if word.is_empty() {
                break;
            }
            self.allow_key = false;
            if text.is_empty() {
                text = Cow::Borrowed(word);
            } else {
                let text = text.to_mut();
                text.push_str(&spaces);
                text.push_str(word);
            }
            spaces = self.plain_spaces();
            if spaces.is_empty() || (!in_flow && self.column() < self.indent + 1) {
                break;
            }
        }
        text
    }

    fn plain_word(&mut self, in_flow: bool) -> &'a str {
        let rest = self.cursor.rest();
        let mut end = rest.len();
        let mut chars = rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let ends = match c {
                ':' => chars.peek().is_none_or(|(_, next)| {
                    is_blank(*next) || (in_flow && matches!(next, ',' | '[' | ']' | '{' | '}'))
                }),
                ',' | '?' | '[' | ']' | '{' | '}' => in_flow,
                c => is_blank(c),
            };
            if ends {
                end = at;
                break;
            }
        }
        self.cursor.take(end)
    }

    /// What stands between two words: spaces, or line breaks, of which the first one is folded. Nothing, if the text
    /// cannot go on.
    fn plain_spaces(&mut self) -> Cow<'a, str> {
        let spaces = self.cursor.take_until(|c| c != ' ');
        let Some(first) = self.cursor.line_break() else { return Cow::Borrowed(spaces) };
        self.allow_key = true;
        if self.cursor.at_separator() {
            return Cow::Borrowed("");
        }
        let mut breaks = String::new();
        loop {
            self.cursor.skip_spaces();
            let Some(next) = self.cursor.line_break() else { break };
            breaks.push(next);
            if self.cursor.at_separator() {
                return Cow::Borrowed("");
            }
        }
        Cow::Owned(folded(first, breaks))
    }
}

/// A line break becomes a space, unless more of them follow.
pub(super) fn folded(first: char, mut breaks: String) -> String {
    if first != '\n' {
        breaks.insert(0, first);
    } else if breaks.is_empty() {
        breaks.push(' ');
    }
    breaks
}
