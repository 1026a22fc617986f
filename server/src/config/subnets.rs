//! `[[dhcp.subnets]]`: the subnets beside that of `interface`.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

use serde::Deserialize;

use super::{Config, ConfigError, DhcpMode, Policy};

/// A subnet on another interface of this host, or one that a relay agent reaches: exactly one of `interface` and `network`.
///
/// What `[dhcp]` says of leases, name and time servers and the domain is so here, too, unless said otherwise; who gives the
/// addresses, and which, is said for each subnet on its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FurtherSubnet {
    /// Its first IPv4 address and prefix make the subnet.
    pub interface: Option<String>,
    /// `ADDRESS/PREFIX`.
    pub network: Option<String>,
    /// Who gives the addresses. If it is not set, `firstlight serve` looks for another DHCP server on the interface first;
    /// behind a relay agent nobody can, so there it has to be set.
    pub mode: Option<DhcpMode>,
    /// `FIRST-LAST`; the default is the upper half of the subnet.
    pub pool: Option<String>,
    /// Seconds; at least 60.
    pub lease_seconds: Option<u32>,
    /// The default gateway. Machines behind a relay agent need one to reach this server.
    pub routers: Vec<Ipv4Addr>,
    /// Name servers.
    pub dns_servers: Option<Vec<Ipv4Addr>>,
    /// Time servers.
    pub ntp_servers: Option<Vec<Ipv4Addr>>,
    /// The domain of the machines' names.
    pub domain_name: Option<String>,
    /// What its machines need that others of their kind do not.
    pub pxe: Policy,
}

/// Where a subnet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// On this interface.
    Interface(&'a str),
    /// Behind a relay agent.
    Network {
        /// The first address.
        network: Ipv4Addr,
        /// Bits of the network's part.
        prefix_len: u8,
    },
}

/// A subnet as it is written, whichever table it is in.
#[derive(Debug, Clone)]
pub struct Written<'a> {
    /// The table: `dhcp` or `dhcp.subnets`.
    pub table: &'static str,
    /// Where it is.
    pub place: Place<'a>,
    /// Who gives the addresses.
    pub mode: Option<DhcpMode>,
    /// `FIRST-LAST`.
    pub pool: Option<&'a str>,
    /// Seconds.
    pub lease_seconds: u32,
    /// The default gateway.
    pub routers: &'a [Ipv4Addr],
    /// Name servers.
    pub dns_servers: &'a [Ipv4Addr],
    /// Time servers.
    pub ntp_servers: &'a [Ipv4Addr],
    /// The domain of the machines' names.
    pub domain_name: Option<&'a str>,
    /// What its machines need.
    pub pxe: Option<&'a Policy>,
}

impl Config {
    /// Every subnet: that of `interface` first.
    ///
    /// # Errors
    ///
    /// A further one that does not say in one way where it is, or whose network is none.
    pub fn subnets(&self) -> Result<Vec<Written<'_>>, ConfigError> {
        let dhcp = &self.dhcp;
        let first = Written {
            table: "dhcp",
            place: Place::Interface(&self.interface),
            mode: dhcp.mode,
            pool: dhcp.pool.as_deref(),
            lease_seconds: dhcp.lease_seconds,
            routers: &dhcp.routers,
            dns_servers: &dhcp.dns_servers,
            ntp_servers: &dhcp.ntp_servers,
            domain_name: dhcp.domain_name.as_deref(),
            pxe: None,
        };
        let further = dhcp.subnets.iter().enumerate().map(|(at, subnet)| {
            Ok(Written {
                table: "dhcp.subnets",
                place: subnet.place(at)?,
                mode: subnet.mode,
                pool: subnet.pool.as_deref(),
                lease_seconds: subnet.lease_seconds.unwrap_or(dhcp.lease_seconds),
                routers: &subnet.routers,
                dns_servers: subnet.dns_servers.as_ref().unwrap_or(&dhcp.dns_servers),
                ntp_servers: subnet.ntp_servers.as_ref().unwrap_or(&dhcp.ntp_servers),
                domain_name: subnet.domain_name.as_deref().or(dhcp.domain_name.as_deref()),
                pxe: Some(&subnet.pxe),
            })
        });
        std::iter::once(Ok(first)).chain(further).collect()
    }

    /// Who gives the addresses of each, in the same order.
    pub fn modes(&mut self) -> impl Iterator<Item = &mut Option<DhcpMode>> {
        std::iter::once(&mut self.dhcp.mode).chain(self.dhcp.subnets.iter_mut().map(|subnet| &mut subnet.mode))
    }
}

impl FurtherSubnet {
    fn place(&self, at: usize) -> Result<Place<'_>, ConfigError> {
        match (&self.interface, &self.network) {
            (Some(interface), None) => Ok(Place::Interface(interface)),
            (None, Some(network)) => {
                let parsed = network.split_once('/').and_then(|(network, prefix_len)| {
                    Some(Place::Network { network: network.parse().ok()?, prefix_len: prefix_len.parse().ok()? })
                });
                parsed.ok_or_else(|| ConfigError::Value {
                    key: "dhcp.subnets.network".into(),
                    value: network.clone(),
                    problem: "must be ADDRESS/PREFIX, such as 10.88.0.0/24".into(),
                })
            }
            (one, _) => Err(ConfigError::Value {
                key: "dhcp.subnets".into(),
                value: format!("entry {}", at + 1),
                problem: if one.is_some() {
                    "has interface and network: leave out network, which the interface's address says".into()
                } else {
                    "needs interface (another one of this host), or network (which a relay agent reaches)".into()
                },
            }),
        }
    }
}

impl Written<'_> {
    /// A fault in one of its keys.
    pub fn fault(&self, key: &str, value: impl Into<String>, problem: impl Into<String>) -> ConfigError {
        ConfigError::Value {
            key: format!("{}.{key}", self.table).into(),
            value: value.into(),
            problem: problem.into().into(),
        }
    }

    /// The same, of the subnet as a whole, which is named by where it is.
    pub fn wrong_place(&self, problem: impl Into<String>) -> ConfigError {
        match (self.place, self.table) {
            (Place::Interface(name), "dhcp") => {
                ConfigError::Value { key: "interface".into(), value: name.to_owned(), problem: problem.into().into() }
            }
            (Place::Interface(name), _) => self.fault("interface", name, problem),
            (Place::Network { network, prefix_len }, _) => {
                self.fault("network", format!("{network}/{prefix_len}"), problem)
            }
        }
    }

    /// The addresses that are given to anybody, in the subnet of `address`.
    ///
    /// # Errors
    ///
    /// When `pool` is not two addresses of the subnet in order.
    pub fn range(&self, address: Ipv4Addr, prefix_len: u8) -> Result<RangeInclusive<Ipv4Addr>, ConfigError> {
        let mask = mask(prefix_len);
        let network = u32::from(address) & mask;
        let broadcast = network | !mask;
        let Some(pool) = self.pool else {
            let first = network + (broadcast - network) / 2;
            return Ok(Ipv4Addr::from(first)..=Ipv4Addr::from(broadcast.saturating_sub(1)));
        };
        let parsed = pool.split_once('-').and_then(|(first, last)| {
            Some((first.trim().parse::<Ipv4Addr>().ok()?, last.trim().parse::<Ipv4Addr>().ok()?))
        });
        let Some((first, last)) = parsed else {
            return Err(self.fault("pool", pool, "must be FIRST-LAST, such as 10.0.0.100-10.0.0.199"));
        };
        if first > last {
            return Err(self.fault("pool", pool, "the first address is above the last"));
        }
        if u32::from(first) & mask != network || u32::from(last) & mask != network {
            let problem = format!("is not inside the subnet {}/{prefix_len}", Ipv4Addr::from(network));
            return Err(self.fault("pool", pool, problem));
        }
        Ok(first..=last)
    }
}

/// The bits of the network's part.
pub(crate) fn mask(prefix_len: u8) -> u32 {
    u32::MAX.checked_shl(32u32.saturating_sub(prefix_len.into())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        toml::from_str(&format!("interface = 'eth1'\n{text}")).unwrap()
    }

    #[track_caller]
    fn refused(text: &str, expect: &str) {
        let config = config(&format!("[[dhcp.subnets]]\n{text}"));
        let fault = config.subnets().and_then(|all| all[1].range([10, 88, 0, 1].into(), 24).map(drop));
        assert_eq!(fault.unwrap_err().to_string(), expect);
    }

    #[test]
    fn the_short_form_is_the_first_subnet_and_the_others_inherit_what_is_no_address() {
        let config = config(
            "[dhcp]\nmode = 'proxy'\nlease_seconds = 600\nrouters = ['10.77.0.9']\ndns_servers = ['10.0.0.5']\n\
             domain_name = 'lab'\n[[dhcp.subnets]]\ninterface = 'eth2'\n[[dhcp.subnets]]\nnetwork = '10.88.0.0/24'\n\
             mode = 'authoritative'\nlease_seconds = 60\nrouters = ['10.88.0.1']\ndns_servers = []\n\
             domain_name = 'far'\n[dhcp.subnets.pxe]\nproxy = 'offer'\n",
        );
        let all = config.subnets().unwrap();
        let network = Ipv4Addr::new(10, 88, 0, 0);
        let places = [Place::Interface("eth1"), Place::Interface("eth2"), Place::Network { network, prefix_len: 24 }];
        assert_eq!(all.iter().map(|one| one.place).collect::<Vec<_>>(), places);
        let modes = [Some(DhcpMode::Proxy), None, Some(DhcpMode::Authoritative)];
        assert_eq!(all.iter().map(|one| one.mode).collect::<Vec<_>>(), modes);
        assert_eq!(all.iter().map(|one| one.lease_seconds).collect::<Vec<_>>(), [600, 600, 60]);
        assert_eq!(all.iter().map(|one| one.routers.len()).collect::<Vec<_>>(), [1, 0, 1]);
        assert_eq!(all.iter().map(|one| one.dns_servers.len()).collect::<Vec<_>>(), [1, 1, 0]);
        assert_eq!(all.iter().map(|one| one.domain_name.unwrap()).collect::<Vec<_>>(), ["lab", "lab", "far"]);
        let range = all[2].range(network, 24).unwrap();
        assert_eq!(range, Ipv4Addr::new(10, 88, 0, 127)..=Ipv4Addr::new(10, 88, 0, 254));
    }

    #[test]
    fn faults_name_the_key_and_say_what_to_do() {
        refused(
            "",
            "dhcp.subnets = entry 1: needs interface (another one of this host), or network (which a relay agent \
             reaches)",
        );
        refused(
            "interface = 'eth2'\nnetwork = '10.88.0.0/24'",
            "dhcp.subnets = entry 1: has interface and network: leave out network, which the interface's address \
             says",
        );
        refused(
            "network = '10.88.0.0'",
            "dhcp.subnets.network = 10.88.0.0: must be ADDRESS/PREFIX, such as 10.88.0.0/24",
        );
        refused(
            "interface = 'eth2'\npool = '10.77.0.1-10.77.0.9'",
            "dhcp.subnets.pool = 10.77.0.1-10.77.0.9: is not inside the subnet 10.88.0.0/24",
        );
        refused(
            "interface = 'eth2'\npool = '10.88.0.9-10.88.0.1'",
            "dhcp.subnets.pool = 10.88.0.9-10.88.0.1: the first address is above the last",
        );
        refused(
            "interface = 'eth2'\npool = 'all'",
            "dhcp.subnets.pool = all: must be FIRST-LAST, such as 10.0.0.100-10.0.0.199",
        );
    }
}
