//! ZFS: pools and file systems are made as curtin makes them, and exported at the end, so that the installed system can
//! import them whatever its hostid is.

use crate::layout::{Dataset, Pool, Volume, VolumeKind};
use crate::plan::{Draft, Stage, Step};

use super::{packages, words};

/// Before any disk is touched.
const READY: &str = r#"
for program in zpool zfs; do
  command -v "$program" >/dev/null || { echo "$program is missing: install zfsutils-linux"; exit 1; }
done
grep -qw zfs /proc/filesystems || modprobe zfs"#;

/// A volume in the pool, encrypted with the passphrase, keeps the key of the pool: as Ubuntu's initramfs expects it.
const KEYSTORE: &str = r#"
set -e
pool=$1 keyfile=$2 key=$3 size=$4 offset=$5
volume=/dev/zvol/$pool/keystore
name=keystore-$pool
place=/run/keystore/$pool
zfs create -o encryption=off -V "$size" "$pool/keystore"
tries=0
until [ -b "$volume" ]; do
  tries=$((tries + 1))
  [ "$tries" -le 60 ] || { echo "$volume did not appear"; exit 1; }
  sleep 0.5
done
cryptsetup luksFormat --batch-mode --offset "$offset" "$volume" "$keyfile"
cryptsetup open --type luks "$volume" "$name" --key-file "$keyfile"
trap 'umount "$place" 2>/dev/null; cryptsetup close "$name"' EXIT
mke2fs -q -t ext4 -L "$name" "/dev/mapper/$name"
mkdir -p "$place"
mount -t ext4 "/dev/mapper/$name" "$place"
install -m 0400 "$key" "$place/system.key"
rm -f "$key"
zfs set "keylocation=file://$place/system.key" "$pool""#;

/// LUKS header of 16 MiB, and 4 MiB for the file system.
const KEYSTORE_SIZE: &str = "20971520";
/// The header in sectors of 512 bytes.
const KEYSTORE_OFFSET: &str = "32768";

/// What finds the pools before there is a root, which depends on what makes the initramfs.
const BOOT: &str = r#"
set -e
if [ -x "$root/usr/sbin/update-initramfs" ]; then
  package=zfs-initramfs file=usr/share/initramfs-tools/hooks/zfs
elif [ -x "$root/usr/bin/dracut" ]; then
  package=zfs-dracut file=usr/lib/dracut/modules.d/90zfs
else
  echo "the image has neither update-initramfs nor dracut: it could not import its pools"
  exit 1
fi
[ -e "$root/$file" ] || need "$package"
mkdir -p "$root/etc/zfs"
[ ! -e /etc/zfs/zpool.cache ] || cp /etc/zfs/zpool.cache "$root/etc/zfs/""#;

fn pools(draft: &Draft<'_>) -> Vec<Pool> {
    let pool = |volume: &Volume| match &volume.kind {
        VolumeKind::Pool(pool) => Some(pool.clone()),
        _ => None,
    };
    draft.layout.volumes.iter().filter_map(pool).collect()
}

/// Whether this system can make what is wanted.
pub(super) fn ready(draft: &mut Draft<'_>) {
    if !pools(draft).is_empty() {
        let command = words(&["sh", "-c", READY, "ready"]);
        draft.push(Step::new(Stage::Partitioning, "check-zfs", "check that this system has ZFS", command));
    }
}

/// Makes a pool or file system; other volumes are left alone.
pub(super) fn make(draft: &mut Draft<'_>, volume: &Volume) {
    match &volume.kind {
        VolumeKind::Pool(pool) => self::pool(draft, pool),
        VolumeKind::Dataset(dataset) => self::dataset(draft, dataset),
        _ => {}
    }
}

fn pool(draft: &mut Draft<'_>, pool: &Pool) {
    let name = pool.name.as_str();
    let key = pool.key();
    if pool.keyfile.is_some() {
        let command = words(&["sh", "-c", "umask 077 && head -c 32 /dev/urandom >\"$1\"", "key", &key]);
        let description = format!("make a key for the pool {name}");
        draft.push(
            Step::new(Stage::Partitioning, format!("zpool-key-{name}"), description, command).writes([key.clone()]),
        );
    }
    let mut command = words(&["zpool", "create"]);
    command.extend(flags("-o", &pool.properties));
    command.extend(flags("-O", &pool.fs_properties));
    command.extend(["-R".to_owned(), draft.target.mount_point.clone()]);
    if !pool.default_features {
        command.push("-d".to_owned());
    }
    command.push(name.to_owned());
    command.extend(pool.vdevs.iter().cloned());
    let description = format!("make the pool {name} of {}", pool.members.join(", "));
    let step = Step::new(Stage::Partitioning, format!("zpool-{name}"), description, command);
    draft.push(step.destroys().writes(pool.members.iter().cloned()));
    let command = words(&["zpool", "set", "cachefile=/etc/zfs/zpool.cache", name]);
    let description = format!("note {name} for the installed system");
    let step = Step::new(Stage::Partitioning, format!("zpool-cache-{name}"), description, command);
    draft.push(step.writes(["/etc/zfs/zpool.cache".to_owned()]));
    if let Some(keyfile) = &pool.keyfile {
        let script = ["sh", "-c", KEYSTORE, "keystore", name, keyfile, &key, KEYSTORE_SIZE, KEYSTORE_OFFSET];
        let description = format!("put the key of {name} into a volume that the passphrase opens");
        let step = Step::new(Stage::Partitioning, format!("zpool-keystore-{name}"), description, words(&script));
        draft.push(step.reads([keyfile.clone(), key]).writes([format!("{name}/keystore")]));
    }
}

fn dataset(draft: &mut Draft<'_>, dataset: &Dataset) {
    let path = dataset.path();
    let mut command = words(&["zfs", "create"]);
    command.extend(flags("-o", &dataset.properties));
    command.push(path.clone());
    let description = match dataset.mountpoint.as_deref().filter(|_| !dataset.by_hand) {
        Some(place) => {
            let place = place.trim_end_matches('/');
            format!("make {path}, which is mounted on {}{place}", draft.target.mount_point)
        }
        None => format!("make {path}"),
    };
    let step = Step::new(Stage::Partitioning, format!("zfs-{path}"), description, command);
    draft.push(step.writes([path.clone()]));
    if let Some(place) = dataset.mountpoint.as_deref().filter(|_| dataset.by_hand) {
        let description = format!("mount {path} on {}{}", draft.target.mount_point, place.trim_end_matches('/'));
        let command = words(&["zfs", "mount", &path]);
        let step = Step::new(Stage::Partitioning, format!("zfs-mount-{path}"), description, command);
        draft.push(step.reads([path]).writes([format!("{}{place}", draft.target.mount_point)]));
    }
}

/// Properties, each behind an option.
fn flags(option: &str, properties: &[(String, String)]) -> Vec<String> {
    properties.iter().flat_map(|(key, value)| [option.to_owned(), format!("{key}={value}")]).collect()
}

/// What the initramfs of the installed system needs.
pub(super) fn in_target(draft: &mut Draft<'_>) {
    if !pools(draft).is_empty() {
        let description = "see that the initramfs can import the pools, and tell it which there are";
        packages::step(draft, "zfs-boot", description, BOOT, Vec::new());
    }
}

/// The end: a pool that is not exported belongs to the system that has made it.
pub(super) fn export(draft: &mut Draft<'_>) {
    for pool in pools(draft) {
        let name = &pool.name;
        let command = words(&["zpool", "export", name]);
        let step =
            Step::new(Stage::Late, format!("zpool-export-{name}"), format!("let go of the pool {name}"), command);
        draft.push(step);
    }
}
