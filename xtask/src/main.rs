//! The chores of the workspace.
//!
//! `cargo lab` builds the lab and the server and starts the lab. `cargo xtask ci` runs every check that a change has to pass, and installs what it needs. `cargo xtask fuzz SECONDS`
//! runs every fuzz target that long.

mod ci;
mod fuzz;
mod lab;
mod setup;
mod shell;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo lab [ARGUMENTS]                a virtual lab; --help says more
       cargo lab storage --loop-devices   RAID, LVM, encryption and bcache on loop devices
       cargo xtask ci [--without-lab]     every check
       cargo xtask fuzz [SECONDS]         every fuzz target, 60 seconds each unless said otherwise";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // Whatever folder it was called from.
    if let Err(error) = std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")) {
        eprintln!("the workspace: {error}");
        return ExitCode::FAILURE;
    }
    let outcome = match arguments.as_slice() {
        ["ci"] => ci::run(ci::Lab::With),
        ["ci", "--without-lab"] => ci::run(ci::Lab::Without),
        ["lab", "storage", "--loop-devices"] => lab::loop_devices(),
        ["lab", arguments @ ..] => lab::run(arguments),
        ["fuzz"] => setup::fuzzing().and_then(|()| fuzz::run(60)),
        ["fuzz", seconds] => match seconds.parse() {
            Ok(seconds) => setup::fuzzing().and_then(|()| fuzz::run(seconds)),
            Err(_) => Err(format!("SECONDS must be a number, not `{seconds}`")),
        },
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
