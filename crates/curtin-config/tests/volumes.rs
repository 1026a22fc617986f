//! RAID, LVM, encryption and bcache: what is planned, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "volumes/partitions.rs"]
mod partitions;

use firstlight_curtin_config::layout::{Table, VolumeKind};
use firstlight_curtin_config::{Disk, Firmware, Level, Plan, Target, check, parse, plan, render_json, render_text};

const MIB: u64 = 1 << 20;

/// Four disks of 8 GiB.
fn machine() -> Target {
    Target {
        firmware: Firmware::Bios,
        disks: ["a", "b", "c", "d"]
            .map(|letter| Disk {
                serial: Some(format!("S{letter}")),
                links: vec![format!("/dev/disk/by-id/ata-{letter}")],
                ..Disk::new(format!("/dev/sd{letter}"), 8 << 30)
            })
            .to_vec(),
        hostname: "brave-otter".to_owned(),
        seed: "machine-17".to_owned(),
        ..Target::default()
    }
}

/// A configuration with these items behind a disk that boots.
fn yaml(items: &str) -> String {
    format!(
        "sources: [http://127.0.0.1/root.txz]
storage:
  version: 1
  config:
  - {{id: a, type: disk, path: /dev/sda, ptable: gpt}}
  - {{id: a1, type: partition, device: a, size: 1M, flag: bios_grub}}
  - {{id: a2, type: partition, device: a, size: 1G}}
  - {{id: a3, type: partition, device: a, size: 6G}}
  - {{id: boot, type: format, volume: a2, fstype: ext4}}
  - {{id: b, type: disk, path: /dev/sdb}}
  - {{id: c, type: disk, path: /dev/sdc}}
  - {{id: d, type: disk, path: /dev/sdd}}
{items}
  - {{id: m-boot, type: mount, device: boot, path: /boot}}
"
    )
}

#[track_caller]
fn planned(text: &str) -> Plan {
    let parsed = parse(text);
    assert!(!parsed.has_errors(), "{:#?}", parsed.problems);
    plan(&parsed.config, &machine()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[track_caller]
fn refused(items: &str) -> Vec<&'static str> {
    let parsed = parse(&yaml(items));
    plan(&parsed.config, &machine()).expect_err("a plan was made").iter().map(|problem| problem.code).collect()
}

#[track_caller]
fn command(plan: &Plan, id: &str) -> String {
    let step = plan.steps.iter().find(|step| step.id == id);
    step.unwrap_or_else(|| panic!("no step {id}")).command.join(" ")
}

#[track_caller]
fn input(plan: &Plan, id: &str) -> String {
    plan.steps.iter().find(|step| step.id == id).and_then(|step| step.stdin.clone()).unwrap()
}

const ROOT: &str = "
  - {id: root, type: format, volume: it, fstype: ext4}
  - {id: m-root, type: mount, device: root, path: /}";

#[test]
fn lvm_on_two_devices() {
    let plan = planned(&yaml(&format!(
        "  - {{id: g, type: lvm_volgroup, name: vg0, devices: [a3, b]}}
  - {{id: sw, type: lvm_partition, volgroup: g, name: swap, size: 1000M}}
  - {{id: odd, type: lvm_partition, volgroup: g, name: odd, size: 1}}
  - {{id: it, type: lvm_partition, volgroup: g, name: root}}
  - {{id: fs, type: format, volume: sw, fstype: swap}}
  - {{id: m-sw, type: mount, device: fs, path: none}}{ROOT}"
    )));
    assert_eq!(command(&plan, "pv-sda3"), "pvcreate --yes -ff --dataalignment 1m /dev/sda3");
    assert_eq!(command(&plan, "vg-vg0"), "vgcreate --physicalextentsize 4m vg0 /dev/sda3 /dev/sdb");
    let lv = "lvcreate --yes --wipesignatures y --zero y --extents";
    assert_eq!(command(&plan, "lv-vg0-swap"), format!("{lv} 250 --name swap vg0"));
    assert_eq!(command(&plan, "lv-vg0-odd"), format!("{lv} 1 --name odd vg0"));
    // 6 GiB and 8 GiB lose a mebibyte each, and what is no whole extent.
    assert_eq!(command(&plan, "lv-vg0-root"), format!("{lv} {} --name root vg0", 1535 + 2047 - 251));
    assert!(command(&plan, "mkfs-root").ends_with(" /dev/vg0/root"));
    assert!(command(&plan, "tools").ends_with(" tools /target lvm lvm2"));
    assert!(command(&plan, "initramfs").ends_with(" initramfs /target"));
    let at = |id: &str| plan.steps.iter().position(|step| step.id == id).unwrap();
    assert!(at("partition-sda") < at("pv-sda3") && at("lv-vg0-root") < at("mkfs-root"));
    assert!(at("bind") < at("tools") && at("tools") < at("initramfs") && at("initramfs") < at("grub-install"));
}

#[test]
fn every_level_of_raid() {
    // 8 GiB, without 8 MiB of headroom and 2 MiB for superblock and bitmap.
    let used = 8182 * MIB;
    for (level, devices, size, pinned) in [
        ("0", "[b, c]", 2 * used, false),
        ("1", "[b, c]", used, true),
        ("4", "[b, c, d]", 2 * used, true),
        ("5", "[b, c, d]", 2 * used, true),
    ] {
        let plan = planned(&yaml(&format!(
            "  - {{id: it, type: raid, name: md0, raidlevel: {level}, devices: {devices}}}{ROOT}"
        )));
        let array = &plan.layout.volumes[0];
        assert_eq!((array.path.as_str(), array.size), ("/dev/md0", size), "{level}");
        let made = command(&plan, "raid-md0");
        assert!(made.starts_with(&format!("mdadm --create /dev/md0 --run --level=raid{level} --metadata=1.2 --uuid=")));
        assert_eq!(made.contains(&format!(" --size={} ", used >> 10)), pinned, "{made}");
    }
    // The spare of 8 GiB decides what is kept free on members of 1 GiB, too.
    let six = |level: &str| {
        planned(&yaml(&format!(
            "  - {{id: b4, type: lvm_volgroup, name: x, devices: [b]}}
  - {{id: l1, type: lvm_partition, volgroup: b4, name: l1, size: 1G}}
  - {{id: l2, type: lvm_partition, volgroup: b4, name: l2, size: 1G}}
  - {{id: l3, type: lvm_partition, volgroup: b4, name: l3, size: 1G}}
  - {{id: l4, type: lvm_partition, volgroup: b4, name: l4, size: 1G}}
  - {{id: it, type: raid, name: six, raidlevel: {level}, devices: [l1, l2, l3, l4], spare_devices: [c]}}{ROOT}"
        )))
    };
    for (level, size) in [("6", 2 * 1014 * MIB), ("10", 2 * 1014 * MIB)] {
        let plan = six(level);
        let array = plan.layout.volumes.last().unwrap();
        assert_eq!((array.path.as_str(), array.size), ("/dev/md/six", size), "{level}");
        let made = command(&plan, "raid-six");
        assert!(made.contains(" --raid-devices=4 --name=six --spare-devices=1 --chunk=512 --size=1038336 /dev/x/l1 "));
        assert!(made.ends_with("/dev/x/l4 /dev/sdc"), "{made}");
    }
}

#[test]
fn a_root_on_raid_boots_from_every_member() {
    let half = |disk: &str| {
        format!(
            "  - {{id: {disk}, type: disk, serial: S{disk}, ptable: gpt}}
  - {{id: {disk}1, type: partition, device: {disk}, size: 1M, flag: bios_grub}}
  - {{id: {disk}2, type: partition, device: {disk}, size: 6G, flag: raid}}\n"
        )
    };
    let text = format!(
        "sources: [http://127.0.0.1/root.txz]
storage:
  version: 1
  config:\n{}{}  - {{id: it, type: raid, name: md0, raidlevel: 1, devices: [b2, c2]}}{ROOT}",
        half("b"),
        half("c")
    );
    let plan = planned(&text);
    assert!(command(&plan, "grub-install").ends_with(" /dev/sdb"));
    assert!(command(&plan, "grub-install-2").ends_with(" /dev/sdc"));
    let VolumeKind::Raid(raid) = &plan.layout.volumes[0].kind else { panic!("no array") };
    let uuid = &raid.uuid;
    assert_eq!(uuid.len(), 35);
    assert_eq!(
        input(&plan, "mdadm-conf"),
        format!("HOMEHOST <system>\nMAILADDR root\nARRAY /dev/md0 metadata=1.2 UUID={uuid}\n")
    );
}

#[test]
fn an_array_can_have_partitions() {
    let plan = planned(&yaml(&format!(
        "  - {{id: md, type: raid, name: os, raidlevel: mirror, devices: [b, c], ptable: msdos, metadata: 1.0, mdname: x}}
  - {{id: it, type: partition, device: md, size: 4G}}{ROOT}"
    )));
    let array = &plan.layout.volumes[0];
    let table = array.table().unwrap();
    assert_eq!((table.table, table.path.as_str()), (Some(Table::Msdos), "/dev/md/os"));
    assert_eq!(table.partitions[0].path, "/dev/md/os1");
    assert!(command(&plan, "raid-os").contains(" --metadata=1.0 "));
    assert!(command(&plan, "raid-os").contains(" --name=x "));
    assert!(command(&plan, "partition-os").ends_with(" /dev/md/os"));
    assert!(command(&plan, "mkfs-os1").ends_with(" /dev/md/os1"));
}

#[test]
fn a_passphrase_is_seen_by_nobody() {
    let plan = planned(&yaml(&format!(
        "  - {{id: it, type: dm_crypt, volume: a3, dm_name: cryptroot, key: 'open sesame'}}
  - {{id: d1, type: partition, device: a, size: 100M, uuid: 11111111-2222-3333-4444-555555555555}}
  - {{id: sw, type: dm_crypt, volume: d1, dm_name: cryptswap, keyfile: /dev/urandom}}
  - {{id: home, type: dm_crypt, volume: c, dm_name: crypthome, keyfile: /run/key, options: [luks, discard]}}
  - {{id: fs, type: format, volume: sw, fstype: swap}}
  - {{id: m-sw, type: mount, device: fs, path: none}}{ROOT}"
    )));
    let crypt = &plan.layout.volumes[0];
    assert_eq!((crypt.path.as_str(), crypt.size), ("/dev/mapper/cryptroot", (6144 - 16) * MIB));
    let VolumeKind::Crypt(root) = &crypt.kind else { panic!("not encrypted") };
    for step in &plan.steps {
        assert!(!step.command.join(" ").contains("sesame") && !step.description.contains("sesame"), "{}", step.id);
        let is_private = step.command.iter().any(|word| word == "0600");
        assert_eq!(step.secret, is_private || step.stdin.as_deref() == Some("open sesame"), "{}", step.id);
    }
    assert_eq!(
        command(&plan, "crypt-cryptroot"),
        format!(
            "cryptsetup luksFormat --batch-mode --type luks2 --uuid {} --offset 32768 --key-file - /dev/sda3",
            root.uuid
        )
    );
    assert_eq!(command(&plan, "crypt-open-cryptroot"), "cryptsetup open --type luks --key-file - /dev/sda3 cryptroot");
    assert!(command(&plan, "crypt-crypthome").ends_with(" --key-file /run/key /dev/sdc"));
    let VolumeKind::Crypt(home) = &plan.layout.volumes[2].kind else { panic!("not encrypted") };
    assert_eq!(
        input(&plan, "crypttab"),
        format!(
            "# <name> <device> <key> <options>\ncryptroot UUID={} none luks\n\
             cryptswap PARTUUID=11111111-2222-3333-4444-555555555555 /dev/urandom swap,plain,cipher=aes-xts-plain64,size=512\n\
             crypthome UUID={} none luks,discard\n",
            root.uuid, home.uuid
        )
    );
    assert!(input(&plan, "fstab").contains("\n/dev/mapper/cryptswap none swap sw 0 0\n"));
    let json: serde_json::Value = serde_json::from_str(&render_json(&plan)).unwrap();
    let step = json["steps"].as_array().unwrap().iter().find(|step| step["id"] == "crypt-cryptroot").unwrap();
    assert_eq!((&step["stdin"], &step["secret"]), (&serde_json::Value::Null, &serde_json::Value::Bool(true)));
    assert!(!render_json(&plan).contains("sesame") && !render_text(&plan).contains("sesame"));
    assert!(!format!("{plan:?}").contains("sesame"));
}

#[test]
fn two_bcaches_share_a_cache() {
    let plan = planned(&yaml(&format!(
        "  - {{id: it, type: bcache, backing_device: a3, cache_device: d, cache_mode: writeback}}
  - {{id: home, type: bcache, backing_device: b, cache_device: d}}{ROOT}"
    )));
    let volumes: Vec<_> = plan.layout.volumes.iter().map(|volume| (volume.path.as_str(), volume.size)).collect();
    assert_eq!(volumes, [("/dev/bcache0", 6144 * MIB - 8192), ("/dev/bcache1", 8192 * MIB - 8192)]);
    let made: Vec<&str> = plan
        .steps
        .iter()
        .map(|step| step.id.as_str())
        .filter(|id| id.contains("cache") || id.contains("backing"))
        .collect();
    assert_eq!(
        made,
        ["cache-sdd", "backing-bcache0", "bcache-bcache0", "backing-bcache1", "bcache-bcache1", "mkfs-bcache0"]
    );
    assert!(command(&plan, "bcache-bcache0").ends_with(" /dev/bcache0 writeback"));
}

#[test]
fn a_picture_of_it_all() {
    let plan = planned(&yaml(&format!(
        "  - {{id: md, type: raid, name: md0, raidlevel: 1, devices: [b, c], spare_devices: [d]}}
  - {{id: x, type: dm_crypt, volume: md, dm_name: safe, key: k}}
  - {{id: g, type: lvm_volgroup, name: vg, devices: [x]}}
  - {{id: sw, type: lvm_partition, volgroup: g, name: swap, size: 1G}}
  - {{id: it, type: lvm_partition, volgroup: g, name: root}}
  - {{id: fs, type: format, volume: sw, fstype: swap}}
  - {{id: m-sw, type: mount, device: fs, path: none}}{ROOT}"
    )));
    assert_eq!(
        plan.layout.to_string(),
        "/dev/sda  8 GiB  gpt\n\
         ├─  1       1 MiB  bios_grub\n\
         ├─  2       1 GiB  linux       ext4   /boot\n\
         └─  3       6 GiB  linux\n\
         /dev/sdb  8 GiB  no partition table\n\
         └─ → /dev/md0\n\
         /dev/sdc  8 GiB  no partition table\n\
         └─ → /dev/md0\n\
         /dev/sdd  8 GiB  no partition table\n\
         └─ → /dev/md0\n\
         /dev/md0  7.9 GiB  raid1 of /dev/sdb, /dev/sdc, spare /dev/sdd\n\
         └─ → /dev/mapper/safe\n\
         /dev/mapper/safe  7.9 GiB  encrypted on /dev/md0\n\
         └─ → /dev/vg\n\
         /dev/vg  7.9 GiB  volume group on /dev/mapper/safe\n\
         ├─ swap             1 GiB  swap\n\
         └─ root           6.9 GiB  ext4   /\n"
    );
}

#[test]
fn what_lsblk_will_say() {
    let plan = planned(&yaml(&format!(
        "  - {{id: md, type: raid, name: md0, raidlevel: 0, devices: [b, c]}}
  - {{id: x, type: dm_crypt, volume: md, dm_name: safe, key: k}}
  - {{id: g, type: lvm_volgroup, name: vg, devices: [x]}}
  - {{id: it, type: lvm_partition, volgroup: g, name: root}}{ROOT}"
    )));
    let devices: Vec<String> = plan
        .layout
        .devices()
        .into_iter()
        .skip(4)
        .map(|device| {
            let more = if device.at_least { "+" } else { "" };
            let [fstype, mount] = [device.fstype, device.mountpoint].map(Option::unwrap_or_default);
            format!(
                "{} {} {}{more} {fstype} {mount} < {}",
                device.path,
                device.kind,
                device.size / MIB,
                device.parents.join(" ")
            )
        })
        .collect();
    assert_eq!(
        devices,
        [
            "/dev/sdb disk 8192 linux_raid_member  < ",
            "/dev/sdc disk 8192 linux_raid_member  < ",
            "/dev/sdd disk 8192   < ",
            "/dev/md0 raid0 16364+ crypto_LUKS  < /dev/sdb /dev/sdc",
            "/dev/mapper/safe crypt 16348+ LVM2_member  < /dev/md0",
            "/dev/vg/root lvm 16344 ext4 / < /dev/mapper/safe",
        ]
    );
}

/// Each group is built of two volumes of the one before: there are more ways down than a machine can walk.
#[test]
fn a_tower_with_many_ways_down() {
    let mut items = "  - {id: g0, type: lvm_volgroup, name: g0, devices: [b]}\n".to_owned();
    for floor in 1..80 {
        let below = floor - 1;
        items.push_str(&format!(
            "  - {{id: x{floor}, type: lvm_partition, volgroup: g{below}, name: x, size: {}M}}
  - {{id: y{floor}, type: lvm_partition, volgroup: g{below}, name: y}}
  - {{id: g{floor}, type: lvm_volgroup, name: g{floor}, devices: [x{floor}, y{floor}]}}\n",
            4000 - floor * 4
        ));
    }
    let plan = planned(&yaml(&format!("{items}  - {{id: it, type: lvm_partition, volgroup: g79, name: root}}{ROOT}")));
    assert_eq!(plan.layout.devices().last().unwrap().path, "/dev/g79/root");
}

#[test]
fn refusals() {
    for (items, codes) in [
        ("  - {id: z, type: dasd, device_id: 0.0.1}", vec!["missing-key"]),
        ("  - {id: z, type: nvme_controller, transport: tcp}", vec!["missing-key"]),
        ("  - {id: z, type: raid, name: md0, raidlevel: 5, devices: [b, c]}", vec!["raid-members"]),
        ("  - {id: z, type: raid, name: md0, raidlevel: 0, devices: [b, c], spare_devices: [d]}", vec!["raid-spares"]),
        ("  - {id: z, type: raid, name: a/b, raidlevel: 1, devices: [b, c]}", vec!["raid-name"]),
        ("  - {id: z, type: raid, name: md0, raidlevel: 1, devices: [b, b]}", vec!["device-twice"]),
        ("  - {id: z, type: raid, name: md0, raidlevel: 1, devices: [b, a]}", vec!["device-kind"]),
        ("  - {id: z, type: raid, name: md0, raidlevel: 1, devices: [b, q]}", vec!["unknown-device"]),
        ("  - {id: z, type: raid, name: md0, raidlevel: 1, devices: [b, a1]}", vec!["raid-size"]),
        ("  - {id: z, type: raid, name: md0, raidlevel: 1, devices: [b, a2]}", vec!["device-twice"]),
        ("  - {id: z, type: lvm_volgroup, name: g, devices: []}", vec!["missing-key"]),
        ("  - {id: z, type: lvm_volgroup, name: -g, devices: [b]}", vec!["lvm-name"]),
        ("  - {id: z, type: lvm_partition, name: l, volgroup: b}", vec!["unknown-device"]),
        (
            "  - {id: z, type: lvm_volgroup, name: g, devices: [b]}\n  - {id: y, type: lvm_partition, name: l, volgroup: z, size: 9G}",
            vec!["lvm-size"],
        ),
        (
            "  - {id: z, type: lvm_volgroup, name: g, devices: [b]}\n  - {id: y, type: lvm_volgroup, name: g, devices: [c]}",
            vec!["name-twice"],
        ),
        ("  - {id: z, type: dm_crypt, volume: b, dm_name: x}", vec!["crypt-key"]),
        ("  - {id: z, type: dm_crypt, volume: b, dm_name: x, key: k, keyfile: /k}", vec!["crypt-key"]),
        ("  - {id: z, type: dm_crypt, volume: b, dm_name: ../x, key: k}", vec!["crypt-name"]),
        ("  - {id: z, type: bcache, cache_device: b}", vec!["missing-key"]),
        ("  - {id: z, type: bcache, backing_device: b, cache_device: c, cache_mode: fast}", vec!["cache-mode"]),
        (
            "  - {id: z, type: partition, device: a, size: 100M}\n  - {id: y, type: format, volume: z, fstype: xfs}",
            vec!["format-size"],
        ),
        ("  - {id: z, type: partition, device: b, size: 1M}", vec!["ptable"]),
        ("  - {id: z, type: disk, serial: nope, path: /dev/sdb}", vec!["disk-not-found"]),
    ] {
        let root =
            "\n  - {id: fr, type: format, volume: a3, fstype: ext4}\n  - {id: mr, type: mount, device: fr, path: /}";
        assert_eq!(refused(&format!("{items}{root}")), codes, "{items}");
    }
}

/// curtin installs all of these, though some are unwise.
#[test]
fn what_curtin_takes_is_planned() {
    for (items, warnings) in [
        ("  - {id: z, type: raid, name: md0, raidlevel: linear, devices: [b, c]}", vec![]),
        ("  - {id: z, type: format, volume: b, fstype: ntfs}", vec![]),
        ("  - {id: z, type: format, volume: b, fstype: f2fs, label: data}", vec![]),
        ("  - {id: z, type: format, volume: b, fstype: fat32, uuid: abcd}", vec![]),
        ("  - {id: z, type: format, volume: b, fstype: xfs, label: installation-data}", vec!["label-too-long"]),
        ("  - {id: z, type: format, volume: a1, fstype: ext2}", vec!["boot-loader-area"]),
        ("  - {id: z, type: dm_crypt, volume: b, dm_name: x, keyfile: /dev/random}", vec!["random-key"]),
        (
            "  - {id: z, type: dm_crypt, volume: b, dm_name: x, keyfile: /dev/random}\n  - {id: y, type: format, volume: z, fstype: ext4}",
            vec!["random-key", "random-key"],
        ),
        ("  - {id: z, type: partition, device: a, size: 1M, flag: logical}", vec!["flag-table"]),
        ("  - {id: z, type: partition, device: a, size: 1M, partition_type: '0x83'}", vec![]),
        ("  - {id: z, type: partition, device: a, size: 1M, partition_name: 'a\"b'}", vec![]),
        ("  - {id: z, type: mount, spec: LABEL=data, fstype: ext4, path: /srv}", vec![]),
    ] {
        let root =
            "\n  - {id: fr, type: format, volume: a3, fstype: ext4}\n  - {id: mr, type: mount, device: fr, path: /}";
        let plan = planned(&yaml(&format!("{items}{root}")));
        assert_eq!(plan.warnings.iter().map(|it| it.code).collect::<Vec<_>>(), warnings, "{items}");
    }
}

#[test]
fn words_of_cryptsetup_and_mdadm() {
    let plan = planned(&yaml(&format!(
        "  - {{id: z, type: raid, name: disks, raidlevel: container, metadata: ddf, devices: [b, c]}}
  - {{id: m, type: raid, name: md1, raidlevel: 1, container: z}}
  - {{id: it, type: dm_crypt, volume: m, dm_name: safe, keyfile: /k, cipher: aes-xts-plain64, keysize: '512',
     recovery_keyfile: /r}}{ROOT}"
    )));
    assert_eq!(
        command(&plan, "raid-disks"),
        "mdadm --create /dev/md/disks --run --metadata=ddf --raid-devices=2 --name=disks /dev/sdb /dev/sdc"
    );
    assert_eq!(
        command(&plan, "raid-md1"),
        "mdadm --create /dev/md1 --run --level=raid1 --raid-devices=2 --name=1 /dev/md/disks"
    );
    // UUIDs of such arrays are those of their format: mdadm says them when they are there.
    assert!(plan.steps.iter().all(|step| step.id != "mdadm-conf"));
    for (id, path) in [("mdadm-conf-disks", "/dev/md/disks"), ("mdadm-conf-md1", "/dev/md1")] {
        let step = plan.steps.iter().find(|step| step.id == id).unwrap();
        assert_eq!(step.command[4..], ["/target", path]);
    }
    let format = command(&plan, "crypt-safe");
    assert!(format.ends_with(" --key-file /k --cipher aes-xts-plain64 --key-size 512 /dev/md1"), "{format}");
    assert_eq!(command(&plan, "crypt-add-safe"), "cryptsetup luksAddKey --batch-mode --key-file /k /dev/md1 /r");
}

#[test]
fn grub_must_be_able_to_read_the_kernel() {
    let text = "sources: [http://127.0.0.1/root.txz]
storage:
  version: 1
  config:
  - {id: a, type: disk, path: /dev/sda, ptable: gpt}
  - {id: a1, type: partition, device: a, size: 1M, flag: bios_grub}
  - {id: a2, type: partition, device: a, size: 4G}
  - {id: it, type: dm_crypt, volume: a2, dm_name: x, key: k}
  - {id: g, type: lvm_volgroup, name: vg, devices: [it]}
  - {id: l, type: lvm_partition, name: root, volgroup: g}
  - {id: f, type: format, volume: l, fstype: ext4}
  - {id: m, type: mount, device: f, path: /}
";
    let problems = plan(&parse(text).config, &machine()).unwrap_err();
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["error[boot-unreadable] storage.config: GRUB cannot read the kernel from /dev/mapper/x, which is encrypted \
          (put /boot on a partition, an array or a logical volume of its own)"]
    );
}
