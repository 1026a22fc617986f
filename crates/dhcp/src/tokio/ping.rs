//! [`Ping`]: asking the link whether somebody uses an address, by ICMP echo (RFC 792).

#![expect(clippy::disallowed_types, reason = "the driver is where sockets belong")]

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

/// Whoever uses the address answers to any identifier and number.
const ECHO: [u8; 8] = [8, 0, 0xf7, 0xff, 0, 0, 0, 0];
const ECHO_REPLY: u8 = 0;

/// A raw ICMP socket on one interface. It waits, sends and receives as a UDP socket does, but with IP headers.
pub(super) struct Ping(UdpSocket);

impl Ping {
    /// Opens the socket; fails without `CAP_NET_RAW`.
    pub(super) fn open(interface: Option<&[u8]>) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.bind_device(interface)?;
        socket.set_nonblocking(true)?;
        UdpSocket::from_std(socket.into()).map(Self)
    }

    /// Asks for an address, and does not wait for the answer.
    pub(super) async fn send(&self, address: Ipv4Addr) -> io::Result<()> {
        self.0.send_to(&ECHO, (address, 0)).await.map(drop)
    }

    /// The next address that has answered, whoever asked for it.
    pub(super) async fn answered(&self) -> io::Result<Ipv4Addr> {
        // The longest IP header, and the type of the message.
        let mut packet = [0; 61];
        loop {
            let (len, source) = self.0.recv_from(&mut packet).await?;
            if let IpAddr::V4(source) = source.ip()
                && packet.get(..len).is_some_and(is_echo_reply)
            {
                return Ok(source);
            }
        }
    }
}

fn is_echo_reply(packet: &[u8]) -> bool {
    let header = packet.first().map_or(0, |first| usize::from(first & 0xf) * 4);
    packet.get(header.max(20)) == Some(&ECHO_REPLY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reply_is_an_answer() {
        let mut packet = [0; 28];
        packet[0] = 0x45;
        assert!(is_echo_reply(&packet));
        packet[20] = 8;
        assert!(!is_echo_reply(&packet));
        packet[0] = 0x46;
        assert!(is_echo_reply(&packet));
        for len in 0..=24 {
            assert!(!is_echo_reply(&packet[..len]));
        }
    }
}
