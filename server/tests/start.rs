//! What stops a start: one clear sentence each, and an exit status that says so. Each test has a network namespace of its own.

#[path = "support/home.rs"]
mod home;
#[path = "support/namespace.rs"]
mod namespace;

use std::path::Path;

use home::home;

/// Runs `script` in a namespace with a bridge br0 at 10.77.0.1/24; `$serve` starts the server, `$home` is its directory.
#[track_caller]
fn check(home: &Path, script: &str, sentence: &str) {
    let script = format!(
        "ip link set lo up; ip link add br0 type bridge; ip address add 10.77.0.1/24 dev br0; ip link set br0 up\n\
         home={home}; serve=\"timeout 10 $FIRSTLIGHT serve --authoritative --config $home/firstlight.toml\"\n{script}",
        home = home.display()
    );
    let output = namespace::run(&[("ip", "iproute2"), ("perl", "perl-base")], &script);
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    assert!(last.contains(sentence), "expected `{sentence}` in the last line of:\n{said}");
    assert_eq!(output.status.code(), Some(1), "{said}");
}

#[test]
fn a_missing_interface() {
    let home = home("");
    check(home.path(), "ip link delete br0; $serve", "there is no network interface br0; there are: lo");
}

#[test]
fn an_interface_without_an_address() {
    let home = home("");
    check(home.path(), "ip address flush dev br0; $serve", "network interface br0 has no IPv4 address: give it one");
}

#[test]
fn an_interface_that_is_down() {
    let home = home("");
    check(home.path(), "ip link set br0 down; $serve", "network interface br0 is down: bring it up");
}

#[test]
fn an_occupied_dhcp_port() {
    let home = home("");
    let occupy = "perl -e 'use Socket; socket(S, PF_INET, SOCK_DGRAM, 17) or die; \
                  bind(S, sockaddr_in(67, INADDR_ANY)) or die; sleep 20' & sleep 0.5; $serve";
    check(home.path(), occupy, "DHCP cannot use port 67 on 10.77.0.1: another program has it");
}

#[test]
fn an_occupied_tftp_port() {
    let home = home("");
    let occupy = "perl -e 'use Socket; socket(S, PF_INET, SOCK_DGRAM, 17) or die; \
                  bind(S, sockaddr_in(69, INADDR_ANY)) or die; sleep 20' & sleep 0.5; $serve";
    check(home.path(), occupy, "TFTP cannot use port 69 on 10.77.0.1: another program has it");
}

#[test]
fn no_root_rights() {
    let home = home("");
    let nobody = "mkdir -m 777 $home/state; chmod 755 $home; setpriv --reuid=65534 --regid=65534 --clear-groups $serve";
    check(home.path(), nobody, "only root may; run it as root");
}

#[test]
fn a_full_disk() {
    let home = home("");
    let full = "mkdir $home/state; mount -t tmpfs -o size=16k full $home/state; $serve";
    check(home.path(), full, "the disk is full: free at least 16 MiB");
}

#[test]
fn a_missing_image() {
    let home = home("");
    check(
        home.path(),
        "rm $home/images/debian/bookworm/amd64/vmlinuz; $serve",
        "vmlinuz is missing: build one with `cargo lab images`",
    );
}

#[test]
fn a_missing_boot_file() {
    let home = home("");
    let hide = "rm $home/boot/bootx64.efi; mkdir -p $home/empty; mkdir -p /usr/lib/shim; \
                mount --bind $home/empty /usr/lib/shim; $serve";
    check(home.path(), hide, "boot file bootx64.efi is missing: install the package shim-signed");
}

#[test]
fn a_missing_boot_file_of_one_machine() {
    let machine = "[[pxe.machines]]\nmac = \"52:54:00:12:34:56\"\nboot_file = \"shim-2023.efi\"";
    let sentence =
        "boot file shim-2023.efi of machine 52:54:00:12:34:56 (pxe.machines) is missing: put it into boot_dir";
    check(home(machine).path(), "$serve", sentence);
}

#[test]
fn a_missing_template_directory() {
    let home = home("[preseed]\ntemplates = [\"/no/such\"]");
    check(home.path(), "$serve", "the template directory /no/such cannot be used: No such file or directory");
}

#[test]
fn a_configuration_that_makes_no_sense() {
    let file = "[dhcp]\npool = \"10.78.0.1-10.78.0.9\"";
    check(home(file).path(), "$serve", "dhcp.pool = 10.78.0.1-10.78.0.9: is not inside the subnet 10.77.0.0/24");
    check(home("[dhcp]\nlease_seconds = 5").path(), "$serve", "dhcp.lease_seconds = 5: must be at least 60");
}
