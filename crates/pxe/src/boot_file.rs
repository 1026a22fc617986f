//! The boot loader files: one value per file is what DHCP advertises and what TFTP and HTTP serve.

use std::fmt;

/// A boot loader file that a [`decide`](crate::decide)d answer or a [`render`](crate::render)ed script may name.
///
/// The names are in one place on purpose: what is advertised is what is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BootFile {
    /// PXELINUX with its own network stack (TFTP, HTTP): the first program of a BIOS machine.
    Lpxelinux,
    /// PXELINUX on the ROM's network stack: TFTP only. For machines on which [`Lpxelinux`](Self::Lpxelinux) fails.
    Pxelinux,
    /// The core module that both load before anything else.
    Ldlinux,
    /// A library of `reboot.c32` and `chain.c32`.
    Libcom32,
    /// A library of `chain.c32`.
    Libutil,
    /// Switches the machine off (BIOS).
    Poweroff,
    /// Restarts the machine (BIOS).
    Reboot,
    /// Starts a disk's boot sector (BIOS).
    Chain,
    /// shim, the first program of an x64 UEFI machine, signed by Microsoft.
    ShimX64,
    /// GRUB with its network modules, signed by Debian; the file that shim asks for.
    GrubX64,
    /// iPXE on the firmware's own network driver (UEFI x64).
    SnponlyX64,
    /// iPXE with its own drivers (UEFI x64).
    IpxeX64,
    /// iPXE on the BIOS's own network driver.
    Undionly,
}

impl BootFile {
    /// Every boot file.
    pub const ALL: &'static [Self] = &[
        Self::Lpxelinux,
        Self::Pxelinux,
        Self::Ldlinux,
        Self::Libcom32,
        Self::Libutil,
        Self::Poweroff,
        Self::Reboot,
        Self::Chain,
        Self::ShimX64,
        Self::GrubX64,
        Self::SnponlyX64,
        Self::IpxeX64,
        Self::Undionly,
    ];

    /// Names that other DHCP servers are configured with, and what is served for them.
    const OTHER_NAMES: &'static [(&'static str, Self)] = &[("shimx64.efi", Self::ShimX64), ("shim.efi", Self::ShimX64)];

    /// The name that DHCP advertises, TFTP serves at its root, and HTTP serves below `/boot/`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Lpxelinux => "lpxelinux.0",
            Self::Pxelinux => "pxelinux.0",
            Self::Ldlinux => "ldlinux.c32",
            Self::Libcom32 => "libcom32.c32",
            Self::Libutil => "libutil.c32",
            Self::Poweroff => "poweroff.c32",
            Self::Reboot => "reboot.c32",
            Self::Chain => "chain.c32",
            Self::ShimX64 => "bootx64.efi",
            Self::GrubX64 => "grubx64.efi",
            Self::SnponlyX64 => "snponly.efi",
            Self::IpxeX64 => "ipxe.efi",
            Self::Undionly => "undionly.kpxe",
        }
    }

    /// The Debian package that holds the file.
    #[must_use]
    pub const fn package(self) -> &'static str {
        match self {
            Self::Lpxelinux | Self::Pxelinux => "pxelinux",
            Self::Ldlinux | Self::Libcom32 | Self::Libutil | Self::Poweroff | Self::Reboot | Self::Chain => {
                "syslinux-common"
            }
            Self::ShimX64 => "shim-signed",
            Self::GrubX64 => "grub-efi-amd64-signed",
            Self::SnponlyX64 | Self::IpxeX64 | Self::Undionly => "ipxe",
        }
    }

    /// Where [`package`](Self::package) installs the file.
    #[must_use]
    pub const fn installed_path(self) -> &'static str {
        match self {
            Self::Lpxelinux => "/usr/lib/PXELINUX/lpxelinux.0",
            Self::Pxelinux => "/usr/lib/PXELINUX/pxelinux.0",
            Self::Ldlinux => "/usr/lib/syslinux/modules/bios/ldlinux.c32",
            Self::Libcom32 => "/usr/lib/syslinux/modules/bios/libcom32.c32",
            Self::Libutil => "/usr/lib/syslinux/modules/bios/libutil.c32",
            Self::Poweroff => "/usr/lib/syslinux/modules/bios/poweroff.c32",
            Self::Reboot => "/usr/lib/syslinux/modules/bios/reboot.c32",
            Self::Chain => "/usr/lib/syslinux/modules/bios/chain.c32",
            Self::ShimX64 => "/usr/lib/shim/shimx64.efi.signed",
            Self::GrubX64 => "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
            Self::SnponlyX64 => "/usr/lib/ipxe/snponly.efi",
            // The package keeps its binary in /boot and links to it from here.
            Self::IpxeX64 => "/usr/lib/ipxe/ipxe.efi",
            Self::Undionly => "/usr/lib/ipxe/undionly.kpxe",
        }
    }

    /// The files that this one loads by itself: advertising it means to serve them too.
    #[must_use]
    pub const fn requires(self) -> &'static [Self] {
        match self {
            Self::Lpxelinux | Self::Pxelinux => &[Self::Ldlinux],
            // What their ELF headers name; that of poweroff.c32 names none.
            Self::Reboot => &[Self::Libcom32],
            Self::Chain => &[Self::Libutil, Self::Libcom32],
            Self::ShimX64 => &[Self::GrubX64],
            _ => &[],
        }
    }

    /// The files that load this one by themselves: the reverse of [`requires`](Self::requires).
    pub fn required_by(self) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |file| file.requires().contains(&self))
    }

    /// The boot file that a client asks for: any case, with or without leading slashes and `boot/`, `\` for `/`.
    ///
    /// ```
    /// use firstlight_pxe::BootFile;
    /// assert_eq!(BootFile::from_path("//grubx64.efi"), Some(BootFile::GrubX64));
    /// assert_eq!(BootFile::from_path("/boot/SNPONLY.EFI"), Some(BootFile::SnponlyX64));
    /// assert_eq!(BootFile::from_path("shimx64.efi"), Some(BootFile::ShimX64)); // what other DHCP servers name
    /// assert_eq!(BootFile::from_path("other/grubx64.efi"), None);
    /// ```
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        Self::from_normal_path(&crate::requested_path::normalise(path)?)
    }

    pub(crate) fn from_normal_path(path: &str) -> Option<Self> {
        let name = match path.split_at_checked(5) {
            Some((dir, name)) if dir.eq_ignore_ascii_case("boot/") => name,
            _ => path,
        };
        let other = Self::OTHER_NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        let by_path = || Self::ALL.iter().copied().find(|file| file.path().eq_ignore_ascii_case(name));
        other.map(|(_, file)| *file).or_else(by_path)
    }
}

impl fmt::Display for BootFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_unique_and_found_again() {
        for &file in BootFile::ALL {
            assert_eq!(BootFile::from_path(file.path()), Some(file));
            assert_eq!(BootFile::from_path(&format!("/boot/{file}")), Some(file));
            assert_eq!(BootFile::from_path(&format!("\\{}", file.path().to_uppercase())), Some(file));
            assert!(file.path().len() < 128, "fits the header's file field");
        }
    }

    #[test]
    fn what_a_file_needs() {
        assert_eq!(BootFile::Lpxelinux.requires(), [BootFile::Ldlinux]);
        assert_eq!(BootFile::Libutil.required_by().collect::<Vec<_>>(), [BootFile::Chain]);
        assert_eq!(BootFile::GrubX64.required_by().collect::<Vec<_>>(), [BootFile::ShimX64]);
        assert_eq!(BootFile::Poweroff.requires(), []);
    }
}
