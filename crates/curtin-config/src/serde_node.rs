//! Configurations in and out of whatever format serde has a crate for.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::config::{Config, Context, read_mapping};
use crate::json::Seed;
use crate::problem::{Problem, Span};
use crate::storage::Storage;
use crate::value::{Node, Value};

/// Dates become text, and so do integers beyond 128 bits; those beyond 64 bits need a format that has them.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => serializer.serialize_i64(number),
                (_, Ok(number)) => serializer.serialize_u64(number),
                _ => serializer.serialize_i128(*number),
            },
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::BigInt(text) | Value::String(text) | Value::Timestamp(text) => serializer.serialize_str(text),
            Value::Binary(bytes) => serializer.serialize_bytes(bytes),
            Value::Sequence(items) | Value::Set(items) => {
                let mut all = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    all.serialize_element(item)?;
                }
                all.end()
            }
            Value::Mapping(mapping) => {
                let mut all = serializer.serialize_map(Some(mapping.len()))?;
                for (key, value) in mapping.iter() {
                    all.serialize_entry(key, value)?;
                }
                all.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Seed(Span::NONE).deserialize(deserializer)
    }
}

/// As [`Config::to_node`].
impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_node().serialize(serializer)
    }
}

/// The first thing that is wrong is the error; [`parse`](crate::parse) tells of all, and where they stand.
///
/// ```
/// use firstlight_curtin_config::Config;
///
/// let config: Config = serde_json::from_str(r#"{"late_commands": {"a": ["sync"]}}"#)?;
/// assert_eq!(serde_json::to_string(&config)?, r#"{"late_commands":{"a":["sync"]}}"#);
/// let error = serde_json::from_str::<Config>(r#"{"proxy": 5}"#).unwrap_err();
/// assert_eq!(error.to_string(), "error[bad-type] proxy: must be a mapping, not an integer (write a mapping)");
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let Value::Mapping(root) = &node.value else {
            return Err(D::Error::custom(format!("a configuration is a mapping, not {}", node.kind())));
        };
        let parsed = read_mapping(root, Vec::new());
        match parsed.problems.iter().find(|problem| problem.is_error()) {
            Some(problem) => Err(D::Error::custom(problem)),
            None => Ok(parsed.config),
        }
    }
}

/// As [`Storage::to_node`].
impl Serialize for Storage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_node().serialize(serializer)
    }
}

/// The first thing that is wrong is the error.
impl<'de> Deserialize<'de> for Storage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let mut cx = Context::default();
        let storage = Self::read(&mut cx, &node);
        match (storage, cx.into_problems().into_iter().find(Problem::is_error)) {
            (_, Some(problem)) => Err(D::Error::custom(problem)),
            (Some(storage), None) => Ok(storage),
            (None, None) => Err(D::Error::custom("a storage section is a mapping, not null")),
        }
    }
}
