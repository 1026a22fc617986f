//! What is advertised is what is served: every boot file, by TFTP and by HTTP, and a machine's own. In a namespace.

#[path = "support/home.rs"]
mod home;
#[path = "support/namespace.rs"]
mod namespace;

use firstlight_pxe::BootFile;

const MACHINES: &str = "[[pxe.machines]]\nmac = \"52:54:00:12:34:56\"\nboot_file = \"shim-2023.efi\"\n\
                        [[pxe.machines]]\nmac = \"52:54:00:12:34:57\"\nboot_file = \"http://10.77.0.1/boot/own-2023.efi\"\n";

#[test]
fn every_boot_file_is_served_by_tftp_and_http() {
    let home = home::home(MACHINES);
    let boot = home.path().join("boot");
    std::fs::create_dir_all(boot.join("more")).unwrap();
    let own = ["shim-2023.efi", "own-2023.efi", "more/grubaa64.efi"];
    let names: Vec<&str> = BootFile::ALL.iter().map(|file| file.path()).chain(own).collect();
    for name in &names {
        std::fs::write(boot.join(name), format!("this is {name}\n")).unwrap();
    }
    let script = format!(
        "set -eu; firstlight=$FIRSTLIGHT; cd {}
         ip link set lo up; ip link add br0 type bridge; ip address add 10.77.0.1/24 dev br0; ip link set br0 up
         $firstlight serve --authoritative --config firstlight.toml 2>log & server=$!
         tries=0
         until grep -q 'ready in' log; do
             tries=$((tries + 1)); if [ $tries -gt 300 ]; then cat log >&2; exit 1; fi
             sleep 0.1
         done
         for name in {}; do
             curl -sSf http://10.77.0.1/boot/$name
             $firstlight get -o - tftp://10.77.0.1/$name
         done
         # GRUB 2.06 knows the length of a file in this spelling only.
         curl -sSI http://10.77.0.1/boot/ldlinux.c32 | grep -q '^Content-Length: '
         for name in ../firstlight.toml more none.efi; do
             if curl -sSf --path-as-is http://10.77.0.1/boot/$name; then exit 1; fi
             if $firstlight get -o - tftp://10.77.0.1/$name; then exit 1; fi
         done
         kill -TERM $server; wait $server",
        home.path().display(),
        names.join(" ")
    );
    let output = namespace::run(&[("curl", "curl"), ("ip", "iproute2")], &script);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let expected: String = names.iter().map(|name| format!("this is {name}\n").repeat(2)).collect();
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{said}");
}
