//! The sending side of one transfer: a read request seen from the server.
//!
//! ```text
//!              OACK to send?
//!   new ──────────┬── yes ──▶ Opening ── ACK 0 ──▶ Sending ── ACK of the last block ──▶ Ended(Complete)
//!                 └── no ─────────────────────────▶   │
//!   Opening: ERROR 8 or 0 ──▶ Ended(Probe)            ├── ERROR ──▶ Ended(PeerError)
//!   Opening, Sending: too many time-outs ──▶ Ended(TimedOut); file unreadable ──▶ Ended(Refused)
//! ```
//!
//! It is given time, packets and file bytes by `handle…`, and says what it wants by `poll…`. It never reads a clock,
//! never opens a file, and never answers an ERROR. It does not check where a packet came from: the driver hands in
//! only what came from the peer.
//!
//! RFC 1350 §2 and §4 with the correction of RFC 1123 §4.2.3.1 (the sorcerer's apprentice: a duplicate ACK never
//! causes a retransmission in lock step), RFC 7440 §3 and §4 (the window restarts in full after a gap).

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::buffer::Buffer;
use crate::error_code::ErrorCode;
use crate::negotiate::Negotiated;
use crate::netascii;
use crate::outcome::Outcome;
use crate::packet::{Mode, Packet, put_data_header};

/// The most bytes that one call of [`ReadTransfer::poll_transmit`] hands out: what one UDP GSO call can take.
const MAX_BATCH: usize = 65_507;
/// The most datagrams of one call: the kernel's limit for GSO.
const MAX_SEGMENTS: usize = 64;
/// File bytes are asked for in pieces of this size when two windows are smaller.
const MIN_READ_AHEAD: u64 = 64 << 10;
const HEADER: usize = 4;

/// When to send again and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The first delay before a retransmission, unless the peer asked for another with the option `timeout`. It
    /// doubles with each retransmission and starts anew when the peer acknowledges something.
    pub retransmit: Duration,
    /// No delay is longer, not even one that the peer asked for: sending early is harmless, and a peer must not be
    /// able to occupy a place for hours.
    pub longest: Duration,
    /// Retransmissions before the first valid ACK: until then the peer's address may be a lie.
    pub opening_retries: u32,
    /// Retransmissions after that, without progress.
    pub retries: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self { retransmit: Duration::from_secs(1), longest: Duration::from_secs(8), opening_retries: 4, retries: 6 }
    }
}

/// Sends one file to one peer.
///
/// Calling order: after [`new`](Self::new) and after each `handle…`, call [`poll_want`](Self::poll_want), then
/// [`poll_transmit`](Self::poll_transmit) until it returns `None`, then [`outcome`](Self::outcome) and
/// [`poll_timeout`](Self::poll_timeout). Waking early is harmless, and so is any packet.
///
/// ```
/// # #![expect(clippy::disallowed_methods, reason = "the example is a driver")]
/// use std::time::Instant;
/// use firstlight_tftp::{Mode, Negotiated, Outcome, Packet, ReadTransfer, Timing};
///
/// let now = Instant::now();
/// let mut transfer = ReadTransfer::new(now, &Negotiated::default(), Mode::Octet, Some(5), Timing::default());
/// let mut buf = Vec::new();
/// assert_eq!(transfer.poll_want(), Some(0..5));
/// transfer.handle_data("hello".into());
/// assert_eq!(transfer.poll_transmit(&mut buf), Some(9));
/// assert_eq!(Packet::parse(&buf)?, Packet::Data { block: 1, data: b"hello" });
/// transfer.handle(now, &Packet::Ack { block: 1 });
/// assert_eq!(transfer.outcome(), Some(Outcome::Complete { bytes: 5, retransmitted: 0 }));
/// # Ok::<(), firstlight_tftp::ParseError>(())
/// ```
#[derive(Debug)]
pub struct ReadTransfer {
    block_size: u64,
    window: u64,
    netascii: bool,
    timing: Timing,
    delay: Duration,
    state: State,
    /// A packet other than DATA that waits to be sent.
    control: Option<Vec<u8>>,
    source: FileSide,
    buffer: Buffer,
    /// The last block that the peer has acknowledged; blocks count from 1 and never wrap here.
    acked: u64,
    /// The next block to send.
    next: u64,
    /// The highest block that was ever sent.
    sent: u64,
    /// Whether the peer has acknowledged anything: before that its address may be a lie.
    confirmed: bool,
    /// Whether the file kept the wire waiting, so that the timer was set before there was anything to send.
    late: bool,
    /// Whether the window was already sent again since `acked` last moved or the timer last fired.
    went_back: bool,
    attempts: u32,
    deadline: Instant,
    retransmitted: u64,
}

#[derive(Debug)]
enum State {
    /// The OACK (kept for its retransmission) waits for ACK 0.
    Opening {
        oack: Vec<u8>,
    },
    Sending,
    Ended(Outcome),
}

/// How far the file was read.
#[derive(Debug)]
struct FileSide {
    size: Option<u64>,
    fetched: u64,
    /// The end of the range that was asked for and not delivered yet.
    wanted: Option<u64>,
    at_end: bool,
    read_ahead: u64,
}

impl ReadTransfer {
    /// A transfer of a file of `size` bytes; without a size it ends with the first empty piece of data. For
    /// [`Mode::Netascii`] the size is still that of the file, and `agreed.tsize` must be the encoded length.
    #[must_use]
    pub fn new(now: Instant, agreed: &Negotiated, mode: Mode, size: Option<u64>, timing: Timing) -> Self {
        let asked = agreed.timeout.map(|seconds| Duration::from_secs(u64::from(seconds)));
        let delay = asked.unwrap_or(timing.retransmit).min(timing.longest);
        let block_size = u64::from(agreed.block_size.max(1));
        let window = u64::from(agreed.window_size.max(1));
        let oack = agreed.oack.as_options();
        let oack = (!oack.is_empty()).then(|| Packet::Oack(oack).to_vec());
        Self {
            block_size,
            window,
            netascii: mode == Mode::Netascii,
            timing,
            delay,
            control: oack.clone(),
            state: oack.map_or(State::Sending, |oack| State::Opening { oack }),
            source: FileSide {
                size,
                fetched: 0,
                wanted: None,
                at_end: size == Some(0),
                read_ahead: (2 * window * block_size).max(MIN_READ_AHEAD),
            },
            buffer: Buffer::default(),
            acked: 0,
            next: 1,
            sent: 0,
            confirmed: false,
            late: false,
            went_back: false,
            attempts: 0,
            deadline: now + delay,
            retransmitted: 0,
        }
    }

    /// Takes a packet that came from the peer. ACK and ERROR mean something here, all others are ignored.
    pub fn handle(&mut self, now: Instant, packet: &Packet<'_>) {
        match (&self.state, packet) {
            (State::Ended(_), _) => {}
            (State::Opening { .. }, Packet::Ack { block: 0 }) => {
                self.state = State::Sending;
                self.control = None;
                self.progress(now);
            }
            (State::Sending, Packet::Ack { block }) => self.handle_ack(now, *block),
            (state, Packet::Error { code, message }) => {
                let probe = matches!(state, State::Opening { .. })
                    && matches!(*code, ErrorCode::OPTION_REFUSED | ErrorCode::NOT_DEFINED);
                let message = String::from_utf8_lossy(message).into_owned();
                self.end(if probe { Outcome::Probe } else { Outcome::PeerError { code: *code, message } });
            }
            _ => {}
        }
    }

    /// Takes file bytes: the beginning of the range that [`poll_want`](Self::poll_want) asked for, or all of it.
    /// Empty data means the end of the file; when the size was known, a file that ends early is an error. Data that
    /// was not asked for is dropped.
    pub fn handle_data(&mut self, mut data: Bytes) {
        let Some(wanted) = self.source.wanted.take() else { return };
        if self.is_ended() {
            return;
        }
        if data.is_empty() {
            match self.source.size {
                Some(_) => self.fail(ErrorCode::NOT_DEFINED, "the file became shorter while it was read"),
                None => self.source.at_end = true,
            }
            return;
        }
        let room = wanted.saturating_sub(self.source.fetched);
        data.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        self.source.fetched = self.source.fetched.saturating_add(data.len() as u64);
        self.source.at_end = self.source.size == Some(self.source.fetched);
        self.buffer.push(if self.netascii { netascii::encode(data) } else { data });
    }

    /// Tells that time has passed. Calling it before the deadline changes nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.is_ended() || now < self.deadline {
            return;
        }
        let opening = matches!(self.state, State::Opening { .. });
        if !opening && (self.sent == self.acked || self.late) {
            self.late = false;
            self.deadline = now + self.delay; // the file was slow, not the peer
            return;
        }
        let limit = if self.confirmed { self.timing.retries } else { self.timing.opening_retries };
        if self.attempts >= limit {
            let acknowledged = self.acknowledged_bytes();
            let all_sent = self.last_block().is_some_and(|last| self.sent >= last);
            self.end(Outcome::TimedOut { acknowledged, all_sent });
            return;
        }
        self.attempts += 1;
        let factor = 1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        self.deadline = now + self.delay.saturating_mul(factor).min(self.timing.longest);
        self.went_back = false;
        match &self.state {
            State::Opening { oack } => self.control = Some(oack.clone()),
            _ => self.next = self.acked + 1,
        }
    }

    /// The range of file bytes that is needed next. Each range is asked for once; answer with
    /// [`handle_data`](Self::handle_data), or with [`fail`](Self::fail).
    pub fn poll_want(&mut self) -> Option<Range<u64>> {
        let source = &self.source;
        if source.at_end || source.wanted.is_some() || self.is_ended() {
            return None;
        }
        let held = self.buffer.end().saturating_sub(self.acked.saturating_mul(self.block_size));
        if held > source.read_ahead / 2 {
            return None; // few large reads instead of one per block
        }
        let end = source.fetched.saturating_add(source.read_ahead - held);
        let end = source.size.map_or(end, |size| end.min(size));
        self.source.wanted = Some(end);
        Some(self.source.fetched..end)
    }

    /// Clears `buf`, fills it with datagrams, and returns the length of each: all are of this length but the last,
    /// which may be shorter. Send them in order, as `buf.chunks(length)` or with UDP GSO.
    pub fn poll_transmit(&mut self, buf: &mut Vec<u8>) -> Option<usize> {
        buf.clear();
        if let Some(control) = self.control.take() {
            buf.extend_from_slice(&control);
            return Some(buf.len());
        }
        if !matches!(self.state, State::Sending) {
            return None;
        }
        let block_len = usize::try_from(self.block_size).ok()?;
        let segment = block_len + HEADER;
        for _ in 0..MAX_SEGMENTS {
            if !self.may_send(self.next) || !buf.is_empty() && buf.len() + segment > MAX_BATCH {
                break;
            }
            put_data_header(buf, wire_number(self.next));
            self.buffer.copy_to((self.next - 1).saturating_mul(self.block_size), block_len, buf);
            if self.next <= self.sent {
                self.retransmitted += 1;
            }
            self.sent = self.sent.max(self.next);
            self.next += 1;
        }
        self.late |= buf.is_empty() && self.sent == self.acked;
        (!buf.is_empty()).then_some(segment.min(buf.len()))
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). `None` when the transfer has ended.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        (!self.is_ended()).then_some(self.deadline)
    }

    /// How the transfer ended, once it has; a last [`poll_transmit`](Self::poll_transmit) may still hold the ERROR
    /// for the peer.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.state {
            State::Ended(outcome) => Some(outcome.clone()),
            _ => None,
        }
    }

    /// Ends the transfer and tells the peer: the file cannot be read on, or the driver wants to stop. The text goes
    /// to the peer and must not name host paths.
    pub fn fail(&mut self, code: ErrorCode, message: &str) {
        if !self.is_ended() {
            self.end(Outcome::Refused { code, message: message.to_owned() });
            self.control = Some(Packet::Error { code, message: message.as_bytes() }.to_vec());
        }
    }

    fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    fn end(&mut self, outcome: Outcome) {
        self.state = State::Ended(outcome);
        self.control = None;
        self.buffer.clear();
    }

    fn handle_ack(&mut self, now: Instant, wire: u16) {
        // The distance from the last acknowledged block, modulo 2^16, places the number among the blocks in flight.
        // A stale or future one lands beyond what was sent.
        let ahead = u64::from(wire.wrapping_sub(wire_number(self.acked)));
        let block = self.acked + ahead;
        if block > self.sent {
            return;
        }
        if ahead == 0 {
            // RFC 1123 §4.2.3.1: never in lock step. With a window it is the receiver's word for a gap, believed
            // once: a second copy must not start a second flood.
            if self.window > 1 && self.sent > self.acked && !self.went_back {
                self.go_back(now);
            }
            return;
        }
        self.acked = block;
        if self.last_block() == Some(block) {
            let bytes = self.acknowledged_bytes();
            self.end(Outcome::Complete { bytes, retransmitted: self.retransmitted });
            return;
        }
        self.buffer.discard_to(block.saturating_mul(self.block_size));
        self.progress(now);
        if self.next <= block {
            self.next = block + 1;
        } else if self.next > block + 1 {
            // An ACK within the window: what follows it was lost (RFC 7440 §4).
            self.go_back(now);
        }
    }

    fn go_back(&mut self, now: Instant) {
        self.next = self.acked + 1;
        self.went_back = true;
        self.deadline = now + self.delay;
    }

    fn progress(&mut self, now: Instant) {
        self.confirmed = true;
        self.late = false;
        self.attempts = 0;
        self.went_back = false;
        self.deadline = now + self.delay;
    }

    /// The number of the last block, known once the whole file was read. A file that is a multiple of the block
    /// size ends with an empty block (RFC 1350 §6).
    fn last_block(&self) -> Option<u64> {
        self.source.at_end.then(|| self.buffer.end() / self.block_size + 1)
    }

    fn may_send(&self, block: u64) -> bool {
        let in_window = block <= self.acked.saturating_add(self.window);
        in_window
            && match self.last_block() {
                Some(last) => block <= last,
                None => block.saturating_mul(self.block_size) <= self.buffer.end(),
            }
    }

    fn acknowledged_bytes(&self) -> u64 {
        self.acked.saturating_mul(self.block_size).min(self.buffer.end())
    }
}

/// Block numbers wrap from 65535 to 0.
const fn wire_number(block: u64) -> u16 {
    (block & 0xFFFF) as u16
}
