//! From a frame to the UDP datagram in it: link layers, VLAN tags, IPv4.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::Frame;

const NULL: u32 = 0;
const ETHERNET: u32 = 1;
const RAW: [u32; 4] = [12, 14, 101, 228];
const LOOP: u32 = 108;
const LINUX_SLL: u32 = 113;
const LINUX_SLL2: u32 = 276;

const IPV4: u16 = 0x0800;
const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const UDP: u8 = 17;

/// How many fragmented datagrams are remembered.
const FRAGMENTED: usize = 64;

/// A UDP datagram over IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Where it came from.
    pub source: SocketAddrV4,
    /// Where it went.
    pub destination: SocketAddrV4,
    /// What was captured of its payload.
    pub payload: &'a [u8],
    /// How many bytes of it were not captured.
    pub missing: usize,
}

/// Why a frame that may hold a datagram of the wanted ports is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRead {
    /// The capture took too little of the frame.
    #[error("the frame is cut off inside its {layer} header: {captured} of {original} bytes were captured")]
    Cut {
        /// The layer.
        layer: &'static str,
        /// Bytes captured.
        captured: usize,
        /// Bytes on the link.
        original: u32,
    },
    /// The datagram lies in several frames.
    #[error("IP fragment of the datagram {id} from {source_address}, at byte {offset}: fragments are not put together")]
    Fragment {
        /// The identification of the IP header.
        id: u16,
        /// The sender.
        source_address: Ipv4Addr,
        /// Where the fragment belongs.
        offset: u32,
    },
    /// The lengths of IP and UDP contradict each other.
    #[error("the UDP length {udp} does not fit an IP payload of {ip} bytes")]
    Length {
        /// The UDP header's.
        udp: usize,
        /// The IP header's.
        ip: usize,
    },
}

/// Finds the datagrams of some ports. It remembers which datagrams come in fragments, for only the first fragment has
/// the ports.
#[derive(Debug)]
pub struct Layers<'p> {
    ports: &'p [u16],
    fragmented: VecDeque<(Ipv4Addr, Ipv4Addr, u16)>,
}

impl<'p> Layers<'p> {
    /// Looks for these ports, at either end.
    #[must_use]
    pub const fn new(ports: &'p [u16]) -> Self {
        Self { ports, fragmented: VecDeque::new() }
    }

    /// The datagram in a frame; `None` if the frame holds something else, or a datagram of other ports.
    ///
    /// # Errors
    /// The frame may hold a datagram of the ports, but not as a whole.
    pub fn datagram<'f>(&mut self, frame: &'f Frame) -> Result<Option<Datagram<'f>>, NotRead> {
        let cut = |layer| NotRead::Cut { layer, captured: frame.data.len(), original: frame.original_len };
        let packet = match ip_packet(frame.link_type, &frame.data) {
            Some(packet) => packet,
            // A frame that is shorter than its header on the link, too, is none of ours.
            None if is_cut(frame) => return Err(cut("link layer")),
            None => return Ok(None),
        };
        let Some(packet) = packet else { return Ok(None) };
        let Some((header, rest)) = packet.split_first_chunk::<20>() else {
            return if is_cut(frame) { Err(cut("IP")) } else { Ok(None) };
        };
        let header_len = usize::from(header[0] & 15) * 4;
        if header[0] >> 4 != 4 || header_len < 20 || header[9] != UDP {
            return Ok(None);
        }
        let word = |at: usize| header.get(at..at + 2).map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
        let address =
            |at: usize| header.get(at..at + 4).map_or(Ipv4Addr::UNSPECIFIED, |b| [b[0], b[1], b[2], b[3]].into());
        let ip_len = usize::from(word(2)).saturating_sub(header_len);
        let (id, fragment) = (word(4), word(6));
        let (source, destination) = (address(12), address(16));
        let (more, offset) = (fragment & 0x2000 != 0, u32::from(fragment & 0x1fff) * 8);
        let key = (source, destination, id);
        let in_fragments = NotRead::Fragment { id, source_address: source, offset };
        if offset > 0 {
            return if self.fragmented.contains(&key) { Err(in_fragments) } else { Ok(None) };
        }

        let udp = rest.get(header_len - 20..).and_then(<[u8]>::split_first_chunk::<8>);
        let Some(([s0, s1, d0, d1, l0, l1, _, _], payload)) = udp else {
            return if is_cut(frame) { Err(cut("UDP")) } else { Ok(None) };
        };
        let (source_port, destination_port) = (u16::from_be_bytes([*s0, *s1]), u16::from_be_bytes([*d0, *d1]));
        if !self.ports.contains(&source_port) && !self.ports.contains(&destination_port) {
            return Ok(None);
        }
        if more {
            self.fragmented.truncate(FRAGMENTED - 1);
            self.fragmented.push_front(key);
            return Err(in_fragments);
        }
        let udp_len = usize::from(u16::from_be_bytes([*l0, *l1]));
        let Some(len) = udp_len.checked_sub(8).filter(|_| udp_len <= ip_len) else {
            return Err(NotRead::Length { udp: udp_len, ip: ip_len });
        };
        let payload = payload.get(..len).unwrap_or(payload);
        Ok(Some(Datagram {
            source: SocketAddrV4::new(source, source_port),
            destination: SocketAddrV4::new(destination, destination_port),
            payload,
            missing: len - payload.len(),
        }))
    }
}

fn is_cut(frame: &Frame) -> bool {
    u32::try_from(frame.data.len()).is_ok_and(|captured| captured < frame.original_len)
}

/// The IP packet in a frame; `Some(None)` if it holds something else, `None` if it ends too early to tell.
fn ip_packet(link_type: u32, data: &[u8]) -> Option<Option<&[u8]>> {
    let behind = |at: usize| data.get(at..);
    let word = |at: usize| data.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    let (protocol, rest) = match link_type {
        ETHERNET => (word(12)?, behind(14)?),
        LINUX_SLL => (word(14)?, behind(16)?),
        LINUX_SLL2 => (word(0)?, behind(20)?),
        NULL | LOOP => {
            // AF_INET is 2 everywhere, in the byte order of the machine (NULL) or of the network (LOOP).
            let family = *data.first_chunk::<4>()?;
            let is_inet = matches!(family, [2, 0, 0, 0] | [0, 0, 0, 2]);
            return Some(if is_inet { behind(4) } else { None });
        }
        link_type if RAW.contains(&link_type) => return Some(Some(data)),
        _ => return Some(None),
    };
    untagged(protocol, rest)
}

/// Takes VLAN tags off.
fn untagged(mut protocol: u16, mut rest: &[u8]) -> Option<Option<&[u8]>> {
    while VLAN_TAGS.contains(&protocol) {
        let (tag, behind) = rest.split_first_chunk::<4>()?;
        protocol = u16::from_be_bytes([tag[2], tag[3]]);
        rest = behind;
    }
    Some((protocol == IPV4).then_some(rest))
}
