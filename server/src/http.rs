//! One HTTP port: boot files and images, metadata, API, page.

mod api;
mod auth;
mod boot;
mod error;
mod events;
mod installer;
mod metadata;
mod observe;
mod page;
mod preseed;
mod serve;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;

use crate::boot::Boot;
use crate::controller::Controller;
use crate::meter::Meters;

pub use serve::{Peer, serve};

/// The largest request body: the output of a script.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// What every handler needs.
#[derive(Clone)]
pub struct App {
    /// Machines.
    pub controller: Controller,
    /// Boot files and scripts.
    pub boot: Boot,
    /// The admin's bearer token.
    pub admin_token: Arc<str>,
    /// How long machines wait.
    pub meters: Arc<Meters>,
    /// NTP servers for the machines, if configured.
    pub ntp_servers: Arc<[String]>,
    /// Whether the server is going down: streams end then.
    pub stop: tokio::sync::watch::Receiver<bool>,
}

/// All routes.
pub fn router(app: App) -> Router {
    let admin = Router::new()
        .nest("/api/v1", api::router())
        .merge(page::router())
        .layer(middleware::from_fn_with_state(app.clone(), auth::admin));
    let machines = Router::new()
        .nest("/metadata", metadata::router().merge(installer::router()))
        .merge(boot::router())
        .layer(middleware::from_fn_with_state(app.clone(), observe::machine));
    Router::new()
        .merge(machines)
        .merge(admin)
        .route("/api/v1/health", get(|| async { axum::Json(serde_json::json!({"status": "ok"})) }))
        .merge(page::public_router())
        .method_not_allowed_fallback(async || error::ApiError::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(harden))
        .with_state(app)
}

/// Headers that keep a browser from doing what nobody asked for.
async fn harden(request: Request<axum::body::Body>, next: Next) -> Response {
    use axum::http::HeaderValue;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    headers.insert(
        "content-security-policy",
        HeaderValue::from_static("default-src 'self'; style-src 'self'; frame-ancestors 'none'; form-action 'self'"),
    );
    response
}
