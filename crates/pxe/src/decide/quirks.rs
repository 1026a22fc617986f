//! What one machine needs that others of its kind do not.

use std::time::Duration;

/// Cures that help one machine and harm another: chosen per machine, and remembered once one has worked.
///
/// ```
/// use firstlight_pxe::{ProxyStyle, Quirks};
/// let mut quirks = Quirks::default();
/// quirks.proxy = ProxyStyle::InOffer;
/// quirks.boot_file = Some("shimx64-2023.efi".into());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quirks {
    /// The first boot file, instead of the one that fits most: another shim, signed with the certificate that the
    /// machine knows, or a loader for an architecture that has none here. A path, or a URI for HTTP boot.
    pub boot_file: Option<String>,
    /// Whether the iPXE in the machine's ROM gets a boot file over TFTP, as any other ROM would, and no script: for one
    /// that cannot boot what the script names. The boot file then has to be one of your own if the one that fits most is
    /// an iPXE again: it would be given itself, for ever.
    pub ipxe_as_rom: bool,
    /// Where a proxy names the boot file.
    pub proxy: ProxyStyle,
    /// How long to hold answers back, instead of what fits most.
    pub delay: Option<Duration>,
    /// Whether options 66 and 67 end with a NUL, instead of what fits most.
    pub terminated: Option<bool>,
}

/// Where a proxy names the boot file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyStyle {
    /// To BIOS ROMs and iPXE in the offer, to UEFI firmware on port 4011.
    #[default]
    ByFirmware,
    /// In the offer, with "use the boot file": for firmware that does not ask on port 4011.
    InOffer,
    /// On port 4011: for firmware that takes nothing but an address from offers.
    OnPort4011,
}
