//! The subnets that are served: where each one is, who gives its addresses, and by which address its machines reach this
//! server.

use std::net::Ipv4Addr;
use std::sync::Arc;

use firstlight_dhcp::MessageRef;
use firstlight_dhcp::server::{self, Receipt};

use crate::config::{Config, ConfigError, DhcpMode, Place, Policy, Written, mask};
use crate::dhcp::DhcpError;
use crate::network::{InterfaceError, Link, link};
use crate::run::StartError;

/// One of them.
#[derive(Debug, Clone)]
pub struct Subnet {
    /// Where it is on this host; `None` if a relay agent reaches it.
    pub interface: Option<Interface>,
    /// Who gives the addresses.
    pub mode: DhcpMode,
    /// What its machines need that others of their kind do not.
    pub pxe: Policy,
    /// Its addresses, and what they come with.
    pub dhcp: server::Subnet,
}

/// An interface of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its first address.
    pub address: Ipv4Addr,
}

/// All of them, that of `interface` first.
#[derive(Debug, Clone)]
pub struct Subnets {
    main: Ipv4Addr,
    all: Arc<[Subnet]>,
}

impl Subnets {
    /// What `config` names, on the interfaces of this host.
    ///
    /// # Errors
    ///
    /// As [`with`](Self::with).
    pub fn new(config: &Config) -> Result<Self, StartError> {
        Self::with(config, link)
    }

    /// What `config` names, on interfaces that `find` knows.
    ///
    /// # Errors
    ///
    /// An interface that cannot serve, subnets that share addresses, a subnet of which nobody said who gives its addresses,
    /// one whose machines could not reach this server.
    pub fn with(config: &Config, find: impl Fn(&str) -> Result<Link, InterfaceError>) -> Result<Self, StartError> {
        let mut all: Vec<Subnet> = Vec::new();
        for written in config.subnets()? {
            let subnet = Subnet::new(&written, &find)?;
            if let Some(other) = all.iter().find(|other| other.overlaps(&subnet)) {
                let problem = format!(
                    "its subnet {subnet} shares addresses with {other}, which is written before: write each subnet once"
                );
                return Err(written.wrong_place(problem).into());
            }
            all.push(subnet);
        }
        for reservation in config.dhcp.reserved()? {
            let Some(subnet) = all.iter_mut().find(|subnet| subnet.dhcp.contains(reservation.address)) else {
                return Err(ConfigError::Value {
                    key: "dhcp.reservations".into(),
                    value: reservation.address.to_string(),
                    problem: "is in none of the subnets: correct it, or add its subnet to dhcp.subnets".into(),
                }
                .into());
            };
            subnet.dhcp.reservations.push(reservation);
        }
        let main = all.iter().find_map(|subnet| subnet.interface.as_ref()).map(|interface| interface.address);
        Ok(Self { main: main.unwrap_or(Ipv4Addr::UNSPECIFIED), all: all.into() })
    }

    /// The address of `interface`.
    #[must_use]
    pub fn main(&self) -> Ipv4Addr {
        self.main
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Subnet> {
        self.all.iter()
    }

    /// The interfaces of this host that subnets are on.
    pub fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.iter().filter_map(|subnet| subnet.interface.as_ref())
    }

    /// The interfaces on which DHCP is heard: there is something to say on them, or to relay agents, which may come in by
    /// any.
    pub fn heard(&self) -> impl Iterator<Item = &Interface> {
        let is_relayed = self.iter().any(|subnet| subnet.interface.is_none() && subnet.mode != DhcpMode::Off);
        let heard = self.iter().filter(move |subnet| is_relayed || subnet.mode != DhcpMode::Off);
        heard.filter_map(|subnet| subnet.interface.as_ref())
    }

    /// That of an address.
    #[must_use]
    pub fn of(&self, address: Ipv4Addr) -> Option<&Subnet> {
        self.iter().find(|subnet| subnet.dhcp.contains(address))
    }

    /// That of the machine that sent a request. One that renews its address does so without its relay agent.
    #[must_use]
    pub fn of_request(&self, request: &MessageRef<'_>, receipt: Receipt) -> Option<&Subnet> {
        let renewing =
            (!request.ciaddr().is_unspecified() && request.giaddr().is_unspecified()).then(|| request.ciaddr());
        renewing.and_then(|address| self.of(address)).or_else(|| self.of(receipt.link(request)))
    }

    /// The address of this server that the machines of `subnet` reach: that of their interface; behind a relay agent, the
    /// one that the agent has sent to, or come in by.
    #[must_use]
    pub fn server_for(&self, subnet: Option<&Subnet>, receipt: Receipt) -> Ipv4Addr {
        if let Some(interface) = subnet.and_then(|subnet| subnet.interface.as_ref()) {
            return interface.address;
        }
        let is_ours = |address: &Ipv4Addr| self.interfaces().any(|interface| interface.address == *address);
        receipt.destination.filter(is_ours).unwrap_or(receipt.interface_address)
    }
}

impl Subnet {
    fn new(written: &Written<'_>, find: impl Fn(&str) -> Result<Link, InterfaceError>) -> Result<Self, StartError> {
        let (address, prefix_len, interface) = match written.place {
            Place::Interface(name) => {
                let link = match find(name) {
                    Err(error) if written.table != "dhcp" => return Err(written.wrong_place(error.to_string()).into()),
                    found => found?,
                };
                (link.address, link.prefix_len, Some(Interface { name: name.to_owned(), address: link.address }))
            }
            Place::Network { network, prefix_len } => {
                check_network(written, network, prefix_len)?;
                (network, prefix_len, None)
            }
        };
        let mode = match (written.mode, written.table) {
            (Some(mode), _) => mode,
            (None, "dhcp") => return Err(DhcpError::NoMode.into()),
            (None, _) => {
                let problem = "needs mode: \"authoritative\" to give its machines addresses, \"proxy\" to name boot files \
                               beside another DHCP server, \"off\" if that one names this server";
                return Err(written.wrong_place(problem).into());
            }
        };
        let mut dhcp = server::Subnet::new(Ipv4Addr::from(u32::from(address) & mask(prefix_len)), prefix_len);
        dhcp.pools = vec![written.range(address, prefix_len)?];
        dhcp.lease_time = written.lease_seconds;
        dhcp.routers = written.routers.to_vec();
        dhcp.dns_servers = written.dns_servers.to_vec();
        dhcp.ntp_servers = written.ntp_servers.to_vec();
        dhcp.domain_name = written.domain_name.map(str::to_owned);
        Ok(Self { interface, mode, pxe: written.pxe.cloned().unwrap_or_default(), dhcp })
    }

    /// Two that share an address share the first one of either.
    fn overlaps(&self, other: &Self) -> bool {
        self.dhcp.contains(other.dhcp.network) || other.dhcp.contains(self.dhcp.network)
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.dhcp.network, self.dhcp.prefix_len)
    }
}

fn check_network(written: &Written<'_>, network: Ipv4Addr, prefix_len: u8) -> Result<(), ConfigError> {
    if !(1..=30).contains(&prefix_len) {
        return Err(written.wrong_place("the prefix must be between 1 and 30"));
    }
    let first = Ipv4Addr::from(u32::from(network) & mask(prefix_len));
    if first != network {
        return Err(written.wrong_place(format!("has bits set beyond its prefix: write {first}/{prefix_len}")));
    }
    if written.mode == Some(DhcpMode::Authoritative) && written.routers.is_empty() {
        return Err(written.wrong_place("needs routers: its machines reach this server through one"));
    }
    Ok(())
}
