//! How curtin itself runs.

use super::Keys;
use crate::config::Context;
use crate::value::{Mapping, Node};
use crate::write_file;

/// The `install` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Install {
    /// Where curtin writes its log.
    pub log_file: Option<String>,
    /// Whether an older log is kept.
    pub log_file_append: Option<bool>,
    /// Where everything that helps to find an error is packed.
    pub error_tarfile: Option<String>,
    /// Files that a webhook reporter sends at the end.
    pub post_files: Option<Vec<String>>,
    /// Where the configuration is kept in the installed system.
    pub save_install_config: Option<String>,
    /// Where the log is kept in the installed system.
    pub save_install_log: Option<String>,
    /// Where the system is mounted meanwhile.
    pub target: Option<String>,
    /// `disabled` leaves it mounted.
    pub unmount: Option<String>,
    /// A file that lets a later run go on.
    pub resume_data: Option<String>,
    /// Further words for rsync.
    pub extra_rsync_args: Option<Vec<String>>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl Install {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, "install", node)?;
        if let Some(node) = keys.get("extra_rsync_args").filter(|node| node.as_sequence().is_none() && !node.is_null())
        {
            keys.bad_type("extra_rsync_args", node, "a list of words");
        }
        let words = keys.get("extra_rsync_args").and_then(Node::as_sequence).unwrap_or_default();
        for (at, word) in words.iter().enumerate().filter(|(_, word)| word.as_str().is_none()) {
            keys.bad_type(&format!("extra_rsync_args[{at}]"), word, "text");
        }
        if let Some(node) = keys.get("save_install_config")
            && let Some(reason) = node.as_str().filter(|path| !path.is_empty()).and_then(write_file::no_file)
        {
            let remedy = "write the path of a file, such as /root/curtin-install-cfg.yaml";
            keys.error("file-path", "save_install_config", node.span, reason, remedy);
        }
        if let Some(node) = keys.get("resume_data").filter(|node| node.as_str() == Some("")) {
            keys.error(
                "bad-value",
                "resume_data",
                node.span,
                "the name of a file is not empty",
                "name the file, or leave it out",
            );
        }
        let install = Self {
            log_file: keys.strict_text("log_file"),
            log_file_append: keys.flag("log_file_append"),
            error_tarfile: keys.text("error_tarfile"),
            post_files: keys.words("post_files"),
            save_install_config: keys.text_or_false("save_install_config"),
            save_install_log: keys.text_or_false("save_install_log"),
            target: keys.text_or_false("target"),
            unmount: keys.one_of("unmount", &["disabled"]),
            resume_data: keys.text_or_null("resume_data"),
            extra_rsync_args: keys
                .get("extra_rsync_args")
                .and_then(Node::as_sequence)
                .map(|items| items.iter().filter_map(Node::to_text).collect()),
            rest: Mapping::default(),
        };
        Some(Self { rest: keys.rest(), ..install })
    }
}

/// The `proxy` section, and the old `http_proxy`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proxy {
    /// The proxy for HTTP.
    pub http_proxy: Option<String>,
    /// The proxy for HTTPS.
    pub https_proxy: Option<String>,
    /// Hosts that are reached without one.
    pub no_proxy: Option<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl Proxy {
    /// The variables that curtin sets for itself and all that it runs.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let all = [("http_proxy", &self.http_proxy), ("https_proxy", &self.https_proxy), ("no_proxy", &self.no_proxy)];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
    }

    pub(crate) fn read_all(cx: &mut Context, root: &Mapping) -> Option<Self> {
        let mut proxy = None;
        if let Some(node) = root.get("proxy") {
            let mut keys = Keys::new(cx, "proxy", node)?;
            for name in ["http_proxy", "https_proxy", "no_proxy"] {
                keys.refuse_nul(name);
            }
            let found = Self {
                http_proxy: keys.strict_text("http_proxy"),
                https_proxy: keys.strict_text("https_proxy"),
                no_proxy: keys.strict_text("no_proxy"),
                rest: Mapping::default(),
            };
            proxy = Some(Self { rest: keys.rest(), ..found });
        }
        if let Some(old) = root.get("http_proxy") {
            cx.warning("old-key", "http_proxy", old.span, "this is an old name", "write `proxy: {http_proxy: …}`");
            let url = old.as_str().filter(|url| !url.is_empty()).map(str::to_owned);
            if url.is_none() && !old.is_falsy() {
                cx.bad_type("http_proxy", old, "text");
            }
            let proxy = proxy.get_or_insert_with(Self::default);
            proxy.http_proxy = proxy.http_proxy.take().or(url);
        }
        proxy
    }
}
