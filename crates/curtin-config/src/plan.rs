//! From a configuration and a machine to ordered commands.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::Config;
use crate::iscsi;
use crate::layout::Layout;
use crate::power::PowerState;
use crate::problem::{Problem, Span};
use crate::resolve::resolve;
use crate::section::Proxy;
use crate::source::{Source, SourceKind};
use crate::steps::{self, disk_image};
use crate::storage_layout::{DiskChoice, LayoutOptions, StorageLayout};
use crate::target::{Disk, Target};

/// The stages of an installation, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Before anything is changed.
    Early,
    /// Disks are partitioned, formatted and mounted.
    Partitioning,
    /// The network configuration is prepared.
    Network,
    /// The root image is unpacked.
    Extract,
    /// The installed system is configured.
    Curthooks,
    /// Last words of the configuration, and the end.
    Late,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Early => "early",
            Self::Partitioning => "partitioning",
            Self::Network => "network",
            Self::Extract => "extract",
            Self::Curthooks => "curthooks",
            Self::Late => "late",
        })
    }
}

/// One command of a plan.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// A name that no other step of the plan has: lower case letters, digits and dashes.
    pub id: String,
    /// The stage that it belongs to.
    pub stage: Stage,
    /// What it does, for people.
    pub description: String,
    /// The words of the command.
    pub command: Vec<String>,
    /// What it is given on standard input.
    pub stdin: Option<String>,
    /// Whether `stdin` is a secret, such as a passphrase or a private file: it is left out of everything that people read.
    pub secret: bool,
    /// Whether it destroys what was on a disk.
    pub destroys_data: bool,
    /// Devices, files and URLs that it reads.
    pub reads: Vec<String>,
    /// Devices and files that it writes.
    pub writes: Vec<String>,
}

/// A secret is never shown.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stdin = self.stdin.as_deref().map(|text| if self.secret { "…" } else { text });
        f.debug_struct("Step")
            .field("id", &self.id)
            .field("command", &self.command)
            .field("stdin", &stdin)
            .field("reads", &self.reads)
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}

impl Step {
    pub(crate) fn new(
        stage: Stage,
        id: impl Into<String>,
        description: impl Into<String>,
        command: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            id: id.into(),
            stage,
            description: description.into(),
            command: command.into_iter().collect(),
            stdin: None,
            secret: false,
            destroys_data: false,
            reads: Vec::new(),
            writes: Vec::new(),
        }
    }

    pub(crate) fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    pub(crate) fn secret(mut self, text: impl Into<String>) -> Self {
        self.secret = true;
        self.stdin(text)
    }

    /// What a file of this mode gets: what nobody but its owner may read is a secret.
    pub(crate) fn content(self, text: impl Into<String>, mode: u32) -> Self {
        if mode & 0o077 == 0 { self.secret(text) } else { self.stdin(text) }
    }

    pub(crate) fn destroys(mut self) -> Self {
        self.destroys_data = true;
        self
    }

    pub(crate) fn reads(mut self, what: impl IntoIterator<Item = String>) -> Self {
        self.reads.extend(what);
        self
    }

    pub(crate) fn writes(mut self, what: impl IntoIterator<Item = String>) -> Self {
        self.writes.extend(what);
        self
    }
}

/// An installation, worked out to the last command.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// How the disks will look.
    pub layout: Layout,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// Variables that every step has in its environment: the proxies, which are shown with the passwords in them.
    pub environment: Vec<(String, String)>,
    /// What the last step does with the machine. Without it, that is left to whoever runs the plan.
    pub power_state: Option<PowerState>,
    /// Where the root file system is mounted meanwhile.
    pub mount_point: String,
    /// Findings that do not prevent the installation.
    pub warnings: Vec<Problem>,
}

/// A plan in the making.
pub(crate) struct Draft<'a> {
    pub(crate) config: &'a Config,
    pub(crate) target: &'a Target,
    pub(crate) sources: &'a [Source],
    /// The source that is the image of a whole disk.
    pub(crate) image: Option<&'a Source>,
    pub(crate) layout: Layout,
    pub(crate) problems: Vec<Problem>,
    steps: Vec<Step>,
    /// The ids that are taken, each with the number that its next namesake gets.
    ids: BTreeMap<String, usize>,
}

impl Draft<'_> {
    /// Adds a step; its id is made clean and unique.
    pub(crate) fn push(&mut self, mut step: Step) {
        let id: String = step
            .id
            .to_ascii_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(60)
            .collect();
        step.id = self.unique(id);
        let nul = step.command.iter().chain(&step.stdin).any(|text| text.contains('\0'));
        if nul {
            self.problems.push(Problem::error(
                "nul-character",
                step.id.clone(),
                Span::NONE,
                "a command cannot hold the NUL character",
            ));
        }
        self.steps.push(step);
    }

    fn unique(&mut self, id: String) -> String {
        let mut name = id.clone();
        if let Some(mut number) = self.ids.get(&id).copied() {
            while self.ids.contains_key(&name) {
                name = format!("{id}-{number}");
                number += 1;
            }
            self.ids.insert(id, number);
        }
        self.ids.insert(name.clone(), 2);
        name
    }
}

/// Plans an installation.
///
/// Without a storage section the plan uses [`StorageLayout::Flat`] on the disk that `block-meta` names, or the first one
/// that is large enough. The image of a whole disk (`dd-…`) takes the place of both.
///
/// # Errors
///
/// Everything that stands in the way, the errors found by [`parse`](crate::parse) included.
///
/// ```
/// use firstlight_curtin_config::{Disk, Target, parse, plan};
///
/// let parsed = parse("sources: [http://127.0.0.1/root.txz]\n");
/// let target = Target { disks: vec![Disk::new("/dev/sda", 10 << 30)], ..Target::default() };
/// let plan = plan(&parsed.config, &target).unwrap();
/// let destroying: Vec<_> =
///     plan.steps.iter().filter(|step| step.destroys_data).map(|step| step.id.as_str()).collect();
/// assert_eq!(destroying, ["wipe-sda", "partition-sda", "mkfs-sda2", "mkfs-sda3"]);
///
/// let broken = parse("storage: yes\n");
/// assert!(firstlight_curtin_config::plan(&broken.config, &target).is_err());
/// ```
pub fn plan(config: &Config, target: &Target) -> Result<Plan, Vec<Problem>> {
    if !config.errors.is_empty() {
        return Err(config.errors.clone());
    }
    let sources = if config.sources.is_empty() { target.default_source.as_slice() } else { &config.sources };
    let image = sources.iter().find(|source| matches!(source.kind, SourceKind::Disk(_)));
    let (layout, problems) = match (image, &config.storage) {
        (Some(image), _) => disk_image::resolve(image, config, target),
        (None, Some(storage)) => resolve(storage, target),
        (None, None) => flat(config, target),
    };
    let mut draft = Draft { config, target, sources, image, layout, problems, steps: Vec::new(), ids: BTreeMap::new() };
    check_target(&mut draft);
    steps::all(&mut draft);
    let (errors, warnings): (Vec<_>, Vec<_>) = draft.problems.into_iter().partition(Problem::is_error);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Plan {
        layout: draft.layout,
        steps: draft.steps,
        environment: config.proxy.as_ref().map(Proxy::environment).unwrap_or_default(),
        power_state: steps::power_state(config),
        mount_point: target.mount_point.clone(),
        warnings,
    })
}

/// One disk: that of `block-meta`, of several the first one by name, as curtin chooses.
fn flat(config: &Config, target: &Target) -> (Layout, Vec<Problem>) {
    let mut options = LayoutOptions::default();
    if let Some(block_meta) = &config.block_meta {
        let is_named = |disk: &&Disk| block_meta.devices.iter().any(|device| disk.is_at(device));
        let named = target.disks.iter().filter(is_named).map(|disk| &disk.path).min();
        if let Some(path) = named.or(block_meta.devices.first()) {
            options.root_disk = DiskChoice::Path(path.clone());
        }
        let boot = block_meta.boot_partition.as_ref();
        options.boot_size = boot.filter(|boot| boot.enabled == Some(true)).map(|_| 1 << 30);
    }
    match StorageLayout::Flat.storage(&target.disks, &options) {
        Ok(storage) => resolve(&storage, target),
        Err(error) => {
            let problem = Problem::error("no-disk", "storage", Span::NONE, error.to_string())
                .remedy("attach a disk of 2 GiB or more, and commission the machine again");
            (Layout::default(), vec![problem])
        }
    }
}

/// What the caller says about the machine must be fit to stand in commands and files.
fn check_target(draft: &mut Draft<'_>) {
    let target = draft.target;
    let problems = &mut draft.problems;
    let mut error = |code, message: String| problems.push(Problem::error(code, "", Span::NONE, message));
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if target.hostname.len() > 253 || !target.hostname.split('.').all(label) {
        error("hostname", format!("{:?} is not a host name", target.hostname));
    }
    let mount = &target.mount_point;
    let parts = |path: &str| path.split('/').skip(1).all(|part| !part.is_empty() && part != ".." && part != ".");
    if !mount.starts_with('/') || !parts(mount) || mount.chars().any(char::is_control) {
        error("mount-point", format!("{mount:?} is not an absolute path below /"));
    }
    for disk in &target.disks {
        let clean = disk.path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-:+@".contains(c));
        if !disk.path.starts_with("/dev/") || !parts(&disk.path) || !clean {
            error("disk-path", format!("{:?} is not the path of a device", iscsi::shown(&disk.path)));
        }
    }
    for disk in &draft.layout.disks {
        if !matches!(disk.sector_size, 512 | 1024 | 2048 | 4096) {
            error("sector-size", format!("{} has sectors of {} bytes", disk.path, disk.sector_size));
        }
    }
    if target.kernel_options.chars().any(|c| c.is_control() || "\"'`$\\".contains(c)) {
        error("kernel-options", "quotes and control characters are not supported in kernel options".to_owned());
    }
}
