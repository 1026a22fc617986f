//! Who the client says it is: option 61, and the DUID of RFC 8415 §11 that RFC 4361 puts into it.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use super::{Describe, Format, OptionError, Printer, Reader, Tagged, describe::Written, error::Expected};

/// The name that a client gives itself (RFC 2132 §9.14, RFC 4361 §6.1).
///
/// It is compared as bytes, whatever its form: two forms with the same content are two clients.
///
/// ```
/// use firstlight_dhcp::option::{ClientIdentifier, TypedOption};
///
/// let id = ClientIdentifier::parse(&[1, 0x52, 0x54, 0, 0x12, 0x34, 0x56])?;
/// assert_eq!(id, ClientIdentifier::Hardware { kind: 1, address: &[0x52, 0x54, 0, 0x12, 0x34, 0x56] });
/// assert_eq!(id.to_string(), "52:54:00:12:34:56");
/// # Ok::<(), firstlight_dhcp::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientIdentifier<'a> {
    /// A hardware type of the ARP registry and an address.
    Hardware {
        /// The type, 1 to 254.
        kind: u8,
        /// The address.
        address: &'a [u8],
    },
    /// RFC 4361: type 255, an interface and the machine.
    Node {
        /// The interface, by a number of the client's choice.
        iaid: u32,
        /// The machine.
        duid: Duid<'a>,
    },
    /// Type 0, or 255 without the form of RFC 4361: bytes to be compared.
    Opaque(Tagged<'a>),
}

single! { ClientIdentifier<'a> = CLIENT_IDENTIFIER; }

impl<'a> Format<'a> for ClientIdentifier<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        reader.at_least(2)?;
        let kind = reader.u8("type")?;
        let id = reader.rest();
        Ok(match (kind, id.split_first_chunk()) {
            (1..=254, _) => Self::Hardware { kind, address: id },
            (255, Some((iaid, duid))) if duid.len() > 2 => {
                Self::Node { iaid: u32::from_be_bytes(*iaid), duid: Duid(duid) }
            }
            _ => Self::Opaque(Tagged::new(kind, id)),
        })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        match self {
            Self::Hardware { kind, address } => Tagged::new(*kind, address).emit(value),
            Self::Opaque(id) => id.emit(value),
            Self::Node { iaid, duid } => {
                value.push(255);
                iaid.emit(value);
                duid.emit(value);
            }
        }
    }
}

impl Describe for ClientIdentifier<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Hardware { kind: 1, address } if address.len() == 6 => out.text(&Colons(address)),
            Self::Hardware { kind, address } => {
                out.begin_record()?;
                out.field("hardware type")?;
                out.number((*kind).into(), "")?;
                out.field("address")?;
                out.text(&Colons(address))?;
                out.end()
            }
            Self::Node { iaid, duid } => {
                out.begin_record()?;
                out.field("iaid")?;
                out.text(&format_args!("0x{iaid:08x}"))?;
                out.field("duid")?;
                duid.describe(out)?;
                out.end()
            }
            Self::Opaque(id) => id.describe(out),
        }
    }
}

/// Bytes with colons between them.
struct Colons<'a>(&'a [u8]);

impl fmt::Display for Colons<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index > 0 { ":" } else { "" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

/// A DHCP unique identifier: two bytes of type and at least one more. It is compared as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Duid<'a>(&'a [u8]);

impl<'a> Duid<'a> {
    /// All bytes, beginning with the type.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// 1 (link-layer address and time), 2 (enterprise), 3 (link-layer address), 4 (UUID), or another.
    #[must_use]
    pub fn kind(self) -> u16 {
        self.0.first_chunk().map_or(0, |kind| u16::from_be_bytes(*kind))
    }
}

impl<'a> Format<'a> for Duid<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        if reader.left() < 3 {
            return Err(reader.wrong_length(Expected::AtLeast(3)));
        }
        Ok(Self(reader.rest()))
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(self.0);
    }
}

impl Describe for Duid<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(&Colons(self.0))
    }
}
