//! What the outer half tells the inner half, as a file in the run's folder.

use crate::cli::{Firmware, Phase, Until};
use crate::error::{Doing, Result};
use crate::outside::Ready;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One run, decided.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Plan {
    /// A row of the matrix to try, instead of a machine's whole life.
    pub(crate) row: Option<String>,
    /// Debian's mirror, if its installer is to be used instead of an image.
    pub(crate) installer_mirror: Option<String>,
    /// The storage configurations to try, instead of a machine's whole life.
    pub(crate) storage: Vec<String>,
    pub(crate) firmware: Firmware,
    pub(crate) machines: u8,
    pub(crate) until: Until,
    pub(crate) keep: bool,
    pub(crate) kill_server_at: Option<Phase>,
    pub(crate) time_limit: Duration,
    pub(crate) verbose: bool,
    pub(crate) work_dir: PathBuf,
    pub(crate) images_dir: PathBuf,
    pub(crate) server_binary: PathBuf,
    /// The page's port on 127.0.0.1 of the host.
    pub(crate) web_port: u16,
}

impl Plan {
    /// One machine, which boots once, and only as far as its kernel.
    pub(crate) fn of_row(name: &str, firmware: Firmware, limit: Duration, work_dir: PathBuf, ready: &Ready) -> Self {
        Self {
            row: Some(name.to_owned()),
            installer_mirror: None,
            storage: Vec::new(),
            firmware,
            machines: 1,
            until: Until::New,
            keep: false,
            kill_server_at: None,
            time_limit: limit,
            verbose: false,
            work_dir,
            images_dir: ready.images_dir.clone(),
            server_binary: ready.server_binary.clone(),
            web_port: 0,
        }
    }

    /// One machine, which is deployed with these storage configurations.
    pub(crate) fn of_storage(
        rows: Vec<String>,
        firmware: Firmware,
        limit: Duration,
        work_dir: PathBuf,
        ready: &Ready,
    ) -> Self {
        Self { row: None, storage: rows, until: Until::Deployed, ..Self::of_row("", firmware, limit, work_dir, ready) }
    }

    /// Writes the plan into the run's folder and returns where.
    pub(crate) fn save(&self) -> Result<PathBuf> {
        let path = self.work_dir.join("plan.json");
        let text = serde_json::to_string_pretty(self).doing("the plan cannot be written down")?;
        std::fs::write(&path, text).doing(format!("{} cannot be written", path.display()))?;
        Ok(path)
    }

    /// Reads it back.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).doing(format!("{} cannot be read", path.display()))?;
        serde_json::from_str(&text).doing(format!("{} is not a plan", path.display()))
    }
}
