//! Who is on the link of a test, and what they send.

use std::net::{Ipv4Addr, SocketAddrV4};

use firstlight_pxe::Policy;
use firstlight_pxe::discovery::{Cast, Receipt};

pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub(crate) const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub(crate) const MACHINE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);
pub(crate) const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
pub(crate) const POLICY: Policy = Policy { server: SERVER, http_port: 80 };

pub(crate) const BIOS: (u8, &[u8]) = (60, b"PXEClient:Arch:00000:UNDI:002001");
pub(crate) const UEFI: (u8, &[u8]) = (60, b"PXEClient:Arch:00007:UNDI:003016");

/// As a DISCOVER arrives, from a client without an address.
pub(crate) const BROADCAST: Receipt = Receipt {
    port: 67,
    cast: Cast::Broadcast,
    source: SocketAddrV4::new(NOBODY, 68),
    mac: None,
    ciaddr: NOBODY,
    giaddr: NOBODY,
};

/// As a client asks on port 4011.
pub(crate) const UNICAST: Receipt = Receipt {
    port: 4011,
    cast: Cast::Unicast,
    source: SocketAddrV4::new(MACHINE, 4011),
    mac: None,
    ciaddr: MACHINE,
    giaddr: NOBODY,
};
