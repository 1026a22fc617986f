//! Answers of lease queries that are more than a number: options 151, 156 and 157 (RFC 6926).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use super::{Describe, Format, MaybeText, OptionError, Printer, Reader, describe::Written};

/// Makes a number of one byte whose values have names.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $label:literal, $($value:literal $text:literal)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(
            /// The number on the wire.
            pub u8,
        );

        impl $name {
            /// The registered name.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }

        impl Format<'_> for $name {
            const LEN: Option<usize> = Some(1);

            fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
                reader.u8($label).map(Self)
            }

            #[cfg(feature = "alloc")]
            fn emit(&self, value: &mut Vec<u8>) {
                value.push(self.0);
            }
        }

        impl Describe for $name {
            fn describe(&self, out: &mut dyn Printer) -> Written {
                match self.name() {
                    Some(name) => out.text(&format_args!("{name} ({})", self.0)),
                    None => out.number(self.0.into(), ""),
                }
            }
        }
    };
}

named! {
    /// What became of a query (RFC 6926 §6.2.2, RFC 7724 §5.2.3).
    QueryStatus, "status",
    0 "success"
    1 "unspecified failure"
    2 "query terminated"
    3 "malformed query"
    4 "not allowed"
    5 "data missing"
    6 "connection active"
    7 "catch-up complete"
    8 "TLS connection refused"
}

record! {
    /// The outcome of a bulk lease query (RFC 6926 §6.2.2).
    pub struct StatusCode<'a> {
        /// The outcome.
        status: QueryStatus = "status",
        /// Text for a human, which may be empty.
        message: MaybeText<'a> = "message",
    }
}

named! {
    /// The state of the lease (RFC 6926 §6.2.7).
    DhcpState, "state",
    1 "available"
    2 "active"
    3 "expired"
    4 "released"
    5 "abandoned"
    6 "reset"
    7 "remote"
    8 "transitioning"
}

/// Where the server has its knowledge from (RFC 6926 §6.2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataSource(
    /// The flags on the wire.
    pub u8,
);

impl DataSource {
    /// Another server told it.
    #[must_use]
    pub const fn is_remote(self) -> bool {
        self.0 & 1 != 0
    }
}

impl Format<'_> for DataSource {
    const LEN: Option<usize> = Some(1);

    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        reader.u8("flags").map(Self)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.push(self.0);
    }
}

impl Describe for DataSource {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        let source: &dyn fmt::Display = if self.is_remote() { &"remote" } else { &"local" };
        out.text(source)
    }
}

single! {
    StatusCode<'a> = STATUS_CODE;
    DhcpState = DHCP_STATE;
    DataSource = DATA_SOURCE;
}
