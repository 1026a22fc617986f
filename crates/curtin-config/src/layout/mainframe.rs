//! What a machine has beside disks: DASDs that are to be formatted, and controllers of remote disks.

/// A disk of an IBM mainframe, as it is formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dasd {
    /// The id of the storage item.
    pub id: String,
    /// Its bus id, such as `0.0.1520`.
    pub device_id: String,
    /// The size of its blocks in bytes.
    pub block_size: u32,
    /// `cdl` or `ldl`.
    pub disk_layout: String,
    /// Its label.
    pub label: Option<String>,
    /// `quick`, `full` or `expand`.
    pub mode: String,
    /// Whether it has to have this format already.
    pub preserve: bool,
}

/// A controller of remote disks, which is reached by `NVMe` over TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// The id of the storage item.
    pub id: String,
    /// Its address.
    pub address: String,
    /// Its TCP port.
    pub port: u32,
}

impl Dasd {
    /// The name of its device node that follows from its bus id.
    #[must_use]
    pub fn path(&self) -> String {
        path_of(&self.device_id)
    }
}

/// The device node of a bus id.
pub(crate) fn path_of(device_id: &str) -> String {
    format!("/dev/disk/by-path/ccw-{device_id}")
}

/// The bytes of a track of a DASD with blocks of a size (3390 geometry).
pub(crate) fn track(block_size: u32) -> u64 {
    let blocks = match block_size {
        512 => 49,
        1024 => 33,
        2048 => 21,
        _ => 12,
    };
    u64::from(block_size).saturating_mul(blocks)
}
