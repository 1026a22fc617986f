//! Running programs.

use std::process::{Command, Stdio};

/// A program with its arguments, separated by spaces.
pub(crate) fn command(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// Runs a program, and shows what it prints.
pub(crate) fn run(line: &str) -> Result<(), String> {
    check(line, command(line))
}

/// As [`run`], with one more environment variable.
pub(crate) fn run_with(line: &str, key: &str, value: &str) -> Result<(), String> {
    let mut command = command(line);
    command.env(key, value);
    check(line, command)
}

/// Whether a program ends well; what it prints is not shown.
pub(crate) fn succeeds(line: &str) -> bool {
    let status = command(line).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn check(line: &str, mut command: Command) -> Result<(), String> {
    eprintln!("$ {line}");
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` failed: {status}")),
        Err(error) => Err(format!("`{line}` cannot be run: {error}")),
    }
}
