//! Servers of services that need more than a list of addresses: options 63, 78, 79, 120, 139, 140, 143, 158.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{
    Addresses, Describe, Format, List, MaybeText, NameOrAddress, Names, Nested, OptionError, Present, Printer, Reader,
    Text, describe::Written,
};

record! {
    /// SLP directory agents (RFC 2610 §3).
    pub struct SlpDirectoryAgents<'a> {
        /// Whether only these agents may be used.
        mandatory: bool = "mandatory",
        /// The agents.
        agents: Addresses<'a> = "agents",
    }
}

record! {
    /// SLP scopes (RFC 2610 §4).
    pub struct SlpServiceScope<'a> {
        /// Whether only these scopes may be used.
        mandatory: bool = "mandatory",
        /// Scopes with commas between them; may be empty.
        scopes: MaybeText<'a> = "scopes",
    }
}

/// SIP servers, all by name or all by address.
pub type SipServerList<'a> = NameOrAddress<Names<'a>, Addresses<'a>>;

typed! { SipServerList<'a>;
    /// SIP servers (RFC 3361).
    SipServers = SIP_SERVERS;
}

sub_options! {
    /// A sub-option of option 139: mobility servers by address (RFC 5678 §2).
    pub enum MosAddress in MOS_ADDRESSES {
        /// Information service.
        1 "information-service" Information(Addresses<'a>);
        /// Command service.
        2 "command-service" Command(Addresses<'a>);
        /// Event service.
        3 "event-service" Event(Addresses<'a>);
    }
}

sub_options! {
    /// A sub-option of option 140: mobility servers by name (RFC 5678 §3).
    pub enum MosDomain in MOS_DOMAINS {
        /// Information service.
        1 "information-service" Information(Names<'a>);
        /// Command service.
        2 "command-service" Command(Names<'a>);
        /// Event service.
        3 "event-service" Event(Names<'a>);
    }
}

sub_options! {
    /// A sub-option of option 63: NetWare/IP (RFC 2242 §3).
    pub enum NetwareIpSubOption in NETWARE_IP_INFORMATION {
        /// The responding server knows nothing about NetWare/IP.
        1 "does-not-exist" DoesNotExist(Present);
        /// All is in this option.
        2 "in-options" InOptions(Present);
        /// All is in `sname` and `file`.
        3 "in-sname-and-file" InSnameAndFile(Present);
        /// It does not fit.
        4 "too-big" TooBig(Present);
        /// Whether the client asks for the nearest server by broadcast.
        5 "nsq-broadcast" NsqBroadcast(bool);
        /// Preferred domain SAP servers.
        6 "preferred-dss" PreferredDss(Addresses<'a>);
        /// Nearest servers.
        7 "nearest-servers" NearestServers(Addresses<'a>);
        /// How often a server is asked.
        8 "autoretries" Autoretries(u8);
        /// Seconds between tries.
        9 "autoretry-seconds" AutoretrySeconds(u8);
        /// Whether NetWare/IP 1.1 is supported.
        10 "nwip-1.1" Nwip11(bool);
        /// The primary domain SAP server.
        11 "primary-dss" PrimaryDss(core::net::Ipv4Addr);
    }
}

/// Mobility servers by address.
pub type MosAddressList<'a> = Nested<'a, MosAddress<'a>>;
/// Mobility servers by name.
pub type MosDomainList<'a> = Nested<'a, MosDomain<'a>>;
/// NetWare/IP sub-options.
pub type NetwareIpSubOptions<'a> = Nested<'a, NetwareIpSubOption<'a>>;

typed! { MosAddressList<'a>;
    /// IEEE 802.21 mobility servers by address (RFC 5678 §2).
    MosAddresses = MOS_ADDRESSES;
}

typed! { MosDomainList<'a>;
    /// IEEE 802.21 mobility servers by name (RFC 5678 §3).
    MosDomains = MOS_DOMAINS;
}

typed! { NetwareIpSubOptions<'a>;
    /// NetWare/IP sub-options (RFC 2242 §3).
    NetwareIpInformation = NETWARE_IP_INFORMATION;
}

/// A URI with its length before it, in two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uri<'a>(pub Text<'a>);

/// URIs, at least one.
pub type Uris<'a> = List<'a, Uri<'a>>;

impl<'a> Format<'a> for Uri<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let len = reader.u16("URI length")?;
        let uri = reader.take("URI", len.into())?;
        Text::read(&mut reader.over(uri)).map(Self)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        let uri = self.0.as_bytes();
        let len = u16::try_from(uri.len()).unwrap_or(u16::MAX);
        len.emit(value);
        value.extend(uri.iter().take(len.into()));
    }
}

impl Describe for Uri<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        self.0.describe(out)
    }
}

typed! { Uris<'a>;
    /// URIs of bootstrap servers for zero-touch provisioning (RFC 8572 §8.1).
    SztpRedirect = SZTP_REDIRECT;
}

/// The addresses of one PCP server, with their length before them (RFC 7291 §4).
pub type PcpServer<'a> = super::Counted<Addresses<'a>>;
/// PCP servers, at least one.
pub type PcpServerList<'a> = List<'a, PcpServer<'a>>;

typed! { PcpServerList<'a>;
    /// Port control protocol servers, a list of addresses each (RFC 7291 §4).
    PcpServers = PCP_SERVERS;
}

single! {
    SlpDirectoryAgents<'a> = SLP_DIRECTORY_AGENTS;
    SlpServiceScope<'a> = SLP_SERVICE_SCOPE;
}
