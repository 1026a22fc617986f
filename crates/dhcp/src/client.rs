//! [`Client`]: a DHCP client as a state machine. It never reads a clock, draws a random number or touches a socket;
//! time and datagrams are given to it.
//!
//! ```text
//!            start            offer                   ACK                 (nobody answers ARP)
//!   Init ─────────▶ Selecting ─────▶ Requesting ───────────▶ Checking ─────────────────────▶ Bound ◀──┐
//!    ▲  ▲                                │  ▲                    │ conflict                   │       │ ACK
//!    │  │           NAK, no answer       │  │ ACK                ▼                            │ T1    │
//!    │  └────────────────────────────────┘  │              DECLINE, Init after 10 s           ▼       │
//!    │                                      │                                              Renewing ──┤
//!    │       Rebooting (has had an address) ┘                                                 │ T2    │
//!    │              │ NAK, no answer                                                          ▼       │
//!    └──────────────┴───────────────────────────────── NAK, expiry ─────────────────────── Rebinding ─┘
//! ```
//!
//! The caller runs this loop:
//!
//! 1. [`Client::handle`] for each datagram that comes to port 68, [`Client::handle_timeout`] when
//!    [`Client::poll_timeout`] has come. Waking up early or late is harmless.
//! 2. After each of them, and after [`Client::release`]: [`Client::poll_transmit`] until it is empty.
//! 3. What they return as an [`Event`] is to be done to the interface.
//!
//! Time is a [`Duration`] since any moment that stays the same, on a clock that also runs while the system sleeps.
//!
//! RFC 2131 §3, §4.1 (retransmission) and §4.4 (client behaviour), RFC 4039 (rapid commit), RFC 6842 (client identifier in
//! replies).

mod config;
mod event;
mod exchange;
mod lease;
mod phase;
mod request;

use alloc::vec::Vec;
use core::{net::Ipv4Addr, time::Duration};

pub use config::Config;
pub use event::{Event, Ignored, Loss, State, Transmit};
pub use lease::Lease;

use crate::{MessageRef, MessageType, OpCode, OptionCode};
use exchange::{Exchange, Jitter};
use lease::Offer;
#[cfg(feature = "std")]
pub(crate) use lease::is_host;
use phase::Phase;

/// RFC 2131 §3.1, step 5: "The client SHOULD wait a minimum of ten seconds before restarting the configuration process to
/// avoid excessive network traffic in case of looping."
const AFTER_CONFLICT: Duration = Duration::from_secs(10);
/// REQUESTs without answer before the client starts over: 60 s, as RFC 2131 §3.1, step 5 has it.
const REQUESTS: u32 = 4;
/// The same for a client that asks for the address it had: 12 s, for a new one is better than none.
const REBOOTS: u32 = 2;
/// Offers that are compared.
const MAX_OFFERS: usize = 16;
/// Refusals in a row that lengthen the pause before the next attempt: up to 32 s.
const MAX_REFUSALS: u32 = 6;

/// A DHCP client without sockets.
///
/// ```
/// use std::time::Duration;
///
/// use firstlight_dhcp::client::{Client, Config, State};
/// use firstlight_dhcp::MessageType;
///
/// let mut client = Client::new(Config::new("52:54:00:12:34:56".parse()?, 7), Duration::ZERO);
/// assert_eq!(client.handle_timeout(Duration::ZERO), None);
/// let discover = client.poll_transmit().ok_or("the client begins")?;
/// assert_eq!(discover.message.message_type(), Some(MessageType::DISCOVER));
/// assert_eq!(client.state(), State::Selecting);
///
/// // Nobody answers: after about four seconds it asks again.
/// let again = client.poll_timeout().ok_or("it does not give up")?;
/// assert!((3..=5).contains(&again.as_secs()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    config: Config,
    jitter: Jitter,
    phase: Phase,
    /// The address that the client had last, and would like to have again.
    last: Option<Ipv4Addr>,
    /// Refusals since the client was bound last.
    refusals: u32,
    out: Option<Transmit>,
}

impl Client {
    /// A client that has no address. It sends its first DISCOVER when `start` has come; RFC 2131 §4.4.1 wants one to ten
    /// random seconds of delay where many clients start together.
    #[must_use]
    pub fn new(config: Config, start: Duration) -> Self {
        let jitter = Jitter::new(config.seed);
        Self { config, jitter, phase: Phase::Init { at: start }, last: None, refusals: 0, out: None }
    }

    /// A client that knows the address it had, and asks for it again (INIT-REBOOT, RFC 2131 §3.2).
    #[must_use]
    pub fn reboot(config: Config, address: Ipv4Addr, start: Duration) -> Self {
        Self { last: Some(address), phase: Phase::InitReboot { at: start, address }, ..Self::new(config, start) }
    }

    /// Where it is.
    #[must_use]
    pub const fn state(&self) -> State {
        self.phase.state()
    }

    /// The lease, while there is one; in [`State::Checking`] the address is not to be used yet.
    #[must_use]
    pub const fn lease(&self) -> Option<&Lease> {
        self.phase.lease()
    }

    /// Takes a datagram that came to port 68.
    ///
    /// # Errors
    /// Why it is none of this client's business; nothing has changed.
    pub fn handle(&mut self, now: Duration, reply: &MessageRef<'_>) -> Result<Option<Event>, Ignored> {
        let exchange = self.phase.exchange().ok_or(Ignored::NotAsked)?;
        self.check_addressee(reply, exchange.xid)?;
        match reply.message_type() {
            Some(MessageType::OFFER) => self.handle_offer(now, reply).map(|()| None),
            Some(MessageType::ACK) => self.handle_ack(now, reply).map(Some),
            Some(MessageType::NAK) => self.handle_nak(now, reply),
            _ => Err(Ignored::NoReply),
        }
    }

    /// Does what is due: retransmits, renews, gives up.
    #[must_use = "a lost lease is to be taken off the interface"]
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Event> {
        if self.poll_timeout().is_none_or(|at| at > now) {
            return None;
        }
        if self.lease().is_some_and(|lease| lease.expires.is_some_and(|at| at <= now)) {
            return self.lose(now, now, Loss::Expired);
        }
        match &mut self.phase {
            Phase::Init { .. } => self.discover(now),
            Phase::InitReboot { address, .. } => {
                let address = *address;
                self.reboot_with(now, address);
            }
            Phase::Selecting { offers, .. } if !offers.is_empty() => self.choose(now),
            Phase::Selecting { exchange, .. } => {
                exchange.again(now, &mut self.jitter);
                if self.config.rapid_commit {
                    // The lease counts from the DISCOVER that an ACK answers, so it must be known which one that is.
                    exchange.renumber(now, &mut self.jitter);
                }
                self.send_discover(now);
            }
            Phase::Requesting { exchange, .. } if exchange.sent >= REQUESTS => self.discover(now),
            Phase::Rebooting { exchange, .. } if exchange.sent >= REBOOTS => self.discover(now),
            Phase::Requesting { exchange, .. } | Phase::Rebooting { exchange, .. } => {
                exchange.again(now, &mut self.jitter);
                self.send_request(now);
            }
            Phase::Checking { .. } => return Some(self.bind()),
            Phase::Bound { .. } | Phase::Renewing { .. } | Phase::Rebinding { .. } => self.extend(now),
            Phase::Released => {}
        }
        None
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; `None` after a release, and with a lease that
    /// lasts for ever.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.phase.deadline()
    }

    /// A datagram that is to be sent. There is at most one.
    pub const fn poll_transmit(&mut self) -> Option<Transmit> {
        self.out.take()
    }

    /// Somebody else uses the client's address, as ARP has shown (RFC 5227): it is declined, and after ten seconds the
    /// client starts over. Nothing happens without a lease.
    #[must_use = "the address is to be taken off the interface"]
    pub fn handle_conflict(&mut self, now: Duration) -> Option<Event> {
        let (address, server) = self.lease().map(|lease| (lease.address, lease.server))?;
        self.out = Some(request::decline(&self.config, self.jitter.next(), address, server));
        let event = self.lose(now, now.saturating_add(AFTER_CONFLICT), Loss::Conflict);
        self.last = None;
        event
    }

    /// Gives the address back (RFC 2131 §4.4.6) and stops, whatever the client was doing.
    pub fn release(&mut self) {
        let usable = self.lease().filter(|_| self.state() != State::Checking);
        self.out = usable
            .map(|lease| (lease.address, lease.server))
            .map(|(address, server)| request::release(&self.config, self.jitter.next(), address, server));
        self.phase = Phase::Released;
    }
}

// What has come in.
impl Client {
    /// RFC 2131 §4.4.1: "If the 'xid' of an arriving DHCPOFFER message does not match the 'xid' of the most recent
    /// DHCPDISCOVER message, the DHCPOFFER message must be silently discarded." The same goes for `chaddr`, and for the
    /// client identifier if the server sent it back (RFC 6842 §3).
    fn check_addressee(&self, reply: &MessageRef<'_>, xid: u32) -> Result<(), Ignored> {
        let own_id = self.config.client_id();
        let is_other = |id: &[u8]| own_id != Some(id);
        if reply.op() != OpCode::REPLY {
            Err(Ignored::NoReply)
        } else if reply.xid() != xid
            || reply.hardware_address() != self.config.hardware_address
            || reply.get(OptionCode::CLIENT_IDENTIFIER).as_deref().is_some_and(is_other)
        {
            Err(Ignored::OtherClient)
        } else {
            Ok(())
        }
    }

    fn handle_offer(&mut self, now: Duration, reply: &MessageRef<'_>) -> Result<(), Ignored> {
        let Phase::Selecting { offers, select_at, .. } = &mut self.phase else { return Err(Ignored::NotAsked) };
        let offer = Offer::parse(reply)?;
        if offers.is_empty() {
            *select_at = now.saturating_add(self.config.collect);
        }
        if offers.len() < MAX_OFFERS && !offers.contains(&offer) {
            offers.push(offer);
        }
        if *select_at <= now {
            self.choose(now);
        }
        Ok(())
    }

    fn handle_ack(&mut self, now: Duration, reply: &MessageRef<'_>) -> Result<Event, Ignored> {
        let offer = Offer::parse(reply)?;
        let exchange = match &self.phase {
            Phase::Selecting { exchange, .. } => {
                let rapid = self.config.rapid_commit && reply.first(OptionCode::RAPID_COMMIT).is_some();
                rapid.then_some(exchange).ok_or(Ignored::NotAsked)?
            }
            Phase::Requesting { exchange, offer: chosen } if *chosen == offer => exchange,
            Phase::Rebooting { exchange, address } if *address == offer.address => exchange,
            Phase::Renewing { exchange, lease } | Phase::Rebinding { exchange, lease }
                if lease.address == offer.address =>
            {
                exchange
            }
            _ => return Err(Ignored::OtherOffer),
        };
        // RFC 2131 §4.4.1: "The client records the lease expiration time as the sum of the time at which the original
        // request was sent and the duration of the lease".
        let lease = Lease::new(offer, exchange.began, reply, &mut self.jitter)?;
        if lease.expires.is_some_and(|at| at <= now) {
            return Err(Ignored::TooLate);
        }
        if self.lease().is_some() {
            self.phase = Phase::Bound { lease };
            return Ok(Event::Renewed);
        }
        if self.config.check.is_zero() {
            self.phase = Phase::Bound { lease };
            return Ok(self.bind());
        }
        let (address, until) = (lease.address, now.saturating_add(self.config.check));
        self.phase = Phase::Checking { lease, until };
        Ok(Event::Check { address, until })
    }

    fn handle_nak(&mut self, now: Duration, reply: &MessageRef<'_>) -> Result<Option<Event>, Ignored> {
        let server = reply.ipv4(OptionCode::SERVER_IDENTIFIER);
        match &self.phase {
            Phase::Selecting { .. } => return Err(Ignored::NotAsked),
            Phase::Requesting { offer, .. } if server != Some(offer.server) => return Err(Ignored::OtherOffer),
            Phase::Renewing { lease, .. } if server != Some(lease.server) => return Err(Ignored::OtherOffer),
            _ => {}
        }
        // The first time at once, then with longer and longer pauses: a network with two servers that refuse each
        // other's addresses would see thousands of requests a second.
        let pause = (1_u64 << self.refusals) / 2;
        self.refusals = MAX_REFUSALS.min(self.refusals + 1);
        let restart = now.saturating_add(Duration::from_secs(pause));
        self.last = None;
        if self.lease().is_some() {
            return Ok(self.lose(now, restart, Loss::Refused));
        }
        self.phase = Phase::Init { at: restart };
        if restart <= now {
            self.discover(now);
        }
        Ok(None)
    }
}

// What goes out.
impl Client {
    fn discover(&mut self, now: Duration) {
        let exchange = Exchange::new(now, &mut self.jitter);
        self.phase = Phase::Selecting { exchange, offers: Vec::new(), select_at: now };
        self.send_discover(now);
    }

    fn reboot_with(&mut self, now: Duration, address: Ipv4Addr) {
        let exchange = Exchange::new(now, &mut self.jitter);
        self.phase = Phase::Rebooting { exchange, address };
        self.send_request(now);
    }

    /// The address that the client had; else the first one that was offered.
    fn choose(&mut self, now: Duration) {
        let Phase::Selecting { exchange, offers, .. } = &self.phase else { return };
        let Some(offer) = offers.iter().find(|offer| Some(offer.address) == self.last).or_else(|| offers.first())
        else {
            return;
        };
        // RFC 2131 §4.4.1, table 5: the REQUEST has the `xid` of the OFFER.
        let exchange = exchange.follow(now, &mut self.jitter);
        self.phase = Phase::Requesting { exchange, offer: *offer };
        self.send_request(now);
    }

    /// T1, T2, or another attempt between them.
    fn extend(&mut self, now: Duration) {
        let since = self.phase.exchange().map_or(now, |exchange| exchange.since);
        let Some(lease) = self.phase.take_lease() else { return };
        let is_rebinding = lease.t2.is_some_and(|t2| t2 <= now);
        let end = if is_rebinding { lease.expires } else { lease.t2 };
        // §4.4.5: "one-half of the remaining time until T2 (in RENEWING state) and one-half of the remaining lease time (in
        // REBINDING state), down to a minimum of 60 seconds". Each attempt is an exchange of its own, so that the lease
        // counts from the request that was answered.
        let left = end.map_or(Duration::MAX, |end| end.saturating_sub(now));
        let pause = (left / 2).max(Duration::from_secs(60));
        let exchange = Exchange { next: now.saturating_add(pause), since, ..Exchange::new(now, &mut self.jitter) };
        self.phase =
            if is_rebinding { Phase::Rebinding { lease, exchange } } else { Phase::Renewing { lease, exchange } };
        self.send_request(now);
    }

    fn bind(&mut self) -> Event {
        if let Some(lease) = self.phase.take_lease() {
            self.last = Some(lease.address);
            self.refusals = 0;
            self.phase = Phase::Bound { lease };
        }
        Event::Bound
    }

    /// Without a lease again, to start over when `restart` has come.
    fn lose(&mut self, now: Duration, restart: Duration, why: Loss) -> Option<Event> {
        let address = self.phase.take_lease()?.address;
        self.phase = Phase::Init { at: restart };
        if restart <= now {
            self.discover(now);
        }
        Some(Event::Lost { address, why })
    }

    fn send_discover(&mut self, now: Duration) {
        if let Some(exchange) = self.phase.exchange() {
            self.out = Some(request::discover(&self.config, exchange, now, self.last));
        }
    }

    fn send_request(&mut self, now: Duration) {
        self.out = match &self.phase {
            Phase::Requesting { exchange, offer } => Some(request::selecting(&self.config, exchange, now, offer)),
            Phase::Rebooting { exchange, address } => Some(request::rebooting(&self.config, exchange, now, *address)),
            Phase::Renewing { exchange, lease } => {
                Some(request::extending(&self.config, exchange, now, lease, lease.server))
            }
            Phase::Rebinding { exchange, lease } => {
                Some(request::extending(&self.config, exchange, now, lease, Ipv4Addr::BROADCAST))
            }
            _ => None,
        };
    }
}
