//! Cable modems: options 122 (RFC 3495, 3594, 3634) and 177.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::{Addresses, Describe, Format, Name, Nested, OptionError, Printer, Reader, SubOptions, describe::Written};

sub_options! {
    /// A sub-option of option 122.
    pub enum CableLabsSubOption in CABLELABS_CLIENT_CONFIGURATION {
        /// The primary DHCP server of the service provider.
        1 "primary-dhcp-server" PrimaryDhcpServer(Ipv4Addr);
        /// Its stand-in.
        2 "secondary-dhcp-server" SecondaryDhcpServer(Ipv4Addr);
        /// The provisioning server.
        3 "provisioning-server" ProvisioningServer(ProvisioningServer<'a>);
        /// Timers of AS requests.
        4 "as-backoff" AsBackoff(Backoff);
        /// Timers of AP requests.
        5 "ap-backoff" ApBackoff(Backoff);
        /// The Kerberos realm.
        6 "kerberos-realm" KerberosRealm(Name<'a>);
        /// Whether a ticket granting ticket is used.
        7 "ticket-granting-server" TicketGrantingServer(bool);
        /// Minutes until provisioning is given up.
        8 "provisioning-timer" ProvisioningTimer(u8);
        /// Which tickets are invalid (RFC 3594).
        9 "ticket-control" TicketControl(TicketControl);
        /// Key distribution centers (RFC 3634).
        10 "kdc-servers" KdcServers(Addresses<'a>);
    }
}

record! {
    /// Timers of a request (RFC 3495 §5.4).
    pub struct Backoff len 12 {
        /// The first wait, in milliseconds for AS and seconds for AP requests.
        nominal: u32 = "nominal timeout",
        /// The longest wait, in seconds.
        maximum: u32 = "maximum timeout",
        /// How often a request is repeated.
        retries: u32 = "retries",
    }
}

flags! {
    /// Tickets that the client has to throw away (RFC 3594).
    TicketControl(u16) len 2, "ticket control" {
        /// Those of the provisioning server.
        invalidates_provisioning = 1 "provisioning";
        /// Those of all call management servers.
        invalidates_call_management = 2 "call-management";
    }
}

/// The provisioning server (RFC 3495 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProvisioningServer<'a> {
    /// Encoding 0.
    Name(Name<'a>),
    /// Encoding 1.
    Address(Ipv4Addr),
}

impl<'a> Format<'a> for ProvisioningServer<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        match reader.u8("encoding")? {
            0 => {
                let name = reader.rest();
                Name::read_all(&mut reader.over(name)).map(Self::Name)
            }
            1 => reader.address("address").map(Self::Address),
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

impl Describe for ProvisioningServer<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Name(name) => out.text(name),
            Self::Address(address) => out.text(address),
        }
    }
}

/// Typed sub-options of option 122.
pub type CableLabsSubOptions<'a> = Nested<'a, CableLabsSubOption<'a>>;

typed! { CableLabsSubOptions<'a>;
    /// CableLabs client configuration (RFC 3495, 3594, 3634).
    CablelabsClientConfiguration = CABLELABS_CLIENT_CONFIGURATION;
}

typed! { SubOptions<'a>;
    /// PacketCable's encapsulated options, before 122.
    PacketCable = PACKETCABLE;
}
