//! One datagram a call.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;

/// A connected socket.
#[derive(Debug)]
pub(crate) struct Socket(UdpSocket);

impl Socket {
    /// Whether the kernel may be able to cut a run of blocks into datagrams.
    pub(crate) const CUTS: bool = false;

    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        UdpSocket::from_std(socket).map(Self)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// The MTU of the route to the peer, which this platform does not tell.
    pub(crate) fn mtu(&self) -> Option<u32> {
        None
    }

    /// See [`super::super::Port::recv`].
    pub(crate) async fn recv(&self, buffer: &mut [u8], _: bool) -> io::Result<usize> {
        self.0.recv(buffer).await
    }

    pub(crate) fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_recv(buffer)
    }

    /// tokio keeps waiting for arrivals, whether anybody else does or not.
    pub(crate) fn unwatch(&self) {}

    pub(crate) async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.0.send(datagram).await.map(drop)
    }

    pub(crate) fn try_send(&self, datagram: &[u8]) -> io::Result<()> {
        self.0.try_send(datagram).map(drop)
    }

    /// Nothing is cut here.
    pub(crate) async fn send_run(&self, run: &mut &[u8], _: usize) -> io::Result<()> {
        self.send(run).await
    }

    /// Sends the first datagrams of a run that is not empty, and tells how many.
    pub(crate) async fn send_some(&self, run: &[u8], segment: usize) -> io::Result<usize> {
        self.send(run.get(..segment).unwrap_or(run)).await.map(|()| 1)
    }

    /// Has the kernel cut what is sent into pieces of this length; 0 ends it.
    pub(crate) fn set_segment(&self, _: usize) -> bool {
        false
    }
}
