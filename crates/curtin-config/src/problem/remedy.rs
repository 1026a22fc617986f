//! What to do about a problem of each kind, where the place knows nothing better.

use crate::value::{Node, Value};

/// The usual remedy for each code, which a test holds against the source.
const USUAL: &[(&str, &str)] = &[
    ("alignment", "write whole MiB: partitions are aligned to them"),
    ("anchor-name", "name it with letters, digits, - and _"),
    ("apt-arches", "write `arches: [default]`"),
    ("apt-key", "write the whole armoured block, or `keyid`"),
    ("apt-parameter", "write $MIRROR, $PRIMARY, $SECURITY or $RELEASE"),
    ("apt-preserved", "write `preserve_sources_list: false`"),
    ("apt-sources-list", "write lines such as `deb $MIRROR $RELEASE main`"),
    ("bad-fstype", "write ext4, xfs, btrfs, fat32 or swap"),
    ("bad-key", "write text in its place"),
    ("bad-merge", "write an alias of a mapping, or put << in quotes"),
    ("bad-number", "write a whole number from 1 on, without quotes"),
    ("bad-size", "write a number of bytes, or one with B, K, M, G or T, such as 512M"),
    ("bad-type", "write a value of the kind that is asked for"),
    ("bad-value", "write one of the values that are asked for, or leave it out"),
    ("bad-wipe", "write superblock, superblock-recursive, pvremove, zero or random"),
    ("bcache-half", "name both `backing_device` and `cache_device`"),
    ("bcache-size", "use a larger device: 16 MiB for the data, 64 MiB for the cache"),
    ("bios-grub-size", "write `size: 1M`"),
    ("boot-loader-area", "put it on another partition"),
    ("boot-twice", "move everything to `boot`"),
    ("boot-unreadable", "mount a plain partition at /boot"),
    ("cache-mode", "write writethrough, writeback, writearound or none"),
    ("command-key", "put the name in quotes"),
    ("control-character", "remove it, or write it as an escape sequence in double quotes"),
    ("crypt-key", "give either `key` or `keyfile`"),
    ("crypt-keys", "give either `key` or `keyfile`"),
    ("crypt-name", "use letters, digits and #+-.:=@_, at most 127"),
    ("crypt-options", "write each option by itself"),
    ("crypt-size", "use a device of 17 MiB or more"),
    ("curtin-command", "leave it to the sections of the configuration"),
    ("cyclic-reference", "let one of them stand on something else"),
    ("dasd-id", "write three hexadecimal numbers, such as 0.0.1520"),
    ("dd-as-text", "write {type: dd-…, uri: …}"),
    ("device-kind", "use a device or partition that holds nothing else"),
    ("device-twice", "give each of them a device of its own"),
    ("device-used-twice", "give each of them a device of its own"),
    ("disk-ambiguous", "name it by its `serial` or `wwn`"),
    ("disk-moved", "leave the path out"),
    ("disk-not-found", "write the `serial`, `wwn` or `path` of one that the machine has"),
    ("disk-path", "name it by a path below /dev, of letters, digits and ._-:+@"),
    ("disk-twice", "describe every disk once"),
    ("disk-unnamed", "write its `serial`, or its `path`"),
    ("dm-name", "use letters, digits and #+-.:=@_, at most 127"),
    ("duplicate-anchor", "give it another name"),
    ("duplicate-id", "give every item an id of its own"),
    ("duplicate-key", "remove one of the two"),
    ("empty-storage", "leave the section out, or describe the disks"),
    ("esp-not-fat", "write `fstype: fat32`"),
    ("esp-not-mounted", "format this partition with fat32, and mount it at /boot/efi"),
    ("esp-on-raid", "write `metadata: 1.0`"),
    ("esp-size", "write `size: 512M`"),
    ("extended-used", "use a logical partition in it"),
    ("file-owner", "write root:root, and change the owner in `late_commands`"),
    ("file-path", "write the path of a file in the installed system, such as /etc/motd"),
    ("flag-table", "use a flag of this kind of table"),
    ("foreign-section", "write users to cloud-init's user-data"),
    ("format-preserved", "write `preserve: true` here, too"),
    ("format-size", "make it smaller, or what it stands on larger"),
    ("format-twice", "give each of them a device of its own"),
    ("forward-reference", "move it behind what it needs"),
    ("hostname", "use labels of letters, digits and dashes with dots between them, each of 63 characters at most"),
    ("ignored-in-version-1", "write `version: 2`, or remove it"),
    ("ignored-key", "write it in the way that curtin looks at"),
    ("in-target", "write [curtin, in-target, --, COMMAND, ARGUMENTS]"),
    ("iscsi-address", "write iscsi:[user:password[:user:password]@]host:proto:port:lun:target"),
    ("kernel-options", "write options without quotes, $, `, \\ and control characters"),
    ("label-case", "write labels of FAT in capitals"),
    ("label-too-long", "write a shorter one"),
    ("left-to-caller", "set this up where the plan is run, if it is needed"),
    ("lvm-full", "make the volumes smaller, and put the one without a size last"),
    ("lvm-name", "use letters, digits, _, -, + and dots, no - at the beginning"),
    ("lvm-ptable", "make one logical volume for each partition"),
    ("lvm-size", "make it smaller, or what it stands on larger"),
    ("mac-number", "put it in quotes"),
    ("many-documents", "put the second document in a file of its own"),
    ("missing-key", "add it"),
    ("missing-reference", "add such an item before this one, or correct the id"),
    ("mount-field", "write \\040 for a space, or avoid it"),
    ("mount-nothing", "name the `format` that is mounted as `device`"),
    ("mount-order", "move it before what is mounted below it: curtin mounts in the order of the text"),
    ("mount-path", "write an absolute path without dots"),
    ("mount-point", "choose a directory such as /mnt/target"),
    ("mount-twice", "mount each file system at a place of its own"),
    ("msdos-too-large", "use `ptable: gpt`"),
    ("name-twice", "give each a name of its own"),
    ("netmask", "write a mask such as ffff:ffff:: or 255.255.255.0, or the prefix length behind the address"),
    ("netplan-renderer", "write `renderer` at each device"),
    ("network-type", "write physical, bond, bridge, vlan, nameserver or route"),
    ("network-version", "write `version: 2`, without quotes"),
    ("no-bios-grub", "add a first partition of 1M with `flag: bios_grub`"),
    (
        "no-boot-partition",
        "add a partition of 512M with `flag: boot` for UEFI, or one of 1M with `flag: bios_grub` for BIOS",
    ),
    ("no-boot-table", "give the disk a `ptable` and partitions, or write `grub_device: true` at another one"),
    ("no-disk", "attach a larger disk, and commission the machine again"),
    ("no-esp", "add a partition with `flag: boot`, a format with `fstype: fat32` and a mount at /boot/efi"),
    ("no-extended", "add a partition with `flag: extended` before it"),
    ("no-members", "write the ids of its devices"),
    ("no-mount-point", "write a `path`"),
    ("no-prefix", "write the prefix length, such as /24"),
    ("no-ptable", "write `ptable: gpt` at the disk"),
    ("no-root", "add a `mount` with `path: /`"),
    ("no-source", "write `sources: {root: URL}`"),
    ("no-such-date", "put it in quotes"),
    ("not-json", "write it as text, numbers, lists and mappings"),
    ("not-planned", "see that nothing depends on it"),
    ("not-text", "put it in quotes"),
    ("not-utf8", "save the file as UTF-8"),
    ("nul-character", "remove it"),
    ("odd-flag", "write true or false, without quotes"),
    ("odd-type", "write a value of the kind that is asked for"),
    ("odd-value", "write one of the words that curtin knows, or leave it out"),
    ("offset", "begin at 1M"),
    ("old-and-new", "keep the new one"),
    ("old-fstype", "use ext4 or xfs"),
    ("old-key", "write it in the way that curtin looks at"),
    ("outside-extended", "make the extended partition larger, or this one smaller"),
    ("overlap", "move or shrink one of the two"),
    ("partition-flag", "use a flag of this kind of table"),
    ("partition-number", "leave the number out, or write one that is free"),
    ("partition-order", "write the partitions in the order in which they lie on the disk"),
    ("partition-overlap", "move or shrink one of the two"),
    ("partition-size", "make it smaller, or what it stands on larger"),
    (
        "partition-type",
        "write the UUID of the type in a GPT, 0x and two digits in an MS-DOS table, or leave it to `flag`",
    ),
    ("permissions", "write the mode in quotes: '0755'"),
    ("plain-key", "use a `keyfile`"),
    ("power-delay", "write `now`, seconds, or minutes as `+5`"),
    ("power-mode", "write `mode: reboot`, `poweroff` or `halt`"),
    ("preserve", "import the pool in late_commands"),
    ("preserve-differs", "write what is there, or remove `preserve`"),
    ("preserve-lost", "preserve the disk, too"),
    ("preserve-missing", "preserve the disk too, and give the number of the partition"),
    ("preserve-new", "preserve what it stands on, too"),
    ("preserve-number", "preserve the logical partitions before it, too"),
    ("preserve-unknown", "say what is on the disk, or remove `preserve`"),
    ("ptable", "write `ptable: gpt` at the disk"),
    ("raid-level", "write raid0, raid1, raid4, raid5, raid6, raid10 or linear"),
    ("raid-members", "add devices, or choose another level"),
    ("raid-metadata", "write 1.2, or remove it"),
    ("raid-name", "write a name such as md0: 32 characters at most, no spaces"),
    ("raid-size", "use members of 19 MiB or more"),
    ("raid-spares", "make them members, or remove them"),
    ("random-key", "use a random key for swap only, on a partition or logical volume"),
    ("recursive-alias", "write the value itself, or put text in quotes"),
    ("reporter-type", "write log, print, webhook or journald"),
    ("resize-new", "write `preserve: true`, or remove `resize`"),
    ("resize-unsupported", "remove `resize`, and write the size that it has"),
    ("root-options", "remove `noauto`"),
    ("route-destination", "write 198.51.100.0/24, and IPv6 routes in `subnets`"),
    ("same-disk", "describe every disk once"),
    ("same-name", "give each a name of its own"),
    ("same-number", "give each partition a number of its own"),
    ("second-extended", "put all logical partitions in the first one"),
    ("second-image", "keep one image"),
    ("sector-size", "use disks with sectors of the same size"),
    ("skipped-item", "add the missing key, or remove the item"),
    ("source-uri", "write http://…, https://…, file:///… or /…"),
    ("stage-not-run", "move the commands to a stage that runs, or add this one to `stages`"),
    ("stage-order", "leave stages in curtin's order, each once"),
    ("storage-type", "write a type such as disk, partition, format or mount"),
    ("storage-version", "write `version: 1`"),
    ("swap-btrfs", "use a partition for swap, or write `force: true`"),
    ("swap-flag", "add a `format` with `fstype: swap`, and a `mount`"),
    ("swap-path", "remove `path`, or write none"),
    ("swap-zfs", "use a partition for swap"),
    ("tab", "write spaces"),
    ("too-deep", "split it into several files"),
    ("too-large", "split it into several files"),
    ("too-small", "make it smaller, or what it stands on larger"),
    ("unknown-alias", "write the value itself, or put text in quotes"),
    ("unknown-device", "put items below those that they use"),
    ("unknown-key", "remove it, or correct its name"),
    ("unknown-tag", "write the value without the tag, or put it in quotes"),
    ("unreadable", "see that the file is there, and that you may read it"),
    ("unstable-path", "name the disk by its `serial` or `wwn`"),
    ("unused", "mount it, or remove it"),
    ("uuid", "write 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12"),
    ("uuid-ignored", "leave it out"),
    ("volatile-system", "mount a file system of a disk"),
    ("wipe-preserved", "remove `wipe`, or `preserve`"),
    ("word-not-text", "put it in quotes"),
    ("wrong-reference", "write the id of an item of the right type"),
    ("yaml-syntax", "put the text in quotes"),
    ("yaml-version", "write %YAML 1.1, or leave the line out"),
    ("zfs-mountpoint", "write an absolute path, none or legacy"),
    ("zfs-name", "write a letter, then letters, digits, _.:-, and no word that ZFS has for itself"),
    ("zfs-parent", "add an item of type zfs for it"),
    ("zfs-property", "write a value that ZFS takes, or remove it"),
    ("zfsroot", "use ext4, or zpool and zfs items"),
    ("zpool-encryption", "write luks_keystore, a keyfile, and `pool_properties: {version: null}`"),
    ("zpool-size", "use a device of 64 MiB or more"),
];

pub(super) fn usual(code: &str) -> &'static str {
    USUAL.iter().find(|(known, _)| *known == code).map_or("", |(_, remedy)| remedy)
}

/// What to write in place of a value of the wrong kind.
pub(super) fn instead(node: &Node, wanted: &str) -> String {
    let is_scalar =
        matches!(node.value, Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) | Value::Timestamp(_));
    match node.value {
        Value::Null => format!("write {wanted}, or leave it out"),
        _ if is_scalar && wanted.starts_with("text") => "put it in quotes".to_owned(),
        _ => format!("write {wanted}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::problem::Span;

    fn is_code(text: &str) -> bool {
        text.len() > 1 && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    }

    /// What stands first in quotes behind the name of a function that makes a problem.
    fn codes(place: &Path, found: &mut BTreeSet<String>) {
        if place.is_dir() {
            std::fs::read_dir(place).unwrap().for_each(|entry| codes(&entry.unwrap().path(), found));
            return;
        }
        let text = std::fs::read_to_string(place).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for call in ["error(", "warning(", "info(", "fatal(", "refuse(", "warn(", "code("] {
            for rest in text.split(call).skip(1) {
                let rest = rest.trim_start().trim_start_matches("item,").trim_start();
                let code = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
                found.extend(code.map(|(code, _)| code.to_owned()).filter(|code| is_code(code)));
            }
        }
    }

    #[test]
    fn every_code_has_a_remedy() {
        let mut all = BTreeSet::new();
        codes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        assert!(all.len() > 150, "{}", all.len());
        // Those that are chosen before the call stand in the document, as all do.
        let document = include_str!("../../PROBLEMS.md");
        let cells = document.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let heads = document.lines().filter_map(|line| line.strip_prefix("* `")?.split(": ").next());
        all.extend(cells.chain(heads.flat_map(|head| head.split('`').step_by(2))).map(str::to_owned));
        all.retain(|code| usual(code).is_empty());
        assert_eq!(all, BTreeSet::new());
        assert!(USUAL.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_value_of_another_kind_is_quoted_or_replaced() {
        let remedy = |value: Value, wanted: &str| instead(&Node::new(value, Span::NONE), wanted);
        assert_eq!(remedy(Value::Int(5), "text"), "put it in quotes");
        assert_eq!(remedy(Value::Bool(true), "text"), "put it in quotes");
        assert_eq!(remedy(Value::Sequence(Vec::new()), "text"), "write text");
        assert_eq!(remedy(Value::Null, "text"), "write text, or leave it out");
        assert_eq!(remedy(Value::Int(5), "a list of names"), "write a list of names");
    }
}
