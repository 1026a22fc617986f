//! Disks and their partitions.

use super::*;

#[test]
fn logical_partitions_lie_in_the_extended_one() {
    let plan = planned(
        "sources: [http://127.0.0.1/root.txz]
storage:
  version: 1
  config:
  - {id: d, type: disk, path: /dev/disk/by-id/ata-a, ptable: msdos}
  - {id: p1, type: partition, device: d, size: 1G, flag: boot}
  - {id: x, type: partition, device: d, size: 4G, flag: extended}
  - {id: l1, type: partition, device: d, size: 1G, flag: logical}
  - {id: l2, type: partition, device: d, size: 1G, flag: logical, partition_type: '0x82'}
  - {id: p3, type: partition, device: d, size: 1G, number: 3}
  - {id: f, type: format, volume: p1, fstype: ext4}
  - {id: m, type: mount, device: f, path: /}
",
    );
    let disk = &plan.layout.disks[0];
    assert_eq!(disk.path, "/dev/sda");
    let script = disk.sfdisk_script().unwrap();
    let lines: Vec<&str> = script.lines().skip(4).collect();
    assert_eq!(
        lines,
        [
            "/dev/sda1 : start=2048, size=2097152, type=83, bootable",
            "/dev/sda2 : start=2099200, size=8392704, type=5",
            "/dev/sda5 : start=2101248, size=2097152, type=83",
            "/dev/sda6 : start=4200448, size=2097152, type=82",
            "/dev/sda3 : start=10491904, size=2097152, type=83",
        ]
    );
    assert_eq!(
        plan.layout.to_string(),
        "/dev/sda  8 GiB  msdos\n\
         ├─  1       1 GiB  linux       ext4   /\n\
         ├─  2       4 GiB  extended\n\
         │  ├─  5       1 GiB  linux\n\
         │  └─  6       1 GiB  linux\n\
         └─  3       1 GiB  linux\n"
    );
}

#[test]
fn disks_of_any_size_are_planned_or_refused() {
    for level in ["0", "5", "6", "10"] {
        let text = yaml(&format!(
            "  - {{id: e, type: disk, path: /dev/sde}}
  - {{id: it, type: raid, name: md0, raidlevel: {level}, devices: [b, c, d, e]}}
  - {{id: g, type: lvm_volgroup, name: vg, devices: [it]}}
  - {{id: l, type: lvm_partition, name: l, volgroup: g, size: 1G}}"
        ));
        let mut machine = machine();
        machine.disks.push(Disk::new("/dev/sde", 0));
        for size in [0, 1, MIB, u64::MAX / 2, u64::MAX] {
            machine.disks.iter_mut().for_each(|disk| disk.size = size);
            let _ = plan(&parse(&text).config, &machine);
        }
    }
}

#[test]
fn numbers_are_counted_as_curtin_counts() {
    let numbers = |version: u8, table: &str, parts: &[&str]| {
        let items: String = parts
            .iter()
            .enumerate()
            .map(|(at, part)| format!("  - {{id: p{at}, type: partition, device: b, size: {part}}}\n"))
            .collect();
        let text = yaml(&format!(
            "{items}  - {{id: it, type: format, volume: a3, fstype: ext4}}\n  - {{id: m, type: mount, device: it, path: /}}"
        ));
        let text = text.replace("/dev/sdb}", &format!("/dev/sdb, ptable: {table}}}"));
        let text = text.replace("version: 1", &format!("version: {version}"));
        let found: Vec<&str> = check(&text, Level::Runtime)
            .iter()
            .filter(|problem| problem.is_error())
            .map(|problem| problem.code)
            .collect();
        match plan(&parse(&text).config, &machine()) {
            Ok(plan) => {
                assert_eq!(found, Vec::<&str>::new());
                Ok(plan.layout.disks[1].partitions.iter().map(|part| part.number).collect::<Vec<u32>>())
            }
            Err(problems) => {
                assert!(!found.is_empty());
                Err(problems[0].code)
            }
        }
    };
    assert_eq!(numbers(2, "gpt", &["1G, number: 14", "1G, number: 15", "1G"]), Ok(vec![14, 15, 3]));
    assert_eq!(numbers(2, "gpt", &["1G, number: 3", "1G", "1G"]), Err("partition-number"));
    let logical = ["1G", "3G, flag: extended", "1G, flag: logical", "1G"];
    assert_eq!(numbers(2, "msdos", &logical), Ok(vec![1, 2, 5, 4]));
    let logical = ["1G", "3G, flag: extended", "1G, flag: logical", "1G, flag: logical", "1G"];
    assert_eq!(numbers(2, "msdos", &logical), Err("partition-number"));
    // Version 1 would call the last one the fifth, and count from five in a GPT, too.
    assert_eq!(numbers(1, "msdos", &logical), Err("partition-number"));
    assert_eq!(numbers(1, "gpt", &["1G", "1G, flag: logical", "1G, flag: logical", "1G"]), Ok(vec![1, 5, 6, 4]));
}

#[test]
fn nothing_is_too_large_to_be_counted() {
    let disks: String = (0..3)
        .map(|at| {
            format!(
                "  - {{id: d{at}, type: disk, serial: s{at}, ptable: gpt}}
  - {{id: p{at}, type: partition, device: d{at}, size: 8000000T}}\n"
            )
        })
        .collect();
    for user in ["type: lvm_volgroup, name: vg", "type: raid, name: md0, raidlevel: 0"] {
        let text = format!("storage:\n  version: 1\n  config:\n{disks}  - {{id: it, devices: [p0, p1, p2], {user}}}\n");
        assert_eq!(check(&text, Level::Runtime), []);
    }
    let msdos =
        yaml("  - {id: b1, type: partition, device: b, size: 1G}").replace("/dev/sdb}", "/dev/sdb, ptable: msdos}");
    for size in [0, 1, u32::MAX] {
        let mut machine = machine();
        machine.disks.iter_mut().for_each(|disk| disk.sector_size = size);
        let codes: Vec<&str> =
            plan(&parse(&msdos).config, &machine).unwrap_err().iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&"sector-size"), "{codes:?}");
    }
}

#[test]
fn a_bios_machine_boots_from_a_partition_table() {
    let text = "sources: [http://127.0.0.1/root.txz]
storage:
  version: 1
  config:
  - {id: b, type: disk, path: /dev/sdb}
  - {id: c, type: disk, path: /dev/sdc}
  - {id: it, type: raid, name: md0, raidlevel: 1, devices: [b, c]}
  - {id: f, type: format, volume: it, fstype: ext4}
  - {id: m, type: mount, device: f, path: /}
";
    let codes: Vec<&str> =
        plan(&parse(text).config, &machine()).unwrap_err().iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["no-boot-table", "no-boot-table"]);
}

#[test]
fn a_disk_keeps_its_serial_when_its_node_changes() {
    let text =
        yaml("  - {id: r, type: format, volume: a3, fstype: ext4}\n  - {id: m, type: mount, device: r, path: /}")
            .replace("path: /dev/sda", "serial: ST9_Sc, path: /dev/sda")
            .replace("path: /dev/sdc", "path: /dev/sda");
    let plan = planned(&text);
    let paths: Vec<&str> = plan.layout.disks.iter().map(|disk| disk.path.as_str()).collect();
    assert_eq!(paths, ["/dev/sdc", "/dev/sdb", "/dev/sda", "/dev/sdd"]);
    let codes: Vec<&str> = plan.warnings.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["disk-moved"]);
}

#[test]
fn what_lsblk_will_say_of_partitions() {
    let plan = planned(
        "storage:
  version: 1
  config:
  - {id: a, type: disk, path: /dev/sda, ptable: msdos}
  - {id: a1, type: partition, device: a, size: 1G, flag: boot}
  - {id: a2, type: partition, device: a, size: 2G, flag: extended}
  - {id: a5, type: partition, device: a, size: 1G, flag: logical, partition_type: '0x0C'}
  - {id: b, type: disk, path: /dev/sdb, ptable: gpt}
  - {id: b7, type: partition, device: b, size: 1G, number: 7, flag: home}
  - {id: root, type: format, volume: a1, fstype: ext4}
  - {id: m-root, type: mount, device: root, path: /}
",
    );
    let devices = plan.layout.devices();
    let json = serde_json::to_value(&devices).unwrap();
    let columns = ["path", "type", "size", "pttype", "start", "parttype"];
    let rows: Vec<String> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|device| columns.map(|column| device[column].to_string()).join(" "))
        .collect();
    let at = |mib: u64| mib * MIB;
    assert_eq!(
        rows,
        [
            format!(r#""/dev/sda" "disk" {} "dos" null null"#, at(8 * 1024)),
            format!(r#""/dev/sda1" "part" {} null {} "0x83""#, at(1024), at(1)),
            format!(r#""/dev/sda2" "part" 1024 null {} "0x5""#, at(1025)),
            format!(r#""/dev/sda5" "part" {} null {} "0xc""#, at(1024), at(1026)),
            format!(r#""/dev/sdb" "disk" {} "gpt" null null"#, at(8 * 1024)),
            format!(r#""/dev/sdb7" "part" {} null {} "933ac7e1-2eb4-4f13-b844-0e14e2aef915""#, at(1024), at(1)),
        ]
    );
    let table = plan.layout.disks[0].uuid[..8].to_owned();
    assert_eq!(devices[3].partition_uuid, Some(format!("{table}-05")));
    assert_eq!(devices[5].partition_uuid.as_deref(), Some(plan.layout.disks[1].partitions[0].uuid.as_str()));
    assert_eq!(serde_json::from_value::<Vec<firstlight_curtin_config::layout::Device>>(json).unwrap(), devices);
}
