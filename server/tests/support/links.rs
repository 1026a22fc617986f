//! Links with a server, its clients and other people's DHCP server, and what is said there.
#![expect(clippy::panic, reason = "a test panics when it fails")]

/// Runs `script` with a bridge br0 at 10.77.0.1/24 and a client's end c0 in namespace c. `$serve` starts the server,
/// `$foreign` dnsmasq in namespace f at 10.77.0.9, `$home` is a directory.
pub(crate) fn run(script: &str) -> (Option<i32>, String) {
    let home = crate::home::home("");
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
    let programs = [
        ("dnsmasq", "dnsmasq-base"),
        ("udhcpc", "udhcpc"),
        ("tcpdump", "tcpdump"),
        ("curl", "curl"),
        ("python3", "python3"),
        ("dhclient", "isc-dhcp-client"),
        ("dhcrelay", "isc-dhcp-relay"),
    ];
    let output = crate::namespace::run(&programs, &script);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Shell functions: `rom` and `plain` are clients, `ask` a machine that asks a boot server, `behind` makes a network.
pub(crate) const TOOLS: &str = r#"cat > $home/configure <<'END'
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
# What the boot server at $3 answers to a UEFI machine with address $2 in namespace $1: its address, and a file.
ask() {
    ip -n $1 address replace $2/24 dev ${1}0
    ip netns exec $1 python3 -c '
import socket, sys
own, server = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((own, 68)); s.connect((server, 4011)); s.settimeout(10)
options = {53: b"\3", 60: b"PXEClient:Arch:00007:UNDI:003016", 93: b"\0\7", 94: b"\1\3\0", 97: bytes(17)}
options = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
fixed = b"\1\1\6\0" + bytes(8) + socket.inet_aton(own) + bytes(12) + b"\x52\x54\0\0\0\x0a" + bytes(202)
s.send(fixed + b"\x63\x82\x53\x63" + options + b"\xff")
reply = s.recv(1500)
print(socket.inet_ntoa(reply[20:24]), reply[108:236].rstrip(b"\0").decode())' $2 $3
}
# The network 10.$1.0.0/24 with namespace e$1 in it, behind namespace c, which the server reaches by $2.
behind() {
    ip netns add e$1; ip -n c link add c$1 type veth peer name e${1}0 netns e$1
    ip -n c address add 10.$1.0.1/24 dev c$1; ip -n c link set c$1 up
    ip -n e$1 link set lo up; ip -n e$1 link set e${1}0 up
    ip netns exec c sysctl -qw net.ipv4.ip_forward=1; ip route add 10.$1.0.0/24 via $2
}
started() { touch $home/log; until grep -q 'ready in' $home/log; do kill -0 $server || break; sleep 0.1; done; }
"#;

/// What the script has said behind `== NAME`.
#[track_caller]
pub(crate) fn heard<'a>(said: &'a str, name: &str) -> &'a str {
    let (_, rest) = said.split_once(&format!("== {name}\n")).unwrap_or_else(|| panic!("{said}"));
    rest.split("== ").next().unwrap_or_default()
}
