//! The command line, with an input and what it prints.
#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

use std::io::Write;
use std::process::{Command, Stdio};

/// The exit status, standard output and standard error of `firstlight` with these arguments and this input.
pub(crate) fn firstlight(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_firstlight"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that ends early does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
