//! The emitted JSON Schema says of every recorded storage section what curtin's validator said of it.
#![cfg(feature = "schemars")]
#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

use std::collections::HashMap;

use firstlight_curtin_config::{Config, Level, Merge, Node, Problem, Storage, Value as Yaml, check, parse, to_json};
use regex::Regex;
use serde_json::{Value, json};

/// The keywords that the schema uses, with the meaning that they have in the 2020-12 draft.
struct Validator<'a> {
    root: &'a Value,
    patterns: HashMap<String, Regex>,
}

impl<'a> Validator<'a> {
    fn new(root: &'a Value) -> Self {
        Self { root, patterns: HashMap::new() }
    }

    fn matches(&mut self, pattern: &str, text: &str) -> bool {
        self.patterns.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap()).is_match(text)
    }

    fn accepts(&mut self, schema: &Value, value: &Value) -> bool {
        let Value::Object(schema) = schema else { return schema == &json!(true) };
        schema.iter().all(|(keyword, wanted)| match keyword.as_str() {
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|kind| is(kind, value)),
                kind => is(kind, value),
            },
            "enum" => wanted.as_array().unwrap().iter().any(|other| same(other, value)),
            "const" => same(wanted, value),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= wanted.as_u64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
            "uniqueItems" => value.as_array().is_none_or(|all| (1..all.len()).all(|at| !all[..at].contains(&all[at]))),
            "pattern" => value.as_str().is_none_or(|text| self.matches(wanted.as_str().unwrap(), text)),
            "required" => {
                let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                !value.is_object() || wanted.as_array().unwrap().iter().all(has)
            }
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| self.accepts(wanted, item))),
            "anyOf" => wanted.as_array().unwrap().iter().any(|choice| self.accepts(choice, value)),
            "oneOf" => wanted.as_array().unwrap().iter().filter(|choice| self.accepts(choice, value)).count() == 1,
            "properties" => wanted
                .as_object()
                .unwrap()
                .iter()
                .all(|(name, rule)| value.get(name).is_none_or(|it| self.accepts(rule, it))),
            "additionalProperties" => value.as_object().is_none_or(|entries| {
                let known = |name: &str| schema.get("properties").is_some_and(|all| all.get(name).is_some());
                entries.iter().filter(|(name, _)| !known(name)).all(|(_, it)| self.accepts(wanted, it))
            }),
            "patternProperties" => value.as_object().is_none_or(|entries| {
                entries.iter().all(|(name, it)| {
                    wanted
                        .as_object()
                        .unwrap()
                        .iter()
                        .all(|(pattern, rule)| !self.matches(pattern, name) || self.accepts(rule, it))
                })
            }),
            "$ref" => {
                let target = self.root.pointer(wanted.as_str().unwrap().trim_start_matches('#')).unwrap();
                self.accepts(target, value)
            }
            "$schema" | "title" | "$defs" => true,
            other => panic!("the schema uses {other}, which this test does not know"),
        })
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("there is no type {other}"),
    }
}

/// 1 and 1.0 are one number.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../testdata/curtin/curtin_schema_vectors.json")).unwrap()
}

#[test]
fn verdicts_on_storage_are_those_of_curtin() {
    let schema = schemars::schema_for!(Storage).to_value();
    let mut validator = Validator::new(&schema);
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let mut item = vectors["base"][case["type"].as_str().unwrap_or_default()].clone();
        match case.get("item") {
            Some(whole) => item = whole.clone(),
            None => item[case["prop"].as_str().unwrap()] = case["value"].clone(),
        }
        let storage = json!({"version": 1, "config": [item]});
        if validator.accepts(&schema, &storage) != case["valid"].as_bool().unwrap() {
            wrong.push(storage.to_string());
        }
    }
    assert_eq!(cases.len(), 7599);
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
}

#[test]
fn whole_configurations_fit() {
    let schema = schemars::schema_for!(Config).to_value();
    let mut validator = Validator::new(&schema);
    let all = parse(include_str!("../../../testdata/curtin/every_section.yaml")).config;
    let value = serde_json::to_value(&all).unwrap();
    let object = value.as_object().unwrap();
    for (name, section) in object {
        let one = json!({name: section});
        // Binary content has no form in JSON.
        assert_eq!(validator.accepts(&schema, &one), name != "write_files", "{one}");
    }
    assert_eq!(object.len(), 36);
    for base in vectors()["base"].as_object().unwrap().values() {
        assert!(validator.accepts(&schema, &json!({"storage": {"version": 1, "config": [base]}})), "{base}");
    }
    for wrong in [
        json!([]),
        json!({"storage": {"version": 3, "config": []}}),
        json!({"late_commands": {"a": ["sleep", 5]}}),
        json!({"boot": {"terminal": "console"}}),
        json!({"power_state": {"mode": "restart"}}),
    ] {
        assert!(!validator.accepts(&schema, &wrong), "{wrong}");
    }
}

#[test]
fn sections_are_judged_as_by_the_check() {
    let schema = schemars::schema_for!(Config).to_value();
    let mut validator = Validator::new(&schema);
    for (yaml, wanted) in [
        ("sources: {a: http://h/x, b: {type: fsimage, uri: /x}}", true),
        ("sources: [http://h/x]", true),
        ("sources: ''", true),
        ("sources: [1]", false),
        ("sources: {a: {type: tgz}}", false),
        ("sources: null", false),
        ("apt: {proxy: false, http_proxy: null, https_proxy: 'http://192.0.2.1:3128'}", true),
        ("network: {config: disabled}", true),
        ("network: {version: 2, ethernets: {e: {dhcp4: true, addresses: [192.0.2.1/24], mtu: 1500}}}", true),
        ("network: {version: 2, renderer: networkd}", false),
        ("network: {version: 2, ethernets: [e]}", false),
        ("network: {version: '1', config: []}", false),
        ("network: {version: 1, config: [{type: loopback, name: lo}]}", false),
        ("network: {version: 1, config: [{type: physical, name: e, subnets: [{type: dhcp4}], mtu: 9000}]}", true),
        ("network: {version: 1, config: [{type: physical, name: e, subnets: [{address: 192.0.2.1/24}]}]}", false),
        ("network: {version: 1, config: [{type: vlan, name: v, vlan_link: e, vlan_id: 5}]}", true),
        ("network: {version: 1, config: [{type: bond, name: b, bond_interfaces: [e], params: {bond-mode: 1}}]}", true),
        ("network: {version: 1, config: [{type: nameserver, address: 192.0.2.53, search: [example.org]}]}", true),
        ("network: {version: 1, config: [{type: route, destination: 198.51.100.0/24, gateway: 192.0.2.1}]}", true),
        ("network: {version: 1, config: [{type: route, destination: 198.51.100.0/33}]}", false),
    ] {
        let mut merge = Merge::new();
        merge.add("", yaml).unwrap();
        let value: Value =
            serde_json::from_str(&to_json(&Node::detached(Yaml::Mapping(merge.root().clone()))).unwrap()).unwrap();
        assert_eq!(validator.accepts(&schema, &value), wanted, "{yaml}");
        let refused = check(yaml, Level::Runtime).iter().any(Problem::is_error);
        assert_eq!(!refused, wanted, "{yaml}");
    }
}
