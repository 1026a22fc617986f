//! Sharing IPv4 and moving to IPv6: options 159 and 212.

use core::net::Ipv6Addr;

use super::{Addresses, OptionError, Reader};

record! {
    /// The ports of a shared address (RFC 7618 §9).
    pub struct PortParameters len 4 check check {
        /// How many bits of a port are left of the PSID, at most 15.
        offset: u8 = "offset",
        /// How many bits the PSID has, at most 16.
        psid_len: u8 = "PSID length",
        /// The port set, in the leftmost bits.
        psid: u16 = "PSID",
    }
}

impl PortParameters {
    fn check(&self, reader: &Reader<'_>) -> Result<(), OptionError> {
        if self.offset > 15 {
            return Err(reader.wrong_value("offset", "at most 15", self.offset.into()));
        }
        if self.psid_len > 16 {
            return Err(reader.wrong_value("PSID length", "at most 16", self.psid_len.into()));
        }
        Ok(())
    }
}

record! {
    /// IPv6 rapid deployment (RFC 5969 §7.1.1).
    pub struct SixRd<'a> check check {
        /// How many bits all IPv4 addresses of the domain share, at most 32.
        ipv4_mask_len: u8 = "IPv4 mask length",
        /// How many bits of the prefix count.
        prefix_len: u8 = "6rd prefix length",
        /// The prefix.
        prefix: Ipv6Addr = "6rd prefix",
        /// Border relays.
        relays: Addresses<'a> = "border relays",
    }
}

impl SixRd<'_> {
    /// RFC 5969 §7.1.1: the prefix and what is left of an IPv4 address fit into 128 bits.
    fn check(&self, reader: &Reader<'_>) -> Result<(), OptionError> {
        if self.ipv4_mask_len > 32 {
            return Err(reader.wrong_value("IPv4 mask length", "at most 32", self.ipv4_mask_len.into()));
        }
        if u32::from(self.prefix_len) + 32 - u32::from(self.ipv4_mask_len) > 128 {
            return Err(reader.wrong_value(
                "6rd prefix length",
                "no more than IPv6 has room for",
                self.prefix_len.into(),
            ));
        }
        Ok(())
    }
}

single! {
    PortParameters = PORT_PARAMETERS;
    SixRd<'a> = SIX_RD;
}
