//! Contexts that are written in JSON.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use firstlight_preseed::{Map, Value};
use serde_json::Value as Json;

pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::from(number.as_f64().unwrap()), Value::from),
        Json::String(text) => Value::from(text),
        Json::Array(items) => Value::list(items.iter().map(value)),
        Json::Object(entries) => Value::from(entries.iter().map(|(key, item)| (key, value(item))).collect::<Map>()),
    }
}
