//! The machine identifier of option 97 (RFC 4578 §2.3): a type byte 0 and the 16 bytes of the SMBIOS system UUID.

use std::fmt;

/// A machine's SMBIOS UUID, its bytes in the order in which they stood on the wire.
///
/// RFC 4578 does not say which end of the first three fields comes first, and firmware disagrees: compare a machine
/// with another source (dmidecode, a BMC) by [`is_same_machine`](Self::is_same_machine). UUIDs are also sometimes
/// duplicated or [placeholders](Self::is_placeholder): a machine is found by its hardware address first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MachineUuid(pub [u8; 16]);

impl MachineUuid {
    /// Parses the value of option 97. `None` for an empty, short or foreign-typed one: old ROMs send those.
    #[must_use]
    pub fn parse_option(value: &[u8]) -> Option<Self> {
        match value.split_first() {
            Some((0, bytes)) => bytes.try_into().ok().map(Self),
            _ => None,
        }
    }

    /// Parses `44454c4c-3000-1035-8056-b4c04f4e3632`, upper or lower case.
    #[must_use]
    pub fn parse_text(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return None;
        }
        let mut uuid = [0; 16];
        let mut nibbles = 0_usize;
        for (at, &byte) in bytes.iter().enumerate() {
            if matches!(at, 8 | 13 | 18 | 23) {
                if byte != b'-' {
                    return None;
                }
                continue;
            }
            let digit = u8::try_from(char::from(byte).to_digit(16)?).ok()?;
            let slot = uuid.get_mut(nibbles / 2)?;
            *slot = *slot << 4 | digit;
            nibbles += 1;
        }
        Some(Self(uuid))
    }

    /// The same UUID with the bytes of its first three fields reversed: the other reading of the same machine.
    #[must_use]
    pub const fn swapped(self) -> Self {
        let [a, b, c, d, e, f, g, h, rest @ ..] = self.0;
        let [i, j, k, l, m, n, o, p] = rest;
        Self([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
    }
}

impl MachineUuid {
    /// Whether two sources name the same machine, each with its own order of bytes.
    ///
    /// ```
    /// use firstlight_pxe::MachineUuid;
    /// let wire = MachineUuid::parse_text("4c4c4544-0030-3510-8056-b4c04f4e3632").unwrap();
    /// let dmidecode = MachineUuid::parse_text("44454c4c-3000-1035-8056-b4c04f4e3632").unwrap();
    /// assert!(wire.is_same_machine(dmidecode));
    /// ```
    #[must_use]
    pub fn is_same_machine(self, other: Self) -> bool {
        self == other || self.swapped() == other
    }

    /// True for values that many machines share: all zeros, all ones, and what boards are delivered with.
    #[must_use]
    pub fn is_placeholder(self) -> bool {
        // American Megatrends' default, as dmidecode shows it.
        const DELIVERED: MachineUuid = MachineUuid([3, 0, 2, 0, 4, 0, 5, 0, 0, 6, 0, 7, 0, 8, 0, 9]);
        self.0 == [0; 16] || self.0 == [255; 16] || self.is_same_machine(DELIVERED)
    }
}

impl fmt::Display for MachineUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "44454c4c-3000-1035-8056-b4c04f4e3632";

    #[test]
    fn text_round_trips_in_either_case() {
        let uuid = MachineUuid::parse_text(TEXT).unwrap();
        assert_eq!(uuid.to_string(), TEXT);
        assert_eq!(MachineUuid::parse_text(&TEXT.to_uppercase()), Some(uuid));
        assert_eq!(uuid.swapped().to_string(), "4c4c4544-0030-3510-8056-b4c04f4e3632");
        assert_eq!(uuid.swapped().swapped(), uuid);
    }

    #[test]
    fn placeholders_name_no_machine() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "03000200-0400-0500-0006-000700080009",
            "00020003-0004-0005-0006-000700080009",
        ] {
            assert!(MachineUuid::parse_text(text).unwrap().is_placeholder(), "{text}");
        }
        let real = MachineUuid::parse_text(TEXT).unwrap();
        assert!(!real.is_placeholder());
        assert!(real.is_same_machine(real) && real.is_same_machine(real.swapped()));
        assert!(!real.is_same_machine(MachineUuid([0; 16])));
    }

    #[test]
    fn odd_values_of_option_97_are_no_uuid() {
        let mut value = vec![0];
        value.extend([7; 16]);
        assert_eq!(MachineUuid::parse_option(&value), Some(MachineUuid([7; 16])));
        assert_eq!(MachineUuid::parse_option(&value[..16]), None);
        assert_eq!(MachineUuid::parse_option(&[]), None);
        value[0] = 1;
        assert_eq!(MachineUuid::parse_option(&value), None);
        assert_eq!(MachineUuid::parse_text("44454c4c-3000-1035-8056-b4c04f4e363é"), None);
        assert_eq!(MachineUuid::parse_text("44454c4cx3000-1035-8056-b4c04f4e3632"), None);
    }
}
