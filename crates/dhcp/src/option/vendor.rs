//! Classes and data of vendors and users: options 43, 77, 124 and 125.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{
    Bytes, Counted, Describe, Format, List, OptionError, Printer, PxeSubOption, Reader, SubOption, SubOptionSet,
    SubOptions, describe::Written, nested,
};
use crate::OptionCode;

/// Vendor-specific data (RFC 2132 §8.4): whatever the vendor class (60) says, by custom sub-options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VendorSpecific<'a>(pub Bytes<'a>);

single! { VendorSpecific<'a> = VENDOR_SPECIFIC; }

impl<'a> VendorSpecific<'a> {
    /// The data as sub-options, if it has that form: up to an end (255) or to the last byte, pads (0) left out.
    #[must_use]
    pub fn sub_options(self) -> Option<impl Iterator<Item = SubOption<'a>> + Clone + use<'a>> {
        let all = Encapsulated(self.0.0);
        if all.clone().any(|sub| sub.is_err()) { None } else { Some(all.map_while(Result::ok)) }
    }

    /// The data as PXE's sub-options, for a message whose vendor class begins with `PXEClient`; see
    /// [`VendorSpecific::sub_options`].
    #[must_use]
    pub fn pxe(self) -> Option<PxeVendorSpecific<'a>> {
        self.sub_options().map(|_| PxeVendorSpecific(self))
    }
}

transparent!(VendorSpecific<'a>(Bytes<'a>));

impl Describe for VendorSpecific<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self.sub_options() {
            Some(raw) => nested::describe_all(raw, Ok, out),
            None => self.0.describe(out),
        }
    }
}

/// Option 43 of a PXE client or server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PxeVendorSpecific<'a>(VendorSpecific<'a>);

impl<'a> PxeVendorSpecific<'a> {
    /// The sub-options in wire order.
    pub fn iter(self) -> impl Iterator<Item = Result<PxeSubOption<'a>, OptionError>> {
        self.0.sub_options().into_iter().flatten().map(PxeSubOption::parse)
    }
}

impl Describe for PxeVendorSpecific<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        nested::describe_all(self.0.sub_options().into_iter().flatten(), PxeSubOption::parse, out)
    }
}

typed!(@display PxeVendorSpecific (<'a>));

/// Sub-options with pads and an end, as in a message.
#[derive(Clone)]
struct Encapsulated<'a>(&'a [u8]);

impl<'a> Iterator for Encapsulated<'a> {
    type Item = Result<SubOption<'a>, OptionError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [0, rest @ ..] = self.0 {
            self.0 = rest;
        }
        if matches!(self.0, [] | [255, ..]) {
            return None;
        }
        let mut reader = Reader::new(OptionCode::VENDOR_SPECIFIC, self.0);
        let sub = SubOption::read(&mut reader);
        self.0 = reader.rest();
        Some(sub)
    }
}

/// User class, such as `iPXE`.
///
/// RFC 3004 wants classes with a length before each; firmware and iPXE send one class without a length. What has the
/// form of RFC 3004 to the last byte is taken for that.
///
/// ```
/// use firstlight_dhcp::option::{TypedOption, UserClass};
///
/// assert_eq!(UserClass::parse(b"iPXE")?.iter().collect::<Vec<_>>(), [b"iPXE"]);
/// assert_eq!(UserClass::parse(b"\x04iPXE")?.iter().collect::<Vec<_>>(), [b"iPXE"]);
/// # Ok::<(), firstlight_dhcp::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserClass<'a> {
    /// One class without a length.
    Raw(&'a [u8]),
    /// Classes with lengths (RFC 3004 §4).
    Classes(List<'a, Counted<Bytes<'a>>>),
}

single! { UserClass<'a> = USER_CLASS; }

impl<'a> UserClass<'a> {
    /// The classes, without their lengths.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let (raw, classes) = match self {
            Self::Raw(raw) => (Some(raw), None),
            Self::Classes(classes) => (None, Some(classes)),
        };
        raw.into_iter().chain(classes.into_iter().flatten().map(|class| class.0.0))
    }
}

impl<'a> Format<'a> for UserClass<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        reader.at_least(1)?;
        let bytes = reader.rest();
        // Most clients send a class without a length, whose first letter does not count the rest.
        if bytes.first().is_none_or(|len| usize::from(*len) >= bytes.len()) {
            return Ok(Self::Raw(bytes));
        }
        Ok(List::read(&mut reader.over(bytes)).map_or(Self::Raw(bytes), Self::Classes))
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        match self {
            Self::Raw(raw) => value.extend_from_slice(raw),
            Self::Classes(classes) => classes.emit(value),
        }
    }
}

impl Describe for UserClass<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_list()?;
        self.iter().try_for_each(|class| out.bytes(class))?;
        out.end()
    }
}

/// A vendor's class, by the vendor's enterprise number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnterpriseClass<'a> {
    /// The vendor's private enterprise number.
    pub enterprise: u32,
    /// Whatever the vendor says; at most 255 bytes are sent.
    pub data: &'a [u8],
}

/// A vendor's data, by the vendor's enterprise number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VendorData<'a> {
    /// The vendor's private enterprise number.
    pub enterprise: u32,
    /// Sub-options; at most 255 bytes are sent.
    pub data: &'a [u8],
}

impl<'a> VendorData<'a> {
    /// The data as sub-options, if it has that form, as it should.
    #[must_use]
    pub fn sub_options(self) -> Option<SubOptions<'a>> {
        SubOptions::parse(OptionCode::VENDOR_IDENTIFYING_DATA, self.data).ok()
    }
}

macro_rules! by_enterprise {
    ($($name:ident)*) => { $(
        impl<'a> Format<'a> for $name<'a> {
            fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
                Ok(Self { enterprise: reader.u32("enterprise number")?, data: reader.counted("vendor's data")? })
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut Vec<u8>) {
                self.enterprise.emit(value);
                Counted(super::Rest(self.data)).emit(value);
            }
        }
    )* };
}

by_enterprise!(EnterpriseClass VendorData);

impl Describe for EnterpriseClass<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_sub_option(self.enterprise, Some("enterprise"))?;
        out.bytes(self.data)?;
        out.end()
    }
}

impl Describe for VendorData<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_sub_option(self.enterprise, Some("enterprise"))?;
        match self.sub_options() {
            Some(list) => list.describe(out)?,
            None => out.bytes(self.data)?,
        }
        out.end()
    }
}

/// Vendors' classes.
pub type EnterpriseClassList<'a> = List<'a, EnterpriseClass<'a>>;
/// Vendors' data.
pub type VendorDataList<'a> = List<'a, VendorData<'a>>;

typed! { EnterpriseClassList<'a>;
    /// Vendor-identifying class (RFC 3925 §3).
    VendorIdentifyingClass = VENDOR_IDENTIFYING_CLASS;
}

typed! { VendorDataList<'a>;
    /// Vendor-identifying data (RFC 3925 §4).
    VendorIdentifyingData = VENDOR_IDENTIFYING_DATA;
}
