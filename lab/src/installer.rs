//! `cargo lab installer`: Debian's own installer instead of an image. It boots from the server, takes the server's
//! answers and installs from Debian's mirror, which it reaches through a proxy of the lab's.
//!
//! Under emulation this takes an hour. Everything else is as in `cargo lab`: the machine enlists, is commissioned,
//! deployed, looked into, and given back.

mod mirror;
mod proxy;

pub(crate) use proxy::inside;

use crate::cli::RunOptions;
use crate::error::{Doing, Result};
use crate::{check, network, outside, packages, paths};
use std::path::Path;

/// What deployments call it.
pub(crate) const NAME: &str = "debian-installer";

/// The package with the installer, and where its files are.
const PACKAGE: &[(&str, &str)] = &[("debian-installer-12-netboot-amd64", "Debian's installer")];
const FILES: &str = "/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64";

/// Seconds that the whole run and the installation may take.
const TIME_LIMIT: u64 = 4 * 3600;
pub(crate) const DEPLOYING: u64 = 3 * 3600;

/// Runs it.
pub(crate) async fn run(mut options: RunOptions) -> Result<()> {
    check::system()?;
    packages::ensure_these(PACKAGE, options.place.images.yes)?;
    let sources = mirror::sources()?;
    let mirror = mirror::of_debian(&sources)?.to_owned();
    let cache = paths::cache_dir(options.place.images.cache_dir.as_deref())?;
    options.time_limit.get_or_insert(TIME_LIMIT);
    outside::run_with(options, Some(mirror), |work_dir| proxy::outside(work_dir, &cache, sources)).await
}

/// What the server is told, and the template that goes with it.
pub(crate) fn configure(work_dir: &Path, mirror: &str) -> Result<String> {
    let templates = work_dir.join("templates");
    std::fs::create_dir_all(&templates).doing("the folder for templates cannot be made")?;
    let template = templates.join("debian_preseed_debian");
    std::fs::write(&template, include_str!("../installer/debian_preseed")).doing("the template cannot be written")?;
    Ok(format!(
        "\n[preseed]\ntemplates = [{templates:?}]\n\n\
         [os.{NAME}]\nkind = \"debian-installer\"\nos = \"debian/bookworm\"\n\
         kernel = \"{FILES}/linux\"\ninitrd = \"{FILES}/initrd.gz\"\n\
         parameters = \"auto=true priority=critical url={{{{answers_url}}}} interface=auto BOOTIF={{{{bootif}}}} \
         hostname={{{{node.hostname}}}} netcfg/get_nameservers={} DEBIAN_FRONTEND=text\"\n\
         mirror = {mirror:?}\nproxy = \"http://{}:{}\"\n",
        // Nobody answers there. The installer asks for one that DHCP does not name.
        network::SERVER,
        network::SERVER,
        proxy::PORT,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let text = configure(dir.path(), "http://mirror.example/debian").unwrap();
        assert!(text.contains("url={{answers_url}} interface=auto"), "{text}");
        assert!(
            text.contains("mirror = \"http://mirror.example/debian\"\nproxy = \"http://10.77.0.1:3128\"\n"),
            "{text}"
        );
        assert!(dir.path().join("templates/debian_preseed_debian").is_file());
    }
}
