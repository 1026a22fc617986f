//! `/api/v1`: machines, keys, events.

use axum::Json;
use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use firstlight_machine_fsm::Event;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::ApiError;
use super::{App, events, preseed};
use crate::deployment;
use crate::model::{Deployment, Mac, NewEvent, Power, ScriptResult, View};
use crate::names::is_hostname;
use crate::preview::preview;
use crate::store::{Facts, Login};
use crate::templates::{Prefix, Subject};
use crate::time::Millis;

/// How long a login link is good.
const CODE_LIFE: std::time::Duration = std::time::Duration::from_secs(15 * 60);
/// The most hardware addresses that a machine may be added with.
const MAX_MACS: usize = 64;

type JsonBody<T> = Result<Json<T>, JsonRejection>;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/machines", get(list).post(add))
        .route("/machines/{id}", get(show).patch(edit).delete(remove))
        .route("/machines/{id}/preseed", get(preseed::explain))
        .route("/machines/{id}/scripts", get(scripts))
        .route("/machines/{id}/{action}", post(act))
        .route("/keys", get(keys).post(add_key))
        .route("/keys/{id}", delete(remove_key))
        .route("/events", get(events::events))
        .route("/server", get(server))
        .route("/login-codes", post(login_code))
}

/// The server itself: what it is, how long machines have waited for it since it started, and what is wrong with templates.
async fn server(State(app): State<App>) -> Json<Value> {
    let faults = app.boot.templates().faults();
    Json(json!({"version": env!("CARGO_PKG_VERSION"), "waits": app.meters.read(), "template_faults": *faults}))
}

async fn list(State(app): State<App>) -> Result<Json<Vec<View>>, ApiError> {
    Ok(Json(app.controller.store().machines().await?.into_iter().map(View::from).collect()))
}

async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<View>, ApiError> {
    Ok(Json(app.controller.machine(&id).await?.into()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: Option<String>,
    macs: Vec<Mac>,
    #[serde(default)]
    power: Power,
}

async fn add(State(app): State<App>, body: JsonBody<New>) -> Result<(StatusCode, Json<View>), ApiError> {
    let Json(new) = body?;
    if new.macs.is_empty() || new.macs.len() > MAX_MACS {
        return Err(ApiError::bad_request(
            "macs is empty or too long",
            "name the network interfaces that it may boot from",
        ));
    }
    check_name(new.name.as_deref())?;
    check_power(&new.power)?;
    let record = app.controller.add(new.name, new.macs, new.power).await?;
    Ok((StatusCode::CREATED, Json(record.into())))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    name: Option<String>,
    power: Option<Power>,
}

async fn edit(State(app): State<App>, Path(id): Path<String>, body: JsonBody<Edit>) -> Result<Json<View>, ApiError> {
    let Json(edit) = body?;
    check_name(edit.name.as_deref())?;
    if let Some(power) = &edit.power {
        check_power(power)?;
    }
    let record = app.controller.machine(&id).await?;
    let renamed = edit.name.as_ref().map(|name| format!("{} is called {name} now", record.name));
    let driven = edit.power.as_ref().map(|power| match power {
        Power::Manual => format!("{}: power by hand", record.name),
        Power::Webhook(_) => format!("{}: power by webhook", record.name),
    });
    let events: Vec<_> = [renamed, driven]
        .into_iter()
        .flatten()
        .map(|message| NewEvent::now("machine.changed", message).machine(&record.id))
        .collect();
    let facts = Facts { name: edit.name, power: edit.power, ..Facts::default() };
    app.controller.learn(&record.id, &facts, &events).await?;
    Ok(Json(app.controller.machine(&record.id).await?.into()))
}

async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let record = app.controller.machine(&id).await?;
    let event = NewEvent::now("machine.deleted", format!("{} was deleted", record.name)).machine(&record.id);
    app.controller.store().delete_machine(&record.id, &[event]).await?;
    app.controller.journal().wake();
    Ok(StatusCode::NO_CONTENT)
}

async fn scripts(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Vec<ScriptResult>>, ApiError> {
    let record = app.controller.machine(&id).await?;
    Ok(Json(app.controller.store().scripts(&record.id).await?))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    #[serde(default)]
    reason: String,
}

/// What a user wants deployed; whatever is left out is the server's default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// The operating system, such as `debian`; `debian/bookworm` names the release, too.
    os: Option<String>,
    release: Option<String>,
    curtin: Option<String>,
    user_data: Option<String>,
}

impl Wish {
    fn image(&self) -> Option<String> {
        match (&self.os, &self.release) {
            (Some(os), Some(release)) => Some(format!("{os}/{release}")),
            (os, _) => os.clone(),
        }
    }
}

/// `POST /machines/{id}/{action}`; the body may be empty where nothing has to be said.
async fn act(
    State(app): State<App>,
    Path((id, action)): Path<(String, String)>,
    body: axum::body::Bytes,
) -> Result<Json<View>, ApiError> {
    let record = app.controller.machine(&id).await?;
    let event = match action.as_str() {
        "commission" => {
            let _ = record.machine.clone().apply(Event::Commission).map_err(crate::controller::ControlError::from)?;
            let boot = app.boot.near(&record);
            let http_root = boot.policy().http_root();
            let subject = Subject::new(&boot, &record, &http_root);
            preview(&boot, &boot.templates().strict(), subject, Prefix::Commissioning).await?;
            Event::Commission
        }
        "allocate" => Event::Allocate,
        "release" => Event::Release,
        "abort" => Event::Abort,
        "mark-fixed" => Event::MarkFixed,
        "mark-broken" => Event::MarkBroken { reason: parse::<Reason>(&body)?.reason },
        "deploy" => {
            let wish: Wish = parse(&body)?;
            // A refusal by the table comes before one by the plan: it is the nearer reason.
            let _ = record.machine.clone().apply(Event::Deploy).map_err(crate::controller::ControlError::from)?;
            let mut deployment = Deployment { os: wish.image(), curtin: wish.curtin, user_data: wish.user_data };
            let keys = app.controller.keys().await?;
            deployment.os = Some(deployment::check(&app.boot.near(&record), &record, &deployment, &keys).await?);
            let done = app.controller.apply_with(&record.id, Event::Deploy, Some(deployment)).await?;
            return Ok(Json(app.controller.machine(&done.id).await?.into()));
        }
        other => {
            let remedy = "one of commission, allocate, deploy, release, abort, mark-broken, mark-fixed";
            return Err(ApiError::not_found(format!("there is no action `{other}`"), remedy));
        }
    };
    app.controller.apply(&record.id, event).await?;
    Ok(Json(app.controller.machine(&record.id).await?.into()))
}

fn parse<T: Default + for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, ApiError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|error| {
        ApiError::bad_request(format!("the body cannot be read: {error}"), "send JSON with known fields")
    })
}

#[derive(Debug, Serialize)]
struct KeyView {
    id: i64,
    key: String,
}

async fn keys(State(app): State<App>) -> Result<Json<Vec<KeyView>>, ApiError> {
    let keys = app.controller.store().keys().await?;
    Ok(Json(keys.into_iter().map(|(id, key)| KeyView { id, key }).collect()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    key: String,
}

async fn add_key(State(app): State<App>, body: JsonBody<NewKey>) -> Result<(StatusCode, Json<KeyView>), ApiError> {
    let Json(new) = body?;
    let key = new.key.trim();
    let typed = ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| key.starts_with(prefix));
    if !typed || key.split_whitespace().count() < 2 || key.contains(['\n', '\r', '\0']) || key.len() > 16_384 {
        let remedy = "send one line of a .pub file, such as `ssh-ed25519 AAAA… you@home`";
        return Err(ApiError::bad_request("key is not an SSH public key", remedy));
    }
    let id = app.controller.store().add_key(key).await?;
    Ok((StatusCode::CREATED, Json(KeyView { id, key: key.to_owned() })))
}

async fn remove_key(State(app): State<App>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    if app.controller.store().remove_key(id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::not_found(format!("there is no key {id}"), "`firstlight keys` shows them all"))
}

async fn login_code(State(app): State<App>) -> Result<(StatusCode, Json<Value>), ApiError> {
    let login = Login {
        token: crate::secret::token(),
        kind: "code",
        csrf: String::new(),
        expires: Millis::now().after(CODE_LIFE),
    };
    app.controller.store().put_login(&login).await?;
    Ok((StatusCode::CREATED, Json(json!({"url": format!("/login?code={}", login.token), "expires": login.expires}))))
}

fn check_name(name: Option<&str>) -> Result<(), ApiError> {
    match name {
        Some(name) if !is_hostname(name) => Err(ApiError::bad_request(
            format!("name `{name}` is not a host name"),
            "use 1 to 63 letters, digits and dashes, with no dash at either end",
        )),
        _ => Ok(()),
    }
}

fn check_power(power: &Power) -> Result<(), ApiError> {
    let Power::Webhook(webhook) = power else { return Ok(()) };
    for (key, url) in [
        ("power_on_uri", &webhook.power_on_uri),
        ("power_off_uri", &webhook.power_off_uri),
        ("power_query_uri", &webhook.power_query_uri),
    ] {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("http" | "https")) || reqwest::Url::parse(url).is_err() {
            return Err(ApiError::bad_request(format!("{key} `{url}` is not a URL"), "write http://… or https://…"));
        }
    }
    Ok(())
}
