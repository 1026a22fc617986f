//! [`Lease`]: what must be on disk, and [`LeaseChange`]: when it must be written.

use std::{fmt, net::Ipv4Addr};

use super::{short::Short, time::Timestamp};
use crate::HardwareAddress;

/// The value of option 61, as it came.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Short);

impl ClientId {
    /// These bytes.
    #[must_use]
    pub fn new(value: &[u8]) -> Self {
        Self(Short::new(value))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientId({self})")
    }
}

/// What a client calls itself in option 12.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Short);

impl HostName {
    /// This name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Short::new(name.as_bytes()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It was one when it was made.
        std::str::from_utf8(self.0.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostName({self})")
    }
}

/// What an address is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LeaseState {
    /// The client may use the address until [`Lease::expires`].
    Bound,
    /// The client gave the address back; it is kept for the client as long as others are free.
    Released,
    /// The lease ran out, or the quarantine did; kept for the client as long as others are free.
    Expired,
    /// A client or a probe found the address in use by somebody else: nobody gets it until [`Lease::expires`].
    Declined,
}

impl fmt::Display for LeaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bound => "bound",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Declined => "declined",
        })
    }
}

/// One address and who holds it, or held it last. The address is the key: there is at most one lease of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// The client. Empty (`hlen` 0) for a client that is known by its `client_id` alone, such as one on InfiniBand; and
    /// where a probe has found the address in use by somebody unknown.
    pub hardware_address: HardwareAddress,
    /// Option 61, if the client sent one. Firmware, iPXE and OS of one machine send different ones.
    pub client_id: Option<ClientId>,
    /// Option 12, if the client sent one: what it calls itself, printable ASCII.
    pub hostname: Option<HostName>,
    /// What the address is used for.
    pub state: LeaseState,
    /// When the state began, or was last renewed.
    pub since: Timestamp,
    /// When a bound lease or a quarantine ends; for the other states, when it ended. It is cut to whole seconds: the
    /// server waits for a second more before it gives the address of a lease to somebody else.
    pub expires: Timestamp,
}

impl Lease {
    /// When nobody uses the address any more.
    pub(super) const fn over(&self) -> Timestamp {
        match self.state {
            LeaseState::Bound => self.expires.after(1),
            LeaseState::Released | LeaseState::Expired | LeaseState::Declined => self.expires,
        }
    }
}

/// Why a lease changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeCause {
    /// The address was given to a client that did not hold it.
    Granted,
    /// Its holder keeps it for longer.
    Renewed,
    /// Its holder gave it back.
    Released,
    /// Its holder was given another address in the same subnet.
    Moved,
    /// A client found it in use.
    Declined,
    /// A probe found it in use by somebody unknown: the lease has no client.
    Conflict,
    /// Its time ran out.
    Expired,
    /// Its quarantine was ended early, for the pool has nothing else left.
    Reclaimed,
}

impl fmt::Display for ChangeCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Granted => "granted",
            Self::Renewed => "renewed",
            Self::Released => "released",
            Self::Moved => "moved",
            Self::Declined => "declined",
            Self::Conflict => "conflict",
            Self::Expired => "expired",
            Self::Reclaimed => "reclaimed",
        })
    }
}

/// A lease to be written to durable storage: it replaces whatever is stored under its address.
///
/// Writing a change twice, or writing several changes of one address in their order, is harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseChange {
    /// The lease as it is now.
    pub lease: Lease,
    /// Why it is so.
    pub cause: ChangeCause,
}
