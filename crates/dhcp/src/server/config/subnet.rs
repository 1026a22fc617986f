//! [`Subnet`]: its addresses and its parameters.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    ops::RangeInclusive,
};

use super::{ConfigError, SHORTEST_LEASE};
use crate::{OptionCode, server::reservation::Reservation};

/// One subnet, its addresses and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subnet {
    /// The first address of the subnet, such as 192.168.77.0.
    pub network: Ipv4Addr,
    /// The length of its prefix: 1 to 30.
    pub prefix_len: u8,
    /// The addresses to be leased to anybody; may be empty. The server's own address, those of the routers and
    /// reserved ones inside a pool are left out.
    pub pools: Vec<RangeInclusive<Ipv4Addr>>,
    /// Addresses of the pools that are nobody's to have.
    pub exclusions: Vec<RangeInclusive<Ipv4Addr>>,
    /// Default gateways (option 3).
    pub routers: Vec<Ipv4Addr>,
    /// Resolvers (option 6).
    pub dns_servers: Vec<Ipv4Addr>,
    /// NTP servers (option 42).
    pub ntp_servers: Vec<Ipv4Addr>,
    /// The domain (option 15).
    pub domain_name: Option<String>,
    /// Other options, for clients that ask for them or that ask for nothing in particular.
    pub options: Vec<(OptionCode, Vec<u8>)>,
    /// Seconds of a lease, at least 10.
    pub lease_time: u32,
    /// The seconds between which a client gets what it asks for (option 51); beyond, it gets the nearer end. `None`
    /// unless changed: every client gets `lease_time`.
    pub requested_lease_time: Option<RangeInclusive<u32>>,
    /// Addresses that belong to one client each, inside or outside the pools.
    pub reservations: Vec<Reservation>,
    /// Whether a client that asks for it gets its lease in one exchange (RFC 4039): only for a subnet with one server.
    pub rapid_commit: bool,
    /// Who is served without DHCP.
    pub bootp: Bootp,
}

/// Who is served that speaks plain BOOTP (RFC 1534 §2).
///
/// A BOOTP client never renews and never gives up, so its lease never ends (it lasts 136 years).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bootp {
    /// Nobody.
    #[default]
    Off,
    /// Clients with a reservation.
    Reserved,
    /// Everybody, from the pools.
    Dynamic,
}

impl Subnet {
    /// A subnet without pools and parameters, and with leases of an hour.
    #[must_use]
    pub fn new(network: Ipv4Addr, prefix_len: u8) -> Self {
        Self {
            network,
            prefix_len,
            pools: Vec::new(),
            exclusions: Vec::new(),
            routers: Vec::new(),
            dns_servers: Vec::new(),
            ntp_servers: Vec::new(),
            domain_name: None,
            options: Vec::new(),
            lease_time: 3600,
            requested_lease_time: None,
            reservations: Vec::new(),
            rapid_commit: false,
            bootp: Bootp::Off,
        }
    }

    /// The mask (option 1).
    #[must_use]
    pub fn mask(&self) -> Ipv4Addr {
        let host_bits = 32u32.saturating_sub(self.prefix_len.into());
        Ipv4Addr::from_bits(u32::MAX.checked_shl(host_bits).unwrap_or(0))
    }

    /// The broadcast address (option 28).
    #[must_use]
    pub fn broadcast(&self) -> Ipv4Addr {
        self.network | !self.mask()
    }

    /// Whether an address lies in the subnet.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        address & self.mask() == self.network
    }

    /// Whether an address lies in the subnet and can be a host's.
    pub(in crate::server) fn has_host(&self, address: Ipv4Addr) -> bool {
        self.contains(address) && address != self.network && address != self.broadcast()
    }

    /// The seconds of a lease for a client that asks for so many, if it does.
    pub(in crate::server) fn lease_time_for(&self, requested: Option<u32>) -> Option<u32> {
        let range = self.requested_lease_time.as_ref()?;
        requested.map(|seconds| seconds.clamp(*range.start(), *range.end()))
    }

    pub(super) fn check(&self, server_ids: &[Ipv4Addr]) -> Result<(), ConfigError> {
        let Self { network, prefix_len, .. } = *self;
        if !(1..=30).contains(&prefix_len) {
            return Err(ConfigError::PrefixLength { network, prefix_len });
        }
        if network & self.mask() != network {
            return Err(ConfigError::HostBits { network, prefix_len });
        }
        self.check_pools()?;
        for (field, list) in
            [("routers", &self.routers), ("dns_servers", &self.dns_servers), ("ntp_servers", &self.ntp_servers)]
        {
            if list.len() > 16 {
                return Err(ConfigError::TooMany { field, len: list.len() });
            }
        }
        if let Some(name) = &self.domain_name {
            check_name("domain_name", name)?;
        }
        check_options(&self.options)?;
        self.check_lease_times()?;
        self.check_reservations(server_ids)
    }

    fn check_pools(&self) -> Result<(), ConfigError> {
        for (field, ranges) in [("pools", &self.pools), ("exclusions", &self.exclusions)] {
            for (start, end) in ranges.iter().map(|range| (*range.start(), *range.end())) {
                if end < start {
                    return Err(ConfigError::RangeReversed { field, start, end });
                }
                if !self.has_host(start) || !self.has_host(end) {
                    return Err(ConfigError::RangeOutside { field, network: self.network, start, end });
                }
            }
        }
        let mut pools: Vec<(Ipv4Addr, Ipv4Addr)> = self.pools.iter().map(|pool| (*pool.start(), *pool.end())).collect();
        pools.sort_unstable();
        for (before, after) in pools.iter().zip(pools.iter().skip(1)) {
            if after.0 <= before.1 {
                return Err(ConfigError::PoolOverlap(after.0));
            }
        }
        Ok(())
    }

    fn check_lease_times(&self) -> Result<(), ConfigError> {
        let network = self.network;
        let shortest = self.requested_lease_time.as_ref().map(|range| *range.start());
        for lease_time in std::iter::once(self.lease_time).chain(shortest) {
            if lease_time < SHORTEST_LEASE {
                return Err(ConfigError::LeaseTime { network, lease_time });
            }
        }
        if self.requested_lease_time.as_ref().is_some_and(|range| range.end() < range.start()) {
            return Err(ConfigError::LeaseTimesReversed { network });
        }
        Ok(())
    }

    fn check_reservations(&self, server_ids: &[Ipv4Addr]) -> Result<(), ConfigError> {
        let (mut addresses, mut clients) = (BTreeMap::new(), BTreeSet::new());
        for Reservation { client, address, hostname, options } in &self.reservations {
            let (network, address) = (self.network, *address);
            if !self.has_host(address) {
                return Err(ConfigError::ReservationOutside { network, client: client.clone(), address });
            }
            if server_ids.contains(&address) || self.routers.contains(&address) {
                return Err(ConfigError::ReservationTaken { client: client.clone(), address });
            }
            if addresses.insert(address, client).is_some() {
                return Err(ConfigError::ReservedTwice(address));
            }
            if !clients.insert(client) {
                return Err(ConfigError::ReservedTwo { network, client: client.clone() });
            }
            if let Some(name) = hostname {
                check_name("hostname", name)?;
            }
            check_options(options)?;
        }
        Ok(())
    }
}

fn check_name(field: &'static str, name: &str) -> Result<(), ConfigError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if name.is_empty() || name.len() > 253 || !name.bytes().all(legal) {
        return Err(ConfigError::Name { field, name: name.to_owned() });
    }
    Ok(())
}

fn check_options(options: &[(OptionCode, Vec<u8>)]) -> Result<(), ConfigError> {
    const OWN: [OptionCode; 17] = [
        OptionCode::PAD,
        OptionCode::SUBNET_MASK,
        OptionCode::BROADCAST_ADDRESS,
        OptionCode::REQUESTED_ADDRESS,
        OptionCode::LEASE_TIME,
        OptionCode::OVERLOAD,
        OptionCode::MESSAGE_TYPE,
        OptionCode::SERVER_IDENTIFIER,
        OptionCode::PARAMETER_REQUEST_LIST,
        OptionCode::MAX_MESSAGE_SIZE,
        OptionCode::RENEWAL_TIME,
        OptionCode::REBINDING_TIME,
        OptionCode::CLIENT_IDENTIFIER,
        OptionCode::RAPID_COMMIT,
        OptionCode::RELAY_AGENT_INFORMATION,
        OptionCode::SUBNET_SELECTION,
        OptionCode::END,
    ];
    for (code, value) in options {
        if OWN.contains(code) {
            return Err(ConfigError::OwnOption(*code));
        }
        if value.len() > 255 {
            return Err(ConfigError::OptionTooLong(*code));
        }
    }
    Ok(())
}
