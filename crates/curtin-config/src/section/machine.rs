//! Small sections about the machine and its system.

use super::Keys;
use crate::config::Context;
use crate::problem::Problem;
use crate::value::{Mapping, Node, Value};
use crate::write_file;

/// The `swap` section: a swap file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swap {
    /// Where; `/swap.img` unless said otherwise.
    pub filename: Option<String>,
    /// Its size in bytes; 0 means none, absent means a fitting one.
    pub size: Option<u64>,
    /// What a fitting size may be at most; 8 GiB and a quarter of what is free unless said otherwise.
    pub maxsize: Option<u64>,
    /// Whether it is made on file systems that may not bear it, such as btrfs.
    pub force: Option<bool>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl Swap {
    /// An empty section turns the swap file off.
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        if node.is_falsy() {
            return Some(Self { size: Some(0), ..Self::default() });
        }
        let mut keys = Keys::new(cx, "swap", node)?;
        let size = keys.size("size");
        // It is looked at where there is no size, or where it says something.
        let is_used = size.is_none() || keys.get("maxsize").is_some_and(|node| !node.is_falsy());
        if let Some(node) = keys.get("filename").filter(|_| size != Some(0))
            && let Some(reason) = node.as_str().and_then(write_file::no_swap_file)
        {
            keys.error("file-path", "filename", node.span, reason, "write a path such as /swap.img, or leave it out");
        }
        let swap = Self {
            filename: if size == Some(0) { keys.text("filename") } else { keys.text_or_null("filename") },
            size,
            maxsize: if is_used { keys.size("maxsize") } else { None },
            force: keys.flag("force"),
            rest: Mapping::default(),
        };
        Some(Self { rest: keys.rest(), ..swap })
    }
}

/// The `multipath` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Multipath {
    /// `auto` or `disabled`.
    pub mode: Option<String>,
    /// The packages that it needs.
    pub packages: Option<Vec<String>>,
    /// Whether the file of bindings is written anew. True unless said otherwise.
    pub overwrite_bindings: Option<bool>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl Multipath {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, "multipath", node)?;
        // Only `auto` and `disabled` do without the packages.
        let is_known = |mode: &Node| matches!(mode.as_str(), Some("auto" | "disabled"));
        if keys.get("mode").is_some_and(|mode| !is_known(mode)) {
            check_packages(&mut keys);
        }
        let multipath = Self {
            mode: keys.one_of("mode", &["auto", "disabled"]),
            packages: keys.words("packages"),
            overwrite_bindings: keys.flag("overwrite_bindings"),
            rest: Mapping::default(),
        };
        Some(Self { rest: keys.rest(), ..multipath })
    }
}

fn check_packages(keys: &mut Keys<'_>) {
    let Some(node) = keys.get("packages") else { return };
    let wrong = match &node.value {
        Value::String(_) => None,
        Value::Sequence(items) => items.iter().find(|item| item.as_str().is_none()),
        Value::Mapping(names) => names.iter().map(|(name, _)| name).find(|name| name.as_str().is_none()),
        _ => Some(node),
    };
    if let Some(wrong) = wrong {
        keys.bad_type("packages", wrong, "a list of text");
    }
}

/// The `pollinate` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pollinate {
    /// Names and versions that it tells; `None` turns the user agent off.
    pub user_agent: Option<Mapping>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl Pollinate {
    /// Anything but a mapping is taken for an absent section.
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        node.as_mapping()?;
        let mut keys = Keys::new(cx, "pollinate", node)?;
        let user_agent = match keys.get("user_agent").map(|node| (node, &node.value)) {
            None => Some(Mapping::default()),
            Some((_, Value::Bool(false))) => None,
            Some((_, Value::Mapping(mapping))) => Some(mapping.clone()),
            Some((node, _)) => {
                let problem = Problem::bad_type(keys.path("user_agent"), node, "a mapping or false");
                keys.cx.problem(problem.remedy("write false, or leave it out"));
                None
            }
        };
        Some(Self { user_agent, rest: keys.rest() })
    }
}

/// The `block-meta` section: a simple layout without a storage section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockMeta {
    /// Disks to choose from.
    pub devices: Vec<String>,
    /// A boot partition of its own.
    pub boot_partition: Option<BootPartition>,
    /// The kind of partition table: `uefi`, `gpt`, `prep` or `mbr`. A plan makes one that BIOS and UEFI boot.
    pub format: Option<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

/// The boot partition of a simple layout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BootPartition {
    /// Whether there is one.
    pub enabled: Option<bool>,
    /// `uefi`, `gpt`, `prep` or `mbr`.
    pub format: Option<String>,
    /// `ext4` unless said otherwise.
    pub fstype: Option<String>,
    /// `boot` unless said otherwise.
    pub label: Option<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

/// curtin looks for a word in it, and finds none.
fn is_empty(node: &Node) -> bool {
    node.is_falsy() && (node.as_str().is_some() || node.as_sequence().is_some())
}

impl BlockMeta {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, "block-meta", node)?;
        let devices = keys.words("devices").unwrap_or_default();
        let path = keys.path("boot-partition");
        let boot_partition = keys.get("boot-partition").filter(|node| !is_empty(node)).and_then(|node| {
            let mut keys = Keys::new(keys.cx, path, node)?;
            let boot = BootPartition {
                enabled: keys.flag("enabled"),
                format: keys.one_of("format", &["uefi", "gpt", "prep", "mbr"]),
                fstype: keys.text("fstype"),
                label: keys.text("label"),
                rest: Mapping::default(),
            };
            Some(BootPartition { rest: keys.rest(), ..boot })
        });
        let format = keys.one_of("format", &["uefi", "gpt", "prep", "mbr"]);
        Some(Self { devices, boot_partition, format, rest: keys.rest() })
    }
}
