//! Where the datagrams of one transfer come from and go to.

mod own;
mod shared;

use std::io;

pub(crate) use self::own::OwnPort;
pub(crate) use self::shared::{INBOX, RequestPort, SharedPort, inbox};

/// A port of its own, or a share in the request port.
#[derive(Debug)]
pub(crate) enum Port {
    Own(OwnPort),
    Shared(SharedPort),
}

impl Port {
    /// Sends `run`, cut into datagrams of `segment` bytes; the last may be shorter.
    ///
    /// # Errors
    /// Only that the peer's port is closed. Any other error (no route yet, no buffers) is a lost packet, for which
    /// there is the time-out.
    pub(crate) async fn send(&mut self, run: &[u8], segment: usize) -> io::Result<()> {
        match self {
            Self::Own(port) => port.send(run, segment.max(1)).await,
            Self::Shared(port) => {
                port.send(run, segment.max(1)).await;
                Ok(())
            }
        }
    }

    /// The length of the next datagram of the peer, which `buffer` then begins with.
    pub(crate) async fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Own(port) => port.recv(buffer).await,
            Self::Shared(port) => Ok(port.recv(buffer).await),
        }
    }

    pub(crate) fn try_recv(&mut self, buffer: &mut [u8]) -> Option<usize> {
        match self {
            Self::Own(port) => port.try_recv(buffer).ok(),
            Self::Shared(port) => port.try_recv(buffer),
        }
    }
}
