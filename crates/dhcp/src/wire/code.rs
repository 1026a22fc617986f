//! Numbers with names: message types and operations.
//!
//! Each is a newtype over the wire value, so that an unknown number is a value like any other and survives a round
//! trip. Names follow the IANA registry "BOOTP Vendor Extensions and DHCP Options".

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

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, concat!($unknown, "-{}"), self.0),
                }
            }
        }

        impl core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
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

pub(crate) use names;

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
