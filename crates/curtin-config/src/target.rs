//! What is known about the machine that is to be installed.

use std::fmt;

use crate::iscsi;
use crate::layout::Table;
use crate::source::Source;

/// How the machine's firmware starts an operating system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Firmware {
    /// A PC BIOS: the boot loader lives in the first sector and in a `bios_grub` partition.
    #[default]
    Bios,
    /// UEFI: the boot loader is a file on the EFI system partition.
    Uefi,
}

/// A disk of the machine, as commissioning has found it.
#[derive(Clone, PartialEq, Eq)]
pub struct Disk {
    /// The device node, such as `/dev/vda` or `/dev/nvme0n1`.
    pub path: String,
    /// The serial number, if the disk tells one.
    pub serial: Option<String>,
    /// The world wide name, if the disk has one.
    pub wwn: Option<String>,
    /// Other names of the device node, such as those below `/dev/disk/by-id`, or its `iscsi:` address.
    pub links: Vec<String>,
    /// Its size in bytes.
    pub size: u64,
    /// The size of a logical sector in bytes, 512 or 4096.
    pub sector_size: u32,
    /// Its partitions, which a plan needs to know to keep any of them.
    pub existing: Option<ExistingTable>,
    /// The file system on the whole of it, such as `ext4`.
    pub fstype: Option<String>,
    /// The UUID of that file system.
    pub fs_uuid: Option<String>,
}

/// A partition table that a disk has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingTable {
    /// Its kind.
    pub table: Table,
    /// Its partitions.
    pub partitions: Vec<ExistingPartition>,
}

/// A partition that a disk has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExistingPartition {
    /// Its number.
    pub number: u32,
    /// Where it begins, in bytes from the beginning of the disk.
    pub start: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Its type as sfdisk prints it: a UUID on a GPT, two digits on an MBR.
    pub type_code: String,
    /// Its unique id, on a GPT.
    pub uuid: Option<String>,
    /// Its file system, such as `ext4`.
    pub fstype: Option<String>,
    /// The UUID of its file system.
    pub fs_uuid: Option<String>,
}

impl Disk {
    /// A disk of `size` bytes with 512-byte sectors and no names.
    #[must_use]
    pub fn new(path: impl Into<String>, size: u64) -> Self {
        Self {
            path: path.into(),
            serial: None,
            wwn: None,
            links: Vec::new(),
            size,
            sector_size: 512,
            existing: None,
            fstype: None,
            fs_uuid: None,
        }
    }

    /// Whether this is one of its names.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path == path || self.links.iter().any(|link| link == path)
    }

    /// Whether iSCSI reaches it.
    pub(crate) fn is_iscsi(&self) -> bool {
        self.links.iter().any(|link| iscsi::is_address(link))
    }
}

/// The password in an address of iSCSI is never shown.
impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("path", &iscsi::shown(&self.path))
            .field("serial", &self.serial)
            .field("wwn", &self.wwn)
            .field("links", &self.links.iter().map(|link| iscsi::shown(link)).collect::<Vec<_>>())
            .field("size", &self.size)
            .field("sector_size", &self.sector_size)
            .field("existing", &self.existing)
            .field("fstype", &self.fstype)
            .field("fs_uuid", &self.fs_uuid)
            .finish()
    }
}

/// The machine that a plan is made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The firmware that it was booted with.
    pub firmware: Firmware,
    /// Its disks, the preferred one first.
    pub disks: Vec<Disk>,
    /// Arrays, logical volumes, encrypted devices and bcaches that are there, by their device nodes: the size of what is
    /// kept, and what is on it. What is not told here is worked out as for a new one.
    pub volumes: Vec<Disk>,
    /// The name that the installed system gets.
    pub hostname: String,
    /// Where the root file system is mounted during the installation.
    pub mount_point: String,
    /// The root image to use when the configuration names no source.
    pub default_source: Option<Source>,
    /// Kernel parameters of the installed system.
    pub kernel_options: String,
    /// What the UUIDs of partitions and file systems are derived from: a machine's id, so that no
    /// two machines share one. The same seed gives the same plan.
    pub seed: String,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            firmware: Firmware::default(),
            disks: Vec::new(),
            volumes: Vec::new(),
            hostname: "localhost".to_owned(),
            mount_point: "/target".to_owned(),
            default_source: None,
            kernel_options: "console=tty0 console=ttyS0,115200".to_owned(),
            seed: String::new(),
        }
    }
}
