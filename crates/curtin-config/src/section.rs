//! The top-level sections besides storage and commands: every key that curtin knows is a field.
//!
//! What is in a section and unknown is kept in its `rest`, and reported with the nearest known name. An error here is
//! something that curtin stops at; what it takes, and makes something else of than was meant, is a warning.

pub(crate) mod apt;
pub(crate) mod apt_source;
mod boot;
pub(crate) mod emit;
pub(crate) mod fields;
mod kernel;
mod keys;
mod machine;
pub(crate) mod network;
mod process;
mod reporting;

pub use apt::{Apt, AptMirror, AptMirrors, AptPreference};
pub use apt_source::AptSource;
pub use boot::{Boot, Bootloader};
pub use kernel::{Kernel, KernelCrashDumps, RemoveKernels};
pub(crate) use keys::Keys;
pub use machine::{BlockMeta, BootPartition, Multipath, Pollinate, Swap};
pub use network::{
    BondParams, BridgeParams, Netplan, NetplanDevice, NetplanMatch, NetplanNameservers, NetplanRoute, NetplanSettings,
    Network, NetworkItem, NetworkItemKind, Route, Subnet,
};
pub use process::{Install, Proxy};
pub use reporting::{OldReporter, Reporter, ReporterKind};
