//! The configurations that are tried, as data.

use crate::cli::Firmware;
use crate::error::{Doing, Error, Result};
use firstlight_curtin_config::{Disk, LayoutOptions, Node, RaidLevel, StorageLayout, to_yaml};

/// One configuration on one firmware.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) firmware: Firmware,
    storage: Storage,
}

/// Where a row's storage section comes from.
#[derive(Debug)]
enum Storage {
    /// A layout by name, on so many disks.
    Layout(StorageLayout, usize),
    /// A text.
    Text(&'static str),
}

use Firmware::{Bios, Uefi};

/// All rows.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    Row { name: "bios-flat", firmware: Bios, storage: Storage::Layout(StorageLayout::Flat, 1) },
    Row { name: "bios-flat-mbr", firmware: Bios, storage: Storage::Text(include_str!("../../storage/flat-mbr.yaml")) },
    Row { name: "bios-lvm", firmware: Bios, storage: Storage::Layout(StorageLayout::Lvm, 1) },
    Row { name: "bios-raid1", firmware: Bios, storage: Storage::Layout(RAID_1, 2) },
    Row { name: "bios-raid5", firmware: Bios, storage: Storage::Layout(RAID_5, 3) },
    Row { name: "bios-split", firmware: Bios, storage: Storage::Text(include_str!("../../storage/split-gpt.yaml")) },
    Row { name: "bios-split-mbr", firmware: Bios, storage: Storage::Text(include_str!("../../storage/split-mbr.yaml")) },
    Row { name: "uefi-flat", firmware: Uefi, storage: Storage::Layout(StorageLayout::Flat, 1) },
    Row { name: "uefi-flat-mbr", firmware: Uefi, storage: Storage::Text(include_str!("../../storage/flat-mbr-esp.yaml")) },
    Row { name: "uefi-lvm", firmware: Uefi, storage: Storage::Layout(StorageLayout::Lvm, 1) },
    Row { name: "uefi-raid1", firmware: Uefi, storage: Storage::Layout(RAID_1, 2) },
    Row { name: "uefi-split", firmware: Uefi, storage: Storage::Text(include_str!("../../storage/split-gpt.yaml")) },
];

const RAID_1: StorageLayout = StorageLayout::Raid { level: RaidLevel::Raid1, spares: 0 };
const RAID_5: StorageLayout = StorageLayout::Raid { level: RaidLevel::Raid5, spares: 0 };

/// The disks of a machine that every row fits on.
pub(crate) const DISKS: u8 = 3;

/// The rows of these names; all without any.
pub(crate) fn chosen(names: &[String]) -> Result<Vec<&'static Row>> {
    if let Some(unknown) = names.iter().find(|name| ROWS.iter().all(|row| row.name != **name)) {
        let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        return Err(Error::said(format!(
            "there is no storage configuration {unknown} (there are: {})",
            known.join(", ")
        )));
    }
    Ok(ROWS.iter().filter(|row| names.is_empty() || names.iter().any(|name| name == row.name)).collect())
}

impl Row {
    /// The curtin configuration for a machine with these disks.
    pub(crate) fn curtin(&self, disks: &[Disk]) -> Result<String> {
        match &self.storage {
            Storage::Text(text) => Ok((*text).to_owned()),
            Storage::Layout(layout, count) => {
                let disks = disks.get(..*count).unwrap_or(disks);
                let storage = layout.storage(disks, &LayoutOptions::default()).doing(self.name)?;
                Ok(to_yaml(&Node::mapping([("storage", storage.to_node())])))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firstlight_curtin_config::{Target, parse, plan};

    #[test]
    fn every_row_has_a_plan() {
        let disks: Vec<Disk> = ["a", "b", "c"].map(|letter| Disk::new(format!("/dev/vd{letter}"), 4 << 30)).to_vec();
        for row in ROWS {
            let parsed = parse(&row.curtin(&disks).unwrap());
            assert_eq!(parsed.problems, [], "{}", row.name);
            let firmware = match row.firmware {
                Bios => firstlight_curtin_config::Firmware::Bios,
                Uefi => firstlight_curtin_config::Firmware::Uefi,
            };
            let target = Target { firmware, disks: disks.clone(), ..Target::default() };
            let plan = plan(&parsed.config, &target);
            assert!(plan.is_ok(), "{}: {plan:#?}", row.name);
        }
    }

    #[test]
    fn names_are_unique_and_unknown_ones_refused() {
        let names: std::collections::BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
        assert_eq!(chosen(&["uefi-lvm".to_owned()]).unwrap().len(), 1);
        let error = chosen(&["zfs".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("there is no storage configuration zfs (there are: bios-flat, "), "{error}");
    }
}
