//! One transfer: a task, a port, a state machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::config::Config;
use super::handler::{Error, Handler, Request};
use crate::drive::{
    BusyPoll, Cache, Drive, FileEnd, INBOX, OwnPort, Port, Reader, RequestPort, SharedPort, Until, now,
};
use crate::error_code::ErrorCode;
use crate::negotiate::{Limits, negotiate, negotiate_write};
use crate::outcome::Outcome;
use crate::packet::{Mode, Packet};
use crate::transfer::Transfer;

/// The largest window of an upload. With what is sent again it fits the inbox of a transfer without a port of its own,
/// and what Linux gives a socket for its buffer.
const MAX_UPLOAD_WINDOW: u16 = INBOX / 2;
/// And in bytes.
const MAX_UPLOAD_BYTES: u32 = 64 << 10;

/// All that the task of a transfer owns.
pub(super) struct Task {
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

impl Task {
    pub(super) async fn run(mut self, busy_poll: BusyPoll) {
        let Request { local, peer, .. } = self.report.request;
        self.report.outcome = match OwnPort::connect(local, peer) {
            Ok(own) => self.answer(own.with_busy_poll(busy_poll)).await,
            Err(error) => Outcome::Failed { reason: format!("no socket for the transfer: {error}") },
        };
    }

    async fn answer(&mut self, own: OwnPort) -> Outcome {
        let to_all = own.asked_by_broadcast();
        if to_all && (self.report.request.write || !self.config.broadcast) {
            return Outcome::Failed { reason: "the request was sent to a broadcast address".to_owned() };
        }
        let mut limits = self.config.limits_for(self.report.request.peer, own.mtu());
        if self.report.request.write {
            limits.window_size = limits.window_size.min(MAX_UPLOAD_WINDOW);
            limits.window_bytes = limits.window_bytes.min(MAX_UPLOAD_BYTES);
        }
        let mut port = match self.share.take() {
            Some(share) => Port::Shared(SharedPort::new(share.port, share.peer, share.inbox, &own)),
            None => Port::Own(own),
        };
        let open = open(&*self.report.handler, &self.report.request, &limits, &self.config, &self.cache);
        let answer = tokio::select! {
            outcome = &mut self.cancel => return outcome.unwrap_or(Outcome::Cancelled),
            answer = tokio::time::timeout(self.config.handler_timeout, open) => answer,
        };
        let answer =
            answer.unwrap_or_else(|_| Err(Error::new(ErrorCode::NOT_DEFINED, "the file is not available now")));
        self.answered.store(true, Ordering::Relaxed);
        let (transfer, file) = match answer {
            Ok(opened) => opened,
            // Another server may have it.
            Err(error) if to_all => return Outcome::Failed { reason: error.to_string() },
            Err(error) => return refuse(&mut port, error).await,
        };
        let cancel = async { (&mut self.cancel).await.unwrap_or(Outcome::Cancelled) };
        let mut drive = Drive::new(transfer, port, file, self.config.handler_timeout, |_| {});
        drive.run(Until::Ended, cancel).await.unwrap_or(Outcome::Cancelled)
    }
}

/// Checks what can be refused without the handler, then asks it.
async fn open(
    handler: &dyn Handler,
    request: &Request,
    limits: &Limits,
    config: &Config,
    cache: &Arc<Cache>,
) -> Result<(Transfer, FileEnd<'static>), Error> {
    let mode = match request.mode {
        Some(mode @ (Mode::Octet | Mode::Netascii)) => mode,
        Some(Mode::Mail) => return Err(Error::illegal_operation("mail mode is not supported")),
        None => return Err(Error::illegal_operation("unknown transfer mode")),
    };
    if request.write {
        let sink = handler.write(request).await?;
        let agreed = negotiate_write(request.options(), limits);
        return Ok((Transfer::serve_write(now(), &agreed, mode, config.timing), FileEnd::Sink(sink)));
    }
    let mut reader = Reader::new(handler.read(request).await?, cache);
    let agreed = negotiate(request.options(), limits, reader.wire_size(mode).await);
    let transfer = Transfer::serve_read(now(), &agreed, mode, reader.size(), config.timing);
    Ok((transfer, FileEnd::Source(reader)))
}

async fn refuse(port: &mut Port, error: Error) -> Outcome {
    let packet = Packet::Error { code: error.code, message: error.message.as_bytes() }.to_vec();
    // A lost ERROR is not sent again: the client repeats its request and is refused anew.
    let _ = port.send(&packet, packet.len()).await;
    Outcome::Refused { code: error.code, message: error.message.into_owned() }
}
