//! Every key that curtin reads is a field: what is read into one is written again, and what is not is reported.

use std::collections::BTreeSet;

use firstlight_curtin_config::{Config, Merge, Node, parse};

/// Places whose keys are names of the user's.
const NAMED: &[&str] = &["sources", "reporting", "write_files", "cloudconfig", "apt.sources", "network", "network.*"];

/// The keys of a configuration, each behind the place where it stands.
fn keys(node: &Node, place: &str, found: &mut BTreeSet<String>) {
    for item in node.as_sequence().unwrap_or_default() {
        let kind = item.as_mapping().and_then(|item| item.get("type")).and_then(Node::as_str);
        let kind = kind.filter(|_| place == "storage.config").unwrap_or_default();
        keys(item, &format!("{place}[{kind}]"), found);
    }
    let Some(mapping) = node.as_mapping() else { return };
    let is_v1 = place == "network" && mapping.get("config").is_some();
    for (key, value) in mapping.iter() {
        let key = key.as_str().unwrap_or_default();
        let is_name = NAMED.contains(&place) && !is_v1 && !(place == "network" && key == "version");
        found.insert(format!("{}: {key}", if place.is_empty() { "." } else { place }));
        let step = if is_name { "*" } else { key };
        let below = if place.is_empty() { step.to_owned() } else { format!("{place}.{step}") };
        keys(value, &below, found);
    }
}

/// The typed configuration alone: what came from the text as it stood is taken out.
fn typed(text: &str) -> Config {
    let mut config = parse(text).config;
    config.network = None;
    config
}

fn written(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    keys(&typed(text).to_node(), "", &mut found);
    found
}

const FILES: [&str; 4] = [
    include_str!("../../../testdata/curtin/every_section.yaml"),
    include_str!("../../../testdata/curtin/every_netplan.yaml"),
    include_str!("../../../testdata/curtin/every_storage_item.yaml"),
    // Old names, beside which the new ones cannot stand.
    "apt_mirrors: {ubuntu_archive: 'http://m', ubuntu_security: 'http://s'}
apt_proxy: http://p
debconf_selections: {a: a a/b string c}",
];

#[test]
fn every_key_of_the_table_is_a_field() {
    let fields: BTreeSet<String> = FILES.iter().flat_map(|text| written(text)).collect();
    let table = include_str!("../../../testdata/curtin/keys.txt").lines().filter(|line| !line.starts_with('#'));
    let mut missing = Vec::new();
    let mut count = 0;
    for line in table {
        let (place, keys) = line.split_once(": ").unwrap();
        for key in keys.split(' ') {
            let name = format!("{place}: {key}");
            count += 1;
            if !fields.contains(&name) {
                missing.push(name);
            }
        }
    }
    assert_eq!(missing, [""; 0]);
    assert!(count > 300, "{count}");
}

#[test]
fn a_field_is_no_unknown_key() {
    for text in FILES {
        let problems = parse(text).problems;
        let unknown: Vec<&str> = problems
            .iter()
            .filter(|problem| problem.code == "unknown-key")
            .map(|problem| problem.path.as_str())
            .collect();
        assert_eq!(unknown, [""; 0]);
        let mut merge = Merge::new();
        merge.add("", text).unwrap();
        let mut read = BTreeSet::new();
        for (key, value) in merge.root().iter() {
            let key = key.as_str().unwrap();
            read.insert(format!(".: {key}"));
            keys(value, key, &mut read);
        }
        let written = written(text);
        let lost: Vec<&String> = read.difference(&written).collect();
        assert!(lost.is_empty(), "{lost:#?}");
    }
}
