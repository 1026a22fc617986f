//! Relay agent information: option 82 and its sub-options (RFC 3046 and those that add to it).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::{
    Bytes, Describe, Duid, Format, Nested, OptionError, Printer, RadiusAttributes, Reader, Rest, Text, VendorDataList,
    VpnIdentifier, describe::Written,
};

sub_options! {
    /// A sub-option of option 82.
    pub enum RelaySubOption in RELAY_AGENT_INFORMATION {
        /// The circuit that the client is on, in the relay's words (RFC 3046 §3.1).
        1 "circuit-id" CircuitId(Bytes<'a>);
        /// The client's end of the circuit (RFC 3046 §3.2).
        2 "remote-id" RemoteId(Bytes<'a>);
        /// DOCSIS device class bits (RFC 3256 §3).
        4 "docsis-device-class" DocsisDeviceClass(u32);
        /// The link whose subnet is meant (RFC 3527 §3).
        5 "link-selection" LinkSelection(Ipv4Addr);
        /// The subscriber, as the operator knows it (RFC 3993 §3).
        6 "subscriber-id" SubscriberId(Text<'a>);
        /// Attributes from the RADIUS server that let the client in (RFC 4014).
        7 "radius-attributes" RadiusAttributes(RadiusAttributes<'a>);
        /// Authentication of the relay agent (RFC 4030 §3).
        8 "authentication" Authentication(RelayAuthentication<'a>);
        /// Vendors' data by enterprise number (RFC 4243 §3).
        9 "vendor-specific" VendorSpecific(VendorDataList<'a>);
        /// How the client's message arrived (RFC 5010 §3).
        10 "relay-agent-flags" Flags(RelayFlags);
        /// What the server puts into option 54 instead of its address (RFC 5107 §4).
        11 "server-id-override" ServerIdOverride(Ipv4Addr);
        /// The relay agent itself (RFC 6925 §5).
        12 "relay-id" RelayId(Duid<'a>);
        /// The kind of access network (RFC 7839 §4).
        13 "access-technology-type" AccessTechnologyType(AccessTechnology);
        /// The name of the access network, such as an SSID (RFC 7839 §4).
        14 "access-network-name" AccessNetworkName(Text<'a>);
        /// The name of the access point (RFC 7839 §4).
        15 "access-point-name" AccessPointName(Text<'a>);
        /// The BSSID of the access point (RFC 7839 §4).
        16 "access-point-bssid" AccessPointBssid([u8; 6]);
        /// The operator's private enterprise number (RFC 7839 §4.4.1).
        17 "operator-id" OperatorId(u32);
        /// The operator's realm (RFC 7839 §4).
        18 "operator-realm" OperatorRealm(Text<'a>);
        /// The relay wants replies on the port that it sent from; without a value (RFC 8357).
        19 "source-port" SourcePort(Present);
        /// The link whose subnet is meant, as Cisco relays said it before RFC 3527.
        150 "cisco-link-selection" CiscoLinkSelection(Ipv4Addr);
        /// The VPN that the client is in (RFC 6607).
        151 "virtual-subnet" VirtualSubnetSelection(VpnIdentifier<'a>);
        /// The server is to leave 151 out of its reply if it does not understand it (RFC 6607). With four bytes, as
        /// Cisco relays send it, the override of 11.
        152 "virtual-subnet-control" VirtualSubnetControl(VirtualSubnetControl);
    }
}

/// Typed sub-options of option 82.
pub type RelaySubOptions<'a> = Nested<'a, RelaySubOption<'a>>;

typed! { RelaySubOptions<'a>;
    /// What a relay agent says about the client (RFC 3046 §2).
    ///
    /// ```
    /// use firstlight_dhcp::option::{RelayAgentInformation, RelaySubOption, TypedOption};
    ///
    /// let option = RelayAgentInformation::parse(b"\x01\x04eth0\x05\x04\x0a\x00\x00\x01")?;
    /// let link = option.0.find(5).transpose()?;
    /// assert_eq!(link, Some(RelaySubOption::LinkSelection([10, 0, 0, 1].into())));
    /// assert_eq!(option.to_string(), "circuit-id (1): \"eth0\"; link-selection (5): 10.0.0.1");
    /// # Ok::<(), firstlight_dhcp::OptionError>(())
    /// ```
    RelayAgentInformation = RELAY_AGENT_INFORMATION;
}

/// An option or sub-option that says all by being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Present;

impl Format<'_> for Present {
    const LEN: Option<usize> = Some(0);

    fn read(_: &mut Reader<'_>) -> Result<Self, OptionError> {
        Ok(Self)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, _: &mut Vec<u8>) {}
}

impl Describe for Present {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.flag(true)
    }
}

typed! { Present;
    /// Rapid commit (RFC 4039 §4).
    RapidCommit = RAPID_COMMIT;
}

flags! {
    /// How the client's message reached the relay agent (RFC 5010 §3). Without a flag it was broadcast.
    RelayFlags(u8) len 1, "flags" {
        /// The client's message was unicast to the relay.
        is_unicast = 0x80 "unicast";
    }
}

/// Sub-option 152 in its two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VirtualSubnetControl {
    /// RFC 6607.
    Control,
    /// Cisco's server identifier override.
    ServerIdOverride(Ipv4Addr),
}

impl Format<'_> for VirtualSubnetControl {
    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        if reader.left() == 0 { Ok(Self::Control) } else { reader.address("override").map(Self::ServerIdOverride) }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        if let Self::ServerIdOverride(address) = self {
            address.emit(value);
        }
    }
}

impl Describe for VirtualSubnetControl {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Control => out.flag(true),
            Self::ServerIdOverride(address) => out.text(address),
        }
    }
}

record! {
    /// Sub-option 13: a reserved byte and the type.
    pub struct AccessTechnology len 2 {
        /// Zero.
        reserved: u8 = "reserved",
        /// The type.
        technology: AccessTechnologyType = "type",
    }
}

named! {
    /// A kind of access network, from the IANA registry of PMIPv6's access technology types (RFC 5213).
    AccessTechnologyType, "type" {
        1 "virtual"
        2 "PPP"
        3 "IEEE 802.3"
        4 "IEEE 802.11a/b/g"
        5 "IEEE 802.16e"
        6 "3GPP GERAN"
        7 "3GPP UTRAN"
        8 "3GPP E-UTRAN"
    }
}

record! {
    /// Sub-option 8 (RFC 4030 §3).
    pub struct RelayAuthentication<'a> {
        /// 1 is HMAC-SHA1.
        algorithm: u8 = "algorithm",
        /// The method of replay detection, in the lower four bits.
        replay_method: u8 = "replay method",
        /// What never decreases.
        replay: [u8; 8] = "replay detection",
        /// The relay that signed.
        relay: u32 = "relay identifier",
        /// For HMAC-SHA1 a key identifier and a hash.
        information: Rest<'a> = "information",
    }
}
