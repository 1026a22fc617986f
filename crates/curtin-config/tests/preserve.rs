//! Disks that keep some of their partitions.

use firstlight_curtin_config::layout::Table;
use firstlight_curtin_config::{Disk, ExistingPartition, ExistingTable, Firmware, Plan, Problem, Target, parse, plan};

const MIB: u64 = 1 << 20;

fn part(number: u32, start: u64, size: u64, type_code: &str, fstype: &str) -> ExistingPartition {
    ExistingPartition {
        number,
        start: start * MIB,
        size: size * MIB,
        type_code: type_code.to_owned(),
        uuid: Some(format!("11111111-2222-3333-4444-{number:012}")),
        fstype: Some(fstype.to_owned()),
        fs_uuid: Some(format!("aaaaaaaa-2222-3333-4444-{number:012}")),
    }
}

const LINUX: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

/// A disk of 8 GiB with an EFI system partition, an old root, and a home.
fn machine() -> Target {
    let partitions = vec![
        ExistingPartition {
            fs_uuid: Some("ABCD-1234".to_owned()),
            ..part(1, 1, 512, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "vfat")
        },
        part(2, 513, 3072, LINUX, "ext4"),
        part(3, 3585, 1024, LINUX, "xfs"),
    ];
    let existing = Some(ExistingTable { table: Table::Gpt, partitions });
    Target {
        firmware: Firmware::Uefi,
        disks: vec![Disk { existing, ..Disk::new("/dev/sda", 8 << 30) }],
        ..Target::default()
    }
}

const KEPT: &str = "sources: [http://127.0.0.1/root.txz]
storage:
  version: 2
  config:
  - {id: d, type: disk, path: /dev/sda, ptable: gpt, preserve: true}
  - {id: esp, type: partition, device: d, number: 1, size: 512M, flag: boot, preserve: true}
  - {id: home, type: partition, device: d, number: 3, size: 1G, preserve: true}
  - {id: root, type: partition, device: d, number: 2, size: 3G, offset: 513M}
  - {id: more, type: partition, device: d, size: 1G}
  - {id: f-esp, type: format, volume: esp, fstype: fat32, preserve: true}
  - {id: f-home, type: format, volume: home, fstype: xfs, preserve: true}
  - {id: f-root, type: format, volume: root, fstype: ext4}
  - {id: m-esp, type: mount, device: f-esp, path: /boot/efi}
  - {id: m-home, type: mount, device: f-home, path: /home}
  - {id: m-root, type: mount, device: f-root, path: /}
";

fn planned(text: &str) -> Result<Plan, Vec<Problem>> {
    plan(&parse(text).config, &machine())
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().take_while(|step| step.id != "extract-1").map(|step| step.id.as_str()).collect()
}

#[test]
fn a_home_is_kept_under_a_new_root() {
    let plan = planned(KEPT).unwrap();
    assert_eq!(
        plan.layout.to_string(),
        "/dev/sda  8 GiB  gpt\n\
         ├─  1     512 MiB  efi system  vfat   /boot/efi  (kept)\n\
         ├─  2       3 GiB  linux       ext4   /\n\
         ├─  3       1 GiB  linux       xfs    /home  (kept)\n\
         └─  4       1 GiB  linux\n"
    );
    assert_eq!(
        ids(&plan),
        [
            "check-sda",
            "verify-sda1",
            "verify-sda3",
            "partition-sda",
            "settle",
            "wipe-sda2",
            "wipe-sda4",
            "mkfs-sda2",
            "mount-root",
            "mount-home",
            "mount-boot-efi"
        ]
    );
    let change = plan.steps.iter().find(|step| step.id == "partition-sda").unwrap();
    assert_eq!(change.command[3..], ["change", "/dev/sda", "/dev/sda2"]);
    let lines: Vec<&str> =
        change.stdin.as_deref().unwrap().lines().map(|line| line.split(", uuid").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            format!("/dev/sda2 : start=1050624, size=6291456, type={LINUX}"),
            format!("/dev/sda4 : start=9439232, size=2097152, type={LINUX}"),
        ]
    );
    let verify = plan.steps.iter().find(|step| step.id == "verify-sda3").unwrap();
    assert!(!verify.destroys_data);
    assert_eq!(verify.command[4..], ["/dev/sda3", "7342080", "2097152"]);
    let fstab = plan.steps.iter().find(|step| step.id == "fstab").unwrap().stdin.clone().unwrap();
    assert!(fstab.contains("\nUUID=aaaaaaaa-2222-3333-4444-000000000003 /home xfs "), "{fstab}");
    assert!(fstab.contains("\nUUID=ABCD-1234 /boot/efi vfat "), "{fstab}");
}

#[test]
fn version_1_leaves_what_it_is_not_told_of() {
    let text = KEPT.replace("version: 2", "version: 1");
    let codes = |text: &str| planned(text).unwrap_err().iter().map(|problem| problem.code).collect::<Vec<_>>();
    // The old partition 2 is still there.
    assert_eq!(codes(&text)[0], "partition-number");
    let kept = text
        .replace("number: 2, size: 3G, offset: 513M", "number: 4, size: 2G")
        .replace("size: 1G}", "size: 1G, number: 5}");
    let plan = planned(&kept).unwrap();
    let root = plan.layout.device_at("/");
    assert_eq!(root, Some("/dev/sda4"));
    assert_eq!(plan.layout.disks[0].removed, Vec::<String>::new());
}

#[test]
fn nothing_is_touched_where_all_is_kept() {
    let text = KEPT
        .replace("version: 2", "version: 1")
        .replace("size: 3G, offset: 513M}", "preserve: true}")
        .replace("  - {id: more, type: partition, device: d, size: 1G}\n", "")
        .replace("volume: root, fstype: ext4}", "volume: root, fstype: ext4, preserve: true}");
    let plan = planned(&text).unwrap();
    assert!(plan.steps.iter().all(|step| !step.destroys_data), "{:?}", ids(&plan));
}

/// Version 2 of curtin writes tables of two kinds again, where the item names one, and hands all else to version 1.
#[test]
fn a_table_that_is_not_named_stays() {
    for kept in [
        "{id: data, type: disk, serial: S2, preserve: true}",
        "{id: data, type: disk, serial: S2, preserve: true, ptable: unsupported}",
        "{id: data, type: device, path: /dev/sdb}",
        "{id: data, type: disk, serial: S2, preserve: true, ptable: dos}",
    ] {
        let mut machine = machine();
        let mut data = machine.disks[0].clone();
        if kept.contains("dos") {
            data.existing.as_mut().unwrap().table = Table::Msdos;
        }
        machine.disks.push(Disk { path: "/dev/sdb".to_owned(), serial: Some("S2".to_owned()), ..data });
        let items = format!(
            "  - {kept}\n  - {{id: more-home, type: partition, device: data, number: 3, size: 1G, preserve: true}}\n"
        );
        let plan =
            plan(&parse(&format!("{KEPT}{items}")).config, &machine).unwrap_or_else(|it| panic!("{kept}: {it:#?}"));
        let layout = &plan.layout.disks[1];
        assert_eq!((layout.removed.len(), layout.partitions.len()), (0, 3), "{kept}");
        let writes = plan.steps.iter().flat_map(|step| &step.writes).filter(|path| path.starts_with("/dev/sdb"));
        assert_eq!(writes.collect::<Vec<_>>(), Vec::<&String>::new(), "{kept}");
        let resized = items.replace("size: 1G", "size: 2G, resize: true");
        let problems =
            firstlight_curtin_config::plan(&parse(&format!("{KEPT}{resized}")).config, &machine).unwrap_err();
        assert_eq!(problems[0].code, "preserve-differs", "{kept}: version 1 resizes nothing");
    }
}

/// A root that gives some of its room to a home.
const RESIZED: &str = "sources: [http://127.0.0.1/root.txz]
storage:
  version: 2
  config:
  - {id: d, type: disk, path: /dev/sda, ptable: gpt, preserve: true}
  - {id: esp, type: partition, device: d, number: 1, preserve: true}
  - {id: root, type: partition, device: d, number: 2, size: 2G, preserve: true, resize: true}
  - {id: home, type: partition, device: d, number: 3, size: 3G, preserve: true, resize: true}
  - {id: more, type: partition, device: d, size: 1G, offset: 2561M}
  - {id: f-esp, type: format, volume: esp, fstype: fat32, preserve: true}
  - {id: f-root, type: format, volume: root, fstype: ext4, preserve: true}
  - {id: f-home, type: format, volume: home, fstype: ext4}
  - {id: m-root, type: mount, device: f-root, path: /}
  - {id: m-esp, type: mount, device: f-esp, path: /boot/efi}
  - {id: m-home, type: mount, device: f-home, path: /home}
";

#[test]
fn what_is_kept_changes_its_size() {
    let plan = planned(RESIZED).unwrap();
    assert_eq!(
        plan.layout.to_string(),
        "/dev/sda  8 GiB  gpt\n\
         ├─  1     512 MiB  efi system  vfat   /boot/efi  (kept)\n\
         ├─  2       2 GiB  linux       ext4   /  (kept, now 3 GiB)\n\
         ├─  4       1 GiB  linux\n\
         └─  3       3 GiB  linux       ext4   /home  (kept, now 1 GiB)\n"
    );
    let steps = ["verify-sda1", "verify-sda2", "verify-sda3", "resize-sda2", "partition-sda", "settle", "wipe-sda4"];
    assert_eq!(ids(&plan)[1..8], steps, "what is on the home is made anew");
    let step = |id: &str| plan.steps.iter().find(|step| step.id == id).unwrap();
    assert_eq!(step("resize-sda2").command[4..], ["/dev/sda2", "2147483648"]);
    assert_eq!(step("partition-sda").command[4..], ["/dev/sda", "/dev/sda2=4194304", "/dev/sda3=6291456"]);
    assert_eq!(step("verify-sda2").command[5..], ["1050624", "6291456", "resize"], "the size that it has");

    let kept = RESIZED.replace("fstype: ext4}", "fstype: ext4, preserve: true}");
    let mut machine = machine();
    machine.disks[0].existing.as_mut().unwrap().partitions[2].fstype = Some("ext4".to_owned());
    let plan = firstlight_curtin_config::plan(&parse(&kept).config, &machine).unwrap();
    assert_eq!(ids(&plan)[7..9], ["wipe-sda4", "resize-sda3"], "larger when there is room");
    assert!(!plan.steps.iter().any(|step| step.id == "mkfs-sda3"));

    // Who does not say what is there, is not taken to say that nothing is.
    for part in &mut machine.disks[0].existing.as_mut().unwrap().partitions {
        part.fstype = None;
    }
    let plan = firstlight_curtin_config::plan(&parse(RESIZED).config, &machine).unwrap();
    assert_eq!(ids(&plan)[1..8], steps);
    let words = |id: &str| plan.steps.iter().find(|step| step.id == id).unwrap().command[7..].join(" ");
    assert_eq!(["verify-sda1", "verify-sda2", "verify-sda3"].map(words), ["", "resize", ""]);

    for size in ["4G", "0"] {
        let text = RESIZED.replace("number: 2, size: 2G", &format!("number: 2, size: {size}"));
        let problems = planned(&text).expect_err(size);
        let end = "do not fit where the partition is: it can have 512 B to 3 GiB";
        assert!(problems[0].message.ends_with(end), "{size}: {problems:#?}");
    }
}

/// A disk of 8 GiB with an extended partition, and three logical ones in it.
const LOGICAL: &str = "sources: [http://127.0.0.1/root.txz]
storage:
  version: 2
  config:
  - {id: d, type: disk, path: /dev/sda, ptable: msdos, preserve: true}
  - {id: x, type: partition, device: d, number: 2, flag: extended, preserve: true}
  - {id: root, type: partition, device: d, number: 1, preserve: true}
  - {id: home, type: partition, device: d, number: 6, size: 512M, preserve: true, resize: true}
  - {id: more, type: partition, device: d, number: 5, size: 512M, offset: 1026M, flag: logical}
  - {id: f-root, type: format, volume: root, fstype: ext4}
  - {id: f-home, type: format, volume: home, fstype: ext4, preserve: true}
  - {id: m-root, type: mount, device: f-root, path: /}
  - {id: m-home, type: mount, device: f-home, path: /home}
";

/// sfdisk counts them in the order of its lines: what stays comes first.
#[test]
fn logical_partitions_have_no_gaps() {
    let mut machine = machine();
    machine.firmware = Firmware::Bios;
    let logical = |number| part(number, 1026 + 1025 * u64::from(number - 5), 1024, "83", "ext4");
    let partitions =
        vec![part(1, 1, 1024, "83", "ext4"), part(2, 1025, 6000, "5", ""), logical(7), logical(6), logical(5)];
    machine.disks[0].existing = Some(ExistingTable { table: Table::Msdos, partitions });
    let plan = firstlight_curtin_config::plan(&parse(LOGICAL).config, &machine).unwrap();
    let numbers = |plan: &Plan| {
        let parts = plan.layout.disks[0].partitions.iter();
        parts.map(|part| (part.id.clone(), part.path.clone())).collect::<Vec<_>>()
    };
    let named = |list: &[(&str, &str)]| {
        list.iter().map(|(id, path)| ((*id).to_owned(), (*path).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(
        numbers(&plan),
        named(&[("root", "/dev/sda1"), ("x", "/dev/sda2"), ("more", "/dev/sda6"), ("home", "/dev/sda5")])
    );
    let step = |id: &str| plan.steps.iter().find(|step| step.id == id).unwrap().command[4..].join(" ");
    assert_eq!(step("verify-sda6"), "/dev/sda6 4200448 2097152 resize");
    assert_eq!(step("resize-sda6"), "/dev/sda6 536870912", "a file system is smaller before its partition is");
    assert_eq!(step("partition-sda"), "/dev/sda /dev/sda5 /dev/sda7 /dev/sda6=1048576");
    assert!(step("mount-home").contains(" /dev/sda5 "));
    let fstab = plan.steps.iter().find(|step| step.id == "fstab").unwrap().stdin.clone().unwrap();
    assert!(fstab.contains("\nUUID=aaaaaaaa-2222-3333-4444-000000000006 /home ext4 "), "{fstab}");

    let group = "  - {id: g, type: lvm_volgroup, name: vg, devices: [home], preserve: true}\n";
    let text: String = LOGICAL.lines().filter(|line| !line.contains("-home")).map(|line| format!("{line}\n")).collect();
    let problems = firstlight_curtin_config::plan(&parse(&format!("{text}{group}")).config, &machine).unwrap_err();
    assert_eq!(problems[0].code, "preserve-number", "{problems:#?}");
}

#[test]
fn refusals() {
    for (from, to, code) in [
        ("ptable: gpt", "ptable: msdos", "preserve-differs"),
        ("number: 1, size: 512M", "number: 1, size: 1G", "preserve-differs"),
        ("number: 3, size: 1G", "number: 3, flag: swap", "preserve-differs"),
        ("number: 3, size: 1G", "number: 4", "preserve-missing"),
        ("number: 3, size: 1G", "number: 1", "preserve-missing"),
        ("number: 3, size: 1G", "number: 3, size: 2G, resize: true", "resize-unsupported"),
        ("fstype: xfs", "fstype: ext4", "preserve-differs"),
        ("number: 3, size: 1G", "number: 3, wipe: zero", "preserve-new"),
        ("offset: 513M", "offset: 100M", "partition-overlap"),
    ] {
        assert!(KEPT.contains(from), "{from}");
        let problems = planned(&KEPT.replace(from, to)).expect_err(to);
        assert_eq!(problems[0].code, code, "{to}: {problems:#?}");
    }
    let blind = Target { disks: vec![Disk::new("/dev/sda", 8 << 30)], firmware: Firmware::Uefi, ..Target::default() };
    assert_eq!(plan(&parse(KEPT).config, &blind).unwrap_err()[0].code, "preserve-unknown");
    let mut odd = machine();
    odd.disks[0].existing.as_mut().unwrap().partitions[2].start = u64::MAX;
    assert_eq!(plan(&parse(KEPT).config, &odd).unwrap_err()[0].code, "preserve-unknown");
}
