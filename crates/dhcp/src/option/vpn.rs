//! Virtual private networks: option 221 and sub-option 151 of option 82 (RFC 6607).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{
    Describe, Format, MaybeText, OptionError, Printer, Reader, Tagged, Text, describe::Written, error::Expected,
};

/// A VPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VpnIdentifier<'a> {
    /// Type 0: a name.
    Name(Text<'a>),
    /// Type 1: the seven bytes of RFC 2685.
    Id([u8; 7]),
    /// Type 255: no VPN.
    Global,
    /// A type that RFC 6607 does not define.
    Other(Tagged<'a>),
}

impl<'a> Format<'a> for VpnIdentifier<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let kind = reader.u8("type")?;
        match kind {
            0 => MaybeText::read(reader).map(|name| Self::Name(name.0)),
            1 if reader.left() == 7 => reader.array("VPN-ID").map(Self::Id),
            1 => Err(reader.wrong_length(Expected::Exactly(8))),
            255 if reader.left() == 0 => Ok(Self::Global),
            255 => Err(reader.wrong_length(Expected::Exactly(1))),
            _ => Ok(Self::Other(Tagged::new(kind, reader.rest()))),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        match self {
            Self::Name(name) => {
                value.push(0);
                name.emit(value);
            }
            Self::Id(id) => Tagged::new(1, id).emit(value),
            Self::Global => value.push(255),
            Self::Other(id) => id.emit(value),
        }
    }
}

impl Describe for VpnIdentifier<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Name(name) => out.text(name),
            Self::Id(id) => out.bytes(id),
            Self::Global => out.text(&"global"),
            Self::Other(id) => id.describe(out),
        }
    }
}

typed! { VpnIdentifier<'a>;
    /// The VPN that the client is in (RFC 6607 §3).
    VirtualSubnetSelection = VIRTUAL_SUBNET_SELECTION;
}
