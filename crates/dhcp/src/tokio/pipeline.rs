//! [`Pipeline`]: what happens to a datagram between its arrival and its answer.
//!
//! ```text
//!                          no changes
//!              ┌────────────────────────────────────────────┐
//!   handle ────┤                                            ├──▶ ready ──▶ flush
//!              └──▶ gathered ──────────▶ writing ───────────┘
//!        changes            begin_commit          finish_commit
//! ```
//!
//! One batch is being written while the next one is gathered, so that batches grow with the load and with the time that
//! a commit takes.

use std::{collections::VecDeque, io, net::Ipv4Addr, ops::Range};

use super::service::{Commit, Observation, Service};
use crate::{
    MessageRef,
    server::{Decision, Destination, LeaseChange, Probe, ProbeAnswer, Receipt, Reply, Server, Timestamp},
};

/// Requests that may wait for the next commit. More than these wait in the socket.
const MAX_GATHERED: usize = 4096;

/// A datagram as it was received.
pub(super) struct Datagram<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) receipt: Receipt,
}

/// Where replies leave: the socket, or a list in the tests.
pub(super) trait Transmit {
    /// Sends messages in their order; one result for each.
    async fn transmit(&mut self, messages: &[(Destination, &[u8])]) -> Vec<io::Result<()>>;
}

/// The server between its socket and its service.
pub(super) struct Pipeline<S> {
    server: Server,
    service: S,
    gathered: Batch,
    writing: Option<(Commit, Batch)>,
    ready: Vec<Held>,
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
            probing: VecDeque::new(),
            probes: Vec::new(),
        }
    }

    /// Decides about a datagram.
    pub(super) fn handle(&mut self, now: Timestamp, Datagram { bytes, receipt }: Datagram<'_>) {
        match MessageRef::parse(bytes) {
            Ok(request) => {
                let decision = self.server.handle(now, &request, receipt);
                self.sort(bytes.to_vec(), receipt, decision);
            }
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

    /// Sends what may leave.
    pub(super) async fn flush(&mut self, out: &mut impl Transmit) {
        let mut bytes = Vec::new();
        let mut replies = Vec::with_capacity(self.ready.len());
        for Held { request, receipt, decision } in std::mem::take(&mut self.ready) {
            let start = bytes.len();
            if let Some(reply) = self.compose(&request, receipt, decision, &mut bytes) {
                replies.push((request, receipt, reply, start..bytes.len()));
            }
        }
        if replies.is_empty() {
            return;
        }
        let message = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
        let messages: Vec<_> = replies.iter().map(|(_, _, reply, range)| (reply.destination, message(range))).collect();
        let results = out.transmit(&messages).await;
        for ((request, Receipt { source, .. }, reply, _), result) in replies.iter().zip(results) {
            // It was parsed before.
            let Ok(request) = &MessageRef::parse(request) else { continue };
            self.service.observe(match &result {
                Ok(()) => Observation::Replied { request, source: *source, reply },
                Err(error) => Observation::SendFailed { request, source: *source, reply, error },
            });
        }
    }

    /// Appends the reply to `bytes`, if there is one and it fits.
    fn compose(&mut self, request: &[u8], receipt: Receipt, decision: Decision, bytes: &mut Vec<u8>) -> Option<Reply> {
        let request = &MessageRef::parse(request).ok()?;
        let source = receipt.source;
        let mut reply = match decision.committed() {
            Ok(reply) => reply,
            Err(reason) => {
                self.service.observe(Observation::Silent { request, source, reason });
                return None;
            }
        };
        self.service.customize(request, &mut reply);
        match reply.message.emit(&reply.policy, bytes) {
            Ok(()) => Some(reply),
            Err(error) => {
                self.service.observe(Observation::EmitFailed { request, source, reply: &reply, error });
                None
            }
        }
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
