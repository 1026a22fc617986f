//! From a frame to the UDP datagram in it: link layers, VLAN tags, IPv4.

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddrV4};

use jiff::Timestamp;

use super::Frame;
use super::fragments::{Fragment, Fragments, Incomplete, Key, Taken};

const NULL: u32 = 0;
const ETHERNET: u32 = 1;
const RAW: [u32; 4] = [12, 14, 101, 228];
const LOOP: u32 = 108;
const LINUX_SLL: u32 = 113;
const LINUX_SLL2: u32 = 276;

const IPV4: u16 = 0x0800;
const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const UDP: u8 = 17;

/// A UDP datagram over IPv4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Where it came from.
    pub source: SocketAddrV4,
    /// Where it went.
    pub destination: SocketAddrV4,
    /// What was captured of its payload.
    pub payload: Cow<'a, [u8]>,
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
    /// The datagram lies in several frames, and the file does not have them all.
    #[error("fragments of the IP datagram {id} from {source_address} are missing, from its byte {from} on")]
    Incomplete {
        /// The identification of the IP header.
        id: u16,
        /// The sender.
        source_address: Ipv4Addr,
        /// Where the first gap is.
        from: usize,
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

/// A datagram that never came whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The last frame with a part of it.
    pub frame: u64,
    /// When that was captured.
    pub time: Option<Timestamp>,
    /// What is missing.
    pub reason: NotRead,
}

/// Finds the datagrams of some ports, and puts together those that come in fragments.
#[derive(Debug)]
pub struct Layers<'p> {
    ports: &'p [u16],
    fragments: Fragments,
    lost: Vec<Lost>,
}

impl<'p> Layers<'p> {
    /// Looks for these ports, at either end.
    #[must_use]
    pub fn new(ports: &'p [u16]) -> Self {
        Self { ports, fragments: Fragments::default(), lost: Vec::new() }
    }

    /// The datagram in a frame, or the one that the frame has the missing fragment of; `None` if the frame holds something
    /// else, a fragment of what is not whole yet, or a datagram of other ports.
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
        let [_, _, l0, l1, i0, i1, f0, f1, _, _, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *header;
        let len = usize::from(u16::from_be_bytes([l0, l1])).saturating_sub(header_len);
        let key = Key {
            source: [s0, s1, s2, s3].into(),
            destination: [d0, d1, d2, d3].into(),
            id: u16::from_be_bytes([i0, i1]),
        };
        let data = rest.get(header_len - 20..).unwrap_or_default();
        let data = data.get(..len).unwrap_or(data);
        let (more, offset) = (f0 & 0x20 != 0, usize::from(u16::from_be_bytes([f0 & 0x1f, f1])) * 8);
        if !more && offset == 0 {
            let ends = (key.source, key.destination);
            return self.udp(ends, Cow::Borrowed(data), len).map_err(|error| error.unwrap_or_else(|| cut("UDP")));
        }
        let Taken { whole, given_up } = self.fragments.take(frame, Fragment { key, offset, len, more, data });
        let lost = given_up.and_then(|incomplete| lost(self.ports, &incomplete));
        self.lost.extend(lost);
        let Some(whole) = whole else { return Ok(None) };
        let ends = (key.source, key.destination);
        self.udp(ends, Cow::Owned(whole.data), whole.len).map_err(|error| error.unwrap_or_else(|| cut("UDP")))
    }

    /// Datagrams of the ports that lack fragments, when the file has ended.
    pub fn into_lost(mut self) -> Vec<Lost> {
        let ports = self.ports;
        self.lost.extend(self.fragments.into_incomplete().filter_map(|incomplete| lost(ports, &incomplete)));
        self.lost
    }

    /// The datagram in what IP carried; without a reason if too little was captured to say more.
    fn udp<'f>(
        &self,
        (source, destination): (Ipv4Addr, Ipv4Addr),
        data: Cow<'f, [u8]>,
        ip_len: usize,
    ) -> Result<Option<Datagram<'f>>, Option<NotRead>> {
        let Some(([source_port, destination_port], udp_len)) = udp_header(&data) else {
            return if data.len() < ip_len { Err(None) } else { Ok(None) };
        };
        if !self.ports.contains(&source_port) && !self.ports.contains(&destination_port) {
            return Ok(None);
        }
        let Some(len) = udp_len.checked_sub(8).filter(|_| udp_len <= ip_len) else {
            return Err(Some(NotRead::Length { udp: udp_len, ip: ip_len }));
        };
        let payload = match data {
            Cow::Borrowed(data) => Cow::Borrowed(behind_udp(data, len)),
            Cow::Owned(data) => Cow::Owned(behind_udp(&data, len).to_vec()),
        };
        Ok(Some(Datagram {
            source: SocketAddrV4::new(source, source_port),
            destination: SocketAddrV4::new(destination, destination_port),
            missing: len - payload.len(),
            payload,
        }))
    }
}

/// The ports and the length in a UDP header.
fn udp_header(data: &[u8]) -> Option<([u16; 2], usize)> {
    let [s0, s1, d0, d1, l0, l1, _, _] = *data.first_chunk::<8>()?;
    let ports = [[s0, s1], [d0, d1]].map(u16::from_be_bytes);
    Some((ports, u16::from_be_bytes([l0, l1]).into()))
}

fn behind_udp(data: &[u8], len: usize) -> &[u8] {
    let payload = data.get(8..).unwrap_or_default();
    payload.get(..len).unwrap_or(payload)
}

/// What to tell of a datagram without an end, if it is one of the ports.
fn lost(ports: &[u16], incomplete: &Incomplete) -> Option<Lost> {
    let (ends, _) = udp_header(&incomplete.start)?;
    let Incomplete { key, frame, time, ref start } = *incomplete;
    let reason = NotRead::Incomplete { id: key.id, source_address: key.source, from: start.len() };
    ends.iter().any(|port| ports.contains(port)).then_some(Lost { frame, time, reason })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two fragments, on Ethernet with a VLAN tag.
    fn fragments() -> [Vec<u8>; 2] {
        let fragment = |place: [u8; 2], data: &[u8]| {
            let ip = [0x45, 0, 0, 20 + data.len() as u8, 0, 9, place[0], place[1], 64, 17, 0, 0];
            [&[0xff; 12][..], &[0x81, 0, 0, 5, 8, 0], &ip, &[10, 0, 0, 1, 10, 0, 0, 2], data].concat()
        };
        [fragment([0x20, 0], &[0, 68, 0, 67, 0, 20, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]), fragment([0, 2], &[9, 10, 11, 12])]
    }

    fn frame(data: Vec<u8>, link_type: u32) -> Frame {
        let original_len = u32::try_from(data.len()).unwrap();
        Frame { number: 1, time: None, link_type, data, original_len }
    }

    #[test]
    fn fragments_become_a_datagram() {
        let mut layers = Layers::new(&[67]);
        let [first, second] = fragments().map(|data| frame(data, ETHERNET));
        assert_eq!(layers.datagram(&first), Ok(None));
        let datagram = layers.datagram(&second).unwrap().unwrap();
        assert_eq!(datagram.payload, Cow::<[u8]>::Owned((1..=12).collect()));
        assert_eq!((datagram.source.port(), datagram.destination.port(), datagram.missing), (68, 67, 0));
        assert_eq!(layers.into_lost(), []);
    }

    /// Whatever the bytes are, what comes out is no longer than what went in.
    #[test]
    fn damaged_frames_give_datagrams_or_reasons() {
        let [first, second] = fragments();
        let check = |first: &[u8], second: &[u8], link_type: u32| {
            let mut layers = Layers::new(&[67, 68]);
            for bytes in [first, second, first] {
                let frame = frame(bytes.to_vec(), link_type);
                let payload = layers.datagram(&frame).ok().flatten().map_or(0, |datagram| datagram.payload.len());
                assert!(payload <= first.len() + second.len());
            }
            assert!(layers.into_lost().len() <= 2);
        };
        for link_type in [NULL, ETHERNET, 101, LOOP, LINUX_SLL, LINUX_SLL2, 147] {
            check(&first, &second, link_type);
            for at in 0..second.len() {
                check(&first, &second[..at], link_type);
                for change in [0x01, 0x20, 0x80, 0xff] {
                    let mut damaged = second.clone();
                    damaged[at] ^= change;
                    check(&first, &damaged, link_type);
                    check(&damaged, &first, link_type);
                }
            }
        }
    }
}
