//! Option 83: servers of the Internet Storage Name Service and what they are for (RFC 4174 §2).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::{Addresses, Describe, Format, OptionError, Printer, Reader, describe::Written};

/// Internet storage name servers.
///
/// Each field of flags has a bit that says whether the field counts at all: `is_enabled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Isns<'a> {
    /// What the server is for.
    pub functions: IsnsFunctions,
    /// Which kinds of node may administer discovery domains.
    pub discovery_domain_access: IsnsAccess,
    /// Settings of the server.
    pub administrative_flags: IsnsAdministration,
    /// How traffic with the server is protected.
    pub security: IsnsSecurity,
    /// The multicast address of the server's heartbeat; there if [`IsnsAdministration::has_heartbeat`].
    pub heartbeat: Option<Ipv4Addr>,
    /// The servers, the primary one first.
    pub servers: Addresses<'a>,
}

single! { Isns<'a> = ISNS; }

flags! {
    /// What the server is for (RFC 4174 §2.1).
    IsnsFunctions(u16) len 2, "functions" {
        /// The field counts.
        is_enabled = 1 "enabled";
        /// Nodes of one discovery domain may reach each other.
        authorizes_by_domain = 2 "domain-authorization";
        /// The server hands out security policies.
        distributes_security_policy = 4 "security-policy";
    }

    /// Which kinds of node may administer discovery domains (RFC 4174 §2.2).
    IsnsAccess(u16) len 2, "discovery domain access" {
        /// The field counts.
        is_enabled = 1 "enabled";
        /// Control nodes.
        has_control_node = 2 "control-node";
        /// iSCSI targets.
        has_iscsi_target = 4 "iscsi-target";
        /// iSCSI initiators.
        has_iscsi_initiator = 8 "iscsi-initiator";
        /// iFCP target ports.
        has_ifcp_target = 16 "ifcp-target";
        /// iFCP initiator ports.
        has_ifcp_initiator = 32 "ifcp-initiator";
    }

    /// Settings of the server (RFC 4174 §2.3).
    IsnsAdministration(u16) len 2, "administrative flags" {
        /// The field counts.
        is_enabled = 1 "enabled";
        /// The server sends heartbeats; the option's first address is where to.
        has_heartbeat = 2 "heartbeat";
        /// Control nodes may ask for management notifications.
        has_management_notifications = 4 "management-scn";
        /// What is in no discovery domain is in the default one.
        has_default_domain = 8 "default-domain";
    }

    /// How traffic with the server is protected (RFC 4174 §2.4).
    IsnsSecurity(u32) len 4, "security" {
        /// The field counts.
        is_enabled = 1 "enabled";
        /// IP security with IKE.
        has_ipsec = 2 "ipsec";
        /// Main mode.
        has_main_mode = 4 "main-mode";
        /// Aggressive mode.
        has_aggressive_mode = 8 "aggressive-mode";
        /// Perfect forward secrecy.
        has_forward_secrecy = 16 "pfs";
        /// Transport mode is preferred.
        prefers_transport_mode = 32 "transport-mode";
        /// Tunnel mode is preferred.
        prefers_tunnel_mode = 64 "tunnel-mode";
    }
}

impl<'a> Format<'a> for Isns<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let functions = Format::read(reader)?;
        let discovery_domain_access = Format::read(reader)?;
        let administrative_flags = IsnsAdministration::read(reader)?;
        let security = Format::read(reader)?;
        let heartbeat =
            if administrative_flags.has_heartbeat() { Some(reader.address("heartbeat address")?) } else { None };
        let servers = Addresses::read(reader.named("servers"))?;
        Ok(Self { functions, discovery_domain_access, administrative_flags, security, heartbeat, servers })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        self.functions.emit(value);
        self.discovery_domain_access.emit(value);
        self.administrative_flags.emit(value);
        self.security.emit(value);
        if let Some(heartbeat) = self.heartbeat {
            heartbeat.emit(value);
        }
        self.servers.emit(value);
    }
}

impl Describe for Isns<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_record()?;
        out.field("functions")?;
        self.functions.describe(out)?;
        out.field("discovery domain access")?;
        self.discovery_domain_access.describe(out)?;
        out.field("administrative flags")?;
        self.administrative_flags.describe(out)?;
        out.field("security")?;
        self.security.describe(out)?;
        if let Some(heartbeat) = self.heartbeat {
            out.field("heartbeat")?;
            out.text(&heartbeat)?;
        }
        out.field("servers")?;
        self.servers.describe(out)?;
        out.end()
    }
}
