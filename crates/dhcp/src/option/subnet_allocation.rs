//! Cisco's allocation of whole subnets: option 220 (RFC 6656).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::{Counted, Describe, Format, List, Nested, OptionError, Printer, Reader, Rest, Text, describe::Written};

/// The allocation of subnets (RFC 6656 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubnetAllocation<'a> {
    /// No flag is defined.
    pub flags: u8,
    /// What is asked for or given.
    pub sub_options: Nested<'a, SubnetSubOption<'a>>,
}

single! { SubnetAllocation<'a> = SUBNET_ALLOCATION; }

impl<'a> Format<'a> for SubnetAllocation<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        Ok(Self { flags: reader.u8("flags")?, sub_options: Nested::read(reader)? })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.push(self.flags);
        self.sub_options.emit(value);
    }
}

impl Describe for SubnetAllocation<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        self.sub_options.describe(out)
    }
}

sub_options! {
    /// A sub-option of option 220.
    pub enum SubnetSubOption in SUBNET_ALLOCATION {
        /// A subnet is wanted.
        1 "subnet-request" Request(SubnetRequest);
        /// Subnets are given, or their use is told.
        2 "subnet-information" Information(SubnetInformation<'a>);
        /// The name under which the server finds a pool.
        3 "subnet-name" Name(Text<'a>);
        /// The lease that the client would like, in seconds.
        4 "suggested-lease-time" SuggestedLeaseTime(u32);
    }
}

record! {
    /// A wanted subnet.
    pub struct SubnetRequest len 2 {
        /// Bit 1 (i): only information is wanted; bit 0 (h): the subnet is for hosts, not for further allocation.
        flags: u8 = "flags",
        /// The length of the prefix; 0 leaves it to the server.
        prefix: u8 = "prefix length",
    }
}

record! {
    /// Given subnets.
    pub struct SubnetInformation<'a> {
        /// Bit 1 (c): from the client; bit 0 (s): the server has more.
        flags: u8 = "flags",
        /// The subnets.
        subnets: List<'a, AllocatedSubnet<'a>> = "subnets",
    }
}

record! {
    /// A given subnet.
    pub struct AllocatedSubnet<'a> {
        /// The network.
        network: Ipv4Addr = "network",
        /// The length of its prefix.
        prefix: u8 = "prefix length",
        /// Bit 1 (h): for hosts; bit 0 (d): to be given back.
        flags: u8 = "flags",
        /// Numbers of two bytes: most addresses ever in use, in use now, unusable, and so on.
        statistics: Counted<Rest<'a>> = "statistics",
    }
}
