//! [`Server`]: a DHCP server as a state machine. It never reads a clock, draws a random number, touches a socket or
//! a file; time, datagrams and stored leases are given to it.
//!
//! The caller runs this loop; the driver behind the feature `tokio` is one:
//!
//! 1. [`Server::restore`] with every stored lease, once, before the first request.
//! 2. [`Server::handle`] for each request; store the decision's changes, then send its reply. Several decisions may
//!    share one write.
//! 3. [`Server::handle_probe`] with what was found out where a decision asked for a [`Probe`]; it is a decision again.
//! 4. [`Server::handle_timeout`] when [`Server::poll_timeout`] has come, or at any other time; store the changes.
//!
//! # What a REQUEST means
//!
//! | 54 | 50 | `ciaddr` | the client is | answer |
//! |---|---|---|---|---|
//! | ours | yes | 0 | SELECTING | ACK; NAK if the address is not for this client |
//! | another | | | SELECTING | silence, and our offer is free again |
//! | none | yes | 0 | INIT-REBOOT | ACK if it is the client's; NAK if not, or if the link is wrong; silence if the client is unknown |
//! | none | none | set | RENEWING (unicast) | ACK; NAK if somebody else has it; silence if the server does not hand it out |
//! | none | none | set | REBINDING (broadcast, or through a relay) | the same; NAK if the link is wrong |
//! | none | none | 0 | | silence |
//!
//! RENEWING and REBINDING differ in nothing but the address that the datagram was sent to
//! ([`Receipt::with_destination`]). Where that is unknown, a client that has the lease is RENEWING, on whatever link.
//!
//! # Which link
//!
//! The link selection of the relay (82.5), the client's subnet selection (118), `giaddr`, or the receiving interface:
//! the first of them that is there. Nobody can check what a relay says, and so anybody can be one: whoever may send
//! to the server may ask for an address on any link.
//!
//! # Who is one client
//!
//! A hardware address, whatever client identifiers come with it; without a hardware address, the client identifier.
//!
//! RFC 2131 §4.3 (server behaviour), RFC 1534 (BOOTP), RFC 3011 (subnet selection), RFC 3046 (relay agents), RFC 3527
//! (link selection), RFC 4039 (rapid commit), RFC 5107 (server identifier override), RFC 6842 (client identifier in
//! replies), RFC 8357 (relay source port).

mod agent;
mod answer;
mod ask;
mod book;
mod client;
mod config;
mod counters;
mod decision;
mod discover;
mod give_up;
mod hash;
mod lease;
mod offers;
mod plain;
mod pool;
mod request;
mod reservation;
mod scope;
mod short;
mod time;

use std::net::{Ipv4Addr, SocketAddrV4};

pub use config::{Bootp, Config, ConfigError, Limits, Probing, Subnet};
pub use counters::Counters;
pub use decision::{Decision, Destination, Probe, ProbeAnswer, Reply, Silence};
pub use lease::{ChangeCause, ClientId, HostName, Lease, LeaseChange, LeaseState};
pub use reservation::{Reservation, Selector};
pub use time::Timestamp;

use crate::{HardwareAddress, MessageRef, MessageType, OpCode, OptionCode};
use agent::Agent;
use ask::Ask;
use client::ClientKey;
use hash::{Key, Table};
use scope::Scope;

/// Things that [`Server::handle_timeout`] ends at a time.
const TIMEOUTS: usize = 10_000;

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// Who sent the datagram.
    pub source: SocketAddrV4,
    /// The address of the interface that it came in by: without a relay, it decides the subnet.
    pub interface_address: Ipv4Addr,
    /// The address that the datagram was sent to, if the driver knows it: it tells RENEWING (unicast) from REBINDING
    /// (broadcast).
    pub destination: Option<Ipv4Addr>,
}

impl Receipt {
    /// A datagram from `source`, received by the interface with this address.
    #[must_use]
    pub const fn new(source: SocketAddrV4, interface_address: Ipv4Addr) -> Self {
        Self { source, interface_address, destination: None }
    }

    /// The same datagram, which was sent to this address.
    #[must_use]
    pub const fn with_destination(self, destination: Ipv4Addr) -> Self {
        Self { destination: Some(destination), ..self }
    }

    /// An address on the link that a request is to be served on: what the relay says (RFC 3527, which comes before RFC
    /// 3011), what the client says (RFC 3011), the relay itself, or the receiving interface.
    #[must_use]
    pub fn link(self, request: &MessageRef<'_>) -> Ipv4Addr {
        ask::link(request, &Agent::of(request), self)
    }
}

/// A DHCP server without sockets.
///
/// ```
/// use firstlight_dhcp::{EmitPolicy, Message, MessageRef, MessageType, OptionCode};
/// use firstlight_dhcp::server::{Config, Receipt, Server, Subnet, Timestamp};
///
/// let mut subnet = Subnet::new([192, 168, 77, 0].into(), 24);
/// subnet.pools = vec![[192, 168, 77, 100].into()..=[192, 168, 77, 199].into()];
/// let mut server = Server::new(Config::new([192, 168, 77, 1].into(), vec![subnet]))?;
///
/// let mut discover = Message::request("52:54:00:12:34:56".parse()?, 1);
/// discover.push(OptionCode::MESSAGE_TYPE, &[MessageType::DISCOVER.0]);
/// let mut datagram = Vec::new();
/// discover.emit(&EmitPolicy::default(), &mut datagram)?;
///
/// let from = Receipt::new("0.0.0.0:68".parse()?, [192, 168, 77, 1].into());
/// let decision = server.handle(Timestamp(1_000), &MessageRef::parse(&datagram)?, from);
/// assert_eq!(decision.changes(), []); // an offer is not stored
/// let offer = decision.committed()?;
/// assert_eq!(offer.message.message_type(), Some(MessageType::OFFER));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Server {
    /// The first is what it is known by where no other one was reached.
    ids: Vec<Ipv4Addr>,
    limits: Limits,
    probing: Option<Probing>,
    /// Ascending by their networks.
    scopes: Vec<Scope>,
    /// When an address was probed and nobody answered.
    found_free: Table<Ipv4Addr, Timestamp>,
    counters: Counters,
}

/// What a decision is made of besides its outcome.
#[derive(Default)]
struct Draft {
    changes: Vec<LeaseChange>,
    probe: Option<Probe>,
}

impl Server {
    /// A server without leases.
    ///
    /// # Errors
    /// The first field of the configuration that cannot be served.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let ids: Vec<Ipv4Addr> = config.ids().collect();
        let Config { mut subnets, limits, probing, seed, .. } = config;
        let key = Key::new(seed);
        subnets.sort_unstable_by_key(|subnet| subnet.network);
        let scopes = subnets.into_iter().map(|subnet| Scope::new(subnet, &ids, key)).collect();
        let (found_free, counters) = (Table::with_hasher(key), Counters::new());
        Ok(Self { ids, limits, probing, scopes, found_free, counters })
    }

    /// The address that the server is known by where none of its others was reached: [`Config::server_id`].
    #[must_use]
    pub fn server_id(&self) -> Ipv4Addr {
        self.ids.first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// Every address that the server is known by: [`Config::server_id`], then [`Config::other_ids`].
    #[must_use]
    pub fn server_ids(&self) -> &[Ipv4Addr] {
        &self.ids
    }

    /// Takes stored leases over, in any order. Leases outside every subnet are left out; a lease that ran out in the
    /// meantime ends at the next [`handle_timeout`](Self::handle_timeout).
    pub fn restore(&mut self, leases: impl IntoIterator<Item = Lease>) {
        for lease in leases {
            let index = self.subnet_of(lease.address);
            if let Some(scope) = index.and_then(|index| self.scopes.get_mut(index))
                && scope.subnet.has_host(lease.address)
            {
                scope.store(lease);
            }
        }
    }

    /// Every lease, also the ended ones that are kept for their last holders; ascending. It sorts them, so it is for
    /// listings and not for every packet.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.scopes.iter().flat_map(|scope| {
            let mut leases: Vec<&Lease> = scope.book.leases().collect();
            leases.sort_unstable_by_key(|lease| lease.address);
            leases
        })
    }

    /// The current or last lease of a machine, the bound one first if it has several in different subnets.
    #[must_use]
    pub fn lease_of(&self, hardware: &HardwareAddress) -> Option<&Lease> {
        let key = ClientKey::Hardware(*hardware);
        let leases = self.scopes.iter().filter_map(|scope| scope.book.of(&key));
        leases.max_by_key(|lease| (lease.state == LeaseState::Bound, lease.since))
    }

    /// What has been asked and answered so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Decides about one request.
    pub fn handle(&mut self, now: Timestamp, request: &MessageRef<'_>, from: Receipt) -> Decision {
        let mut draft = Draft::default();
        self.counters.count_request(request.message_type());
        let outcome = self.decide(now, request, from, &mut draft);
        self.finish(draft, outcome)
    }

    /// Takes what a probe has found out: [`ProbeAnswer::InUse`] as soon as somebody answers for the address, and
    /// [`ProbeAnswer::Silent`] at the deadline at the latest. What the DISCOVER led to follows: an offer, or the probe
    /// of another address.
    ///
    /// ```
    /// # use firstlight_dhcp::{EmitPolicy, Message, MessageRef, MessageType, OptionCode};
    /// # use firstlight_dhcp::server::{Config, ProbeAnswer, Probing, Receipt, Server, Silence, Subnet, Timestamp};
    /// # let mut subnet = Subnet::new([192, 168, 77, 0].into(), 24);
    /// # subnet.pools = vec![[192, 168, 77, 100].into()..=[192, 168, 77, 199].into()];
    /// # let mut discover = Message::request("52:54:00:12:34:56".parse()?, 1);
    /// # discover.push(OptionCode::MESSAGE_TYPE, &[MessageType::DISCOVER.0]);
    /// # let mut datagram = Vec::new();
    /// # discover.emit(&EmitPolicy::default(), &mut datagram)?;
    /// # let from = Receipt::new("0.0.0.0:68".parse()?, [192, 168, 77, 1].into());
    /// let mut config = Config::new([192, 168, 77, 1].into(), vec![subnet]);
    /// config.probing = Some(Probing::default());
    /// let mut server = Server::new(config)?;
    ///
    /// let decision = server.handle(Timestamp(1_000), &MessageRef::parse(&datagram)?, from);
    /// let probe = decision.probe().ok_or("a new address is probed")?;
    /// assert_eq!(decision.committed(), Err(Silence::Probing));
    ///
    /// // The driver has sent an ICMP echo or an ARP request, and nobody has answered.
    /// let decision = server.handle_probe(probe.deadline, probe.address, ProbeAnswer::Silent);
    /// assert_eq!(decision.committed()?.address, Some(probe.address));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle_probe(&mut self, now: Timestamp, address: Ipv4Addr, answer: ProbeAnswer) -> Decision {
        let mut draft = Draft::default();
        let outcome = self.probed(now, address, answer, &mut draft);
        self.finish(draft, outcome)
    }

    /// Ends offers, leases and quarantines whose time has come. Waking up early or late is harmless: no address is
    /// used by anybody beyond its time, whenever this is called. It stops after 10 000 of them, so that a commit stays
    /// small; [`poll_timeout`](Self::poll_timeout) is then still due.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Vec<LeaseChange> {
        let mut changes = Vec::new();
        let mut ended = 0;
        for scope in &mut self.scopes {
            while ended < TIMEOUTS && scope.expire_one(now, &mut changes) {
                ended += 1;
            }
        }
        changes
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; `None` if nothing is pending.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.scopes.iter().filter_map(Scope::next_deadline).min()
    }

    fn decide(
        &mut self,
        now: Timestamp,
        request: &MessageRef<'_>,
        from: Receipt,
        draft: &mut Draft,
    ) -> Result<Reply, Silence> {
        if request.op() != OpCode::REQUEST {
            return Err(Silence::NotARequest);
        }
        let ask = Ask::new(now, request, from, &self.ids).ok_or(Silence::NoIdentity)?;
        match request.message_type() {
            Some(MessageType::DISCOVER) => self.discover(&ask, draft),
            Some(MessageType::REQUEST) => self.request(&ask, draft),
            Some(MessageType::DECLINE) => self.decline(&ask, draft),
            Some(MessageType::RELEASE) => self.release(&ask, draft),
            Some(MessageType::INFORM) => self.inform(&ask),
            None if request.first(OptionCode::MESSAGE_TYPE).is_none() => self.bootp(&ask, draft),
            Some(_) | None => Err(Silence::UnservedType),
        }
    }

    fn finish(&mut self, draft: Draft, outcome: Result<Reply, Silence>) -> Decision {
        self.counters.count_outcome(&outcome);
        Decision { changes: draft.changes, outcome, probe: draft.probe }
    }

    /// The subnet of the link that the client is on.
    fn link(&self, ask: &Ask<'_>) -> Option<usize> {
        self.subnet_of(ask.link())
    }

    fn subnet_of(&self, address: Ipv4Addr) -> Option<usize> {
        let index = self.scopes.partition_point(|scope| scope.subnet.network <= address).checked_sub(1)?;
        self.scopes.get(index)?.subnet.contains(address).then_some(index)
    }
}
