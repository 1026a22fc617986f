//! [`Server`]: a DHCP server as a state machine. It never reads a clock, draws a random number, touches a socket or
//! a file; time, datagrams and stored leases are given to it.
//!
//! The caller runs this loop; the driver behind the feature `tokio` is one:
//!
//! 1. [`Server::restore`] with every stored lease, once, before the first request.
//! 2. [`Server::handle`] for each request; store the decision's changes, then send its reply. Several decisions may
//!    share one write.
//! 3. [`Server::handle_timeout`] when [`Server::poll_timeout`] has come, or at any other time; store the changes.
//!
//! # What a REQUEST means
//!
//! | 54 | 50 | `ciaddr` | the client is | answer |
//! |---|---|---|---|---|
//! | ours | yes | 0 | SELECTING | ACK; NAK if the address is not for this client |
//! | another | | | SELECTING | silence, and our offer is free again |
//! | none | yes | 0 | INIT-REBOOT | ACK if it is the client's; NAK if not, or if the link is wrong; silence if the client is unknown |
//! | none | none | set | RENEWING, REBINDING | ACK; NAK if somebody else has it, or if the link is wrong; silence if the server does not hand it out |
//! | none | none | 0 | | silence |
//!
//! RFC 2131 §4.3 (server behaviour), RFC 3046 (relay agents), RFC 6842 (client identifier in replies).

mod answer;
mod client;
mod config;
mod decision;
mod lease;
mod pool;
mod request;
mod scope;
mod time;

use std::net::{Ipv4Addr, SocketAddrV4};

pub use config::{Config, ConfigError, Limits, Probing, Subnet};
pub use decision::{Decision, Destination, Probe, ProbeAnswer, Reply, Silence};
pub use lease::{ChangeCause, ClientId, Lease, LeaseChange, LeaseState};
pub use time::Timestamp;

use crate::{HardwareAddress, MessageRef, MessageType, OpCode};
use client::ClientKey;
use scope::Scope;

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
    server_id: Ipv4Addr,
    limits: Limits,
    scopes: Vec<Scope>,
}

impl Server {
    /// A server without leases.
    ///
    /// # Errors
    /// The first field of the configuration that cannot be served.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let Config { server_id, subnets, limits, .. } = config;
        let scopes = subnets.into_iter().map(|subnet| Scope::new(subnet, server_id)).collect();
        Ok(Self { server_id, limits, scopes })
    }

    /// The address that the server is known by.
    #[must_use]
    pub const fn server_id(&self) -> Ipv4Addr {
        self.server_id
    }

    /// Takes stored leases over, in any order. Leases outside every subnet are left out; a lease that ran out in the
    /// meantime ends at the next [`handle_timeout`](Self::handle_timeout).
    pub fn restore(&mut self, leases: impl IntoIterator<Item = Lease>) {
        for lease in leases {
            if let Some(scope) = self.scopes.iter_mut().find(|scope| scope.subnet.has_host(lease.address)) {
                scope.store(lease);
            }
        }
    }

    /// Every lease, also the ended ones that are kept for their last holders; ascending within a subnet.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.scopes.iter().flat_map(Scope::leases)
    }

    /// The current or last lease of a machine, the bound one first if it has several in different subnets.
    #[must_use]
    pub fn lease_of(&self, hardware: &HardwareAddress) -> Option<&Lease> {
        let key = ClientKey::Hardware(*hardware);
        let leases = self.scopes.iter().filter_map(|scope| scope.lease_of(&key));
        leases.max_by_key(|lease| (lease.state == LeaseState::Bound, lease.since))
    }

    /// Decides about one request.
    pub fn handle(&mut self, now: Timestamp, request: &MessageRef<'_>, from: Receipt) -> Decision {
        let mut changes = Vec::new();
        let outcome = self.decide(now, request, from, &mut changes);
        Decision { changes, outcome, probe: None }
    }

    /// Takes what a probe has found out: [`ProbeAnswer::InUse`] as soon as somebody answers for the address, and
    /// [`ProbeAnswer::Silent`] at the deadline at the latest. What the DISCOVER led to follows: an offer, or the probe
    /// of another address.
    pub fn handle_probe(&mut self, _now: Timestamp, _address: Ipv4Addr, _answer: ProbeAnswer) -> Decision {
        Decision { changes: Vec::new(), outcome: Err(Silence::NoProbe), probe: None }
    }

    /// Ends offers, leases and quarantines whose time has come. Waking up early or late is harmless: no address is
    /// used by anybody beyond its time, whenever this is called.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Vec<LeaseChange> {
        let mut changes = Vec::new();
        for scope in &mut self.scopes {
            scope.expire(now, usize::MAX, &mut changes);
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
        changes: &mut Vec<LeaseChange>,
    ) -> Result<Reply, Silence> {
        if request.op() != OpCode::REQUEST {
            return Err(Silence::NotARequest);
        }
        let kind = request.message_type().ok_or(Silence::Bootp)?;
        let key = ClientKey::of(request).ok_or(Silence::NoIdentity)?;
        match kind {
            MessageType::DISCOVER => self.discover(now, request, from, &key, changes),
            MessageType::REQUEST => self.request(now, request, from, &key, changes),
            MessageType::DECLINE => self.decline(now, request, from, &key, changes),
            MessageType::RELEASE => self.release(now, request, &key, changes),
            MessageType::INFORM => self.inform(request, from),
            _ => Err(Silence::UnservedType),
        }
    }
}
