//! Where the root file system comes from.

use crate::config::Context;
use crate::problem::Span;
use crate::value::{Node, Value};

/// How a tar archive is compressed.
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

/// What kind of image a source is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// A tar archive of the root file system.
    Tar(Compression),
    /// A file system image (squashfs) whose content is copied.
    FsImage,
    /// Anything else, such as a disk image (`dd-xz`); kept, not planned yet.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// What it is.
    pub kind: SourceKind,
    /// Where it is: an HTTP URL, a `file://` URL or an absolute path.
    pub uri: String,
    /// Where it stands in the text.
    pub span: Span,
}

impl Source {
    /// A source from a text: an optional type before a colon, and a URI.
    ///
    /// Without a type, the end of the URI decides between tar and file system image.
    #[must_use]
    pub fn from_uri(text: &str) -> Self {
        const TYPES: [&str; 10] =
            ["dd-tgz", "dd-tbz", "dd-txz", "dd-bz2", "dd-gz", "dd-xz", "fsimage", "tbz", "tgz", "txz"];
        for name in TYPES {
            if let Some(uri) = text.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')) {
                return Self::typed(name, uri);
            }
        }
        let image = [".squashfs", ".squash"].iter().any(|suffix| text.ends_with(suffix));
        Self::typed(if image { "fsimage" } else { "tgz" }, text)
    }

    /// A source of a given curtin type (`tgz`, `txz`, `fsimage`…).
    ///
    /// curtin looks into a tar archive to see how it is packed; a plan looks at the end of its
    /// name, and falls back to the type.
    #[must_use]
    pub fn typed(kind: &str, uri: &str) -> Self {
        let kind = match kind {
            "tgz" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::Gzip)),
            "tbz" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::Bzip2)),
            "txz" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::Xz)),
            "tar.zst" | "tzst" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::Zstd)),
            "tar" => SourceKind::Tar(by_suffix(uri).unwrap_or(Compression::None)),
            "fsimage" | "squashfs" => SourceKind::FsImage,
            other => SourceKind::Other(other.to_owned()),
        };
        Self { kind, uri: uri.to_owned(), span: Span::NONE }
    }

    /// All sources of a configuration, in the order of their keys.
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Vec<Self> {
        match &node.value {
            _ if node.is_falsy() => Vec::new(),
            Value::Mapping(mapping) => {
                let mut entries: Vec<_> =
                    mapping.iter().filter_map(|(key, value)| Some((key.to_text()?, value))).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                entries
                    .into_iter()
                    .filter_map(|(key, value)| Self::read_one(cx, &format!("sources.{key}"), value))
                    .collect()
            }
            Value::Sequence(items) => items
                .iter()
                .enumerate()
                .filter_map(|(at, item)| Self::read_one(cx, &format!("sources[{at}]"), item))
                .collect(),
            _ => {
                cx.problem(
                    crate::Problem::error(
                        "bad-type",
                        "sources",
                        node.span,
                        format!("must be a mapping or a list, not {}", node.kind()),
                    )
                    .remedy("write `sources: {root: URL}`"),
                );
                Vec::new()
            }
        }
    }

    fn read_one(cx: &mut Context, path: &str, node: &Node) -> Option<Self> {
        let mut source = match &node.value {
            Value::String(text) => Self::from_uri(text),
            Value::Mapping(mapping) => {
                let Some(uri) = mapping.get("uri").and_then(Node::as_str) else {
                    cx.error("missing-key", path, node.span, "a source needs a `uri`");
                    return None;
                };
                match mapping.get("type").and_then(Node::as_str) {
                    Some(kind) => Self::typed(kind, uri),
                    None => Self::from_uri(uri),
                }
            }
            _ => {
                let message = format!("a source is a text or a mapping, not {}", node.kind());
                cx.error("bad-type", path, node.span, message);
                return None;
            }
        };
        source.span = node.span;
        Some(source)
    }
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
