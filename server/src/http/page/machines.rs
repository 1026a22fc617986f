//! All machines, and what happens to them.

use axum::extract::{Extension, State};
use firstlight_machine_fsm::{Event as Happening, Status};
use maud::{Markup, html};

use super::{age, layout};
use crate::http::App;
use crate::http::auth::Csrf;
use crate::http::error::ApiError;
use crate::inventory::Inventory;
use crate::model::{Event, PowerState, Record};
use crate::templates::Fault;

/// Events on the page.
const EVENTS: u32 = 200;

pub(super) async fn page(State(app): State<App>, Extension(Csrf(csrf)): Extension<Csrf>) -> Result<Markup, ApiError> {
    let machines = app.controller.store().machines().await?;
    let events = app.controller.store().newest_events(None, EVENTS).await?;
    let content = html! {
        main {
            section.panel {
                h1 { "Machines" }
                div #fragment data-source="/fragments/machines" { (faults(&app, None)) (table(&machines)) }
            }
            section.panel {
                h2 { "What happens" }
                (log(&events))
            }
        }
    };
    Ok(layout("Machines", &csrf, &content))
}

pub(super) async fn fragment(State(app): State<App>) -> Result<Markup, ApiError> {
    let machines = app.controller.store().machines().await?;
    Ok(html! { (faults(&app, None)) (table(&machines)) })
}

/// What is wrong with templates: with all of them, or with those of one machine.
pub(super) fn faults(app: &App, machine: Option<&Record>) -> Markup {
    let faults = app.boot.templates().faults();
    let concerns = |fault: &&Fault| machine.is_none_or(|machine| fault.machines.contains(&machine.name));
    html! {
        @for fault in faults.iter().filter(concerns) {
            p.warning {
                (fault.message)
                @if machine.is_none() && !fault.machines.is_empty() { " (" (fault.machines.join(", ")) ")" }
            }
        }
    }
}

fn table(machines: &[Record]) -> Markup {
    if machines.is_empty() {
        return html! {
            p.empty {
                "No machine yet. Let one boot from the network: it enlists by itself. Or add one by hand: "
                code { "firstlight add --mac 52:54:00:12:34:56" }
            }
        };
    }
    html! {
        table {
            thead { tr { th { "Machine" } th { "Status" } th { "Now" } th { "Hardware" } th { "Power" } th {} } }
            tbody {
                @for machine in machines {
                    tr {
                        td {
                            a.name href={ "/machines/" (machine.id) } { (machine.name) }
                            div.dim {
                                @match machine.address {
                                    Some(address) => { (address) },
                                    None => { (machine.macs.first().map(ToString::to_string).unwrap_or_default()) },
                                }
                            }
                        }
                        td { (badge(machine)) div.dim { (age(machine.status_since)) } }
                        td.now { (now(machine)) }
                        td.dim { (hardware(machine.inventory.as_ref())) }
                        td { (power(machine)) }
                        td.actions { (actions(machine)) }
                    }
                }
            }
        }
    }
}

pub(super) fn badge(machine: &Record) -> Markup {
    let status = machine.machine.status();
    let tone = match status {
        Status::Ready | Status::Deployed => "good",
        status if status.is_failed() => "bad",
        Status::Broken => "bad",
        status if status.is_transient() => "busy",
        _ => "calm",
    };
    html! { span class={ "badge " (tone) } { (status.as_str()) } }
}

pub(super) fn now(machine: &Record) -> Markup {
    html! {
        @if let Some(reason) = machine.machine.reason() {
            span.reason { (reason) }
        } @else if let Some(step) = &machine.step {
            (step)
        }
    }
}

fn hardware(inventory: Option<&Inventory>) -> Markup {
    let Some(inventory) = inventory else { return html! { "not inspected yet" } };
    let disks: u64 = inventory.disks.iter().map(|disk| disk.size).sum();
    html! {
        (inventory.cpus.unwrap_or(0)) " CPU · " (gib(inventory.memory_mib.unwrap_or(0) << 20)) " · "
        (inventory.disks.len()) @if inventory.disks.len() == 1 { " disk, " } @else { " disks, " } (gib(disks))
    }
}

pub(super) fn gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 30;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

fn power(machine: &Record) -> Markup {
    let class = match machine.power_state {
        PowerState::On => "power on",
        PowerState::Off => "power off",
        PowerState::Unknown => "power",
    };
    html! { span class=(class) { (machine.power_state.as_str()) } }
}

/// A button for everything that the table allows now.
pub(super) fn actions(machine: &Record) -> Markup {
    let all = [
        ("commission", Happening::Commission),
        ("allocate", Happening::Allocate),
        ("deploy", Happening::Deploy),
        ("release", Happening::Release),
        ("abort", Happening::Abort),
        ("mark-fixed", Happening::MarkFixed),
    ];
    html! {
        @for (action, event) in all {
            @if machine.machine.clone().apply(event).is_ok() {
                button data-machine=(machine.id) data-action=(action) { (action) }
            }
        }
    }
}

/// The newest events, the newest first.
pub(super) fn log(events: &[Event]) -> Markup {
    html! {
        ol #events {
            @for event in events {
                li class={ "event " (event.kind.split('.').next().unwrap_or_default()) } data-id=(event.id) {
                    (age(event.time)) span.kind { (event.kind) } span.message { (event.message) }
                }
            }
        }
    }
}
