//! Boot server discovery and proxyDHCP: who answers which packet, and where the answer goes (PXE specification 2.1,
//! §2.2.2 to §2.2.5 and §2.4).
//!
//! ```text
//!  client                                                    Responder
//!    │ DISCOVER, broadcast to port 67, option 60                 │
//!    │──────────────────────────────────────────────────────────▶│ a proxy offers: 60, 43 (menu or "use the boot file")
//!    │◀──────────────────────────────────────────────────────────│
//!    │ … takes an address from the DHCP server, shows the menu … │
//!    │ REQUEST with 43.71, the boot item                         │
//!    │   multicast to port 4011, then broadcast to port 67,      │
//!    │   then unicast to port 4011 of each listed server         │
//!    │──────────────────────────────────────────────────────────▶│ serves that item: ACK from the same port
//!    │◀──────────────────────────────────────────────────────────│ otherwise silent, for a reason
//! ```
//!
//! [`Responder`] is the server's side: a pure function, it remembers nothing between packets. [`Discovery`] is the
//! client's: [`Instructions`] says what a client reads in an offer's option 43, and the machine asks until a boot
//! server answers; tests walk through a whole boot with it.
//!
//! Neither opens a socket: the caller says on which port and how a packet came, and joins the multicast group.

use std::net::{Ipv4Addr, SocketAddrV4};

mod client;
mod menu;
mod responder;

pub use client::{Choice, Discovery, Ignored, Instructions, NotFound, Transmit};
pub use menu::{Item, Menu, MenuError, Prompt, Service};
pub use responder::{Reply, Responder, Silence};

/// The port on which DHCP servers and proxies hear DISCOVERs, and boot servers broadcast discovery.
pub const DHCP_PORT: u16 = 67;
/// The port on which clients hear answers to what they sent to [`DHCP_PORT`].
pub const CLIENT_PORT: u16 = 68;
/// The port on which proxies and boot servers are asked for a boot file.
pub const BOOT_SERVER_PORT: u16 = 4011;

/// How a packet was addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cast {
    /// To one address of ours, by a client or a relay agent.
    Unicast,
    /// To everybody on the link.
    Broadcast,
    /// To the group of sub-option 7.
    Multicast,
}

/// How a packet arrived, with the fields of its header that say where the answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Our port.
    pub port: u16,
    /// How it was addressed.
    pub cast: Cast,
    /// The client's or relay agent's address and port.
    pub source: SocketAddrV4,
    /// The header's `chaddr`, if it is one of Ethernet.
    pub mac: Option<[u8; 6]>,
    /// The header's `ciaddr`: the client's address if it has one.
    pub ciaddr: Ipv4Addr,
    /// The header's `giaddr`: the relay agent's address if there is one.
    pub giaddr: Ipv4Addr,
}

impl std::fmt::Display for Cast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unicast => "unicast",
            Self::Broadcast => "broadcast",
            Self::Multicast => "multicast",
        })
    }
}
