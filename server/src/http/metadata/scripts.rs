//! The scripts of enlistment and commissioning: fetched one by one, reported one by one.

use axum::Form;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use firstlight_machine_fsm::Event;
use serde::Deserialize;
use serde_json::json;

use super::{identify_ephemeral, plain};
use crate::commissioning::{SCRIPTS, Script, script};
use crate::http::App;
use crate::http::error::ApiError;
use crate::model::{NewEvent, ScriptResult};
use crate::store::Facts;
use crate::time::Millis;
use crate::userdata::phase;

/// As much of a script's output as is kept.
const MAX_OUTPUT: usize = 1024 * 1024;

pub(super) async fn list(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    identify_ephemeral(&app, &headers, &id).await?;
    Ok(plain(SCRIPTS.iter().map(|script| format!("{}\n", script.name)).collect()))
}

/// The text of a script; who fetches it runs it.
pub(super) async fn text(
    State(app): State<App>,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let record = identify_ephemeral(&app, &headers, &id).await?;
    let script = known(&name)?;
    let event = NewEvent::now("script.started", format!("{}: {} runs", record.name, script.name))
        .machine(&id)
        .details(json!({"script": script.name, "phase": phase(record.machine.boot())}));
    let facts = Facts { step: Some(Some(script.name.to_owned())), ..Facts::default() };
    app.controller.learn(&id, &facts, &[event]).await?;
    Ok(plain(script.text.to_owned()))
}

#[derive(Debug, Deserialize)]
pub(super) struct End {
    exit_status: i64,
    milliseconds: u32,
}

pub(super) async fn finish(
    State(app): State<App>,
    Path((id, name)): Path<(String, String)>,
    Query(end): Query<End>,
    headers: HeaderMap,
    output: Bytes,
) -> Result<StatusCode, ApiError> {
    let record = identify_ephemeral(&app, &headers, &id).await?;
    let script = known(&name)?;
    let output = String::from_utf8_lossy(&output);
    let seconds = f64::from(end.milliseconds) / 1000.0;
    let phase = phase(record.machine.boot());
    let ended = if end.exit_status == 0 { "ended well".to_owned() } else { format!("failed with {}", end.exit_status) };
    let event = NewEvent::now("script.finished", format!("{}: {name} {ended} after {seconds:.1} s", record.name))
        .machine(&id)
        .details(json!({"script": name, "phase": phase, "exit_status": end.exit_status, "seconds": seconds}));
    let mut events = vec![event];
    let mut facts = Facts::default();
    if end.exit_status == 0 {
        let mut inventory = record.inventory.unwrap_or_default();
        if let Err(error) = inventory.learn(script.name, &output) {
            let message = format!("{}: the output of {name} cannot be read: {error}", record.name);
            events.push(NewEvent::now("script.unreadable", message).machine(&id));
        }
        facts.firmware.clone_from(&inventory.firmware);
        facts.macs = inventory.interfaces.iter().map(|interface| interface.mac).collect();
        facts.inventory = Some(inventory);
    }
    app.controller.learn(&id, &facts, &[]).await?;
    let result = ScriptResult {
        name,
        phase: phase.to_owned(),
        exit_status: end.exit_status,
        seconds,
        output: shortened(&output),
        time: Millis::now(),
    };
    app.controller.store().put_script(&id, &result, &events).await?;
    app.controller.journal().wake();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
pub(super) struct Failed {
    #[serde(default)]
    failed: String,
}

pub(super) async fn all_finished(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(failed): Form<Failed>,
) -> Result<StatusCode, ApiError> {
    identify_ephemeral(&app, &headers, &id).await?;
    let failed = failed.failed.split_whitespace().take(100).collect::<Vec<_>>().join(", ");
    let event = match failed.as_str() {
        "" => Event::ScriptsFinished,
        _ => Event::ScriptsFailed { reason: format!("these scripts failed: {failed}") },
    };
    app.controller.apply(&id, event).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn known(name: &str) -> Result<Script, ApiError> {
    script(name)
        .ok_or_else(|| ApiError::not_found(format!("there is no script {name}"), "the list of scripts has them all"))
}

fn shortened(output: &str) -> String {
    if output.len() <= MAX_OUTPUT {
        return output.to_owned();
    }
    let end = (0..=MAX_OUTPUT).rev().find(|end| output.is_char_boundary(*end)).unwrap_or(0);
    format!("{}\n[{} more bytes are not kept]\n", &output[..end], output.len() - end)
}
