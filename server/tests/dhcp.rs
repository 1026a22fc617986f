//! What stops `firstlight dhcp`: one clear sentence each; and what does not. Each test has namespaces of its own.

#[path = "support/namespace.rs"]
mod namespace;

/// Runs a script in a folder in memory, with an interface s0 at 10.77.0.1/24; `$serve` starts the server for two seconds.
#[track_caller]
fn check(script: &str, code: i32, sentence: &str) {
    let script = format!(
        "mount -t tmpfs -o size=4m none /mnt; cd /mnt\n\
         ip link set lo up; ip link add s0 type veth peer name c0; ip address add 10.77.0.1/24 dev s0\n\
         ip link set s0 up; ip link set c0 up\n\
         server=\"timeout --preserve-status 2 $FIRSTLIGHT dhcp\"\n\
         serve=\"$server --interface s0 --pool 10.77.0.100-10.77.0.199 --lease-file leases\"\n{script}"
    );
    let programs = [("udhcpc", "udhcpc"), ("perfdhcp", "kea-admin"), ("tcpdump", "tcpdump")];
    let output = namespace::run(&programs, &script);
    let said = String::from_utf8_lossy(&output.stderr);
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

/// Somebody who has never heard of DHCP uses the address that the client wants.
#[test]
fn an_address_in_use_is_found_before_it_is_offered() {
    let script = "
        mount -t tmpfs none /run; mkdir /run/netns; ip netns add c
        ip link set c0 netns c; ip -n c link set lo up; ip -n c link set c0 up
        ip netns add squatter; ip link add s1 type veth peer name q0 netns squatter
        ip link add bridge type bridge; ip address flush dev s0; ip address add 10.77.0.1/24 dev bridge
        ip link set s0 master bridge; ip link set s1 master bridge; ip link set s1 up; ip link set bridge up
        ip -n squatter address add 10.77.0.150/24 dev q0; ip -n squatter link set q0 up
        server=\"${server#timeout --preserve-status 2 } --probe --pool 10.77.0.100-10.77.0.199 --lease-file leases\"
        $server --interface bridge 2>/run/log & server=$!
        until grep -q serving /run/log; do sleep 0.1; done
        ip netns exec c udhcpc -f -q -n -i c0 -s /bin/true -t 5 -T 2 -r 10.77.0.150 2>/run/udhcpc
        kill -TERM $server; wait $server; code=$?
        grep -q 'obtained from 10.77.0.1' /run/udhcpc || cat /run/udhcpc /run/log >&2
        grep -q '^10.77.0.150 declined' leases || cat leases >&2
        grep bound leases >&2; grep -q '^10.77.0.150 bound' leases && exit 3; exit $code";
    check(script, 0, " bound ");
}

/// Left to itself, the system would answer this relay from one address of the interface, whichever was asked.
#[test]
fn replies_come_from_the_address_that_was_asked() {
    let script = "
        ip address add 10.77.0.2/24 dev s0; ip route replace 10.77.0.0/24 dev s0 src 10.77.0.2
        mount -t tmpfs none /run; mkdir /run/netns; ip netns add c
        ip link set c0 netns c; ip -n c link set lo up; ip -n c link set c0 up; ip -n c address add 10.77.0.9/24 dev c0
        ${serve#timeout --preserve-status 2 } 2>/run/log & server=$!
        until grep -q serving /run/log; do sleep 0.1; done
        ip netns exec c timeout 20 tcpdump -lnni c0 -c 20 -w /run/capture udp src port 67 and dst host 10.77.0.9 2>/run/tcpdump & dump=$!
        until grep -q listening /run/tcpdump; do sleep 0.1; done
        for asked in 10.77.0.1 10.77.0.2; do
            ip netns exec c perfdhcp -4 -l 10.77.0.9 -r 5 -n 5 -W 1000000 $asked >/run/perfdhcp 2>&1
        done
        wait $dump; kill -TERM $server; wait $server; code=$?
        tcpdump -nnr /run/capture 2>/dev/null | sed 's/.* IP //; s/ >.*//' | sort -u | tr '\\n' ' ' >&2; exit $code";
    check(script, 0, "10.77.0.1.67 10.77.0.2.67 ");
}
