//! [`Decision`]: what a request led to, with the reply held back until the lease is durable.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use super::{lease::LeaseChange, time::Timestamp};
use crate::{EmitPolicy, HardwareAddress, Message, OptionCode};

/// The outcome of one request.
///
/// RFC 2131 §3.1, step 4: "the server \[...\] commits the binding for the client to persistent storage and responds
/// with a DHCPACK message". So the order is: write [`changes`](Self::changes), then take the reply with
/// [`committed`](Self::committed). If the write fails, drop the decision: the client will ask again, and the next
/// decision repeats what has to be written.
#[derive(Clone, Debug)]
#[must_use = "the changes must be stored, and then the reply sent"]
pub struct Decision {
    pub(super) changes: Vec<LeaseChange>,
    pub(super) outcome: Result<Reply, Silence>,
    pub(super) probe: Option<Probe>,
}

/// A question to the link: does anybody use this address? An ICMP echo or an ARP request finds out; the answer goes to
/// [`Server::handle_probe`](super::Server::handle_probe).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Probe {
    /// The address to look for.
    pub address: Ipv4Addr,
    /// When silence means that nobody uses it.
    pub deadline: Timestamp,
}

/// What a [`Probe`] has found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeAnswer {
    /// Somebody answered.
    InUse,
    /// Nobody did.
    Silent,
}

impl Decision {
    /// What must be durable before the reply leaves; may be empty.
    #[must_use]
    pub fn changes(&self) -> &[LeaseChange] {
        &self.changes
    }

    /// What must be found out before there is a reply: the outcome is [`Silence::Probing`], and
    /// [`Server::handle_probe`](super::Server::handle_probe) goes on.
    #[must_use]
    pub const fn probe(&self) -> Option<Probe> {
        self.probe
    }

    /// The reply, to be called once the changes are durable.
    ///
    /// # Errors
    /// The reason why there is nothing to send.
    pub fn committed(self) -> Result<Reply, Silence> {
        self.outcome
    }

    /// The changes alone, for a batch.
    #[cfg(feature = "tokio")]
    pub(crate) fn take_changes(&mut self) -> Vec<LeaseChange> {
        std::mem::take(&mut self.changes)
    }
}

/// A message and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The message. Boot options may be added to it, and `siaddr`, `sname` and `file` filled in.
    pub message: Message,
    /// Where it goes.
    pub destination: Destination,
    /// The address that the client is offered or granted; for an INFORM, the one that it has. `None` in a NAK.
    pub address: Option<Ipv4Addr>,
    /// Which options the client asked for (55), in its order; empty if it sent none.
    pub requested: Vec<OptionCode>,
    /// How to emit it, from what the client said that it takes (option 57).
    pub policy: EmitPolicy,
    /// How long to hold it back: no time, unless a service says so for firmware that misses what comes too early.
    pub delay: Duration,
}

impl Reply {
    /// Offers another address of the same subnet instead.
    pub(super) const fn readdress(&mut self, next: Ipv4Addr) {
        self.message.yiaddr = next;
        self.address = Some(next);
        if let Destination::Hardware { address, .. } = &mut self.destination {
            *address = next;
        }
    }
}

/// Where a reply goes (RFC 2131 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// To the relay that brought the request, which finds the client.
    Relay(SocketAddrV4),
    /// To a client that has its address and answers ARP.
    Unicast(SocketAddrV4),
    /// To 255.255.255.255, port 68, on the link of the request.
    Broadcast,
    /// To a client that has no address yet and asked for unicast: a raw frame to its hardware address, port 68. Where
    /// this is not possible, broadcast reaches it too.
    Hardware {
        /// The address that it is being given.
        address: Ipv4Addr,
        /// Its hardware address.
        hardware: HardwareAddress,
    },
}

/// Makes the reasons of [`Silence`] with their codes and sentences.
macro_rules! silences {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $text:literal;)*) => {
        /// Why a request is not answered. Each reason is a sentence for a human and a [code](Self::code) to count by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Silence {
            $($(#[$doc])* $name,)*
        }

        impl Silence {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// A short, stable name.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }

        impl fmt::Display for Silence {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self {
                    $(Self::$name => $text,)*
                })
            }
        }
    };
}

silences! {
    /// `op` is not BOOTREQUEST.
    NotARequest, "not-a-request", "the message is not from a client";
    /// No option 53, on a subnet that does not serve BOOTP.
    Bootp, "bootp", "the message is plain BOOTP, which is not served here";
    /// BOOTP from a client without reservation, on a subnet that serves BOOTP to reservations only.
    BootpStranger, "bootp-stranger", "the message is plain BOOTP, which is served to clients with a reservation only";
    /// Option 53 holds something that no client sends to a server, or that is not served.
    UnservedType, "unserved-type", "the server has no answer to this type of message";
    /// The link that the relay, the client or the receiving interface names lies in no configured subnet.
    NoSubnet, "no-subnet", "no subnet is configured for the link that the request came from";
    /// Neither hardware address nor client identifier.
    NoIdentity, "no-identity", "the client sent neither a hardware address nor a client identifier";
    /// Every address of the subnet is taken.
    NoFreeAddress, "no-free-address", "the subnet has no free address left";
    /// Too many offers wait for their REQUEST, and the oldest is too young to be given up.
    TooManyOffers, "too-many-offers", "too many offers are waiting for an answer";
    /// Option 54 names another server.
    OtherServer, "other-server", "the client has chosen another server";
    /// A request without any address in it, where one is needed.
    NoAddress, "no-address", "the request names no address";
    /// A client that this server knows nothing about asks for the address it had.
    UnknownLease, "unknown-lease", "the server has no record of the client's lease and leaves it to other servers";
    /// A DECLINE was recorded; no answer is due.
    DeclineRecorded, "decline-recorded", "the declined address is in quarantine, and no answer is due";
    /// A client has declined more than [`Limits::max_declines`](super::Limits::max_declines) addresses: this one is not put into quarantine.
    TooManyDeclines, "too-many-declines", "the client has too many addresses in quarantine to be believed again";
    /// A RELEASE was recorded; no answer is due.
    ReleaseRecorded, "release-recorded", "the address is released, and no answer is due";
    /// DECLINE or RELEASE of an address that the client does not hold.
    NotTheHolder, "not-the-holder", "the client does not hold the address that it gives up";
    /// The address is being looked for on the link; the reply follows.
    Probing, "probing", "the address is being probed before it is offered";
    /// [`Server::handle_probe`](super::Server::handle_probe) for an address that nobody waits for any more.
    NoProbe, "no-probe", "no client waits for the answer to this probe";
    /// Every address that was tried for the client is in use by somebody unknown.
    Conflicts, "conflicts", "every address that was tried is in use by somebody unknown";
}

impl std::error::Error for Silence {}
