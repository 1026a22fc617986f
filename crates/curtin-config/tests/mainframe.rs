//! Disks of IBM mainframes, and disks that are reached by `NVMe` over TCP.

use firstlight_curtin_config::layout::Table;
use firstlight_curtin_config::{
    Disk, ExistingPartition, ExistingTable, Plan, Problem, Target, parse, plan, render_json,
};

fn dasd() -> Target {
    let disk = |name: &str, bus: &str| Disk {
        links: vec![format!("/dev/disk/by-path/ccw-{bus}")],
        sector_size: 4096,
        ..Disk::new(name, 7_385_333_760)
    };
    Target { disks: vec![disk("/dev/dasda", "0.0.1520"), disk("/dev/dasdb", "0.0.1521")], ..Target::default() }
}

fn remote() -> Target {
    Target {
        disks: vec![
            Disk { serial: Some("S0".to_owned()), ..Disk::new("/dev/sda", 8 << 30) },
            Disk { serial: Some("R0".to_owned()), ..Disk::new("/dev/nvme0n1", 8 << 30) },
        ],
        ..Target::default()
    }
}

fn plan_of(storage: &str, target: &Target) -> Result<Plan, Vec<Problem>> {
    let parsed = parse(&format!("sources: [http://127.0.0.1/root.txz]\n{storage}"));
    plan(&parsed.config, target)
}

#[track_caller]
fn planned(storage: &str, target: &Target) -> Plan {
    plan_of(storage, target).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[track_caller]
fn step<'a>(plan: &'a Plan, id: &str) -> &'a firstlight_curtin_config::Step {
    let ids = || plan.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>();
    plan.steps.iter().find(|step| step.id == id).unwrap_or_else(|| panic!("no step {id}: {:?}", ids()))
}

const DASD: &str = "storage:
  version: 1
  config:
  - {id: x, type: dasd, device_id: 0.0.1520, blocksize: 4096, disk_layout: cdl, label: '0X1520', mode: full}
  - {id: y, type: dasd, device_id: 0.0.1521, blocksize: 4096, disk_layout: cdl, preserve: true}
  - {id: d, type: disk, device_id: 0.0.1520, path: /dev/disk/by-path/ccw-0.0.1520, ptable: vtoc, wipe: superblock}
  - {id: p, type: partition, device: d, size: 1G}
  - {id: q, type: partition, device: d, size: 5G}
  - {id: f, type: format, volume: p, fstype: ext4}
  - {id: g, type: format, volume: q, fstype: ext4}
  - {id: m, type: mount, device: g, path: /}
  - {id: n, type: mount, device: f, path: /boot}
";

#[test]
fn a_dasd_is_formatted_and_partitioned() {
    let plan = planned(DASD, &dasd());
    let format = step(&plan, "dasd-0-0-1520");
    assert_eq!(
        format.command[4..],
        [
            "0.0.1520",
            "4096",
            "cdl",
            "0X1520",
            "",
            "dasdfmt",
            "-y",
            "--blocksize=4096",
            "--disk_layout=cdl",
            "--mode=full",
            "--label=0X1520",
            "/dev/disk/by-path/ccw-0.0.1520"
        ]
    );
    assert!(format.destroys_data);
    assert_eq!(format.writes, ["/dev/dasda"]);
    let kept = step(&plan, "dasd-0-0-1521");
    assert!(!kept.destroys_data);
    assert_eq!(kept.command[8], "keep");
    // 12 blocks of 4 KiB are a track; two of them hold the table. curtin gives 21846 and 109227 tracks, too.
    let table = step(&plan, "partition-dasda");
    assert_eq!(table.stdin.as_deref(), Some("[2,21847]\n[21848,131074]\n"));
    assert_eq!(
        plan.layout.to_string(),
        "/dev/dasda  6.8 GiB  vtoc\n\
         ├─  1       1 GiB  linux       ext4   /boot\n\
         └─  2       5 GiB  linux       ext4   /\n"
    );
    assert_eq!(step(&plan, "zipl").command, ["chroot", "/target", "zipl"]);
    assert!(plan.steps.iter().all(|step| !step.id.starts_with("grub")));
    let json: serde_json::Value = serde_json::from_str(&render_json(&plan)).unwrap();
    assert_eq!(json["dasds"][0]["device_id"], "0.0.1520");
    assert_eq!(json["disks"][0]["table"], "vtoc");
}

#[test]
fn a_dasd_has_three_partitions() {
    let more = DASD.replace("size: 5G}", "size: 1G}\n  - {id: r, type: partition, device: d, size: 1G}");
    assert_eq!(planned(&more, &dasd()).layout.disks[0].partitions.len(), 3);
    for (from, to, code) in [
        ("size: 5G}", "size: 1G, number: 4}", "partition-number"),
        ("size: 5G}", "size: 9G}", "partition-size"),
        ("blocksize: 4096, ", "", "missing-key"),
        ("0.0.1521", "0.0.x", "dasd-id"),
    ] {
        let text = format!("sources: [http://127.0.0.1/root.txz]\n{}", DASD.replacen(from, to, 1));
        let problems = plan(&parse(&text).config, &dasd()).unwrap_err();
        assert_eq!(problems[0].code, code, "{to}: {problems:#?}");
    }
}

/// A DASD with two partitions, of which the second one is to be kept.
fn kept() -> (String, Target) {
    let mut target = dasd();
    let part = |number: u32, start: u64, tracks: u64| ExistingPartition {
        number,
        start: start * 49152,
        size: tracks * 49152,
        fstype: Some("ext4".to_owned()),
        fs_uuid: Some(format!("aaaaaaaa-2222-3333-4444-{number:012}")),
        ..ExistingPartition::default()
    };
    target.disks[0].existing =
        Some(ExistingTable { table: Table::Vtoc, partitions: vec![part(1, 2, 21846), part(2, 21848, 21846)] });
    let text = DASD
        .replace("mode: full}", "preserve: true}")
        .replace("ptable: vtoc, wipe: superblock}", "ptable: vtoc, preserve: true}")
        .replace("device: d, size: 1G}", "device: d, size: 1G, number: 1, preserve: true}")
        .replace(
            "device: d, size: 5G}",
            "device: d, size: 1G, number: 2, preserve: true}\n  - {id: r, type: partition, device: d, size: 2G}",
        )
        .replace("volume: q, fstype: ext4}", "volume: r, fstype: ext4}")
        .replace("volume: p, fstype: ext4}", "volume: p, fstype: ext4, preserve: true}");
    (text, target)
}

#[test]
fn partitions_of_a_dasd_stay_beside_new_ones() {
    let (text, target) = kept();
    for version in ["version: 1", "version: 2"] {
        let plan = planned(&text.replace("version: 1", version), &target);
        let table = step(&plan, "partition-dasda");
        assert!(table.command[2].contains("fdasd") && !table.command[2].contains("sfdisk"));
        assert_eq!(table.command[4..], ["/dev/dasda", "keep"]);
        assert_eq!(table.stdin.as_deref(), Some("[2,21847]\n[21848,43693]\n[43694,87384]\n"));
        assert_eq!(table.description, "make 1 partitions on /dev/dasda");
        assert_eq!(step(&plan, "verify-dasda2").command[4..], ["/dev/dasda2", "2097408", "2097216"]);
        let destroyed: Vec<&str> =
            plan.steps.iter().filter(|step| step.destroys_data).map(|step| step.id.as_str()).collect();
        assert_eq!(destroyed, ["partition-dasda", "wipe-dasda3", "mkfs-dasda3"]);
    }
    let nothing =
        text.replace("\n  - {id: r, type: partition, device: d, size: 2G}", "").replace("volume: r", "volume: q");
    let plan = planned(&nothing, &target);
    assert!(plan.steps.iter().all(|step| step.id != "partition-dasda"));
}

#[test]
fn a_dasd_is_planned_with_the_blocks_that_it_gets() {
    let mut target = dasd();
    // As many tracks as before: 49 blocks of 512 bytes in place of 12 of 4 KiB.
    target.disks[0].sector_size = 512;
    target.disks[0].size = 150_255 * 49 * 512;
    let plan = planned(DASD, &target);
    let disk = &plan.layout.disks[0];
    assert_eq!((disk.sector_size, disk.size), (4096, 7_385_333_760));
    assert_eq!(step(&plan, "partition-dasda").stdin.as_deref(), Some("[2,21847]\n[21848,131074]\n"));
    assert_eq!(step(&plan, "check-dasda").command[6], "4096");
    // One that is to be as it is, is planned as it is.
    let (text, _) = kept();
    target.disks[0].existing = kept().1.disks[0].existing.clone();
    let problems = plan_of(&text.replace("label: '0X1520', preserve: true", "label: '0X1520'"), &target).unwrap_err();
    assert_eq!(problems[0].code, "preserve-new");
}

#[test]
fn zipl_tells_the_kernel_its_root_and_options() {
    let plan = planned(DASD, &Target { kernel_options: "quiet splash".to_owned(), ..dasd() });
    let text = step(&plan, "zipl-conf").stdin.as_deref().unwrap_or_default();
    let root = plan.layout.mounts.iter().find(|mount| mount.path == "/").map(|mount| mount.spec.as_str());
    assert_eq!(
        text.lines().last(),
        Some(format!("parameters = root={} quiet splash", root.unwrap_or_default()).as_str())
    );
    let bare = planned(DASD, &Target { kernel_options: String::new(), ..dasd() });
    let text = step(&bare, "zipl-conf").stdin.as_deref().unwrap_or_default();
    assert_eq!(text.lines().last(), Some(format!("parameters = root={}", root.unwrap_or_default()).as_str()));
}

fn nvme(root: &str, boot: &str) -> String {
    format!(
        "storage:
  version: 2
  config:
  - {{id: c, type: nvme_controller, transport: tcp, tcp_addr: 192.0.2.7, tcp_port: 4420}}
  - {{id: l, type: nvme_controller, transport: pcie}}
  - {{id: d, type: disk, serial: S0, ptable: gpt}}
  - {{id: d1, type: partition, device: d, size: 1M, flag: bios_grub}}
  - {{id: d2, type: partition, device: d, size: 4G}}
  - {{id: r, type: disk, serial: R0, nvme_controller: c, ptable: gpt}}
  - {{id: r1, type: partition, device: r, size: 1M, flag: bios_grub}}
  - {{id: r2, type: partition, device: r, size: 4G}}
  - {{id: f, type: format, volume: d2, fstype: ext4}}
  - {{id: g, type: format, volume: r2, fstype: ext4}}
  - {{id: m, type: mount, device: {root}}}
  - {{id: n, type: mount, device: {boot}}}
write_files:
  etc_netplan_installer:
    path: /etc/netplan/00-installer.yaml
    content: |
      network:
        ethernets:
          ens3: {{dhcp4: true}}
          ens4: {{match: {{macaddress: '52:54:00:12:34:56'}}, set-name: ens4, addresses: [192.0.2.9/24], routes: [{{to: default, via: 192.0.2.1}}]}}
"
    )
}

#[test]
fn what_is_needed_later_is_connected_by_a_daemon() {
    let plan = planned(&nvme("f, path: /", "g, path: /srv, options: _netdev"), &remote());
    let text = step(&plan, "nvme-conf").stdin.clone().unwrap();
    assert_eq!(text, "[Controllers]\ncontroller = transport=tcp;traddr=192.0.2.7;trsvcid=4420\n");
    assert!(step(&plan, "nvme-stas").command[2].contains("need nvme-stas"));
}

#[test]
fn a_remote_root_is_connected_by_the_initramfs() {
    let plan = planned(&nvme("g, path: /, options: '_netdev,noatime'", "f, path: /boot"), &remote());
    assert_eq!(
        step(&plan, "connect-nvme").stdin.as_deref(),
        Some("#!/bin/sh\nnvme connect-all --transport tcp --traddr 192.0.2.7 --trsvcid 4420\n")
    );
    assert_eq!(
        step(&plan, "network-up").stdin.as_deref(),
        Some(
            "#!/bin/sh\ndhcpcd -4 ens3\nip address add 192.0.2.9/24 dev ens4\nip link set ens4 up\n\
             ip route add default via 192.0.2.1\n"
        )
    );
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    let at = |id: &str| ids.iter().position(|it| *it == id);
    assert!(at("nvme-initramfs") < at("initramfs") && at("initramfs").is_some(), "{ids:?}");
    let connect = step(&plan, "nvme-initramfs");
    assert!(connect.command[2].contains("\nneed nvme-cli\n"));
    assert_eq!(connect.command[5..], CRITICAL);
}

#[test]
fn a_remote_kernel_is_read_by_the_firmware() {
    let plan = planned(&nvme("g, path: /, options: _netdev", "f, path: /srv"), &remote());
    let script = &step(&plan, "nvme-firmware").command[2];
    assert!(script.contains("need dracut dracut-network jq nvme-cli\n"));
    assert!(script.contains("Package: initramfs-tools\\nPin: version *\\nPin-Priority: -1\\n"));
    assert_eq!(step(&plan, "nvme-firmware").command[5..], CRITICAL);
}

/// The file of netplan, the remote disks, and what is set of the interfaces that lead there.
const CRITICAL: [&str; 13] = [
    "00-installer",
    "192.0.2.7",
    "--",
    "ens3",
    "critical=true",
    "ens3",
    "match",
    "ens3",
    "match.name=NULL",
    "ens4",
    "critical=true",
    "ens4",
    "set-name=NULL",
];

/// Runs the script of a step on a directory, behind functions that stand for the programs that it calls.
#[track_caller]
fn pretend(step: &firstlight_curtin_config::Step, functions: &str, root: &std::path::Path) -> String {
    let script = step.command[2].replacen("set -e\n", &format!("{functions}\nset -e\n"), 1);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script, "step"]).arg(root).args(step.command.iter().skip(5));
    let output = command.output().unwrap_or_else(|error| panic!("sh cannot be started: {error}"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn interfaces_that_lead_to_disks_stay_up() {
    let plan = planned(&nvme("g, path: /, options: _netdev", "f, path: /srv"), &remote());
    let root = tempfile::tempdir().unwrap();
    let said = |interface: &str| {
        let functions = r#"need() { :; }
ip() { echo "$4 via 198.51.100.1 dev INTERFACE src 198.51.100.2 uid 0"; }
cat() { case $1 in /sys/*) echo 52:54:00:00:00:03 ;; *) command cat "$@" ;; esac; }
chroot() { shift; echo "$*"; }"#;
        pretend(step(&plan, "nvme-firmware"), &functions.replace("INTERFACE", interface), root.path())
    };
    let set = "netplan set --origin-hint 00-installer ethernets";
    assert_eq!(
        said("ens3"),
        format!(
            "{set}.ens3.critical=true\n{set}.ens3.match={{macaddress: \"52:54:00:00:00:03\"}}\n\
             {set}.ens3.match.name=NULL\n"
        )
    );
    assert_eq!(said("ens4"), format!("{set}.ens4.critical=true\n{set}.ens4.set-name=NULL\n"));
    assert_eq!(said("eno1"), "");
}

#[test]
fn the_initramfs_of_dracut_has_the_network() {
    let plan = planned(&nvme("g, path: /, options: _netdev", "f, path: /boot"), &remote());
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("usr/bin")).unwrap();
    std::os::unix::fs::symlink("/bin/true", root.path().join("usr/bin/dracut")).unwrap();
    pretend(step(&plan, "nvme-initramfs"), "need() { :; }\nip() { :; }\nchroot() { :; }", root.path());
    let module = root.path().join("usr/lib/dracut/modules.d/35curtin-nvme-tcp/module-setup.sh");
    let module = std::fs::read_to_string(module).unwrap();
    let initdir = root.path().join("initdir");
    // Where there is no netplan, `cp` says so, and what stands for netplan writes all the same.
    let script = format!(
        "{module}
inst_multiple() {{ :; }}
inst_hook() {{ :; }}
netplan() {{ mkdir -p \"$3/run/systemd/network\" && echo network >\"$3/run/systemd/network/10-netplan-ens4.network\"; }}
initdir={}
install",
        initdir.display()
    );
    let status = std::process::Command::new("bash").args(["-c", &script]).status().unwrap();
    assert!(status.success());
    let found = std::fs::read_to_string(initdir.join("etc/systemd/network/10-netplan-ens4.network")).unwrap();
    assert_eq!(found, "network\n");
}

#[test]
fn dasds_come_online_in_the_installed_system() {
    let plan = planned(DASD, &dasd());
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    let at = |id: &str| ids.iter().position(|it| *it == id).unwrap_or_else(|| panic!("{id}: {ids:?}"));
    assert!(at("zdev") < at("initramfs") && at("initramfs") < at("zipl"));
    let root = tempfile::tempdir().unwrap();
    let functions = r#"need() { echo "need $*"; }
chzdev() {
  case $* in
    *--export*) printf '[active dasd-eckd 0.0.1520]\nonline=1\ncmb=n/a\nreadonly=0\n' ;;
    *) echo "$*"; cat ;;
  esac
}"#;
    let path = root.path().display();
    assert_eq!(
        pretend(step(&plan, "zdev"), functions, root.path()),
        format!(
            "need s390-tools\n--quiet --persistent --no-root-update --base /etc={path}/etc --import -\n\
             [persistent dasd-eckd 0.0.1520]\nonline=1\nreadonly=0\n"
        )
    );
    let none = "need() { :; }\nchzdev() { return 8; }";
    assert_eq!(pretend(step(&plan, "zdev"), none, root.path()), "");
}

#[test]
fn scripts_are_shell() {
    let mut plans = vec![planned(DASD, &dasd())];
    for (root, boot) in [
        ("f, path: /", "g, path: /srv, options: _netdev"),
        ("g, path: /, options: _netdev", "f, path: /boot"),
        ("g, path: /, options: _netdev", "f, path: /srv"),
    ] {
        plans.push(planned(&nvme(root, boot), &remote()));
    }
    for step in plans.iter().flat_map(|plan| &plan.steps) {
        if let [sh, flag, text, ..] = step.command.as_slice()
            && sh == "sh"
            && flag == "-c"
        {
            let status = std::process::Command::new("dash").args(["-n", "-c", text]).status();
            assert!(status.is_ok_and(|status| status.success()), "{}: {text}", step.id);
        }
    }
}
