//! One machine: what it is, what it has, what happened to it.

use axum::extract::{Extension, Path, State};
use maud::{Markup, html};

use super::machines::{actions, badge, faults, gib, log, now};
use super::preseed::links;
use super::{age, layout};
use crate::http::App;
use crate::http::auth::Csrf;
use crate::http::error::ApiError;
use crate::inventory::Inventory;
use crate::model::{Power, Record, ScriptResult};

/// Events on the page.
const EVENTS: u32 = 300;

pub(super) async fn page(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(Csrf(csrf)): Extension<Csrf>,
) -> Result<Markup, ApiError> {
    let record = app.controller.machine(&id).await?;
    let scripts = app.controller.store().scripts(&record.id).await?;
    let events = app.controller.store().newest_events(Some(&record.id), EVENTS).await?;
    let content = html! {
        main {
            div #fragment data-source={ "/fragments/machines/" (record.id) } { (faults(&app, Some(&record))) (details(&record, &scripts)) }
            (links(&app, &record))
            section.panel { h2 { "What happened" } (log(&events)) }
        }
    };
    Ok(layout(&record.name, &csrf, &content))
}

pub(super) async fn fragment(State(app): State<App>, Path(id): Path<String>) -> Result<Markup, ApiError> {
    let record = app.controller.machine(&id).await?;
    let scripts = app.controller.store().scripts(&record.id).await?;
    Ok(html! { (faults(&app, Some(&record))) (details(&record, &scripts)) })
}

fn details(record: &Record, scripts: &[ScriptResult]) -> Markup {
    html! {
        section.panel {
            h1 { (record.name) " " (badge(record)) }
            p.now { (now(record)) }
            p.actions { (actions(record)) }
            dl {
                dt { "Since" } dd { (age(record.status_since)) }
                dt { "Id" } dd { (record.id) }
                dt { "Address" } dd { (record.address.map_or_else(|| "none".to_owned(), |address| address.to_string())) }
                dt { "Hardware addresses" } dd { @for mac in &record.macs { (mac) " " } }
                dt { "Firmware" } dd { (record.firmware.as_deref().unwrap_or("unknown")) }
                dt { "Power" } dd {
                    (record.power_state.as_str()) ", "
                    @match record.power { Power::Manual => { "by hand" }, Power::Webhook(_) => { "by webhook" } }
                }
                @if let Some(os) = record.deployment.as_ref().and_then(|deployment| deployment.os.as_deref()) {
                    dt { "Operating system" } dd { (os) }
                }
            }
        }
        @if let Some(inventory) = &record.inventory { (hardware(inventory)) }
        @if !scripts.is_empty() {
            section.panel {
                h2 { "Scripts" }
                @for script in scripts {
                    details {
                        summary {
                            @if script.exit_status == 0 { span.badge.good { "ok" } } @else { span.badge.bad { (script.exit_status) } }
                            " " (script.name) " " span.dim { (script.phase) ", " (format!("{:.1}", script.seconds)) " s" }
                        }
                        pre { (script.output) }
                    }
                }
            }
        }
    }
}

fn hardware(inventory: &Inventory) -> Markup {
    html! {
        section.panel {
            h2 { "Hardware" }
            dl {
                dt { "System" }
                dd { (inventory.vendor.as_deref().unwrap_or("unknown")) " " (inventory.product.as_deref().unwrap_or_default()) }
                dt { "Processor" }
                dd { (inventory.cpus.unwrap_or(0)) " × " (inventory.cpu_model.as_deref().unwrap_or("unknown")) }
                dt { "Memory" } dd { (gib(inventory.memory_mib.unwrap_or(0) << 20)) }
                dt { "Virtual" } dd { (inventory.virtuality.as_deref().unwrap_or("unknown")) }
                @for disk in &inventory.disks {
                    dt { (disk.path) }
                    dd { (gib(disk.size)) " " (disk.model.as_deref().unwrap_or_default()) " " (disk.serial.as_deref().unwrap_or_default()) }
                }
                @for interface in &inventory.interfaces {
                    dt { (interface.name) }
                    dd { (interface.mac) @if interface.link { ", link" } @else { ", no link" } }
                }
            }
        }
    }
}
