//! Boot scripts by who asks, boot files and images with HEAD and ranges.

use std::path::PathBuf;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use firstlight_pxe::{Loader, RequestedPath};
use serde_json::json;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::error::ApiError;
use super::observe::Transfer;
use super::{App, Peer};
use crate::boot::{ROOT_FILE, claimed};
use crate::model::NewEvent;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/boot.ipxe", get(ipxe_script))
        .route("/boot/{*path}", get(boot_file))
        .route("/images/{*path}", get(image))
        .fallback(anything)
}

async fn ipxe_script(State(app): State<App>, Extension(peer): Extension<Peer>) -> Result<Response, ApiError> {
    let text = app.boot.script(peer_address(peer)?, None, Loader::Ipxe).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

async fn boot_file(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(path): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let found = app.boot.served(&path).ok_or_else(nothing)?;
    send(&app, peer, found, &path, request).await
}

async fn image(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Path(path): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let RequestedPath::Image(path) = RequestedPath::parse(&format!("images/{path}")) else { return Err(nothing()) };
    send(&app, peer, app.boot.image_file(&path), &path, request).await
}

/// Firmware asks for paths that no router matches, such as shim's `//grubx64.efi`.
async fn anything(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Result<Response, ApiError> {
    match RequestedPath::parse(request.uri().path()) {
        RequestedPath::BootFile(file) => {
            let found = app.boot.boot_file(file).ok_or_else(nothing)?;
            send(&app, peer, found, file.path(), request).await
        }
        RequestedPath::GrubConfig(key) => {
            Ok(app.boot.script(peer_address(peer)?, claimed(&key), Loader::GrubHttp).await?.into_response())
        }
        RequestedPath::PxelinuxConfig(key) => {
            Ok(app.boot.script(peer_address(peer)?, claimed(&key), Loader::Pxelinux).await?.into_response())
        }
        _ => Err(nothing()),
    }
}

async fn send(app: &App, peer: Peer, path: PathBuf, name: &str, request: Request) -> Result<Response, ApiError> {
    let method = request.method().clone();
    if !tokio::fs::metadata(&path).await.is_ok_and(|found| found.is_file()) {
        return Err(nothing());
    }
    let Ok(response) = ServeFile::new(&path).oneshot(request).await;
    let status = response.status();
    if method != Method::GET {
        return Ok(response.map(Body::new));
    }
    let journal = app.controller.journal();
    let address = peer_address(peer).ok();
    let bytes: Option<u64> =
        response.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let size = bytes.map(|bytes| format!(" ({bytes} bytes)")).unwrap_or_default();
    let client = peer.0.ip();
    let details = json!({"file": name, "address": client.to_string(), "status": status.as_u16()});
    journal.note(
        NewEvent::now("http.file", format!("{name}: {client} fetches it{size}")).details(details).address(address),
    );
    // Only an initial RAM disk wants a root file system: this is how one learns that the kernel runs.
    if name.ends_with(ROOT_FILE) {
        let event = NewEvent::now("machine.kernel", "the kernel is up, and fetches its root file system");
        journal.note(event.address(address));
    }
    Ok(response.map(|body| Body::new(Transfer::new(Body::new(body), bytes, journal.clone(), peer, name))))
}

pub(super) fn peer_address(peer: Peer) -> Result<std::net::Ipv4Addr, ApiError> {
    match peer.0.ip().to_canonical() {
        std::net::IpAddr::V4(address) => Ok(address),
        std::net::IpAddr::V6(_) => Err(ApiError::forbidden("machines boot over IPv4", "use the server's IPv4 address")),
    }
}

fn nothing() -> ApiError {
    ApiError::not_found("there is nothing here", "boot files are below /boot/, images below /images/")
}
