//! Option 81: the client's name, and who tells the DNS about it (RFC 4702).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use super::{Describe, Format, OptionError, Printer, Reader, Text, describe::Written, name, named::Bits};

/// The client's name in the DNS.
///
/// The two bytes behind the flags are RCODEs that mean nothing any more; they are kept. The name may be partial, and
/// empty for a client that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientFqdn<'a> {
    /// The flags: [`ClientFqdn::SERVER_UPDATES`] and so on.
    pub flags: u8,
    /// RCODE1 and RCODE2: senders put 0 (clients) or 255 (servers), receivers do not look.
    pub rcodes: [u8; 2],
    /// The name.
    pub name: FqdnName<'a>,
}

single! { ClientFqdn<'a> = CLIENT_FQDN; }

/// The name in option 81.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FqdnName<'a> {
    /// A complete name: labels with the root (E = 1).
    Complete(&'a [u8]),
    /// A partial name: labels without the root (E = 1).
    Partial(&'a [u8]),
    /// Text, which RFC 4702 §2.3.1 deprecates and old clients send (E = 0).
    Ascii(Text<'a>),
}

impl ClientFqdn<'_> {
    /// S: the server updates the A record.
    pub const SERVER_UPDATES: u8 = 1;
    /// O: the server did not as the client wished.
    pub const OVERRIDDEN: u8 = 2;
    /// E: the name is in wire format.
    pub const WIRE_FORMAT: u8 = 4;
    /// N: the server updates nothing.
    pub const NO_UPDATES: u8 = 8;

    /// Whether the name is complete. A name as text is if it ends with a dot.
    #[must_use]
    pub fn is_complete(self) -> bool {
        match self.name {
            FqdnName::Complete(_) => true,
            FqdnName::Partial(_) => false,
            FqdnName::Ascii(text) => text.as_bytes().last() == Some(&b'.'),
        }
    }
}

impl<'a> Format<'a> for ClientFqdn<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        reader.at_least(3)?;
        let flags = reader.u8("flags")?;
        let rcodes = reader.array("rcodes")?;
        let bytes = reader.rest();
        if flags & Self::WIRE_FORMAT == 0 {
            return Ok(Self { flags, rcodes, name: FqdnName::Ascii(Text::raw(bytes)) });
        }
        let mut labels = reader.over(bytes);
        let mut name = FqdnName::Partial(bytes);
        while labels.left() > 0 {
            match labels.u8("label")? {
                0 => {
                    name = FqdnName::Complete(bytes);
                    break;
                }
                len @ 1..=63 => {
                    labels.take("label", len.into())?;
                }
                len => return Err(labels.wrong_value("label length", "at most 63", len.into())),
            }
        }
        if labels.left() > 0 {
            return Err(labels.wrong_value("bytes behind the name", "none", count(labels.left())));
        }
        if bytes.len() > 255 {
            return Err(labels.wrong_value("domain name length", "at most 255", count(bytes.len())));
        }
        Ok(Self { flags, rcodes, name })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.push(self.flags);
        value.extend_from_slice(&self.rcodes);
        match self.name {
            FqdnName::Complete(bytes) | FqdnName::Partial(bytes) => value.extend_from_slice(bytes),
            FqdnName::Ascii(text) => text.emit(value),
        }
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Describe for ClientFqdn<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_record()?;
        out.field("flags")?;
        let names = &[(1, "S"), (2, "O"), (4, "E"), (8, "N")];
        out.text(&Bits { bits: self.flags.into(), bytes: 1, names })?;
        out.field("name")?;
        out.text(&self.name)?;
        out.end()
    }
}

impl fmt::Display for FqdnName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ascii(text) => text.fmt(f),
            Self::Complete(bytes) | Self::Partial(bytes) => {
                let mut rest = *bytes;
                name::join(
                    f,
                    core::iter::from_fn(|| {
                        let (len, after) = rest.split_first().filter(|(len, _)| **len > 0)?;
                        let (label, after) = after.split_at_checked((*len).into())?;
                        rest = after;
                        Some(label)
                    }),
                )?;
                f.write_str(if matches!(self, Self::Complete(_)) { "." } else { "" })
            }
        }
    }
}
