//! Carries out the power effects that transitions have left in the store, in order for each machine.
//!
//! An effect says how a machine shall be, and is done when the driver has seen it so; doing it again after a crash is
//! harmless. It is taken out of the store only then, so that a crash loses none.

use std::collections::HashSet;
use std::time::Duration;

use firstlight_machine_fsm::Event;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::controller::{ControlError, Controller};
use crate::model::{NewEvent, Power, PowerState, Record};
use crate::power::{PowerDriver, PowerError, SETTLE, driver};
use crate::store::{Facts, PendingEffect, PowerEffect};
use crate::time::Millis;

/// How often an effect is tried before the machine has failed.
const ATTEMPTS: i64 = 3;
/// The pause before the next try.
const PAUSE: Duration = Duration::from_secs(5);
/// How often the driver is asked whether the machine is what it should be.
const POLL: Duration = Duration::from_millis(500);
/// How often the outbox is looked at when nobody rings.
const LOOK: Duration = Duration::from_secs(2);

/// Runs effects until `stop` says so. What is under way then is done again at the next start.
pub async fn run(controller: Controller, client: reqwest::Client, mut stop: watch::Receiver<bool>) {
    let mut busy: HashSet<String> = HashSet::new();
    let mut tasks: JoinSet<String> = JoinSet::new();
    loop {
        match controller.store().pending_effects(Millis::now()).await {
            Ok(pending) => {
                for effect in pending {
                    if busy.insert(effect.machine.clone()) {
                        tasks.spawn(carry_out(controller.clone(), client.clone(), effect));
                    }
                }
            }
            Err(error) => tracing::error!("the outbox cannot be read: {error}"),
        }
        tokio::select! {
            () = crate::run::stopped(&mut stop) => return,
            () = controller.outbox().notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            Some(done) = tasks.join_next() => match done {
                Ok(machine) => {
                    busy.remove(&machine);
                }
                Err(error) => {
                    tracing::error!("a power effect broke off: {error}");
                    busy.clear();
                }
            },
        }
    }
}

async fn carry_out(controller: Controller, client: reqwest::Client, effect: PendingEffect) -> String {
    if let Err(error) = try_effect(&controller, &client, &effect).await {
        tracing::error!("a power effect of machine {}: {error}", effect.machine);
        tokio::time::sleep(PAUSE).await;
    }
    effect.machine
}

async fn try_effect(
    controller: &Controller,
    client: &reqwest::Client,
    effect: &PendingEffect,
) -> Result<(), ControlError> {
    let record = controller.machine(&effect.machine).await?;
    let driver = driver(&record.power, client);
    let result = settle(driver.as_ref(), effect.effect).await;
    match result {
        Ok(()) => {
            controller.learn(&record.id, &reached(effect.effect, &record), &[told(effect.effect, &record)]).await?;
            if effect.effect == PowerEffect::Off {
                controller.apply(&record.id, Event::PoweredOff).await?;
            }
            controller.store().finish_effect(effect.id).await?;
        }
        Err(error) if effect.attempts + 1 < ATTEMPTS => {
            let event = NewEvent::now("power.failed", format!("{}: {error}; trying again", record.name))
                .machine(&record.id)
                .details(json!({"attempt": effect.attempts + 1, "error": error.to_string()}));
            controller.learn(&record.id, &Facts::default(), &[event]).await?;
            controller.store().postpone_effect(effect.id, Millis::now().after(PAUSE)).await?;
        }
        Err(error) => {
            let event = NewEvent::now("power.failed", format!("{}: {error}; given up", record.name))
                .machine(&record.id)
                .details(json!({"attempt": effect.attempts + 1, "error": error.to_string()}));
            controller.learn(&record.id, &Facts::default(), &[event]).await?;
            controller.apply(&record.id, Event::PowerFailed { reason: error.to_string() }).await?;
            controller.store().finish_effect(effect.id).await?;
        }
    }
    Ok(())
}

/// Tells the machine to be so, and waits until it is.
async fn settle(driver: &dyn PowerDriver, effect: PowerEffect) -> Result<(), PowerError> {
    let (wanted, word) = match effect {
        PowerEffect::On => (PowerState::On, "on"),
        PowerEffect::Off => (PowerState::Off, "off"),
    };
    if driver.is_manual() || driver.query().await? == wanted {
        return Ok(());
    }
    match effect {
        PowerEffect::On => driver.on().await?,
        PowerEffect::Off => driver.off().await?,
    }
    let wait = async {
        while driver.query().await? != wanted {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    };
    tokio::time::timeout(SETTLE, wait).await.unwrap_or(Err(PowerError::Unsettled { wanted: word }))
}

fn reached(effect: PowerEffect, record: &Record) -> Facts {
    let state = match (&record.power, effect) {
        (Power::Manual, _) => PowerState::Unknown,
        (_, PowerEffect::On) => PowerState::On,
        (_, PowerEffect::Off) => PowerState::Off,
    };
    Facts { power_state: Some(state), ..Facts::default() }
}

fn told(effect: PowerEffect, record: &Record) -> NewEvent {
    let name = &record.name;
    let (kind, message) = match (&record.power, effect) {
        (Power::Manual, PowerEffect::On) => ("power.manual", format!("{name} has no remote power: turn it on by hand")),
        (Power::Manual, PowerEffect::Off) => (
            "power.manual",
            format!("{name} has no remote power: it turns itself off, or has to be turned off by hand"),
        ),
        (_, PowerEffect::On) => ("power.on", format!("{name} is on")),
        (_, PowerEffect::Off) => ("power.off", format!("{name} is off")),
    };
    NewEvent::now(kind, message).machine(&record.id)
}

/// Ends states whose time is up.
pub async fn watch_deadlines(controller: Controller, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = crate::run::stopped(&mut stop) => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        match controller.store().overdue(Millis::now()).await {
            Ok(late) => {
                for record in late {
                    if let Err(error) = controller.apply(&record.id, Event::DeadlinePassed).await {
                        tracing::error!("{}: the deadline has passed, but {error}", record.name);
                    }
                }
            }
            Err(error) => tracing::error!("deadlines cannot be read: {error}"),
        }
    }
}

/// Keeps an eye on the machines whose power can be asked for, and tells of changes.
pub async fn watch_power(controller: Controller, client: reqwest::Client, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = crate::run::stopped(&mut stop) => return,
            () = tokio::time::sleep(Duration::from_secs(15)) => {}
        }
        let Ok(machines) = controller.store().machines().await else { continue };
        for record in machines {
            let driver = driver(&record.power, &client);
            if driver.is_manual() {
                continue;
            }
            let state = driver.query().await.unwrap_or(PowerState::Unknown);
            if state == record.power_state {
                continue;
            }
            let message = format!("{}: power is {}", record.name, state.as_str());
            let event = NewEvent::now("power.query", message).machine(&record.id);
            let facts = Facts { power_state: Some(state), ..Facts::default() };
            if let Err(error) = controller.learn(&record.id, &facts, &[event]).await {
                tracing::error!("the power state of {} is not stored: {error}", record.name);
            }
        }
    }
}
