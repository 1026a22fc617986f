//! [`Socket`]: port 67 on one interface.

#![expect(clippy::disallowed_types, reason = "the driver is where sockets belong")]

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
};

use socket2::{Domain, Protocol, Type};
use tokio::net::UdpSocket;

use super::{
    batch::Transmit,
    frame::udp_frame,
    link::{Interface, RawLink},
};
use crate::server::Destination;

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;

/// A UDP socket on port 67 that hears one interface alone, and with it a way to send raw frames there.
///
/// Raw frames reach clients that asked for unicast but do not answer ARP yet, such as iPXE. Without the right to
/// send them ([`Socket::sends_raw_frames`]), such replies are broadcast.
pub struct Socket {
    udp: UdpSocket,
    addresses: Vec<Ipv4Addr>,
    raw: Option<RawLink>,
}

/// Why a [`Socket`] cannot be bound. It is the inner error of what [`Socket::bind`] returns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// No interface of this name.
    #[error("interface {interface} does not exist")]
    NoInterface {
        /// Its name.
        interface: String,
    },
    /// The interface has no IPv4 address.
    #[error("interface {interface} has no IPv4 address")]
    NoAddress {
        /// Its name.
        interface: String,
    },
    /// The process may not use the port or the interface.
    #[error("UDP port 67 on interface {interface} needs root rights (CAP_NET_BIND_SERVICE and CAP_NET_RAW)")]
    NotPermitted {
        /// Its name.
        interface: String,
    },
    /// Another server listens there.
    #[error("UDP port 67 on interface {interface} is in use: another DHCP server is running")]
    PortInUse {
        /// Its name.
        interface: String,
    },
}

impl Socket {
    /// Binds UDP port 67 on an interface. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// A [`BindError`], or an error of the system, with the interface and the port in its text.
    pub fn bind(interface: &str) -> io::Result<Self> {
        let name = interface.to_owned();
        let Some(found) = Interface::find(interface)? else {
            return Err(io::Error::new(io::ErrorKind::NotFound, BindError::NoInterface { interface: name }));
        };
        if found.addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, BindError::NoAddress { interface: name }));
        }
        let udp = bind_udp(interface).map_err(|error| match error.kind() {
            kind @ io::ErrorKind::PermissionDenied => io::Error::new(kind, BindError::NotPermitted { interface: name }),
            kind @ io::ErrorKind::AddrInUse => io::Error::new(kind, BindError::PortInUse { interface: name }),
            kind => io::Error::new(kind, format!("UDP port 67 on interface {name}: {error}")),
        })?;
        // Broadcast reaches the same clients, so this is no reason to fail.
        let raw = RawLink::open(&found).ok();
        Ok(Self { udp, addresses: found.addresses, raw })
    }

    /// Takes a socket that is bound already, for tests and for a port other than 67. It sends no raw frames.
    #[must_use]
    pub fn from_udp(udp: UdpSocket, interface_address: Ipv4Addr) -> Self {
        Self { udp, addresses: vec![interface_address], raw: None }
    }

    /// The IPv4 addresses of the interface, the primary one first.
    #[must_use]
    pub fn interface_addresses(&self) -> &[Ipv4Addr] {
        &self.addresses
    }

    /// Whether raw frames are sent to clients that asked for unicast.
    #[must_use]
    pub const fn sends_raw_frames(&self) -> bool {
        self.raw.is_some()
    }

    /// The interface's address that stands for its subnet: the server's own, if it is one of them.
    pub(super) fn interface_address_for(&self, server_id: Ipv4Addr) -> Ipv4Addr {
        if self.addresses.contains(&server_id) {
            return server_id;
        }
        self.addresses.first().copied().unwrap_or(server_id)
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.udp.readable().await
    }

    pub(super) fn try_receive(&self, room: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.udp.try_recv_from(room)
    }

    /// Sends a raw frame; says whether it has left.
    fn send_raw(&self, address: Ipv4Addr, mac: Option<[u8; 6]>, message: &[u8]) -> bool {
        let (Some(raw), Some(mac), Some(source)) = (&self.raw, mac, self.addresses.first()) else { return false };
        let from = (raw.mac, SocketAddrV4::new(*source, SERVER_PORT));
        let to = (mac, SocketAddrV4::new(address, CLIENT_PORT));
        udp_frame(from, to, message).is_some_and(|frame| raw.send(&frame).is_ok())
    }
}

impl Transmit for Socket {
    async fn transmit(&mut self, destination: Destination, message: &[u8]) -> io::Result<()> {
        let to = match destination {
            Destination::Relay(to) | Destination::Unicast(to) => to,
            Destination::Hardware { address, hardware } if self.send_raw(address, hardware.mac(), message) => {
                return Ok(());
            }
            Destination::Hardware { .. } | Destination::Broadcast => {
                SocketAddrV4::new(Ipv4Addr::BROADCAST, CLIENT_PORT)
            }
        };
        self.udp.send_to(message, to).await.map(drop)
    }
}

fn bind_udp(interface: &str) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // Bound to the device before the port, so that servers on other interfaces are no conflict. SO_REUSEADDR is left
    // out on purpose: with it, two servers on one interface would both bind and only one of them would hear anything.
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    // A rack that powers on together must find room; the system may grant less.
    socket.set_recv_buffer_size(4 << 20)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, SERVER_PORT)).into())?;
    UdpSocket::from_std(socket.into())
}
