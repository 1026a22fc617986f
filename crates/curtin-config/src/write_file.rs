//! Files that the configuration writes into the installed system.

use crate::config::Context;
use crate::problem::{Problem, Span};
use crate::section::Keys;
use crate::value::{Mapping, Node, Value};

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
        let Some(keys) = Keys::new(cx, "write_files", node) else { return Vec::new() };
        let cx = keys.cx;
        let mut files = Vec::new();
        for (key, value) in node.as_mapping().into_iter().flat_map(Mapping::iter) {
            let Some(name) = key.to_text() else { continue };
            if let Some(file) = Self::read_one(cx, &format!("write_files.{name}"), value) {
                files.push((name, file));
            }
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        files
    }

    fn read_one(cx: &mut Context, path: &str, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, path, node)?;
        let target = keys.text("path").filter(|path| !path.is_empty());
        let content = match keys.get("content").map(|node| (node, &node.value)) {
            None => Vec::new(),
            Some((_, Value::Binary(bytes))) => bytes.clone(),
            Some((_, Value::String(text))) => text.clone().into_bytes(),
            Some((content, _)) => {
                keys.error("bad-type", "content", content.span, format!("must be text, not {}", content.kind()));
                return None;
            }
        };
        let mode = match keys.get("permissions").or_else(|| keys.get("perms")) {
            Some(node) => mode(keys.cx, path, node),
            None => 0o644,
        };
        let owner = keys.text("owner").filter(|owner| !matches!(owner.as_str(), "" | "root" | "root:root" | "-1:-1"));
        keys.get("perms");
        if target.is_none() {
            let problem =
                Problem::warning("skipped-item", keys.path.clone(), node.span, "curtin skips a file without `path`");
            keys.cx.problem(problem.remedy("write a `path`"));
        }
        keys.rest();
        Some(Self { path: target?, content, mode, owner, span: node.span })
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
