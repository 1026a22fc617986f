//! How much a server does at once, and how it ends.

use super::*;

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
