//! Blocks of text: literal (`|`) and folded (`>`).

use super::Scanner;
use crate::yaml::cursor::{Refusal, ends_line, ends_token, is_break};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    /// The last line's own.
    Clip,
    Keep,
}

impl Scanner<'_> {
    pub(super) fn block(&mut self) -> Result<String, Refusal> {
        let is_folded = self.cursor.peek() == '>';
        self.cursor.skip();
        let (chomping, increment) = self.block_head()?;
        self.cursor.finish_line()?;
        let least = (self.indent + 1).max(1);
        let (indent, mut breaks) = match increment {
            None => {
                let (breaks, widest) = self.leading_breaks();
                (least.max(widest), breaks)
            }
            Some(increment) => (least + increment - 1, self.block_breaks(least + increment - 1)),
        };
        let mut text = String::new();
        let mut last = None;
        while self.column() == indent && self.cursor.peek() != '\0' {
            text.push_str(&breaks);
            let is_indented = matches!(self.cursor.peek(), ' ' | '\t');
            text.push_str(self.cursor.take_until(ends_line));
            last = self.cursor.line_break();
            breaks = self.block_breaks(indent);
            let next = self.cursor.peek();
            if self.column() != indent || next == '\0' {
                break;
            }
            if is_folded && last == Some('\n') && !is_indented && !matches!(next, ' ' | '\t') {
                text.push_str(if breaks.is_empty() { " " } else { "" });
            } else {
                text.extend(last);
            }
            last = None;
        }
        if chomping != Chomping::Strip {
            text.extend(last);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        Ok(text)
    }

    /// How to end, and how far to indent, in either order.
    fn block_head(&mut self) -> Result<(Chomping, Option<i64>), Refusal> {
        let mut chomping = None;
        let mut increment = None;
        loop {
            match self.cursor.peek() {
                '+' if chomping.is_none() => chomping = Some(Chomping::Keep),
                '-' if chomping.is_none() => chomping = Some(Chomping::Strip),
                c @ '1'..='9' if increment.is_none() => increment = c.to_digit(10).map(i64::from),
                c if ends_token(c) => return Ok((chomping.unwrap_or(Chomping::Clip), increment)),
                _ => {
                    let message = "behind | or > may stand a digit from 1 to 9, and + or -";
                    return Err(Refusal::new(self.cursor.mark, message));
                }
            }
            self.cursor.skip();
        }
    }

    /// Empty lines before the text, and the widest indentation of them and of its first line.
    fn leading_breaks(&mut self) -> (String, i64) {
        let mut breaks = String::new();
        let mut widest = 0;
        loop {
            self.cursor.skip_spaces();
            widest = widest.max(self.column());
            match self.cursor.line_break() {
                Some(next) => breaks.push(next),
                None => return (breaks, widest),
            }
        }
    }

    fn block_breaks(&mut self, indent: i64) -> String {
        let mut breaks = String::new();
        loop {
            while self.column() < indent && self.cursor.eat(' ') {}
            if !is_break(self.cursor.peek()) {
                return breaks;
            }
            breaks.extend(self.cursor.line_break());
        }
    }
}
