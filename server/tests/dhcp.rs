//! What stops `firstlight dhcp`: one clear sentence each; and what does not. Each test has namespaces of its own.
#![expect(clippy::panic, reason = "a test panics when it fails")]

use std::process::Command;

/// Runs a script in a folder in memory, with an interface s0 at 10.77.0.1/24; `$serve` starts the server for two seconds.
#[track_caller]
fn check(script: &str, code: i32, sentence: &str) {
    let script = format!(
        "mount -t tmpfs -o size=4m none /mnt; cd /mnt\n\
         ip link set lo up; ip link add s0 type veth peer name c0; ip address add 10.77.0.1/24 dev s0\n\
         ip link set s0 up; ip link set c0 up\n\
         server='timeout --preserve-status 2 {} dhcp'\n\
         serve=\"$server --interface s0 --pool 10.77.0.100-10.77.0.199 --lease-file leases\"\n{script}",
        env!("CARGO_BIN_EXE_firstlight")
    );
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", &script])
        .output()
        .unwrap_or_else(|error| panic!("unshare (package util-linux) cannot be run: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("Operation not permitted"), "this test needs root for its network namespace: {said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.contains(sentence), "expected `{sentence}` in the last line of:\n{said}");
    assert_eq!(output.status.code(), Some(code), "{said}");
}

/// A lease file with one line so many times.
fn leases(times: usize) -> String {
    let line = "10.77.0.100 bound 1 9999999999 1/02:00:00:00:00:01 49c50c2e\\n";
    format!("printf '# firstlight leases 1\\n{}' > leases", line.repeat(times))
}

#[test]
fn the_file_is_made_and_a_signal_is_a_good_end() {
    check("$serve; code=$?; head -n 1 leases >&2; exit $code", 0, "# firstlight leases 1");
}

#[test]
fn a_missing_interface() {
    check("ip link delete s0; $serve", 1, "there is no network interface s0; there are: lo");
}

#[test]
fn an_interface_without_an_address() {
    check("ip address flush dev s0; $serve", 1, "network interface s0 has no IPv4 address: give it one");
}

#[test]
fn an_occupied_port() {
    check("$serve & sleep 1; $serve", 1, "UDP port 67 on interface s0 is in use: another DHCP server is running");
}

#[test]
fn no_root_rights() {
    let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups $serve";
    check(nobody, 1, "UDP port 67 on interface s0 needs root rights");
}

#[test]
fn a_pool_outside_the_subnet() {
    let outside = "$server --interface s0 --lease-file leases --pool 10.78.0.1-10.78.0.9";
    check(outside, 1, "pools: 10.78.0.1-10.78.0.9 is not inside subnet 10.77.0.0");
}

#[test]
fn a_lease_file_that_cannot_be_written() {
    check("mount -o remount,ro /mnt; $serve", 1, "cannot use the lease file leases: Read-only file system");
    check("mkdir leases; $serve", 1, "cannot use the lease file leases: Is a directory");
    check("head -c 4m /dev/zero > fill; $serve", 1, "cannot use the lease file leases: No space left on device");
}

#[test]
fn a_damaged_lease_file() {
    let damaged =
        format!("{}; tail -n 1 leases > good; sed -i 's/bound/bounc/' leases; cat good >> leases; $serve", leases(1));
    check(&damaged, 1, "the lease file /mnt/leases is damaged in line 2, at byte 22: restore the file");
}

/// A client asks while the disk is full, and gets its address when there is room again.
#[test]
fn a_full_disk_while_running() {
    // The file ends shortly before a page does, so that the disk takes a part of the next line.
    let script = "
        mount -t tmpfs none /run; mkdir /run/netns; ip netns add c
        ip link set c0 netns c; ip -n c link set c0 up
        server=${serve#timeout --preserve-status 2 }
        $server 2>/run/log & server=$!
        until grep -q serving /run/log; do sleep 0.1; done
        head -c 4m /dev/zero > fill 2>/dev/null
        ip netns exec c udhcpc -f -q -i c0 -s /bin/true -t 100 -T 1 2>/run/udhcpc &
        until grep -q 'leases cannot be stored in /mnt/leases: No space left on device' /run/log; do sleep 0.1; done
        if grep obtained /run/udhcpc; then exit 2; fi
        rm fill; wait $!
        grep -q 'leases are stored again' /run/log || cat /run/log >&2
        kill -TERM $server; wait $server; code=$?
        cat leases >&2; exit $code";
    check(&format!("{}{script}", leases(67)), 0, " bound ");
}
