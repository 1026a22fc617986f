//! Files that the configuration writes into the installed system.

use crate::config::Context;
use crate::digits;
use crate::problem::{Problem, Span};
use crate::section::Keys;
use crate::value::{Mapping, Node, Value};

/// One entry of `write_files`.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteFile {
    /// Where in the installed system.
    pub path: String,
    /// What stands in it.
    pub content: Vec<u8>,
    /// Its mode.
    pub mode: u32,
    /// `user`, `user:group` or `:group` when it is not root's.
    pub owner: Option<String>,
    /// What curtin does not know.
    pub rest: Mapping,
    /// Where it stands in the text.
    pub span: Span,
}

impl WriteFile {
    /// A file of root's with mode 0644.
    #[must_use]
    pub fn new(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        let (path, content) = (path.into(), content.into());
        Self { path, content, mode: 0o644, owner: None, rest: Mapping::default(), span: Span::NONE }
    }

    /// The entries in the order of the text, as curtin writes them.
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
        files
    }

    /// The `cloudconfig` section, whose entries are files with names of curtin's choice.
    pub(crate) fn read_cloudconfig(cx: &mut Context, node: &Node) -> Vec<(String, Self)> {
        if node.is_falsy() {
            return Vec::new();
        }
        let Some(keys) = Keys::new(cx, "cloudconfig", node) else { return Vec::new() };
        let cx = keys.cx;
        let mut files = Vec::new();
        for (key, value) in node.as_mapping().into_iter().flat_map(Mapping::iter) {
            let name = key.to_text().unwrap_or_default();
            let Some(mut keys) = Keys::new(cx, format!("cloudconfig.{name}"), value) else { continue };
            if let Some(path) = keys.get("path") {
                keys.warning("ignored-key", "path", path.span, "curtin chooses another path", "leave it out");
            }
            // After what packages and the image bring.
            let path = format!("/etc/cloud/cloud.cfg.d/95-cloudconfig-{name}.cfg");
            if let Some(reason) = no_file(&path) {
                let problem = Problem::error("file-path", keys.path.clone(), key.span, reason);
                keys.cx.problem(problem.remedy("write a name of letters and digits"));
            }
            files.extend(Self::read_rest(keys, path).map(|file| (name, file)));
        }
        files
    }

    fn read_one(cx: &mut Context, path: &str, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, path, node)?;
        if keys.get("path").is_none_or(Node::is_falsy) {
            let problem =
                Problem::warning("skipped-item", keys.path.clone(), node.span, "curtin skips a file without `path`");
            keys.cx.problem(problem.remedy("write a `path`"));
            for known in ["content", "permissions", "perms", "owner"] {
                keys.get(known);
            }
            keys.rest();
            return None;
        }
        let target = keys.strict_text("path");
        if let (Some(target), Some(node)) = (&target, keys.get("path"))
            && let Some(reason) = no_file(target)
        {
            keys.error("file-path", "path", node.span, reason, "write the path of a file, such as /etc/motd");
        }
        Self::read_rest(keys, target.unwrap_or_default())
    }

    /// What is said of a file besides its path.
    fn read_rest(mut keys: Keys<'_>, path: String) -> Option<Self> {
        let content = match keys.get("content").map(|node| (node, &node.value)) {
            None => Some(Vec::new()),
            Some((_, Value::Binary(bytes))) => Some(bytes.clone()),
            Some((_, Value::String(text))) => Some(text.clone().into_bytes()),
            Some((content, _)) => {
                keys.bad_type("content", content, "text");
                None
            }
        };
        let perms = keys.get("perms");
        let mode = match keys.get("permissions").or(perms) {
            Some(node) => mode(&mut keys, node),
            None => 0o644,
        };
        let owner = keys.text_or_false("owner");
        if let Some(owner) = &owner {
            check_owner(&mut keys, owner);
        }
        let owner = owner.as_deref().and_then(other_than_root);
        let span = keys.span;
        Some(Self { path, content: content?, mode, owner, rest: keys.rest(), span })
    }
}

/// The directories that every system has.
const DIRECTORIES: &[&str] = &[
    "bin", "boot", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys",
    "tmp", "usr", "var",
];

/// Why nothing can be written to a path.
pub(crate) fn no_file(path: &str) -> Option<&'static str> {
    if path.contains('\0') {
        return Some("a path cannot contain a NUL character");
    }
    if leads_out(path) {
        return Some("this path leads out of the installed system");
    }
    let name = path.trim_start_matches('/');
    let last = name.rsplit('/').next().unwrap_or_default();
    (matches!(last, "" | "." | "..") || DIRECTORIES.contains(&name)).then_some("this is a directory, and no file")
}

/// Whether a path goes further up than to the root.
pub(crate) fn leads_out(path: &str) -> bool {
    let mut depth = 0_usize;
    !path.split('/').all(|part| {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return false,
            },
            _ => depth += 1,
        }
        true
    })
}

/// Why a swap file cannot have this path: fstab names it as it is.
pub(crate) fn no_swap_file(path: &str) -> Option<&'static str> {
    let ends_field = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    no_file(path).or_else(|| path.contains(ends_field).then_some("fstab would have another path than this"))
}

/// Accounts that the system that runs curtin has: those of Debian, and the one of Ubuntu's images.
const ACCOUNTS: &[&str] = &[
    "_apt",
    "adm",
    "audio",
    "backup",
    "bin",
    "cdrom",
    "daemon",
    "dialout",
    "dip",
    "disk",
    "fax",
    "floppy",
    "games",
    "input",
    "irc",
    "kmem",
    "kvm",
    "lp",
    "mail",
    "man",
    "messagebus",
    "news",
    "nobody",
    "nogroup",
    "operator",
    "plugdev",
    "proxy",
    "render",
    "root",
    "sasl",
    "sgx",
    "shadow",
    "src",
    "staff",
    "sudo",
    "sync",
    "sys",
    "systemd-journal",
    "systemd-network",
    "systemd-resolve",
    "systemd-timesync",
    "tape",
    "tty",
    "ubuntu",
    "users",
    "utmp",
    "uucp",
    "video",
    "voice",
    "www-data",
];

/// The user and the group, if they are named.
fn accounts(owner: &str) -> [Option<&str>; 2] {
    let (user, group) = owner.split_once(':').unwrap_or((owner, ""));
    [user, group].map(|name| {
        let name = name.trim();
        Some(name).filter(|name| !matches!(name.to_ascii_lowercase().as_str(), "" | "-1" | "none"))
    })
}

/// The owner as chown takes it.
fn other_than_root(owner: &str) -> Option<String> {
    let [user, group] = accounts(owner).map(|name| name.filter(|name| *name != "root").map(str::to_owned));
    match (user, group) {
        (user, None) => user,
        (user, Some(group)) => Some(format!("{}:{group}", user.unwrap_or_default())),
    }
}

/// curtin looks for the names in the system that it runs in, not in the one that it installs.
fn check_owner(keys: &mut Keys<'_>, owner: &str) {
    for name in accounts(owner).into_iter().flatten() {
        if ACCOUNTS.contains(&name) {
            continue;
        }
        let span = keys.get("owner").map_or(keys.span, |node| node.span);
        let message = format!("the system that runs curtin has no account {name}");
        let problem = Problem::error("file-owner", keys.path("owner"), span, message);
        let remedy = "write the name of an account that every system has, and change the owner in `late_commands`";
        keys.cx.problem(problem.remedy(remedy));
    }
}

/// A number is taken as it is, text is read as octal; anything else becomes 0644, as in curtin. Of both, the last four
/// octal digits count. Python stops at a number of more than 31 bits.
fn mode(keys: &mut Keys<'_>, node: &Node) -> u32 {
    let value = match &node.value {
        Value::Int(number) => Some(*number),
        Value::BigInt(_) => Some(i128::MAX),
        Value::String(text) => digits::python_int(text, 8),
        #[expect(clippy::cast_possible_truncation, reason = "Python cuts off the fraction, too")]
        Value::Float(number) if !number.is_nan() => Some(*number as i128),
        _ => None,
    };
    if value.is_some_and(|value| i32::try_from(value).is_err()) {
        keys.error("bad-value", "permissions", node.span, "no mode is as large as this", "write '0644' or the like");
        return 0o644;
    }
    let Some((value, mode)) = value.and_then(|value| Some((value, u32::try_from(value & 0o7777).ok()?))) else {
        keys.warning("permissions", "permissions", node.span, "is not an octal mode; 0644 is used", "write '0644'");
        return 0o644;
    };
    if !matches!(node.value, Value::String(_)) && value > 0o777 {
        let message = format!("is the number {value}, which is the mode {mode:o}");
        keys.warning("permissions", "permissions", node.span, &message, "write the mode in quotes: '0755'");
    }
    mode
}

#[cfg(test)]
mod tests {
    use crate::config::Context;
    use crate::value::Node;

    use super::{WriteFile, other_than_root};

    #[test]
    fn owners_are_those_of_curtin() {
        for (owner, wanted) in [
            ("none", None),
            ("-1:-1", None),
            ("root", None),
            ("root : root", None),
            ("-1:adm", Some(":adm")),
            ("root : adm", Some(":adm")),
            (" mail :None", Some("mail")),
            ("mail:mail", Some("mail:mail")),
        ] {
            assert_eq!(other_than_root(owner).as_deref(), wanted, "{owner}");
        }
    }

    #[test]
    fn modes_are_what_chmod_makes_of_them() {
        for (text, mode) in [("100755", 0o755), ("1777", 0o1777), ("rw", 0o644), ("-1", 0o7777)] {
            let file = Node::mapping([("path", Node::from("/a")), ("permissions", Node::from(text))]);
            let mut cx = Context::default();
            let files = WriteFile::read(&mut cx, &Node::mapping([("b", file.clone()), ("a", file)]));
            let found: Vec<(&str, u32)> = files.iter().map(|(name, file)| (name.as_str(), file.mode)).collect();
            assert_eq!(found, [("b", mode), ("a", mode)], "{text}");
        }
    }
}
