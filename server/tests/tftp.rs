//! `firstlight tftp`, `get` and `put` with the programs of other people. Nothing leaves the networks that the tests make.

#[path = "support/namespace.rs"]
mod namespace;

/// What every script begins with: an empty folder in memory, with a root for files, and an IPv4 network with a client's
/// namespace `c`: the server is 10.77.0.1, the client 10.77.0.2.
///
/// `serve OPTION...` starts `firstlight tftp`; `peer NAME` starts the TFTP server of someone else, on port 6900; `wait_for
/// COMMAND...` repeats a command until it is true; `on_client COMMAND...` runs it in `c`; `same FILE FILE` compares.
const PREAMBLE: &str = r#"
set -eu
mount -t tmpfs none /run; mkdir /run/netns /run/root /run/here; cd /run/here; umask 000
ip link set lo up; ip netns add c
ip link add s0 type veth peer name c0 netns c
ip address add 10.77.0.1/24 brd + dev s0; ip link set s0 up
ip -n c link set lo up; ip -n c address add 10.77.0.2/24 brd + dev c0; ip -n c link set c0 up
fail() { echo "$*"; cat /run/log 2>/dev/null; exit 1; }
wait_for() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1)); if [ $tries -gt 300 ]; then fail "never: $*"; fi
        sleep 0.1
    done
}
serve() {
    : > /run/log # what an earlier server has said does not count
    $FIRSTLIGHT tftp --root /run/root "$@" > /run/out 2> /run/log & server=$!; wait_for grep -q serving /run/log
}
listens() { ss -Hlun "sport = :$1" | grep -q .; }
peer() {
    case $1 in
        atftpd) atftpd --daemon --no-fork --user root --group root --port 6900 /run/root > /run/log 2>&1 & ;;
        tftpd-hpa) tftpd-hpa --foreground --user root --permissive --create --secure --address 10.77.0.1:6900 /run/root \
            > /run/log 2>&1 & ;;
        dnsmasq) dnsmasq --no-daemon --conf-file=/dev/null --port=0 --listen-address=10.77.0.1 --dhcp-range=10.77.0.0,static \
            --bind-interfaces --user=root --enable-tftp --tftp-root=/run/root > /run/log 2>&1 & ;;
        *) fail "no server $1" ;;
    esac
    server=$!
}
on_client() { ip netns exec c "$@"; }
same() { cmp "$1" "$2" || fail "$1 and $2 differ"; }
expect() { if [ "$1" != "$2" ]; then fail "expected '$2', found '$1'"; fi; }
make() { head -c "$1" /dev/urandom > "$2"; }
"#;

/// Runs a script behind [`PREAMBLE`] in namespaces of its own.
#[track_caller]
fn check(programs: &[(&str, &str)], script: &str) {
    let output = namespace::run(programs, &format!("{PREAMBLE}{script}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
}

const SIZES: &str = "0 1 511 512 513 1468 23488 1000000";

#[test]
fn get_and_put_with_our_own_server() {
    let script = format!(
        r#"
        for mode in "" --single-port; do
            serve --write create $mode
            for size in {SIZES} 33553919 33553921; do
                make $size sent
                on_client $FIRSTLIGHT put tftp://10.77.0.1/file-$size --input sent
                same sent /run/root/file-$size
                on_client $FIRSTLIGHT get tftp://10.77.0.1/file-$size
                same sent file-$size
                if [ $size -lt 600 ] || [ -z "$mode" ]; then
                    on_client $FIRSTLIGHT get --window-size 1 --block-size 512 -o - tftp://10.77.0.1//file-$size > got
                    same sent got
                fi
            done
            kill $server; wait $server
        done"#
    );
    check(&[], &script);
}

#[test]
fn our_client_with_the_servers_of_others() {
    let script = format!(
        r#"
        for size in {SIZES} 33553919 33553921; do make $size /run/root/file-$size; done
        for name in atftpd tftpd-hpa dnsmasq; do
            port=6900; if [ $name = dnsmasq ]; then port=69; fi
            peer $name; wait_for listens $port
            for size in {SIZES} 33553919 33553921; do
                on_client $FIRSTLIGHT get tftp://10.77.0.1:$port/file-$size -o got
                same /run/root/file-$size got
                on_client $FIRSTLIGHT get --window-size 1 --block-size 1024 tftp://10.77.0.1:$port/file-$size -o got
                same /run/root/file-$size got
            done
            if on_client $FIRSTLIGHT get tftp://10.77.0.1:$port/none 2> said; then fail "got what is not there"; fi
            grep -q 'the server refuses: .*(code 1' said || fail "$(cat said)"
            if [ $name != dnsmasq ]; then
                for size in {SIZES} 33553919 33553921; do
                    make $size sent; tries=0
                    # Each to a new one: now and then it ends when it has hardly begun. No client can help that.
                    until
                        kill $server || true; wait $server || true; peer $name; wait_for listens $port
                        : > /run/root/new; on_client $FIRSTLIGHT put tftp://10.77.0.1:$port/new -i sent
                    do
                        tries=$((tries + 1)); if listens $port || [ $tries -gt 3 ]; then fail "not put: $size"; fi
                    done
                    wait_for cmp sent /run/root/new
                done
            fi
            kill $server; wait $server || true
        done"#
    );
    let hpa =
        ("tftpd-hpa", "tftpd-hpa, where it is in.tftpd, or run `cargo xtask ci`, which takes it out beside atftpd");
    check(&[("atftpd", "atftpd"), hpa, ("dnsmasq", "dnsmasq-base"), ("ss", "iproute2")], &script);
}

#[test]
fn the_clients_of_others_with_our_server() {
    let script = format!(
        r#"
        for mode in "" --single-port; do
            serve --write create $mode
            for size in {SIZES}; do
                make $size /run/root/file-$size; file=file-$size; url=tftp://10.77.0.1/$file
                got() {{ same /run/root/$file $file; rm $file; }}
                on_client tftp -m binary 10.77.0.1 -c get $file; got
                on_client atftp --get -r $file -l $file 10.77.0.1; got
                on_client atftp --option "windowsize 16" --option "blksize 1468" --get -r $file -l $file 10.77.0.1; got
                on_client busybox tftp -b 1468 -g -r $file 10.77.0.1; got
                on_client curl -sS -o $file $url; if [ $size = 0 ]; then : > $file; fi; got
                make $size sent
                put() {{ same sent /run/root/new; rm /run/root/new; }}
                on_client tftp -m binary 10.77.0.1 -c put sent new; put
                on_client atftp --put -r new -l sent 10.77.0.1; put
                on_client atftp --option "windowsize 16" --option "blksize 1468" --put -r new -l sent 10.77.0.1; put
                on_client busybox tftp -b 1468 -p -l sent -r new 10.77.0.1; put
                on_client curl -sS -T sent tftp://10.77.0.1/new; put
            done
            kill $server; wait $server
        done"#
    );
    let programs = [("tftp", "tftp-hpa"), ("atftp", "atftp"), ("busybox", "busybox-static"), ("curl", "curl")];
    check(&programs, &script);
}

#[test]
fn text_travels_both_ways() {
    let script = r#"
        printf 'line\nanother\rhalf\r\n\n' > /run/root/text
        serve --write existing
        on_client tftp -m ascii 10.77.0.1 -c get text; same /run/root/text text
        on_client $FIRSTLIGHT get 'tftp://10.77.0.1/text;mode=netascii' -o got; same /run/root/text got
        cp text sent; echo more >> sent
        on_client $FIRSTLIGHT put 'tftp://10.77.0.1/text;mode=netascii' -i sent; same sent /run/root/text
        on_client tftp -m ascii 10.77.0.1 -c put text; same text /run/root/text
        kill $server; wait $server; peer atftpd; wait_for listens 6900
        on_client $FIRSTLIGHT get 'tftp://10.77.0.1:6900/text;mode=netascii' -o got; same text got"#;
    check(&[("tftp", "tftp-hpa"), ("atftpd", "atftpd"), ("ss", "iproute2")], script);
}

#[test]
fn what_a_directory_may_do_is_asked_for() {
    let script = r#"
        mkdir -p /run/root/10.77.0.2 /run/root/Boot; echo own > /run/root/10.77.0.2/own; echo bcd > /run/root/Boot/BCD
        echo there > /run/root/there
        get() { on_client $FIRSTLIGHT get tftp://10.77.0.1/$1 -o - 2> said || sed -n 's/^firstlight: //p' said; }
        put() { echo new | on_client $FIRSTLIGHT put tftp://10.77.0.1/$1 -i - 2>&1 | sed -n 's/^firstlight: //p'; }
        refused='the server refuses:'
        serve
        expect "$(get boot/bcd)" "$refused file not found (code 1 (file not found))"
        expect "$(put there)" "$refused writing is not allowed (code 2 (access violation))"
        kill $server; wait $server
        serve --ignore-case --write existing --max-upload 4 --remap '^\d+/(.*)=$1'
        expect "$(get boot/bcd)" bcd
        expect "$(get 12/there)" there
        expect "$(put new)" "$refused file not found (code 1 (file not found))"
        expect "$(put THERE)" "4 bytes"
        expect "$(cat /run/root/there)" new
        kill $server; wait $server
        serve --roots address
        expect "$(get own)" own
        expect "$(get there)" "$refused file not found (code 1 (file not found))"
        expect "$($FIRSTLIGHT get tftp://10.77.0.1/there -o - 2> said)" new
        kill $server; wait $server
        serve --roots mac
        mac=$(on_client cat /sys/class/net/c0/address | tr : -); mkdir /run/root/$mac; echo mac > /run/root/$mac/own
        expect "$(get own)" mac"#;
    check(&[], script);
}

#[test]
fn broadcast_requests_are_answered_when_told_to() {
    let script = r#"
        echo hello > /run/root/file
        # The answer comes from another address than the one that was asked, which only a client by hand takes.
        ask() {
            on_client python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(("10.77.0.2", 0)); s.settimeout(float(sys.argv[3]))
s.sendto(b"\0\1" + sys.argv[2].encode() + b"\0octet\0", (sys.argv[1], 69))
try:
    data, peer = s.recvfrom(600); print(peer[0], data[4:].decode().strip()); s.sendto(b"\0\4\0\1", peer)
except socket.timeout: print("silence")
' "$@"
        }
        serve
        for to in 10.77.0.255 255.255.255.255; do expect "$(ask $to file 1)" silence; done
        kill $server; wait $server
        for mode in "" --single-port; do
            serve --broadcast $mode
            for to in 10.77.0.255 255.255.255.255; do
                expect "$(ask $to file 20)" "10.77.0.1 hello"
                expect "$(ask $to none 1)" silence
            done
            expect "$(ask 10.77.0.1 none 20)" "10.77.0.1 file not found$(printf '\0')"
            kill $server; wait $server
        done"#;
    check(&[("python3", "python3")], script);
}

#[test]
fn a_new_server_takes_over_while_the_old_one_ends() {
    let script = r#"
        make 30000000 /run/root/file
        serve --share-port --grace 600; old=$server
        if $FIRSTLIGHT tftp --root /run/root 2> said; then fail "two servers on a port"; fi
        grep -q 'another program uses this port' said || fail "$(cat said)"
        on_client $FIRSTLIGHT get --window-size 1 --block-size 512 -o slow tftp://10.77.0.1/file & slow=$!
        wait_for sh -c 'test -s .slow.*'
        serve --share-port
        kill $old
        for again in 1 2 3 4 5 6 7 8; do
            on_client $FIRSTLIGHT get -o quick tftp://10.77.0.1/file; same /run/root/file quick
        done
        wait $slow; same /run/root/file slow
        wait $old"#;
    check(&[], script);
}

#[test]
fn blocks_fit_the_route() {
    let script = r#"
        make 100000 /run/root/file
        ip route add 10.77.0.2/32 dev s0 mtu 1000
        ask() { on_client curl -sS --tftp-blksize $1 -v -o got tftp://10.77.0.1/file 2>&1 | sed -n 's/.*blksize parsed from OACK.*: \([0-9]*\).*/\1/p; s/.*got option=(blksize) value=(\([0-9]*\)).*/\1/p' | head -n 1; }
        serve
        expect "$(ask 1468)" 968; same /run/root/file got
        kill $server; wait $server
        serve --fragments --block-size 8000
        expect "$(ask 8000)" 8000; same /run/root/file got
        kill $server; wait $server
        serve --fragments --block-size 8000 --single-port
        expect "$(ask 8000)" 8000; same /run/root/file got"#;
    check(&[("curl", "curl")], script);
}

#[test]
fn what_goes_wrong_is_said_and_leaves_nothing() {
    let script = r#"
        said() { if "$@" 2> said; then fail "it went well: $*"; fi; tail -n 1 said; }
        expect "$(said $FIRSTLIGHT get tftp://10.77.0.1/x)" "firstlight: no TFTP server listens on 10.77.0.1:69"
        said $FIRSTLIGHT get tftp://10.77.0.1/ > nothing; grep -q 'there is no file name' said || fail "$(cat said)"
        rm nothing
        expect "$(said $FIRSTLIGHT get tftp://10.77.0.1/x -o no/x)" "firstlight: cannot write no/x: No such file or directory (os error 2)"
        expect "$(said $FIRSTLIGHT put tftp://10.77.0.1/x)" "firstlight: cannot read x: No such file or directory (os error 2)"
        serve
        echo old > x
        expect "$(said $FIRSTLIGHT get tftp://10.77.0.1/x)" "firstlight: the server refuses: file not found (code 1 (file not found))"
        expect "$(cat x) $(ls -A)" "old said
x"
        kill $server; wait $server
        expect "$(said $FIRSTLIGHT tftp --root /run/none)" "firstlight: there is no directory /run/none"
        said $FIRSTLIGHT tftp --root /run/root --remap '(=x' | grep -q . ; grep -q 'not a usable regular expression' said || fail "$(cat said)""#;
    check(&[], script);
}
