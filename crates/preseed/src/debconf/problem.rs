//! What is wrong with a preseed file.

use std::fmt;

use thiserror::Error;

use super::Type;

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The first line of what is wrong, from 1; none for what is missing from the file.
    pub line: Option<usize>,
    /// What it is.
    pub what: What,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// debconf refuses or skips the line.
    Error,
    /// debconf stores it, but an unattended installation would stop, or go another way than was meant.
    Warning,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum What {
    /// A line with fewer than three fields.
    #[error("owner, question and type are needed, found only `{}`", cut(text))]
    Incomplete {
        /// The line.
        text: String,
    },
    /// A type that debconf does not know.
    #[error("`{}` is not a type{}", cut(kind), suggest(suggestion.as_deref()))]
    UnknownType {
        /// The type.
        kind: String,
        /// The nearest one.
        suggestion: Option<String>,
    },
    /// A `seen` flag before any answer.
    #[error("`seen` is said of `{}`, which no line before answers", cut(question))]
    SeenTooEarly {
        /// The question.
        question: String,
    },
    /// Bytes that are no UTF-8.
    #[error("the line is not UTF-8 text; save the file as UTF-8")]
    NotUtf8,
    /// A byte order mark, which becomes a part of the first field.
    #[error("the file begins with a byte order mark, which is read as a part of the first line; save it without")]
    ByteOrderMark,
    /// A question that the installer never asks.
    #[error("debian-installer does not ask `{}`{}", cut(question), suggest(suggestion.as_deref()))]
    UnknownQuestion {
        /// The question.
        question: String,
        /// The nearest one.
        suggestion: Option<String>,
    },
    /// A question of the installer with a type that it does not have.
    #[error("`{}` is a {expected}, not a {found}", cut(question))]
    WrongType {
        /// The question.
        question: String,
        /// Its type.
        expected: Type,
        /// The type in the file.
        found: Type,
    },
    /// An answer that is none of those that are possible.
    #[error("`{}` takes {expected}, not `{}`", cut(question), cut(value))]
    WrongValue {
        /// The question.
        question: String,
        /// What it takes.
        expected: &'static str,
        /// The value.
        value: String,
    },
    /// A password and its repetition differ.
    #[error("`{question}` and `{question}-again` differ: the installer would ask for both again")]
    Differs {
        /// The first one.
        question: &'static str,
    },
    /// Two different answers to one question.
    #[error("the answer to `{}` is replaced in line {by}", cut(question))]
    Replaced {
        /// The question.
        question: String,
        /// The line of the answer that counts.
        by: usize,
    },
    /// A comment that does not begin in the first column.
    #[error("debian-installer takes a comment that does not begin in the first column for an answer")]
    IndentedComment,
    /// An answer that is missing.
    #[error("`{question}` is not answered{}: {effect}", with(value))]
    Missing {
        /// The question.
        question: &'static str,
        /// The value that is needed; empty if any would do.
        value: &'static str,
        /// What the installer would do.
        effect: &'static str,
    },
    /// A partitioning recipe that would not do.
    #[error("`{question}`: {fault}")]
    Recipe {
        /// The question.
        question: &'static str,
        /// What is wrong with it.
        fault: String,
    },
}

impl Problem {
    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self.what {
            What::Incomplete { .. } | What::UnknownType { .. } | What::SeenTooEarly { .. } => Severity::Error,
            _ => Severity::Warning,
        }
    }
}

impl What {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Incomplete { .. } => "incomplete",
            Self::UnknownType { .. } => "unknown-type",
            Self::SeenTooEarly { .. } => "seen-too-early",
            Self::NotUtf8 => "not-utf-8",
            Self::ByteOrderMark => "byte-order-mark",
            Self::UnknownQuestion { .. } => "unknown-question",
            Self::WrongType { .. } => "wrong-type",
            Self::WrongValue { .. } => "wrong-value",
            Self::Differs { .. } => "differs",
            Self::Replaced { .. } => "replaced",
            Self::IndentedComment => "indented-comment",
            Self::Missing { .. } => "missing",
            Self::Recipe { .. } => "recipe",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "{line}: ")?;
        }
        write!(f, "{}", self.what)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

fn suggest(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn with(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" with `{value}`") }
}

/// The part of a text that a message shows.
pub(super) fn cut(text: &str) -> &str {
    text.char_indices().nth(100).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}
