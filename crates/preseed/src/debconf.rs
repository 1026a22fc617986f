//! Debconf preseed files: what answers the questions of debian-installer and of packages.
//!
//! ```text
//! d-i     passwd/root-login   boolean   false
//! owner   question            type      value
//! ```
//!
//! A file is read as `debconf-set-selections` (debconf 1.5.82) reads it:
//!
//! * Fields are parted by white space: space, tab, carriage return, vertical tab, form feed, and nothing else. Exactly
//!   one such character parts the type from the value; the rest of the line is the value, further white space and `#`
//!   included.
//! * A line that ends in a backslash goes on in the next one, comments too. The last line keeps its backslash.
//! * One carriage return before a line feed is not part of the line.
//! * The type `seen` is a flag on a question answered before: whether it has been seen, and is not asked again.
//! * The last answer to a question wins; its owners add up.
//!
//! One thing differs: debconf gives up a whole file that answers a question with the name `0`; here it is a question.
//!
//! [`Preseed::parse`] gives every line, [`Preseed::answers`] what debconf would store, [`emit`] writes a file, and
//! [`check`](Preseed::check) tells what would make an installation stop or go another way than was meant.

mod check;
mod emit;
mod installer;
mod line;
mod problem;
mod questions;
mod recipe;
mod store;

use std::fmt;

pub use emit::{EmitError, emit};
pub use problem::{Problem, Severity, What};
pub use store::Answer;

/// A debconf preseed file.
///
/// ```
/// use firstlight_preseed::debconf::Preseed;
/// let preseed = Preseed::parse(b"d-i time/zone string Europe/\\\nVienna\nd-i time/zone sting UTC\n");
/// let answers = preseed.answers();
/// assert_eq!((answers[0].question.as_str(), answers[0].value.as_str()), ("time/zone", "Europe/Vienna"));
/// assert_eq!(preseed.check()[0].to_string(), "3: `sting` is not a type; did you mean `string`?");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preseed {
    lines: Vec<Line>,
}

/// A line, with those that continue it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The number of its first line in the file, from 1.
    pub number: usize,
    /// What it says.
    pub item: Item,
    /// Whether all of it was UTF-8; if not, it holds U+FFFD where it was not.
    pub is_utf8: bool,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Nothing.
    Blank,
    /// A comment: the whole line.
    Comment(String),
    /// An answer to a question.
    Answer {
        /// Who owns the question: `d-i`, or a package.
        owner: String,
        /// The question, such as `passwd/root-login`.
        question: String,
        /// Its type.
        kind: Type,
        /// The answer, white space included.
        value: String,
    },
    /// The flag that a question has been seen, and is not asked again.
    Seen {
        /// Who says so; debconf does not look at it.
        owner: String,
        /// The question.
        question: String,
        /// `true`; everything else is false.
        value: String,
    },
    /// A line with fewer than three fields, which debconf refuses: the whole line.
    Incomplete(String),
    /// A line with a type that debconf does not know, and therefore skips.
    UnknownType {
        /// The type.
        kind: String,
        /// The whole line.
        text: String,
    },
}

/// The type of a question that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// One of a list.
    Select,
    /// `true` or `false`.
    Boolean,
    /// A text.
    String,
    /// Some of a list, parted by commas.
    Multiselect,
    /// Something to be shown once.
    Note,
    /// A secret.
    Password,
    /// A text to be shown.
    Text,
    /// The title of what is shown.
    Title,
}

impl Preseed {
    /// Reads a file. Any bytes are a file; a line that debconf would refuse is kept as such.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        Self { lines: line::lines(bytes).map(line::Raw::parse).collect() }
    }

    /// The lines, in order.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What debconf would store: refused lines are absent, the last answer to a question wins. In the order in which
    /// the questions first appear.
    #[must_use]
    pub fn answers(&self) -> Vec<Answer> {
        store::store(&self.lines).0
    }

    /// What is wrong with the file, by line: what debconf refuses, and what an unattended installation of Debian would
    /// stumble over. The latter concerns questions of debian-installer alone.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        check::check(self)
    }
}

impl Type {
    /// Every type.
    pub const ALL: [Self; 8] = [
        Self::Select,
        Self::Boolean,
        Self::String,
        Self::Multiselect,
        Self::Note,
        Self::Password,
        Self::Text,
        Self::Title,
    ];

    /// The type of a name. Case matters.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name in a file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Multiselect => "multiselect",
            Self::Note => "note",
            Self::Password => "password",
            Self::Text => "text",
            Self::Title => "title",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
