//! A GRUB with its `http` module, from the modules of Debian's package grub-efi-amd64-bin. It has no signature.

use crate::error::{Doing, Error, Result};
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// The commands of our configurations, and what they stand on.
const MODULES: [&str; 12] =
    ["boot", "chain", "echo", "efinet", "halt", "http", "linux", "normal", "reboot", "search", "sleep", "test"];

/// Builds it into `dir`, under the name by which the server finds it.
pub(crate) async fn build(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).doing(format!("{} cannot be made", dir.display()))?;
    let output = Command::new("grub-mkimage")
        .args(["--format=x86_64-efi", "--prefix=/grub", "--output"])
        .arg(dir.join("grubx64.efi"))
        .args(MODULES)
        .stdin(Stdio::null())
        .output()
        .await
        .doing("grub-mkimage (package grub-common) does not start")?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::said(format!("grub-mkimage fails: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
