//! What curtin's validator said of the same items.

use serde_json::Value as Json;

use super::*;
use crate::json;
use crate::problem::Span;

fn read(value: &Json) -> Node {
    json::parse(&value.to_string(), Span::NONE, 0).unwrap()
}

#[test]
fn parameters_of_a_zpool_are_simple_values_under_text() {
    for (properties, valid) in [
        ("{compression: lz4, copies: 2, atime: true, quota: null, whole: 1.0}", true),
        ("{a: 1.5}", false),
        ("{a: [1]}", false),
        (r#"{"a\n": [1]}"#, false),
        (r#"{"a\nb": [1]}"#, true),
        ("{1: x}", false),
        ("{null: x}", false),
    ] {
        let text = format!("{{id: pool, type: zpool, pool: tank, vdevs: [disk], fs_properties: {properties}}}");
        let mut problems = Vec::new();
        check_item("item", &crate::yaml::load(&text).0.unwrap(), &mut problems);
        assert_eq!(problems.is_empty(), valid, "{properties}: {problems:?}");
    }
}

#[test]
fn verdicts_are_those_of_curtin() {
    let text = include_str!("../../../../testdata/curtin/curtin_schema_vectors.json");
    let vectors: Json = serde_json::from_str(text).unwrap();
    let mut wrong = Vec::new();
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        let item = match case.get("item") {
            Some(item) => item.clone(),
            None => {
                let mut item = vectors["base"][case["type"].as_str().unwrap()].clone();
                item[case["prop"].as_str().unwrap()] = case["value"].clone();
                item
            }
        };
        let mut problems = Vec::new();
        check_item("item", &read(&item), &mut problems);
        if problems.is_empty() != case["valid"].as_bool().unwrap() {
            wrong.push(format!("{item} {} {problems:?}", case["valid"]));
        }
    }
    assert_eq!(cases.len(), 7599);
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), wrong.iter().take(20).collect::<Vec<_>>());
    for case in vectors["top_level"].as_array().unwrap() {
        let problems = check_storage(&read(&case["storage"]));
        assert_eq!(problems.is_empty(), case["valid"].as_bool().unwrap(), "{case} {problems:?}");
    }
}

#[test]
fn digits_and_spaces_are_those_of_python() {
    let accepted = |item: &str| {
        let mut problems = Vec::new();
        check_item("item", &crate::yaml::load(item).0.unwrap(), &mut problems);
        problems.is_empty()
    };
    for (item, verdict) in [
        ("{id: l, type: lvm_partition, name: l, volgroup: v, size: \u{663}.\u{663}}", true),
        ("{id: l, type: lvm_partition, name: l, volgroup: v, size: \u{663}}", false),
        ("{id: d, type: disk, wwn: 0x\u{663}}", true),
        ("{id: d, type: disk, wwn: eui.\u{663}}", false),
        ("{id: m, type: mount, path: /, options: \"\\x1c\"}", false),
        ("{id: f, type: format, volume: v, fstype: \"__a__\\n\"}", true),
        ("{id: f, type: format, volume: v, fstype: \"__\\n__\"}", false),
        ("{id: p, type: partition, device: d, size: 1, partition_type: \"0xEF\\n\"}", true),
        ("{id: p, type: partition, device: d, size: 1, partition_type: \"0xEF\\n\\n\"}", false),
    ] {
        assert_eq!(accepted(item), verdict, "{item}");
    }
}

#[test]
fn the_validator_accepts_what_its_schema_forgets() {
    for (storage, accepted) in [
        ("custom", true),
        ("5", true),
        ("[]", true),
        ("{type: disk, id: d, serial: s}", true),
        ("{type: disk, id: d}", false),
        ("{type: disk, id: d, serial: s, version: 1, config: []}", false),
        ("{type: device, id: d}", false),
    ] {
        let yaml = format!("storage: {storage}");
        let refused = |level| crate::check(&yaml, level).iter().any(Problem::is_error);
        assert_eq!(refused(Level::Schema), !accepted, "{storage}");
        assert!(refused(Level::Runtime), "{storage}");
    }
}

#[test]
fn problems_say_where_and_what() {
    let yaml = "storage:\n  version: 1\n  config:\n  - {id: d, type: disk}\n  - {type: mount, path: x, z: 1}\n";
    let root = crate::yaml::load(yaml).0.unwrap();
    let problems = check_storage(root.as_mapping().unwrap().get("storage").unwrap());
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "4:5: error[missing-key] storage.config[0]: one of serial, wwn, path is needed (add it to the item)",
            "5:5: error[missing-key] storage.config[1].id: `id` is missing (add it)",
            "5:25: error[bad-value] storage.config[1].path: the validator takes no such value (write an absolute path \
             without a slash at its end, or the word none)",
            "5:28: error[unknown-key] storage.config[1].z: curtin refuses a key that it does not know here (remove it, or \
             correct its name)",
        ]
    );
}
