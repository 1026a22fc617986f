//! Users' templates, looked up per machine before the built-in ones.
//!
//! A template is read anew whenever it is rendered, so a change takes effect at once. One that cannot be used is an
//! error, and never a reason to take another one.

mod fault;
mod mask;
mod read;
mod render;
mod subject;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstlight_preseed::{Context, Explanation, Finding, Level, RenderError, Template, TemplateError, explain};

use crate::config::Kind;
pub use fault::Fault;
use fault::Faults;
pub(crate) use fault::Stamp;
pub(crate) use mask::{MASK, mask};
pub(crate) use render::render;
pub use subject::Subject;
#[cfg(test)]
pub(crate) use subject::tests::record;

/// What a text is for: the first part of a template's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// cloud-init's configuration while a machine enlists.
    Enlist,
    /// The program that an enlisting machine runs.
    EnlistUserdata,
    /// cloud-init's configuration while a machine is commissioned.
    Commissioning,
    /// cloud-init's configuration while a machine is installed.
    Curtin,
    /// The curtin configuration of a machine whose user gave none.
    CurtinUserdata,
}

impl Prefix {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Enlist, Self::EnlistUserdata, Self::Commissioning, Self::Curtin, Self::CurtinUserdata];

    /// As it stands in a file name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enlist => "enlist",
            Self::EnlistUserdata => "enlist_userdata",
            Self::Commissioning => "commissioning",
            Self::Curtin => "curtin",
            Self::CurtinUserdata => "curtin_userdata",
        }
    }
}

/// A user's template cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplatesError {
    /// A directory is not there.
    #[error("the template directory {path} cannot be used: {error}; make it, or take it out of preseed.templates")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no file with one of the names, and nothing built in.
    #[error("no file in preseed.templates has one of the names that begin with `{prefix}`; make one")]
    Missing {
        /// The first part of the names.
        prefix: String,
    },
    /// The file cannot be read.
    #[error("the template {path} cannot be read: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is not a template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Checked before it is needed, the template would not render, or not always.
    #[error("{}", list(.0))]
    Findings(Vec<Finding>),
    /// The template does not fit the machine.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The rendering was given up.
    #[error("the rendering has ended: {0}")]
    Broken(tokio::task::JoinError),
}

/// The directories of users' templates.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    directories: Arc<[PathBuf]>,
    faults: Faults,
    is_strict: bool,
}

impl Templates {
    /// Looks in `directories`, the first one first.
    #[must_use]
    pub fn new(directories: &[PathBuf]) -> Self {
        Self { directories: directories.into(), ..Self::default() }
    }

    /// The same templates, but one in which a name may be missing is an error even if this rendering does not come by it:
    /// for looking at templates before anything depends on them.
    #[must_use]
    pub fn strict(&self) -> Self {
        Self { is_strict: true, ..self.clone() }
    }

    /// Renders a template that lies in no directory.
    pub(crate) fn render_checked(&self, template: &Template, context: &Context) -> Result<String, TemplatesError> {
        if self.is_strict {
            check(template, context)?;
        }
        Ok(template.render(context)?)
    }

    /// Checks that every directory is there.
    ///
    /// # Errors
    ///
    /// The first one that is not.
    pub fn check(&self) -> Result<(), TemplatesError> {
        self.directories.iter().try_for_each(|path| {
            std::fs::read_dir(path).map(drop).map_err(|error| TemplatesError::Directory { path: path.clone(), error })
        })
    }

    /// Everything that is tried for a machine; the last location is that of the built-in templates.
    ///
    /// # Errors
    ///
    /// When a directory is not there: what it holds would be missed without a word.
    pub fn explain(&self, prefix: &str, subject: &Subject<'_>) -> Result<Explanation, TemplatesError> {
        self.check()?;
        Ok(explain(&subject.key(prefix), self.directories.len() + 1, |location, name| {
            match self.location(location) {
                // A dangling link is there: that it cannot be read is to be told.
                Some(directory) => directory.join(name).symlink_metadata().is_ok_and(|entry| !entry.is_dir()),
                None => name == prefix && is_built_in(name),
            }
        }))
    }

    /// The directory of a location; none for the built-in templates.
    #[must_use]
    pub fn location(&self, location: usize) -> Option<&Path> {
        self.directories.get(location).map(PathBuf::as_path)
    }

    /// What becomes of the user's template for a machine; none if there is only the built-in one.
    ///
    /// # Errors
    ///
    /// When there is one that cannot be used.
    pub async fn render(
        &self,
        prefix: &str,
        subject: &Subject<'_>,
        context: Context,
    ) -> Result<Option<String>, TemplatesError> {
        let explanation = self.explain(prefix, subject)?;
        let Some(winner) = explanation.winner() else { return Ok(None) };
        let Some(directory) = self.location(winner.location) else { return Ok(None) };
        let path = directory.join(&winner.name);
        let (directories, is_strict) = (Arc::clone(&self.directories), self.is_strict);
        // Files are waited for, and a template may reckon for a while.
        let rendering = tokio::task::spawn_blocking(move || {
            let template = read::template(&path)?;
            if is_strict {
                check(&template, &context)?;
            }
            render(&template, &context, &directories)
        });
        match rendering.await {
            Ok(rendered) => rendered.map(Some),
            Err(error) => Err(TemplatesError::Broken(error)),
        }
    }
}

fn is_built_in(name: &str) -> bool {
    Prefix::ALL.iter().any(|prefix| prefix.as_str() == name) || Kind::ALL.iter().any(|kind| kind.template() == name)
}

fn check(template: &Template, context: &Context) -> Result<(), TemplatesError> {
    let mut findings = template.check(context);
    findings.retain(|finding| finding.level == Level::Error);
    if findings.is_empty() { Ok(()) } else { Err(TemplatesError::Findings(findings)) }
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rendered(templates: &Templates, prefix: Prefix) -> Result<Option<String>, String> {
        let record = subject::tests::record();
        let subject = Subject { record: &record, os: "debian/bookworm", http_root: "http://10.0.0.1:8080/" };
        let context = subject.context("ours", None);
        templates.render(prefix.as_str(), &subject, context).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn users_come_first_and_mistakes_are_told() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let templates = Templates::new(&[first.path().to_owned(), second.path().to_owned()]);
        assert_eq!(rendered(&templates, Prefix::Curtin).await, Ok(None));

        std::fs::write(second.path().join("curtin_debian"), "{{inherit 'frame'}}{{node.hostname}} {{release}}")
            .unwrap();
        let error = rendered(&templates, Prefix::Curtin).await.unwrap_err();
        assert!(error.ends_with("curtin_debian:1:11: there is no template `frame` to inherit"), "{error}");
        std::fs::write(first.path().join("frame"), "<{{self.body}}>").unwrap();
        assert_eq!(rendered(&templates, Prefix::Curtin).await, Ok(Some("<web01 bookworm>".to_owned())));
        assert_eq!(rendered(&templates, Prefix::CurtinUserdata).await, Ok(None));

        let file = first.path().join("curtin_debian_amd64_generic_bookworm_web01");
        std::fs::write(&file, "{{nod}}").unwrap();
        let error = rendered(&templates, Prefix::Curtin).await.unwrap_err();
        assert!(error.ends_with("web01:1:3: `nod` is not defined; did you mean `node`?"), "{error}");
        std::fs::write(&file, b"\xff").unwrap();
        let error = rendered(&templates, Prefix::Curtin).await.unwrap_err();
        assert!(error.ends_with("cannot be read: it is not UTF-8 text"), "{error}");
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/no/such", &file).unwrap();
        let error = rendered(&templates, Prefix::Curtin).await.unwrap_err();
        assert!(error.contains("cannot be read: No such file"), "{error}");

        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, "{{if node.memory}}{{nod}}{{endif}}{{relase}}").unwrap();
        let error = rendered(&templates.strict(), Prefix::Curtin).await.unwrap_err();
        assert!(error.contains("web01:1:21: `nod` is not") && error.contains("; "), "{error}");
        assert!(error.ends_with("web01:1:37: `relase` is not defined; did you mean `release`?"), "{error}");
        std::fs::write(&file, "{{if node.memory}}{{nod}}{{endif}}ok").unwrap();
        assert_eq!(rendered(&templates, Prefix::Curtin).await, Ok(Some("ok".to_owned())));

        drop(first);
        let error = rendered(&templates, Prefix::Curtin).await.unwrap_err();
        assert!(error.starts_with("the template directory "), "{error}");
    }
}
