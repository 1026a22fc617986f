//! The request port, shared by all transfers (single-port mode): what arrives is handed to them by the listener.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::future::pending;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::OwnPort;

/// Datagrams that wait for their transfer. What is more is lost, as it is where a socket's buffer is full.
pub(crate) const INBOX: u16 = 64;

/// The socket of the request port.
#[derive(Debug)]
pub(crate) struct RequestPort {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl RequestPort {
    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        let socket = UdpSocket::from_std(socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        allow_fragments(&socket);
        Ok(Self { socket, state })
    }

    /// Several datagrams of one peer may come at once (GRO).
    pub(crate) async fn receive(&self, buffer: &mut [u8]) -> io::Result<RecvMeta> {
        let mut meta = [RecvMeta::default()];
        let mut receive = || self.state.recv((&self.socket).into(), &mut [IoSliceMut::new(buffer)], &mut meta);
        self.socket.async_io(Interest::READABLE, &mut receive).await?;
        let [meta] = meta;
        Ok(meta)
    }

    async fn send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let send = || self.state.try_send((&self.socket).into(), transmit);
        self.socket.async_io(Interest::WRITABLE, send).await
    }
}

/// A transfer's share in the request port.
#[derive(Debug)]
pub(crate) struct SharedPort {
    port: Arc<RequestPort>,
    peer: SocketAddr,
    from: Option<IpAddr>,
    mtu: Option<u32>,
    inbox: mpsc::Receiver<Vec<u8>>,
}

/// A queue for the datagrams of one peer.
pub(crate) fn inbox() -> (mpsc::Sender<Vec<u8>>, mpsc::Receiver<Vec<u8>>) {
    mpsc::channel(usize::from(INBOX))
}

impl SharedPort {
    /// `peer` is the address as the socket has told it. `own` is connected to it: it knows the way, and is not used
    /// otherwise.
    pub(crate) fn new(port: Arc<RequestPort>, peer: SocketAddr, inbox: mpsc::Receiver<Vec<u8>>, own: &OwnPort) -> Self {
        let from = own.local_addr().ok().map(|address| address.ip());
        Self { port, peer, from, mtu: own.mtu(), inbox }
    }

    /// Every error is a lost packet: an error of this socket may be about any peer.
    pub(crate) async fn send(&self, run: &[u8], segment: usize) {
        let transmit = |contents, segment_size| Transmit {
            destination: self.peer,
            ecn: None,
            contents,
            segment_size,
            src_ip: self.from,
        };
        if run.len() > segment
            && self.kernel_cuts(segment)
            && self.port.send(&transmit(run, Some(segment))).await.is_ok()
        {
            return;
        }
        for datagram in run.chunks(segment) {
            let _ = self.port.send(&transmit(datagram, None)).await;
        }
    }

    /// Whether it is worth trying. A single refusal would end it for all transfers, so nothing is tried that is known
    /// to be refused: blocks that travel in fragments.
    fn kernel_cuts(&self, segment: usize) -> bool {
        const HEADERS: usize = 40 + 8;
        self.port.state.max_gso_segments() > 1
            && self.mtu.and_then(|mtu| usize::try_from(mtu).ok()).is_some_and(|mtu| segment + HEADERS <= mtu)
    }

    pub(crate) async fn recv(&mut self, buffer: &mut [u8]) -> usize {
        match self.inbox.recv().await {
            Some(datagram) => copy(&datagram, buffer),
            // The listener has given the place away; it tells so by other means.
            None => pending().await,
        }
    }

    pub(crate) fn try_recv(&mut self, buffer: &mut [u8]) -> Option<usize> {
        self.inbox.try_recv().ok().map(|datagram| copy(&datagram, buffer))
    }
}

fn copy(datagram: &[u8], buffer: &mut [u8]) -> usize {
    let length = datagram.len().min(buffer.len());
    for (to, from) in buffer.iter_mut().zip(datagram) {
        *to = *from;
    }
    length
}

/// `UdpSocketState` forbids fragments. Here the block size decides, and a smaller MTU on the way is learned from ICMP.
#[cfg(target_os = "linux")]
fn allow_fragments(socket: &UdpSocket) {
    use nix::sys::socket::{setsockopt, sockopt::Ipv6DontFrag};
    use rustix::net::sockopt::{self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery};
    // An option that the socket's family does not have is no loss.
    let _ = sockopt::set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::WANT);
    let _ = sockopt::set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::WANT);
    let _ = setsockopt(socket, Ipv6DontFrag, &false);
}

#[cfg(not(target_os = "linux"))]
fn allow_fragments(_: &UdpSocket) {}
