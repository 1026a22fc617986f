//! Many datagrams with one call, and no wake-up that nobody waits for.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use nix::sys::socket::{setsockopt, sockopt::UdpGsoSegment};
use rustix::io::Errno;
use rustix::net::sockopt::{ip_mtu, ipv6_mtu};
use rustix::net::{MMsgHdr, RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmmsg};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The most datagrams of one `sendmmsg`.
const MAX_MESSAGES: usize = 64;
/// Of a shorter run the first piece is not ahead by enough.
const LONG_RUN: usize = 16 << 10;

/// A connected socket.
///
/// tokio's own type waits for room to send, too: the kernel then wakes its thread once more for each packet that has
/// left, and with a window of 1 that is one system call more a block. Here only arrivals wake it.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: Arc<UdpSocket>,
    /// There while arrivals are waited for.
    watch: Option<AsyncFd<Arc<UdpSocket>>>,
}

impl Socket {
    /// Whether the kernel may be able to cut a run of blocks into datagrams.
    pub(crate) const CUTS: bool = true;

    pub(crate) fn new(socket: UdpSocket) -> io::Result<Self> {
        // So that tokio may wait for the same socket elsewhere; the calls below do not block in any case.
        socket.set_nonblocking(true)?;
        Ok(Self { socket: Arc::new(socket), watch: None })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The MTU of the route to the peer.
    pub(crate) fn mtu(&self) -> Option<u32> {
        let is_ipv4 = self.local_addr().ok()?.is_ipv4();
        if is_ipv4 { ip_mtu(&*self.socket) } else { ipv6_mtu(&*self.socket) }.ok()
    }

    /// See [`super::super::Port::recv`].
    pub(crate) async fn recv(&mut self, buffer: &mut [u8], alone: bool) -> io::Result<usize> {
        if !alone {
            tokio::task::coop::consume_budget().await;
            match recv_now(&self.socket, buffer) {
                Err(Errno::AGAIN) => {}
                received => return Ok(received?),
            }
        }
        let watch = match &mut self.watch {
            Some(watch) => watch,
            none => none.insert(watch(Arc::clone(&self.socket), Interest::READABLE)?),
        };
        loop {
            let mut ready = poll_fn(|context| watch.poll_read_ready(context)).await?;
            let received = recv_now(&self.socket, buffer);
            // Without asking again: until the next datagram comes, the socket counts as empty.
            ready.clear_ready();
            if received != Err(Errno::AGAIN) {
                return Ok(received?);
            }
        }
    }

    pub(crate) fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv_now(&self.socket, buffer)?)
    }

    /// Arrivals are not waited for for a while; then the kernel need not tell of them.
    pub(crate) fn unwatch(&mut self) {
        self.watch = None;
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
        Ok(send(&*self.socket, datagram, SendFlags::DONTWAIT).map(drop)?)
    }

    /// Sends a run that the kernel cuts into pieces; after an error it is what is left of it. From some length on the
    /// first piece goes ahead in the same call: the peer may be asleep, and wakes up while the others are copied and cut.
    pub(crate) async fn send_run(&self, run: &mut &[u8], segment: usize) -> io::Result<()> {
        if run.len() >= LONG_RUN
            && let Some((first, others)) = run.split_at_checked(segment)
        {
            match self.send_each([first, others].into_iter()) {
                Ok(1) => *run = others,
                Err(Errno::AGAIN) => {}
                sent => return Ok(sent.map(drop)?),
            }
        }
        self.send(run).await
    }

    /// Sends the first datagrams of a run that is not empty, and tells how many.
    pub(crate) async fn send_some(&self, run: &[u8], segment: usize) -> io::Result<usize> {
        if run.len() <= segment {
            return self.send(run).await.map(|()| 1);
        }
        loop {
            match self.send_each(run.chunks(segment).take(MAX_MESSAGES)) {
                Err(Errno::AGAIN) => self.room().await?,
                sent => return Ok(sent?),
            }
        }
    }

    /// Sends the first of these, and tells how many.
    fn send_each<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> Result<usize, Errno> {
        let parts: Vec<_> = parts.map(|part| [IoSlice::new(part)]).collect();
        let mut no_ancillary: Vec<_> = parts.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let mut messages: Vec<_> =
            parts.iter().zip(&mut no_ancillary).map(|(part, nothing)| MMsgHdr::new(part, nothing)).collect();
        sendmmsg(&*self.socket, &mut messages, SendFlags::DONTWAIT)
    }

    /// Waits until the socket's buffer takes more, which is rare enough to have tokio wait for it only now.
    async fn room(&self) -> io::Result<()> {
        let again = Arc::new(self.socket.try_clone()?);
        watch(again, Interest::WRITABLE)?.writable().await?.retain_ready();
        Ok(())
    }

    /// Has the kernel cut what is sent into pieces of this length; 0 ends it.
    pub(crate) fn set_segment(&self, segment: usize) -> bool {
        i32::try_from(segment).is_ok_and(|segment| setsockopt(&*self.socket, UdpGsoSegment, &segment).is_ok())
    }
}

/// What tokio would have instead is `unsafe`, as it takes all that has a descriptor: one that is closed while tokio
/// watches it is another's soon. A `UdpSocket` keeps its own to its end.
#[expect(deprecated, reason = "sound for a socket that owns its descriptor, and what replaces it needs `unsafe`")]
fn watch(socket: Arc<UdpSocket>, interest: Interest) -> io::Result<AsyncFd<Arc<UdpSocket>>> {
    AsyncFd::with_interest(socket, interest)
}

fn recv_now(socket: &UdpSocket, buffer: &mut [u8]) -> Result<usize, Errno> {
    recv(socket, buffer, RecvFlags::DONTWAIT).map(|(length, _)| length)
}
