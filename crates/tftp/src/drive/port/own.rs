//! A port of one transfer: many datagrams with one call.
//!
//! On Linux the kernel cuts a run of blocks into datagrams by itself (UDP generic segmentation offload, Linux 4.18).
//! It refuses that where a block does not fit the path's MTU or the device cannot compute checksums; from then on it is
//! handed many datagrams at once (`sendmmsg`). Elsewhere each datagram is sent by itself.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

use super::BusyPoll;
use super::socket::Socket;

/// A socket of its own on the address that was asked, deaf to all but the peer.
#[derive(Debug)]
pub(crate) struct OwnPort {
    socket: Socket,
    cut: Cut,
    busy_poll: BusyPoll,
    asked_by_broadcast: bool,
}

/// Who cuts a run of blocks into datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// The kernel, once it has been told the length, which is 0 until then.
    Kernel(usize),
    Here,
}

impl OwnPort {
    pub(crate) fn connect(local: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
        let address = match (local.ip(), peer) {
            // A link-local address means nothing without its interface, and the peer's address names that.
            (IpAddr::V6(ip), SocketAddr::V6(peer)) => SocketAddrV6::new(ip, 0, 0, peer.scope_id()).into(),
            (ip, _) if ip.is_ipv4() == peer.is_ipv4() => SocketAddr::new(ip, 0),
            // An IPv4 peer of an IPv6 wildcard socket whose destination is unknown.
            (_, SocketAddr::V4(_)) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
            (_, SocketAddr::V6(_)) => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0),
        };
        let mut socket = UdpSocket::bind(address)?;
        let asked_by_broadcast = is_broadcast(&socket, address);
        if asked_by_broadcast {
            socket = UdpSocket::bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0))?;
        }
        socket.connect(peer)?;
        Ok(Self { asked_by_broadcast, ..Self::connected(socket)? })
    }

    /// A socket that is connected already.
    pub(crate) fn connected(socket: UdpSocket) -> io::Result<Self> {
        let cut = if Socket::CUTS { Cut::Kernel(0) } else { Cut::Here };
        Ok(Self { socket: Socket::new(socket)?, cut, busy_poll: BusyPoll::never(), asked_by_broadcast: false })
    }

    pub(crate) fn with_busy_poll(self, busy_poll: BusyPoll) -> Self {
        Self { busy_poll, ..self }
    }

    /// Whether the address that was asked is that of all hosts; then the answer comes from this host's.
    pub(crate) fn asked_by_broadcast(&self) -> bool {
        self.asked_by_broadcast
    }

    /// See [`super::Port::send`].
    pub(crate) async fn send(&mut self, run: &[u8], segment: usize) -> io::Result<()> {
        let sent = self.send_out(run, segment).await;
        self.busy_poll.sent();
        sent
    }

    async fn send_out(&mut self, run: &[u8], segment: usize) -> io::Result<()> {
        let mut rest = run;
        if run.len() <= segment {
            match self.socket.try_send(run) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Err(error),
                _ => return Ok(()),
            }
        } else if self.kernel_cuts(segment) {
            match self.socket.send_run(&mut rest, segment).await {
                Ok(()) => return Ok(()),
                // An error of an earlier datagram is told by the next call, which then sends nothing.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Err(error),
                Err(_) => self.cut_here(),
            }
        }
        while !rest.is_empty() {
            let sent = match self.socket.send_some(rest, segment).await {
                Ok(sent) => sent,
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Err(error),
                Err(_) => 1,
            };
            rest = rest.get(sent.saturating_mul(segment)..).unwrap_or_default();
        }
        Ok(())
    }

    /// The address and port that datagrams leave from.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The MTU of the route to the peer, where the platform tells.
    pub(crate) fn mtu(&self) -> Option<u32> {
        self.socket.mtu()
    }

    /// See [`super::Port::recv`].
    pub(crate) async fn recv(&mut self, buffer: &mut [u8], alone: bool) -> io::Result<usize> {
        let start = self.busy_poll.start();
        if self.busy_poll.stays_awake() {
            self.socket.unwatch();
            if let Some(received) = self.busy_poll.look(|| self.socket.try_recv(buffer)).await {
                self.busy_poll.received(start);
                return received;
            }
        }
        let received = self.socket.recv(buffer, alone).await;
        self.busy_poll.received(start);
        received
    }

    pub(crate) fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.try_recv(buffer)
    }

    /// Whether the kernel cuts into pieces of `segment` bytes; it is told when they change, so once a transfer.
    fn kernel_cuts(&mut self, segment: usize) -> bool {
        match self.cut {
            Cut::Kernel(told) if told == segment => true,
            Cut::Kernel(_) if self.socket.set_segment(segment) => {
                self.cut = Cut::Kernel(segment);
                true
            }
            _ => {
                self.cut_here();
                false
            }
        }
    }

    fn cut_here(&mut self) {
        if self.cut != Cut::Here {
            self.cut = Cut::Here;
            // Without the option nothing was changed, and there is nothing to undo.
            let _ = self.socket.set_segment(0);
        }
    }
}

/// The kernel lets a socket have a broadcast address. It does not connect one to such an address, unless told that it
/// may broadcast.
fn is_broadcast(socket: &UdpSocket, address: SocketAddr) -> bool {
    const ANY_PORT: u16 = 9;
    match address.ip() {
        IpAddr::V4(Ipv4Addr::BROADCAST) => true,
        IpAddr::V4(ip) if !ip.is_unspecified() => {
            let connected = socket.connect((ip, ANY_PORT));
            connected.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UdpSocket;

    use super::{Cut, OwnPort, SocketAddr};

    #[track_caller]
    fn lengths(received: &[Vec<u8>]) -> Vec<usize> {
        received.iter().map(Vec::len).collect()
    }

    async fn receive(peer: &UdpSocket, count: usize) -> Vec<Vec<u8>> {
        let mut received = Vec::new();
        for _ in 0..count {
            let mut buffer = vec![0; 4000];
            let Ok(length) = peer.recv(&mut buffer).await else { break };
            buffer.truncate(length);
            received.push(buffer);
        }
        received
    }

    #[tokio::test]
    async fn a_run_arrives_as_datagrams_whoever_cuts_it() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let peer = UdpSocket::bind(loopback).await.unwrap();
        let mut port = OwnPort::connect(loopback, peer.local_addr().unwrap()).unwrap();
        assert_eq!(port.mtu(), cfg!(target_os = "linux").then_some(65535), "of the loopback interface");
        for (cut, count) in [(port.cut, 3), (port.cut, 30), (Cut::Here, 30)] {
            port.cut = cut;
            let run: Vec<u8> = (0..=255).cycle().take(1000 * count + 210).collect();
            port.send(&run, 1000).await.unwrap();
            let received = receive(&peer, count + 1).await;
            assert_eq!(lengths(&received), [vec![1000; count], vec![210]].concat());
            assert!(received.concat() == run, "in order");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_the_kernel_will_not_cut_is_cut_here() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let peer = UdpSocket::bind(loopback).await.unwrap();
        let mut port = OwnPort::connect(loopback, peer.local_addr().unwrap()).unwrap();
        // More pieces than the kernel takes in one call (64, since Linux 6.10: 128).
        for length in [10, 100] {
            port.cut = Cut::Kernel(0);
            let run: Vec<u8> = (0..=250).cycle().take(200 * length).collect();
            port.send(&run, length).await.unwrap();
            assert_eq!(port.cut, Cut::Here);
            let received = receive(&peer, 200).await;
            assert_eq!(lengths(&received), [length; 200]);
            assert!(received.concat() == run, "none twice");
        }
    }
}
