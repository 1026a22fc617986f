//! Any option, by its code.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use super::*;

/// Makes [`OptionValue`] and its dispatch.
macro_rules! options {
    ($($code:literal $name:ident $(<$life:lifetime>)?;)*) => {
        /// The value of an option, read by its code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum OptionValue<'a> {
            $(#[doc = concat!("Option ", $code, ": [`struct@", stringify!($name), "`].")] $name($name $(<$life>)?),)*
            /// An option without a registered format.
            Raw(&'a [u8]),
        }

        impl<'a> OptionValue<'a> {
            /// Reads the value of an option, without its code and length.
            ///
            /// # Errors
            /// The option has a registered format, and the bytes do not have it.
            pub fn parse(code: OptionCode, bytes: &'a [u8]) -> Result<Self, OptionError> {
                match code.0 {
                    $($code => $name::parse(bytes).map(Self::$name),)*
                    _ => Ok(Self::Raw(bytes)),
                }
            }

            /// Appends the value, without its code and length.
            #[cfg(feature = "alloc")]
            pub fn emit(&self, value: &mut Vec<u8>) {
                match self {
                    $(Self::$name(option) => option.emit(value),)*
                    Self::Raw(bytes) => value.extend_from_slice(bytes),
                }
            }
        }

        impl fmt::Display for OptionValue<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name(option) => option.fmt(f),)*
                    Self::Raw(bytes) => shape::hex(f, bytes),
                }
            }
        }

        $(const _: () = assert!($name::CODE.0 == $code);)*
    };
}

options! {
    3 Routers<'a>;
    4 TimeServers<'a>;
    6 DnsServers<'a>;
    7 LogServers<'a>;
    28 BroadcastAddress;
    42 NtpServers<'a>;
    50 RequestedAddress;
    51 LeaseTime;
    54 ServerIdentifier;
    58 RenewalTime;
    59 RebindingTime;
    118 SubnetSelection;
}
