//! The image of a whole disk: it brings partitions, boot loader and fstab of its own.

use crate::config::Config;
use crate::image;
use crate::layout::{DiskLayout, Layout};
use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};
use crate::source::Source;
use crate::storage::{DiskItem, ItemKind};
use crate::target::{Disk, Target};

use super::{disks, words};

/// Mounts the partition with the root file system: curtin looks for the first three, which are in the images of MAAS and
/// in those of Ubuntu Core; other images have the last one.
const ROOT: &str = r#"
partx -u "$1" || :
if command -v vgchange >/dev/null; then vgchange -qay || :; fi
if command -v udevadm >/dev/null; then udevadm settle --timeout=60 || :; fi
mkdir -p "$2"
for sign in curtin system-data/var/lib/snapd snaps etc/fstab; do
  for device in $(lsblk -nrpo NAME "$1" | sort -u); do
    mount -o ro "$device" "$2" 2>/dev/null || continue
    if [ -e "$2/$sign" ]; then
      umount "$2"
      exec mount "$device" "$2"
    fi
    umount "$2"
  done
done
echo "no partition of the image holds a root file system"
exit 1"#;

/// The disk that an image goes to, as curtin chooses it: the one with `grub_device` in the storage section, the first of
/// those that this or `block-meta` names, or the preferred one.
pub(crate) fn resolve(image: &Source, config: &Config, target: &Target) -> (Layout, Vec<Problem>) {
    let storage = config.storage.as_ref();
    let items = storage.into_iter().flat_map(|storage| &storage.items).filter_map(|item| match &item.kind {
        ItemKind::Disk(disk) => Some(disk),
        _ => None,
    });
    let find = |item: &DiskItem| {
        let same = |wanted: &Option<String>, known: &Option<String>| wanted.is_some() && wanted == known;
        let fits = |disk: &&Disk| {
            same(&item.serial, &disk.serial)
                || same(&item.wwn, &disk.wwn)
                || item.path.as_ref().is_some_and(|path| disk.is_at(path))
        };
        target.disks.iter().find(fits)
    };
    let grub = items.clone().filter(|item| item.grub_device).find_map(find);
    let devices = config.block_meta.iter().flat_map(|block_meta| &block_meta.devices);
    let listed = devices.filter_map(|path| target.disks.iter().find(|disk| disk.is_at(path)));
    let named = items.filter_map(find).min_by_key(|disk| &disk.path).or_else(|| listed.min_by_key(|disk| &disk.path));
    let Some(disk) = grub.or(named).or(target.disks.first()) else {
        let problem = Problem::error("no-disk", "sources", Span::NONE, "there is no disk to write the image to");
        return (Layout::default(), vec![problem.remedy("attach a disk, and commission the machine again")]);
    };
    let mut problems = Vec::new();
    if storage.is_some() {
        let message = "the image of a disk brings its own partitions: this section only says which disk it goes to";
        let problem = Problem::warning("not-planned", "storage", Span::NONE, message);
        problems.push(problem.remedy("keep the disk with `grub_device: true`, and remove all else"));
    }
    let image = image.uri.clone();
    let layout =
        DiskLayout { image: Some(image), ..DiskLayout::new(&disk.path, &disk.path, disk.size, disk.sector_size) };
    (Layout { disks: vec![layout], ..Layout::default() }, problems)
}

/// Writes it, and mounts its root.
pub(super) fn write(draft: &mut Draft<'_>, source: &Source) {
    let Some(disk) = draft.layout.disks.first().cloned() else { return };
    disks::check(draft, &disk);
    disks::table(draft, &disk);
    image::write_disk(draft, source, &disk.path);
    let root = draft.target.mount_point.clone();
    let command = words(&["sh", "-c", ROOT, "root", &disk.path, &root]);
    let description = format!("mount the root of the image on {root}");
    draft.push(Step::new(Stage::Partitioning, "mount-root", description, command).reads([disk.path]).writes([root]));
}
