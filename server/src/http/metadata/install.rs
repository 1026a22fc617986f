//! The installation: its script, its steps, its end.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use firstlight_curtin_config::Firmware;
use firstlight_machine_fsm::Event;
use serde::Deserialize;
use serde_json::json;

use super::{identify_ephemeral, plain};
use crate::deployment;
use crate::http::App;
use crate::http::error::ApiError;
use crate::model::NewEvent;
use crate::secret;
use crate::store::{Credential, Facts, Scope};

/// As much of a step's last words as is kept.
const MAX_TEXT: usize = 4096;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    firmware: String,
}

pub(super) async fn script(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let record = identify_ephemeral(&app, &headers, &id).await?;
    let firmware = match asked.firmware.as_str() {
        "uefi" => Firmware::Uefi,
        "bios" => Firmware::Bios,
        other => return Err(ApiError::bad_request(format!("firmware={other}"), "say bios or uefi")),
    };
    let fresh = Credential {
        token_key: secret::token(),
        token_secret: secret::token(),
        consumer_key: secret::token(),
        machine: id.clone(),
        scope: Scope::Deployed,
        instance_id: format!("firstlight-{id}-{}", secret::identity()),
        bootstrap: None,
        address: None,
    };
    let credential = app.controller.store().credential(&fresh).await?;
    let planned = deployment::installation(&app.boot, &record, firmware, &credential).await?;
    let event =
        NewEvent::now("install.started", format!("{}: the installation begins ({})", record.name, asked.firmware))
            .machine(&id)
            .details(json!({"firmware": asked.firmware, "devices": planned.devices}));
    let facts = Facts { firmware: Some(asked.firmware), ..Facts::default() };
    app.controller.learn(&id, &facts, &[event]).await?;
    Ok(plain(planned.script))
}

#[derive(Debug, Deserialize)]
pub(super) struct Step {
    state: String,
    step: String,
    #[serde(default)]
    text: String,
    seconds: Option<f64>,
    exit_status: Option<i64>,
}

pub(super) async fn step(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(step): Form<Step>,
) -> Result<StatusCode, ApiError> {
    let record = identify_ephemeral(&app, &headers, &id).await?;
    let text: String = step.text.chars().take(MAX_TEXT).collect();
    let name: String = step.step.chars().take(200).collect();
    let message = match (step.state.as_str(), step.seconds) {
        ("start", _) => format!("{}: {text}", record.name),
        ("finish", Some(seconds)) => format!("{}: {name} done in {seconds:.1} s", record.name),
        ("finish", None) => format!("{}: {name} done", record.name),
        ("fail", _) => format!("{}: {name} failed: {text}", record.name),
        (other, _) => return Err(ApiError::bad_request(format!("state={other}"), "say start, finish or fail")),
    };
    let event = NewEvent::now("install.step", message).machine(&id).details(json!({
        "step": name, "state": step.state, "text": text, "seconds": step.seconds, "exit_status": step.exit_status,
    }));
    let facts = Facts { step: (step.state == "start").then(|| Some(text.clone())), ..Facts::default() };
    app.controller.learn(&id, &facts, &[event]).await?;
    if step.state == "fail" {
        let exit = step.exit_status.unwrap_or(1);
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let reason = format!("the installation step {name} failed with exit status {exit}: {last}");
        app.controller.apply(&id, Event::InstallFailed { reason }).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn finished(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    identify_ephemeral(&app, &headers, &id).await?;
    app.controller.apply(&id, Event::Installed).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    text: String,
}

pub(super) async fn failed(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(failure): Form<Failure>,
) -> Result<StatusCode, ApiError> {
    identify_ephemeral(&app, &headers, &id).await?;
    let reason = failure.text.chars().take(MAX_TEXT).collect();
    app.controller.apply(&id, Event::InstallFailed { reason }).await?;
    Ok(StatusCode::NO_CONTENT)
}
