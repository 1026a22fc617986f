//! The Debian packages that the lab uses: finds the missing ones, asks, installs.

use crate::error::{Doing, Error, Result};
use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// What is needed, and for what.
const NEEDED: &[(&str, &str)] = &[
    ("qemu-system-x86", "the machines"),
    ("seabios", "BIOS firmware"),
    ("ovmf", "UEFI firmware"),
    ("ipxe-qemu", "the network card's boot ROM"),
    ("ipxe", "boot loader served to machines"),
    ("pxelinux", "boot loader served to machines"),
    ("syslinux-common", "modules of that boot loader"),
    ("grub-efi-amd64-signed", "boot loader served to machines"),
    ("grub-efi-amd64-bin", "boot loader served to machines"),
    ("grub-pc-bin", "boot loader served to machines"),
    ("grub-common", "builds boot loaders"),
    ("shim-signed", "boot loader served to machines"),
    ("mmdebstrap", "builds the images"),
    ("debian-archive-keyring", "checks the images' packages"),
    ("squashfs-tools", "packs the images"),
    ("zstd", "packs the images"),
    ("cpio", "packs the images"),
    ("kmod", "finds kernel modules"),
    ("busybox-static", "the images' first program"),
    ("iproute2", "the lab's network"),
    ("util-linux", "the lab's namespaces"),
    ("dnsmasq-base", "a foreign DHCP server"),
    ("tcpdump", "records the network"),
    ("openssh-client", "logs in to the machines"),
];

/// Makes sure that every package is there.
pub(crate) fn ensure(yes: bool) -> Result<()> {
    ensure_these(NEEDED, yes)
}

/// The same with other packages.
pub(crate) fn ensure_these(needed: &[(&'static str, &'static str)], yes: bool) -> Result<()> {
    let missing = missing(needed)?;
    if missing.is_empty() {
        return Ok(());
    }
    println!("The lab needs {} more Debian packages:", missing.len());
    for (name, purpose) in &missing {
        println!("  {name:24} {purpose}");
    }
    if !yes && !in_ci() && !ask("Install them with apt-get? [Y/n] ")? {
        return Err(Error::said(format!("packages are missing: apt-get install {}", names(&missing).join(" "))));
    }
    install(&names(&missing))
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci != "false" && ci != "0" && !ci.is_empty())
}

fn names(packages: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    packages.iter().map(|(name, _)| *name).collect()
}

fn missing(needed: &[(&'static str, &'static str)]) -> Result<Vec<(&'static str, &'static str)>> {
    // Unknown packages make dpkg-query exit 1; what it prints is right all the same.
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\n"])
        .args(needed.iter().map(|(name, _)| *name))
        .stderr(Stdio::null())
        .output()
        .doing("dpkg-query does not run")?;
    Ok(not_installed(needed, &String::from_utf8_lossy(&output.stdout)))
}

fn not_installed(needed: &[(&'static str, &'static str)], listing: &str) -> Vec<(&'static str, &'static str)> {
    let installed: Vec<&str> = listing.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    needed.iter().copied().filter(|(name, _)| !installed.contains(name)).collect()
}

fn ask(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("{question}");
    std::io::stdout().flush().doing("the terminal is gone")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).doing("the answer cannot be read")?;
    Ok(matches!(answer.trim(), "" | "y" | "Y" | "yes" | "Yes"))
}

fn install(packages: &[&str]) -> Result<()> {
    apt_get(&["update", "--quiet"])?;
    let mut arguments = vec!["install", "--yes", "-qq", "-oDpkg::Use-Pty=0", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .doing("apt-get does not run")?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::said(format!("`apt-get {}` failed; what it said is above", arguments.join(" "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_packages_count_as_missing() {
        let listing: String = NEEDED
            .iter()
            .map(|(name, _)| match *name {
                "tcpdump" => "tcpdump config-files\n".to_owned(),
                "ovmf" => String::new(),
                name => format!("{name} installed\n"),
            })
            .collect();
        assert_eq!(names(&not_installed(NEEDED, &listing)), ["ovmf", "tcpdump"]);
    }
}
