//! Text in single or double quotes.

use std::borrow::Cow;

use super::Scanner;
use super::plain::folded;
use crate::yaml::cursor::{Refusal, is_blank, is_break};

impl<'a> Scanner<'a> {
    pub(super) fn quoted(&mut self) -> Result<Cow<'a, str>, Refusal> {
        let start = self.cursor.mark;
        let quote = self.cursor.peek();
        self.cursor.skip();
        let mut text = Cow::Borrowed(self.cursor.take_until(|c| matches!(c, '\'' | '"' | '\\') || is_blank(c)));
        loop {
            match self.cursor.peek() {
                '\0' => return Err(Refusal::new(start, "the closing quote is missing").remedy("add it")),
                c if c == quote => {
                    self.cursor.skip();
                    if quote == '"' || !self.cursor.eat('\'') {
                        return Ok(text);
                    }
                    text.to_mut().push('\'');
                }
                '\\' if quote == '"' => self.escape(text.to_mut())?,
                c if is_blank(c) => self.quoted_spaces(text.to_mut())?,
                _ => {
                    // A quote of the other kind, or a backslash in single quotes, begins the next piece.
                    let c = self.cursor.peek();
                    self.cursor.skip();
                    text.to_mut().push(c);
                }
            }
            let more = self.cursor.take_until(|c| matches!(c, '\'' | '"' | '\\') || is_blank(c));
            text.to_mut().push_str(more);
        }
    }

    /// Blanks count, unless they stand at the end of a line.
    fn quoted_spaces(&mut self, text: &mut String) -> Result<(), Refusal> {
        let blanks = self.cursor.take_until(|c| !matches!(c, ' ' | '\t'));
        match self.cursor.line_break() {
            Some(first) => {
                let breaks = self.quoted_breaks()?;
                text.push_str(&folded(first, breaks));
            }
            None => text.push_str(blanks),
        }
        Ok(())
    }

    fn quoted_breaks(&mut self) -> Result<String, Refusal> {
        let mut breaks = String::new();
        loop {
            if self.cursor.at_separator() {
                return Err(Refusal::new(self.cursor.mark, "a line within quotes cannot begin like this")
                    .remedy("indent the line"));
            }
            self.cursor.take_until(|c| !matches!(c, ' ' | '\t'));
            match self.cursor.line_break() {
                Some(next) => breaks.push(next),
                None => return Ok(breaks),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Refusal> {
        let mark = self.cursor.mark;
        self.cursor.skip();
        let c = self.cursor.peek();
        if is_break(c) {
            self.cursor.line_break();
            text.push_str(&self.quoted_breaks()?);
            return Ok(());
        }
        self.cursor.skip();
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            c => {
                let replacement = replacement(c)
                    .ok_or_else(|| Refusal::new(mark, "there is no such escape sequence").remedy("write \\\\"))?;
                text.push(replacement);
                return Ok(());
            }
        };
        let mut code = self.hex(digits)?;
        // JSON writes what is beyond U+FFFF as two.
        if (0xd800..0xdc00).contains(&code) && self.cursor.rest().starts_with("\\u") {
            self.cursor.skip_many(2);
            let low = self.hex(4)?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        text.push(char::from_u32(code).ok_or_else(|| {
            Refusal::new(mark, "there is no character with this number").remedy("write \\\\ for a backslash")
        })?);
        Ok(())
    }

    fn hex(&mut self, digits: usize) -> Result<u32, Refusal> {
        let mark = self.cursor.mark;
        let text = self.cursor.rest().get(..digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = text.and_then(|text| u32::from_str_radix(text, 16).ok());
        let code = code.ok_or_else(|| {
            Refusal::new(mark, "hexadecimal digits are missing in this escape sequence")
                .remedy("write \\\\ for a backslash")
        })?;
        self.cursor.skip_many(digits);
        Ok(code)
    }
}

const fn replacement(c: char) -> Option<char> {
    Some(match c {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        ' ' | '"' | '\\' | '/' => c,
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        _ => return None,
    })
}
