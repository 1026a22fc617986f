//! A picture of the disks for people.

use std::fmt;

use super::{Filesystem, Layout, Table};
use crate::size::human;

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for disk in &self.disks {
            let table = match disk.table {
                Some(Table::Gpt) => "gpt",
                Some(Table::Msdos) => "msdos",
                None => "no partition table",
            };
            writeln!(f, "{}  {}  {table}", disk.path, human(disk.size))?;
            let content = |device: &str, fs: Option<&Filesystem>| {
                let kind = fs.map_or("", |fs| fs.kind.as_str());
                let mount = self.mounts.iter().find(|mount| mount.device.as_deref() == Some(device));
                format!("{kind:<6} {}", mount.map_or("", |mount| mount.path.as_str())).trim_end().to_owned()
            };
            if disk.filesystem.is_some() {
                writeln!(f, "└─ {}", content(&disk.path, disk.filesystem.as_ref()))?;
            }
            for (at, partition) in disk.partitions.iter().enumerate() {
                let branch = if at + 1 == disk.partitions.len() { "└─" } else { "├─" };
                let text = format!(
                    "{branch} {:>2}  {:>10}  {:<10}  {}",
                    partition.number,
                    human(partition.size),
                    partition.kind.word(),
                    content(&partition.path, partition.filesystem.as_ref()),
                );
                writeln!(f, "{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}
