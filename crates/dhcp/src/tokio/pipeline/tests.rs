use std::sync::mpsc::Sender;

use super::*;
use crate::{
    EmitPolicy, HardwareAddress, Message, MessageType, OptionCode,
    server::{Config, Subnet},
};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// Clients that the service takes from the server.
const IGNORED: u8 = 8;
const PROXIED: u8 = 9;

/// Tells what happened, in order: commits, sendings, observations.
struct Recorder {
    log: Sender<String>,
    fail: bool,
    file: usize,
    delay: Duration,
}

impl Service for Recorder {
    fn commit(&mut self, changes: &[LeaseChange]) -> Commit {
        let addresses: Vec<String> = changes.iter().map(|change| change.lease.address.to_string()).collect();
        self.log.send(format!("commit {}", addresses.join(","))).unwrap();
        let outcome = if self.fail { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) };
        Box::pin(std::future::ready(outcome))
    }

    fn screen(&mut self, request: &MessageRef<'_>, _receipt: Receipt) -> Verdict {
        match request.hardware_address().mac() {
            Some([.., IGNORED]) => Verdict::Ignore,
            Some([.., PROXIED]) => {
                let mut answer = Message::reply_to(request);
                answer.push(OptionCode::MESSAGE_TYPE, &[MessageType::OFFER.0]);
                let mut datagram = Vec::new();
                answer.emit(&EmitPolicy::default(), &mut datagram).unwrap();
                Verdict::Answer { datagram, to: "255.255.255.255:68".parse().unwrap(), delay: self.delay }
            }
            _ => Verdict::Serve,
        }
    }

    fn customize(&mut self, _request: &MessageRef<'_>, _receipt: Receipt, reply: &mut Reply) {
        reply.delay = self.delay;
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
            Observation::AnswerFailed { .. } => "answer failed".to_owned(),
            Observation::CommitFailed { .. } => "commit failed".to_owned(),
            Observation::ProbeFailed { .. } => "probe failed".to_owned(),
        };
        self.log.send(text).unwrap();
    }
}

struct Wire(Sender<String>);

impl Transmit for Wire {
    async fn transmit(&mut self, messages: &[Outgoing<'_>]) -> Vec<io::Result<()>> {
        let send = |message: &Outgoing<'_>| {
            assert_eq!(message.via, SERVER);
            let reply = MessageRef::parse(message.bytes).unwrap();
            self.0.send(format!("send {} {}", reply.message_type().unwrap(), reply.yiaddr())).unwrap();
            if reply.yiaddr().octets()[3] == 19 { Err(io::ErrorKind::HostUnreachable.into()) } else { Ok(()) }
        };
        messages.iter().map(send).collect()
    }
}

/// A pipeline, step by step.
struct Bench {
    pipeline: Pipeline<Recorder>,
    wire: Wire,
    heard: std::sync::mpsc::Receiver<String>,
    runtime: ::tokio::runtime::Runtime,
    begun: Instant,
}

impl Bench {
    fn new(fail: bool, file: usize) -> Self {
        Self::with(fail, file, None)
    }

    fn with(fail: bool, file: usize, probing: Option<crate::server::Probing>) -> Self {
        let mut subnet = Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 24);
        subnet.pools = vec![Ipv4Addr::new(10, 0, 0, 10)..=Ipv4Addr::new(10, 0, 0, 19)];
        let mut config = Config::new(SERVER, vec![subnet]);
        config.probing = probing;
        let server = Server::new(config).unwrap();
        let (log, heard) = std::sync::mpsc::channel();
        let pipeline = Pipeline::new(server, Recorder { log: log.clone(), fail, file, delay: Duration::ZERO });
        let runtime = ::tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { pipeline, wire: Wire(log), heard, runtime, begun: super::super::instant() }
    }

    fn handle(&mut self, bytes: &[u8]) {
        let receipt = Receipt::new("0.0.0.0:68".parse().unwrap(), SERVER);
        self.pipeline.handle(Timestamp(1), Datagram { bytes, receipt });
    }

    fn flush(&mut self) {
        self.flush_after(Duration::ZERO);
    }

    fn flush_after(&mut self, time: Duration) {
        self.runtime.block_on(self.pipeline.flush(self.begun + time, &mut self.wire));
    }

    fn begins_commit(&mut self) -> bool {
        self.pipeline.begin_commit();
        self.pipeline.is_writing()
    }

    fn finish(&mut self) {
        let outcome = self.runtime.block_on(self.pipeline.committed());
        self.pipeline.finish_commit(outcome);
    }

    #[track_caller]
    fn expect(&mut self, expect: &[&str]) {
        assert_eq!(self.heard.try_iter().collect::<Vec<_>>(), expect);
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

/// RFC 2131 §3.1, step 4: "the server [...] commits the binding for the client to persistent storage and responds with
/// a DHCPACK message".
#[test]
fn acknowledgements_wait_for_their_commit_and_nothing_else_does() {
    let mut bench = Bench::new(false, 10);
    bench.handle(&datagram(1, MessageType::DISCOVER, 11));
    bench.handle(&datagram(2, MessageType::REQUEST, 12));
    bench.handle(&[0; 20]);
    bench.handle(&datagram(3, MessageType::REQUEST, 13));
    bench.handle(&datagram(4, MessageType::RELEASE, 0));
    bench.flush();
    bench.expect(&[
        "malformed: datagram of 20 bytes is shorter than the fixed header of 236 bytes",
        "silent no-address",
        "send OFFER 10.0.0.11",
        "replied 10.0.0.11",
    ]);
    assert!(bench.begins_commit());
    bench.flush();
    bench.expect(&["commit 10.0.0.12,10.0.0.13"]);
    bench.finish();
    bench.flush();
    bench.expect(&["send ACK 10.0.0.12", "send ACK 10.0.0.13", "replied 10.0.0.12", "replied 10.0.0.13"]);
    assert!(!bench.begins_commit());
}

#[test]
fn what_comes_during_a_commit_shares_the_next_one() {
    let mut bench = Bench::new(false, 0);
    bench.handle(&datagram(1, MessageType::REQUEST, 11));
    assert!(bench.begins_commit());
    bench.handle(&datagram(2, MessageType::REQUEST, 12));
    assert!(bench.begins_commit());
    bench.handle(&datagram(3, MessageType::REQUEST, 13));
    bench.flush();
    bench.expect(&["commit 10.0.0.11"]);
    bench.finish();
    // The disk is busy again before the first reply is sent.
    assert!(bench.begins_commit());
    bench.flush();
    bench.expect(&["commit 10.0.0.12,10.0.0.13", "send ACK 10.0.0.11", "replied 10.0.0.11"]);
}

#[test]
fn a_failed_commit_holds_back_what_rests_on_it() {
    let mut bench = Bench::new(true, 10);
    bench.handle(&datagram(1, MessageType::DISCOVER, 11));
    bench.handle(&datagram(2, MessageType::REQUEST, 12));
    bench.handle(&datagram(3, MessageType::REQUEST, 13));
    assert!(bench.begins_commit());
    bench.finish();
    bench.flush();
    bench.expect(&[
        "commit 10.0.0.12,10.0.0.13",
        "commit failed",
        "withheld",
        "withheld",
        "send OFFER 10.0.0.11",
        "replied 10.0.0.11",
    ]);
    // The client asks again, and the lease is written again.
    bench.pipeline.service.fail = false;
    bench.handle(&datagram(2, MessageType::REQUEST, 12));
    assert!(bench.begins_commit());
    bench.finish();
    bench.flush();
    bench.expect(&["commit 10.0.0.12", "send ACK 10.0.0.12", "replied 10.0.0.12"]);
}

#[test]
fn each_message_has_its_own_result() {
    let mut bench = Bench::new(false, 0);
    bench.handle(&datagram(1, MessageType::DISCOVER, 19));
    bench.handle(&datagram(2, MessageType::DISCOVER, 12));
    bench.flush();
    bench.expect(&["send OFFER 10.0.0.19", "send OFFER 10.0.0.12", "send failed", "replied 10.0.0.12"]);
}

#[test]
fn the_service_has_the_first_word() {
    let mut bench = Bench::new(false, 0);
    bench.handle(&datagram(IGNORED, MessageType::REQUEST, 11));
    bench.handle(&datagram(PROXIED, MessageType::REQUEST, 12));
    bench.handle(&datagram(1, MessageType::DISCOVER, 13));
    bench.flush();
    bench.expect(&["send OFFER 0.0.0.0", "send OFFER 10.0.0.13", "replied 10.0.0.13"]);
    assert!(!bench.begins_commit(), "nobody was given an address");
}

#[test]
fn what_is_held_back_leaves_at_its_time() {
    let ms = Duration::from_millis;
    let mut bench = Bench::new(false, 0);
    bench.pipeline.service.delay = ms(300);
    bench.handle(&datagram(1, MessageType::DISCOVER, 11));
    bench.handle(&datagram(PROXIED, MessageType::DISCOVER, 12));
    bench.flush();
    assert_eq!(bench.pipeline.poll_delayed(), Some(bench.begun + ms(300)));
    bench.pipeline.service.delay = ms(100);
    bench.handle(&datagram(2, MessageType::DISCOVER, 12));
    bench.flush_after(ms(10));
    assert_eq!(bench.pipeline.poll_delayed(), Some(bench.begun + ms(110)));
    bench.flush_after(ms(109));
    bench.expect(&[]);
    bench.flush_after(ms(110));
    bench.expect(&["send OFFER 10.0.0.12", "replied 10.0.0.12"]);
    bench.flush_after(ms(300));
    bench.expect(&["send OFFER 0.0.0.0", "send OFFER 10.0.0.11", "replied 10.0.0.11"]);
    assert_eq!(bench.pipeline.poll_delayed(), None);
}

#[test]
fn a_flood_of_what_is_held_back_is_held_back_no_longer() {
    let mut bench = Bench::new(false, 0);
    bench.pipeline.service.delay = Duration::from_secs(2);
    for _ in 0..=MAX_DELAYED {
        bench.handle(&datagram(PROXIED, MessageType::DISCOVER, 11));
    }
    bench.flush();
    bench.expect(&["send OFFER 0.0.0.0"]);
}

#[test]
fn a_reply_that_does_not_fit_is_reported() {
    let mut bench = Bench::new(false, 400);
    bench.handle(&datagram(1, MessageType::DISCOVER, 11));
    bench.flush();
    bench.expect(&["emit failed"]);
}

#[test]
fn a_flood_waits_in_the_socket() {
    let mut bench = Bench::new(false, 0);
    let request = datagram(1, MessageType::REQUEST, 11);
    for _ in 0..MAX_GATHERED {
        assert!(bench.pipeline.has_room());
        bench.handle(&request);
    }
    assert!(!bench.pipeline.has_room());
    assert!(bench.begins_commit());
    assert!(bench.pipeline.has_room());
}

#[test]
fn a_lease_that_runs_out_is_written() {
    let mut bench = Bench::new(false, 0);
    bench.handle(&datagram(1, MessageType::REQUEST, 11));
    assert!(bench.begins_commit());
    bench.finish();
    let end = bench.pipeline.poll_timeout().unwrap();
    bench.pipeline.handle_timeout(end);
    assert!(bench.begins_commit());
    bench.expect(&["commit 10.0.0.11", "commit 10.0.0.11"]);
}

/// RFC 2131 §2.2: "the allocating server SHOULD probe the reused address before allocating the address, e.g., with an ICMP
/// echo request".
#[test]
fn an_offer_waits_for_its_probe() {
    let mut bench = Bench::with(false, 0, Some(crate::server::Probing::default()));
    bench.handle(&datagram(1, MessageType::DISCOVER, 11));
    bench.handle(&datagram(2, MessageType::DISCOVER, 12));
    bench.flush();
    bench.expect(&["silent probing", "silent probing"]);
    let asked: Vec<_> = std::iter::from_fn(|| bench.pipeline.poll_probe()).map(|address| address.octets()[3]).collect();
    assert_eq!(asked, [12, 11]);

    // Somebody answers for the first, and another address is looked for; a stranger's answer is none of ours.
    bench.pipeline.handle_presence(Timestamp(1), [10, 0, 0, 77].into());
    bench.pipeline.handle_presence(Timestamp(1), [10, 0, 0, 11].into());
    let other = bench.pipeline.poll_probe().unwrap();
    assert!(bench.begins_commit(), "the quarantine is stored");
    bench.finish();
    bench.flush();
    bench.expect(&["commit 10.0.0.11", "silent probing"]);

    // Nobody answers for the others.
    let deadline = bench.pipeline.poll_timeout().unwrap();
    bench.pipeline.handle_timeout(deadline);
    bench.flush();
    let mut heard: Vec<_> = bench.heard.try_iter().collect();
    heard.sort();
    let mut expect: Vec<_> = [Ipv4Addr::new(10, 0, 0, 12), other]
        .iter()
        .flat_map(|to| [format!("replied {to}"), format!("send OFFER {to}")])
        .collect();
    expect.sort();
    assert_eq!(heard, expect);
}

#[test]
fn a_probe_that_cannot_be_sent_is_reported_and_nothing_else() {
    let mut bench = Bench::with(false, 0, Some(crate::server::Probing::default()));
    bench.handle(&datagram(1, MessageType::DISCOVER, 11));
    let address = bench.pipeline.poll_probe().unwrap();
    bench.pipeline.handle_probe_failure(address, &io::ErrorKind::NetworkUnreachable.into());
    let deadline = bench.pipeline.poll_timeout().unwrap();
    bench.flush();
    bench.pipeline.handle_timeout(deadline);
    bench.flush();
    bench.expect(&["probe failed", "silent probing", "send OFFER 10.0.0.11", "replied 10.0.0.11"]);
}

/// A server runs the driver as a task.
#[test]
fn the_driver_can_be_spawned() {
    fn is_send<T: Send>(_: fn(super::super::Socket, Server, Recorder) -> T) {}
    is_send(|socket, server, service| super::super::drive(socket, server, service, std::future::ready(())));
}
