//! One row, inside the namespaces: a server, a machine, and what is seen of it until its kernel runs.

use crate::api::Api;
use crate::error::{Doing, Error, Result};
use crate::events::{self, Event};
use crate::foreign::Dnsmasq;
use crate::matrix::row::{End, Row, Transport};
use crate::matrix::{grub, unsigned};
use crate::plan::Plan;
use crate::qemu::Machine;
use crate::server::{self, Server};
use crate::{inside, network, ra};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// How long an event may take from the server to us.
const LAG: Duration = Duration::from_millis(500);
/// DHCP, what is asked for by TFTP, and what by HTTP: a few packets each.
const TRIMMED: &str = "udp port 67 or udp port 68 or udp port 4011 or udp dst port 69 \
                       or (tcp dst port 80 and tcp[tcpflags] & tcp-push != 0)";

/// What was seen of a machine.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Seen {
    /// Boot loader files and iPXE's script, each once, in the order in which they were fetched.
    pub(crate) files: Vec<String>,
    /// How its kernel came: `TFTP` or `HTTP`.
    pub(crate) kernel_by: Option<String>,
    /// The version that the kernel says it is.
    pub(crate) kernel: Option<String>,
    /// Whether the kernel says that Secure Boot is on.
    pub(crate) secure_boot: bool,
    /// Seconds from power-on to the end.
    pub(crate) seconds: f64,
    /// How it ended.
    pub(crate) ended: Option<Ended>,
}

/// What a machine came to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Ended {
    /// The kernel runs the first program of its initial RAM disk.
    Running,
    /// The boot loader refused the kernel for its signature.
    Refused,
    /// GRUB waits for somebody to type.
    AtPrompt,
}

/// What the console says then.
const ENDS: [(&str, Ended); 3] = [
    ("Run /init as init process", Ended::Running),
    ("bad shim signature", Ended::Refused),
    ("Minimal BASH-like line editing is supported", Ended::AtPrompt),
];

/// Boots the plan's machine once, and says what is wrong if it did not go as `row` says.
pub(crate) async fn boot(plan: &Plan, row: &Row, machines: &mut Vec<Arc<Machine>>) -> Result<()> {
    let mut plan = plan.clone();
    if row.end == End::Refused {
        plan.images_dir = unsigned::images(&plan.images_dir, &plan.work_dir)?;
    }
    if row.own_grub {
        grub::build(&server::boot_dir(&plan.work_dir)).await?;
    }
    let plan = &plan;
    network::up(1).await?;
    ra::start()?;
    let mut tcpdump = inside::record(&plan.work_dir).await?;
    let _foreign = Dnsmasq::start(row.dhcp, &plan.work_dir).await?;
    let machine = Arc::new(Machine::create(1, row.hardware, &plan.work_dir)?);
    machines.push(machine.clone());
    let mut server = Server::start(plan, row.dhcp.mode(), &pxe(row)).await?;
    let mut seen = Seen::default();
    let watched = tokio::select! {
        ended = tokio::time::timeout(plan.time_limit, watch(plan, &machine, &mut seen)) => ended,
        error = server.ended() => Ok(Err(error)),
    };
    machine.power_off().await?;
    tcpdump.kill().await.doing("tcpdump cannot be ended")?;
    trim(&plan.work_dir, row.name).await?;
    seen.save(&plan.work_dir)?;
    if let Ok(outcome) = watched {
        outcome?;
    }
    seen.judge(row).map_err(Error::said)
}

fn pxe(row: &Row) -> String {
    if row.quirks.is_empty() {
        return String::new();
    }
    format!("\n[[pxe.machines]]\nmac = \"{}\"\n{}\n", network::mac(1), row.quirks)
}

/// Powers the machine on and looks on until it has come to its end.
async fn watch(plan: &Plan, machine: &Machine, seen: &mut Seen) -> Result<()> {
    let mut events = events::follow(Api::open(&plan.work_dir)?);
    let mut log =
        std::fs::File::create(plan.work_dir.join("events.jsonl")).doing("the events cannot be written down")?;
    let mut lines = machine.serial().listen();
    let begin = Instant::now();
    machine.power_on().await?;
    let mut is_over = false;
    loop {
        let lag = if is_over { LAG } else { Duration::MAX };
        tokio::select! {
            Some(event) = events.recv() => {
                // A copy for reading after the run; a full disk shows elsewhere first.
                let _ = writeln!(log, "{}", event.raw);
                seen.event(&event);
            }
            Some(line) = lines.recv(), if !is_over => {
                is_over = seen.line(&line);
                seen.seconds = begin.elapsed().as_secs_f64();
            }
            () = tokio::time::sleep(lag) => return Ok(()),
        }
    }
}

/// Leaves the few packets that tell how the machine booted in a file of their own.
async fn trim(run: &Path, name: &str) -> Result<()> {
    let status = Command::new("tcpdump")
        .arg("-r")
        .arg(run.join("lab.pcap"))
        .arg("-w")
        .arg(run.join(format!("{name}.pcap")))
        .arg(TRIMMED)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .doing("tcpdump (package tcpdump) does not start")?;
    if status.success() { Ok(()) } else { Err(Error::said(format!("tcpdump cannot trim lab.pcap ({status})"))) }
}

impl Seen {
    /// What an attempt in `run` has left, if it came that far.
    pub(crate) fn load(run: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(run.join("seen.json")).ok()?).ok()
    }

    fn save(&self, run: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).doing("what was seen cannot be written down")?;
        std::fs::write(run.join("seen.json"), text).doing("seen.json cannot be written")
    }

    fn event(&mut self, event: &Event) {
        let by = match event.kind.as_str() {
            "tftp.done" => Transport::Tftp,
            "http.sent" => Transport::Http,
            "http.boot-script" if event.detail("loader") == "Ipxe" => return self.fetched("boot.ipxe"),
            _ => return,
        };
        let file = event.detail("file");
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        if name == "vmlinuz" {
            self.kernel_by = Some(by.name().to_owned());
        } else if [".0", ".c32", ".efi", ".kpxe"].iter().any(|end| name.ends_with(end)) {
            self.fetched(name);
        }
    }

    fn fetched(&mut self, name: &str) {
        if !self.files.iter().any(|file| file == name) {
            self.files.push(name.to_owned());
        }
    }

    /// Takes a line of the console; true if it is the last one that matters.
    fn line(&mut self, line: &str) -> bool {
        if let Some((_, rest)) = line.split_once("Linux version ") {
            self.kernel = rest.split(' ').next().map(str::to_owned);
        }
        self.secure_boot |= line.contains("secureboot: Secure boot enabled");
        self.ended = self.ended.or(ENDS.iter().find(|(words, _)| line.contains(words)).map(|(_, ended)| *ended));
        self.ended.is_some()
    }

    /// Whether it went as the row says.
    fn judge(&self, row: &Row) -> std::result::Result<(), String> {
        let (end, otherwise) = match row.end {
            End::Kernel => (Ended::Running, "no kernel ran"),
            End::Refused => (Ended::Refused, "the unsigned kernel was not refused"),
            End::Cannot(_) => (Ended::AtPrompt, "it did not end at GRUB's prompt"),
        };
        if self.ended != Some(end) {
            return Err(format!("{otherwise}; it fetched: {}", self.files.join(", ")));
        }
        if self.files != row.files {
            return Err(format!("it fetched {}, not {}", self.files.join(", "), row.files.join(", ")));
        }
        if let End::Cannot(_) = row.end {
            return Ok(());
        }
        let by = self.kernel_by.as_deref().unwrap_or("nothing");
        if by != row.kernel.name() {
            return Err(format!("its kernel came by {by}, not {}", row.kernel.name()));
        }
        if row.end == End::Kernel && self.secure_boot != row.hardware.secure_boot {
            return Err(format!("Secure Boot should be {}", if row.hardware.secure_boot { "on" } else { "off" }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::row::ROWS;
    use serde_json::json;

    fn row(name: &str) -> &'static Row {
        ROWS.iter().find(|row| row.name == name).unwrap()
    }

    fn seen(events: &[(&str, &str)], lines: &[&str]) -> Seen {
        let mut seen = Seen::default();
        for (kind, file) in events {
            let details = json!({"file": file, "loader": "Ipxe"});
            let time = "2026-01-01T00:00:00Z";
            seen.event(
                &serde_json::from_value(json!({"id": 1, "time": time, "kind": kind, "details": details})).unwrap(),
            );
        }
        for line in lines {
            seen.line(line);
        }
        seen
    }

    const KERNEL: &str = "[    0.000000] Linux version 6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org)";
    const INIT: &str = "[    2.904227] Run /init as init process";
    const SHIM: [(&str, &str); 3] = [
        ("tftp.done", "bootx64.efi"),
        ("tftp.done", "grubx64.efi"),
        ("tftp.done", "images/debian/bookworm/amd64/vmlinuz"),
    ];

    #[test]
    fn a_row_has_to_go_as_it_says() {
        let good = seen(&[("http.boot-script", ""), ("http.sent", "debian/bookworm/amd64/vmlinuz")], &[KERNEL, INIT]);
        assert_eq!(good.judge(row("bios-ipxe")), Ok(()));
        assert_eq!(good.kernel.as_deref(), Some("6.1.0-56-cloud-amd64"));
        let other = "it fetched boot.ipxe, not bootx64.efi, grubx64.efi";
        assert_eq!(good.judge(row("uefi-shim-grub")), Err(other.to_owned()));
        let early = seen(&SHIM, &[KERNEL]);
        let none = "no kernel ran; it fetched: bootx64.efi, grubx64.efi";
        assert_eq!(early.judge(row("uefi-shim-grub")), Err(none.to_owned()));
        let by_http = seen(&[SHIM[0], SHIM[1], ("http.sent", "vmlinuz")], &[KERNEL, INIT]);
        assert_eq!(by_http.judge(row("uefi-shim-grub")), Err("its kernel came by HTTP, not TFTP".to_owned()));
    }

    #[test]
    fn secure_boot_is_what_the_kernel_says() {
        let enabled = "[    0.000000] secureboot: Secure boot enabled";
        assert_eq!(seen(&SHIM, &[KERNEL, enabled, INIT]).judge(row("secure-boot")), Ok(()));
        let off = Err("Secure Boot should be on".to_owned());
        assert_eq!(seen(&SHIM, &[KERNEL, INIT]).judge(row("secure-boot")), off);
        assert_eq!(seen(&SHIM, &["error: bad shim signature."]).judge(row("secure-boot-unsigned")), Ok(()));
        assert!(seen(&SHIM, &[KERNEL, INIT]).judge(row("secure-boot-unsigned")).is_err());
    }
}
