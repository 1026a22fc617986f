//! Further package sources: `apt.sources`.

use super::Keys;
use crate::problem::Problem;
use crate::value::{Mapping, Node, Value};
use crate::write_file::leads_out;

/// One entry of `sources`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AptSource {
    /// A line for the list, a stanza, `ppa:…` or `proposed`.
    pub source: Option<String>,
    /// The key itself: an armoured text, or bytes.
    pub key: Option<Vec<u8>>,
    /// The fingerprint of a key to fetch.
    pub keyid: Option<String>,
    /// Where it is fetched from.
    pub keyserver: Option<String>,
    /// The file, in place of the name of the entry.
    pub filename: Option<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

/// All sources in the order of the text.
pub(super) fn read_all(keys: &mut Keys<'_>) -> Vec<(String, AptSource)> {
    let Some(node) = keys.get("sources") else { return Vec::new() };
    let path = keys.path("sources");
    let Some(mapping) = node.as_mapping() else {
        let problem = Problem::bad_type(path, node, "a mapping of names to sources");
        keys.cx.problem(problem.remedy("write `NAME: {source: deb $MIRROR $RELEASE main}` below it"));
        return Vec::new();
    };
    // An expression of the user's own may take any source.
    let is_usual = keys.get("add_apt_repo_match").is_none();
    let read = |(key, value): (&Node, &Node)| {
        let name = key.to_text()?;
        let mut keys = Keys::new(keys.cx, format!("{path}.{name}"), value)?;
        if key.as_str().is_none() && keys.get("filename").is_none() {
            let message = format!("the name is the name of a file as well, and {} is none", key.kind());
            let problem = Problem::error("bad-type", keys.path.clone(), key.span, message);
            keys.cx.problem(problem.remedy("put it in quotes"));
        }
        let source = AptSource::read(keys, &name, is_usual);
        Some((name, source))
    };
    mapping.iter().filter_map(read).collect()
}

impl AptSource {
    fn read(mut keys: Keys<'_>, name: &str, is_usual: bool) -> Self {
        check_key(&mut keys);
        keys.refuse_nul("filename");
        let is_fetched = keys.get("key").is_none() && keys.get("keyid").is_some();
        let fetched = |keys: &mut Keys<'_>, name| if is_fetched { keys.strict_text(name) } else { keys.text(name) };
        let source = Self {
            source: keys.text_or_null("source"),
            key: keys.get("key").and_then(key),
            keyid: fetched(&mut keys, "keyid"),
            keyserver: fetched(&mut keys, "keyserver"),
            filename: keys.strict_text("filename"),
            rest: Mapping::default(),
        };
        let file = source.filename.as_deref().unwrap_or(name);
        if source.source.is_some() && leads_out(&path_of(file)) {
            let span = keys.get("filename").map_or(keys.span, |node| node.span);
            let message = "this path leads out of the installed system";
            keys.error("file-path", "filename", span, message, "write a name without dots and slashes");
        }
        let line = source.source.as_deref().filter(|line| is_usual && !is_repository(line));
        if let Some(name) = line.and_then(unknown_parameter) {
            let span = keys.get("source").map_or(keys.span, |node| node.span);
            let problem =
                Problem::error("apt-parameter", keys.path("source"), span, format!("nothing stands for ${name}"));
            keys.cx.problem(problem.remedy("write $MIRROR, $PRIMARY, $SECURITY or $RELEASE"));
        }
        Self { rest: keys.rest(), ..source }
    }
}

/// The path of a source's file: it stands in the directory of sources, unless it says otherwise.
pub(crate) fn path_of(file: &str) -> String {
    if file.starts_with('/') { file.to_owned() } else { format!("/etc/apt/sources.list.d/{file}") }
}

fn key(node: &Node) -> Option<Vec<u8>> {
    match &node.value {
        Value::Binary(bytes) => Some(bytes.clone()),
        _ => node.to_text().map(String::into_bytes),
    }
}

/// curtin writes armoured keys as text, and all others as bytes, which text is not.
fn check_key(keys: &mut Keys<'_>) {
    let Some(node) = keys.get("key") else { return };
    let fits = match &node.value {
        Value::String(text) => text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----"),
        Value::Binary(_) => true,
        _ => false,
    };
    if !fits {
        let problem = Problem::error("apt-key", keys.path("key"), node.span, "this is no armoured key");
        keys.cx.problem(problem.remedy("write the whole block, or `keyid`"));
    }
}

/// What goes to add-apt-repository: `ppa:…` and the like.
fn is_repository(line: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.split_once(':').is_some_and(|(kind, rest)| {
        !kind.is_empty() && kind.chars().all(|c| is_word(c) || c == '-') && rest.starts_with(is_word)
    })
}

/// The first name after a `$` that curtin has nothing for.
fn unknown_parameter(line: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    line.split('$').skip(1).find_map(|rest| {
        let (braced, rest) = rest.strip_prefix('{').map_or((false, rest), |rest| (true, rest));
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (name, behind) = rest.split_at_checked(end)?;
        let counts = !name.is_empty() && (!braced || behind.starts_with('}'));
        (counts && !matches!(name, "MIRROR" | "PRIMARY" | "SECURITY" | "RELEASE")).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::{is_repository, unknown_parameter};

    #[test]
    fn parameters_are_those_of_curtin() {
        assert_eq!(unknown_parameter("deb $MIRROR ${RELEASE}-updates main"), None);
        assert_eq!(unknown_parameter("deb $(x) ${open $ "), None);
        assert_eq!(unknown_parameter("deb $MIRROR $release main"), Some("release"));
        assert_eq!(unknown_parameter("$RELEASE.x"), Some("RELEASE.x"));
        assert!(is_repository("cloud-archive:yoga") && !is_repository("deb http://x y"));
    }
}
