//! Formats that several options share, and the macro that makes an option's type of one.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::{fmt, net::Ipv4Addr};

use super::error::{Expected, OptionError};
use crate::OptionCode;

/// A format without a code of its own.
pub(crate) trait Shape<'a>: Sized {
    fn parse(code: OptionCode, bytes: &'a [u8]) -> Result<Self, OptionError>;

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>);
}

/// Makes the types of options that share a format. The unit, if any, is printed behind the value.
macro_rules! typed {
    ($shape:ident<'a>; $($(#[$doc:meta])* $name:ident = $code:ident;)*) => { $(
        typed!(@struct ($(#[$doc])*) $name (<'a>) ($shape<'a>) $code "");
    )* };
    ($shape:ident $unit:literal; $($(#[$doc:meta])* $name:ident = $code:ident;)*) => { $(
        typed!(@struct ($(#[$doc])*) $name () ($shape) $code $unit);
    )* };
    (@struct ($($doc:tt)*) $name:ident ($($life:tt)*) ($shape:ty) $code:ident $unit:literal) => {
        $($doc)*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name $($life)* (
            /// The value.
            pub $shape,
        );

        impl<'a> $crate::option::TypedOption<'a> for $name $($life)* {
            const CODE: $crate::OptionCode = $crate::OptionCode::$code;

            fn parse(bytes: &'a [u8]) -> Result<Self, $crate::option::OptionError> {
                <$shape as $crate::option::shape::Shape<'a>>::parse(Self::CODE, bytes).map(Self)
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut alloc::vec::Vec<u8>) {
                $crate::option::shape::Shape::emit(&self.0, value);
            }
        }

        impl $($life)* core::fmt::Display for $name $($life)* {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!("{}", $unit), self.0)
            }
        }
    };
}

/// The bytes, if there are exactly `N`.
pub(crate) fn exactly<const N: usize>(code: OptionCode, bytes: &[u8]) -> Result<[u8; N], OptionError> {
    bytes.try_into().map_err(|_| OptionError::length(code, Expected::Exactly(N), bytes.len()))
}

macro_rules! integers {
    ($($int:ty)*) => { $(
        impl Shape<'_> for $int {
            fn parse(code: OptionCode, bytes: &[u8]) -> Result<Self, OptionError> {
                exactly(code, bytes).map(Self::from_be_bytes)
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut Vec<u8>) {
                value.extend_from_slice(&self.to_be_bytes());
            }
        }
    )* };
}

integers!(u8 u16 u32 i32);

impl Shape<'_> for Ipv4Addr {
    fn parse(code: OptionCode, bytes: &[u8]) -> Result<Self, OptionError> {
        exactly::<4>(code, bytes).map(Self::from)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(&self.octets());
    }
}

/// Prints items with commas between them.
pub(crate) fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = T>) -> fmt::Result {
    for (index, item) in items.enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

/// Prints bytes as hexadecimal digits.
pub(crate) fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
