//! The tokio server over loopback, spoken to with plain sockets. Nothing leaves this machine.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a client with sockets and tasks")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "server/limits.rs"]
mod limits;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use firstlight_tftp::{Config, Error, ErrorCode, Handler, Limits, Outcome, Packet, Request, Server, Source};
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Long enough for a busy machine; no test waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

const LARGE: &[u8] = b"\0\x01large\0octet\0windowsize\x0064\0blksize\x001468\0";

type Ended = Arc<Mutex<Vec<(String, Outcome)>>>;

/// Serves `small` and `large`; `slow` waits for `go`.
#[derive(Default)]
struct Files {
    go: Arc<Notify>,
    ended: Ended,
}

#[async_trait::async_trait]
impl Handler for Files {
    async fn read(&self, request: &Request) -> Result<Source, Error> {
        match request.name_str() {
            Some("small") => Ok(Source::Bytes("hello".into())),
            Some("large") => Ok(Source::Bytes(Bytes::from(vec![7; 1 << 20]))),
            Some("local") => Ok(Source::Bytes(request.local.to_string().into())),
            Some("slow") => {
                self.go.notified().await;
                Ok(Source::Bytes("at last".into()))
            }
            Some("secret") => Err(Error::access_violation()),
            _ => Err(Error::not_found()),
        }
    }

    fn done(&self, request: &Request, outcome: &Outcome) {
        let name = String::from_utf8_lossy(request.name()).into_owned();
        self.ended.lock().unwrap().push((name, outcome.clone()));
    }
}

struct Running {
    address: SocketAddr,
    ended: Ended,
    go: Arc<Notify>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(bind: &str, config: Config) -> Self {
        let files = Files::default();
        let (ended, go) = (Arc::clone(&files.ended), Arc::clone(&files.go));
        let server = Server::bind(bind.parse().unwrap()).unwrap().with_config(config);
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.serve(files, async move { drop(stopped.await) }));
        Self { address, ended, go, stop, task }
    }

    async fn ended(&self, count: usize) -> Vec<(String, Outcome)> {
        timeout(PATIENCE, async {
            loop {
                let ended = self.ended.lock().unwrap().clone();
                if ended.len() >= count {
                    return ended;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("as many outcomes as requests")
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }
}

struct Client(UdpSocket);

impl Client {
    async fn new() -> Self {
        Self(UdpSocket::bind("127.0.0.1:0").await.unwrap())
    }

    async fn send(&self, to: SocketAddr, packet: &[u8]) {
        self.0.send_to(packet, to).await.unwrap();
    }

    async fn receive(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 2000];
        let (length, from) = timeout(PATIENCE, self.0.recv_from(&mut buffer)).await.expect("an answer").unwrap();
        buffer.truncate(length);
        (buffer, from)
    }

    /// Takes the OACK to [`LARGE`], and all blocks; those that are sent twice count once.
    async fn takes_large_from(&self, port: SocketAddr) {
        self.send(port, b"\0\x04\0\0").await;
        for block in 1..=715_u16 {
            loop {
                let (data, from) = self.receive().await;
                assert_eq!(from, port);
                if data.get(..4) == Some(&[0, 3, block.to_be_bytes()[0], block.to_be_bytes()[1]]) {
                    break;
                }
            }
            if block % 64 == 0 || block == 715 {
                self.send(port, &[&b"\0\x04"[..], &block.to_be_bytes()].concat()).await;
            }
        }
    }

    async fn hears_nothing(&self) {
        let heard = timeout(Duration::from_millis(200), self.0.recv_from(&mut [0; 100])).await;
        assert!(heard.is_err(), "an answer where none was due");
    }

    /// Sends a request and returns the first answer, in words.
    async fn ask(&self, to: SocketAddr, packet: &[u8]) -> String {
        self.send(to, packet).await;
        in_words(&self.receive().await.0)
    }
}

fn in_words(packet: &[u8]) -> String {
    match Packet::parse(packet).unwrap() {
        Packet::Data { block, data } => format!("DATA {block} {}", data.escape_ascii()),
        Packet::Error { code, message } => format!("ERROR {} {}", code.0, message.escape_ascii()),
        Packet::Oack(options) => format!("OACK {options:?}"),
        other => panic!("a server sent {other:?}"),
    }
}

fn refused(code: ErrorCode, message: &str) -> Outcome {
    Outcome::Refused { code, message: message.to_owned() }
}

#[tokio::test]
async fn a_file_travels_from_a_port_of_its_own() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let client = Client::new().await;
    client.send(server.address, b"\0\x01\\\\Small\0octet\0").await;
    assert_eq!(in_words(&client.receive().await.0), "ERROR 1 file not found", "case matters");
    client.send(server.address, b"\0\x01\\/small\xff\0octet\0").await;
    let (data, port) = client.receive().await;
    assert_eq!(in_words(&data), "DATA 1 hello");
    assert_ne!(port, server.address);
    client.send(port, b"\0\x04\0\x01").await;
    let ended = server.ended(2).await;
    assert_eq!(ended[1], ("small".to_owned(), Outcome::Complete { bytes: 5, retransmitted: 0 }));
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_served_is_refused_with_the_right_code() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let client = Client::new().await;
    let to = server.address;
    assert_eq!(client.ask(to, b"\0\x01none\0octet\0").await, "ERROR 1 file not found");
    assert_eq!(client.ask(to, b"\0\x01secret\0octet\0").await, "ERROR 2 access denied");
    assert_eq!(client.ask(to, b"\0\x02small\0octet\0").await, "ERROR 2 writing is not allowed");
    assert_eq!(client.ask(to, b"\0\x01small\0mail\0").await, "ERROR 4 mail mode is not supported");
    assert_eq!(client.ask(to, b"\0\x01small\0image\0").await, "ERROR 4 unknown transfer mode");
    let codes: Vec<Outcome> = server.ended(5).await.into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(
        codes,
        [
            refused(ErrorCode::FILE_NOT_FOUND, "file not found"),
            refused(ErrorCode::ACCESS_VIOLATION, "access denied"),
            refused(ErrorCode::ACCESS_VIOLATION, "writing is not allowed"),
            refused(ErrorCode::ILLEGAL_OPERATION, "mail mode is not supported"),
            refused(ErrorCode::ILLEGAL_OPERATION, "unknown transfer mode"),
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_request_gets_no_answer() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let client = Client::new().await;
    let large = vec![1; 60_000];
    for packet in [&b""[..], b"\0", b"\0\x04\0\0", b"\0\x05\0\0\0", b"\0\x03\0\x01x", b"\0\x01small", &large] {
        client.send(server.address, packet).await;
    }
    client.hears_nothing().await;
    assert_eq!(client.ask(server.address, b"\0\x01small\0octet\0").await, "DATA 1 hello");
    server.stop().await;
}

#[tokio::test]
async fn a_size_probe_and_the_next_request_from_the_same_port() {
    for single_port in [false, true] {
        let server = Running::start("127.0.0.1:0", Config { single_port, ..Config::default() });
        let client = Client::new().await;
        client.send(server.address, b"\0\x01small\0octet\0tsize\x000\0").await;
        let (oack, port) = client.receive().await;
        assert_eq!(in_words(&oack), "OACK [tsize=5]");
        client.send(port, b"\0\x05\0\x08User aborted the transfer\0").await;
        // At once: the server may read this before it reads the ERROR on the other port.
        client.send(server.address, b"\0\x01small\0octet\0").await;
        let (data, port) = client.receive().await;
        assert_eq!(in_words(&data), "DATA 1 hello");
        client.send(port, b"\0\x04\0\x01").await;
        let outcomes: Vec<Outcome> = server.ended(2).await.into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!(outcomes, [Outcome::Probe, Outcome::Complete { bytes: 5, retransmitted: 0 }]);
        server.stop().await;
    }
}

#[tokio::test]
async fn one_port_serves_all() {
    let server = Running::start("127.0.0.1:0", Config { single_port: true, ..Config::default() });
    let (one, other, stranger) = (Client::new().await, Client::new().await, Client::new().await);
    for client in [&one, &other] {
        client.send(server.address, LARGE).await;
        assert_eq!(client.receive().await.1, server.address);
    }
    stranger.send(server.address, b"\0\x05\0\0killed\0").await;
    stranger.send(server.address, b"\0\x04\0\x40").await;
    tokio::join!(one.takes_large_from(server.address), other.takes_large_from(server.address));
    for (_, outcome) in server.ended(2).await {
        assert!(matches!(outcome, Outcome::Complete { bytes: 0x10_0000, .. }), "{outcome:?}");
    }
    stranger.hears_nothing().await;
    server.stop().await;
}

#[tokio::test]
async fn a_broadcast_request_is_answered_only_when_switched_on() {
    for (broadcast, single_port) in [(false, false), (true, false), (true, true)] {
        let server = Running::start("0.0.0.0:0", Config { broadcast, single_port, ..Config::default() });
        let port = server.address.port();
        let to = SocketAddr::from(([127, 255, 255, 255], port));
        let client = Client::new().await;
        client.0.set_broadcast(true).unwrap();
        client.send(to, b"\0\x01none\0octet\0").await;
        client.hears_nothing().await;
        client.send(to, b"\0\x02small\0octet\0").await;
        client.hears_nothing().await;
        client.send(to, b"\0\x01small\0octet\0").await;
        if broadcast {
            let (data, from) = client.receive().await;
            assert_eq!(in_words(&data), "DATA 1 hello");
            assert_eq!((from.ip().to_string(), from.port() == port), ("127.0.0.1".to_owned(), single_port));
            client.send(from, b"\0\x04\0\x01").await;
        } else {
            client.hears_nothing().await;
        }
        let failed = |reason: &str| Outcome::Failed { reason: reason.to_owned() };
        let ignored = failed("the request was sent to a broadcast address");
        let want = if broadcast {
            let nothing = failed("file not found (code 1 (file not found))");
            [nothing, ignored, Outcome::Complete { bytes: 5, retransmitted: 0 }]
        } else {
            [ignored.clone(), ignored.clone(), ignored]
        };
        let ended: Vec<Outcome> = server.ended(3).await.into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!(ended, want);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_repeated_request_restarts_the_transfer() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let client = Client::new().await;
    client.send(server.address, b"\0\x01small\0octet\0").await;
    let (_, first) = client.receive().await;
    client.send(server.address, b"\0\x01small\0octet\0").await;
    let (data, second) = client.receive().await;
    assert_eq!(in_words(&data), "DATA 1 hello");
    assert_ne!(first, second);
    assert_eq!(server.ended(1).await, [("small".to_owned(), Outcome::Restarted)]);
    server.stop().await;
}

#[tokio::test]
async fn strangers_do_not_reach_a_transfer() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let (client, stranger) = (Client::new().await, Client::new().await);
    client.send(server.address, b"\0\x01small\0octet\0").await;
    let (_, port) = client.receive().await;
    stranger.send(port, b"\0\x05\0\0killed\0").await;
    client.send(port, b"\0\x04\0\x01").await;
    assert_eq!(server.ended(1).await[0].1, Outcome::Complete { bytes: 5, retransmitted: 0 });
    server.stop().await;
}

#[tokio::test]
async fn a_closed_port_ends_the_transfer() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let client = Client::new().await;
    client.send(server.address, b"\0\x01large\0octet\0windowsize\x0064\0").await;
    let (_, port) = client.receive().await;
    client.send(port, b"\0\x04\0\0").await;
    client.receive().await;
    drop(client);
    assert_eq!(server.ended(1).await, [("large".to_owned(), Outcome::Unreachable)]);
    server.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_wildcard_server_answers_from_the_address_that_was_asked() {
    let cases = [("0.0.0.0:0", "127.0.0.3"), ("[::]:0", "127.0.0.4"), ("[::1]:0", "::1"), ("[::]:0", "::1")];
    for (bind, asked, single_port) in
        cases.into_iter().flat_map(|(bind, asked)| [false, true].map(|single| (bind, asked, single)))
    {
        let server = Running::start(bind, Config { single_port, ..Config::default() });
        let asked = SocketAddr::new(asked.parse().unwrap(), server.address.port());
        let local = if asked.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        let client = Client(UdpSocket::bind(local).await.unwrap());
        client.send(asked, b"\0\x01local\0octet\0").await;
        let (data, from) = client.receive().await;
        assert_eq!((from.ip(), from.port() == asked.port()), (asked.ip(), single_port));
        assert_eq!(in_words(&data), format!("DATA 1 {asked}"));
        server.stop().await;
    }
}

#[tokio::test]
async fn ipv6_blocks_leave_room_for_the_longer_header() {
    let server = Running::start("[::1]:0", Config::default());
    let client = Client(UdpSocket::bind("[::1]:0").await.unwrap());
    let answer = client.ask(server.address, b"\0\x01small\0octet\0blksize\x009000\0").await;
    assert_eq!(answer, "OACK [blksize=1448]");
    server.stop().await;
}

#[tokio::test]
async fn what_comes_with_an_ack_is_not_lost() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let client = Client::new().await;
    client.send(server.address, b"\0\x01large\0octet\0").await;
    let (_, port) = client.receive().await;
    // The server looks for one packet after each block, and finds two.
    client.send(port, b"\0\x04\0\x01").await;
    client.send(port, b"\0\x05\0\x03disk full\0").await;
    let peer = Outcome::PeerError { code: ErrorCode::DISK_FULL, message: "disk full".to_owned() };
    assert_eq!(server.ended(1).await, [("large".to_owned(), peer)]);
}
