//! What the scanner makes of a text.

use std::borrow::Cow;

use super::cursor::Mark;

/// A token and where it begins.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) mark: Mark,
}

/// The kinds of tokens of YAML 1.1.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    StreamEnd,
    /// `%YAML` and its major version.
    Version(u32),
    /// `%TAG`, a handle and its prefix.
    TagPrefix(&'a str, String),
    /// Any other directive.
    Directive,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    FlowEntry,
    BlockEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    /// A handle, if there is one, and what follows it.
    Tag(Option<&'a str>, String),
    /// Text, and whether it is plain: without quotes, and no block.
    Scalar(Cow<'a, str>, bool),
}
