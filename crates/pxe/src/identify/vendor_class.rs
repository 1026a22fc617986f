//! Option 60 of clients that boot over the network, and of systems that do not.
//!
//! PXE (specification 2.1, §2.2.1) and UEFI's HTTP boot write `PXEClient:Arch:xxxxx:UNDI:yyyzzz`, all in decimal; what
//! others write is their own.

use std::fmt;

use crate::Architecture;

/// The interface to the network card that firmware offers: option 94 (RFC 4578 §2.2) or option 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Undi {
    /// The major version: 2 is the BIOS's UNDI, 3 is UEFI's.
    pub major: u8,
    /// The minor version.
    pub minor: u8,
}

impl Undi {
    /// Parses the value of option 94: type 1, then the version.
    ///
    /// ```
    /// use firstlight_pxe::Undi;
    /// assert_eq!(Undi::parse_option(&[1, 3, 16]), Some(Undi { major: 3, minor: 16 }));
    /// assert_eq!(Undi::parse_option(&[2, 3, 16]), None);
    /// ```
    #[must_use]
    pub fn parse_option(value: &[u8]) -> Option<Self> {
        match *value {
            [1, major, minor] => Some(Self { major, minor }),
            _ => None,
        }
    }
}

impl fmt::Display for Undi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UNDI {}.{}", self.major, self.minor)
    }
}

/// The system behind the vendor class of a DHCP client that does *not* boot over the network: who it is, in a log.
///
/// ```
/// assert_eq!(firstlight_pxe::known_system(b"MSFT 5.0"), Some("Windows"));
/// assert_eq!(firstlight_pxe::known_system(b"PXEClient:Arch:00007:UNDI:003016"), None);
/// ```
#[must_use]
pub fn known_system(vendor_class: &[u8]) -> Option<&'static str> {
    const SYSTEMS: [(&[u8], &str); 8] = [
        (b"MSFT ", "Windows"),
        (b"anaconda", "the installer of Fedora or Red Hat"),
        (b"d-i", "the installer of Debian"),
        (b"android-dhcp", "Android"),
        (b"dhcpcd", "dhcpcd"),
        (b"udhcp", "BusyBox"),
        (b"Linux ipconfig", "an initial RAM disk of Linux"),
        (b"systemd", "systemd-networkd"),
    ];
    SYSTEMS.iter().find(|(prefix, _)| vendor_class.starts_with(prefix)).map(|(_, name)| *name)
}

/// The vendor classes that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VendorClass {
    PxeClient,
    HttpClient,
    Apple,
    UBoot,
    Onie,
    Unknown,
}

impl VendorClass {
    pub(super) fn parse(class: &[u8]) -> Self {
        let text = class.trim_ascii_start();
        if text.starts_with(b"PXEClient") {
            Self::PxeClient
        } else if text.starts_with(b"HTTPClient") {
            Self::HttpClient
        } else if text.starts_with(b"AAPLBSDPC") {
            Self::Apple
        } else if text.get(..6).is_some_and(|head| head.eq_ignore_ascii_case(b"U-Boot")) {
            Self::UBoot
        } else if text.starts_with(b"onie_vendor:") {
            Self::Onie
        } else {
            Self::Unknown
        }
    }

    pub(super) const fn fact(self) -> Option<&'static str> {
        match self {
            Self::PxeClient => Some("option 60 is PXEClient"),
            Self::HttpClient => Some("option 60 is HTTPClient"),
            Self::Apple => Some("option 60 is AAPLBSDPC (Apple NetBoot)"),
            Self::UBoot => Some("option 60 is U-Boot's"),
            Self::Onie => Some("option 60 is ONIE's"),
            Self::Unknown => None,
        }
    }
}

/// The architecture that option 60 names: of PXE in decimal, of U-Boot by the name of an instruction set.
pub(super) fn architecture(class: &[u8]) -> Option<Architecture> {
    if VendorClass::parse(class) == VendorClass::UBoot {
        let has = |name: &[u8]| class.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name));
        return if has(b"armv8") || has(b"arm64") || has(b"aarch64") {
            Some(Architecture::ARM64_UBOOT)
        } else if has(b"arm") {
            Some(Architecture::ARM32_UBOOT)
        } else {
            None
        };
    }
    std::str::from_utf8(part(class, b"Arch")?).ok()?.parse().ok().map(Architecture)
}

/// `UNDI:003016` is version 3.16.
pub(super) fn undi(class: &[u8]) -> Option<Undi> {
    let digits = std::str::from_utf8(part(class, b"UNDI")?).ok()?;
    let (major, minor) = digits.split_at_checked(3)?;
    Some(Undi { major: major.parse().ok()?, minor: minor.parse().ok()? })
}

fn part<'a>(class: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    class.split(|&byte| byte == b':').skip_while(|part| *part != name).nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pxe_writes_is_read() {
        let class = b"PXEClient:Arch:00007:UNDI:003016";
        assert_eq!(architecture(class), Some(Architecture::X64_UEFI));
        assert_eq!(undi(class), Some(Undi { major: 3, minor: 16 }));
        assert_eq!(undi(class).unwrap().to_string(), "UNDI 3.16");
        assert_eq!(architecture(b"HTTPClient:Arch:00016:UNDI:003000"), Some(Architecture::X64_HTTP));
        for cut in
            ["PXEClient", "PXEClient:Arch", "PXEClient:Arch:", "PXEClient:Arch:x:UNDI:00", "PXEClient:UNDI:00é000"]
        {
            assert_eq!((architecture(cut.as_bytes()), undi(cut.as_bytes())), (None, None), "{cut}");
        }
    }

    #[test]
    fn others_are_told_apart() {
        for (class, expected) in [
            (&b"AAPLBSDPC/i386/iMac4,1"[..], VendorClass::Apple),
            (b"U-Boot.armv7", VendorClass::UBoot),
            (b" U-boot.armv8.armada3700", VendorClass::UBoot),
            (b"onie_vendor:x86_64-accton_as7712_32x-r0", VendorClass::Onie),
            (b"U-Boo", VendorClass::Unknown),
            (b"", VendorClass::Unknown),
        ] {
            assert_eq!(VendorClass::parse(class), expected, "{}", class.escape_ascii());
        }
        assert_eq!(architecture(b" U-boot.armv8.armada3700"), Some(Architecture::ARM64_UBOOT));
        assert_eq!(architecture(b"U-Boot.armv7"), Some(Architecture::ARM32_UBOOT));
        assert_eq!(architecture(b"U-Boot.riscv"), None);
    }
}
