//! Subnets behind relay agents, dnsmasq's and ISC's. Each test has namespaces of its own.

#[path = "support/home.rs"]
mod home;
#[path = "support/links.rs"]
mod links;
#[path = "support/namespace.rs"]
mod namespace;

use links::{TOOLS, heard, run};

/// Addresses for a network behind a relay agent, and none for the server's own.
const REMOTE: &str = r#"[dhcp]
mode = "off"
[[dhcp.subnets]]
network = "10.99.0.0/24"
mode = "authoritative"
pool = "10.99.0.100-10.99.0.109"
routers = ["10.99.0.1"]"#;

/// The server's own link is another server's; behind a relay agent are one subnet that gets addresses from here, one that
/// gets boot files alone, and one that gets nothing.
#[test]
fn subnets_behind_a_relay_agent_have_modes_of_their_own() {
    let (code, said) = run(&format!(
        r#"{TOOLS}
        ip -n c address add 10.77.0.2/24 dev c0; relays=
        for net in 97 98 99; do
            behind $net 10.77.0.2; relays="$relays --dhcp-relay=10.$net.0.1,10.77.0.1"
        done
        ip netns exec c dnsmasq -k -p 0 -C /dev/null -u root -x '' $relays 2>$home/relay &
        cat >> $home/firstlight.toml <<'END'
{REMOTE}
[[dhcp.subnets]]
network = "10.98.0.0/24"
mode = "proxy"
[dhcp.subnets.pxe]
boot_files = {{ bios = "pxelinux.0" }}
[[dhcp.subnets]]
network = "10.97.0.0/24"
mode = "off"
END
        ${{serve#*20}} 2>$home/log & server=$!
        started; rom e97 0; rom e98 1; rom e99 2; plain e99; rom f 0
        echo "== script" >&2; ip netns exec e99 curl -sS http://10.77.0.1/boot.ipxe >&2
        kill -TERM $server; wait $server; code=$?; echo "== log" >&2; cat $home/log $home/e99.log $home/relay >&2
        exit $code"#
    ));
    assert_eq!(code, Some(0), "{said}");
    let count = |namespace, what: &str| heard(&said, namespace).matches(what).count();
    assert_eq!((count("e97", "BOOTP/DHCP"), count("f", "BOOTP/DHCP")), (0, 0), "{said}");
    assert!(count("e98", "file \"pxelinux.0\"") > 0, "{said}");
    assert_eq!((count("e98", "Your-IP"), count("e98", "Message (53), length 1: ACK")), (0, 0), "{said}");
    assert_eq!((count("e99", "Your-IP 10.99.0.10"), count("e99", "file \"lpxelinux.0\"")), (2, 2), "{said}");
    // The address that the relay agent asks, which is not on the client's link.
    assert_eq!(count("e99", "Server-IP 10.77.0.1"), 2, "{said}");
    assert_eq!(count("e99", "Server-ID (54), length 4: 10.77.0.1"), 2, "{said}");
    assert!(heard(&said, "log").contains("obtained from 10.77.0.1"), "{said}");
    assert!(heard(&said, "script").contains("http://10.77.0.1/"), "{said}");
}

/// ISC's relay agent appends option 82; ISC's client goes through INIT, INIT-REBOOT and RELEASE.
#[test]
fn dhclient_behind_the_relay_agent_of_isc() {
    let (code, said) = run(&format!(
        r#"{TOOLS}
        ip -n c address add 10.77.0.2/24 dev c0; behind 99 10.77.0.2
        cat >> $home/firstlight.toml <<'END'
{REMOTE}
END
        cat > $home/events <<'END'
#!/bin/sh
case $reason in
    BOUND | REBOOT)
        ip address replace $new_ip_address/24 dev $interface; ip route replace default via $new_routers
        echo "$reason $new_ip_address from $new_dhcp_server_identifier via $new_routers" >> $(dirname $0)/told;;
esac
END
        chmod +x $home/events
        wait_for() {{ for try in $(seq 200); do grep -q "$1" $2 2>/dev/null && return; sleep 0.1; done; echo "no $1 in $2" >&2; }}
        ip netns exec c dhcrelay -4 -d --no-pid -a -m append -id c99 -iu c0 10.77.0.1 2>$home/relay &
        ${{serve#*20}} 2>$home/log & server=$!
        started
        run="ip netns exec e99 dhclient -1 -d -sf $home/events -lf $home/dhclient.leases -pf $home/dhclient.pid"
        $run e990 2>$home/dhclient & client=$!
        wait_for BOUND $home/told; kill -KILL $client
        $run e990 2>>$home/dhclient &
        wait_for REBOOT $home/told
        $run -r e990 2>>$home/dhclient
        events="curl -sSH @$home/token http://10.77.0.1/api/v1/events?after=0&follow=false"
        echo "Authorization: Bearer $(cat $home/state/admin-token)" > $home/token
        for try in $(seq 100); do $events > $home/journal; grep -q RELEASE $home/journal && break; sleep 0.1; done
        kill -TERM $server; wait $server; code=$?
        for file in told journal log relay dhclient; do echo "== $file" >&2; cat $home/$file >&2; done; exit $code"#
    ));
    assert_eq!(code, Some(0), "{said}");
    let bound = heard(&said, "told").lines().next().unwrap_or_default();
    let address = bound.split(' ').nth(1).unwrap_or_default();
    assert!(address.starts_with("10.99.0.10"), "{said}");
    let same = format!("BOUND {address} from 10.77.0.1 via 10.99.0.1\nREBOOT {address} from 10.77.0.1 via 10.99.0.1\n");
    assert_eq!(heard(&said, "told"), same, "{said}");
    assert!(heard(&said, "journal").contains("RELEASE from"), "{said}");
}

/// The relay agent comes in by another interface than the one whose address it knows. Once with the DHCP server on port 67,
/// once with nothing but proxies.
#[test]
fn answers_come_from_the_address_that_was_asked() {
    for mode in ["authoritative", "proxy"] {
        let (code, said) = run(&format!(
            r#"{TOOLS}
            ip link add br1 type bridge; ip address add 10.88.0.1/24 dev br1; ip link set br1 up; ip link set bc master br1
            ip -n c address add 10.88.0.2/24 dev c0; ip -n c route add 10.77.0.0/24 via 10.88.0.1; behind 98 10.88.0.2
            cat >> $home/firstlight.toml <<'END'
[dhcp]
mode = "off"
[[dhcp.subnets]]
interface = "br1"
mode = "off"
[[dhcp.subnets]]
network = "10.98.0.0/24"
mode = "proxy"
[[dhcp.subnets]]
network = "10.99.0.0/24"
mode = "{mode}"
routers = ["10.99.0.1"]
END
            ip netns exec c dhcrelay -4 -d --no-pid -id c98 -iu c0 10.77.0.1 2>$home/relay &
            ip netns exec c tcpdump --immediate-mode -U -lnni c0 -w $home/relay.pcap udp src port 67 or udp src port 4011 \
                2>$home/relay.dump & wire=$!
            until grep -q listening $home/relay.dump; do sleep 0.1; done
            ${{serve#*20}} 2>$home/log & server=$!
            started; rom e98 1
            ip -n e98 address add 10.98.0.50/24 dev e980; ip -n e98 route add default via 10.98.0.1
            echo "== 4011" >&2; ask e98 10.98.0.50 10.77.0.1 >&2
            kill -INT $wire; wait $wire; kill -TERM $server; wait $server; code=$?
            echo "== sources" >&2
            tcpdump -nnr $home/relay.pcap src net 10.77.0.0/16 or src net 10.88.0.0/24 and not src host 10.88.0.2 2>/dev/null \
                | sed 's/.* IP //; s/ >.*//' | sort -u >&2
            echo "== log" >&2; cat $home/log $home/relay $home/e98.log >&2; exit $code"#
        ));
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(heard(&said, "sources"), "10.77.0.1.4011\n10.77.0.1.67\n", "{said}");
        assert_eq!(heard(&said, "4011"), "10.77.0.1 snponly.efi\n", "{said}");
        assert!(heard(&said, "e98").contains("Server-IP 10.77.0.1"), "{said}");
    }
}
