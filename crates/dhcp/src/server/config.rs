//! [`Config`]: what a server serves, and the check that it can be served.

use std::{collections::BTreeMap, net::Ipv4Addr, ops::RangeInclusive};

use crate::HardwareAddress;

/// The shortest lease: T1 < T2 < lease must hold, and a client must have time to renew.
const SHORTEST_LEASE: u32 = 10;

/// What a server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The address that the server is known by (option 54).
    pub server_id: Ipv4Addr,
    /// The subnets; at least one, without overlap.
    pub subnets: Vec<Subnet>,
    /// Bounds on what is kept for clients that have not taken anything yet.
    pub limits: Limits,
    /// Whether a new address is looked for on the link before it is offered, and how. `None` unless changed.
    pub probing: Option<Probing>,
    /// The key of the server's hash tables: 16 random bytes, so that nobody can choose clients that collide. Zeroes
    /// unless changed, which is fine for tests and closed links. No answer depends on it.
    pub seed: [u8; 16],
}

impl Config {
    /// These subnets with default limits and without probing.
    #[must_use]
    pub fn new(server_id: Ipv4Addr, subnets: Vec<Subnet>) -> Self {
        Self { server_id, subnets, limits: Limits::default(), probing: None, seed: [0; 16] }
    }
}

/// Bounds on what a server keeps for clients that have not taken anything yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Seconds that an offered address is kept for its client. 60 unless changed: iPXE and EDK2 answer within 10.
    pub offer_hold: u32,
    /// Offers that may wait at a time, over all subnets; at most one per client and subnet. 100 000 unless changed;
    /// `None`: no limit.
    pub max_offers: Option<usize>,
    /// The same for the offers that go through one relay. `None` unless changed.
    pub max_offers_per_relay: Option<usize>,
    /// Seconds that a declined address is kept from everybody. 3600 unless changed.
    pub quarantine: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { offer_hold: 60, max_offers: Some(100_000), max_offers_per_relay: None, quarantine: 3600 }
    }
}

/// How conflicts are looked for (RFC 2131 §2.2: the server SHOULD probe a reused address before allocating it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probing {
    /// Seconds until silence means that the address is free. The clock has whole seconds, so the real time is up to
    /// one second less. 2 unless changed; a driver that knows sooner may say so sooner.
    pub wait: u32,
    /// Probes that may wait at a time: beyond, addresses are offered without one. 1000 unless changed.
    pub max_pending: usize,
    /// Seconds for which an address that was probed free, or used by the same client, is not probed again. 300 unless
    /// changed.
    pub fresh: u32,
    /// Addresses that are tried for one DISCOVER. 4 unless changed.
    pub attempts: u8,
}

impl Default for Probing {
    fn default() -> Self {
        Self { wait: 2, max_pending: 1000, fresh: 300, attempts: 4 }
    }
}

/// One subnet, its addresses and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The first address of the subnet, such as 192.168.77.0.
    pub network: Ipv4Addr,
    /// The length of its prefix: 1 to 30.
    pub prefix_len: u8,
    /// The addresses to be leased to anybody; may be empty. The server's own address and those of the routers inside
    /// a pool are left out.
    pub pools: Vec<RangeInclusive<Ipv4Addr>>,
    /// Default gateways (option 3).
    pub routers: Vec<Ipv4Addr>,
    /// Resolvers (option 6).
    pub dns_servers: Vec<Ipv4Addr>,
    /// NTP servers (option 42).
    pub ntp_servers: Vec<Ipv4Addr>,
    /// The domain (option 15).
    pub domain_name: Option<String>,
    /// Seconds of a lease, at least 10.
    pub lease_time: u32,
    /// Addresses that belong to one client each, inside or outside the pools.
    pub reservations: BTreeMap<HardwareAddress, Ipv4Addr>,
}

/// Why a configuration cannot be served. The texts name the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no subnet.
    #[error("subnets: there is none")]
    NoSubnets,
    /// The server identifier is not an address of a host.
    #[error("server_id: {0} is not the address of a host")]
    ServerId(Ipv4Addr),
    /// Two subnets share addresses.
    #[error("subnets: {0} overlaps with {1}")]
    Overlap(Ipv4Addr, Ipv4Addr),
    /// The prefix is too short or too long.
    #[error("prefix_len: {prefix_len} of subnet {network} is not between 1 and 30")]
    PrefixLength {
        /// The subnet.
        network: Ipv4Addr,
        /// Its value.
        prefix_len: u8,
    },
    /// Bits are set beyond the prefix.
    #[error("network: {network} has bits set beyond its prefix of {prefix_len}")]
    HostBits {
        /// The subnet.
        network: Ipv4Addr,
        /// Its prefix.
        prefix_len: u8,
    },
    /// The lease is too short.
    #[error("lease_time: {lease_time} seconds in subnet {network} is less than {SHORTEST_LEASE}")]
    LeaseTime {
        /// The subnet.
        network: Ipv4Addr,
        /// Its value.
        lease_time: u32,
    },
    /// A pool ends before it begins.
    #[error("pools: {start}-{end} ends before it begins")]
    PoolReversed {
        /// The first address.
        start: Ipv4Addr,
        /// The last address.
        end: Ipv4Addr,
    },
    /// A pool has addresses that are no host addresses of its subnet.
    #[error("pools: {start}-{end} is not inside subnet {network}, or contains its network or broadcast address")]
    PoolOutside {
        /// The subnet.
        network: Ipv4Addr,
        /// The first address.
        start: Ipv4Addr,
        /// The last address.
        end: Ipv4Addr,
    },
    /// Two pools share addresses.
    #[error("pools: {0} is in two of them")]
    PoolOverlap(Ipv4Addr),
    /// A reserved address is no host address of its subnet.
    #[error("reservations: {address} of {hardware} is not a host address of subnet {network}")]
    ReservationOutside {
        /// The subnet.
        network: Ipv4Addr,
        /// The client.
        hardware: HardwareAddress,
        /// Its address.
        address: Ipv4Addr,
    },
    /// A reserved address is the server's or a router's.
    #[error("reservations: {address} of {hardware} is the address of the server or of a router")]
    ReservationTaken {
        /// The client.
        hardware: HardwareAddress,
        /// Its address.
        address: Ipv4Addr,
    },
    /// Two clients have the same address reserved.
    #[error("reservations: {0} is reserved twice")]
    ReservedTwice(Ipv4Addr),
    /// A list does not fit into an option.
    #[error("{field}: {len} entries are more than an option holds")]
    TooMany {
        /// The field.
        field: &'static str,
        /// How many it has.
        len: usize,
    },
    /// The domain does not fit into an option or has characters that no domain has.
    #[error("domain_name: {0:?} is not a domain name")]
    DomainName(String),
}

impl Subnet {
    /// A subnet without pools and parameters, and with leases of an hour.
    #[must_use]
    pub fn new(network: Ipv4Addr, prefix_len: u8) -> Self {
        Self {
            network,
            prefix_len,
            pools: Vec::new(),
            routers: Vec::new(),
            dns_servers: Vec::new(),
            ntp_servers: Vec::new(),
            domain_name: None,
            lease_time: 3600,
            reservations: BTreeMap::new(),
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
    pub(super) fn has_host(&self, address: Ipv4Addr) -> bool {
        self.contains(address) && address != self.network && address != self.broadcast()
    }

    fn check(&self, server_id: Ipv4Addr) -> Result<(), ConfigError> {
        let Self { network, prefix_len, lease_time, .. } = *self;
        if !(1..=30).contains(&prefix_len) {
            return Err(ConfigError::PrefixLength { network, prefix_len });
        }
        if network & self.mask() != network {
            return Err(ConfigError::HostBits { network, prefix_len });
        }
        if lease_time < SHORTEST_LEASE {
            return Err(ConfigError::LeaseTime { network, lease_time });
        }
        for (field, list) in
            [("routers", &self.routers), ("dns_servers", &self.dns_servers), ("ntp_servers", &self.ntp_servers)]
        {
            if list.len() > 16 {
                return Err(ConfigError::TooMany { field, len: list.len() });
            }
        }
        if let Some(name) = &self.domain_name {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if name.is_empty() || name.len() > 253 || !name.bytes().all(legal) {
                return Err(ConfigError::DomainName(name.clone()));
            }
        }
        self.check_pools()?;
        self.check_reservations(server_id)
    }

    fn check_pools(&self) -> Result<(), ConfigError> {
        let mut pools: Vec<(Ipv4Addr, Ipv4Addr)> = self.pools.iter().map(|pool| (*pool.start(), *pool.end())).collect();
        for &(start, end) in &pools {
            if end < start {
                return Err(ConfigError::PoolReversed { start, end });
            }
            if !self.has_host(start) || !self.has_host(end) {
                return Err(ConfigError::PoolOutside { network: self.network, start, end });
            }
        }
        pools.sort_unstable();
        for (before, after) in pools.iter().zip(pools.iter().skip(1)) {
            if after.0 <= before.1 {
                return Err(ConfigError::PoolOverlap(after.0));
            }
        }
        Ok(())
    }

    fn check_reservations(&self, server_id: Ipv4Addr) -> Result<(), ConfigError> {
        let mut seen = BTreeMap::new();
        for (&hardware, &address) in &self.reservations {
            if !self.has_host(address) {
                return Err(ConfigError::ReservationOutside { network: self.network, hardware, address });
            }
            if address == server_id || self.routers.contains(&address) {
                return Err(ConfigError::ReservationTaken { hardware, address });
            }
            if seen.insert(address, hardware).is_some() {
                return Err(ConfigError::ReservedTwice(address));
            }
        }
        Ok(())
    }
}

impl Config {
    /// Checks every field, in the order of their declaration.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let id = self.server_id;
        if id.is_unspecified() || id.is_broadcast() || id.is_multicast() {
            return Err(ConfigError::ServerId(id));
        }
        if self.subnets.is_empty() {
            return Err(ConfigError::NoSubnets);
        }
        for subnet in &self.subnets {
            subnet.check(id)?;
        }
        let mut spans: Vec<(Ipv4Addr, Ipv4Addr)> =
            self.subnets.iter().map(|subnet| (subnet.network, subnet.broadcast())).collect();
        spans.sort_unstable();
        for (before, after) in spans.iter().zip(spans.iter().skip(1)) {
            if after.0 <= before.1 {
                return Err(ConfigError::Overlap(after.0, before.0));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet() -> Subnet {
        let mut subnet = Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 24);
        subnet.pools = vec![Ipv4Addr::new(10, 0, 0, 10)..=Ipv4Addr::new(10, 0, 0, 20)];
        subnet
    }

    fn host(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, last)
    }

    fn mac(last: u8) -> HardwareAddress {
        HardwareAddress::ethernet([2, 0, 0, 0, 0, last])
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Config), expect: Option<&str>) {
        let mut config = Config::new(host(1), vec![subnet()]);
        change(&mut config);
        assert_eq!(config.check().err().map(|error| error.to_string()).as_deref(), expect);
    }

    #[track_caller]
    fn check_subnet(change: impl FnOnce(&mut Subnet), expect: &str) {
        let mut changed = subnet();
        change(&mut changed);
        check(|config| config.subnets = vec![changed], Some(expect));
    }

    #[test]
    fn a_config_that_can_be_served() {
        check(|_| {}, None);
        check(|config| config.subnets.push(Subnet::new(Ipv4Addr::new(10, 0, 1, 0), 30)), None);
    }

    #[test]
    fn errors_name_the_field() {
        check(|config| config.subnets.clear(), Some("subnets: there is none"));
        check(
            |config| config.server_id = Ipv4Addr::UNSPECIFIED,
            Some("server_id: 0.0.0.0 is not the address of a host"),
        );
        check(
            |config| config.subnets.push(Subnet::new(Ipv4Addr::new(10, 0, 0, 128), 25)),
            Some("subnets: 10.0.0.128 overlaps with 10.0.0.0"),
        );
        for prefix_len in [0, 31, 32, 255] {
            let expect = format!("prefix_len: {prefix_len} of subnet 10.0.0.0 is not between 1 and 30");
            check_subnet(|subnet| subnet.prefix_len = prefix_len, &expect);
        }
        check_subnet(|subnet| subnet.network = host(4), "network: 10.0.0.4 has bits set beyond its prefix of 24");
        check_subnet(|subnet| subnet.lease_time = 9, "lease_time: 9 seconds in subnet 10.0.0.0 is less than 10");
        check_subnet(
            |subnet| subnet.dns_servers = vec![host(2); 17],
            "dns_servers: 17 entries are more than an option holds",
        );
        check_subnet(|subnet| subnet.domain_name = Some("a b".into()), "domain_name: \"a b\" is not a domain name");
    }

    #[test]
    fn pools_and_reservations_hold_host_addresses_once() {
        let outside = |range: &str| {
            format!("pools: {range} is not inside subnet 10.0.0.0, or contains its network or broadcast address")
        };
        check_subnet(|subnet| subnet.pools = vec![host(0)..=host(9)], &outside("10.0.0.0-10.0.0.9"));
        check_subnet(|subnet| subnet.pools = vec![host(9)..=host(255)], &outside("10.0.0.9-10.0.0.255"));
        check_subnet(|subnet| subnet.pools = vec![host(9)..=host(8)], "pools: 10.0.0.9-10.0.0.8 ends before it begins");
        check_subnet(|subnet| subnet.pools.push(host(20)..=host(21)), "pools: 10.0.0.20 is in two of them");
        check_subnet(
            |subnet| subnet.reservations = [(mac(1), host(255))].into(),
            "reservations: 10.0.0.255 of 02:00:00:00:00:01 is not a host address of subnet 10.0.0.0",
        );
        check_subnet(
            |subnet| subnet.reservations = [(mac(1), host(1))].into(),
            "reservations: 10.0.0.1 of 02:00:00:00:00:01 is the address of the server or of a router",
        );
        check_subnet(
            |subnet| subnet.reservations = [(mac(1), host(7)), (mac(2), host(7))].into(),
            "reservations: 10.0.0.7 is reserved twice",
        );
    }
}
