//! Arrays, volume groups, encrypted devices, bcaches: made in the order of the configuration.

use crate::layout::{Bcache, Crypt, CryptKey, DiskLayout, LogicalVolume, Raid, Volume, VolumeGroup, VolumeKind};
use crate::plan::{Draft, Stage, Step};
use crate::storage::RaidLevel;

use super::disks::{after_change, change_table, erase, partitions, settle, short};
use super::words;

/// Makes both halves known to the kernel, which udev may have done by now, and joins them.
pub(super) const BCACHE: &str = r#"
set -e
modprobe bcache 2>/dev/null || :
slow=$(readlink -f "$1")
fast=$(readlink -f "$2")
for device in "$fast" "$slow"; do
  [ -e "/sys/class/block/${device##*/}/bcache" ] || echo "$device" >/sys/fs/bcache/register || :
done
name=${4##*/}
tries=0
until [ -b "$4" ] && [ -e "/sys/fs/bcache/$3" ]; do
  tries=$((tries + 1))
  [ "$tries" -le 60 ] || { echo "$4 did not appear"; exit 1; }
  sleep 0.5
done
found=$(readlink -f "/sys/class/block/${slow##*/}/bcache/dev" || :)
[ -e "/sys/block/$name/slaves/${slow##*/}" ] || { echo "$4 is not on $1, but /dev/${found##*/} is"; exit 1; }
[ -e "/sys/block/$name/bcache/cache" ] || echo "$3" >"/sys/block/$name/bcache/attach"
echo "$5" >"/sys/block/$name/bcache/cache_mode""#;

pub(super) fn all(draft: &mut Draft<'_>) {
    for volume in draft.layout.volumes.clone() {
        match &volume.kind {
            _ if volume.preserve => {}
            VolumeKind::Raid(raid) => self::raid(draft, &volume, raid),
            VolumeKind::Group(group) => self::group(draft, group),
            VolumeKind::Logical(logical) => self::logical(draft, &volume, logical),
            VolumeKind::Crypt(crypt) => self::crypt(draft, &volume, crypt),
            VolumeKind::Bcache(bcache) => self::bcache(draft, &volume, bcache),
            // What ZFS makes, it mounts, so its turn comes with the other mounts.
            VolumeKind::Pool(_) | VolumeKind::Dataset(_) => continue,
        }
        erase(draft, &volume.path, volume.wipe, volume.preserve);
        if let Some(table) = volume.table() {
            self::table(draft, table);
        }
    }
}

/// The partition table of a volume.
fn table(draft: &mut Draft<'_>, table: &DiskLayout) {
    if table.preserve {
        change_table(draft, table);
        settle(draft, std::slice::from_ref(table));
        after_change(draft, table);
    } else {
        partitions(draft, table);
        settle(draft, std::slice::from_ref(table));
    }
    for partition in &table.partitions {
        erase(draft, &partition.path, partition.wipe, partition.preserve);
    }
}

fn step(id: String, description: String, command: &[&str]) -> Step {
    Step::new(Stage::Partitioning, id, description, words(command)).destroys()
}

fn raid(draft: &mut Draft<'_>, volume: &Volume, raid: &Raid) {
    let level = format!("--level={}", raid.level.name());
    let metadata = format!("--metadata={}", raid.metadata);
    let uuid = format!("--uuid={}", raid.uuid);
    let name = format!("--name={}", raid.name);
    let count = format!("--raid-devices={}", raid.members.len());
    let spares = format!("--spare-devices={}", raid.spares.len());
    let size = raid.member_size.map(|size| format!("--size={}", size >> 10));
    let mut command = vec!["mdadm", "--create", &volume.path, "--run"];
    if raid.level != RaidLevel::Container {
        command.push(&level);
    }
    let own_superblock = !raid.uuid.is_empty();
    if raid.container.is_none() {
        command.push(&metadata);
    }
    if own_superblock {
        command.push(&uuid);
    }
    command.push(&count);
    // The superblock of version 0.90 has no room for a name.
    if raid.metadata != "0.90" {
        command.push(&name);
    }
    if !raid.spares.is_empty() {
        command.push(&spares);
    }
    if own_superblock && !matches!(raid.level, RaidLevel::Raid1 | RaidLevel::Linear) {
        command.push("--chunk=512");
    }
    command.extend(size.as_deref());
    match &raid.container {
        Some(container) => command.push(container),
        None => command.extend(raid.members.iter().chain(&raid.spares).map(String::as_str)),
    }
    let description = format!("make the {} {} of {}", raid.level.name(), volume.path, raid.members.join(", "));
    let members = raid.members.iter().chain(&raid.spares).cloned();
    draft.push(step(format!("raid-{}", short(&volume.path)), description, &command).writes(members));
}

fn group(draft: &mut Draft<'_>, group: &VolumeGroup) {
    for member in &group.members {
        let command = ["pvcreate", "--yes", "-ff", "--dataalignment", "1m", member];
        let description = format!("make {member} a physical volume");
        draft.push(step(format!("pv-{}", short(member)), description, &command).writes([member.clone()]));
    }
    let mut command = vec!["vgcreate", "--physicalextentsize", "4m", &group.name];
    command.extend(group.members.iter().map(String::as_str));
    let description = format!("make the volume group {} of {}", group.name, group.members.join(", "));
    draft.push(step(format!("vg-{}", group.name), description, &command).writes(group.members.iter().cloned()));
}

fn logical(draft: &mut Draft<'_>, volume: &Volume, logical: &LogicalVolume) {
    let (option, size) = match logical.size_in_kept {
        // LVM takes whole sectors, and makes whole extents of them.
        Some(size) => ("--size", format!("{}b", size.checked_next_multiple_of(512).unwrap_or(size))),
        None if logical.all_free => ("--extents", "100%FREE".to_owned()),
        None => ("--extents", logical.extents.to_string()),
    };
    let command = [
        "lvcreate",
        "--yes",
        "--wipesignatures",
        "y",
        "--zero",
        "y",
        option,
        &size,
        "--name",
        &logical.name,
        &logical.group,
    ];
    let description = format!("make the logical volume {} in {}", logical.name, logical.group);
    let id = format!("lv-{}-{}", logical.group, logical.name);
    draft.push(step(id, description, &command).writes([volume.path.clone()]));
}

fn crypt(draft: &mut Draft<'_>, volume: &Volume, crypt: &Crypt) {
    // A passphrase comes on standard input: an argument would be seen by every process.
    let (file, passphrase) = match &crypt.key {
        CryptKey::Passphrase(key) => ("-", Some(key)),
        CryptKey::File(path) | CryptKey::Random(path) => (path.as_str(), None),
    };
    let with_key = |step: Step| match passphrase {
        Some(key) => step.secret(key),
        None => step.reads([file.to_owned()]),
    };
    let name = &crypt.name;
    if matches!(crypt.key, CryptKey::Random(_)) {
        let command = [
            "cryptsetup",
            "open",
            "--batch-mode",
            "--type",
            "plain",
            "--cipher",
            "aes-xts-plain64",
            "--key-size",
            "512",
            "--key-file",
            file,
            &crypt.device,
            name,
        ];
        let description = format!("open {} as {name} with a random key", crypt.device);
        draft.push(with_key(step(format!("crypt-open-{name}"), description, &command)).writes([volume.path.clone()]));
        return;
    }
    let mut command = vec!["cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--uuid", &crypt.uuid];
    command.extend(["--offset", "32768", "--key-file", file]);
    command.extend(crypt.cipher.iter().flat_map(|cipher| ["--cipher", cipher]));
    command.extend(crypt.key_size.iter().flat_map(|size| ["--key-size", size]));
    command.push(&crypt.device);
    let description = format!("encrypt {}", crypt.device);
    draft.push(with_key(step(format!("crypt-{name}"), description, &command)).writes([crypt.device.clone()]));
    if let Some(other) = &crypt.recovery_keyfile {
        let command = words(&["cryptsetup", "luksAddKey", "--batch-mode", "--key-file", file, &crypt.device, other]);
        let description = format!("let {other} open {}, too", crypt.device);
        let add = Step::new(Stage::Partitioning, format!("crypt-add-{name}"), description, command);
        draft.push(with_key(add).reads([other.clone()]).writes([crypt.device.clone()]));
    }
    let command = words(&["cryptsetup", "open", "--type", "luks", "--key-file", file, &crypt.device, name]);
    let description = format!("open {} as {name}", crypt.device);
    let open = Step::new(Stage::Partitioning, format!("crypt-open-{name}"), description, command);
    draft.push(with_key(open).reads([crypt.device.clone()]).writes([volume.path.clone()]));
}

fn bcache(draft: &mut Draft<'_>, volume: &Volume, bcache: &Bcache) {
    let name = short(&volume.path);
    if bcache.makes_cache_set {
        let command = ["make-bcache", "--wipe-bcache", "--cset-uuid", &bcache.cache_set, "-C", &bcache.cache];
        let description = format!("make {} a cache", bcache.cache);
        draft.push(
            step(format!("cache-{}", short(&bcache.cache)), description, &command).writes([bcache.cache.clone()]),
        );
    }
    let command = ["make-bcache", "--wipe-bcache", "-B", &bcache.backing];
    let description = format!("make {} ready for a cache", bcache.backing);
    draft.push(step(format!("backing-{name}"), description, &command).writes([bcache.backing.clone()]));
    let command =
        ["sh", "-c", BCACHE, "bcache", &bcache.backing, &bcache.cache, &bcache.cache_set, &volume.path, &bcache.mode];
    let description = format!("join {} and {} to {}", bcache.backing, bcache.cache, volume.path);
    let join = Step::new(Stage::Partitioning, format!("bcache-{name}"), description, words(&command));
    draft.push(join.reads([bcache.backing.clone(), bcache.cache.clone()]).writes([volume.path.clone()]));
}
