//! Whole configurations: every section that there is, in words that people use and in words that nobody should, beside
//! a storage section that is fine, or none.

use super::config::Dice;

/// What no check of a text can know: which disks there are, how large they are, and what is on them.
pub(crate) const DEPENDS_ON_DISKS: &[&str] = &[
    "bcache-size",
    "crypt-size",
    "disk-ambiguous",
    "disk-not-found",
    "disk-twice",
    "format-size",
    "lvm-size",
    "no-bios-grub",
    "no-boot-table",
    "no-disk",
    "no-esp",
    "partition-size",
    "preserve-differs",
    "preserve-missing",
    "preserve-new",
    "preserve-number",
    "preserve-unknown",
    "raid-size",
    "sector-size",
    "zpool-size",
];

/// Words that people use, in any place where text may stand.
const WORDS: &[&str] = &["a", "linux", "/dev/vda", "http://h/x", "10", "'0'", "auto", "/srv/x", "root:root", "deb"];

/// Values that nobody should write, but somebody will.
const ODD: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "''",
    "' '",
    "[]",
    "{}",
    "[a]",
    "{a: b}",
    "\"a\\0b\"",
    "\"a\\nb\"",
    "../x",
    "/../x",
    "/a/../b",
    "/",
    "/etc",
    "a/",
    "'$(x)'",
    "2026-01-01",
    "!!binary aGk=",
    "!!set {a}",
    "ä",
    "99999999999",
    "1e400",
    "'#'",
    "'a\\b'",
    "%",
    "52:54:00:12:34:56",
    "[null]",
    "[[a]]",
    "[1, a]",
    "{1: a}",
    "0x10",
    "ftp://h/x",
    "x://y",
    "file://x",
    "curtin",
    "'-'",
    ".",
    "..",
    "none",
];

/// Sections, each with a hole (`@`) for every value that may be odd, and behind a bar what usually stands there.
const SECTIONS: &[(&str, &[&str])] = &[
    ("late_commands: {a: @, @: [sync]}", &["[curtin, in-target, --, sync]", "10_b"]),
    ("late_commands: {x: [curtin, @], y: [@, @]}", &["block-meta", "echo", "x"]),
    ("late_commands: {x: [curtin, @, @, @]}", &["in-target", "--", "sync"]),
    ("partitioning_commands: {@: [curtin, @, simple]}", &["builtin", "block-meta"]),
    ("early_commands: {x: [curtin, -v, @, /dev/vda]}", &["block-wipe"]),
    ("extract_commands: {builtin: [@, @]}", &["curtin", "extract"]),
    ("curthooks_commands: {@: @}", &["builtin", "[curtin, curthooks]"]),
    ("hook_commands: {x: @}", &["'curtin hook'"]),
    ("network_commands: {builtin: [curtin, net-meta, @]}", &["auto"]),
    ("mine_commands: {x: [curtin, @]}", &["swap"]),
    ("stages: @", &["[early, partitioning, network, extract, curthooks, hook, late]"]),
    ("stages: [early, @, partitioning, extract, curthooks, @]", &["network", "late"]),
    ("stages: [@, partitioning, @, extract, curthooks, @]", &["late", "early", "late"]),
    (
        "write_files: {a: {path: @, content: @, permissions: @, owner: @}}",
        &["/etc/motd", "hello", "'0644'", "root:root"],
    ),
    ("write_files: {@: {path: /etc/x, content: x, perms: @}}", &["a", "'0600'"]),
    ("cloudconfig: {@: {content: @, path: @}}", &["a", "x", "x"]),
    ("swap: {filename: @, size: @, maxsize: @, force: @}", &["/swap.img", "1G", "2G", "false"]),
    ("swap: {filename: @}", &["var/swap"]),
    ("swap: @", &["{}"]),
    ("sources: {a: @, b: @}", &["http://h/r.tgz", "'cp:///r'"]),
    ("sources: [@]", &["squashfs:http://h/r.squashfs"]),
    ("sources: {a: {type: @, uri: @}}", &["tgz", "http://h/r"]),
    ("sources: {a: {type: @, uri: @}}", &["dd-xz", "http://h/r"]),
    ("sources: {a: {type: @, uri: @}}", &["fsimage-layered", "/x/a.b.squashfs"]),
    (
        "apt: {preserve_sources_list: @, sources_list: @, conf: @, proxy: @}",
        &["false", "deb $MIRROR $RELEASE main", "x", "http://p"],
    ),
    ("apt: {sources: {@: {source: @, filename: @}}}", &["x", "deb $MIRROR $RELEASE main", "x.list"]),
    (
        "apt: {sources: {@: {source: @, keyid: @, keyserver: @}}, add_apt_repo_match: @}",
        &["x", "'ppa:a/b'", "F00", "h", "'^ppa:'"],
    ),
    ("apt: {sources: {@: {source: @}}}", &["a.b", "proposed"]),
    ("apt: {sources: {x: {key: @}}}", &["'-----BEGIN PGP PUBLIC KEY BLOCK-----'"]),
    (
        "apt: {primary: [{arches: @, uri: @, search: @}], preserve_sources_list: false, disable_suites: @}",
        &["[default]", "http://m", "[http://m]", "[updates]"],
    ),
    ("apt: {security: [{arches: [amd64], uri: @}], disable_components: [@]}", &["http://m", "universe"]),
    (
        "apt: {preferences: [{package: @, pin: @, pin-priority: @}], debconf_selections: {a: @}}",
        &["'*'", "release a=x", "100", "p q t a"],
    ),
    ("apt: {http_proxy: @, https_proxy: @, ftp_proxy: @}", &["http://p", "http://p", "http://p"]),
    ("apt_mirrors: {ubuntu_archive: @, ubuntu_security: @}", &["http://m", "http://m"]),
    ("apt_proxy: @", &["http://p"]),
    ("debconf_selections: {@: @}", &["a", "cloud-init q t a"]),
    (
        "kernel: {package: @, fallback-package: @, remove: @, install: @, mapping: @}",
        &["linux-image", "linux-generic", "existing", "true", "{noble: {6.8.0: -x}}"],
    ),
    ("kernel: {package: linux-image, remove: [@]}", &["linux-image-6"]),
    ("kernel: @", &["null"]),
    ("kernel-crash-dumps: {enabled: @}", &["true"]),
    (
        "grub: {install_devices: @, terminal: @, replace_linux_default: @, update_nvram: @}",
        &["[/dev/vda]", "console", "false", "false"],
    ),
    ("grub: {install_devices: [@], probe_additional_os: @, reorder_uefi: @}", &["/dev/vda", "true", "false"]),
    ("boot: {bootloaders: @, alternatives: @, terminal: @}", &["[grub]", "[default]", "console"]),
    ("boot: {bootloaders: [@, @]}", &["grub", "extlinux"]),
    ("grub_install_devices: @", &["[/dev/vda]"]),
    (
        "network: {version: 1, config: [{type: @, name: @, mac_address: @, subnets: @}]}",
        &["physical", "eth0", "'52:54:00:00:00:01'", "[{type: dhcp4}]"],
    ),
    (
        "network: {version: 1, config: [{type: bond, name: b, bond_interfaces: @, params: @}]}",
        &["[eth0]", "{bond-mode: 802.3ad}"],
    ),
    ("network: {version: 1, config: [{type: vlan, name: v, vlan_link: @, vlan_id: @}]}", &["eth0", "5"]),
    ("network: {version: 2, ethernets: {@: @}, bridges: @}", &["eth0", "{dhcp4: true}", "{br0: {interfaces: [eth0]}}"]),
    ("network: {version: @, config: @}", &["1", "disabled"]),
    ("network: @", &["{}"]),
    ("power_state: {mode: @, delay: @, message: @}", &["reboot", "now", "bye"]),
    ("kexec: {mode: @}", &["'on'"]),
    ("multipath: {mode: @, packages: @, overwrite_bindings: @}", &["auto", "[multipath-tools]", "true"]),
    (
        "install: {log_file: @, unmount: @, save_install_config: @, extra_rsync_args: @}",
        &["/tmp/l", "disabled", "/root/c", "[--x]"],
    ),
    ("install: {target: @, resume_data: @, extra_rsync_args: [@]}", &["/tmp/t", "/tmp/r", "-x"]),
    ("curthooks: {mode: @}", &["auto"]),
    ("proxy: {http_proxy: @, https_proxy: @, no_proxy: @}", &["http://p", "http://p", "localhost"]),
    ("http_proxy: @", &["http://p"]),
    ("pollinate: {user_agent: @}", &["{a: b}"]),
    ("pollinate: {user_agent: {@: @}}", &["a", "b"]),
    ("reporting: {m: {type: @, endpoint: @, level: @}}", &["webhook", "http://h", "INFO"]),
    ("reporter: {maas: {url: @}}", &["http://h"]),
    ("block-meta: {devices: @, boot-partition: @, format: @}", &["[/dev/vda]", "{enabled: true}", "gpt"]),
    ("system_upgrade: {enabled: @}", &["true"]),
    ("users: @", &["[{name: ada}]"]),
    ("bucket: @", &["[&x a]"]),
    ("verbosity: @", &["2"]),
    ("disable_overlayroot: @", &["false"]),
    ("restore_dist_interfaces: @", &["true"]),
    ("@: @", &["_anchors", "a"]),
];

pub(crate) const DISK: &str = "{id: d, type: disk, serial: S0, ptable: gpt, grub_device: true}, \
    {id: bios, type: partition, device: d, size: 1M, flag: bios_grub}, \
    {id: e, type: partition, device: d, size: 512M, flag: boot}, {id: r, type: partition, device: d, size: 8G}, \
    {id: fe, type: format, volume: e, fstype: fat32}, {id: fr, type: format, volume: r, fstype: ext4}, \
    {id: mr, type: mount, device: fr, path: /}, {id: me, type: mount, device: fe, path: /boot/efi}";

/// Items behind those of the disk, with holes.
const ITEMS: &[(&str, &[&str])] = &[
    (
        "{id: q, type: partition, device: d, size: 2G, uuid: @, partition_type: @, attrs: @}",
        &["5b5cf1ba-3a6f-4a36-a5a6-8c5f1d4f3c35", "0fc63daf-8483-4772-8e79-3d69d8477de4", "[LegacyBIOSBootable]"],
    ),
    ("{id: q, type: partition, device: d, size: @, number: @, partition_name: @}", &["1G", "4", "data"]),
    (
        "{id: x, type: disk, serial: S1}, {id: q, type: format, volume: x, fstype: @, label: @, uuid: @}",
        &["ext4", "data", "5b5cf1ba-3a6f-4a36-a5a6-8c5f1d4f3c35"],
    ),
    (
        "{id: x, type: disk, serial: S1}, {id: q, type: format, volume: x, fstype: ext4, uuid: @, extra_options: @}",
        &["5b5cf1ba-3a6f-4a36-a5a6-8c5f1d4f3c35z", "[-q]"],
    ),
    (
        "{id: n, type: mount, spec: @, fstype: @, path: @, options: @, freq: @, passno: @}",
        &["none", "tmpfs", "/srv", "defaults", "'0'", "'0'"],
    ),
    ("{id: x, type: disk, serial: S1}, {id: c, type: dm_crypt, volume: x, dm_name: @, key: @}", &["c", "sesame"]),
    (
        "{id: x, type: disk, serial: S1}, {id: c, type: dm_crypt, volume: x, dm_name: c, keyfile: @, options: @}",
        &["/k", "[discard]"],
    ),
    (
        "{id: x, type: disk, serial: S1}, {id: z, type: zpool, pool: @, vdevs: [x], mountpoint: @, fs_properties: {@: @}}",
        &["tank", "/srv", "atime", "'off'"],
    ),
    (
        "{id: x, type: disk, serial: S1}, {id: z, type: zpool, pool: tank, vdevs: [x], preserve: @, encryption_style: @, keyfile: @, pool_properties: {version: null}}",
        &["false", "luks_keystore", "k"],
    ),
    (
        "{id: x, type: disk, serial: S1}, {id: z, type: zpool, pool: tank, vdevs: [x]}, {id: y, type: zfs, pool: z, volume: @, properties: {@: @}}",
        &["/a", "canmount", "noauto"],
    ),
    (
        "{id: x, type: disk, serial: S1}, {id: y, type: disk, serial: S2}, {id: w, type: raid, name: @, raidlevel: @, devices: [x, y], mdname: @, metadata: @}",
        &["md0", "1", "os", "1.2"],
    ),
    (
        "{id: x, type: disk, serial: S1}, {id: y, type: disk, serial: S2}, {id: w, type: raid, name: md0, raidlevel: @, devices: [x, y], metadata: imsm}, {id: v, type: raid, name: md1, raidlevel: @, container: w}",
        &["container", "0"],
    ),
    (
        "{id: x, type: disk, serial: S1}, {id: g, type: lvm_volgroup, name: @, devices: [x]}, {id: l, type: lvm_partition, name: @, volgroup: g, size: @}",
        &["vg", "lv", "1G"],
    ),
    (
        "{id: x, type: disk, serial: S1}, {id: y, type: disk, serial: S2}, {id: w, type: bcache, backing_device: x, cache_device: y, cache_mode: @}",
        &["writeback"],
    ),
    ("{id: k, type: nvme_controller, transport: @, tcp_addr: @, tcp_port: @}", &["tcp", "10.0.0.1", "4420"]),
    (
        "{id: k, type: dasd, device_id: @, blocksize: @, disk_layout: @, label: @}",
        &["0.0.1520", "4096", "cdl", "'0X1520'"],
    ),
    ("{id: k, type: dasd, device_id: @, blocksize: 4096, disk_layout: cdl}", &["0.0.0001520"]),
];

/// A configuration for the machine of the other tests; every section stands in it once at most.
pub(crate) fn configuration(bytes: &[u8]) -> String {
    let mut dice = Dice(bytes);
    let mut sections: Vec<String> = Vec::new();
    for _ in 0..=dice.roll(5) {
        let section = filled(&mut dice, SECTIONS);
        let name = |section: &str| section.split(':').next().unwrap_or_default().to_owned();
        if sections.iter().all(|other| name(other) != name(&section)) {
            sections.push(section);
        }
    }
    if sections.iter().all(|section| !section.starts_with("sources")) {
        sections.push("sources: [http://127.0.0.1/root.tar.zst]".to_owned());
    }
    match dice.roll(4) {
        0 => {}
        1 => sections.push(format!("storage: {{version: 1, config: [{DISK}]}}")),
        version => {
            let items = filled(&mut dice, ITEMS);
            sections.push(format!("storage: {{version: {}, config: [{DISK}, {items}]}}", version - 1));
        }
    }
    sections.join("\n") + "\n"
}

/// A template with its holes filled: as usual most of the time.
fn filled(dice: &mut Dice<'_>, templates: &[(&str, &[&str])]) -> String {
    let (template, usual) = *pick(dice, templates);
    let mut usual = usual.iter();
    let mut text = String::new();
    for (at, part) in template.split('@').enumerate() {
        if at > 0 {
            let value = usual.next().copied().unwrap_or("x");
            text.push_str(match dice.roll(8) {
                6 | 7 => pick::<&str>(dice, ODD),
                5 => pick::<&str>(dice, WORDS),
                _ => value,
            });
        }
        text.push_str(part);
    }
    text
}

fn pick<'a, T>(dice: &mut Dice<'_>, list: &'a [T]) -> &'a T {
    let at = usize::try_from(dice.roll(list.len() as u64)).unwrap_or(0);
    &list[at]
}
