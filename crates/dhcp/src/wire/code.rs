//! Numbers with names: option codes, message types and operations.
//!
//! Each is a newtype over the wire value, so that an unknown number is a value like any other and survives a round
//! trip. Names follow the IANA registry "BOOTP Vendor Extensions and DHCP Options".

use std::fmt;

/// Makes the named constants of a newtype and its `Display` and `Debug`.
macro_rules! names {
    ($type:ident, $unknown:literal, { $($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)* }) => {
        impl $type {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The registered name, or `None` for a number that has none here.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, concat!($unknown, "-{}"), self.0),
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", self.0, self)
            }
        }

        impl From<u8> for $type {
            fn from(value: u8) -> Self {
                Self(value)
            }
        }

        impl From<$type> for u8 {
            fn from(value: $type) -> Self {
                value.0
            }
        }
    };
}

/// The first byte of a message: who speaks (RFC 951, RFC 2131 §2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpCode(pub u8);

names!(OpCode, "op", {
    /// From a client to a server or relay.
    REQUEST = 1, "BOOTREQUEST";
    /// From a server or relay to a client.
    REPLY = 2, "BOOTREPLY";
});

/// The value of option 53.
///
/// ```
/// use firstlight_dhcp::MessageType;
/// assert_eq!(MessageType::DISCOVER.to_string(), "DISCOVER");
/// assert_eq!(MessageType(200).to_string(), "type-200");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(pub u8);

names!(MessageType, "type", {
    /// A client looks for servers.
    DISCOVER = 1, "DISCOVER";
    /// A server proposes an address.
    OFFER = 2, "OFFER";
    /// A client takes an offer, confirms an address or extends a lease.
    REQUEST = 3, "REQUEST";
    /// A client found the address in use.
    DECLINE = 4, "DECLINE";
    /// A server grants.
    ACK = 5, "ACK";
    /// A server refuses.
    NAK = 6, "NAK";
    /// A client gives its address back.
    RELEASE = 7, "RELEASE";
    /// A client that has an address asks for parameters.
    INFORM = 8, "INFORM";
    /// RFC 3203.
    FORCERENEW = 9, "FORCERENEW";
    /// RFC 4388.
    LEASEQUERY = 10, "LEASEQUERY";
    /// RFC 4388.
    LEASEUNASSIGNED = 11, "LEASEUNASSIGNED";
    /// RFC 4388.
    LEASEUNKNOWN = 12, "LEASEUNKNOWN";
    /// RFC 4388.
    LEASEACTIVE = 13, "LEASEACTIVE";
    /// RFC 6926.
    BULKLEASEQUERY = 14, "BULKLEASEQUERY";
    /// RFC 6926.
    LEASEQUERYDONE = 15, "LEASEQUERYDONE";
    /// RFC 7724.
    ACTIVELEASEQUERY = 16, "ACTIVELEASEQUERY";
    /// RFC 7724.
    LEASEQUERYSTATUS = 17, "LEASEQUERYSTATUS";
    /// RFC 7724.
    TLS = 18, "TLS";
});

/// The code of an option.
///
/// ```
/// use firstlight_dhcp::OptionCode;
/// assert_eq!(OptionCode::ROUTERS.to_string(), "routers");
/// assert_eq!(OptionCode(224).to_string(), "option-224");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionCode(pub u8);

names!(OptionCode, "option", {
    /// Filler without a length.
    PAD = 0, "pad";
    /// The mask of the client's subnet.
    SUBNET_MASK = 1, "subnet-mask";
    /// Offset from UTC in seconds.
    TIME_OFFSET = 2, "time-offset";
    /// Default gateways.
    ROUTERS = 3, "routers";
    /// RFC 868 time servers.
    TIME_SERVERS = 4, "time-servers";
    /// Resolvers.
    DNS_SERVERS = 6, "dns-servers";
    /// Syslog servers.
    LOG_SERVERS = 7, "log-servers";
    /// The client's name.
    HOST_NAME = 12, "host-name";
    /// Size of the boot file in blocks of 512 bytes.
    BOOT_FILE_SIZE = 13, "boot-file-size";
    /// The client's domain.
    DOMAIN_NAME = 15, "domain-name";
    /// Path of the root disk.
    ROOT_PATH = 17, "root-path";
    /// MTU of the interface.
    INTERFACE_MTU = 26, "interface-mtu";
    /// The broadcast address of the subnet.
    BROADCAST_ADDRESS = 28, "broadcast-address";
    /// Static routes by class; superseded by 121.
    STATIC_ROUTES = 33, "static-routes";
    /// NTP servers.
    NTP_SERVERS = 42, "ntp-servers";
    /// Vendor-specific data; PXE sub-options for netboot clients.
    VENDOR_SPECIFIC = 43, "vendor-specific";
    /// The address that a client asks for.
    REQUESTED_ADDRESS = 50, "requested-address";
    /// Seconds of the lease.
    LEASE_TIME = 51, "lease-time";
    /// `file` or `sname` hold options.
    OVERLOAD = 52, "overload";
    /// What the message is.
    MESSAGE_TYPE = 53, "message-type";
    /// Which server speaks, or is spoken to.
    SERVER_IDENTIFIER = 54, "server-identifier";
    /// The options that a client would like.
    PARAMETER_REQUEST_LIST = 55, "parameter-request-list";
    /// Text for a human.
    MESSAGE = 56, "message";
    /// The largest message that the sender takes.
    MAX_MESSAGE_SIZE = 57, "max-message-size";
    /// T1.
    RENEWAL_TIME = 58, "renewal-time";
    /// T2.
    REBINDING_TIME = 59, "rebinding-time";
    /// Vendor class, such as `PXEClient`.
    VENDOR_CLASS = 60, "vendor-class";
    /// The name that a client gives itself.
    CLIENT_IDENTIFIER = 61, "client-identifier";
    /// TFTP server name.
    TFTP_SERVER_NAME = 66, "tftp-server-name";
    /// Boot file name.
    BOOT_FILE_NAME = 67, "boot-file-name";
    /// User class, such as `iPXE`.
    USER_CLASS = 77, "user-class";
    /// Rapid commit (RFC 4039).
    RAPID_COMMIT = 80, "rapid-commit";
    /// Fully qualified domain name (RFC 4702).
    CLIENT_FQDN = 81, "client-fqdn";
    /// Relay agent information (RFC 3046).
    RELAY_AGENT_INFORMATION = 82, "relay-agent-information";
    /// Architecture of the client (RFC 4578).
    CLIENT_ARCHITECTURE = 93, "client-architecture";
    /// Network device interface version (RFC 4578).
    CLIENT_NDI = 94, "client-ndi";
    /// UUID of the machine (RFC 4578).
    CLIENT_UUID = 97, "client-uuid";
    /// IPv6-only preferred (RFC 8925).
    IPV6_ONLY_PREFERRED = 108, "ipv6-only-preferred";
    /// Link to pick the subnet from (RFC 3011).
    SUBNET_SELECTION = 118, "subnet-selection";
    /// Domain search list (RFC 3397).
    DOMAIN_SEARCH = 119, "domain-search";
    /// Routes with a prefix length (RFC 3442).
    CLASSLESS_ROUTES = 121, "classless-routes";
    /// Vendor-identifying class (RFC 3925).
    VENDOR_IDENTIFYING_CLASS = 124, "vendor-identifying-class";
    /// Vendor-identifying data (RFC 3925).
    VENDOR_IDENTIFYING_DATA = 125, "vendor-identifying-data";
    /// iPXE's encapsulated options (Etherboot).
    IPXE = 175, "ipxe";
    /// PXELINUX magic (RFC 5071).
    PXELINUX_MAGIC = 208, "pxelinux-magic";
    /// Configuration file (RFC 5071).
    PXELINUX_CONFIG_FILE = 209, "pxelinux-config-file";
    /// Path prefix (RFC 5071).
    PXELINUX_PATH_PREFIX = 210, "pxelinux-path-prefix";
    /// Reboot time (RFC 5071).
    PXELINUX_REBOOT_TIME = 211, "pxelinux-reboot-time";
    /// Last of the options.
    END = 255, "end";
});
