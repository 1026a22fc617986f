//! One disk that boots on any PC.

use super::{
    ALIGNMENT, DiskLayout, Filesystem, Layout, Mount, Partition, PartitionKind, Table, partition_path, usable,
};
use crate::seed;
use crate::storage::Wipe;
use crate::target::Disk;

/// The smallest disk that the flat layout goes on: one gibibyte remains for the root.
const FLAT_MIN: u64 = 1 << 30;

/// One GPT disk that boots on BIOS and UEFI machines alike: `bios_grub` (1 MiB), an EFI system
/// partition (512 MiB, 256 on disks below 8 GiB), and an ext4 root on the rest.
///
/// ```
/// use firstlight_curtin_config::{Disk, layout};
///
/// let layout = layout::flat(&Disk::new("/dev/nvme0n1", 20 << 30), "machine-17").unwrap();
/// let root = &layout.disks[0].partitions[2];
/// assert_eq!((root.number, root.path.as_str()), (3, "/dev/nvme0n1p3"));
/// ```
///
/// Returns `None` for a disk that is too small.
#[must_use]
pub fn flat(disk: &Disk, seed: &str) -> Option<Layout> {
    let usable = usable(disk.size, disk.sector_size);
    let esp_size: u64 = if disk.size < 8 << 30 { 256 << 20 } else { 512 << 20 };
    let esp_start = usable.start + ALIGNMENT;
    let root_start = esp_start + esp_size;
    let root_size = usable.end.checked_sub(root_start).filter(|size| *size >= FLAT_MIN)?;
    let unique = disk.serial.as_deref().unwrap_or(&disk.path);
    let id = |name: &str| seed::uuid(&[seed, unique, name]);
    let filesystem = |name: &str, kind: &str, label: &str, uuid: String| Filesystem {
        id: name.to_owned(),
        kind: kind.to_owned(),
        fat_bits: None,
        label: Some(label.to_owned()),
        uuid,
        preserve: false,
        extra_options: Vec::new(),
    };
    let partition = |name: &str, number, start, size, kind, filesystem| Partition {
        id: name.to_owned(),
        number,
        path: partition_path(&disk.path, number),
        start,
        size,
        kind,
        type_code: None,
        logical: false,
        bootable: false,
        uuid: id(name),
        name: None,
        preserve: false,
        grub_device: false,
        wipe: Wipe::Superblock,
        filesystem,
    };
    let esp = filesystem("esp-fs", "vfat", "ESP", seed::volume_id(&[seed, unique, "esp-fs"]));
    let root = filesystem("root-fs", "ext4", "root", id("root-fs"));
    let mounts = vec![
        Mount::of(&partition_path(&disk.path, 3), &root, "/", "defaults", "1"),
        Mount::of(&partition_path(&disk.path, 2), &esp, "/boot/efi", "umask=0077", "1"),
    ];
    let partitions = vec![
        partition("bios", 1, usable.start, ALIGNMENT, PartitionKind::BiosGrub, None),
        partition("esp", 2, esp_start, esp_size, PartitionKind::Esp, Some(esp)),
        partition("root", 3, root_start, root_size, PartitionKind::Linux, Some(root)),
    ];
    let disk = DiskLayout {
        id: "disk".to_owned(),
        path: disk.path.clone(),
        size: disk.size,
        sector_size: disk.sector_size,
        table: Some(Table::Gpt),
        uuid: id("disk"),
        wipe: Wipe::Superblock,
        preserve: false,
        removed: Vec::new(),
        grub_device: true,
        partitions,
        filesystem: None,
    };
    Some(Layout { disks: vec![disk], volumes: Vec::new(), mounts })
}
