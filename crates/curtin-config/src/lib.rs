//! curtin configuration: read it with positions, and plan an installation as ordered commands.
//!
//! curtin is the installer that MAAS and Ubuntu use: a YAML file says how the disks look, where
//! the root image comes from and which commands run at which stage. This crate reads such a file
//! the way Python's `PyYAML` does ([`parse`]), keeps for every value the line it stands on, and
//! turns it, together with what is known about a machine ([`Target`]), into a [`Plan`]: the
//! resolved partitions and an ordered list of [`Step`]s. [`render_shell`] writes the plan as a
//! script for a rescue or ephemeral system.
//!
//! ```text
//!  YAML ──parse──▶ Config + problems ──plan(+ Target)──▶ Plan { layout, steps } ──render_shell──▶ script
//! ```
//!
//! What it never does: touch a disk, open a file or socket, read a clock, draw a random number.
//! The same configuration and target give the same plan, byte for byte, file system UUIDs
//! included. A configuration with an error in it has no plan: nothing is wiped on a guess.
//!
//! ```
//! use firstlight_curtin_config::{Disk, Firmware, ShellOptions, Target, parse, plan, render_shell};
//!
//! let parsed = parse("sources:\n  root: http://127.0.0.1/root.tar.zst\n");
//! assert!(parsed.problems.is_empty());
//! let target = Target {
//!     firmware: Firmware::Uefi,
//!     disks: vec![Disk::new("/dev/vda", 8 << 30)],
//!     hostname: "brave-otter".to_owned(),
//!     seed: "machine-17".to_owned(),
//!     ..Target::default()
//! };
//! let plan = plan(&parsed.config, &target).expect("a flat layout fits");
//! assert_eq!(plan.layout.disks[0].partitions.len(), 3);
//! let script = render_shell(&plan, &ShellOptions::default());
//! assert!(script.starts_with("#!/bin/sh"));
//! ```

mod big;
mod builder;
mod check;
mod command;
mod config;
mod digits;
mod emit;
mod entries;
mod image;
mod iscsi;
mod json;
#[cfg(feature = "schemars")]
mod json_schema;
pub mod layout;
mod merge;
mod mkfs;
mod names;
mod nearest;
mod own_command;
mod plan;
mod power;
mod problem;
mod quote;
mod render;
mod resolve;
mod scalar;
mod schema;
mod section;
mod seed;
mod serde_node;
mod shell;
mod size;
mod snippet;
mod source;
mod steps;
mod storage;
mod storage_layout;
mod target;
mod timestamp;
mod value;
#[cfg(test)]
mod vectors;
mod write_file;
mod yaml;
mod zfs;

pub use builder::ConfigBuilder;
pub use check::{check, check_bytes};
pub use command::{Command, Commands};
pub use config::{Config, Parsed, parse};
pub use emit::to_yaml;
pub use json::{NotJson, to_json};
pub use layout::Layout;
pub use merge::{Merge, MergeError};
pub use plan::{Plan, Stage, Step, plan};
pub use power::{PowerMode, PowerState};
pub use problem::{Level, Problem, Severity, Span};
pub use quote::quote;
pub use render::{render_json, render_text};
pub use schema::check_storage;
pub use section::{
    Apt, AptMirror, AptMirrors, AptPreference, AptSource, BlockMeta, BondParams, Boot, BootPartition, Bootloader,
    BridgeParams, Install, Kernel, KernelCrashDumps, Multipath, Netplan, NetplanDevice, NetplanMatch,
    NetplanNameservers, NetplanRoute, NetplanSettings, Network, NetworkItem, NetworkItemKind, OldReporter, Pollinate,
    Proxy, RemoveKernels, Reporter, ReporterKind, Route, Subnet, Swap,
};
pub use shell::{ShellOptions, render_shell};
pub use size::{ParseSizeError, parse_size};
pub use snippet::Lines;
pub use source::{Compression, Source, SourceKind};
pub use storage::{
    BcacheItem, DasdItem, DeviceItem, DiskItem, DmCryptItem, FormatItem, ItemKind, LvmPartitionItem, LvmVolgroupItem,
    MountItem, NvmeControllerItem, PartitionItem, RaidItem, RaidLevel, Storage, StorageItem, Wipe, ZfsItem, ZpoolItem,
};
pub use storage_layout::{DiskChoice, LayoutError, LayoutOptions, StorageLayout};
pub use target::{Disk, ExistingPartition, ExistingTable, Firmware, Target};
pub use value::{Mapping, Node, Value};
pub use write_file::WriteFile;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
