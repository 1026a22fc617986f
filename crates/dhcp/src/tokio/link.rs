//! What the system knows about an interface, and frames sent through it.

use std::{
    io,
    net::Ipv4Addr,
    os::fd::{AsRawFd, OwnedFd},
};

use nix::{
    ifaddrs::getifaddrs,
    net::if_::InterfaceFlags,
    sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket},
};

/// `ARPHRD_ETHER`: the frames are Ethernet frames. TAP devices, bridges and VLANs are Ethernet too.
const ETHERNET: u16 = 1;

/// An interface, by name.
pub(super) struct Interface {
    /// Its IPv4 addresses, the primary one first.
    pub(super) addresses: Vec<Ipv4Addr>,
    link: Option<LinkAddr>,
}

impl Interface {
    /// Looks an interface up; `None` if there is none of this name.
    pub(super) fn find(name: &str) -> io::Result<Option<Self>> {
        let mut found = None;
        for entry in getifaddrs()?.filter(|entry| entry.interface_name == name) {
            let interface = found.get_or_insert(Self { addresses: Vec::new(), link: None });
            let Some(address) = entry.address else { continue };
            if let Some(address) = address.as_sockaddr_in() {
                interface.addresses.push(address.ip());
            }
            if let Some(link) = address.as_link_addr()
                && link.hatype() == ETHERNET
                && !entry.flags.contains(InterfaceFlags::IFF_LOOPBACK)
            {
                interface.link = Some(*link);
            }
        }
        Ok(found)
    }
}

/// A way to put whole Ethernet frames on a link. It receives nothing: its protocol is 0.
pub(super) struct RawLink {
    fd: OwnedFd,
    link: LinkAddr,
    pub(super) mac: [u8; 6],
}

impl RawLink {
    /// Opens the link of an interface; fails without `CAP_NET_RAW`, or if it is not Ethernet.
    pub(super) fn open(interface: &Interface) -> io::Result<Self> {
        let link = interface.link.ok_or(io::ErrorKind::Unsupported)?;
        let mac = link.addr().ok_or(io::ErrorKind::Unsupported)?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
        Ok(Self { fd, link, mac })
    }

    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        sendto(self.fd.as_raw_fd(), frame, &self.link, MsgFlags::empty())?;
        Ok(())
    }
}
