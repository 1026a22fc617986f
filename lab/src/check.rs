//! What must be there before a run starts. Each fault is one sentence that says
//! what to do; nothing is skipped in silence.

use crate::error::{Doing, Error, Result};
use std::path::Path;

/// Room that building the images and one run need.
const IMAGES_BYTES: u64 = 3 << 30;
const MACHINE_BYTES: u64 = 2 << 30;

/// Root rights, a Debian system, namespaces.
pub(crate) fn system() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Error::said(
            "root rights are needed for the lab's network namespace: run it as root, for example in a virtual machine",
        ));
    }
    if cfg!(not(target_arch = "x86_64")) {
        return Err(Error::said("the lab's images are for amd64, and this machine is not"));
    }
    if !Path::new("/usr/bin/apt-get").exists() || !Path::new("/usr/bin/dpkg-query").exists() {
        return Err(Error::said("the lab needs Debian 12 (apt-get and dpkg-query were not found)"));
    }
    if !Path::new("/proc/self/ns/net").exists() {
        return Err(Error::said(
            "this kernel has no network namespaces; the lab cannot be kept apart from the host's network",
        ));
    }
    Ok(())
}

/// Tap interfaces for the machines.
pub(crate) fn tun() -> Result<()> {
    std::fs::File::options().read(true).write(true).open("/dev/net/tun").map(drop).map_err(|error| {
        Error::said(format!(
            "/dev/net/tun cannot be opened ({error}): load it with `modprobe tun`, or give the container this device"
        ))
    })
}

/// Room for building images in `dir`.
pub(crate) fn room_for_images(dir: &Path) -> Result<()> {
    room(dir, IMAGES_BYTES, "building the images")
}

/// Room for the disks of a run in `dir`.
pub(crate) fn room_for_run(dir: &Path, machines: u8) -> Result<()> {
    room(dir, MACHINE_BYTES * u64::from(machines), "the machines' disks")
}

fn room(dir: &Path, needed: u64, purpose: &str) -> Result<()> {
    let stat = nix::sys::statvfs::statvfs(dir).doing(format!("free room in {} cannot be told", dir.display()))?;
    #[expect(clippy::useless_conversion, reason = "the fields' width depends on the platform")]
    let free = u64::from(stat.blocks_available()) * u64::from(stat.fragment_size());
    if free < needed {
        return Err(Error::said(format!(
            "{} has {:.1} GiB free, and {purpose} may need {:.1} GiB: make room or choose another place with --cache-dir and --work-dir",
            dir.display(),
            gib(free),
            gib(needed),
        )));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_is_a_sentence() {
        let error = room(Path::new("/"), u64::MAX, "a test").unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("/ has "), "{text}");
        assert!(text.contains("a test may need"), "{text}");
    }
}
