//! GRUB for BIOS and UEFI machines. The firmware's own boot order is never touched.

use crate::layout::{Partition, PartitionKind, Pool, Table, VolumeKind};
use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};
use crate::section::Bootloader;
use crate::target::Firmware;

use super::{extlinux, file_step, words};

pub(super) fn all(draft: &mut Draft<'_>) {
    if draft.layout.device_at("/").is_none() {
        if draft.problems.iter().all(|problem| !problem.is_error()) {
            draft.problems.push(
                Problem::error("no-root", "storage.config", Span::NONE, "nothing is mounted at /")
                    .remedy("add an item of type mount with `path: /`"),
            );
        }
        return;
    }
    let boot = draft.layout.device_at("/boot").or_else(|| draft.layout.device_at("/")).unwrap_or_default();
    if draft.layout.disks_below(boot).iter().any(|disk| disk.table == Some(Table::Vtoc)) {
        return zipl(draft);
    }
    let loaders = &draft.config.boot.bootloaders;
    let (grub, extlinux) =
        (loaders.is_empty() || loaders.contains(&Bootloader::Grub), loaders.contains(&Bootloader::Extlinux));
    if grub {
        check_boot(draft);
        defaults(draft);
        match draft.target.firmware {
            _ if draft.config.boot.no_install => {}
            Firmware::Bios => bios(draft),
            Firmware::Uefi => uefi(draft),
        }
        menu(draft);
    }
    if extlinux {
        extlinux::all(draft);
    }
}

/// grub-mkconfig names the root by UUID only where `/dev/disk/by-uuid` knows it; in a system without
/// udev it would fall back to the device node, which may be another one at the next boot.
const MENU: &str = "\
link=/dev/disk/by-uuid/$2
if [ -e \"$link\" ]; then link=; else mkdir -p \"${link%/*}\" && ln -s \"$3\" \"$link\"; fi
chroot \"$1\" update-grub
status=$?
[ -z \"$link\" ] || rm -f \"$link\"
exit \"$status\"";

fn menu(draft: &mut Draft<'_>) {
    if draft.layout.zfs_at("/").is_some() {
        // grub-mkconfig names a pool and file system by themselves.
        let command = words(&["chroot", &draft.target.mount_point, "update-grub"]);
        draft.push(Step::new(Stage::Curthooks, "grub-config", "write the boot menu", command));
        return;
    }
    let root = draft.layout.mounts.iter().find(|mount| mount.path == "/");
    let uuid = root.map_or("none", |mount| mount.spec.trim_start_matches("UUID=")).to_owned();
    let device = root.and_then(|mount| mount.device.clone()).unwrap_or_default();
    let command = ["sh", "-c", MENU, "menu", &draft.target.mount_point, &uuid, &device].map(str::to_owned);
    draft.push(Step::new(Stage::Curthooks, "grub-config", "write the boot menu", command));
}

/// What the kernel is told of its root, by a loader that is not GRUB: of ZFS, these cannot tell it.
pub(super) fn root(draft: &mut Draft<'_>, loader: &str) -> Option<String> {
    let spec = draft.layout.mounts.iter().find(|mount| mount.path == "/").map(|mount| mount.spec.clone());
    if spec.is_none() {
        let message = format!("{loader} starts no system whose root is on ZFS");
        let problem = Problem::error("boot-unreadable", "storage.config", Span::NONE, message);
        draft.problems.push(problem.remedy("put / on another file system, or use GRUB alone"));
    }
    spec
}

/// The boot loader of mainframes.
fn zipl(draft: &mut Draft<'_>) {
    let Some(spec) = root(draft, "zipl") else { return };
    let root = format!("{spec} {}", draft.target.kernel_options);
    let text = format!(
        "[defaultboot]\ndefault=linux\n\n[linux]\ntarget = /boot\nimage = /boot/vmlinuz\nramdisk = /boot/initrd.img\n\
         parameters = root={}\n",
        root.trim_end()
    );
    let step = file_step(draft, Stage::Curthooks, "zipl-conf", "write /etc/zipl.conf", "/etc/zipl.conf", 0o644, &text);
    draft.push(step);
    let command = words(&["chroot", &draft.target.mount_point, "zipl"]);
    draft.push(Step::new(Stage::Curthooks, "zipl", "install the boot loader", command));
}

fn defaults(draft: &mut Draft<'_>) {
    let boot = &draft.config.boot;
    let mut text =
        String::from("# A machine without a keyboard boots at once.\nGRUB_TIMEOUT=0\nGRUB_RECORDFAIL_TIMEOUT=0\n");
    if boot.probe_additional_os != Some(true) {
        text.push_str("GRUB_DISABLE_OS_PROBER=true\n");
    }
    match boot.terminal.as_deref() {
        Some("unmodified") => {}
        Some(terminal) => text.push_str(&format!("GRUB_TERMINAL=\"{}\"\n", in_quotes(terminal))),
        None => text.push_str(
            "# It is seen on its serial line, too.\nGRUB_TERMINAL=\"serial console\"\n\
             GRUB_SERIAL_COMMAND=\"serial --unit=0 --speed=115200\"\n",
        ),
    }
    if boot.replace_linux_default != Some(false) {
        text.push_str("GRUB_CMDLINE_LINUX_DEFAULT=\"\"\n");
    }
    text.push_str(&format!("GRUB_CMDLINE_LINUX=\"{}\"\n", draft.target.kernel_options));
    let path = "/etc/default/grub.d/60-firstlight.cfg";
    let step =
        file_step(draft, Stage::Curthooks, "grub-defaults", "choose the boot menu's settings", path, 0o644, &text);
    draft.push(step);
}

/// What stands for itself between double quotes of a shell.
fn in_quotes(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if "\"\\$`".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// The disks that get the boot loader: those that the boot section names, those with
/// `grub_device`, or those with the kernel: all members of an array.
fn bios_disks(draft: &Draft<'_>) -> Vec<String> {
    if !draft.config.boot.install_devices.is_empty() {
        return draft.config.boot.install_devices.clone();
    }
    let chosen = |disk: &&crate::layout::DiskLayout| disk.grub_device;
    let named: Vec<String> = draft.layout.disks.iter().filter(chosen).map(|disk| disk.path.clone()).collect();
    if !named.is_empty() {
        return named;
    }
    let boot = draft.layout.device_at("/boot").or_else(|| draft.layout.device_at("/")).unwrap_or_default();
    draft.layout.disks_below(boot).iter().map(|disk| disk.path.clone()).collect()
}

/// What GRUB cannot read, the kernel cannot be loaded from.
fn check_boot(draft: &mut Draft<'_>) {
    let boot = draft.layout.device_at("/boot").or_else(|| draft.layout.device_at("/")).unwrap_or_default();
    let unreadable = draft.layout.volumes_below(boot).into_iter().find_map(|volume| match &volume.kind {
        VolumeKind::Crypt(_) => Some((volume.path.clone(), "encrypted")),
        VolumeKind::Bcache(_) => Some((volume.path.clone(), "a bcache")),
        VolumeKind::Pool(Pool { keyfile: Some(_), .. }) => Some((volume.path.clone(), "encrypted")),
        _ => None,
    });
    if let Some((path, what)) = unreadable {
        let message = format!("GRUB cannot read the kernel from {path}, which is {what}");
        draft.problems.push(
            Problem::error("boot-unreadable", "storage.config", Span::NONE, message)
                .remedy("put /boot on a partition, an array or a logical volume of its own"),
        );
    }
}

fn bios(draft: &mut Draft<'_>) {
    for path in bios_disks(draft) {
        let disk = draft.layout.disks.iter().find(|disk| disk.path == path);
        let gpt = disk.filter(|disk| disk.table == Some(Table::Gpt));
        if let Some(disk) = gpt
            && !disk.partitions.iter().any(|p| p.kind == PartitionKind::BiosGrub)
        {
            let message = format!("a BIOS machine does not boot from {path}: its GPT has no bios_grub partition");
            draft.problems.push(
                Problem::error("no-bios-grub", "storage.config", Span::NONE, message)
                    .remedy("add a first partition of 1M with `flag: bios_grub`"),
            );
            continue;
        }
        if disk.is_some_and(|disk| disk.table.is_none()) {
            let message = format!("a BIOS machine does not boot from {path}: it has no partition table");
            draft.problems.push(
                Problem::error("no-boot-table", "storage.config", Span::NONE, message).remedy(
                    "give the disk a ptable and partitions, and say `grub_device: true` for the one to boot from",
                ),
            );
            continue;
        }
        let root = &draft.target.mount_point;
        let command = ["chroot", root, "grub-install", "--target=i386-pc", &path].map(str::to_owned);
        let description = format!("install the boot loader on {path}");
        draft.push(Step::new(Stage::Curthooks, "grub-install", description, command).writes([path]));
    }
}

fn uefi(draft: &mut Draft<'_>) {
    let esp = draft.layout.mounts.iter().find(|mount| mount.path.trim_end_matches('/') == "/boot/efi");
    if esp.is_none_or(|mount| mount.kind != "vfat") {
        draft.problems.push(
            Problem::error(
                "no-esp",
                "storage.config",
                Span::NONE,
                "a UEFI machine needs a vfat file system at /boot/efi",
            )
            .remedy("add a partition with `flag: boot`, a format with `fstype: fat32` and a mount at /boot/efi"),
        );
        return;
    }
    let root = draft.target.mount_point.clone();
    let grub = ["chroot", &root, "grub-install", "--target=x86_64-efi", "--efi-directory=/boot/efi", "--no-nvram"];
    // The removable path is what firmware looks for when it knows of no system; the second place
    // is what other boot loaders look for.
    for (id, option, place) in [
        ("grub-install-removable", "--removable", "/EFI/BOOT"),
        ("grub-install", "--bootloader-id=debian", "/EFI/debian"),
    ] {
        let command = grub.into_iter().chain([option]).map(str::to_owned);
        let description = format!("install the boot loader at {place} of the EFI system partition");
        draft.push(Step::new(Stage::Curthooks, id, description, command));
    }
    copies(draft);
}

/// The boot loader on a further disk, which starts the machine when the first one has failed.
const COPY: &str = "\
set -e
place=$(mktemp -d)
trap 'umount \"$place\"; rmdir \"$place\"' EXIT
mount -t vfat \"$1\" \"$place\"
cp -r \"$2/EFI\" \"$place/\"";

/// Other EFI system partitions with `grub_device`.
fn copies(draft: &mut Draft<'_>) {
    let first = draft.layout.device_at("/boot/efi").unwrap_or_default().to_owned();
    let is_copy = |part: &&Partition| {
        part.grub_device && part.path != first && part.filesystem.as_ref().is_some_and(|fs| fs.kind == "vfat")
    };
    let partitions = draft.layout.disks.iter().flat_map(|disk| &disk.partitions);
    let copies: Vec<String> = partitions.filter(is_copy).map(|part| part.path.clone()).collect();
    let source = format!("{}/boot/efi", draft.target.mount_point);
    for path in copies {
        let command = words(&["sh", "-c", COPY, "copy", &path, &source]);
        let description = format!("copy the boot loader to {path}");
        draft.push(
            Step::new(Stage::Curthooks, "grub-copy", description, command).reads([source.clone()]).writes([path]),
        );
    }
}
