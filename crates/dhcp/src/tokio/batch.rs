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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use async_trait::async_trait;

    use super::*;
    use crate::{
        EmitPolicy, HardwareAddress, Message, MessageType, OptionCode,
        server::{Config, Subnet},
    };

    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    /// Tells what happened, in order: commits, sendings, observations.
    struct Recorder {
        log: std::sync::mpsc::Sender<String>,
        fail: bool,
        file: usize,
    }

    #[async_trait]
    impl Service for Recorder {
        async fn commit(&mut self, changes: &[LeaseChange]) -> io::Result<()> {
            let addresses: Vec<String> = changes.iter().map(|change| change.lease.address.to_string()).collect();
            self.log.send(format!("commit {}", addresses.join(","))).unwrap();
            if self.fail { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }

        fn customize(&mut self, _request: &MessageRef<'_>, reply: &mut Reply) {
            reply.message.push(OptionCode::BOOT_FILE_NAME, &vec![b'x'; self.file]);
        }

        fn observe(&mut self, event: Observation<'_>) {
            let text = match event {
                Observation::Replied { reply, .. } => format!("replied {}", reply.message.yiaddr),
                Observation::Silent { reason, .. } => format!("silent {}", reason.code()),
                Observation::Malformed { error, .. } => format!("malformed: {error}"),
                Observation::Withheld { .. } => "withheld".to_owned(),
                Observation::EmitFailed { .. } => "emit failed".to_owned(),
                Observation::SendFailed { .. } => "send failed".to_owned(),
                Observation::CommitFailed { .. } => "commit failed".to_owned(),
            };
            self.log.send(text).unwrap();
        }
    }

    struct Wire(std::sync::mpsc::Sender<String>);

    impl Transmit for Wire {
        async fn transmit(&mut self, _destination: Destination, message: &[u8]) -> io::Result<()> {
            let reply = MessageRef::parse(message).unwrap();
            self.0.send(format!("send {} {}", reply.message_type().unwrap(), reply.yiaddr())).unwrap();
            Ok(())
        }
    }

    fn datagram(client: u8, kind: MessageType, requested: u8) -> Vec<u8> {
        let mut message = Message::request(HardwareAddress::ethernet([2, 0, 0, 0, 0, client]), 1);
        message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
        message.push(OptionCode::REQUESTED_ADDRESS, &[10, 0, 0, requested]);
        if kind == MessageType::REQUEST {
            message.push(OptionCode::SERVER_IDENTIFIER, &SERVER.octets());
        }
        let mut bytes = Vec::new();
        message.emit(&EmitPolicy::default(), &mut bytes).unwrap();
        bytes
    }

    #[track_caller]
    fn check(fail: bool, file: usize, datagrams: &[Vec<u8>], expect: &[&str]) {
        let mut subnet = Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 24);
        subnet.pools = vec![Ipv4Addr::new(10, 0, 0, 10)..=Ipv4Addr::new(10, 0, 0, 19)];
        let mut server = Server::new(Config::new(SERVER, vec![subnet])).unwrap();
        let (log, heard) = std::sync::mpsc::channel();
        let mut service = Recorder { log: log.clone(), fail, file };
        let receipt = Receipt::new("0.0.0.0:68".parse().unwrap(), SERVER);
        let batch = datagrams.iter().map(|bytes| Datagram { bytes, receipt });
        let runtime = ::tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(answer(Timestamp(1), batch, &mut server, &mut service, &mut Wire(log)));
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), expect);
    }

    fn batch() -> Vec<Vec<u8>> {
        vec![
            datagram(1, MessageType::DISCOVER, 11),
            datagram(2, MessageType::REQUEST, 12),
            vec![0; 20],
            datagram(3, MessageType::REQUEST, 13),
            datagram(4, MessageType::RELEASE, 0),
        ]
    }

    #[test]
    fn one_commit_comes_before_every_reply() {
        check(
            false,
            10,
            &batch(),
            &[
                "malformed: datagram of 20 bytes is shorter than the fixed header of 236 bytes",
                "commit 10.0.0.12,10.0.0.13",
                "send OFFER 10.0.0.11",
                "replied 10.0.0.11",
                "send ACK 10.0.0.12",
                "replied 10.0.0.12",
                "send ACK 10.0.0.13",
                "replied 10.0.0.13",
                "silent no-address",
            ],
        );
    }

    #[test]
    fn a_failed_commit_holds_back_what_rests_on_it() {
        check(
            true,
            10,
            &batch(),
            &[
                "malformed: datagram of 20 bytes is shorter than the fixed header of 236 bytes",
                "commit 10.0.0.12,10.0.0.13",
                "commit failed",
                "send OFFER 10.0.0.11",
                "replied 10.0.0.11",
                "withheld",
                "withheld",
                "silent no-address",
            ],
        );
    }

    #[test]
    fn nothing_to_store_is_no_commit_and_too_much_is_not_sent() {
        check(false, 0, &[datagram(1, MessageType::DISCOVER, 11)], &["send OFFER 10.0.0.11", "replied 10.0.0.11"]);
        check(false, 400, &[datagram(1, MessageType::DISCOVER, 11)], &["emit failed"]);
    }

    /// A server runs the driver as a task.
    #[test]
    fn the_driver_can_be_spawned() {
        fn is_send<T: Send>(_: fn(super::super::Socket, Server, Recorder) -> T) {}
        is_send(|socket, server, service| super::super::drive(socket, server, service, std::future::ready(())));
    }
}
