//! What a message is and how it is read: options 46, 52 and 53.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{Describe, Format, OptionError, Printer, Reader, TypedOption, describe::Written, error::Expected};
use crate::{MessageType, OptionCode};

impl TypedOption<'_> for MessageType {
    const CODE: OptionCode = OptionCode::MESSAGE_TYPE;

    fn parse(bytes: &[u8]) -> Result<Self, OptionError> {
        match bytes {
            [kind] => Ok(Self(*kind)),
            _ => Err(Reader::new(Self::CODE, bytes).wrong_length(Expected::Exactly(1))),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.push(self.0);
    }
}

impl Describe for MessageType {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(self)
    }
}

/// Makes an enum of the values that a byte may have.
macro_rules! choice {
    (
        $(#[$doc:meta])*
        pub enum $name:ident = $code:ident, $label:literal, $expected:literal {
            $($(#[$variant_doc:meta])* $variant:ident = $value:literal $text:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $value,)*
        }

        single! { $name = $code; }

        impl Format<'_> for $name {
            const LEN: Option<usize> = Some(1);

            fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
                match reader.u8($label)? {
                    $($value => Ok(Self::$variant),)*
                    other => Err(reader.wrong_value($label, $expected, other.into())),
                }
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut Vec<u8>) {
                value.push(*self as u8);
            }
        }

        impl Describe for $name {
            fn describe(&self, out: &mut dyn Printer) -> Written {
                out.text(match self {
                    $(Self::$variant => &$text,)*
                })
            }
        }
    };
}

choice! {
    /// Which fields of the header hold options (RFC 2132 §9.3).
    pub enum Overload = OVERLOAD, "fields", "1, 2 or 3" {
        /// `file`.
        File = 1 "file",
        /// `sname`.
        Sname = 2 "sname",
        /// Both; `file` is read first.
        Both = 3 "file and sname",
    }
}

choice! {
    /// How the client resolves NetBIOS names (RFC 2132 §8.7).
    pub enum NetbiosNodeType = NETBIOS_NODE_TYPE, "node type", "1, 2, 4 or 8" {
        /// By broadcasts.
        Broadcast = 1 "B-node",
        /// By name servers.
        PointToPoint = 2 "P-node",
        /// By broadcasts, then by name servers.
        Mixed = 4 "M-node",
        /// By name servers, then by broadcasts.
        Hybrid = 8 "H-node",
    }
}
