//! What netboot clients say about themselves and are told: options 93, 94, 97, 175, 208, and PXE's part of 43.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::{fmt, net::Ipv4Addr};

use super::{
    Bytes, Counted, Describe, Format, List, MaybeAddresses, MaybeText, Nested, OptionError, Printer, Reader,
    describe::Written, error::Expected,
};

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
    Other {
        /// The type.
        kind: u8,
        /// What follows it.
        id: &'a [u8],
    },
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
            _ => Ok(Self::Other { kind, id }),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        match self {
            Self::Uuid(uuid) => {
                value.push(0);
                value.extend_from_slice(uuid);
            }
            Self::Other { kind, id } => {
                value.push(*kind);
                value.extend_from_slice(id);
            }
        }
    }
}

impl Describe for ClientUuid<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Uuid(uuid) => out.text(&Uuid(uuid)),
            Self::Other { kind, id } => {
                out.begin_record()?;
                out.field("type")?;
                out.number((*kind).into(), "")?;
                out.field("id")?;
                out.bytes(id)?;
                out.end()
            }
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

record! {
    /// The boot servers of one type.
    pub struct BootServer<'a> {
        /// The type of boot server.
        kind: u16 = "type",
        /// The servers' addresses.
        addresses: BootServerAddresses<'a> = "addresses",
    }
}

/// Addresses with their number before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BootServerAddresses<'a>(pub MaybeAddresses<'a>);

impl<'a> Format<'a> for BootServerAddresses<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let count = reader.u8("number of servers")?;
        let bytes = reader.take("servers", 4 * usize::from(count))?;
        MaybeAddresses::read(&mut reader.over(bytes)).map(Self)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        let addresses = self.0.0.iter().take(255);
        value.push(u8::try_from(addresses.len()).unwrap_or(u8::MAX));
        value.extend(addresses.flat_map(|address| address.octets()));
    }
}

impl Describe for BootServerAddresses<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        self.0.describe(out)
    }
}

record! {
    /// A line of the boot menu.
    pub struct MenuItem<'a> {
        /// The type of boot server that it stands for; 0 is the local disk.
        kind: u16 = "type",
        /// What the user reads.
        text: Counted<MaybeText<'a>> = "text",
    }
}

record! {
    /// When the boot menu is shown.
    pub struct MenuPrompt<'a> {
        /// Seconds until the first item is taken; 255 waits for ever, 0 does not wait.
        timeout: u8 = "timeout",
        /// What the user reads.
        text: MaybeText<'a> = "text",
    }
}

record! {
    /// What is to be booted from a boot server.
    pub struct BootItem len 4 {
        /// The type of boot server.
        kind: u16 = "type",
        /// The layer; bit 15 asks for credentials.
        layer: u16 = "layer",
    }
}

flags! {
    /// How boot servers are discovered (PXE 2.1 §2.2).
    DiscoveryControl(u8) len 1, "discovery control" {
        /// Not by broadcast.
        disables_broadcast = 1 "no-broadcast";
        /// Not by multicast.
        disables_multicast = 2 "no-multicast";
        /// Only the servers of sub-option 8 count.
        accepts_listed_only = 4 "listed-only";
        /// Neither menu nor prompt nor discovery, if a boot file is named.
        skips_discovery = 8 "boot-file";
    }
}

/// Boot servers by type.
pub type BootServers<'a> = List<'a, BootServer<'a>>;
/// The lines of a boot menu.
pub type BootMenu<'a> = List<'a, MenuItem<'a>>;

sub_options! {
    /// A sub-option of option 43 as PXE 2.1 §2.2 defines them.
    pub enum PxeSubOption in VENDOR_SPECIFIC {
        /// The multicast address for MTFTP.
        1 "mtftp-address" MtftpAddress(Ipv4Addr);
        /// The client's port for MTFTP.
        2 "mtftp-client-port" MtftpClientPort(u16);
        /// The server's port for MTFTP.
        3 "mtftp-server-port" MtftpServerPort(u16);
        /// Seconds to listen before a transfer is started.
        4 "mtftp-timeout" MtftpTimeout(u8);
        /// Seconds to wait before a transfer is started over.
        5 "mtftp-delay" MtftpDelay(u8);
        /// How boot servers are discovered.
        6 "discovery-control" DiscoveryControl(DiscoveryControl);
        /// The multicast address of discovery.
        7 "discovery-multicast-address" DiscoveryMulticastAddress(Ipv4Addr);
        /// The boot servers of each type.
        8 "boot-servers" BootServers(BootServers<'a>);
        /// The boot menu.
        9 "boot-menu" BootMenu(BootMenu<'a>);
        /// When the boot menu is shown.
        10 "menu-prompt" MenuPrompt(MenuPrompt<'a>);
        /// What is to be booted.
        71 "boot-item" BootItem(BootItem);
    }
}

sub_options! {
    /// A sub-option of option 175, as iPXE sends and takes them.
    pub enum IpxeSubOption in IPXE {
        /// The priority of this source of settings, signed.
        1 "priority" Priority(u8);
        /// Whether SAN disks stay connected when booting from them fails.
        8 "keep-san" KeepSan(u8);
        /// Whether SAN disks are only connected.
        9 "skip-san-boot" SkipSanBoot(u8);
        /// PXE extensions.
        16 "pxe-extensions" PxeExtensions(u8);
        /// iSCSI.
        17 "iscsi" Iscsi(u8);
        /// ATA over Ethernet.
        18 "aoe" Aoe(u8);
        /// HTTP.
        19 "http" Http(u8);
        /// HTTPS.
        20 "https" Https(u8);
        /// TFTP.
        21 "tftp" Tftp(u8);
        /// FTP.
        22 "ftp" Ftp(u8);
        /// DNS.
        23 "dns" Dns(u8);
        /// Linux kernels.
        24 "bzimage" BzImage(u8);
        /// Multiboot images.
        25 "multiboot" Multiboot(u8);
        /// Scalable local area multicast.
        26 "slam" Slam(u8);
        /// SCSI over RDMA.
        27 "srp" Srp(u8);
        /// Tagged images.
        32 "nbi" Nbi(u8);
        /// PXE network boot programs.
        33 "pxe" Pxe(u8);
        /// ELF images.
        34 "elf" Elf(u8);
        /// COMBOOT images.
        35 "comboot" Comboot(u8);
        /// EFI images.
        36 "efi" Efi(u8);
        /// Fibre Channel over Ethernet.
        37 "fcoe" Fcoe(u8);
        /// VLANs.
        38 "vlan" Vlan(u8);
        /// Menus.
        39 "menu" Menu(u8);
        /// System deployment images.
        40 "sdi" Sdi(u8);
        /// NFS.
        41 "nfs" Nfs(u8);
        /// Whether not to wait for proxies.
        176 "no-pxedhcp" NoPxedhcp(u8);
        /// The network card's bus, vendor and device.
        177 "bus-id" BusId(Bytes<'a>);
        /// The BIOS drive number of a SAN disk.
        189 "bios-drive" BiosDrive(u8);
        /// The user's name.
        190 "username" Username(MaybeText<'a>);
        /// The user's password.
        191 "password" Password(MaybeText<'a>);
        /// The target's name.
        192 "reverse-username" ReverseUsername(MaybeText<'a>);
        /// The target's password.
        193 "reverse-password" ReversePassword(MaybeText<'a>);
        /// iPXE's version.
        235 "version" Version(Bytes<'a>);
    }
}

/// Typed sub-options of option 175.
pub type IpxeSubOptions<'a> = Nested<'a, IpxeSubOption<'a>>;

typed! { IpxeSubOptions<'a>;
    /// iPXE's encapsulated options (Etherboot).
    Ipxe = IPXE;
}
