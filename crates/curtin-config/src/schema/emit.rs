//! The tables of the validator as a JSON Schema.

use serde_json::{Map, Value, json};

use super::rule::{LEVELS, Rule};
use super::{FSTYPES, ITEMS, Item};

const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// A storage section: its items, each by its type.
pub(crate) fn storage_schema() -> Value {
    json!({
        "title": "curtin storage section",
        "type": "object",
        "required": ["version", "config"],
        "properties": {
            "version": {"enum": [1, 2]},
            "config": {"type": "array", "items": {"oneOf": ITEMS.iter().map(item).collect::<Vec<_>>()}},
        },
        "additionalProperties": false,
    })
}

fn item(item: &Item) -> Value {
    let mut properties: Map<String, Value> =
        item.keys.iter().map(|(name, rule)| ((*name).to_owned(), rule.schema())).collect();
    properties.insert("id".to_owned(), json!({"type": "string"}));
    properties.insert("type".to_owned(), json!({"const": item.kind}));
    let required: Vec<&str> = ["id", "type"].iter().chain(item.required).copied().collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("required".to_owned(), json!(required));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("additionalProperties".to_owned(), json!(false));
    for (keyword, names) in [("anyOf", item.any_of), ("oneOf", item.one_of)] {
        if !names.is_empty() {
            let choices: Vec<Value> = names.iter().map(|name| json!({"required": [name]})).collect();
            schema.insert(keyword.to_owned(), json!(choices));
        }
    }
    if item.kind == "format" {
        schema.insert(
            "anyOf".to_owned(),
            json!([
                {"properties": {"fstype": {"enum": FSTYPES}}},
                {"properties": {"fstype": {"pattern": "^__.*__$"}}},
                {"properties": {"preserve": {"const": true}}, "required": ["preserve"]},
            ]),
        );
    }
    Value::Object(schema)
}

impl Rule {
    fn schema(&self) -> Value {
        let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern});
        match self {
            Self::Text => json!({"type": "string"}),
            Self::ShortText(max) => json!({"type": "string", "maxLength": max}),
            Self::OneOf(words) => json!({"enum": words}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Flag => json!({"enum": [true, false, 0, 1]}),
            Self::Integer => json!({"type": "integer"}),
            Self::TextOrNumber => json!({"type": ["string", "number"]}),
            Self::Digit => json!({"type": ["integer", "string"], "pattern": "[0-9]"}),
            Self::Number => json!({"type": ["integer", "string"], "pattern": "[1-9]", "minimum": 1}),
            Self::Size => json!({"type": ["string", "number"], "pattern": "^([1-9]|[0-9]+.[0-9])", "minimum": 1}),
            Self::Uuid => pattern(UUID),
            Self::Device => pattern("^/dev(/[^/]+)+$"),
            Self::Disk => pattern("^(/dev(/[^/]+)+$|iscsi:)"),
            Self::MountPoint => pattern("^(none|/|(/[^/]+)+)$"),
            Self::MountOptions => pattern("^$|[^ \\t\\r\\n]"),
            Self::Wwn => pattern("^(0x[0-9a-zA-Z]|(nvme|eui|uuid)\\.[-0-9a-zA-Z])"),
            Self::PartitionType => pattern(&format!("^0x[0-9a-fA-F]{{1,2}}$|{UUID}")),
            Self::RaidLevel => {
                let numbers = [0, 1, 4, 5, 6, 10].map(Value::from);
                json!({"enum": numbers.into_iter().chain(LEVELS.iter().copied().map(Value::from)).collect::<Vec<_>>()})
            }
            Self::BlockSize => json!({"enum": [512, 1024, 2048, 4096, "512", "1024", "2048", "4096"]}),
            Self::Parameters => {
                json!({"type": "object", "additionalProperties": {"type": ["boolean", "integer", "null", "string"]}})
            }
        }
    }
}
