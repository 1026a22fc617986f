//! What the sections besides storage may hold.

use serde_json::{Map, Value, json};

use super::network;

/// What a key may hold.
enum Shape {
    Text,
    /// A URL, or null or false for none.
    Proxy,
    /// True, false, or what curtin takes for them.
    Flag,
    Bool,
    Number,
    Size,
    /// A list of text.
    Words,
    /// Text, or a list of it.
    OneOrMany,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these words.
    Choice(&'static [&'static str]),
    Mapping,
    Any,
    /// A mapping with these keys, of which the first ones are needed.
    Keys(usize, &'static [(&'static str, Shape)]),
    /// A list of these.
    List(&'static Shape),
    /// A mapping of names to these.
    Named(&'static Shape),
    /// This, or null.
    Or(&'static Shape),
}

use Shape::{
    Any, Bool, Choice, Flag, Keys, List, Mapping, Named, Number, OneOf, OneOrMany, Or, Proxy, Size, Text, Words,
};

const MIRRORS: Shape = List(&Keys(1, &[("arches", OneOrMany), ("uri", Or(&Text)), ("search", Or(&Words))]));

const FILE: &[(&str, Shape)] =
    &[("path", Text), ("content", Text), ("permissions", Any), ("perms", Any), ("owner", Text)];

const BOOT: &[(&str, Shape)] = &[
    ("bootloaders", Choice(&["grub", "extlinux"])),
    ("install_devices", Or(&OneOrMany)),
    ("replace_linux_default", Flag),
    ("terminal", Text),
    ("update_nvram", Flag),
    ("probe_additional_os", Flag),
    ("reorder_uefi", Bool),
    ("reorder_uefi_force_fallback", Flag),
    ("remove_duplicate_entries", Bool),
    ("remove_old_uefi_loaders", Bool),
    ("alternatives", Choice(&["default", "rescue"])),
];

const SECTIONS: &[(&str, Shape)] = &[
    (
        "apt",
        Or(&Keys(
            0,
            &[
                ("primary", MIRRORS),
                ("security", MIRRORS),
                (
                    "sources",
                    Named(&Keys(
                        0,
                        &[("source", Text), ("key", Text), ("keyid", Text), ("keyserver", Text), ("filename", Text)],
                    )),
                ),
                ("preserve_sources_list", Flag),
                ("sources_list", Or(&Text)),
                ("disable_suites", Or(&Words)),
                ("disable_components", Or(&Words)),
                ("proxy", Proxy),
                ("http_proxy", Proxy),
                ("https_proxy", Proxy),
                ("ftp_proxy", Proxy),
                ("conf", Or(&Text)),
                ("preferences", Or(&List(&Keys(3, &[("package", Text), ("pin", Text), ("pin-priority", Any)])))),
                ("debconf_selections", Or(&Named(&Text))),
                ("add_apt_repo_match", Or(&Text)),
            ],
        )),
    ),
    ("apt_mirrors", Or(&Keys(0, &[("ubuntu_archive", Text), ("ubuntu_security", Text)]))),
    ("apt_proxy", Or(&Text)),
    (
        "block-meta",
        Keys(
            0,
            &[
                ("devices", Words),
                ("format", OneOf(&["uefi", "gpt", "prep", "mbr"])),
                (
                    "boot-partition",
                    Keys(
                        0,
                        &[
                            ("enabled", Flag),
                            ("format", OneOf(&["uefi", "gpt", "prep", "mbr"])),
                            ("fstype", Text),
                            ("label", Text),
                        ],
                    ),
                ),
            ],
        ),
    ),
    ("boot", Keys(1, BOOT)),
    ("cloudconfig", Or(&Named(&Keys(0, FILE)))),
    ("curthooks", Keys(0, &[("mode", OneOf(&["auto", "builtin", "target"]))])),
    ("debconf_selections", Or(&Named(&Text))),
    ("disable_overlayroot", Flag),
    ("grub", Keys(0, BOOT)),
    ("grub_install_devices", Or(&OneOrMany)),
    ("http_proxy", Or(&Text)),
    (
        "install",
        Keys(
            0,
            &[
                ("log_file", Text),
                ("log_file_append", Flag),
                ("error_tarfile", Or(&Text)),
                ("post_files", Words),
                ("save_install_config", Any),
                ("save_install_log", Any),
                ("target", Text),
                ("unmount", Text),
                ("resume_data", Or(&Text)),
                ("extra_rsync_args", Words),
            ],
        ),
    ),
    (
        "kernel",
        Keys(
            0,
            &[
                ("package", Or(&Text)),
                ("fallback_package", Text),
                ("mapping", Mapping),
                ("install", Flag),
                ("remove", Or(&OneOrMany)),
            ],
        ),
    ),
    ("kernel-crash-dumps", Keys(0, &[("enabled", Flag)])),
    ("kexec", Or(&Keys(0, &[("mode", Text)]))),
    (
        "multipath",
        Keys(0, &[("mode", OneOf(&["auto", "disabled"])), ("packages", Words), ("overwrite_bindings", Flag)]),
    ),
    ("pollinate", Keys(0, &[("user_agent", Any)])),
    (
        "power_state",
        Or(&Keys(1, &[("mode", OneOf(&["halt", "poweroff", "reboot"])), ("delay", Any), ("message", Or(&Text))])),
    ),
    ("proxy", Keys(0, &[("http_proxy", Text), ("https_proxy", Text), ("no_proxy", Text)])),
    (
        "reporter",
        Or(&Named(&Keys(
            0,
            &[
                ("url", Text),
                ("consumer_key", Text),
                ("consumer_secret", Text),
                ("token_key", Text),
                ("token_secret", Text),
                ("retries", List(&Any)),
            ],
        ))),
    ),
    (
        "reporting",
        Named(&Or(&Keys(
            1,
            &[
                ("type", OneOf(&["log", "print", "webhook", "journald"])),
                ("level", Any),
                ("endpoint", Text),
                ("consumer_key", Or(&Text)),
                ("consumer_secret", Or(&Text)),
                ("token_key", Or(&Text)),
                ("token_secret", Or(&Text)),
                ("timeout", Or(&Number)),
                ("retries", Or(&List(&Any))),
                ("identifier", Text),
            ],
        ))),
    ),
    ("restore_dist_interfaces", Flag),
    ("stages", Words),
    ("swap", Or(&Keys(0, &[("filename", Or(&Text)), ("size", Size), ("maxsize", Size), ("force", Flag)]))),
    ("system_upgrade", Keys(0, &[("enabled", Flag)])),
    ("verbosity", Number),
    ("write_files", Named(&Keys(0, FILE))),
];

pub(super) fn properties() -> Map<String, Value> {
    let mut sections: Map<String, Value> =
        SECTIONS.iter().map(|(name, shape)| ((*name).to_owned(), shape.schema())).collect();
    sections.insert("network".to_owned(), network::schema());
    sections.insert("sources".to_owned(), sources());
    sections
}

/// A mapping of names or a list; each source is a text, or has type and URI apart.
fn sources() -> Value {
    let text = Text.schema();
    let source = json!({"anyOf": [
        text, {"type": "object", "properties": {"type": text, "uri": text}, "required": ["type", "uri"]},
    ]});
    json!({"anyOf": [
        {"type": "object", "additionalProperties": source}, {"type": "array", "items": source}, {"const": ""},
    ]})
}

/// Lists are executed, text goes to a shell, and what is false is skipped.
pub(super) fn commands() -> Value {
    json!({
        "type": "object",
        "additionalProperties": {"anyOf": [
            {"type": "array", "items": {"type": "string"}}, {"type": ["string", "null"]}, {"enum": [false, 0, {}]},
        ]},
    })
}

impl Shape {
    fn schema(&self) -> Value {
        match self {
            Text => json!({"type": "string"}),
            Proxy => json!({"anyOf": [{"type": ["string", "null"]}, {"enum": [false]}]}),
            Flag => json!({"type": ["boolean", "integer", "string", "null"]}),
            Bool => json!({"type": "boolean"}),
            Number => json!({"type": ["integer", "string"]}),
            Size => json!({"type": ["integer", "number", "string", "null"]}),
            Words => json!({"type": "array", "items": {"type": "string"}}),
            OneOrMany => json!({"type": ["string", "array"], "items": {"type": "string"}}),
            OneOf(words) => json!({"enum": words}),
            Choice(words) => json!({"type": "array", "items": {"enum": words}, "minItems": 1, "uniqueItems": true}),
            Mapping => json!({"type": "object"}),
            Any => json!({}),
            Keys(needed, keys) => {
                let properties: Map<String, Value> =
                    keys.iter().map(|(name, shape)| ((*name).to_owned(), shape.schema())).collect();
                let required: Vec<&str> = keys.iter().take(*needed).map(|(name, _)| *name).collect();
                json!({"type": "object", "properties": properties, "required": required})
            }
            List(shape) => json!({"type": "array", "items": shape.schema()}),
            Named(shape) => json!({"type": "object", "additionalProperties": shape.schema()}),
            Or(shape) => json!({"anyOf": [shape.schema(), {"type": "null"}]}),
        }
    }
}
