//! The lab's network: one bridge with one tap per machine, in a namespace of its own.

use crate::error::{Doing, Error, Result};
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The bridge, which is also the server's interface.
pub(crate) const BRIDGE: &str = "br0";
/// The server's address on it.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// What the server may lease.
pub(crate) const POOL: &str = "10.77.0.100-10.77.0.199";

/// The tap of machine `number` (from 1).
pub(crate) fn tap(number: u8) -> String {
    format!("tap{number}")
}

/// The hardware address of machine `number`.
pub(crate) fn mac(number: u8) -> String {
    format!("52:54:00:77:00:{number:02x}")
}

/// Makes the bridge and the taps.
pub(crate) async fn up(machines: u8) -> Result<()> {
    // Address detection would keep the router advertisements waiting.
    for scope in ["default", "all"] {
        let path = format!("/proc/sys/net/ipv6/conf/{scope}/accept_dad");
        std::fs::write(&path, "0").doing(format!("{path} cannot be set"))?;
    }
    ip(&commands(machines)).await
}

fn commands(machines: u8) -> String {
    let mut lines = format!(
        "link set lo up\n\
         link add {BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
         address add {SERVER}/24 broadcast + dev {BRIDGE}\n\
         link set {BRIDGE} up\n"
    );
    for number in 1..=machines {
        let tap = tap(number);
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "tuntap add {tap} mode tap");
        let _ = writeln!(lines, "link set {tap} master {BRIDGE} up");
    }
    lines
}

/// Runs lines of `ip`.
pub(crate) async fn ip(commands: &str) -> Result<()> {
    let mut child = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .doing("`ip` (package iproute2) does not start")?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(commands.as_bytes()).await.doing("`ip` does not listen")?;
    }
    let output = child.wait_with_output().await.doing("`ip` is lost")?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::said(format!(
        "the lab's network cannot be made: {}",
        String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_a_tap_on_the_bridge() {
        let lines = commands(2);
        assert_eq!(lines.matches("tuntap add").count(), 2);
        assert!(lines.ends_with("tuntap add tap2 mode tap\nlink set tap2 master br0 up\n"));
    }
}
