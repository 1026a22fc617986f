//! What the installed system needs to find arrays, volumes and encrypted devices again.

use crate::layout::{CryptKey, Pool, VolumeKind};
use crate::plan::{Draft, Stage, Step};

use super::{dasd, file_step, needs, words, zfs};

const CRYPTSETUP: (&str, &str) = ("cryptsetup", "cryptsetup");
const CRYPTROOT: (&str, &str) = ("/usr/share/initramfs-tools/hooks/cryptroot", "cryptsetup-initramfs");

const INITRAMFS: &str = r#"
if [ -x "$1/usr/sbin/update-initramfs" ]; then exec chroot "$1" update-initramfs -u -k all; fi
if [ -x "$1/usr/bin/dracut" ]; then exec chroot "$1" dracut --force --regenerate-all; fi
echo "the image has neither update-initramfs nor dracut: it could not find its root"
exit 1"#;

/// crypttab and mdadm.conf.
pub(super) fn files(draft: &mut Draft<'_>) {
    let mut crypttab = String::new();
    let mut arrays = String::new();
    for volume in &draft.layout.volumes {
        match &volume.kind {
            VolumeKind::Crypt(crypt) if !volume.preserve => {
                let key = match &crypt.key {
                    CryptKey::Random(device) => device,
                    // It is asked for at every start: a key beside what it opens would protect nothing.
                    CryptKey::Passphrase(_) | CryptKey::File(_) => "none",
                };
                crypttab.push_str(&format!("{} {} {key} {}\n", crypt.name, crypt.spec, crypt.options));
            }
            VolumeKind::Raid(raid) if !raid.uuid.is_empty() => {
                arrays.push_str(&format!("ARRAY {} metadata={} UUID={}\n", volume.path, raid.metadata, raid.uuid));
            }
            _ => {}
        }
    }
    if !crypttab.is_empty() {
        let text = format!("# <name> <device> <key> <options>\n{crypttab}");
        let step = file_step(draft, Stage::Curthooks, "crypttab", "write /etc/crypttab", "/etc/crypttab", 0o644, &text);
        draft.push(step);
    }
    if !arrays.is_empty() {
        let text = format!("HOMEHOST <system>\nMAILADDR root\n{arrays}");
        let path = "/etc/mdadm/mdadm.conf";
        let step = file_step(draft, Stage::Curthooks, "mdadm-conf", "write /etc/mdadm/mdadm.conf", path, 0o644, &text);
        draft.push(step);
    }
    found(draft);
}

/// What only the devices themselves know: the identities of arrays and encrypted devices that were there before, and of
/// arrays in a format of the firmware.
const FOUND_ARRAY: &str = r#"
mkdir -p "$1/etc/mdadm"
[ -e "$1/etc/mdadm/mdadm.conf" ] || printf 'HOMEHOST <system>\nMAILADDR root\n' >"$1/etc/mdadm/mdadm.conf"
line=$(mdadm --detail --brief "$2") && printf '%s\n' "$line" >>"$1/etc/mdadm/mdadm.conf""#;
const FOUND_CRYPT: &str = r#"
uuid=$(cryptsetup luksUUID "$3") && printf '%s UUID=%s none %s\n' "$2" "$uuid" "$4" >>"$1/etc/crypttab""#;

fn found(draft: &mut Draft<'_>) {
    let root = draft.target.mount_point.clone();
    for volume in draft.layout.volumes.clone() {
        let (name, path) = (volume.path.rsplit('/').next().unwrap_or_default(), &volume.path);
        let (id, file, command) = match &volume.kind {
            VolumeKind::Raid(raid) if raid.uuid.is_empty() => {
                ("mdadm-conf", "mdadm/mdadm.conf", vec!["sh", "-c", FOUND_ARRAY, "array", &root, path])
            }
            VolumeKind::Crypt(crypt) if volume.preserve => {
                let command = vec!["sh", "-c", FOUND_CRYPT, "crypt", &root, name, &crypt.device, &crypt.options];
                ("crypttab", "crypttab", command)
            }
            _ => continue,
        };
        let description = format!("add {path} to /etc/{file}");
        let step = Step::new(Stage::Curthooks, format!("{id}-{name}"), description, words(&command));
        draft.push(step.reads([path.clone()]).writes([format!("{root}/etc/{file}")]));
    }
}

/// Programs and initramfs.
pub(super) fn in_target(draft: &mut Draft<'_>) {
    let mut tools: Vec<(&str, &str)> = Vec::new();
    for volume in &draft.layout.volumes {
        let needed: &[(&str, &str)] = match &volume.kind {
            VolumeKind::Raid(_) => &[("mdadm", "mdadm")],
            VolumeKind::Group(_) => &[("lvm", "lvm2")],
            VolumeKind::Crypt(_) => &[CRYPTSETUP, CRYPTROOT],
            VolumeKind::Bcache(_) => &[("make-bcache", "bcache-tools")],
            // The key of its file systems is in a volume that cryptsetup opens.
            VolumeKind::Pool(Pool { keyfile: Some(_), .. }) => &[("zpool", "zfsutils-linux"), CRYPTSETUP, CRYPTROOT],
            VolumeKind::Pool(_) => &[("zpool", "zfsutils-linux")],
            VolumeKind::Logical(_) | VolumeKind::Dataset(_) => &[],
        };
        let new: Vec<_> = needed.iter().filter(|tool| !tools.contains(tool)).copied().collect();
        tools.extend(new);
    }
    if tools.is_empty() {
        if !draft.layout.controllers.is_empty() || dasd::is_used(draft) {
            initramfs(draft);
        }
        return;
    }
    needs::install(draft, "tools", &tools);
    zfs::in_target(draft);
    initramfs(draft);
}

fn initramfs(draft: &mut Draft<'_>) {
    let command = words(&["sh", "-c", INITRAMFS, "initramfs", &draft.target.mount_point]);
    let description = "make the initramfs again, which has to find the volumes";
    draft.push(Step::new(Stage::Curthooks, "initramfs", description, command));
}
