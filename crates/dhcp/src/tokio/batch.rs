//! Answering a batch of datagrams with one commit.

use std::io;

use super::service::{Observation, Service};
use crate::{
    MessageRef,
    server::{Decision, Destination, LeaseChange, Receipt, Reply, Server, Timestamp},
};

/// A datagram as it was received.
pub(super) struct Datagram<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) receipt: Receipt,
}

/// Where replies leave: the socket, or a list in the tests.
pub(super) trait Transmit {
    async fn transmit(&mut self, destination: Destination, message: &[u8]) -> io::Result<()>;
}

struct Pending<'a> {
    request: MessageRef<'a>,
    receipt: Receipt,
    decision: Decision,
}

/// Decides about every datagram, commits all changes at once, then sends what may leave.
pub(super) async fn answer<'a>(
    now: Timestamp,
    datagrams: impl Iterator<Item = Datagram<'a>>,
    server: &mut Server,
    service: &mut impl Service,
    out: &mut impl Transmit,
) {
    let mut batch = Vec::new();
    for Datagram { bytes, receipt } in datagrams {
        match MessageRef::parse(bytes) {
            Ok(request) => {
                let decision = server.handle(now, &request, receipt);
                batch.push(Pending { request, receipt, decision });
            }
            Err(error) => service.observe(Observation::Malformed { bytes, source: receipt.source, error }),
        }
    }

    let changes: Vec<LeaseChange> = batch.iter().flat_map(|pending| pending.decision.changes()).cloned().collect();
    let mut committed = true;
    if !changes.is_empty()
        && let Err(error) = service.commit(&changes).await
    {
        committed = false;
        service.observe(Observation::CommitFailed { error: &error, changes: &changes });
    }

    let mut bytes = Vec::with_capacity(600);
    for Pending { request, receipt, decision } in batch {
        let source = receipt.source;
        if !committed && !decision.changes().is_empty() {
            service.observe(Observation::Withheld { request: &request, source });
            continue;
        }
        match decision.committed() {
            Ok(reply) => send(&request, receipt, reply, service, out, &mut bytes).await,
            Err(reason) => service.observe(Observation::Silent { request: &request, source, reason }),
        }
    }
}

async fn send(
    request: &MessageRef<'_>,
    Receipt { source, .. }: Receipt,
    mut reply: Reply,
    service: &mut impl Service,
    out: &mut impl Transmit,
    bytes: &mut Vec<u8>,
) {
    service.customize(request, &mut reply);
    bytes.clear();
    if let Err(error) = reply.message.emit(&reply.policy, bytes) {
        service.observe(Observation::EmitFailed { request, source, reply: &reply, error });
        return;
    }
    match out.transmit(reply.destination, bytes).await {
        Ok(()) => service.observe(Observation::Replied { request, source, reply: &reply }),
        Err(error) => service.observe(Observation::SendFailed { request, source, reply: &reply, error: &error }),
    }
}
