//! Options that hold routes.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::{fmt, net::Ipv4Addr};

use super::{
    describe::{Describe, Printer, Written},
    error::OptionError,
    list::List,
    reader::Reader,
    shape::Format,
};

record! {
    /// Next hops that a source route may name.
    pub struct Filter len 8 {
        /// The next hop's address.
        address: Ipv4Addr = "address",
        /// Which of its bits count.
        mask: Ipv4Addr = "mask",
    }
}

record! {
    /// A route to the network that the destination's class makes of it.
    pub struct StaticRoute len 8 {
        /// The destination; 0.0.0.0 is not allowed, and not checked.
        destination: Ipv4Addr = "destination",
        /// The next hop.
        router: Ipv4Addr = "router",
    }
}

/// A route with a prefix length.
///
/// On the wire the destination has only as many bytes as the prefix needs. Bits behind the prefix are zero in a value
/// that is sent; in one that is received they are cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClasslessRoute {
    /// The network.
    pub destination: Ipv4Addr,
    /// How many of its bits count, at most 32.
    pub prefix: u8,
    /// The next hop; 0.0.0.0 is the link itself.
    pub router: Ipv4Addr,
}

impl Format<'_> for ClasslessRoute {
    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        let prefix = reader.u8("prefix length")?;
        let Some(mask) = super::Mask::of(prefix) else {
            return Err(reader.wrong_value("prefix length", "at most 32", prefix.into()));
        };
        let significant = reader.take("destination", significant(prefix))?;
        let mut destination = [0; 4];
        for (to, from) in destination.iter_mut().zip(significant) {
            *to = *from;
        }
        let destination = Ipv4Addr::from(destination) & mask.0;
        Ok(Self { destination, prefix, router: reader.address("router")? })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        let prefix = self.prefix.min(32);
        value.push(prefix);
        value.extend(self.destination.octets().into_iter().take(significant(prefix)));
        value.extend_from_slice(&self.router.octets());
    }
}

const fn significant(prefix: u8) -> usize {
    prefix.div_ceil(8) as usize
}

impl fmt::Display for ClasslessRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} via {}", self.destination, self.prefix, self.router)
    }
}

impl Describe for ClasslessRoute {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(self)
    }
}

/// Pairs of an address and a mask.
pub type Filters<'a> = List<'a, Filter>;
/// Routes by class.
pub type Routes<'a> = List<'a, StaticRoute>;
/// Routes with a prefix length.
pub type PrefixRoutes<'a> = List<'a, ClasslessRoute>;

typed! { Filters<'a>;
    /// Next hops that source routes may take (RFC 2132 §4.3).
    PolicyFilter = POLICY_FILTER;
}

typed! { Routes<'a>;
    /// Static routes by class; superseded by 121 (RFC 2132 §5.8).
    StaticRoutes = STATIC_ROUTES;
}

typed! { PrefixRoutes<'a>;
    /// Routes with a prefix length (RFC 3442).
    ClasslessRoutes = CLASSLESS_ROUTES;
    /// Microsoft's code for 121 (RFC 3442).
    MsClasslessRoutes = MS_CLASSLESS_ROUTES;
}
