//! The codes of options, as the IANA registry "BOOTP Vendor Extensions and DHCP Options" lists them.

use super::code::names;

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
    /// Filler without a length (RFC 2132 §3.1).
    PAD = 0, "pad";
    /// The mask of the client's subnet (RFC 2132 §3.3).
    SUBNET_MASK = 1, "subnet-mask";
    /// Offset from UTC in seconds (RFC 2132 §3.4); superseded by 100 and 101.
    TIME_OFFSET = 2, "time-offset";
    /// Default gateways (RFC 2132 §3.5).
    ROUTERS = 3, "routers";
    /// RFC 868 time servers (RFC 2132 §3.6).
    TIME_SERVERS = 4, "time-servers";
    /// IEN 116 name servers (RFC 2132 §3.7).
    NAME_SERVERS = 5, "name-servers";
    /// Resolvers (RFC 2132 §3.8).
    DNS_SERVERS = 6, "dns-servers";
    /// Log servers (RFC 2132 §3.9).
    LOG_SERVERS = 7, "log-servers";
    /// Quote of the day servers (RFC 2132 §3.10).
    COOKIE_SERVERS = 8, "cookie-servers";
    /// Line printer servers (RFC 2132 §3.11).
    LPR_SERVERS = 9, "lpr-servers";
    /// Imagen Impress servers (RFC 2132 §3.12).
    IMPRESS_SERVERS = 10, "impress-servers";
    /// RFC 887 servers (RFC 2132 §3.13).
    RESOURCE_LOCATION_SERVERS = 11, "resource-location-servers";
    /// The client's name (RFC 2132 §3.14).
    HOST_NAME = 12, "host-name";
    /// Size of the boot file in blocks of 512 bytes (RFC 2132 §3.15).
    BOOT_FILE_SIZE = 13, "boot-file-size";
    /// Where to put a core image (RFC 2132 §3.16).
    MERIT_DUMP_FILE = 14, "merit-dump-file";
    /// The client's domain (RFC 2132 §3.17).
    DOMAIN_NAME = 15, "domain-name";
    /// The client's swap server (RFC 2132 §3.18).
    SWAP_SERVER = 16, "swap-server";
    /// Path of the root disk (RFC 2132 §3.19).
    ROOT_PATH = 17, "root-path";
    /// A file with more options (RFC 2132 §3.20).
    EXTENSIONS_PATH = 18, "extensions-path";
    /// Whether to forward datagrams (RFC 2132 §4.1).
    IP_FORWARDING = 19, "ip-forwarding";
    /// Whether to forward source-routed datagrams (RFC 2132 §4.2).
    NON_LOCAL_SOURCE_ROUTING = 20, "non-local-source-routing";
    /// Destinations allowed in source routes (RFC 2132 §4.3).
    POLICY_FILTER = 21, "policy-filter";
    /// The largest datagram to reassemble (RFC 2132 §4.4).
    MAX_DATAGRAM_REASSEMBLY = 22, "max-datagram-reassembly";
    /// Time to live of datagrams (RFC 2132 §4.5).
    DEFAULT_IP_TTL = 23, "default-ip-ttl";
    /// Seconds a path MTU is kept (RFC 2132 §4.6).
    PATH_MTU_AGING_TIMEOUT = 24, "path-mtu-aging-timeout";
    /// Sizes for path MTU discovery (RFC 2132 §4.7).
    PATH_MTU_PLATEAU_TABLE = 25, "path-mtu-plateau-table";
    /// MTU of the interface (RFC 2132 §5.1).
    INTERFACE_MTU = 26, "interface-mtu";
    /// Whether all subnets have one MTU (RFC 2132 §5.2).
    ALL_SUBNETS_LOCAL = 27, "all-subnets-local";
    /// The broadcast address of the subnet (RFC 2132 §5.3).
    BROADCAST_ADDRESS = 28, "broadcast-address";
    /// Whether to ask for the mask by ICMP (RFC 2132 §5.4).
    PERFORM_MASK_DISCOVERY = 29, "perform-mask-discovery";
    /// Whether to answer for the mask by ICMP (RFC 2132 §5.5).
    MASK_SUPPLIER = 30, "mask-supplier";
    /// Whether to solicit routers by RFC 1256 (RFC 2132 §5.6).
    PERFORM_ROUTER_DISCOVERY = 31, "perform-router-discovery";
    /// Where to solicit routers (RFC 2132 §5.7).
    ROUTER_SOLICITATION_ADDRESS = 32, "router-solicitation-address";
    /// Static routes by class (RFC 2132 §5.8); superseded by 121.
    STATIC_ROUTES = 33, "static-routes";
    /// Whether to negotiate trailers (RFC 2132 §6.1).
    TRAILER_ENCAPSULATION = 34, "trailer-encapsulation";
    /// Seconds an ARP entry is kept (RFC 2132 §6.2).
    ARP_CACHE_TIMEOUT = 35, "arp-cache-timeout";
    /// Ethernet II or IEEE 802.3 (RFC 2132 §6.3).
    ETHERNET_ENCAPSULATION = 36, "ethernet-encapsulation";
    /// Time to live of TCP segments (RFC 2132 §7.1).
    DEFAULT_TCP_TTL = 37, "default-tcp-ttl";
    /// Seconds between keep-alives (RFC 2132 §7.2).
    TCP_KEEPALIVE_INTERVAL = 38, "tcp-keepalive-interval";
    /// Whether keep-alives hold a byte (RFC 2132 §7.3).
    TCP_KEEPALIVE_GARBAGE = 39, "tcp-keepalive-garbage";
    /// The NIS domain (RFC 2132 §8.1).
    NIS_DOMAIN = 40, "nis-domain";
    /// NIS servers (RFC 2132 §8.2).
    NIS_SERVERS = 41, "nis-servers";
    /// NTP servers (RFC 2132 §8.3).
    NTP_SERVERS = 42, "ntp-servers";
    /// Vendor-specific data; PXE sub-options for netboot clients (RFC 2132 §8.4).
    VENDOR_SPECIFIC = 43, "vendor-specific";
    /// WINS servers (RFC 2132 §8.5).
    NETBIOS_NAME_SERVERS = 44, "netbios-name-servers";
    /// `NetBIOS` datagram distribution servers (RFC 2132 §8.6).
    NETBIOS_DATAGRAM_SERVERS = 45, "netbios-datagram-servers";
    /// How `NetBIOS` names are resolved (RFC 2132 §8.7).
    NETBIOS_NODE_TYPE = 46, "netbios-node-type";
    /// The `NetBIOS` scope (RFC 2132 §8.8).
    NETBIOS_SCOPE = 47, "netbios-scope";
    /// X Window System font servers (RFC 2132 §8.9).
    X_FONT_SERVERS = 48, "x-font-servers";
    /// X Window System display managers (RFC 2132 §8.10).
    X_DISPLAY_MANAGERS = 49, "x-display-managers";
    /// The address that a client asks for (RFC 2132 §9.1).
    REQUESTED_ADDRESS = 50, "requested-address";
    /// Seconds of the lease (RFC 2132 §9.2).
    LEASE_TIME = 51, "lease-time";
    /// `file` or `sname` hold options (RFC 2132 §9.3).
    OVERLOAD = 52, "overload";
    /// What the message is (RFC 2132 §9.6).
    MESSAGE_TYPE = 53, "message-type";
    /// Which server speaks, or is spoken to (RFC 2132 §9.7).
    SERVER_IDENTIFIER = 54, "server-identifier";
    /// The options that a client would like (RFC 2132 §9.8).
    PARAMETER_REQUEST_LIST = 55, "parameter-request-list";
    /// Text for a human (RFC 2132 §9.9).
    MESSAGE = 56, "message";
    /// The largest message that the sender takes (RFC 2132 §9.10).
    MAX_MESSAGE_SIZE = 57, "max-message-size";
    /// T1 in seconds (RFC 2132 §9.11).
    RENEWAL_TIME = 58, "renewal-time";
    /// T2 in seconds (RFC 2132 §9.12).
    REBINDING_TIME = 59, "rebinding-time";
    /// Vendor class, such as `PXEClient` (RFC 2132 §9.13).
    VENDOR_CLASS = 60, "vendor-class";
    /// The name that a client gives itself (RFC 2132 §9.14, RFC 4361).
    CLIENT_IDENTIFIER = 61, "client-identifier";
    /// The `NetWare`/IP domain (RFC 2242).
    NETWARE_IP_DOMAIN = 62, "netware-ip-domain";
    /// `NetWare`/IP sub-options (RFC 2242).
    NETWARE_IP_INFORMATION = 63, "netware-ip-information";
    /// The NIS+ domain (RFC 2132 §8.11).
    NISPLUS_DOMAIN = 64, "nisplus-domain";
    /// NIS+ servers (RFC 2132 §8.12).
    NISPLUS_SERVERS = 65, "nisplus-servers";
    /// TFTP server name (RFC 2132 §9.4).
    TFTP_SERVER_NAME = 66, "tftp-server-name";
    /// Boot file name (RFC 2132 §9.5).
    BOOT_FILE_NAME = 67, "boot-file-name";
    /// Mobile IP home agents (RFC 2132 §8.13).
    HOME_AGENTS = 68, "home-agents";
    /// Mail servers (RFC 2132 §8.14).
    SMTP_SERVERS = 69, "smtp-servers";
    /// POP3 servers (RFC 2132 §8.15).
    POP3_SERVERS = 70, "pop3-servers";
    /// News servers (RFC 2132 §8.16).
    NNTP_SERVERS = 71, "nntp-servers";
    /// Web servers (RFC 2132 §8.17).
    WWW_SERVERS = 72, "www-servers";
    /// Finger servers (RFC 2132 §8.18).
    FINGER_SERVERS = 73, "finger-servers";
    /// IRC servers (RFC 2132 §8.19).
    IRC_SERVERS = 74, "irc-servers";
    /// `StreetTalk` servers (RFC 2132 §8.20).
    STREETTALK_SERVERS = 75, "streettalk-servers";
    /// `StreetTalk` directory assistance servers (RFC 2132 §8.21).
    STREETTALK_DIRECTORY_SERVERS = 76, "streettalk-directory-servers";
    /// User class, such as `iPXE` (RFC 3004).
    USER_CLASS = 77, "user-class";
    /// Directory agents of the Service Location Protocol (RFC 2610).
    SLP_DIRECTORY_AGENTS = 78, "slp-directory-agents";
    /// Scopes of the Service Location Protocol (RFC 2610).
    SLP_SERVICE_SCOPE = 79, "slp-service-scope";
    /// Two messages instead of four (RFC 4039).
    RAPID_COMMIT = 80, "rapid-commit";
    /// Fully qualified domain name (RFC 4702).
    CLIENT_FQDN = 81, "client-fqdn";
    /// What the relay knows (RFC 3046).
    RELAY_AGENT_INFORMATION = 82, "relay-agent-information";
    /// Internet Storage Name Service (RFC 4174).
    ISNS = 83, "isns";
    /// Novell Directory Services servers (RFC 2241).
    NDS_SERVERS = 85, "nds-servers";
    /// Novell Directory Services tree (RFC 2241).
    NDS_TREE_NAME = 86, "nds-tree-name";
    /// Novell Directory Services context (RFC 2241).
    NDS_CONTEXT = 87, "nds-context";
    /// Domains of broadcast and multicast service controllers (RFC 4280).
    BCMCS_DOMAINS = 88, "bcmcs-domains";
    /// Broadcast and multicast service controllers (RFC 4280).
    BCMCS_SERVERS = 89, "bcmcs-servers";
    /// Authentication of the message (RFC 3118).
    AUTHENTICATION = 90, "authentication";
    /// Seconds since the client was last heard of (RFC 4388).
    CLIENT_LAST_TRANSACTION_TIME = 91, "client-last-transaction-time";
    /// All addresses of a client (RFC 4388).
    ASSOCIATED_ADDRESSES = 92, "associated-addresses";
    /// Architecture of the client (RFC 4578 §2.1).
    CLIENT_ARCHITECTURE = 93, "client-architecture";
    /// Network device interface version (RFC 4578 §2.2).
    CLIENT_NDI = 94, "client-ndi";
    /// LDAP servers as Apple's clients read them (RFC 3679).
    LDAP = 95, "ldap";
    /// UUID of the machine (RFC 4578 §2.3).
    CLIENT_UUID = 97, "client-uuid";
    /// User authentication servers (RFC 2485).
    USER_AUTHENTICATION = 98, "user-authentication";
    /// Civic address (RFC 4776).
    GEOCONF_CIVIC = 99, "geoconf-civic";
    /// Time zone as an IEEE 1003.1 string (RFC 4833).
    TIME_ZONE_POSIX = 100, "time-zone-posix";
    /// Time zone as a name of the tz database (RFC 4833).
    TIME_ZONE_NAME = 101, "time-zone-name";
    /// Seconds to do without IPv4 (RFC 8925).
    IPV6_ONLY_PREFERRED = 108, "ipv6-only-preferred";
    /// Source address of a softwire, 4o6 (RFC 8539).
    DHCP4O6_SOURCE_ADDRESS = 109, "dhcp4o6-source-address";
    /// `NetInfo` parent server address (RFC 3679).
    NETINFO_ADDRESS = 112, "netinfo-address";
    /// `NetInfo` parent server tag (RFC 3679).
    NETINFO_TAG = 113, "netinfo-tag";
    /// URI of the captive portal's API (RFC 8910).
    CAPTIVE_PORTAL = 114, "captive-portal";
    /// Whether link-local addresses may be used (RFC 2563).
    AUTO_CONFIGURE = 116, "auto-configure";
    /// Order of name services (RFC 2937).
    NAME_SERVICE_SEARCH = 117, "name-service-search";
    /// Link to pick the subnet from (RFC 3011).
    SUBNET_SELECTION = 118, "subnet-selection";
    /// Domain search list (RFC 3397).
    DOMAIN_SEARCH = 119, "domain-search";
    /// SIP servers (RFC 3361).
    SIP_SERVERS = 120, "sip-servers";
    /// Routes with a prefix length (RFC 3442).
    CLASSLESS_ROUTES = 121, "classless-routes";
    /// `CableLabs` client configuration (RFC 3495).
    CABLELABS_CLIENT_CONFIGURATION = 122, "cablelabs-client-configuration";
    /// Coordinates of the client (RFC 6225).
    GEOCONF = 123, "geoconf";
    /// Vendor-identifying class (RFC 3925 §3).
    VENDOR_IDENTIFYING_CLASS = 124, "vendor-identifying-class";
    /// Vendor-identifying data (RFC 3925 §4).
    VENDOR_IDENTIFYING_DATA = 125, "vendor-identifying-data";
    /// PXE, undefined (RFC 4578 §2.4); TFTP servers of IP phones.
    PXE_128 = 128, "pxe-128";
    /// PXE, undefined (RFC 4578 §2.4).
    PXE_129 = 129, "pxe-129";
    /// PXE, undefined (RFC 4578 §2.4).
    PXE_130 = 130, "pxe-130";
    /// PXE, undefined (RFC 4578 §2.4).
    PXE_131 = 131, "pxe-131";
    /// PXE, undefined (RFC 4578 §2.4); the VLAN of IP phones.
    PXE_132 = 132, "pxe-132";
    /// PXE, undefined (RFC 4578 §2.4); the layer 2 priority of IP phones.
    PXE_133 = 133, "pxe-133";
    /// PXE, undefined (RFC 4578 §2.4); the DSCP of IP phones.
    PXE_134 = 134, "pxe-134";
    /// PXE, undefined (RFC 4578 §2.4).
    PXE_135 = 135, "pxe-135";
    /// PANA authentication agents (RFC 5192).
    PANA_AGENTS = 136, "pana-agents";
    /// Location-to-service server, a domain name (RFC 5223).
    LOST_SERVER = 137, "lost-server";
    /// CAPWAP access controllers (RFC 5417).
    CAPWAP_CONTROLLERS = 138, "capwap-controllers";
    /// Mobility servers by address (RFC 5678).
    MOS_ADDRESSES = 139, "mos-addresses";
    /// Mobility servers by domain name (RFC 5678).
    MOS_DOMAINS = 140, "mos-domains";
    /// SIP user agent configuration domains (RFC 6011).
    SIP_UA_DOMAINS = 141, "sip-ua-domains";
    /// Access network discovery servers (RFC 6153).
    ANDSF_SERVERS = 142, "andsf-servers";
    /// Bootstrap servers of secure zero touch provisioning (RFC 8572).
    SZTP_REDIRECT = 143, "sztp-redirect";
    /// Coordinates with uncertainty (RFC 6225).
    GEOLOC = 144, "geoloc";
    /// Algorithms for authenticated FORCERENEW (RFC 6704).
    FORCERENEW_NONCE_CAPABLE = 145, "forcerenew-nonce-capable";
    /// Which resolver for which domain (RFC 6731).
    RDNSS_SELECTION = 146, "rdnss-selection";
    /// DOTS agent, a domain name (RFC 8973).
    DOTS_AGENT = 147, "dots-agent";
    /// DOTS agents by address (RFC 8973).
    DOTS_ADDRESSES = 148, "dots-addresses";
    /// TFTP servers by address (RFC 5859).
    TFTP_SERVER_ADDRESSES = 150, "tftp-server-addresses";
    /// Outcome of a lease query (RFC 6926).
    STATUS_CODE = 151, "status-code";
    /// When the answer to a lease query was made (RFC 6926).
    BASE_TIME = 152, "base-time";
    /// Since when a lease is in its state (RFC 6926).
    START_TIME_OF_STATE = 153, "start-time-of-state";
    /// From when on a lease query asks (RFC 6926).
    QUERY_START_TIME = 154, "query-start-time";
    /// Until when a lease query asks (RFC 6926).
    QUERY_END_TIME = 155, "query-end-time";
    /// The state of a lease (RFC 6926).
    DHCP_STATE = 156, "dhcp-state";
    /// Where the data of a lease is from (RFC 6926).
    DATA_SOURCE = 157, "data-source";
    /// Port Control Protocol servers (RFC 7291).
    PCP_SERVERS = 158, "pcp-servers";
    /// The ports of a shared address (RFC 7618).
    PORT_PARAMETERS = 159, "port-parameters";
    /// Manufacturer usage description (RFC 8520).
    MUD_URL = 161, "mud-url";
    /// Encrypted resolvers (RFC 9463).
    ENCRYPTED_DNS = 162, "encrypted-dns";
    /// iPXE's encapsulated options (tentatively Etherboot's).
    IPXE = 175, "ipxe";
    /// Settings of IP phones (tentatively assigned).
    IP_TELEPHONE = 176, "ip-telephone";
    /// `PacketCable` and `CableHome`; superseded by 122.
    PACKETCABLE = 177, "packetcable";
    /// PXELINUX magic (RFC 5071 §3).
    PXELINUX_MAGIC = 208, "pxelinux-magic";
    /// Configuration file (RFC 5071 §4).
    PXELINUX_CONFIG_FILE = 209, "pxelinux-config-file";
    /// Path prefix (RFC 5071 §5).
    PXELINUX_PATH_PREFIX = 210, "pxelinux-path-prefix";
    /// Seconds to a reboot (RFC 5071 §6).
    PXELINUX_REBOOT_TIME = 211, "pxelinux-reboot-time";
    /// IPv6 rapid deployment (RFC 5969).
    SIX_RD = 212, "6rd";
    /// Access network domain name (RFC 5986).
    ACCESS_DOMAIN = 213, "access-domain";
    /// Subnets for delegation (RFC 6656).
    SUBNET_ALLOCATION = 220, "subnet-allocation";
    /// The virtual network of the subnet (RFC 6607).
    VIRTUAL_SUBNET_SELECTION = 221, "virtual-subnet-selection";
    /// Microsoft's code for the format of 121.
    MS_CLASSLESS_ROUTES = 249, "ms-classless-routes";
    /// URL of a web proxy's configuration, in private use.
    WPAD = 252, "wpad";
    /// Last of the options (RFC 2132 §3.2).
    END = 255, "end";
});
