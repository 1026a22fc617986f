//! Who is told how the installation goes on.

use super::Keys;
use super::fields::fields;
use crate::config::Context;
use crate::problem::Problem;
use crate::value::{Mapping, Node};

/// One entry of the `reporting` section.
#[derive(Clone, Debug, PartialEq)]
pub struct Reporter {
    /// Its name, for merging.
    pub name: String,
    /// Where reports go.
    pub kind: ReporterKind,
    /// From which level on: `DEBUG`, `INFO`, `WARN`, `ERROR`.
    pub level: Option<String>,
    /// What curtin stops at.
    pub rest: Mapping,
}

fields! {
    /// A reporter as MAAS had it before `reporting`: it told the end alone, with the log.
    OldReporter {
        /// Where it sends to.
        url: text = "url",
        /// OAuth's consumer key.
        consumer_key: text = "consumer_key",
        /// OAuth's consumer secret.
        consumer_secret: text = "consumer_secret",
        /// OAuth's token key.
        token_key: text = "token_key",
        /// OAuth's token secret.
        token_secret: text = "token_secret",
        /// Seconds to wait before each further attempt.
        retries: nodes = "retries",
    }
}

impl OldReporter {
    /// The `reporter` section: curtin takes the last one.
    pub(crate) fn read_all(cx: &mut Context, node: &Node) -> Vec<(String, Self)> {
        if node.is_null() {
            return Vec::new();
        }
        let Some(mapping) = node.as_mapping().filter(|mapping| !mapping.is_empty()) else {
            let problem = Problem::bad_type("reporter", node, "a mapping with the name of a reporter");
            cx.problem(problem.remedy("write `reporting: {NAME: {type: webhook, endpoint: URL}}`"));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (key, value) in mapping.iter().filter(|(_, value)| value.as_mapping().is_some()) {
            let name = key.to_text().unwrap_or_default();
            all.extend(Keys::new(cx, format!("reporter.{name}"), value).map(|keys| (name, Self::read(keys))));
        }
        all
    }
}

/// Where reports go.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReporterKind {
    /// To Python's log.
    Log,
    /// To standard output.
    Print,
    /// To a URL, signed with OAuth when there are keys.
    Webhook {
        /// The URL.
        endpoint: String,
        /// OAuth's consumer key.
        consumer_key: Option<String>,
        /// OAuth's consumer secret.
        consumer_secret: Option<String>,
        /// OAuth's token key.
        token_key: Option<String>,
        /// OAuth's token secret.
        token_secret: Option<String>,
        /// Seconds that one report may take.
        timeout: Option<u64>,
        /// Seconds to wait before each further attempt, as they stand there.
        retries: Vec<Node>,
    },
    /// To the journal of systemd.
    Journald {
        /// `curtin_event` unless said otherwise.
        identifier: Option<String>,
    },
}

impl Reporter {
    /// All entries in the order of the text; empty ones take back what is told without them.
    pub(crate) fn read_all(cx: &mut Context, node: &Node) -> Vec<Self> {
        let Some(keys) = Keys::new(cx, "reporting", node) else { return Vec::new() };
        let cx = keys.cx;
        let entries = node.as_mapping().into_iter().flat_map(Mapping::iter);
        entries
            .filter(|(_, value)| !value.is_falsy())
            .filter_map(|(key, value)| Self::read(cx, key.to_text().unwrap_or_default(), value))
            .collect()
    }

    fn read(cx: &mut Context, name: String, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, format!("reporting.{name}"), node)?;
        let kind = keys.get("type");
        let kind = match kind.and_then(Node::as_str) {
            Some("log") => ReporterKind::Log,
            Some("print") => ReporterKind::Print,
            Some("webhook") => webhook(&mut keys)?,
            Some("journald") => ReporterKind::Journald { identifier: keys.text("identifier") },
            _ => {
                let span = kind.map_or(node.span, |node| node.span);
                let problem = Problem::error("reporter-type", keys.path("type"), span, "curtin knows no such reporter");
                keys.cx.problem(problem.remedy("write log, print, webhook or journald"));
                return None;
            }
        };
        let level = match kind {
            ReporterKind::Print => None,
            _ => keys.text("level"),
        };
        if let Some(level) = level.as_deref().filter(|level| !is_level(level)) {
            let span = node.as_mapping().and_then(|all| all.get("level")).map_or(node.span, |node| node.span);
            let message = format!("there is no level {level}, and curtin reports warnings only");
            keys.warning("odd-value", "level", span, &message, "write DEBUG, INFO, WARN or ERROR");
        }
        // Every key becomes an argument of a function, which takes no other ones.
        let rest = keys.refuse_rest("curtin stops at a key that this type of reporter does not have");
        Some(Self { name, kind, level, rest })
    }
}

fn is_level(level: &str) -> bool {
    matches!(
        level.to_ascii_uppercase().as_str(),
        "DEBUG" | "INFO" | "WARN" | "WARNING" | "ERROR" | "CRITICAL" | "FATAL" | "NOTSET"
    ) || level.bytes().all(|byte| byte.is_ascii_digit())
}

fn webhook(keys: &mut Keys<'_>) -> Option<ReporterKind> {
    let endpoint = keys.get("endpoint").map(Node::to_text);
    let hook = ReporterKind::Webhook {
        endpoint: endpoint.clone().flatten().unwrap_or_default(),
        consumer_key: keys.text("consumer_key"),
        consumer_secret: keys.text("consumer_secret"),
        token_key: keys.text("token_key"),
        token_secret: keys.text("token_secret"),
        timeout: keys.number("timeout"),
        retries: keys.nodes("retries"),
    };
    let keys_of_oauth = ["consumer_key", "token_key", "token_secret"];
    let given = keys_of_oauth.into_iter().filter(|name| keys.get(name).is_some_and(|node| !node.is_falsy())).count();
    if !matches!(given, 0 | 3) {
        let message = "consumer_key, token_key and token_secret are given together, or not at all";
        let problem = Problem::error("missing-key", keys.path.clone(), keys.span, message);
        keys.cx.problem(problem.remedy("add the others, or remove what is there"));
    }
    if endpoint.is_none() {
        let problem = Problem::error("missing-key", keys.path("endpoint"), keys.span, "a webhook needs an `endpoint`");
        keys.cx.problem(problem.remedy("write the URL that takes the reports"));
        return None;
    }
    Some(hook)
}
