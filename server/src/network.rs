//! The interface that machines boot from.

use std::net::Ipv4Addr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::{SockaddrIn, SockaddrStorage};

use crate::model::Mac;

/// The Ethernet address of an interface; `None` if it has none.
#[must_use]
pub fn hardware_address(name: &str) -> Option<Mac> {
    let mut entries = getifaddrs().ok()?.filter(|entry| entry.interface_name == name);
    entries.find_map(|entry| entry.address?.as_link_addr()?.addr().map(Mac))
}

/// The hardware address that the link knows an address by. Whoever has sent to this server over Ethernet has asked for
/// its hardware address before, and told its own with it (RFC 826).
#[must_use]
pub fn neighbour(address: Ipv4Addr) -> Option<Mac> {
    neighbour_in(&std::fs::read_to_string("/proc/net/arp").ok()?, address)
}

/// proc(5): address, type, flags, hardware address, mask, device. Without flag 2 the entry is not complete.
fn neighbour_in(table: &str, address: Ipv4Addr) -> Option<Mac> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let found: Ipv4Addr = fields.next()?.parse().ok()?;
        let flags = u32::from_str_radix(fields.nth(1)?.strip_prefix("0x")?, 16).ok()?;
        (found == address && flags & 2 != 0).then(|| fields.next()?.parse().ok())?
    })
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_read_as_the_system_writes_them() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
                     10.77.0.128      0x1         0x2         52:54:00:12:34:56     *        br0\n\
                     10.77.0.129      0x1         0x0         00:00:00:00:00:00     *        br0\n";
        let known = |last| neighbour_in(table, Ipv4Addr::new(10, 77, 0, last)).map(|mac| mac.to_string());
        assert_eq!(known(128).as_deref(), Some("52:54:00:12:34:56"));
        assert_eq!((known(129), known(130)), (None, None));
    }
}
