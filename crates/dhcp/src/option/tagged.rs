//! Values that begin with a byte that says what follows.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{Describe, Format, OptionError, Printer, Reader, Rest, describe::Written};

record! {
    /// A type that has no format of its own here, and what follows it.
    pub struct Tagged<'a> {
        /// The type.
        kind: u8 = "type",
        /// What follows it, to be compared as bytes.
        id: Rest<'a> = "id",
    }
}

impl<'a> Tagged<'a> {
    /// A type and what follows it.
    #[must_use]
    pub const fn new(kind: u8, id: &'a [u8]) -> Self {
        Self { kind, id: Rest(id) }
    }
}

/// Servers by name or by address, as the byte before them says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameOrAddress<N, A> {
    /// Encoding 0.
    Name(N),
    /// Encoding 1.
    Address(A),
}

impl<'a, N: Format<'a>, A: Format<'a>> Format<'a> for NameOrAddress<N, A> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        match reader.u8("encoding")? {
            0 => {
                // Pointers of compressed names count from behind the encoding.
                let names = reader.rest();
                N::read_all(reader.over(names).named("name")).map(Self::Name)
            }
            1 => A::read(reader.named("address")).map(Self::Address),
            other => Err(reader.wrong_value("encoding", "0 or 1", other.into())),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        match self {
            Self::Name(name) => {
                value.push(0);
                name.emit(value);
            }
            Self::Address(address) => {
                value.push(1);
                address.emit(value);
            }
        }
    }
}

impl<N: Describe, A: Describe> Describe for NameOrAddress<N, A> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Name(name) => name.describe(out),
            Self::Address(address) => address.describe(out),
        }
    }
}
