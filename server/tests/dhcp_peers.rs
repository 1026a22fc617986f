//! `firstlight dhcp` and the clients of other people: each test makes the networks that it needs, and nothing leaves them.

#[path = "support/namespace.rs"]
mod namespace;

/// What every script begins with: a server on `s0` at 10.0.0.1/8, and a client's network `c` with `c0` on the other end.
///
/// `serve` starts the server; `wait_for PATTERN FILE` waits for a line; `client`, a script for both clients, configures
/// the address and writes what happened into `events`; `deaf` lets unicast to the server
/// go nowhere, so that only a broadcast, which is REBINDING, is answered.
const PREAMBLE: &str = r#"
set -eu
mount -t tmpfs none /run; mkdir /run/netns; cd /run
ip link set lo up; ip netns add c
ip link add s0 type veth peer name c0 netns c
ip address add 10.0.0.1/8 dev s0; ip link set s0 up
ip -n c link set lo up; ip -n c link set c0 up
serve() {
    FIRSTLIGHT_LOG=debug $FIRSTLIGHT dhcp --interface s0 --pool 10.1.0.10-10.1.0.250 --lease-file leases --lease-time 12 2>>log &
    server=$!
    wait_for "serving s0" log
}
wait_for() {
    tries=0
    until grep -q "$1" "$2" 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 400 ]; then echo "no '$1' in $2:"; cat "$2" log; exit 1; fi
        sleep 0.1
    done
}
expect() { if [ "$1" != "$2" ]; then echo "expected '$2', found '$1'"; cat log; exit 1; fi; }
deaf() { ip -n c neighbour replace 10.0.0.1 lladdr 02:00:00:00:00:99 dev c0; }
still_deaf() { ip -n c neighbour show 10.0.0.1 dev c0 | grep -q 'lladdr 02:00:00:00:00:99 PERMANENT'; }
last() { grep " $1" leases | tail -n 1 | cut -d ' ' -f 2; }
cat > client <<'END'
#!/bin/sh
event=${reason:-$1}; address=${new_ip_address:-${ip:-}}
case $event in
    BOUND | RENEW | REBIND | REBOOT | bound | renew)
        ip address replace $address/8 dev $interface
        echo "$event $address" >> /run/events;;
esac
END
chmod +x client
echo 'initial-interval 1; backoff-cutoff 1;' > dhclient.conf
"#;

/// Runs a script behind [`PREAMBLE`] in namespaces of its own.
#[track_caller]
fn check(programs: &[(&str, &str)], script: &str) {
    let output = namespace::run(programs, &format!("{PREAMBLE}{script}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
}

#[test]
fn udhcpc_obtains_renews_rebinds_and_releases() {
    check(
        &[("udhcpc", "udhcpc")],
        r"
        serve
        ip netns exec c udhcpc -f -R -i c0 -s /run/client >udhcpc 2>&1 & client=$!
        wait_for 'bound 10.1.0' events
        address=$(cut -d ' ' -f 2 events)
        kill -USR1 $client; wait_for 'renew' events
        deaf; : > events; wait_for renew events; still_deaf
        expect $(cut -d ' ' -f 2 events) $address
        expect $(last bound) bound
        ip -n c neighbour del 10.0.0.1 dev c0
        kill -USR2 $client; wait_for released leases
        expect $(last released) released
        kill -TERM $server; wait $server
        ",
    );
}

#[test]
fn dhclient_obtains_renews_rebinds_and_releases() {
    check(
        &[("dhclient", "isc-dhcp-client")],
        r"
        serve
        run='ip netns exec c dhclient -d -cf /run/dhclient.conf -sf /run/client -lf /run/dhclient.leases -pf /run/dhclient.pid'
        $run c0 >dhclient 2>&1 &
        wait_for 'BOUND 10.1.0' events
        address=$(cut -d ' ' -f 2 events)
        wait_for RENEW events
        # What it says is RENEW, but after T2 it broadcasts.
        deaf; : > events; wait_for RENEW events; still_deaf
        expect $(tail -n 1 events | cut -d ' ' -f 2) $address
        ip -n c neighbour del 10.0.0.1 dev c0
        $run -r c0 >release 2>&1; wait_for released leases
        ",
    );
}

/// An INIT-REBOOT of a client without a record is met with silence, so the answer shows that the lease was on the disk.
#[test]
fn a_killed_server_knows_its_leases() {
    check(
        &[("dhclient", "isc-dhcp-client")],
        r"
        serve
        run='ip netns exec c dhclient -1 -d -cf /run/dhclient.conf -sf /run/client -lf /run/dhclient.leases -pf /run/dhclient.pid'
        $run c0 >dhclient 2>&1 & client=$!
        wait_for 'BOUND 10.1.0' events
        address=$(cut -d ' ' -f 2 events)
        kill -KILL $client $server; wait $server || true
        printf '10.1.0.7 bound 17' >> leases; : > log
        serve; wait_for 'the last write was not finished: 17 bytes' log; wait_for 'with 1 leases' log
        $run c0 >dhclient 2>&1 &
        wait_for REBOOT events
        expect $(tail -n 1 events | cut -d ' ' -f 2) $address
        kill -INT $server; wait $server
        ",
    );
}

#[test]
fn a_relay_in_between() {
    check(
        &[("dnsmasq", "dnsmasq-base"), ("udhcpc", "udhcpc")],
        r"
        serve
        # The relay is in the network c, the client in another one behind it.
        ip -n c address add 10.0.0.2/16 dev c0; ip netns add d
        ip -n c link add c1 type veth peer name d0 netns d
        ip -n c address add 10.1.0.1/24 dev c1; ip -n c link set c1 up; ip -n d link set d0 up
        ip netns exec c dnsmasq -k -p 0 -C /dev/null -u root -x '' --dhcp-relay=10.1.0.1,10.0.0.1 2>relay &
        ip netns exec d udhcpc -f -i d0 -s /run/client >udhcpc 2>&1 &
        wait_for 'bound 10.1.0' events
        wait_for 'renew 10.1.0' events
        wait_for 'ACK .* by 10..*:67' log
        ",
    );
}

#[test]
fn perfdhcp_runs_clean() {
    check(
        &[("perfdhcp", "kea-admin")],
        r"
        serve
        ip -n c address add 10.0.0.2/8 dev c0
        ip netns exec c perfdhcp -4 -l 10.0.0.2 -r 50 -R 100 -n 100 -W 2000000 10.0.0.1 >perfdhcp 2>&1 || { cat perfdhcp; exit 1; }
        expect $(grep -c '^drops: 0$' perfdhcp) 2
        expect $(grep -c '^sent packets: 100$' perfdhcp) 2
        ",
    );
}
