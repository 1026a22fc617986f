//! What a directory serves and what it refuses: the right code, a neutral text, and never a path of the host.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use firstlight_tftp::{DirHandler, Handler, Options, Remap, Request, RequestRef, Roots, Source};
use tempfile::TempDir;

const NOT_FOUND: &str = "file not found (code 1 (file not found))";
const DENIED: &str = "access denied (code 2 (access violation))";

struct Tree(TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = tree.at(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        tree
    }

    fn at(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.0.path().join(name.as_ref())
    }

    fn handler(&self) -> DirHandler {
        DirHandler::open(self.0.path()).unwrap()
    }

    fn make(&self, program: &str, arguments: &[&str]) {
        let ended = Command::new(program).args(arguments).current_dir(self.0.path()).status();
        assert!(ended.unwrap().success(), "this test needs {program} {arguments:?}, the latter for root alone");
    }
}

async fn ask_as(client: &str, handler: &DirHandler, name: &[u8]) -> String {
    let packet = RequestRef { filename: name, mode: b"octet", options: Options::default() };
    let peer = format!("{client}:2070").parse().unwrap();
    let request = Request::new(peer, ([10, 0, 0, 1], 69).into(), &packet, false);
    match handler.read(&request).await {
        Ok(Source::Bytes(bytes)) => bytes.escape_ascii().to_string(),
        Ok(Source::File(file, size)) => {
            let mut content = Vec::new();
            file.take(size).read_to_end(&mut content).unwrap();
            content.escape_ascii().to_string()
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(handler: &DirHandler, cases: &[(&[u8], &str)]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (name, want) in cases {
        let got = runtime.block_on(ask_as("10.0.0.7", handler, name));
        assert_eq!(got, *want, "{}", name.escape_ascii());
    }
}

#[test]
fn regular_files_are_served_and_links_within_the_root() {
    let tree = Tree::new(&[("sub/file", "content"), ("...", "dots")]);
    symlink("sub/file", tree.at("inside")).unwrap();
    std::fs::write(tree.at(OsStr::from_bytes(b"caf\xe9.cfg")), "latin").unwrap();
    check(
        &tree.handler(),
        &[
            (b"sub/file", "content"),
            (b"/sub\\..\\sub//file", "content"),
            (b"sub/../../sub/file/.", "content"),
            (b"C:\\sub\\file\xff", "content"),
            (b"inside", "content"),
            (b"...", "dots"),
            (b"caf\xe9.cfg", "latin"),
        ],
    );
}

#[test]
fn what_is_not_there_is_not_found() {
    let tree = Tree::new(&[("sub/file", "content")]);
    let long = vec![b'n'; 300];
    let deep = b"d/".repeat(30_000);
    let mut cases: Vec<(&[u8], &str)> =
        [&b"none"[..], b"", b"/", b"\xff\xff", b"SUB/FILE", b"sub/file/x", b"caf\xc3\xa9", b"a\nb", &long, &deep]
            .map(|name| (name, NOT_FOUND))
            .to_vec();
    cases.extend([&b"../../../../etc/passwd"[..], b"C:\\..\\..\\etc\\passwd"].map(|name| (name, NOT_FOUND)));
    check(&tree.handler(), &cases);
    check(&tree.handler().ignoring_case(), &[(b"SUB/FILE", "content"), (&long, NOT_FOUND), (&deep, NOT_FOUND)]);
}

#[test]
fn what_leads_out_of_the_root_or_is_no_regular_file_is_denied() {
    let tree = Tree::new(&[("sub/file", "content")]);
    let outside = Tree::new(&[("passwd", "secret")]);
    symlink(outside.at("passwd"), tree.at("leak")).unwrap();
    symlink(outside.at(""), tree.at("out")).unwrap();
    for (target, link) in [("/dev/zero", "zero"), ("loop", "loop"), ("/proc/self/exe", "exe"), ("../../etc", "up")] {
        symlink(target, tree.at(link)).unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(tree.at("socket")).unwrap();
    tree.make("mkfifo", &["fifo"]);
    tree.make("mknod", &["device", "c", "1", "5"]);
    let names: [&[u8]; 12] = [
        b"leak",
        b"out/passwd",
        b"zero",
        b"loop",
        b"exe",
        b"up/passwd",
        b"..\\..\\up\\passwd",
        b"socket",
        b"fifo",
        b"device",
        b"sub",
        b"sub/",
    ];
    check(&tree.handler(), &names.map(|name| (name, DENIED)));
    check(&tree.handler().ignoring_case(), &names.map(|name| (name, DENIED)));
    check(&tree.handler().ignoring_case(), &[(b"LEAK", DENIED), (b"OUT/PASSWD", DENIED), (b"FIFO", DENIED)]);
}

#[test]
fn case_is_ignored_when_asked_for() {
    let tree = Tree::new(&[("Boot/BCD", "upper"), ("Boot/bcd", "lower"), ("Boot/boot.sdi", "sdi")]);
    std::fs::write(tree.at(OsStr::from_bytes(b"CAF\xc9")), "latin").unwrap();
    check(
        &tree.handler().ignoring_case(),
        &[
            (b"Boot/bcd", "lower"),
            (b"BOOT/bcd", "lower"),
            (b"boot/Bcd", "upper"),
            (b"\\boot\\BOOT.SDI", "sdi"),
            (b"caf\xc9", "latin"),
            (b"caf\xe9", NOT_FOUND),
            (b"boot", DENIED),
        ],
    );
}

#[test]
fn rules_rewrite_names() {
    let tree = Tree::new(&[("shimx64.efi", "shim"), ("hosts/52-54-00-ab-cd-ef", "host")]);
    symlink("/etc", tree.at("etc")).unwrap();
    let remap = Remap::default()
        .with_rule("^bootmgfw.efi$", "shimx64.efi")
        .and_then(|remap| remap.with_rule("^pxelinux.cfg/01-(.*)$", "hosts/$1"))
        .and_then(|remap| remap.with_rule("^passwd$", "../../etc/passwd"));
    check(
        &tree.handler().with_remap(remap.unwrap()),
        &[
            (b"/bootmgfw.efi", "shim"),
            (b"pxelinux.cfg/01-52-54-00-ab-cd-ef", "host"),
            (b"passwd", DENIED),
            (b"hosts/none", NOT_FOUND),
        ],
    );
}

#[tokio::test]
async fn clients_may_have_a_root_of_their_own() {
    let tree =
        Tree::new(&[("file", "common"), ("shared", "for all"), ("10.0.0.7/file", "own"), ("fe80--7/file", "v6")]);
    symlink("../shared", tree.at("10.0.0.7/shared")).unwrap();
    symlink("../../secret", tree.at("10.0.0.7/secret")).unwrap();
    let handler = tree.handler().with_roots(Roots::PerAddress);
    for (client, name, want) in [
        ("10.0.0.7", "file", "own"),
        ("10.0.0.7", "../file", "own"),
        ("10.0.0.7", "shared", "for all"),
        ("10.0.0.7", "secret", DENIED),
        ("10.0.0.7", "10.0.0.7/file", NOT_FOUND),
        ("10.0.0.8", "file", "common"),
        ("[fe80::7]", "file", "v6"),
    ] {
        assert_eq!(ask_as(client, &handler, name.as_bytes()).await, want, "{client} {name}");
    }
    let handler = tree.handler().with_roots(Roots::PerMac);
    assert_eq!(ask_as("127.0.0.1", &handler, b"file").await, "common", "loopback has no MAC addresses");
}

#[test]
fn a_root_that_cannot_be_used_is_named() {
    let tree = Tree::new(&[("file", "")]);
    let missing = DirHandler::open(tree.at("none")).unwrap_err();
    assert_eq!(missing.to_string(), format!("there is no directory {}", tree.at("none").display()));
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    let file = DirHandler::open(tree.at("file")).unwrap_err();
    assert_eq!(file.to_string(), format!("{} is not a directory", tree.at("file").display()));
}
