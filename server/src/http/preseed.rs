//! Which template a machine gets, why, and what becomes of it, without its secrets.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use firstlight_preseed::Tried;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::error::ApiError;
use crate::boot::Boot;
use crate::config::Installer;
use crate::installer;
use crate::model::Record;
use crate::preview::preview;
use crate::templates::{Prefix, Subject, Templates, mask};

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    prefix: String,
}

/// `GET /machines/{id}/preseed?prefix=…`
pub(super) async fn explain(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(asked) = asked?;
    let record = app.controller.machine(&id).await?;
    let templates = app.boot.templates();
    let http_root = app.boot.policy().http_root();
    let subject = Subject::new(&app.boot, &record, &http_root);
    let purpose = Prefix::ALL.into_iter().find(|prefix| prefix.as_str() == asked.prefix);
    let (prefix, subject, text) = if let Some(prefix) = purpose {
        let text = preview(&app.boot, templates, subject, prefix).await;
        (prefix.as_str(), subject, text.map_err(|error| error.to_string()))
    } else {
        let installer = installer(&app.boot, &record, &asked.prefix)?;
        let keys = app.controller.keys().await?;
        let text = installer::preview(&app.boot, templates, &record, installer, &keys).await;
        let subject = Subject { os: &installer.os, ..subject };
        (installer.template(), subject, text.map_err(|error| error.to_string()))
    };
    let explanation = templates.explain(prefix, &subject)?;
    let (text, error) = match text {
        Ok(text) => (Some(mask(&text)), None),
        Err(error) => (None, Some(error)),
    };
    let shown = |tried: &Tried| json!({"path": path(templates, tried), "name": tried.name, "found": tried.found});
    let mut warnings: Vec<String> = explanation.shadows().map(|shadow| shadow.to_string()).collect();
    if purpose == Some(Prefix::CurtinUserdata) && record.deployment.as_ref().is_some_and(|wish| wish.curtin.is_some()) {
        warnings.push("the template is not used: this deployment brings its own curtin configuration".to_owned());
    }
    Ok(Json(json!({
        "machine": record.name,
        "prefix": prefix,
        "tried": explanation.tried().iter().map(shown).collect::<Vec<_>>(),
        "used": explanation.winner().map(shown),
        "shadowed": explanation.shadowed().map(shown).collect::<Vec<_>>(),
        "warnings": warnings,
        "text": text,
        "error": error,
    })))
}

/// The installer with this prefix: the machine's own if it has one, or else the first.
fn installer<'a>(boot: &'a Boot, record: &Record, prefix: &str) -> Result<&'a Installer, ApiError> {
    let own = boot.installer_of(record).into_iter();
    let mut all = own.chain(boot.installers().map(|(_, installer)| installer));
    all.find(|installer| installer.template() == prefix).ok_or_else(|| {
        let remedy =
            "say enlist, enlist_userdata, commissioning, curtin, curtin_userdata or that of an installer in [os]";
        ApiError::bad_request(format!("there is no prefix `{prefix}`"), remedy)
    })
}

fn path(templates: &Templates, tried: &Tried) -> String {
    match templates.location(tried.location) {
        Some(directory) => directory.join(&tried.name).display().to_string(),
        None => format!("{} (built in)", tried.name),
    }
}
