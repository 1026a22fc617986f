//! Beside another DHCP server: who is looked for before the start, and what is offered. Each test has namespaces of its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test panics when it fails")]

use std::process::Command;

/// Runs `script` with a bridge br0 at 10.77.0.1/24 and a client's end c0 in namespace c. `$serve` starts the server,
/// `$foreign` dnsmasq in namespace f at 10.77.0.9, `$home` is a directory.
fn run(script: &str) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    let (images, boot) = (home.path().join("images/debian/bookworm/amd64"), home.path().join("boot"));
    std::fs::create_dir_all(&images).unwrap();
    std::fs::create_dir_all(&boot).unwrap();
    for file in ["vmlinuz", "initrd.img", "root.squashfs"] {
        std::fs::write(images.join(file), "x").unwrap();
    }
    for file in firstlight_pxe::BootFile::ALL {
        std::fs::write(boot.join(file.path()), "x").unwrap();
    }
    let config =
        "interface = \"br0\"\ndata_dir = \"HOME/state\"\nimages_dir = \"HOME/images\"\nboot_dir = \"HOME/boot\"\n";
    let path = home.path().display().to_string();
    std::fs::write(home.path().join("firstlight.toml"), config.replace("HOME", &path)).unwrap();
    let script = format!(
        "mount -t tmpfs none /run; mkdir /run/netns; home={path}
         ip link set lo up; ip link add br0 type bridge; ip address add 10.77.0.1/24 dev br0; ip link set br0 up
         for name in c f; do
             ip netns add $name; ip link add b$name type veth peer name ${{name}}0 netns $name
             ip link set b$name master br0; ip link set b$name up
             ip -n $name link set lo up; ip -n $name link set ${{name}}0 up
         done
         ip -n f address add 10.77.0.9/24 dev f0
         foreign='ip netns exec f dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=f0 --no-ping \
             --leasefile-ro --pid-file= --user=root --dhcp-range=10.77.0.50,10.77.0.59'
         serve='timeout --preserve-status 20 {} serve --config {path}/firstlight.toml'
         until ip link show br0 | grep -q LOWER_UP; do sleep 0.1; done
         {script}",
        env!("CARGO_BIN_EXE_firstlight")
    );
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", &script])
        .output()
        .unwrap_or_else(|error| panic!("unshare (package util-linux) cannot be run: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("Operation not permitted"), "this test needs root for its network namespace: {said}");
    (output.status.code(), said)
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
