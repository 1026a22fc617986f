//! The interface that machines boot from.

use std::net::Ipv4Addr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::{SockaddrIn, SockaddrStorage};

/// An interface cannot serve machines.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InterfaceError {
    /// The system would not list them.
    #[error("the network interfaces cannot be listed: {0}")]
    List(nix::Error),
    /// There is none of that name.
    #[error("there is no network interface {name}; there are: {others}")]
    Missing {
        /// What was asked for.
        name: String,
        /// What there is.
        others: String,
    },
    /// It is down.
    #[error("network interface {0} is down: bring it up with `ip link set {0} up`")]
    Down(String),
    /// It has no address.
    #[error("network interface {0} has no IPv4 address: give it one, such as `ip address add 10.77.0.1/24 dev {0}`")]
    NoAddress(String),
}

/// An interface's first IPv4 address and prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub address: Ipv4Addr,
    /// Bits of the network's part.
    pub prefix_len: u8,
}

/// Looks an interface up.
///
/// # Errors
///
/// [`InterfaceError`], which says what to do.
pub fn link(name: &str) -> Result<Link, InterfaceError> {
    let mut others = Vec::new();
    let mut found = None;
    for interface in getifaddrs().map_err(InterfaceError::List)? {
        if interface.interface_name != name {
            if !others.contains(&interface.interface_name) {
                others.push(interface.interface_name);
            }
            continue;
        }
        found = found.or(Some(Err(InterfaceError::NoAddress(name.to_owned()))));
        if !interface.flags.contains(InterfaceFlags::IFF_UP) {
            return Err(InterfaceError::Down(name.to_owned()));
        }
        let ip = |storage: Option<&SockaddrStorage>| storage?.as_sockaddr_in().map(SockaddrIn::ip);
        let (address, mask) = (ip(interface.address.as_ref()), ip(interface.netmask.as_ref()));
        if let (Some(address), Some(mask), Some(Err(_))) = (address, mask, &found) {
            let prefix_len = u8::try_from(u32::from(mask).leading_ones()).unwrap_or(32);
            found = Some(Ok(Link { address, prefix_len }));
        }
    }
    found.unwrap_or_else(|| Err(InterfaceError::Missing { name: name.to_owned(), others: others.join(", ") }))
}
