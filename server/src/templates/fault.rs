//! What is wrong with users' templates, as far as it is known.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use serde::Serialize;

use super::Templates;

/// A template that could not be used, were it needed now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The first part of its name.
    pub prefix: String,
    /// File, line, column, and what is wrong there.
    pub message: String,
    /// The names of the machines that would use it; none if it is only needed when a new machine enlists.
    pub machines: Vec<String>,
}

/// The faults that all clones of [`Templates`] know of.
pub(super) type Faults = Arc<RwLock<Arc<[Fault]>>>;

/// A file in a directory of templates: its path, when it was written, and its length.
pub(crate) type Stamp = (PathBuf, Option<SystemTime>, u64);

impl Templates {
    /// What was found wrong when the templates were last looked through.
    #[must_use]
    pub fn faults(&self) -> Arc<[Fault]> {
        Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers what is wrong, and gives what was before.
    pub(crate) fn set_faults(&self, faults: Vec<Fault>) -> Arc<[Fault]> {
        std::mem::replace(&mut *self.faults.write().unwrap_or_else(PoisonError::into_inner), faults.into())
    }

    /// Everything in the directories; it differs when something has changed.
    pub(crate) fn stamps(&self) -> Vec<Stamp> {
        let entries = self.directories.iter().filter_map(|directory| std::fs::read_dir(directory).ok()).flatten();
        let mut stamps: Vec<Stamp> = entries
            .flatten()
            .map(|entry| {
                // What a link points to is what is read.
                let metadata = std::fs::metadata(entry.path()).ok();
                let written = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
                (entry.path(), written, metadata.map_or(0, |metadata| metadata.len()))
            })
            .collect();
        stamps.sort();
        stamps
    }
}
