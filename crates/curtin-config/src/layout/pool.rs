//! ZFS: pools and their file systems.

/// A ZFS pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// The device nodes that it is made of.
    pub members: Vec<String>,
    /// What `zpool create` is told: for each device a name below `/dev/disk/by-id`, which stays, or its device node.
    pub vdevs: Vec<String>,
    /// Its properties, in the order in which `zpool create` gets them.
    pub properties: Vec<(String, String)>,
    /// The properties of its first file system, which the others inherit.
    pub fs_properties: Vec<(String, String)>,
    /// Whether it gets the features that `zpool create` turns on by itself.
    pub default_features: bool,
    /// The file with the passphrase of an encrypted pool.
    pub keyfile: Option<String>,
    /// Where its first file system is mounted, if it is.
    pub mountpoint: Option<String>,
}

/// A ZFS file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Its name without that of the pool, such as `ROOT/zfsroot`.
    pub name: String,
    /// The name of its pool.
    pub pool: String,
    /// Its properties, in the order in which `zfs create` gets them.
    pub properties: Vec<(String, String)>,
    /// Where it is mounted, if it is.
    pub mountpoint: Option<String>,
    /// Whether ZFS leaves it unmounted unless it is told to (`canmount=noauto`).
    pub by_hand: bool,
}

impl Pool {
    /// What reads its key until the installed system has a place for it.
    pub(crate) fn key(&self) -> String {
        format!("/run/zfs-{}.key", self.name)
    }
}

impl Dataset {
    /// Its full name, such as `rpool/ROOT/zfsroot`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.pool, self.name)
    }
}
