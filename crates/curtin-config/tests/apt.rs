//! Steps for package sources, run in a directory that stands for the installed system.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use firstlight_curtin_config::{Disk, Target, parse, plan};

/// Runs the steps for apt; gives what is in a file below `/etc/apt` afterwards.
#[track_caller]
fn written(distribution: &str, config: &str, file: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap().to_owned();
    fs::create_dir_all(directory.path().join("etc/apt/sources.list.d")).unwrap();
    fs::write(directory.path().join("etc/apt/sources.list.d/debian.sources"), "Types: deb\n").unwrap();
    fs::write(directory.path().join("etc/os-release"), distribution).unwrap();
    let parsed = parse(&format!("sources: [/r.tar]\n{config}"));
    let disks = vec![Disk::new("/dev/vda", 8 << 30)];
    let plan = plan(&parsed.config, &Target { disks, mount_point: root, ..Target::default() }).unwrap();
    for step in plan.steps.iter().filter(|step| step.id.starts_with("apt-")) {
        let mut command = Command::new(&step.command[0]);
        let mut child = command.args(&step.command[1..]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(step.stdin.as_deref().unwrap().as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{step:#?}");
    }
    let stanza = directory.path().join("etc/apt/sources.list.d/debian.sources").exists();
    assert_eq!(stanza, !config.contains("mirrors") && !config.contains("preserve"), "{config}");
    fs::read_to_string(directory.path().join("etc/apt").join(file)).unwrap()
}

const DEBIAN: &str = "ID=debian\nVERSION_CODENAME=bookworm\n";
const UBUNTU: &str = "ID=ubuntu\nVERSION_CODENAME=noble\n";

#[test]
fn mirrors_stand_in_the_list_of_sources() {
    let list = written(UBUNTU, "apt_mirrors: {ubuntu_archive: 'http://m/ubuntu'}\n", "sources.list");
    let lines: Vec<&str> = list.lines().filter(|line| !line.is_empty()).collect();
    let parts = "main restricted universe multiverse";
    let wanted = ["noble", "noble-updates", "noble-security", "noble-backports"];
    assert_eq!(lines, wanted.map(|suite| format!("deb http://m/ubuntu {suite} {parts}")));
    let config = "apt: {preserve_sources_list: false, primary: [{arches: [default], uri: 'http://m/debian'}],
      security: [{arches: [i386], uri: 'http://no'}, {arches: [amd64], uri: 'http://s'}], disable_suites: [updates]}\n";
    let list = written(DEBIAN, config, "sources.list");
    assert_eq!(list.trim(), "deb http://m/debian bookworm main\ndeb http://s bookworm-security main");
    let config = "apt: {preserve_sources_list: false, disable_suites: [updates, security],
      primary: [{arches: [default], uri: 'http://a'}, {arches: [i386, default], uri: 'http://b'}]}\n";
    assert_eq!(written(DEBIAN, config, "sources.list").trim(), "deb http://b bookworm main");
    let config = "apt: {preserve_sources_list: false, sources_list: 'deb $MIRROR $RELEASE x'}\n";
    assert_eq!(written(DEBIAN, config, "sources.list"), "deb http://deb.debian.org/debian bookworm x\n");
}

const STANZAS: &str = "Types: deb
URIs: $MIRROR
Suites: $RELEASE
 $RELEASE-updates
Components: main universe

# security
Types: deb
URIs: $SECURITY
suites: $RELEASE-security
Components: main universe
";

#[test]
fn stanzas_stand_in_files_that_apt_takes_them_from() {
    let config = |off: &str| {
        let list = STANZAS.replace('\n', "\\n");
        format!("apt: {{preserve_sources_list: false, sources_list: \"{list}\", {off}}}\n")
    };
    let place = "sources.list.d/ubuntu.sources";
    let wanted = STANZAS.replace("$MIRROR", "http://archive.ubuntu.com/ubuntu");
    let wanted = wanted.replace("$SECURITY", "http://security.ubuntu.com/ubuntu").replace("$RELEASE", "noble");
    assert_eq!(written(UBUNTU, &config(""), place), wanted.replace("noble\n noble-", "noble noble-"));
    assert_eq!(written(UBUNTU, &config(""), "sources.list"), "");
    let off = "disable_suites: [updates, security], disable_components: [universe, main]";
    let wanted = "Types: deb\nURIs: http://archive.ubuntu.com/ubuntu\nSuites: noble\nComponents: main\n\n";
    assert_eq!(written(UBUNTU, &config(off), place), wanted);
    for name in ["x", "x.sources", "x.list"] {
        let stanza = "Types: deb\\nURIs: http://m\\nSuites: $RELEASE\\nComponents: main\\n";
        let config = format!("apt: {{sources: {{{name}: {{source: \"{stanza}\"}}}}}}\n");
        let wanted = "Types: deb\nURIs: http://m\nSuites: noble\nComponents: main\n";
        assert_eq!(written(UBUNTU, &config, "sources.list.d/x.sources"), wanted, "{name}");
    }
}

#[test]
fn suites_and_components_are_turned_off_in_a_template_as_well() {
    let list = |template: &str, off: &str| {
        let config = format!("apt: {{preserve_sources_list: false, sources_list: \"{template}\", {off}}}\n");
        written(UBUNTU, &config, "sources.list")
    };
    let template = "# all\\ndeb [ arch=amd64 signed-by=/k ] http://m $RELEASE main universe\\n\
                    deb-src http://m $RELEASE-updates main\\ndeb http://m $RELEASE-backports universe\\ndeb http://m x/\\n";
    assert_eq!(
        list(template, "disable_suites: [updates], disable_components: [main, universe]"),
        "# all\ndeb [ arch=amd64 signed-by=/k ] http://m noble main\ndeb http://m x/\n"
    );
    let off = "disable_suites: [release, $RELEASE-backports, noble-updates]";
    assert_eq!(list(template, off), "# all\ndeb http://m x/\n");
    let config = "apt: {preserve_sources_list: false, disable_components: [main], disable_suites: [release]}\n";
    let list = written(DEBIAN, config, "sources.list");
    let wanted = "deb http://deb.debian.org/debian bookworm-updates main\n\
                  deb http://security.debian.org/debian-security bookworm-security main\n";
    assert_eq!(list, wanted);
}

#[test]
fn a_mirror_of_security_updates_needs_a_primary_one() {
    let config = "apt: {preserve_sources_list: false, security: [{arches: [default], uri: 'http://s'}]}\n";
    let list = written(UBUNTU, config, "sources.list");
    assert!(list.contains("deb http://security.ubuntu.com/ubuntu noble-security main"), "{list}");
    let config = "apt_mirrors: {ubuntu_archive: 'http://a'}\napt: {preserve_sources_list: false,
      primary: [{arches: [default], uri: 'http://b'}], security: [{arches: [default], uri: 'http://s'}]}\n";
    let list = written(UBUNTU, config, "sources.list");
    assert_eq!(list.matches("http://a ").count(), 4, "{list}");
}

#[test]
fn proxies_pins_and_sources_are_files() {
    let none = "apt_proxy: ''\napt: {http_proxy: false, https_proxy: '', ftp_proxy: null}\n";
    let parsed = parse(&format!("sources: [/r.tar]\n{none}"));
    let disks = vec![Disk::new("/dev/vda", 8 << 30)];
    let plan = plan(&parsed.config, &Target { disks, ..Target::default() }).unwrap();
    assert!(plan.steps.iter().all(|step| step.id != "apt-proxy"), "{plan:#?}");
    let proxy = written(DEBIAN, "apt_proxy: http://p:3142\n", "apt.conf.d/90curtin-aptproxy");
    assert_eq!(proxy, "Acquire::http::Proxy \"http://p:3142\";\n");
    let conf = written(DEBIAN, "apt: {conf: 'APT::Get::Assume-Yes \"1\";'}\n", "apt.conf.d/94curtin-config");
    assert_eq!(conf, "APT::Get::Assume-Yes \"1\";");
    let pins = "apt: {preferences: [{package: '*', pin: release a=x, pin-priority: 100}]}\n";
    let pins = written(DEBIAN, pins, "preferences.d/90curtin.pref");
    assert_eq!(pins, "Package: *\nPin: release a=x\nPin-Priority: 100\n");
    let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    let source = format!("apt: {{sources: {{my.list: {{source: 'deb http://m $RELEASE main', key: '{key}'}}}}}}\n");
    assert_eq!(written(DEBIAN, &source, "sources.list.d/my.list"), "deb http://m bookworm main\n");
    assert_eq!(written(DEBIAN, &source, "trusted.gpg.d/my.list.asc"), format!("{key}\n"));
    let source =
        "apt: {sources: {x: {source: 'deb ${MIRROR} $RELEASE-y z', key: !!binary mQENBF==, filename: /etc/apt/y.z}}}\n";
    assert_eq!(written(UBUNTU, source, "y.list"), "deb http://archive.ubuntu.com/ubuntu noble-y z\n");
    assert_eq!(
        written(UBUNTU, "apt: {sources: {p: {source: proposed}}}\n", "sources.list.d/p.list")
            .matches("noble-proposed")
            .count(),
        1
    );
}

#[test]
fn answers_are_secret() {
    let parsed = parse("sources: [/r.tar]\ndebconf_selections: {a: 'pkg pkg/password password sesame'}\n");
    let disks = vec![Disk::new("/dev/vda", 8 << 30)];
    let plan = plan(&parsed.config, &Target { disks, ..Target::default() }).unwrap();
    let step = plan.steps.iter().find(|step| step.id == "debconf").unwrap();
    assert!(step.secret && !format!("{plan:?}").contains("sesame"));
    assert_eq!(step.command.last().unwrap(), "debconf");
    assert_eq!(
        reconfigured(
            "grub-pc grub-pc/install_devices multiselect /dev/sda\n\
                      cloud-init\tcloud-init/datasources multiselect MAAS"
        ),
        ["cloud-init"]
    );
}

/// The packages that are configured again for the sake of some answers.
fn reconfigured(answers: &str) -> Vec<String> {
    let answers = answers.replace('\n', "\\n").replace('\t', "\\t");
    let parsed = parse(&format!("sources: [/r.tar]\ndebconf_selections: {{a: \"{answers}\"}}\n"));
    let disks = vec![Disk::new("/dev/vda", 8 << 30)];
    let plan = plan(&parsed.config, &Target { disks, ..Target::default() }).unwrap();
    let step = plan.steps.iter().find(|step| step.id == "debconf").unwrap();
    step.command.iter().skip_while(|word| *word != "debconf").skip(1).cloned().collect()
}
