//! [`ConfigError`]: why a configuration cannot be served.

use std::{fmt, net::Ipv4Addr};

use crate::{OptionCode, server::reservation::Selector};

/// Why a configuration cannot be served. The texts name the field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no subnet.
    NoSubnets,
    /// The server identifier is not an address of a host.
    ServerId(Ipv4Addr),
    /// Two subnets share addresses.
    Overlap(Ipv4Addr, Ipv4Addr),
    /// The prefix is too short or too long.
    PrefixLength {
        /// The subnet.
        network: Ipv4Addr,
        /// Its value.
        prefix_len: u8,
    },
    /// Bits are set beyond the prefix.
    HostBits {
        /// The subnet.
        network: Ipv4Addr,
        /// Its prefix.
        prefix_len: u8,
    },
    /// A lease is too short: T1 < T2 < lease must hold, and a client must have time to renew.
    LeaseTime {
        /// The subnet.
        network: Ipv4Addr,
        /// Its value, or the least that a client may ask for.
        lease_time: u32,
    },
    /// The longest lease that a client may ask for is shorter than the shortest one.
    LeaseTimesReversed {
        /// The subnet.
        network: Ipv4Addr,
    },
    /// A range of addresses ends before it begins.
    RangeReversed {
        /// The field.
        field: &'static str,
        /// The first address.
        start: Ipv4Addr,
        /// The last address.
        end: Ipv4Addr,
    },
    /// A range has addresses that are no host addresses of its subnet.
    RangeOutside {
        /// The field.
        field: &'static str,
        /// The subnet.
        network: Ipv4Addr,
        /// The first address.
        start: Ipv4Addr,
        /// The last address.
        end: Ipv4Addr,
    },
    /// Two pools share addresses.
    PoolOverlap(Ipv4Addr),
    /// A reserved address is no host address of its subnet.
    ReservationOutside {
        /// The subnet.
        network: Ipv4Addr,
        /// The client.
        client: Selector,
        /// Its address.
        address: Ipv4Addr,
    },
    /// A reserved address is the server's or a router's.
    ReservationTaken {
        /// The client.
        client: Selector,
        /// Its address.
        address: Ipv4Addr,
    },
    /// Two clients have the same address reserved.
    ReservedTwice(Ipv4Addr),
    /// One client has two addresses of a subnet reserved.
    ReservedTwo {
        /// The subnet.
        network: Ipv4Addr,
        /// The client.
        client: Selector,
    },
    /// A list does not fit into an option.
    TooMany {
        /// The field.
        field: &'static str,
        /// How many it has.
        len: usize,
    },
    /// A name does not fit into an option or has characters that no name has.
    Name {
        /// The field.
        field: &'static str,
        /// Its value.
        name: String,
    },
    /// An option that the server itself decides about.
    OwnOption(OptionCode),
    /// An option does not fit into a reply.
    OptionTooLong(OptionCode),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSubnets => f.write_str("subnets: there is none"),
            Self::ServerId(id) => write!(f, "server_id: {id} is not the address of a host"),
            Self::Overlap(one, other) => write!(f, "subnets: {one} overlaps with {other}"),
            Self::PrefixLength { network, prefix_len } => {
                write!(f, "prefix_len: {prefix_len} of subnet {network} is not between 1 and 30")
            }
            Self::HostBits { network, prefix_len } => {
                write!(f, "network: {network} has bits set beyond its prefix of {prefix_len}")
            }
            Self::LeaseTime { network, lease_time } => {
                write!(f, "lease_time: {lease_time} seconds in subnet {network} is less than {}", super::SHORTEST_LEASE)
            }
            Self::LeaseTimesReversed { network } => {
                write!(f, "requested_lease_time: the longest in subnet {network} is shorter than the shortest")
            }
            Self::RangeReversed { field, start, end } => write!(f, "{field}: {start}-{end} ends before it begins"),
            Self::RangeOutside { field, network, start, end } => write!(
                f,
                "{field}: {start}-{end} is not inside subnet {network}, or contains its network or broadcast address"
            ),
            Self::PoolOverlap(address) => write!(f, "pools: {address} is in two of them"),
            Self::ReservationOutside { network, client, address } => {
                write!(f, "reservations: {address} of {client} is not a host address of subnet {network}")
            }
            Self::ReservationTaken { client, address } => {
                write!(f, "reservations: {address} of {client} is the address of the server or of a router")
            }
            Self::ReservedTwice(address) => write!(f, "reservations: {address} is reserved twice"),
            Self::ReservedTwo { network, client } => {
                write!(f, "reservations: {client} has two addresses in subnet {network}")
            }
            Self::TooMany { field, len } => write!(f, "{field}: {len} entries are more than an option holds"),
            Self::Name { field: "domain_name", name } => write!(f, "domain_name: {name:?} is not a domain name"),
            Self::Name { field, name } => write!(f, "{field}: {name:?} is not a host name"),
            Self::OwnOption(code) => write!(f, "options: {code} ({}) is decided by the server", code.0),
            Self::OptionTooLong(code) => write!(f, "options: {code} ({}) has more than 255 bytes", code.0),
        }
    }
}

impl std::error::Error for ConfigError {}
