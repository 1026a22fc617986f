//! Where the datagrams of one transfer come from and go to.

mod busy_poll;
mod own;
mod shared;
mod socket;

use std::io;
use std::net::IpAddr;

pub(crate) use self::busy_poll::BusyPoll;
pub(crate) use self::own::OwnPort;
pub(crate) use self::shared::{INBOX, RequestPort, SharedPort, inbox};

/// The headers of IPv4 (without options), UDP and DATA.
const IPV4_HEADERS: u16 = 20 + 8 + 4;
/// The headers of IPv6, UDP and DATA.
const IPV6_HEADERS: u16 = 40 + 8 + 4;

/// The size of a block that a peer gets: `most`, which is for IPv4, less what IPv6's header is longer, and so much that
/// a packet fits the MTU of the route.
pub(crate) fn fitting_block(most: u16, peer: IpAddr, mtu: Option<u32>) -> u16 {
    let is_ipv4 = peer.to_canonical().is_ipv4();
    let (most, headers) =
        if is_ipv4 { (most, IPV4_HEADERS) } else { (most.saturating_sub(IPV6_HEADERS - IPV4_HEADERS), IPV6_HEADERS) };
    let fitting = mtu.map(|mtu| u16::try_from(mtu).unwrap_or(u16::MAX).saturating_sub(headers));
    fitting.map_or(most, |fitting| most.min(fitting))
}

/// A port of its own, or a share in the request port.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a transfer has one, and a shared port is the exception")]
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
    ///
    /// `alone`: the peer waits for our answer to the last one, so nothing else is looked for before something comes. If
    /// there was something all the same, the next call finds it.
    pub(crate) async fn recv(&mut self, buffer: &mut [u8], alone: bool) -> io::Result<usize> {
        match self {
            Self::Own(port) => port.recv(buffer, alone).await,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_fits_the_route() {
        let (ipv4, ipv6) = (IpAddr::from([10, 0, 0, 7]), IpAddr::from([0xFD00; 8]));
        let check = |most, peer, mtu, want| assert_eq!(fitting_block(most, peer, mtu), want, "{peer} {mtu:?}");
        check(1468, ipv4, Some(1500), 1468);
        check(1468, ipv4, Some(1420), 1388);
        check(1468, ipv6, Some(1500), 1448);
        check(1468, ipv6, Some(1280), 1228);
        check(65464, ipv4, Some(9000), 8968);
        check(65464, ipv4, Some(65536), 65464);
        check(65464, ipv4, None, 65464);
        check(65464, ipv6, None, 65444);
    }
}
