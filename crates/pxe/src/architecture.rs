//! The client system architecture of option 93 (RFC 4578 §2.1 and the IANA registry "Processor Architecture Types").

use std::fmt;

/// A code of the IANA registry of processor architecture types, as it stood on the wire.
///
/// An unknown code is a value like any other: it is shown, logged and refused by [`decide`](crate::decide), never lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Architecture(pub u16);

/// The kind of firmware behind an [`Architecture`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Firmware {
    /// PC BIOS: real mode, option ROMs.
    Bios,
    /// UEFI.
    Uefi,
    /// Apple's network boot (BSDP): recognised so that it is never answered.
    Apple,
    /// The boot ROM or boot loader of a Raspberry Pi.
    RaspberryPi,
    /// U-Boot.
    UBoot,
    /// Something else: OPAL, s390, or a code that the registry does not hold.
    Other,
}

/// The instruction set behind an [`Architecture`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cpu {
    /// 32-bit x86, and any x86 that boots through a BIOS.
    X86,
    /// 64-bit x86.
    X64,
    /// 32-bit Arm.
    Arm32,
    /// 64-bit Arm.
    Arm64,
    /// RISC-V of any width.
    RiscV,
    /// `LoongArch` of any width.
    LoongArch,
    /// Itanium.
    Itanium,
    /// PowerPC and POWER.
    Power,
    /// IBM's mainframes.
    S390,
    /// MIPS of any width.
    Mips,
    /// Sunway of any width.
    Sunway,
    /// Anything else.
    Other,
}

impl Architecture {
    /// PC BIOS. A Raspberry Pi's boot ROM claims it too.
    pub const BIOS: Self = Self(0);
    /// 32-bit x86 UEFI.
    pub const X86_UEFI: Self = Self(6);
    /// 64-bit x86 UEFI.
    pub const X64_UEFI: Self = Self(7);
    /// EFI byte code by the registry, 64-bit x86 UEFI in the field.
    pub const EBC: Self = Self(9);
    /// 32-bit Arm UEFI.
    pub const ARM32_UEFI: Self = Self(10);
    /// 64-bit Arm UEFI.
    pub const ARM64_UEFI: Self = Self(11);
    /// 32-bit x86 UEFI, booting over HTTP.
    pub const X86_HTTP: Self = Self(15);
    /// 64-bit x86 UEFI, booting over HTTP.
    pub const X64_HTTP: Self = Self(16);
    /// 64-bit Arm UEFI, booting over HTTP.
    pub const ARM64_HTTP: Self = Self(19);
    /// 32-bit Arm U-Boot.
    pub const ARM32_UBOOT: Self = Self(21);
    /// 64-bit Arm U-Boot.
    pub const ARM64_UBOOT: Self = Self(22);
    /// The boot loader of a Raspberry Pi.
    pub const RPIBOOT: Self = Self(41);
    /// What a client that does not say is given: not in the registry.
    pub const UNKNOWN: Self = Self(u16::MAX);

    /// What firmware this code stands for.
    #[must_use]
    pub const fn firmware(self) -> Firmware {
        match self.0 {
            0 | 20 => Firmware::Bios,
            2 | 6..=11 | 15..=19 | 25..=30 | 33..=40 => Firmware::Uefi,
            21..=24 => Firmware::UBoot,
            41 => Firmware::RaspberryPi,
            _ => Firmware::Other,
        }
    }

    /// What instruction set this code stands for. 7 and 9 are both x64 in the field.
    ///
    /// ```
    /// use firstlight_pxe::{Architecture, Cpu};
    /// assert_eq!(Architecture::EBC.cpu(), Cpu::X64);
    /// ```
    #[must_use]
    pub const fn cpu(self) -> Cpu {
        match self.0 {
            0 | 1 | 4..=6 | 15 | 20 => Cpu::X86,
            7 | 9 | 16 | 17 => Cpu::X64,
            8 | 10 | 18 | 21 | 23 => Cpu::Arm32,
            11 | 19 | 22 | 24 | 41 => Cpu::Arm64,
            25..=30 => Cpu::RiscV,
            37..=40 => Cpu::LoongArch,
            2 => Cpu::Itanium,
            12..=14 => Cpu::Power,
            31 | 32 => Cpu::S390,
            33 | 34 => Cpu::Mips,
            35 | 36 => Cpu::Sunway,
            _ => Cpu::Other,
        }
    }

    /// True for the codes that say "I boot over HTTP" (a URI is expected, not a TFTP path).
    #[must_use]
    pub const fn is_http(self) -> bool {
        matches!(self.0, 15..=20 | 23 | 24 | 26 | 28 | 30 | 38 | 40)
    }

    /// A short name, `unknown` for a code that is not in the registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "x86 BIOS",
            1 => "NEC/PC98",
            2 => "Itanium",
            3 => "DEC Alpha",
            4 => "Arc x86",
            5 => "Intel Lean Client",
            6 => "x86 UEFI",
            7 => "x64 UEFI",
            8 => "EFI Xscale",
            9 => "x64 UEFI (EBC)",
            10 => "ARM 32-bit UEFI",
            11 => "ARM 64-bit UEFI",
            12 => "PowerPC Open Firmware",
            13 => "PowerPC ePAPR",
            14 => "POWER OPAL v3",
            15 => "x86 UEFI HTTP",
            16 => "x64 UEFI HTTP",
            17 => "x64 UEFI HTTP (EBC)",
            18 => "ARM 32-bit UEFI HTTP",
            19 => "ARM 64-bit UEFI HTTP",
            20 => "x86 BIOS HTTP",
            21 => "ARM 32-bit U-Boot",
            22 => "ARM 64-bit U-Boot",
            23 => "ARM 32-bit U-Boot HTTP",
            24 => "ARM 64-bit U-Boot HTTP",
            25 => "RISC-V 32-bit UEFI",
            26 => "RISC-V 32-bit UEFI HTTP",
            27 => "RISC-V 64-bit UEFI",
            28 => "RISC-V 64-bit UEFI HTTP",
            29 => "RISC-V 128-bit UEFI",
            30 => "RISC-V 128-bit UEFI HTTP",
            31 => "s390 Basic",
            32 => "s390 Extended",
            33 => "MIPS 32-bit UEFI",
            34 => "MIPS 64-bit UEFI",
            35 => "Sunway 32-bit UEFI",
            36 => "Sunway 64-bit UEFI",
            37 => "LoongArch 32-bit UEFI",
            38 => "LoongArch 32-bit UEFI HTTP",
            39 => "LoongArch 64-bit UEFI",
            40 => "LoongArch 64-bit UEFI HTTP",
            41 => "ARM rpiboot",
            _ => "unknown",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bios => "BIOS",
            Self::Uefi => "UEFI",
            Self::Apple => "Apple NetBoot",
            Self::RaspberryPi => "Raspberry Pi",
            Self::UBoot => "U-Boot",
            Self::Other => "other firmware",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: u16, firmware: Firmware, cpu: Cpu, http: bool, shown: &str) {
        let architecture = Architecture(code);
        assert_eq!(architecture.firmware(), firmware, "firmware of {code}");
        assert_eq!(architecture.cpu(), cpu, "cpu of {code}");
        assert_eq!(architecture.is_http(), http, "http of {code}");
        assert_eq!(architecture.to_string(), shown);
    }

    #[test]
    fn codes_that_the_field_sends() {
        check(0, Firmware::Bios, Cpu::X86, false, "x86 BIOS (0)");
        check(6, Firmware::Uefi, Cpu::X86, false, "x86 UEFI (6)");
        check(7, Firmware::Uefi, Cpu::X64, false, "x64 UEFI (7)");
        check(9, Firmware::Uefi, Cpu::X64, false, "x64 UEFI (EBC) (9)");
        check(11, Firmware::Uefi, Cpu::Arm64, false, "ARM 64-bit UEFI (11)");
        check(16, Firmware::Uefi, Cpu::X64, true, "x64 UEFI HTTP (16)");
        check(27, Firmware::Uefi, Cpu::RiscV, false, "RISC-V 64-bit UEFI (27)");
        check(40, Firmware::Uefi, Cpu::LoongArch, true, "LoongArch 64-bit UEFI HTTP (40)");
        check(41, Firmware::RaspberryPi, Cpu::Arm64, false, "ARM rpiboot (41)");
        check(999, Firmware::Other, Cpu::Other, false, "unknown (999)");
    }
}
