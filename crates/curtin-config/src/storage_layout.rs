//! The storage layouts that people ask for by name, as typed storage sections.
//!
//! A layout is made for the disks of one machine; the section that comes out is an ordinary one,
//! to be changed, written with [`to_yaml`](crate::to_yaml) or planned. All of them but
//! [`StorageLayout::Blank`] boot on BIOS and on UEFI machines.

mod build;

use crate::size::human;
use crate::storage::{RaidLevel, Storage};
use crate::target::Disk;

use build::Build;

/// A storage layout.
///
/// ```
/// use firstlight_curtin_config::{Disk, RaidLevel, StorageLayout};
///
/// let disks = [Disk::new("/dev/sda", 20 << 30), Disk::new("/dev/sdb", 20 << 30)];
/// let storage = StorageLayout::Raid { level: RaidLevel::Raid1, spares: 0 }.storage(&disks, &Default::default())?;
/// assert_eq!(storage.items.iter().filter(|item| item.kind.name() == "disk").count(), 2);
///
/// let refusal = StorageLayout::Raid { level: RaidLevel::Raid5, spares: 0 }.storage(&disks, &Default::default());
/// assert_eq!(refusal.unwrap_err().to_string(), "raid5 needs 3 disks with room for a system, and there are 2");
/// # Ok::<(), firstlight_curtin_config::LayoutError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum StorageLayout {
    /// One disk, and a root file system on the rest of it.
    #[default]
    Flat,
    /// One disk, and the root file system on a logical volume.
    Lvm,
    /// The root file system on an array of all disks, each of which can start the machine.
    Raid {
        /// How the array spreads its data.
        level: RaidLevel,
        /// How many disks stand by.
        spares: usize,
    },
    /// The root file system on one disk with another one as its cache, and `/boot` beside it.
    Bcache,
    /// Nothing: for a machine that is not to be installed yet.
    Blank,
    /// A section of one's own.
    Custom(Storage),
}

/// Which disk a layout goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskChoice {
    /// The first one with room for a system.
    #[default]
    First,
    /// The smallest one with room for a system; the first of several.
    Smallest,
    /// The largest one; the first of several.
    Largest,
    /// The one with this device node.
    Path(String),
    /// The one with this serial number.
    Serial(String),
}

/// What can be chosen about a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutOptions {
    /// The disk with the system; arrays take all disks.
    pub root_disk: DiskChoice,
    /// The disk that is the cache of a bcache; the first other one without it.
    pub cache_disk: Option<DiskChoice>,
    /// The size of a partition for `/boot` in bytes; none without it, except where it is needed.
    pub boot_size: Option<u64>,
    /// The size of the root partition in bytes; the rest of the disk without it.
    pub root_size: Option<u64>,
    /// The size of the root's logical volume in bytes; all of the group without it.
    pub volume_size: Option<u64>,
    /// The file system of root and `/boot`.
    pub filesystem: String,
    /// The name of the volume group.
    pub group_name: String,
    /// The name of the logical volume.
    pub volume_name: String,
    /// When a bcache writes: `writethrough`, `writeback`, `writearound` or `none`.
    pub cache_mode: String,
}

impl Default for LayoutOptions {
    /// Sizes by themselves, ext4, and MAAS's names for volumes.
    fn default() -> Self {
        Self {
            root_disk: DiskChoice::First,
            cache_disk: None,
            boot_size: None,
            root_size: None,
            volume_size: None,
            filesystem: "ext4".to_owned(),
            group_name: "vgroot".to_owned(),
            volume_name: "lvroot".to_owned(),
            cache_mode: "writethrough".to_owned(),
        }
    }
}

/// Why a machine cannot have a layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// No disk is large enough.
    #[error("none of the machine's {count} disks has the {} that a system needs", human(*.least))]
    NoDisk {
        /// How many there are.
        count: usize,
        /// What is needed, in bytes.
        least: u64,
    },
    /// The disk that is named is not there, or is too small.
    #[error("{name} is no disk with room for a system")]
    NotFound {
        /// What it was called.
        name: String,
    },
    /// Too few disks for the level.
    #[error("{} needs {needed} disks with room for a system, and there are {found}", .level.name())]
    TooFew {
        /// The level of the array.
        level: RaidLevel,
        /// How many it needs, spares included.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// A level that no machine boots from, or that takes no spares.
    #[error("a root file system on {}{} is not supported: use raid1, raid5, raid6 or raid10", .level.name(), if *.spares { " with spares" } else { "" })]
    Level {
        /// The level of the array.
        level: RaidLevel,
        /// Whether spares were asked for.
        spares: bool,
    },
    /// The sizes that were asked for are larger than the disk.
    #[error("the partitions that were asked for do not fit on {path} of {}", human(*.size))]
    TooLarge {
        /// The device node of the disk.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// There is no second disk.
    #[error("a bcache needs a second disk of 256 MiB or more for the cache")]
    NoCache,
}

impl StorageLayout {
    /// The storage section of this layout for these disks.
    ///
    /// # Errors
    ///
    /// When the disks do not have what the layout needs.
    pub fn storage(&self, disks: &[Disk], options: &LayoutOptions) -> Result<Storage, LayoutError> {
        let mut build = Build::new(disks, options);
        match self {
            Self::Flat => {
                let root = build.system_disk("", options.root_disk_of(disks)?, None)?;
                build.filesystem("root", &root, "/");
            }
            Self::Lvm => {
                let physical = build.system_disk("", options.root_disk_of(disks)?, Some("lvm"))?;
                let volume = build.logical_volume(&physical);
                build.filesystem("root", &volume, "/");
            }
            Self::Raid { level, spares } => {
                let array = build.array(*level, *spares)?;
                build.filesystem("root", &array, "/");
            }
            Self::Bcache => {
                let disk = options.root_disk_of(disks)?;
                let cache = options.cache_disk_of(disks, disk)?;
                let volume = build.bcache(disk, cache)?;
                build.filesystem("root", &volume, "/");
            }
            Self::Blank => {}
            Self::Custom(storage) => return Ok(storage.clone()),
        }
        Ok(build.finish())
    }
}

impl LayoutOptions {
    fn root_disk_of<'a>(&self, disks: &'a [Disk]) -> Result<&'a Disk, LayoutError> {
        self.root_disk.among(disks, build::LEAST).ok_or_else(|| match &self.root_disk {
            DiskChoice::Path(name) | DiskChoice::Serial(name) => LayoutError::NotFound { name: name.clone() },
            _ => LayoutError::NoDisk { count: disks.len(), least: build::LEAST },
        })
    }

    fn cache_disk_of<'a>(&self, disks: &'a [Disk], root: &Disk) -> Result<&'a Disk, LayoutError> {
        const LEAST: u64 = 256 << 20;
        let choice = self.cache_disk.clone().unwrap_or_default();
        let others: Vec<Disk> = disks.iter().filter(|disk| disk.path != root.path).cloned().collect();
        let chosen = choice.among(&others, LEAST).ok_or(LayoutError::NoCache)?;
        disks.iter().find(|disk| disk.path == chosen.path).ok_or(LayoutError::NoCache)
    }
}

impl DiskChoice {
    /// The disk that is meant, of those with `least` bytes or more.
    ///
    /// ```
    /// use firstlight_curtin_config::{Disk, DiskChoice};
    ///
    /// let disks = [Disk::new("/dev/sda", 8 << 30), Disk::new("/dev/sdb", 4 << 30), Disk::new("/dev/sdc", 1 << 20)];
    /// let path = |choice: DiskChoice| choice.among(&disks, 1 << 30).map(|disk| disk.path.as_str());
    /// assert_eq!(path(DiskChoice::Largest), Some("/dev/sda"));
    /// assert_eq!(path(DiskChoice::Smallest), Some("/dev/sdb"));
    /// assert_eq!(path(DiskChoice::Path("/dev/sdc".to_owned())), None);
    /// ```
    #[must_use]
    pub fn among<'a>(&self, disks: &'a [Disk], least: u64) -> Option<&'a Disk> {
        let mut fit = disks.iter().filter(|disk| disk.size >= least);
        match self {
            Self::First => fit.next(),
            Self::Smallest => fit.min_by_key(|disk| disk.size),
            // Of equals, `max_by_key` takes the last one.
            Self::Largest => fit.rev().max_by_key(|disk| disk.size),
            Self::Path(path) => fit.find(|disk| disk.path == *path || disk.links.iter().any(|link| link == path)),
            Self::Serial(serial) => fit.find(|disk| disk.serial.as_deref() == Some(serial)),
        }
    }
}
