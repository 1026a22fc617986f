//! What holds for every plan.

use std::collections::BTreeSet;

use firstlight_curtin_config::layout::{DiskLayout, Partition, PartitionKind, Table, VolumeKind};
use firstlight_curtin_config::{Plan, ShellOptions, render_json, render_shell, render_text};

const MIB: u64 = 1 << 20;

/// The passphrase in every generated configuration that has one: no other word of them contains it.
const PASSPHRASE: &str = "sesame";

/// Panics when a plan is not one that could be carried out.
pub(crate) fn check(plan: &Plan) {
    let arrays = plan.layout.volumes.iter().filter_map(|volume| volume.table());
    for disk in plan.layout.disks.iter().chain(arrays) {
        check_disk(disk);
    }
    check_volumes(plan);
    check_steps(plan);
    let script = render_shell(plan, &ShellOptions::default());
    assert!(!script.contains('\0'));
    let text = render_text(plan);
    assert!(text.lines().count() > plan.steps.len());
    let json = render_json(plan);
    assert!(json.starts_with('{'));
    assert!(!text.contains(PASSPHRASE) && !json.contains(PASSPHRASE), "a secret is shown:\n{text}");
}

fn check_disk(disk: &DiskLayout) {
    let end_of = |part: &Partition| part.start.checked_add(part.size).expect("a partition ends");
    let mut numbers = BTreeSet::new();
    for part in &disk.partitions {
        assert!(numbers.insert(part.number), "{} has two partitions {}", disk.path, part.number);
        let unit = if disk.table == Some(Table::Vtoc) { u64::from(disk.sector_size) } else { MIB };
        assert_eq!(part.start % unit, 0, "{} is not aligned", part.path);
        assert_eq!(part.size % u64::from(disk.sector_size), 0, "{} has half a sector", part.path);
        assert!(part.size > 0 && part.start >= unit);
        let backup = if disk.table == Some(Table::Gpt) { 16_384 + u64::from(disk.sector_size) } else { 0 };
        assert!(end_of(part) <= disk.size - backup, "{} is outside of its disk", part.path);
    }
    for (logical, gap) in [(false, 0), (true, MIB)] {
        let parts: Vec<&Partition> = disk.partitions.iter().filter(|part| part.logical == logical).collect();
        for pair in parts.windows(2) {
            assert!(end_of(pair[0]) + gap <= pair[1].start, "{} and {} overlap", pair[0].path, pair[1].path);
        }
    }
    let extended = disk.partitions.iter().find(|part| part.kind == PartitionKind::Extended);
    for part in disk.partitions.iter().filter(|part| part.logical) {
        let extended = extended.expect("a logical partition is in an extended one");
        assert!(part.start >= extended.start + MIB && end_of(part) <= end_of(extended), "{}", part.path);
    }
}

/// Every volume is built of what is there already, and nothing is a part of two volumes.
fn check_volumes(plan: &Plan) {
    let layout = &plan.layout;
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut groups: Vec<(&str, u64)> = Vec::new();
    for disk in &layout.disks {
        known.insert(&disk.path);
        known.extend(disk.partitions.iter().map(|part| part.path.as_str()));
    }
    let mut used = BTreeSet::new();
    for volume in &layout.volumes {
        for member in volume.members() {
            assert!(known.contains(member), "{} is built of {member}, which is not there", volume.path);
            let shared = match &volume.kind {
                VolumeKind::Logical(_) | VolumeKind::Dataset(_) => true,
                VolumeKind::Raid(raid) => raid.container.is_some(),
                VolumeKind::Bcache(bcache) => bcache.cache == member && !bcache.makes_cache_set,
                _ => false,
            };
            assert!(shared || used.insert(member), "{member} is used twice");
        }
        assert!(known.insert(&volume.path), "{} is made twice", volume.path);
        known.extend(volume.table().iter().flat_map(|table| &table.partitions).map(|part| part.path.as_str()));
        match &volume.kind {
            VolumeKind::Group(group) => groups.push((&group.name, volume.size)),
            VolumeKind::Logical(logical) => {
                let group = groups.iter_mut().find(|(name, _)| *name == logical.group).expect("a group");
                group.1 = group.1.checked_sub(volume.size).expect("volumes fit into their group");
            }
            _ => {}
        }
    }
    for device in layout.devices() {
        assert!(device.size > 0, "{} is empty", device.path);
        assert!(!used.contains(device.path.as_str()) || device.mountpoint.is_none(), "{} is used twice", device.path);
    }
}

fn check_steps(plan: &Plan) {
    let devices: BTreeSet<String> = plan.layout.devices().into_iter().map(|device| device.path).collect();
    let mut ids = BTreeSet::new();
    for step in &plan.steps {
        assert!(ids.insert(&step.id), "two steps are called {}", step.id);
        assert!(!step.command.is_empty() && !step.description.is_empty());
        // What curtin itself does is its own affair.
        if step.destroys_data && step.command[0] != "curtin" {
            assert!(!step.writes.is_empty(), "{} does not say what it destroys", step.id);
            let is_dasd = step.id.starts_with("dasd-");
            assert!(
                is_dasd || step.writes.iter().all(|path| devices.contains(path)),
                "{} writes {:?}",
                step.id,
                step.writes
            );
        }
    }
    let stages: Vec<_> = plan.steps.iter().map(|step| step.stage).collect();
    assert!(stages.is_sorted(), "stages are out of order");
}
