//! Whole templates: the bundled ones, and some the way operators write them (`testdata/preseed/operators`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/json.rs"]
mod json;

use std::fs;
use std::path::{Path, PathBuf};

use firstlight_preseed::debconf::Preseed;
use firstlight_preseed::{
    BUNDLED, Context, Disk, Installation, Level, Limits, Machine, Node, Server, Template, Value, Variables,
};
use serde_json::Value as Json;

use json::value;

/// A case is a directory with a `template`, its `context.json`, what was `expected`, and the `templates` that it may
/// inherit.
fn check(case: &Path) {
    let read = |name: &str| fs::read_to_string(case.join(name)).unwrap();
    let json: Json = serde_json::from_str(&read("context.json")).unwrap();
    let context: Context = json.as_object().unwrap().iter().map(|(name, item)| (name, value(item))).collect();
    let template = Template::parse(&case.display().to_string(), &read("template")).unwrap();
    let errors: Vec<_> = template.check(&context).into_iter().filter(|finding| finding.level == Level::Error).collect();
    assert_eq!(errors, [], "{}", case.display());
    let templates = |name: &str| {
        let text = fs::read_to_string(case.join("templates").join(name)).ok()?;
        Some(Template::parse(name, &text).unwrap())
    };
    let rendered = template.render_inheriting(&context, &Limits::default(), &templates).unwrap();
    assert_eq!(rendered, read("expected"), "{}", case.display());
}

#[test]
fn templates_of_operators() {
    let root = format!("{}/../../testdata/preseed/operators", env!("CARGO_MANIFEST_DIR"));
    let cases: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.iter().for_each(|case| check(case));
    assert_eq!(cases.len(), 20);
}

const DISKS: [Disk<'_>; 1] = [Disk { name: "sda", size: 1 << 38, model: "", serial: "" }];

fn variables<'a>() -> Variables<'a> {
    let node =
        Node { hostname: "web01", domain: "lab.example", disks: &DISKS, bios_boot_method: "uefi", ..Node::default() };
    Variables {
        server: Server {
            osystem: "ubuntu",
            release: "noble",
            main_archive: "http://archive.ubuntu.com/ubuntu",
            ports_archive: "http://ports.ubuntu.com/ubuntu-ports",
            ..Server::default()
        },
        preseed_data: "#cloud-config\ndatasource: {}\n",
        machine: Some(Machine {
            node,
            node_disable_pxe_url: "http://10.0.0.1/metadata/abc123/?a=b&c",
            node_disable_pxe_data: "op=netboot_off",
            ..Machine::default()
        }),
        installation: Some(Installation::default()),
    }
}

#[track_caller]
fn render(name: &str, variables: &Variables<'_>) -> String {
    let context = Context::from(variables);
    let (_, text) = BUNDLED.into_iter().find(|(known, _)| *known == name).unwrap();
    let template = Template::parse(name, text).unwrap();
    assert_eq!(template.check(&context), []);
    template.render(&context).unwrap()
}

#[test]
fn bundled_deliveries() {
    for name in ["enlist", "commissioning", "curtin"] {
        assert_eq!(render(name, &variables()), "#cloud-config\ndatasource: {}\n", "{name}");
    }
    let enlist = Variables { machine: None, installation: None, ..variables() };
    assert_eq!(render("enlist", &enlist), "#cloud-config\ndatasource: {}\n");
}

#[test]
fn bundled_curtin_userdata() {
    let bare =
        Variables { server: Server { osystem: "debian", release: "bookworm", ..Server::default() }, ..variables() };
    let netboot_off = "  # The last thing: from now on the machine boots from its disk.\n  99_netboot_off: [wget, \
        '--no-proxy', '-O', /dev/null, '--post-data', \"op=netboot_off\", \"http://10.0.0.1/metadata/abc123/?a=b&c\"]\n";
    assert_eq!(
        render("curtin_userdata", &bare),
        format!("#cloud-config\n# How web01.lab.example gets debian bookworm.\nlate_commands:\n{netboot_off}")
    );

    let mut full = variables();
    full.server.http_proxy = Some("http://10.0.0.1:8000/");
    full.installation = Some(Installation {
        curtin_preseed: "cloud-init cloud-init/datasources multiselect MAAS\ncloud-init cloud-init/x string y",
        image_url: "http://10.0.0.1/root.tgz",
        storage_config: Value::map([("version", 1)]),
        network_config: Value::map([("version", 2)]),
        ssh_keys: &[],
    });
    let machine = full.machine.as_mut().unwrap();
    machine.third_party_drivers = true;
    machine.driver = &[("package", "x-dkms")];
    machine.node.swap_size = Some(1 << 30);
    let expected = r#"#cloud-config
# How web01.lab.example gets ubuntu noble.
sources:
  root: "http://10.0.0.1/root.tgz"
storage: {"version": 1}
network: {"version": 2}
proxy:
  http_proxy: "http://10.0.0.1:8000/"
  https_proxy: "http://10.0.0.1:8000/"
apt:
  preserve_sources_list: false
  primary:
    - arches: [amd64, i386]
      uri: "http://archive.ubuntu.com/ubuntu"
    - arches: [default]
      uri: "http://ports.ubuntu.com/ubuntu-ports"
  proxy: "http://10.0.0.1:8000/"
swap:
  size: 1073741824B
# The installed system's cloud-init finds its identity here.
debconf_selections:
  maas: |
    cloud-init cloud-init/datasources multiselect MAAS
    cloud-init cloud-init/x string y
late_commands:
  50_driver: [curtin, in-target, '--', apt-get, install, '-y', "x-dkms"]
"#;
    assert_eq!(render("curtin_userdata", &full), format!("{expected}{netboot_off}"));
}

/// Nothing is left that debian-installer would ask.
#[test]
fn bundled_debian_preseed() {
    let mut installation = variables();
    installation.server.release = "bookworm";
    installation.server.main_archive = "http://mirror.example/debian";
    installation.installation = Some(Installation { ssh_keys: &["ssh-ed25519 AAAA ada's"], ..Installation::default() });
    let text = render("debian_preseed", &installation);
    let preseed = Preseed::parse(text.as_bytes());
    let problems: Vec<String> = preseed.check().iter().map(ToString::to_string).collect();
    assert_eq!(problems, Vec::<String>::new(), "{text}");
    let answers = preseed.answers();
    let answer = |question: &str| {
        let found = answers.iter().find(|answer| answer.question == question);
        found.map(|answer| answer.value.as_str()).unwrap_or_default()
    };
    assert_eq!(answer("netcfg/get_hostname"), "web01");
    assert_eq!(answer("mirror/http/directory"), "/debian");
    assert_eq!(answer("partman-auto/disk"), "/dev/sda");
    assert_eq!(
        answer("preseed/late_command"),
        "  in-target install -d -m 700 /root/.ssh;   for key in 'ssh-ed25519 AAAA ada'\"'\"'s' ; do echo \"$key\" >> \
         /target/root/.ssh/authorized_keys; done;   in-target wget -q --no-proxy -O /dev/null --post-data \
         op=netboot_off 'http://10.0.0.1/metadata/abc123/?a=b&c'"
    );
}

/// Another installer's answers, with keys and a proxy.
fn answers(name: &str) -> String {
    let mut installation = variables();
    installation.server.http_proxy = Some("http://10.0.0.1:3128/");
    installation.installation =
        Some(Installation { ssh_keys: &["ssh-ed25519 AAAA ada's", "ssh-rsa BBBB <b&c>"], ..Installation::default() });
    render(name, &installation)
}

#[test]
fn bundled_kickstart() {
    let text = answers("kickstart");
    for line in [
        "url --url=http://archive.ubuntu.com/ubuntu --proxy=http://10.0.0.1:3128/",
        "network --bootproto=dhcp --device=link --activate --hostname=web01.lab.example",
        "sshkey --username=root 'ssh-ed25519 AAAA ada'\"'\"'s'",
        "ignoredisk --only-use=sda",
        "reboot",
    ] {
        assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line}: {text}");
    }
    assert!(!text.contains("{{") && text.ends_with("reboot\n"), "{text}");
}

#[test]
fn bundled_autoyast() {
    let text = answers("autoyast");
    assert!(text.contains("<device>/dev/sda</device>") && text.contains("<product>Leap</product>"), "{text}");
    assert!(text.contains("<listentry>ssh-rsa BBBB &lt;b&amp;c></listentry>"), "{text}");
    // Every element that is opened is closed, in order.
    let mut open = Vec::new();
    for tag in text.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0) {
        let name = tag.split_whitespace().next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{text}"),
            None if name.starts_with(['?', '!']) => {}
            None => open.push(name),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn bundled_autoinstall() {
    let text = answers("autoinstall");
    let expected = r#"#cloud-config
# An unattended installation of ubuntu noble on web01.lab.example: the whole first disk, logins by key only.
autoinstall:
  version: 1
  locale: en_US.UTF-8
  keyboard: {layout: us}
  proxy: "http://10.0.0.1:3128/"
  apt:
    geoip: false
    primary:
      - arches: [amd64, i386]
        uri: "http://archive.ubuntu.com/ubuntu"
  storage:
    layout:
      name: direct
      match: {path: /dev/sda}
  ssh:
    install-server: true
    allow-pw: false
  updates: security
  shutdown: reboot
  user-data:
    hostname: "web01"
    disable_root: false
    users:
      - name: root
        lock_passwd: true
        ssh_authorized_keys: ["ssh-ed25519 AAAA ada's", "ssh-rsa BBBB <b&c>"]
"#;
    assert_eq!(text, expected);
}
