//! Cable modems: options 122 (RFC 3495, 3594, 3634) and 177.

use core::net::Ipv4Addr;

use super::{Addresses, Name, NameOrAddress, Nested, SubOptions};

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
pub type ProvisioningServer<'a> = NameOrAddress<Name<'a>, Ipv4Addr>;

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
