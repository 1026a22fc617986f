//! Steps that change the packages of the installed system, run in a directory that stands for it. `chroot` is a script
//! that writes down its words and answers as dpkg and apt do.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use firstlight_curtin_config::{Disk, Plan, Target, parse, plan};

/// `installed` holds lines of `PACKAGE/STATUS/PROVIDES`; what is installed is a kernel.
const CHROOT: &str = r#"#!/bin/sh
state=${0%/*}
root=$1
shift
case $1 in
  dpkg-query)
    for last; do :; done
    case $last in
      *Provides*) cat "$state/installed" ;;
      *) grep -q "^$last/" "$state/installed" || exit 1; printf 'ii ' ;;
    esac
    exit ;;
  apt-cache) cat "$state/available"; exit ;;
  apt-get)
    shift 6
    [ -x "$root/usr/sbin/policy-rc.d" ] && [ -e "$root/etc/resolv.conf" ] || exit 3
    if [ "$1" = install ]; then for last; do :; done; echo "$last/ii /linux-image, y" >>"$state/installed"; fi
    set -- apt "$@" ;;
esac
echo "$*" >>"$state/log"
"#;

struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { directory: tempfile::tempdir().unwrap() };
        for directory in ["root/etc/network", "root/usr/sbin", "root/usr/bin", "root/boot", "bin"] {
            fs::create_dir_all(bench.path(directory)).unwrap();
        }
        bench.write("root/etc/os-release", "ID=ubuntu\nVERSION_CODENAME=noble\n");
        bench.write("root/etc/resolv.conf", "the image's own\n");
        bench.write("bin/installed", "base-files/ii /base\nlinux-image-5/ii /x, linux-image, y\n");
        bench.write("bin/available", "linux-generic\nlinux-generic-hwe\n");
        bench.program("chroot", CHROOT);
        bench.program("uname", "#!/bin/sh\necho 6.8.0-45-generic\n");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.path(&format!("bin/{name}"));
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn plan(&self, config: &str) -> Plan {
        let parsed = parse(&format!("sources: [/r.tar]\n{config}"));
        assert_eq!(parsed.problems, []);
        let mount_point = self.path("root").to_str().unwrap().to_owned();
        let target = Target { disks: vec![Disk::new("/dev/vda", 8 << 30)], mount_point, ..Target::default() };
        plan(&parsed.config, &target).unwrap()
    }

    /// Runs one step of a plan; what happened in the installed system.
    #[track_caller]
    fn run(&self, plan: &Plan, id: &str) -> Vec<String> {
        let step = plan.steps.iter().find(|step| step.id == id).unwrap();
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.path("bin").display());
        let mut command = Command::new(&step.command[0]);
        command.args(&step.command[1..]).env("PATH", path).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A step need not read it.
        child.stdin.take().unwrap().write_all(step.stdin.as_deref().unwrap_or_default().as_bytes()).ok();
        assert!(child.wait().unwrap().success(), "{step:#?}");
        let log = self.read("bin/log").lines().map(str::to_owned).collect();
        self.write("bin/log", "");
        assert_eq!(self.read("root/etc/resolv.conf"), "the image's own\n");
        assert!(!self.path("root/usr/sbin/policy-rc.d").exists());
        log
    }
}

#[track_caller]
fn kernel(section: &str) -> Vec<String> {
    let bench = Bench::new();
    bench.run(&bench.plan(&format!("kernel: {section}\n")), "kernel")
}

#[test]
fn a_kernel_is_installed_as_its_section_says() {
    assert_eq!(kernel("{package: linux-virtual}"), ["apt update", "apt install -- linux-virtual"]);
    // Ubuntu 24.04 is not in the mapping, so that the fallback counts.
    assert_eq!(kernel("{}"), ["apt update", "apt install -- linux-generic"]);
    assert_eq!(kernel("{fallback-package: linux-x}"), ["apt update", "apt install -- linux-x"]);
    let mapped = |suffix: &str| kernel(&format!("{{fallback_package: f, mapping: {{noble: {{6.8.0: {suffix}}}}}}}"));
    assert_eq!(mapped("-hwe"), ["apt update", "apt install -- linux-generic-hwe"]);
    assert_eq!(mapped("-gone"), ["apt update", "apt install -- f"]);
}

#[test]
fn kernels_are_removed_only_for_another_one() {
    assert_eq!(
        kernel("{package: linux-virtual, remove: existing}"),
        ["apt update", "apt install -- linux-virtual", "apt autopurge -- linux-image-5"]
    );
    assert_eq!(
        kernel("{package: linux-virtual, remove: [linux-old, linux-older]}")[2..],
        ["apt autopurge -- linux-old linux-older"]
    );
    assert_eq!(kernel("{package: linux-image-5, remove: existing}"), ["apt update", "apt install -- linux-image-5"]);
}

#[test]
fn no_kernel_is_installed_where_none_is_wanted() {
    let bench = Bench::new();
    for section in
        ["", "null", "{install: false}", "{install: false, remove: existing}", "{install: false, remove: []}"]
    {
        let section = if section.is_empty() { String::new() } else { format!("kernel: {section}\n") };
        let section = section.as_str();
        assert!(bench.plan(section).steps.iter().all(|step| step.id != "kernel"), "{section}");
    }
}

#[test]
fn kernels_are_removed_where_none_is_installed() {
    assert_eq!(kernel("{install: false, remove: [linux-virtual]}"), ["apt autopurge -- linux-virtual"]);
    assert_eq!(kernel("{install: false, remove: [linux-image-5]}"), [""; 0], "it is the only one");
}

#[test]
fn a_swap_file_has_the_size_that_curtin_gives_it() {
    const GIB: u64 = 1 << 30;
    let bench = Bench::new();
    let log = "#!/bin/sh\necho \"${0##*/} $*\" >>\"${0%/*}/log\"\n";
    for program in ["dd", "chattr", "mkswap"] {
        bench.program(program, log);
    }
    let file = bench.path("root/swap.img");
    let file = file.display();
    let size = |section: &str, memory: u64, free: u64| {
        bench.program("sed", &format!("#!/bin/sh\necho {}\n", memory / 1024));
        bench.program("stat", &format!("#!/bin/sh\necho '{} * 4096'\n", free / 4096));
        let log = bench.run(&bench.plan(&format!("swap: {{{section}}}\n")), "swap-file");
        let dd = log.iter().find_map(|line| line.strip_prefix("dd "))?;
        assert_eq!((log[0].as_str(), log[2].as_str()), (&*format!("chattr +C {file}"), &*format!("mkswap {file}")));
        let count = dd.split(' ').find_map(|word| word.strip_prefix("count=")).unwrap();
        Some(count.parse::<u64>().unwrap())
    };
    for (section, memory, free, mebibytes) in [
        ("filename: swap.img", GIB / 2, 100 * GIB, Some(1024)),
        ("filename: swap.img", GIB + 1024, 100 * GIB, Some(2048)),
        ("filename: swap.img", 3 * GIB, 100 * GIB, Some(3072)),
        ("filename: swap.img", 16 * GIB, 100 * GIB, Some(4096)),
        ("filename: swap.img", 32 * GIB, 100 * GIB, Some(8192)),
        ("filename: swap.img", 128 * GIB, 16 * GIB, Some(4096)),
        // Less than half of the memory, and than 4 GiB.
        ("filename: swap.img", 8 * GIB, 8 * GIB, None),
        ("maxsize: 20G", 32 * GIB, 100 * GIB, Some(16384)),
        ("maxsize: 20G", 128 * GIB, 10 * GIB, Some(9216)),
        ("maxsize: 1G", 4 * GIB, 100 * GIB, None),
        ("maxsize: 0B", 128 * GIB, 100 * GIB, None),
    ] {
        assert_eq!(size(section, memory, free), mebibytes, "{section} {memory} {free}");
    }
}

#[test]
fn crash_dumps_are_turned_on_and_off() {
    let bench = Bench::new();
    let run = |enabled: &str| {
        bench.run(&bench.plan(&format!("kernel-crash-dumps: {{enabled: {enabled}}}\n")), "kernel-crash-dumps")
    };
    assert_eq!(run("false"), [""; 0]);
    assert_eq!(run("null"), [""; 0]);
    assert_eq!(run("true"), ["apt update", "apt install kdump-tools"]);
    let tool = "/usr/share/kdump-tools/kdump_set_default";
    fs::create_dir_all(bench.path("root/usr/share/kdump-tools")).unwrap();
    fs::copy(bench.path("bin/uname"), bench.path(&format!("root{tool}"))).unwrap();
    assert_eq!(run("true"), [format!("{tool} true")]);
    assert_eq!(run("false"), [format!("{tool} false")]);
    assert_eq!(run("null"), [tool]);
}

#[test]
fn answers_change_only_what_curtin_configures_again() {
    let bench = Bench::new();
    bench.program("chroot", "#!/bin/sh\nshift\nexec \"$@\"\n");
    bench.program("dpkg-query", "#!/bin/sh\ncase $* in *cloud-init) printf 'ii ' ;; *) printf 'rc ' ;; esac\n");
    for program in ["debconf-set-selections", "dpkg-reconfigure", "rm"] {
        bench.program(program, "#!/bin/sh\necho \"${0##*/} $*\" >>\"${0%/*}/log\"\n");
    }
    let names = ["grub-pc", "cloud-init-base", "cloud-init"];
    let answers = names.map(|name| format!("{name} {name}/x string y\\n")).concat();
    let log = bench.run(&bench.plan(&format!("debconf_selections: {{a: \"{answers}\"}}\n")), "debconf");
    assert_eq!(log.len(), 3, "{log:?}");
    assert!(log[1].starts_with("rm -f /etc/cloud/cloud.cfg.d/"), "{log:?}");
    assert_eq!(log[2], "dpkg-reconfigure --frontend=noninteractive cloud-init");
}

#[test]
fn a_system_is_upgraded_and_pollinate_told() {
    let bench = Bench::new();
    let plan = bench.plan("system_upgrade: {enabled: true}\npollinate: {user_agent: {maas: 3.5, rack: b}}\n");
    assert_eq!(bench.run(&plan, "system-upgrade"), ["apt update", "apt dist-upgrade", "apt autoremove"]);
    let agent = "root/etc/pollinate/add-user-agent";
    bench.run(&plan, "pollinate");
    assert_eq!(bench.read(agent), "");
    fs::copy(bench.path("bin/uname"), bench.path("root/usr/bin/pollinate")).unwrap();
    bench.run(&plan, "pollinate");
    assert_eq!(bench.read(agent), "maas/3.5 # written by firstlight\nrack/b # written by firstlight\n");
    assert!(bench.plan("pollinate: {user_agent: false}\n").steps.iter().all(|step| step.id != "pollinate"));
}

#[test]
fn multipath_is_set_up_where_the_root_needs_it() {
    let bench = Bench::new();
    bench.program("findmnt", "#!/bin/sh\necho /dev/sda2\n");
    let tree = |tree: &str| {
        let name = "[ \"$*\" != '-ndo NAME /dev/dm-0' ] || exec echo mpathq";
        bench.program("lsblk", &format!("#!/bin/sh\n{name}\nprintf '{tree}'\n"));
    };
    tree("sda2 part\\nsda disk\\n");
    assert_eq!(bench.run(&bench.plan("multipath: {mode: auto}\n"), "multipath"), [""; 0]);
    tree("dm-1 part\\ndm-0 mpath\\nsda disk\\n");
    bench.write("root/etc/multipath.conf", "of the image\n");
    bench.write("root/bindings", "");
    let log = bench.run(&bench.plan("multipath: {packages: [base-files, tools]}\n"), "multipath");
    assert_eq!(log, ["apt update", "apt install tools", "update-initramfs -u -k all"]);
    assert_eq!(bench.read("root/etc/multipath.conf"), "of the image\n");
    // The name is that of the device; who it belongs to, only a real disk can tell.
    assert_eq!(bench.read("root/etc/multipath/bindings").split(' ').next(), Some("mpathq"));
    assert!(bench.plan("multipath: {mode: disabled}\n").steps.iter().all(|step| step.id != "multipath"));
}

#[test]
fn an_image_leaves_its_life_in_memory() {
    let bench = Bench::new();
    let write = || {
        bench.write("root/etc/overlayroot.local.conf", "overlayroot=tmpfs\n");
        bench.write("root/etc/network/interfaces.dist", "auto lo\n");
        let _ = fs::remove_file(bench.path("root/etc/network/interfaces"));
        std::os::unix::fs::symlink("/run/network/interfaces", bench.path("root/etc/network/interfaces")).unwrap();
    };
    let is_there = |name: &str| Path::new(&bench.path("root/etc")).join(name).symlink_metadata().is_ok();
    write();
    bench.run(&bench.plan(""), "unlive");
    assert!(!is_there("overlayroot.local.conf") && is_there("overlayroot.local.conf.old"));
    assert_eq!(bench.read("root/etc/network/interfaces"), "auto lo\n");
    write();
    bench.run(&bench.plan("disable_overlayroot: false\n"), "unlive");
    assert!(is_there("overlayroot.local.conf"));
    bench.run(&bench.plan("restore_dist_interfaces: false\n"), "unlive");
    assert!(!is_there("overlayroot.local.conf"));
    let neither = bench.plan("disable_overlayroot: false\nrestore_dist_interfaces: false\n");
    assert!(neither.steps.iter().all(|step| step.id != "unlive"));
}

#[test]
fn a_menu_for_extlinux_has_every_kernel() {
    let bench = Bench::new();
    for kernel in ["vmlinuz-6.8.0-9", "vmlinuz-6.8.0-45", "initrd.img-6.8.0-45"] {
        bench.write(&format!("root/boot/{kernel}"), "");
    }
    let plan = bench.plan("boot: {bootloaders: [extlinux], alternatives: [rescue]}\n");
    assert!(plan.steps.iter().all(|step| !step.id.starts_with("grub")));
    assert_eq!(bench.run(&plan, "extlinux"), ["apt update", "apt install u-boot-menu"]);
    let root = &plan.layout.mounts.iter().find(|mount| mount.path == "/").unwrap().spec;
    let entry = |at: u8, version: &str| {
        format!(
            "\nlabel l{at}r\n\tmenu label Linux {version} (rescue target)\n\tlinux /boot/vmlinuz-{version}\n\tinitrd \
             /boot/initrd.img-{version}\n\tappend root={root} ro single console=tty0 console=ttyS0,115200\n"
        )
    };
    assert_eq!(
        bench.read("root/boot/extlinux/extlinux.conf"),
        format!(
            "default l0\nmenu title U-Boot menu\nprompt 0\ntimeout 50\n{}{}",
            entry(0, "6.8.0-45"),
            entry(1, "6.8.0-9")
        )
    );
}

#[test]
fn file_systems_and_networks_bring_their_packages() {
    let bench = Bench::new();
    let config = |ethernets: &str| {
        format!(
            "network: {{version: 2, ethernets: {{e: {ethernets}}}, bonds: {{b: {{interfaces: [e]}}}}}}\n\
             storage: {{version: 1, config: [{{id: d, type: disk, path: /dev/vda, ptable: gpt}}, \
             {{id: g, type: partition, device: d, size: 1M, flag: bios_grub}}, \
             {{id: p, type: partition, device: d, size: 4G}}, {{id: f, type: format, volume: p, fstype: xfs}}, \
             {{id: m, type: mount, device: f, path: /}}]}}\n"
        )
    };
    // Whatever is asked for is there: the script that stands for chroot answers every question with yes.
    assert_eq!(bench.run(&bench.plan(&config("{}")), "needs").len(), 3);
    bench.program("chroot", &CHROOT.replace("case $1 in", "[ \"$1\" != sh ] || exit 1\ncase $1 in"));
    assert_eq!(
        bench.run(&bench.plan(&config("{}")), "needs"),
        ["apt update", "apt install --no-install-recommends xfsprogs"]
    );
    let manager = bench.plan(&config("{renderer: NetworkManager}"));
    assert_eq!(bench.run(&manager, "needs")[1], "apt install --no-install-recommends xfsprogs network-manager");
    assert!(bench.plan("").steps.iter().all(|step| step.id != "needs"));
}

#[test]
fn sources_and_keys_are_fetched() {
    let bench = Bench::new();
    bench.program("gpg", "#!/bin/sh\necho \"$*\" >>\"${0%/*}/gpg-log\"\ncase $* in *--export*) echo a key ;; esac\n");
    let plan = bench.plan("apt: {sources: {own: {source: 'ppa:a/b', keyid: A0B1}}}\n");
    bench.run(&plan, "apt-key-own");
    assert_eq!(
        bench.read("bin/gpg-log").lines().collect::<Vec<_>>(),
        ["--batch --quiet --keyserver keyserver.ubuntu.com --recv-keys A0B1", "--batch --armor --export A0B1"]
    );
    assert_eq!(bench.read("root/etc/apt/trusted.gpg.d/own.asc"), "a key\n");
    let log = bench.run(&plan, "apt-source-own");
    assert_eq!(log[1..], ["add-apt-repository -y ppa:a/b"]);
    assert_eq!(bench.run(&plan, "sources-update"), ["apt update"]);
    // A server that is away for a while.
    let away =
        "[ \"$1\" != add-apt-repository ] || { echo >>$state/tries; [ $(wc -l <$state/tries) -gt 2 ] || exit 1; }\n";
    bench.program("chroot", &CHROOT.replace("case $1 in", &format!("{away}case $1 in")));
    bench.program("sleep", "#!/bin/sh\necho \"sleep $1\" >>\"${0%/*}/log\"\n");
    let log = bench.run(&plan, "apt-source-own");
    assert_eq!(log[log.len() - 3..], ["sleep 1", "sleep 2", "add-apt-repository -y ppa:a/b"]);
    bench.program("chroot", CHROOT);
    // An expression of one's own.
    let plan = bench.plan("apt: {add_apt_repo_match: 'noble$', sources: {own: {source: 'deb http://x noble'}}}\n");
    assert_eq!(bench.run(&plan, "apt-source-own")[1..], ["add-apt-repository -y deb http://x noble"]);
}
