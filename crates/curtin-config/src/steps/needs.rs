//! Packages that the installed system needs for its file systems and its network.

use std::collections::BTreeSet;

use crate::layout::{Filesystem, Layout, Volume};
use crate::plan::Draft;
use crate::section::{Network, NetworkItemKind};
use crate::target::Disk;

use super::packages;

/// Programs and their packages, by what asks for them: a file system, a remote disk, a kind of interface, who does the network's work.
const NEEDS: &[(&str, &str, &str)] = &[
    ("btrfs", "mkfs.btrfs", "btrfs-progs"),
    ("f2fs", "mkfs.f2fs", "f2fs-tools"),
    ("jfs", "mkfs.jfs", "jfsutils"),
    ("ntfs", "mkfs.ntfs", "ntfs-3g"),
    ("reiserfs", "mkfs.reiserfs", "reiserfsprogs"),
    ("xfs", "mkfs.xfs", "xfsprogs"),
    ("iscsi", "iscsid", "open-iscsi"),
    ("bonds", "ifenslave", "ifenslave"),
    ("bridges", "brctl", "bridge-utils"),
    ("vlans", "vconfig", "vlan"),
    ("NetworkManager", "NetworkManager", "network-manager"),
    ("openvswitch", "ovs-vsctl", "openvswitch-switch"),
];

/// Bonds, bridges and VLANs need a package only where ifupdown makes them. What packages recommend stays away: mdadm would
/// bring a mail server.
const INSTALL: &str = r#"
set -e
there() { chroot "$root" sh -c 'command -v "$1"' sh "$1" >/dev/null; }
missing=''
while [ $# -gt 1 ]; do
  case $2 in
    ifenslave | bridge-utils | vlan) ! there ifup || there "$1" || missing="$missing $2" ;;
    *) there "$1" || missing="$missing $2" ;;
  esac
  shift 2
done
[ -z "$missing" ] || { apt update && apt install --no-install-recommends $missing; }"#;

pub(super) fn all(draft: &mut Draft<'_>) {
    let mut asked = file_systems(&draft.layout);
    let is_used = |disk: &&Disk| draft.layout.disks.iter().any(|used| used.path == disk.path);
    if draft.target.disks.iter().filter(is_used).any(Disk::is_iscsi) {
        asked.insert("iscsi");
    }
    if let Some(network) = &draft.config.network_config {
        asked.extend(network_kinds(network));
    }
    let needs = NEEDS.iter().filter(|(what, ..)| asked.contains(*what));
    let needs: Vec<_> = needs.map(|(_, program, package)| (*program, *package)).collect();
    if !needs.is_empty() {
        install(draft, "needs", &needs);
    }
}

/// A step that installs the packages whose programs the image lacks.
pub(super) fn install(draft: &mut Draft<'_>, id: &str, needs: &[(&str, &str)]) {
    let names: Vec<&str> = needs.iter().map(|(_, package)| *package).collect();
    let description = format!("see that the installed system has what it needs of {}", names.join(", "));
    let arguments = needs.iter().flat_map(|(program, package)| [*program, *package].map(str::to_owned)).collect();
    packages::step(draft, id, &description, INSTALL, arguments);
}

fn file_systems(layout: &Layout) -> BTreeSet<&str> {
    let tables = layout.volumes.iter().filter_map(Volume::table);
    let disks = layout.disks.iter().chain(tables).flat_map(|disk| {
        disk.filesystem.iter().chain(disk.partitions.iter().filter_map(|part| part.filesystem.as_ref()))
    });
    let volumes = layout.volumes.iter().filter_map(|volume| volume.filesystem.as_ref());
    disks.chain(volumes).map(|filesystem: &Filesystem| filesystem.kind.as_str()).collect()
}

fn network_kinds(network: &Network) -> BTreeSet<&str> {
    match network {
        Network::Disabled => BTreeSet::new(),
        Network::V1(items) => {
            let kind = |kind: &NetworkItemKind| match kind {
                NetworkItemKind::Bond { .. } => Some("bonds"),
                NetworkItemKind::Bridge { .. } => Some("bridges"),
                NetworkItemKind::Vlan { .. } => Some("vlans"),
                _ => None,
            };
            items.iter().filter_map(|item| kind(&item.kind)).collect()
        }
        Network::V2(plan) => {
            let words = plan.devices.iter().flat_map(|device| {
                let switch = device.settings.openvswitch.as_ref().map(|_| "openvswitch");
                [Some(device.kind.as_str()), device.settings.renderer.as_deref(), switch]
            });
            words.flatten().collect()
        }
    }
}
