//! When to send again and when to give up: the knobs, the estimate of the round trip, and the growing delay.

use std::time::{Duration, Instant};

/// When to send again and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The delay before a retransmission while no round trip was measured. The option `timeout` (RFC 2349) puts the
    /// peer's number in its place and in that of the measured one. Delays double with each retransmission and start
    /// anew with each progress.
    pub retransmit: Duration,
    /// No measured delay is shorter: firmware may stop listening for a while, and sending early only adds load.
    pub shortest: Duration,
    /// No delay is longer, not even one that the peer asked for: sending early is harmless, and a peer must not be
    /// able to occupy a place for hours.
    pub longest: Duration,
    /// Retransmissions before the first valid answer: until then the peer's address may be a lie.
    pub opening_retries: u32,
    /// Retransmissions after that, without progress.
    pub retries: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            retransmit: Duration::from_secs(1),
            shortest: Duration::from_millis(500),
            longest: Duration::from_secs(8),
            opening_retries: 4,
            retries: 6,
        }
    }
}

impl Timing {
    /// The first delay of a transfer that agreed on `timeout` seconds, or on none.
    pub(crate) fn first_delay(&self, timeout: Option<u8>) -> Duration {
        timeout.map_or(self.retransmit, |seconds| Duration::from_secs(u64::from(seconds))).min(self.longest)
    }
}

/// The round trip as RFC 6298 §2 estimates it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoundTrip {
    smoothed: Option<Duration>,
    variation: Duration,
    /// Measured with another packet than a window of DATA; the first window takes its place.
    provisional: bool,
}

const MIN_OVERDUE: Duration = Duration::from_millis(5);

impl RoundTrip {
    pub(crate) fn provisional(took: Duration) -> Self {
        Self { smoothed: Some(took), variation: took / 2, provisional: true }
    }

    pub(crate) fn sample(&mut self, took: Duration) {
        match self.smoothed {
            Some(smoothed) if !self.provisional => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(took)) / 4;
                self.smoothed = Some((smoothed * 7 + took) / 8);
            }
            _ => *self = Self { smoothed: Some(took), variation: took / 2, provisional: false },
        }
    }

    /// When an answer is overdue, though not yet given up: two round trips, more where they vary, and nothing that
    /// timers cannot tell from the work that the peer has to do.
    pub(crate) fn overdue(&self) -> Option<Duration> {
        self.smoothed.map(|smoothed| smoothed.saturating_add(smoothed.max(self.variation * 4)).max(MIN_OVERDUE))
    }

    /// The delay before a retransmission.
    pub(crate) fn timeout(&self, timing: &Timing) -> Duration {
        let measured = self.smoothed.map(|smoothed| smoothed.saturating_add(self.variation * 4).max(timing.shortest));
        measured.unwrap_or(timing.retransmit).min(timing.longest)
    }
}

/// A deadline whose delay doubles until something is heard.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
    deadline: Instant,
}

impl Backoff {
    pub(crate) fn new(now: Instant, first: Duration, longest: Duration) -> Self {
        Self { first, longest, attempts: 0, deadline: now + first }
    }

    pub(crate) const fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn set_first(&mut self, first: Duration) {
        self.first = first;
    }

    /// The peer was heard: the delays start anew.
    pub(crate) fn reset(&mut self, now: Instant) {
        self.attempts = 0;
        self.rearm(now);
    }

    /// Waits once more, without counting it against the peer.
    pub(crate) fn rearm(&mut self, now: Instant) {
        let factor = 1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        self.deadline = now + self.first.saturating_mul(factor).min(self.longest);
    }

    /// Counts an attempt and doubles the delay; `false` when `limit` attempts were made already.
    pub(crate) fn retry(&mut self, now: Instant, limit: u32) -> bool {
        if self.attempts >= limit {
            return false;
        }
        self.attempts += 1;
        self.rearm(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_estimate_follows_rfc_6298_between_its_bounds() {
        let timing = Timing::default();
        let mut rtt = RoundTrip::default();
        assert_eq!(rtt.timeout(&timing), MS * 1000);
        rtt.sample(MS * 400);
        assert_eq!((rtt.smoothed, rtt.timeout(&timing)), (Some(MS * 400), MS * 1200));
        rtt.sample(MS * 480);
        // "RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|, SRTT <- (1 - alpha) * SRTT + alpha * R'"
        assert_eq!((rtt.smoothed, rtt.timeout(&timing)), (Some(MS * 410), MS * (410 + 4 * 170)));
        for _ in 0..100 {
            rtt.sample(MS);
        }
        assert_eq!(rtt.timeout(&timing), timing.shortest);
        rtt.sample(MS * 1_000_000);
        assert_eq!(rtt.timeout(&timing), timing.longest);
    }

    #[test]
    fn the_first_window_takes_the_place_of_a_provisional_estimate() {
        let mut rtt = RoundTrip::provisional(MS);
        rtt.sample(MS * 80);
        // Two round trips, or one and four times its variation.
        assert_eq!((rtt.smoothed, rtt.overdue()), (Some(MS * 80), Some(MS * 240)));
        (0..100).for_each(|_| rtt.sample(MS * 80));
        assert_eq!(rtt.overdue(), Some(MS * 160));
        assert_eq!(RoundTrip::provisional(Duration::ZERO).overdue(), Some(MIN_OVERDUE));
    }
}
