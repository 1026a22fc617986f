//! What a value may be, as curtin's validator (Python's `jsonschema`) decides it.

use crate::digits::digit;
use crate::value::{Node, Value};

/// The values that a key may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Any text.
    Text,
    /// Text of so many characters at most.
    ShortText(usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of text.
    Texts,
    /// True or false.
    Bool,
    /// True, false, 0 or 1.
    Flag,
    /// A whole number.
    Integer,
    /// Text or a number.
    TextOrNumber,
    /// A whole number, or text with a digit in it.
    Digit,
    /// A whole number from 1 on, or text with a digit from 1 to 9 in it.
    Number,
    /// A number from 1 on, or text that begins like a size.
    Size,
    /// Text that contains a UUID in lower case.
    Uuid,
    /// A path below `/dev`.
    Device,
    /// A path below `/dev`, or an iSCSI address.
    Disk,
    /// An absolute path, or `none`.
    MountPoint,
    /// Text that is not blank.
    MountOptions,
    /// `0x…`, `eui.…`, `nvme.…` or `uuid.…`.
    Wwn,
    /// `0x` and one or two digits, or a UUID.
    PartitionType,
    /// A level of RAID, as a number or by name.
    RaidLevel,
    /// A block size of a DASD, as a number or text.
    BlockSize,
    /// A mapping of simple values.
    Parameters,
}

impl Rule {
    /// Whether the value is one; otherwise, in words, what would be.
    pub(super) fn check(&self, node: &Node) -> Result<(), String> {
        if self.holds(node) { Ok(()) } else { Err(self.wanted()) }
    }

    fn holds(self, node: &Node) -> bool {
        let text = node.as_str();
        let is = |test: fn(&str) -> bool| text.is_some_and(test);
        match self {
            Self::Text => text.is_some(),
            Self::ShortText(max) => text.is_some_and(|text| text.chars().count() <= max),
            Self::OneOf(words) => text.is_some_and(|text| words.contains(&text)),
            Self::Texts => node.as_sequence().is_some_and(|items| items.iter().all(|item| item.as_str().is_some())),
            Self::Bool => matches!(node.value, Value::Bool(_)),
            Self::Flag => matches!(node.value, Value::Bool(_)) || matches!(integer(node), Some(0 | 1)),
            Self::Integer => integer(node).is_some(),
            Self::TextOrNumber => text.is_some() || number(node).is_some(),
            Self::Digit => integer(node).is_some() || is(|text| text.contains(|c: char| c.is_ascii_digit())),
            Self::Number => {
                integer(node).is_some_and(|number| number >= 1) || is(|text| text.contains(|c| matches!(c, '1'..='9')))
            }
            Self::Size => number(node).is_some_and(|number| number >= 1.0) || is(begins_like_a_size),
            Self::Uuid => is(contains_uuid),
            Self::Device => is(is_device),
            Self::Disk => is(|text| is_device(text) || text.starts_with("iscsi:")),
            Self::MountPoint => is(|text| text == "none" || text == "/" || has_segments(text)),
            Self::MountOptions => is(|text| text.is_empty() || text.contains(|c| !is_space(c))),
            Self::Wwn => is(is_wwn),
            Self::PartitionType => is(|text| is_type_byte(text) || contains_uuid(text)),
            Self::RaidLevel => {
                matches!(integer(node), Some(0 | 1 | 4 | 5 | 6 | 10)) || text.is_some_and(|it| LEVELS.contains(&it))
            }
            Self::BlockSize => {
                matches!(integer(node), Some(512 | 1024 | 2048 | 4096))
                    || matches!(text, Some("512" | "1024" | "2048" | "4096"))
            }
            Self::Parameters => {
                node.as_mapping().is_some_and(|all| all.iter().all(|(key, value)| is_parameter(key, value)))
            }
        }
    }

    fn wanted(self) -> String {
        let words = match self {
            Self::ShortText(max) => return format!("text of at most {max} characters"),
            Self::OneOf(words) => {
                return format!(
                    "one of {}",
                    words.iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>().join(", ")
                );
            }
            Self::RaidLevel => return format!("one of {}", LEVELS.join(", ")),
            Self::Text => "text",
            Self::Texts => "a list of text",
            Self::Bool => "true or false",
            Self::Flag => "true, false, 0 or 1",
            Self::Integer => "a whole number",
            Self::TextOrNumber => "text or a number",
            Self::Digit => "a whole number",
            Self::Number => "a whole number from 1 on",
            Self::Size => "a size, such as 10G",
            Self::Uuid => "a UUID in lower case",
            Self::Device => "a path below /dev",
            Self::Disk => "a path below /dev, or an iscsi: address",
            Self::MountPoint => "an absolute path without a slash at its end, or the word none",
            Self::MountOptions => "a list of mount options",
            Self::Wwn => "a world wide name: 0x…, eui.…, nvme.… or uuid.…",
            Self::PartitionType => "a partition type: 0xef or a UUID in lower case",
            Self::BlockSize => "one of 512, 1024, 2048, 4096",
            Self::Parameters => "a mapping of text, whole numbers, true and false",
        };
        words.to_owned()
    }
}

/// The validator fails at a key that is no text, and does not look at the value of one with a line feed before its end.
fn is_parameter(key: &Node, value: &Node) -> bool {
    let is_simple = matches!(value.value, Value::Null | Value::Bool(_) | Value::String(_)) || integer(value).is_some();
    key.as_str().is_some_and(|key| is_simple || key.strip_suffix('\n').unwrap_or(key).contains('\n'))
}

pub(super) const LEVELS: &[&str] = &[
    "raid0",
    "linear",
    "0",
    "raid1",
    "mirror",
    "stripe",
    "1",
    "raid4",
    "4",
    "raid5",
    "5",
    "raid6",
    "6",
    "raid10",
    "10",
    "container",
];

/// Whole numbers, also those with a point and nothing behind it; true and false are none.
fn integer(node: &Node) -> Option<i128> {
    match node.value {
        Value::Int(number) => Some(number),
        Value::BigInt(ref digits) => Some(if digits.starts_with('-') { i128::MIN } else { i128::MAX }),
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and what is too large stays too large")]
        Value::Float(number) if number.fract() == 0.0 => Some(number as i128),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "compared with 1")]
fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Int(number) => Some(number as f64),
        Value::BigInt(ref digits) => digits.parse().ok(),
        Value::Float(number) => Some(number),
        _ => None,
    }
}

/// A digit from 1 to 9; or digits, any character, and a digit. What follows is not looked at.
fn begins_like_a_size(text: &str) -> bool {
    if text.starts_with(|c| matches!(c, '1'..='9')) {
        return true;
    }
    let characters: Vec<char> = text.chars().collect();
    let is_digit = |c: &char| digit(*c).is_some();
    let digits = characters.iter().take_while(|c| is_digit(c)).count();
    (1..=digits)
        .any(|at| characters.get(at).is_some_and(|c| *c != '\n') && characters.get(at + 1).is_some_and(is_digit))
}

/// What Python's `\s` takes: besides Unicode's white space, the four separators of ASCII.
const fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

fn contains_uuid(text: &str) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    text.as_bytes().windows(36).any(|window| {
        let mut groups = window.split(|byte| *byte == b'-');
        GROUPS.iter().all(|len| {
            groups.next().is_some_and(|group| {
                group.len() == *len && group.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            })
        })
    })
}

fn has_segments(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|segment| !segment.is_empty()))
}

fn is_device(text: &str) -> bool {
    text.strip_prefix("/dev").is_some_and(has_segments)
}

fn is_wwn(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("0x") {
        return rest.starts_with(|c: char| c.is_ascii_alphabetic() || digit(c).is_some());
    }
    let rest = ["nvme.", "eui.", "uuid."].iter().find_map(|prefix| text.strip_prefix(prefix));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-'))
}

fn is_type_byte(text: &str) -> bool {
    // Python's `$` stands before a last line feed, too.
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_prefix("0x")
        .is_some_and(|digits| matches!(digits.len(), 1..=2) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
