//! The page: rendered here, kept live by a small script that listens to the event log.

mod machine;
mod machines;
mod preseed;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use super::App;
use super::auth::COOKIE;
use super::error::ApiError;
use crate::secret;
use crate::store::Login;
use crate::time::Millis;

/// How long a session is good.
const SESSION_LIFE: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);

/// What needs a login.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/", get(machines::page))
        .route("/fragments/machines", get(machines::fragment))
        .route("/machines/{id}", get(machine::page))
        .route("/fragments/machines/{id}", get(machine::fragment))
        .route("/machines/{id}/preseed/{prefix}", get(preseed::page))
}

/// What does not.
pub(super) fn public_router() -> Router<App> {
    Router::new()
        .route("/login", get(login))
        .route("/static/style.css", get(|| asset("text/css; charset=utf-8", include_str!("../../static/style.css"))))
        .route("/static/app.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../../static/app.js"))))
        .route("/favicon.svg", get(|| asset("image/svg+xml", include_str!("../../static/favicon.svg"))))
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

#[derive(Debug, Deserialize)]
struct Code {
    code: Option<String>,
}

/// Trades a single-use code for a session.
async fn login(State(app): State<App>, Query(code): Query<Code>) -> Result<Response, ApiError> {
    let store = app.controller.store();
    let good = match &code.code {
        Some(code) => store.take_code(code, Millis::now()).await?,
        None => false,
    };
    if !good {
        let said = code.code.is_some().then_some("This login link has been used, or is too old.");
        return Ok((StatusCode::UNAUTHORIZED, login_help(said)).into_response());
    }
    let session = Login {
        token: secret::token(),
        kind: "session",
        csrf: secret::token(),
        expires: Millis::now().after(SESSION_LIFE),
    };
    store.put_login(&session).await?;
    let cookie =
        format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}", session.token, SESSION_LIFE.as_secs());
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

fn login_help(said: Option<&str>) -> Markup {
    layout(
        "Log in",
        "",
        &html! {
            main.narrow {
                section.panel {
                    h1 { "Log in" }
                    @if let Some(said) = said { p.warning { (said) } }
                    p { "On the server, run" }
                    pre { "firstlight login" }
                    p { "and open the link that it prints. A link is good once, for a quarter of an hour." }
                }
            }
        },
    )
}

/// The frame of every page.
fn layout(title: &str, csrf: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="csrf-token" content=(csrf);
                title { (title) " · Firstlight" }
                link rel="icon" href="/favicon.svg";
                link rel="stylesheet" href="/static/style.css";
                script src="/static/app.js" defer {}
            }
            body {
                header.bar {
                    a.brand href="/" { span.sun {} "Firstlight" }
                    span.live #live title="live" { "connecting" }
                }
                (content)
            }
        }
    }
}

/// A point in time, which the script shows as an age.
fn age(time: Millis) -> Markup {
    let text = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default().to_string();
    html! { time datetime=(text) { (text) } }
}
