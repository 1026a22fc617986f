//! `cargo lab`: the lab and the server, built together, so that what both need is compiled once.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::{setup, shell};

/// Builds, then becomes the lab: signals and the exit status are its own.
pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    shell::run("cargo build --release -p firstlight -p firstlight-lab")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let lab = target.join("release/firstlight-lab");
    let error = Command::new(&lab).args(arguments).exec();
    Err(format!("{} cannot be run: {error}", lab.display()))
}

/// Makes RAID, LVM, encrypted devices and bcaches on loop devices, in a virtual machine: their modules are not in every
/// kernel.
pub(crate) fn loop_devices() -> Result<(), String> {
    setup::storage()?;
    let here = std::env::current_dir().map_err(|error| format!("the current folder is not known: {error}"))?;
    shell::run_with(
        "cargo test -p firstlight-curtin-config --test loop_volumes -- --ignored --test-threads=1",
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER",
        &here.join("lab/storage/loop-devices.sh").display().to_string(),
    )
}
