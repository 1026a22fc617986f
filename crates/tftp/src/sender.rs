//! The sending direction of a transfer: DATA out, ACK in. The server of a read request and the client of a write
//! request are both a negotiation and this.
//!
//! RFC 1350 §2 and §4 with the correction of RFC 1123 §4.2.3.1 (the sorcerer's apprentice: a duplicate ACK never
//! causes a retransmission in lock step), RFC 7440 §3 and §4 (the window restarts in full after a gap). The delay
//! before a retransmission follows RFC 6298 with Karn's rule; the probe of a window's last block is the idea of
//! RFC 8985 §7.

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::error_code::ErrorCode;
use crate::feed::{Feed, Shortened};
use crate::negotiate::Negotiated;
use crate::outcome::Outcome;
use crate::pacing::Pacing;
use crate::packet::{Mode, Packet, put_data_header, wire_number};
use crate::probe::Probe;
use crate::timing::{Backoff, RoundTrip, Timing};

/// The most bytes that one call of [`Sender::poll_transmit`] hands out: what one UDP GSO call can take.
const MAX_BATCH: usize = 65_507;
/// The most datagrams of one call: the kernel's limit for GSO.
const MAX_SEGMENTS: usize = 64;
const HEADER: usize = 4;

/// Sends one file to one peer. Negotiation is done before: see [`Transfer`](crate::Transfer).
///
/// Calling order: after [`new`](Self::new) and after each `handle…`, call [`poll_want`](Self::poll_want), then
/// [`poll_transmit`](Self::poll_transmit) until it returns `None`, then [`outcome`](Self::outcome) and
/// [`poll_timeout`](Self::poll_timeout). Waking early is harmless, and so is any packet.
///
/// ```
/// # #![expect(clippy::disallowed_methods, reason = "the example is a driver")]
/// use std::time::Instant;
/// use firstlight_tftp::{Mode, Negotiated, Outcome, Packet, Sender, Timing};
///
/// let now = Instant::now();
/// let mut sender = Sender::new(now, &Negotiated::default(), Mode::Octet, Some(5), Timing::default());
/// let mut buf = Vec::new();
/// assert_eq!(sender.poll_want(), Some(0..5));
/// sender.handle_data("hello".into());
/// assert_eq!(sender.poll_transmit(&mut buf), Some(9));
/// assert_eq!(Packet::parse(&buf)?, Packet::Data { block: 1, data: b"hello" });
/// sender.handle(now, &Packet::Ack { block: 1 });
/// assert_eq!(sender.outcome(), Some(Outcome::Complete { bytes: 5, retransmitted: 0 }));
/// # Ok::<(), firstlight_tftp::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Sender {
    block_size: u64,
    window: u64,
    timing: Timing,
    feed: Feed,
    /// The time of the last `handle…`. It is the present until all that it led to was handed out; what file bytes
    /// lead to later leaves at an unknown time.
    now: Instant,
    present: bool,
    backoff: Backoff,
    /// Whether the delay follows the round trip: not when the option `timeout` has set it.
    adaptive: bool,
    round_trip: RoundTrip,
    /// A block that was sent once, as the last of its window, and when.
    timed: Option<(u64, Instant)>,
    probe: Probe,
    pacing: Pacing,
    /// The last block that the peer has acknowledged; blocks count from 1 and never wrap here.
    acked: u64,
    /// The next block to send.
    next: u64,
    /// The highest block that was ever sent.
    sent: u64,
    /// The last run of blocks that were sent more than once.
    repeated: Range<u64>,
    /// Whether the peer has acknowledged anything: before that its address may be a lie.
    confirmed: bool,
    /// Whether the file kept the wire waiting, so that the timer was set before there was anything to send.
    late: bool,
    /// Whether the window was already sent again since `acked` last moved or the timer last fired.
    went_back: bool,
    retransmitted: u64,
    end: Option<End>,
}

#[derive(Debug)]
struct End {
    outcome: Outcome,
    /// An ERROR that waits to be sent.
    farewell: Option<Vec<u8>>,
}

impl Sender {
    /// A sender of a file of `size` bytes; without a size the file ends with the first empty piece of data. For
    /// [`Mode::Netascii`] the size is still that of the file.
    ///
    /// Until the peer's first ACK only one block leaves, at most [`Timing::opening_retries`] times again.
    #[must_use]
    pub fn new(now: Instant, agreed: &Negotiated, mode: Mode, size: Option<u64>, timing: Timing) -> Self {
        let block_size = u64::from(agreed.block_size.max(1));
        let window = u64::from(agreed.window_size.max(1));
        Self {
            block_size,
            window,
            timing,
            feed: Feed::new(mode, size, window * block_size),
            now,
            present: true,
            backoff: Backoff::new(now, timing.first_delay(agreed.timeout), timing.longest),
            adaptive: agreed.timeout.is_none(),
            round_trip: RoundTrip::default(),
            timed: None,
            probe: Probe::Unset,
            pacing: Pacing::new(window),
            acked: 0,
            next: 1,
            sent: 0,
            repeated: 0..0,
            confirmed: false,
            late: false,
            went_back: false,
            retransmitted: 0,
            end: None,
        }
    }

    /// Tells that the peer has answered the negotiation, and how long it took, if that is certain: a window may
    /// leave.
    pub fn handle_confirmed(&mut self, now: Instant, round_trip: Option<Duration>) {
        self.round_trip = round_trip.map_or_else(RoundTrip::default, RoundTrip::provisional);
        self.at(now);
        self.progress();
    }

    /// Takes a packet that came from the peer. ACK and ERROR mean something here, all others are ignored.
    pub fn handle(&mut self, now: Instant, packet: &Packet<'_>) {
        if self.end.is_some() {
            return;
        }
        self.at(now);
        match *packet {
            Packet::Ack { block } => self.handle_ack(block),
            Packet::Error { code, message } => self.finish(Outcome::peer_error(code, message), None),
            _ => {}
        }
    }

    /// Takes file bytes: the beginning of the range that [`poll_want`](Self::poll_want) asked for, or all of it.
    /// Empty data means the end of the file; when the size was known, a file that ends early is an error. Data that
    /// was not asked for is dropped.
    pub fn handle_data(&mut self, data: Bytes) {
        if self.end.is_none()
            && let Err(Shortened) = self.feed.push(data)
        {
            self.fail(ErrorCode::NOT_DEFINED, "the file became shorter while it was read");
        }
    }

    /// Tells that time has passed. Calling it before the deadline changes nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.end.is_some() || self.poll_timeout().is_none_or(|deadline| now < deadline) {
            return;
        }
        self.at(now);
        if self.pacing.resume(now) {
            self.backoff.rearm(now); // the window is still on its way out
        }
        match self.probe {
            Probe::Set(due) if due <= now && self.went_back => self.probe = Probe::DueFirst,
            Probe::Set(due) if due <= now => self.probe = Probe::DueLast,
            Probe::Sent(until) if until <= now => self.go_back(true),
            _ => {}
        }
        if self.backoff.deadline() <= now {
            self.time_out();
        }
    }

    /// The range of file bytes that is needed next. Each range is asked for once; answer with
    /// [`handle_data`](Self::handle_data), or with [`fail`](Self::fail).
    pub fn poll_want(&mut self) -> Option<Range<u64>> {
        if self.end.is_some() {
            return None;
        }
        self.feed.want(self.acked.saturating_mul(self.block_size))
    }

    /// Clears `buf`, fills it with datagrams, and returns the length of each: all are of this length but the last,
    /// which may be shorter. Send them in order, as `buf.chunks(length)` or with UDP GSO.
    pub fn poll_transmit(&mut self, buf: &mut Vec<u8>) -> Option<usize> {
        buf.clear();
        if let Some(end) = &mut self.end {
            buf.extend_from_slice(&end.farewell.take()?);
            return Some(buf.len());
        }
        let segment = usize::try_from(self.block_size).ok()?.saturating_add(HEADER);
        if self.put_probe(buf) {
            return Some(buf.len());
        }
        if self.sent == self.acked && !self.present && self.may_send(self.next) {
            self.late = true;
        }
        for _ in 0..MAX_SEGMENTS {
            let full = !buf.is_empty() && buf.len() + segment > MAX_BATCH;
            if full || !self.may_send(self.next) || !self.pacing.take(self.now) {
                break;
            }
            self.put(self.next, buf);
            self.sent = self.sent.max(self.next);
            self.next += 1;
        }
        if buf.is_empty() {
            self.present = false;
            return None;
        }
        self.window_sent();
        Some(segment.min(buf.len()))
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). `None` when the transfer has ended.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.end.is_some() {
            return None;
        }
        [Some(self.backoff.deadline()), self.probe.deadline(), self.pacing.until()].into_iter().flatten().min()
    }

    /// Whether all that was sent is acknowledged: the peer then says nothing more until it hears from here.
    #[must_use]
    pub const fn is_in_step(&self) -> bool {
        self.sent == self.acked
    }

    /// How the transfer ended, once it has; a last [`poll_transmit`](Self::poll_transmit) may still hold the ERROR
    /// for the peer.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.end.as_ref().map(|end| end.outcome.clone())
    }

    /// Ends the transfer and tells the peer: the file cannot be read on, or the driver wants to stop. The text goes
    /// to the peer and must not name host paths.
    pub fn fail(&mut self, code: ErrorCode, message: &str) {
        if self.end.is_none() {
            let farewell = Packet::Error { code, message: message.as_bytes() }.to_vec();
            self.finish(Outcome::Refused { code, message: message.to_owned() }, Some(farewell));
        }
    }

    fn at(&mut self, now: Instant) {
        self.now = now;
        self.present = true;
    }

    fn finish(&mut self, outcome: Outcome, farewell: Option<Vec<u8>>) {
        self.end = Some(End { outcome, farewell });
        self.feed.clear();
    }

    fn handle_ack(&mut self, wire: u16) {
        // The distance from the last acknowledged block, modulo 2^16, places the number among the blocks in flight.
        // A stale or future one lands beyond what was sent.
        let ahead = u64::from(wire.wrapping_sub(wire_number(self.acked)));
        let block = self.acked + ahead;
        if block > self.sent {
            return;
        }
        if ahead == 0 {
            self.handle_duplicate_ack();
            return;
        }
        self.acked = block;
        if self.last_block() == Some(block) {
            let (bytes, retransmitted) = (self.acknowledged_bytes(), self.retransmitted);
            self.finish(Outcome::Complete { bytes, retransmitted }, None);
            return;
        }
        self.feed.discard_to(block.saturating_mul(self.block_size));
        if let Some((timed, sent_at)) = self.timed.take()
            && timed == block
        {
            // Karn: only blocks that were sent once. After a probe this is too long, which does no harm.
            self.round_trip.sample(self.now.saturating_duration_since(sent_at));
        }
        let probed = self.probe.was_sent();
        self.progress();
        if self.next <= block {
            self.next = block + 1;
        } else if self.next > block + 1 {
            // An ACK within the window: what follows it was lost (RFC 7440 §4).
            self.go_back(probed);
        }
        if block == self.sent {
            self.pacing.grow();
        }
    }

    /// RFC 1123 §4.2.3.1: a duplicate means nothing in lock step. With a window it is the receiver's word for a gap
    /// at its begin, believed once: a second copy must not start a second flood. The ACK of a block that was sent
    /// twice comes twice without any gap.
    fn handle_duplicate_ack(&mut self) {
        let echo = self.repeated.contains(&self.acked);
        if self.window > 1 && self.sent > self.acked && !self.went_back && !echo {
            self.go_back(self.probe.was_sent());
        }
    }

    fn go_back(&mut self, lost_tail: bool) {
        self.next = self.acked + 1;
        self.went_back = true;
        self.probe = Probe::Unset;
        self.timed = None;
        self.pacing.lost(lost_tail);
        self.backoff.rearm(self.now);
    }

    fn progress(&mut self) {
        self.confirmed = true;
        self.late = false;
        self.went_back = false;
        self.probe = Probe::Unset;
        self.pacing.restart();
        if self.adaptive {
            self.backoff.set_first(self.round_trip.timeout(&self.timing));
        }
        self.backoff.reset(self.now);
    }

    fn time_out(&mut self) {
        if self.sent == self.acked || self.late {
            self.late = false;
            self.backoff.rearm(self.now); // the file was slow, not the peer
            return;
        }
        let limit = if self.confirmed { self.timing.retries } else { self.timing.opening_retries };
        if !self.backoff.retry(self.now, limit) {
            let all_sent = self.last_block().is_some_and(|last| self.sent >= last);
            self.finish(Outcome::TimedOut { acknowledged: self.acknowledged_bytes(), all_sent }, None);
            return;
        }
        self.next = self.acked + 1;
        self.went_back = false;
        self.probe = Probe::Done;
        self.timed = None;
        self.pacing.lost(true);
    }

    /// Appends a DATA packet.
    fn put(&mut self, block: u64, buf: &mut Vec<u8>) {
        if block <= self.sent {
            self.retransmitted += 1;
            if self.repeated.end != block {
                self.repeated.start = block;
            }
            self.repeated.end = block + 1;
        }
        put_data_header(buf, wire_number(block));
        let length = usize::try_from(self.block_size).unwrap_or(usize::MAX);
        self.feed.copy_to((block - 1).saturating_mul(self.block_size), length, buf);
    }

    fn put_probe(&mut self, buf: &mut Vec<u8>) -> bool {
        match self.probe {
            Probe::DueFirst => {
                self.probe = Probe::DueLast;
                self.put(self.acked + 1, buf);
            }
            Probe::DueLast => {
                self.probe = Probe::sent(self.now, self.round_trip.overdue(), self.went_back);
                self.put(self.next - 1, buf);
            }
            _ => return false,
        }
        true
    }

    /// Sets the probe and starts the clock, when the window's last block has just left at a known time.
    fn window_sent(&mut self) {
        let tail = self.next - 1;
        let whole = tail == self.acked.saturating_add(self.window) || self.last_block() == Some(tail);
        if !whole || !self.present {
            return;
        }
        if self.sent == tail && !self.repeated.contains(&tail) {
            self.timed = Some((tail, self.now));
        }
        if let Some(overdue) = self.round_trip.overdue()
            && self.window > 1
            && self.probe == Probe::Unset
        {
            self.probe = Probe::Set(self.now + overdue);
        }
    }

    /// The number of the last block, known once the whole file was read. A file that is a multiple of the block
    /// size ends with an empty block (RFC 1350 §6).
    fn last_block(&self) -> Option<u64> {
        self.feed.at_end().then(|| self.feed.available() / self.block_size + 1)
    }

    fn may_send(&self, block: u64) -> bool {
        let window = if self.confirmed { self.window } else { 1 };
        block <= self.acked.saturating_add(window)
            && match self.last_block() {
                Some(last) => block <= last,
                None => block.saturating_mul(self.block_size) <= self.feed.available(),
            }
    }

    fn acknowledged_bytes(&self) -> u64 {
        self.acked.saturating_mul(self.block_size).min(self.feed.available())
    }
}
