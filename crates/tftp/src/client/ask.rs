//! From the request to the first answer, which tells the server's port for the transfer.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use tokio::net::UdpSocket;

use super::ClientError;
use crate::drive::{MAX_DATAGRAM, OwnPort, fitting_block, now, take};
use crate::negotiate::Limits;
use crate::outcome::Outcome;
use crate::transfer::Transfer;

/// Sends the request until it is answered. An answer is a packet from the server's address with which the transfer goes
/// on or ends; what else arrives is ignored.
pub(super) async fn ask(transfer: &mut Transfer, server: SocketAddr) -> Result<OwnPort, ClientError> {
    let socket = UdpSocket::bind(any_port(server)).await.map_err(ClientError::Socket)?;
    hear_of_closed_ports(&socket);
    let mut received = vec![0; MAX_DATAGRAM];
    let mut out = Vec::new();
    while let Some(deadline) = transfer.poll_timeout() {
        while transfer.poll_transmit(&mut out).is_some() {
            heard(socket.send_to(&out, server).await, server)?;
        }
        let Some(answer) = receive(&socket, &mut received, deadline).await else {
            transfer.handle_timeout(now());
            continue;
        };
        let Some((length, from)) = heard(answer, server)?.filter(|(_, from)| from.ip() == server.ip()) else {
            continue;
        };
        // The datagram is there, so receiving cannot have failed.
        let _ = take(transfer, Ok(length), &received);
        if transfer.outcome().is_some() {
            while transfer.poll_transmit(&mut out).is_some() {
                let _ = socket.send_to(&out, from).await;
            }
        } else if transfer.agreed().is_some() {
            socket.connect(from).await.map_err(ClientError::Socket)?;
            return socket.into_std().and_then(OwnPort::connected).map_err(ClientError::Socket);
        }
    }
    Err(match transfer.outcome() {
        Some(Outcome::TimedOut { .. }) | None => ClientError::NoAnswer(server),
        Some(outcome) => ClientError::from_outcome(outcome, server),
    })
}

/// The largest block that is usual and fits the route.
pub(super) fn fitting_block_size(server: SocketAddr) -> io::Result<u16> {
    let way = OwnPort::connect(any_port(server), server)?;
    Ok(fitting_block(Limits::default().block_size, server.ip(), way.mtu()))
}

fn any_port(server: SocketAddr) -> SocketAddr {
    match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// The next datagram or error, unless the deadline comes first.
async fn receive(
    socket: &UdpSocket,
    received: &mut [u8],
    deadline: Instant,
) -> Option<io::Result<(usize, SocketAddr)>> {
    tokio::time::timeout_at(deadline.into(), socket.recv_from(received)).await.ok()
}

/// What an error of the socket means here: the server's port is closed, the network has no way, or nothing.
fn heard<T>(result: io::Result<T>, server: SocketAddr) -> Result<Option<T>, ClientError> {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            ConnectionRefused => Err(ClientError::Unreachable(server)),
            HostUnreachable | NetworkUnreachable => Err(ClientError::Socket(error)),
            _ => Ok(None),
        },
    }
}

/// A socket that is not connected yet is not told of ICMP's errors, unless it asks for them.
#[cfg(target_os = "linux")]
fn hear_of_closed_ports(socket: &UdpSocket) {
    use nix::sys::socket::{setsockopt, sockopt};
    // One of the two is for the other family; without any, the time-out tells the same later.
    let _ = setsockopt(socket, sockopt::Ipv4RecvErr, &true);
    let _ = setsockopt(socket, sockopt::Ipv6RecvErr, &true);
}

#[cfg(not(target_os = "linux"))]
fn hear_of_closed_ports(_: &UdpSocket) {}
