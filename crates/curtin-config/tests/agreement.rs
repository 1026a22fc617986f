//! What the check lets pass has a plan: the places where that was not so.

use firstlight_curtin_config::{Disk, Level, Plan, Problem, Stage, Step, Target, check, parse, plan};

const SOURCE: &str = "sources: [http://127.0.0.1/root.tgz]";
const ROOT: &str = "{id: d, type: disk, serial: S0, ptable: gpt, grub_device: true}, \
                    {id: b, type: partition, device: d, size: 1M, flag: bios_grub}, \
                    {id: r, type: partition, device: d, size: 8G}, {id: f, type: format, volume: r, fstype: ext4}, \
                    {id: m, type: mount, device: f, path: /}, {id: x, type: disk, serial: S1}, \
                    {id: y, type: disk, serial: S2}, {id: z, type: disk, serial: S3}";

fn target() -> Target {
    let disk = |at: u8| Disk { serial: Some(format!("S{at}")), ..Disk::new(format!("/dev/vd{at}"), 64 << 30) };
    Target { disks: (0..4).map(disk).collect(), ..Target::default() }
}

fn with_items(version: u8, items: &str) -> String {
    format!("{SOURCE}\nstorage: {{version: {version}, config: [{ROOT}, {items}]}}\n")
}

#[track_caller]
fn refused(yaml: &str, code: &str) {
    let problems = check(yaml, Level::Runtime);
    let codes: Vec<&str> = problems.iter().filter(|it| it.is_error()).map(|it| it.code).collect();
    assert_eq!(codes, [code], "{yaml}: {problems:#?}");
}

#[track_caller]
fn planned(yaml: &str) -> Plan {
    let problems: Vec<Problem> = check(yaml, Level::Runtime).into_iter().filter(Problem::is_error).collect();
    assert_eq!(problems, [], "{yaml}");
    plan(&parse(yaml).config, &target()).unwrap_or_else(|problems| panic!("{yaml}: {problems:#?}"))
}

#[test]
fn stages_of_commands_run_anywhere_and_more_than_once() {
    let yaml = "sources: [http://127.0.0.1/root.txz]
stages: [late, partitioning, early, extract, late, curthooks, late, mine, late]
early_commands: {e: [echo, early]}
mine_commands: {m: [echo, mine]}
late_commands: {l: [echo, late]}
";
    let plan = planned(yaml);
    let is_own = |step: &&Step| step.command[0] == "echo";
    let own: Vec<&str> = plan.steps.iter().filter(is_own).map(|step| step.id.as_str()).collect();
    assert_eq!(own, ["early-l", "partitioning-e", "extract-l", "late-l", "late-m", "late-l-2"]);
    let stages: Vec<Stage> = plan.steps.iter().map(|step| step.stage).collect();
    assert!(stages.is_sorted());
}

#[test]
fn the_check_refuses_what_has_no_plan() {
    for (section, code) in [
        ("late_commands: {x: [curtin]}", "curtin-command"),
        ("late_commands: {x: [curtin, --set, a=b]}", "curtin-command"),
        ("late_commands: {x: [curtin, in-target, -t, /x]}", "in-target"),
        ("stages: [extract, partitioning]", "stage-order"),
        ("stages: [partitioning, mine, partitioning]", "stage-order"),
        ("write_files: {a: {path: ../etc/motd}}", "file-path"),
        ("cloudconfig: {/../../../../../x: {content: x}}", "file-path"),
        ("swap: {filename: 'a b'}", "file-path"),
        ("swap: {filename: swap/}", "file-path"),
        ("apt: {sources: {x: {source: proposed, filename: /../x}}}", "file-path"),
        ("apt: {conf: \"a\\0\"}", "nul-character"),
        ("multipath: {packages: [\"a\\0\"]}", "nul-character"),
    ] {
        refused(&format!("{SOURCE}\n{section}\n"), code);
    }
    refused("sources: ['smb://h/r']\n", "source-uri");
    refused("sources: {a: {type: tgz, uri: ''}}\n", "source-uri");
    let uuid = "5b5cf1ba-3a6f-4a36-a5a6-8c5f1d4f3c35";
    for (version, items, code) in [
        (1, &*format!("{{id: g, type: format, volume: x, fstype: ext4, uuid: x{uuid}}}"), "uuid"),
        (2, &*format!("{{id: q, type: partition, device: d, size: 1G, uuid: x{uuid}}}"), "uuid"),
        (2, &*format!("{{id: q, type: partition, device: d, size: 1G, partition_type: x{uuid}}}"), "partition-type"),
        (1, "{id: c, type: dm_crypt, volume: x, dm_name: c, key: ''}", "crypt-keys"),
        (1, "{id: c, type: dm_crypt, volume: x, dm_name: c, key: \"a\\0\"}", "nul-character"),
        (1, "{id: n, type: mount, spec: none, fstype: tmpfs, path: /srv, passno: \"1\\n\"}", "mount-field"),
        (1, "{id: k, type: nvme_controller, transport: tcp, tcp_addr: a b, tcp_port: 4420}", "missing-key"),
        (1, "{id: q, type: zpool, pool: tank, vdevs: [x], fs_properties: {atime: ''}}", "zfs-property"),
        (
            1,
            "{id: w, type: raid, name: md0, raidlevel: 1, devices: [x, y]}, \
             {id: v, type: raid, name: md1, raidlevel: 0, container: w}",
            "wrong-reference",
        ),
        (
            1,
            "{id: w, type: raid, name: md0, raidlevel: container, devices: [x, y], metadata: imsm}, \
             {id: v, type: raid, name: md1, raidlevel: 5, container: w}",
            "raid-members",
        ),
    ] {
        refused(&with_items(version, items), code);
    }
}

#[test]
fn the_plan_takes_what_curtin_takes() {
    let plan = planned(&format!("{SOURCE}\nwrite_files: {{a: {{path: /etc/../etc/x, content: y}}}}\n"));
    assert!(plan.steps.iter().any(|step| step.writes.iter().any(|path| path == "/target/etc/../etc/x")));
    let plan = planned(&format!("{SOURCE}\napt: {{sources: {{x: {{source: proposed, filename: sub/../}}}}}}\n"));
    let step = plan.steps.iter().find(|step| step.id == "apt-source-x").unwrap();
    assert_eq!(step.writes, ["/target/etc/apt/sources.list.d/sub/../.list"]);
    planned(&format!("{SOURCE}\nswap: {{filename: /größe$x, size: 1G}}\n"));
    let pool = "pool_properties: {version: null}, encryption_style: luks_keystore, keyfile: k";
    // The validator refuses what the installer takes.
    let yaml = with_items(1, &format!("{{id: q, type: zpool, pool: tank, vdevs: [x], {pool}}}"));
    assert!(plan_of(&yaml).is_ok());
}

fn plan_of(yaml: &str) -> Result<Plan, Vec<Problem>> {
    plan(&parse(yaml).config, &target())
}

#[test]
fn images_are_fetched_as_by_wget() {
    let fetched = |uri: &str| {
        let plan = planned(&format!("sources: ['{uri}']\n"));
        let step = plan.steps.into_iter().find(|step| step.id == "extract-1").unwrap();
        let warned = plan.warnings.iter().any(|problem| problem.code == "source-uri");
        (step.reads.join(" "), step.command[2].contains("--proto =ftp "), warned)
    };
    let got = |url: &str, ftp, warned| (url.to_owned(), ftp, warned);
    assert_eq!(fetched("http://h/ä b.tgz"), got("http://h/ä b.tgz", false, false));
    assert_eq!(fetched("ftp://h/r.tgz"), got("ftp://h/r.tgz", true, false));
    assert_eq!(fetched("/r ä.tgz"), got("file:///r%20%C3%A4.tgz", false, false));
    assert_eq!(fetched("h/r.tgz"), got("http://h/r.tgz", false, true));
}

#[test]
fn a_section_that_mounts_nothing_prepares_disks() {
    let disk = "storage: {version: 1, config: [{id: d, type: disk, serial: S0, ptable: gpt}]}\n";
    let plan = planned(&format!("{disk}late_commands: {{a: [sync]}}\n"));
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids.last(), Some(&"late-a"));
    assert!(ids.contains(&"wipe-vd0") && !ids.contains(&"fstab") && !ids.contains(&"unmount"), "{ids:?}");
    let codes: Vec<&str> = plan.warnings.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["no-root"]);
    refused(&format!("{SOURCE}\n{disk}"), "no-root");
}
