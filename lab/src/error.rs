//! What went wrong, in one sentence for the person at the terminal.

use std::fmt::Display;

/// The lab's result.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why the lab stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A fault, said in one sentence.
    #[error("{0}")]
    Said(String),
    /// Ctrl-C, a termination signal, or the lab's other half is gone.
    #[error("interrupted")]
    Interrupted,
    /// The inner half has already printed why; only the exit code is left.
    #[error("the run failed")]
    Reported(u8),
}

impl Error {
    /// A fault in one sentence.
    pub(crate) fn said(sentence: impl Display) -> Self {
        Self::Said(sentence.to_string())
    }

    /// The process exit code that goes with it.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Said(_) => 1,
            Self::Interrupted => 130,
            Self::Reported(code) => *code,
        }
    }

    /// Whether the sentence has been printed already.
    pub(crate) fn is_reported(&self) -> bool {
        matches!(self, Self::Reported(_))
    }
}

/// Puts what was being done in front of what the system said.
pub(crate) trait Doing<T> {
    /// `doing` reads as the start of a sentence: "the disk m1.raw cannot be made".
    fn doing(self, doing: impl Display) -> Result<T>;
}

impl<T, E: Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, doing: impl Display) -> Result<T> {
        self.map_err(|error| Error::Said(format!("{doing}: {error}")))
    }
}
