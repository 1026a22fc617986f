//! What netboot clients say about themselves: options 93, 94 and 97. And PXELINUX's magic, option 208.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use super::{Describe, Format, List, OptionError, Printer, Reader, Tagged, describe::Written, error::Expected};

/// A processor architecture and how it boots, from the IANA registry "Processor Architecture Types" (RFC 4578 §2.1,
/// RFC 5970 §3.3).
///
/// ```
/// use firstlight_dhcp::option::Architecture;
/// assert_eq!(Architecture(7).to_string(), "x64 UEFI (7)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Architecture(pub u16);

/// Architectures, at least one. A client that boots on several lists them all.
pub type Architectures<'a> = List<'a, Architecture>;

typed! { Architectures<'a>;
    /// Architecture of the client; RFC 4578 allows a list (RFC 4578 §2.1).
    ClientArchitecture = CLIENT_ARCHITECTURE;
}

impl Architecture {
    /// The registered name.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 42] = [
            "x86 BIOS",
            "NEC/PC98",
            "Itanium",
            "DEC Alpha",
            "Arc x86",
            "Intel Lean Client",
            "x86 UEFI",
            "x64 UEFI",
            "EFI Xscale",
            "EBC",
            "ARM 32-bit UEFI",
            "ARM 64-bit UEFI",
            "PowerPC Open Firmware",
            "PowerPC ePAPR",
            "POWER OPAL v3",
            "x86 UEFI HTTP",
            "x64 UEFI HTTP",
            "EBC HTTP",
            "ARM 32-bit UEFI HTTP",
            "ARM 64-bit UEFI HTTP",
            "x86 BIOS HTTP",
            "ARM 32-bit U-Boot",
            "ARM 64-bit U-Boot",
            "ARM 32-bit U-Boot HTTP",
            "ARM 64-bit U-Boot HTTP",
            "RISC-V 32-bit UEFI",
            "RISC-V 32-bit UEFI HTTP",
            "RISC-V 64-bit UEFI",
            "RISC-V 64-bit UEFI HTTP",
            "RISC-V 128-bit UEFI",
            "RISC-V 128-bit UEFI HTTP",
            "s390 basic",
            "s390 extended",
            "MIPS 32-bit UEFI",
            "MIPS 64-bit UEFI",
            "Sunway 32-bit UEFI",
            "Sunway 64-bit UEFI",
            "LoongArch 32-bit UEFI",
            "LoongArch 32-bit UEFI HTTP",
            "LoongArch 64-bit UEFI",
            "LoongArch 64-bit UEFI HTTP",
            "ARM rpiboot",
        ];
        NAMES.get(usize::from(self.0)).copied()
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name().unwrap_or("unknown"), self.0)
    }
}

impl Format<'_> for Architecture {
    const LEN: Option<usize> = Some(2);

    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        reader.u16("architecture").map(Self)
    }

    fn are_values(bytes: &[u8]) -> bool {
        bytes.len().is_multiple_of(2)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        self.0.emit(value);
    }
}

impl Describe for Architecture {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(self)
    }
}

/// Network device interface version (RFC 4578 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientNdi {
    /// 1 is UNDI.
    pub kind: u8,
    /// Major and minor version; 3.16 is UEFI 2.
    pub version: (u8, u8),
}

single! { ClientNdi = CLIENT_NDI; }

impl Format<'_> for ClientNdi {
    const LEN: Option<usize> = Some(3);

    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        let [kind, major, minor] = reader.array("interface version")?;
        Ok(Self { kind, version: (major, minor) })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend([self.kind, self.version.0, self.version.1]);
    }
}

impl Describe for ClientNdi {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        let (major, minor) = self.version;
        match self.kind {
            1 => out.text(&format_args!("UNDI {major}.{minor}")),
            kind => out.text(&format_args!("type {kind} {major}.{minor}")),
        }
    }
}

/// UUID of the machine (RFC 4578 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientUuid<'a> {
    /// Type 0. The first three fields come from SMBIOS, where they are little-endian; RFC 4578 does not say how they are
    /// sent. `Display` shows the bytes in the order of the wire.
    Uuid([u8; 16]),
    /// Any other type, which RFC 4578 does not define.
    Other(Tagged<'a>),
}

single! { ClientUuid<'a> = CLIENT_UUID; }

impl<'a> Format<'a> for ClientUuid<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        reader.at_least(2)?;
        let kind = reader.u8("type")?;
        let id = reader.rest();
        match (kind, id.try_into()) {
            (0, Ok(uuid)) => Ok(Self::Uuid(uuid)),
            (0, Err(_)) => Err(reader.wrong_length(Expected::Exactly(17))),
            _ => Ok(Self::Other(Tagged::new(kind, id))),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        match self {
            Self::Uuid(uuid) => Tagged::new(0, uuid).emit(value),
            Self::Other(id) => id.emit(value),
        }
    }
}

impl Describe for ClientUuid<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Uuid(uuid) => out.text(&Uuid(uuid)),
            Self::Other(id) => id.describe(out),
        }
    }
}

struct Uuid<'a>(&'a [u8; 16]);

impl fmt::Display for Uuid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

/// PXELINUX's magic (RFC 5071 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PxelinuxMagic;

single! { PxelinuxMagic = PXELINUX_MAGIC; }

impl PxelinuxMagic {
    const BYTES: [u8; 4] = [0xf1, 0, 0x74, 0x7e];
}

impl Format<'_> for PxelinuxMagic {
    const LEN: Option<usize> = Some(4);

    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        match reader.array("magic")? {
            Self::BYTES => Ok(Self),
            other => Err(reader.wrong_value("magic", "0xf100747e", u32::from_be_bytes(other))),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(&Self::BYTES);
    }
}

impl Describe for PxelinuxMagic {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.bytes(&Self::BYTES)
    }
}
