//! What is done about a window whose ACK is overdue, long before the time-out.
//!
//! First its last block is sent again: if that or the ACK was lost, nothing else would wake the receiver. A receiver
//! that has told of a gap already is silent, though, and when its ACK, or the block that it lacks, was lost as well, it
//! needs that block: so a second silence leads to the one go-back of this base, and after that the first block is sent
//! with the last.

use std::time::{Duration, Instant};

/// Waiting for the answer takes so many times longer: a peer that is only slow must not get everything twice.
const PATIENCE: u32 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// The window is not fully sent yet.
    Unset,
    Set(Instant),
    /// The first block is to be sent, and then the last.
    DueFirst,
    DueLast,
    /// It was sent, and this is how long an answer may take.
    Sent(Instant),
    /// Once per window.
    Done,
}

impl Probe {
    /// When time does something to it.
    pub(crate) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Set(at) | Self::Sent(at) => Some(at),
            _ => None,
        }
    }

    /// Whether the window's ACK was asked for.
    pub(crate) const fn was_sent(self) -> bool {
        matches!(self, Self::Sent(_) | Self::Done)
    }

    /// What follows the last block's departure.
    pub(crate) fn sent(now: Instant, overdue: Option<Duration>, went_back: bool) -> Self {
        if went_back { Self::Done } else { Self::Sent(now + overdue.unwrap_or_default() * PATIENCE) }
    }
}
