//! Who is asking: from a DHCP packet's options to a [`Client`], with the reasons.

use std::borrow::Cow;
use std::fmt;

use crate::{Architecture, BootItem, Firmware, IpxeFeatures, MachineUuid, VendorOption, vendor_options};

mod explanation;
mod raspberry_pi;
mod user_class;
mod vendor_class;

pub use explanation::Explanation;
pub use user_class::user_classes;
use vendor_class::VendorClass;
pub use vendor_class::{Undi, known_system};

/// Option codes that tell network-booting clients apart.
mod code {
    pub(super) const VENDOR_OPTIONS: u8 = 43;
    pub(super) const PARAMETERS: u8 = 55;
    pub(super) const VENDOR_CLASS: u8 = 60;
    pub(super) const USER_CLASS: u8 = 77;
    pub(super) const ARCHITECTURE: u8 = 93;
    pub(super) const INTERFACE: u8 = 94;
    pub(super) const MACHINE_ID: u8 = 97;
    pub(super) const IPXE: u8 = 175;
    /// The private option of Windows Deployment Services.
    pub(super) const WINDOWS: u8 = 250;
}

/// The parameters that GRUB's own DHCP client asks for, in its order; it sends nothing else about itself.
const GRUB_PARAMETERS: [u8; 7] = [1, 3, 6, 15, 12, 17, 18];

/// Which program is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The firmware or option ROM itself: it wants a first boot loader.
    Firmware,
    /// iPXE, wherever it came from: it wants its script.
    Ipxe,
    /// GRUB's own DHCP client (`net_dhcp`), in its REQUEST: it wants to know the server.
    Grub,
    /// The installer environment of network switches.
    Onie,
    /// A boot loader of Windows Deployment Services.
    Windows,
}

/// How the client fetches its boot file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// PXE: a path, over TFTP.
    Tftp,
    /// HTTP boot, or an iPXE that can do HTTP: a URI.
    Http,
}

/// A client that boots over the network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// The kind of firmware.
    pub firmware: Firmware,
    /// The architecture that decides; the first one of option 93.
    pub architecture: Architecture,
    /// Every architecture of option 93, the preferred one first; empty without the option.
    pub architectures: Vec<Architecture>,
    /// Firmware, or which loader.
    pub stage: Stage,
    /// TFTP or HTTP.
    pub transport: Transport,
    /// The version of the network card's interface (option 94, else 60).
    pub undi: Option<Undi>,
    /// The SMBIOS UUID of option 97, if it was well formed.
    pub uuid: Option<MachineUuid>,
    /// Option 97 as it came, to be echoed.
    pub machine_id: Option<Vec<u8>>,
    /// What iPXE says that it can do (option 175).
    pub ipxe: Option<IpxeFeatures>,
    /// The menu item that it has chosen (sub-option 71 of option 43), in a request to a boot server.
    pub boot_item: Option<BootItem>,
    /// Why.
    pub explanation: Explanation,
}

impl Client {
    /// Tells who is asking, from the options of a DHCP packet given by code.
    ///
    /// `None` is a client that does not boot over the network: an operating system's DHCP client. Options that are
    /// too short, too long or contradict each other are passed over, never an error: firmware is never sent back to
    /// read an RFC.
    ///
    /// ```
    /// use std::borrow::Cow;
    /// use firstlight_pxe::{Client, Stage};
    /// let ipxe = Client::identify(|code| (code == 77).then_some(Cow::Borrowed(&b"iPXE"[..]))).unwrap();
    /// assert_eq!(ipxe.stage, Stage::Ipxe);
    /// assert_eq!(ipxe.explanation.to_string(), "option 77 is iPXE; no architecture given: taken for x86 BIOS (0)");
    /// let system = Client::identify(|code| (code == 60).then_some(Cow::Borrowed(&b"dhcpcd-9"[..])));
    /// assert_eq!(system, None);
    /// ```
    pub fn identify<'a>(option: impl Fn(u8) -> Option<Cow<'a, [u8]>>) -> Option<Self> {
        Self::find(None, option)
    }

    /// Tells who is asking, with the Ethernet address of the packet's `chaddr`: only that gives away some Raspberry Pi.
    ///
    /// ```
    /// use std::borrow::Cow;
    /// use firstlight_pxe::{Client, Firmware};
    /// let rom = |code| (code == 60).then_some(Cow::Borrowed(&b"PXEClient:Arch:00000:UNDI:002001"[..]));
    /// let pi = Client::identify_with_mac([0xb8, 0x27, 0xeb, 1, 2, 3], rom).unwrap();
    /// assert_eq!(pi.firmware, Firmware::RaspberryPi);
    /// ```
    pub fn identify_with_mac<'a>(mac: [u8; 6], option: impl Fn(u8) -> Option<Cow<'a, [u8]>>) -> Option<Self> {
        Self::find(Some(mac), option)
    }

    fn find<'a>(mac: Option<[u8; 6]>, option: impl Fn(u8) -> Option<Cow<'a, [u8]>>) -> Option<Self> {
        let mut why = Explanation::default();
        let class = option(code::VENDOR_CLASS).unwrap_or_default();
        let class = unpadded(&class);
        let vendor = VendorClass::parse(class);
        let list = option(code::ARCHITECTURE).unwrap_or_default();
        let architectures = architectures(&list);
        let features = option(code::IPXE).map(|value| IpxeFeatures::parse(&value));
        let stage = stage(&option, vendor, class.is_empty(), features.is_some(), &mut why);
        if let Some(fact) = vendor.fact() {
            why.push(fact);
        } else if stage == Stage::Firmware && architectures.is_empty() {
            return None;
        }
        let architecture = architecture(&architectures, class, stage, &mut why);
        let machine_id = option(code::MACHINE_ID).map(Cow::into_owned);
        let firmware = firmware(vendor, architecture, stage, mac, machine_id.as_deref(), &mut why);
        Some(Self {
            firmware,
            architecture,
            transport: transport(vendor, architecture, stage, features.as_ref()),
            architectures,
            stage,
            undi: option(code::INTERFACE)
                .and_then(|value| Undi::parse_option(&value))
                .or_else(|| vendor_class::undi(class)),
            uuid: machine_id.as_deref().and_then(MachineUuid::parse_option),
            machine_id,
            ipxe: features,
            boot_item: option(code::VENDOR_OPTIONS).and_then(|value| boot_item(&value)),
            explanation: why,
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Firmware => "firmware",
            Self::Ipxe => "iPXE",
            Self::Grub => "GRUB",
            Self::Onie => "ONIE",
            Self::Windows => "Windows boot loader",
        })
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tftp => "TFTP",
            Self::Http => "HTTP",
        })
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} over {}", self.architecture, self.stage, self.transport)
    }
}

fn boot_item(value: &[u8]) -> Option<BootItem> {
    vendor_options(value).flatten().find_map(|option| match option {
        VendorOption::BootItem(item) => Some(item),
        _ => None,
    })
}

/// Strings that are padded with NULs exist.
fn unpadded(mut text: &[u8]) -> &[u8] {
    while let [head @ .., 0] = text {
        text = head;
    }
    text
}

/// Each loader shows itself in its own way; iPXE in three, of which one is enough.
fn stage<'a>(
    option: &impl Fn(u8) -> Option<Cow<'a, [u8]>>,
    vendor: VendorClass,
    is_anonymous: bool,
    has_features: bool,
    why: &mut Explanation,
) -> Stage {
    let user_class = option(code::USER_CLASS).unwrap_or_default();
    let user_class = unpadded(&user_class);
    let names = |name: &[u8]| user_classes(user_class).any(|class| class == name);
    if names(b"gPXE") {
        why.push("option 77 is gPXE, which is too old for iPXE's scripts");
        return Stage::Firmware;
    }
    let is_named = names(b"iPXE");
    if is_named {
        let is_list = user_class::is_rfc_3004(user_class);
        why.push(if is_list { "option 77 lists iPXE (RFC 3004)" } else { "option 77 is iPXE" });
    }
    if has_features {
        why.push("option 175 is there");
    }
    if is_named || has_features {
        return Stage::Ipxe;
    }
    if names(b"onie_dhcp_user_class") {
        why.push("option 77 is ONIE's");
        return Stage::Onie;
    }
    if vendor == VendorClass::Onie {
        return Stage::Onie;
    }
    if vendor == VendorClass::PxeClient && option(code::WINDOWS).is_some() {
        why.push("option 250 is there, of Windows Deployment Services");
        return Stage::Windows;
    }
    if is_anonymous && option(code::PARAMETERS).is_some_and(|list| *list == GRUB_PARAMETERS) {
        why.push("no option 60, and option 55 is GRUB's");
        return Stage::Grub;
    }
    Stage::Firmware
}

fn firmware(
    vendor: VendorClass,
    architecture: Architecture,
    stage: Stage,
    mac: Option<[u8; 6]>,
    machine_id: Option<&[u8]>,
    why: &mut Explanation,
) -> Firmware {
    match vendor {
        VendorClass::Apple => return Firmware::Apple,
        VendorClass::UBoot => return Firmware::UBoot,
        _ => {}
    }
    // Systems that run on one say what they are; only its own loaders claim to be a BIOS.
    if architecture == Architecture::BIOS
        && stage == Stage::Firmware
        && let Some(evidence) = raspberry_pi::evidence(mac, machine_id.unwrap_or_default())
    {
        why.push(evidence);
        return Firmware::RaspberryPi;
    }
    architecture.firmware()
}

fn transport(
    vendor: VendorClass,
    architecture: Architecture,
    stage: Stage,
    features: Option<&IpxeFeatures>,
) -> Transport {
    let is_http = vendor == VendorClass::HttpClient || (vendor == VendorClass::Unknown && architecture.is_http());
    let can_http = features.is_none_or(|it| it.has(IpxeFeatures::HTTP) || !it.has(IpxeFeatures::TFTP));
    if is_http || (stage == Stage::Ipxe && can_http) { Transport::Http } else { Transport::Tftp }
}

/// RFC 4578 §2.1: "It MUST be an even number greater than zero": an odd byte at the end is passed over.
fn architectures(list: &[u8]) -> Vec<Architecture> {
    list.as_chunks::<2>().0.iter().map(|code| Architecture(u16::from_be_bytes(*code))).collect()
}

/// Of a list, firmware puts the one that it prefers first; without option 93, option 60 may name one; without both it
/// is a ROM of the time when there was only one, or a loader that does not say.
fn architecture(list: &[Architecture], class: &[u8], stage: Stage, why: &mut Explanation) -> Architecture {
    if let [architecture, others @ ..] = list {
        why.push(match others.len() {
            0 => format!("option 93 is {architecture}"),
            others => format!("option 93 is {architecture} first and {others} more"),
        });
        return *architecture;
    }
    if let Some(architecture) = vendor_class::architecture(class) {
        why.push(format!("no option 93: option 60 names {architecture}"));
        return architecture;
    }
    if matches!(stage, Stage::Grub | Stage::Onie) || VendorClass::parse(class) == VendorClass::UBoot {
        why.push("no architecture given");
        return Architecture::UNKNOWN;
    }
    let architecture = Architecture::BIOS;
    why.push(format!("no architecture given: taken for {architecture}"));
    architecture
}
