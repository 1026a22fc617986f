//! Why the bytes of an option do not have its format.

use core::fmt;

use crate::OptionCode;

/// An option that does not have its format. It names the option, what was expected and what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionError {
    code: OptionCode,
    sub: Option<u8>,
    kind: OptionErrorKind,
}

impl OptionError {
    /// Trouble in an option as a whole.
    #[must_use]
    pub const fn new(code: OptionCode, kind: OptionErrorKind) -> Self {
        Self { code, sub: None, kind }
    }

    /// The same trouble, inside a sub-option.
    #[must_use]
    pub const fn within(self, sub: u8) -> Self {
        Self { sub: Some(sub), ..self }
    }

    /// The option.
    #[must_use]
    pub const fn code(self) -> OptionCode {
        self.code
    }

    /// The sub-option, if the trouble is inside one.
    #[must_use]
    pub const fn sub_option(self) -> Option<u8> {
        self.sub
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(self) -> OptionErrorKind {
        self.kind
    }

    pub(crate) const fn value(code: OptionCode, field: &'static str, expected: &'static str, found: u32) -> Self {
        Self::new(code, OptionErrorKind::Value { field, expected, found })
    }
}

/// What is wrong with an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionErrorKind {
    /// The option has a length that its format does not allow.
    Length {
        /// What the format allows.
        expected: Expected,
        /// Bytes received.
        found: usize,
    },
    /// The option ends inside one of its fields, or a nested length runs past the end.
    Truncated {
        /// The field.
        field: &'static str,
        /// Bytes that it needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A field has a value that the format forbids.
    Value {
        /// The field.
        field: &'static str,
        /// What is allowed.
        expected: &'static str,
        /// What came.
        found: u32,
    },
    /// The option lies in several pieces (RFC 3396) and was asked for in one.
    Split,
}

/// The lengths that a format allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// This many bytes.
    Exactly(usize),
    /// This many bytes or more.
    AtLeast(usize),
    /// A multiple of this many bytes, and not zero.
    MultipleOf(usize),
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option {} ({})", self.code.0, self.code)?;
        if let Some(sub) = self.sub {
            write!(f, ", sub-option {sub}")?;
        }
        write!(f, ": {}", self.kind)
    }
}

impl core::error::Error for OptionError {}

impl fmt::Display for OptionErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Truncated { field, needed, left } => {
                let s = if *needed == 1 { "" } else { "s" };
                write!(f, "{field} needs {needed} byte{s}, found {left}")
            }
            Self::Value { field, expected, found } => write!(f, "{field} is {found}, expected {expected}"),
            Self::Split => f.write_str("split over several options, which have to be joined first"),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(1) => f.write_str("1 byte"),
            Self::Exactly(len) => write!(f, "{len} bytes"),
            Self::AtLeast(1) => f.write_str("at least 1 byte"),
            Self::AtLeast(len) => write!(f, "at least {len} bytes"),
            Self::MultipleOf(len) => write!(f, "a multiple of {len} bytes"),
        }
    }
}
