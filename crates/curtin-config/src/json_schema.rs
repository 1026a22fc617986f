//! JSON Schema, for editors and other tools: `schemars::schema_for!(Config)`.
//!
//! The storage section's schema says what curtin's validator says, item by item; [`check_storage`](crate::check_storage)
//! judges by the same tables. The other sections are described by what their fields may be: what the installer would stop
//! at is refused as far as a schema can tell, and so are words that it would ignore. Unknown keys are allowed there.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::schema::storage_schema;
use crate::storage::Storage;

mod network;
mod sections;

impl JsonSchema for Storage {
    fn schema_name() -> Cow<'static, str> {
        "Storage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema(storage_schema())
    }
}

/// Storage is a schema of its own below `$defs`.
///
/// ```
/// use firstlight_curtin_config::Config;
///
/// let schema = schemars::schema_for!(Config);
/// assert_eq!(schema.pointer("/properties/storage/$ref").unwrap(), "#/$defs/Storage");
/// assert_eq!(schema.pointer("/properties/power_state/anyOf/0/required").unwrap(), &serde_json::json!(["mode"]));
/// ```
impl JsonSchema for Config {
    fn schema_name() -> Cow<'static, str> {
        "CurtinConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let storage = generator.subschema_for::<Storage>().to_value();
        let mut properties = sections::properties();
        properties.insert("storage".to_owned(), storage);
        schema(json!({
            "title": "curtin configuration",
            "type": "object",
            "properties": properties,
            "patternProperties": {"_commands$": sections::commands()},
        }))
    }
}

fn schema(value: Value) -> Schema {
    match value {
        Value::Object(map) => map.into(),
        _ => Map::new().into(),
    }
}
