//! Files that the configuration writes into the installed system.

use crate::config::Context;
use crate::problem::Span;
use crate::value::{Node, Value};

/// One entry of `write_files`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteFile {
    /// Where in the installed system.
    pub path: String,
    /// What stands in it.
    pub content: Vec<u8>,
    /// Its mode.
    pub mode: u32,
    /// `user:group` when it is not root's.
    pub owner: Option<String>,
    /// Where it stands in the text.
    pub span: Span,
}

impl WriteFile {
    /// A file of root's with mode 0644.
    #[must_use]
    pub fn new(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), content: content.into(), mode: 0o644, owner: None, span: Span::NONE }
    }

    /// The entries in the order of their keys.
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Vec<(String, Self)> {
        if node.is_falsy() {
            return Vec::new();
        }
        let Some(mapping) = node.as_mapping() else {
            let message = format!("must be a mapping of names to files, not {}", node.kind());
            cx.error("bad-type", "write_files", node.span, message);
            return Vec::new();
        };
        let mut files = Vec::new();
        for (key, value) in mapping.iter() {
            let Some(name) = key.to_text() else { continue };
            if let Some(file) = Self::read_one(cx, &format!("write_files.{name}"), value) {
                files.push((name, file));
            }
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        files
    }

    fn read_one(cx: &mut Context, path: &str, node: &Node) -> Option<Self> {
        let Some(mapping) = node.as_mapping() else {
            cx.error("bad-type", path, node.span, format!("must be a mapping, not {}", node.kind()));
            return None;
        };
        let Some(target) = mapping.get("path").and_then(Node::as_str) else {
            cx.error("missing-key", path, node.span, "a file needs a `path`");
            return None;
        };
        let content = match mapping.get("content").map(|node| &node.value) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Binary(bytes)) => bytes.clone(),
            Some(Value::String(text)) => text.clone().into_bytes(),
            Some(_) => {
                cx.error("bad-type", format!("{path}.content"), node.span, "must be text");
                return None;
            }
        };
        let mode = mapping.get("permissions").map_or(0o644, |node| mode(cx, path, node));
        let owner = mapping
            .get("owner")
            .and_then(Node::as_str)
            .filter(|owner| !matches!(*owner, "" | "root" | "root:root" | "-1:-1"))
            .map(str::to_owned);
        Some(Self { path: target.to_owned(), content, mode, owner, span: node.span })
    }
}

/// A number is taken as it is, text is read as octal; anything else becomes 0644, as in curtin.
fn mode(cx: &mut Context, path: &str, node: &Node) -> u32 {
    let path = format!("{path}.permissions");
    let value = match &node.value {
        Value::Int(number) => u32::try_from(*number).ok(),
        Value::String(text) => {
            let digits = text.strip_prefix("0o").unwrap_or(text);
            u32::from_str_radix(digits, 8).ok()
        }
        _ => None,
    };
    let Some(mode) = value.filter(|mode| *mode <= 0o7777) else {
        cx.warning("permissions", path, node.span, "is not an octal mode; 0644 is used", "write '0644'");
        return 0o644;
    };
    let decimal = matches!(node.value, Value::Int(_)) && mode > 0o777;
    if decimal {
        let message = format!("is the number {mode}, which is the mode {mode:o}");
        cx.warning("permissions", path, node.span, message, "write the mode in quotes: '0755'");
    }
    mode
}
