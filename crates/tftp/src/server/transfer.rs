//! One transfer: a task, a port, a state machine.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::cache::Cache;
use super::config::Config;
use super::handler::{Error, Handler, Request};
use super::port::{OwnPort, Port, RequestPort, SharedPort};
use super::source::Reader;
use crate::error_code::ErrorCode;
use crate::negotiate::negotiate;
use crate::outcome::Outcome;
use crate::packet::{Mode, Packet};
use crate::transfer::Transfer as Machine;

/// ACKs are 4 bytes long; of an ERROR's text more is not kept.
const RECEIVE_BUFFER: usize = 1024;

/// All that the task of a transfer owns.
pub(super) struct Transfer {
    pub(super) report: Report,
    pub(super) config: Config,
    pub(super) cache: Arc<Cache>,
    /// In single-port mode.
    pub(super) share: Option<Share>,
    pub(super) cancel: oneshot::Receiver<Outcome>,
    pub(super) answered: Arc<AtomicBool>,
}

/// What a transfer without a port of its own uses instead.
pub(super) struct Share {
    pub(super) port: Arc<RequestPort>,
    pub(super) peer: SocketAddr,
    pub(super) inbox: mpsc::Receiver<Vec<u8>>,
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
        let Request { local, peer, .. } = self.report.request;
        self.report.outcome = match OwnPort::connect(local, peer).await {
            Ok(own) => self.answer(own).await,
            Err(error) => Outcome::Failed { reason: format!("no socket for the transfer: {error}") },
        };
    }

    async fn answer(&mut self, own: OwnPort) -> Outcome {
        let to_all = own.asked_by_broadcast();
        if to_all && (self.report.request.write || !self.config.broadcast) {
            return Outcome::Failed { reason: "the request was sent to a broadcast address".to_owned() };
        }
        let port = match self.share.take() {
            Some(share) => Port::Shared(SharedPort::new(share.port, share.peer, share.inbox, &own)),
            None => Port::Own(own),
        };
        self.serve(port, to_all).await
    }

    async fn serve(&mut self, mut port: Port, to_all: bool) -> Outcome {
        let open = open(&*self.report.handler, &self.report.request, &self.cache);
        let answer = tokio::select! {
            outcome = &mut self.cancel => return outcome.unwrap_or(Outcome::Cancelled),
            answer = tokio::time::timeout(self.config.handler_timeout, open) => answer,
        };
        let answer =
            answer.unwrap_or_else(|_| Err(Error::new(ErrorCode::NOT_DEFINED, "the file is not available now")));
        self.answered.store(true, Ordering::Relaxed);
        let (mode, mut reader) = match answer {
            Ok(opened) => opened,
            // Another server may have it.
            Err(error) if to_all => return Outcome::Failed { reason: error.to_string() },
            Err(error) => return refuse(&mut port, error).await,
        };
        let request = &self.report.request;
        let limits = self.config.limits_for(request.peer, port.mtu());
        let agreed = negotiate(request.options(), &limits, reader.wire_size(mode));
        let mut machine = Machine::serve_read(now(), &agreed, mode, Some(reader.size()), self.config.timing);
        let mut out = Vec::new();
        let mut received = [0; RECEIVE_BUFFER];
        let mut alarm = pin!(tokio::time::sleep_until(now().into()));
        loop {
            while let Some(range) = machine.poll_want()
                && let Some(piece) = reader.start(&range)
            {
                machine.handle_data(piece);
            }
            if let Err(ended) = flush(&mut machine, &mut port, &mut out).await {
                return ended;
            }
            if let Some(outcome) = machine.outcome() {
                return outcome;
            }
            let Some(deadline) = machine.poll_timeout() else { continue };
            // Each ACK moves the deadline. Waking once too early is cheaper than setting the alarm for each of them.
            if alarm.is_elapsed() || alarm.deadline() > deadline.into() {
                alarm.as_mut().reset(deadline.into());
            }
            tokio::select! {
                length = port.recv(&mut received) => {
                    if let Err(ended) = take(&mut machine, length, &received) {
                        return ended;
                    }
                }
                piece = reader.ready() => match piece {
                    Ok(piece) => machine.handle_data(piece),
                    Err(_) => machine.fail(ErrorCode::NOT_DEFINED, "the file cannot be read"),
                },
                () = &mut alarm => machine.handle_timeout(now()),
                outcome = &mut self.cancel => {
                    let outcome = outcome.unwrap_or(Outcome::Cancelled);
                    return cancelled(machine, port, outcome).await;
                }
            }
        }
    }
}

/// Checks what can be refused without the handler, then asks it.
async fn open(handler: &dyn Handler, request: &Request, cache: &Arc<Cache>) -> Result<(Mode, Reader), Error> {
    if request.write {
        return Err(Error::new(ErrorCode::ACCESS_VIOLATION, "writing is not allowed"));
    }
    let mode = match request.mode {
        Some(mode @ (Mode::Octet | Mode::Netascii)) => mode,
        Some(Mode::Mail) => return Err(Error::illegal_operation("mail mode is not supported")),
        None => return Err(Error::illegal_operation("unknown transfer mode")),
    };
    let source = handler.read(request).await?;
    Ok((mode, Reader::new(source, cache)))
}

async fn refuse(port: &mut Port, error: Error) -> Outcome {
    let packet = Packet::Error { code: error.code, message: error.message.as_bytes() }.to_vec();
    // A lost ERROR is not sent again: the client repeats its request and is refused anew.
    let _ = port.send(&packet, packet.len()).await;
    Outcome::Refused { code: error.code, message: error.message.into_owned() }
}

/// Sends all that waits to be sent.
async fn flush(machine: &mut Machine, port: &mut Port, out: &mut Vec<u8>) -> Result<(), Outcome> {
    while let Some(segment) = machine.poll_transmit(out) {
        port.send(out, segment).await.map_err(|_| Outcome::Unreachable)?;
    }
    Ok(())
}

/// Hands a received datagram to the machine.
fn take(machine: &mut Machine, length: io::Result<usize>, received: &[u8]) -> Result<(), Outcome> {
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
async fn cancelled(mut machine: Machine, mut port: Port, outcome: Outcome) -> Outcome {
    let mut received = [0; RECEIVE_BUFFER];
    while machine.outcome().is_none()
        && let Some(length) = port.try_recv(&mut received)
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
        let _ = flush(&mut machine, &mut port, &mut Vec::new()).await;
    }
    outcome
}

#[expect(clippy::disallowed_methods, reason = "the driver is where the clock is read")]
pub(super) fn now() -> Instant {
    Instant::now()
}
