//! What machines ask and report: cloud-init's MAAS datasource (version 2012-03-01), and the programs of each phase.
//!
//! Everything but the bootstrap URL needs the machine's own OAuth credentials, which work for no other machine.

mod install;
mod scripts;
mod status;

use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use firstlight_machine_fsm::{Boot as Answer, Event};

use super::error::ApiError;
use super::{App, Peer, auth, boot::peer_address};
use crate::controller::ControlError;
use crate::model::Record;
use crate::store::{Credential, Key, Scope};
use crate::templates::{Subject, TemplatesError};
use crate::userdata::UserData;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/bootstrap/{token}", get(bootstrap))
        .route("/{id}/2012-03-01/meta-data/{key}", get(meta_data))
        .route("/{id}/2012-03-01/user-data", get(user_data))
        .route("/{id}/status", post(status::report))
        .route("/{id}/scripts", get(scripts::list))
        .route("/{id}/scripts/{name}", get(scripts::text))
        .route("/{id}/scripts/{name}/finish", post(scripts::finish))
        .route("/{id}/finished", post(scripts::all_finished))
        .route("/{id}/netboot-off", post(async || StatusCode::NO_CONTENT))
        .route("/{id}/install", get(install::script))
        .route("/{id}/install/step", post(install::step))
        .route("/{id}/install/finished", post(install::finished))
        .route("/{id}/install/failed", post(install::failed))
}

/// The kernel line's URL: yields the machine's credentials, as often as it is asked, but only to the address that the
/// boot script was given to, and only while the phase lasts.
async fn bootstrap(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let dead = || ApiError::not_found("this bootstrap URL is not, or no longer, good", "boot the machine again");
    let credential = app.controller.store().credential_by_bootstrap(&token).await?.ok_or_else(dead)?;
    let record = app.controller.machine(&credential.machine).await?;
    if credential.address != Some(peer_address(peer)?) || !awaits_ephemeral(&record) {
        return Err(dead());
    }
    let http_root = app.boot.policy().http_root();
    let text = user_data_of(&app, &record, &http_root, &credential).bootstrap(record.machine.boot()).await;
    text_or_failure(&app, &record, text).await
}

async fn meta_data(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (credential, record) = identify(&app, &headers, &id).await?;
    let text = match key.as_str() {
        "instance-id" => {
            if credential.scope == Scope::Ephemeral {
                app.controller.apply(&id, Event::EphemeralStarted).await?;
            }
            credential.instance_id
        }
        "local-hostname" => record.name,
        "public-keys" => app.controller.keys().await?.join("\n"),
        "vendor-data" => vendor_data(&app),
        _ => {
            return Err(ApiError::not_found(
                format!("there is no meta-data {key}"),
                "cloud-init knows what is optional",
            ));
        }
    };
    Ok(plain(text))
}

/// Vendor-data in the form that cloud-init's MAAS datasource reads: a mapping with the key `cloud-init`.
fn vendor_data(app: &App) -> String {
    if app.ntp_servers.is_empty() {
        return "{}\n".to_owned();
    }
    let servers = app.ntp_servers.join(", ");
    format!("cloud-init: |\n  #cloud-config\n  ntp:\n    enabled: true\n    servers: [{servers}]\n")
}

async fn user_data(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let (credential, record) = identify(&app, &headers, &id).await?;
    if credential.scope == Scope::Deployed {
        let user_data = record.deployment.and_then(|deployment| deployment.user_data);
        let none = || ApiError::not_found("no user-data was given", "none is needed");
        return Ok(plain(user_data.ok_or_else(none)?));
    }
    let http_root = app.boot.policy().http_root();
    let text = user_data_of(&app, &record, &http_root, &credential).program(record.machine.boot()).await;
    text_or_failure(&app, &record, text).await
}

fn user_data_of<'a>(app: &'a App, record: &'a Record, http_root: &'a str, credential: &'a Credential) -> UserData<'a> {
    UserData { templates: app.boot.templates(), subject: Subject::new(&app.boot, record, http_root), credential }
}

/// The text; without one the machine's phase has failed, because nobody would see it wait.
async fn text_or_failure(
    app: &App,
    record: &Record,
    text: Result<String, TemplatesError>,
) -> Result<Response, ApiError> {
    let error = match text {
        Ok(text) => return Ok(plain(text)),
        Err(error) => error,
    };
    let reason = error.to_string();
    let failed = match record.machine.boot() {
        Answer::Install => Event::InstallFailed { reason },
        _ => Event::ScriptsFailed { reason },
    };
    app.controller.apply(&record.id, failed).await?;
    Err(error.into())
}

/// The machine behind a request, and with which credentials it speaks.
async fn identify(app: &App, headers: &HeaderMap, id: &str) -> Result<(Credential, Record), ApiError> {
    let credential = auth::machine(app, headers, id).await?;
    let record = app.controller.store().machine(Key::IdOrName(id)).await?;
    let record = record.ok_or_else(|| ControlError::NotFound(id.to_owned()))?;
    Ok((credential, record))
}

/// As [`identify`], for what only the ephemeral system may do.
async fn identify_ephemeral(app: &App, headers: &HeaderMap, id: &str) -> Result<Record, ApiError> {
    let (credential, record) = identify(app, headers, id).await?;
    if credential.scope != Scope::Ephemeral || !awaits_ephemeral(&record) {
        return Err(ApiError::forbidden(
            "only the ephemeral system may do this",
            "boot it, by commissioning or deploying",
        ));
    }
    Ok(record)
}

fn awaits_ephemeral(record: &Record) -> bool {
    matches!(record.machine.boot(), Answer::Enlist | Answer::Commission | Answer::Install)
}

pub(super) fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
