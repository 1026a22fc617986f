//! What the checks need on a fresh machine.

use std::path::Path;
use std::{fs, io};

use crate::shell::{run, run_with, succeeds};

/// Packages that the tests use: disks made on loop devices, TFTP clients, DHCP clients and relays, a page for the eye.
/// The lab installs its own.
const PACKAGES: [&str; 19] = [
    "atftp",
    "atftpd",
    "busybox-static",
    "curl",
    "dnsmasq-base",
    "dosfstools",
    "e2fsprogs",
    "fdisk",
    "iproute2",
    "isc-dhcp-client",
    "isc-dhcp-relay",
    "kea-admin",
    "kmod",
    "python3",
    "tcpdump",
    "tftp-hpa",
    "udhcpc",
    "xz-utils",
    "zstd",
];

/// What `cargo lab storage --loop-devices` makes volumes with, and its virtual machine.
const STORAGE: [&str; 13] = [
    "bcache-tools",
    "busybox-static",
    "cpio",
    "cryptsetup-bin",
    "dmsetup",
    "dosfstools",
    "e2fsprogs",
    "fdisk",
    "kmod",
    "lvm2",
    "mdadm",
    "qemu-system-x86",
    "udev",
];

/// Debian packages, the WebAssembly target and one without an operating system.
pub(crate) fn testing() -> Result<(), String> {
    packages(&PACKAGES)?;
    tftpd_hpa()?;
    run("rustup target add wasm32-unknown-unknown thumbv7em-none-eabi")?;
    run("rustup component add clippy rustfmt")
}

/// Debian packages for volumes of all kinds.
pub(crate) fn storage() -> Result<(), String> {
    packages(&STORAGE)
}

/// Debian does not install this TFTP server beside atftpd, so the program alone is taken out of its package.
fn tftpd_hpa() -> Result<(), String> {
    let program = Path::new("/usr/local/sbin/tftpd-hpa");
    if program.exists() {
        return Ok(());
    }
    let place = std::env::temp_dir().join(format!("tftpd-hpa-{}", std::process::id()));
    let taken = take_out(&place, program);
    // What cannot be removed does no harm.
    let _ = fs::remove_dir_all(place);
    taken
}

fn take_out(place: &Path, program: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("tftpd-hpa cannot be unpacked: {error}");
    fs::create_dir(place).map_err(failed)?;
    let shown = place.display();
    run(&format!("env --chdir={shown} apt-get download -q -o APT::Sandbox::User=root tftpd-hpa"))?;
    for package in place.read_dir().map_err(failed)? {
        run(&format!("dpkg --extract {} {shown}", package.map_err(failed)?.path().display()))?;
    }
    fs::copy(place.join("usr/sbin/in.tftpd"), program).map(drop).map_err(failed)
}

fn packages(needed: &[&str]) -> Result<(), String> {
    let missing: Vec<&str> =
        needed.iter().copied().filter(|package| !succeeds(&format!("dpkg-query --status {package}"))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    run("apt-get update -q")?;
    let install = format!("apt-get install -q -y --no-install-recommends {}", missing.join(" "));
    run_with(&install, "DEBIAN_FRONTEND", "noninteractive")
}

/// A nightly compiler and cargo-fuzz.
pub(crate) fn fuzzing() -> Result<(), String> {
    if !succeeds("rustup run nightly rustc --version") {
        run("rustup toolchain install nightly --profile minimal")?;
    }
    if !succeeds("cargo fuzz --version") {
        run("cargo install --quiet --locked cargo-fuzz")?;
    }
    Ok(())
}
