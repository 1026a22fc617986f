//! Which template a machine gets, why, and what becomes of it, without its secrets.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use firstlight_preseed::Tried;
use serde::{Deserialize, Serialize};

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

/// What [`explain`] answers.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    pub(super) machine: String,
    pub(super) prefix: String,
    pub(super) tried: Vec<Shown>,
    pub(super) used: Option<Shown>,
    shadowed: Vec<Shown>,
    pub(super) warnings: Vec<String>,
    pub(super) text: Option<String>,
    pub(super) error: Option<String>,
}

/// A name that is tried, and where.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    pub(super) path: String,
    name: String,
    pub(super) found: bool,
}

/// `GET /machines/{id}/preseed?prefix=…`
pub(super) async fn explain(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Explained>, ApiError> {
    let Query(asked) = asked?;
    Ok(Json(explained(&app, &id, &asked.prefix).await?))
}

/// The prefixes of what `record`'s machine gets.
pub(super) fn prefixes<'a>(boot: &'a Boot, record: &Record) -> Vec<&'a str> {
    let ours = [Prefix::Enlist, Prefix::EnlistUserdata, Prefix::Commissioning].map(Prefix::as_str);
    let install = match boot.installer_of(record) {
        Some(installer) => vec![installer.template()],
        None => vec![Prefix::Curtin.as_str(), Prefix::CurtinUserdata.as_str()],
    };
    ours.into_iter().chain(install).collect()
}

pub(super) async fn explained(app: &App, id: &str, prefix: &str) -> Result<Explained, ApiError> {
    let record = app.controller.machine(id).await?;
    // Who asks may be on another link than the machine.
    let boot = &app.boot.near(&record);
    let templates = boot.templates();
    let http_root = boot.policy().http_root();
    let mut subject = Subject::new(boot, &record, &http_root);
    let purpose = Prefix::ALL.into_iter().find(|known| known.as_str() == prefix);
    let text = if let Some(purpose) = purpose {
        preview(boot, templates, subject, purpose).await.map_err(|error| error.to_string())
    } else {
        let installer = installer(boot, &record, prefix)?;
        let keys = app.controller.keys().await?;
        subject.os = &installer.os;
        let text = installer::preview(boot, templates, &record, installer, &keys).await;
        text.map_err(|error| error.to_string())
    };
    let explanation = templates.explain(prefix, &subject)?;
    let shown = |tried: &Tried| Shown { path: path(templates, tried), name: tried.name.clone(), found: tried.found };
    let mut warnings: Vec<String> = explanation.shadows().map(|shadow| shadow.to_string()).collect();
    if purpose == Some(Prefix::CurtinUserdata) && record.deployment.as_ref().is_some_and(|wish| wish.curtin.is_some()) {
        warnings.push("the template is not used: this deployment brings its own curtin configuration".to_owned());
    }
    Ok(Explained {
        prefix: prefix.to_owned(),
        tried: explanation.tried().iter().map(shown).collect(),
        used: explanation.winner().map(shown),
        shadowed: explanation.shadowed().map(shown).collect(),
        warnings,
        error: text.as_ref().err().cloned(),
        text: text.ok().map(|text| mask(&text)),
        machine: record.name,
    })
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
