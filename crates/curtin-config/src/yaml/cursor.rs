//! A place in a YAML text, and steps forward from it.

use crate::problem::{Problem, Span};

/// Where something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Characters before it.
    pub(super) index: usize,
    /// Lines before it.
    pub(super) line: u32,
    /// Characters before it on its line.
    pub(super) column: u32,
}

impl Mark {
    pub(super) fn span(self, source: u16) -> Span {
        Span { source, line: self.line.saturating_add(1), column: self.column.saturating_add(1) }
    }
}

/// Why a text is no YAML.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) mark: Mark,
    pub(super) message: &'static str,
    pub(super) remedy: Option<&'static str>,
}

impl Refusal {
    pub(super) const fn new(mark: Mark, message: &'static str) -> Self {
        Self { code: "yaml-syntax", mark, message, remedy: None }
    }

    pub(super) const fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    pub(super) const fn remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    pub(super) fn problem(&self, source: u16) -> Problem {
        let problem = Problem::error(self.code, "", self.mark.span(source), self.message);
        match self.remedy {
            Some(remedy) => problem.remedy(remedy),
            None => problem,
        }
    }
}

/// What YAML 1.1 takes for the end of a line.
pub(super) const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The end of a line or of the text, for which NUL stands: a text has none.
pub(super) const fn ends_line(c: char) -> bool {
    c == '\0' || is_break(c)
}

/// As [`ends_line`], or a space.
pub(super) const fn ends_token(c: char) -> bool {
    c == ' ' || ends_line(c)
}

/// As [`ends_token`], or a tab.
pub(super) const fn is_blank(c: char) -> bool {
    c == '\t' || ends_token(c)
}

/// What is left of a text.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    pub(super) mark: Mark,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, mark: Mark { index: 0, line: 0, column: 0 } }
    }

    /// The next character, or NUL at the end.
    pub(super) fn peek(&self) -> char {
        self.rest.chars().next().unwrap_or('\0')
    }

    /// The character after the next one.
    pub(super) fn peek_second(&self) -> char {
        self.rest.chars().nth(1).unwrap_or('\0')
    }

    pub(super) const fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn skip(&mut self) {
        let mut chars = self.rest.chars();
        let Some(c) = chars.next() else { return };
        self.rest = chars.as_str();
        self.mark.index += 1;
        if is_break(c) && !(c == '\r' && self.rest.starts_with('\n')) {
            self.mark.line = self.mark.line.saturating_add(1);
            self.mark.column = 0;
        } else if c != '\u{feff}' {
            self.mark.column = self.mark.column.saturating_add(1);
        }
    }

    pub(super) fn skip_many(&mut self, count: usize) {
        for _ in 0..count {
            self.skip();
        }
    }

    /// The next character, when it is this one.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.rest.starts_with(c);
        if found {
            self.skip();
        }
        found
    }

    /// Characters up to one that ends them, none of which ends a line.
    pub(super) fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(ends).unwrap_or(self.rest.len()))
    }

    /// So many bytes, none of which ends a line.
    pub(super) fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        // Byte order marks take no column.
        let (count, marks) = match taken.is_ascii() {
            true => (taken.len(), 0),
            false => (taken.chars().count(), taken.matches('\u{feff}').count()),
        };
        self.mark.index += count;
        self.mark.column = self.mark.column.saturating_add(u32::try_from(count - marks).unwrap_or(u32::MAX));
        taken
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_until(|c| c != ' ');
    }

    /// The end of a line as it counts in text: a line feed, or one of Unicode's separators.
    pub(super) fn line_break(&mut self) -> Option<char> {
        let c = self.peek();
        if !is_break(c) {
            return None;
        }
        self.skip();
        if c == '\r' && self.peek() == '\n' {
            self.skip();
        }
        Some(if matches!(c, '\u{2028}' | '\u{2029}') { c } else { '\n' })
    }

    /// Whether the next three characters are these, and nothing follows them on the word.
    pub(super) fn has_word(&self, word: &str) -> bool {
        self.rest.strip_prefix(word).is_some_and(|rest| is_blank(rest.chars().next().unwrap_or('\0')))
    }

    /// Whether one document ends and another begins here; it is for the caller to know that a line does.
    pub(super) fn at_separator(&self) -> bool {
        self.has_word("---") || self.has_word("...")
    }

    /// What may follow a directive or the head of a block: spaces, a comment, and the end of the line.
    pub(super) fn finish_line(&mut self) -> Result<(), Refusal> {
        self.skip_spaces();
        if self.peek() == '#' {
            self.take_until(ends_line);
        }
        if !ends_line(self.peek()) {
            return Err(Refusal::new(self.mark, "only a comment may stand here, up to the end of the line"));
        }
        self.line_break();
        Ok(())
    }
}
