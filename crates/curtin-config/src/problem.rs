//! What is wrong with a configuration, where, and what to write instead.

use std::fmt;

use crate::value::Node;

mod remedy;

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; the installation is not affected.
    Info,
    /// Probably not what was meant; an installation still goes ahead.
    Warning,
    /// There is no plan while this stands.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Who objects: each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// curtin's validator, which looks at the storage section alone. An error at this level exists exactly when the
    /// validator refuses.
    Schema,
    /// The installer: it would fail, or destroy what it has just made.
    Runtime,
    /// Nobody, but it is worth a look.
    Lint,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Schema => "schema",
            Self::Runtime => "runtime",
            Self::Lint => "lint",
        })
    }
}

/// A place in the source text; both numbers count from 1, columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which of several texts: see [`Merge::source`](crate::Merge::source). 0 when there is one.
    pub source: u16,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Span {
    /// The place of a value that was built in code and stands in no file.
    pub const NONE: Self = Self { source: 0, line: 0, column: 0 };

    /// Whether this is a place in a text at all.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.line > 0
    }
}

/// One finding about a configuration.
///
/// Displayed as one line:
///
/// ```
/// use firstlight_curtin_config::parse;
///
/// let parsed = parse("late-commands:\n  a: [true]\n");
/// assert_eq!(
///     parsed.problems[0].to_string(),
///     "1:1: warning[unknown-key] late-commands: curtin does not know this key \
///      (did you mean `late_commands`?)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Who objects.
    pub level: Level,
    /// A stable name for this kind of problem, such as `unknown-key`.
    pub code: &'static str,
    /// Where in the tree, such as `storage.config[2].size`; empty for the whole document.
    pub path: String,
    /// Where in the text; [`Span::NONE`] when it is about something outside of the text.
    pub span: Span,
    /// A sentence saying what is wrong.
    pub message: String,
    /// What to do about it; never empty.
    pub remedy: String,
}

impl Problem {
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        path: impl Into<String>,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        let level = if severity == Severity::Error { Level::Runtime } else { Level::Lint };
        let remedy = remedy::usual(code).to_owned();
        Self { severity, level, code, path: path.into(), span, message: message.into(), remedy }
    }

    pub(crate) fn error(code: &'static str, path: impl Into<String>, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, path, span, message)
    }

    /// A value of another kind than the one that is needed.
    pub(crate) fn bad_type(path: impl Into<String>, node: &Node, wanted: &str) -> Self {
        let message = format!("must be {wanted}, not {}", node.kind());
        Self::error("bad-type", path, node.span, message).remedy(remedy::instead(node, wanted))
    }

    /// As [`bad_type`](Self::bad_type), where curtin makes something of it.
    pub(crate) fn odd_type(path: impl Into<String>, node: &Node, wanted: &str) -> Self {
        let message = format!("this is {}, and {wanted} is expected", node.kind());
        Self::warning("odd-type", path, node.span, message).remedy(remedy::instead(node, wanted))
    }

    pub(crate) fn warning(code: &'static str, path: impl Into<String>, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, path, span, message)
    }

    pub(crate) fn info(code: &'static str, path: impl Into<String>, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Info, code, path, span, message)
    }

    /// A file that cannot be read: nothing can be said of it, so this counts at every level.
    ///
    /// ```
    /// use firstlight_curtin_config::Problem;
    ///
    /// assert_eq!(
    ///     Problem::unreadable("it is gone").to_string(),
    ///     "error[unreadable] it cannot be read: it is gone (see that the file is there, and that you may read it)"
    /// );
    /// ```
    #[must_use]
    pub fn unreadable(reason: &str) -> Self {
        Self::error("unreadable", "", Span::NONE, format!("it cannot be read: {reason}")).at(Level::Schema)
    }

    pub(crate) fn at(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Whether this problem alone prevents a plan.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.span.is_known() {
            write!(f, "{}:{}: ", self.span.line, self.span.column)?;
        }
        write!(f, "{}[{}] ", self.severity, self.code)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} ({})", self.message, self.remedy)
    }
}
