//! [`Config`]: what a server serves, and the check that it can be served.

mod error;
mod subnet;

use std::net::Ipv4Addr;

pub use error::ConfigError;
pub use subnet::{Bootp, Subnet};

/// The shortest lease that can be configured.
const SHORTEST_LEASE: u32 = 10;

/// What a server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The address that the server is known by (option 54).
    pub server_id: Ipv4Addr,
    /// Further addresses that it is known by, one for each further interface; none unless changed. A client hears the
    /// one that its request, or its relay's, was sent to or came in by: it may have no way to the others.
    pub other_ids: Vec<Ipv4Addr>,
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
        Self { server_id, other_ids: Vec::new(), subnets, limits: Limits::default(), probing: None, seed: [0; 16] }
    }
}

/// Bounds on what a server keeps for clients that have not taken anything yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Seconds that an offered address is kept for its client, as long as others are free. 60 unless changed: iPXE and
    /// EDK2 answer within 10.
    pub offer_hold: u32,
    /// Offers that may wait at a time, over all subnets, for clients without reservation or history; at most one per
    /// client and subnet. Beyond, the oldest that was not taken for 10 seconds is given up. 100 000 unless changed;
    /// `None`: no limit.
    pub max_offers: Option<usize>,
    /// The same for those behind one relay, where none is given up. `None` unless changed.
    pub max_offers_per_relay: Option<usize>,
    /// Seconds that a declined address is kept from everybody, as long as others are free. 3600 unless changed.
    pub quarantine: u32,
    /// Addresses that one client can put into quarantine at a time. 8 unless changed.
    pub max_declines: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            offer_hold: 60,
            max_offers: Some(100_000),
            max_offers_per_relay: None,
            quarantine: 3600,
            max_declines: 8,
        }
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

impl Config {
    /// Checks every field, in the order of their declaration.
    /// Every address that the server is known by.
    pub(super) fn ids(&self) -> impl Iterator<Item = Ipv4Addr> {
        std::iter::once(self.server_id).chain(self.other_ids.iter().copied())
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let ids: Vec<Ipv4Addr> = self.ids().collect();
        if let Some(id) = ids.iter().find(|id| id.is_unspecified() || id.is_broadcast() || id.is_multicast()) {
            return Err(ConfigError::ServerId(*id));
        }
        if self.subnets.is_empty() {
            return Err(ConfigError::NoSubnets);
        }
        for subnet in &self.subnets {
            subnet.check(&ids)?;
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
    use std::ops::RangeInclusive;

    use super::*;
    use crate::{
        HardwareAddress, OptionCode,
        server::reservation::{Reservation, Selector},
    };

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
            |config| config.other_ids.push(Ipv4Addr::BROADCAST),
            Some("server_id: 255.255.255.255 is not the address of a host"),
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
        check_subnet(
            |subnet| subnet.requested_lease_time = Some(9..=90),
            "lease_time: 9 seconds in subnet 10.0.0.0 is less than 10",
        );
        check_subnet(
            |subnet| subnet.requested_lease_time = Some(RangeInclusive::new(90, 89)),
            "requested_lease_time: the longest in subnet 10.0.0.0 is shorter than the shortest",
        );
        check_subnet(
            |subnet| subnet.options = vec![(OptionCode::LEASE_TIME, vec![0; 4])],
            "options: lease-time (51) is decided by the server",
        );
        check_subnet(
            |subnet| subnet.options = vec![(OptionCode(43), vec![0; 256])],
            "options: vendor-specific (43) has more than 255 bytes",
        );
        let mut named = Reservation::new(mac(1), host(7));
        named.hostname = Some("a b".into());
        check_subnet(|subnet| subnet.reservations = vec![named], "hostname: \"a b\" is not a host name");
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
            |subnet| subnet.reservations = vec![Reservation::new(mac(1), host(255))],
            "reservations: 10.0.0.255 of 02:00:00:00:00:01 is not a host address of subnet 10.0.0.0",
        );
        check_subnet(
            |subnet| subnet.reservations = vec![Reservation::new(mac(1), host(1))],
            "reservations: 10.0.0.1 of 02:00:00:00:00:01 is the address of the server or of a router",
        );
        check_subnet(
            |subnet| subnet.reservations = [1, 2].map(|client| Reservation::new(mac(client), host(7))).into(),
            "reservations: 10.0.0.7 is reserved twice",
        );
        check_subnet(
            |subnet| {
                subnet.reservations = [7, 8].map(|last| Reservation::new(Selector::Uuid([5; 16]), host(last))).into();
            },
            "reservations: UUID 05050505050505050505050505050505 has two addresses in subnet 10.0.0.0",
        );
        check_subnet(
            |subnet| subnet.exclusions = vec![host(9)..=host(8)],
            "exclusions: 10.0.0.9-10.0.0.8 ends before it begins",
        );
    }
}
