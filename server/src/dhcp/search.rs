//! Is there a DHCP server already? Two of them on one network give machines addresses and boot files by chance.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use firstlight_dhcp::server::Receipt;
use firstlight_dhcp::{EmitPolicy, HardwareAddress, Message, MessageRef, MessageType, OptionCode};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::bind;
use crate::network::hardware_address;

const CLIENT_PORT: u16 = 68;
const SERVER_PORT: u16 = 67;
/// dnsmasq looks for an address on the link for three seconds before it offers it.
pub const PATIENCE: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// A UEFI PXE client on 64-bit x86, so that the answer is what such a machine would get.
const VENDOR_CLASS: &[u8] = b"PXEClient:Arch:00007:UNDI:003016";
const ARCHITECTURE: &[u8] = &[0, 7];
const ARCHITECTURES: OptionCode = OptionCode(93);

/// Another DHCP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its address.
    pub server: Ipv4Addr,
    /// It says that it is a PXE server, and not what to do about it (option 60 without 43): UEFI firmware then asks it, and
    /// it alone, on port 4011.
    pub hijacks: bool,
}

/// The DHCP server that answers on an interface; `None` if none does within [`PATIENCE`]. It sends DISCOVERs, as a machine
/// that boots from the network would, and takes no address.
///
/// # Errors
///
/// When port 68 cannot be used, or the interface is gone.
pub async fn search(interface: &str) -> io::Result<Option<Found>> {
    let socket = bind(interface, CLIENT_PORT)?;
    let own = hardware_address(interface).ok_or_else(|| io::Error::other("the interface is not Ethernet"))?;
    let xid = u32::from_le_bytes(crate::secret::seed().first_chunk().copied().unwrap_or_default());
    let mut discover = Message::request(HardwareAddress::ethernet(own.0), xid);
    discover.set_broadcast(true);
    discover.push(OptionCode::MESSAGE_TYPE, &[MessageType::DISCOVER.0]);
    let wanted = [OptionCode::SUBNET_MASK, OptionCode::VENDOR_SPECIFIC, OptionCode::VENDOR_CLASS].map(|code| code.0);
    discover.push(OptionCode::PARAMETER_REQUEST_LIST, &wanted);
    discover.push(OptionCode::VENDOR_CLASS, VENDOR_CLASS);
    discover.push(ARCHITECTURES, ARCHITECTURE);
    let mut datagram = Vec::new();
    discover.emit(&EmitPolicy::default(), &mut datagram).map_err(io::Error::other)?;

    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        socket.send_to(&datagram, (Ipv4Addr::BROADCAST, SERVER_PORT)).await?;
        let answered = timeout_at(end.min(Instant::now() + ASK_AGAIN), offer(&socket, xid)).await;
        if let Ok(found) = answered {
            return found.map(Some);
        }
    }
    Ok(None)
}

/// Whether a request is the search of this host: what is heard is what it has sent itself.
pub(super) fn is_own(request: &MessageRef<'_>, receipt: Receipt) -> bool {
    request.giaddr().is_unspecified() && *receipt.source.ip() == receipt.interface_address
}

async fn offer(socket: &UdpSocket, xid: u32) -> io::Result<Found> {
    let mut room = [0; 2048];
    loop {
        let (len, source) = socket.recv_from(&mut room).await?;
        let Ok(reply) = MessageRef::parse(room.get(..len).unwrap_or_default()) else { continue };
        if reply.xid() != xid || reply.message_type() != Some(MessageType::OFFER) || reply.yiaddr().is_unspecified() {
            continue;
        }
        let named = reply.first(OptionCode::SERVER_IDENTIFIER).and_then(|id| <[u8; 4]>::try_from(id).ok());
        let class = reply.first(OptionCode::VENDOR_CLASS).unwrap_or_default();
        let hijacks = class.starts_with(b"PXEClient") && reply.first(OptionCode::VENDOR_SPECIFIC).is_none();
        match (named, source) {
            (Some(server), _) => return Ok(Found { server: server.into(), hijacks }),
            (None, SocketAddr::V4(source)) => return Ok(Found { server: *source.ip(), hijacks }),
            (None, SocketAddr::V6(_)) => {}
        }
    }
}
