//! Formats that several options share, and the macro that makes an option's type of one.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::{
    describe::{Describe, Printer, Written},
    error::{Expected, OptionError},
    reader::Reader,
};
use crate::OptionCode;

/// A format without a code of its own: the whole of an option, an element of a list, or a field.
pub trait Format<'a>: Describe + Sized {
    /// The length in bytes, if there is only one.
    const LEN: Option<usize> = None;

    /// Takes a value off the front.
    ///
    /// # Errors
    /// The bytes do not have the format.
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError>;

    /// Whether bytes are known to be values one after the other, without reading each: what most lists are.
    #[doc(hidden)]
    fn are_values(_bytes: &[u8]) -> bool {
        false
    }

    /// Appends the value.
    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>);

    /// Reads bytes that are one value.
    ///
    /// # Errors
    /// The bytes do not have the format, or there are more of them.
    fn parse(code: OptionCode, bytes: &'a [u8]) -> Result<Self, OptionError> {
        let mut reader = Reader::new(code, bytes);
        Self::read_all(&mut reader)
    }

    /// Takes the only value off a reader.
    ///
    /// # Errors
    /// As [`Format::parse`].
    fn read_all(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        match Self::LEN {
            Some(len) if len != reader.left() => Err(reader.wrong_length(Expected::Exactly(len))),
            _ => {
                let value = Self::read(reader)?;
                reader.end()?;
                Ok(value)
            }
        }
    }
}

/// Makes the types of options that share a format. A unit is printed behind a number, a minimum is checked.
macro_rules! typed {
    ($shape:ident<'a>; $($(#[$doc:meta])* $name:ident = $code:ident;)*) => { $(
        typed!(@struct ($(#[$doc])*) $name (<'a>) ($shape<'a>));
        typed!(@option $name (<'a>) ($shape<'a>) $code ());
        typed!(@plain $name (<'a>));
    )* };
    ($shape:ident; $($(#[$doc:meta])* $name:ident = $code:ident;)*) => { $(
        typed!(@struct ($(#[$doc])*) $name () ($shape));
        typed!(@option $name () ($shape) $code ());
        typed!(@plain $name ());
    )* };
    ($shape:ident $unit:literal; $($options:tt)*) => {
        typed!(@numbers $shape $unit (); $($options)*);
    };
    ($shape:ident $unit:literal min $min:literal; $($options:tt)*) => {
        typed!(@numbers $shape $unit ($min); $($options)*);
    };
    (@numbers $shape:ident $unit:literal $min:tt; $($(#[$doc:meta])* $name:ident = $code:ident;)*) => { $(
        typed!(@struct ($(#[$doc])*) $name () ($shape));
        typed!(@option $name () ($shape) $code $min);

        impl $crate::option::Describe for $name {
            fn describe(&self, out: &mut dyn $crate::option::Printer) -> core::fmt::Result {
                out.number(i64::from(self.0), $unit)
            }
        }
    )* };
    (@struct ($($doc:tt)*) $name:ident ($($life:tt)*) ($shape:ty)) => {
        $($doc)*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name $($life)* (
            /// The value.
            pub $shape,
        );
    };
    (@plain $name:ident ($($life:tt)*)) => {
        impl $($life)* $crate::option::Describe for $name $($life)* {
            fn describe(&self, out: &mut dyn $crate::option::Printer) -> core::fmt::Result {
                self.0.describe(out)
            }
        }
    };
    (@option $name:ident ($($life:tt)*) ($shape:ty) $code:ident ($($min:literal)?)) => {
        impl<'a> $crate::option::TypedOption<'a> for $name $($life)* {
            const CODE: $crate::OptionCode = $crate::OptionCode::$code;

            fn parse(bytes: &'a [u8]) -> Result<Self, $crate::option::OptionError> {
                let value = <$shape as $crate::option::Format<'a>>::parse(Self::CODE, bytes)?;
                $(if value < $min {
                    let expected = concat!("at least ", $min);
                    return Err($crate::option::OptionError::value(Self::CODE, "value", expected, value.into()));
                })?
                Ok(Self(value))
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut alloc::vec::Vec<u8>) {
                $crate::option::Format::emit(&self.0, value);
            }
        }

        typed!(@display $name ($($life)*));
    };
    (@display $name:ident ($($life:tt)*)) => {
        impl $($life)* core::fmt::Display for $name $($life)* {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::option::describe::display(self, f)
            }
        }
    };
}

/// Gives formats that only one option has their code.
macro_rules! single {
    ($($name:ident $(<$life:lifetime>)? = $code:ident;)*) => { $(
        impl<'a> $crate::option::TypedOption<'a> for $name $(<$life>)? {
            const CODE: $crate::OptionCode = $crate::OptionCode::$code;

            fn parse(bytes: &'a [u8]) -> Result<Self, $crate::option::OptionError> {
                <Self as $crate::option::Format<'a>>::parse(Self::CODE, bytes)
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut alloc::vec::Vec<u8>) {
                $crate::option::Format::emit(self, value);
            }
        }

        impl $(<$life>)? core::fmt::Display for $name $(<$life>)? {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::option::describe::display(self, f)
            }
        }
    )* };
}

/// Makes a format of fields that follow each other; `len` is given where there is only one.
macro_rules! record {
    (
        $(#[$doc:meta])*
        pub struct $name:ident $(<$life:lifetime>)? $(len $len:literal)? $(check $check:ident)? {
            $($(#[$field_doc:meta])* $field:ident: $format:ty = $label:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name $(<$life>)? {
            $($(#[$field_doc])* pub $field: $format,)*
        }

        impl<'a> $crate::option::Format<'a> for $name $(<$life>)? {
            $(const LEN: Option<usize> = Some($len);)?

            fn read(reader: &mut $crate::option::Reader<'a>) -> Result<Self, $crate::option::OptionError> {
                let record = Self {
                    $($field: <$format as $crate::option::Format<'a>>::read(reader.named($label))?,)*
                };
                $(record.$check(reader)?;)?
                Ok(record)
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut alloc::vec::Vec<u8>) {
                $($crate::option::Format::emit(&self.$field, value);)*
            }
        }

        impl $(<$life>)? $crate::option::Describe for $name $(<$life>)? {
            fn describe(&self, out: &mut dyn $crate::option::Printer) -> core::fmt::Result {
                out.begin_record()?;
                $(
                    out.field($label)?;
                    self.$field.describe(out)?;
                )*
                out.end()
            }
        }
    };
}

/// Makes a format of a struct around one of another.
macro_rules! transparent {
    ($name:ident $(<$life:lifetime>)? ($inner:ty) $(len $len:literal $(named $label:literal)?)?) => {
        impl<'a> $crate::option::Format<'a> for $name $(<$life>)? {
            $(const LEN: Option<usize> = Some($len);)?

            fn read(reader: &mut $crate::option::Reader<'a>) -> Result<Self, $crate::option::OptionError> {
                <$inner as $crate::option::Format<'a>>::read(reader $($(.named($label))?)?).map(Self)
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut alloc::vec::Vec<u8>) {
                $crate::option::Format::emit(&self.0, value);
            }
        }
    };
}

macro_rules! integers {
    ($($int:ty, $len:literal;)*) => { $(
        impl Format<'_> for $int {
            const LEN: Option<usize> = Some($len);

            fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
                reader.array(reader.name()).map(Self::from_be_bytes)
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut Vec<u8>) {
                value.extend_from_slice(&self.to_be_bytes());
            }
        }

        impl Describe for $int {
            fn describe(&self, out: &mut dyn Printer) -> Written {
                out.number(i64::from(*self), "")
            }
        }
    )* };
}

integers! {
    u8, 1;
    u16, 2;
    u32, 4;
    i8, 1;
    i32, 4;
}

macro_rules! addresses {
    ($($address:ty, $len:literal;)*) => { $(
        impl Format<'_> for $address {
            const LEN: Option<usize> = Some($len);

            fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
                reader.array::<$len>(reader.name()).map(Self::from)
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut Vec<u8>) {
                value.extend_from_slice(&self.octets());
            }
        }

        impl Describe for $address {
            fn describe(&self, out: &mut dyn Printer) -> Written {
                out.text(self)
            }
        }
    )* };
}

addresses! {
    Ipv4Addr, 4;
    Ipv6Addr, 16;
}

impl Format<'_> for bool {
    const LEN: Option<usize> = Some(1);

    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        match reader.u8(reader.name())? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(reader.wrong_value(reader.name(), "0 or 1", other.into())),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.push(u8::from(*self));
    }
}

impl Describe for bool {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.flag(*self)
    }
}

macro_rules! uninterpreted {
    ($($(#[$doc:meta])* $name:ident at least $least:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(pub &'a [u8]);

        impl<'a> Format<'a> for $name<'a> {
            fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
                reader.at_least($least)?;
                Ok(Self(reader.rest()))
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut Vec<u8>) {
                value.extend_from_slice(self.0);
            }
        }

        impl Describe for $name<'_> {
            fn describe(&self, out: &mut dyn Printer) -> Written {
                out.bytes(self.0)
            }
        }
    )* };
}

uninterpreted! {
    /// Bytes that nobody interprets here; at least one.
    Bytes at least 1;
    /// What is left, which may be nothing.
    Rest at least 0;
}

impl<const N: usize> Format<'_> for [u8; N] {
    const LEN: Option<usize> = Some(N);

    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        reader.array(reader.name())
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(self);
    }
}

impl<const N: usize> Describe for [u8; N] {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.bytes(self)
    }
}

/// A field whose length stands before it, in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counted<T>(pub T);

impl<'a, T: Format<'a>> Format<'a> for Counted<T> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let field = reader.counted(reader.name())?;
        T::read_all(reader.over(field).named(reader.name())).map(Self)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        let at = value.len();
        value.push(0);
        self.0.emit(value);
        let len = u8::try_from(value.len() - at - 1).unwrap_or(u8::MAX);
        // A field that was made by hand and does not fit its length is cut.
        value.truncate(at + 1 + usize::from(len));
        if let Some(count) = value.get_mut(at) {
            *count = len;
        }
    }
}

impl<T: Describe> Describe for Counted<T> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        self.0.describe(out)
    }
}
