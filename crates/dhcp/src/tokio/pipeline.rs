//! [`Pipeline`]: what happens to a datagram between its arrival and its answer.
//!
//! ```text
//!                          no changes
//!              ┌────────────────────────────────────────────┐
//!   handle ────┤                                            ├──▶ ready ──▶ flush ──▶ delayed
//!              └──▶ gathered ──────────▶ writing ───────────┘
//!        changes            begin_commit          finish_commit
//! ```
//!
//! One batch is being written while the next one is gathered, so that batches grow with the load and with the time that
//! a commit takes.

use std::{collections::VecDeque, io, net::Ipv4Addr, time::Duration};

use ::tokio::time::Instant;

use super::service::{Commit, Observation, Service, Verdict};
use crate::{
    MessageRef,
    server::{Decision, Destination, LeaseChange, Probe, ProbeAnswer, Receipt, Reply, Server, Timestamp},
};

/// Requests that may wait for the next commit. More than these wait in the socket.
const MAX_GATHERED: usize = 4096;
/// Replies that are held back at a time. More than these leave at once, which most machines can live with.
const MAX_DELAYED: usize = 1024;
/// Buffers of replies that have left which are kept for the next ones.
const MAX_SPARE: usize = 64;

/// A datagram as it was received.
pub(super) struct Datagram<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) receipt: Receipt,
}

/// A message to be sent.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    /// The interface that the request came in by.
    pub(super) via: Ipv4Addr,
    /// The address that the request was sent to, if it is known.
    pub(super) asked: Option<Ipv4Addr>,
    pub(super) destination: Destination,
    pub(super) bytes: &'a [u8],
}

/// Where replies leave: the socket, or a list in the tests.
pub(super) trait Transmit {
    /// Sends messages, those of one interface in their order; one result for each.
    async fn transmit(&mut self, messages: &[Outgoing<'_>]) -> Vec<io::Result<()>>;
}

/// The server between its socket and its service.
pub(super) struct Pipeline<S> {
    server: Server,
    service: S,
    gathered: Batch,
    writing: Option<(Commit, Batch)>,
    ready: Vec<Held>,
    /// Answers of the service, and what has been held back for as long as it should be.
    parcels: Vec<Parcel>,
    delayed: Vec<(Instant, Parcel)>,
    /// Empty buffers.
    spare: Vec<Vec<u8>>,
    /// In the order of their deadlines.
    probing: VecDeque<Probing>,
    /// Probes that have not been sent yet.
    probes: Vec<Ipv4Addr>,
}

/// A request that was decided about.
struct Held {
    request: Vec<u8>,
    receipt: Receipt,
    decision: Decision,
}

/// What is to be sent.
struct Parcel {
    request: Vec<u8>,
    receipt: Receipt,
    destination: Destination,
    bytes: Vec<u8>,
    /// How long it is held back.
    delay: Duration,
    /// `None` if the service has answered instead of the server.
    reply: Option<Reply>,
}

impl Parcel {
    fn outgoing(&self) -> Outgoing<'_> {
        let Receipt { interface_address: via, destination: asked, .. } = self.receipt;
        Outgoing { via, asked, destination: self.destination, bytes: &self.bytes }
    }
}

/// What shares one commit.
#[derive(Default)]
struct Batch {
    changes: Vec<LeaseChange>,
    held: Vec<Held>,
}

/// A request that waits for what a probe finds out.
struct Probing {
    probe: Probe,
    request: Vec<u8>,
    receipt: Receipt,
}

impl<S: Service> Pipeline<S> {
    pub(super) fn new(server: Server, service: S) -> Self {
        Self {
            server,
            service,
            gathered: Batch::default(),
            writing: None,
            ready: Vec::new(),
            parcels: Vec::new(),
            delayed: Vec::new(),
            spare: Vec::new(),
            probing: VecDeque::new(),
            probes: Vec::new(),
        }
    }

    /// Decides about a datagram.
    pub(super) fn handle(&mut self, now: Timestamp, Datagram { bytes, receipt }: Datagram<'_>) {
        match MessageRef::parse(bytes) {
            Ok(request) => match self.service.screen(&request, receipt) {
                Verdict::Serve => {
                    let decision = self.server.handle(now, &request, receipt);
                    self.sort(bytes.to_vec(), receipt, decision);
                }
                Verdict::Ignore => {}
                Verdict::Answer { datagram, to, delay } => self.parcels.push(Parcel {
                    request: bytes.to_vec(),
                    receipt,
                    destination: Destination::Unicast(to),
                    bytes: datagram,
                    delay,
                    reply: None,
                }),
            },
            Err(error) => self.service.observe(Observation::Malformed { bytes, source: receipt.source, error }),
        }
    }

    /// Somebody uses this address.
    pub(super) fn handle_presence(&mut self, now: Timestamp, address: Ipv4Addr) {
        if let Some(at) = self.probing.iter().position(|probing| probing.probe.address == address) {
            self.conclude(now, at, ProbeAnswer::InUse);
        }
    }

    /// A probe could not be sent.
    pub(super) fn handle_probe_failure(&mut self, address: Ipv4Addr, error: &io::Error) {
        self.service.observe(Observation::ProbeFailed { address, error });
    }

    /// Ends what is over.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        while self.probing.front().is_some_and(|probing| probing.probe.deadline <= now) {
            self.conclude(now, 0, ProbeAnswer::Silent);
        }
        self.gathered.changes.extend(self.server.handle_timeout(now));
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let probing = self.probing.front().map(|probing| probing.probe.deadline);
        probing.into_iter().chain(self.server.poll_timeout()).min()
    }

    /// An address to be looked for on the link.
    pub(super) fn poll_probe(&mut self) -> Option<Ipv4Addr> {
        self.probes.pop()
    }

    /// Whether another datagram may be handled before a commit ends.
    pub(super) fn has_room(&self) -> bool {
        self.gathered.held.len() < MAX_GATHERED
    }

    /// Whether something is to be written and nothing is being written.
    pub(super) const fn wants_commit(&self) -> bool {
        self.writing.is_none() && !self.gathered.changes.is_empty()
    }

    /// Begins to write what is gathered, unless something is being written.
    pub(super) fn begin_commit(&mut self) {
        if self.wants_commit() {
            let batch = std::mem::take(&mut self.gathered);
            self.writing = Some((self.service.commit(&batch.changes), batch));
        }
    }

    /// Whether something is being written.
    pub(super) const fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Waits for the commit; for ever, if there is none. May be dropped and called again.
    pub(super) async fn committed(&mut self) -> io::Result<()> {
        match &mut self.writing {
            Some((commit, _)) => commit.await,
            None => std::future::pending().await,
        }
    }

    /// The commit has ended like this.
    pub(super) fn finish_commit(&mut self, outcome: io::Result<()>) {
        let Some((_, Batch { changes, mut held })) = self.writing.take() else { return };
        match outcome {
            Ok(()) => self.ready.append(&mut held),
            Err(error) => {
                self.service.observe(Observation::CommitFailed { error: &error, changes: &changes });
                for Held { request, receipt, .. } in held {
                    if let Ok(request) = MessageRef::parse(&request) {
                        self.service.observe(Observation::Withheld { request: &request, source: receipt.source });
                    }
                }
            }
        }
    }

    /// When something that is held back may leave.
    pub(super) fn poll_delayed(&self) -> Option<Instant> {
        self.delayed.iter().map(|(due, _)| *due).min()
    }

    /// Sends what may leave.
    pub(super) async fn flush(&mut self, now: Instant, out: &mut impl Transmit) {
        for Held { request, receipt, decision } in std::mem::take(&mut self.ready) {
            if let Some(parcel) = self.compose(request, receipt, decision) {
                self.parcels.push(parcel);
            }
        }
        let parcels = self.leaving(now);
        if parcels.is_empty() {
            return;
        }
        let messages: Vec<_> = parcels.iter().map(Parcel::outgoing).collect();
        let results = out.transmit(&messages).await;
        for (Parcel { request, receipt: Receipt { source, .. }, reply, .. }, result) in parcels.iter().zip(results) {
            // It was parsed before.
            let Ok(request) = &MessageRef::parse(request) else { continue };
            let source = *source;
            self.service.observe(match (&result, reply) {
                (Ok(()), Some(reply)) => Observation::Replied { request, source, reply },
                (Ok(()), None) => continue,
                (Err(error), Some(reply)) => Observation::SendFailed { request, source, reply, error },
                (Err(error), None) => Observation::AnswerFailed { request, source, error },
            });
        }
        let room = MAX_SPARE.saturating_sub(self.spare.len());
        self.spare.extend(parcels.into_iter().take(room).map(|parcel| {
            let mut bytes = parcel.bytes;
            bytes.clear();
            bytes
        }));
    }

    /// What has been held back long enough, and what is not held back at all.
    fn leaving(&mut self, now: Instant) -> Vec<Parcel> {
        let mut leaving: Vec<_> =
            self.delayed.extract_if(.., |(due, _)| *due <= now).map(|(_, parcel)| parcel).collect();
        for parcel in std::mem::take(&mut self.parcels) {
            if parcel.delay.is_zero() || self.delayed.len() >= MAX_DELAYED {
                leaving.push(parcel);
            } else {
                self.delayed.push((now + parcel.delay, parcel));
            }
        }
        leaving
    }

    /// The reply, if there is one and it fits.
    fn compose(&mut self, datagram: Vec<u8>, receipt: Receipt, decision: Decision) -> Option<Parcel> {
        let request = &MessageRef::parse(&datagram).ok()?;
        let source = receipt.source;
        let mut reply = match decision.committed() {
            Ok(reply) => reply,
            Err(reason) => {
                self.service.observe(Observation::Silent { request, source, reason });
                return None;
            }
        };
        self.service.customize(request, receipt, &mut reply);
        let mut bytes = self.spare.pop().unwrap_or_default();
        if let Err(error) = reply.message.emit(&reply.policy, &mut bytes) {
            self.service.observe(Observation::EmitFailed { request, source, reply: &reply, error });
            return None;
        }
        let (destination, delay) = (reply.destination, reply.delay);
        Some(Parcel { request: datagram, receipt, destination, bytes, delay, reply: Some(reply) })
    }

    /// Puts a decision where it has to wait.
    fn sort(&mut self, request: Vec<u8>, receipt: Receipt, mut decision: Decision) {
        if let Some(probe) = decision.probe() {
            self.probes.push(probe.address);
            self.probing.push_back(Probing { probe, request: request.clone(), receipt });
        }
        let queue = if decision.changes().is_empty() { &mut self.ready } else { &mut self.gathered.held };
        self.gathered.changes.append(&mut decision.take_changes());
        queue.push(Held { request, receipt, decision });
    }

    /// Tells the server what a probe has found out.
    fn conclude(&mut self, now: Timestamp, at: usize, answer: ProbeAnswer) {
        if let Some(Probing { probe, request, receipt }) = self.probing.remove(at) {
            let decision = self.server.handle_probe(now, probe.address, answer);
            self.sort(request, receipt, decision);
        }
    }
}

#[cfg(test)]
mod tests;
