//! Cisco's allocation of whole subnets: option 220 (RFC 6656).

use core::net::Ipv4Addr;

use super::{Counted, List, Nested, Rest, Text};

record! {
    /// The allocation of subnets (RFC 6656 §3).
    pub struct SubnetAllocation<'a> {
        /// No flag is defined.
        flags: u8 = "flags",
        /// What is asked for or given.
        sub_options: Nested<'a, SubnetSubOption<'a>> = "sub-options",
    }
}

single! { SubnetAllocation<'a> = SUBNET_ALLOCATION; }

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
        /// What it is for.
        flags: SubnetRequestFlags = "flags",
        /// The length of the prefix; 0 leaves it to the server.
        prefix: u8 = "prefix length",
    }
}

record! {
    /// Given subnets.
    pub struct SubnetInformation<'a> {
        /// Who says it.
        flags: SubnetInformationFlags = "flags",
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
        /// What it is for.
        flags: AllocatedSubnetFlags = "flags",
        /// Numbers of two bytes: most addresses ever in use, in use now, unusable, and so on.
        statistics: Counted<Rest<'a>> = "statistics",
    }
}

flags! {
    /// Flags of a wanted subnet.
    SubnetRequestFlags(u8) len 1, "flags" {
        /// h: the subnet is for hosts, not for further allocation.
        is_for_hosts = 1 "hosts";
        /// i: only information is wanted, on the subnets that the client has.
        wants_information = 2 "information";
    }

    /// Flags of a list of subnets.
    SubnetInformationFlags(u8) len 1, "flags" {
        /// s: the server has more.
        has_more = 1 "server";
        /// c: the client says which subnets it has.
        is_from_client = 2 "client";
    }

    /// Flags of a given subnet.
    AllocatedSubnetFlags(u8) len 1, "flags" {
        /// d: the subnet is to be given back.
        is_deprecated = 1 "deprecated";
        /// h: the subnet is for hosts, not for further allocation.
        is_for_hosts = 2 "hosts";
    }
}
