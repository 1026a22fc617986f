//! The tokio server over loopback, spoken to with plain sockets. Nothing leaves this machine.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a client with sockets and tasks")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

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
async fn a_flood_for_one_transfer_neither_fills_memory_nor_stops_it() {
    let server = Running::start("127.0.0.1:0", Config { single_port: true, ..Config::default() });
    let client = Client::new().await;
    assert_eq!(client.ask(server.address, b"\0\x01small\0octet\0").await, "DATA 1 hello");
    for _ in 0..200 {
        client.send(server.address, &[3; 60_000]).await;
    }
    let patient = tokio::time::sleep(Duration::from_millis(50));
    patient.await;
    client.send(server.address, b"\0\x04\0\x01").await;
    assert_eq!(server.ended(1).await, [("small".to_owned(), Outcome::Complete { bytes: 5, retransmitted: 0 })]);
    server.stop().await;
}

#[cfg(target_os = "linux")]
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
async fn an_impatient_client_does_not_restart_a_slow_handler() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let client = Client::new().await;
    for _ in 0..3 {
        client.send(server.address, b"\0\x01slow\0octet\0").await;
        client.hears_nothing().await;
    }
    server.go.notify_one();
    let (data, port) = client.receive().await;
    assert_eq!(in_words(&data), "DATA 1 at last");
    client.send(port, b"\0\x04\0\x01").await;
    assert_eq!(server.ended(1).await, [("slow".to_owned(), Outcome::Complete { bytes: 7, retransmitted: 0 })]);
    server.stop().await;
}

#[tokio::test]
async fn a_handler_that_hangs_gives_up_its_place() {
    let config = Config { handler_timeout: Duration::from_millis(50), ..Config::default() };
    let server = Running::start("127.0.0.1:0", config);
    let client = Client::new().await;
    let answer = client.ask(server.address, b"\0\x01slow\0octet\0").await;
    assert_eq!(answer, "ERROR 0 the file is not available now");
    let outcome = refused(ErrorCode::NOT_DEFINED, "the file is not available now");
    assert_eq!(server.ended(1).await, [("slow".to_owned(), outcome)]);
    server.stop().await;
}

#[tokio::test]
async fn above_the_limits_there_is_silence() {
    let config = Config { max_transfers: 3, max_per_address: 2, ..Config::default() };
    let server = Running::start("127.0.0.1:0", config);
    let (a, b, c) = (Client::new().await, Client::new().await, Client::new().await);
    assert_eq!(a.ask(server.address, b"\0\x01small\0octet\0").await, "DATA 1 hello");
    b.send(server.address, b"\0\x01small\0octet\0").await;
    let (_, port) = b.receive().await;
    c.send(server.address, b"\0\x01small\0octet\0").await;
    assert_eq!(server.ended(1).await, [("small".to_owned(), Outcome::Overloaded)]);
    b.send(port, b"\0\x04\0\x01").await;
    server.ended(2).await;
    assert_eq!(c.ask(server.address, b"\0\x01small\0octet\0").await, "DATA 1 hello");
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_not_heard() {
    let config = Config { max_requests_per_second: 2, ..Config::default() };
    let server = Running::start("127.0.0.1:0", config);
    // At most two are heard in a second, and ten requests at once fall into two seconds at most.
    for _ in 0..10 {
        Client::new().await.send(server.address, b"\0\x01none\0octet\0").await;
    }
    let ended = server.ended(10).await;
    let dropped = ended.iter().filter(|(_, outcome)| *outcome == Outcome::Overloaded).count();
    assert!((6..=8).contains(&dropped), "{dropped} were dropped");
    let other = Client(UdpSocket::bind("127.0.0.2:0").await.unwrap());
    assert_eq!(other.ask(server.address, b"\0\x01small\0octet\0").await, "DATA 1 hello");
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
async fn shutdown_tells_the_peers() {
    for single_port in [false, true] {
        let server = Running::start("127.0.0.1:0", Config { single_port, ..Config::default() });
        let client = Client::new().await;
        assert_eq!(client.ask(server.address, b"\0\x01small\0octet\0").await, "DATA 1 hello");
        let ended = Arc::clone(&server.ended);
        server.stop().await;
        assert_eq!(in_words(&client.receive().await.0), "ERROR 0 the server is stopping");
        assert_eq!(*ended.lock().unwrap(), [("small".to_owned(), Outcome::Cancelled)]);
    }
}

#[tokio::test]
async fn shutdown_may_wait_for_transfers_but_starts_none() {
    let server = Running::start("127.0.0.1:0", Config { grace: PATIENCE, ..Config::default() });
    let (client, late) = (Client::new().await, Client::new().await);
    client.send(server.address, LARGE).await;
    let (_, port) = client.receive().await;
    server.stop.send(()).unwrap();
    late.send(server.address, b"\0\x01small\0octet\0").await;
    late.hears_nothing().await;
    client.takes_large_from(port).await;
    timeout(PATIENCE, server.task).await.unwrap().unwrap().unwrap();
    let ended = server.ended.lock().unwrap();
    assert!(matches!(ended[..], [(_, Outcome::Complete { bytes: 0x10_0000, .. })]), "{ended:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn servers_may_share_a_port() {
    let one = Server::bind_shared("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = one.local_addr();
    let other = Server::bind_shared(address).unwrap();
    assert_eq!(Server::bind(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    drop(one);
    let task = tokio::spawn(other.serve(Files::default(), std::future::pending()));
    let client = Client::new().await;
    assert_eq!(client.ask(address, b"\0\x01small\0octet\0").await, "DATA 1 hello");
    task.abort();
}

#[test]
fn an_occupied_port_is_named() {
    let first = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = first.local_addr().port();
    let error = Server::bind(first.local_addr()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let want = format!("cannot listen for TFTP on 127.0.0.1, UDP port {port}: another program uses this port");
    assert_eq!(error.to_string(), want);
    let error = Server::bind("192.0.2.1:69".parse().unwrap()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
}

#[tokio::test]
async fn garbage_for_options_spoils_only_itself() {
    let server = Running::start("127.0.0.1:0", Config::default());
    let client = Client::new().await;
    let garbage: [(&[u8], &str); 6] = [
        (b"\xff\xfe\0\0\0\0\0", "DATA 1 hello"),
        (b"blksize\0-1\0tsize\x000x10\0windowsize\x0065536\0timeout\x000\0", "DATA 1 hello"),
        (b"blksize\x0018446744073709552128\0", "DATA 1 hello"),
        (b"blksize\x00512", "DATA 1 hello"),
        (b"blksize\x007\0TSIZE\x0000\0", "OACK [tsize=5]"),
        (b"tsize\x000\0tsize\x009\0blksize\x008\0utimeout", "OACK [tsize=5, blksize=8]"),
    ];
    for (options, want) in garbage {
        let request = [b"\0\x01small\0octet\0", options].concat();
        assert_eq!(client.ask(server.address, &request).await, want, "{}", options.escape_ascii());
    }
    let many = [&b"\0\x01small\0octet\0"[..], &b"x\0".repeat(30_000)].concat();
    assert_eq!(client.ask(server.address, &many).await, "DATA 1 hello");
    server.stop().await;
}

#[tokio::test]
async fn jumbo_blocks_need_to_be_allowed() {
    let limits = Limits { block_size: 8192, ..Limits::default() };
    let server = Running::start("127.0.0.1:0", Config { limits, ..Config::default() });
    let client = Client::new().await;
    let answer = client.ask(server.address, b"\0\x01small\0octet\0blksize\x0065464\0").await;
    assert_eq!(answer, "OACK [blksize=8192]");
    server.stop().await;
}
