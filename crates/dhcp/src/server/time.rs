//! [`Timestamp`]: the server's only notion of time. It is given to the server, never fetched.

use std::fmt;

/// Whole seconds since the Unix epoch.
///
/// Leases outlive the process, so a monotonic clock would not do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// So many seconds later; stops at the end of time.
    #[must_use]
    pub const fn after(self, seconds: u32) -> Self {
        // `From` is not const.
        Self(self.0.saturating_add(seconds as u64))
    }

    /// How many seconds `later` is away; 0 if it has passed.
    #[must_use]
    pub const fn seconds_until(self, later: Self) -> u64 {
        later.0.saturating_sub(self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
