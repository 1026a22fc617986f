//! The event log as server-sent events, resumable, or as JSON.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde::Deserialize;

use super::App;
use super::error::ApiError;
use crate::model::Event;

/// Events read from the store at one time.
const PAGE: u32 = 500;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    after: Option<i64>,
    follow: Option<bool>,
    limit: Option<u32>,
}

/// `GET /api/v1/events`: from now on, or from behind `?after=ID` or `Last-Event-ID`; `?follow=false` gives at most
/// `limit` as a JSON array.
pub(super) async fn events(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let store = app.controller.store();
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    if wanted.follow == Some(false) {
        let limit = wanted.limit.unwrap_or(PAGE).min(10_000);
        return Ok(Json(store.events_after(wanted.after.unwrap_or(0), limit).await?).into_response());
    }
    let after = match resumed.or(wanted.after) {
        Some(after) => after,
        None => store.last_event().await?,
    };
    Ok(Sse::new(follow(app, after)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response())
}

fn follow(app: App, after: i64) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let news = app.controller.journal().subscribe();
    let state = (app, news, after, Vec::new().into_iter());
    stream::unfold(state, |(mut app, mut news, mut after, mut page)| async move {
        loop {
            if let Some(event) = page.next() {
                let event: Event = event;
                after = event.id;
                let data = serde_json::to_string(&event).unwrap_or_default();
                let sent = sse::Event::default().id(event.id.to_string()).data(data);
                return Some((Ok(sent), (app, news, after, page)));
            }
            news.mark_unchanged();
            page = match app.controller.store().events_after(after, PAGE).await {
                Ok(events) => events.into_iter(),
                Err(error) => {
                    tracing::error!("events cannot be read: {error}");
                    return None;
                }
            };
            if page.len() == 0 {
                tokio::select! {
                    changed = news.changed() => changed.ok()?,
                    () = crate::run::stopped(&mut app.stop) => return None,
                }
            }
        }
    })
}
