//! [`Counters`]: what a server has been asked and what it has answered, since it was made.

use super::decision::{Reply, Silence};
use crate::MessageType;

/// The types of RFC 2131 and its successors; beyond them, there is one place for all.
const TYPES: usize = 20;
const OTHER: u8 = 19;
const SILENCES: usize = Silence::ALL.len();

/// How often each thing has happened; nothing is ever counted twice or left-out: every request is either answered or
/// met with a silence, and every silence has its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    requests: [u64; TYPES],
    replies: [u64; TYPES],
    silences: [u64; SILENCES],
    pub(super) probes: u64,
    pub(super) unprobed: u64,
    pub(super) conflicts: u64,
}

impl Counters {
    pub(super) const fn new() -> Self {
        Self {
            requests: [0; TYPES],
            replies: [0; TYPES],
            silences: [0; SILENCES],
            probes: 0,
            unprobed: 0,
            conflicts: 0,
        }
    }

    /// Messages received, by type; `None` for BOOTP. Types above 18 are counted together.
    #[must_use]
    pub fn requests(&self, kind: Option<MessageType>) -> u64 {
        self.requests.get(place(kind)).copied().unwrap_or(0)
    }

    /// Replies made, by type; `None` for BOOTP.
    #[must_use]
    pub fn replies(&self, kind: Option<MessageType>) -> u64 {
        self.replies.get(place(kind)).copied().unwrap_or(0)
    }

    /// Requests and answers to probes that led to no reply, by reason.
    #[must_use]
    pub fn silences(&self, reason: Silence) -> u64 {
        self.silences.get(reason as usize).copied().unwrap_or(0)
    }

    /// Probes asked for.
    #[must_use]
    pub const fn probes(&self) -> u64 {
        self.probes
    }

    /// Addresses that were offered without the probe that they needed, for too many were waiting.
    #[must_use]
    pub const fn unprobed(&self) -> u64 {
        self.unprobed
    }

    /// Addresses that a probe found in use.
    #[must_use]
    pub const fn conflicts(&self) -> u64 {
        self.conflicts
    }

    /// Everything, for a page of statistics: what it is, which one, how often.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let name = |kind: u8| match kind {
            0 => "BOOTP",
            kind => MessageType(kind).name().unwrap_or("other"),
        };
        let requests = (0..).zip(self.requests).map(move |(kind, count)| ("requests", name(kind), count));
        let replies = (0..).zip(self.replies).map(move |(kind, count)| ("replies", name(kind), count));
        let silences = Silence::ALL.iter().map(|reason| ("silences", reason.code(), self.silences(*reason)));
        let probes = [("sent", self.probes), ("left-out", self.unprobed), ("conflicts", self.conflicts)];
        requests.chain(replies).chain(silences).chain(probes.map(|(name, count)| ("probes", name, count)))
    }

    pub(super) fn count_request(&mut self, kind: Option<MessageType>) {
        count(&mut self.requests, place(kind));
    }

    pub(super) fn count_outcome(&mut self, outcome: &Result<Reply, Silence>) {
        match outcome {
            Ok(reply) => count(&mut self.replies, place(reply.message.message_type())),
            Err(silence) => count(&mut self.silences, *silence as usize),
        }
    }
}

fn place(kind: Option<MessageType>) -> usize {
    usize::from(kind.map_or(0, |kind| if kind.0 == 0 { OTHER } else { kind.0.min(OTHER) }))
}

fn count(counts: &mut [u64], place: usize) {
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}
