//! An Ethernet frame around a message, for a client that has no address to answer ARP with.
//!
//! RFC 791 (IPv4), RFC 768 (UDP), RFC 1071 (checksum).

use std::net::SocketAddrV4;

const ETHERNET: usize = 14;
const IP: usize = 20;
const UDP: usize = 8;
const PROTOCOL_UDP: u8 = 17;

/// Wraps a message; `None` if it is too long for a datagram.
pub(super) fn udp_frame(from: ([u8; 6], SocketAddrV4), to: ([u8; 6], SocketAddrV4), payload: &[u8]) -> Option<Vec<u8>> {
    let udp_len = u16::try_from(UDP + payload.len()).ok()?;
    let ip_len = u16::try_from(IP + UDP + payload.len()).ok()?;
    let (source, target) = (from.1, to.1);

    let mut ip = [0; IP];
    ip[0] = 0x45;
    ip[2..4].copy_from_slice(&ip_len.to_be_bytes());
    // Don't fragment: the identification may then be 0 (RFC 6864 §4.1).
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = PROTOCOL_UDP;
    ip[12..16].copy_from_slice(&source.ip().octets());
    ip[16..20].copy_from_slice(&target.ip().octets());
    let sum = checksum([&ip[..]]);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());

    let mut udp = [0; UDP];
    udp[0..2].copy_from_slice(&source.port().to_be_bytes());
    udp[2..4].copy_from_slice(&target.port().to_be_bytes());
    udp[4..6].copy_from_slice(&udp_len.to_be_bytes());
    let mut pseudo = [0; 12];
    pseudo[..8].copy_from_slice(&ip[12..20]);
    pseudo[9] = PROTOCOL_UDP;
    pseudo[10..12].copy_from_slice(&udp_len.to_be_bytes());
    // A sum of zero would mean "none": it is sent as its other form.
    let sum = match checksum([&pseudo[..], &udp[..], payload]) {
        0 => 0xffff,
        sum => sum,
    };
    udp[6..8].copy_from_slice(&sum.to_be_bytes());

    let mut frame = Vec::with_capacity(ETHERNET + usize::from(ip_len));
    frame.extend_from_slice(&to.0);
    frame.extend_from_slice(&from.0);
    frame.extend_from_slice(&[0x08, 0x00]);
    frame.extend_from_slice(&ip);
    frame.extend_from_slice(&udp);
    frame.extend_from_slice(payload);
    Some(frame)
}

/// The ones' complement sum. Every part but the last has an even length.
fn checksum<const N: usize>(parts: [&[u8]; N]) -> u16 {
    let mut sum = 0u64;
    for part in parts {
        for pair in part.chunks(2) {
            sum += match *pair {
                [high, low] => u64::from(u16::from_be_bytes([high, low])),
                [high] => u64::from(high) << 8,
                _ => 0,
            };
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    // The loop has left 16 bits.
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_byte_for_byte() {
        let from = ([2, 0, 0, 0, 0, 1], SocketAddrV4::new([192, 168, 77, 1].into(), 67));
        let to = ([2, 0, 0, 0, 0, 2], SocketAddrV4::new([192, 168, 77, 100].into(), 68));
        let frame = udp_frame(from, to, b"abc").unwrap();
        // The sums come from a second implementation, in Python.
        #[rustfmt::skip]
        let expect = [
            2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
            0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 17, 0x1f, 0x18, 192, 168, 77, 1, 192, 168, 77, 100,
            0, 67, 0, 68, 0, 11, 0x1f, 0x38, b'a', b'b', b'c',
        ];
        assert_eq!(frame.len(), expect.len());
        // Whoever sums a datagram with its checksum in place gets zero.
        assert_eq!(checksum([&frame[14..34]]), 0);
        let pseudo = [192, 168, 77, 1, 192, 168, 77, 100, 0, 17, 0, 11];
        assert_eq!(checksum([&pseudo[..], &frame[34..]]), 0);
        assert_eq!(frame, expect);
    }

    #[test]
    fn too_long_for_a_datagram() {
        let end = ([2, 0, 0, 0, 0, 1], SocketAddrV4::new([192, 168, 77, 1].into(), 67));
        assert_eq!(udp_frame(end, end, &[0; 65_535 - 27]), None);
    }
}
