//! RAID, LVM, encryption and bcache made for real on loop devices.
//!
//! They need root and a kernel with md, device mapper and bcache, which the machine that runs the other tests may lack:
//! `cargo lab storage --loop-devices` runs them.

#[path = "loops/harness.rs"]
mod harness;

use firstlight_curtin_config::{LayoutOptions, Node, RaidLevel, StorageLayout, to_yaml};
use harness::{Bench, check_means, run};

const GIB: u64 = 1 << 30;

/// Fails with a sentence when the kernel cannot do it.
fn check_kernel(module: &str, sign: &str) {
    let script = format!("modprobe {module} 2>/dev/null; [ -e {sign} ] || grep -q '{module}' /proc/devices /proc/misc");
    let found = std::process::Command::new("sh").args(["-c", &script]).status();
    assert!(found.is_ok_and(|status| status.success()), "this kernel has no {module}: run this test on one that has");
}

fn mapper() {
    check_means(&[("dmsetup", "dmsetup"), ("lvm", "lvm2"), ("cryptsetup", "cryptsetup-bin")]);
    check_kernel("device-mapper", "/sys/class/misc/device-mapper");
}

fn raid() {
    check_means(&[("mdadm", "mdadm")]);
    check_kernel("md_mod", "/proc/mdstat");
}

/// Installs a layout by name, twice: the second time over the first.
#[track_caller]
fn named(layout: &StorageLayout, disks: usize) {
    let bench = Bench::new(disks, 4 * GIB, 512);
    let storage = layout.storage(&bench.disks, &LayoutOptions::default());
    let storage = storage.unwrap_or_else(|error| panic!("{error}"));
    let plan = bench.plan(&to_yaml(&Node::mapping([("storage", storage.to_node())])));
    bench.partition(&plan);
    bench.partition(&plan);
}

#[test]
#[ignore = "needs a kernel with device mapper: cargo lab storage --loop-devices"]
fn lvm() {
    mapper();
    named(&StorageLayout::Lvm, 1);
}

#[test]
#[ignore = "needs a kernel with md: cargo lab storage --loop-devices"]
fn raid_1() {
    raid();
    named(&StorageLayout::Raid { level: RaidLevel::Raid1, spares: 1 }, 3);
}

#[test]
#[ignore = "needs a kernel with md: cargo lab storage --loop-devices"]
fn raid_0_5_6_10() {
    raid();
    for level in [RaidLevel::Raid0, RaidLevel::Raid5, RaidLevel::Raid6, RaidLevel::Raid10] {
        named(&StorageLayout::Raid { level, spares: 0 }, 4);
    }
}

#[test]
#[ignore = "needs a kernel with bcache: cargo lab storage --loop-devices"]
fn bcache() {
    check_means(&[("make-bcache", "bcache-tools")]);
    check_kernel("bcache", "/sys/fs/bcache/register");
    named(&StorageLayout::Bcache, 2);
}

/// LVM on encryption on an array with partitions, and a swap area with a random key.
#[test]
#[ignore = "needs a kernel with md and device mapper: cargo lab storage --loop-devices"]
fn a_tower_of_volumes() {
    mapper();
    raid();
    let bench = Bench::new(3, 4 * GIB, 512);
    let plan = bench.plan(
        "storage:
  version: 1
  config:
  - {id: a, type: disk, serial: L0, ptable: gpt}
  - {id: esp, type: partition, device: a, size: 300M, flag: boot}
  - {id: boot, type: partition, device: a, size: 500M}
  - {id: sw, type: partition, device: a, size: 500M}
  - {id: b, type: disk, serial: L1}
  - {id: c, type: disk, serial: L2}
  - {id: md, type: raid, name: md7, raidlevel: 1, devices: [b, c], ptable: gpt}
  - {id: md1, type: partition, device: md, size: 3G}
  - {id: safe, type: dm_crypt, volume: md1, dm_name: fl-safe, key: 'open sesame'}
  - {id: vg, type: lvm_volgroup, name: fl-vg, devices: [safe]}
  - {id: root, type: lvm_partition, volgroup: vg, name: root, size: 2G}
  - {id: rest, type: lvm_partition, volgroup: vg, name: the-rest}
  - {id: swap, type: dm_crypt, volume: sw, dm_name: fl-swap, keyfile: /dev/urandom}
  - {id: f-esp, type: format, volume: esp, fstype: fat32}
  - {id: f-boot, type: format, volume: boot, fstype: ext4}
  - {id: f-root, type: format, volume: root, fstype: ext4}
  - {id: f-rest, type: format, volume: rest, fstype: ext4, label: rest}
  - {id: f-swap, type: format, volume: swap, fstype: swap}
  - {id: m-root, type: mount, device: f-root, path: /}
  - {id: m-boot, type: mount, device: f-boot, path: /boot}
  - {id: m-esp, type: mount, device: f-esp, path: /boot/efi}
  - {id: m-rest, type: mount, device: f-rest, path: /srv}
  - {id: m-swap, type: mount, device: f-swap, path: none}
",
    );
    bench.partition(&plan);
    bench.partition(&plan);
    let dump = run("cryptsetup", &["luksDump", "/dev/md7p1"]);
    assert!(dump.contains("Version:       \t2"), "{dump}");
    assert!(run("mdadm", &["--detail", "/dev/md7"]).contains("Version : 1.2"));
}
