//! What curtin's validator says of a storage section: one table for each type of item.
//!
//! It judges each item by itself, as curtin does before an installation: which keys it may have, and which values these
//! may hold. Whether ids refer to something, and whether sizes fit, is the planner's business. The quirks are curtin's:
//! a size is text that *begins* like a size, a number of a partition is text with a digit from 1 to 9 anywhere in it.

use crate::nearest::nearest;
use crate::problem::{Level, Problem};
use crate::value::{Mapping, Node, Value};

#[cfg(feature = "schemars")]
mod emit;
mod rule;

#[cfg(feature = "schemars")]
pub(crate) use emit::storage_schema;
use rule::Rule;

/// The schema of one type of item.
struct Item {
    kind: &'static str,
    /// Besides `id` and `type`.
    required: &'static [&'static str],
    /// Groups of keys, of each of which at least one is needed.
    any_of: &'static [&'static str],
    /// Keys of which exactly one is needed.
    one_of: &'static [&'static str],
    /// The keys besides `id` and `type`.
    keys: &'static [(&'static str, Rule)],
}

const WIPE: Rule = Rule::OneOf(&["random", "superblock", "superblock-recursive", "zero"]);
const PTABLE: Rule = Rule::OneOf(&["dos", "gpt", "msdos", "vtoc", "unsupported"]);

const ITEMS: &[Item] = &[
    Item {
        kind: "bcache",
        required: &[],
        any_of: &["backing_device", "cache_device"],
        one_of: &[],
        keys: &[
            ("backing_device", Rule::Text),
            ("cache_device", Rule::Text),
            ("name", Rule::Text),
            ("cache_mode", Rule::OneOf(&["writethrough", "writeback", "writearound", "none"])),
            ("preserve", Rule::Bool),
            ("path", Rule::Device),
        ],
    },
    Item {
        kind: "dasd",
        required: &["device_id"],
        any_of: &[],
        one_of: &[],
        keys: &[
            ("device_id", Rule::Text),
            ("blocksize", Rule::BlockSize),
            ("label", Rule::ShortText(6)),
            ("mode", Rule::OneOf(&["expand", "full", "quick"])),
            ("disk_layout", Rule::OneOf(&["cdl", "ldl", "not-formatted"])),
            ("name", Rule::Text),
            ("preserve", Rule::Bool),
        ],
    },
    Item {
        kind: "disk",
        required: &[],
        any_of: &["serial", "wwn", "path"],
        one_of: &[],
        keys: &[
            ("serial", Rule::Text),
            ("wwn", Rule::Wwn),
            ("path", Rule::Disk),
            ("ptable", PTABLE),
            ("model", Rule::Text),
            ("name", Rule::Text),
            ("wipe", WIPE),
            ("preserve", Rule::Bool),
            ("grub_device", Rule::Flag),
            ("multipath", Rule::Text),
            ("device_id", Rule::Text),
            ("nvme_controller", Rule::Text),
        ],
    },
    Item {
        kind: "dm_crypt",
        required: &["volume", "dm_name"],
        any_of: &[],
        one_of: &["key", "keyfile"],
        keys: &[
            ("volume", Rule::Text),
            ("dm_name", Rule::Text),
            ("key", Rule::Text),
            ("keyfile", Rule::Text),
            ("path", Rule::Device),
            ("preserve", Rule::Bool),
        ],
    },
    Item {
        kind: "format",
        required: &["volume", "fstype"],
        any_of: &[],
        one_of: &[],
        keys: &[
            ("volume", Rule::Text),
            ("fstype", Rule::Text),
            ("label", Rule::Text),
            ("uuid", Rule::Uuid),
            ("name", Rule::Text),
            ("preserve", Rule::Bool),
            ("extra_options", Rule::Texts),
        ],
    },
    Item {
        kind: "lvm_partition",
        required: &["volgroup", "name"],
        any_of: &[],
        one_of: &[],
        keys: &[
            ("volgroup", Rule::Text),
            ("name", Rule::Text),
            ("size", Rule::Size),
            ("preserve", Rule::Bool),
            ("path", Rule::Device),
        ],
    },
    Item {
        kind: "lvm_volgroup",
        required: &["devices", "name"],
        any_of: &[],
        one_of: &[],
        keys: &[("devices", Rule::Texts), ("name", Rule::Text), ("preserve", Rule::Bool), ("uuid", Rule::Uuid)],
    },
    Item {
        kind: "mount",
        required: &[],
        any_of: &["path", "device", "spec"],
        one_of: &[],
        keys: &[
            ("path", Rule::MountPoint),
            ("device", Rule::Text),
            ("fstype", Rule::Text),
            ("options", Rule::MountOptions),
            ("spec", Rule::Text),
            ("freq", Rule::Digit),
            ("passno", Rule::Digit),
        ],
    },
    Item {
        kind: "nvme_controller",
        required: &["transport"],
        any_of: &[],
        one_of: &[],
        keys: &[("transport", Rule::Text), ("tcp_port", Rule::Integer), ("tcp_addr", Rule::Text)],
    },
    Item {
        kind: "partition",
        required: &["device", "size"],
        any_of: &[],
        one_of: &[],
        keys: &[
            ("device", Rule::Text),
            ("size", Rule::Size),
            ("number", Rule::Number),
            ("offset", Rule::Size),
            (
                "flag",
                Rule::OneOf(&[
                    "bios_grub",
                    "boot",
                    "extended",
                    "home",
                    "linux",
                    "logical",
                    "lvm",
                    "mbr",
                    "msftres",
                    "prep",
                    "raid",
                    "swap",
                    "",
                ]),
            ),
            ("wipe", WIPE),
            ("uuid", Rule::Uuid),
            ("name", Rule::Text),
            ("path", Rule::Device),
            ("preserve", Rule::Bool),
            ("resize", Rule::Bool),
            ("partition_type", Rule::PartitionType),
            ("partition_name", Rule::Text),
            ("grub_device", Rule::Flag),
            ("multipath", Rule::Text),
        ],
    },
    Item {
        kind: "raid",
        required: &["name", "raidlevel"],
        any_of: &[],
        one_of: &["devices", "container"],
        keys: &[
            ("name", Rule::Text),
            ("raidlevel", Rule::RaidLevel),
            ("devices", Rule::Texts),
            ("spare_devices", Rule::Texts),
            ("container", Rule::Text),
            ("ptable", PTABLE),
            ("metadata", Rule::TextOrNumber),
            ("mdname", Rule::Text),
            ("path", Rule::Device),
            ("preserve", Rule::Bool),
            ("wipe", WIPE),
        ],
    },
    Item {
        kind: "zfs",
        required: &["pool", "volume"],
        any_of: &[],
        one_of: &[],
        keys: &[("pool", Rule::Text), ("volume", Rule::Text), ("properties", Rule::Parameters)],
    },
    Item {
        kind: "zpool",
        required: &["pool", "vdevs"],
        any_of: &[],
        one_of: &[],
        keys: &[
            ("pool", Rule::Text),
            ("vdevs", Rule::Texts),
            ("mountpoint", Rule::MountPoint),
            ("pool_properties", Rule::Parameters),
            ("fs_properties", Rule::Parameters),
            ("default_features", Rule::Bool),
        ],
    },
];

/// The file systems that a `format` may make; others only where nothing is made (`preserve: true`).
const FSTYPES: &[&str] = &[
    "btrfs", "ext2", "ext3", "ext4", "f2fs", "fat", "fat12", "fat16", "fat32", "iso9660", "vfat", "jfs", "ntfs",
    "reiserfs", "swap", "xfs", "zfsroot",
];

/// Judges a storage section as curtin's validator does: no error means that it is accepted there.
///
/// The validator's schema forgets to ask for a mapping, so that it accepts any text, number or list as the whole section;
/// and when it refuses a section, it looks at the type that this has, so that a lone item in the section's place is
/// accepted, too. [`check`](crate::check()) refuses both at the runtime level.
///
/// ```
/// use firstlight_curtin_config::{Node, check_storage};
///
/// let storage = Node::mapping([("version", Node::from(1)), ("config", Node::from("x"))]);
/// let problems = check_storage(&storage);
/// assert_eq!(
///     problems[0].to_string(),
///     "error[bad-type] storage.config: must be a list, not text \
///      (write `config:` and below it an item such as `- {id: sda, type: disk, …}`)"
/// );
/// ```
#[must_use]
pub fn check_storage(storage: &Node) -> Vec<Problem> {
    judge(storage).into_iter().map(|problem| problem.at(Level::Schema)).collect()
}

fn judge(storage: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Value::Mapping(section) = &storage.value else { return problems };
    if section.get("type").is_some() {
        check_item("storage", storage, &mut problems);
        if problems.is_empty() {
            return problems;
        }
        problems.clear();
    }
    match section.get("version") {
        None => problems.push(missing("storage", storage, "version")),
        Some(node) if matches!(node.value, Value::Int(1 | 2)) => {}
        Some(node) => {
            let problem = Problem::error("bad-value", "storage.version", node.span, "curtin knows no such version");
            problems.push(problem.remedy("write 1 or 2, without quotes"));
        }
    }
    for (key, _) in section.iter() {
        if !matches!(key.as_str(), Some("version" | "config")) {
            problems.push(unknown("storage", key));
        }
    }
    match section.get("config").map(|node| (node, &node.value)) {
        None => problems.push(missing("storage", storage, "config")),
        Some((_, Value::Sequence(items))) => {
            for (at, item) in items.iter().enumerate() {
                check_item(&format!("storage.config[{at}]"), item, &mut problems);
            }
        }
        Some((node, _)) => {
            let problem = Problem::bad_type("storage.config", node, "a list");
            problems.push(problem.remedy("write `config:` and below it an item such as `- {id: sda, type: disk, …}`"));
        }
    }
    problems
}

fn check_item(path: &str, node: &Node, problems: &mut Vec<Problem>) {
    let Some(mapping) = node.as_mapping() else {
        let problem = Problem::bad_type(path, node, "a mapping");
        problems.push(problem.remedy("write {id: sda, type: disk, …} or the like"));
        return;
    };
    let Some(kind) = mapping.get("type") else {
        problems.push(missing(path, node, "type"));
        return;
    };
    let Some(item) = kind.as_str().and_then(|name| ITEMS.iter().find(|item| item.kind == name)) else {
        let names: Vec<&str> = ITEMS.iter().map(|item| item.kind).collect();
        problems.push(
            Problem::error("bad-value", format!("{path}.type"), kind.span, "there is no such type of item")
                .remedy(format!("write one of {}", names.join(", "))),
        );
        return;
    };
    for name in ["id"].iter().chain(item.required) {
        if mapping.get(name).is_none() {
            problems.push(missing(path, node, name));
        }
    }
    check_groups(path, node, mapping, item, problems);
    for (key, value) in mapping.iter() {
        let name = key.as_str().unwrap_or_default();
        let rule = match name {
            "type" => continue,
            "id" => Some(&Rule::Text),
            _ => item.keys.iter().find(|(known, _)| *known == name).map(|(_, rule)| rule),
        };
        match rule {
            None => {
                let known: Vec<&str> = item.keys.iter().map(|(known, _)| *known).chain(["id", "type"]).collect();
                let mut problem = unknown(path, key);
                if INSTALLER.iter().any(|(kind, keys)| *kind == item.kind && keys.contains(&name)) {
                    problem.message = "curtin's validator refuses this key, which its installer takes".to_owned();
                    problem = problem.remedy("do without it where the validator is asked, or keep it where it is not");
                } else if problems.len() < MAX_GUESSES
                    && let Some(known) = nearest(name, &known)
                {
                    problem = problem.remedy(format!("did you mean `{known}`?"));
                }
                problems.push(problem);
            }
            Some(rule) => {
                if let Err(wanted) = rule.check(value) {
                    problems.push(refused(format!("{path}.{name}"), value, &wanted));
                }
            }
        }
    }
    check_fstype(path, mapping, item, problems);
}

fn check_groups(path: &str, node: &Node, mapping: &Mapping, item: &Item, problems: &mut Vec<Problem>) {
    let count = |names: &[&str]| names.iter().filter(|name| mapping.get(name).is_some()).count();
    if !item.any_of.is_empty() && count(item.any_of) == 0 {
        let message = format!("one of {} is needed", item.any_of.join(", "));
        problems.push(Problem::error("missing-key", path, node.span, message).remedy("add it to the item"));
    }
    if !item.one_of.is_empty() && count(item.one_of) != 1 {
        let message = format!("exactly one of {} is needed", item.one_of.join(", "));
        let remedy = if count(item.one_of) == 0 { "add one of them" } else { "remove all others" };
        problems.push(Problem::error("missing-key", path, node.span, message).remedy(remedy));
    }
}

fn check_fstype(path: &str, mapping: &Mapping, item: &Item, problems: &mut Vec<Problem>) {
    let Some(node) = mapping.get("fstype").filter(|_| item.kind == "format") else { return };
    let preserved = mapping.get("preserve").is_some_and(|node| node.value == Value::Bool(true));
    let is_custom = |name: &str| {
        // Python's `$` stands before a last line feed, too.
        let name = name.strip_suffix('\n').unwrap_or(name);
        name.len() >= 4 && name.starts_with("__") && name.ends_with("__") && !name.contains('\n')
    };
    let known = |name: &str| FSTYPES.contains(&name) || is_custom(name);
    if !preserved && node.as_str().is_some_and(|name| !known(name)) {
        problems.push(
            Problem::error("bad-value", format!("{path}.fstype"), node.span, "curtin cannot make this file system")
                .remedy(format!("write one of {}", FSTYPES.join(", "))),
        );
    }
}

fn missing(path: &str, node: &Node, name: &str) -> Problem {
    Problem::error("missing-key", format!("{path}.{name}"), node.span, format!("`{name}` is missing"))
}

/// A value that the rule of its key does not allow.
fn refused(path: String, value: &Node, wanted: &str) -> Problem {
    if wanted.starts_with("text") && value.as_str().is_none() {
        return Problem { code: "bad-value", ..Problem::bad_type(path, value, wanted) };
    }
    Problem::error("bad-value", path, value.span, "the validator takes no such value").remedy(format!("write {wanted}"))
}

/// Keys that the installer takes, and its validator refuses.
const INSTALLER: &[(&str, &[&str])] = &[
    ("bcache", &["ptable", "wipe"]),
    ("dm_crypt", &["cipher", "keysize", "options", "recovery_keyfile", "wipe"]),
    ("lvm_partition", &["wipe"]),
    ("partition", &["attrs"]),
    ("zpool", &["encryption_style", "keyfile"]),
];

/// How many unknown keys get a guess at what was meant: guessing costs time.
const MAX_GUESSES: usize = 100;

fn unknown(path: &str, key: &Node) -> Problem {
    let name = key.to_text().unwrap_or_default();
    Problem::error("unknown-key", format!("{path}.{name}"), key.span, "curtin refuses a key that it does not know here")
}

#[cfg(test)]
mod tests;
