//! One transfer: a task, a port, a state machine.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::net::UdpSocket;
use tokio::sync::oneshot;

use super::handler::{Error, Handler, Request};
use super::listener::Config;
use super::source::Reader;
use crate::error_code::ErrorCode;
use crate::negotiate::negotiate;
use crate::outcome::Outcome;
use crate::packet::{Mode, Packet};
use crate::read_transfer::ReadTransfer;

/// ACKs are 4 bytes long; of an ERROR's text more is not kept.
const RECEIVE_BUFFER: usize = 1024;
/// IPv6's header is that much longer than IPv4's, by which the default block size was chosen.
const IPV6_EXTRA: u16 = 20;

/// All that the task of a transfer owns.
pub(super) struct Transfer {
    pub(super) report: Report,
    pub(super) config: Config,
    pub(super) cancel: oneshot::Receiver<Outcome>,
    pub(super) answered: Arc<AtomicBool>,
}

/// Calls [`Handler::done`] exactly once, even when the task is aborted or the handler panics.
pub(super) struct Report {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) request: Request,
    pub(super) outcome: Outcome,
}

impl Drop for Report {
    fn drop(&mut self) {
        self.handler.done(&self.request, &self.outcome);
    }
}

impl Transfer {
    pub(super) async fn run(mut self) {
        self.report.outcome = match connect(self.report.request.local, self.report.request.peer).await {
            Ok(socket) => self.serve(&socket).await,
            Err(error) => Outcome::Failed { reason: format!("no socket for the transfer: {error}") },
        };
    }

    async fn serve(&mut self, socket: &UdpSocket) -> Outcome {
        let open = open(&*self.report.handler, &self.report.request);
        let answer = tokio::select! {
            outcome = &mut self.cancel => return outcome.unwrap_or(Outcome::Cancelled),
            answer = tokio::time::timeout(self.config.handler_timeout, open) => answer,
        };
        let answer =
            answer.unwrap_or_else(|_| Err(Error::new(ErrorCode::NOT_DEFINED, "the file is not available now")));
        self.answered.store(true, Ordering::Relaxed);
        let (mode, mut reader) = match answer {
            Ok(opened) => opened,
            Err(error) => return refuse(socket, error).await,
        };
        let request = &self.report.request;
        let mut limits = self.config.limits;
        if request.peer.is_ipv6() {
            limits.block_size = limits.block_size.saturating_sub(IPV6_EXTRA);
        }
        let agreed = negotiate(request.options(), &limits, reader.wire_size(mode));
        let mut machine = ReadTransfer::new(now(), &agreed, mode, Some(reader.size()), self.config.timing);
        let mut out = Vec::new();
        let mut received = [0; RECEIVE_BUFFER];
        loop {
            if let Some(range) = machine.poll_want()
                && let Some(piece) = reader.start(&range)
            {
                machine.handle_data(piece);
            }
            if let Err(ended) = flush(&mut machine, socket, &mut out).await {
                return ended;
            }
            if let Some(outcome) = machine.outcome() {
                return outcome;
            }
            let Some(deadline) = machine.poll_timeout() else { continue };
            tokio::select! {
                length = socket.recv(&mut received) => {
                    if let Err(ended) = take(&mut machine, length, &received) {
                        return ended;
                    }
                }
                piece = reader.ready() => match piece {
                    Ok(piece) => machine.handle_data(piece),
                    Err(_) => machine.fail(ErrorCode::NOT_DEFINED, "the file cannot be read"),
                },
                () = tokio::time::sleep_until(deadline.into()) => machine.handle_timeout(now()),
                outcome = &mut self.cancel => {
                    let outcome = outcome.unwrap_or(Outcome::Cancelled);
                    return cancelled(machine, socket, outcome).await;
                }
            }
        }
    }
}

/// Checks what can be refused without the handler, then asks it.
async fn open(handler: &dyn Handler, request: &Request) -> Result<(Mode, Reader), Error> {
    if request.write {
        return Err(Error::new(ErrorCode::ACCESS_VIOLATION, "writing is not allowed"));
    }
    let mode = match request.mode {
        Some(mode @ (Mode::Octet | Mode::Netascii)) => mode,
        Some(Mode::Mail) => return Err(Error::illegal_operation("mail mode is not supported")),
        None => return Err(Error::illegal_operation("unknown transfer mode")),
    };
    let source = handler.read(request).await?;
    Ok((mode, Reader::new(source)))
}

async fn refuse(socket: &UdpSocket, error: Error) -> Outcome {
    let packet = Packet::Error { code: error.code, message: error.message.as_bytes() }.to_vec();
    // A lost ERROR is not sent again: the client repeats its request and is refused anew.
    let _ = socket.send(&packet).await;
    Outcome::Refused { code: error.code, message: error.message.into_owned() }
}

/// Sends all that waits to be sent.
async fn flush(machine: &mut ReadTransfer, socket: &UdpSocket, out: &mut Vec<u8>) -> Result<(), Outcome> {
    while let Some(segment) = machine.poll_transmit(out) {
        for datagram in out.chunks(segment.max(1)) {
            match socket.send(datagram).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Err(Outcome::Unreachable),
                // Any other error (no route yet, no buffers) is a lost packet, for which there is the time-out.
                _ => {}
            }
        }
    }
    Ok(())
}

/// Hands a received datagram to the machine.
fn take(machine: &mut ReadTransfer, length: io::Result<usize>, received: &[u8]) -> Result<(), Outcome> {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, Interrupted, NetworkUnreachable};
    match length {
        Ok(length) => {
            if let Ok(packet) = Packet::parse(received.get(..length).unwrap_or_default()) {
                machine.handle(now(), &packet);
            }
            Ok(())
        }
        Err(error) => match error.kind() {
            ConnectionRefused => Err(Outcome::Unreachable),
            HostUnreachable | NetworkUnreachable | Interrupted => Ok(()),
            _ => Err(Outcome::Failed { reason: format!("receiving failed: {error}") }),
        },
    }
}

/// Ends a transfer from outside. What the peer already said comes first: the ERROR that ends EDK2's size probe and
/// its next request may arrive together.
async fn cancelled(mut machine: ReadTransfer, socket: &UdpSocket, outcome: Outcome) -> Outcome {
    let mut received = [0; RECEIVE_BUFFER];
    while machine.outcome().is_none()
        && let Ok(length) = socket.try_recv(&mut received)
    {
        if let Err(ended) = take(&mut machine, Ok(length), &received) {
            return ended;
        }
    }
    if let Some(ended) = machine.outcome() {
        return ended;
    }
    if outcome == Outcome::Cancelled {
        machine.fail(ErrorCode::NOT_DEFINED, "the server is stopping");
        let _ = flush(&mut machine, socket, &mut Vec::new()).await;
    }
    outcome
}

/// A port of its own on the address that was asked, deaf to all but the peer.
async fn connect(local: SocketAddr, peer: SocketAddr) -> io::Result<UdpSocket> {
    let address = match (local.ip(), peer) {
        // A link-local address means nothing without its interface, and the peer's address names that.
        (IpAddr::V6(ip), SocketAddr::V6(peer)) => SocketAddrV6::new(ip, 0, 0, peer.scope_id()).into(),
        (ip, _) if ip.is_ipv4() == peer.is_ipv4() => SocketAddr::new(ip, 0),
        // An IPv4 peer of an IPv6 wildcard socket whose destination is unknown.
        (_, SocketAddr::V4(_)) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
        (_, SocketAddr::V6(_)) => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0),
    };
    let socket = UdpSocket::bind(address).await?;
    socket.connect(peer).await?;
    Ok(socket)
}

#[expect(clippy::disallowed_methods, reason = "the driver is where the clock is read")]
fn now() -> Instant {
    Instant::now()
}
