//! Looks through users' templates before any machine depends on them: when the server starts, when a file changes, when a
//! machine comes or gets another name or operating system.

use std::time::Duration;

use firstlight_machine_fsm::Machine;
use serde_json::json;
use tokio::sync::watch;

use crate::boot::Boot;
use crate::controller::{ControlError, Controller};
use crate::installer;
use crate::model::{Deployment, NewEvent, Power, PowerState, Record};
use crate::preview::preview;
use crate::templates::{Fault, Prefix, Stamp, Subject};
use crate::time::Millis;

/// How often the directories are looked at.
const INTERVAL: Duration = Duration::from_secs(2);

/// What decides which texts there are: the files, and who gets them.
type Seen = (Vec<Stamp>, Vec<(String, Option<Deployment>)>);

/// Looks through the templates whenever something has changed, until `stop` says so.
pub async fn run(boot: Boot, controller: Controller, mut stop: watch::Receiver<bool>) {
    let mut seen = None;
    loop {
        match look(&boot, &controller, seen.take()).await {
            Ok(now) => seen = Some(now),
            Err(error) => tracing::error!("the templates cannot be looked through: {error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = crate::run::stopped(&mut stop) => return,
        }
    }
}

async fn look(boot: &Boot, controller: &Controller, seen: Option<Seen>) -> Result<Seen, ControlError> {
    let machines = controller.store().machines().await?;
    let wanted = machines.into_iter().map(|record| (record.name, record.deployment)).collect();
    let now = (boot.templates().stamps(), wanted);
    if seen.as_ref() != Some(&now) {
        audit(boot, controller).await?;
    }
    Ok(now)
}

/// Tries out every template that a machine would use, and tells of what is wrong now, and of what no longer is.
///
/// # Errors
///
/// When the database says no.
pub async fn audit(boot: &Boot, controller: &Controller) -> Result<(), ControlError> {
    let keys = controller.keys().await?;
    let mut faults = Vec::new();
    for prefix in [Prefix::Enlist, Prefix::EnlistUserdata] {
        try_out(boot, &stranger(), prefix, &mut faults).await;
    }
    for record in controller.store().machines().await? {
        let boot = &boot.near(&record);
        try_out(boot, &record, Prefix::Commissioning, &mut faults).await;
        if let Some(installer) = boot.installer_of(&record) {
            let text = installer::preview(boot, &boot.templates().strict(), &record, installer, &keys).await;
            note(&mut faults, installer.template(), &record, text);
            continue;
        }
        for prefix in [Prefix::Curtin, Prefix::CurtinUserdata] {
            try_out(boot, &record, prefix, &mut faults).await;
        }
    }
    let before = boot.templates().set_faults(faults.clone());
    let is_new = |fault: &&Fault| !before.iter().any(|known| known.message == fault.message);
    let is_gone = |fault: &&Fault| !faults.iter().any(|known| known.message == fault.message);
    let broken = faults.iter().filter(is_new).map(|fault| event("template.broken", fault.message.clone(), fault));
    let mended = before.iter().filter(is_gone);
    let mended = mended.map(|fault| event("template.mended", format!("no longer: {}", fault.message), fault));
    let events: Vec<NewEvent> = broken.chain(mended).collect();
    if !events.is_empty() {
        controller.store().append_events(&events).await?;
        controller.journal().wake();
    }
    Ok(())
}

async fn try_out(boot: &Boot, record: &Record, prefix: Prefix, faults: &mut Vec<Fault>) {
    let http_root = boot.policy().http_root();
    let subject = Subject::new(boot, record, &http_root);
    let text = preview(boot, &boot.templates().strict(), subject, prefix).await;
    note(faults, prefix.as_str(), record, text);
}

fn note<E: ToString>(faults: &mut Vec<Fault>, prefix: &str, record: &Record, text: Result<String, E>) {
    let Err(error) = text else { return };
    let message = error.to_string();
    let machine = (!record.name.is_empty()).then(|| record.name.clone());
    match faults.iter_mut().find(|fault| fault.message == message) {
        Some(fault) => fault.machines.extend(machine.filter(|name| !fault.machines.contains(name))),
        None => {
            faults.push(Fault { prefix: prefix.to_owned(), message, machines: machine.into_iter().collect() });
        }
    }
}

fn event(kind: &'static str, message: String, fault: &Fault) -> NewEvent {
    NewEvent::now(kind, message).details(json!({"prefix": fault.prefix, "machines": fault.machines}))
}

/// A machine that is not there yet.
fn stranger() -> Record {
    Record {
        id: "new".to_owned(),
        name: String::new(),
        machine: Machine::discovered(),
        revision: 0,
        status_since: Millis::now(),
        deadline: None,
        step: None,
        macs: Vec::new(),
        address: None,
        firmware: None,
        architecture: None,
        power: Power::Manual,
        power_state: PowerState::Unknown,
        deployment: None,
        inventory: None,
    }
}
