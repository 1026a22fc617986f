//! Classic installers: what a machine boots to be installed by one, the answers to its questions, and how it reports.
//!
//! Answers are rendered from a template like every other text; behind them the server puts what reports the end, so that
//! nobody has to tell by the clock when an installation is done.

mod finish;
mod late;

use firstlight_preseed::debconf::{Preseed, Severity};
use firstlight_preseed::{Context, Template, bundled};

use crate::boot::Boot;
use crate::config::{Installer, Kind};
use crate::model::{Mac, Record};
use crate::templates::{MASK, Subject, Templates, TemplatesError};

pub use finish::FinishError;
pub use late::late_script;

/// The path below the server's root, before the part that nobody can guess.
pub const PATH: &str = "metadata/installer/";

/// There are no answers for a machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswersError {
    /// A template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplatesError),
    /// What became of it cannot be made to report the end.
    #[error("the answers that {template} becomes cannot be completed: {error}")]
    Finish {
        /// The first part of the template's name.
        template: String,
        /// Why.
        error: FinishError,
    },
    /// The installer would refuse what became of it.
    #[error("the answers that {template} becomes are wrong: {problems}")]
    Refused {
        /// The first part of the template's name.
        template: String,
        /// Line and fault of each.
        problems: String,
    },
}

/// One installation by an installer.
#[derive(Clone, Copy)]
pub struct Installation<'a> {
    /// Users' templates.
    pub templates: &'a Templates,
    /// The installer.
    pub installer: &'a Installer,
    /// The machine.
    pub subject: Subject<'a>,
    /// The part of its addresses that nobody can guess.
    pub token: &'a str,
    /// The public keys that every machine gets.
    pub keys: &'a [String],
}

impl Installation<'_> {
    /// The kernel's command line for the machine that boots from `mac`; `extra` ends it.
    ///
    /// # Errors
    ///
    /// When its template cannot be rendered.
    pub fn parameters(&self, mac: Mac, extra: &str) -> Result<String, TemplatesError> {
        let context = self.context("").with("bootif", mac.bootif());
        let name = format!("os.{}.parameters", self.installer.name);
        let template = Template::parse(&name, self.installer.parameters())?;
        let text = self.templates.render_checked(&template, &context)?;
        Ok(text.split_whitespace().chain(extra.split_whitespace()).collect::<Vec<_>>().join(" "))
    }

    /// The answers, with the report of the end behind them.
    ///
    /// # Errors
    ///
    /// When the template cannot be used, or what becomes of it cannot be made to report.
    pub async fn answers(&self) -> Result<String, AnswersError> {
        let (kind, prefix) = (self.installer.kind, self.installer.template());
        let built_in = bundled(kind.template()).unwrap_or_default();
        let ours = Template::parse(kind.template(), built_in).map_err(TemplatesError::from)?;
        let ours = ours.render(&self.context("")).map_err(TemplatesError::from)?;
        let own = self.templates.render(prefix, &self.subject, self.context(&ours)).await?;
        let text = match own {
            Some(text) => text,
            None if prefix == kind.template() => ours,
            None => return Err(TemplatesError::Missing { prefix: prefix.to_owned() }.into()),
        };
        finish::finish(kind, &text, &self.url())
            .map_err(|error| AnswersError::Finish { template: prefix.to_owned(), error })
    }

    /// As [`answers`](Self::answers), looked through for what the installer would refuse.
    ///
    /// # Errors
    ///
    /// As [`answers`](Self::answers), and when the installer would refuse a line.
    pub async fn checked_answers(&self) -> Result<String, AnswersError> {
        let text = self.answers().await?;
        if self.installer.kind == Kind::DebianInstaller {
            let problems = Preseed::parse(text.as_bytes()).check();
            let errors = problems.iter().filter(|problem| problem.severity() == Severity::Error);
            let errors: Vec<String> = errors.map(ToString::to_string).collect();
            if !errors.is_empty() {
                let template = self.installer.template().to_owned();
                return Err(AnswersError::Refused { template, problems: errors.join("; ") });
            }
        }
        Ok(text)
    }

    /// Where the installation asks and reports.
    fn url(&self) -> String {
        format!("{}{PATH}{}/", self.subject.http_root, self.token)
    }

    fn context(&self, preseed_data: &str) -> Context {
        let (kind, url) = (self.installer.kind, self.url());
        let context = self.subject.installer_context(preseed_data, self.installer, self.keys);
        context
            .with("answers_url", format!("{url}{}", answers_name(kind)).trim_end_matches('/'))
            .with("late_command", finish::late_command(kind, &url))
    }
}

/// The name of the answers below [`Installation::url`]; cloud-init looks for several files in a directory.
const fn answers_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Autoinstall => "",
        _ => "answers",
    }
}

/// What `record`'s machine would boot and be told, without its secrets.
///
/// # Errors
///
/// When a template cannot be used, or the installer would refuse what becomes of it.
pub async fn preview(
    boot: &Boot,
    templates: &Templates,
    record: &Record,
    installer: &Installer,
    keys: &[String],
) -> Result<String, AnswersError> {
    let http_root = boot.policy().http_root();
    let subject = Subject { record, os: &installer.os, http_root: &http_root };
    let installation = Installation { templates, installer, subject, token: MASK, keys };
    let mac = record.macs.first().copied().unwrap_or(Mac([0; 6]));
    installation.parameters(mac, "")?;
    installation.checked_answers().await
}
