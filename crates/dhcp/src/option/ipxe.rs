//! Option 175: what iPXE can do, and its settings.

use core::fmt;

use super::{Bytes, Describe, MaybeText, Nested, Printer, describe::Written};

sub_options! {
    /// A sub-option of option 175, as iPXE sends and takes them.
    pub enum IpxeSubOption in IPXE {
        /// The priority of this source of settings, signed.
        1 "priority" Priority(i8);
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
        /// Commands to run.
        81 "scriptlet" Scriptlet(MaybeText<'a>);
        /// A syslog server that is reached over TLS.
        85 "syslogs" Syslogs(MaybeText<'a>);
        /// Fingerprints of trusted root certificates.
        90 "trust" Trust(Bytes<'a>);
        /// The client's certificate.
        91 "cert" Cert(Bytes<'a>);
        /// The client's private key.
        92 "privkey" PrivateKey(Bytes<'a>);
        /// Where cross-signed certificates are.
        93 "crosscert" CrossCert(MaybeText<'a>);
        /// Whether not to wait for proxies.
        176 "no-pxedhcp" NoPxedhcp(u8);
        /// The network card's bus, vendor and device.
        177 "bus-id" BusId(BusId<'a>);
        /// How often access to a SAN disk is tried again.
        187 "san-retry" SanRetry(i8);
        /// The boot loader's path on a SAN disk.
        188 "san-filename" SanFilename(MaybeText<'a>);
        /// The drive number of a SAN disk.
        189 "san-drive" SanDrive(u8);
        /// The user's name.
        190 "username" Username(MaybeText<'a>);
        /// The user's password.
        191 "password" Password(MaybeText<'a>);
        /// The target's name.
        192 "reverse-username" ReverseUsername(MaybeText<'a>);
        /// The target's password.
        193 "reverse-password" ReversePassword(MaybeText<'a>);
        /// The user's number for NFS.
        194 "uid" Uid(u32);
        /// The group's number for NFS.
        195 "gid" Gid(u32);
        /// iPXE's version.
        235 "version" Version(IpxeVersion<'a>);
    }
}

named! {
    /// The bus of a network card.
    BusType, "bus" {
        1 "PCI"
        2 "ISA PnP"
        3 "EISA"
        4 "MCA"
        5 "ISA"
        6 "TAP"
        7 "EFI"
        8 "Xen"
        9 "Hyper-V"
        10 "USB"
        11 "devicetree"
    }
}

record! {
    /// A network card.
    pub struct BusId<'a> {
        /// Its bus.
        bus: BusType = "bus",
        /// What the bus makes of it: on PCI two bytes of vendor and two of device.
        id: Bytes<'a> = "id",
    }
}

/// A version, a byte for each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpxeVersion<'a>(pub Bytes<'a>);

transparent!(IpxeVersion<'a>(Bytes<'a>));

impl Describe for IpxeVersion<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(self)
    }
}

impl fmt::Display for IpxeVersion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.0.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            write!(f, "{dot}{number}")?;
        }
        Ok(())
    }
}

/// Typed sub-options of option 175.
pub type IpxeSubOptions<'a> = Nested<'a, IpxeSubOption<'a>>;

typed! { IpxeSubOptions<'a>;
    /// iPXE's encapsulated options (Etherboot).
    Ipxe = IPXE;
}
