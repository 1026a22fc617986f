//! A picture of the disks and volumes for people.

use std::fmt;

use super::{Dataset, DiskLayout, Filesystem, Layout, Partition, PartitionKind, Table, Volume, VolumeKind};
use crate::size::human;

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for disk in &self.disks {
            let table = disk.table.map_or("no partition table", Table::word);
            let content = disk.image.as_ref().map_or_else(|| table.to_owned(), |image| format!("the image {image}"));
            writeln!(f, "{}  {}  {content}", disk.path, human(disk.size))?;
            self.content_line(f, &disk.path, disk.filesystem.as_ref())?;
            self.partitions(f, disk)?;
        }
        for volume in &self.volumes {
            self.volume(f, volume)?;
        }
        Ok(())
    }
}

impl Layout {
    fn partitions(&self, f: &mut fmt::Formatter<'_>, disk: &DiskLayout) -> fmt::Result {
        let outer = |partition: &&Partition| !partition.logical;
        let count = disk.partitions.iter().filter(outer).count();
        for (at, partition) in disk.partitions.iter().filter(outer).enumerate() {
            let (branch, below) = if at + 1 == count { ("└─", "   ") } else { ("├─", "│  ") };
            self.partition(f, branch, partition)?;
            if partition.kind == PartitionKind::Extended {
                let last = disk.partitions.iter().rposition(|partition| partition.logical);
                for (at, logical) in disk.partitions.iter().enumerate().filter(|(_, partition)| partition.logical) {
                    self.partition(f, &format!("{below}{}", if Some(at) == last { "└─" } else { "├─" }), logical)?;
                }
            }
        }
        Ok(())
    }

    fn partition(&self, f: &mut fmt::Formatter<'_>, branch: &str, partition: &Partition) -> fmt::Result {
        let kept = match partition.resize {
            Some(resize) => format!("  (kept, now {})", human(resize.from)),
            None if partition.preserve => "  (kept)".to_owned(),
            None => String::new(),
        };
        let text = format!(
            "{branch} {:>2}  {:>10}  {:<10}  {}{kept}",
            partition.number,
            human(partition.size),
            partition.kind.word(),
            self.content(&partition.path, partition.filesystem.as_ref()),
        );
        writeln!(f, "{}", text.trim_end())
    }

    fn volume(&self, f: &mut fmt::Formatter<'_>, volume: &Volume) -> fmt::Result {
        let size = human(volume.size);
        let kept = if volume.preserve { "  (kept)" } else { "" };
        let table = volume.table().and_then(|table| table.table).map_or(String::new(), |it| format!("  {}", it.word()));
        match &volume.kind {
            // It is shown with its group or pool.
            VolumeKind::Logical(_) | VolumeKind::Dataset(_) => return Ok(()),
            VolumeKind::Pool(pool) => {
                let kind = if pool.keyfile.is_some() { "encrypted pool" } else { "pool" };
                let place = pool.mountpoint.as_deref().map(|path| format!("  {path}")).unwrap_or_default();
                writeln!(f, "{}  {size}  zfs {kind} on {}{place}", volume.path, pool.members.join(", "))?;
                return self.datasets(f, &pool.name);
            }
            VolumeKind::Group(group) => {
                writeln!(f, "{}  {size}  volume group on {}{kept}", volume.path, group.members.join(", "))?;
                return self.logical_volumes(f, &group.name);
            }
            VolumeKind::Raid(raid) => {
                let spares =
                    if raid.spares.is_empty() { String::new() } else { format!(", spare {}", raid.spares.join(", ")) };
                let (path, level, members) = (&volume.path, raid.level.name(), raid.members.join(", "));
                writeln!(f, "{path}  {size}  {level} of {members}{spares}{table}{kept}")?;
            }
            VolumeKind::Crypt(crypt) => writeln!(f, "{}  {size}  encrypted on {}{kept}", volume.path, crypt.device)?,
            VolumeKind::Bcache(it) => {
                let (path, slow, fast) = (&volume.path, &it.backing, &it.cache);
                let mode = if it.mode.is_empty() { String::new() } else { format!(", {}", it.mode) };
                writeln!(f, "{path}  {size}  {slow} behind {fast}{mode}{table}{kept}")?;
            }
        }
        self.content_line(f, &volume.path, volume.filesystem.as_ref())?;
        volume.table().map_or(Ok(()), |table| self.partitions(f, table))
    }

    fn logical_volumes(&self, f: &mut fmt::Formatter<'_>, group: &str) -> fmt::Result {
        let of_group = |volume: &&Volume| matches!(&volume.kind, VolumeKind::Logical(it) if it.group == group);
        let volumes: Vec<&Volume> = self.volumes.iter().filter(of_group).collect();
        for (at, volume) in volumes.iter().enumerate() {
            let branch = if at + 1 == volumes.len() { "└─" } else { "├─" };
            let name = volume.path.rsplit('/').next().unwrap_or_default();
            let content = self.content(&volume.path, volume.filesystem.as_ref());
            let kept = if volume.preserve { "  (kept)" } else { "" };
            let text = format!("{branch} {name:<10}  {:>10}  {content}{kept}", human(volume.size));
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }

    fn datasets(&self, f: &mut fmt::Formatter<'_>, pool: &str) -> fmt::Result {
        let of_pool = self.volumes.iter().filter_map(|volume| match &volume.kind {
            VolumeKind::Dataset(dataset) if dataset.pool == pool => Some(dataset),
            _ => None,
        });
        let datasets: Vec<&Dataset> = of_pool.collect();
        let width = datasets.iter().map(|dataset| dataset.name.chars().count()).max().unwrap_or_default();
        for (at, dataset) in datasets.iter().enumerate() {
            let branch = if at + 1 == datasets.len() { "└─" } else { "├─" };
            let place = dataset.mountpoint.as_deref().unwrap_or_default();
            writeln!(f, "{}", format!("{branch} {:<width$}  zfs    {place}", dataset.name).trim_end())?;
        }
        Ok(())
    }

    fn content_line(&self, f: &mut fmt::Formatter<'_>, path: &str, filesystem: Option<&Filesystem>) -> fmt::Result {
        match self.content(path, filesystem).as_str() {
            "" => Ok(()),
            content => writeln!(f, "└─ {content}"),
        }
    }

    /// The file system and where it is mounted, or the volume that a device is a part of.
    fn content(&self, path: &str, filesystem: Option<&Filesystem>) -> String {
        if let Some(volume) = self
            .volumes
            .iter()
            .find(|volume| !matches!(volume.kind, VolumeKind::Logical(_)) && volume.members().contains(&path))
        {
            return format!("→ {}", volume.path);
        }
        let kind = filesystem.map_or("", |filesystem| filesystem.kind.as_str());
        let mount = self.mounts.iter().find(|mount| mount.device.as_deref() == Some(path));
        let place = mount.map_or("", |mount| mount.path.as_str()).trim_start_matches("none");
        format!("{kind:<6} {place}").trim_end().to_owned()
    }
}
