//! Many datagrams with one call, and no wake-up that nobody waits for.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, UdpSocket};

use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};
use rustix::io::Errno;
use rustix::net::sockopt::{ip_mtu, ipv6_mtu};
use rustix::net::{MMsgHdr, RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmmsg};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The most datagrams of one `sendmmsg`.
const MAX_MESSAGES: usize = 64;

/// A connected socket.
///
/// tokio's own type waits for room to send, too: the kernel then wakes its thread once more for each packet that has
/// left, and with a window of 1 that is one system call more a block. Here only arrivals wake it.
#[derive(Debug)]
pub(crate) struct Socket(AsyncFd<UdpSocket>);

impl Socket {
    /// Whether the kernel may be able to cut a run of blocks into datagrams.
    pub(crate) const CUTS: bool = true;

    pub(crate) fn new(socket: UdpSocket) -> io::Result<Self> {
        // So that tokio may wait for the same socket elsewhere; the calls below do not block in any case.
        socket.set_nonblocking(true)?;
        watch(socket, Interest::READABLE).map(Self)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    /// The MTU of the route to the peer.
    pub(crate) fn mtu(&self) -> Option<u32> {
        let is_ipv4 = self.local_addr().ok()?.is_ipv4();
        if is_ipv4 { ip_mtu(self.0.get_ref()) } else { ipv6_mtu(self.0.get_ref()) }.ok()
    }

    /// See [`super::super::Port::recv`].
    pub(crate) async fn recv(&self, buffer: &mut [u8], alone: bool) -> io::Result<usize> {
        if !alone {
            tokio::task::coop::consume_budget().await;
            match self.recv_now(buffer) {
                Err(Errno::AGAIN) => {}
                received => return Ok(received?),
            }
        }
        loop {
            let mut ready = poll_fn(|context| self.0.poll_read_ready(context)).await?;
            let received = self.recv_now(buffer);
            // Without asking again: until the next datagram comes, the socket counts as empty.
            ready.clear_ready();
            if received != Err(Errno::AGAIN) {
                return Ok(received?);
            }
        }
    }

    pub(crate) fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv_now(buffer)?)
    }

    fn recv_now(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        recv(self.0.get_ref(), buffer, RecvFlags::DONTWAIT).map(|(length, _)| length)
    }

    pub(crate) async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        loop {
            match self.try_send(datagram) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.room().await?,
                sent => return sent,
            }
        }
    }

    pub(crate) fn try_send(&self, datagram: &[u8]) -> io::Result<()> {
        Ok(send(self.0.get_ref(), datagram, SendFlags::DONTWAIT).map(drop)?)
    }

    /// Sends the first datagrams of a run that is not empty, and tells how many.
    pub(crate) async fn send_some(&self, run: &[u8], segment: usize) -> io::Result<usize> {
        if run.len() <= segment {
            return self.send(run).await.map(|()| 1);
        }
        loop {
            match self.send_now(run, segment) {
                Err(Errno::AGAIN) => self.room().await?,
                sent => return Ok(sent?),
            }
        }
    }

    fn send_now(&self, run: &[u8], segment: usize) -> Result<usize, Errno> {
        let parts: Vec<_> = run.chunks(segment).take(MAX_MESSAGES).map(|part| [IoSlice::new(part)]).collect();
        let mut no_ancillary: Vec<_> = parts.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let mut messages: Vec<_> =
            parts.iter().zip(&mut no_ancillary).map(|(part, nothing)| MMsgHdr::new(part, nothing)).collect();
        sendmmsg(self.0.get_ref(), &mut messages, SendFlags::DONTWAIT)
    }

    /// Waits until the socket's buffer takes more, which is rare enough to have tokio wait for it only now.
    async fn room(&self) -> io::Result<()> {
        let again = self.0.get_ref().try_clone()?;
        watch(again, Interest::WRITABLE)?.writable().await?.retain_ready();
        Ok(())
    }

    /// Has the kernel cut what is sent into pieces of this length; 0 ends it.
    pub(crate) fn set_segment(&self, segment: usize) -> bool {
        i32::try_from(segment).is_ok_and(|segment| setsockopt(self.0.get_ref(), UdpGsoSegment, &segment).is_ok())
    }
}

/// What tokio would have instead is `unsafe`, as it takes all that has a descriptor: one that is closed while tokio
/// watches it is another's soon. A `UdpSocket` keeps its own to its end.
#[expect(deprecated, reason = "sound for a socket that owns its descriptor, and what replaces it needs `unsafe`")]
fn watch(socket: UdpSocket, interest: Interest) -> io::Result<AsyncFd<UdpSocket>> {
    AsyncFd::with_interest(socket, interest)
}
