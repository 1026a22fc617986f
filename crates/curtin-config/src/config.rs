//! A whole configuration: the sections that curtin knows, typed where the planner uses them.

use crate::boot::Boot;
use crate::command::Commands;
use crate::nearest::nearest;
use crate::power::PowerState;
use crate::problem::{Problem, Severity, Span};
use crate::source::Source;
use crate::storage::Storage;
use crate::value::{Mapping, Node, Value};
use crate::write_file::WriteFile;
use crate::yaml;

/// Every top-level key that curtin's schema, documentation or code knows.
const KNOWN: &[&str] = &[
    "apply_net_commands",
    "apt",
    "apt_mirrors",
    "apt_proxy",
    "block-meta",
    "boot",
    "bucket",
    "curthooks",
    "curthooks_commands",
    "debconf_selections",
    "disable_overlayroot",
    "early_commands",
    "extract_commands",
    "grub",
    "grub_install_devices",
    "hook_commands",
    "http_proxy",
    "install",
    "kernel",
    "kernel-crash-dumps",
    "late_commands",
    "multipath",
    "network",
    "network_commands",
    "partitioning_commands",
    "pollinate",
    "power_state",
    "proxy",
    "reporting",
    "showtrace",
    "sources",
    "stages",
    "storage",
    "swap",
    "system_upgrade",
    "users",
    "verbosity",
    "write_files",
];

/// What [`parse`] returns: whatever could be read, and everything that was wrong.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The configuration.
    pub config: Config,
    /// The findings, in the order of the text.
    pub problems: Vec<Problem>,
}

impl Parsed {
    /// Whether any finding prevents a plan.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}

/// A curtin configuration.
///
/// It remembers the errors that were found while it was read, and [`plan`](crate::plan()) refuses
/// to plan while there are any.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// Before anything else.
    pub early_commands: Commands,
    /// In place of or beside the storage section (`builtin` stands for it).
    pub partitioning_commands: Commands,
    /// The network stage.
    pub network_commands: Commands,
    /// The extract stage.
    pub extract_commands: Commands,
    /// The stage that configures the installed system.
    pub curthooks_commands: Commands,
    /// The stage after it.
    pub hook_commands: Commands,
    /// At the end.
    pub late_commands: Commands,
    /// The root images, in the order of their keys.
    pub sources: Vec<Source>,
    /// How the disks shall look; a flat layout on the first disk without it.
    pub storage: Option<Storage>,
    /// The network configuration, passed on to cloud-init as it is.
    pub network: Option<Node>,
    /// Files for the installed system, in the order of their keys.
    pub write_files: Vec<(String, WriteFile)>,
    /// What happens afterwards; `None` means that the section is absent.
    pub power_state: Option<PowerState>,
    /// The boot loader section (`boot`, or `grub` by its old name).
    pub grub: Option<Node>,
    /// The swap file section; kept, not planned yet.
    pub swap: Option<Node>,
    /// Settings of the installer itself.
    pub install: Option<Node>,
    /// Package sources; kept, not planned yet.
    pub apt: Option<Node>,
    /// Everything else, known or not, in the order of the text.
    pub rest: Mapping,
    pub(crate) boot: Boot,
    pub(crate) errors: Vec<Problem>,
}

impl Config {
    /// A configuration with a root image and nothing else: its plan is the flat layout.
    ///
    /// ```
    /// use firstlight_curtin_config::{Config, Source};
    ///
    /// let config = Config::flat(Source::from_uri("http://127.0.0.1/root.tar.zst"));
    /// assert!(config.storage.is_none());
    /// ```
    #[must_use]
    pub fn flat(source: Source) -> Self {
        Self { sources: vec![source], ..Self::default() }
    }
}

/// Collects problems while sections are read.
#[derive(Default)]
pub(crate) struct Context {
    problems: Vec<Problem>,
}

impl Context {
    pub(crate) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        span: Span,
        message: impl Into<String>,
    ) {
        self.problem(Problem::error(code, path, span, message));
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        span: Span,
        message: impl Into<String>,
        remedy: &str,
    ) {
        self.problem(Problem::warning(code, path, span, message).remedy(remedy));
    }
}

/// Reads a curtin configuration.
///
/// It never fails as a whole: what cannot be read is left out and reported, and a configuration
/// with errors is refused by [`plan`](crate::plan()).
///
/// ```
/// use firstlight_curtin_config::parse;
///
/// let parsed = parse("storage: {version: 1, config: [{id: d, type: disk}, {type: mount}]}");
/// assert!(parsed.has_errors());
/// let first = &parsed.problems[0];
/// assert_eq!((first.path.as_str(), first.span.column), ("storage.config[1].id", 53));
/// ```
#[must_use]
pub fn parse(yaml: &str) -> Parsed {
    let (root, problems) = yaml::load(yaml);
    read_root(root, problems)
}

/// Reads what was loaded or merged.
pub(crate) fn read_root(root: Option<Node>, problems: Vec<Problem>) -> Parsed {
    let mut cx = Context { problems };
    let mut config = match root.map(|root| (root.value, root.span)) {
        None | Some((Value::Null, _)) => Config::default(),
        Some((Value::Mapping(mapping), _)) => read(&mut cx, mapping),
        Some((value, span)) => {
            let kind = Node::new(value, span).kind();
            let message = format!("a configuration is a mapping, not {kind}");
            cx.error("bad-type", "", span, message);
            Config::default()
        }
    };
    let mut problems = cx.problems;
    problems.sort_by_key(|problem| problem.span);
    config.errors = problems.iter().filter(|problem| problem.is_error()).cloned().collect();
    Parsed { config, problems }
}

fn read(cx: &mut Context, mapping: Mapping) -> Config {
    let mut config = Config::default();
    for (key, node) in mapping.entries {
        match key.as_str().unwrap_or_default() {
            name @ "early_commands" => config.early_commands = Commands::read(cx, name, &node),
            name @ "partitioning_commands" => {
                config.partitioning_commands = Commands::read(cx, name, &node);
            }
            name @ "network_commands" => config.network_commands = Commands::read(cx, name, &node),
            name @ "extract_commands" => config.extract_commands = Commands::read(cx, name, &node),
            name @ "curthooks_commands" => {
                config.curthooks_commands = Commands::read(cx, name, &node);
            }
            name @ "hook_commands" => config.hook_commands = Commands::read(cx, name, &node),
            name @ "late_commands" => config.late_commands = Commands::read(cx, name, &node),
            "sources" => config.sources = Source::read(cx, &node),
            "storage" => config.storage = Storage::read(cx, &node),
            "network" => config.network = Some(node).filter(|node| !node.is_falsy()),
            "write_files" => config.write_files = WriteFile::read(cx, &node),
            "power_state" => config.power_state = PowerState::read(cx, &node),
            name @ ("grub" | "boot") => {
                config.boot = Boot::read(cx, name, &node);
                config.grub = Some(node);
            }
            "swap" => config.swap = Some(node),
            "install" => config.install = Some(node),
            "apt" => config.apt = Some(node),
            _ => {
                unknown(cx, &key);
                config.rest.entries.push((key, node));
            }
        }
    }
    config
}

fn unknown(cx: &mut Context, key: &Node) {
    let name = key.to_text().unwrap_or_default();
    if KNOWN.contains(&name.as_str()) && key.as_str().is_some() {
        return;
    }
    let problem =
        Problem::new(Severity::Warning, "unknown-key", name.clone(), key.span, "curtin does not know this key");
    cx.problem(match nearest(&name, KNOWN) {
        Some(known) => problem.remedy(format!("did you mean `{known}`?")),
        None => problem,
    });
}
