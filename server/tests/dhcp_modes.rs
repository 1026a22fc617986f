//! Beside another DHCP server: who is looked for before the start, and what is offered. Each test has namespaces of its own.
#![expect(clippy::panic, reason = "a test panics when it fails")]

#[path = "support/home.rs"]
mod home;
#[path = "support/namespace.rs"]
mod namespace;

/// Runs `script` with a bridge br0 at 10.77.0.1/24 and a client's end c0 in namespace c. `$serve` starts the server,
/// `$foreign` dnsmasq in namespace f at 10.77.0.9, `$home` is a directory.
fn run(script: &str) -> (Option<i32>, String) {
    let home = home::home("");
    let script = format!(
        "mount -t tmpfs none /run; mkdir /run/netns; home={}
         ip link set lo up; ip link add br0 type bridge; ip address add 10.77.0.1/24 dev br0; ip link set br0 up
         for name in c f; do
             ip netns add $name; ip link add b$name type veth peer name ${{name}}0 netns $name
             ip link set b$name master br0; ip link set b$name up
             ip -n $name link set lo up; ip -n $name link set ${{name}}0 up
         done
         ip -n f address add 10.77.0.9/24 dev f0
         foreign='ip netns exec f dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=f0 --no-ping \
             --leasefile-ro --pid-file= --user=root --dhcp-range=10.77.0.50,10.77.0.59'
         serve=\"timeout --preserve-status 20 $FIRSTLIGHT serve --config $home/firstlight.toml\"
         until ip link show br0 | grep -q LOWER_UP; do sleep 0.1; done
         {script}",
        home.path().display()
    );
    let programs = [("dnsmasq", "dnsmasq-base"), ("udhcpc", "udhcpc"), ("tcpdump", "tcpdump"), ("curl", "curl")];
    let output = namespace::run(&programs, &script);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

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

/// What a client does with the address that it obtains.
const CONFIGURE: &str = r#"cat > $home/configure <<'END'
#!/bin/sh
[ "$1" != bound ] || { ip address replace $ip/24 dev $interface; [ -z "$router" ] || ip route replace default via $router; }
END
chmod +x $home/configure
# Captures what servers say to namespace $1 while a BIOS ROM there asks for an address; $2 messages at least.
rom() {
    ip netns exec $1 tcpdump --immediate-mode -U -lnni ${1}0 -w $home/$1.pcap udp src port 67 2>$home/$1.dump & dump=$!
    until grep -q listening $home/$1.dump; do sleep 0.1; done
    ip netns exec $1 udhcpc -f -q -n -B -i ${1}0 -s /bin/true -t 2 -T 2 -A 0 -V PXEClient:Arch:00000:UNDI:002001 \
        -x 0x5d:0000 -x 0x5e:010201 2>>$home/$1.log
    for try in $(seq 100); do
        [ $(tcpdump -nnr $home/$1.pcap 2>/dev/null | wc -l) -lt $2 ] || break
        sleep 0.1
    done
    sleep 1; kill -INT $dump; wait $dump
    echo "== $1" >&2; tcpdump -vnnr $home/$1.pcap >&2 2>/dev/null
}
plain() { ip netns exec $1 udhcpc -f -q -n -B -i ${1}0 -s $home/configure -t 3 -T 2 2>>$home/$1.log; }
started() { touch $home/log; until grep -q 'ready in' $home/log; do kill -0 $server || break; sleep 0.1; done; }
"#;

/// What `rom` has captured in a namespace.
#[track_caller]
fn heard<'a>(said: &'a str, namespace: &str) -> &'a str {
    let (_, rest) = said.split_once(&format!("== {namespace}\n")).unwrap_or_else(|| panic!("{said}"));
    rest.split("== ").next().unwrap_or_default()
}

/// Addresses on one link, boot files beside another server on the other, which was looked for and found.
#[test]
fn each_interface_has_a_mode_of_its_own() {
    let (code, said) = run(&format!(
        r#"{CONFIGURE}
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
}

/// The server's own link is another server's; behind a relay agent are one subnet that gets addresses from here, one that
/// gets boot files alone, and one that gets nothing.
#[test]
fn subnets_behind_a_relay_agent_have_modes_of_their_own() {
    let (code, said) = run(&format!(
        r#"{CONFIGURE}
        ip -n c address add 10.77.0.2/24 dev c0; ip netns exec c sysctl -qw net.ipv4.ip_forward=1
        relays=
        for net in 97 98 99; do
            ip netns add e$net; ip -n c link add c$net type veth peer name e${{net}}0 netns e$net
            ip -n c address add 10.$net.0.1/24 dev c$net; ip -n c link set c$net up
            ip -n e$net link set lo up; ip -n e$net link set e${{net}}0 up
            ip route add 10.$net.0.0/24 via 10.77.0.2
            relays="$relays --dhcp-relay=10.$net.0.1,10.77.0.1"
        done
        ip netns exec c dnsmasq -k -p 0 -C /dev/null -u root -x '' $relays 2>$home/relay &
        cat >> $home/firstlight.toml <<'END'
[dhcp]
mode = "off"
[[dhcp.subnets]]
network = "10.99.0.0/24"
mode = "authoritative"
pool = "10.99.0.100-10.99.0.109"
routers = ["10.99.0.1"]
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
