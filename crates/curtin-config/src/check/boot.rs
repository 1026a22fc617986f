//! What the firmware needs to start the system.

use super::graph::{Graph, Item};
use super::zfs;
use crate::problem::Problem;
use crate::size;
use crate::target::Firmware;
use crate::value::Node;

pub(super) fn check(graph: &Graph<'_>, firmware: Option<Firmware>, problems: &mut Vec<Problem>) {
    let esps: Vec<&Item<'_>> = graph.of("partition").filter(|part| is_esp(graph, part)).collect();
    for esp in &esps {
        esp_file_system(graph, esp, problems);
    }
    for part in graph.of("partition").filter(|part| part.text("flag") == Some("bios_grub") && !part.preserved()) {
        if let Some(bytes) = part.bytes("size").filter(|bytes| *bytes < 1 << 20) {
            let message = format!("GRUB needs about 1 MiB, this is {}", size::human(bytes));
            problems.push(part.warning("bios-grub-size", "size", message).remedy("write `size: 1M`"));
        }
    }
    let at = |path: &str| mounted(graph, path).or_else(|| zfs::pool_at(graph, path));
    let Some(mount) = at("/boot").or_else(|| at("/")) else { return };
    encrypted_boot(graph, mount, problems);
    boot_disks(graph, mount, firmware, problems);
    if let Some(esp) = esps.first().filter(|_| mounted(graph, "/boot/efi").is_none()) {
        let problem =
            esp.warning("esp-not-mounted", "flag", "nothing is mounted at /boot/efi, where GRUB for UEFI goes");
        problems.push(problem.remedy("format this partition with fat32, and mount it at /boot/efi"));
    }
}

/// The last mount at a path.
fn mounted<'g, 'a>(graph: &'g Graph<'a>, path: &str) -> Option<&'g Item<'a>> {
    graph.of("mount").filter(|mount| mount.text("path") == Some(path)).last()
}

/// `boot` means an EFI system partition in a GPT; in an MS-DOS table it marks the active partition.
fn is_esp(graph: &Graph<'_>, part: &Item<'_>) -> bool {
    let on_gpt =
        part.text("device").and_then(|id| graph.get(id)).is_some_and(|disk| disk.text("ptable") == Some("gpt"));
    (part.text("flag") == Some("boot") && on_gpt)
        || part.text("partition_type").is_some_and(|kind| {
            kind.eq_ignore_ascii_case("0xef") || kind.eq_ignore_ascii_case("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
        })
}

fn esp_file_system(graph: &Graph<'_>, esp: &Item<'_>, problems: &mut Vec<Problem>) {
    for user in graph.users(esp.id) {
        let fstype = user.text("fstype").unwrap_or_default();
        if user.kind == "format" && !fstype.starts_with("fat") && fstype != "vfat" {
            let message = format!("firmware reads FAT from an EFI system partition, not {fstype}");
            problems.push(user.warning("esp-not-fat", "fstype", message).remedy("write `fstype: fat32`"));
        } else if user.kind == "raid"
            && !matches!(user.get("metadata").and_then(Node::to_text).as_deref(), Some("1.0" | "1" | "0.9" | "0.90"))
        {
            let message = format!("firmware does not find the file system behind the superblock of {}", user.id);
            problems.push(user.warning("esp-on-raid", "metadata", message).remedy("write `metadata: 1.0`"));
        }
    }
    if let Some(bytes) = esp.bytes("size").filter(|bytes| *bytes < 100 << 20 && !esp.preserved()) {
        let message = format!("an EFI system partition of {} is soon full", size::human(bytes));
        problems.push(esp.info("esp-size", "size", message).remedy("write `size: 512M`"));
    }
}

/// GRUB reads most file systems, but neither bcache nor, without being told, encrypted devices.
fn encrypted_boot(graph: &Graph<'_>, mount: &Item<'_>, problems: &mut Vec<Problem>) {
    let below = graph.below(vec![mount]);
    let encrypted = |item: &Item<'_>| item.kind == "dm_crypt" || item.flag("encryption_style");
    let Some(hidden) = below.iter().find(|item| item.kind == "bcache" || encrypted(item)) else { return };
    let what = if hidden.kind == "bcache" { "a bcache" } else { "an encrypted device" };
    let message = format!("the kernel would lie on {what} ({}), which GRUB does not read", hidden.id);
    problems.push(mount.error("boot-unreadable", "device", message).remedy("mount a plain partition at /boot"));
}

/// With a GPT, a firmware starts from a partition of its own. It need not be on the disk that the kernel is read from.
/// grub-install fails without the one that it needs for the firmware of the machine.
fn boot_disks(graph: &Graph<'_>, mount: &Item<'_>, firmware: Option<Firmware>, problems: &mut Vec<Problem>) {
    let named: Vec<&Item<'_>> = graph.items.iter().filter(|item| item.flag("grub_device")).collect();
    let below = graph.below(if named.is_empty() { vec![mount] } else { named });
    let has =
        |flags: &[&str]| graph.of("partition").any(|part| part.text("flag").is_some_and(|it| flags.contains(&it)));
    let has_esp = graph.of("partition").any(|part| is_esp(graph, part));
    let is_new = |item: &&&Item<'_>| item.kind == "disk" && !item.preserved();
    let gpt = |item: &&&Item<'_>| is_new(item) && item.text("ptable") == Some("gpt");
    let disk = match firmware {
        None => below.iter().find(gpt).filter(|_| !has_esp && !has(&["boot", "bios_grub", "prep"])),
        Some(Firmware::Bios) => below.iter().find(gpt).filter(|_| !has(&["bios_grub"])),
        Some(Firmware::Uefi) => below.iter().find(is_new).filter(|_| !has_esp),
    };
    let Some(disk) = disk else { return };
    let message = "no partition lets the firmware start from this disk";
    let uefi = "a partition of 512M with `flag: boot`";
    let bios = "one of 1M with `flag: bios_grub`";
    problems.push(match firmware {
        None => disk
            .warning("no-boot-partition", "ptable", message)
            .remedy(format!("add {uefi} for UEFI, or {bios} for BIOS")),
        Some(Firmware::Bios) => disk.error("no-boot-partition", "ptable", message).remedy(format!("add {bios}")),
        Some(Firmware::Uefi) => disk
            .error("no-boot-partition", "ptable", message)
            .remedy(format!("add {uefi}, a FAT file system on it, and a mount at /boot/efi")),
    });
}

#[cfg(test)]
mod tests {
    use crate::{Firmware, Level, check_bytes};

    #[track_caller]
    fn check(ptable: &str, flag: &str, wanted: [&str; 3]) {
        let yaml = format!(
            "storage: {{version: 1, config: [{{id: d, type: disk, serial: S, ptable: {ptable}}}, \
             {{id: b, type: partition, device: d, size: 512M, flag: {flag}}}, \
             {{id: p, type: partition, device: d, size: 8G}}, {{id: f, type: format, volume: p, fstype: ext4}}, \
             {{id: m, type: mount, device: f, path: /}}]}}"
        );
        let found = [None, Some(Firmware::Bios), Some(Firmware::Uefi)].map(|firmware| {
            let problems = check_bytes(yaml.as_bytes(), Level::Lint, firmware);
            let problem = problems.into_iter().find(|problem| problem.code == "no-boot-partition");
            problem.map_or(String::new(), |problem| format!("{} {}", problem.level, problem.severity))
        });
        assert_eq!(found, wanted, "{yaml}");
    }

    #[test]
    fn each_firmware_needs_its_own_partition() {
        check("gpt", "linux", ["lint warning", "runtime error", "runtime error"]);
        check("gpt", "bios_grub", ["", "", "runtime error"]);
        check("gpt", "boot", ["", "runtime error", ""]);
        check("msdos", "linux", ["", "", "runtime error"]);
    }
}
