//! Partition tables and file systems made for real on loop devices. Needs root.

#[path = "loops/harness.rs"]
mod harness;

use std::process::Command;

use firstlight_curtin_config::layout::Table;
use firstlight_curtin_config::{Disk, ExistingPartition, ExistingTable};
use harness::{Bench, check_means, run};
use serde_json::Value;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// sfdisk finds nothing wrong with a table.
#[track_caller]
fn verify(disk: &str) {
    let said = run("sfdisk", &["--verify", disk]);
    assert!(said.contains("No errors detected."), "{said}");
}

const GPT: &str = "storage:
  version: 1
  config:
  - {id: d, type: disk, serial: L0, ptable: gpt}
  - {id: esp, type: partition, device: d, size: 300M, flag: boot}
  - {id: sw, type: partition, device: d, size: 100M, flag: swap, partition_name: 'the swap'}
  - {id: home, type: partition, device: d, size: 500M, number: 7, partition_type: 933ac7e1-2eb4-4f13-b844-0e14e2aef915}
  - {id: root, type: partition, device: d, size: 1G}
  - {id: e, type: disk, serial: L1}
  - {id: f-esp, type: format, volume: esp, fstype: fat32, label: ESP}
  - {id: f-sw, type: format, volume: sw, fstype: swap, label: swp}
  - {id: f-home, type: format, volume: home, fstype: ext3, label: home}
  - {id: f-root, type: format, volume: root, fstype: ext4, label: root}
  - {id: f-data, type: format, volume: e, fstype: ext2}
  - {id: m-root, type: mount, device: f-root, path: /}
  - {id: m-esp, type: mount, device: f-esp, path: /boot/efi}
  - {id: m-home, type: mount, device: f-home, path: /home}
  - {id: m-data, type: mount, device: f-data, path: /srv/my data}
  - {id: m-sw, type: mount, device: f-sw, path: none}
";

#[test]
fn a_gpt_on_sectors_of_both_sizes() {
    check_means(&[]);
    for sector in [512, 4096] {
        let bench = Bench::new(2, 4 * GIB, sector);
        let plan = bench.plan(GPT);
        bench.partition(&plan);
        // Once more, over what is there now.
        bench.partition(&plan);
        let disk = &bench.disks[0].path;
        assert_eq!(run("sfdisk", &["--part-label", disk, "2"]), "the swap");
        assert_eq!(run("sfdisk", &["--part-type", disk, "7"]), "933AC7E1-2EB4-4F13-B844-0E14E2AEF915");
        verify(disk);
    }
}

#[test]
fn an_mbr_with_logical_partitions() {
    check_means(&[]);
    let bench = Bench::new(1, 4 * GIB, 512);
    let plan = bench.plan(
        "storage:
  version: 1
  config:
  - {id: d, type: disk, serial: L0, ptable: msdos}
  - {id: esp, type: partition, device: d, size: 300M, partition_type: '0xef'}
  - {id: x, type: partition, device: d, size: 2G, flag: extended}
  - {id: root, type: partition, device: d, size: 1G, flag: logical}
  - {id: srv, type: partition, device: d, size: 500M, flag: logical}
  - {id: last, type: partition, device: d, size: 200M, flag: swap, number: 3}
  - {id: f-esp, type: format, volume: esp, fstype: fat32}
  - {id: f-root, type: format, volume: root, fstype: ext4}
  - {id: f-srv, type: format, volume: srv, fstype: ext4}
  - {id: m-root, type: mount, device: f-root, path: /}
  - {id: m-esp, type: mount, device: f-esp, path: /boot/efi}
  - {id: m-srv, type: mount, device: f-srv, path: /srv}
",
    );
    bench.partition(&plan);
    let disk = &bench.disks[0].path;
    let types = ["1", "2", "5", "6", "3"].map(|number| run("sfdisk", &["--part-type", disk, number]).trim().to_owned());
    assert_eq!(types, ["ef", "5", "83", "83", "82"]);
}

/// What is on a disk, in the way of an inventory.
fn learn(disk: &mut Disk) {
    let path = disk.path.clone();
    let table: Value = serde_json::from_str(&run("sfdisk", &["--json", &path])).expect("JSON");
    let table = &table["partitiontable"];
    let sector = u64::from(disk.sector_size);
    let partitions = table["partitions"].as_array().expect("partitions").iter().map(|part| {
        let node = part["node"].as_str().expect("a node");
        let number = node.rsplit('p').next().and_then(|number| number.parse().ok()).expect("a number");
        let tag = |tag: &str| {
            let output = Command::new("blkid").args(["-p", "-s", tag, "-o", "value", node]).output();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
            text.ok().filter(|text| !text.is_empty())
        };
        ExistingPartition {
            number,
            start: part["start"].as_u64().expect("a start") * sector,
            size: part["size"].as_u64().expect("a size") * sector,
            type_code: part["type"].as_str().unwrap_or_default().to_owned(),
            uuid: part["uuid"].as_str().map(str::to_owned),
            fstype: tag("TYPE"),
            fs_uuid: tag("UUID"),
        }
    });
    let kind = if table["label"] == "gpt" { Table::Gpt } else { Table::Msdos };
    disk.existing = Some(ExistingTable { table: kind, partitions: partitions.collect() });
}

#[test]
fn what_is_preserved_is_there_afterwards() {
    check_means(&[]);
    let mut bench = Bench::new(2, 4 * GIB, 512);
    bench.partition(&bench.plan(GPT));
    let disk = bench.disks[0].path.clone();
    let home = format!("{disk}p7");
    let uuid = run("blkid", &["-p", "-s", "UUID", "-o", "value", &home]);
    let attributes = ["--part-attrs", &disk, "7", "GUID:63"];
    run("sfdisk", &attributes);
    // A kernel that does not read this kind of table has forgotten its partitions.
    run("sh", &["-c", "partx -u \"$1\"; partx -a \"$1\" 2>/dev/null; :", "partx", &disk]);
    learn(&mut bench.disks[0]);
    let plan = bench.plan(&format!(
        "storage:
  version: 2
  config:
  - {{id: d, type: disk, serial: L0, ptable: gpt, preserve: true}}
  - {{id: esp, type: partition, device: d, number: 1, preserve: true}}
  - {{id: home, type: partition, device: d, number: 7, size: 500M, preserve: true}}
  - {{id: root, type: partition, device: d, size: 1500M, offset: {}}}
  - {{id: more, type: partition, device: d, size: 50M, number: 2, offset: {}}}
  - {{id: f-esp, type: format, volume: esp, fstype: fat32}}
  - {{id: f-home, type: format, volume: home, fstype: ext3, preserve: true}}
  - {{id: f-root, type: format, volume: root, fstype: ext4}}
  - {{id: m-root, type: mount, device: f-root, path: /}}
  - {{id: m-esp, type: mount, device: f-esp, path: /boot/efi}}
  - {{id: m-home, type: mount, device: f-home, path: /home}}
",
        2000 * MIB,
        301 * MIB
    ));
    assert_eq!(plan.layout.disks[0].removed, [format!("{disk}p2"), format!("{disk}p4")]);
    bench.partition(&plan);
    assert_eq!(run("blkid", &["-p", "-s", "UUID", "-o", "value", &home]), uuid);
    assert_eq!(run("sfdisk", &["--part-attrs", &disk, "7"]), "GUID:63");
    verify(&disk);
}

#[test]
fn file_systems_change_their_size_with_their_partitions() {
    check_means(&[("resize2fs", "e2fsprogs")]);
    for (sector, table) in [(512, "gpt"), (4096, "gpt"), (512, "msdos")] {
        let mut bench = Bench::new(1, 4 * GIB, sector);
        let made = format!(
            "storage:
  version: 2
  config:
  - {{id: d, type: disk, serial: L0, ptable: {table}}}
  - {{id: esp, type: partition, device: d, size: 300M, flag: boot}}
  - {{id: root, type: partition, device: d, size: 2G}}
  - {{id: home, type: partition, device: d, size: 500M, offset: 2500M}}
  - {{id: f-esp, type: format, volume: esp, fstype: fat32}}
  - {{id: f-root, type: format, volume: root, fstype: ext4}}
  - {{id: f-home, type: format, volume: home, fstype: ext4}}
  - {{id: m-root, type: mount, device: f-root, path: /}}
  - {{id: m-esp, type: mount, device: f-esp, path: /boot/efi}}
  - {{id: m-home, type: mount, device: f-home, path: /home}}
"
        );
        bench.partition(&bench.plan(&made));
        let disk = bench.disks[0].path.clone();
        run("sh", &["-c", "partx -u \"$1\"; partx -a \"$1\" 2>/dev/null; :", "partx", &disk]);
        learn(&mut bench.disks[0]);
        let resized = made
            .replace("fstype: fat32}", "fstype: fat32, preserve: true}")
            .replace("fstype: ext4}", "fstype: ext4, preserve: true}")
            .replace(&format!("ptable: {table}}}"), &format!("ptable: {table}, preserve: true}}"))
            .replace("size: 300M, flag: boot}", "number: 1, preserve: true}")
            .replace("size: 2G}", "size: 1G, number: 2, preserve: true, resize: true}")
            .replace("size: 500M, offset: 2500M}", "size: 1200M, number: 3, preserve: true, resize: true}");
        bench.partition(&bench.plan(&resized));
        for (number, size) in [(2, GIB), (3, 1200 * MIB)] {
            let said = run("dumpe2fs", &["-h", &format!("{disk}p{number}")]);
            let field = |name: &str| -> u64 {
                let line = said.lines().find_map(|line| line.strip_prefix(name)).expect(name);
                line.trim().parse().expect("a number")
            };
            assert_eq!(field("Block count:") * field("Block size:"), size, "partition {number} of {table}, {sector}");
        }
        verify(&disk);
    }
}

#[test]
fn logical_partitions_that_stay_are_counted_anew() {
    check_means(&[]);
    let mut bench = Bench::new(1, 4 * GIB, 512);
    let made = "storage:
  version: 2
  config:
  - {id: d, type: disk, serial: L0, ptable: msdos}
  - {id: esp, type: partition, device: d, size: 300M, flag: boot}
  - {id: x, type: partition, device: d, size: 2G, flag: extended}
  - {id: old, type: partition, device: d, size: 200M, flag: logical}
  - {id: home, type: partition, device: d, size: 300M, flag: logical}
  - {id: root, type: partition, device: d, size: 400M, flag: logical}
  - {id: f-esp, type: format, volume: esp, fstype: fat32}
  - {id: f-home, type: format, volume: home, fstype: ext4}
  - {id: f-root, type: format, volume: root, fstype: ext4}
  - {id: m-root, type: mount, device: f-root, path: /}
  - {id: m-esp, type: mount, device: f-esp, path: /boot/efi}
  - {id: m-home, type: mount, device: f-home, path: /home}
";
    bench.partition(&bench.plan(made));
    let disk = bench.disks[0].path.clone();
    run("sh", &["-c", "partx -u \"$1\"; partx -a \"$1\" 2>/dev/null; :", "partx", &disk]);
    learn(&mut bench.disks[0]);
    let uuid = |number: u32| run("blkid", &["-p", "-s", "UUID", "-o", "value", &format!("{disk}p{number}")]);
    let home = uuid(6);
    let kept = made
        .replace("ptable: msdos}", "ptable: msdos, preserve: true}")
        .replace("size: 300M, flag: boot}", "number: 1, preserve: true}")
        .replace("size: 2G, flag: extended}", "number: 2, preserve: true}")
        .replace("  - {id: old, type: partition, device: d, size: 200M, flag: logical}\n", "")
        .replace("size: 300M, flag: logical}", "number: 6, preserve: true}")
        .replace("size: 400M, flag: logical}", "size: 500M, flag: logical}")
        .replace("volume: home, fstype: ext4}", "volume: home, fstype: ext4, preserve: true}");
    bench.partition(&bench.plan(&kept));
    assert_eq!(uuid(5), home);
    verify(&disk);
}

/// No array can be made without its driver: a second device stands for one, and is looked at when it is stopped.
#[test]
fn what_is_in_an_array_is_erased_before_it_is_stopped() {
    check_means(&[]);
    let bench = Bench::new(2, 4 * GIB, 512);
    let plan = bench.plan(GPT);
    let (disk, array) = (&bench.disks[0].path, &bench.disks[1].path);
    run("mkswap", &[array]);
    let wipe = plan.steps.iter().find(|step| step.id.starts_with("wipe-")).expect("a step that wipes");
    let script = format!(
        "stopped=$(mktemp -u)
lsblk() {{ echo \"{disk} disk\"; [ -e \"$stopped\" ] || echo \"{array} raid1\"; }}
mdadm() {{ blkid -p \"$2\"; echo \"mdadm $* and blkid $?\"; : >\"$stopped\"; }}
{}",
        wipe.command[2]
    );
    assert_eq!(run("sh", &["-c", &script, "wipe", disk]), format!("mdadm --stop {array} and blkid 2"));
}
