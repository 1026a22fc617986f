//! [`Exchange`]: one transaction and its retransmissions, and [`Jitter`]: where chance comes from.
//!
//! RFC 2131 §4.1: "The delay before the first retransmission SHOULD be 4 seconds randomized by the value of a uniform random
//! number chosen from the range -1 to +1 \[...\] The retransmission delay SHOULD be doubled with subsequent
//! retransmissions up to a maximum of 64 seconds."

use core::time::Duration;

/// 64 s are 4 s, doubled so many times.
const DOUBLINGS: u32 = 4;

#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) xid: u32,
    /// When its first datagram was sent.
    pub(super) began: Duration,
    /// When the client first asked for an address, for `secs`.
    pub(super) since: Duration,
    /// Datagrams sent.
    pub(super) sent: u32,
    /// When the next one is due.
    pub(super) next: Duration,
}

impl Exchange {
    pub(super) fn new(now: Duration, jitter: &mut Jitter) -> Self {
        let xid = jitter.next();
        Self { xid, began: now, since: now, sent: 1, next: after(now, 1, jitter) }
    }

    /// The REQUEST that follows an OFFER.
    pub(super) fn follow(&self, now: Duration, jitter: &mut Jitter) -> Self {
        Self { began: now, sent: 1, next: after(now, 1, jitter), ..*self }
    }

    pub(super) fn again(&mut self, now: Duration, jitter: &mut Jitter) {
        self.sent = self.sent.saturating_add(1);
        self.next = after(now, self.sent, jitter);
    }

    /// Answers to earlier datagrams are none to the next one.
    pub(super) const fn renumber(&mut self, now: Duration, jitter: &mut Jitter) {
        (self.xid, self.began) = (jitter.next(), now);
    }

    /// RFC 2131 §2: "seconds elapsed since client began address acquisition or renewal process".
    pub(super) fn secs(&self, now: Duration) -> u16 {
        u16::try_from(now.saturating_sub(self.since).as_secs()).unwrap_or(u16::MAX)
    }
}

/// The delay after the datagram of that number.
fn after(now: Duration, sent: u32, jitter: &mut Jitter) -> Duration {
    let base = 4_u64 << sent.saturating_sub(1).min(DOUBLINGS);
    now.saturating_add(Duration::from_millis(base * 1000 - 1000 + u64::from(jitter.next() % 2001)))
}

/// `SplitMix64`: numbers that two clients with different seeds do not share.
#[derive(Clone, Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delays_are_4_8_16_32_64_64_seconds_within_one() {
        let mut jitter = Jitter::new(1);
        let mut exchange = Exchange::new(Duration::ZERO, &mut jitter);
        for expect in [4_u64, 8, 16, 32, 64, 64] {
            let now = exchange.next - Duration::ZERO;
            let began = exchange.began;
            let delay = (now - began).as_millis() as u64;
            assert!(delay.abs_diff(expect * 1000) <= 1000, "{delay} ms, not {expect} s");
            exchange.began = now;
            exchange.again(now, &mut jitter);
        }
    }
}
