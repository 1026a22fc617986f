//! The hardware address of a client: `htype`, `hlen` and `chaddr` as one value.

use core::{fmt, str::FromStr};

/// A hardware address of 0 to 16 bytes with its type; what the server knows a client by.
///
/// ```
/// use firstlight_dhcp::HardwareAddress;
/// let mac: HardwareAddress = "52:54:00:12:34:56".parse()?;
/// assert_eq!(mac, HardwareAddress::ethernet([0x52, 0x54, 0, 0x12, 0x34, 0x56]));
/// assert_eq!(mac.to_string(), "52:54:00:12:34:56");
/// # Ok::<(), firstlight_dhcp::HardwareAddressError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareAddress {
    htype: u8,
    len: u8,
    // Zero beyond `len`, so that the derived comparisons are right.
    bytes: [u8; 16],
}

/// Why a text is not a hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardwareAddressError;

impl fmt::Display for HardwareAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hardware address is not six pairs of hex digits joined by ':' or '-'")
    }
}

impl core::error::Error for HardwareAddressError {}

impl HardwareAddress {
    /// `htype` of Ethernet.
    pub const ETHERNET: u8 = 1;

    /// An address of any type; `None` if it has more than 16 bytes.
    #[must_use]
    pub fn new(htype: u8, address: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        bytes.get_mut(..address.len())?.copy_from_slice(address);
        let len = u8::try_from(address.len()).ok()?;
        Some(Self { htype, len, bytes })
    }

    /// An Ethernet MAC address.
    #[must_use]
    pub const fn ethernet(mac: [u8; 6]) -> Self {
        let [a, b, c, d, e, f] = mac;
        Self { htype: Self::ETHERNET, len: 6, bytes: [a, b, c, d, e, f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }
    }

    /// The type (`htype`).
    #[must_use]
    pub const fn htype(&self) -> u8 {
        self.htype
    }

    /// The bytes, `hlen` of them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The six bytes of an Ethernet address; `None` for any other.
    #[must_use]
    pub fn mac(&self) -> Option<[u8; 6]> {
        if self.htype == Self::ETHERNET { self.as_bytes().try_into().ok() } else { None }
    }

    /// Whether it tells one client from another: not empty and not all zeroes.
    #[must_use]
    pub fn is_identifying(&self) -> bool {
        self.as_bytes().iter().any(|byte| *byte != 0)
    }

    /// The 16 bytes of `chaddr`.
    pub(crate) const fn padded(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// `hlen`.
    pub(crate) const fn hlen(&self) -> u8 {
        self.len
    }
}

impl fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.as_bytes().iter().enumerate() {
            if i > 0 {
                f.write_str(":")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.htype, self)
    }
}

impl From<[u8; 6]> for HardwareAddress {
    fn from(mac: [u8; 6]) -> Self {
        Self::ethernet(mac)
    }
}

impl FromStr for HardwareAddress {
    type Err = HardwareAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut mac = [0; 6];
        let mut parts = text.split(separator);
        for byte in &mut mac {
            let part = parts.next().ok_or(HardwareAddressError)?;
            if part.len() != 2 || !part.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(HardwareAddressError);
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| HardwareAddressError)?;
        }
        if parts.next().is_some() {
            return Err(HardwareAddressError);
        }
        Ok(Self::ethernet(mac))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_with_colons_and_dashes() {
        let mac = HardwareAddress::ethernet([0xaa, 0xbb, 0xcc, 0, 1, 2]);
        assert_eq!("aa:BB:cc:00:01:02".parse(), Ok(mac));
        assert_eq!("aa-bb-cc-00-01-02".parse(), Ok(mac));
        for bad in [
            "",
            "aa",
            "aa:bb:cc:00:01",
            "aa:bb:cc:00:01:02:03",
            "aa:bb:cc:00:01:0g",
            "a:b:c:d:e:f",
            "+a:bb:cc:00:01:02",
        ] {
            assert_eq!(bad.parse::<HardwareAddress>(), Err(HardwareAddressError), "{bad}");
        }
    }

    #[test]
    fn seventeen_bytes_are_no_address() {
        assert_eq!(HardwareAddress::new(1, &[0; 17]), None);
        assert_eq!(HardwareAddress::new(32, &[]).map(|address| address.is_identifying()), Some(false));
    }
}
