//! Users' templates, looked up per machine before the built-in ones.
//!
//! A template is read anew whenever it is rendered, so a change takes effect at once. One that cannot be used is an
//! error, and never a reason to take another one.

mod mask;
mod read;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstlight_preseed::{Context, Explanation, LookupKey, Map, RenderError, Template, TemplateError, explain};

use crate::boot::{ARCHITECTURE, Boot};
use crate::model::Record;

pub(crate) use mask::{MASK, mask};

/// The one sub-architecture so far.
const SUBARCHITECTURE: &str = "generic";

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

/// What a template is looked up for, and is told of.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// The machine's identity.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// `OSYSTEM/RELEASE` that it is to have, or that its ephemeral system is of.
    pub os: &'a str,
}

impl<'a> Node<'a> {
    /// What is known of a machine.
    #[must_use]
    pub fn new(boot: &'a Boot, record: &'a Record) -> Self {
        let wished = record.deployment.as_ref().and_then(|deployment| deployment.os.as_deref());
        Self { id: &record.id, name: &record.name, os: wished.unwrap_or(boot.default_os()) }
    }

    /// What every template can use; `docs/templates.md` lists it.
    #[must_use]
    pub fn context(&self, http_root: &str) -> Context {
        let (osystem, release) = self.os();
        let architecture = format!("{ARCHITECTURE}/{SUBARCHITECTURE}");
        let node: Map = [
            ("system_id", self.id),
            ("hostname", self.name),
            ("architecture", architecture.as_str()),
            ("osystem", osystem),
            ("distro_series", release),
        ]
        .into_iter()
        .collect();
        let server = http_root.trim_start_matches("http://").trim_end_matches('/');
        Context::new()
            .with("node", node)
            .with("osystem", osystem)
            .with("release", release)
            .with("server_url", http_root)
            .with("server_host", server.split(':').next().unwrap_or_default())
    }

    fn key(&self, prefix: Prefix) -> LookupKey<'a> {
        let (osystem, release) = self.os();
        LookupKey {
            prefix: prefix.as_str(),
            osystem,
            arch: Some((ARCHITECTURE, SUBARCHITECTURE)),
            release,
            name: Some(self.name),
            default: true,
        }
    }

    fn os(&self) -> (&'a str, &'a str) {
        self.os.split_once('/').unwrap_or((self.os, ""))
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
    /// The template does not fit the machine.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// The directories of users' templates.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    directories: Arc<[PathBuf]>,
}

impl Templates {
    /// Looks in `directories`, the first one first.
    #[must_use]
    pub fn new(directories: &[PathBuf]) -> Self {
        Self { directories: directories.into() }
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
    pub fn explain(&self, prefix: Prefix, node: &Node<'_>) -> Result<Explanation, TemplatesError> {
        self.check()?;
        Ok(explain(&node.key(prefix), self.directories.len() + 1, |location, name| {
            match self.location(location) {
                // A dangling link is there: that it cannot be read is to be told.
                Some(directory) => directory.join(name).symlink_metadata().is_ok_and(|entry| !entry.is_dir()),
                None => name == prefix.as_str(),
            }
        }))
    }

    /// The directory of a location; none for the built-in templates.
    #[must_use]
    pub fn location(&self, location: usize) -> Option<&Path> {
        self.directories.get(location).map(PathBuf::as_path)
    }

    /// The user's template for a machine; none if there is only the built-in one.
    ///
    /// # Errors
    ///
    /// When there is one that cannot be used.
    pub async fn find(&self, prefix: Prefix, node: &Node<'_>) -> Result<Option<Template>, TemplatesError> {
        let explanation = self.explain(prefix, node)?;
        let Some(winner) = explanation.winner() else { return Ok(None) };
        let Some(directory) = self.location(winner.location) else { return Ok(None) };
        let path = directory.join(&winner.name);
        let text = read::whole(&path).await.map_err(|error| TemplatesError::File { path: path.clone(), error })?;
        Ok(Some(Template::parse(&path.display().to_string(), &text)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: Node<'_> = Node { id: "abc", name: "web01", os: "debian/bookworm" };

    async fn rendered(templates: &Templates, prefix: Prefix) -> Result<Option<String>, String> {
        match templates.find(prefix, &NODE).await.map_err(|error| error.to_string())? {
            Some(template) => {
                template.render(&NODE.context("http://10.0.0.1:8080/")).map(Some).map_err(|error| error.to_string())
            }
            None => Ok(None),
        }
    }

    #[tokio::test]
    async fn users_come_first_and_mistakes_are_told() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let templates = Templates::new(&[first.path().to_owned(), second.path().to_owned()]);
        assert_eq!(rendered(&templates, Prefix::Curtin).await, Ok(None));

        std::fs::write(second.path().join("curtin_debian"), "{{node.hostname}} {{release}} {{server_host}}").unwrap();
        assert_eq!(rendered(&templates, Prefix::Curtin).await, Ok(Some("web01 bookworm 10.0.0.1".to_owned())));
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

        drop(first);
        let error = rendered(&templates, Prefix::Curtin).await.unwrap_err();
        assert!(error.starts_with("the template directory "), "{error}");
    }
}
