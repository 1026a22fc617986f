//! Options that hold one number or flag.

typed! { u32 "s";
    /// How long a discovered path MTU is trusted (RFC 2132 §4.6).
    PathMtuAgingTimeout = PATH_MTU_AGING_TIMEOUT;
    /// How long ARP entries are kept (RFC 2132 §6.2).
    ArpCacheTimeout = ARP_CACHE_TIMEOUT;
    /// Seconds between keepalives; 0 sends none (RFC 2132 §7.2).
    TcpKeepaliveInterval = TCP_KEEPALIVE_INTERVAL;
    /// The lease in seconds; all ones is for ever (RFC 2132 §9.2).
    LeaseTime = LEASE_TIME;
    /// T1 in seconds (RFC 2132 §9.11).
    RenewalTime = RENEWAL_TIME;
    /// T2 in seconds (RFC 2132 §9.12).
    RebindingTime = REBINDING_TIME;
    /// Seconds since the server last heard from the client (RFC 4388 §6.1).
    ClientLastTransactionTime = CLIENT_LAST_TRANSACTION_TIME;
    /// The client may go without IPv4 for so many seconds (RFC 8925 §3.1).
    Ipv6OnlyPreferred = IPV6_ONLY_PREFERRED;
    /// The server's clock, in seconds since 1970 (RFC 6926 §6.2.3).
    BaseTime = BASE_TIME;
    /// How long the lease has been in its state (RFC 6926 §6.2.4).
    StartTimeOfState = START_TIME_OF_STATE;
    /// Only leases that changed since, in seconds since 1970 (RFC 6926 §6.2.5).
    QueryStartTime = QUERY_START_TIME;
    /// Only leases that changed before, in seconds since 1970 (RFC 6926 §6.2.6).
    QueryEndTime = QUERY_END_TIME;
    /// Seconds until PXELINUX reboots when it cannot boot (RFC 5071 §6).
    PxelinuxRebootTime = PXELINUX_REBOOT_TIME;
}

typed! { u16 "blocks";
    /// Size of the boot file in blocks of 512 bytes (RFC 2132 §3.15).
    BootFileSize = BOOT_FILE_SIZE;
}

typed! { u16 "bytes" min 576;
    /// The largest datagram that the client reassembles (RFC 2132 §4.4).
    MaxDatagramReassembly = MAX_DATAGRAM_REASSEMBLY;
    /// The largest message that the sender takes (RFC 2132 §9.10).
    MaxMessageSize = MAX_MESSAGE_SIZE;
}

typed! { u16 "bytes" min 68;
    /// MTU of the interface (RFC 2132 §5.1).
    InterfaceMtu = INTERFACE_MTU;
}

typed! { u8 "" min 1;
    /// The time to live of what the client sends (RFC 2132 §4.5).
    DefaultIpTtl = DEFAULT_IP_TTL;
    /// The time to live of TCP segments (RFC 2132 §7.1).
    DefaultTcpTtl = DEFAULT_TCP_TTL;
}

typed! { i32 "s";
    /// Offset from UTC in seconds; superseded by 100 and 101 (RFC 2132 §3.4).
    TimeOffset = TIME_OFFSET;
}

typed! { bool;
    /// Whether the client forwards packets (RFC 2132 §4.1).
    IpForwarding = IP_FORWARDING;
    /// Whether the client forwards source-routed packets (RFC 2132 §4.2).
    NonLocalSourceRouting = NON_LOCAL_SOURCE_ROUTING;
    /// Whether all subnets have the MTU of the client's link (RFC 2132 §5.2).
    AllSubnetsLocal = ALL_SUBNETS_LOCAL;
    /// Whether the client asks for its mask by ICMP (RFC 2132 §5.4).
    PerformMaskDiscovery = PERFORM_MASK_DISCOVERY;
    /// Whether the client answers questions for the mask by ICMP (RFC 2132 §5.5).
    MaskSupplier = MASK_SUPPLIER;
    /// Whether the client looks for routers by ICMP (RFC 2132 §5.6).
    PerformRouterDiscovery = PERFORM_ROUTER_DISCOVERY;
    /// Whether the client negotiates RFC 893 trailers (RFC 2132 §6.1).
    TrailerEncapsulation = TRAILER_ENCAPSULATION;
    /// RFC 894 (false) or RFC 1042 (true) framing (RFC 2132 §6.3).
    EthernetEncapsulation = ETHERNET_ENCAPSULATION;
    /// Whether keepalives carry a byte, for old peers (RFC 2132 §7.3).
    TcpKeepaliveGarbage = TCP_KEEPALIVE_GARBAGE;
    /// Whether the client may give itself a link-local address (RFC 2563 §2).
    AutoConfigure = AUTO_CONFIGURE;
}
