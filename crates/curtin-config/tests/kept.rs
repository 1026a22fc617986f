//! Arrays, volumes, encrypted devices and bcaches that stay.

use firstlight_curtin_config::layout::Table;
use firstlight_curtin_config::{
    Disk, ExistingPartition, ExistingTable, Firmware, Level, Plan, Problem, ShellOptions, Target, check, parse, plan,
    render_shell,
};

const LINUX: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

/// A disk to boot from, and three that have something on them.
fn machine() -> Target {
    let disk =
        |letter: &str| Disk { serial: Some(format!("S{letter}")), ..Disk::new(format!("/dev/sd{letter}"), 8 << 30) };
    let part = |number: u32, start: u64, size: u64| ExistingPartition {
        number,
        start: start << 20,
        size: size << 20,
        type_code: LINUX.to_owned(),
        uuid: Some(format!("11111111-2222-3333-4444-{number:012}")),
        ..ExistingPartition::default()
    };
    let existing = |partitions| Some(ExistingTable { table: Table::Gpt, partitions });
    let fs = |path: &str, size: u64, digit: char| Disk {
        fstype: Some("ext4".to_owned()),
        fs_uuid: Some(format!("{digit}0000000-0000-0000-0000-000000000000")),
        ..Disk::new(path, size)
    };
    Target {
        firmware: Firmware::Bios,
        disks: vec![
            disk("a"),
            Disk { existing: existing(vec![part(1, 1, 4000), part(2, 4001, 4000)]), ..disk("b") },
            Disk { existing: existing(vec![part(1, 1, 4000), part(2, 4001, 4000)]), ..disk("c") },
            disk("d"),
        ],
        volumes: vec![
            Disk { existing: existing(vec![part(1, 1, 1000)]), ..Disk::new("/dev/md0", 4_000_000_000) },
            fs("/dev/vg/home", 1 << 30, 'a'),
            fs("/dev/mapper/secret", 4_000_000_000, 'b'),
        ],
        seed: "machine-17".to_owned(),
        ..Target::default()
    }
}

const BOOT: &str = "sources: [http://127.0.0.1/root.txz]
storage:
  version: 1
  config:
  - {id: a, type: disk, path: /dev/sda, ptable: gpt}
  - {id: a1, type: partition, device: a, size: 1M, flag: bios_grub}
  - {id: a2, type: partition, device: a, size: 4G}
  - {id: a3, type: partition, device: a, size: 1G}
  - {id: root, type: format, volume: a2, fstype: ext4}
  - {id: m-root, type: mount, device: root, path: /}
  - {id: b, type: disk, path: /dev/sdb, ptable: gpt, preserve: true}
  - {id: b1, type: partition, device: b, number: 1, size: 4000M, preserve: true}
  - {id: b2, type: partition, device: b, number: 2, size: 4000M, preserve: true}
  - {id: c, type: disk, path: /dev/sdc, ptable: gpt, preserve: true}
  - {id: c1, type: partition, device: c, number: 1, size: 4000M, preserve: true}
  - {id: c2, type: partition, device: c, number: 2, size: 4000M, preserve: true}
  - {id: d, type: disk, path: /dev/sdd}
";

fn planned(items: &str) -> Result<Plan, Vec<Problem>> {
    plan(&parse(&format!("{BOOT}{items}")).config, &machine())
}

#[track_caller]
fn good(items: &str) -> Plan {
    planned(items).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The words behind the script, and whether the step destroys anything.
#[track_caller]
fn words<'a>(plan: &'a Plan, id: &str) -> Vec<&'a str> {
    let step =
        plan.steps.iter().find(|step| step.id == id).unwrap_or_else(|| panic!("no step {id}: {:#?}", plan.steps));
    assert!(!step.destroys_data, "{id}");
    step.command.iter().skip(4).map(String::as_str).collect()
}

/// What is destroyed beside the disk that the machine starts from.
fn destroyed(plan: &Plan) -> Vec<&str> {
    let steps = plan.steps.iter().filter(|step| step.destroys_data);
    steps.flat_map(|step| &step.writes).map(String::as_str).filter(|path| !path.starts_with("/dev/sda")).collect()
}

#[test]
fn an_array_is_assembled_and_checked() {
    let plan = good(
        "  - {id: r, type: raid, name: md0, raidlevel: 1, devices: [b1, c1], spare_devices: [d], preserve: true}
  - {id: f, type: format, volume: r, fstype: xfs, preserve: true}
  - {id: m, type: mount, device: f, path: /srv}",
    );
    assert_eq!(words(&plan, "keep-md0"), ["/dev/md0", "raid1", "/dev/sdb1", "/dev/sdc1", "--", "/dev/sdd"]);
    assert_eq!(destroyed(&plan), Vec::<&str>::new());
    assert!(
        plan.layout
            .to_string()
            .contains("/dev/md0  3.7 GiB  raid1 of /dev/sdb1, /dev/sdc1, spare /dev/sdd  (kept)\n└─ xfs    /srv\n"),
        "{}",
        plan.layout
    );
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    let at = |id: &str| ids.iter().position(|it| *it == id);
    assert!(at("keep-md0") < at("wipe-sda"), "{ids:?}");
    assert_eq!(words(&plan, "mdadm-conf-md0"), ["/target", "/dev/md0"]);
    // Its UUID is not known, and its name stays.
    let fstab =
        plan.steps.iter().find(|step| step.id == "fstab").and_then(|step| step.stdin.clone()).unwrap_or_default();
    assert!(fstab.contains("\n/dev/md0 /srv xfs "), "{fstab}");
}

#[test]
fn partitions_of_an_array_stay_or_are_made_anew() {
    let raid = "  - {id: r, type: raid, name: md0, raidlevel: 1, devices: [b1, c1], preserve: true, ptable: gpt}\n";
    let plan =
        good(&format!("{raid}  - {{id: r1, type: partition, device: r, number: 1, size: 1000M, preserve: true}}"));
    assert_eq!(words(&plan, "verify-md0p1"), ["/dev/md0p1", "2048", "2048000"]);
    assert_eq!(destroyed(&plan), Vec::<&str>::new());
    let wiped = raid.replace("ptable", "wipe: superblock, ptable");
    let plan = good(&format!("{wiped}  - {{id: r1, type: partition, device: r, size: 500M}}"));
    assert_eq!(destroyed(&plan), ["/dev/md0", "/dev/md0"]);
    let found = plan.steps.iter().filter(|step| step.destroys_data && step.writes == ["/dev/md0"]);
    assert_eq!(found.map(|step| step.id.as_str()).collect::<Vec<_>>(), ["wipe-md0", "partition-md0"]);
}

#[test]
fn volumes_in_a_group_that_stays() {
    let plan = good(
        "  - {id: g, type: lvm_volgroup, name: vg, devices: [b1, c1], preserve: true}
  - {id: l, type: lvm_partition, name: home, volgroup: g, size: 1G, preserve: true}
  - {id: n, type: lvm_partition, name: new, volgroup: g, size: 1G}
  - {id: o, type: lvm_partition, name: rest, volgroup: g}
  - {id: f, type: format, volume: l, fstype: ext4, preserve: true}
  - {id: m, type: mount, device: f, path: /home}",
    );
    assert_eq!(words(&plan, "keep-vg-vg"), ["vg", "/dev/sdb1", "/dev/sdc1"]);
    assert_eq!(words(&plan, "keep-lv-vg-home"), ["vg", "home", "1073741824"]);
    assert_eq!(destroyed(&plan), ["/dev/vg/new", "/dev/vg/rest"]);
    let step = |id: &str| plan.steps.iter().find(|step| step.id == id).map(|step| step.command.join(" "));
    assert!(step("lv-vg-new").is_some_and(|command| command.contains(" --size 1073741824b ")));
    assert!(step("lv-vg-rest").is_some_and(|command| command.contains("--extents 100%FREE ")));
    let fstab =
        plan.steps.iter().find(|step| step.id == "fstab").and_then(|step| step.stdin.clone()).unwrap_or_default();
    assert!(fstab.contains("\nUUID=a0000000-0000-0000-0000-000000000000 /home ext4 "), "{fstab}");
}

/// The question is one that LVM understands. No group has this name, and activating it is left out.
#[test]
fn lvm_is_asked_for_the_members_of_a_group() {
    let plan = good("  - {id: g, type: lvm_volgroup, name: firstlight-none, devices: [b1], preserve: true}\n");
    let step = plan.steps.iter().find(|step| step.id == "keep-vg-firstlight-none");
    let script = step.and_then(|step| step.command.get(2)).cloned().unwrap_or_default();
    let script = format!("vgchange() {{ :; }}\n{script}");
    let output =
        std::process::Command::new("sh").args(["-c", &script, "group", "firstlight-none", "/dev/null"]).output();
    let output = output.unwrap_or_else(|error| panic!("{error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "firstlight-none is on\n\nand not on\n/dev/null\n", "this test needs lvm2: {error}");
}

#[test]
fn a_volume_that_stays_leaves_room_for_others() {
    let of = |name: &str| {
        good(&format!(
            "  - {{id: g, type: lvm_volgroup, name: vg, devices: [b1, c1], preserve: true}}
  - {{id: l, type: lvm_partition, name: {name}, volgroup: g, preserve: true}}
  - {{id: n, type: lvm_partition, name: new, volgroup: g, size: 2G}}
  - {{id: o, type: lvm_partition, name: rest, volgroup: g}}"
        ))
    };
    let extents = |plan: &Plan| plan.layout.volumes.last().map(|volume| volume.size >> 22);
    // 999 extents on each partition; nothing says what the first one takes, and of the other it is known.
    assert_eq!(extents(&of("unknown")), Some(2 * 999 - 512));
    assert_eq!(extents(&of("home")), Some(2 * 999 - 256 - 512));
    let yaml = "storage:
  version: 1
  config:
  - {id: d, type: disk, path: /dev/sda, preserve: true}
  - {id: g, type: lvm_volgroup, name: vg, devices: [d], preserve: true}
  - {id: l, type: lvm_partition, name: old, volgroup: g, preserve: true}
  - {id: n, type: lvm_partition, name: new, volgroup: g, size: 2G}
  - {id: o, type: lvm_partition, name: rest, volgroup: g}
  - {id: p, type: lvm_partition, name: more, volgroup: g}
";
    let full: Vec<String> = check(yaml, Level::Runtime).into_iter().map(|problem| problem.path).collect();
    assert_eq!(full, ["storage.config[5].size"]);
}

#[test]
fn an_encrypted_device_is_opened() {
    let plan = good(
        "  - {id: c0, type: dm_crypt, volume: b2, dm_name: secret, key: sesame, preserve: true}
  - {id: f, type: format, volume: c0, fstype: ext4, preserve: true}
  - {id: m, type: mount, device: f, path: /home}",
    );
    assert_eq!(words(&plan, "keep-crypt-secret"), ["secret", "/dev/sdb2", "-"]);
    let open =
        plan.steps.iter().find(|step| step.id == "keep-crypt-secret").map(|step| (step.stdin.clone(), step.secret));
    assert_eq!(open, Some((Some("sesame".to_owned()), true)));
    assert_eq!(words(&plan, "crypttab-secret"), ["/target", "secret", "/dev/sdb2", "luks"]);
    assert_eq!(destroyed(&plan), Vec::<&str>::new());
}

#[test]
fn a_bcache_is_checked_and_joined() {
    let bcache =
        "  - {id: k, type: bcache, backing_device: b2, cache_device: c2, cache_mode: writeback, preserve: true}\n";
    let plan = good(bcache);
    let step = words(&plan, "keep-bcache0");
    assert_eq!(step[..4], ["/dev/sdb2", "/dev/sdc2", "/dev/bcache0", "writeback"]);
    assert_eq!(destroyed(&plan), Vec::<&str>::new());
    assert!(
        plan.layout.to_string().ends_with("/dev/bcache0  3.9 GiB  /dev/sdb2 behind /dev/sdc2, writeback  (kept)\n")
    );
    // Which node it will be is a guess, which the step checks.
    let codes = |plan: &Plan| plan.warnings.iter().map(|problem| problem.code).collect::<Vec<_>>();
    assert_eq!(codes(&plan), ["preserve-unknown"]);
    let other = good(&bcache.replace("cache_mode: writeback", "path: /dev/bcache7"));
    assert_eq!(words(&other, "keep-bcache7")[2..4], ["/dev/bcache7", ""]);
    assert_eq!(codes(&other), Vec::<&str>::new());
}

#[test]
fn nothing_stays_on_what_is_made_anew() {
    for items in [
        "  - {id: r, type: raid, name: md0, raidlevel: 1, devices: [a3, c1], preserve: true}",
        "  - {id: g, type: lvm_volgroup, name: vg, devices: [b1]}
  - {id: l, type: lvm_partition, name: home, volgroup: g, size: 1G, preserve: true}",
        "  - {id: c0, type: dm_crypt, volume: b2, dm_name: secret, key: sesame}
  - {id: f, type: format, volume: c0, fstype: ext4, preserve: true}",
        "  - {id: r, type: raid, name: md0, raidlevel: 1, devices: [b1, c1], preserve: true, wipe: superblock}
  - {id: g, type: lvm_volgroup, name: vg, devices: [r], preserve: true}",
    ] {
        let problems = planned(items).err().unwrap_or_default();
        assert_eq!(problems.first().map(|problem| problem.code), Some("preserve-new"), "{items}: {problems:#?}");
    }
}

#[test]
fn scripts_are_shell() {
    let plan = good(
        "  - {id: r, type: raid, name: md0, raidlevel: 1, devices: [b1, c1], preserve: true}
  - {id: g, type: lvm_volgroup, name: vg, devices: [r], preserve: true}
  - {id: l, type: lvm_partition, name: home, volgroup: g, size: 1G, preserve: true}
  - {id: c0, type: dm_crypt, volume: l, dm_name: secret, key: sesame, preserve: true}
  - {id: k, type: bcache, backing_device: b2, cache_device: c2, preserve: true}",
    );
    let script = render_shell(&plan, &ShellOptions::default());
    for step in plan.steps.iter().filter(|step| step.id.starts_with("keep-")) {
        let text = step.command.get(2).cloned().unwrap_or_default();
        for text in [&script, &text] {
            let status = std::process::Command::new("dash").args(["-n", "-c", text]).status();
            assert!(status.is_ok_and(|status| status.success()), "{}", step.id);
        }
    }
}
