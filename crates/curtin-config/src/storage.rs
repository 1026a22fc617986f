//! The `storage` section: items that refer to each other by id.

use crate::config::Context;
use crate::problem::{Problem, Span};
use crate::size;
use crate::value::{Mapping, Node, Value};

/// How a device is made empty before it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wipe {
    /// Signatures of file systems and partition tables are erased.
    #[default]
    Superblock,
    /// Every byte becomes zero.
    Zero,
    /// Every byte becomes random.
    Random,
}

/// The `storage` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Storage {
    /// 1 or 2.
    pub version: u8,
    /// The items in the order of the text.
    pub items: Vec<StorageItem>,
}

/// One item of the `storage` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageItem {
    /// Its name.
    pub id: String,
    /// What it is.
    pub kind: ItemKind,
    /// Where it stands in the text.
    pub span: Span,
    /// Where it stands in the tree, such as `storage.config[2]`.
    pub path: String,
    /// Whether it is to be kept as it is on the disk.
    pub preserve: bool,
}

/// The kinds of storage items.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemKind {
    /// A whole disk.
    Disk(DiskItem),
    /// A partition.
    Partition(PartitionItem),
    /// A file system.
    Format(FormatItem),
    /// A mount point.
    Mount(MountItem),
    /// A kind of item that is kept by name and not planned yet, such as `raid`.
    Other(String),
}

/// A whole disk; serial, WWN and path must all fit when they are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskItem {
    /// Its serial number.
    pub serial: Option<String>,
    /// Its world wide name.
    pub wwn: Option<String>,
    /// Its device node.
    pub path: Option<String>,
    /// The partition table to make: `gpt` or `msdos`.
    pub ptable: Option<String>,
    /// How to empty it.
    pub wipe: Option<Wipe>,
    /// Whether the boot loader goes here.
    pub grub_device: bool,
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionItem {
    /// The id of its disk.
    pub device: String,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its number in the partition table.
    pub number: Option<u32>,
    /// Where it begins, in bytes.
    pub offset: Option<u64>,
    /// `boot` (on GPT: the EFI system partition), `bios_grub`, `swap`…
    pub flag: Option<String>,
    /// How to empty it.
    pub wipe: Option<Wipe>,
}

/// A file system on a disk or partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormatItem {
    /// The id of what is formatted.
    pub volume: String,
    /// Such as `ext4`.
    pub fstype: String,
    /// Its label.
    pub label: Option<String>,
    /// Its UUID; derived from the target's seed when absent.
    pub uuid: Option<String>,
    /// Further words for mkfs.
    pub extra_options: Vec<String>,
}

/// A mount point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MountItem {
    /// The id of the file system; without it, `spec` says what is mounted.
    pub device: Option<String>,
    /// Where; `none` or nothing for swap.
    pub path: Option<String>,
    /// Mount options.
    pub options: Option<String>,
    /// What is mounted when it is no device, such as `tmpfs`.
    pub spec: Option<String>,
    /// The type when there is no device.
    pub fstype: Option<String>,
    /// The fifth field of fstab.
    pub freq: Option<String>,
    /// The sixth field of fstab.
    pub passno: Option<String>,
}

impl Storage {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        if node.is_null() {
            return None;
        }
        let Some(mapping) = node.as_mapping() else {
            cx.error("bad-type", "storage", node.span, format!("must be a mapping, not {}", node.kind()));
            return None;
        };
        let version = match mapping.get("version").map(|node| (&node.value, node.span)) {
            Some((Value::Int(1), _)) => 1,
            Some((Value::Int(2), _)) => 2,
            found => {
                let span = found.map_or(node.span, |(_, span)| span);
                cx.problem(
                    Problem::error("storage-version", "storage.version", span, "must be 1 or 2")
                        .remedy("write `version: 1`"),
                );
                1
            }
        };
        let items = match mapping.get("config") {
            Some(list) if list.as_sequence().is_some() => list.as_sequence().unwrap_or_default(),
            found => {
                let span = found.map_or(node.span, |node| node.span);
                cx.error("missing-key", "storage.config", span, "must be a list of items");
                &[]
            }
        };
        let items = items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| StorageItem::read(cx, format!("storage.config[{at}]"), item))
            .collect();
        Some(Self { version, items })
    }
}

/// Reads the keys of one item and reports those that do not fit.
struct Fields<'a> {
    cx: &'a mut Context,
    path: &'a str,
    mapping: &'a Mapping,
    span: Span,
}

impl Fields<'_> {
    fn text(&mut self, key: &str) -> Option<String> {
        let node = self.mapping.get(key)?;
        match &node.value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
                let text = node.to_text()?;
                let message = format!("is {}, and reads as {text:?}", node.kind());
                self.cx.warning("not-text", format!("{}.{key}", self.path), node.span, message, "quote it");
                Some(text)
            }
            _ => {
                let message = format!("must be text, not {}", node.kind());
                self.cx.error("bad-type", format!("{}.{key}", self.path), node.span, message);
                None
            }
        }
    }

    fn required(&mut self, key: &str) -> String {
        if self.mapping.get(key).is_none_or(Node::is_null) {
            let message = format!("needs a `{key}`");
            self.cx.error("missing-key", format!("{}.{key}", self.path), self.span, message);
            return String::new();
        }
        self.text(key).unwrap_or_default()
    }

    fn size(&mut self, key: &str) -> Option<u64> {
        let node = self.mapping.get(key).filter(|node| !node.is_null())?;
        match size::from_node(node) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.cx.problem(
                    Problem::error("bad-size", format!("{}.{key}", self.path), node.span, error.to_string())
                        .remedy("write a number of bytes, or one with B, K, M, G or T, such as 512M"),
                );
                None
            }
        }
    }

    fn number(&mut self, key: &str) -> Option<u32> {
        let node = self.mapping.get(key).filter(|node| !node.is_null())?;
        let number = match &node.value {
            Value::Int(number) => u32::try_from(*number).ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none_or(|number| number == 0) {
            self.cx.error("bad-number", format!("{}.{key}", self.path), node.span, "must be a number from 1");
            return None;
        }
        number
    }

    fn flag(&mut self, key: &str) -> bool {
        self.mapping.get(key).is_some_and(|node| match &node.value {
            Value::String(text) => !matches!(text.as_str(), "" | "false" | "False" | "none" | "None"),
            _ => !node.is_falsy(),
        })
    }

    fn wipe(&mut self) -> Option<Wipe> {
        let node = self.mapping.get("wipe").filter(|node| !node.is_falsy())?;
        Some(match node.as_str() {
            Some("superblock" | "superblock-recursive" | "pvremove") => Wipe::Superblock,
            Some("zero") => Wipe::Zero,
            Some("random") => Wipe::Random,
            _ => {
                let message = "must be superblock, superblock-recursive, pvremove, zero or random";
                self.cx.error("bad-wipe", format!("{}.wipe", self.path), node.span, message);
                return None;
            }
        })
    }

    fn words(&mut self, key: &str) -> Vec<String> {
        let Some(node) = self.mapping.get(key).filter(|node| !node.is_falsy()) else {
            return Vec::new();
        };
        let words: Option<Vec<String>> = node.as_sequence().and_then(|items| items.iter().map(Node::to_text).collect());
        words.unwrap_or_else(|| {
            self.cx.error("bad-type", format!("{}.{key}", self.path), node.span, "must be a list of words");
            Vec::new()
        })
    }
}

impl StorageItem {
    fn read(cx: &mut Context, path: String, node: &Node) -> Option<Self> {
        let Some(mapping) = node.as_mapping() else {
            cx.error("bad-type", path, node.span, format!("must be a mapping, not {}", node.kind()));
            return None;
        };
        let mut fields = Fields { cx, path: &path, mapping, span: node.span };
        let id = fields.required("id");
        let kind = match fields.required("type").as_str() {
            "disk" => ItemKind::Disk(DiskItem {
                serial: fields.text("serial"),
                wwn: fields.text("wwn"),
                path: fields.text("path"),
                ptable: fields.text("ptable"),
                wipe: fields.wipe(),
                grub_device: fields.flag("grub_device"),
            }),
            "partition" => ItemKind::Partition(PartitionItem {
                device: fields.required("device"),
                size: fields.size("size"),
                number: fields.number("number"),
                offset: fields.size("offset"),
                flag: fields.text("flag").filter(|flag| !flag.is_empty()),
                wipe: fields.wipe(),
            }),
            "format" => ItemKind::Format(FormatItem {
                volume: fields.required("volume"),
                fstype: fields.required("fstype"),
                label: fields.text("label").filter(|label| !label.is_empty()),
                uuid: fields.text("uuid"),
                extra_options: fields.words("extra_options"),
            }),
            "mount" => ItemKind::Mount(MountItem {
                device: fields.text("device"),
                path: fields.text("path"),
                options: fields.text("options"),
                spec: fields.text("spec"),
                fstype: fields.text("fstype"),
                freq: fields.mapping.get("freq").and_then(Node::to_text),
                passno: fields.mapping.get("passno").and_then(Node::to_text),
            }),
            other => ItemKind::Other(other.to_owned()),
        };
        let preserve = fields.flag("preserve");
        Some(Self { id, kind, span: node.span, path, preserve })
    }
}
