//! Interoperation with clients that others wrote, over loopback: curl, and those of tftp-hpa, atftp and busybox.
#![expect(clippy::disallowed_methods, reason = "the test runs a server in the background")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use firstlight_tftp::{Config, DirHandler, Server, Uploads};
use tokio::process::Command;

/// Runs curl; a missing curl is a failure that says so.
async fn curl(arguments: &[&str]) -> Output {
    match Command::new("curl").args(["--silent", "--show-error", "--max-time", "60"]).args(arguments).output().await {
        Ok(output) => output,
        Err(error) => panic!("this test needs the program curl (Debian: apt install curl): {error}"),
    }
}

fn start(root: &Path) -> SocketAddr {
    start_with(Config::default(), root)
}

fn start_with(config: Config, root: &Path) -> SocketAddr {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap().with_config(config);
    let address = server.local_addr();
    let uploads = Uploads { create: true, ..Uploads::default() };
    let handler = DirHandler::open(root).unwrap().with_uploads(uploads);
    tokio::spawn(server.serve(handler, std::future::pending()));
    address
}

fn content(size: usize) -> Vec<u8> {
    (0..size as u64).map(|index| (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56).to_le_bytes()[0]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_gets_files_of_all_sizes() {
    let root = tempfile::tempdir().unwrap();
    let address = start(root.path());
    // The last two wrap the block number, with curl's smallest block size and with the default one.
    let cases: [(usize, &[&str]); 11] = [
        (0, &[]),
        (1, &[]),
        (511, &[]),
        (512, &[]),
        (513, &[]),
        (100_000, &["--tftp-blksize", "1468"]),
        (1468 * 40, &["--tftp-blksize", "1468"]),
        (100_000, &["--tftp-blksize", "65464"]),
        (100_000, &["--tftp-no-options"]),
        (65536 * 8 + 1, &["--tftp-blksize", "8"]),
        (65535 * 512, &[]),
    ];
    for (size, options) in cases {
        let name = format!("file-{size}");
        let want = content(size);
        std::fs::write(root.path().join(&name), &want).unwrap();
        let url = format!("tftp://{address}/{name}");
        let output = curl(&[&[url.as_str()], options].concat()).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{size} bytes {options:?}: {said}");
        assert!(output.stdout == want, "{size} bytes {options:?}: {} other bytes came", output.stdout.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_understands_the_refusals() {
    let root = tempfile::tempdir().unwrap();
    let address = start(root.path());
    let missing = curl(&[&format!("tftp://{address}/none")]).await;
    assert_eq!(missing.status.code(), Some(68), "curl's code for ERROR 1");
    std::fs::create_dir(root.path().join("directory")).unwrap();
    let refused = curl(&[&format!("tftp://{address}/directory")]).await;
    assert_eq!(refused.status.code(), Some(69), "curl's code for ERROR 2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_reads_text() {
    let root = tempfile::tempdir().unwrap();
    let address = start(root.path());
    let text = "line\nanother\rhalf\n".repeat(1000);
    std::fs::write(root.path().join("text"), &text).unwrap();
    let output = curl(&["--use-ascii", &format!("tftp://{address}/text")]).await;
    // curl asks for netascii and hands out what travels.
    assert_eq!(String::from_utf8(output.stdout).unwrap(), text.replace('\r', "\r\0").replace('\n', "\r\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_clients_at_once() {
    let root = tempfile::tempdir().unwrap();
    let address = start(root.path());
    let want = content(300_001);
    std::fs::write(root.path().join("initrd"), &want).unwrap();
    let url = format!("tftp://{address}/initrd");
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let url = url.clone();
        clients.spawn(async move { curl(&[&url, "--tftp-blksize", "1468"]).await });
    }
    while let Some(output) = clients.join_next().await {
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout == want, "{} other bytes came", output.stdout.len());
    }
}

/// Runs a client; a missing one is a failure that says so.
async fn run(client: &str, program: &str, package: &str, arguments: &[&str], directory: &Path) {
    let ended = Command::new(program).args(arguments).current_dir(directory).kill_on_drop(true).output();
    let ended = tokio::time::timeout(PATIENCE, ended).await;
    let output = ended.unwrap_or_else(|_| panic!("{client} {arguments:?} does not end")).unwrap_or_else(|error| {
        panic!("this test needs the program {program} (Debian: apt install {package}): {error}");
    });
    assert!(output.status.success(), "{client} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What clients cannot send to any server; atftpd has the same trouble with them. curl 7.88 waits for ever after block
/// 65535, tftp-hpa 5.2 after block 0.
const UNABLE: [(&str, usize); 3] =
    [("curl", 65535 * 512 - 1), ("curl", 65535 * 512 + 1), ("tftp-hpa", 65535 * 512 + 1)];

const WINDOW: [&str; 4] = ["--option", "windowsize 16", "--option", "blksize 1468"];

/// Fetches `name` into `directory` with a client that writes a file.
async fn fetch(client: &str, server: SocketAddr, name: &str, directory: &Path) -> Vec<u8> {
    let (host, port) = (server.ip().to_string(), server.port().to_string());
    let (host, port) = (host.as_str(), port.as_str());
    let atftp = ["--get", "--remote-file", name, "--local-file", name, host, port];
    let busybox = ["tftp", "-b", "1468", "-g", "-r", name, "-l", name, host, port];
    match client {
        "tftp-hpa" => {
            run(client, "tftp", client, &["-m", "binary", host, port, "-c", "get", name], directory).await;
        }
        "atftp" => run(client, client, client, &atftp, directory).await,
        "atftp, window" => run(client, "atftp", "atftp", &[&WINDOW[..], &atftp[..]].concat(), directory).await,
        _ => run(client, client, "busybox-static", &busybox, directory).await,
    }
    std::fs::read(directory.join(name)).unwrap_or_else(|error| panic!("{client} has not written {name}: {error}"))
}

/// Sends `name` from `directory`.
async fn send(client: &str, server: SocketAddr, name: &str, directory: &Path) {
    let (host, port) = (server.ip().to_string(), server.port().to_string());
    let (host, port) = (host.as_str(), port.as_str());
    let atftp = ["--put", "--remote-file", name, "--local-file", name, host, port];
    let busybox = ["tftp", "-b", "1468", "-p", "-r", name, "-l", name, host, port];
    match client {
        "tftp-hpa" => {
            run(client, "tftp", client, &["-m", "binary", host, port, "-c", "put", name], directory).await;
        }
        "atftp" => run(client, client, client, &atftp, directory).await,
        "atftp, window" => run(client, "atftp", "atftp", &[&WINDOW[..], &atftp[..]].concat(), directory).await,
        "curl" => run(client, client, client, &["-sST", name, &format!("tftp://{server}/{name}")], directory).await,
        _ => run(client, client, "busybox-static", &busybox, directory).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_put_files_of_all_sizes() {
    let (root, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let addresses = [false, true].map(|single| {
        start_with(Config { single_port: single, max_per_address: 1000, ..Config::default() }, root.path())
    });
    for size in [0, 1, 511, 512, 513, 1468 * 64, 500_000, 65535 * 512 - 1, 65535 * 512 + 1] {
        let name = format!("file-{size}");
        let want = content(size);
        std::fs::write(directory.path().join(&name), &want).unwrap();
        // The large ones once: the block number wraps in the same way on any port.
        for address in &addresses[..if size > 1 << 20 { 1 } else { 2 }] {
            for client in ["tftp-hpa", "atftp", "atftp, window", "curl", "busybox"] {
                if UNABLE.contains(&(client, size)) {
                    continue;
                }
                let _ = std::fs::remove_file(root.path().join(&name));
                send(client, *address, &name, directory.path()).await;
                let got = std::fs::read(root.path().join(&name)).unwrap();
                assert!(got == want, "{client}, {size} bytes: {} other bytes came", got.len());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_travels_both_ways() {
    let (root, directory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let address = start(root.path());
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let text = "line\nanother\rhalf\r\n\n".repeat(1000);
    std::fs::write(directory.path().join("text"), &text).unwrap();
    let put = ["-m", "netascii", &host, &port, "-c", "put", "text"];
    run("tftp-hpa", "tftp", "tftp-hpa", &put, directory.path()).await;
    assert_eq!(std::fs::read_to_string(root.path().join("text")).unwrap(), text);
    std::fs::remove_file(directory.path().join("text")).unwrap();
    let get = ["-m", "netascii", &host, &port, "-c", "get", "text"];
    run("tftp-hpa", "tftp", "tftp-hpa", &get, directory.path()).await;
    assert_eq!(std::fs::read_to_string(directory.path().join("text")).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_clients_get_files_of_all_sizes() {
    let root = tempfile::tempdir().unwrap();
    let address = start(root.path());
    // The last ones reach the highest block number, and wrap it.
    let sizes = [0, 1, 511, 512, 513, 1468 * 64, 500_000, 65535 * 512 - 1, 65535 * 512 + 1];
    for size in sizes {
        let name = format!("file-{size}");
        let want = content(size);
        std::fs::write(root.path().join(&name), &want).unwrap();
        for client in ["tftp-hpa", "atftp", "atftp, window", "busybox"] {
            let directory = tempfile::tempdir().unwrap();
            let got = fetch(client, address, &name, directory.path()).await;
            assert!(got == want, "{client}, {size} bytes: {} other bytes came", got.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_clients_get_files_from_a_single_port() {
    let root = tempfile::tempdir().unwrap();
    let address = start_with(Config { single_port: true, ..Config::default() }, root.path());
    for size in [0, 512, 513, 3_000_000] {
        let name = format!("file-{size}");
        let want = content(size);
        std::fs::write(root.path().join(&name), &want).unwrap();
        for client in ["tftp-hpa", "atftp", "atftp, window", "busybox"] {
            let directory = tempfile::tempdir().unwrap();
            let got = fetch(client, address, &name, directory.path()).await;
            assert!(got == want, "{client}, {size} bytes: {} other bytes came", got.len());
        }
        let output = curl(&[&format!("tftp://{address}/{name}"), "--tftp-blksize", "1468"]).await;
        assert!(output.stdout == want, "curl, {size} bytes: {}", String::from_utf8_lossy(&output.stderr));
    }
}
