//! Package sources: `apt`, and its old parts at the top.

use super::{AptSource, Keys, apt_source};
use crate::config::Context;
use crate::problem::{Level, Problem, Severity};
use crate::value::{Mapping, Node, Value};

/// The `apt` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Apt {
    /// Mirrors of the archive, by architecture.
    pub primary: Vec<AptMirror>,
    /// Mirrors of its security updates.
    pub security: Vec<AptMirror>,
    /// Further sources, in the order of the text.
    pub sources: Vec<(String, AptSource)>,
    /// Whether the image's list of sources stays as it is. True unless said otherwise.
    pub preserve_sources_list: Option<bool>,
    /// A template for the list of sources.
    pub sources_list: Option<String>,
    /// Suites that are turned off, such as `backports`.
    pub disable_suites: Vec<String>,
    /// Components that are turned off, such as `multiverse`.
    pub disable_components: Vec<String>,
    /// The proxy for HTTP.
    pub proxy: Option<String>,
    /// The proxy for HTTP, by another name.
    pub http_proxy: Option<String>,
    /// The proxy for HTTPS.
    pub https_proxy: Option<String>,
    /// The proxy for FTP.
    pub ftp_proxy: Option<String>,
    /// Text for apt.conf.
    pub conf: Option<String>,
    /// Pins.
    pub preferences: Vec<AptPreference>,
    /// Answers to questions of packages.
    pub debconf_selections: Vec<(String, String)>,
    /// What is given to add-apt-repository: a regular expression.
    pub add_apt_repo_match: Option<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

/// One entry of `primary` or `security`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AptMirror {
    /// Architectures; `default` stands for all others.
    pub arches: Vec<String>,
    /// The mirror.
    pub uri: Option<String>,
    /// Mirrors of which the first is taken whose name resolves.
    pub search: Vec<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

/// One entry of `preferences`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AptPreference {
    /// Which packages.
    pub package: String,
    /// Which versions.
    pub pin: String,
    /// How much they are preferred.
    pub pin_priority: String,
    /// What curtin does not know.
    pub rest: Mapping,
}

/// The old `apt_mirrors` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AptMirrors {
    /// The mirror of the archive.
    pub ubuntu_archive: Option<String>,
    /// The mirror of its security updates.
    pub ubuntu_security: Option<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl Apt {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        if node.is_null() {
            return None;
        }
        let mut keys = Keys::new(cx, "apt", node)?;
        let apt = Self {
            primary: mirrors(&mut keys, "primary"),
            security: mirrors(&mut keys, "security"),
            sources: apt_source::read_all(&mut keys),
            preserve_sources_list: keys.flag("preserve_sources_list"),
            sources_list: keys.text("sources_list"),
            disable_suites: keys.words("disable_suites").unwrap_or_default(),
            disable_components: keys.words("disable_components").unwrap_or_default(),
            proxy: proxy(&mut keys, "proxy"),
            http_proxy: proxy(&mut keys, "http_proxy"),
            https_proxy: proxy(&mut keys, "https_proxy"),
            ftp_proxy: proxy(&mut keys, "ftp_proxy"),
            conf: keys.text_or_false("conf"),
            preferences: preferences(&mut keys),
            debconf_selections: match keys.get("debconf_selections") {
                Some(node) => selections(keys.cx, "apt.debconf_selections", node),
                None => Vec::new(),
            },
            add_apt_repo_match: repository_match(&mut keys),
            rest: Mapping::default(),
        };
        if apt.preserve_sources_list == Some(false) {
            written(&mut keys);
        } else {
            for name in ["primary", "security", "sources_list", "disable_suites", "disable_components"] {
                if let Some(node) = keys.get(name).filter(|node| !node.is_falsy()) {
                    let message = "curtin leaves the list of sources alone, so this has no effect";
                    keys.warning("apt-preserved", name, node.span, message, "write `preserve_sources_list: false`");
                }
            }
        }
        Some(Self { rest: keys.rest(), ..apt })
    }
}

/// What is false says that there is no proxy.
fn proxy(keys: &mut Keys<'_>, name: &'static str) -> Option<String> {
    keys.get(name).filter(|node| !node.is_falsy())?;
    keys.text(name)
}

/// What goes to the list of sources: text, and lists of text.
fn written(keys: &mut Keys<'_>) {
    let template = keys.get("sources_list").filter(|node| !node.is_null());
    let list = keys.text_or_null("sources_list");
    if let (Some(node), Some(list)) = (template, &list)
        && !has_source(list)
    {
        let problem =
            Problem::error("apt-sources-list", keys.path("sources_list"), node.span, "there is no source in it");
        keys.cx.problem(problem.remedy("write lines such as `deb $MIRROR $RELEASE main`"));
    }
    // Without a primary mirror, nobody looks for the other.
    let has_primary = keys.get("primary").and_then(Node::as_sequence).is_some_and(|mirrors| !mirrors.is_empty());
    for name in ["primary", "security"].into_iter().take(if has_primary { 2 } else { 0 }) {
        for (at, mirror) in keys.get(name).and_then(Node::as_sequence).unwrap_or_default().iter().enumerate() {
            let uri = mirror.as_mapping().and_then(|mirror| mirror.get("uri"));
            let may_be_false = template.is_some() || name == "security";
            let is_used = |uri: &&Node| !(uri.is_null() || may_be_false && uri.is_falsy());
            if let Some(uri) = uri.filter(is_used).filter(|uri| uri.as_str().is_none()) {
                keys.bad_type(&format!("{name}[{at}].uri"), uri, "text");
            }
        }
    }
    for name in ["disable_suites", "disable_components"] {
        let Some(node) = keys.get(name) else { continue };
        match &node.value {
            Value::Sequence(items) => {
                // Among components, a number is one that no source has.
                let is_wrong = |item: &&Node| match name {
                    "disable_suites" => item.as_str().is_none(),
                    _ => item.as_mapping().is_some() || item.as_sequence().is_some(),
                };
                if let Some(item) = items.iter().find(is_wrong) {
                    keys.bad_type(name, item, "a list of text");
                }
            }
            Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
                keys.bad_type(name, node, "a list of text");
            }
            _ => {}
        }
    }
}

/// Whether a list of sources has a line or a stanza that is one; one that is commented out counts.
fn has_source(list: &str) -> bool {
    list.lines().any(|line| {
        let line = line.trim_start_matches(['#', ' ', '\t']);
        let mut words = line.split_whitespace();
        matches!(words.next(), Some("deb" | "deb-src")) && words.count() >= 2
    }) || list.split("\n\n").any(|stanza| {
        let has = |name: &str| {
            stanza.lines().any(|line| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name)))
        };
        ["types", "uris", "suites", "components"].into_iter().all(has)
    })
}

fn mirrors(keys: &mut Keys<'_>, name: &'static str) -> Vec<AptMirror> {
    // An empty text or mapping is as good as an empty list.
    let is_empty = |node: &Node| {
        node.is_null()
            || node.is_falsy()
                && !matches!(node.value, Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_))
    };
    let Some(node) = keys.get(name).filter(|node| !is_empty(node)) else { return Vec::new() };
    let Some(items) = node.as_sequence() else {
        let problem = Problem::bad_type(keys.path(name), node, "a list of mirrors");
        keys.cx.problem(problem.remedy("write `- {arches: [default], uri: URL}`"));
        return Vec::new();
    };
    let path = keys.path(name);
    let mut found: Vec<AptMirror> = Vec::new();
    let mut is_decided = false;
    for (at, item) in items.iter().enumerate() {
        let path = format!("{path}[{at}]");
        if !is_decided {
            let mirror = mirror(keys.cx, path, item);
            is_decided = mirror.iter().any(|mirror| mirror.arches.iter().any(|arch| arch == "amd64"));
            found.extend(mirror);
            continue;
        }
        // Only machines of another architecture get as far as this.
        let mut aside = Context::default();
        found.extend(mirror(&mut aside, path, item));
        for mut problem in aside.into_problems() {
            problem.severity = problem.severity.min(Severity::Warning);
            problem.level = Level::Lint;
            keys.cx.problem(problem);
        }
    }
    found
}

fn mirror(cx: &mut Context, path: String, node: &Node) -> Option<AptMirror> {
    let mut keys = Keys::new(cx, path, node)?;
    let arches = keys.get("arches");
    match arches.map(|node| (node, node.as_str())) {
        Some((_, None)) if arches.is_some_and(|node| node.as_sequence().is_some() || node.as_mapping().is_some()) => {}
        Some((node, Some(_))) => {
            let message = "in a text, any part of it counts as an architecture";
            keys.warning("apt-arches", "arches", node.span, message, "write a list, such as [amd64, default]");
        }
        _ => {
            let span = arches.map_or(node.span, |node| node.span);
            let problem = Problem::error("apt-arches", keys.path("arches"), span, "a mirror needs a list of `arches`");
            keys.cx.problem(problem.remedy("write `arches: [default]`"));
        }
    }
    let all = arches.and_then(Node::as_sequence).unwrap_or_default();
    let arches = match arches.and_then(Node::as_str) {
        Some(text) => text.split([',', ' ']).filter(|arch| !arch.is_empty()).map(str::to_owned).collect(),
        None => all.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
    };
    if keys.get("uri").is_none_or(Node::is_null)
        && let Some(node) = keys.get("search")
        && matches!(node.value, Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_))
    {
        keys.bad_type("search", node, "a list of URLs");
    }
    let mirror = AptMirror {
        arches,
        uri: keys.text("uri"),
        search: keys.words("search").unwrap_or_default(),
        rest: Mapping::default(),
    };
    Some(AptMirror { rest: keys.rest(), ..mirror })
}

/// curtin stops without an expression when there are sources.
fn repository_match(keys: &mut Keys<'_>) -> Option<String> {
    let node = keys.get("add_apt_repo_match")?;
    if keys.get("sources").is_some() && node.as_str().is_none_or(str::is_empty) {
        let problem = Problem::bad_type(keys.path("add_apt_repo_match"), node, "text with a regular expression");
        keys.cx.problem(problem.remedy("write '^ppa:' or the like, in quotes, or leave it out"));
    }
    node.as_str().map(str::to_owned)
}

fn preferences(keys: &mut Keys<'_>) -> Vec<AptPreference> {
    let Some(node) = keys.get("preferences").filter(|node| !node.is_falsy()) else { return Vec::new() };
    let path = keys.path("preferences");
    let Some(items) = node.as_sequence() else {
        let problem = Problem::bad_type(path, node, "a list of pins");
        keys.cx.problem(problem.remedy("write `- {package: '*', pin: release a=NAME, pin-priority: 500}`"));
        return Vec::new();
    };
    let read = |(at, item): (usize, &Node)| {
        let mut keys = Keys::new(keys.cx, format!("{path}[{at}]"), item)?;
        let mut need = |name: &'static str| match keys.get(name) {
            Some(node) => node.to_text().unwrap_or_default(),
            None => {
                let remedy = format!("add `{name}`");
                keys.error("missing-key", name, item.span, "a pin needs package, pin and pin-priority", &remedy);
                String::new()
            }
        };
        let pin = AptPreference {
            package: need("package"),
            pin: need("pin"),
            pin_priority: need("pin-priority"),
            rest: Mapping::default(),
        };
        Some(AptPreference { rest: keys.rest(), ..pin })
    };
    items.iter().enumerate().filter_map(read).collect()
}

/// Answers to questions of packages, by names that say nothing but their order.
pub(crate) fn selections(cx: &mut Context, path: &str, node: &Node) -> Vec<(String, String)> {
    if node.is_falsy() {
        return Vec::new();
    }
    let Some(mapping) = node.as_mapping() else {
        let problem = Problem::bad_type(path, node, "a mapping of names to text");
        cx.problem(problem.remedy("write `NAME: PACKAGE QUESTION TYPE ANSWER` below it"));
        return Vec::new();
    };
    // They are sorted.
    if let Some((key, _)) = mapping.iter().find(|(key, _)| key.as_str().is_none()).filter(|_| mapping.len() > 1)
        && mapping.iter().any(|(other, _)| other.kind() != key.kind())
    {
        let message = format!("{} and text cannot be sorted as names", key.kind());
        cx.error("bad-type", path, key.span, message, "put the name in quotes");
    }
    let mut found = Vec::new();
    for (key, value) in mapping.iter() {
        let name = key.to_text().unwrap_or_default();
        match value.as_str() {
            Some(text) => found.push((name, text.to_owned())),
            None => {
                let problem = Problem::bad_type(format!("{path}.{name}"), value, "text");
                cx.problem(problem.remedy("write lines for debconf-set-selections: PACKAGE QUESTION TYPE ANSWER"));
            }
        }
    }
    found.sort();
    found
}

impl AptMirrors {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        if node.is_null() {
            return None;
        }
        let mut keys = Keys::new(cx, "apt_mirrors", node)?;
        let ubuntu_archive = keys.text_or_null("ubuntu_archive");
        let mirrors = Self {
            // Without the first, nobody looks for the second.
            ubuntu_security: match ubuntu_archive {
                Some(_) => keys.text_or_false("ubuntu_security"),
                None => keys.text("ubuntu_security"),
            },
            ubuntu_archive,
            rest: Mapping::default(),
        };
        Some(Self { rest: keys.rest(), ..mirrors })
    }
}

/// curtin stops when something is said in the old way and in the new one.
pub(crate) fn old_and_new(cx: &mut Context, root: &Mapping) {
    let apt = root.get("apt").and_then(Node::as_mapping);
    let new = |name: &str| apt.and_then(|apt| apt.get(name)).filter(|node| !node.is_null());
    for (old, name) in
        [("apt_proxy", "proxy"), ("apt_mirrors", "mirrors"), ("debconf_selections", "debconf_selections")]
    {
        let Some(node) = root.get(old).filter(|node| !node.is_null()) else { continue };
        if new(name).is_some() {
            let problem =
                Problem::error("old-and-new", old, node.span, format!("there is `apt: {{{name}: …}}` already"));
            cx.problem(problem.remedy(format!("remove `{old}`")));
        }
    }
    let mirrors = root.get("apt_mirrors").filter(|node| !node.is_null());
    let kept = new("preserve_sources_list").filter(|node| crate::check::is_true(Some(node)));
    if let (Some(mirrors), Some(_)) = (mirrors, kept) {
        let message = "these mirrors go to a list of sources that `apt` preserves";
        let problem = Problem::error("old-and-new", "apt_mirrors", mirrors.span, message);
        cx.problem(problem.remedy("write `preserve_sources_list: false`"));
    }
}
