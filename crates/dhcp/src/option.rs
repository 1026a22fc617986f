//! What options mean: a type for each option of the IANA registry, read in place and written back byte for byte.
//!
//! A type is a view over the option's bytes or a small value. Parsing checks the format and nothing else, allocates
//! nothing, and a value that parsed is emitted as it came. Sub-options are checked one by one when they are read, so that
//! a malformed one spoils only itself. Nothing here joins the pieces of a split option: that is for the message.
//!
//! # What is tolerated
//!
//! * Text that ends in NULs (RFC 2132 §2): [`Text`] shows it without them.
//! * A name as text in option 81 (E = 0): [`FqdnName::Ascii`].
//! * Several architectures in option 93, and none that is known: [`Architectures`].
//! * A type other than 0 in option 97: [`ClientUuid::Other`].
//! * Option 77 without lengths: [`UserClass::Raw`].
//! * Option 61 of type 255 without the form of RFC 4361: [`ClientIdentifier::Opaque`].
//! * An end (255) behind the sub-options of 175, as dnsmasq sends it.
//! * Option 43 that is not made of sub-options: [`VendorSpecific`].
//! * Bits behind the prefix in option 121: they are cleared.
//!
//! # The options
//!
//! What is not in this table has no registered format and stays [`OptionValue::Raw`].
//!
//! | option | name | type | RFC |
//! |---|---|---|---|
//! | 1 | subnet-mask | [`SubnetMask`] | 2132 §3.3 |
//! | 2 | time-offset | [`TimeOffset`] | 2132 §3.4 |
//! | 3 | routers | [`Routers`] | 2132 §3.5 |
//! | 4 | time-servers | [`TimeServers`] | 2132 §3.6 |
//! | 5 | name-servers | [`NameServers`] | 2132 §3.7 |
//! | 6 | dns-servers | [`DnsServers`] | 2132 §3.8 |
//! | 7 | log-servers | [`LogServers`] | 2132 §3.9 |
//! | 8 | cookie-servers | [`CookieServers`] | 2132 §3.10 |
//! | 9 | lpr-servers | [`LprServers`] | 2132 §3.11 |
//! | 10 | impress-servers | [`ImpressServers`] | 2132 §3.12 |
//! | 11 | resource-location-servers | [`ResourceLocationServers`] | 2132 §3.13 |
//! | 12 | host-name | [`HostName`] | 2132 §3.14 |
//! | 13 | boot-file-size | [`BootFileSize`] | 2132 §3.15 |
//! | 14 | merit-dump-file | [`MeritDumpFile`] | 2132 §3.16 |
//! | 15 | domain-name | [`DomainName`] | 2132 §3.17 |
//! | 16 | swap-server | [`SwapServer`] | 2132 §3.18 |
//! | 17 | root-path | [`RootPath`] | 2132 §3.19 |
//! | 18 | extensions-path | [`ExtensionsPath`] | 2132 §3.20 |
//! | 19 | ip-forwarding | [`IpForwarding`] | 2132 §4.1 |
//! | 20 | non-local-source-routing | [`NonLocalSourceRouting`] | 2132 §4.2 |
//! | 21 | policy-filter | [`PolicyFilter`] | 2132 §4.3 |
//! | 22 | max-datagram-reassembly | [`MaxDatagramReassembly`] | 2132 §4.4 |
//! | 23 | default-ip-ttl | [`DefaultIpTtl`] | 2132 §4.5 |
//! | 24 | path-mtu-aging-timeout | [`PathMtuAgingTimeout`] | 2132 §4.6 |
//! | 25 | path-mtu-plateau-table | [`PathMtuPlateauTable`] | 2132 §4.7 |
//! | 26 | interface-mtu | [`InterfaceMtu`] | 2132 §5.1 |
//! | 27 | all-subnets-local | [`AllSubnetsLocal`] | 2132 §5.2 |
//! | 28 | broadcast-address | [`BroadcastAddress`] | 2132 §5.3 |
//! | 29 | perform-mask-discovery | [`PerformMaskDiscovery`] | 2132 §5.4 |
//! | 30 | mask-supplier | [`MaskSupplier`] | 2132 §5.5 |
//! | 31 | perform-router-discovery | [`PerformRouterDiscovery`] | 2132 §5.6 |
//! | 32 | router-solicitation-address | [`RouterSolicitationAddress`] | 2132 §5.7 |
//! | 33 | static-routes | [`StaticRoutes`] | 2132 §5.8 |
//! | 34 | trailer-encapsulation | [`TrailerEncapsulation`] | 2132 §6.1 |
//! | 35 | arp-cache-timeout | [`ArpCacheTimeout`] | 2132 §6.2 |
//! | 36 | ethernet-encapsulation | [`EthernetEncapsulation`] | 2132 §6.3 |
//! | 37 | default-tcp-ttl | [`DefaultTcpTtl`] | 2132 §7.1 |
//! | 38 | tcp-keepalive-interval | [`TcpKeepaliveInterval`] | 2132 §7.2 |
//! | 39 | tcp-keepalive-garbage | [`TcpKeepaliveGarbage`] | 2132 §7.3 |
//! | 40 | nis-domain | [`NisDomain`] | 2132 §8.1 |
//! | 41 | nis-servers | [`NisServers`] | 2132 §8.2 |
//! | 42 | ntp-servers | [`NtpServers`] | 2132 §8.3 |
//! | 43 | vendor-specific | [`VendorSpecific`] | 2132 §8.4 |
//! | 44 | netbios-name-servers | [`NetbiosNameServers`] | 2132 §8.5 |
//! | 45 | netbios-datagram-servers | [`NetbiosDatagramServers`] | 2132 §8.6 |
//! | 46 | netbios-node-type | [`NetbiosNodeType`] | 2132 §8.7 |
//! | 47 | netbios-scope | [`NetbiosScope`] | 2132 §8.8 |
//! | 48 | x-font-servers | [`XFontServers`] | 2132 §8.9 |
//! | 49 | x-display-managers | [`XDisplayManagers`] | 2132 §8.10 |
//! | 50 | requested-address | [`RequestedAddress`] | 2132 §9.1 |
//! | 51 | lease-time | [`LeaseTime`] | 2132 §9.2 |
//! | 52 | overload | [`Overload`] | 2132 §9.3 |
//! | 53 | message-type | [`MessageType`](crate::MessageType) | 2132 §9.6 |
//! | 54 | server-identifier | [`ServerIdentifier`] | 2132 §9.7 |
//! | 55 | parameter-request-list | [`ParameterRequestList`] | 2132 §9.8 |
//! | 56 | message | [`Message`] | 2132 §9.9 |
//! | 57 | max-message-size | [`MaxMessageSize`] | 2132 §9.10 |
//! | 58 | renewal-time | [`RenewalTime`] | 2132 §9.11 |
//! | 59 | rebinding-time | [`RebindingTime`] | 2132 §9.12 |
//! | 60 | vendor-class | [`VendorClass`] | 2132 §9.13 |
//! | 61 | client-identifier | [`ClientIdentifier`] | 2132 §9.14, 4361 |
//! | 62 | netware-ip-domain | [`NetwareIpDomain`] | 2242 §2 |
//! | 63 | netware-ip-information | [`NetwareIpInformation`] | 2242 §3 |
//! | 64 | nisplus-domain | [`NisplusDomain`] | 2132 §8.11 |
//! | 65 | nisplus-servers | [`NisplusServers`] | 2132 §8.12 |
//! | 66 | tftp-server-name | [`TftpServerName`] | 2132 §9.4 |
//! | 67 | boot-file-name | [`BootFileName`] | 2132 §9.5 |
//! | 68 | home-agents | [`HomeAgents`] | 2132 §8.13 |
//! | 69 | smtp-servers | [`SmtpServers`] | 2132 §8.14 |
//! | 70 | pop3-servers | [`Pop3Servers`] | 2132 §8.15 |
//! | 71 | nntp-servers | [`NntpServers`] | 2132 §8.16 |
//! | 72 | www-servers | [`WwwServers`] | 2132 §8.17 |
//! | 73 | finger-servers | [`FingerServers`] | 2132 §8.18 |
//! | 74 | irc-servers | [`IrcServers`] | 2132 §8.19 |
//! | 75 | streettalk-servers | [`StreettalkServers`] | 2132 §8.20 |
//! | 76 | streettalk-directory-servers | [`StreettalkDirectoryServers`] | 2132 §8.21 |
//! | 77 | user-class | [`UserClass`] | 3004 §4 |
//! | 78 | slp-directory-agents | [`SlpDirectoryAgents`] | 2610 §3 |
//! | 79 | slp-service-scope | [`SlpServiceScope`] | 2610 §4 |
//! | 80 | rapid-commit | [`RapidCommit`] | 4039 §4 |
//! | 81 | client-fqdn | [`ClientFqdn`] | 4702 §2 |
//! | 82 | relay-agent-information | [`RelayAgentInformation`] | 3046 §2 |
//! | 83 | isns | [`Isns`] | 4174 §2 |
//! | 85 | nds-servers | [`NdsServers`] | 2241 §2 |
//! | 86 | nds-tree-name | [`NdsTreeName`] | 2241 §3 |
//! | 87 | nds-context | [`NdsContext`] | 2241 §4 |
//! | 88 | bcmcs-domains | [`BcmcsDomains`] | 4280 §4.1 |
//! | 89 | bcmcs-servers | [`BcmcsServers`] | 4280 §4.2 |
//! | 90 | authentication | [`Authentication`] | 3118 §2 |
//! | 91 | client-last-transaction-time | [`ClientLastTransactionTime`] | 4388 §6.1 |
//! | 92 | associated-addresses | [`AssociatedAddresses`] | 4388 §6.1 |
//! | 93 | client-architecture | [`ClientArchitecture`] | 4578 §2.1, 5970 |
//! | 94 | client-ndi | [`ClientNdi`] | 4578 §2.2 |
//! | 95 | ldap | [`Ldap`] | 3679 §3.2.1 |
//! | 97 | client-uuid | [`ClientUuid`] | 4578 §2.3 |
//! | 98 | user-authentication | [`UserAuthentication`] | 2485 |
//! | 99 | geoconf-civic | [`GeoconfCivic`] | 4776 §3.1 |
//! | 100 | time-zone-posix | [`TimeZonePosix`] | 4833 §2 |
//! | 101 | time-zone-name | [`TimeZoneName`] | 4833 §3 |
//! | 108 | ipv6-only-preferred | [`Ipv6OnlyPreferred`] | 8925 §3.1 |
//! | 109 | dhcp4o6-source-address | [`Dhcp4o6SourceAddress`] | 8539 §6.2 |
//! | 112 | netinfo-address | [`NetinfoAddress`] | 3679 §3.2.2 |
//! | 113 | netinfo-tag | [`NetinfoTag`] | 3679 §3.2.2 |
//! | 114 | captive-portal | [`CaptivePortal`] | 8910 §2.1 |
//! | 116 | auto-configure | [`AutoConfigure`] | 2563 §2 |
//! | 117 | name-service-search | [`NameServiceSearch`] | 2937 |
//! | 118 | subnet-selection | [`SubnetSelection`] | 3011 §2 |
//! | 119 | domain-search | [`DomainSearch`] | 3397 §2 |
//! | 120 | sip-servers | [`SipServers`] | 3361 |
//! | 121 | classless-routes | [`ClasslessRoutes`] | 3442 |
//! | 122 | cablelabs-client-configuration | [`CablelabsClientConfiguration`] | 3495, 3594, 3634 |
//! | 123 | geoconf | [`Geoconf`] | 6225 §2.2.1 |
//! | 124 | vendor-identifying-class | [`VendorIdentifyingClass`] | 3925 §3 |
//! | 125 | vendor-identifying-data | [`VendorIdentifyingData`] | 3925 §4 |
//! | 128 | pxe-128 | [`Pxe128`] | 4578 §2.4 |
//! | 129 | pxe-129 | [`Pxe129`] | 4578 §2.4 |
//! | 130 | pxe-130 | [`Pxe130`] | 4578 §2.4 |
//! | 131 | pxe-131 | [`Pxe131`] | 4578 §2.4 |
//! | 132 | pxe-132 | [`Pxe132`] | 4578 §2.4 |
//! | 133 | pxe-133 | [`Pxe133`] | 4578 §2.4 |
//! | 134 | pxe-134 | [`Pxe134`] | 4578 §2.4 |
//! | 135 | pxe-135 | [`Pxe135`] | 4578 §2.4 |
//! | 136 | pana-agents | [`PanaAgents`] | 5192 §3 |
//! | 137 | lost-server | [`LostServer`] | 5223 §3 |
//! | 138 | capwap-controllers | [`CapwapControllers`] | 5417 §2 |
//! | 139 | mos-addresses | [`MosAddresses`] | 5678 §2 |
//! | 140 | mos-domains | [`MosDomains`] | 5678 §3 |
//! | 141 | sip-ua-domains | [`SipUaDomains`] | 6011 §5 |
//! | 142 | andsf-servers | [`AndsfServers`] | 6153 §2 |
//! | 143 | sztp-redirect | [`SztpRedirect`] | 8572 §8.1 |
//! | 144 | geoloc | [`Geoloc`] | 6225 §2.2.2 |
//! | 145 | forcerenew-nonce-capable | [`ForcerenewNonceCapable`] | 6704 §3.1.1 |
//! | 146 | rdnss-selection | [`RdnssSelection`] | 6731 §4.3 |
//! | 147 | dots-agent | [`DotsAgent`] | 8973 §5.1 |
//! | 148 | dots-addresses | [`DotsAddresses`] | 8973 §5.2 |
//! | 150 | tftp-server-addresses | [`TftpServerAddresses`] | 5859 §3 |
//! | 151 | status-code | [`StatusCode`] | 6926 §6.2.2 |
//! | 152 | base-time | [`BaseTime`] | 6926 §6.2.3 |
//! | 153 | start-time-of-state | [`StartTimeOfState`] | 6926 §6.2.4 |
//! | 154 | query-start-time | [`QueryStartTime`] | 6926 §6.2.5 |
//! | 155 | query-end-time | [`QueryEndTime`] | 6926 §6.2.6 |
//! | 156 | dhcp-state | [`DhcpState`] | 6926 §6.2.7 |
//! | 157 | data-source | [`DataSource`] | 6926 §6.2.8 |
//! | 158 | pcp-servers | [`PcpServers`] | 7291 §4 |
//! | 159 | port-parameters | [`PortParameters`] | 7618 §9 |
//! | 161 | mud-url | [`MudUrl`] | 8520 §10 |
//! | 162 | encrypted-dns | [`EncryptedDns`] | 9463 §5.1 |
//! | 175 | ipxe | [`Ipxe`] | iPXE |
//! | 177 | packetcable | [`PacketCable`] | PacketCable |
//! | 208 | pxelinux-magic | [`PxelinuxMagic`] | 5071 §3 |
//! | 209 | pxelinux-config-file | [`PxelinuxConfigFile`] | 5071 §4 |
//! | 210 | pxelinux-path-prefix | [`PxelinuxPathPrefix`] | 5071 §5 |
//! | 211 | pxelinux-reboot-time | [`PxelinuxRebootTime`] | 5071 §6 |
//! | 212 | 6rd | [`SixRd`] | 5969 §7.1.1 |
//! | 213 | access-domain | [`AccessDomain`] | 5986 §3.1 |
//! | 220 | subnet-allocation | [`SubnetAllocation`] | 6656 §3 |
//! | 221 | virtual-subnet-selection | [`VirtualSubnetSelection`] | 6607 §3 |
//! | 249 | ms-classless-routes | [`MsClasslessRoutes`] | 3442 |
//! | 252 | wpad | [`Wpad`] | draft-ietf-wrec-wpad-01 |

#[macro_use]
mod shape;
#[macro_use]
mod named;
#[macro_use]
mod nested;

mod address;
mod auth;
mod cablelabs;
mod client_id;
mod collection;
mod describe;
mod dns;
mod error;
mod fqdn;
mod ipxe;
mod isns;
mod lease_query;
mod list;
mod location;
mod message;
mod name;
mod pxe;
mod pxe_vendor;
mod radius;
mod reader;
mod relay;
mod route;
mod scalar;
mod service;
mod service_parameter;
mod subnet_allocation;
mod tagged;
mod text;
mod transition;
mod value;
mod vendor;
mod vpn;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::OptionCode;

pub use address::*;
pub use auth::*;
pub use cablelabs::*;
pub use client_id::*;
pub use collection::*;
pub use describe::{Describe, Printer, Written};
pub use dns::*;
pub use error::{Expected, OptionError, OptionErrorKind};
pub use fqdn::*;
pub use ipxe::*;
pub use isns::*;
pub use lease_query::*;
pub use list::{Elements, List, MaybeList};
pub use location::*;
pub use message::{NetbiosNodeType, Overload};
pub use name::*;
pub use nested::{Nested, SubOption, SubOptionSet, SubOptions};
pub use pxe::*;
pub use pxe_vendor::*;
pub use radius::*;
pub use reader::Reader;
pub use relay::*;
pub use route::*;
pub use scalar::*;
pub use service::*;
pub use service_parameter::*;
pub use shape::{Bytes, Counted, Format, Rest};
pub use subnet_allocation::*;
pub use tagged::*;
pub use text::*;
pub use transition::*;
pub use value::OptionValue;
pub use vendor::*;
pub use vpn::*;

/// An option whose format is known.
///
/// ```
/// use firstlight_dhcp::option::{LeaseTime, Routers, TypedOption};
///
/// let routers = Routers::parse(&[192, 168, 77, 1, 192, 168, 77, 2])?;
/// assert_eq!(routers.0.iter().count(), 2);
/// let error = LeaseTime::parse(&[0, 0, 14]).unwrap_err();
/// assert_eq!(error.to_string(), "option 51 (lease-time): expected 4 bytes, found 3");
/// # Ok::<(), firstlight_dhcp::OptionError>(())
/// ```
pub trait TypedOption<'a>: Sized {
    /// The option's code.
    const CODE: OptionCode;

    /// Reads the value of the option, without its code and length.
    ///
    /// # Errors
    /// The bytes do not have the option's format.
    fn parse(bytes: &'a [u8]) -> Result<Self, OptionError>;

    /// Appends the value, without its code and length.
    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>);
}
