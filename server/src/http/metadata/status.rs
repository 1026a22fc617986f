//! cloud-init's own reports, as its webhook handler sends them.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use firstlight_machine_fsm::Event;
use serde::Deserialize;
use serde_json::json;

use super::identify;
use crate::controller::ControlError;
use crate::http::App;
use crate::http::error::ApiError;
use crate::model::NewEvent;
use crate::store::{Facts, Scope};

/// The event that ends a boot: cloud-init's last stage.
const LAST_STAGE: &str = "modules-final";

#[derive(Debug, Deserialize)]
pub(super) struct Report {
    name: String,
    event_type: String,
    #[serde(default)]
    description: String,
    result: Option<String>,
}

pub(super) async fn report(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let (credential, record) = identify(&app, &headers, &id).await?;
    // cloud-init sends JSON without saying so in a Content-Type.
    let report: Report = serde_json::from_slice(&body).map_err(|error| {
        ApiError::bad_request(format!("the report cannot be read: {error}"), "send cloud-init's JSON")
    })?;
    let short = |text: &str| text.chars().take(500).collect::<String>();
    let (name, what) = (short(&report.name), short(&report.description));
    let result = report.result.as_deref().unwrap_or_default();
    let system = if credential.scope == Scope::Deployed { "installed" } else { "ephemeral" };
    let ending = if report.event_type == "finish" { format!(" ({})", short(result)) } else { String::new() };
    let event = NewEvent::now("cloud-init", format!("{}: {name}: {what}{ending}", record.name))
        .machine(&id)
        .details(json!({"stage": name, "event": short(&report.event_type), "result": short(result), "system": system}));
    let step = format!("cloud-init: {what}");
    let facts = Facts { step: record.machine.status().is_transient().then_some(Some(step)), ..Facts::default() };
    app.controller.learn(&id, &facts, &[event]).await?;
    if credential.scope == Scope::Deployed && name == LAST_STAGE && report.event_type == "finish" {
        let event = match result {
            "FAIL" => Event::FirstBootFailed { reason: format!("cloud-init reports: {what}") },
            _ => Event::FirstBootFinished,
        };
        match app.controller.apply(&id, event).await {
            // Every later boot ends like the first; only the first one means something.
            Ok(_) | Err(ControlError::Rejected(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
