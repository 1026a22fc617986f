//! What stands in fstab, and disks that iSCSI reaches.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use firstlight_curtin_config::{Disk, ItemKind, Plan, Target, parse, plan};

const ADDRESS: &str = "iscsi:me:secret@10.0.0.1::3260:1:iqn.2026-01.org.example:t";

/// The second disk is a remote one.
fn machine() -> Target {
    let disk =
        |letter: &str| Disk { serial: Some(format!("S{letter}")), ..Disk::new(format!("/dev/sd{letter}"), 8 << 30) };
    Target {
        disks: vec![disk("a"), Disk { links: vec![ADDRESS.to_owned()], ..disk("b") }, disk("c")],
        seed: "machine-17".to_owned(),
        ..Target::default()
    }
}

/// A disk that boots, and these items.
#[track_caller]
fn planned(items: &str) -> Plan {
    let text = format!(
        "sources: [http://127.0.0.1/root.txz]
storage:
  version: 1
  config:
  - {{id: a, type: disk, path: /dev/sda, ptable: gpt}}
  - {{id: a1, type: partition, device: a, size: 1M, flag: bios_grub}}
  - {{id: a2, type: partition, device: a, size: 4G}}
  - {{id: root, type: format, volume: a2, fstype: ext4}}
  - {{id: m-root, type: mount, device: root, path: /}}
{items}"
    );
    let parsed = parse(&text);
    assert!(!parsed.has_errors(), "{:#?}", parsed.problems);
    plan(&parsed.config, &machine()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[track_caller]
fn input<'a>(plan: &'a Plan, id: &str) -> &'a str {
    plan.steps.iter().find(|step| step.id == id).and_then(|step| step.stdin.as_deref()).unwrap()
}

/// The words of `fstab` behind the device, by the place.
#[track_caller]
fn fstab<'a>(plan: &'a Plan, place: &str) -> &'a str {
    let mut lines = input(plan, "fstab").lines().filter_map(|line| line.split_once(' '));
    lines.find(|(_, rest)| rest.split(' ').next() == Some(place)).unwrap().1
}

#[test]
fn types_and_passes_are_those_of_curtin() {
    let plan = planned(
        "  - {id: c, type: disk, serial: Sc}
  - {id: f, type: format, volume: c, fstype: ext3}
  - {id: m1, type: mount, device: f, path: /srv, fstype: ext4}
  - {id: m2, type: mount, spec: /dev/sdz1, path: /data, fstype: ext4}
  - {id: m3, type: mount, spec: tmpfs, path: /tmp, fstype: tmpfs}
  - {id: m4, type: mount, spec: 10.0.0.1:/home, path: /home, fstype: nfs}
  - {id: m5, type: mount, spec: /dev/sdz2, path: none, fstype: swap, options: defaults}
  - {id: m6, type: mount, spec: /dev/sdz3, path: /old, fstype: ext4, passno: 2}
",
    );
    assert_eq!(fstab(&plan, "/"), "/ ext4 defaults 0 1");
    assert_eq!(fstab(&plan, "/srv"), "/srv ext4 defaults 0 1");
    assert_eq!(fstab(&plan, "/data"), "/data ext4 defaults 0 1");
    assert_eq!(fstab(&plan, "/tmp"), "/tmp tmpfs defaults 0 0");
    assert_eq!(fstab(&plan, "/home"), "/home nfs defaults 0 0");
    assert_eq!(fstab(&plan, "none"), "none swap sw 0 0");
    assert_eq!(fstab(&plan, "/old"), "/old ext4 defaults 0 2");
}

#[test]
fn a_remote_disk_waits_for_the_network() {
    let items = format!(
        "  - {{id: b, type: disk, path: '{ADDRESS}'}}
  - {{id: g, type: lvm_volgroup, name: vg, devices: [b]}}
  - {{id: l1, type: lvm_partition, volgroup: g, name: one, size: 1G}}
  - {{id: l2, type: lvm_partition, volgroup: g, name: two, size: 1G}}
  - {{id: f1, type: format, volume: l1, fstype: ext4}}
  - {{id: f2, type: format, volume: l2, fstype: ext4}}
  - {{id: m1, type: mount, device: f1, path: /one, options: noatime}}
  - {{id: m2, type: mount, device: f2, path: /two, options: '_netdev,ro'}}
"
    );
    let plan = planned(&items);
    assert_eq!(fstab(&plan, "/one"), "/one ext4 noatime,_netdev 0 1");
    assert_eq!(fstab(&plan, "/two"), "/two ext4 _netdev,ro 0 1");
    assert_eq!(fstab(&plan, "/"), "/ ext4 defaults 0 1");
    let needs = plan.steps.iter().find(|step| step.id == "needs").unwrap();
    assert_eq!(needs.command[5..], ["iscsid", "open-iscsi"]);
    assert!(planned("").steps.iter().all(|step| step.id != "needs"));
}

#[test]
fn the_password_of_a_remote_disk_is_seen_by_nobody() {
    let plan = planned(&format!("  - {{id: b, type: disk, serial: Sc, path: '{ADDRESS}'}}\n"));
    let texts: Vec<&str> = plan.warnings.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        texts,
        ["the disk is not iscsi:…@10.0.0.1::3260:1:iqn.2026-01.org.example:t but /dev/sdc: it is taken by its serial \
             or wwn"]
    );
    let parsed = parse(&format!("storage: {{version: 1, config: [{{id: b, type: disk, path: '{ADDRESS}'}}]}}"));
    let item = &parsed.config.storage.unwrap().items[0].kind;
    assert!(matches!(item, ItemKind::Disk(disk) if disk.path.as_deref() == Some(ADDRESS)));
    for text in [format!("{item:?}"), format!("{:?}", machine())] {
        assert!(text.contains("iscsi:…@10.0.0.1") && !text.contains("secret"), "{text}");
    }
}

#[test]
fn file_systems_on_partitions_of_an_array_bring_their_tools() {
    let plan = planned(
        "  - {id: b, type: disk, path: /dev/sdb}
  - {id: c, type: disk, path: /dev/sdc}
  - {id: md, type: raid, name: md0, raidlevel: 1, devices: [b, c], ptable: gpt}
  - {id: md1, type: partition, device: md, size: 4G}
  - {id: f, type: format, volume: md1, fstype: btrfs}
  - {id: m, type: mount, device: f, path: /srv}
",
    );
    let needs = plan.steps.iter().find(|step| step.id == "needs").unwrap();
    assert_eq!(needs.command[5..], ["mkfs.btrfs", "btrfs-progs", "iscsid", "open-iscsi"]);
}
