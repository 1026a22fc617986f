//! The macros that make types of numbers whose values, or whose bits, have names.

use core::fmt;

/// Makes a number of one byte whose values have names. Any value is accepted: registries grow.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident, $label:literal { $($value:literal $text:literal)* })*) => { $(
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

        transparent!($name(u8) len 1 named $label);

        impl $crate::option::Describe for $name {
            fn describe(&self, out: &mut dyn $crate::option::Printer) -> core::fmt::Result {
                match self.name() {
                    Some(name) => out.text(&format_args!("{name} ({})", self.0)),
                    None => out.number(self.0.into(), ""),
                }
            }
        }
    )* };
}

/// Makes a number whose bits have names. Bits without one are kept.
macro_rules! flags {
    ($(
        $(#[$doc:meta])*
        $name:ident($int:ty) len $len:literal, $label:literal {
            $($(#[$bit_doc:meta])* $method:ident = $bit:literal $text:literal;)*
        }
    )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(
            /// The bits on the wire.
            pub $int,
        );

        impl $name {
            $(
                $(#[$bit_doc])*
                #[must_use]
                pub const fn $method(self) -> bool {
                    self.0 & $bit != 0
                }
            )*
        }

        transparent!($name($int) len $len named $label);

        impl $crate::option::Describe for $name {
            fn describe(&self, out: &mut dyn $crate::option::Printer) -> core::fmt::Result {
                let names = &[$(($bit, $text)),*];
                out.text(&$crate::option::named::Bits { bits: self.0.into(), bytes: $len, names })
            }
        }
    )* };
}

/// Bits as a hexadecimal number, with the names of those that are set.
pub(crate) struct Bits {
    pub(crate) bits: u32,
    pub(crate) bytes: usize,
    pub(crate) names: &'static [(u32, &'static str)],
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:0digits$x}", self.bits, digits = 2 * self.bytes)?;
        let set = self.names.iter().filter(|(bit, _)| self.bits & bit != 0);
        set.map(|(_, name)| name).try_for_each(|name| write!(f, " {name}"))
    }
}
