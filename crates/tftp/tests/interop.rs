//! Interoperation with clients that others wrote, over loopback: curl, and those of tftp-hpa, atftp and busybox.
#![expect(clippy::disallowed_methods, reason = "the test runs a server in the background")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use firstlight_tftp::{Config, DirHandler, Server};
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
    let handler = DirHandler::open(root).unwrap();
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
    let upload = root.path().join("upload");
    std::fs::write(&upload, "x").unwrap();
    let refused = curl(&["--upload-file", upload.to_str().unwrap(), &format!("tftp://{address}/new")]).await;
    assert_eq!(refused.status.code(), Some(69), "curl's code for ERROR 2");
    assert!(!root.path().join("new").exists());
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

/// Fetches `name` into `directory` with a client that writes a file; a missing client is a failure that says so.
async fn fetch(client: &str, server: SocketAddr, name: &str, directory: &Path) -> Vec<u8> {
    let (host, port) = (server.ip().to_string(), server.port().to_string());
    let (program, package, arguments) = match client {
        "tftp-hpa" => ("tftp", "tftp-hpa", vec!["-m", "binary", &host, &port, "-c", "get", name]),
        "atftp" => ("atftp", "atftp", vec!["--get", "--remote-file", name, "--local-file", name, &host, &port]),
        "atftp, window" => {
            let options = ["--option", "windowsize 16", "--option", "blksize 1468"];
            let rest = ["--get", "--remote-file", name, "--local-file", name, &host, &port];
            ("atftp", "atftp", [&options[..], &rest[..]].concat())
        }
        _ => ("busybox", "busybox-static", vec!["tftp", "-b", "1468", "-g", "-r", name, "-l", name, &host, &port]),
    };
    let ended = Command::new(program).args(&arguments).current_dir(directory).output().await;
    let output = ended.unwrap_or_else(|error| {
        panic!("this test needs the program {program} (Debian: apt install {package}): {error}");
    });
    assert!(output.status.success(), "{client}, {name}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(directory.join(name)).unwrap_or_else(|error| panic!("{client} has not written {name}: {error}"))
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
