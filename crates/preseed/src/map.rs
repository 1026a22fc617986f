//! Dictionaries, which keep the order of insertion.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::budget::Budget;
use crate::operators::equal;
use crate::{Problem, Value};

/// A dictionary that keeps the order of insertion.
///
/// Its keys are texts when it is built from outside. A template can make one with other keys; only templates see those.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    entries: Vec<(Value, Value)>,
    /// The positions of the text keys.
    index: BTreeMap<Arc<str>, usize>,
}

impl Map {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key, or replaces its value in place.
    pub fn insert(&mut self, key: &str, value: impl Into<Value>) {
        self.insert_shared(&key.into(), value.into());
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let &at = self.index.get(key)?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// The text keys in the order of insertion.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    /// Text keys and their values in the order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().filter_map(|(key, value)| match key {
            Value::Str(key) => Some((&**key, value)),
            _ => None,
        })
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All keys and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The value of a key of any kind. `1`, `1.0` and `True` are the same key.
    pub(crate) fn find(&self, key: &Value, budget: &mut Budget) -> Result<Option<&Value>, Problem> {
        if let Value::Str(key) = key {
            return Ok(self.get(key));
        }
        Ok(self.position(key, budget)?.and_then(|at| self.entries.get(at)).map(|(_, value)| value))
    }

    /// Adds a key of any kind, or replaces its value in place.
    pub(crate) fn put(&mut self, key: &Value, value: Value, budget: &mut Budget) -> Result<(), Problem> {
        if let Value::Str(key) = key {
            self.insert_shared(key, value);
            return Ok(());
        }
        match self.position(key, budget)?.and_then(|at| self.entries.get_mut(at)) {
            Some(slot) => slot.1 = value,
            None => self.entries.push((key.clone(), value)),
        }
        Ok(())
    }

    fn position(&self, key: &Value, budget: &mut Budget) -> Result<Option<usize>, Problem> {
        for (at, (other, _)) in self.entries.iter().enumerate() {
            if equal(other, key, budget)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    fn insert_shared(&mut self, key: &Arc<str>, value: Value) {
        if let Some(slot) = self.index.get(key).and_then(|&at| self.entries.get_mut(at)) {
            slot.1 = value;
            return;
        }
        self.index.insert(Arc::clone(key), self.entries.len());
        self.entries.push((Value::Str(Arc::clone(key)), value));
    }
}

impl<K: AsRef<str>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key.as_ref(), value);
        }
        map
    }
}
