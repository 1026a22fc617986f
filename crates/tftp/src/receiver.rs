//! The receiving direction of a transfer: DATA in, ACK out. The client of a read request and the server of a write
//! request are both a negotiation and this.
//!
//! ```text
//!   Receiving ── last block ──▶ Storing ── handle_stored ──▶ Dallying ── time ──▶ Ended(Complete)
//!       ├── too many time-outs ──▶ Ended(TimedOut)
//!       ├── ERROR ──▶ Ended(PeerError)                        (from Storing too)
//!       └── over-long block, or the driver cannot store ──▶ Ended(Refused)
//! ```
//!
//! RFC 1350 §2 and §6 (dallying), RFC 7440 §3 and §4 (one ACK per window, one for each gap).

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::error_code::ErrorCode;
use crate::negotiate::Negotiated;
use crate::netascii::Decoder;
use crate::outcome::Outcome;
use crate::packet::{Mode, Packet, wire_number};
use crate::timing::{Backoff, Timing};

/// Receives one file from one peer. Negotiation is done before: see [`Transfer`](crate::Transfer).
///
/// Calling order: after each `handle…`, take the file's bytes with [`poll_data`](Self::poll_data) and store them; when
/// [`is_whole`](Self::is_whole), make them durable and call [`handle_stored`](Self::handle_stored); then
/// [`poll_transmit`](Self::poll_transmit) until it returns `None`, [`outcome`](Self::outcome) and
/// [`poll_timeout`](Self::poll_timeout). No block is acknowledged before its bytes were taken, and the last one not
/// before they are stored, so a slow disk slows the peer and a full one is told in time. It never holds more than one
/// window.
///
/// ```
/// # #![expect(clippy::disallowed_methods, reason = "the example is a driver")]
/// use std::time::Instant;
/// use firstlight_tftp::{Mode, Negotiated, Packet, Receiver, Timing};
///
/// let now = Instant::now();
/// let ack = |block| Packet::Ack { block }.to_vec();
/// let mut receiver = Receiver::new(now, &Negotiated::default(), Mode::Octet, Timing::default(), ack(0));
/// let mut buf = Vec::new();
/// assert_eq!(receiver.poll_transmit(&mut buf), Some(4));
/// receiver.handle(now, &Packet::Data { block: 1, data: b"hello" });
/// assert_eq!(receiver.poll_data(), Some("hello".into()));
/// assert!(receiver.is_whole());
/// receiver.handle_stored(now);
/// assert_eq!(receiver.poll_transmit(&mut buf), Some(4));
/// assert_eq!(buf, ack(1));
/// ```
#[derive(Debug)]
pub struct Receiver {
    block_size: usize,
    window: u64,
    decoder: Option<Decoder>,
    timing: Timing,
    backoff: Backoff,
    state: State,
    /// What acknowledges block 0: ACK 0, or the OACK.
    opening: Vec<u8>,
    /// Whether the last block received in order is to be acknowledged.
    ack_due: bool,
    /// Bytes that were not taken yet.
    held: BytesMut,
    /// The last block received in order; blocks count from 1 and never wrap here.
    received: u64,
    bytes: u64,
    since_ack: u64,
    /// Whether the sender was told of the gap after `received`.
    gap_told: bool,
    /// DATA packets without use.
    surplus: u64,
}

#[derive(Debug)]
enum State {
    Receiving,
    /// The last block is in; its ACK waits for the driver.
    Storing,
    /// The last ACK may be lost: it is repeated when the last block is.
    Dallying,
    Ended {
        outcome: Outcome,
        /// An ERROR that waits to be sent.
        farewell: Option<Vec<u8>>,
    },
}

impl Receiver {
    /// A receiver whose first packet is `opening`: ACK 0 or the OACK. It is repeated until the first block comes, at
    /// most [`Timing::opening_retries`] times.
    #[must_use]
    pub fn new(now: Instant, agreed: &Negotiated, mode: Mode, timing: Timing, opening: Vec<u8>) -> Self {
        Self {
            block_size: usize::from(agreed.block_size),
            window: u64::from(agreed.window_size.max(1)),
            decoder: (mode == Mode::Netascii).then(Decoder::default),
            timing,
            backoff: Backoff::new(now, timing.first_delay(agreed.timeout), timing.longest),
            state: State::Receiving,
            opening,
            ack_due: true,
            held: BytesMut::new(),
            received: 0,
            bytes: 0,
            since_ack: 0,
            gap_told: false,
            surplus: 0,
        }
    }

    /// Takes a packet that came from the peer. DATA and ERROR mean something here, all others are ignored.
    pub fn handle(&mut self, now: Instant, packet: &Packet<'_>) {
        match (&self.state, packet) {
            (State::Ended { .. }, _) => {}
            (State::Receiving, Packet::Data { block, data }) => self.handle_data(now, *block, data),
            (State::Storing, Packet::Data { .. }) => self.surplus += 1,
            (State::Dallying, Packet::Data { block, .. }) => {
                self.surplus += 1;
                if *block == wire_number(self.received) && self.backoff.retry(now, self.timing.retries) {
                    self.ack_due = true;
                }
            }
            // The peer's part is done with its last block; what it says after that takes no stored file away.
            (State::Dallying, Packet::Error { .. }) => self.complete(),
            (_, Packet::Error { code, message }) => self.end(Outcome::peer_error(*code, message)),
            _ => {}
        }
    }

    /// Repeats the opening when the peer has: it did not get it.
    pub(crate) fn handle_reopened(&mut self) {
        self.ack_due |= self.received == 0;
    }

    /// Tells that all bytes are stored, once the receiver [`is_whole`](Self::is_whole): the last ACK may leave.
    pub fn handle_stored(&mut self, now: Instant) {
        if self.is_whole() {
            self.state = State::Dallying;
            self.ack_due = true;
            // Should this ACK be lost, the sender repeats the last block, after its longest delay and a way here.
            let dally = self.timing.longest.saturating_add(self.timing.retransmit);
            self.backoff = Backoff::new(now, dally, dally);
        }
    }

    /// Tells that time has passed. Calling it before the deadline changes nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now < self.backoff.deadline() {
            return;
        }
        match self.state {
            State::Ended { .. } => {}
            State::Dallying => self.complete(),
            _ if self.is_busy() => self.backoff.rearm(now), // storing is slow, not the peer
            _ => {
                let heard = self.received > 0 || self.gap_told;
                let limit = if heard { self.timing.retries } else { self.timing.opening_retries };
                if !self.backoff.retry(now, limit) {
                    self.end(Outcome::TimedOut { acknowledged: self.bytes, all_sent: false });
                    return;
                }
                self.acknowledge();
            }
        }
    }

    /// Bytes of the file that are to be stored, in order.
    pub fn poll_data(&mut self) -> Option<Bytes> {
        (!self.held.is_empty()).then(|| self.held.split().freeze())
    }

    /// Whether the whole file was received and taken, and waits for [`handle_stored`](Self::handle_stored).
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.state, State::Storing) && self.held.is_empty()
    }

    /// Whether the file is stored and the last ACK was handed out. All that is left is to repeat that ACK if it was
    /// lost: who is in a hurry may stop here ("the host acknowledging the final DATA packet may terminate its side of
    /// the connection on sending the final ACK. On the other hand, dallying is encouraged", RFC 1350 §6).
    #[must_use]
    pub fn is_dallying(&self) -> bool {
        matches!(self.state, State::Dallying) && !self.ack_due
    }

    /// Clears `buf`, fills it with a datagram, and returns its length.
    pub fn poll_transmit(&mut self, buf: &mut Vec<u8>) -> Option<usize> {
        buf.clear();
        if let State::Ended { farewell, .. } = &mut self.state {
            buf.extend_from_slice(&farewell.take()?);
            return Some(buf.len());
        }
        if !self.ack_due || self.is_busy() {
            return None;
        }
        self.ack_due = false;
        if self.received == 0 {
            buf.extend_from_slice(&self.opening);
        } else {
            Packet::Ack { block: wire_number(self.received) }.emit(buf);
        }
        Some(buf.len())
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). `None` when the transfer has ended.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        (!matches!(self.state, State::Ended { .. })).then_some(self.backoff.deadline())
    }

    /// How the transfer ended, once it has; a last [`poll_transmit`](Self::poll_transmit) may still hold the ERROR
    /// for the peer.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.state {
            State::Ended { outcome, .. } => Some(outcome.clone()),
            _ => None,
        }
    }

    /// Ends the transfer and tells the peer: the bytes cannot be stored, or the driver wants to stop. The text goes
    /// to the peer and must not name host paths. A file that is stored stays stored.
    pub fn fail(&mut self, code: ErrorCode, message: &str) {
        match self.state {
            State::Ended { .. } => {}
            State::Dallying => self.complete(),
            _ => {
                let farewell = Some(Packet::Error { code, message: message.as_bytes() }.to_vec());
                self.state = State::Ended { outcome: Outcome::Refused { code, message: message.to_owned() }, farewell };
                self.held.clear();
            }
        }
    }

    fn handle_data(&mut self, now: Instant, block: u16, data: &[u8]) {
        let ahead = u64::from(block.wrapping_sub(wire_number(self.received)));
        if ahead == 1 {
            self.handle_next(now, data);
        } else if (2..=self.window).contains(&ahead) {
            // RFC 7440 §4: the last block before the gap is acknowledged. Once: each further ACK would be taken for
            // another gap.
            if !std::mem::replace(&mut self.gap_told, true) {
                self.acknowledge();
            }
        } else {
            self.surplus += 1;
            if ahead == 0 && self.received > 0 {
                self.acknowledge(); // the ACK was lost
            }
        }
    }

    fn handle_next(&mut self, now: Instant, data: &[u8]) {
        if data.len() > self.block_size {
            self.fail(ErrorCode::ILLEGAL_OPERATION, "the block is longer than the agreed block size");
            return;
        }
        let window_bytes = usize::try_from(self.window).unwrap_or(usize::MAX).saturating_mul(self.block_size);
        if self.held.len().saturating_add(data.len()) > window_bytes {
            return; // more than a window without an ACK: as if it were lost
        }
        let last = data.len() < self.block_size;
        match &mut self.decoder {
            None => self.held.extend_from_slice(data),
            Some(decoder) => decoder.decode(data, &mut self.held),
        }
        if last && let Some(decoder) = self.decoder.take() {
            decoder.finish(&mut self.held);
        }
        self.received += 1;
        self.bytes = self.bytes.saturating_add(data.len() as u64);
        self.since_ack += 1;
        self.gap_told = false;
        self.backoff.reset(now);
        if last {
            self.state = State::Storing;
        } else if self.since_ack >= self.window {
            self.acknowledge();
        }
    }

    fn acknowledge(&mut self) {
        self.ack_due = true;
        self.since_ack = 0;
    }

    /// Whether an ACK has to wait for the driver.
    fn is_busy(&self) -> bool {
        matches!(self.state, State::Storing) || !self.held.is_empty()
    }

    fn complete(&mut self) {
        self.end(Outcome::Complete { bytes: self.bytes, retransmitted: self.surplus });
    }

    fn end(&mut self, outcome: Outcome) {
        self.state = State::Ended { outcome, farewell: None };
        self.held.clear();
    }
}
