//! PXE's part of option 43 (PXE 2.1 §2.2): how boot servers are found, and what is chosen from the menu.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::{
    Counted, Describe, Format, List, MaybeAddresses, MaybeText, OptionError, Printer, Reader, describe::Written,
};

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
