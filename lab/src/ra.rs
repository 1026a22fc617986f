//! IPv6 router advertisements (RFC 4861 §4.2): without one, iPXE waits 13
//! seconds for a router that does not come before it goes on with IPv4.
//!
//! Sent unasked, once a second; solicitations are not read. The kernel fills in
//! the checksum and the bridge's link-local source address.

use crate::error::{Doing, Result};
use crate::network::BRIDGE;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(1);
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 0);

/// Starts to advertise on the bridge, for ever.
pub(crate) fn start() -> Result<()> {
    let doing = "router advertisements cannot be sent";
    let interface = nix::net::if_::if_nametoindex(BRIDGE).doing(doing)?;
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).doing(doing)?;
    // Receivers drop what could have been forwarded (RFC 4861 §6.1.2).
    socket.set_multicast_hops_v6(255).doing(doing)?;
    socket.set_multicast_if_v6(interface).doing(doing)?;
    socket.set_multicast_loop_v6(false).doing(doing)?;
    let to = SockAddr::from(SocketAddrV6::new(ALL_NODES, 0, 0, interface));
    let packet = advertisement();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            // Before the first machine is on, the bridge has no address to send from.
            let _ = socket.send_to(&packet, &to);
        }
    });
    Ok(())
}

/// A default router for half an hour, and one prefix to make addresses in.
fn advertisement() -> Vec<u8> {
    let mut packet = vec![
        134, 0, 0, 0, // type, code, checksum (the kernel's)
        64, 0, // hop limit, neither "managed" nor "other"
    ];
    packet.extend(1800_u16.to_be_bytes()); // router lifetime
    packet.extend([0; 8]); // reachable time, retransmission timer: unspecified
    packet.extend([3, 4, 64, 0xc0]); // prefix information, 32 bytes, /64, on-link + autonomous
    packet.extend(86_400_u32.to_be_bytes()); // valid lifetime
    packet.extend(14_400_u32.to_be_bytes()); // preferred lifetime
    packet.extend([0; 4]);
    packet.extend(PREFIX.octets());
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout() {
        let packet = advertisement();
        assert_eq!(packet.len(), 16 + 32);
        assert_eq!(packet[..8], [134, 0, 0, 0, 64, 0, 7, 8]);
        assert_eq!(packet[16..20], [3, 4, 64, 0xc0]);
        assert_eq!(packet[32..34], [0xfd, 0x77]);
    }
}
