//! A whole configuration: every section that curtin knows, typed.

pub(crate) use self::stages::runs;
use self::stages::{check_stages, stage_names};
use self::switches::{curthooks, kexec, system_upgrade};
use crate::command::Commands;
use crate::digits;
use crate::nearest::nearest;
use crate::power::PowerState;
use crate::problem::{Problem, Span};
use crate::section::{
    Apt, AptMirrors, BlockMeta, Boot, Install, Kernel, KernelCrashDumps, Multipath, Network, OldReporter, Pollinate,
    Proxy, Reporter, Swap, apt,
};
use crate::source::Source;
use crate::storage::Storage;
use crate::value::{Mapping, Node, Value};
use crate::write_file::WriteFile;
use crate::yaml;

mod emit;
mod stages;
mod switches;

/// Every top-level key that curtin's schema, documentation or code knows, besides `STAGE_commands`.
const KNOWN: &[&str] = &[
    "apply_net_commands",
    "apt",
    "apt_mirrors",
    "apt_proxy",
    "block-meta",
    "boot",
    "bucket",
    "cloudconfig",
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
    "kexec",
    "late_commands",
    "multipath",
    "network",
    "network_commands",
    "partitioning_commands",
    "pollinate",
    "power_state",
    "proxy",
    "reporter",
    "reporting",
    "restore_dist_interfaces",
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
    /// The commands of stages that curtin does not have by itself, by the name of the stage.
    pub stage_commands: Vec<(String, Commands)>,
    /// The stages that run, when they are not the usual ones.
    pub stages: Option<Vec<String>>,
    /// The root images, in the order of their keys.
    pub sources: Vec<Source>,
    /// How the disks shall look; a flat layout on the first disk without it.
    pub storage: Option<Storage>,
    /// A simple layout without a storage section.
    pub block_meta: Option<BlockMeta>,
    /// The network configuration as it stands there: it is passed on to cloud-init.
    pub network: Option<Node>,
    /// The same, typed.
    pub network_config: Option<Network>,
    /// Files for the installed system, in the order of the text.
    pub write_files: Vec<(String, WriteFile)>,
    /// What happens afterwards; `None` means that the section is absent.
    pub power_state: Option<PowerState>,
    /// Whether the installed system is entered without a restart.
    pub kexec: Option<bool>,
    /// The boot loader (`boot`, or `grub` by its old name).
    pub boot: Boot,
    /// The kernel.
    pub kernel: Option<Kernel>,
    /// What is kept of a kernel that crashes.
    pub kernel_crash_dumps: Option<KernelCrashDumps>,
    /// The swap file.
    pub swap: Option<Swap>,
    /// Several paths to one disk.
    pub multipath: Option<Multipath>,
    /// Settings of the installer itself.
    pub install: Option<Install>,
    /// Who is told how the installation goes on.
    pub reporting: Vec<Reporter>,
    /// Proxies of the installer (also the old `http_proxy`).
    pub proxy: Option<Proxy>,
    /// Package sources.
    pub apt: Option<Apt>,
    /// Mirrors, by their old name.
    pub apt_mirrors: Option<AptMirrors>,
    /// A proxy for packages, by its old name.
    pub apt_proxy: Option<String>,
    /// Answers to questions of packages, in the order of their keys.
    pub debconf_selections: Vec<(String, String)>,
    /// What pollinate tells of the system.
    pub pollinate: Option<Pollinate>,
    /// Whether the packages of the image are upgraded.
    pub system_upgrade: Option<bool>,
    /// Where the hooks of the curthooks stage come from: `auto`, `builtin` or `target`.
    pub curthooks: Option<String>,
    /// Whether overlayroot is turned off. True unless said otherwise.
    pub disable_overlayroot: Option<bool>,
    /// Whether the image's own network interfaces come back. True unless said otherwise.
    pub restore_dist_interfaces: Option<bool>,
    /// How much curtin logs.
    pub verbosity: Option<u64>,
    /// Whether errors come with a stack trace.
    pub showtrace: Option<bool>,
    /// Files of cloud-init's configuration, in the order of their keys; curtin chooses their paths.
    pub cloudconfig: Vec<(String, WriteFile)>,
    /// Users, as they stand there: they are cloud-init's, and curtin does nothing with them.
    pub users: Option<Node>,
    /// A place to keep anchors, as it stands there.
    pub bucket: Option<Node>,
    /// The reporter that MAAS had before `reporting`, with its name.
    pub reporter: Vec<(String, OldReporter)>,
    /// What curtin does not know, in the order of the text.
    pub rest: Mapping,
    /// What it does not know within `kexec`, `system_upgrade` and `curthooks`, which have one key each: by section.
    pub inner_rest: Mapping,
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

    /// The commands of a stage, one of curtin's or of the user's own.
    pub(crate) fn commands_of(&self, stage: &str) -> Option<&Commands> {
        Some(match stage {
            "early" => &self.early_commands,
            "partitioning" => &self.partitioning_commands,
            "network" => &self.network_commands,
            "extract" => &self.extract_commands,
            "curthooks" => &self.curthooks_commands,
            "hook" => &self.hook_commands,
            "late" => &self.late_commands,
            _ => return self.stage_commands.iter().find(|(name, _)| name == stage).map(|(_, commands)| commands),
        })
    }

    /// The commands of one of curtin's stages.
    fn commands(&mut self, stage: &str) -> Option<&mut Commands> {
        Some(match stage {
            "early" => &mut self.early_commands,
            "partitioning" => &mut self.partitioning_commands,
            "network" => &mut self.network_commands,
            "extract" => &mut self.extract_commands,
            "curthooks" => &mut self.curthooks_commands,
            "hook" => &mut self.hook_commands,
            "late" => &mut self.late_commands,
            _ => return None,
        })
    }
}

/// Collects problems while sections are read.
#[derive(Default)]
pub(crate) struct Context {
    problems: Vec<Problem>,
    guesses: usize,
}

/// How many unknown keys get a guess at what was meant: guessing costs time.
const MAX_GUESSES: usize = 100;

impl Context {
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(crate) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A key that nobody knows.
    pub(crate) fn unknown(&mut self, problem: Problem, name: &str, known: &[&str]) {
        self.guesses += 1;
        let guess = if self.guesses <= MAX_GUESSES { nearest(name, known) } else { None };
        self.problem(match guess {
            Some(known) => problem.remedy(format!("did you mean `{known}`?")),
            None => problem,
        });
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        span: Span,
        message: impl Into<String>,
        remedy: &str,
    ) {
        self.problem(Problem::error(code, path, span, message).remedy(remedy));
    }

    /// A value of another kind than the one that is needed.
    pub(crate) fn bad_type(&mut self, path: impl Into<String>, node: &Node, wanted: &str) {
        self.problem(Problem::bad_type(path, node, wanted));
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
    read_root(root.as_ref(), problems)
}

/// Reads what was loaded.
fn read_root(root: Option<&Node>, mut problems: Vec<Problem>) -> Parsed {
    let empty = Mapping::default();
    let mapping = match root.map(|root| (&root.value, root)) {
        None | Some((Value::Null, _)) => &empty,
        Some((Value::Mapping(mapping), _)) => mapping,
        Some((_, root)) => {
            problems
                .push(Problem::bad_type("", root, "a mapping").remedy("write `storage: …`, `sources: …` and so on"));
            &empty
        }
    };
    read_mapping(mapping, problems)
}

/// Reads what was merged; `problems` was found before.
pub(crate) fn read_mapping(root: &Mapping, problems: Vec<Problem>) -> Parsed {
    let mut cx = Context { problems, guesses: 0 };
    let mut config = read(&mut cx, root);
    let mut problems = cx.problems;
    problems.sort_by_key(|problem| problem.span);
    config.errors = problems.iter().filter(|problem| problem.is_error()).cloned().collect();
    Parsed { config, problems }
}

fn read(cx: &mut Context, root: &Mapping) -> Config {
    let mut config = Config { boot: Boot::read_all(cx, root).unwrap_or_default(), ..Config::default() };
    config.proxy = Proxy::read_all(cx, root);
    apt::old_and_new(cx, root);
    let stages = root.get("stages");
    for (key, node) in root.iter() {
        let name = key.as_str().unwrap_or_default();
        if let Some(stage) = name.strip_suffix("_commands") {
            // Nothing fails that does not run.
            let mut unread = Context::default();
            let cx = if runs(stages, stage) { &mut *cx } else { &mut unread };
            let commands = Commands::read(cx, name, node);
            match config.commands(stage) {
                Some(place) => *place = commands,
                None => config.stage_commands.push((stage.to_owned(), commands)),
            }
        } else if !install_section(cx, &mut config, name, node) && !system_section(cx, &mut config, name, node) {
            unknown(cx, key);
            config.rest.entries.push((key.clone(), node.clone()));
        }
    }
    check_stages(cx, &config, root);
    config
}

/// Sections about the installation; whether this is one.
fn install_section(cx: &mut Context, config: &mut Config, name: &str, node: &Node) -> bool {
    match name {
        "sources" => config.sources = Source::read(cx, node),
        "storage" => config.storage = Storage::read(cx, node),
        "block-meta" => config.block_meta = BlockMeta::read(cx, node),
        "install" => config.install = Install::read(cx, node),
        "reporting" => config.reporting = Reporter::read_all(cx, node),
        "stages" => config.stages = stage_names(cx, node),
        "power_state" => config.power_state = PowerState::read(cx, node),
        "kexec" => config.kexec = kexec(cx, node, &mut config.inner_rest),
        "verbosity" => config.verbosity = verbosity(cx, node),
        "showtrace" => {
            config.showtrace = node.to_text().map(|text| !matches!(text.to_ascii_lowercase().as_str(), "0" | "false"));
        }
        "reporter" => config.reporter = OldReporter::read_all(cx, node),
        // Read before all others.
        "boot" | "grub" | "grub_install_devices" | "proxy" | "http_proxy" => {}
        _ => return false,
    }
    true
}

/// Sections about the installed system; whether this is one.
fn system_section(cx: &mut Context, config: &mut Config, name: &str, node: &Node) -> bool {
    match name {
        "network" => {
            config.network = Some(node.clone()).filter(|node| !node.is_falsy());
            config.network_config = Network::read(cx, node);
        }
        "write_files" => config.write_files = WriteFile::read(cx, node),
        "kernel" => config.kernel = Kernel::read(cx, node),
        "kernel-crash-dumps" => config.kernel_crash_dumps = KernelCrashDumps::read(cx, node),
        "swap" => config.swap = Swap::read(cx, node),
        "multipath" => config.multipath = Multipath::read(cx, node),
        "apt" => config.apt = Apt::read(cx, node),
        "apt_mirrors" => config.apt_mirrors = AptMirrors::read(cx, node),
        "apt_proxy" => config.apt_proxy = node.as_str().filter(|proxy| !proxy.is_empty()).map(str::to_owned),
        "debconf_selections" => config.debconf_selections = apt::selections(cx, name, node),
        "pollinate" => config.pollinate = Pollinate::read(cx, node),
        "system_upgrade" => config.system_upgrade = system_upgrade(cx, node, &mut config.inner_rest),
        "curthooks" => config.curthooks = curthooks(cx, node, &mut config.inner_rest),
        "disable_overlayroot" => config.disable_overlayroot = Some(!node.is_falsy()),
        "restore_dist_interfaces" => config.restore_dist_interfaces = Some(!node.is_falsy()),
        "cloudconfig" => config.cloudconfig = WriteFile::read_cloudconfig(cx, node),
        "users" => {
            let message = "curtin has no such section, and does nothing with it";
            let problem = Problem::info("foreign-section", name, node.span, message);
            cx.problem(problem.remedy("write users to cloud-init's user-data"));
            config.users = Some(node.clone());
        }
        "bucket" => config.bucket = Some(node.clone()),
        _ => return false,
    }
    true
}

fn verbosity(cx: &mut Context, node: &Node) -> Option<u64> {
    let number = match &node.value {
        Value::Bool(value) => Some(i128::from(*value)),
        Value::Int(number) => Some(*number),
        Value::BigInt(digits) => Some(if digits.starts_with('-') { i128::MIN } else { i128::MAX }),
        #[expect(clippy::cast_possible_truncation, reason = "Python cuts off the fraction, too")]
        Value::Float(number) if number.is_finite() => Some(*number as i128),
        Value::String(text) => digits::python_int(text, 10),
        _ => None,
    };
    // curtin counts levels below 0 from the other end, and there are three.
    let Some(number) = number.filter(|number| *number >= -3) else {
        let problem = Problem::bad_type("verbosity", node, "a number from 0 on");
        cx.problem(problem.remedy("write 0, 1, 2 or 3"));
        return None;
    };
    u64::try_from(number).ok()
}

fn unknown(cx: &mut Context, key: &Node) {
    // A key with an underscore before it is a place to keep anchors, by convention.
    if key.as_str().is_some_and(|name| name.starts_with('_')) {
        return;
    }
    let name = key.to_text().unwrap_or_default();
    let problem = Problem::warning("unknown-key", name.clone(), key.span, "curtin does not know this key");
    cx.unknown(problem, &name, KNOWN);
}
