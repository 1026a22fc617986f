//! What PyYAML made of the same texts.

use serde_json::{Map, Value as Json, json};

use super::load;
use crate::value::{Node, Value};

/// A value in the notation of the vectors.
fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(number) => {
            i64::try_from(*number).map_or_else(|_| json!({"!!bigint": number.to_string()}), |number| json!(number))
        }
        Value::BigInt(digits) => json!({"!!bigint": digits}),
        Value::Float(number) if number.is_finite() => json!(number),
        Value::Float(number) => {
            json!({"!!float": crate::value::float_text(*number).replace('.', "")})
        }
        Value::String(text) => json!(text),
        Value::Timestamp(text) => json!({"!!timestamp": text}),
        Value::Binary(bytes) => json!({"!!binary": crate::emit::encode(bytes)}),
        Value::Sequence(items) => items.iter().map(json).collect(),
        Value::Set(items) => json!({"!!set": items.iter().map(json).collect::<Vec<_>>()}),
        Value::Mapping(mapping) => {
            let entries = mapping.iter().map(|(key, value)| (key_text(key), json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn key_text(key: &Node) -> String {
    let text = key.to_text().unwrap_or_default();
    match &key.value {
        Value::Null => "!!null".to_owned(),
        Value::Bool(value) => format!("!!bool {value}"),
        Value::Int(_) | Value::BigInt(_) => format!("!!int {text}"),
        Value::Float(_) => format!("!!float {text}"),
        Value::Timestamp(_) => format!("!!timestamp {text}"),
        _ => text,
    }
}

#[test]
fn values_are_those_of_pyyaml() {
    check(include_str!("../../../../testdata/curtin/yaml11_pyyaml.json"), 216);
}

#[test]
fn what_yaml_1_2_reads_otherwise_is_read_as_pyyaml_reads_it() {
    check(include_str!("../../../../testdata/curtin/yaml11_differences.json"), 222);
}

#[track_caller]
fn check(vectors: &str, count: usize) {
    let vectors: Json = serde_json::from_str(vectors).unwrap();
    let mut different = Vec::new();
    let cases = vectors["cases"].as_object().unwrap();
    for (name, case) in cases {
        let text = case["text"].as_str().unwrap();
        let (node, problems) = load(text);
        let agrees = match case.get("ok") {
            Some(wanted) => node.as_ref().map(json).as_ref() == Some(wanted),
            None => node.is_none() && problems.iter().any(crate::Problem::is_error),
        };
        if !agrees {
            different.push(name.as_str());
        }
    }
    assert_eq!(different, Vec::<&str>::new());
    assert_eq!(cases.len(), count);
}
