//! Where the root file system comes from.

use crate::config::Context;
use crate::image;
use crate::nearest::nearest;
use crate::problem::{Problem, Span};
use crate::section::Keys;
use crate::value::{Mapping, Node, Value};

/// How a tar archive is compressed, by its name. What its first bytes say counts more to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
}

/// The types that curtin knows.
const TYPES: [&str; 13] = [
    "tgz",
    "dd-tgz",
    "tbz",
    "dd-tbz",
    "txz",
    "dd-txz",
    "dd-tar",
    "dd-bz2",
    "dd-gz",
    "dd-xz",
    "dd-raw",
    "fsimage",
    "fsimage-layered",
];

/// What kind of image a source is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// A tar archive of the root file system.
    Tar(Compression),
    /// A file system image (squashfs, ext4) whose content is copied.
    FsImage,
    /// File system images on top of each other: `a.squashfs` and `a.b.squashfs` for `a.b.squashfs`.
    Layered,
    /// The image of a whole disk, by its type, such as `dd-xz`: it takes the place of the storage section.
    Disk(String),
    /// A type that curtin does not know: a tar archive to it.
    Other(String),
}

/// One root image.
///
/// ```
/// use firstlight_curtin_config::{Compression, Source, SourceKind};
///
/// let source = Source::from_uri("http://127.0.0.1/root.tar.zst");
/// assert_eq!(source.kind, SourceKind::Tar(Compression::Zstd));
/// assert_eq!(Source::from_uri("fsimage:http://h/x").kind, SourceKind::FsImage);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What it is.
    pub kind: SourceKind,
    /// Where it is: an HTTP URL, a `file://` URL or an absolute path.
    pub uri: String,
    /// Where it stands in the text.
    pub span: Span,
    /// Keys that curtin does not know.
    pub rest: Mapping,
}

impl Source {
    /// A source from a text: an optional type before a colon, and a URI.
    ///
    /// Without a type, the end of the URI decides between tar and file system image.
    #[must_use]
    pub fn from_uri(text: &str) -> Self {
        if let Some((name, uri)) = text.split_once(':')
            && TYPES.contains(&name)
        {
            return Self::typed(name, uri);
        }
        if let Some(uri) = text.strip_prefix("squashfs://").or_else(|| text.strip_prefix("squashfs:")) {
            return Self::typed("fsimage", uri);
        }
        let image = ["squashfs", "squash"].iter().any(|suffix| text.ends_with(suffix));
        Self::typed(if image { "fsimage" } else { "tgz" }, text)
    }

    /// A source of a given curtin type (`tgz`, `txz`, `fsimage`…).
    ///
    /// The compression of a tar archive is read from the end of its name, and from the type without one.
    #[must_use]
    pub fn typed(kind: &str, uri: &str) -> Self {
        let kind = match kind {
            "tgz" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::Gzip)),
            "tbz" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::Bzip2)),
            "txz" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::Xz)),
            "tar.zst" | "tzst" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::Zstd)),
            "tar" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::None)),
            "fsimage" | "squashfs" => SourceKind::FsImage,
            "fsimage-layered" => SourceKind::Layered,
            image if image.starts_with("dd-") && TYPES.contains(&image) => SourceKind::Disk(image.to_owned()),
            other => SourceKind::Other(other.to_owned()),
        };
        Self { kind, uri: uri.to_owned(), span: Span::NONE, rest: Mapping::default() }
    }

    /// The type to write, which reads as this source's kind; curtin's own names come first.
    pub(crate) fn type_name(&self) -> &str {
        let names: &[&str] = match &self.kind {
            SourceKind::FsImage => return "fsimage",
            SourceKind::Layered => return "fsimage-layered",
            SourceKind::Disk(kind) | SourceKind::Other(kind) => return kind,
            SourceKind::Tar(Compression::Bzip2) => &["tbz"],
            SourceKind::Tar(Compression::Xz) => &["txz"],
            SourceKind::Tar(_) => &["tgz", "tar.zst", "tar"],
        };
        let fits = |name: &&&str| Self::typed(name, &self.uri).kind == self.kind;
        names.iter().find(fits).copied().unwrap_or("tgz")
    }

    /// All sources of a configuration, in the order of their keys.
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Vec<Self> {
        match &node.value {
            Value::String(text) if text.is_empty() => Vec::new(),
            Value::Mapping(mapping) => {
                let mut entries: Vec<_> =
                    mapping.iter().filter_map(|(key, value)| Some((key.to_text()?, value))).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                let is_image = |node: &Node| {
                    let kind = node.as_mapping().and_then(|source| source.get("type")).and_then(Node::as_str);
                    kind.is_some_and(|kind| kind.starts_with("dd-"))
                };
                if let Some((key, second)) = entries.iter().filter(|(_, node)| is_image(node)).nth(1) {
                    let message = "curtin writes one disk image, and this is the second";
                    cx.error("second-image", format!("sources.{key}"), second.span, message, "remove one of them");
                }
                let read = |(key, value): (String, &Node)| Self::read_one(cx, &format!("sources.{key}"), value);
                entries.into_iter().filter_map(read).collect()
            }
            Value::Sequence(items) => items
                .iter()
                .enumerate()
                .filter_map(|(at, item)| Self::read_one(cx, &format!("sources[{at}]"), item))
                .collect(),
            Value::String(_) => {
                let message = "every letter of a text is taken for a source";
                cx.warning("odd-type", "sources", node.span, message, "write `sources: {root: URL}`");
                Vec::new()
            }
            _ => {
                let problem = Problem::bad_type("sources", node, "a mapping or a list");
                cx.problem(problem.remedy("write `sources: {root: URL}`"));
                Vec::new()
            }
        }
    }

    fn read_one(cx: &mut Context, path: &str, node: &Node) -> Option<Self> {
        let mut source = match &node.value {
            Value::String(text) => Self::from_uri(text),
            Value::Mapping(_) => {
                let mut keys = Keys::new(cx, path, node)?;
                let kind = need(&mut keys, "type");
                // Nobody looks for disk images in a list.
                let is_skipped = path.ends_with(']') && kind.as_deref().is_some_and(|kind| kind.starts_with("dd-"));
                let uri = match keys.get("uri").filter(|node| is_skipped && node.as_str().is_none()) {
                    Some(_) => keys.text("uri"),
                    None => need(&mut keys, "uri"),
                };
                let rest = keys.rest();
                Self { rest, ..Self::typed(&kind?, &uri?) }
            }
            _ => {
                let problem = Problem::bad_type(path, node, "a text or a mapping");
                cx.problem(problem.remedy("write a URL, or {type: tgz, uri: URL}"));
                return None;
            }
        };
        source.span = node.span;
        if !source.uri.starts_with("cp://") && image::url(&source.uri).is_none() {
            let message = format!("{:?} is no place of an image", source.uri);
            cx.problem(Problem::error("source-uri", path, node.span, message));
        }
        if matches!(source.kind, SourceKind::Disk(_)) && node.as_str().is_some() {
            let message = "curtin writes a disk image only where its type stands apart from its URI";
            let remedy = "write {type: dd-…, uri: …}";
            cx.warning("dd-as-text", path, node.span, message, remedy);
        }
        if let SourceKind::Other(kind) = &source.kind {
            let path = format!("{path}.type");
            let problem = if kind.starts_with("dd-") {
                Problem::error("bad-value", path, node.span, format!("curtin cannot unpack images of type {kind}"))
            } else {
                Problem::warning("odd-value", path, node.span, format!("curtin takes type {kind} for tgz"))
            };
            cx.problem(match nearest(kind, &TYPES) {
                Some(known) => problem.remedy(format!("did you mean `{known}`?")),
                None => problem.remedy("write tgz, tbz, txz, fsimage or dd-…"),
            });
        }
        Some(source)
    }
}

fn need(keys: &mut Keys<'_>, name: &'static str) -> Option<String> {
    let node = keys.get(name);
    if node.and_then(Node::as_str).is_none() {
        let span = node.map_or(keys.span, |node| node.span);
        let problem = Problem::error("missing-key", keys.path(name), span, format!("a source needs a `{name}`"));
        keys.cx.problem(problem.remedy(match (node, name) {
            (Some(_), _) => "put it in quotes",
            (None, "type") => "write `type: tgz`, or txz, fsimage and so on",
            (None, _) => "write `uri: http://…` or the like",
        }));
    }
    node.and_then(Node::as_str).map(str::to_owned)
}

/// The compression that the name of an archive tells; a query or fragment is not part of it.
fn by_suffix(uri: &str) -> Option<Compression> {
    let name = uri.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [
        (".tar.zst", Compression::Zstd),
        (".tzst", Compression::Zstd),
        (".tar.xz", Compression::Xz),
        (".txz", Compression::Xz),
        (".tar.bz2", Compression::Bzip2),
        (".tbz", Compression::Bzip2),
        (".tbz2", Compression::Bzip2),
        (".tar.gz", Compression::Gzip),
        (".tgz", Compression::Gzip),
        (".tar", Compression::None),
    ]
    .into_iter()
    .find_map(|(suffix, compression)| name.ends_with(suffix).then_some(compression))
}
