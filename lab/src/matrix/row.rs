//! The rows of the matrix: each a machine, who gives it its address, and what it then fetches.

use crate::cli::Firmware;
use crate::qemu::{Card, Hardware};

/// One path from power-on to a running kernel.
#[derive(Debug)]
pub(crate) struct Row {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// What the table calls it.
    pub(crate) path: &'static str,
    pub(crate) hardware: Hardware,
    pub(crate) dhcp: Dhcp,
    /// What the server's configuration says of this machine: keys of `[[pxe.machines]]`.
    pub(crate) quirks: &'static str,
    /// Whether the server's GRUB is one that is built here, with modules that Debian's signed one lacks.
    pub(crate) own_grub: bool,
    /// The boot loader files that it fetches, and iPXE's script, in order.
    pub(crate) files: &'static [&'static str],
    /// How it fetches its kernel.
    pub(crate) kernel: Transport,
    pub(crate) end: End,
    /// Whether it belongs to the fast subset.
    pub(crate) fast: bool,
}

/// Who does DHCP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dhcp {
    /// Our server gives the addresses.
    Ours,
    /// dnsmasq gives them, our server is a proxy beside it.
    Proxy,
    /// dnsmasq gives them and names our server and this boot file; our server does no DHCP at all.
    NextServer(&'static str),
}

/// How a file is fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Tftp,
    Http,
}

/// How a row ends when all is well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// The kernel runs, and with it the initial RAM disk's first program.
    Kernel,
    /// The server's kernel has no signature here, and the boot loader refuses it.
    Refused,
    /// The boot loader ends at its prompt, for this reason.
    Cannot(&'static str),
}

const BIOS: Hardware = Hardware::plain(Firmware::Bios);
const UEFI: Hardware = Hardware::plain(Firmware::Uefi);

const SECURE: Hardware = Hardware { secure_boot: true, ..UEFI };

/// What most rows share.
const BASE: Row = Row {
    name: "",
    path: "",
    hardware: UEFI,
    dhcp: Dhcp::Ours,
    quirks: "",
    own_grub: false,
    files: &["boot.ipxe"],
    kernel: Transport::Http,
    end: End::Kernel,
    fast: false,
};

/// shim and the GRUB that it loads.
const GRUB: Row = Row { files: &["bootx64.efi", "grubx64.efi"], kernel: Transport::Tftp, ..BASE };

/// Every row.
pub(crate) const ROWS: &[Row] = &[
    Row { name: "bios-ipxe", path: "SeaBIOS, iPXE ROM", hardware: BIOS, fast: true, ..BASE },
    Row {
        name: "bios-ipxe-e1000",
        path: "SeaBIOS, iPXE ROM of an e1000",
        hardware: Hardware { card: Card::E1000, ..BIOS },
        ..BASE
    },
    Row {
        name: "bios-pxelinux",
        path: "SeaBIOS, pxelinux",
        hardware: BIOS,
        quirks: "ipxe_as_rom = true\nboot_file = \"pxelinux.0\"",
        kernel: Transport::Tftp,
        files: &["pxelinux.0", "ldlinux.c32"],
        ..BASE
    },
    Row {
        name: "bios-lpxelinux",
        path: "SeaBIOS, lpxelinux",
        hardware: BIOS,
        quirks: "ipxe_as_rom = true",
        files: &["lpxelinux.0", "ldlinux.c32"],
        fast: true,
        ..BASE
    },
    Row { name: "uefi-shim-grub", path: "OVMF, PXE, shim, GRUB", fast: true, ..GRUB },
    Row {
        name: "uefi-snponly",
        path: "OVMF, PXE, snponly.efi",
        quirks: "boot_file = \"snponly.efi\"",
        files: &["snponly.efi", "boot.ipxe"],
        fast: true,
        ..BASE
    },
    Row {
        name: "uefi-ipxe",
        path: "OVMF, PXE, ipxe.efi",
        quirks: "boot_file = \"ipxe.efi\"",
        files: &["ipxe.efi", "boot.ipxe"],
        ..BASE
    },
    Row { name: "uefi-ipxe-rom", path: "OVMF, iPXE ROM", hardware: Hardware { ipxe_rom: true, ..UEFI }, ..BASE },
    Row {
        name: "uefi-http-ipxe",
        path: "OVMF, HTTP boot, snponly.efi",
        hardware: Hardware { http_boot: true, ..UEFI },
        files: &["snponly.efi", "boot.ipxe"],
        fast: true,
        ..BASE
    },
    Row {
        name: "uefi-http-grub",
        path: "OVMF, HTTP boot, shim, GRUB",
        hardware: Hardware { http_boot: true, ..UEFI },
        quirks: "boot_file = \"http://10.77.0.1/boot/bootx64.efi\"",
        end: End::Cannot("Debian's signed GRUB has no http module to fetch its configuration with"),
        ..GRUB
    },
    Row {
        name: "uefi-http-own-grub",
        path: "OVMF, HTTP boot, GRUB with http",
        hardware: Hardware { http_boot: true, ..UEFI },
        quirks: "boot_file = \"http://10.77.0.1/boot/grubx64.efi\"",
        own_grub: true,
        files: &["grubx64.efi"],
        ..BASE
    },
    Row { name: "secure-boot", path: "OVMF, Secure Boot, shim, GRUB", hardware: SECURE, ..GRUB },
    Row {
        name: "secure-boot-unsigned",
        path: "the same, unsigned kernel",
        hardware: SECURE,
        end: End::Refused,
        ..GRUB
    },
    Row { name: "proxy-bios", path: "SeaBIOS, iPXE ROM", hardware: BIOS, dhcp: Dhcp::Proxy, ..BASE },
    Row {
        name: "proxy-uefi",
        path: "OVMF, PXE, snponly.efi",
        dhcp: Dhcp::Proxy,
        files: &["snponly.efi", "boot.ipxe"],
        fast: true,
        ..BASE
    },
    Row {
        name: "next-server-bios",
        path: "SeaBIOS, pxelinux",
        hardware: BIOS,
        dhcp: Dhcp::NextServer("pxelinux.0"),
        files: &["pxelinux.0", "ldlinux.c32"],
        kernel: Transport::Tftp,
        fast: true,
        ..BASE
    },
    Row { name: "next-server-uefi", path: "OVMF, PXE, shim, GRUB", dhcp: Dhcp::NextServer("bootx64.efi"), ..GRUB },
];

impl Dhcp {
    /// What the table says.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Ours => "ours".to_owned(),
            Self::Proxy => "dnsmasq, our proxy".to_owned(),
            Self::NextServer(file) => format!("dnsmasq names {file}"),
        }
    }

    /// The server's mode.
    pub(crate) const fn mode(self) -> &'static str {
        match self {
            Self::Ours => "authoritative",
            Self::Proxy => "proxy",
            Self::NextServer(_) => "off",
        }
    }
}

impl Transport {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tftp => "TFTP",
            Self::Http => "HTTP",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
        let paths: BTreeSet<(&str, String)> = ROWS.iter().map(|row| (row.path, row.dhcp.describe())).collect();
        assert_eq!((names.len(), paths.len()), (ROWS.len(), ROWS.len()));
        assert!(names.iter().all(|name| !name.contains([',', ' ', '/'])));
    }
}
