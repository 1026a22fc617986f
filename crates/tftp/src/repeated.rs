//! A packet that is repeated until it is answered: the OACK of a server, the request of a client.

use std::time::{Duration, Instant};

use crate::timing::{Backoff, Timing};

#[derive(Debug)]
pub(crate) struct Repeated {
    packet: Vec<u8>,
    due: bool,
    begun: Instant,
    backoff: Backoff,
    retries: u32,
}

impl Repeated {
    pub(crate) fn new(now: Instant, packet: Vec<u8>, timeout: Option<u8>, timing: &Timing) -> Self {
        let backoff = Backoff::new(now, timing.first_delay(timeout), timing.longest);
        Self { packet, due: true, begun: now, backoff, retries: timing.opening_retries }
    }

    /// `false` when it was repeated often enough.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> bool {
        if now < self.backoff.deadline() {
            return true;
        }
        self.due = self.backoff.retry(now, self.retries);
        self.due
    }

    pub(crate) fn poll_transmit(&mut self, buf: &mut Vec<u8>) -> Option<usize> {
        buf.clear();
        if !std::mem::take(&mut self.due) {
            return None;
        }
        buf.extend_from_slice(&self.packet);
        Some(buf.len())
    }

    pub(crate) const fn poll_timeout(&self) -> Instant {
        self.backoff.deadline()
    }

    /// How long the answer took; unknown when it may be that to a repetition (Karn).
    pub(crate) fn round_trip(&self, now: Instant) -> Option<Duration> {
        (self.backoff.attempts() == 0).then(|| now.saturating_duration_since(self.begun))
    }
}
