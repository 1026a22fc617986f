//! What happens to machines: events in, stored transitions out.

use std::sync::Arc;
use std::time::Duration;

use firstlight_machine_fsm::{Effect, Event, Machine, Rejected, Status};
use serde_json::json;
use tokio::sync::Notify;

use crate::config::Timeouts;
use crate::journal::Journal;
use crate::model::{Deployment, Mac, NewEvent, Power, Record};
use crate::names;
use crate::secret;
use crate::store::{Change, Facts, Key, NewMachine, PowerEffect, Scope, Store, StoreError};
use crate::time::Millis;

/// How often a transition is decided anew because somebody else was faster.
const ATTEMPTS: usize = 32;

/// How long a boot loader may take to turn its machine off before the power driver makes sure.
const LOADER_GRACE: Duration = Duration::from_secs(30);

/// Something about a machine could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such machine.
    #[error("there is no machine `{0}`")]
    NotFound(String),
    /// The table says no.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The database says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine changes faster than one can decide.
    #[error("machine `{0}` is changing too fast; try again")]
    Busy(String),
}

/// Applies events to machines, one transaction each.
#[derive(Clone)]
pub struct Controller {
    store: Arc<dyn Store>,
    journal: Journal,
    timeouts: Timeouts,
    outbox: Arc<Notify>,
}

impl Controller {
    /// A controller over `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, journal: Journal, timeouts: Timeouts) -> Self {
        Self { store, journal, timeouts, outbox: Arc::default() }
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The event log.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Rung when the outbox has something new.
    #[must_use]
    pub fn outbox(&self) -> &Notify {
        &self.outbox
    }

    /// A machine by its id or name.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn machine(&self, id: &str) -> Result<Record, ControlError> {
        self.store.machine(Key::IdOrName(id)).await?.ok_or_else(|| ControlError::NotFound(id.to_owned()))
    }

    /// The public keys that every machine gets.
    ///
    /// # Errors
    ///
    /// When the database says no.
    pub async fn keys(&self) -> Result<Vec<String>, ControlError> {
        Ok(self.store.keys().await?.into_iter().map(|(_, key)| key).collect())
    }

    /// Applies `event` to a machine, and stores the new state with its effects in one transaction.
    ///
    /// # Errors
    ///
    /// When there is no such machine, or the table refuses the event; the machine is then as it was.
    pub async fn apply(&self, id: &str, event: Event) -> Result<Record, ControlError> {
        self.apply_with(id, event, None).await
    }

    /// As [`Self::apply`], with what is to be deployed.
    ///
    /// # Errors
    ///
    /// As [`Self::apply`].
    pub async fn apply_with(
        &self,
        id: &str,
        event: Event,
        deployment: Option<Deployment>,
    ) -> Result<Record, ControlError> {
        for _ in 0..ATTEMPTS {
            let record = self.machine(id).await?;
            let transition = record.machine.clone().apply(event.clone())?;
            if transition.next == record.machine && transition.effects.is_empty() && deployment.is_none() {
                return Ok(record);
            }
            let change = self.change(&record, &transition.next, &transition.effects, &event, deployment.clone());
            if self.store.change(&change).await? {
                self.journal.wake();
                self.outbox.notify_one();
                return Ok(Record { machine: transition.next, deadline: change.deadline, ..record });
            }
        }
        Err(ControlError::Busy(id.to_owned()))
    }

    fn change(
        &self,
        record: &Record,
        next: &Machine,
        effects: &[Effect],
        event: &Event,
        deployment: Option<Deployment>,
    ) -> Change {
        let status_changes = next.status() != record.machine.status();
        let deadline = if status_changes {
            next.deadline().map(|deadline| Millis::now().after(self.timeouts.of(deadline)))
        } else {
            record.deadline
        };
        let mut change = Change {
            id: record.id.clone(),
            revision: record.revision,
            next: next.clone(),
            status_changes,
            deadline,
            deployment,
            effects: Vec::new(),
            not_before: (*event == Event::Netbooted).then(|| Millis::now().after(LOADER_GRACE)),
            revoke: Vec::new(),
            forget_deployment: false,
            events: if *event == Event::Netbooted && !status_changes {
                Vec::new() // The answer to the netboot tells of it.
            } else {
                vec![announce(record, next, event)]
            },
        };
        for effect in effects {
            match effect {
                Effect::PowerCycle => change.effects.extend([PowerEffect::Off, PowerEffect::On]),
                Effect::PowerOff => change.effects.push(PowerEffect::Off),
                Effect::RevokeEphemeralCredentials => change.revoke.push(Scope::Ephemeral),
                Effect::ForgetDeployment => {
                    change.revoke.push(Scope::Deployed);
                    change.forget_deployment = true;
                }
                _ => {}
            }
        }
        change
    }

    /// The machine with this hardware address; one that nobody has heard of is discovered.
    ///
    /// # Errors
    ///
    /// When the database says no.
    pub async fn discover(&self, mac: Mac) -> Result<Record, ControlError> {
        if let Some(record) = self.store.machine(Key::Mac(mac)).await? {
            return Ok(record);
        }
        match self.create(None, vec![mac], Power::Manual, Machine::discovered()).await {
            // Two requests of one machine may race to discover it.
            Err(ControlError::Store(StoreError::Taken { what: "mac", .. })) => {
                let record = self.store.machine(Key::Mac(mac)).await?;
                record.ok_or_else(|| ControlError::NotFound(mac.to_string()))
            }
            other => other,
        }
    }

    /// Adds a machine by hand.
    ///
    /// # Errors
    ///
    /// When the name or a hardware address is taken.
    pub async fn add(&self, name: Option<String>, macs: Vec<Mac>, power: Power) -> Result<Record, ControlError> {
        self.create(name, macs, power, Machine::New).await
    }

    async fn create(
        &self,
        name: Option<String>,
        macs: Vec<Mac>,
        power: Power,
        machine: Machine,
    ) -> Result<Record, ControlError> {
        let mac = macs.first().copied();
        let discovered = machine.status() == Status::Enlisting;
        let deadline = machine.deadline().map(|deadline| Millis::now().after(self.timeouts.of(deadline)));
        let chosen = name.is_some();
        let mut new = NewMachine {
            id: secret::identity(),
            name: name.unwrap_or_else(names::friendly),
            machine,
            deadline,
            macs,
            power,
        };
        loop {
            let message = if discovered {
                format!("a machine that nobody knows wants to boot; it is {} from now on, and enlists", new.name)
            } else {
                format!("{} was added by hand", new.name)
            };
            let status = new.machine.status().as_str();
            let events = [
                NewEvent::now("machine.added", message).machine(&new.id).mac(mac),
                NewEvent::now("machine.status", format!("{} is {status}", new.name))
                    .machine(&new.id)
                    .details(json!({"from": null, "to": status})),
            ];
            match self.store.insert_machine(&new, &events).await {
                Err(StoreError::Taken { what: "name", .. }) if !chosen => new.name = names::friendly(),
                other => break other?,
            }
        }
        self.journal.wake();
        self.machine(&new.id).await
    }

    /// Stores what is known about a machine, with events.
    ///
    /// # Errors
    ///
    /// When the database says no.
    pub async fn learn(&self, id: &str, facts: &Facts, events: &[NewEvent]) -> Result<(), ControlError> {
        self.store.put_facts(id, facts, events).await?;
        if !events.is_empty() {
            self.journal.wake();
        }
        Ok(())
    }
}

/// The sentence that tells of a transition.
fn announce(record: &Record, next: &Machine, event: &Event) -> NewEvent {
    let (from, to) = (record.machine.status(), next.status());
    let name = &record.name;
    if from == to {
        let (_, progress, _) = crate::model::to_columns(next);
        let message = match (event, progress) {
            (Event::EphemeralStarted, _) => format!("{name}: the ephemeral system is up"),
            (_, Some("first-boot")) => format!("{name}: the disk is written; the first boot from it comes next"),
            _ => format!("{name}: {event}"),
        };
        return NewEvent::now("machine.progress", message)
            .machine(&record.id)
            .details(json!({"status": to.as_str(), "progress": progress}));
    }
    let because = next.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
    NewEvent::now("machine.status", format!("{name}: {from} → {to}{because}"))
        .machine(&record.id)
        .details(json!({"from": from.as_str(), "to": to.as_str(), "reason": next.reason()}))
}
