//! What a server grants, and how much of it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::negotiate::Limits;
use crate::timing::Timing;

/// The headers of IPv4 (without options), UDP and DATA.
const IPV4_HEADERS: u32 = 20 + 8 + 4;
/// The headers of IPv6, UDP and DATA.
const IPV6_HEADERS: u32 = 40 + 8 + 4;

const DATA_HEADER: usize = 4;
const MIN_PACKET: usize = 1024;

/// What a server grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The limits of the option negotiation. For an IPv6 peer the block size is lowered by the 20 bytes by which
    /// its header is longer.
    pub limits: Limits,
    /// Whether a block may be larger than the MTU of the route to the peer. Such blocks travel in fragments, which
    /// much firmware cannot put together again.
    pub fragments: bool,
    /// Retransmission.
    pub timing: Timing,
    /// Concurrent transfers in all. Above it requests are dropped; the clients ask again.
    pub max_transfers: usize,
    /// Concurrent transfers of one address.
    pub max_per_address: usize,
    /// Requests of one address that are looked at in one second; more are dropped. A boot loader asks for its next file
    /// when it has the last one; what asks faster than this is broken, or forges its address.
    pub max_requests_per_second: u32,
    /// Whether all transfers use the request port, for clients behind a NAT or a firewall, and for a server in a
    /// container: it needs no other port. Each packet then passes through two tasks, and a client that closes its port is
    /// noticed late. RFC 1350 §4 wants a port for each transfer, but no known client needs it.
    pub single_port: bool,
    /// Whether a read request to a broadcast address is answered, from the address of the interface (RFC 906 bootstrap
    /// loading); if there is no such file, with silence, since another server may have it. Otherwise it is ignored, as
    /// RFC 1123 §4.2.3.5 asks for. On Linux only.
    pub broadcast: bool,
    /// How long a handler may look for a file. Clients have given up long before that; a place must not be held for
    /// ever by a handler that hangs.
    pub handler_timeout: Duration,
    /// How long transfers may go on after the server was told to stop.
    pub grace: Duration,
    /// Bytes of files that are kept in memory for other transfers of the same file.
    pub cache_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            fragments: false,
            timing: Timing::default(),
            max_transfers: 1024,
            max_per_address: 64,
            max_requests_per_second: 1000,
            single_port: false,
            broadcast: false,
            handler_timeout: Duration::from_secs(60),
            grace: Duration::ZERO,
            cache_bytes: 64 << 20,
        }
    }
}

impl Config {
    /// The longest packet of a peer that means something: a block, or an ERROR with a long text.
    pub(super) fn longest_packet(&self) -> usize {
        usize::from(self.limits.block_size).max(MIN_PACKET) + DATA_HEADER
    }

    /// The limits for a peer, when `mtu` is that of the route to it.
    pub(super) fn limits_for(&self, peer: SocketAddr, mtu: Option<u32>) -> Limits {
        let is_ipv4 = peer.ip().to_canonical().is_ipv4();
        let headers = if is_ipv4 { IPV4_HEADERS } else { IPV6_HEADERS };
        let mut block_size = self.limits.block_size;
        if !is_ipv4 {
            block_size = block_size.saturating_sub((IPV6_HEADERS - IPV4_HEADERS) as u16);
        }
        if let Some(mtu) = mtu.filter(|_| !self.fragments) {
            block_size = block_size.min(u16::try_from(mtu.saturating_sub(headers)).unwrap_or(u16::MAX));
        }
        Limits { block_size, ..self.limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_fits_the_route_unless_fragments_are_allowed() {
        let (ipv4, ipv6) = (SocketAddr::from(([10, 0, 0, 7], 2070)), SocketAddr::from(([0xFD00; 8], 2070)));
        let check = |block_size, fragments, peer, mtu, want| {
            let limits = Limits { block_size, ..Limits::default() };
            let config = Config { limits, fragments, ..Config::default() };
            assert_eq!(config.limits_for(peer, mtu), Limits { block_size: want, ..limits }, "{peer} {mtu:?}");
        };
        check(1468, false, ipv4, Some(1500), 1468);
        check(1468, false, ipv4, Some(1420), 1388);
        check(1468, false, ipv6, Some(1500), 1448);
        check(1468, false, ipv6, Some(1280), 1228);
        check(65464, false, ipv4, Some(9000), 8968);
        check(65464, false, ipv4, Some(65536), 65464);
        check(65464, true, ipv4, Some(1500), 65464);
        check(65464, false, ipv4, None, 65464);
    }
}
