//! The boot loader: `boot`, or `grub` by its old name.

use super::Keys;
use crate::config::Context;
use crate::problem::Problem;
use crate::value::{Mapping, Node, Value};

/// A boot loader that curtin installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bootloader {
    /// GRUB.
    Grub,
    /// A file in the format of extlinux, which U-Boot reads.
    Extlinux,
}

/// The `boot` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boot {
    /// Which boot loaders; `grub` alone when the section has its old name.
    pub bootloaders: Vec<Bootloader>,
    /// Disks that get GRUB, when they are named.
    pub install_devices: Vec<String>,
    /// Whether `install_devices` is null: GRUB goes to no disk.
    pub no_install: bool,
    /// Whether kernel options are carried over from the installer's kernel. True unless said otherwise.
    pub replace_linux_default: Option<bool>,
    /// `GRUB_TERMINAL`; `unmodified` leaves it alone, `console` unless said otherwise.
    pub terminal: Option<String>,
    /// Whether the firmware's boot entries are changed. True unless said otherwise.
    pub update_nvram: Option<bool>,
    /// Whether GRUB looks for other systems. False unless said otherwise.
    pub probe_additional_os: Option<bool>,
    /// Whether the entry that the machine was started by comes first again. True unless said otherwise.
    pub reorder_uefi: Option<bool>,
    /// Whether network entries come first even when that entry is known. False unless said otherwise.
    pub reorder_uefi_force_fallback: Option<bool>,
    /// Whether entries of the same name are removed. True unless said otherwise.
    pub remove_duplicate_entries: Option<bool>,
    /// Whether entries of earlier installations are removed. True unless said otherwise.
    pub remove_old_uefi_loaders: Option<bool>,
    /// The entries of extlinux: `default` and `rescue`.
    pub alternatives: Vec<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl Boot {
    /// Reads `boot`, or the old `grub` and `grub_install_devices`.
    pub(crate) fn read_all(cx: &mut Context, root: &Mapping) -> Option<Self> {
        let old = root.get("grub");
        if let Some(node) = root.get("boot") {
            if let Some(old) = old.filter(|old| !old.is_falsy()) {
                let problem = Problem::error("boot-twice", "grub", old.span, "there is a `boot` section already");
                cx.problem(problem.remedy("move everything to `boot`"));
            }
            return Self::read(cx, "boot", node, false, false);
        }
        let devices = root.get("grub_install_devices").filter(|_| root.get("install_devices").is_none());
        let mut boot = match old {
            Some(node) => Self::read(cx, "grub", node, true, devices.is_some())?,
            None => Self::default(),
        };
        if let Some(node) = devices {
            boot.devices(cx, "grub_install_devices", node);
        }
        (old.is_some() || devices.is_some()).then_some(boot)
    }

    fn read(cx: &mut Context, path: &str, node: &Node, old: bool, has_devices: bool) -> Option<Self> {
        let mut keys = Keys::new(cx, path, node)?.dashes();
        let mut boot = Self { bootloaders: bootloaders(&mut keys, old), ..Self::default() };
        // The older name of this list counts for more.
        if let Some(devices) = keys.get("install_devices").filter(|_| !(old && has_devices)) {
            let path = keys.path("install_devices");
            boot.devices(keys.cx, &path, devices);
        }
        boot.replace_linux_default = keys.flag("replace_linux_default");
        boot.terminal = keys.strict_text("terminal");
        boot.update_nvram = keys.flag("update_nvram");
        boot.probe_additional_os = keys.flag("probe_additional_os");
        boot.reorder_uefi = keys.strict_flag("reorder_uefi");
        boot.reorder_uefi_force_fallback = keys.flag("reorder_uefi_force_fallback");
        boot.remove_duplicate_entries = keys.strict_flag("remove_duplicate_entries");
        boot.remove_old_uefi_loaders = keys.strict_flag("remove_old_uefi_loaders");
        if let Some(node) = keys.get("alternatives") {
            boot.alternatives = choice(&mut keys, "alternatives", node, &["default", "rescue"]);
        }
        boot.rest = keys.rest();
        Some(boot)
    }

    fn devices(&mut self, cx: &mut Context, path: &str, node: &Node) {
        self.no_install = node.is_null();
        match &node.value {
            Value::Null => {}
            Value::String(path) => self.install_devices = vec![path.clone()],
            Value::Sequence(_) | Value::Mapping(_) => {
                for (at, item) in listed(node).into_iter().enumerate() {
                    match item.as_str() {
                        Some(path) => self.install_devices.push(path.to_owned()),
                        None => cx.bad_type(format!("{path}[{at}]"), item, "the path of a disk"),
                    }
                }
            }
            _ => cx.bad_type(path, node, "the path of a disk"),
        }
    }
}

/// The old section means GRUB, whatever it says.
fn bootloaders(keys: &mut Keys<'_>, old: bool) -> Vec<Bootloader> {
    let node = keys.get("bootloaders");
    if old {
        if let Some(node) = node {
            keys.warning(
                "ignored-key",
                "bootloaders",
                node.span,
                "`grub` always means GRUB",
                "name the section `boot`",
            );
        }
        return vec![Bootloader::Grub];
    }
    let Some(node) = node else {
        let problem = Problem::error("missing-key", keys.path("bootloaders"), keys.span, "curtin needs `bootloaders`");
        keys.cx.problem(problem.remedy("write `bootloaders: [grub]`"));
        return Vec::new();
    };
    let words = choice(keys, "bootloaders", node, &["grub", "extlinux"]);
    words.iter().map(|word| if word == "grub" { Bootloader::Grub } else { Bootloader::Extlinux }).collect()
}

/// The items of a list; of a mapping, curtin takes the keys.
fn listed(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::Sequence(items) => items.iter().collect(),
        Value::Mapping(mapping) => mapping.iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}

/// A list of some of these words, each once, and at least one.
fn choice(keys: &mut Keys<'_>, name: &'static str, node: &Node, words: &[&str]) -> Vec<String> {
    let items = listed(node);
    if items.is_empty() {
        let problem = Problem::bad_type(keys.path(name), node, &format!("a list of {}", words.join(" and ")));
        keys.cx.problem(problem.remedy(format!("write [{}]", words.first().unwrap_or(&""))));
        return Vec::new();
    }
    let mut found: Vec<String> = Vec::new();
    for item in items {
        match item.as_str().filter(|word| words.contains(word)) {
            Some(word) if found.iter().any(|other| other == word) => {
                keys.error("bad-value", name, item.span, &format!("{word} stands here twice"), "remove one of the two");
            }
            Some(word) => found.push(word.to_owned()),
            None => {
                let remedy = format!("write {}", words.join(" or "));
                keys.error("bad-value", name, item.span, "curtin does not know this word", &remedy);
            }
        }
    }
    found
}
