//! Friendly names: an adjective and an animal.

use crate::secret::pick;

const ADJECTIVES: [&str; 64] = [
    "able", "agile", "amber", "ample", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid", "cheery",
    "civil", "clever", "cosmic", "crisp", "daring", "deft", "eager", "early", "fair", "fleet", "fond", "frank",
    "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest", "humble", "jolly", "keen", "kind",
    "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "patient",
    "plucky", "proud", "quick", "quiet", "ready", "robust", "serene", "sharp", "smart", "snug", "solid", "steady",
    "sunny", "swift", "tidy", "warm",
];

const ANIMALS: [&str; 64] = [
    "badger", "bear", "beaver", "bison", "boar", "buck", "camel", "cat", "condor", "cougar", "coyote", "crane",
    "cricket", "crow", "deer", "dingo", "dolphin", "dove", "eagle", "egret", "elk", "falcon", "ferret", "finch", "fox",
    "gecko", "goose", "hare", "hawk", "heron", "ibex", "ibis", "jackal", "jay", "kestrel", "kite", "koala", "lark",
    "lemur", "lion", "lynx", "marten", "mole", "moose", "moth", "newt", "ocelot", "otter", "owl", "panda", "pigeon",
    "puffin", "quail", "raven", "robin", "salmon", "seal", "stoat", "stork", "swan", "tapir", "toad", "turtle",
    "wombat",
];

/// A random name, such as `calm-otter`. The database refuses one that is taken.
#[must_use]
pub fn friendly() -> String {
    format!("{}-{}", ADJECTIVES[pick(ADJECTIVES.len())], ANIMALS[pick(ANIMALS.len())])
}

/// Whether `name` is a host name: letters, digits and dashes, 1 to 63 of them (RFC 1123 §2.1).
///
/// ```
/// assert!(firstlight::names::is_hostname("calm-otter"));
/// assert!(!firstlight::names::is_hostname("calm otter"));
/// assert!(!firstlight::names::is_hostname("-calm"));
/// ```
#[must_use]
pub fn is_hostname(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}
