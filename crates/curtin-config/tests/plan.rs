//! Configurations and machines, and the plans or refusals that they give.

use firstlight_curtin_config::{Disk, Firmware, Level, Plan, Problem, Stage, Target, check, parse, plan};
use proptest::prelude::*;

fn target(firmware: Firmware, disks: &[(&str, u64)]) -> Target {
    Target {
        firmware,
        disks: disks
            .iter()
            .map(|(path, gibibytes)| Disk {
                serial: Some(format!("serial-of-{}", path.trim_start_matches("/dev/"))),
                ..Disk::new(*path, gibibytes << 30)
            })
            .collect(),
        hostname: "brave-otter".to_owned(),
        seed: "machine-17".to_owned(),
        ..Target::default()
    }
}

#[track_caller]
fn planned(yaml: &str, target: &Target) -> Plan {
    let parsed = parse(yaml);
    assert!(!parsed.has_errors(), "{:#?}", parsed.problems);
    plan(&parsed.config, target).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The refusals of a configuration, as `code path line`.
#[track_caller]
fn refused(yaml: &str, target: &Target) -> Vec<String> {
    let problems = plan(&parse(yaml).config, target).expect_err("a plan was made");
    problems.iter().map(|problem| format!("{} {} {}", problem.code, problem.path, problem.span.line)).collect()
}

const SOURCE: &str = "sources: {root: 'http://127.0.0.1:5280/root.tar.zst'}\n";

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

#[test]
fn the_flat_layout_of_a_bios_machine() {
    let plan = planned(SOURCE, &target(Firmware::Bios, &[("/dev/vda", 8)]));
    assert_eq!(
        ids(&plan),
        [
            "check-vda",
            "wipe-vda",
            "partition-vda",
            "settle",
            "mkfs-vda2",
            "mkfs-vda3",
            "mount-root",
            "mount-boot-efi",
            "extract-1",
            "fstab",
            "hostname",
            "hosts",
            "network",
            "networkd",
            "bind",
            "unlive",
            "grub-defaults",
            "grub-install",
            "grub-config",
            "unmount"
        ]
    );
    let grub = plan.steps.iter().find(|step| step.id == "grub-install").unwrap();
    assert_eq!(grub.command, ["chroot", "/target", "grub-install", "--target=i386-pc", "/dev/vda"]);
    assert_eq!(
        plan.layout.to_string(),
        "/dev/vda  8 GiB  gpt\n\
         ├─  1       1 MiB  bios_grub\n\
         ├─  2     512 MiB  efi system  vfat   /boot/efi\n\
         └─  3     7.4 GiB  linux       ext4   /\n"
    );
    let disk = &plan.layout.disks[0];
    let script = disk.sfdisk_script().unwrap();
    let lines: Vec<&str> = script.lines().collect();
    let root = &disk.partitions[2];
    assert_eq!(
        lines[4..],
        [
            format!(
                "/dev/vda1 : start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, uuid={}",
                disk.partitions[0].uuid
            ),
            format!(
                "/dev/vda2 : start=4096, size=1048576, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid={}",
                disk.partitions[1].uuid
            ),
            format!(
                "/dev/vda3 : start=1052672, size=15722496, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid={}",
                root.uuid
            ),
        ]
    );
    assert_eq!(root.start + root.size, (8 << 30) - (1 << 20));
}

#[test]
fn both_firmwares_get_the_same_layout() {
    let disks = [("/dev/nvme0n1", 8)];
    let bios = planned(SOURCE, &target(Firmware::Bios, &disks));
    let uefi = planned(SOURCE, &target(Firmware::Uefi, &disks));
    assert_eq!(bios.layout, uefi.layout);
    assert_eq!(bios.layout.disks[0].partitions[2].path, "/dev/nvme0n1p3");
    let grub: Vec<&str> = ids(&uefi).into_iter().filter(|id| id.starts_with("grub-install")).collect();
    assert_eq!(grub, ["grub-install-removable", "grub-install"]);
    for step in uefi.steps.iter().filter(|step| step.id.starts_with("grub-install")) {
        assert!(step.command.contains(&"--no-nvram".to_owned()), "the boot order is never touched");
    }
}

#[test]
fn plans_are_deterministic_and_differ_between_machines() {
    let one = target(Firmware::Bios, &[("/dev/sda", 20)]);
    assert_eq!(planned(SOURCE, &one), planned(SOURCE, &one));
    let other = Target { seed: "machine-18".to_owned(), ..one.clone() };
    let uuid = |plan: &Plan| plan.layout.mounts[0].spec.clone();
    assert_ne!(uuid(&planned(SOURCE, &one)), uuid(&planned(SOURCE, &other)));
}

#[test]
fn the_first_disk_with_room_is_taken() {
    let plan = planned(SOURCE, &target(Firmware::Bios, &[("/dev/sda", 1), ("/dev/sdb", 2)]));
    assert_eq!(plan.layout.disks[0].path, "/dev/sdb");
    assert_eq!(refused(SOURCE, &target(Firmware::Bios, &[("/dev/sda", 1)])), ["no-disk storage 0"]);
    assert_eq!(refused(SOURCE, &target(Firmware::Bios, &[])), ["no-disk storage 0"]);
}

const CUSTOM: &str = "\
sources: [http://127.0.0.1/root.squashfs]
storage:
  version: 1
  config:
  - {id: d, type: disk, serial: serial-of-sdb, ptable: gpt, wipe: superblock, grub_device: true}
  - {id: bios, type: partition, device: d, size: 1M, flag: bios_grub}
  - {id: esp, type: partition, device: d, size: 512M, flag: boot}
  - {id: boot, type: partition, device: d, size: 1G}
  - {id: sw, type: partition, device: d, size: 1G, flag: swap}
  - {id: root, type: partition, device: d, size: 10G}
  - {id: home, type: partition, device: d, size: 1.5G, number: 9}
  - {id: f-esp, type: format, volume: esp, fstype: fat32, label: ESP}
  - {id: f-boot, type: format, volume: boot, fstype: ext4}
  - {id: f-sw, type: format, volume: sw, fstype: swap}
  - {id: f-root, type: format, volume: root, fstype: xfs, label: root}
  - {id: f-home, type: format, volume: home, fstype: ext4, extra_options: [-m, '0'], uuid: 11111111-2222-3333-4444-555555555555}
  - {id: m-home, type: mount, device: f-home, path: /home, options: noatime}
  - {id: m-esp, type: mount, device: f-esp, path: /boot/efi}
  - {id: m-boot, type: mount, device: f-boot, path: /boot}
  - {id: m-root, type: mount, device: f-root, path: /}
  - {id: m-sw, type: mount, device: f-sw, path: none}
  - {id: m-tmp, type: mount, spec: tmpfs, fstype: tmpfs, path: /tmp, options: 'size=1G'}
";

#[test]
fn a_storage_section_is_followed() {
    let plan = planned(CUSTOM, &target(Firmware::Uefi, &[("/dev/sda", 20), ("/dev/sdb", 20)]));
    assert_eq!(
        plan.layout.to_string(),
        "/dev/sdb  20 GiB  gpt\n\
         ├─  1       1 MiB  bios_grub\n\
         ├─  2     512 MiB  efi system  vfat   /boot/efi\n\
         ├─  3       1 GiB  linux       ext4   /boot\n\
         ├─  4       1 GiB  swap        swap\n\
         ├─  5      10 GiB  linux       xfs    /\n\
         └─  9     1.5 GiB  linux       ext4   /home\n"
    );
    let mounts: Vec<&str> = plan.steps.iter().map(|s| s.id.as_str()).filter(|id| id.starts_with("mount-")).collect();
    assert_eq!(mounts, ["mount-root", "mount-home", "mount-boot", "mount-tmp", "mount-boot-efi"]);
    let fstab = plan.steps.iter().find(|step| step.id == "fstab").unwrap().stdin.clone().unwrap();
    let fields: Vec<Vec<&str>> = fstab.lines().skip(1).map(|line| line.split(' ').skip(1).collect()).collect();
    assert_eq!(
        fields,
        [
            vec!["/", "xfs", "defaults", "0", "1"],
            vec!["/home", "ext4", "noatime", "0", "1"],
            vec!["/boot", "ext4", "defaults", "0", "1"],
            vec!["/tmp", "tmpfs", "size=1G", "0", "0"],
            vec!["/boot/efi", "vfat", "defaults", "0", "1"],
            vec!["none", "swap", "sw", "0", "0"],
        ]
    );
    let home = plan.steps.iter().find(|step| step.id == "mkfs-sdb9").unwrap();
    assert!(home.command.ends_with(&["-m", "0", "/dev/sdb9"].map(str::to_owned)));
    assert!(home.command.contains(&"11111111-2222-3333-4444-555555555555".to_owned()));
}

#[test]
fn msdos_disks_boot_bios_machines() {
    let yaml = format!(
        "{SOURCE}storage:\n  version: 1\n  config:\n  \
         - {{id: d, type: disk, path: /dev/vda, ptable: msdos}}\n  \
         - {{id: p, type: partition, device: d, size: 4G, flag: boot}}\n  \
         - {{id: f, type: format, volume: p, fstype: ext4}}\n  - {{id: m, type: mount, device: f, path: /}}\n"
    );
    let plan = planned(&yaml, &target(Firmware::Bios, &[("/dev/vda", 8)]));
    let script = plan.layout.disks[0].sfdisk_script().unwrap();
    assert!(script.starts_with("label: dos\nlabel-id: 0x"));
    assert!(script.ends_with("/dev/vda1 : start=2048, size=8388608, type=83, bootable\n"), "{script}");
    assert_eq!(refused(&yaml, &target(Firmware::Uefi, &[("/dev/vda", 8)])), ["no-esp storage.config 0"]);
}

#[test]
fn commands_of_all_stages() {
    let yaml = "\
sources: [http://127.0.0.1/root.txz]
early_commands: {b: [echo, \"$HOME\"], a: 'echo hi', skipped: ''}
partitioning_commands: {builtin: [curtin, block-meta, custom]}
late_commands:
  builtin: []
  10_x: [curtin, in-target, -t, /elsewhere, --, sh, -c, 'touch /x']
  9_y: curtin in-target -- true
";
    let plan = planned(yaml, &target(Firmware::Bios, &[("/dev/vda", 8)]));
    let own = plan.steps.iter().filter(|step| matches!(step.stage, Stage::Early | Stage::Late));
    let own: Vec<(&str, Vec<&str>)> =
        own.map(|step| (step.id.as_str(), step.command.iter().map(String::as_str).take(5).collect())).collect();
    assert_eq!(
        own[..4],
        [
            ("early-a", vec!["sh", "-c", "echo hi"]),
            ("early-b", vec!["echo", "$HOME"]),
            ("late-10-x", vec!["chroot", "/target", "sh", "-c", "touch /x"]),
            ("late-9-y", vec!["sh", "-c", "curtin in-target -- true"]),
        ]
    );
    let mut stages: Vec<Stage> = plan.steps.iter().map(|step| step.stage).collect();
    let order = stages.clone();
    stages.sort();
    assert_eq!(order, stages);
}

#[test]
fn stages_can_be_left_out_and_added() {
    let yaml = "sources: [http://127.0.0.1/root.txz]
stages: [early, partitioning, extract, mine, curthooks]
mine_commands: {a: [echo, mine]}
late_commands: {a: [echo, late]}
network_commands: {a: [echo, network]}
";
    let plan = planned(yaml, &target(Firmware::Bios, &[("/dev/vda", 8)]));
    let own: Vec<&str> = ids(&plan).into_iter().filter(|id| id.ends_with("-a")).collect();
    assert_eq!(own, ["extract-a"]);
    let stages: Vec<Stage> = plan.steps.iter().map(|step| step.stage).collect();
    assert!(stages.is_sorted());
    let twice = yaml.replace("[early, partitioning", "[partitioning, partitioning");
    assert_eq!(refused(&twice, &target(Firmware::Bios, &[("/dev/vda", 8)]))[0], "stage-order stages 2");
}

#[test]
fn a_swap_file_is_made_where_one_is_wanted() {
    let machine = target(Firmware::Bios, &[("/dev/vda", 8)]);
    let step = |swap: &str| {
        let plan = planned(&format!("{SOURCE}swap: {swap}\n"), &machine);
        plan.steps.iter().find(|step| step.id == "swap-file").map(|step| step.command[4..].join(" "))
    };
    assert_eq!(step("{size: 1G}").as_deref(), Some("/target /swap.img 1073741824 "));
    assert_eq!(step("{filename: var/swap, maxsize: 2G}").as_deref(), Some("/target /var/swap auto 2147483648"));
    assert_eq!(step("{size: 0B}"), None);
    assert_eq!(step("{}"), None);
    let problems = refused(&format!("{SOURCE}swap: {{filename: ../x, size: 1G}}\n"), &machine);
    assert_eq!(problems, ["file-path swap.filename 2"]);
}

#[test]
fn what_is_not_done_is_said() {
    let yaml = format!(
        "{SOURCE}curthooks: {{mode: target}}\nreporting: {{a: {{type: print}}}}\ninstall: {{log_file: /x, unmount: a}}\n"
    );
    let plan = planned(&yaml, &target(Firmware::Bios, &[("/dev/vda", 8)]));
    let told: Vec<String> =
        plan.warnings.iter().map(|problem| format!("{} {} {}", problem.severity, problem.code, problem.path)).collect();
    assert_eq!(
        told,
        ["info left-to-caller reporting", "info left-to-caller install.log_file", "warning not-planned curthooks.mode"]
    );
}

#[test]
fn the_boot_menu_is_set_up_as_its_section_says() {
    let machine = target(Firmware::Bios, &[("/dev/vda", 8)]);
    let defaults = |boot: &str| {
        let plan = planned(&format!("{SOURCE}{boot}"), &machine);
        plan.steps.iter().find(|step| step.id == "grub-defaults").unwrap().stdin.clone().unwrap()
    };
    let settings = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.contains("TIMEOUT"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let kernel = format!("GRUB_CMDLINE_LINUX=\"{}\"", machine.kernel_options);
    let usual = settings(&defaults(""));
    assert_eq!(usual[0], "GRUB_DISABLE_OS_PROBER=true");
    assert_eq!(usual[1], "GRUB_TERMINAL=\"serial console\"");
    assert_eq!(usual[3..], ["GRUB_CMDLINE_LINUX_DEFAULT=\"\"".to_owned(), kernel.clone()]);
    let own = "grub: {terminal: 'a \"$b', probe_additional_os: true, replace_linux_default: false}\n";
    assert_eq!(settings(&defaults(own)), [r#"GRUB_TERMINAL="a \"\$b""#, &kernel]);
    let unmodified = settings(&defaults("grub: {terminal: unmodified}\n"));
    assert!(unmodified.iter().all(|line| !line.contains("TERMINAL") && !line.contains("SERIAL")), "{unmodified:?}");
}

/// A driver that is installed first, mirrors, a cloud image, and a machine that is off in the end.
#[test]
fn a_configuration_as_it_is_found_in_the_wild() {
    let yaml = "\
early_commands:
  driver_01_install: [\"sh\", \"-c\", \"apt-get update --quiet && apt-get --assume-yes install driver\"]
  driver_02_load: [\"sh\", \"-c\", \"depmod && modprobe driver\"]
apt_mirrors:
  ubuntu_archive: http://local.archive/ubuntu
  ubuntu_security: http://local.archive/ubuntu
sources:
  - https://cloud-images.ubuntu.com/xenial/current/xenial-server-cloudimg-amd64-root.tar.gz
power_state:
  mode: poweroff
  delay: 5
  message: Bye Bye
";
    let errors: Vec<_> = check(yaml, Level::Lint).into_iter().filter(Problem::is_error).collect();
    assert_eq!(errors, []);
    let plan = planned(yaml, &target(Firmware::Uefi, &[("/dev/vda", 8)]));
    assert_eq!(ids(&plan)[..2], ["early-driver-01-install", "early-driver-02-load"]);
    let last = plan.steps.last().unwrap();
    assert_eq!(last.command[3..], ["power", "5", "shutdown", "-P", "now", "Bye Bye"]);
    assert_eq!(last.description, "poweroff after 5 seconds, unless there is /run/block-curtin-poweroff");
    let list = plan.steps.iter().find(|step| step.id == "apt-list").unwrap();
    assert_eq!(list.command[5..7], ["http://local.archive/ubuntu", "http://local.archive/ubuntu"]);
    let extract = plan.steps.iter().find(|step| step.id == "extract-1").unwrap();
    assert_eq!(
        extract.reads,
        ["https://cloud-images.ubuntu.com/xenial/current/xenial-server-cloudimg-amd64-root.tar.gz"]
    );
}

#[test]
fn refusals() {
    let machine = target(Firmware::Bios, &[("/dev/vda", 8)]);
    let storage = |items: &str| format!("{SOURCE}storage:\n  version: 1\n  config:\n{items}");
    let disk = "  - {id: d, type: disk, path: /dev/vda, ptable: gpt}\n";
    for (yaml, wanted) in [
        ("a: [\n".to_owned(), vec!["yaml-syntax  1"]),
        ("- a\n".to_owned(), vec!["bad-type  1"]),
        (format!("{SOURCE}late_commands: {{x: {{}}, y: {{a: 1}}}}\n"), vec!["bad-type late_commands.y 2"]),
        (format!("{SOURCE}late_commands: {{x: [curtin]}}\n"), vec!["curtin-command late_commands.x 2"]),
        (format!("{SOURCE}late_commands: {{x: [curtin, in-target]}}\n"), vec!["in-target late_commands.x 2"]),
        (format!("{SOURCE}late_commands: {{x: [echo, \"a\\0b\"]}}\n"), vec!["bad-value late_commands.x[1] 2"]),
        ("sources: ['smb://h/cdrom']".to_owned(), vec!["source-uri sources[0] 1"]),
        (storage("  - {id: d, type: disk, path: /dev/vdz}\n"), vec!["disk-not-found storage.config[0] 5"]),
        (storage("  - {id: d, type: disk}\n"), vec!["disk-unnamed storage.config[0] 5"]),
        (storage("  - {id: d, type: dasd, device_id: 0.0.1520}\n"), vec!["missing-key storage.config[0].blocksize 5"]),
        (
            storage("  - {id: d, type: disk, path: /dev/vda, ptable: gpt, preserve: true}\n"),
            vec!["preserve-unknown storage.config[0].preserve 5"],
        ),
        (
            storage(&format!("{disk}  - {{id: p, type: partition, device: d, size: 1MiB}}\n")),
            vec!["bad-size storage.config[1].size 6"],
        ),
        (
            storage(&format!("{disk}  - {{id: p, type: partition, device: d, size: 9G}}\n")),
            vec!["partition-size storage.config[1].size 6"],
        ),
        (
            storage(&format!("{disk}  - {{id: p, type: partition, device: e, size: 1G}}\n")),
            vec!["unknown-device storage.config[1].device 6"],
        ),
        (storage(disk), vec!["no-root storage.config 0"]),
        (
            storage(&format!(
                "{disk}  - {{id: p, type: partition, device: d, size: 2G}}\n  \
                 - {{id: f, type: format, volume: p, fstype: ext4}}\n  - {{id: m, type: mount, device: f, path: /}}\n"
            )),
            vec!["no-bios-grub storage.config 0"],
        ),
    ] {
        assert_eq!(refused(&yaml, &machine), wanted, "{yaml}");
    }
    for (odd, code) in [
        (Target { hostname: "a b".to_owned(), ..machine.clone() }, "hostname"),
        (Target { hostname: "x\ny".to_owned(), ..machine.clone() }, "hostname"),
        (Target { mount_point: "/".to_owned(), ..machine.clone() }, "mount-point"),
        (Target { mount_point: "/a/../b".to_owned(), ..machine.clone() }, "mount-point"),
        (Target { kernel_options: "\"; reboot #".to_owned(), ..machine.clone() }, "kernel-options"),
        (target(Firmware::Bios, &[("/dev/x y", 8)]), "disk-path"),
    ] {
        assert_eq!(refused(SOURCE, &odd), [format!("{code}  0")]);
    }
}

/// A storage section alone can be looked at: the image may be named in another file.
#[test]
fn a_plan_without_an_image_says_so() {
    let plan = planned("{}", &target(Firmware::Bios, &[("/dev/vda", 8)]));
    assert_eq!(plan.warnings.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["no-source"]);
    assert!(!ids(&plan).iter().any(|id| id.starts_with("extract")));
}

#[test]
fn problems_say_where_and_what_to_do() {
    let parsed = parse(
        "late-commands: {}\nstorage: {version: 1, config: [{id: p, type: partition, device: d, size: 1MiB}]}\nlate_commands: 5\n",
    );
    let shown: Vec<String> = parsed.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "1:1: warning[unknown-key] late-commands: curtin does not know this key (did you mean `late_commands`?)",
            "2:74: error[bad-size] storage.config[0].size: size is not a number with an optional unit of B, K, M, G or T \
             (write a number of bytes, or one with B, K, M, G or T, such as 512M)",
            "3:16: error[bad-type] late_commands: must be a mapping of names to commands, not an integer \
             (write `10_name: [COMMAND, ARGUMENTS]` below it)",
        ]
    );
    assert_eq!(parse("{}").problems, []);
}

#[test]
fn alias_bombs_and_deep_nests_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
    }
    assert_eq!(parse(&bomb).problems.last().unwrap().code, "too-large");
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(parse(&deep).has_errors());
    let mut chain = String::from("a0: &a0 {x: 1}\n");
    for level in 1..2000 {
        chain.push_str(&format!("a{level}: &a{level} {{x: *a{}}}\n", level - 1));
    }
    assert!(parse(&chain).has_errors());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_parsed_and_planned_or_refused(text in "[ -~\n\t&*!|>]{0,200}") {
        let parsed = parse(&text);
        let _ = plan(&parsed.config, &target(Firmware::Uefi, &[("/dev/vda", 8)]));
    }

    #[test]
    fn partitions_are_aligned_inside_and_apart(
        sizes in proptest::collection::vec(1_u64..3 << 30, 1..12),
        root in 1_u64 << 20..3 << 30,
        disk in 1_u64..40,
        sector in prop_oneof![Just(512_u32), Just(4096)],
    ) {
        let sizes: Vec<u64> = sizes.into_iter().chain([root]).collect();
        let mut yaml = format!("{SOURCE}storage:\n  version: 1\n  config:\n  - {{id: d, type: disk, path: /dev/vda, ptable: gpt}}\n");
        for (at, size) in sizes.iter().enumerate() {
            let flag = if at == 0 { "flag: bios_grub, " } else { "" };
            yaml.push_str(&format!("  - {{id: p{at}, type: partition, {flag}device: d, size: {size}}}\n"));
        }
        let last = sizes.len() - 1;
        yaml.push_str(&format!("  - {{id: f, type: format, volume: p{last}, fstype: ext4}}\n  - {{id: m, type: mount, device: f, path: /}}\n"));
        let mut machine = target(Firmware::Bios, &[("/dev/vda", disk)]);
        machine.disks[0].sector_size = sector;
        if let Ok(plan) = plan(&parse(&yaml).config, &machine) {
            let partitions = &plan.layout.disks[0].partitions;
            for (partition, size) in partitions.iter().zip(&sizes) {
                prop_assert_eq!(partition.start % (1 << 20), 0);
                prop_assert!(partition.size >= *size && partition.size < size + u64::from(sector));
                prop_assert_eq!(partition.size % u64::from(sector), 0);
            }
            for pair in partitions.windows(2) {
                prop_assert!(pair[0].start + pair[0].size <= pair[1].start);
            }
            let end = partitions.last().map(|last| last.start + last.size);
            prop_assert!(end <= Some((disk << 30) - 16_384 - u64::from(sector)));
        } else {
            prop_assert!(sizes.iter().sum::<u64>() + ((sizes.len() as u64 + 2) << 20) > disk << 30);
        }
    }
}

#[test]
fn mounts_stand_in_fstab_as_they_are() {
    let yaml =
        CUSTOM.replace("path: /home,", "path: '/srv/it is #1/',").replace("options: noatime", "options: 'x-a=b c'");
    let plan = planned(&yaml, &target(Firmware::Uefi, &[("/dev/sda", 20), ("/dev/sdb", 20)]));
    let fstab = plan.steps.iter().find(|step| step.id == "fstab").unwrap().stdin.clone().unwrap();
    assert!(fstab.contains(" /srv/it\\040is\\040\\0431 ext4 x-a=b\\040c 0 1\n"), "{fstab}");
    let mount = plan.steps.iter().find(|step| step.id == "mount-srv-it-is--1").unwrap();
    assert_eq!(mount.command.last().unwrap(), "/target/srv/it is #1");
}
