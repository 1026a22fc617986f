//! Option 43 as PXE uses it (PXE specification 2.1, §2.2.3 and tables 2-1 to 2-3): discovery, menus, MTFTP.
//!
//! ```text
//!  43 | length | tag length value | tag length value | … | 255
//! ```
//!
//! Reading is total: a value that does not have its tag's format is an error that names the tag and hides no other;
//! what is cut off ends the list. It judges nothing: what firmware does with an option is [`decide`](crate::decide)'s
//! business.

use std::fmt;
use std::net::Ipv4Addr;

use crate::encapsulated::{END, encapsulated};

/// The longest list that fits into one DHCP option.
const MAX_LEN: usize = 255;

/// One encapsulated option.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VendorOption<'a> {
    /// 1: the multicast address from which a boot file comes (MTFTP).
    MtftpAddress(Ipv4Addr),
    /// 2: the UDP port that the client listens on, for MTFTP.
    MtftpClientPort(u16),
    /// 3: the UDP port of the MTFTP server.
    MtftpServerPort(u16),
    /// 4: seconds that a client listens before it starts an MTFTP transfer.
    MtftpTimeout(u8),
    /// 5: seconds that a client waits before it restarts one.
    MtftpDelay(u8),
    /// 6: how boot servers are found.
    DiscoveryControl(DiscoveryControl),
    /// 7: the multicast address for boot server discovery.
    DiscoveryMulticast(Ipv4Addr),
    /// 8: which boot servers there are.
    BootServers(Vec<BootServer>),
    /// 9: what the menu shows.
    BootMenu(Vec<MenuItem<'a>>),
    /// 10: what is shown before the menu, and for how long.
    MenuPrompt {
        /// Seconds until the first item is taken: 0 at once, 255 never.
        timeout: u8,
        /// The text.
        text: &'a [u8],
    },
    /// 12: the types of credentials that the client can check.
    CredentialTypes(Vec<u32>),
    /// 71: the menu item that was chosen, or that is answered.
    BootItem(BootItem),
    /// Any other tag, and 11 and 64 to 70, whose values the specification reserves.
    Other {
        /// The tag.
        tag: u8,
        /// Its value.
        value: &'a [u8],
    },
}

/// Tag 6: the bits of discovery control.
///
/// ```
/// use firstlight_pxe::DiscoveryControl;
/// // Just load the boot file that the offer names: no menu, no discovery.
/// assert_eq!(DiscoveryControl::USE_BOOT_FILE.0, 8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DiscoveryControl(pub u8);

impl DiscoveryControl {
    /// Bit 0: no broadcast discovery.
    pub const NO_BROADCAST: Self = Self(1);
    /// Bit 1: no multicast discovery.
    pub const NO_MULTICAST: Self = Self(2);
    /// Bit 2: only servers from the list of tag 8 are asked and believed.
    pub const ONLY_LISTED: Self = Self(4);
    /// Bit 3: the boot file of the offer is loaded without prompt, menu or discovery.
    pub const USE_BOOT_FILE: Self = Self(8);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One entry of tag 8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootServer {
    /// The type of the server, as in the menu; 0 is a PXE bootstrap server.
    pub kind: u16,
    /// Where it is; empty if it is to be discovered.
    pub addresses: Vec<Ipv4Addr>,
}

/// One entry of tag 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MenuItem<'a> {
    /// The type of the server that serves it; 0 boots the local disk.
    pub kind: u16,
    /// The line of the menu, at most 255 bytes.
    pub text: &'a [u8],
}

/// Tag 71.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BootItem {
    /// The type of the server.
    pub kind: u16,
    /// Which part of the boot is meant; [`CREDENTIALS`](Self::CREDENTIALS) may be set.
    pub layer: u16,
}

impl BootItem {
    /// The bit of a layer that asks for credentials.
    pub const CREDENTIALS: u16 = 0x8000;
}

/// A value that does not have its tag's format. Whoever sent it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("PXE sub-option {tag} of {len} bytes is not {expected}")]
pub struct VendorOptionError {
    /// The tag.
    pub tag: u8,
    /// The length of its value.
    pub len: usize,
    /// What the specification wants.
    pub expected: &'static str,
}

/// A list cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VendorOptionsTooLong {
    /// One value has more than 255 bytes, or more parts than its counter counts.
    #[error("PXE sub-option {tag} does not fit its length byte")]
    Value {
        /// Its tag.
        tag: u8,
    },
    /// All of them together do not fit into one option.
    #[error("PXE sub-options of {len} bytes are more than the 255 of option 43")]
    List {
        /// Their length with the end tag.
        len: usize,
    },
}

/// The encapsulated options of a value of option 43, in their order, up to the end tag or to what is cut off.
///
/// ```
/// use firstlight_pxe::{DiscoveryControl, VendorOption, vendor_options};
/// let all: Vec<_> = vendor_options(&[6, 1, 8, 255]).collect();
/// assert_eq!(all, [Ok(VendorOption::DiscoveryControl(DiscoveryControl::USE_BOOT_FILE))]);
/// let error = vendor_options(&[7, 3, 1, 2, 3]).next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "PXE sub-option 7 of 3 bytes is not an IPv4 address");
/// ```
pub fn vendor_options(value: &[u8]) -> impl Iterator<Item = Result<VendorOption<'_>, VendorOptionError>> {
    encapsulated(value).map(|(tag, value)| VendorOption::parse(tag, value))
}

/// Writes the value of an option 43, with the end tag.
///
/// # Errors
/// When it does not fit.
pub fn emit_vendor_options(options: &[VendorOption<'_>]) -> Result<Vec<u8>, VendorOptionsTooLong> {
    let mut list = Vec::new();
    for option in options {
        let (tag, value) = option.emit()?;
        let len = u8::try_from(value.len()).map_err(|_| VendorOptionsTooLong::Value { tag })?;
        list.extend_from_slice(&[tag, len]);
        list.extend_from_slice(&value);
    }
    list.push(END);
    if list.len() > MAX_LEN { Err(VendorOptionsTooLong::List { len: list.len() }) } else { Ok(list) }
}

impl<'a> VendorOption<'a> {
    fn parse(tag: u8, value: &'a [u8]) -> Result<Self, VendorOptionError> {
        let error = |expected| VendorOptionError { tag, len: value.len(), expected };
        let byte = || <[u8; 1]>::try_from(value).map(|[byte]| byte).map_err(|_| error("one byte"));
        let port = || <[u8; 2]>::try_from(value).map(u16::from_be_bytes).map_err(|_| error("a UDP port"));
        let address = || <[u8; 4]>::try_from(value).map(Ipv4Addr::from).map_err(|_| error("an IPv4 address"));
        Ok(match tag {
            1 => Self::MtftpAddress(address()?),
            2 => Self::MtftpClientPort(port()?),
            3 => Self::MtftpServerPort(port()?),
            4 => Self::MtftpTimeout(byte()?),
            5 => Self::MtftpDelay(byte()?),
            6 => Self::DiscoveryControl(DiscoveryControl(byte()?)),
            7 => Self::DiscoveryMulticast(address()?),
            8 => Self::BootServers(boot_servers(value).ok_or_else(|| error("a list of boot servers"))?),
            9 => Self::BootMenu(boot_menu(value).ok_or_else(|| error("a list of menu items"))?),
            10 => match value {
                [timeout, text @ ..] => Self::MenuPrompt { timeout: *timeout, text },
                [] => return Err(error("a time-out and a text")),
            },
            12 => match value.as_chunks::<4>() {
                (types @ [_, ..], []) => {
                    Self::CredentialTypes(types.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect())
                }
                _ => return Err(error("a list of 32-bit types")),
            },
            71 => match *value {
                [k0, k1, l0, l1] => {
                    Self::BootItem(BootItem { kind: u16::from_be_bytes([k0, k1]), layer: u16::from_be_bytes([l0, l1]) })
                }
                _ => return Err(error("a type and a layer of 16 bits each")),
            },
            _ => Self::Other { tag, value },
        })
    }

    fn emit(&self) -> Result<(u8, Vec<u8>), VendorOptionsTooLong> {
        Ok(match self {
            Self::MtftpAddress(address) => (1, address.octets().to_vec()),
            Self::MtftpClientPort(port) => (2, port.to_be_bytes().to_vec()),
            Self::MtftpServerPort(port) => (3, port.to_be_bytes().to_vec()),
            Self::MtftpTimeout(seconds) => (4, vec![*seconds]),
            Self::MtftpDelay(seconds) => (5, vec![*seconds]),
            Self::DiscoveryControl(bits) => (6, vec![bits.0]),
            Self::DiscoveryMulticast(address) => (7, address.octets().to_vec()),
            Self::BootServers(servers) => {
                let mut value = Vec::new();
                for BootServer { kind, addresses } in servers {
                    value.extend_from_slice(&kind.to_be_bytes());
                    value.push(count(8, addresses.len())?);
                    value.extend(addresses.iter().flat_map(Ipv4Addr::octets));
                }
                (8, value)
            }
            Self::BootMenu(items) => {
                let mut value = Vec::new();
                for MenuItem { kind, text } in items {
                    value.extend_from_slice(&kind.to_be_bytes());
                    value.push(count(9, text.len())?);
                    value.extend_from_slice(text);
                }
                (9, value)
            }
            Self::MenuPrompt { timeout, text } => (10, [&[*timeout], *text].concat()),
            Self::CredentialTypes(types) => (12, types.iter().flat_map(|kind| kind.to_be_bytes()).collect()),
            Self::BootItem(BootItem { kind, layer }) => (71, [kind.to_be_bytes(), layer.to_be_bytes()].concat()),
            Self::Other { tag, value } => (*tag, value.to_vec()),
        })
    }
}

fn count(tag: u8, len: usize) -> Result<u8, VendorOptionsTooLong> {
    u8::try_from(len).map_err(|_| VendorOptionsTooLong::Value { tag })
}

fn boot_servers(mut value: &[u8]) -> Option<Vec<BootServer>> {
    let mut servers = Vec::new();
    while let [k0, k1, count, tail @ ..] = value {
        let (addresses, tail) = tail.split_at_checked(4 * usize::from(*count))?;
        let addresses = addresses.as_chunks::<4>().0.iter().map(|octets| Ipv4Addr::from(*octets)).collect();
        servers.push(BootServer { kind: u16::from_be_bytes([*k0, *k1]), addresses });
        value = tail;
    }
    (value.is_empty() && !servers.is_empty()).then_some(servers)
}

fn boot_menu(mut value: &[u8]) -> Option<Vec<MenuItem<'_>>> {
    let mut items = Vec::new();
    while let [k0, k1, len, tail @ ..] = value {
        let (text, tail) = tail.split_at_checked(usize::from(*len))?;
        items.push(MenuItem { kind: u16::from_be_bytes([*k0, *k1]), text });
        value = tail;
    }
    (value.is_empty() && !items.is_empty()).then_some(items)
}

impl fmt::Display for DiscoveryControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(DiscoveryControl, &str); 4] = [
            (DiscoveryControl::NO_BROADCAST, "no broadcast"),
            (DiscoveryControl::NO_MULTICAST, "no multicast"),
            (DiscoveryControl::ONLY_LISTED, "only listed servers"),
            (DiscoveryControl::USE_BOOT_FILE, "use the boot file"),
        ];
        let names: Vec<&str> = NAMES.iter().filter(|(bit, _)| self.has(*bit)).map(|(_, name)| *name).collect();
        if names.is_empty() { f.write_str("discover freely") } else { f.write_str(&names.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

    fn every_kind() -> Vec<VendorOption<'static>> {
        vec![
            VendorOption::MtftpAddress(Ipv4Addr::new(224, 1, 2, 3)),
            VendorOption::MtftpClientPort(1758),
            VendorOption::MtftpServerPort(1759),
            VendorOption::MtftpTimeout(5),
            VendorOption::MtftpDelay(2),
            VendorOption::DiscoveryControl(DiscoveryControl(7)),
            VendorOption::DiscoveryMulticast(Ipv4Addr::new(232, 1, 0, 1)),
            VendorOption::BootServers(vec![
                BootServer { kind: 0, addresses: vec![SERVER] },
                BootServer { kind: 15, addresses: Vec::new() },
            ]),
            VendorOption::BootMenu(vec![
                MenuItem { kind: 0, text: b"local disk" },
                MenuItem { kind: 15, text: b"install" },
            ]),
            VendorOption::MenuPrompt { timeout: 10, text: b"Press F8" },
            VendorOption::CredentialTypes(vec![1, 0x8000_0000]),
            VendorOption::BootItem(BootItem { kind: 15, layer: 0x8001 }),
            VendorOption::Other { tag: 11, value: &[1, 2, 3] },
            VendorOption::Other { tag: 64, value: b"" },
        ]
    }

    #[test]
    fn every_kind_survives_the_wire() {
        let bytes = emit_vendor_options(&every_kind()).unwrap();
        assert_eq!(vendor_options(&bytes).collect::<Result<Vec<_>, _>>(), Ok(every_kind()));
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let options = [
            VendorOption::DiscoveryControl(DiscoveryControl::USE_BOOT_FILE),
            VendorOption::BootServers(vec![BootServer { kind: 1, addresses: vec![SERVER] }]),
            VendorOption::MenuPrompt { timeout: 0, text: b"PXE" },
        ];
        let expected = [6, 1, 8, 8, 7, 0, 1, 1, 10, 77, 0, 1, 10, 4, 0, b'P', b'X', b'E', 255];
        assert_eq!(emit_vendor_options(&options).unwrap(), expected);
    }

    #[test]
    fn a_wrong_length_spoils_only_its_own_option() {
        // Every tag with a fixed format, with 0 bytes, with one too few and with one too many.
        let fixed = [(1, 4), (2, 2), (3, 2), (4, 1), (5, 1), (6, 1), (7, 4), (71, 4)];
        for (tag, right) in fixed {
            for len in [0, right - 1, right + 1, 255] {
                let list = [&[tag, len][..], &vec![0; usize::from(len)], &[6, 1, 8]].concat();
                let all: Vec<_> = vendor_options(&list).collect();
                assert_eq!(all[0].as_ref().unwrap_err().tag, tag, "{len} bytes");
                assert_eq!(all[1], Ok(VendorOption::DiscoveryControl(DiscoveryControl::USE_BOOT_FILE)));
            }
        }
    }

    #[test]
    fn counters_that_lie_are_errors() {
        let lies: [(u8, &[u8]); 8] = [
            (8, &[]),
            (8, &[0, 1]),
            (8, &[0, 1, 2, 10, 0, 0, 1]),
            (8, &[0, 1, 1, 10, 0, 0, 1, 9]),
            (9, &[0, 1, 5, b'x']),
            (9, &[0, 1, 0, 7]),
            (10, &[]),
            (12, &[0, 0, 1]),
        ];
        for (tag, value) in lies {
            assert_eq!(VendorOption::parse(tag, value).unwrap_err().tag, tag, "{value:?}");
        }
    }

    #[test]
    fn what_is_cut_off_ends_the_list() {
        for list in [&[6, 1, 8, 8][..], &[6, 1, 8, 8, 200, 0, 1], &[0, 6, 1, 8, 255, 8, 7], &[6, 1, 8]] {
            assert_eq!(vendor_options(list).count(), 1, "{list:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let text = [b'x'; 256];
        let item = |len: usize| VendorOption::BootMenu(vec![MenuItem { kind: 1, text: text.get(..len).unwrap() }]);
        assert_eq!(emit_vendor_options(&[item(256)]), Err(VendorOptionsTooLong::Value { tag: 9 }));
        assert_eq!(emit_vendor_options(&[item(253)]), Err(VendorOptionsTooLong::Value { tag: 9 }));
        assert_eq!(emit_vendor_options(&[item(250)]), Err(VendorOptionsTooLong::List { len: 256 }));
        assert_eq!(emit_vendor_options(&[item(249)]).unwrap().len(), 255);
    }

    proptest! {
        #[test]
        fn reading_is_total_and_what_was_read_can_be_written(value in proptest::collection::vec(any::<u8>(), 0..300)) {
            let read: Vec<_> = vendor_options(&value).flatten().collect();
            if let Ok(bytes) = emit_vendor_options(&read) {
                prop_assert_eq!(vendor_options(&bytes).collect::<Result<Vec<_>, _>>(), Ok(read));
            }
        }
    }
}
