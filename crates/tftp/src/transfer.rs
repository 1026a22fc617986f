//! One transfer of any of the four kinds: a negotiation, then a [`Sender`] or a [`Receiver`].
//!
//! ```text
//!   serve_read   RRQ, options granted ─▶ Greeting ── ACK 0 ──────────────▶ Sending
//!                RRQ without ────────────────────────────────────────────▶ Sending
//!   serve_write  WRQ ────────────────────────────────────────────────────▶ Receiving (begins with OACK or ACK 0)
//!   get          RRQ ─▶ Asking ── OACK ──────────────────────────────────▶ Receiving (begins with ACK 0)
//!                              └─ DATA 1 (the options were ignored) ─────▶ Receiving
//!   put          WRQ ─▶ Asking ── OACK, or ACK 0 (they were ignored) ────▶ Sending
//!   Greeting ── ERROR 8 or 0 ──▶ Ended(Probe)
//!   Greeting, Asking ── too many time-outs ──▶ Ended(TimedOut); ── ERROR ──▶ Ended(PeerError)
//!   Asking ── OACK that was not asked for ──▶ Ended(Refused), and ERROR 8 to the server
//! ```

use std::ops::Range;
use std::time::Instant;

use bytes::Bytes;

use crate::error_code::ErrorCode;
use crate::negotiate::Negotiated;
use crate::outcome::Outcome;
use crate::packet::{Mode, Packet, RequestRef};
use crate::proposal::Proposal;
use crate::receiver::Receiver;
use crate::repeated::Repeated;
use crate::sender::Sender;
use crate::timing::Timing;

/// One transfer, by server or client, in either direction.
///
/// It is given time, packets and file bytes by `handle…`, and says what it wants by `poll…`. It never reads a clock,
/// never opens a file, and never answers an ERROR. It does not check where a packet came from: the driver hands in
/// only what came from the peer. (A client learns the peer's port from the first answer, RFC 1350 §4.)
///
/// Calling order, the same for all four kinds: after the beginning and after each `handle…`
///
/// 1. [`poll_want`](Self::poll_want), and later [`handle_data`](Self::handle_data) with file bytes to send;
/// 2. [`poll_data`](Self::poll_data) for bytes to store, and [`handle_stored`](Self::handle_stored) when the transfer
///    [`is_whole`](Self::is_whole);
/// 3. [`poll_transmit`](Self::poll_transmit) until it returns `None`;
/// 4. [`outcome`](Self::outcome) and [`poll_timeout`](Self::poll_timeout).
///
/// Waking early is harmless, and so is any packet. Of the calls of the other direction, the polls return nothing and
/// the others do nothing.
///
/// ```
/// # #![expect(clippy::disallowed_methods, reason = "the example is a driver")]
/// use std::time::Instant;
/// use firstlight_tftp::{Limits, Mode, Outcome, Packet, Proposal, Timing, Transfer, negotiate};
///
/// let now = Instant::now();
/// let proposal = Proposal { block_size: Some(1468), ..Proposal::default() };
/// let mut client = Transfer::get(now, b"hello.txt", Mode::Octet, proposal, Timing::default());
/// let mut buf = Vec::new();
/// client.poll_transmit(&mut buf);
/// let Packet::Rrq(request) = Packet::parse(&buf)? else { unreachable!() };
///
/// let agreed = negotiate(request.options, &Limits::default(), Some(5));
/// let mut server = Transfer::serve_read(now, &agreed, Mode::Octet, Some(5), Timing::default());
/// while server.outcome().is_none() {
///     if server.poll_want().is_some() {
///         server.handle_data("hello".into());
///     }
///     while server.poll_transmit(&mut buf).is_some() {
///         client.handle(now, &Packet::parse(&buf)?);
///     }
///     if let Some(bytes) = client.poll_data() {
///         assert_eq!(bytes, "hello");
///     }
///     client.handle_stored(now); // counts only when all is there
///     while client.poll_transmit(&mut buf).is_some() {
///         server.handle(now, &Packet::parse(&buf)?);
///     }
/// }
/// assert_eq!(server.outcome(), Some(Outcome::Complete { bytes: 5, retransmitted: 0 }));
/// assert!(client.is_dallying());
/// # Ok::<(), firstlight_tftp::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Transfer {
    phase: Phase,
    agreed: Option<Negotiated>,
}

#[derive(Debug)]
enum Phase {
    /// The OACK waits for ACK 0.
    Greeting {
        oack: Repeated,
        sender: Box<Sender>,
    },
    /// The request waits for any answer.
    Asking {
        request: Repeated,
        ask: Ask,
    },
    Sending(Box<Sender>),
    Receiving(Box<Receiver>),
    Ended {
        outcome: Outcome,
        /// An ERROR that waits to be sent.
        farewell: Option<Vec<u8>>,
    },
}

/// What a client asked for.
#[derive(Debug)]
struct Ask {
    proposal: Proposal,
    mode: Mode,
    direction: Direction,
    timing: Timing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Get,
    Put { size: Option<u64> },
}

impl Transfer {
    /// The server's side of a read request. For a file without a known `size` see [`Sender::new`].
    #[must_use]
    pub fn serve_read(now: Instant, agreed: &Negotiated, mode: Mode, size: Option<u64>, timing: Timing) -> Self {
        let sender = Box::new(Sender::new(now, agreed, mode, size, timing));
        let phase = match agreed.to_oack() {
            None => Phase::Sending(sender),
            Some(packet) => Phase::Greeting { oack: Repeated::new(now, packet, agreed.timeout, &timing), sender },
        };
        Self { phase, agreed: Some(agreed.clone()) }
    }

    /// The server's side of a write request.
    #[must_use]
    pub fn serve_write(now: Instant, agreed: &Negotiated, mode: Mode, timing: Timing) -> Self {
        let opening = agreed.to_oack().unwrap_or_else(ack_0);
        let receiver = Receiver::new(now, agreed, mode, timing, opening);
        Self { phase: Phase::Receiving(Box::new(receiver)), agreed: Some(agreed.clone()) }
    }

    /// The client's side of a read request for `filename`, which ends at its first NUL.
    #[must_use]
    pub fn get(now: Instant, filename: &[u8], mode: Mode, proposal: Proposal, timing: Timing) -> Self {
        Self::ask(now, filename, Ask { proposal, mode, direction: Direction::Get, timing })
    }

    /// The client's side of a write request for `filename`, which ends at its first NUL. For a file without a known
    /// `size` see [`Sender::new`].
    #[must_use]
    pub fn put(
        now: Instant,
        filename: &[u8],
        mode: Mode,
        size: Option<u64>,
        proposal: Proposal,
        timing: Timing,
    ) -> Self {
        Self::ask(now, filename, Ask { proposal, mode, direction: Direction::Put { size }, timing })
    }

    fn ask(now: Instant, filename: &[u8], ask: Ask) -> Self {
        let options = ask.proposal.to_options();
        let request = RequestRef { filename, mode: ask.mode.name(), options: options.as_options() };
        let packet = match ask.direction {
            Direction::Get => Packet::Rrq(request),
            Direction::Put { .. } => Packet::Wrq(request),
        };
        let request = Repeated::new(now, packet.to_vec(), ask.proposal.timeout, &ask.timing);
        Self { phase: Phase::Asking { request, ask }, agreed: None }
    }

    /// Takes a packet that came from the peer. What has no meaning at this point is ignored.
    pub fn handle(&mut self, now: Instant, packet: &Packet<'_>) {
        match &mut self.phase {
            Phase::Sending(sender) => sender.handle(now, packet),
            Phase::Receiving(receiver) => match packet {
                Packet::Oack(_) => receiver.handle_reopened(),
                packet => receiver.handle(now, packet),
            },
            Phase::Greeting { .. } => self.greeted(now, packet),
            Phase::Asking { .. } => self.answered(now, packet),
            Phase::Ended { .. } => {}
        }
    }

    /// Takes file bytes to send: [`Sender::handle_data`].
    pub fn handle_data(&mut self, data: Bytes) {
        match &mut self.phase {
            Phase::Sending(sender) => sender.handle_data(data),
            Phase::Greeting { sender, .. } => {
                sender.handle_data(data);
                if sender.outcome().is_some() {
                    self.begin_sending(None); // the file became unreadable before it was wanted
                }
            }
            _ => {}
        }
    }

    /// Tells that all received bytes are stored: [`Receiver::handle_stored`].
    pub fn handle_stored(&mut self, now: Instant) {
        if let Phase::Receiving(receiver) = &mut self.phase {
            receiver.handle_stored(now);
        }
    }

    /// Tells that time has passed. Calling it before the deadline changes nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Sending(sender) => sender.handle_timeout(now),
            Phase::Receiving(receiver) => receiver.handle_timeout(now),
            Phase::Greeting { oack: repeated, .. } | Phase::Asking { request: repeated, .. } => {
                if !repeated.handle_timeout(now) {
                    self.end(Outcome::TimedOut { acknowledged: 0, all_sent: false });
                }
            }
            Phase::Ended { .. } => {}
        }
    }

    /// The range of file bytes to send that is needed next: [`Sender::poll_want`].
    pub fn poll_want(&mut self) -> Option<Range<u64>> {
        match &mut self.phase {
            Phase::Sending(sender) | Phase::Greeting { sender, .. } => sender.poll_want(),
            _ => None,
        }
    }

    /// Bytes of the file that are to be stored, in order.
    pub fn poll_data(&mut self) -> Option<Bytes> {
        match &mut self.phase {
            Phase::Receiving(receiver) => receiver.poll_data(),
            _ => None,
        }
    }

    /// Whether the whole file was received and waits for [`handle_stored`](Self::handle_stored).
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(&self.phase, Phase::Receiving(receiver) if receiver.is_whole())
    }

    /// Whether a received file is stored and acknowledged: [`Receiver::is_dallying`].
    #[must_use]
    pub fn is_dallying(&self) -> bool {
        matches!(&self.phase, Phase::Receiving(receiver) if receiver.is_dallying())
    }

    /// Whether the peer has answered all that was sent, and says nothing more before it hears from here again. A driver may
    /// then wait without looking for another packet first.
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        match &self.phase {
            Phase::Sending(sender) => sender.is_in_step(),
            _ => self.agreed.as_ref().is_none_or(|agreed| agreed.window_size == 1),
        }
    }

    /// Clears `buf`, fills it with datagrams, and returns the length of each: all are of this length but the last,
    /// which may be shorter. Send them in order, as `buf.chunks(length)` or with UDP GSO.
    pub fn poll_transmit(&mut self, buf: &mut Vec<u8>) -> Option<usize> {
        match &mut self.phase {
            Phase::Sending(sender) => sender.poll_transmit(buf),
            Phase::Receiving(receiver) => receiver.poll_transmit(buf),
            Phase::Greeting { oack: repeated, .. } | Phase::Asking { request: repeated, .. } => {
                repeated.poll_transmit(buf)
            }
            Phase::Ended { farewell, .. } => {
                buf.clear();
                buf.extend_from_slice(&farewell.take()?);
                Some(buf.len())
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). `None` when the transfer has ended.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Sending(sender) => sender.poll_timeout(),
            Phase::Receiving(receiver) => receiver.poll_timeout(),
            Phase::Greeting { oack: repeated, .. } | Phase::Asking { request: repeated, .. } => {
                Some(repeated.poll_timeout())
            }
            Phase::Ended { .. } => None,
        }
    }

    /// How the transfer ended, once it has; a last [`poll_transmit`](Self::poll_transmit) may still hold the ERROR
    /// for the peer.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.phase {
            Phase::Sending(sender) => sender.outcome(),
            Phase::Receiving(receiver) => receiver.outcome(),
            Phase::Ended { outcome, .. } => Some(outcome.clone()),
            Phase::Greeting { .. } | Phase::Asking { .. } => None,
        }
    }

    /// What both sides agreed on; for a client, once the server has answered.
    #[must_use]
    pub fn agreed(&self) -> Option<&Negotiated> {
        self.agreed.as_ref()
    }

    /// Ends the transfer and tells the peer: the file cannot be read or stored, or the driver wants to stop. The text
    /// goes to the peer and must not name host paths. A client that was not answered yet tells nobody.
    pub fn fail(&mut self, code: ErrorCode, message: &str) {
        match &mut self.phase {
            Phase::Sending(sender) => sender.fail(code, message),
            Phase::Receiving(receiver) => receiver.fail(code, message),
            Phase::Greeting { sender, .. } => {
                sender.fail(code, message);
                self.begin_sending(None);
            }
            Phase::Asking { .. } => self.end(Outcome::Refused { code, message: message.to_owned() }),
            Phase::Ended { .. } => {}
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.phase = Phase::Ended { outcome, farewell: None };
    }

    /// From Greeting to Sending; to a peer that has answered, if there is a time at which it did.
    fn begin_sending(&mut self, confirmed: Option<Instant>) {
        // Nobody sees the phase that stands in while the other two change places.
        let stand_in = Phase::Ended { outcome: Outcome::Cancelled, farewell: None };
        if let Phase::Greeting { oack, mut sender } = std::mem::replace(&mut self.phase, stand_in) {
            if let Some(now) = confirmed {
                sender.handle_confirmed(now, oack.round_trip(now));
            }
            self.phase = Phase::Sending(sender);
        }
    }

    fn greeted(&mut self, now: Instant, packet: &Packet<'_>) {
        match *packet {
            Packet::Ack { block: 0 } => self.begin_sending(Some(now)),
            Packet::Error { code: ErrorCode::OPTION_REFUSED | ErrorCode::NOT_DEFINED, .. } => self.end(Outcome::Probe),
            Packet::Error { code, message } => self.end(Outcome::peer_error(code, message)),
            _ => {}
        }
    }

    fn answered(&mut self, now: Instant, packet: &Packet<'_>) {
        let Phase::Asking { request, ask } = &self.phase else { return };
        let agreed = match *packet {
            Packet::Oack(options) => match ask.proposal.accept(options) {
                Ok(agreed) => agreed,
                Err(refusal) => {
                    let (code, message) = (ErrorCode::OPTION_REFUSED, refusal.to_string());
                    let farewell = Some(Packet::Error { code, message: message.as_bytes() }.to_vec());
                    self.phase = Phase::Ended { outcome: Outcome::Refused { code, message }, farewell };
                    return;
                }
            },
            // A server that knows no options begins at once.
            Packet::Data { block: 1, .. } if ask.direction == Direction::Get => Negotiated::default(),
            Packet::Ack { block: 0 } if ask.direction != Direction::Get => Negotiated::default(),
            Packet::Error { code, message } => {
                self.end(Outcome::peer_error(code, message));
                return;
            }
            _ => return,
        };
        self.phase = match ask.direction {
            Direction::Get => {
                let mut receiver = Receiver::new(now, &agreed, ask.mode, ask.timing, ack_0());
                receiver.handle(now, packet);
                Phase::Receiving(Box::new(receiver))
            }
            Direction::Put { size } => {
                let mut sender = Sender::new(now, &agreed, ask.mode, size, ask.timing);
                sender.handle_confirmed(now, request.round_trip(now));
                Phase::Sending(Box::new(sender))
            }
        };
        self.agreed = Some(agreed);
    }
}

fn ack_0() -> Vec<u8> {
    Packet::Ack { block: 0 }.to_vec()
}
