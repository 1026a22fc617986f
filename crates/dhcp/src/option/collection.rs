//! Options that hold a list of numbers, and those that nobody interprets.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{
    describe::{Describe, Printer, Written},
    error::OptionError,
    list::List,
    reader::Reader,
    shape::{Bytes, Format},
};
use crate::OptionCode;

impl Format<'_> for OptionCode {
    const LEN: Option<usize> = Some(1);

    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        reader.u8("option code").map(Self)
    }

    fn are_values(_bytes: &[u8]) -> bool {
        true
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.push(self.0);
    }
}

impl Describe for OptionCode {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.number(self.0.into(), self.name().unwrap_or_default())
    }
}

/// Codes of options, in the order in which they are wanted.
pub type Codes<'a> = List<'a, OptionCode>;
/// Numbers of one byte.
pub type Octets<'a> = List<'a, u8>;
/// Numbers of two bytes.
pub type Words<'a> = List<'a, u16>;

typed! { Codes<'a>;
    /// The options that a client would like (RFC 2132 §9.8).
    ParameterRequestList = PARAMETER_REQUEST_LIST;
}

typed! { Octets<'a>;
    /// Authentication algorithms for FORCERENEW that the client supports; 1 is HMAC-MD5 (RFC 6704 §3.1.1).
    ForcerenewNonceCapable = FORCERENEW_NONCE_CAPABLE;
}

typed! { Words<'a>;
    /// MTU sizes to try in path MTU discovery (RFC 2132 §4.7).
    PathMtuPlateauTable = PATH_MTU_PLATEAU_TABLE;
}

/// A name service, by the code of the option that lists its servers; 0 is local files (RFC 2937).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameService(
    /// 0, 6, 41, 44 or 65.
    pub u16,
);

transparent!(NameService(u16) len 2 named "name service");

impl Describe for NameService {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        let name = match u8::try_from(self.0) {
            Ok(0) => "local",
            Ok(code) => OptionCode(code).name().unwrap_or_default(),
            Err(_) => "",
        };
        out.number(self.0.into(), name)
    }
}

/// Name services in the order in which they are asked.
pub type NameServices<'a> = List<'a, NameService>;

typed! { NameServices<'a>;
    /// The order in which name services are asked (RFC 2937).
    NameServiceSearch = NAME_SERVICE_SEARCH;
}

typed! { Bytes<'a>;
    /// Vendor-specific in PXE; an IP phone's TFTP server elsewhere (RFC 4578 §2.4).
    Pxe128 = PXE_128;
    /// Vendor-specific in PXE; an IP phone's call server elsewhere (RFC 4578 §2.4).
    Pxe129 = PXE_129;
    /// Vendor-specific in PXE; a discrimination string elsewhere (RFC 4578 §2.4).
    Pxe130 = PXE_130;
    /// Vendor-specific in PXE; a statistics server elsewhere (RFC 4578 §2.4).
    Pxe131 = PXE_131;
    /// Vendor-specific in PXE; a VLAN elsewhere (RFC 4578 §2.4).
    Pxe132 = PXE_132;
    /// Vendor-specific in PXE; a layer 2 priority elsewhere (RFC 4578 §2.4).
    Pxe133 = PXE_133;
    /// Vendor-specific in PXE; a DSCP elsewhere (RFC 4578 §2.4).
    Pxe134 = PXE_134;
    /// Vendor-specific in PXE; an HTTP proxy elsewhere (RFC 4578 §2.4).
    Pxe135 = PXE_135;
}
