//! Would this firmware boot from these offers?
//!
//! A model of how three kinds of boot ROM rank the offers that they receive, and where each goes wrong. A test asks it
//! about our own answers, a diagnosis about those of a foreign server. It models the choice, not the network: that a
//! named server serves the named file is not its business.
//!
//! | ROM | modelled on |
//! |---|---|
//! | [`Rom::Edk2Pxe`] | EDK2, `NetworkPkg/UefiPxeBcDxe/PxeBcDhcp4.c`: offer types, their ranks, the request to 4011 |
//! | [`Rom::Edk2PxeOld`] | the same file before `PxeBcCacheDhcp4Offer` was mended |
//! | [`Rom::Edk2Http`] | EDK2, `NetworkPkg/HttpBootDxe/HttpBootDhcp4.c` |
//! | [`Rom::Ipxe`] | iPXE, `src/net/udp/dhcp.c` |
//! | [`Rom::Legacy`] | the PXE specification 2.1, §2.2 to §2.4, as the ROMs of network cards follow it |

use std::net::Ipv4Addr;

use crate::discovery::{Choice, Instructions};
use crate::{DiscoveryControl, VendorOption, vendor_options};

/// Which program receives the offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rom {
    /// UEFI firmware, PXE.
    Edk2Pxe,
    /// UEFI firmware, PXE, of the years in which EDK2 kept only those proxy offers that have no sub-options.
    Edk2PxeOld,
    /// UEFI firmware, HTTP boot.
    Edk2Http,
    /// iPXE.
    Ipxe,
    /// A PXE 2.1 ROM of a BIOS machine.
    Legacy,
}

/// An OFFER, or a reply from port 4011, as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The address that is offered; unspecified in a proxy's.
    pub yiaddr: Ipv4Addr,
    /// The header's `siaddr`.
    pub siaddr: Ipv4Addr,
    /// The header's `file`, up to its NUL.
    pub file: Vec<u8>,
    /// The options by code, in their order.
    pub options: Vec<(u8, Vec<u8>)>,
}

/// What the ROM loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The address that the machine takes.
    pub address: Ipv4Addr,
    /// The server that a path is asked from; meaningless for a URI.
    pub server: Ipv4Addr,
    /// The path or URI.
    pub file: String,
    /// Whether the file was named by the reply to a request on port 4011.
    pub by_boot_server: bool,
}

/// Why the ROM boots nothing. Each is a mistake in the offers, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NoBoot {
    /// There was nothing to choose from (EDK2, `PxeBcSelectDhcp4Offer`; iPXE, `dhcp_discovery_rx`).
    #[error("no offer brings an address: a proxy's alone is not enough")]
    NoAddress,
    /// An address without a netmask that leaves room for a server (EDK2, `NetIp4IsUnicast`).
    #[error("the netmask of the offered address is missing or leaves no room for a server (/31, /32)")]
    Netmask,
    /// Option 54 is missing or broken (RFC 2131, table 3: MUST).
    #[error("the offer does not say which server it comes from (option 54)")]
    NoServerId,
    /// Nobody names a boot file (EDK2, `PxeBcSelectDhcp4Offer`).
    #[error("no offer names a boot file")]
    NoBootFile,
    /// `PXEClient` without discovery options means "ask port 4011", and nobody answered there (EDK2,
    /// `PxeBcRetryBinlOffer`; PXE 2.1 §2.2.2).
    #[error("option 60 PXEClient without option 43 sends the firmware to port 4011 of {0}, and nobody answers there")]
    SilentBootServer(Ipv4Addr),
    /// The answer on port 4011 has no boot file either (EDK2, `PxeBcRetryBinlOffer`).
    #[error("the answer from port 4011 of {0} names no boot file")]
    EmptyBootServer(Ipv4Addr),
    /// MTFTP sub-options without discovery: EDK2 drops the whole offer (`PxeBcParseDhcp4Packet`).
    #[error("MTFTP sub-options (43.1 to 43.5) make the firmware drop the whole offer")]
    Mtftp,
    /// A proxy offer with sub-options, to firmware that does not keep those (EDK2 of old, `PxeBcCacheDhcp4Offer`).
    #[error("older UEFI firmware drops a proxy offer with discovery sub-options (43.6 to 43.10): answer on port 4011")]
    ProxyDropped,
    /// A proxy offer that does not say that it is one (EDK2, `PxeBcParseDhcp4Packet`; iPXE, `dhcp_rx_offer`).
    #[error("a proxy offer without option 60 PXEClient is not looked at")]
    ProxyWithoutClass,
    /// Where the file is, is not said (EDK2, `PxeBcRetryBinlOffer`).
    #[error("neither siaddr nor option 54 says where the boot file is")]
    NoServer,
    /// A menu or discovery that UEFI firmware does not reliably walk through.
    #[error("option 43 asks for a menu or for discovery (bit 3 of 43.6 is not set), which firmware does not survive")]
    Menu,
    /// The menu's first item is served by none of the listed boot servers (PXE 2.1 §2.4).
    #[error("the menu's first item wants a boot server of type {0}, and no listed one answers for it")]
    NoBootServer(u16),
    /// HTTP boot looks for its own class (EDK2, `HttpBootParseDhcp4Packet`).
    #[error("HTTP boot drops offers without option 60 HTTPClient")]
    NoHttpClass,
    /// HTTP boot needs a URI (EDK2, `HttpBootParseDhcp4Packet`).
    #[error("HTTP boot wants a full URI in option 67, not a path")]
    NotAUri,
    /// HTTP boot needs DNS for a name (EDK2, `HttpBootSelectDhcpOffer`).
    #[error("the URI has a host name, and no offer names a DNS server (option 6)")]
    NoDns,
}

/// Asks the model. `boot_server` is what is answered on port 4011 of an address, if anything is.
///
/// ```
/// use std::net::Ipv4Addr;
/// use firstlight_pxe::oracle::{NoBoot, Offer, Rom, would_boot};
///
/// // dnsmasq with `dhcp-option-force=60,PXEClient` and nothing else.
/// let server = Ipv4Addr::new(10, 0, 0, 1);
/// let offer = Offer {
///     yiaddr: Ipv4Addr::new(10, 0, 0, 100),
///     siaddr: server,
///     file: b"bootx64.efi".to_vec(),
///     options: vec![
///         (53, vec![2]),
///         (54, server.octets().to_vec()),
///         (1, vec![255, 255, 255, 0]),
///         (60, b"PXEClient".to_vec()),
///     ],
/// };
/// let nobody = |_| None;
/// assert_eq!(would_boot(Rom::Edk2Pxe, &[offer], nobody), Err(NoBoot::SilentBootServer(server)));
/// ```
///
/// # Errors
/// Why it would not boot.
pub fn would_boot(rom: Rom, offers: &[Offer], boot_server: impl Fn(Ipv4Addr) -> Option<Offer>) -> Result<Boot, NoBoot> {
    match rom {
        Rom::Edk2Http => edk2_http(offers),
        Rom::Edk2Pxe => edk2_pxe(offers, boot_server, |_, _| true),
        Rom::Edk2PxeOld => edk2_pxe(offers, boot_server, |offer, kind| !(offer.is_proxy() && kind == Kind::Pxe10)),
        // Both take the first address and prefer whoever speaks PXE, and both take a boot file where they find one.
        Rom::Ipxe | Rom::Legacy => first_of_each(rom, offers, boot_server),
    }
}

/// EDK2's offer types, in the order of its preference among those that bring an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `PXEClient` with discovery sub-options.
    Pxe10,
    /// `PXEClient` with MTFTP sub-options only.
    Wfm11a,
    /// `PXEClient` and nothing more.
    Binl,
    /// No `PXEClient`.
    Only,
    /// No option 53: BOOTP.
    Bootp,
}

fn edk2_pxe(
    offers: &[Offer],
    boot_server: impl Fn(Ipv4Addr) -> Option<Offer>,
    keeps: impl Fn(&Offer, Kind) -> bool,
) -> Result<Boot, NoBoot> {
    let kinds = || offers.iter().map(|offer| (offer, offer.kind()));
    let is_kept = |(offer, kind): &(&Offer, Kind)| *kind != Kind::Wfm11a && keeps(offer, *kind);
    let kept: Vec<(&Offer, Kind)> = kinds().filter(is_kept).collect();
    let first = |proxy: bool, wanted: Kind| {
        kept.iter().find(|(offer, kind)| offer.is_proxy() == proxy && *kind == wanted).map(|(offer, _)| *offer)
    };
    let with_address = |offer: &Offer| offer.check_address();
    if let Some(offer) = first(false, Kind::Pxe10) {
        with_address(offer)?;
        return offer.pxe10(offer.yiaddr);
    }
    let only = first(false, Kind::Only);
    if let (Some(only), Some(proxy)) = (only, first(true, Kind::Pxe10)) {
        with_address(only)?;
        return proxy.pxe10(only.yiaddr);
    }
    if let Some(offer) = first(false, Kind::Binl) {
        with_address(offer)?;
        return offer.ask_boot_server(offer.yiaddr, &boot_server);
    }
    if let (Some(only), Some(_)) = (only, first(true, Kind::Binl)) {
        with_address(only)?;
        // It tries every one of them.
        let proxies = kept.iter().filter(|(offer, kind)| offer.is_proxy() && *kind == Kind::Binl);
        let mut outcome = Err(NoBoot::NoBootFile);
        for (proxy, _) in proxies {
            outcome = proxy.ask_boot_server(only.yiaddr, &boot_server);
            if outcome.is_ok() {
                break;
            }
        }
        return outcome;
    }
    let named = |wanted: Kind| {
        kept.iter().find(|(offer, kind)| !offer.is_proxy() && *kind == wanted && offer.boot_file().is_some())
    };
    if let Some((offer, _)) = named(Kind::Only).or_else(|| named(Kind::Bootp)) {
        with_address(offer)?;
        return offer.load(offer.yiaddr, false);
    }
    let is_dropped = kinds().any(|(offer, kind)| !keeps(offer, kind));
    Err(if is_dropped { NoBoot::ProxyDropped } else { blame(offers) })
}

/// Nothing could be chosen: why not?
fn blame(offers: &[Offer]) -> NoBoot {
    if offers.iter().any(|offer| offer.kind() == Kind::Wfm11a) {
        return NoBoot::Mtftp;
    }
    if offers.iter().all(Offer::is_proxy) {
        return NoBoot::NoAddress;
    }
    if offers.iter().any(|offer| offer.is_proxy() && offer.kind() == Kind::Only && offer.boot_file().is_some()) {
        return NoBoot::ProxyWithoutClass;
    }
    NoBoot::NoBootFile
}

fn first_of_each(rom: Rom, offers: &[Offer], boot_server: impl Fn(Ipv4Addr) -> Option<Offer>) -> Result<Boot, NoBoot> {
    let dhcp = offers.iter().find(|offer| !offer.is_proxy()).ok_or(NoBoot::NoAddress)?;
    if dhcp.kind() != Kind::Bootp {
        dhcp.option(54).ok_or(NoBoot::NoServerId)?;
    }
    let pxe = |offer: &&Offer| !matches!(offer.kind(), Kind::Only | Kind::Bootp);
    let speaker = offers.iter().filter(|offer| !offer.is_proxy()).find(pxe);
    let Some(speaker) = speaker.or_else(|| offers.iter().find(pxe)) else {
        return match dhcp.boot_file() {
            Some(_) => dhcp.load(dhcp.yiaddr, false),
            None => Err(blame(offers)),
        };
    };
    match speaker.discovery_control() {
        Some(control) if !control.has(DiscoveryControl::USE_BOOT_FILE) => match rom {
            Rom::Legacy => speaker.first_of_menu(dhcp.yiaddr, boot_server),
            _ => Err(NoBoot::Menu),
        },
        _ if speaker.boot_file().is_some() => speaker.load(dhcp.yiaddr, false),
        _ if rom == Rom::Ipxe && dhcp.boot_file().is_some() => dhcp.load(dhcp.yiaddr, false),
        _ => speaker.ask_boot_server(dhcp.yiaddr, boot_server),
    }
}

fn edk2_http(offers: &[Offer]) -> Result<Boot, NoBoot> {
    let dhcp = offers.iter().find(|offer| !offer.is_proxy()).ok_or(NoBoot::NoAddress)?;
    dhcp.check_address()?;
    let is_http = |offer: &&Offer| offer.option(60).is_some_and(|class| class.starts_with(b"HTTPClient"));
    let Some(http) = offers.iter().find(is_http) else {
        let named = offers.iter().any(|offer| offer.boot_file().is_some());
        return Err(if named { NoBoot::NoHttpClass } else { NoBoot::NoBootFile });
    };
    let uri = http.boot_file().ok_or(NoBoot::NoBootFile)?;
    let (_, rest) = uri.split_once("://").filter(|(scheme, _)| scheme.starts_with("http")).ok_or(NoBoot::NotAUri)?;
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    let has_dns = offers.iter().any(|offer| offer.option(6).is_some_and(|servers| servers.len() >= 4));
    if host.parse::<Ipv4Addr>().is_err() && !has_dns {
        return Err(NoBoot::NoDns);
    }
    Ok(Boot { address: dhcp.yiaddr, server: http.siaddr, file: uri, by_boot_server: false })
}

impl Offer {
    pub(crate) fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|(found, _)| *found == code).map(|(_, value)| value.as_slice())
    }

    fn is_proxy(&self) -> bool {
        self.yiaddr.is_unspecified()
    }

    pub(crate) fn is_pxe(&self) -> bool {
        self.option(60).is_some_and(|class| class.starts_with(b"PXEClient"))
    }

    fn kind(&self) -> Kind {
        if self.option(53).is_none_or(|kind| matches!(kind, [] | [0, ..])) {
            return Kind::Bootp;
        }
        if !self.is_pxe() {
            return Kind::Only;
        }
        let (mut discovery, mut mtftp) = (false, false);
        for option in self.option(43).into_iter().flat_map(vendor_options).flatten() {
            match option {
                VendorOption::MtftpAddress(_)
                | VendorOption::MtftpClientPort(_)
                | VendorOption::MtftpServerPort(_)
                | VendorOption::MtftpTimeout(_)
                | VendorOption::MtftpDelay(_) => mtftp = true,
                VendorOption::DiscoveryControl(_)
                | VendorOption::DiscoveryMulticast(_)
                | VendorOption::BootServers(_)
                | VendorOption::BootMenu(_)
                | VendorOption::MenuPrompt { .. } => discovery = true,
                _ => {}
            }
        }
        match (discovery, mtftp) {
            (true, _) => Kind::Pxe10,
            (false, true) => Kind::Wfm11a,
            (false, false) => Kind::Binl,
        }
    }

    fn discovery_control(&self) -> Option<DiscoveryControl> {
        self.option(43).into_iter().flat_map(vendor_options).flatten().find_map(|option| match option {
            VendorOption::DiscoveryControl(control) => Some(control),
            _ => None,
        })
    }

    /// Option 67 before the header's field.
    fn boot_file(&self) -> Option<String> {
        let file = self.option(67).unwrap_or(&self.file);
        let file = file.split(|byte| *byte == 0).next().unwrap_or_default();
        (!file.is_empty()).then(|| String::from_utf8_lossy(file).into_owned())
    }

    fn server_id(&self) -> Option<Ipv4Addr> {
        <[u8; 4]>::try_from(self.option(54)?).ok().map(Ipv4Addr::from)
    }

    fn check_address(&self) -> Result<(), NoBoot> {
        if self.kind() != Kind::Bootp {
            self.server_id().ok_or(NoBoot::NoServerId)?;
        }
        let mask = self.option(1).and_then(|mask| <[u8; 4]>::try_from(mask).ok()).map(u32::from_be_bytes);
        match mask {
            Some(mask)
                if mask.leading_ones() + mask.trailing_zeros() == 32 && (1..=30).contains(&mask.leading_ones()) =>
            {
                Ok(())
            }
            _ => Err(NoBoot::Netmask),
        }
    }

    pub(crate) fn server(&self) -> Option<Ipv4Addr> {
        Some(self.siaddr).filter(|address| !address.is_unspecified()).or_else(|| self.server_id())
    }

    fn load(&self, address: Ipv4Addr, by_boot_server: bool) -> Result<Boot, NoBoot> {
        let file = self.boot_file().ok_or(NoBoot::NoBootFile)?;
        let server = self.server().ok_or(NoBoot::NoServer)?;
        Ok(Boot { address, server, file, by_boot_server })
    }

    fn pxe10(&self, address: Ipv4Addr) -> Result<Boot, NoBoot> {
        match self.discovery_control() {
            Some(control) if control.has(DiscoveryControl::USE_BOOT_FILE) => self.load(address, false),
            _ => Err(NoBoot::Menu),
        }
    }

    /// The item that is taken if nobody touches the keyboard, from the first listed server that has it.
    fn first_of_menu(&self, address: Ipv4Addr, boot_server: impl Fn(Ipv4Addr) -> Option<Self>) -> Result<Boot, NoBoot> {
        let instructions = Instructions::parse(self.option(43).unwrap_or_default());
        let Choice::Discover { kind, .. } = instructions.choice() else { return Err(NoBoot::Menu) };
        let mut replies = instructions.addresses(kind).into_iter().filter_map(boot_server);
        let reply = replies.find(|reply| reply.boot_file().is_some()).ok_or(NoBoot::NoBootServer(kind))?;
        reply.load(address, true)
    }

    fn ask_boot_server(
        &self,
        address: Ipv4Addr,
        boot_server: impl Fn(Ipv4Addr) -> Option<Self>,
    ) -> Result<Boot, NoBoot> {
        let asked = self.server().ok_or(NoBoot::NoServer)?;
        let reply = boot_server(asked).ok_or(NoBoot::SilentBootServer(asked))?;
        if reply.boot_file().is_none() {
            return Err(NoBoot::EmptyBootServer(asked));
        }
        Ok(Boot { server: reply.server().unwrap_or(asked), ..reply.load(address, true)? })
    }
}
