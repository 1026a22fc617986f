//! Attributes of RADIUS in sub-option 7 of option 82: what the server that let the client in said (RFC 4014, RFC 2865).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{
    Bytes, Describe, Format, List, OptionError, Printer, Reader, Text,
    describe::{self, Written},
};
use crate::OptionCode;

/// An attribute of RADIUS (RFC 2865 §5) as it lies on the wire, where its length counts the type and itself.
///
/// ```
/// use firstlight_dhcp::option::{RadiusAttribute, RadiusValue, RelaySubOption, SubOption, SubOptionSet};
///
/// let sub_option = SubOption { code: 7, value: b"\x01\x05abc\x1b\x06\x00\x00\x0e\x10" };
/// let RelaySubOption::RadiusAttributes(attributes) = RelaySubOption::parse(sub_option)? else { unreachable!() };
/// let timeout = attributes.iter().find(|attribute| attribute.kind == 27).map(RadiusAttribute::value);
/// assert_eq!(timeout, Some(Ok(RadiusValue::SessionTimeout(3600))));
/// # Ok::<(), firstlight_dhcp::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RadiusAttribute<'a> {
    /// The attribute's type.
    pub kind: u8,
    /// Its bytes, at most 253.
    pub bytes: &'a [u8],
}

/// Attributes of RADIUS, at least one.
pub type RadiusAttributes<'a> = List<'a, RadiusAttribute<'a>>;

/// What an attribute says. Relay agents send those that are named here (RFC 4014).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RadiusValue<'a> {
    /// 1: the user (RFC 2865 §5.1).
    UserName(Text<'a>),
    /// 6: the kind of service (RFC 2865 §5.6).
    ServiceType(u32),
    /// 26: a vendor's data (RFC 2865 §5.26).
    VendorSpecific {
        /// The vendor's private enterprise number.
        enterprise: u32,
        /// What the vendor says: attributes as a rule, and not always.
        data: Bytes<'a>,
    },
    /// 27: seconds until the client is cut off (RFC 2865 §5.27).
    SessionTimeout(u32),
    /// 88: the pool that an IPv4 address is to come from (RFC 2869 §5.18).
    FramedPool(Text<'a>),
    /// 100: the pool that an IPv6 prefix is to come from (RFC 3162 §2.6).
    FramedIpv6Pool(Text<'a>),
    /// Any other.
    Unknown(Bytes<'a>),
}

impl<'a> RadiusAttribute<'a> {
    /// What the attribute says.
    ///
    /// # Errors
    /// The bytes do not have the attribute's format. The other attributes are not touched by that.
    pub fn value(self) -> Result<RadiusValue<'a>, OptionError> {
        let mut reader = Reader::new(OptionCode::RELAY_AGENT_INFORMATION, self.bytes).within(7, self.bytes);
        let reader = reader.named("attribute");
        match self.kind {
            1 => Text::read_all(reader).map(RadiusValue::UserName),
            6 => u32::read_all(reader).map(RadiusValue::ServiceType),
            26 => Ok(RadiusValue::VendorSpecific {
                enterprise: reader.u32("enterprise number")?,
                data: Bytes::read(reader)?,
            }),
            27 => u32::read_all(reader).map(RadiusValue::SessionTimeout),
            88 => Text::read_all(reader).map(RadiusValue::FramedPool),
            100 => Text::read_all(reader).map(RadiusValue::FramedIpv6Pool),
            _ => Bytes::read_all(reader).map(RadiusValue::Unknown),
        }
    }

    const fn name(self) -> Option<&'static str> {
        Some(match self.kind {
            1 => "user-name",
            6 => "service-type",
            26 => "vendor-specific",
            27 => "session-timeout",
            88 => "framed-pool",
            100 => "framed-ipv6-pool",
            _ => return None,
        })
    }
}

impl<'a> Format<'a> for RadiusAttribute<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let kind = reader.u8("attribute type")?;
        let len = reader.u8("attribute length")?;
        let Some(len) = usize::from(len).checked_sub(2) else {
            return Err(reader.wrong_value("attribute length", "at least 2", len.into()));
        };
        Ok(Self { kind, bytes: reader.take("attribute", len)? })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        let len = u8::try_from(self.bytes.len() + 2).unwrap_or(u8::MAX);
        value.extend([self.kind, len]);
        value.extend(self.bytes.iter().take(usize::from(len) - 2));
    }
}

impl Describe for RadiusAttribute<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        describe::part(out, (self.kind.into(), self.name()), &self.value())
    }
}

impl Describe for RadiusValue<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::UserName(text) | Self::FramedPool(text) | Self::FramedIpv6Pool(text) => text.describe(out),
            Self::ServiceType(kind) => kind.describe(out),
            Self::VendorSpecific { enterprise, data } => {
                out.begin_sub_option(*enterprise, Some("enterprise"))?;
                data.describe(out)?;
                out.end()
            }
            Self::SessionTimeout(seconds) => out.number((*seconds).into(), "s"),
            Self::Unknown(bytes) => bytes.describe(out),
        }
    }
}
