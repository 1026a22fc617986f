//! What `zpool create` and `zfs create` take: names, properties, and where a file system is mounted.

use crate::value::{Mapping, Node, Value};

/// What curtin says of every pool that does not say it itself.
const POOL_DEFAULTS: [(&str, &str); 2] = [("ashift", "12"), ("version", "28")];
/// What curtin says of the first file system of every pool.
const FS_DEFAULTS: [(&str, &str); 3] = [("atime", "off"), ("canmount", "off"), ("normalization", "formD")];

/// The longest name of a file system, that of its pool included.
const LONGEST: usize = 255;

/// Properties as the tools take them, in their order.
pub(crate) type Properties = Vec<(String, String)>;

/// The properties of a pool, curtin's own first.
pub(crate) fn pool_properties(given: &Mapping) -> Properties {
    merged(&POOL_DEFAULTS, given)
}

/// The properties of the first file system of a pool, curtin's own first.
pub(crate) fn fs_properties(given: &Mapping) -> Properties {
    merged(&FS_DEFAULTS, given)
}

/// The properties of any other file system.
pub(crate) fn properties(given: &Mapping) -> Properties {
    merged(&[], given)
}

/// What is null is left out, also where it is a default.
fn merged(defaults: &[(&str, &str)], given: &Mapping) -> Properties {
    let mut all: Vec<(String, Option<String>)> =
        defaults.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect();
    for (key, node) in given.iter() {
        let (Some(key), value) = (key.to_text(), value_text(node)) else { continue };
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value,
            None => all.push((key, value)),
        }
    }
    all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// Truth is `on`, as YAML reads that word; nothing is nothing.
fn value_text(node: &Node) -> Option<String> {
    match node.value {
        Value::Null => None,
        Value::Bool(value) => Some(if value { "on" } else { "off" }.to_owned()),
        _ => node.to_text(),
    }
}

/// The value of a property.
pub(crate) fn property<'a>(properties: &'a [(String, String)], name: &str) -> Option<&'a str> {
    properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The name of a file system in its pool, without the slashes that curtin takes out; `None` when it would be the pool
/// itself, or outside of it, or has characters that ZFS does not take (zfs(8), "ZFS component naming requirements").
pub(crate) fn dataset_name(pool: &str, volume: &str) -> Option<String> {
    let parts: Vec<&str> = volume.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let clean = |part: &&str| *part != ".." && part.chars().all(is_name_char);
    let name = parts.join("/");
    (!parts.is_empty() && parts.iter().all(clean) && pool.len() + 1 + name.len() <= LONGEST).then_some(name)
}

/// Whether `zpool create` takes the name of a pool (zpool-create(8)).
pub(crate) fn is_pool_name(name: &str) -> bool {
    let reserved = ["mirror", "raidz", "draid", "spare"].iter().any(|word| name.starts_with(word)) || name == "log";
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() < 240
        && name.chars().all(is_name_char)
        && !reserved
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.: ".contains(c)
}

/// The property `mountpoint` of a file system, as it is given or inherited: a path, or `none` or `legacy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mountpoint {
    /// It can be mounted here.
    At(String),
    /// ZFS does not mount it.
    Nowhere,
    /// It is none of what ZFS takes.
    Bad(String),
}

impl Mountpoint {
    pub(crate) fn of(value: &str) -> Self {
        match value {
            "none" | "legacy" => Self::Nowhere,
            path if path.starts_with('/') && !path.split('/').any(|part| part == "..") => {
                let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
                Self::At(format!("/{}", parts.join("/")))
            }
            bad => Self::Bad(bad.to_owned()),
        }
    }

    /// Where a file system below this one is mounted when it says nothing.
    pub(crate) fn below(&self, name: &str) -> Self {
        match self {
            Self::At(path) => Self::At(format!("{}/{name}", path.trim_end_matches('/'))),
            other => other.clone(),
        }
    }

    pub(crate) fn path(&self) -> Option<&str> {
        match self {
            Self::At(path) => Some(path),
            _ => None,
        }
    }
}

/// When ZFS mounts a file system; this is not inherited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CanMount {
    /// When it is made or imported.
    On,
    /// Never.
    Off,
    /// When somebody says so, which curtin does once.
    NoAuto,
}

impl CanMount {
    /// `None` when it is none of the three words.
    pub(crate) fn of(properties: &[(String, String)]) -> Option<Self> {
        Some(match property(properties, "canmount") {
            None | Some("on") => Self::On,
            Some("off") => Self::Off,
            Some("noauto") => Self::NoAuto,
            Some(_) => return None,
        })
    }
}

/// Whether a pool can be encrypted: its version must be one that has features, and this must be one of them.
pub(crate) fn can_encrypt(pool: &[(String, String)], default_features: bool) -> bool {
    let old = property(pool, "version").is_some_and(|version| version != "5000");
    let feature = property(pool, "feature@encryption");
    !old && match feature {
        Some("enabled") => true,
        Some(_) => false,
        None => default_features,
    }
}

/// Whether a property has a name and a value that can be handed to ZFS.
pub(crate) fn is_property((name, value): &(String, String)) -> bool {
    let is_odd = |text: &str| text.is_empty() || text.chars().any(char::is_control);
    !is_odd(name) && !is_odd(value) && !name.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::problem::Span;

    fn mapping(text: &str) -> Mapping {
        json::parse(text, Span::NONE, 0).unwrap().as_mapping().unwrap().clone()
    }

    fn words(properties: &Properties) -> Vec<String> {
        properties.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn properties_are_merged_as_curtin_does() {
        assert_eq!(words(&pool_properties(&Mapping::default())), ["ashift=12", "version=28"]);
        let given = mapping(r#"{"autotrim": true, "version": null, "ashift": 13, "feature@x": "enabled"}"#);
        assert_eq!(words(&pool_properties(&given)), ["ashift=13", "autotrim=on", "feature@x=enabled"]);
        let given = mapping(r#"{"canmount": "noauto", "compression": "lz4", "atime": null, "devices": false}"#);
        assert_eq!(
            words(&fs_properties(&given)),
            ["canmount=noauto", "normalization=formD", "compression=lz4", "devices=off"]
        );
        assert_eq!(words(&properties(&mapping(r#"{"quota": 1073741824}"#))), ["quota=1073741824"]);
    }

    #[test]
    fn names() {
        for (volume, name) in [
            ("/ROOT", Some("ROOT")),
            ("/ROOT//zfsroot/", Some("ROOT/zfsroot")),
            ("./a b", Some("a b")),
            ("/", None),
            ("", None),
            ("../other", None),
            ("a@snapshot", None),
            ("a#b", None),
        ] {
            assert_eq!(dataset_name("rpool", volume).as_deref(), name, "{volume}");
        }
        for (name, good) in
            [("rpool", true), ("b-1.x:_", true), ("1pool", false), ("mirror0", false), ("log", false), ("logs", true)]
        {
            assert_eq!(is_pool_name(name), good, "{name}");
        }
    }

    #[test]
    fn mountpoints_are_inherited() {
        assert_eq!(Mountpoint::of("/").below("home").below("root"), Mountpoint::At("/home/root".to_owned()));
        assert_eq!(Mountpoint::of("//srv/./x/").path(), Some("/srv/x"));
        assert_eq!(Mountpoint::of("none").below("home"), Mountpoint::Nowhere);
        assert_eq!(Mountpoint::of("srv"), Mountpoint::Bad("srv".to_owned()));
        assert_eq!(Mountpoint::of("/srv/../etc"), Mountpoint::Bad("/srv/../etc".to_owned()));
    }

    #[test]
    fn encryption_is_a_feature() {
        let pool = |text: &str| pool_properties(&mapping(text));
        assert!(!can_encrypt(&pool("{}"), true));
        assert!(can_encrypt(&pool(r#"{"version": null}"#), true));
        assert!(!can_encrypt(&pool(r#"{"version": null}"#), false));
        assert!(can_encrypt(&pool(r#"{"version": null, "feature@encryption": "enabled"}"#), false));
    }
}
