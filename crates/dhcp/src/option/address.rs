//! Options that hold IPv4 addresses.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::{fmt, net::Ipv4Addr};

use super::{
    error::{Expected, OptionError},
    shape::Shape,
};
use crate::OptionCode;

/// IPv4 addresses, at least one, in the order of preference.
///
/// ```
/// use firstlight_dhcp::option::{Addresses, DnsServers};
///
/// let servers = DnsServers(Addresses::new(&[[192, 168, 77, 1], [9, 9, 9, 9]]));
/// assert_eq!(servers.to_string(), "192.168.77.1, 9.9.9.9");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Addresses<'a>(&'a [[u8; 4]]);

impl<'a> Addresses<'a> {
    /// A list of the addresses' bytes.
    #[must_use]
    pub const fn new(addresses: &'a [[u8; 4]]) -> Self {
        Self(addresses)
    }

    /// The addresses in the order of the option.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Ipv4Addr> + Clone + 'a {
        self.0.iter().copied().map(Ipv4Addr::from)
    }

    /// The address that is preferred.
    #[must_use]
    pub fn first(self) -> Option<Ipv4Addr> {
        self.iter().next()
    }
}

impl<'a> Shape<'a> for Addresses<'a> {
    fn parse(code: OptionCode, bytes: &'a [u8]) -> Result<Self, OptionError> {
        match bytes.as_chunks() {
            (addresses @ [_, ..], []) => Ok(Self(addresses)),
            _ => Err(OptionError::length(code, Expected::MultipleOf(4), bytes.len())),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(self.0.as_flattened());
    }
}

impl fmt::Display for Addresses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::shape::list(f, self.iter())
    }
}

typed! { Addresses<'a>;
    /// Default gateways, the preferred one first (RFC 2132 §3.5).
    Routers = ROUTERS;
    /// RFC 868 time servers (RFC 2132 §3.6).
    TimeServers = TIME_SERVERS;
    /// Resolvers (RFC 2132 §3.8).
    DnsServers = DNS_SERVERS;
    /// Syslog servers (RFC 2132 §3.9).
    LogServers = LOG_SERVERS;
    /// NTP servers (RFC 2132 §8.3).
    NtpServers = NTP_SERVERS;
}

typed! { Ipv4Addr "";
    /// The address that a client asks for (RFC 2132 §9.1).
    RequestedAddress = REQUESTED_ADDRESS;
    /// Which server speaks, or is spoken to (RFC 2132 §9.7).
    ServerIdentifier = SERVER_IDENTIFIER;
    /// The broadcast address of the subnet (RFC 2132 §5.3).
    BroadcastAddress = BROADCAST_ADDRESS;
    /// The link from which the server picks the subnet (RFC 3011).
    SubnetSelection = SUBNET_SELECTION;
}
