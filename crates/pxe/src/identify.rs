//! Who is asking: from a DHCP packet's options to a [`Client`], with the reasons.

use std::borrow::Cow;
use std::fmt;

use crate::{Architecture, BootItem, Firmware, IpxeFeatures, MachineUuid, VendorOption, vendor_options};

/// Option codes that tell network-booting clients apart.
mod code {
    pub(super) const VENDOR_OPTIONS: u8 = 43;
    pub(super) const VENDOR_CLASS: u8 = 60;
    pub(super) const USER_CLASS: u8 = 77;
    pub(super) const ARCHITECTURE: u8 = 93;
    pub(super) const MACHINE_ID: u8 = 97;
    pub(super) const IPXE: u8 = 175;
}

/// Which program is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The firmware or option ROM itself: it wants a first boot loader.
    Firmware,
    /// iPXE, wherever it came from: it wants its script.
    Ipxe,
}

/// How the client fetches its boot file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// PXE: a path, over TFTP.
    Tftp,
    /// HTTP boot, or an iPXE that can do HTTP: a URI.
    Http,
}

/// Why a client was classified as it was: facts in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    facts: Vec<Cow<'static, str>>,
}

/// A client that boots over the network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// The kind of firmware.
    pub firmware: Firmware,
    /// The architecture that decides; the first one of option 93.
    pub architecture: Architecture,
    /// Firmware or iPXE.
    pub stage: Stage,
    /// TFTP or HTTP.
    pub transport: Transport,
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
        let mut why = Explanation::default();
        let vendor_class = option(code::VENDOR_CLASS);
        let vendor_class = vendor_class.as_deref().unwrap_or_default();
        let vendor = Vendor::parse(vendor_class);
        let list = option(code::ARCHITECTURE).unwrap_or_default();
        let (features, is_ipxe) = ipxe(&option, &mut why);
        if let Some(name) = vendor.name() {
            why.push(format!("option 60 is {name}"));
        } else if !is_ipxe && list.len() < 2 {
            return None;
        }
        let architecture = architecture(&list, vendor_class, &mut why);
        let is_http = vendor == Vendor::HttpClient || (vendor == Vendor::Unknown && architecture.is_http());
        let http_ipxe = features.is_none_or(|it| it.has(IpxeFeatures::HTTP) || !it.has(IpxeFeatures::TFTP));
        let machine_id = option(code::MACHINE_ID).map(Cow::into_owned);
        Some(Self {
            firmware: if vendor == Vendor::Apple { Firmware::Apple } else { architecture.firmware() },
            architecture,
            stage: if is_ipxe { Stage::Ipxe } else { Stage::Firmware },
            transport: if is_http || (is_ipxe && http_ipxe) { Transport::Http } else { Transport::Tftp },
            uuid: machine_id.as_deref().and_then(MachineUuid::parse_option),
            machine_id,
            ipxe: features,
            boot_item: option(code::VENDOR_OPTIONS).and_then(|value| boot_item(&value)),
            explanation: why,
        })
    }
}

impl Explanation {
    fn push(&mut self, fact: impl Into<Cow<'static, str>>) {
        self.facts.push(fact.into());
    }

    /// The facts, one by one.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.facts.iter().map(AsRef::as_ref)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fact) in self.facts().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            f.write_str(fact)?;
        }
        Ok(())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Firmware => "firmware",
            Self::Ipxe => "iPXE",
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

/// The vendor classes that matter here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Vendor {
    PxeClient,
    HttpClient,
    Apple,
    Unknown,
}

impl Vendor {
    fn parse(class: &[u8]) -> Self {
        if class.starts_with(b"PXEClient") {
            Self::PxeClient
        } else if class.starts_with(b"HTTPClient") {
            Self::HttpClient
        } else if class.starts_with(b"AAPLBSDPC") {
            Self::Apple
        } else {
            Self::Unknown
        }
    }

    const fn name(self) -> Option<&'static str> {
        match self {
            Self::PxeClient => Some("PXEClient"),
            Self::HttpClient => Some("HTTPClient"),
            Self::Apple => Some("AAPLBSDPC (Apple NetBoot)"),
            Self::Unknown => None,
        }
    }
}

fn boot_item(value: &[u8]) -> Option<BootItem> {
    vendor_options(value).flatten().find_map(|option| match option {
        VendorOption::BootItem(item) => Some(item),
        _ => None,
    })
}

/// iPXE shows itself in three ways; one is enough.
fn ipxe<'a>(option: &impl Fn(u8) -> Option<Cow<'a, [u8]>>, why: &mut Explanation) -> (Option<IpxeFeatures>, bool) {
    let user_class = option(code::USER_CLASS).unwrap_or_default();
    let features = option(code::IPXE);
    let named = if &*user_class == b"iPXE" {
        why.push("option 77 is iPXE");
        true
    } else if user_classes(&user_class).any(|class| class == b"iPXE") {
        why.push("option 77 lists iPXE (RFC 3004)");
        true
    } else {
        false
    };
    if features.is_some() {
        why.push("option 175 is there");
    }
    let is_ipxe = named || features.is_some();
    (features.map(|value| IpxeFeatures::parse(&value)), is_ipxe)
}

/// The instances of RFC 3004's user class option: each with its length before it. Stops at the first bad length.
fn user_classes(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (&len, tail) = rest.split_first()?;
        let (class, tail) = tail.split_at_checked(usize::from(len))?;
        rest = tail;
        Some(class)
    })
}

/// Option 93 is a list (RFC 4578 §2.1: "the preferred one first" is what firmware does); without it, option 60 has
/// the architecture in decimal; without both it is a ROM of the time when there was only one.
fn architecture(list: &[u8], vendor_class: &[u8], why: &mut Explanation) -> Architecture {
    if let [high, low, rest @ ..] = list {
        let architecture = Architecture(u16::from_be_bytes([*high, *low]));
        let others = rest.len() / 2;
        why.push(match others {
            0 => format!("option 93 is {architecture}"),
            _ => format!("option 93 is {architecture} first and {others} more"),
        });
        return architecture;
    }
    let named = vendor_class
        .split(|&byte| byte == b':')
        .skip_while(|part| *part != b"Arch")
        .nth(1)
        .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .map(Architecture);
    if let Some(architecture) = named {
        why.push(format!("no option 93: option 60 names {architecture}"));
        return architecture;
    }
    let architecture = Architecture::BIOS;
    why.push(format!("no architecture given: taken for {architecture}"));
    architecture
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn identify(options: &[(u8, &[u8])]) -> Option<Client> {
        Client::identify(|code| {
            options.iter().find(|(other, _)| *other == code).map(|(_, value)| Cow::Borrowed(*value))
        })
    }

    #[track_caller]
    fn check(options: &[(u8, &[u8])], shown: &str, why: &str) {
        let client = identify(options).expect("a network-booting client");
        assert_eq!(client.to_string(), shown);
        assert_eq!(client.explanation.to_string(), why);
    }

    #[test]
    fn firmware_by_option_93() {
        check(
            &[(60, b"PXEClient:Arch:00000:UNDI:002001"), (93, &[0, 0])],
            "x86 BIOS (0), firmware over TFTP",
            "option 60 is PXEClient; option 93 is x86 BIOS (0)",
        );
        check(
            &[(60, b"PXEClient:Arch:00009:UNDI:003016"), (93, &[0, 9, 0, 7])],
            "x64 UEFI (EBC) (9), firmware over TFTP",
            "option 60 is PXEClient; option 93 is x64 UEFI (EBC) (9) first and 1 more",
        );
        check(
            &[(60, b"HTTPClient:Arch:00016:UNDI:003000"), (93, &[0, 16])],
            "x64 UEFI HTTP (16), firmware over HTTP",
            "option 60 is HTTPClient; option 93 is x64 UEFI HTTP (16)",
        );
        check(&[(93, &[0, 22])], "ARM 64-bit U-Boot (22), firmware over TFTP", "option 93 is ARM 64-bit U-Boot (22)");
    }

    #[test]
    fn firmware_without_option_93() {
        check(
            &[(60, b"PXEClient:Arch:00007:UNDI:003000")],
            "x64 UEFI (7), firmware over TFTP",
            "option 60 is PXEClient; no option 93: option 60 names x64 UEFI (7)",
        );
        check(
            &[(60, b"PXEClient"), (93, &[7])],
            "x86 BIOS (0), firmware over TFTP",
            "option 60 is PXEClient; no architecture given: taken for x86 BIOS (0)",
        );
    }

    #[test]
    fn ipxe_in_each_of_its_disguises() {
        let bios: (u8, &[u8]) = (93, &[0, 0]);
        check(&[(77, b"iPXE"), bios], "x86 BIOS (0), iPXE over HTTP", "option 77 is iPXE; option 93 is x86 BIOS (0)");
        check(
            &[(77, b"\x03abc\x04iPXE"), bios],
            "x86 BIOS (0), iPXE over HTTP",
            "option 77 lists iPXE (RFC 3004); option 93 is x86 BIOS (0)",
        );
        check(
            &[(175, &[19, 1, 1]), bios],
            "x86 BIOS (0), iPXE over HTTP",
            "option 175 is there; option 93 is x86 BIOS (0)",
        );
        check(
            &[(175, &[21, 1, 1]), bios],
            "x86 BIOS (0), iPXE over TFTP",
            "option 175 is there; option 93 is x86 BIOS (0)",
        );
    }

    #[test]
    fn systems_are_not_booting() {
        assert_eq!(identify(&[]), None);
        assert_eq!(identify(&[(60, b"MSFT 5.0"), (77, b"RRAS.Microsoft")]), None);
        assert_eq!(identify(&[(60, b"Linux ipconfig"), (93, &[])]), None);
        assert_eq!(identify(&[(60, b"udhcp 1.35.0"), (97, &[0; 17])]), None);
    }

    #[test]
    fn apple_is_recognised() {
        let client = identify(&[(60, b"AAPLBSDPC/i386/MacPro5,1")]).unwrap();
        assert_eq!(client.firmware, Firmware::Apple);
    }

    #[test]
    fn option_97_is_kept_as_it_came() {
        let client = identify(&[(60, b"PXEClient"), (97, &[])]).unwrap();
        assert_eq!((client.uuid, client.machine_id), (None, Some(vec![])));
        let client = identify(&[(60, b"PXEClient"), (97, &[0; 17])]).unwrap();
        assert_eq!(client.uuid, Some(MachineUuid([0; 16])));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_give_a_client_or_none(values in proptest::collection::vec(any::<Vec<u8>>(), 5)) {
            let codes = [60, 77, 93, 97, 175];
            let options: Vec<(u8, &[u8])> = codes.into_iter().zip(values.iter().map(Vec::as_slice)).collect();
            if let Some(client) = identify(&options) {
                prop_assert!(!client.explanation.to_string().is_empty());
            }
        }
    }
}
