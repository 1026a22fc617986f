//! Tokens of YAML 1.1 to events, with the grammar of PyYAML.
//!
//! The states of collections that are not finished stand on a stack of their own: nesting costs no call frames.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cursor::{Mark, Refusal};
use super::scanner::Scanner;
use super::token::{Kind, Token};

/// What a document is made of, in the order of the text.
#[derive(Debug)]
pub(super) enum Event<'a> {
    Alias(&'a str),
    Scalar {
        text: Cow<'a, str>,
        /// Whether it stands without quotes.
        plain: bool,
        properties: Properties<'a>,
    },
    SequenceStart(Properties<'a>),
    MappingStart(Properties<'a>),
    /// The last collection that began ends.
    End,
    /// The document ends, and there is no other one.
    Done,
}

/// The name and the type that a value is given.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    pub(super) anchor: Option<&'a str>,
    pub(super) tag: Option<String>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Stream,
    /// The content of a document with `---`.
    Content,
    Document,
    BlockNode,
    DocumentEnd,
    BlockEntry,
    IndentlessEntry,
    BlockKey,
    BlockValue,
    FlowFirstEntry,
    FlowEntry,
    PairKey,
    PairValue,
    PairEnd,
    FlowFirstKey,
    FlowKey,
    FlowValue,
    /// The value of a key without a colon.
    NoValue,
}

pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    /// What comes after the current collection, and where that begins.
    waiting: Vec<(State, Mark)>,
    handles: BTreeMap<&'a str, String>,
}

type Step<'a> = Result<(Event<'a>, Mark), Refusal>;

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let scanner = Scanner::new(text);
        Self { scanner, state: State::Stream, waiting: Vec::new(), handles: BTreeMap::new() }
    }

    pub(super) fn next(&mut self) -> Step<'a> {
        loop {
            return match self.state {
                State::Stream => {
                    self.stream()?;
                    continue;
                }
                State::Document => {
                    if let Some(done) = self.document()? {
                        return Ok(done);
                    }
                    continue;
                }
                State::Content => match self.scanner.peek()? {
                    Kind::Version(_)
                    | Kind::TagPrefix(..)
                    | Kind::Directive
                    | Kind::DocumentStart
                    | Kind::DocumentEnd
                    | Kind::StreamEnd => self.empty(State::DocumentEnd),
                    _ => self.node(State::DocumentEnd, Place::Block),
                },
                State::BlockNode => self.node(State::DocumentEnd, Place::Block),
                State::DocumentEnd => {
                    if matches!(self.scanner.peek()?, Kind::DocumentEnd) {
                        self.scanner.next()?;
                    }
                    self.state = State::Document;
                    continue;
                }
                State::BlockEntry => self.block_entry(),
                State::IndentlessEntry => self.indentless_entry(),
                State::BlockKey => self.block_key(),
                State::BlockValue => self.block_value(),
                State::FlowFirstEntry => self.flow_entry(true),
                State::FlowEntry => self.flow_entry(false),
                State::PairKey => self.pair_key(),
                State::PairValue => self.pair_value(),
                State::PairEnd => {
                    self.state = State::FlowEntry;
                    self.here(Event::End)
                }
                State::FlowFirstKey => self.flow_key(true),
                State::FlowKey => self.flow_key(false),
                State::FlowValue => self.flow_value(),
                State::NoValue => self.empty(State::FlowKey),
            };
        }
    }

    /// The first document needs no `---`.
    fn stream(&mut self) -> Result<(), Refusal> {
        let is_bare = !matches!(
            self.scanner.peek()?,
            Kind::Version(_) | Kind::TagPrefix(..) | Kind::Directive | Kind::DocumentStart | Kind::StreamEnd
        );
        if is_bare {
            self.directives()?;
            self.state = State::BlockNode;
        } else {
            self.begin()?;
        }
        Ok(())
    }

    /// What stands before a document.
    fn begin(&mut self) -> Result<(), Refusal> {
        if matches!(self.scanner.peek()?, Kind::StreamEnd) {
            self.state = State::Document;
            return Ok(());
        }
        self.directives()?;
        if !matches!(self.scanner.peek()?, Kind::DocumentStart) {
            return Err(Refusal::new(self.scanner.mark(), "a document with directives begins with ---")
                .remedy("write --- on a line of its own before it"));
        }
        self.scanner.next()?;
        self.state = State::Content;
        Ok(())
    }

    /// After the one document there is nothing.
    fn document(&mut self) -> Result<Option<(Event<'a>, Mark)>, Refusal> {
        while matches!(self.scanner.peek()?, Kind::DocumentEnd) {
            self.scanner.next()?;
        }
        let is_end = matches!(self.scanner.peek()?, Kind::StreamEnd);
        let mark = self.scanner.mark();
        match self.scanner.peek()? {
            _ if is_end => Ok(Some((Event::Done, mark))),
            Kind::DocumentStart => Err(Refusal::new(mark, "a second document begins here").code("many-documents")),
            _ => Err(Refusal::new(mark, "the value ended before this").remedy("put the text in quotes")),
        }
    }

    fn directives(&mut self) -> Result<(), Refusal> {
        let mut has_version = false;
        self.handles.clear();
        while let Kind::Version(_) | Kind::TagPrefix(..) | Kind::Directive = self.scanner.peek()? {
            let Token { kind, mark } = self.scanner.next()?;
            match kind {
                Kind::Version(_) if has_version => {
                    return Err(Refusal::new(mark, "there is a %YAML directive already").remedy("remove one of them"));
                }
                Kind::Version(1) => has_version = true,
                Kind::Version(_) => return Err(Refusal::new(mark, "only YAML 1 is supported").code("yaml-version")),
                Kind::TagPrefix(handle, _) if self.handles.contains_key(handle) => {
                    return Err(Refusal::new(mark, "there is a %TAG directive for this handle already")
                        .remedy("remove one of them"));
                }
                Kind::TagPrefix(handle, prefix) => {
                    self.handles.insert(handle, prefix);
                }
                _ => {}
            }
        }
        self.handles.entry("!").or_insert_with(|| "!".to_owned());
        self.handles.entry("!!").or_insert_with(|| "tag:yaml.org,2002:".to_owned());
        Ok(())
    }

    /// An event that has no token of its own.
    fn here(&self, event: Event<'a>) -> Step<'a> {
        Ok((event, self.scanner.mark()))
    }

    /// Nothing at all stands where a value could.
    fn empty(&mut self, next: State) -> Step<'a> {
        self.state = next;
        self.here(Event::Scalar { text: Cow::Borrowed(""), plain: true, properties: Properties::default() })
    }

    /// A collection has ended.
    fn end(&mut self) -> Step<'a> {
        self.state = self.waiting.pop().map_or(State::Document, |(next, _)| next);
        let mark = self.scanner.next()?.mark;
        Ok((Event::End, mark))
    }

    fn properties(&mut self) -> Result<(Properties<'a>, Option<Mark>), Refusal> {
        let mut properties = Properties::default();
        let mut start = None;
        loop {
            match self.scanner.peek()? {
                Kind::Anchor(_) if properties.anchor.is_none() => {}
                Kind::Tag(..) if properties.tag.is_none() => {}
                _ => return Ok((properties, start)),
            }
            let token = self.scanner.next()?;
            start = start.or(Some(token.mark));
            match token.kind {
                Kind::Anchor(name) => properties.anchor = Some(name),
                Kind::Tag(handle, suffix) => {
                    let prefix = match handle {
                        None => "",
                        Some(handle) => self
                            .handles
                            .get(handle)
                            .ok_or_else(|| Refusal::new(token.mark, "no %TAG directive declares this handle"))?,
                    };
                    properties.tag = Some(format!("{prefix}{suffix}"));
                }
                _ => {}
            }
        }
    }

    /// A value; what comes after it is `next`.
    fn node(&mut self, next: State, place: Place) -> Step<'a> {
        if matches!(self.scanner.peek()?, Kind::Alias(_)) {
            self.state = next;
            let token = self.scanner.next()?;
            let Kind::Alias(name) = token.kind else { return self.empty(next) };
            return Ok((Event::Alias(name), token.mark));
        }
        let (properties, start) = self.properties()?;
        let in_block = place != Place::Flow;
        let inside = match self.scanner.peek()? {
            Kind::BlockEntry if place == Place::Value => {
                let mark = start.unwrap_or(self.scanner.mark());
                self.waiting.push((next, mark));
                self.state = State::IndentlessEntry;
                return Ok((Event::SequenceStart(properties), mark));
            }
            Kind::Scalar(..) => {
                self.state = next;
                let token = self.scanner.next()?;
                let Kind::Scalar(text, plain) = token.kind else { return self.empty(next) };
                return Ok((Event::Scalar { text, plain, properties }, start.unwrap_or(token.mark)));
            }
            Kind::FlowSequenceStart => State::FlowFirstEntry,
            Kind::FlowMappingStart => State::FlowFirstKey,
            Kind::BlockSequenceStart if in_block => State::BlockEntry,
            Kind::BlockMappingStart if in_block => State::BlockKey,
            _ => {
                let Some(mark) = start else { return Err(self.missing("a value is missing before this")?) };
                self.state = next;
                return Ok((Event::Scalar { text: Cow::Borrowed(""), plain: true, properties }, mark));
            }
        };
        let token = self.scanner.next()?;
        self.waiting.push((next, token.mark));
        self.state = inside;
        let mark = start.unwrap_or(token.mark);
        Ok(match inside {
            State::FlowFirstEntry | State::BlockEntry => (Event::SequenceStart(properties), mark),
            _ => (Event::MappingStart(properties), mark),
        })
    }

    fn block_entry(&mut self) -> Step<'a> {
        match self.scanner.peek()? {
            Kind::BlockEntry => {
                self.scanner.next()?;
                match self.scanner.peek()? {
                    Kind::BlockEntry | Kind::BlockEnd => self.empty(State::BlockEntry),
                    _ => self.node(State::BlockEntry, Place::Block),
                }
            }
            Kind::BlockEnd => self.end(),
            _ => Err(Refusal::new(self.scanner.mark(), "the next item of this list begins with - in the same column")
                .remedy("indent it as the items before it")),
        }
    }

    /// A list whose items stand in the column of the key that it belongs to.
    fn indentless_entry(&mut self) -> Step<'a> {
        if !matches!(self.scanner.peek()?, Kind::BlockEntry) {
            self.state = self.waiting.pop().map_or(State::Document, |(next, _)| next);
            return self.here(Event::End);
        }
        self.scanner.next()?;
        match self.scanner.peek()? {
            Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(State::IndentlessEntry),
            _ => self.node(State::IndentlessEntry, Place::Block),
        }
    }

    fn block_key(&mut self) -> Step<'a> {
        match self.scanner.peek()? {
            Kind::Key => {
                self.scanner.next()?;
                self.block_member(State::BlockValue)
            }
            Kind::BlockEnd => self.end(),
            _ => Err(Refusal::new(self.scanner.mark(), "the next key of this mapping begins in the same column")
                .remedy("indent it as the keys before it, or put the text before it in quotes")),
        }
    }

    fn block_value(&mut self) -> Step<'a> {
        if !matches!(self.scanner.peek()?, Kind::Value) {
            return self.empty(State::BlockKey);
        }
        self.scanner.next()?;
        self.block_member(State::BlockKey)
    }

    fn block_member(&mut self, next: State) -> Step<'a> {
        match self.scanner.peek()? {
            Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(next),
            _ => self.node(next, Place::Value),
        }
    }

    fn comma(&mut self, message: &'static str) -> Result<(), Refusal> {
        if !matches!(self.scanner.peek()?, Kind::FlowEntry) {
            return Err(self.missing(message)?);
        }
        self.scanner.next()?;
        Ok(())
    }

    /// At the end of the text, the bracket that nothing closes is named.
    fn missing(&mut self, message: &'static str) -> Result<Refusal, Refusal> {
        let is_end = matches!(self.scanner.peek()?, Kind::StreamEnd);
        Ok(match self.waiting.last() {
            Some((_, start)) if is_end => {
                Refusal::new(*start, "what begins here is never closed").remedy("close it with ] or }")
            }
            _ => Refusal::new(self.scanner.mark(), message),
        })
    }

    fn flow_entry(&mut self, is_first: bool) -> Step<'a> {
        if matches!(self.scanner.peek()?, Kind::FlowSequenceEnd) {
            return self.end();
        }
        if !is_first {
            self.comma("a comma or ] is missing before this")?;
        }
        match self.scanner.peek()? {
            Kind::FlowSequenceEnd => self.end(),
            Kind::Key => {
                self.state = State::PairKey;
                let mark = self.scanner.next()?.mark;
                Ok((Event::MappingStart(Properties::default()), mark))
            }
            _ => self.node(State::FlowEntry, Place::Flow),
        }
    }

    fn pair_key(&mut self) -> Step<'a> {
        match self.scanner.peek()? {
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => self.empty(State::PairValue),
            _ => self.node(State::PairValue, Place::Flow),
        }
    }

    fn pair_value(&mut self) -> Step<'a> {
        if !matches!(self.scanner.peek()?, Kind::Value) {
            return self.empty(State::PairEnd);
        }
        self.scanner.next()?;
        match self.scanner.peek()? {
            Kind::FlowEntry | Kind::FlowSequenceEnd => self.empty(State::PairEnd),
            _ => self.node(State::PairEnd, Place::Flow),
        }
    }

    fn flow_key(&mut self, is_first: bool) -> Step<'a> {
        if matches!(self.scanner.peek()?, Kind::FlowMappingEnd) {
            return self.end();
        }
        if !is_first {
            self.comma("a comma or } is missing before this")?;
        }
        match self.scanner.peek()? {
            Kind::FlowMappingEnd => self.end(),
            Kind::Key => {
                self.scanner.next()?;
                match self.scanner.peek()? {
                    Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => self.empty(State::FlowValue),
                    _ => self.node(State::FlowValue, Place::Flow),
                }
            }
            _ => self.node(State::NoValue, Place::Flow),
        }
    }

    fn flow_value(&mut self) -> Step<'a> {
        if !matches!(self.scanner.peek()?, Kind::Value) {
            return self.empty(State::FlowKey);
        }
        self.scanner.next()?;
        match self.scanner.peek()? {
            Kind::FlowEntry | Kind::FlowMappingEnd => self.empty(State::FlowKey),
            _ => self.node(State::FlowKey, Place::Flow),
        }
    }
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Block,
    /// In a block mapping, where a list may stand in the column of the keys.
    Value,
    /// Between brackets.
    Flow,
}
