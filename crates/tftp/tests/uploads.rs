//! What clients may write into a directory, and what must not change.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a client with sockets and tasks")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use firstlight_tftp::{
    Config, DirHandler, Handler, Options, Outcome, Packet, Request, RequestRef, Roots, Server, Sink, Uploads,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

const NOT_FOUND: &str = "file not found (code 1 (file not found))";
const DENIED: &str = "access denied (code 2 (access violation))";
const REPLACE: Uploads = Uploads { create: false, max_bytes: 1000 };
const CREATE: Uploads = Uploads { create: true, max_bytes: 1000 };
const PATIENCE: Duration = Duration::from_secs(20);

async fn begin(handler: &DirHandler, name: &str, options: &[u8]) -> Result<Box<dyn Sink>, String> {
    let packet = RequestRef { filename: name.as_bytes(), mode: b"octet", options: Options::new(options) };
    let request = Request::new(([10, 0, 0, 7], 2070).into(), ([10, 0, 0, 1], 69).into(), &packet, true);
    handler.write(&request).await.map_err(|error| error.to_string())
}

/// Writes `content` to `name`; the error of whatever step fails.
async fn put(handler: &DirHandler, name: &str, content: &str) -> Result<(), String> {
    let mut sink = begin(handler, name, b"").await?;
    for piece in content.as_bytes().chunks(7) {
        sink.write(piece.to_vec().into()).await.map_err(|error| error.kind().to_string())?;
    }
    sink.commit().await.map_err(|error| error.kind().to_string())
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        directory.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn files_are_replaced_and_made_only_when_allowed() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    std::fs::write(at("there"), "old").unwrap();
    std::fs::set_permissions(at("there"), PermissionsExt::from_mode(0o640)).unwrap();
    let files = DirHandler::open(root.path()).unwrap();
    assert_eq!(put(&files, "there", "new").await, Err("writing is not allowed (code 2 (access violation))".to_owned()));
    let files = files.with_uploads(REPLACE);
    assert_eq!(put(&files, "/x/..\\there", "new").await, Ok(()));
    assert_eq!(std::fs::read(at("there")).unwrap(), b"new");
    assert_eq!(at("there").metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(put(&files, "none", "new").await, Err(NOT_FOUND.to_owned()));
    assert_eq!(put(&files, "THERE", "new").await, Err(NOT_FOUND.to_owned()));
    assert_eq!(put(&files.clone().ignoring_case(), "THERE", "").await, Ok(()));
    assert_eq!(std::fs::read(at("there")).unwrap(), b"");
    let files = files.with_uploads(CREATE);
    assert_eq!(put(&files, "none", "made").await, Ok(()));
    assert_eq!(put(&files, "no/directory", "x").await, Err(NOT_FOUND.to_owned()));
    assert_eq!(names(root.path()), ["none", "there"]);
    std::fs::create_dir(at("10.0.0.7")).unwrap();
    assert_eq!(put(&files.with_roots(Roots::PerAddress), "there", "own").await, Ok(()));
    assert_eq!(std::fs::read(at("10.0.0.7/there")).unwrap(), b"own");
}

#[tokio::test]
async fn nothing_else_is_written_to() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = |name: &str| root.path().join(name);
    std::fs::write(outside.path().join("secret"), "kept").unwrap();
    std::fs::create_dir(at("sub")).unwrap();
    std::fs::write(at("file"), "kept").unwrap();
    symlink(outside.path().join("secret"), at("leak")).unwrap();
    symlink(outside.path(), at("out")).unwrap();
    symlink("file", at("link")).unwrap();
    symlink("sub", at("dir")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    let fifo = Command::new("mkfifo").arg(at("fifo")).status().unwrap();
    assert!(fifo.success(), "mkfifo makes a FIFO");
    let files = DirHandler::open(root.path()).unwrap().with_uploads(CREATE);
    let before = names(root.path());
    for name in ["leak", "out/secret", "out/new", "link", "dir/new", "dangling", "fifo", "sub"] {
        assert_eq!(put(&files, name, "spoiled").await, Err(DENIED.to_owned()), "{name}");
        assert_eq!(put(&files.clone().ignoring_case(), name, "spoiled").await, Err(DENIED.to_owned()), "{name}");
    }
    let long = "n".repeat(300);
    for name in ["", "/", "file/new", "..", ".firstlight-tftp-1-0", ".Firstlight-tftp-1-0", &long] {
        assert_eq!(put(&files, name, "spoiled").await, Err(NOT_FOUND.to_owned()), "{name}");
    }
    assert_eq!(names(root.path()), before);
    assert_eq!(names(outside.path()), ["secret"]);
    for kept in [at("file"), at("leak")] {
        assert_eq!(std::fs::read(kept).unwrap(), b"kept");
    }
}

#[tokio::test]
async fn what_breaks_off_or_is_too_large_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), "old").unwrap();
    let files = DirHandler::open(root.path()).unwrap().with_uploads(CREATE);
    let mut sink = begin(&files, "file", b"").await.unwrap();
    sink.write("half".into()).await.unwrap();
    assert_eq!(names(root.path()).len(), 2, "the new file is beside the old one");
    sink.abort().await;
    drop(begin(&files, "new", b"").await.unwrap());
    assert_eq!(put(&files, "file", &"x".repeat(1001)).await, Err("file too large".to_owned()));
    let too_large = "the file is too large (code 3 (disk full or allocation exceeded))";
    assert_eq!(begin(&files, "file", b"tsize\x001001\0").await.err().as_deref(), Some(too_large));
    assert_eq!(names(root.path()), ["file"]);
    assert_eq!(std::fs::read(root.path().join("file")).unwrap(), b"old");
    assert_eq!(put(&files, "file", &"x".repeat(1000)).await, Ok(()));
}

/// Serves a directory and tells how each transfer has ended.
struct Served {
    files: DirHandler,
    ended: mpsc::UnboundedSender<Outcome>,
}

#[async_trait::async_trait]
impl Handler for Served {
    async fn read(&self, request: &Request) -> Result<firstlight_tftp::Source, firstlight_tftp::Error> {
        self.files.read(request).await
    }

    async fn write(&self, request: &Request) -> Result<Box<dyn Sink>, firstlight_tftp::Error> {
        self.files.write(request).await
    }

    fn done(&self, _: &Request, outcome: &Outcome) {
        self.ended.send(outcome.clone()).unwrap();
    }
}

fn serve(root: &Path, config: Config) -> (SocketAddr, mpsc::UnboundedReceiver<Outcome>) {
    let files = DirHandler::open(root).unwrap().with_uploads(CREATE);
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap().with_config(config);
    let address = server.local_addr();
    let (ended, outcomes) = mpsc::unbounded_channel();
    tokio::spawn(server.serve(Served { files, ended }, std::future::pending()));
    (address, outcomes)
}

/// Sends a packet and returns the answer, in words, and where it came from.
async fn ask(client: &UdpSocket, to: SocketAddr, packet: &[u8]) -> (String, SocketAddr) {
    client.send_to(packet, to).await.unwrap();
    let mut buffer = [0; 600];
    let (length, from) = timeout(PATIENCE, client.recv_from(&mut buffer)).await.expect("an answer").unwrap();
    let words = match Packet::parse(&buffer[..length]).unwrap() {
        Packet::Ack { block } => format!("ACK {block}"),
        Packet::Oack(options) => format!("OACK {options:?}"),
        Packet::Error { code, message } => format!("ERROR {} {}", code.0, message.escape_ascii()),
        other => panic!("a server sent {other:?}"),
    };
    (words, from)
}

#[tokio::test]
async fn a_file_travels_to_the_server() {
    for single_port in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let (to, mut ended) = serve(root.path(), Config { single_port, ..Config::default() });
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let request = b"\0\x02new\0netascii\0tsize\x0010\0blksize\x008\0windowsize\x00100\0";
        let (oack, port) = ask(&client, to, request).await;
        assert_eq!(oack, "OACK [tsize=10, blksize=8, windowsize=32]");
        client.send_to(b"\0\x03\0\x01line\r\0\r\n", port).await.unwrap();
        assert_eq!(ask(&client, port, b"\0\x03\0\x02ab").await.0, "ACK 2");
        assert_eq!(
            std::fs::read(root.path().join("new")).unwrap(),
            b"line\r\nab",
            "it is there when it is acknowledged"
        );
        assert_eq!(ask(&client, port, b"\0\x03\0\x02ab").await.0, "ACK 2", "the ACK may be lost");
        // The next upload from the same port is no reason to forget that this one is complete.
        let (again, port) = ask(&client, to, b"\0\x02new\0octet\0").await;
        assert_eq!(again, "ACK 0");
        assert_eq!(ended.recv().await.unwrap(), Outcome::Complete { bytes: 10, retransmitted: 1 });
        assert_eq!(ask(&client, port, &[&b"\0\x03\0\x01"[..], &[b'x'; 512]].concat()).await.0, "ACK 1");
        let (error, _) = ask(&client, port, &[&b"\0\x03\0\x02"[..], &[b'x'; 512]].concat()).await;
        assert_eq!(error, "ERROR 3 the file is too large");
        assert_eq!(std::fs::read(root.path().join("new")).unwrap(), b"line\r\nab");
        assert_eq!(names(root.path()), ["new"]);
    }
}

#[tokio::test]
async fn a_client_that_gives_up_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), "old").unwrap();
    let (to, mut ended) = serve(root.path(), Config::default());
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (_, port) = ask(&client, to, b"\0\x02file\0octet\0blksize\x008\0").await;
    assert_eq!(ask(&client, port, b"\0\x03\0\x01new part").await.0, "ACK 1");
    client.send_to(b"\0\x05\0\0enough\0", port).await.unwrap();
    assert!(matches!(timeout(PATIENCE, ended.recv()).await.unwrap(), Some(Outcome::PeerError { .. })));
    let (_, port) = ask(&client, to, b"\0\x02file\0octet\0blksize\x008\0").await;
    let (error, _) = ask(&client, port, b"\0\x03\0\x01nine byte").await;
    assert_eq!(error, "ERROR 4 the block is longer than the agreed block size");
    ended.recv().await.unwrap();
    assert_eq!(names(root.path()), ["file"]);
    assert_eq!(std::fs::read(root.path().join("file")).unwrap(), b"old");
}
