//! Sub-options: codes, lengths and values inside an option.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::{
    describe::{self, Describe, Printer, Written},
    error::OptionError,
    list::{Elements, List},
    reader::Reader,
    shape::Format,
};
use crate::OptionCode;

/// A sub-option as it lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubOption<'a> {
    /// Its code, which means something only inside its option.
    pub code: u8,
    /// Its value; at most 255 bytes are sent.
    pub value: &'a [u8],
}

/// Sub-options in wire order.
pub type SubOptions<'a> = List<'a, SubOption<'a>>;

impl<'a> Format<'a> for SubOption<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let code = reader.u8("sub-option code")?;
        let value = reader.counted("sub-option").map_err(|error| error.within(code))?;
        Ok(Self { code, value })
    }

    fn are_values(mut bytes: &[u8]) -> bool {
        while let [_, len, ref rest @ ..] = *bytes {
            let Some(rest) = rest.get(usize::from(len)..) else { return false };
            bytes = rest;
        }
        bytes.is_empty()
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        let len = u8::try_from(self.value.len()).unwrap_or(u8::MAX);
        value.extend([self.code, len]);
        value.extend(self.value.iter().take(len.into()));
    }
}

impl Describe for SubOption<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_sub_option(self.code.into(), None)?;
        out.bytes(self.value)?;
        out.end()
    }
}

/// The sub-options that an option defines.
pub trait SubOptionSet<'a>: Describe + Sized {
    /// The option.
    const OPTION: OptionCode;

    /// Whether 255 ends the sub-options, as in option 43 (RFC 2132 §8.4). dnsmasq ends iPXE's so, too.
    const HAS_END: bool = Self::OPTION.0 == OptionCode::IPXE.0;

    /// Reads one. A sub-option that is not defined is kept as it is.
    ///
    /// # Errors
    /// The sub-option does not have its format. The others are not touched by that.
    fn parse(raw: SubOption<'a>) -> Result<Self, OptionError>;
}

/// Typed sub-options. The codes and lengths were checked with the option, the values are checked one by one, so that a
/// malformed sub-option spoils only itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nested<'a, S> {
    // With the end, if there is one, and what follows it.
    bytes: &'a [u8],
    raw: SubOptions<'a>,
    set: PhantomData<S>,
}

impl<'a, S: SubOptionSet<'a>> Nested<'a, S> {
    /// The sub-options in wire order.
    pub fn iter(&self) -> impl Iterator<Item = Result<S, OptionError>> + use<'a, S> {
        self.raw.iter().map(S::parse)
    }

    /// The sub-options as they lie on the wire.
    #[must_use]
    pub const fn raw(&self) -> Elements<'a, SubOption<'a>> {
        self.raw.iter()
    }

    /// The first sub-option with the code.
    #[must_use]
    pub fn find(&self, code: u8) -> Option<Result<S, OptionError>> {
        self.raw().find(|raw| raw.code == code).map(S::parse)
    }
}

impl<'a, S: SubOptionSet<'a>> Format<'a> for Nested<'a, S> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        reader.at_least(1)?;
        let bytes = reader.rest();
        let len = if S::HAS_END { before_end(bytes) } else { bytes.len() };
        let raw = List::read_any(&mut reader.over(bytes.get(..len).unwrap_or(bytes)))?;
        Ok(Self { bytes, raw, set: PhantomData })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(self.bytes);
    }
}

/// How many bytes there are before an end.
fn before_end(bytes: &[u8]) -> usize {
    let mut reader = Reader::new(OptionCode::PAD, bytes);
    loop {
        let at = reader.at();
        if bytes.get(at).is_none_or(|code| *code == 255) || SubOption::read(&mut reader).is_err() {
            return if bytes.get(at) == Some(&255) { at } else { bytes.len() };
        }
    }
}

impl<'a, S: SubOptionSet<'a>> Describe for Nested<'a, S> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        describe_all(self.raw(), S::parse, out)
    }
}

/// Shows sub-options, those that are malformed with what is wrong.
pub(crate) fn describe_all<'a, S: Describe>(
    raw: impl Iterator<Item = SubOption<'a>>,
    parse: impl Fn(SubOption<'a>) -> Result<S, OptionError>,
    out: &mut dyn Printer,
) -> Written {
    out.begin_list()?;
    for raw in raw {
        match parse(raw) {
            Ok(sub) => sub.describe(out)?,
            error @ Err(_) => describe::part(out, (raw.code.into(), None), &error)?,
        }
    }
    out.end()
}

/// Makes the enum of an option's sub-options.
macro_rules! sub_options {
    (
        $(#[$doc:meta])*
        pub enum $name:ident in $option:ident {
            $($(#[$sub_doc:meta])* $code:literal $label:literal $variant:ident($format:ty);)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name<'a> {
            $($(#[$sub_doc])* $variant($format),)*
            /// A sub-option that is not defined.
            Unknown($crate::option::SubOption<'a>),
        }

        impl<'a> $crate::option::SubOptionSet<'a> for $name<'a> {
            const OPTION: $crate::OptionCode = $crate::OptionCode::$option;

            fn parse(raw: $crate::option::SubOption<'a>) -> Result<Self, $crate::option::OptionError> {
                let mut reader = $crate::option::Reader::new(Self::OPTION, raw.value).within(raw.code, raw.value);
                match raw.code {
                    $($code => <$format as $crate::option::Format<'a>>::read_all(&mut reader).map(Self::$variant),)*
                    _ => Ok(Self::Unknown(raw)),
                }
            }
        }

        impl $crate::option::Describe for $name<'_> {
            fn describe(&self, out: &mut dyn $crate::option::Printer) -> core::fmt::Result {
                match self {
                    $(Self::$variant(value) => {
                        out.begin_sub_option($code, Some($label))?;
                        value.describe(out)?;
                        out.end()
                    })*
                    Self::Unknown(raw) => raw.describe(out),
                }
            }
        }
    };
}
