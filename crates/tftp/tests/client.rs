//! The tokio client over loopback, against the server of this crate and against plain sockets. Nothing leaves this
//! machine.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "servers with sockets and tasks")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firstlight_tftp::{
    Client, ClientError, Config, DirHandler, ErrorCode, Limits, Mode, Packet, Progress, Server, Source, Timing, Uploads,
};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Long enough for a busy machine; no test waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

fn serve(address: &str, config: Config, root: &Path) -> SocketAddr {
    let files = DirHandler::open(root).unwrap().with_uploads(Uploads { create: true, ..Uploads::default() });
    let server = Server::bind(address.parse().unwrap()).unwrap().with_config(config);
    let address = server.local_addr();
    tokio::spawn(server.serve(files, std::future::pending()));
    address
}

fn content(size: usize) -> Vec<u8> {
    (0..size as u64).map(|index| (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56).to_le_bytes()[0]).collect()
}

fn quick() -> Timing {
    let delay = Duration::from_millis(20);
    Timing { retransmit: delay, shortest: delay, longest: delay, ..Timing::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_all_sizes_travel_both_ways() {
    let root = tempfile::tempdir().unwrap();
    let single_port = Config { single_port: true, ..Config::default() };
    for (address, config) in
        [("127.0.0.1:0", Config::default()), ("127.0.0.1:0", single_port), ("[::1]:0", single_port)]
    {
        let server = serve(address, config, root.path());
        let alone = Client::new(server).with_window_size(1).with_block_size(512);
        let tiny = Client::new(server).with_window_size(32).with_block_size(8); // the block number wraps
        for (client, sizes) in [
            (Client::new(server), &[0, 1, 1448, 1467, 1468, 1469, 1468 * 16, 1448 * 16, 3_000_001][..]),
            (Client::new(server).with_window_size(64), &[1468 * 64 * 3, 3_000_001]),
            (Client::new(server).with_block_size(65464), &[65464, 1_000_000]),
            (alone, &[0, 511, 512, 513]),
            (tiny, &[65535 * 8 - 1, 65535 * 8, 65535 * 8 + 1]),
        ] {
            for &size in sizes {
                let want = content(size);
                assert_eq!(client.put("file", want.clone()).await.unwrap(), size as u64);
                let mut got = Vec::new();
                assert_eq!(client.get("file", &mut got).await.unwrap(), size as u64);
                assert!(got == want, "{client:?}, {size} bytes: {} other bytes came", got.len());
            }
        }
    }
}

#[tokio::test]
async fn text_changes_its_line_ends_on_the_way() {
    let root = tempfile::tempdir().unwrap();
    let client = Client::new(serve("127.0.0.1:0", Config::default(), root.path())).with_mode(Mode::Netascii);
    let text = "line\nanother\rhalf\r\n".repeat(1000);
    client.put("text", text.clone().into_bytes()).await.unwrap();
    assert_eq!(std::fs::read_to_string(root.path().join("text")).unwrap(), text);
    let mut got = Vec::new();
    let told = Arc::new(Mutex::new(None));
    let listener = Arc::clone(&told);
    let client = client.on_progress(move |progress| *listener.lock().unwrap() = progress.total);
    client.get("text", &mut got).await.unwrap();
    assert_eq!(String::from_utf8(got).unwrap(), text);
    // What travels is told: one byte more for each line feed and each carriage return.
    assert_eq!(*told.lock().unwrap(), Some(text.len() as u64 + 4 * 1000));
}

#[tokio::test]
async fn readers_and_files_are_sources_and_progress_is_told() {
    let root = tempfile::tempdir().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let client = Client::new(serve("127.0.0.1:0", Config::default(), root.path()))
        .on_progress(move |progress| listener.lock().unwrap().push(progress));
    let bytes = content(500_000);
    let leak: &'static [u8] = bytes.clone().leak();
    client.put("reader", Source::from_reader(leak, None)).await.unwrap();
    assert_eq!(told.lock().unwrap().last(), Some(&Progress { bytes: 500_000, total: None }));
    client.put("sized", Source::from_reader(leak, Some(400_000))).await.unwrap();
    let file = std::fs::File::open(root.path().join("reader")).unwrap();
    client.put("file", Source::from_file(file).unwrap()).await.unwrap();
    told.lock().unwrap().clear();
    for (name, size) in [("reader", 500_000), ("sized", 400_000), ("file", 500_000)] {
        let mut got = Vec::new();
        client.get(name, &mut got).await.unwrap();
        assert!(got == bytes[..size], "{name}");
    }
    let told = told.lock().unwrap().clone();
    assert!(told.len() > 20 && told.contains(&Progress { bytes: 400_000, total: Some(400_000) }));
    let short = client.put("sized", Source::from_reader(leak, Some(500_001))).await.unwrap_err();
    assert_eq!(
        short.to_string(),
        "the local file cannot be read or written: the file became shorter while it was read"
    );
}

#[tokio::test]
async fn what_goes_wrong_is_told() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("directory")).unwrap();
    std::fs::write(root.path().join("large"), content(100_000)).unwrap();
    let server = serve("127.0.0.1:0", Config::default(), root.path());
    let client = Client::new(server).with_timing(quick());
    let check = async |client: &Client, name: &str, want: &str| {
        let error = timeout(PATIENCE, client.get(name, &mut tokio::io::sink())).await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), want);
    };
    check(&client, "none", "the server refuses: file not found (code 1 (file not found))").await;
    check(&client, "directory", "the server refuses: access denied (code 2 (access violation))").await;
    let refused = client.put("directory", b"x".as_slice()).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { code: ErrorCode::ACCESS_VIOLATION, .. }), "{refused}");
    let (mut small, _other_end) = tokio::io::duplex(10);
    drop(_other_end);
    let broken = client.get("large", &mut small).await.unwrap_err();
    assert_eq!(broken.to_string(), "the local file cannot be read or written: broken pipe");

    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let nobody = Client::new(address).with_timing(quick());
    let no_answer = format!("no answer from {address}; a TFTP server that is busy is silent, and so is a firewall");
    check(&nobody, "x", &no_answer).await;
    drop(silent);
    if cfg!(target_os = "linux") {
        check(&nobody, "x", &format!("no TFTP server listens on {address}")).await;
    }
}

/// A server whose first answer is `answer`; tells what the client says next to the port that it came from.
async fn answered(answer: &'static [u8]) -> (Result<u64, ClientError>, Vec<u8>) {
    let listening = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = listening.local_addr().unwrap();
    let said = tokio::spawn(async move {
        let (port, mut buffer) = (UdpSocket::bind("127.0.0.1:0").await.unwrap(), [0; 100]);
        let (_, client) = listening.recv_from(&mut buffer).await.unwrap();
        // Another host's answer comes first, and a packet that says nothing.
        let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
        stranger.send_to(b"\0\x05\0\0not yours\0", client).await.unwrap();
        port.send_to(b"\0\x04\0\x07", client).await.unwrap();
        port.send_to(answer, client).await.unwrap();
        let (length, _) = port.recv_from(&mut buffer).await.unwrap();
        buffer[..length].to_vec()
    });
    let got = timeout(PATIENCE, Client::new(server).get("x", &mut tokio::io::sink())).await.unwrap();
    (got, timeout(PATIENCE, said).await.unwrap().unwrap())
}

#[tokio::test]
async fn the_first_answer_of_the_server_counts() {
    let (got, said) = answered(b"\0\x03\0\x01hello").await;
    assert_eq!(got.unwrap(), 5, "a server without options begins at once");
    assert_eq!(Packet::parse(&said).unwrap(), Packet::Ack { block: 1 });
    let (got, said) = answered(b"\0\x06blksize\x0065464\0").await;
    let message = "option blksize cannot have the value 65464";
    assert_eq!(got.unwrap_err().to_string(), format!("the server does not keep to the protocol: {message}"));
    let code = ErrorCode::OPTION_REFUSED;
    assert_eq!(Packet::parse(&said).unwrap(), Packet::Error { code, message: message.as_bytes() });
}

#[tokio::test]
async fn a_lost_last_ack_is_repeated() {
    let listening = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(listening.local_addr().unwrap());
    let mut file = Vec::new();
    let server = async {
        let mut buffer = [0; 100];
        let (_, peer) = listening.recv_from(&mut buffer).await.unwrap();
        for _ in 0..2 {
            listening.send_to(b"\0\x03\0\x01hello", peer).await.unwrap();
            let (length, _) = timeout(PATIENCE, listening.recv_from(&mut buffer)).await.unwrap().unwrap();
            assert_eq!(&buffer[..length], b"\0\x04\0\x01");
        }
    };
    let (got, ()) = tokio::join!(client.get("x", &mut file), server);
    assert_eq!(got.unwrap(), 5);
}

#[tokio::test]
async fn blocks_are_as_large_as_server_and_route_allow() {
    let root = tempfile::tempdir().unwrap();
    let limits = Limits { block_size: 9000, ..Limits::default() };
    let server = serve("[::1]:0", Config { limits, ..Config::default() }, root.path());
    let client = Client::new(server).with_block_size(8000).with_window_size(1);
    client.put("file", content(80_000)).await.unwrap();
    assert_eq!(std::fs::read(root.path().join("file")).unwrap(), content(80_000));
}
