//! The drill: kill the server in the middle of a phase, start it again, and see
//! what becomes of the machine. The moment is chosen by the server's own events.

use crate::cli::Phase;
use crate::events::Event;
use jiff::Timestamp;
use std::collections::HashMap;

/// Waits for its moment, which comes once.
#[derive(Debug)]
pub(crate) struct Drill {
    phase: Phase,
    status: HashMap<String, String>,
    installed: HashMap<String, bool>,
    /// What the server's death interrupted.
    pub(crate) killed: Option<Killed>,
}

/// The moment of the kill.
#[derive(Clone, Debug)]
pub(crate) struct Killed {
    pub(crate) at: Timestamp,
    pub(crate) event: String,
    pub(crate) restarted_ms: u128,
}

impl Drill {
    /// A drill for `phase`.
    pub(crate) fn new(phase: Phase) -> Self {
        Self { phase, status: HashMap::new(), installed: HashMap::new(), killed: None }
    }

    /// Whether the moment is now, right after `event`.
    pub(crate) fn is_due(&mut self, event: &Event) -> bool {
        let Some(machine) = event.machine.clone() else {
            return false;
        };
        if event.kind == "machine.status" {
            self.status.insert(machine.clone(), event.detail("to").to_owned());
        }
        if event.kind == "install.step" {
            self.installed.insert(machine.clone(), true);
        }
        if self.killed.is_some() {
            return false;
        }
        let status = self.status.get(&machine).map_or("", String::as_str);
        let is_report =
            matches!(event.kind.as_str(), "cloud-init" | "machine.progress" | "script.started" | "script.finished");
        let is_boot = matches!(event.kind.as_str(), "http.boot-script" | "dhcp.discover");
        match self.phase {
            // The ephemeral system has begun to report.
            Phase::Enlist => status == "Enlisting" && is_report,
            // The kernel runs, and has just begun to fetch its root file system.
            Phase::Download => event.kind == "machine.kernel",
            Phase::Commission => status == "Commissioning" && event.kind == "script.finished",
            // The root image is on its way to the disk.
            Phase::Deploy => event.kind == "http.file" && event.detail("file").ends_with("root.tar.zst"),
            // It has restarted after the installation: its next boot is from disk.
            Phase::FirstBoot => status == "Deploying" && is_boot && self.installed.contains_key(&machine),
            Phase::Release => event.kind == "machine.status" && event.detail("to") == "Releasing",
        }
    }

    /// What happened, for the end of the run.
    pub(crate) fn report(&self) -> String {
        match &self.killed {
            Some(killed) => format!(
                "Drill: the server was killed during {} (at {}, right after {}), was down for 2 s, \
                 and answered again {} ms after its restart; the run went on from there.",
                self.phase,
                killed.at.strftime("%H:%M:%S"),
                killed.event,
                killed.restarted_ms
            ),
            None => format!("Drill: the moment to kill the server during {} never came.", self.phase),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, details: &serde_json::Value) -> Event {
        serde_json::from_value(json!({
            "id": 1, "time": "2026-01-01T00:00:00Z", "machine": "m1",
            "kind": kind, "message": "", "details": details,
        }))
        .unwrap()
    }

    #[track_caller]
    fn check(phase: Phase, events: &[(&str, &str)], due: usize) {
        let mut drill = Drill::new(phase);
        let found = events.iter().position(|(kind, to)| {
            let details = json!({"to": to, "file": to});
            drill.is_due(&event(kind, &details))
        });
        assert_eq!(found, Some(due), "{phase:?}");
    }

    #[test]
    fn every_phase_has_its_moment() {
        let life = [
            ("dhcp.discover", ""),
            ("machine.status", "Enlisting"),
            ("machine.kernel", ""),
            ("cloud-init", ""),
            ("machine.status", "New"),
            ("machine.status", "Commissioning"),
            ("cloud-init", ""),
            ("script.finished", ""),
            ("machine.status", "Ready"),
            ("machine.status", "Allocated"),
            ("machine.status", "Deploying"),
            ("http.boot-script", ""),
            ("install.step", ""),
            ("http.file", "root.tar.zst"),
            ("dhcp.discover", ""),
            ("machine.status", "Deployed"),
            ("machine.status", "Releasing"),
        ];
        check(Phase::Download, &life, 2);
        check(Phase::Enlist, &life, 3);
        check(Phase::Commission, &life, 7);
        check(Phase::Deploy, &life, 13);
        check(Phase::FirstBoot, &life, 14);
        check(Phase::Release, &life, 16);
    }
}
