//! Options that hold IP addresses.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{
    describe::{Describe, Printer, Written},
    error::OptionError,
    reader::Reader,
    shape::Format,
};

/// IPv4 addresses, at least one, in the order of preference.
///
/// ```
/// use firstlight_dhcp::option::{Addresses, DnsServers};
///
/// let servers = DnsServers(Addresses::new(&[[192, 168, 77, 1], [9, 9, 9, 9]]));
/// assert_eq!(servers.to_string(), "192.168.77.1, 9.9.9.9");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Addresses<'a>(&'a [[u8; 4]]);

impl<'a> Addresses<'a> {
    /// A list of the addresses' bytes.
    #[must_use]
    pub const fn new(addresses: &'a [[u8; 4]]) -> Self {
        Self(addresses)
    }

    /// The addresses in the order of the option.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Ipv4Addr> + Clone + 'a {
        self.0.iter().copied().map(Ipv4Addr::from)
    }

    /// The address that is preferred.
    #[must_use]
    pub fn first(self) -> Option<Ipv4Addr> {
        self.iter().next()
    }
}

impl<'a> Format<'a> for Addresses<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let before = *reader;
        match reader.rest().as_chunks() {
            (addresses @ [_, ..], []) => Ok(Self(addresses)),
            _ => Err(before.wrong_multiple(4)),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(self.0.as_flattened());
    }
}

impl Describe for Addresses<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_list()?;
        self.iter().try_for_each(|address| out.text(&address))?;
        out.end()
    }
}

/// IPv4 addresses, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaybeAddresses<'a>(pub Addresses<'a>);

impl<'a> Format<'a> for MaybeAddresses<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        if reader.left() == 0 { Ok(Self(Addresses(&[]))) } else { Addresses::read(reader).map(Self) }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        self.0.emit(value);
    }
}

impl Describe for MaybeAddresses<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        self.0.describe(out)
    }
}

/// The mask of a subnet. RFC 950 allows ones and zeros in any order; [`Mask::prefix`] knows those that are a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mask(pub Ipv4Addr);

impl Mask {
    /// The mask with so many leading ones, or `None` above 32.
    #[must_use]
    pub fn of(prefix: u8) -> Option<Self> {
        let zeros = 32u32.checked_sub(prefix.into())?;
        Some(Self(Ipv4Addr::from_bits(u32::MAX.checked_shl(zeros).unwrap_or(0))))
    }

    /// The number of leading ones, if only zeros follow.
    #[must_use]
    pub fn prefix(self) -> Option<u8> {
        let bits = self.0.to_bits();
        let ones = bits.leading_ones();
        if ones == bits.count_ones() { u8::try_from(ones).ok() } else { None }
    }
}

transparent!(Mask(Ipv4Addr) len 4);

impl Describe for Mask {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(self)
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

typed! { Mask;
    /// The mask of the client's subnet (RFC 2132 §3.3).
    SubnetMask = SUBNET_MASK;
}

typed! { MaybeAddresses<'a>;
    /// Mobile IP home agents; the list may be empty (RFC 2132 §8.13).
    HomeAgents = HOME_AGENTS;
}

typed! { Ipv6Addr;
    /// The softwire's IPv6 source address (RFC 8539 §6.2).
    Dhcp4o6SourceAddress = DHCP4O6_SOURCE_ADDRESS;
}

typed! { Ipv4Addr;
    /// The client's swap server (RFC 2132 §3.18).
    SwapServer = SWAP_SERVER;
    /// The broadcast address of the subnet (RFC 2132 §5.3).
    BroadcastAddress = BROADCAST_ADDRESS;
    /// Where the client sends router solicitations (RFC 2132 §5.7).
    RouterSolicitationAddress = ROUTER_SOLICITATION_ADDRESS;
    /// The address that a client asks for (RFC 2132 §9.1).
    RequestedAddress = REQUESTED_ADDRESS;
    /// Which server speaks, or is spoken to (RFC 2132 §9.7).
    ServerIdentifier = SERVER_IDENTIFIER;
    /// Link to pick the subnet from (RFC 3011 §2).
    SubnetSelection = SUBNET_SELECTION;
}

typed! { Addresses<'a>;
    /// Default gateways, the preferred one first (RFC 2132 §3.5).
    Routers = ROUTERS;
    /// RFC 868 time servers (RFC 2132 §3.6).
    TimeServers = TIME_SERVERS;
    /// IEN 116 name servers (RFC 2132 §3.7).
    NameServers = NAME_SERVERS;
    /// Resolvers (RFC 2132 §3.8).
    DnsServers = DNS_SERVERS;
    /// Syslog servers (RFC 2132 §3.9).
    LogServers = LOG_SERVERS;
    /// Quote of the day servers (RFC 2132 §3.10).
    CookieServers = COOKIE_SERVERS;
    /// Line printer servers (RFC 2132 §3.11).
    LprServers = LPR_SERVERS;
    /// Imagen Impress servers (RFC 2132 §3.12).
    ImpressServers = IMPRESS_SERVERS;
    /// RFC 887 resource location servers (RFC 2132 §3.13).
    ResourceLocationServers = RESOURCE_LOCATION_SERVERS;
    /// NIS servers (RFC 2132 §8.2).
    NisServers = NIS_SERVERS;
    /// NTP servers (RFC 2132 §8.3).
    NtpServers = NTP_SERVERS;
    /// NetBIOS name (WINS) servers (RFC 2132 §8.5).
    NetbiosNameServers = NETBIOS_NAME_SERVERS;
    /// NetBIOS datagram distribution servers (RFC 2132 §8.6).
    NetbiosDatagramServers = NETBIOS_DATAGRAM_SERVERS;
    /// X font servers (RFC 2132 §8.9).
    XFontServers = X_FONT_SERVERS;
    /// X display managers (RFC 2132 §8.10).
    XDisplayManagers = X_DISPLAY_MANAGERS;
    /// NIS+ servers (RFC 2132 §8.12).
    NisplusServers = NISPLUS_SERVERS;
    /// SMTP servers (RFC 2132 §8.14).
    SmtpServers = SMTP_SERVERS;
    /// POP3 servers (RFC 2132 §8.15).
    Pop3Servers = POP3_SERVERS;
    /// NNTP servers (RFC 2132 §8.16).
    NntpServers = NNTP_SERVERS;
    /// Default web servers (RFC 2132 §8.17).
    WwwServers = WWW_SERVERS;
    /// Default finger servers (RFC 2132 §8.18).
    FingerServers = FINGER_SERVERS;
    /// Default IRC servers (RFC 2132 §8.19).
    IrcServers = IRC_SERVERS;
    /// StreetTalk servers (RFC 2132 §8.20).
    StreettalkServers = STREETTALK_SERVERS;
    /// StreetTalk directory assistance servers (RFC 2132 §8.21).
    StreettalkDirectoryServers = STREETTALK_DIRECTORY_SERVERS;
    /// NetWare directory servers (RFC 2241 §2).
    NdsServers = NDS_SERVERS;
    /// Broadcast and multicast service controllers by address (RFC 4280 §4.2).
    BcmcsServers = BCMCS_SERVERS;
    /// All addresses of the client in question (RFC 4388 §6.1).
    AssociatedAddresses = ASSOCIATED_ADDRESSES;
    /// NetInfo parent servers (RFC 3679 §3.2.2).
    NetinfoAddress = NETINFO_ADDRESS;
    /// PANA authentication agents (RFC 5192 §3).
    PanaAgents = PANA_AGENTS;
    /// CAPWAP access controllers (RFC 5417 §2).
    CapwapControllers = CAPWAP_CONTROLLERS;
    /// Access network discovery servers (RFC 6153 §2).
    AndsfServers = ANDSF_SERVERS;
    /// DOTS agents by address (RFC 8973 §5.2).
    DotsAddresses = DOTS_ADDRESSES;
    /// TFTP servers of IP phones (RFC 5859 §3).
    TftpServerAddresses = TFTP_SERVER_ADDRESSES;
}
