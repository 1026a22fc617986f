//! Which template a machine gets, and what becomes of it.

use axum::extract::{Extension, Path, State};
use maud::{Markup, html};

use super::layout;
use crate::http::App;
use crate::http::auth::Csrf;
use crate::http::error::ApiError;
use crate::http::preseed::{explained, prefixes};
use crate::model::Record;

pub(super) async fn page(
    State(app): State<App>,
    Path((id, prefix)): Path<(String, String)>,
    Extension(Csrf(csrf)): Extension<Csrf>,
) -> Result<Markup, ApiError> {
    let told = explained(&app, &id, &prefix).await?;
    let content = html! {
        main {
            section.panel {
                h1 { (told.prefix) " of " a.name href={ "/machines/" (id) } { (told.machine) } }
                @for warning in &told.warnings { p.warning { (warning) } }
                @if let Some(error) = &told.error { p.warning { (error) } }
                @if let Some(text) = &told.text { pre { (text) } }
            }
            section.panel {
                h2 { "Where it is looked for" }
                table {
                    @for tried in &told.tried {
                        tr {
                            td { code { (tried.path) } }
                            td {
                                @if Some(tried) == told.used.as_ref() { span.badge.good { "used" } }
                                @else if tried.found { span.badge.calm { "shadowed" } }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(layout(&format!("{prefix} of {}", told.machine), &csrf, &content))
}

/// The way to each text of a machine.
pub(super) fn links(app: &App, record: &Record) -> Markup {
    html! {
        section.panel {
            h2 { "Templates" }
            @for prefix in prefixes(&app.boot, record) {
                a href={ "/machines/" (record.id) "/preseed/" (prefix) } { (prefix) } " "
            }
        }
    }
}
