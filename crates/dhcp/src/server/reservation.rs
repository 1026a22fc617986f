//! [`Reservation`]: an address that belongs to one client, and how that client is recognised.

use std::{fmt, net::Ipv4Addr};

use super::lease::ClientId;
use crate::{HardwareAddress, OptionCode};

/// An address that no other client ever gets, with what its client is told besides.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// Whose it is.
    pub client: Selector,
    /// The address, inside or outside the pools.
    pub address: Ipv4Addr,
    /// The name that the client is given (option 12).
    pub hostname: Option<String>,
    /// Options that the client gets if it asks for them, or if it asks for nothing in particular; they come before
    /// those of the subnet.
    pub options: Vec<(OptionCode, Vec<u8>)>,
}

impl Reservation {
    /// An address and nothing else.
    #[must_use]
    pub fn new(client: impl Into<Selector>, address: Ipv4Addr) -> Self {
        Self { client: client.into(), address, hostname: None, options: Vec::new() }
    }
}

/// What a client is recognised by. If several reservations fit, the first in this order counts.
///
/// Only the hardware address is in every message of every system that runs on a machine. A client that has taken its
/// reserved address keeps it in messages without the client identifier, UUID or circuit that it was recognised by; one
/// with another value is another client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Selector {
    /// `htype`, `hlen` and `chaddr`.
    Hardware(HardwareAddress),
    /// Option 61, byte by byte.
    ClientId(ClientId),
    /// Option 97: the 16 bytes after its type, as they are on the wire.
    Uuid([u8; 16]),
    /// Option 82, sub-option 1: the port of a switch, whoever is behind it.
    CircuitId(Vec<u8>),
}

impl From<HardwareAddress> for Selector {
    fn from(hardware: HardwareAddress) -> Self {
        Self::Hardware(hardware)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bytes): (_, &[u8]) = match self {
            Self::Hardware(hardware) => return hardware.fmt(f),
            Self::ClientId(id) => ("client id", id.as_bytes()),
            Self::Uuid(uuid) => ("UUID", uuid),
            Self::CircuitId(id) => ("circuit id", id),
        };
        write!(f, "{kind} ")?;
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
