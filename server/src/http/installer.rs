//! What classic installers ask and report, and the first boot of what they have installed.
//!
//! An installer cannot sign its requests: its addresses hold a part that nobody can guess, and what tells secrets answers
//! the machine's own address alone. GET reports as POST does, because it is all that some installers can do.

use axum::Router;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use firstlight_machine_fsm::{Boot as Answer, Event, Installation as Progress, Machine};
use serde::Deserialize;

use super::metadata::plain;
use super::{App, Peer, boot::peer_address, error::ApiError};
use crate::config::Installer;
use crate::installer::{Installation, late_script};
use crate::model::{NewEvent, Record};
use crate::secret;
use crate::store::{Credential, Facts, Scope};
use crate::templates::Subject;

/// As much of an installer's words as is kept.
const MAX_TEXT: usize = 4096;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/installer/{token}/answers", get(answers))
        .route("/installer/{token}/user-data", get(answers))
        .route("/installer/{token}/meta-data", get(meta_data))
        .route("/installer/{token}/vendor-data", get(vendor_data))
        .route("/installer/{token}/late", get(late))
        .route("/installer/{token}/failed", get(failed).post(failed))
        .route("/installed/{token}/finished", get(finished).post(finished))
        .route("/installed/{token}/first-boot", get(first_boot).post(first_boot))
}

/// The answers. From now on the installer runs: if the machine boots from the network again, it has failed.
async fn answers(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let (record, installer) = installing(&app, peer, &token).await?;
    let keys = app.controller.keys().await?;
    let http_root = app.boot.policy().http_root();
    let subject = Subject { record: &record, os: &installer.os, http_root: &http_root };
    let installation = Installation { templates: app.boot.templates(), installer, subject, token: &token, keys: &keys };
    let text = match installation.answers().await {
        Ok(text) => text,
        Err(error) => {
            let reason = error.to_string();
            app.controller.apply(&record.id, Event::InstallFailed { reason }).await?;
            return Err(error.into());
        }
    };
    let message = format!("{}: the installer fetches its answers ({})", record.name, installer.template());
    let step = Facts { step: Some(Some("the installer runs".to_owned())), ..Facts::default() };
    app.controller.learn(&record.id, &step, &[NewEvent::now("install.answers", message).machine(&record.id)]).await?;
    app.controller.apply(&record.id, Event::EphemeralStarted).await?;
    Ok(plain(text))
}

/// cloud-init's in the installer's own system.
async fn meta_data(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let (record, _) = installing(&app, peer, &token).await?;
    Ok(plain(format!("instance-id: firstlight-{}-{}\nlocal-hostname: {}\n", record.id, record.revision, record.name)))
}

async fn vendor_data(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    installing(&app, peer, &token).await?;
    Ok(plain(String::new()))
}

/// The program that an installer runs at its end.
async fn late(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let (record, _) = installing(&app, peer, &token).await?;
    let fresh = Credential {
        token_key: secret::token(),
        token_secret: secret::token(),
        consumer_key: secret::token(),
        machine: record.id.clone(),
        scope: Scope::Deployed,
        instance_id: format!("firstlight-{}-{}", record.id, secret::identity()),
        bootstrap: Some(secret::token()),
        address: None,
    };
    let credential = app.controller.store().credential(&fresh).await?;
    let message = format!("{}: the installer has done its work, and ends", record.name);
    let step = Facts { step: Some(Some("the installer ends".to_owned())), ..Facts::default() };
    app.controller.learn(&record.id, &step, &[NewEvent::now("install.late", message).machine(&record.id)]).await?;
    Ok(plain(late_script(&app.boot.policy().http_root(), &credential)?))
}

#[derive(Debug, Deserialize)]
struct Failure {
    #[serde(default)]
    text: String,
}

async fn failed(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
    Query(failure): Query<Failure>,
) -> Result<StatusCode, ApiError> {
    let (record, _) = installing(&app, peer, &token).await?;
    let text: String = failure.text.chars().take(MAX_TEXT).collect();
    let reason = if text.is_empty() { "the installer reports a failure".to_owned() } else { text };
    app.controller.apply(&record.id, Event::InstallFailed { reason }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The end of an installation. Saying it again changes nothing: the first answer may have been lost.
async fn finished(State(app): State<App>, Path(token): Path<String>) -> Result<StatusCode, ApiError> {
    let record = installed(&app, &token).await?;
    if matches!(record.machine, Machine::Deploying(Progress::Installing(_))) {
        app.controller.apply(&record.id, Event::Installed).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn first_boot(State(app): State<App>, Path(token): Path<String>) -> Result<StatusCode, ApiError> {
    let record = installed(&app, &token).await?;
    // What boots has been installed, even if nobody was there to hear it.
    if matches!(record.machine, Machine::Deploying(Progress::Installing(_))) {
        app.controller.apply(&record.id, Event::Installed).await?;
    }
    if record.machine != Machine::Deployed {
        app.controller.apply(&record.id, Event::FirstBootFinished).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The machine that an installer works on, and which one it is; for that machine's own address alone.
async fn installing<'a>(app: &'a App, peer: Peer, token: &str) -> Result<(Record, &'a Installer), ApiError> {
    let dead = || ApiError::not_found("this installer's URL is not, or no longer, good", "deploy the machine again");
    let credential = app.controller.store().credential_by_bootstrap(token).await?.ok_or_else(dead)?;
    let record = app.controller.machine(&credential.machine).await?;
    let peer = Some(peer_address(peer)?);
    let is_its_own = credential.address == peer || record.address == peer;
    let awaits = credential.scope == Scope::Ephemeral && record.machine.boot() == Answer::Install;
    match app.boot.installer_of(&record) {
        Some(installer) if is_its_own && awaits => Ok((record, installer)),
        _ => Err(dead()),
    }
}

/// The machine that was installed with what the token belongs to.
async fn installed(app: &App, token: &str) -> Result<Record, ApiError> {
    let dead = || ApiError::not_found("this installation's URL is not, or no longer, good", "deploy the machine again");
    let credential = app.controller.store().credential_by_bootstrap(token).await?.ok_or_else(dead)?;
    if credential.scope != Scope::Deployed {
        return Err(dead());
    }
    Ok(app.controller.machine(&credential.machine).await?)
}
