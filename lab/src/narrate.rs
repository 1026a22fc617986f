//! Tells what happens, live: the server's events, with the time since the
//! machine was powered on. Nothing here looks at a machine; whatever is said has
//! come out of the event stream.

use crate::events::Event;
use jiff::Timestamp;
use std::collections::HashMap;

/// Kinds that are told only with `--verbose`: too many, or without news.
const QUIET: &[&str] = &[
    "dhcp.offer",
    "dhcp.request",
    "dhcp.inform",
    "dhcp.release",
    "tftp.read",
    "tftp.probe",
    "http.metadata",
    "http.sent",
    "power.query",
    "machine.changed",
    "cloud-init",
    "script.started",
    "server.started",
];

/// Who is who, and what was told last.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    verbose: bool,
    /// When the machine with this MAC was powered on first.
    power_on: HashMap<String, Timestamp>,
    /// The MAC by machine id, learned from events that have both.
    macs: HashMap<String, String>,
    names: HashMap<String, String>,
    last: String,
}

impl Narrator {
    /// A narrator; `verbose` leaves nothing out.
    pub(crate) fn new(verbose: bool) -> Self {
        Self { verbose, ..Self::default() }
    }

    /// Sets the zero of this machine's clock.
    pub(crate) fn powered_on(&mut self, mac: &str, at: Timestamp) {
        self.power_on.insert(mac.to_owned(), at);
        println!("{}", line(0.0, mac, "powered on, with a blank disk"));
    }

    /// Learns which machine has which card.
    pub(crate) fn introduce(&mut self, id: &str, name: &str, mac: &str) {
        self.macs.insert(id.to_owned(), mac.to_owned());
        self.names.insert(mac.to_owned(), name.to_owned());
    }

    /// Seconds from the machine's first power-on to `time`.
    pub(crate) fn seconds(&self, mac: &str, time: Timestamp) -> f64 {
        self.power_on.get(mac).map_or(0.0, |zero| (time - *zero).total_seconds())
    }

    /// Tells an event, if it is worth it.
    pub(crate) fn event(&mut self, event: &Event) {
        let Some(text) = self.tell(event) else { return };
        println!("{text}");
    }

    /// Something that the lab itself did as the user: marked as such.
    pub(crate) fn user(&self, mac: &str, text: &str) {
        let who = self.who(Some(mac), None);
        println!("{}", line(self.seconds(mac, Timestamp::now()), &who, &format!("[lab] {text}")));
    }

    fn tell(&mut self, event: &Event) -> Option<String> {
        let mac = self.mac_of(event);
        if let (Some(mac), Some(name)) = (&mac, &event.name) {
            self.names.insert(mac.clone(), name.clone());
        }
        if !self.verbose && !is_told(event) {
            return None;
        }
        let who = self.who(mac.as_deref(), event.name.as_deref());
        let text = wording(event);
        // A client that repeats itself is told once.
        let said = format!("{who} {text}");
        if said == self.last && !self.verbose {
            return None;
        }
        self.last = said;
        let seconds = mac.map_or(0.0, |mac| self.seconds(&mac, event.time));
        Some(line(seconds, &who, &text))
    }

    fn mac_of(&self, event: &Event) -> Option<String> {
        let known = event.machine.as_ref().and_then(|id| self.macs.get(id));
        known.or(event.mac.as_ref()).cloned()
    }

    fn who(&self, mac: Option<&str>, name: Option<&str>) -> String {
        name.or_else(|| mac.and_then(|mac| self.names.get(mac)).map(String::as_str))
            .or(mac)
            .unwrap_or("server")
            .to_owned()
    }
}

fn is_told(event: &Event) -> bool {
    match event.kind.as_str() {
        // Reporting of the ephemeral and the installed system: only its stages.
        "cloud-init" => is_stage(event),
        "install.step" => event.detail("state") != "start",
        "tftp.refused" => !is_expected_miss(event.detail("file")),
        "http.refused" => !is_expected_miss(event.detail("path")),
        kind => !QUIET.contains(&kind),
    }
}

/// What shim, GRUB and cloud-init ask for on the chance: its absence is no news.
fn is_expected_miss(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name == "user-data"
        || name.starts_with("revocations_")
        || name.starts_with("shim_certificate_")
        || name.ends_with(".lst")
}

/// `init-local`, `init-network`, `modules-config`, `modules-final`: names
/// without a slash are stages, those with one are steps in them.
fn is_stage(event: &Event) -> bool {
    let name = event.detail("stage");
    !name.is_empty() && !name.contains('/') && event.detail("event") == "finish"
}

fn wording(event: &Event) -> String {
    match event.kind.as_str() {
        "machine.status" => {
            let (from, to) = (event.detail("from"), event.detail("to"));
            if to.is_empty() {
                event.message.clone()
            } else if from.is_empty() {
                format!("=> {to}")
            } else {
                format!("{from} => {to}")
            }
        }
        kind if event.message.is_empty() => kind.to_owned(),
        _ => without_name(event).to_owned(),
    }
}

/// The name has a column of its own.
fn without_name(event: &Event) -> &str {
    let message = event.message.as_str();
    let rest = event.name.as_deref().and_then(|name| message.strip_prefix(name));
    rest.and_then(|rest| rest.strip_prefix(": ").or_else(|| rest.strip_prefix(' '))).unwrap_or(message)
}

fn line(seconds: f64, who: &str, text: &str) -> String {
    format!("{seconds:8.2} s  {who:<18} {text}")
}

trait Seconds {
    fn total_seconds(self) -> f64;
}

impl Seconds for jiff::Span {
    fn total_seconds(self) -> f64 {
        self.total(jiff::Unit::Second).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MAC: &str = "52:54:00:77:00:01";

    fn event(kind: &str, message: &str, details: &serde_json::Value) -> Event {
        serde_json::from_value(json!({
            "id": 1, "time": "2026-01-01T00:00:12.5Z", "machine": "m1", "name": "calm-otter",
            "mac": null, "kind": kind, "message": message, "details": details,
        }))
        .unwrap()
    }

    fn narrator() -> Narrator {
        let mut narrator = Narrator::new(false);
        narrator.power_on.insert(MAC.to_owned(), "2026-01-01T00:00:00Z".parse().unwrap());
        narrator.introduce("m1", "calm-otter", MAC);
        narrator
    }

    #[test]
    fn a_change_of_status_with_its_time() {
        let event = event("machine.status", "", &json!({"from": "Enlisting", "to": "New"}));
        assert_eq!(narrator().tell(&event).unwrap(), "   12.50 s  calm-otter         Enlisting => New");
    }

    #[test]
    fn repetitions_and_small_talk_are_left_out() {
        let mut narrator = narrator();
        let discover = event("dhcp.discover", "asks for an address", &json!({}));
        assert!(narrator.tell(&discover).is_some());
        assert!(narrator.tell(&discover).is_none());
        assert!(narrator.tell(&event("dhcp.offer", "offer", &json!({}))).is_none());
        narrator.verbose = true;
        assert!(narrator.tell(&event("dhcp.offer", "offer", &json!({}))).is_some());
    }

    #[test]
    fn a_missing_boot_file_is_told_a_missing_list_is_not() {
        let missing = |file: &str| event("tftp.refused", "file not found", &json!({"file": file}));
        assert!(is_told(&missing("bootx64.efi")));
        assert!(!is_told(&missing("grub/x86_64-efi/fs.lst")));
        assert!(!is_told(&missing("revocations_sku.efi")));
        let refused = |path: &str| event("http.refused", "404 Not Found", &json!({"path": path}));
        assert!(!is_told(&refused("/metadata/m1/2012-03-01/user-data")));
        assert!(is_told(&refused("/images/x")));
    }

    #[test]
    fn of_cloud_init_only_the_stages() {
        let stage = json!({"stage": "init-network", "event": "finish"});
        let step = json!({"stage": "init-network/check-cache", "event": "finish"});
        assert!(is_told(&event("cloud-init", "stage", &stage)));
        assert!(!is_told(&event("cloud-init", "step", &step)));
    }
}
