//! The options of a message, one by one as they lie on the wire, with what they mean.

use std::collections::BTreeMap;

use firstlight_dhcp::option::{Describe, OptionError, OptionValue, Printer, PxeVendorSpecific, Written};
use firstlight_dhcp::{MessageRef, OptionCode};

/// The values of options that come more than once, joined (RFC 3396).
pub(super) struct Joined(BTreeMap<OptionCode, Vec<u8>>);

impl Joined {
    pub(super) fn of(message: &MessageRef<'_>) -> Self {
        let mut pieces: BTreeMap<OptionCode, (usize, Vec<u8>)> = BTreeMap::new();
        for (code, value) in message.options() {
            let (count, joined) = pieces.entry(code).or_default();
            *count += 1;
            joined.extend_from_slice(value);
        }
        Self(
            pieces.into_iter().filter(|(_, (count, _))| *count > 1).map(|(code, (_, joined))| (code, joined)).collect(),
        )
    }
}

/// One option as it lies on the wire.
pub(super) struct Entry<'a> {
    pub(super) code: OptionCode,
    pub(super) raw: &'a [u8],
    /// The field of the header that holds it, if it is not in the option field.
    pub(super) field: Option<&'static str>,
    pub(super) meaning: Result<Meaning<'a>, OptionError>,
}

pub(super) enum Meaning<'a> {
    /// The option's value, or of all its pieces, told at the first one.
    Value(OptionValue<'a>),
    /// Option 43 between PXE clients and servers.
    Pxe(PxeVendorSpecific<'a>),
    /// A piece that means nothing without the ones before it.
    Continued,
}

impl Describe for Meaning<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Value(value) => value.describe(out),
            Self::Pxe(value) => value.describe(out),
            Self::Continued => out.text(&"continues the option before"),
        }
    }
}

/// All options in wire order.
pub(super) fn entries<'a>(message: &MessageRef<'a>, joined: &'a Joined) -> Vec<Entry<'a>> {
    let is_pxe = message.first(OptionCode::VENDOR_CLASS).is_some_and(|class| class.starts_with(b"PXEClient"));
    let mut seen = Vec::new();
    message
        .options()
        .map(|(code, raw)| {
            let is_first = !seen.contains(&code);
            seen.push(code);
            let value = OptionValue::parse(code, raw).map(Meaning::Value);
            let meaning = match (value, joined.0.get(&code)) {
                // A piece alone is malformed, all together are not.
                (Err(error), Some(whole)) => match OptionValue::parse(code, whole) {
                    Ok(value) if is_first => Ok(Meaning::Value(value)),
                    Ok(_) => Ok(Meaning::Continued),
                    Err(_) => Err(error),
                },
                (Ok(Meaning::Value(OptionValue::VendorSpecific(value))), _) if is_pxe => {
                    Ok(value.pxe().map_or(Meaning::Value(OptionValue::VendorSpecific(value)), Meaning::Pxe))
                }
                (value, _) => value,
            };
            Entry { code, raw, field: field(message, raw), meaning }
        })
        .collect()
}

/// Where a value lies: an overloaded field, or `None` for the option field.
fn field(message: &MessageRef<'_>, value: &[u8]) -> Option<&'static str> {
    let within = |field: &[u8]| {
        let range = field.as_ptr_range();
        // An empty value may lie at the very end; nothing else does, for each value has a code and length before it.
        range.start < value.as_ptr() && value.as_ptr() <= range.end
    };
    [("file", message.file()), ("sname", message.sname())]
        .into_iter()
        .find_map(|(name, field)| within(field).then_some(name))
}
