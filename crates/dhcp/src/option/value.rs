//! Any option, by its code.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use super::*;
use crate::MessageType;

/// Makes [`OptionValue`] and its dispatch.
macro_rules! options {
    ($($code:literal $name:ident $(<$life:lifetime>)?;)*) => {
        /// The value of an option, read by its code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum OptionValue<'a> {
            $(#[doc = concat!("Option ", $code, ": [`", stringify!($name), "`](type@", stringify!($name), ").")] $name($name $(<$life>)?),)*
            /// An option without a registered format.
            Raw(&'a [u8]),
        }

        impl<'a> OptionValue<'a> {
            /// Reads the value of an option, without its code and length.
            ///
            /// # Errors
            /// The option has a registered format, and the bytes do not have it.
            #[inline]
            pub fn parse(code: OptionCode, bytes: &'a [u8]) -> Result<Self, OptionError> {
                match code.0 {
                    $($code => {
                        const { assert!(<$name $(<$life>)? as TypedOption<'a>>::CODE.0 == $code) };
                        <$name $(<$life>)? as TypedOption<'a>>::parse(bytes).map(Self::$name)
                    })*
                    _ => Ok(Self::Raw(bytes)),
                }
            }

            /// Appends the value, without its code and length.
            #[cfg(feature = "alloc")]
            pub fn emit(&self, value: &mut Vec<u8>) {
                match self {
                    $(Self::$name(option) => TypedOption::emit(option, value),)*
                    Self::Raw(bytes) => value.extend_from_slice(bytes),
                }
            }
        }

        impl Describe for OptionValue<'_> {
            fn describe(&self, out: &mut dyn Printer) -> Written {
                match self {
                    $(Self::$name(option) => option.describe(out),)*
                    Self::Raw(bytes) => out.bytes(bytes),
                }
            }
        }

    };
}

/// `{}` prints one line, `{:#}` a line for each sub-option.
impl fmt::Display for OptionValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe::display(self, f)
    }
}

options! {
    1 SubnetMask;
    2 TimeOffset;
    3 Routers<'a>;
    4 TimeServers<'a>;
    5 NameServers<'a>;
    6 DnsServers<'a>;
    7 LogServers<'a>;
    8 CookieServers<'a>;
    9 LprServers<'a>;
    10 ImpressServers<'a>;
    11 ResourceLocationServers<'a>;
    12 HostName<'a>;
    13 BootFileSize;
    14 MeritDumpFile<'a>;
    15 DomainName<'a>;
    16 SwapServer;
    17 RootPath<'a>;
    18 ExtensionsPath<'a>;
    19 IpForwarding;
    20 NonLocalSourceRouting;
    21 PolicyFilter<'a>;
    22 MaxDatagramReassembly;
    23 DefaultIpTtl;
    24 PathMtuAgingTimeout;
    25 PathMtuPlateauTable<'a>;
    26 InterfaceMtu;
    27 AllSubnetsLocal;
    28 BroadcastAddress;
    29 PerformMaskDiscovery;
    30 MaskSupplier;
    31 PerformRouterDiscovery;
    32 RouterSolicitationAddress;
    33 StaticRoutes<'a>;
    34 TrailerEncapsulation;
    35 ArpCacheTimeout;
    36 EthernetEncapsulation;
    37 DefaultTcpTtl;
    38 TcpKeepaliveInterval;
    39 TcpKeepaliveGarbage;
    40 NisDomain<'a>;
    41 NisServers<'a>;
    42 NtpServers<'a>;
    43 VendorSpecific<'a>;
    44 NetbiosNameServers<'a>;
    45 NetbiosDatagramServers<'a>;
    46 NetbiosNodeType;
    47 NetbiosScope<'a>;
    48 XFontServers<'a>;
    49 XDisplayManagers<'a>;
    50 RequestedAddress;
    51 LeaseTime;
    52 Overload;
    53 MessageType;
    54 ServerIdentifier;
    55 ParameterRequestList<'a>;
    56 Message<'a>;
    57 MaxMessageSize;
    58 RenewalTime;
    59 RebindingTime;
    60 VendorClass<'a>;
    61 ClientIdentifier<'a>;
    62 NetwareIpDomain<'a>;
    63 NetwareIpInformation<'a>;
    64 NisplusDomain<'a>;
    65 NisplusServers<'a>;
    66 TftpServerName<'a>;
    67 BootFileName<'a>;
    68 HomeAgents<'a>;
    69 SmtpServers<'a>;
    70 Pop3Servers<'a>;
    71 NntpServers<'a>;
    72 WwwServers<'a>;
    73 FingerServers<'a>;
    74 IrcServers<'a>;
    75 StreettalkServers<'a>;
    76 StreettalkDirectoryServers<'a>;
    77 UserClass<'a>;
    78 SlpDirectoryAgents<'a>;
    79 SlpServiceScope<'a>;
    80 RapidCommit;
    81 ClientFqdn<'a>;
    82 RelayAgentInformation<'a>;
    83 Isns<'a>;
    85 NdsServers<'a>;
    86 NdsTreeName<'a>;
    87 NdsContext<'a>;
    88 BcmcsDomains<'a>;
    89 BcmcsServers<'a>;
    90 Authentication<'a>;
    91 ClientLastTransactionTime;
    92 AssociatedAddresses<'a>;
    93 ClientArchitecture<'a>;
    94 ClientNdi;
    95 Ldap<'a>;
    97 ClientUuid<'a>;
    98 UserAuthentication<'a>;
    99 GeoconfCivic<'a>;
    100 TimeZonePosix<'a>;
    101 TimeZoneName<'a>;
    108 Ipv6OnlyPreferred;
    109 Dhcp4o6SourceAddress;
    112 NetinfoAddress<'a>;
    113 NetinfoTag<'a>;
    114 CaptivePortal<'a>;
    116 AutoConfigure;
    117 NameServiceSearch<'a>;
    118 SubnetSelection;
    119 DomainSearch<'a>;
    120 SipServers<'a>;
    121 ClasslessRoutes<'a>;
    122 CablelabsClientConfiguration<'a>;
    123 Geoconf;
    124 VendorIdentifyingClass<'a>;
    125 VendorIdentifyingData<'a>;
    128 Pxe128<'a>;
    129 Pxe129<'a>;
    130 Pxe130<'a>;
    131 Pxe131<'a>;
    132 Pxe132<'a>;
    133 Pxe133<'a>;
    134 Pxe134<'a>;
    135 Pxe135<'a>;
    136 PanaAgents<'a>;
    137 LostServer<'a>;
    138 CapwapControllers<'a>;
    139 MosAddresses<'a>;
    140 MosDomains<'a>;
    141 SipUaDomains<'a>;
    142 AndsfServers<'a>;
    143 SztpRedirect<'a>;
    144 Geoloc;
    145 ForcerenewNonceCapable<'a>;
    146 RdnssSelection<'a>;
    147 DotsAgent<'a>;
    148 DotsAddresses<'a>;
    150 TftpServerAddresses<'a>;
    151 StatusCode<'a>;
    152 BaseTime;
    153 StartTimeOfState;
    154 QueryStartTime;
    155 QueryEndTime;
    156 DhcpState;
    157 DataSource;
    158 PcpServers<'a>;
    159 PortParameters;
    161 MudUrl<'a>;
    162 EncryptedDns<'a>;
    175 Ipxe<'a>;
    177 PacketCable<'a>;
    208 PxelinuxMagic;
    209 PxelinuxConfigFile<'a>;
    210 PxelinuxPathPrefix<'a>;
    211 PxelinuxRebootTime;
    212 SixRd<'a>;
    213 AccessDomain<'a>;
    220 SubnetAllocation<'a>;
    221 VirtualSubnetSelection<'a>;
    249 MsClasslessRoutes<'a>;
    252 Wpad<'a>;
}
