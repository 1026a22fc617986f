//! Arrays, volume groups, encrypted devices and bcaches that are there already: put together if they are not, and compared
//! with the configuration as curtin compares them. Nothing here writes to a device; what differs ends the installation
//! before any disk is changed.

use crate::layout::{Bcache, Crypt, CryptKey, LogicalVolume, Raid, Volume, VolumeGroup, VolumeKind};
use crate::plan::{Draft, Stage, Step};

use super::disks::{short, verify};
use super::volumes::BCACHE;
use super::words;

/// A healthy array of this level, of these members and spares. Words before `--` are members, those behind it spares.
const RAID: &str = r#"
array=$1 level=$2
shift 2
lines() { [ $# -eq 0 ] || readlink -f "$@" | sort -u; }
fail() { echo "$array is not what the plan keeps: $1"; exit 1; }
members= spares= list=members all=
for word; do
  case $word in
    --) list=spares ;;
    *)
      path=$(readlink -f "$word")
      all="$all $path"
      [ "$list" = members ] && members="$members $path" || spares="$spares $path"
      ;;
  esac
done
[ -b "$array" ] || mdadm --assemble "$array" --run $all || fail "it cannot be assembled"
export=$(mdadm --detail --export "$array") || fail "it is no array"
found() { printf '%s\n' "$export" | sed -n "s/^$1=//p"; }
[ "$(found MD_LEVEL)" = "$level" ] || fail "its level is $(found MD_LEVEL), not $level"
md=/sys/class/block/$(basename "$(readlink -f "$array")")/md
state=$(cat "$md/array_state")
case $level:$state in
  container:* | *:clean | *:active | *:active-idle | *:write-pending | *:read-auto) ;;
  *) fail "its state is $state" ;;
esac
[ "$(cat "$md/degraded" 2>/dev/null || echo 0)" = 0 ] || fail "it is degraded"
case $(cat "$md/sync_action" 2>/dev/null || echo idle) in idle | resync) ;; *) fail "it is being repaired" ;; esac
roles=$(printf '%s\n' "$export" | sed -n 's/^MD_DEVICE_\(.*\)_ROLE=.*$/\1/p')
has_members= has_spares=
for name in $roles; do
  path=$(readlink -f "$(found "MD_DEVICE_${name}_DEV")")
  case $(found "MD_DEVICE_${name}_ROLE") in
    spare) has_spares="$has_spares $path" ;;
    *) has_members="$has_members $path" ;;
  esac
done
[ "$(lines $members)" = "$(lines $has_members)" ] || fail "it is made of$has_members, not of$members"
[ "$(lines $spares)" = "$(lines $has_spares)" ] || fail "its spares are:$has_spares, not:$spares""#;

/// A volume group of exactly these physical volumes.
const GROUP: &str = r#"
group=$1
shift
vgchange -ay "$group" || exit 1
sorted() { [ $# -eq 0 ] || readlink -f "$@" | sort -u; }
want=$(sorted "$@")
have=$(pvs --noheadings -o pv_name --select "vg_name=\"$group\" && pv_missing=0") || exit 1
have=$(sorted $have)
[ "$want" = "$have" ] || { echo "$group is on"; echo "$have"; echo "and not on"; echo "$want"; exit 1; }"#;

/// A logical volume, of this size if one is given.
const LOGICAL: &str = r#"
size=$(lvs --noheadings --units b --nosuffix -o lv_size "$1/$2" | tr -d ' ')
[ -n "$size" ] || { echo "there is no $2 in the volume group $1"; exit 1; }
[ -z "$3" ] || [ "$size" = "$3" ] || { echo "$1/$2 has $size bytes, and not $3 as the configuration says"; exit 1; }
[ -b "/dev/$1/$2" ] || lvchange -ay "$1/$2""#;

/// An open device on top of the right one.
const CRYPT: &str = r#"
set -e
name=$1 device=$(readlink -f "$2") file=$3
[ -b "/dev/mapper/$name" ] || cryptsetup open --type luks --key-file "$file" "$device" "$name"
used=$(dmsetup info --noheadings -C -o blkdevs_used "$name")
[ "/dev/$used" = "$device" ] || { echo "$name is on /dev/$used, and not on $device"; exit 1; }"#;

/// The two halves belong together, and write as the configuration says, if it does; then they are joined.
const HALVES: &str = r#"
field() { bcache-super-show "$1" | sed -n "s/^$2[[:space:]]*//p"; }
version() { field "$1" sb.version | cut -d ' ' -f 1; }
[ "$(version "$2")" = 3 ] || { echo "$2 is no cache"; exit 1; }
[ "$(version "$1")" = 1 ] || { echo "$1 has no bcache on it"; exit 1; }
set=$(field "$2" cset.uuid)
[ -n "$set" ] && [ "$set" = "$(field "$1" cset.uuid)" ] || { echo "$2 is not the cache of $1"; exit 1; }
mode=$(field "$1" dev.data.cache_mode)
case $mode in *"$4"*) ;; *) echo "$1 does not use the mode $4"; exit 1 ;; esac
mode=$(printf '%s\n' "$mode" | sed 's/^[^[:alpha:]]*//; s/[^[:alpha:]].*//')
exec sh -c "$5" bcache "$1" "$2" "$set" "$3" "${4:-$mode}""#;

pub(super) fn all(draft: &mut Draft<'_>) {
    for volume in draft.layout.volumes.clone().into_iter().filter(|volume| volume.preserve) {
        match &volume.kind {
            VolumeKind::Raid(raid) => self::raid(draft, &volume, raid),
            VolumeKind::Group(group) => self::group(draft, group),
            VolumeKind::Logical(logical) => self::logical(draft, &volume, logical),
            VolumeKind::Crypt(crypt) => self::crypt(draft, &volume, crypt),
            VolumeKind::Bcache(bcache) => self::bcache(draft, &volume, bcache),
            VolumeKind::Pool(_) | VolumeKind::Dataset(_) => {}
        }
        if let Some(table) = volume.table() {
            verify(draft, table);
        }
    }
}

fn step(draft: &mut Draft<'_>, id: String, description: String, command: &[&str], reads: &[String]) {
    let step = Step::new(Stage::Partitioning, id, description, words(command));
    draft.push(step.reads(reads.iter().cloned()));
}

fn raid(draft: &mut Draft<'_>, volume: &Volume, raid: &Raid) {
    let mut command = vec!["sh", "-c", RAID, "raid", &volume.path, raid.level.name()];
    command.extend(raid.members.iter().map(String::as_str));
    command.push("--");
    command.extend(raid.spares.iter().map(String::as_str));
    let description = format!("open {}, and check that it is a healthy {}", volume.path, raid.level.name());
    let members: Vec<String> = raid.members.iter().chain(&raid.spares).cloned().collect();
    step(draft, format!("keep-{}", short(&volume.path)), description, &command, &members);
}

fn group(draft: &mut Draft<'_>, group: &VolumeGroup) {
    let mut command = vec!["sh", "-c", GROUP, "group", &group.name];
    command.extend(group.members.iter().map(String::as_str));
    let description = format!("open the volume group {}, and check what it is made of", group.name);
    step(draft, format!("keep-vg-{}", group.name), description, &command, &group.members);
}

fn logical(draft: &mut Draft<'_>, volume: &Volume, logical: &LogicalVolume) {
    let size = logical.size_in_kept.map(|size| size.to_string()).unwrap_or_default();
    let command = ["sh", "-c", LOGICAL, "logical", &logical.group, &logical.name, &size];
    let description = format!("check the logical volume {} in {}", logical.name, logical.group);
    let id = format!("keep-lv-{}-{}", logical.group, logical.name);
    step(draft, id, description, &command, std::slice::from_ref(&volume.path));
}

fn crypt(draft: &mut Draft<'_>, volume: &Volume, crypt: &Crypt) {
    let (file, passphrase) = match &crypt.key {
        CryptKey::Passphrase(key) => ("-", Some(key)),
        CryptKey::File(path) | CryptKey::Random(path) => (path.as_str(), None),
    };
    let command = words(&["sh", "-c", CRYPT, "crypt", &crypt.name, &crypt.device, file]);
    let description = format!("open {} as {}, if it is not open", crypt.device, crypt.name);
    let open = Step::new(Stage::Partitioning, format!("keep-crypt-{}", crypt.name), description, command)
        .reads([crypt.device.clone()])
        .writes([volume.path.clone()]);
    draft.push(match passphrase {
        Some(key) => open.secret(key),
        None => open.reads([file.to_owned()]),
    });
}

fn bcache(draft: &mut Draft<'_>, volume: &Volume, bcache: &Bcache) {
    let script = ["sh", "-c", HALVES, "halves", &bcache.backing, &bcache.cache, &volume.path, &bcache.mode, BCACHE];
    let description = format!("check that {} is the cache of {}, and join them", bcache.cache, bcache.backing);
    let reads = [bcache.backing.clone(), bcache.cache.clone()];
    step(draft, format!("keep-{}", short(&volume.path)), description, &script, &reads);
}
