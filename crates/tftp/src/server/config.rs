//! What a server grants, and how much of it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::drive::{MIN_BUFFER, fitting_block};
use crate::negotiate::Limits;
use crate::timing::Timing;

const DATA_HEADER: usize = 4;

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
    /// Concurrent transfers in all. Above it requests are dropped; the clients ask again. Each has two open files.
    pub max_transfers: usize,
    /// Concurrent transfers of one address, which may be that of a NAT with a rack behind it.
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
    /// How long a transfer may look for its peer's answer in a loop before it sleeps. It does so where the answers are
    /// taken sooner that way, since a thread often takes longer to wake up than a near peer takes to answer; and while
    /// other transfers are busy, where an answer is there in two looks or less, which costs less than to be told of it. The
    /// first look is about when the peer has answered before. Other tasks of the thread have their turn every 500 µs, and
    /// before each look while other transfers are busy. 0: never, to spare the processor. The default of 100 µs is a window
    /// of 16 and its ACK over loopback. A host with one processor always sleeps. Not in single-port mode.
    pub busy_poll: Duration,
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
            max_transfers: 2048,
            max_per_address: 1024,
            max_requests_per_second: 1000,
            single_port: false,
            broadcast: false,
            busy_poll: Duration::from_micros(100),
            handler_timeout: Duration::from_secs(60),
            grace: Duration::ZERO,
            cache_bytes: 64 << 20,
        }
    }
}

impl Config {
    /// The longest packet of a peer that means something: a block, or an ERROR with a long text.
    pub(super) fn longest_packet(&self) -> usize {
        usize::from(self.limits.block_size).max(MIN_BUFFER) + DATA_HEADER
    }

    /// The limits for a peer, when `mtu` is that of the route to it.
    pub(super) fn limits_for(&self, peer: SocketAddr, mtu: Option<u32>) -> Limits {
        let mtu = mtu.filter(|_| !self.fragments);
        let block_size = fitting_block(self.limits.block_size, peer.ip(), mtu);
        Limits { block_size, ..self.limits }
    }
}
