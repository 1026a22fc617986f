//! Error codes of RFC 1350 (appendix) and RFC 2347 (code 8). Unknown codes are values, not errors.

use std::fmt;

/// The code of an ERROR packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// 0: not defined, see the message.
    pub const NOT_DEFINED: Self = Self(0);
    /// 1: file not found. Boot loaders that walk a list of names go on to the next one.
    pub const FILE_NOT_FOUND: Self = Self(1);
    /// 2: access violation.
    pub const ACCESS_VIOLATION: Self = Self(2);
    /// 3: disk full or allocation exceeded.
    pub const DISK_FULL: Self = Self(3);
    /// 4: illegal TFTP operation.
    pub const ILLEGAL_OPERATION: Self = Self(4);
    /// 5: unknown transfer ID.
    pub const UNKNOWN_TRANSFER_ID: Self = Self(5);
    /// 6: file already exists.
    pub const FILE_EXISTS: Self = Self(6);
    /// 7: no such user (mail mode).
    pub const NO_SUCH_USER: Self = Self(7);
    /// 8: the options are not acceptable (RFC 2347). EDK2 also ends its size probe with it.
    pub const OPTION_REFUSED: Self = Self(8);

    /// The meaning of the code, when a document gives it one.
    ///
    /// ```
    /// use firstlight_tftp::ErrorCode;
    /// assert_eq!(ErrorCode(1).meaning(), Some("file not found"));
    /// assert_eq!(ErrorCode(900).meaning(), None);
    /// ```
    #[must_use]
    pub const fn meaning(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "not defined",
            1 => "file not found",
            2 => "access violation",
            3 => "disk full or allocation exceeded",
            4 => "illegal operation",
            5 => "unknown transfer id",
            6 => "file already exists",
            7 => "no such user",
            8 => "options refused",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            Some(meaning) => write!(f, "{} ({meaning})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}
