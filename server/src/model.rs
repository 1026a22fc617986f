//! What the server stores and shows: its own formats, independent of the protocol crates' types.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use firstlight_machine_fsm::{Ephemeral, Installation, Machine, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inventory::Inventory;
use crate::time::Millis;

/// An Ethernet hardware address, in lower case with colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The form that boot loaders use: hardware type 01 and dashes.
    #[must_use]
    pub fn bootif(self) -> String {
        let [a, b, c, d, e, f] = self.0;
        format!("01-{a:02x}-{b:02x}-{c:02x}-{d:02x}-{e:02x}-{f:02x}")
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(out, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

/// The text is not an Ethernet address.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a MAC address: write six pairs of hex digits, such as 52:54:00:12:34:56")]
pub struct ParseMacError(String);

impl FromStr for Mac {
    type Err = ParseMacError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
        let bad = || ParseMacError(text.to_owned());
        if digits.len() != 12 || !digits.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 6];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How a machine is turned on and off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "driver", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Power {
    /// By a person.
    #[default]
    Manual,
    /// By HTTP requests.
    Webhook(Webhook),
}

/// The URLs of a webhook power driver: POST turns on or off, GET asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// POST here turns the machine on.
    pub power_on_uri: String,
    /// POST here turns the machine off.
    pub power_off_uri: String,
    /// GET here answers `{"status": "running"}` or `{"status": "stopped"}`.
    pub power_query_uri: String,
    /// Sent as a bearer token; never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Whether a machine is on, as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PowerState {
    /// It is on.
    On,
    /// It is off.
    Off,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl PowerState {
    /// As the database stores it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Unknown => "unknown",
        }
    }

    /// As the database stores it.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        match text {
            "on" => Self::On,
            "off" => Self::Off,
            _ => Self::Unknown,
        }
    }
}

/// What a user asked to have deployed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// `osystem/release`, such as `debian/bookworm`; the default is the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// A curtin configuration; the default is a flat layout on the first disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curtin: Option<String>,
    /// cloud-init user-data for the installed system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
}

/// A machine as it is stored.
#[derive(Debug, Clone)]
pub struct Record {
    /// The identity, for ever.
    pub id: String,
    /// The name, editable.
    pub name: String,
    /// The state.
    pub machine: Machine,
    /// Counts the changes of state; a transition is stored only if nobody else was faster.
    pub revision: i64,
    /// Since when the machine has this status.
    pub status_since: Millis,
    /// When the state's time is up.
    pub deadline: Option<Millis>,
    /// What is being done now.
    pub step: Option<String>,
    /// The hardware addresses of its network interfaces, as far as known.
    pub macs: Vec<Mac>,
    /// The address it holds.
    pub address: Option<Ipv4Addr>,
    /// `bios` or `uefi`, as it last booted.
    pub firmware: Option<String>,
    /// The architecture, in Debian's words (`amd64`).
    pub architecture: Option<String>,
    /// How to turn it on and off.
    pub power: Power,
    /// Whether it is on.
    pub power_state: PowerState,
    /// What is, or is to be, deployed.
    pub deployment: Option<Deployment>,
    /// What commissioning found.
    pub inventory: Option<Inventory>,
}

/// A machine as the API shows it: no secrets.
#[derive(Debug, Clone, Serialize)]
pub struct View {
    id: String,
    name: String,
    status: &'static str,
    status_since: Millis,
    step: Option<String>,
    failure: Option<String>,
    deadline: Option<Millis>,
    macs: Vec<Mac>,
    address: Option<Ipv4Addr>,
    firmware: Option<String>,
    architecture: Option<String>,
    power: Power,
    power_state: PowerState,
    os: Option<String>,
    inventory: Option<Inventory>,
}

impl From<Record> for View {
    fn from(record: Record) -> Self {
        let power = match record.power {
            Power::Webhook(webhook) => Power::Webhook(Webhook { token: None, ..webhook }),
            Power::Manual => Power::Manual,
        };
        Self {
            status: record.machine.status().as_str(),
            failure: record.machine.reason().map(str::to_owned),
            id: record.id,
            name: record.name,
            status_since: record.status_since,
            step: record.step,
            deadline: record.deadline,
            macs: record.macs,
            address: record.address,
            firmware: record.firmware,
            architecture: record.architecture,
            power,
            power_state: record.power_state,
            os: record.deployment.and_then(|deployment| deployment.os),
            inventory: record.inventory,
        }
    }
}

/// Something that happened, not yet stored.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// When.
    pub time: Millis,
    /// To which machine.
    pub machine: Option<String>,
    /// To which leased address, when nothing else is known.
    pub address: Option<Ipv4Addr>,
    /// To which hardware address, when no machine is known.
    pub mac: Option<Mac>,
    /// The kind, such as `dhcp.ack`.
    pub kind: &'static str,
    /// A sentence for people.
    pub message: String,
    /// The facts for programs.
    pub details: Value,
}

impl NewEvent {
    /// An event that happens now.
    #[must_use]
    pub fn now(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            time: Millis::now(),
            machine: None,
            address: None,
            mac: None,
            kind,
            message: message.into(),
            details: Value::Null,
        }
    }

    /// The machine that it happened to.
    #[must_use]
    pub fn machine(mut self, id: &str) -> Self {
        self.machine = Some(id.to_owned());
        self
    }

    /// The hardware address that it happened to.
    #[must_use]
    pub fn mac(mut self, mac: Option<Mac>) -> Self {
        self.mac = mac;
        self
    }

    /// The leased address that it happened to.
    #[must_use]
    pub fn address(mut self, address: Option<Ipv4Addr>) -> Self {
        self.address = address;
        self
    }

    /// The facts for programs.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// Something that happened, as it is stored and shown.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// Counts up; a reader resumes after the last one it saw.
    pub id: i64,
    /// When.
    pub time: Millis,
    /// The machine's id.
    pub machine: Option<String>,
    /// The machine's name.
    pub name: Option<String>,
    /// The hardware address.
    pub mac: Option<String>,
    /// The kind, such as `dhcp.ack`.
    pub kind: String,
    /// A sentence for people.
    pub message: String,
    /// The facts for programs.
    pub details: Value,
}

/// The end of a script.
#[derive(Debug, Clone, Serialize)]
pub struct ScriptResult {
    /// The script's name.
    pub name: String,
    /// `enlist`, `commission` or `install`.
    pub phase: String,
    /// Its exit status; 0 is success.
    pub exit_status: i64,
    /// How long it ran.
    pub seconds: f64,
    /// What it printed.
    pub output: String,
    /// When it ended.
    pub time: Millis,
}

/// The state as three columns.
#[must_use]
pub fn to_columns(machine: &Machine) -> (&'static str, Option<&'static str>, Option<&str>) {
    let progress = match machine {
        Machine::Enlisting(stage)
        | Machine::Commissioning(stage)
        | Machine::Deploying(Installation::Installing(stage)) => Some(match stage {
            Ephemeral::Awaited => "awaited",
            Ephemeral::Running => "running",
        }),
        Machine::Deploying(Installation::FirstBoot) => Some("first-boot"),
        _ => None,
    };
    (machine.status().as_str(), progress, machine.reason())
}

/// The state from its three columns; `None` when they do not make one.
#[must_use]
pub fn from_columns(status: &str, progress: Option<&str>, reason: Option<String>) -> Option<Machine> {
    let ephemeral = match progress {
        Some("running") => Ephemeral::Running,
        _ => Ephemeral::Awaited,
    };
    let reason = reason.unwrap_or_default();
    Some(match status.parse().ok()? {
        Status::Enlisting => Machine::Enlisting(ephemeral),
        Status::FailedEnlisting => Machine::FailedEnlisting { reason },
        Status::New => Machine::New,
        Status::Commissioning => Machine::Commissioning(ephemeral),
        Status::FailedCommissioning => Machine::FailedCommissioning { reason },
        Status::Ready => Machine::Ready,
        Status::Allocated => Machine::Allocated,
        Status::Deploying if progress == Some("first-boot") => Machine::Deploying(Installation::FirstBoot),
        Status::Deploying => Machine::Deploying(Installation::Installing(ephemeral)),
        Status::FailedDeployment => Machine::FailedDeployment { reason },
        Status::Deployed => Machine::Deployed,
        Status::Releasing => Machine::Releasing,
        Status::FailedReleasing => Machine::FailedReleasing { reason },
        Status::Broken => Machine::Broken { reason },
        _ => return None,
    })
}
