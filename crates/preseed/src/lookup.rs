//! The file names under which a template is looked for.
//!
//! `{prefix}_{osystem}_{arch}_{subarch}_{release}_{name}` loses its last part again and again, down to the prefix;
//! `generic` comes last. Users wrote many of their files before there was more than one operating system: for ubuntu,
//! each name that has the osystem is followed by the same name without it.

/// What a template is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupKey<'a> {
    /// `enlist`, `enlist_userdata`, `commissioning`, `curtin`, `curtin_userdata`, or nothing.
    pub prefix: &'a str,
    /// The operating system, such as `ubuntu`.
    pub osystem: &'a str,
    /// The architecture and sub-architecture. `None` when no machine is known yet; parts may be empty.
    pub arch: Option<(&'a str, &'a str)>,
    /// The release, such as `noble`.
    pub release: &'a str,
    /// The machine's name.
    pub name: Option<&'a str>,
    /// Whether `generic` is tried in the end.
    pub default: bool,
}

/// The osystem whose names also stand without it.
const IMPLIED_OSYSTEM: &str = "ubuntu";

/// The file names to try, the best first.
///
/// An empty part keeps its underscore, apart from an empty prefix, which leaves no trace.
///
/// ```
/// use firstlight_preseed::{LookupKey, candidates};
/// let key = LookupKey {
///     prefix: "curtin",
///     osystem: "debian",
///     arch: Some(("amd64", "generic")),
///     release: "bookworm",
///     name: Some("web01"),
///     default: true,
/// };
/// let names: Vec<String> = candidates(&key).collect();
/// assert_eq!(names.first().map(String::as_str), Some("curtin_debian_amd64_generic_bookworm_web01"));
/// assert_eq!(names.last().map(String::as_str), Some("generic"));
/// ```
pub fn candidates(key: &LookupKey<'_>) -> impl Iterator<Item = String> {
    let mut parts = Vec::with_capacity(6);
    if !key.prefix.is_empty() {
        parts.push(key.prefix);
    }
    let osystem_at = parts.len();
    parts.push(key.osystem);
    if let Some((arch, subarch)) = key.arch {
        parts.extend([arch, subarch]);
    }
    parts.push(key.release);
    parts.extend(key.name);

    let mut names = Vec::with_capacity(2 * parts.len() + 1);
    while !parts.is_empty() {
        names.push(parts.join("_"));
        // The last name with the osystem has nothing behind it: without it, it would be the prefix, which follows.
        if key.osystem == IMPLIED_OSYSTEM && parts.len() > osystem_at + 1 {
            let mut without = parts.clone();
            without.remove(osystem_at);
            names.push(without.join("_"));
        }
        parts.pop();
    }
    if key.default {
        names.push("generic".to_owned());
    }
    names.into_iter()
}
