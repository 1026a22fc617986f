//! The database as the server sees it: operations that each are one transaction.
//!
//! SQLite is the embedded default, in [`sqlite`]; another database implements [`Store`].

pub mod sqlite;

use std::net::Ipv4Addr;

use async_trait::async_trait;
use firstlight_machine_fsm::Machine;

use crate::inventory::Inventory;
use crate::model::{Deployment, Event, Mac, NewEvent, Power, PowerState, Record, ScriptResult};
use crate::time::Millis;

/// Something went wrong in the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database said no.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A name or hardware address is taken.
    #[error("{what} `{value}` is already in use")]
    Taken {
        /// `name` or `mac`.
        what: &'static str,
        /// The value that is taken.
        value: String,
    },
    /// A row holds something that this version does not understand.
    #[error("the stored {what} of machine {id} cannot be read: {found}")]
    Corrupt {
        /// Which column.
        what: &'static str,
        /// Which machine.
        id: String,
        /// What is there.
        found: String,
    },
}

/// What a database operation gives.
pub type Result<T> = std::result::Result<T, StoreError>;

/// How to find a machine.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// By its id or, failing that, its name.
    IdOrName(&'a str),
    /// By the hardware address of one of its interfaces.
    Mac(Mac),
}

/// A machine that is not stored yet.
#[derive(Debug, Clone)]
pub struct NewMachine {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its first state.
    pub machine: Machine,
    /// The end of that state.
    pub deadline: Option<Millis>,
    /// Its hardware addresses.
    pub macs: Vec<Mac>,
    /// Its power driver.
    pub power: Power,
}

/// What is known about a machine beside its state. `None` leaves a fact as it is.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// A new name.
    pub name: Option<String>,
    /// A new power driver.
    pub power: Option<Power>,
    /// Whether it is on.
    pub power_state: Option<PowerState>,
    /// `bios` or `uefi`.
    pub firmware: Option<String>,
    /// In Debian's words.
    pub architecture: Option<String>,
    /// What is being done now; `Some(None)` clears it.
    pub step: Option<Option<String>>,
    /// What commissioning found.
    pub inventory: Option<Inventory>,
    /// More hardware addresses; those of another machine are left where they are.
    pub macs: Vec<Mac>,
}

/// A change of state, stored only if the machine is still at `revision`.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which machine.
    pub id: String,
    /// The revision that the change was decided on.
    pub revision: i64,
    /// The next state.
    pub next: Machine,
    /// Whether the status changes, and with it the time since when.
    pub status_changes: bool,
    /// The end of the next state.
    pub deadline: Option<Millis>,
    /// What is to be deployed; `None` leaves it as it is.
    pub deployment: Option<Deployment>,
    /// The power effects for the outbox, in order. They take the place of those that still wait: the last word on how a
    /// machine shall be is the one that counts.
    pub effects: Vec<PowerEffect>,
    /// When the effects may be tried. A time to come means that they only make sure of what the machine does by itself:
    /// then they do not take the place of others.
    pub not_before: Option<Millis>,
    /// The credentials that die with the transition.
    pub revoke: Vec<Scope>,
    /// What the transition makes forgotten.
    pub forget_deployment: bool,
    /// What happened.
    pub events: Vec<NewEvent>,
}

/// A power effect in the outbox. Both are idempotent: they say how it shall be, not what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerEffect {
    /// The machine shall be off.
    Off,
    /// The machine shall be on.
    On,
}

/// A power effect that waits to be done.
#[derive(Debug, Clone)]
pub struct PendingEffect {
    /// Its place in the order.
    pub id: i64,
    /// Which machine.
    pub machine: String,
    /// What shall be.
    pub effect: PowerEffect,
    /// How often it was tried.
    pub attempts: i64,
}

/// What credentials are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One phase in the ephemeral system.
    Ephemeral,
    /// The installed system, until it is released.
    Deployed,
}

impl Scope {
    /// As the database stores it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ephemeral => "ephemeral",
            Self::Deployed => "deployed",
        }
    }
}

/// The OAuth 1.0 credentials of one machine in one scope.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Names the credentials; not secret.
    pub token_key: String,
    /// The secret.
    pub token_secret: String,
    /// Names the consumer; not secret.
    pub consumer_key: String,
    /// Whose they are.
    pub machine: String,
    /// What they are good for.
    pub scope: Scope,
    /// cloud-init's instance-id under these credentials.
    pub instance_id: String,
    /// The URL token that yields these credentials, if any.
    pub bootstrap: Option<String>,
    /// The only address that may use the URL token.
    pub address: Option<Ipv4Addr>,
}

/// A DHCP lease as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// The address.
    pub address: Ipv4Addr,
    /// The hardware address in hex with colons, whatever its length.
    pub mac: String,
    /// The client identifier (option 61).
    pub client_id: Option<Vec<u8>>,
    /// The host name the client gave.
    pub hostname: Option<String>,
    /// `bound`, `released`, `declined` or `expired`.
    pub state: String,
    /// When its state began, in seconds since the Unix epoch.
    pub since: u64,
    /// When it ends, in seconds since the Unix epoch.
    pub expires: u64,
}

/// A login: a single-use code, or the session that it was traded for.
#[derive(Debug, Clone)]
pub struct Login {
    /// The secret.
    pub token: String,
    /// `code` or `session`.
    pub kind: &'static str,
    /// What a page must send back with every request that changes something.
    pub csrf: String,
    /// When it ends.
    pub expires: Millis,
}

/// Where everything that must outlive the process is kept.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Every lease.
    async fn leases(&self) -> Result<Vec<LeaseRow>>;
    /// Makes leases durable: when this returns, they survive a loss of power.
    async fn put_leases(&self, leases: &[LeaseRow]) -> Result<()>;
    /// The hardware address that holds `address` at `now`.
    async fn lease_holder(&self, address: Ipv4Addr, now: Millis) -> Result<Option<Mac>>;

    /// Every machine, by name.
    async fn machines(&self) -> Result<Vec<Record>>;
    /// One machine.
    async fn machine(&self, key: Key<'_>) -> Result<Option<Record>>;
    /// Stores a new machine with its events.
    async fn insert_machine(&self, machine: &NewMachine, events: &[NewEvent]) -> Result<()>;
    /// Stores what is known about a machine, with events.
    async fn put_facts(&self, id: &str, facts: &Facts, events: &[NewEvent]) -> Result<()>;
    /// Forgets a machine; `false` when there is none.
    async fn delete_machine(&self, id: &str, events: &[NewEvent]) -> Result<bool>;
    /// Stores a transition; `false` when the machine has moved on since.
    async fn change(&self, change: &Change) -> Result<bool>;
    /// The machines whose deadline has passed at `now`.
    async fn overdue(&self, now: Millis) -> Result<Vec<Record>>;

    /// The effects that may be tried at `now`: the first of each machine.
    async fn pending_effects(&self, now: Millis) -> Result<Vec<PendingEffect>>;
    /// The effect is done.
    async fn finish_effect(&self, id: i64) -> Result<()>;
    /// The effect failed; it may be tried again at `not_before`.
    async fn postpone_effect(&self, id: i64, not_before: Millis) -> Result<()>;

    /// The credentials of a machine in a scope, stored as `fresh` if there are none. The address is always the fresh one.
    async fn credential(&self, fresh: &Credential) -> Result<Credential>;
    /// Credentials by their token key.
    async fn credential_by_token(&self, token_key: &str) -> Result<Option<Credential>>;
    /// Credentials by their URL token.
    async fn credential_by_bootstrap(&self, bootstrap: &str) -> Result<Option<Credential>>;

    /// Stores the end of a script with its events.
    async fn put_script(&self, machine: &str, result: &ScriptResult, events: &[NewEvent]) -> Result<()>;
    /// The results of a machine's scripts, in order of phase and name.
    async fn scripts(&self, machine: &str) -> Result<Vec<ScriptResult>>;

    /// Appends events.
    async fn append_events(&self, events: &[NewEvent]) -> Result<()>;
    /// At most `limit` events after `after`, in order.
    async fn events_after(&self, after: i64, limit: u32) -> Result<Vec<Event>>;
    /// The newest `limit` events, of one machine or of all, the newest first.
    async fn newest_events(&self, machine: Option<&str>, limit: u32) -> Result<Vec<Event>>;
    /// The id of the last event.
    async fn last_event(&self) -> Result<i64>;
    /// Forgets all but the newest `keep` events.
    async fn prune_events(&self, keep: u32) -> Result<()>;

    /// The SSH keys that every machine gets.
    async fn keys(&self) -> Result<Vec<(i64, String)>>;
    /// Adds a key; adding it again changes nothing.
    async fn add_key(&self, key: &str) -> Result<i64>;
    /// Removes a key; `false` when there is none.
    async fn remove_key(&self, id: i64) -> Result<bool>;

    /// Stores a login.
    async fn put_login(&self, login: &Login) -> Result<()>;
    /// Takes a code away, if it is good at `now`.
    async fn take_code(&self, code: &str, now: Millis) -> Result<bool>;
    /// The session's CSRF token, if it is good at `now`.
    async fn session(&self, token: &str, now: Millis) -> Result<Option<String>>;
}
