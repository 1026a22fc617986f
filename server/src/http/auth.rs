//! Who may do what: the admin by token or session, a machine by its OAuth credentials.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::App;
use super::error::ApiError;
use crate::oauth::Claim;
use crate::secret;
use crate::store::Credential;
use crate::time::Millis;

/// The session cookie's name.
pub(super) const COOKIE: &str = "firstlight-session";
/// The header in which a page proves that it is ours.
pub(super) const CSRF_HEADER: &str = "x-csrf-token";

/// The page's proof against forged requests, for the handlers behind a session.
#[derive(Debug, Clone, Default)]
pub(super) struct Csrf(pub String);

/// Lets the admin through: with the bearer token, or with a session cookie and, to change anything, its CSRF token.
pub(super) async fn admin(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if let Some(token) = bearer(request.headers()) {
        if !secret::equal(token, &app.admin_token) {
            return wrong_token().into_response();
        }
        request.extensions_mut().insert(Csrf::default());
        return next.run(request).await;
    }
    let csrf = match session(&app, request.headers()).await {
        Ok(csrf) => csrf,
        Err(error) => return error.into_response(),
    };
    let Some(csrf) = csrf else {
        if request.uri().path().starts_with("/api/") {
            return wrong_token().into_response();
        }
        return Redirect::to("/login").into_response();
    };
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let proof = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !safe && !secret::equal(proof, &csrf) {
        let remedy = "reload the page; scripts use the bearer token instead of a session";
        return ApiError::forbidden(format!("the header {CSRF_HEADER} does not match the session"), remedy)
            .into_response();
    }
    request.extensions_mut().insert(Csrf(csrf));
    next.run(request).await
}

fn wrong_token() -> ApiError {
    ApiError::unauthorized(
        "this needs the admin token",
        "send `Authorization: Bearer TOKEN` with the text of the file admin-token in the data directory",
    )
}

async fn session(app: &App, headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(token) = cookie(headers) else { return Ok(None) };
    Ok(app.controller.store().session(token, Millis::now()).await?)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// The credentials that a machine proves with its request; they must be those of machine `id`.
pub(super) async fn machine(app: &App, headers: &HeaderMap, id: &str) -> Result<Credential, ApiError> {
    let no = || ApiError::unauthorized("this needs the machine's own OAuth credentials", "they come with its boot");
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(no)?;
    let claim = Claim::parse(header).ok_or_else(no)?;
    let credential = app.controller.store().credential_by_token(&claim.token_key).await?.ok_or_else(no)?;
    let proved = claim.proves(&credential.consumer_key, &credential.token_key, &credential.token_secret);
    if !proved || credential.machine != id {
        return Err(no());
    }
    Ok(credential)
}
