//! [`Socket`]: port 67 on one interface or several.

#![expect(clippy::disallowed_types, reason = "the driver is where sockets belong")]

use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::AsRawFd,
    task::Poll,
};

use nix::{
    cmsg_space,
    libc::{in_addr, in_pktinfo},
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrIn, recvmmsg, sendmmsg,
        setsockopt,
        sockopt::{Ipv4PacketInfo, RcvBufForce},
    },
};
use socket2::{Domain, Protocol, Type};
use tokio::{io::Interest, net::UdpSocket};

use super::{
    frame::udp_frame,
    link::{Interface, RawLink},
    pipeline::{Datagram, Outgoing, Transmit},
};
use crate::server::{Destination, Receipt};

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
/// Datagrams taken, or given, at a time.
const BATCH: usize = 128;
/// The least that is asked for: room for each datagram is prepared whether it comes or not.
const SMALL_BATCH: usize = 4;
/// Room for one datagram; no client sends more than its Ethernet frame holds.
const DATAGRAM: usize = 2048;
/// A rack that powers on together must find room while a commit is under way. More of it would only let requests wait
/// until their clients have asked again.
const RECEIVE_BUFFER: usize = 4 << 20;

/// UDP port 67 on one interface or several, each of which hears its own alone, and a way to send raw frames there.
///
/// Raw frames reach clients that asked for unicast but do not answer ARP yet, such as iPXE. Without the right to
/// send them ([`Socket::sends_raw_frames`]), such replies are broadcast.
pub struct Socket {
    /// At least one.
    ports: Vec<Port>,
    /// Room for a batch.
    room: Vec<u8>,
    /// Datagrams to ask for: what was there the last time, and as many again.
    batch: usize,
}

/// One interface.
struct Port {
    udp: UdpSocket,
    interface: Option<String>,
    addresses: Vec<Ipv4Addr>,
    /// Where replies to broadcasts come from; what the system takes for it, if it is not given.
    source: Option<Ipv4Addr>,
    raw: Option<RawLink>,
}

/// A datagram that is to leave.
struct Waiting<'a> {
    source: Option<Ipv4Addr>,
    to: SocketAddrV4,
    bytes: &'a [u8],
    result: &'a mut io::Result<()>,
}

/// What was there.
pub(super) struct Received {
    pub(super) count: usize,
    /// More is waiting, most likely.
    pub(super) has_more: bool,
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
        Ok(Self::new(udp, Some(interface.to_owned()), found.addresses, raw))
    }

    /// Takes a socket that is bound already, for tests and for a port other than 67. It sends no raw frames.
    #[must_use]
    pub fn from_udp(udp: UdpSocket, interface_address: Ipv4Addr) -> Self {
        Self::new(udp, None, vec![interface_address], None)
    }

    /// Hears and serves the interfaces of both. Each reply leaves by the one that its request came in by.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.ports.extend(other.ports);
        self
    }

    fn new(udp: UdpSocket, interface: Option<String>, addresses: Vec<Ipv4Addr>, raw: Option<RawLink>) -> Self {
        // Without it, a request's destination is unknown, which the server can live with.
        let _ = setsockopt(&udp, Ipv4PacketInfo, &true);
        let port = Port { udp, interface, addresses, source: None, raw };
        Self { ports: vec![port], room: vec![0; BATCH * DATAGRAM], batch: SMALL_BATCH }
    }

    /// The IPv4 addresses of each interface, its primary one first.
    pub fn interface_addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.ports.iter().flat_map(|port| port.addresses.iter().copied())
    }

    /// Whether raw frames are sent to clients that asked for unicast, on every interface.
    #[must_use]
    pub fn sends_raw_frames(&self) -> bool {
        self.ports.iter().all(|port| port.raw.is_some())
    }

    /// From now on replies to requests that were sent to no address of an interface, such as broadcasts, come from that of
    /// the server's addresses which is one of the receiving interface's.
    pub(super) fn speak_as(&mut self, server_ids: &[Ipv4Addr]) {
        for port in &mut self.ports {
            port.source = server_ids.iter().copied().find(|own| port.addresses.contains(own));
        }
    }

    /// Waits until there is something to take.
    pub(super) async fn readable(&self) -> io::Result<()> {
        std::future::poll_fn(|context| {
            let mut ready = self.ports.iter().map(|port| port.udp.poll_recv_ready(context));
            ready.find(Poll::is_ready).unwrap_or(Poll::Pending)
        })
        .await
    }

    /// The interface, if there is but one.
    pub(super) fn interface(&self) -> Option<&[u8]> {
        let [port] = &*self.ports else { return None };
        port.interface.as_deref().map(str::as_bytes)
    }

    /// Takes what is there without waiting, up to a batch from each interface.
    pub(super) fn receive(&mut self, mut take: impl FnMut(Datagram<'_>)) -> io::Result<Received> {
        let (asked, mut all) = (self.batch, Received { count: 0, has_more: false });
        for port in &self.ports {
            let count = port.receive(asked, &mut self.room, &mut take)?;
            all.count += count;
            all.has_more |= count == asked;
        }
        self.batch = (2 * all.count).clamp(SMALL_BATCH, BATCH);
        Ok(all)
    }
}

impl Port {
    /// The address that stands for the link.
    fn address(&self) -> Ipv4Addr {
        self.source.or(self.addresses.first().copied()).unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    fn receive(&self, asked: usize, room: &mut [u8], take: &mut impl FnMut(Datagram<'_>)) -> io::Result<usize> {
        let mut received = Vec::with_capacity(asked);
        let (fd, address) = (self.udp.as_raw_fd(), self.address());
        // Made anew each time, for the system leaves in them what it used.
        let mut headers = MultiHeaders::preallocate(asked, Some(cmsg_space!(in_pktinfo)));
        let mut slices: Vec<_> = room.chunks_mut(DATAGRAM).take(asked).map(|room| [IoSliceMut::new(room)]).collect();
        let outcome = self.udp.try_io(Interest::READABLE, || {
            let messages = recvmmsg(fd, &mut headers, &mut slices, MsgFlags::MSG_DONTWAIT, None)?;
            received.extend(messages.map(|message| (message.bytes, receipt(&message, address))));
            // Fewer than asked for: there are no more, and the next call would only find that out.
            if received.len() < asked { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match outcome {
            Ok(()) => {}
            // What earlier datagrams met on their way is reported here, and concerns nobody any more.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock || is_transient(&error) => {}
            Err(error) => return Err(error),
        }
        let count = received.len();
        for (room, (len, receipt)) in room.chunks(DATAGRAM).zip(received) {
            if let (Some(bytes), Some(receipt)) = (room.get(..len), receipt) {
                take(Datagram { bytes, receipt });
            }
        }
        Ok(count)
    }

    /// Where a message goes by UDP; `None` if it has left as a raw frame.
    fn route(&self, destination: Destination, message: &[u8]) -> Option<SocketAddrV4> {
        match destination {
            Destination::Relay(to) | Destination::Unicast(to) => Some(to),
            Destination::Hardware { address, hardware } if self.send_raw(address, hardware.mac(), message) => None,
            Destination::Hardware { .. } | Destination::Broadcast => {
                Some(SocketAddrV4::new(Ipv4Addr::BROADCAST, CLIENT_PORT))
            }
        }
    }

    /// Sends a raw frame; says whether it has left.
    fn send_raw(&self, address: Ipv4Addr, mac: Option<[u8; 6]>, message: &[u8]) -> bool {
        let (Some(raw), Some(mac)) = (&self.raw, mac) else { return false };
        let from = (raw.mac, SocketAddrV4::new(self.address(), SERVER_PORT));
        let to = (mac, SocketAddrV4::new(address, CLIENT_PORT));
        udp_frame(from, to, message).is_some_and(|frame| raw.send(&frame).is_ok())
    }

    /// Sends datagrams with one call of the system; says how many it took.
    fn send(&self, datagrams: &[Waiting<'_>]) -> io::Result<usize> {
        let datagrams = datagrams.get(..BATCH).unwrap_or(datagrams);
        // One call has one source.
        let datagrams = datagrams.chunk_by(|one, next| one.source == next.source).next().unwrap_or_default();
        let source = datagrams.first().and_then(|datagram| datagram.source);
        let to: Vec<Option<SockaddrIn>> = datagrams.iter().map(|datagram| Some(datagram.to.into())).collect();
        let slices: Vec<_> = datagrams.iter().map(|datagram| [IoSlice::new(datagram.bytes)]).collect();
        let address = |address: Ipv4Addr| in_addr { s_addr: u32::from(address).to_be() };
        let source = source.map(|source| in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: address(source),
            ipi_addr: address(Ipv4Addr::UNSPECIFIED),
        });
        let control: Vec<_> = source.iter().map(ControlMessage::Ipv4PacketInfo).collect();
        let space = (!control.is_empty()).then(|| cmsg_space!(in_pktinfo));
        let mut headers = MultiHeaders::preallocate(datagrams.len(), space);
        let sent = sendmmsg(self.udp.as_raw_fd(), &mut headers, &slices, to, control, MsgFlags::MSG_DONTWAIT)?;
        Ok(sent.count())
    }

    /// Sends what leaves by this interface, each with its own result.
    async fn send_all(&self, waiting: &mut [Waiting<'_>]) {
        let mut rest = waiting;
        while !rest.is_empty() {
            let sent = self.udp.async_io(Interest::WRITABLE, || self.send(rest)).await;
            let done = match (sent, rest.first_mut()) {
                (Ok(count), _) => count,
                (Err(error), Some(waiting)) => {
                    *waiting.result = Err(error);
                    1
                }
                (Err(_), None) => return,
            };
            rest = rest.get_mut(done..).unwrap_or_default();
        }
    }
}

impl Transmit for Socket {
    async fn transmit(&mut self, messages: &[Outgoing<'_>]) -> Vec<io::Result<()>> {
        let mut results: Vec<io::Result<()>> = Vec::new();
        results.resize_with(messages.len(), || Ok(()));
        for (at, port) in self.ports.iter().enumerate() {
            // The first takes what came in by none of them, of which there is nothing.
            let of_port = |via| self.ports.iter().position(|port| port.address() == via).unwrap_or(0);
            let mut waiting: Vec<_> = messages
                .iter()
                .zip(&mut results)
                .filter(|(message, _)| of_port(message.via) == at)
                .filter_map(|(message, result)| {
                    let to = port.route(message.destination, message.bytes)?;
                    // A relay agent may have come in by another interface than the one whose address it knows.
                    let asked =
                        message.asked.filter(|asked| self.ports.iter().any(|port| port.addresses.contains(asked)));
                    Some(Waiting { source: asked.or(port.source), to, bytes: message.bytes, result })
                })
                .collect();
            port.send_all(&mut waiting).await;
        }
        results
    }
}

/// How a datagram came in; `None` if its source is unknown, which does not happen on an IPv4 socket.
fn receipt(message: &RecvMsg<'_, '_, SockaddrIn>, interface_address: Ipv4Addr) -> Option<Receipt> {
    let receipt = Receipt::new(message.address?.into(), interface_address);
    let destination = message.cmsgs().ok()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4PacketInfo(info) => Some(Ipv4Addr::from_bits(u32::from_be(info.ipi_addr.s_addr))),
        _ => None,
    });
    Some(destination.map_or(receipt, |destination| receipt.with_destination(destination)))
}

fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable,
        PermissionDenied,
    };
    matches!(
        error.kind(),
        ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
    )
}

fn bind_udp(interface: &str) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // Bound to the device before the port, so that servers on other interfaces are no conflict. SO_REUSEADDR is left
    // out on purpose: with it, two servers on one interface would both bind and only one of them would hear anything.
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    if setsockopt(&socket, RcvBufForce, &RECEIVE_BUFFER).is_err() {
        // The system may grant less.
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    }
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, SERVER_PORT)).into())?;
    UdpSocket::from_std(socket.into())
}
