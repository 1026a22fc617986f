//! The names of `Variables`, and the tables of them in the README.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use firstlight_preseed::{Context, Disk, Installation, Interface, Machine, Node, Server, Template, Value, Variables};

const NODE: Node<'_> = Node {
    system_id: "abc123",
    hostname: "web01",
    domain: "lab",
    architecture: "amd64/generic",
    bios_boot_method: "uefi",
    osystem: "ubuntu",
    distro_series: "noble",
    owner: Some("ada"),
    zone: "rack1",
    pool: "default",
    description: "",
    power_type: "ipmi",
    cpu_count: 8,
    memory: 16384,
    swap_size: None,
    tags: &["ssd", "gpu"],
    interfaces: &[Interface { name: "eth0", mac_address: "52:54:00:00:00:01", ip_addresses: &["10.0.0.7"] }],
    disks: &[Disk { name: "sda", size: 500_107_862_016, model: "QEMU", serial: "1" }],
};

fn variables() -> Variables<'static> {
    Variables {
        server: Server {
            osystem: "ubuntu",
            release: "noble",
            server_host: "10.0.0.1",
            http_proxy: Some("http://10.0.0.1:8000/"),
            main_archive: "http://archive.example:81/ubuntu/dists",
            ports_archive: "http://ports.example",
            ..Server::default()
        },
        preseed_data: "#cloud-config\n",
        machine: Some(Machine { node: NODE, driver: &[("module", "x"), ("package", "x-dkms")], ..Machine::default() }),
        installation: Some(Installation { ssh_keys: &["ssh-ed25519 AAAA ada"], ..Installation::default() }),
    }
}

#[track_caller]
fn check(template: &str, expected: &str) {
    let (template, context) = (Template::parse("t", template).unwrap(), Context::from(&variables()));
    assert_eq!(template.render(&context).unwrap(), expected);
    assert_eq!(template.check(&context), []);
}

#[test]
fn values_as_in_maas() {
    check("{{node.hostname}} {{node.fqdn}} {{node.domain.name}} {{node.owner.username}}", "web01 web01.lab lab ada");
    check("{{node.architecture.split('/')[0]}} {{node.memory // 1024}} {{'gpu' in node.tags}}", "amd64 16 True");
    check("{{for tag in node.tag_names()}}{{tag}},{{endfor}}{{if 'hdd' in node.tag_names()}}slow{{endif}}", "ssd,gpu,");
    check("{{for tag in node.tags.all()}}{{tag.name}},{{endfor}}{{len(node.tags.all())}}", "ssd,gpu,2");
    check(
        "{{py: tags = node.tags}}{{tags.all()[1].name}} {{tags.index('gpu')}} {{tags[0]}} {{tags}}",
        "gpu 1 ssd ['ssd', 'gpu']",
    );
    check(
        "{{', '.join(node['tags'])}} {{escape.json(node.tags + ['x'])}} {{dict(node)['tags'] == ['ssd', 'gpu']}}",
        "ssd, gpu [\"ssd\", \"gpu\", \"x\"] True",
    );
    check("{{node.boot_interface.mac_address}} {{node.disks[0].size}}", "52:54:00:00:00:01 500107862016");
    check("{{main_archive_hostname}} {{main_archive_directory}}", "archive.example:81 ubuntu/dists");
    check("[{{ports_archive_hostname}}] [{{ports_archive_directory}}]", "[ports.example] []");
    check(
        "{{enable_http_proxy}} {{http_proxy}} {{driver.module}} {{driver_package}}",
        "True http://10.0.0.1:8000/ x x-dkms",
    );
    check("{{license_key}}{{node.swap_size}}{{storage_config}}.", ".");
}

#[test]
fn what_there_is_not_is_not_defined() {
    let enlist = Context::from(&Variables { machine: None, installation: None, ..variables() });
    let findings = Template::parse("enlist", "{{preseed_data}}{{node.hostname}}").unwrap().check(&enlist);
    assert_eq!(findings.iter().map(ToString::to_string).collect::<Vec<_>>(), ["enlist:1:19: `node` is not defined"]);
    let empty = Node { hostname: "web01", ..Node::default() };
    let machine = Some(Machine { node: empty, ..Machine::default() });
    let context = Context::from(&Variables { machine, ..variables() });
    let text = Template::parse("t", "{{node.fqdn}} {{node.owner}} {{node.boot_disk}}").unwrap().render(&context);
    assert_eq!(text.unwrap(), "web01  ");
}

/// The names in the first cells of the README's table whose head begins with `head`.
fn documented(head: &str) -> BTreeSet<String> {
    let readme = include_str!("../README.md");
    let table = readme.split_once(&format!("| {head} |")).unwrap().1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap().to_owned());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn the_readme_has_every_name() {
    let context = Context::from(&variables());
    let names: BTreeSet<String> = context.names().map(str::to_owned).collect();
    assert_eq!(names, documented("name"));
    let Some(Value::Map(node)) = context.get("node") else { panic!("`node` is an object") };
    let fields: BTreeSet<String> = node.keys().map(str::to_owned).collect();
    let documented = documented("field of `node`").into_iter().map(|name| name.trim_end_matches(".name").to_owned());
    assert_eq!(fields, documented.collect());
}
