//! YAML 1.1 text to tokens, with the rules of PyYAML.
//!
//! A key is only known by the colon behind it. Whatever may be one is remembered, for each level of brackets, until a
//! colon comes, the line ends, or 1024 characters have passed; tokens wait for so long.

use std::collections::VecDeque;

use super::cursor::{Cursor, Mark, Refusal, ends_line, is_blank};
use super::token::{Kind, Token};

mod block;
mod plain;
mod quoted;
mod tag;

/// How far behind a key its colon may stand.
const MAX_KEY: usize = 1024;

/// What will be a key if a colon follows.
#[derive(Clone, Copy, Debug)]
struct PossibleKey {
    /// The place among all tokens.
    token: usize,
    /// Whether nothing else may stand here.
    required: bool,
    mark: Mark,
}

pub(super) struct Scanner<'a> {
    cursor: Cursor<'a>,
    done: bool,
    tokens: VecDeque<Token<'a>>,
    taken: usize,
    /// The column of the block collection that the cursor is in; -1 at the top.
    indent: i64,
    indents: Vec<i64>,
    /// Whether a key may begin here.
    allow_key: bool,
    /// For each level of brackets, the outermost first; never empty.
    keys: Vec<Option<PossibleKey>>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut cursor = Cursor::new(text);
        cursor.eat('\u{feff}');
        Self {
            cursor,
            done: false,
            tokens: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            allow_key: true,
            keys: vec![None],
        }
    }

    /// The next token, which is always there: after the last one stands the end.
    pub(super) fn peek(&mut self) -> Result<&Kind<'a>, Refusal> {
        self.fill()?;
        Ok(self.tokens.front().map_or(&Kind::StreamEnd, |token| &token.kind))
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, Refusal> {
        self.fill()?;
        self.taken += 1;
        Ok(self.tokens.pop_front().unwrap_or(Token { kind: Kind::StreamEnd, mark: self.cursor.mark }))
    }

    /// Where the next token begins.
    pub(super) fn mark(&self) -> Mark {
        self.tokens.front().map_or(self.cursor.mark, |token| token.mark)
    }

    fn fill(&mut self) -> Result<(), Refusal> {
        while !self.done {
            if !self.tokens.is_empty() {
                self.drop_stale_keys()?;
                if self.keys.iter().flatten().map(|key| key.token).min() != Some(self.taken) {
                    break;
                }
            }
            self.fetch()?;
        }
        Ok(())
    }

    fn in_flow(&self) -> bool {
        self.keys.len() > 1
    }

    fn column(&self) -> i64 {
        i64::from(self.cursor.mark.column)
    }

    fn fetch(&mut self) -> Result<(), Refusal> {
        self.skip_to_token();
        self.drop_stale_keys()?;
        self.unwind(self.column());
        let mark = self.cursor.mark;
        let c = self.cursor.peek();
        let at_start = mark.column == 0;
        match c {
            '\0' => self.end(),
            '%' if at_start => self.directive(),
            '-' if at_start && self.cursor.has_word("---") => self.document(Kind::DocumentStart),
            '.' if at_start && self.cursor.has_word("...") => self.document(Kind::DocumentEnd),
            '[' => self.open(Kind::FlowSequenceStart),
            '{' => self.open(Kind::FlowMappingStart),
            ']' => self.close(Kind::FlowSequenceEnd),
            '}' => self.close(Kind::FlowMappingEnd),
            ',' => {
                self.allow_key = true;
                self.forget_key()?;
                self.indicator(Kind::FlowEntry);
                Ok(())
            }
            '-' if self.is_indicator() => self.entry(),
            '?' if self.in_flow() || self.is_indicator() => self.key(),
            ':' if self.in_flow() || self.is_indicator() => self.value(),
            '*' | '&' | '!' => {
                self.remember_key()?;
                self.allow_key = false;
                let kind = match c {
                    '*' => Kind::Alias(self.name()?),
                    '&' => Kind::Anchor(self.name()?),
                    _ => self.tag()?,
                };
                self.push(kind, mark);
                Ok(())
            }
            '|' | '>' if !self.in_flow() => {
                self.allow_key = true;
                self.forget_key()?;
                let text = self.block()?;
                self.push(Kind::Scalar(text.into(), false), mark);
                Ok(())
            }
            '\'' | '"' => {
                self.remember_key()?;
                self.allow_key = false;
                let text = self.quoted()?;
                self.push(Kind::Scalar(text, false), mark);
                Ok(())
            }
            _ if self.begins_plain(c) => {
                self.remember_key()?;
                self.allow_key = false;
                let text = self.plain();
                self.push(Kind::Scalar(text, true), mark);
                Ok(())
            }
            '\t' => Err(Refusal::new(mark, "a tab stands outside of quotes, block text and comments")
                .code("tab")
                .remedy("write spaces")),
            _ => Err(Refusal::new(mark, "this character cannot begin a value").remedy("put the text in quotes")),
        }
    }

    /// Whether what follows the next character sets it apart.
    fn is_indicator(&self) -> bool {
        is_blank(self.cursor.peek_second())
    }

    fn begins_plain(&self, c: char) -> bool {
        match c {
            '-' => !self.is_indicator(),
            '?' | ':' => !self.in_flow() && !self.is_indicator(),
            ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => false,
            c => !is_blank(c),
        }
    }

    fn skip_to_token(&mut self) {
        loop {
            self.cursor.skip_spaces();
            if self.cursor.peek() == '#' {
                self.cursor.take_until(ends_line);
            }
            if self.cursor.line_break().is_none() {
                return;
            }
            if !self.in_flow() {
                self.allow_key = true;
            }
        }
    }

    fn push(&mut self, kind: Kind<'a>, mark: Mark) {
        self.tokens.push_back(Token { kind, mark });
    }

    /// A token of one character.
    fn indicator(&mut self, kind: Kind<'a>) {
        self.push(kind, self.cursor.mark);
        self.cursor.skip();
    }

    fn remember_key(&mut self) -> Result<(), Refusal> {
        if self.allow_key {
            let required = !self.in_flow() && self.indent == self.column();
            self.forget_key()?;
            let key = PossibleKey { token: self.taken + self.tokens.len(), required, mark: self.cursor.mark };
            if let Some(last) = self.keys.last_mut() {
                *last = Some(key);
            }
        }
        Ok(())
    }

    fn forget_key(&mut self) -> Result<(), Refusal> {
        match self.keys.last_mut().and_then(Option::take) {
            Some(key) if key.required => Err(no_colon(key)),
            _ => Ok(()),
        }
    }

    /// A key stands on one line with its colon.
    fn drop_stale_keys(&mut self) -> Result<(), Refusal> {
        let now = self.cursor.mark;
        for slot in &mut self.keys {
            if let Some(key) = slot.filter(|key| key.mark.line != now.line || now.index - key.mark.index > MAX_KEY) {
                if key.required {
                    return Err(no_colon(key));
                }
                *slot = None;
            }
        }
        Ok(())
    }

    /// Leaves the block collections that stand further to the right.
    fn unwind(&mut self, column: i64) {
        while !self.in_flow() && self.indent > column {
            self.indent = self.indents.pop().unwrap_or(-1);
            self.push(Kind::BlockEnd, self.cursor.mark);
        }
    }

    /// Enters a block collection, unless the cursor is in it.
    fn enter(&mut self, column: i64) -> bool {
        let is_new = self.indent < column;
        if is_new {
            self.indents.push(self.indent);
            self.indent = column;
        }
        is_new
    }

    fn end(&mut self) -> Result<(), Refusal> {
        self.leave_all()?;
        self.push(Kind::StreamEnd, self.cursor.mark);
        self.done = true;
        Ok(())
    }

    fn leave_all(&mut self) -> Result<(), Refusal> {
        self.unwind(-1);
        self.allow_key = false;
        self.forget_key()
    }

    fn document(&mut self, kind: Kind<'a>) -> Result<(), Refusal> {
        self.leave_all()?;
        self.push(kind, self.cursor.mark);
        self.cursor.skip_many(3);
        Ok(())
    }

    fn directive(&mut self) -> Result<(), Refusal> {
        self.leave_all()?;
        let mark = self.cursor.mark;
        let kind = self.directive_kind()?;
        self.push(kind, mark);
        Ok(())
    }

    fn open(&mut self, kind: Kind<'a>) -> Result<(), Refusal> {
        self.remember_key()?;
        self.keys.push(None);
        self.allow_key = true;
        self.indicator(kind);
        Ok(())
    }

    fn close(&mut self, kind: Kind<'a>) -> Result<(), Refusal> {
        self.forget_key()?;
        if self.in_flow() {
            self.keys.pop();
        }
        self.allow_key = false;
        self.indicator(kind);
        Ok(())
    }

    fn entry(&mut self) -> Result<(), Refusal> {
        let mark = self.cursor.mark;
        if !self.in_flow() {
            if !self.allow_key {
                return Err(Refusal::new(mark, "a list cannot begin in the middle of a line")
                    .remedy("write it on lines of its own, or the text in quotes"));
            }
            if self.enter(self.column()) {
                self.push(Kind::BlockSequenceStart, mark);
            }
        }
        self.allow_key = true;
        self.forget_key()?;
        self.indicator(Kind::BlockEntry);
        Ok(())
    }

    fn key(&mut self) -> Result<(), Refusal> {
        let mark = self.cursor.mark;
        if !self.in_flow() {
            if !self.allow_key {
                return Err(Refusal::new(mark, "a key cannot begin here").remedy("put the text in quotes"));
            }
            if self.enter(self.column()) {
                self.push(Kind::BlockMappingStart, mark);
            }
        }
        self.allow_key = !self.in_flow();
        self.forget_key()?;
        self.indicator(Kind::Key);
        Ok(())
    }

    fn value(&mut self) -> Result<(), Refusal> {
        let mark = self.cursor.mark;
        if let Some(key) = self.keys.last_mut().and_then(Option::take) {
            let at = key.token - self.taken;
            self.tokens.insert(at, Token { kind: Kind::Key, mark: key.mark });
            if !self.in_flow() && self.enter(i64::from(key.mark.column)) {
                self.tokens.insert(at, Token { kind: Kind::BlockMappingStart, mark: key.mark });
            }
            self.allow_key = false;
        } else {
            if !self.in_flow() {
                if !self.allow_key {
                    return Err(Refusal::new(mark, "a colon and a space stand in the middle of a value")
                        .remedy("put the text in quotes"));
                }
                if self.enter(self.column()) {
                    self.push(Kind::BlockMappingStart, mark);
                }
            }
            self.allow_key = !self.in_flow();
        }
        self.indicator(Kind::Value);
        Ok(())
    }
}

const fn no_colon(key: PossibleKey) -> Refusal {
    Refusal::new(key.mark, "a key must stand here, with a colon behind it on the same line")
}
