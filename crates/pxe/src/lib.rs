//! PXE: who is booting, what to answer, and the boot scripts of iPXE, GRUB and pxelinux.
//!
//! ```text
//! DHCP options ──▶ Client::identify ──▶ decide ──▶ Answer (siaddr, file, options)
//!  (a closure)          who, and why        what to send, and why
//!
//! a packet, and how it came ──▶ Responder::handle ──▶ a proxy's or boot server's reply, or silence
//!
//! requested path ──▶ RequestedPath::parse ──▶ boot file | configuration | image
//! BootScript ──▶ render(loader) ──▶ the text that iPXE, GRUB or pxelinux runs
//! ```
//!
//! The crate works on option *bytes*: whatever DHCP library you use, hand [`Client::identify`] a closure that
//! returns an option's value by its code, and copy the [`Answer`] into the reply.
//!
//! It never opens a socket or a file, reads a clock or draws a random number, and no input from the network makes
//! it panic.
//!
//! Implemented: RFC 4578 (options 93, 94 and 97), RFC 5970's sense of HTTP boot as UEFI does it over IPv4
//! (UEFI specification, §24.7), RFC 3004 (user class), the PXE specification 2.1 but for boot integrity services and
//! the transfer over multicast.
//!
//! ```
//! use std::borrow::Cow;
//! use std::net::Ipv4Addr;
//! use firstlight_pxe::{Client, Policy, Role, decide};
//!
//! let client = Client::identify(|code| match code {
//!     60 => Some(Cow::Borrowed(&b"PXEClient:Arch:00007:UNDI:003000"[..])),
//!     93 => Some(Cow::Borrowed(&[0, 7][..])),
//!     _ => None,
//! })
//! .expect("a PXE client");
//! let policy = Policy { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 80 };
//! let answer = decide(&client, Role::Dhcp, &policy).expect("an answer for x64 UEFI");
//! assert_eq!(answer.file, "bootx64.efi");
//! ```

mod architecture;
mod boot_file;
mod command_line;
mod decide;
pub mod discovery;
mod encapsulated;
mod identify;
mod ipxe_features;
pub mod oracle;
mod requested_path;
mod script;
mod uuid;
mod vendor_options;

pub use architecture::{Architecture, Cpu, Firmware};
pub use boot_file::BootFile;
pub use command_line::{
    CommandLine, InstallerCommandLine, MaasCommandLine, installer_command_line, kernel_command_line, maas_command_line,
};
pub use decide::{Answer, NoAnswer, Policy, ProxyStyle, Quirks, Role, decide, decide_with};
pub use identify::{Client, Explanation, Stage, Transport, Undi, known_system, user_classes};
pub use ipxe_features::{BusId, IpxeFeatures, ipxe_option_name, ipxe_options};
pub use requested_path::{ConfigKey, RaspberryPiName, RequestedPath, Tree};
pub use script::{BootScript, Loader, Purpose, Task, render};
pub use uuid::MachineUuid;
pub use vendor_options::{
    BootItem, BootServer, DiscoveryControl, MenuItem, VendorOption, VendorOptionError, VendorOptionsTooLong,
    emit_vendor_options, vendor_options,
};
