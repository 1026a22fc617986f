//! DASDs, their partitions, and controllers of remote disks.

use super::{Device, Holder, Place, Resolver};
use crate::layout::{Controller, Dasd, DiskLayout, Partition, track};
use crate::names::{is_address, is_bus_id};
use crate::size::human;
use crate::storage::{DasdItem, NvmeControllerItem, PartitionItem, StorageItem};

impl Resolver<'_> {
    pub(super) fn dasd(&mut self, item: &StorageItem, wanted: &DasdItem) -> Option<Place> {
        if !is_bus_id(&wanted.device_id) {
            self.error(item, "dasd-id", "device_id", format!("{:?} is not the bus id of a DASD", wanted.device_id));
            return None;
        }
        let Some(block_size) = wanted.blocksize.filter(|size| matches!(size, 512 | 1024 | 2048 | 4096)) else {
            let message = "curtin formats no DASD without a blocksize: 512, 1024, 2048 or 4096".to_owned();
            self.refuse(item, "missing-key", "blocksize", message, "write `blocksize: 4096`");
            return None;
        };
        let layout = wanted.disk_layout.as_deref().filter(|layout| matches!(*layout, "cdl" | "ldl"));
        let Some(disk_layout) = layout else {
            let message = "curtin formats no DASD without a disk_layout: cdl or ldl".to_owned();
            self.refuse(item, "missing-key", "disk_layout", message, "write `disk_layout: cdl`");
            return None;
        };
        self.layout.dasds.push(Dasd {
            id: item.id.clone(),
            device_id: wanted.device_id.clone(),
            block_size,
            disk_layout: disk_layout.to_owned(),
            label: wanted.label.clone().filter(|label| !label.is_empty()),
            mode: wanted.mode.clone().filter(|mode| !mode.is_empty()).unwrap_or_else(|| "quick".to_owned()),
            preserve: item.preserve,
        });
        Some(Place::Mount)
    }

    pub(super) fn controller(&mut self, item: &StorageItem, wanted: &NvmeControllerItem) -> Option<Place> {
        if wanted.transport != "tcp" {
            // What is in the machine, or reached in another way, needs nothing.
            return Some(Place::Mount);
        }
        let address = wanted.tcp_addr.as_ref().filter(|address| is_address(address));
        let (Some(address), Some(port)) = (address, wanted.tcp_port) else {
            let message = "a controller that is reached by TCP needs tcp_addr and tcp_port".to_owned();
            self.refuse(item, "missing-key", "tcp_addr", message, "write both, such as 192.0.2.1 and 4420");
            return None;
        };
        self.layout.controllers.push(Controller { id: item.id.clone(), address: address.clone(), port });
        Some(Place::Mount)
    }

    /// A partition of a DASD: whole tracks, behind the two of the table. There are three at most.
    pub(super) fn tracks(
        &mut self,
        item: &StorageItem,
        wanted: &PartitionItem,
        holder: Holder,
        disk: &DiskLayout,
    ) -> Option<Place> {
        let last = disk.partitions.iter().map(|part| part.number).max().unwrap_or_default();
        let number = wanted.number.unwrap_or(last + 1);
        if number != last + 1 || number > 3 {
            let message = format!("a DASD has the partitions 1 to 3, one after the other, and this is number {number}");
            self.refuse(item, "partition-number", "number", message, "leave the number out");
            return None;
        }
        let track = track(disk.sector_size);
        let start = disk.partitions.iter().map(|part| part.start + part.size).max().unwrap_or(2 * track);
        let size = wanted.size.filter(|size| *size > 0)?.checked_next_multiple_of(track).unwrap_or(u64::MAX);
        if start.saturating_add(size) > disk.size {
            let left = disk.size.saturating_sub(start);
            let message =
                format!("{} do not fit on {}: at most {} are left there", human(size), disk.path, human(left));
            self.refuse(item, "partition-size", "size", message, "write a smaller size");
            return None;
        }
        let disk = self.holder_mut(holder)?;
        disk.partitions.push(Partition {
            id: item.id.clone(),
            wipe: wanted.wipe,
            grub_device: wanted.grub_device,
            ..Partition::new(&disk.path, number, start, size)
        });
        Some(Place::Device(Device::Partition(holder, disk.partitions.len().saturating_sub(1))))
    }
}
