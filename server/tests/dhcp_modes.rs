//! Beside another DHCP server: who is looked for before the start, and what is offered. Each test has namespaces of its own.

#[path = "support/home.rs"]
mod home;
#[path = "support/links.rs"]
mod links;
#[path = "support/namespace.rs"]
mod namespace;

use links::{TOOLS, heard, run};

#[test]
fn without_another_server_somebody_has_to_say_yes() {
    let (code, said) = run("$serve </dev/null");
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(
        last,
        "firstlight: no DHCP server answers on br0; this one can give 10.77.0.127 to 10.77.0.254: say so with \
         --authoritative, or with dhcp.mode = \"authoritative\"",
        "{said}"
    );
    assert_eq!(code, Some(1));
}

/// Firmware hears two offers, an operating system one. (udhcpc, which is no firmware, cannot make use of two.)
#[test]
fn beside_another_server_only_boot_files_are_named() {
    let (code, said) = run("
        $foreign 2>$home/dnsmasq & foreign=$!
        touch $home/tcpdump; $serve 2>$home/log & server=$!
        until grep -q 'ready in' $home/log; do kill -0 $server || break; sleep 0.1; done
        ip netns exec c timeout 20 tcpdump -U -lnni c0 -c 2 -w $home/capture udp src port 67 2>$home/tcpdump & dump=$!
        until grep -q listening $home/tcpdump; do sleep 0.1; done
        ip netns exec c udhcpc -f -q -n -B -i c0 -s /bin/true -t 1 -T 1 -V PXEClient:Arch:00000:UNDI:002001 \
            -x 0x5d:0000 -x 0x5e:010201 2>$home/udhcpc
        wait $dump
        ip netns exec c udhcpc -f -q -n -B -i c0 -s /bin/true -t 5 -T 2 2>>$home/log
        kill -TERM $server; wait $server; code=$?
        cat $home/log >&2; tcpdump -vnnr $home/capture >&2 2>/dev/null
        exit $code");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("DHCP SERVER 10.77.0.9 ANSWERS on br0"), "{said}");
    let count = |what: &str| said.matches(what).count();
    assert_eq!(count("Message (53), length 1: Offer"), 2, "{said}");
    // The other server's has an address, this one's names a boot file.
    assert_eq!((count("Your-IP 10.77.0.5"), count("file \"lpxelinux.0\"")), (1, 1), "{said}");
    assert_eq!(count("obtained from 10.77.0.9"), 1, "{said}");
}

/// It would get every UEFI machine on the link to ask it for a boot file.
#[test]
fn a_server_that_says_pxe_and_no_more_is_told_of_by_its_address() {
    let (_, said) = run("
        $foreign --dhcp-option-force=60,PXEClient 2>$home/dnsmasq &
        touch $home/log; $serve 2>$home/log & server=$!
        until grep -q 'ready in' $home/log; do kill -0 $server || break; sleep 0.1; done
        kill -TERM $server; wait $server; cat $home/log $home/dnsmasq >&2");
    assert!(said.contains("firstlight: 10.77.0.9 sends option 60 (PXEClient) without option 43"), "{said}");
}

/// Somebody has said who gives the addresses, so that nothing is looked for before the start. It is told of all the same.
#[test]
fn another_server_is_told_of_where_the_mode_is_given() {
    let start = |mode: &str| {
        let (code, said) = run(&format!(
            r#"{TOOLS}
            $foreign --dhcp-option-force=60,PXEClient 2>$home/dnsmasq &
            printf '[dhcp]\nmode = "{mode}"\n' >> $home/firstlight.toml
            $serve 2>$home/log & server=$!
            started; until grep -q 'without option 43' $home/log; do kill -0 $server || break; sleep 0.1; done
            kill -TERM $server; wait $server; code=$?; cat $home/log $home/dnsmasq >&2; exit $code"#
        ));
        assert_eq!(code, Some(0), "{said}");
        said
    };
    let hijack = "firstlight: 10.77.0.9 sends option 60 (PXEClient) without option 43: ";
    let said = start("proxy");
    assert!(said.contains(hijack) && !said.contains("ANSWERS"), "{said}");
    let said = start("authoritative");
    let both =
        "firstlight: DHCP SERVER 10.77.0.9 ANSWERS on br0, where this one gives addresses too: turn one of the two off";
    assert!(said.contains(hijack) && said.contains(both), "{said}");
}

#[test]
fn a_server_does_not_take_its_own_search_for_a_client() {
    let (code, said) = run(&format!(
        r#"{TOOLS}
        ip netns exec c timeout 20 tcpdump -U -lnni c0 -c 3 -w $home/search udp dst port 67 2>$home/dump & dump=$!
        until grep -q listening $home/dump; do sleep 0.1; done
        $serve --authoritative 2>$home/log & server=$!
        started; wait $dump || exit 2
        echo "Authorization: Bearer $(cat $home/state/admin-token)" > $home/token
        echo "== events" >&2; curl -sSH @$home/token "http://10.77.0.1/api/v1/events?after=0&follow=false" >&2; echo >&2
        kill -TERM $server; wait $server; code=$?; echo "== log" >&2; cat $home/log >&2; exit $code"#
    ));
    assert_eq!(code, Some(0), "{said}");
    let events = heard(&said, "events");
    assert!(events.contains("server.started") && !events.contains("dhcp."), "{said}");
    assert!(!heard(&said, "log").contains("ANSWERS"), "{said}");
}

/// What one machine is told that others of its kind are not, and what is told because somebody has put it into `boot_dir`.
#[test]
fn machines_and_architectures_with_boot_files_of_their_own() {
    let (code, said) = run(r#"
        touch $home/boot/bootaa64.efi
        printf '[[pxe.machines]]\nmac = "52:54:00:00:00:07"\nboot_file = "snponly.efi"\n' >> $home/firstlight.toml
        ip -n c link set c0 down; ip -n c link set c0 address 52:54:00:00:00:07; ip -n c link set c0 up
        touch $home/tcpdump; $serve --authoritative 2>$home/log & server=$!
        until grep -q 'ready in' $home/log; do kill -0 $server || break; sleep 0.1; done
        ip netns exec c timeout 20 tcpdump -U -lnni c0 -c 3 -w $home/capture udp src port 67 2>$home/tcpdump & dump=$!
        until grep -q listening $home/tcpdump; do sleep 0.1; done
        ask() { ip netns exec c udhcpc -f -q -n -B -i c0 -s /bin/true -t 1 -T 1 -A 0 -V PXEClient:Arch:$1:UNDI:003000 \
            -x 0x5d:$2 -x 0x5e:010300 2>>$home/udhcpc; }
        ask 00007 0007
        ip -n c link set c0 down; ip -n c link set c0 address 52:54:00:00:00:08; ip -n c link set c0 up
        ask 00011 000b
        wait $dump; kill -TERM $server; wait $server; code=$?
        cat $home/log $home/udhcpc >&2; tcpdump -vnnr $home/capture >&2 2>/dev/null
        exit $code"#);
    assert_eq!(code, Some(0), "{said}");
    let count = |what: &str| said.matches(what).count();
    assert_eq!((count("file \"snponly.efi\""), count("file \"bootaa64.efi\"")), (2, 1), "{said}");
}

/// Addresses on one link, boot files beside another server on the other, which was looked for and found.
#[test]
fn each_interface_has_a_mode_of_its_own() {
    let (code, said) = run(&format!(
        r#"{TOOLS}
        ip link add br1 type bridge; ip address add 10.88.0.1/24 dev br1; ip link set br1 up; ip link set bf master br1
        ip -n f address flush dev f0; ip -n f address add 10.88.0.9/24 dev f0
        ip netns add d; ip link add bd type veth peer name d0 netns d; ip link set bd master br1; ip link set bd up
        ip -n d link set lo up; ip -n d link set d0 up
        until ip link show br1 | grep -q LOWER_UP; do sleep 0.1; done
        ${{foreign%=*}}=10.88.0.50,10.88.0.59 2>$home/dnsmasq &
        printf '[dhcp]\nmode = "authoritative"\n[[dhcp.subnets]]\ninterface = "br1"\n' >> $home/firstlight.toml
        ${{serve#*20}} 2>$home/log & server=$!
        started; rom c 2; rom d 2; plain c; plain d
        for name in c d; do
            echo "== script $name" >&2
            ip netns exec $name curl -sS http://10.$([ $name = c ] && echo 77 || echo 88).0.1/boot.ipxe >&2
        done
        export FIRSTLIGHT_TOKEN_FILE=$home/state/admin-token
        for name in $($FIRSTLIGHT machines --json | python3 -c 'import json, sys; [print(m["name"]) for m in json.load(sys.stdin)]'); do
            $FIRSTLIGHT preseed explain $name --prefix enlist > $home/preview
            for link in 77 88; do
                if grep -q http://10.$link.0.1/ $home/preview; then echo "previews name 10.$link.0.1" >> $home/previews; fi
            done
        done
        echo "== previews" >&2; sort $home/previews >&2; echo "== 4011" >&2; ask c 10.77.0.50 10.77.0.1 >&2; ask d 10.88.0.50 10.88.0.1 >&2
        kill -TERM $server; wait $server; code=$?; echo "== log" >&2; cat $home/log $home/c.log $home/d.log >&2
        exit $code"#
    ));
    assert_eq!(code, Some(0), "{said}");
    let log = heard(&said, "log");
    assert!(log.contains("DHCP SERVER 10.88.0.9 ANSWERS on br1"), "{said}");
    assert!(log.contains("serving br0 from 10.77.0.1/24, br1 from 10.88.0.1/24"), "{said}");
    // One server on the first link: address and boot file in one answer.
    let count = |namespace, what: &str| heard(&said, namespace).matches(what).count();
    assert_eq!((count("c", "Message (53), length 1: Offer"), count("c", "Your-IP 10.77.0.")), (1, 2), "{said}");
    assert_eq!((count("c", "Server-IP 10.77.0.1"), count("c", "file \"lpxelinux.0\"")), (2, 2), "{said}");
    assert_eq!(count("c", "Server-ID (54), length 4: 10.77.0.1"), 2, "{said}");
    // Two on the second: the address is the other one's.
    assert_eq!(count("d", "Message (53), length 1: Offer"), 2, "{said}");
    assert_eq!(count("d", "Your-IP 10.88.0.5"), count("d", "Server-IP 10.88.0.9"), "{said}");
    assert_eq!(count("d", "Your-IP"), count("d", "Server-IP 10.88.0.9"), "{said}");
    assert_eq!((count("d", "Server-IP 10.88.0.1"), count("d", "file \"lpxelinux.0\"")), (1, 1), "{said}");
    assert_eq!(count("d", "Server-ID (54), length 4: 10.88.0.1"), 1, "{said}");
    assert!(log.contains("obtained from 10.77.0.1") && log.contains("obtained from 10.88.0.9"), "{said}");
    // And each machine is told the address that it has asked.
    assert!(heard(&said, "script c").contains("http://10.77.0.1/"), "{said}");
    assert!(heard(&said, "script d").contains("http://10.88.0.1/"), "{said}");
    assert_eq!(heard(&said, "previews"), "previews name 10.77.0.1\npreviews name 10.88.0.1\n", "{said}");
    // Where another server gives the addresses, shim would look for the rest at that one.
    assert_eq!(heard(&said, "4011"), "10.77.0.1 bootx64.efi\n10.88.0.1 snponly.efi\n", "{said}");
}

#[test]
fn subnets_that_make_no_sense() {
    let check = |tables: &str, sentence: &str| {
        let (code, said) = run(&format!("cat >> $home/firstlight.toml <<'END'\n{tables}\nEND\n$serve --authoritative"));
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains(sentence), "expected `{sentence}` in the last line of:\n{said}");
        assert_eq!(code, Some(1), "{said}");
    };
    check(
        "[[dhcp.subnets]]\ninterface = \"br9\"",
        "dhcp.subnets.interface = br9: there is no network interface br9; there are: ",
    );
    check(
        "[[dhcp.subnets]]\nnetwork = \"10.77.0.0/16\"\nrouters = [\"10.77.0.9\"]",
        "dhcp.subnets.network = 10.77.0.0/16: its subnet 10.77.0.0/16 shares addresses with 10.77.0.0/24",
    );
    check(
        "[[dhcp.subnets]]\nnetwork = \"10.99.0.1/24\"",
        "dhcp.subnets.network = 10.99.0.1/24: has bits set beyond its prefix: write 10.99.0.0/24",
    );
    check("[[dhcp.subnets]]\nnetwork = \"10.99.0.0/24\"", "dhcp.subnets.network = 10.99.0.0/24: needs routers");
    check(
        "[[dhcp.reservations]]\nmac = \"52:54:00:12:34:56\"\naddress = \"10.99.0.9\"",
        "dhcp.reservations = 10.99.0.9: is in none of the subnets",
    );
    let mode = "[[dhcp.subnets]]\nnetwork = \"10.99.0.0/24\"";
    let (_, said) = run(&format!(
        "printf '[dhcp]\\nmode = \"proxy\"\\n' >> $home/firstlight.toml\ncat >> $home/firstlight.toml <<'END'\n{mode}\nEND\n$serve"
    ));
    assert!(said.contains("dhcp.subnets.network = 10.99.0.0/24: needs mode: "), "{said}");
}
