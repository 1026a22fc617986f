//! Which disk of the machine an item means.

use super::{Device, Holder, Place, Resolver};
use crate::iscsi;
use crate::layout::{DiskLayout, Table, path_of, track};
use crate::problem::Problem;
use crate::seed;
use crate::storage::{DeviceItem, DiskItem, StorageItem};
use crate::target::Disk;

impl<'a> Resolver<'a> {
    pub(super) fn disk(&mut self, item: &StorageItem, wanted: &DiskItem) -> Option<Place> {
        let disk = self.find(item, wanted)?;
        let table = self.table(item, wanted.ptable.as_deref())?;
        if self.layout.disks.iter().any(|other| other.path == disk.path) {
            self.error(item, "disk-twice", "", format!("{} is described twice", disk.path));
            return None;
        }
        let (size, sector_size) = self.formatted(disk);
        let unique = disk.serial.as_deref().unwrap_or(&disk.path);
        let mut layout = DiskLayout {
            table,
            uuid: seed::uuid(&[&self.target.seed, unique, &item.id]),
            wipe: wanted.wipe.unwrap_or_default(),
            grub_device: wanted.grub_device,
            ..DiskLayout::new(&item.id, &disk.path, size, sector_size)
        };
        if item.preserve && sector_size != disk.sector_size {
            let message =
                format!("{} gets blocks of {sector_size} bytes, so that nothing on it can be kept", disk.path);
            self.refuse(
                item,
                "preserve-new",
                "preserve",
                message,
                "preserve the dasd, too, with the blocks that it has",
            );
            return None;
        }
        if item.preserve || self.is_left_alone(item, wanted) {
            self.kept_table(item, disk, &mut layout)?;
        }
        self.layout.disks.push(layout);
        Some(Place::Device(Device::Whole(Holder::Disk(self.layout.disks.len().saturating_sub(1)))))
    }

    /// Size and block size that a disk has in the end: those of its tracks, when it is a DASD that gets another format.
    fn formatted(&self, disk: &Disk) -> (u64, u32) {
        let mut dasds = self.layout.dasds.iter().filter(|dasd| !dasd.preserve && disk.is_at(&dasd.path()));
        match dasds.find(|dasd| dasd.block_size != disk.sector_size) {
            Some(dasd) => {
                let tracks = disk.size / track(disk.sector_size).max(1);
                (tracks.saturating_mul(track(dasd.block_size)), dasd.block_size)
            }
            None => (disk.size, disk.sector_size),
        }
    }

    /// A device of any kind that is there: it is used as a disk is.
    pub(super) fn device(&mut self, item: &'a StorageItem, wanted: &DeviceItem) -> Option<Place> {
        let disk = DiskItem { path: Some(wanted.path.clone()), ..DiskItem::default() };
        self.disk(item, &disk)
    }

    /// The outer `None` means that the name is refused.
    pub(super) fn table(&mut self, item: &StorageItem, name: Option<&str>) -> Option<Option<Table>> {
        Some(match name {
            None | Some("") => None,
            Some("gpt") => Some(Table::Gpt),
            Some("msdos" | "dos") => Some(Table::Msdos),
            Some("vtoc") => Some(Table::Vtoc),
            // A table of a kind that curtin does not make: it stays as it is.
            Some("unsupported") => None,
            Some(other) => {
                let message = format!("there is no kind {other} of partition tables");
                self.refuse(item, "ptable", "ptable", message, "write gpt, msdos or vtoc");
                return None;
            }
        })
    }

    /// The one disk that fits what is said about it. A serial number or WWN belongs to one disk for
    /// ever; the kernel may give a device node to another one at the next start.
    fn find(&mut self, item: &StorageItem, wanted: &DiskItem) -> Option<&'a Disk> {
        let named = |text: &Option<String>| !text_of(text).is_empty();
        let names = [&wanted.serial, &wanted.wwn, &wanted.path, &wanted.device_id];
        if !names.into_iter().any(named) {
            self.error(item, "disk-unnamed", "", "a disk needs a serial, wwn or path".to_owned());
            return None;
        }
        let lasting = named(&wanted.serial) || named(&wanted.wwn) || named(&wanted.device_id);
        let bus = wanted.device_id.as_deref().filter(|id| !id.is_empty()).map(path_of);
        let (serial, wwn, path) = (text_of(&wanted.serial), text_of(&wanted.wwn), text_of(&wanted.path));
        let is_at = |disk: &Disk| path.is_empty() || disk.is_at(path);
        let fits = |disk: &Disk| {
            (serial.is_empty() || is_serial(serial, text_of(&disk.serial)))
                && (wwn.is_empty() || text_of(&disk.wwn).eq_ignore_ascii_case(wwn))
                && bus.as_ref().is_none_or(|bus| disk.is_at(bus))
                && (lasting || is_at(disk))
        };
        let found: Vec<&'a Disk> = self.target.disks.iter().filter(|disk| fits(disk)).collect();
        match found.as_slice() {
            [disk] => {
                if !is_at(disk) {
                    let message = format!(
                        "the disk is not {} but {}: it is taken by its serial or wwn",
                        iscsi::shown(path),
                        disk.path
                    );
                    let problem = Problem::warning("disk-moved", format!("{}.path", item.path), item.span, message);
                    self.problems.push(problem.remedy("leave the path out"));
                }
                Some(disk)
            }
            [] => {
                let have: Vec<String> = self.target.disks.iter().map(name).collect();
                let have = if have.is_empty() { "no disk".to_owned() } else { have.join(", ") };
                self.error(item, "disk-not-found", "", format!("no disk of the machine fits; it has {have}"));
                None
            }
            several => {
                let names: Vec<String> = several.iter().map(|disk| name(disk)).collect();
                self.error(item, "disk-ambiguous", "", format!("several disks fit: {}", names.join(", ")));
                None
            }
        }
    }
}

fn text_of(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

fn name(disk: &Disk) -> String {
    match &disk.serial {
        Some(serial) => format!("{} (serial {serial})", disk.path),
        None => disk.path.clone(),
    }
}

/// udev has a long form too: the model, an underscore, the serial number.
fn is_serial(want: &str, have: &str) -> bool {
    !have.is_empty() && (want == have || want.strip_suffix(have).is_some_and(|model| model.ends_with('_')))
}
