//! What a client tells its caller: [`State`], [`Event`], [`Transmit`] and [`Ignored`].

use core::{fmt, net::Ipv4Addr, time::Duration};

use crate::Message;

/// Where a client is (RFC 2131 §4.4, figure 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Waits to begin.
    Init,
    /// Waits to ask for the address it had.
    InitReboot,
    /// Looks for servers.
    Selecting,
    /// Has chosen an offer.
    Requesting,
    /// Has asked for the address it had.
    Rebooting,
    /// Has an address and waits whether somebody else uses it.
    Checking,
    /// Has a lease.
    Bound,
    /// Has a lease and asks its server to extend it.
    Renewing,
    /// Has a lease and asks any server to extend it.
    Rebinding,
    /// Has stopped.
    Released,
}

/// What has changed for the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The address is to be looked for by ARP until then; if somebody answers, [`Client::handle_conflict`](super::Client::handle_conflict) is to be
    /// called.
    Check {
        /// The address.
        address: Ipv4Addr,
        /// When silence means that nobody uses it.
        until: Duration,
    },
    /// The client has a [lease](super::Client::lease): address and options are to be put on the interface.
    Bound,
    /// The lease lasts longer; its options may have changed.
    Renewed,
    /// The address is to be taken off the interface.
    Lost {
        /// The address.
        address: Ipv4Addr,
        /// Why.
        why: Loss,
    },
}

/// Why a client has lost its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// The lease ran out, and no server extended it.
    Expired,
    /// A server refused to extend it.
    Refused,
    /// Somebody else uses the address.
    Conflict,
}

/// A datagram to send: from port 68 to port 67.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The message.
    pub message: Message,
    /// The source address: 0.0.0.0 as long as the client has no address.
    pub source: Ipv4Addr,
    /// The destination: a server or 255.255.255.255.
    pub destination: Ipv4Addr,
}

/// Why a datagram was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ignored {
    /// It is not a DHCP server's reply.
    NoReply,
    /// It is for another client, or for an earlier exchange of this one.
    OtherClient,
    /// The client has not asked for it in its state.
    NotAsked,
    /// It is about another address or from another server than the client has chosen.
    OtherOffer,
    /// `yiaddr` is not the address of a host.
    NoAddress,
    /// Option 54 (server identifier) is missing, or is not the address of a host.
    NoServerIdentifier,
    /// Option 51 (lease time) is missing, or is 0.
    NoLeaseTime,
    /// The lease has run out before it was heard of.
    TooLate,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoReply => "the message is not a DHCP server's reply",
            Self::OtherClient => "the message is for another client or an earlier exchange",
            Self::NotAsked => "the client did not ask for this message",
            Self::OtherOffer => "the message is about another offer than the one chosen",
            Self::NoAddress => "yiaddr is not the address of a host",
            Self::NoServerIdentifier => "option 54 (server identifier) is missing or not the address of a host",
            Self::NoLeaseTime => "option 51 (lease time) is missing or 0",
            Self::TooLate => "the lease ran out before the message came",
        })
    }
}

impl core::error::Error for Ignored {}
