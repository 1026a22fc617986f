//! Scripts in namespaces of their own, so that nothing that they send leaves this machine.
#![expect(clippy::panic, reason = "a test panics when it fails")]

use std::path::Path;
use std::process::{Command, Output};

const PATH: &str = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs a shell script in network, mount and process namespaces that end with it; `$FIRSTLIGHT` is the program under test.
/// `programs` are what the script calls, each with its package.
#[track_caller]
pub(crate) fn run(programs: &[(&str, &str)], script: &str) -> Output {
    for (program, package) in programs {
        let found = PATH.split(':').any(|directory| Path::new(directory).join(program).exists());
        assert!(found, "this test needs {program}: install the package {package}");
    }
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script])
        .env("FIRSTLIGHT", env!("CARGO_BIN_EXE_firstlight"))
        .env("PATH", PATH)
        .output()
        .unwrap_or_else(|error| panic!("unshare (package util-linux) cannot be run: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("Operation not permitted"), "this test needs root for its namespaces: {said}");
    output
}
