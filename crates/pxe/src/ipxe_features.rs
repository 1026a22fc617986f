//! Option 175 of iPXE: an encapsulated list that says, among other things, which features the binary was built with.
//!
//! ```text
//!  175 | length | tag length value | tag length value | … | 255 (often left out)
//! ```
//!
//! The tags are those of iPXE's `dhcp.h` and `features.h`: 16 to 79 are feature indicators, non-zero for present; the
//! others are settings. What is sent to iPXE has the same format.

use std::fmt;

use crate::encapsulated::encapsulated;

/// What an iPXE binary says about itself: its features, its version, the network card that it uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IpxeFeatures {
    /// Bit by tag.
    features: u128,
    version: Option<[u8; 3]>,
    bus_id: Option<BusId>,
    no_proxy: bool,
}

/// Tag 177: the network card on its bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BusId {
    /// The bus: 1 is PCI.
    pub kind: u8,
    /// The vendor's identifier.
    pub vendor: u16,
    /// The device's.
    pub device: u16,
}

impl IpxeFeatures {
    /// The sub-option for HTTP.
    pub const HTTP: u8 = 19;
    /// The sub-option for HTTPS.
    pub const HTTPS: u8 = 20;
    /// The sub-option for TFTP.
    pub const TFTP: u8 = 21;
    /// The sub-option for DNS.
    pub const DNS: u8 = 23;
    /// The sub-option for the Linux kernel format `bzImage`.
    pub const BZIMAGE: u8 = 24;
    /// The sub-option for EFI images.
    pub const EFI: u8 = 36;
    /// The sub-option for menus.
    pub const MENU: u8 = 39;

    /// Parses the value of option 175. What is cut off or malformed is passed over.
    ///
    /// ```
    /// use firstlight_pxe::IpxeFeatures;
    /// let features = IpxeFeatures::parse(&[19, 1, 1, 21, 1, 0, 235, 3, 1, 21, 1]);
    /// assert!(features.has(IpxeFeatures::HTTP));
    /// assert!(!features.has(IpxeFeatures::TFTP));
    /// assert_eq!(features.to_string(), "iPXE 1.21.1 with HTTP");
    /// ```
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        let mut it = Self::default();
        for (tag, value) in ipxe_options(value) {
            let is_set = value.iter().any(|&byte| byte != 0);
            match (tag, value) {
                (16..=79, _) if is_set => it.features |= 1 << tag,
                (176, _) => it.no_proxy = is_set,
                (177, &[kind, v0, v1, d0, d1]) => {
                    let (vendor, device) = (u16::from_be_bytes([v0, v1]), u16::from_be_bytes([d0, d1]));
                    it.bus_id = Some(BusId { kind, vendor, device });
                }
                (235, &[major, minor, patch]) => it.version = Some([major, minor, patch]),
                _ => {}
            }
        }
        it
    }

    /// True if the feature with this sub-option code is declared.
    #[must_use]
    pub const fn has(self, feature: u8) -> bool {
        matches!(feature, 16..=79) && self.features >> feature & 1 == 1
    }

    /// The declared features, by code.
    pub fn features(self) -> impl Iterator<Item = u8> {
        (16..=79).filter(move |feature| self.has(*feature))
    }

    /// The version (tag 235); 1.0.0 stands for most binaries between releases.
    #[must_use]
    pub const fn version(self) -> Option<[u8; 3]> {
        self.version
    }

    /// The network card (tag 177).
    #[must_use]
    pub const fn bus_id(self) -> Option<BusId> {
        self.bus_id
    }

    /// Tag 176: neither waits for proxy offers nor looks at PXE's options. Servers send it, clients hardly ever.
    #[must_use]
    pub const fn no_proxy(self) -> bool {
        self.no_proxy
    }
}

impl fmt::Display for IpxeFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("iPXE")?;
        if let Some([major, minor, patch]) = self.version {
            write!(f, " {major}.{minor}.{patch}")?;
        }
        for (at, feature) in self.features().enumerate() {
            f.write_str(if at == 0 { " with " } else { ", " })?;
            match ipxe_option_name(feature) {
                Some(name) => f.write_str(name)?,
                None => write!(f, "feature {feature}")?,
            }
        }
        Ok(())
    }
}

/// The sub-options of a value of option 175, in their order, up to the end tag or to what is cut off.
///
/// ```
/// use firstlight_pxe::{ipxe_option_name, ipxe_options};
/// let all: Vec<_> = ipxe_options(&[176, 1, 1]).collect();
/// assert_eq!(all, [(176, &[1][..])]);
/// assert_eq!(ipxe_option_name(176), Some("no-pxedhcp"));
/// ```
pub fn ipxe_options(value: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    encapsulated(value)
}

/// What a sub-option of option 175 is called: a feature's name, or the name of the setting in iPXE's scripts.
#[must_use]
pub const fn ipxe_option_name(tag: u8) -> Option<&'static str> {
    Some(match tag {
        1 => "priority",
        8 => "keep-san",
        9 => "skip-san-boot",
        16 => "PXE extensions",
        17 => "iSCSI",
        18 => "AoE",
        19 => "HTTP",
        20 => "HTTPS",
        21 => "TFTP",
        22 => "FTP",
        23 => "DNS",
        24 => "bzImage",
        25 => "Multiboot",
        26 => "SLAM",
        27 => "SRP",
        32 => "NBI",
        33 => "PXE",
        34 => "ELF",
        35 => "COMBOOT",
        36 => "EFI",
        37 => "FCoE",
        38 => "VLAN",
        39 => "menu",
        40 => "SDI",
        41 => "NFS",
        81 => "scriptlet",
        85 => "syslogs",
        90 => "trust",
        91 => "cert",
        92 => "privkey",
        93 => "crosscert",
        176 => "no-pxedhcp",
        177 => "bus-id",
        178 => "use-cached",
        189 => "bios-drive",
        190 => "username",
        191 => "password",
        192 => "reverse-username",
        193 => "reverse-password",
        194 => "uid",
        195 => "gid",
        235 => "version",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_off_lists_keep_what_came_before() {
        let features = IpxeFeatures::parse(&[0, 36, 1, 1, 177, 2, 9, 9, 19, 4, 1]);
        assert!(features.has(IpxeFeatures::EFI));
        assert!(!features.has(IpxeFeatures::HTTP));
        assert!(!features.has(177));
        assert_eq!(features.bus_id(), None);
        assert_eq!(IpxeFeatures::parse(&[255, 19, 1, 1]), IpxeFeatures::default());
    }

    #[test]
    fn every_feature_and_setting_of_a_real_binary() {
        // From a capture: the option ROM of QEMU's virtio-net.
        let value = [
            177, 5, 1, 0x1a, 0xf4, 0x10, 0, 235, 3, 1, 0, 0, 23, 1, 1, 34, 1, 1, 19, 1, 1, 17, 1, 1, 39, 1, 1, 25, 1,
            1, 41, 1, 1, 16, 1, 2, 33, 1, 1, 21, 1, 1, 24, 1, 1, 18, 1, 1,
        ];
        let it = IpxeFeatures::parse(&value);
        assert_eq!(it.bus_id(), Some(BusId { kind: 1, vendor: 0x1af4, device: 0x1000 }));
        assert_eq!(
            it.to_string(),
            "iPXE 1.0.0 with PXE extensions, iSCSI, AoE, HTTP, TFTP, DNS, bzImage, Multiboot, PXE, ELF, menu, NFS"
        );
        assert!(!it.has(IpxeFeatures::HTTPS) && !it.no_proxy());
        assert!(IpxeFeatures::parse(&[176, 1, 1]).no_proxy());
        assert_eq!(IpxeFeatures::parse(&[79, 1, 1, 80, 1, 1]).features().collect::<Vec<_>>(), [79]);
        assert_eq!(IpxeFeatures::parse(&[79, 1, 1]).to_string(), "iPXE with feature 79");
    }

    #[test]
    fn every_tag_is_iterated_and_known_ones_are_named() {
        let list: Vec<u8> = (1..=254).flat_map(|tag| [tag, 1, tag]).collect();
        let read: Vec<u8> = ipxe_options(&list).map(|(tag, _)| tag).collect();
        assert_eq!(read, (1..=254).collect::<Vec<u8>>());
        assert_eq!((0..=255).filter(|tag| ipxe_option_name(*tag).is_some()).count(), 42);
    }
}
