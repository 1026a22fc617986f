//! What machines ask over HTTP, as events: refusals, metadata, and how each transfer of a file ends.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use serde_json::json;

use super::boot::peer_address;
use super::{App, Peer};
use crate::journal::Journal;
use crate::model::NewEvent;

/// As much of a path as an event keeps: it comes from anybody.
const MAX_PATH: usize = 200;

/// Meters a machine's request, and notes it unless its handler has noted something better.
pub(super) async fn machine(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let arrived = Instant::now();
    let (method, path) = (request.method().clone(), shown(request.uri().path()));
    let is_meta_data = path.contains("/2012-03-01/")
        || ["bootstrap", "installer", "installed"].iter().any(|kind| path.starts_with(&format!("/metadata/{kind}/")));
    let response = next.run(request).await;
    app.meters.http.add(arrived.elapsed());
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    if refused || is_meta_data {
        let kind = if refused { "http.refused" } else { "http.metadata" };
        let client = peer.0.ip();
        let message = format!("{method} {path} from {client}: {}", words(status));
        let details = json!({
            "method": method.as_str(), "path": path, "status": status.as_u16(), "address": client.to_string(),
        });
        app.controller.journal().note(NewEvent::now(kind, message).details(details).address(peer_address(peer).ok()));
    }
    response
}

/// The path without its secret, and not longer than anybody needs it.
fn shown(path: &str) -> String {
    for kind in ["bootstrap", "installer", "installed"] {
        let secret = path.strip_prefix("/metadata/").and_then(|path| path.strip_prefix(kind)?.strip_prefix('/'));
        if let Some(secret) = secret {
            let rest: String = secret.find('/').and_then(|at| secret.get(at..)).unwrap_or_default().to_owned();
            return format!("/metadata/{kind}/…{}", rest.chars().take(MAX_PATH).collect::<String>());
        }
    }
    path.chars().take(MAX_PATH).collect()
}

fn words(status: StatusCode) -> String {
    format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default())
}

/// A file on its way to a machine; its end, good or bad, becomes an event.
pub(super) struct Transfer {
    inner: Body,
    journal: Journal,
    peer: Peer,
    name: String,
    started: Instant,
    expected: Option<u64>,
    sent: u64,
}

impl Transfer {
    pub(super) fn new(inner: Body, expected: Option<u64>, journal: Journal, peer: Peer, name: &str) -> Self {
        Self { inner, journal, peer, name: name.to_owned(), started: Instant::now(), expected, sent: 0 }
    }
}

impl HttpBody for Transfer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.sent += data.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let (name, client, sent) = (&self.name, self.peer.0.ip(), self.sent);
        let seconds = self.started.elapsed().as_secs_f64();
        let (kind, message) = match self.expected {
            Some(expected) if sent < expected => {
                ("http.broken", format!("{name}: {client} broke off after {sent} of {expected} bytes"))
            }
            _ => ("http.sent", format!("{name}: {sent} bytes in {seconds:.1} s to {client}")),
        };
        let details = json!({"file": name, "address": client.to_string(), "bytes": sent, "seconds": seconds});
        self.journal.note(NewEvent::now(kind, message).details(details).address(peer_address(self.peer).ok()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bootstrap_token_is_not_shown() {
        assert_eq!(shown("/metadata/bootstrap/0123456789abcdef"), "/metadata/bootstrap/…");
        assert_eq!(shown("/metadata/installer/0123456789abcdef/answers"), "/metadata/installer/…/answers");
        assert_eq!(shown("/metadata/x/status"), "/metadata/x/status");
        assert_eq!(shown(&"/ä".repeat(500)).chars().count(), MAX_PATH);
    }
}
