//! ZFS: the commands of curtin, what is mounted when, and what is refused.

use firstlight_curtin_config::{
    Disk, Firmware, Level, Plan, ShellOptions, Target, check, parse, plan, render_json, render_shell, render_text,
};

/// Three disks; the last one has no name that stays.
fn machine() -> Target {
    let disk = |letter: &str, links: &[&str]| Disk {
        serial: Some(format!("S{letter}")),
        links: links.iter().map(|link| (*link).to_owned()).collect(),
        ..Disk::new(format!("/dev/sd{letter}"), 8 << 30)
    };
    Target {
        firmware: Firmware::Bios,
        disks: vec![
            disk("a", &["/dev/disk/by-path/pci-1", "/dev/disk/by-id/wwn-0x1", "/dev/disk/by-id/ata-a"]),
            disk("b", &["/dev/disk/by-id/ata-b"]),
            disk("c", &[]),
        ],
        seed: "machine-17".to_owned(),
        ..Target::default()
    }
}

fn yaml(items: &str) -> String {
    format!(
        "sources: [http://127.0.0.1/root.txz]
storage:
  version: 1
  config:
  - {{id: a, type: disk, path: /dev/sda, ptable: gpt, grub_device: true}}
  - {{id: a1, type: partition, device: a, size: 1M, flag: bios_grub}}
  - {{id: a2, type: partition, device: a, size: 1G}}
  - {{id: a3, type: partition, device: a, size: 6G}}
  - {{id: b, type: disk, path: /dev/sdb}}
  - {{id: c, type: disk, path: /dev/sdc}}
{items}
"
    )
}

#[track_caller]
fn planned(items: &str) -> Plan {
    let parsed = parse(&yaml(items));
    assert!(!parsed.has_errors(), "{:#?}", parsed.problems);
    plan(&parsed.config, &machine()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[track_caller]
fn refused(items: &str) -> Vec<String> {
    let found = plan(&parse(&yaml(items)).config, &machine()).expect_err("a plan was made");
    found.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect()
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

const ROOT: &str = "  - {id: p, type: zpool, pool: rpool, vdevs: [a3], mountpoint: /}
  - {id: r, type: zfs, pool: p, volume: /ROOT, properties: {canmount: off, mountpoint: none}}
  - {id: z, type: zfs, pool: p, volume: /ROOT/os, properties: {canmount: noauto, mountpoint: /}}
";

const ENCRYPTED: &str =
    "  - {id: p, type: zpool, pool: rpool, vdevs: [a3], mountpoint: /, pool_properties: {version: null},
     encryption_style: luks_keystore, keyfile: /run/passphrase}
  - {id: z, type: zfs, pool: p, volume: os, properties: {mountpoint: /}}
  - {id: f, type: format, volume: a2, fstype: ext4}
  - {id: m, type: mount, device: f, path: /boot}";

#[test]
fn commands_are_those_of_curtin() {
    let all = include_str!("../../../testdata/curtin/curtin_zfs_commands.json");
    let cases: serde_json::Value = serde_json::from_str(all).unwrap();
    for case in cases.as_array().unwrap() {
        let list = |key: &str| -> Vec<String> {
            case[key].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
        };
        // Where the root is not on ZFS, something else has to be there; what is encrypted, GRUB does not read.
        let mut items: String = list("items").iter().map(|line| format!("  {line}\n")).collect();
        if !items.contains("rpool") && !items.contains("zfsroot") {
            let root = if items.contains("[a2]") { "a3" } else { "a2" };
            items.push_str(&format!("  - {{id: f, type: format, volume: {root}, fstype: ext4}}\n"));
            items.push_str("  - {id: m, type: mount, device: f, path: /}\n");
        } else if items.contains("luks") {
            items.push_str("  - {id: f, type: format, volume: a2, fstype: ext4}\n");
            items.push_str("  - {id: m, type: mount, device: f, path: /boot}\n");
        }
        let plan = planned(&items);
        let is_zfs = |command: &String| command.starts_with("zpool ") || command.starts_with("zfs ");
        let export = |command: &String| command.starts_with("zpool export ");
        let steps = plan.steps.iter().map(|step| step.command.join(" "));
        let made: Vec<String> = steps.filter(|command| is_zfs(command) && !export(command)).collect();
        // What makes the key store is one script.
        let keystore = |command: &String| command.contains("/keystore");
        let wanted: Vec<String> =
            list("commands").into_iter().filter(|command| is_zfs(command) && !keystore(command)).collect();
        assert_eq!(made, wanted, "{}", case["name"]);
        let end = plan.steps.iter().rev().take_while(|step| step.id.starts_with("zpool-export-")).count();
        assert_eq!(end, 1, "{}", case["name"]);
    }
}

#[test]
fn a_root_on_zfs() {
    let plan = planned(&format!(
        "{ROOT}  - {{id: h, type: zfs, pool: p, volume: /home}}
  - {{id: f, type: format, volume: a2, fstype: ext4}}
  - {{id: m, type: mount, device: f, path: /boot}}"
    ));
    assert_eq!(
        plan.layout.to_string(),
        "/dev/sda  8 GiB  gpt\n\
         ├─  1       1 MiB  bios_grub\n\
         ├─  2       1 GiB  linux       ext4   /boot\n\
         └─  3       6 GiB  linux       → rpool\n\
         /dev/sdb  8 GiB  no partition table\n\
         /dev/sdc  8 GiB  no partition table\n\
         rpool  6 GiB  zfs pool on /dev/sda3\n\
         ├─ ROOT     zfs\n\
         ├─ ROOT/os  zfs    /\n\
         └─ home     zfs    /home\n"
    );
    let order: Vec<&str> = ids(&plan)
        .into_iter()
        .filter(|id| ["z", "mount", "mkfs", "partition", "initramfs", "check-zfs"].iter().any(|it| id.starts_with(it)))
        .collect();
    assert_eq!(
        order,
        [
            "check-zfs",
            "partition-sda",
            "mkfs-sda2",
            "zpool-rpool",
            "zpool-cache-rpool",
            "zfs-rpool-root",
            "zfs-rpool-root-os",
            "zfs-mount-rpool-root-os",
            "zfs-rpool-home",
            "mount-boot",
            "zfs-boot",
            "initramfs",
            "zpool-export-rpool"
        ]
    );
    assert_eq!(ids(&plan).last(), Some(&"zpool-export-rpool"));
    let destroying: Vec<&str> =
        plan.steps.iter().filter(|step| step.destroys_data).map(|step| step.id.as_str()).collect();
    assert_eq!(destroying, ["wipe-sda", "partition-sda", "mkfs-sda2", "zpool-rpool"]);
    let fstab = plan.steps.iter().find(|step| step.id == "fstab").unwrap().stdin.clone().unwrap();
    assert_eq!(fstab.lines().filter(|line| !line.starts_with('#')).count(), 1, "{fstab}");
    assert!(fstab.contains(" /boot ext4 "), "{fstab}");
    let member = plan.layout.devices().into_iter().find(|device| device.path == "/dev/sda3").unwrap();
    assert_eq!(member.fstype.as_deref(), Some("zfs_member"));
    let json: serde_json::Value = serde_json::from_str(&render_json(&plan)).unwrap();
    assert_eq!(json["volumes"][0]["vdevs"], serde_json::json!(["/dev/disk/by-id/ata-a-part3"]));
    assert_eq!(json["volumes"][0]["properties"], serde_json::json!({"ashift": "12", "version": "28"}));
    assert_eq!(json["volumes"][2]["mountpoint"], "/");
    assert!(render_text(&plan).contains(" ! partitioning  make the pool rpool of /dev/sda3\n"));
}

#[test]
fn what_is_mounted_above_comes_first() {
    let plan = planned(
        "  - {id: p, type: zpool, pool: tank, vdevs: [b, c], mountpoint: /srv, fs_properties: {canmount: on}}
  - {id: z, type: zfs, pool: p, volume: data}
  - {id: f, type: format, volume: a2, fstype: ext4}
  - {id: g, type: format, volume: a3, fstype: xfs}
  - {id: m, type: mount, device: f, path: /}
  - {id: n, type: mount, device: g, path: /srv/data/fast}",
    );
    let order: Vec<&str> = ids(&plan).into_iter().filter(|id| id.contains("mount") || id.starts_with('z')).collect();
    assert_eq!(
        order,
        [
            "mount-root",
            "zpool-tank",
            "zpool-cache-tank",
            "zfs-tank-data",
            "mount-srv-data-fast",
            "zfs-boot",
            "unmount",
            "zpool-export-tank"
        ]
    );
    assert!(
        plan.layout
            .to_string()
            .ends_with("tank  16 GiB  zfs pool on /dev/sdb, /dev/sdc  /srv\n└─ data  zfs    /srv/data\n")
    );
}

#[test]
fn a_zfsroot_stands_for_a_pool() {
    let long = planned(&ROOT.replace("ROOT/os", "ROOT/zfsroot"));
    let short =
        planned("  - {id: f, type: format, volume: a3, fstype: zfsroot}\n  - {id: m, type: mount, device: f, path: /}");
    let steps = |plan: &Plan| plan.steps.iter().map(|step| step.command.clone()).collect::<Vec<_>>();
    assert_eq!(steps(&long), steps(&short));
    assert_eq!(long.layout.device_at("/"), Some("rpool/ROOT/zfsroot"));
}

#[test]
fn an_encrypted_pool_keeps_its_key_in_a_volume() {
    let plan = planned(ENCRYPTED);
    let words = |id: &str| plan.steps.iter().find(|step| step.id == id).unwrap().command.clone();
    assert_eq!(words("zpool-key-rpool")[3..], ["key", "/run/zfs-rpool.key"]);
    assert_eq!(
        words("zpool-keystore-rpool")[3..],
        ["keystore", "rpool", "/run/passphrase", "/run/zfs-rpool.key", "20971520", "32768"]
    );
    assert_eq!(
        words("tools")[5..],
        [
            "zpool",
            "zfsutils-linux",
            "cryptsetup",
            "cryptsetup",
            "/usr/share/initramfs-tools/hooks/cryptroot",
            "cryptsetup-initramfs"
        ]
    );
    assert!(plan.layout.to_string().contains("rpool  6 GiB  zfs encrypted pool on /dev/sda3\n"));
    let hidden = ENCRYPTED.replace("path: /boot", "path: /srv");
    assert_eq!(refused(&hidden), ["boot-unreadable storage.config"]);
}

#[test]
fn extlinux_starts_nothing_from_a_pool() {
    let zfsroot =
        "  - {id: f, type: format, volume: a3, fstype: zfsroot}\n  - {id: m, type: mount, device: f, path: /}\n";
    for items in [ROOT, zfsroot] {
        for (loaders, wanted) in [("[grub]", vec![]), ("[grub, extlinux]", vec!["boot-unreadable"])] {
            let text = yaml(&format!("{items}boot: {{bootloaders: {loaders}}}"));
            let found = check(&text, Level::Runtime);
            assert_eq!(found.iter().map(|problem| problem.code).collect::<Vec<_>>(), wanted, "{found:#?}");
            let problems = plan(&parse(&text).config, &machine()).err().unwrap_or_default();
            assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), wanted);
        }
    }
}

#[test]
fn refusals() {
    let pool = "  - {id: p, type: zpool, pool: rpool, vdevs: [a3], mountpoint: /srv}\n";
    for (items, wanted) in [
        ("  - {id: p, type: zpool, pool: mirror, vdevs: [b]}".to_owned(), "zfs-name storage.config[6].pool"),
        ("  - {id: p, type: zpool, pool: x, vdevs: []}".to_owned(), "missing-key storage.config[6].vdevs"),
        ("  - {id: p, type: zpool, pool: x, vdevs: [a1]}".to_owned(), "zpool-size storage.config[6].vdevs"),
        ("  - {id: p, type: zfs, pool: a, volume: x}".to_owned(), "unknown-device storage.config[6].pool"),
        (format!("{pool}  - {{id: q, type: zpool, pool: rpool, vdevs: [b]}}"), "name-twice storage.config[7].name"),
        (format!("{pool}  - {{id: z, type: zfs, pool: p, volume: a/b}}"), "zfs-parent storage.config[7].volume"),
        (format!("{pool}  - {{id: z, type: zfs, pool: p, volume: ../b}}"), "zfs-name storage.config[7].volume"),
        (
            format!(
                "{pool}  - {{id: z, type: zfs, pool: p, volume: b, properties: {{canmount: noauto, mountpoint: none}}}}"
            ),
            "zfs-mountpoint storage.config[7].properties",
        ),
        (
            format!("{pool}  - {{id: z, type: zfs, pool: p, volume: b, properties: {{canmount: maybe}}}}"),
            "zfs-property storage.config[7].properties",
        ),
        (
            format!("{pool}  - {{id: z, type: zfs, pool: p, volume: b, properties: {{mountpoint: srv}}}}"),
            "zfs-mountpoint storage.config[7].properties",
        ),
        (
            "  - {id: p, type: zpool, pool: x, vdevs: [b], mountpoint: /x, fs_properties: {mountpoint: /y}}".to_owned(),
            "zfs-mountpoint storage.config[6].mountpoint",
        ),
        (
            "  - {id: p, type: zpool, pool: x, vdevs: [b], encryption_style: luks_keystore, keyfile: /k}".to_owned(),
            "zpool-encryption storage.config[6].pool_properties",
        ),
        (
            "  - {id: f, type: format, volume: a3, fstype: zfsroot}\n  - {id: m, type: mount, device: f, path: /srv}"
                .to_owned(),
            "zfsroot storage.config[6].fstype",
        ),
    ] {
        assert_eq!(refused(&items)[0], wanted, "{items}");
    }
}

#[test]
fn scripts_are_shell() {
    let plan = planned(ENCRYPTED);
    let script = render_shell(&plan, &ShellOptions::default());
    let inner = plan.steps.iter().filter(|step| step.command.get(1).is_some_and(|flag| flag == "-c"));
    for text in inner.map(|step| step.command[2].as_str()).chain([script.as_str()]) {
        let status = std::process::Command::new("dash").args(["-n", "-c", text]).status();
        assert!(status.is_ok_and(|status| status.success()), "{text}");
    }
}
