//! The named layouts: each is accepted by curtin's schema, has no runtime problems, and has a plan.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use firstlight_curtin_config::{
    Config, Disk, DiskChoice, Firmware, LayoutError, LayoutOptions, Level, Node, Problem, RaidLevel, Source,
    StorageLayout, Target, check, check_storage, parse, plan, to_yaml,
};
use proptest::prelude::*;

fn disks(count: usize, size: u64) -> Vec<Disk> {
    let named = |at: usize| Disk { serial: Some(format!("S{at}")), ..Disk::new(format!("/dev/nvme{at}n1"), size) };
    (0..count).map(named).collect()
}

const LEVELS: [RaidLevel; 5] =
    [RaidLevel::Raid0, RaidLevel::Raid1, RaidLevel::Raid5, RaidLevel::Raid6, RaidLevel::Raid10];

fn layouts() -> Vec<StorageLayout> {
    let arrays = LEVELS.map(|level| StorageLayout::Raid { level, spares: 0 });
    [StorageLayout::Flat, StorageLayout::Lvm, StorageLayout::Bcache].into_iter().chain(arrays).collect()
}

/// The picture of a layout's plan.
#[track_caller]
fn picture(layout: &StorageLayout, disks: &[Disk], options: &LayoutOptions) -> String {
    let storage = layout.storage(disks, options).unwrap();
    assert_eq!(check_storage(&storage.to_node()), []);
    let text = to_yaml(&Node::mapping([("storage", storage.to_node())]));
    let parsed = parse(&text);
    assert_eq!(parsed.problems, [], "{text}");
    let errors: Vec<_> = check(&text, Level::Runtime).into_iter().filter(Problem::is_error).collect();
    assert_eq!(errors, [], "{text}");
    assert_eq!(to_yaml(&parsed.config.storage.unwrap().to_node()), to_yaml(&storage.to_node()));

    let mut config = Config::flat(Source::from_uri("http://127.0.0.1/root.tgz"));
    config.storage = Some(storage);
    let target = |firmware| Target { firmware, disks: disks.to_vec(), seed: "17".to_owned(), ..Target::default() };
    let planned = plan(&config, &target(Firmware::Bios)).unwrap();
    assert_eq!(plan(&config, &target(Firmware::Uefi)).unwrap().layout, planned.layout);
    assert_eq!(planned.warnings, []);
    planned.layout.to_string()
}

#[test]
fn flat_is_what_a_plan_without_storage_has() {
    let text = picture(&StorageLayout::Flat, &disks(1, 20 << 30), &LayoutOptions::default());
    assert_eq!(
        text,
        "/dev/nvme0n1  20 GiB  gpt\n\
         ├─  1       1 MiB  bios_grub\n\
         ├─  2     512 MiB  efi system  vfat   /boot/efi\n\
         └─  3    19.4 GiB  linux       ext4   /\n"
    );
    let config = Config::flat(Source::from_uri("http://127.0.0.1/root.tgz"));
    let target = Target { disks: disks(1, 20 << 30), ..Target::default() };
    assert_eq!(plan(&config, &target).unwrap().layout.to_string(), text);
}

#[test]
fn options_are_followed() {
    let mut machine = disks(3, 20 << 30);
    machine[1].size = 40 << 30;
    let options = LayoutOptions {
        root_disk: DiskChoice::Largest,
        boot_size: Some(1 << 30),
        root_size: Some(10 << 30),
        volume_size: Some(5 << 30),
        filesystem: "xfs".to_owned(),
        group_name: "vg".to_owned(),
        volume_name: "lv".to_owned(),
        ..LayoutOptions::default()
    };
    let text = picture(&StorageLayout::Lvm, &machine, &options);
    assert!(text.starts_with("/dev/nvme1n1  40 GiB  gpt\n"), "{text}");
    for line in ["1 GiB  linux       xfs    /boot", "10 GiB  lvm", "5 GiB  xfs    /\n"] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}

#[test]
fn every_layout_has_a_plan() {
    for layout in layouts() {
        picture(&layout, &disks(4, 16 << 30), &LayoutOptions::default());
    }
    let blank = StorageLayout::Blank.storage(&disks(1, 1), &LayoutOptions::default()).unwrap();
    assert_eq!(blank.items, []);
    assert_eq!(check_storage(&blank.to_node()), []);
    let custom = StorageLayout::Custom(blank.clone());
    assert_eq!(custom.storage(&[], &LayoutOptions::default()), Ok(blank));
}

#[test]
fn members_of_an_array_are_of_one_size_and_all_boot() {
    let mut machine = disks(4, 16 << 30);
    machine[2].size = 12 << 30;
    let text =
        picture(&StorageLayout::Raid { level: RaidLevel::Raid5, spares: 1 }, &machine, &LayoutOptions::default());
    assert_eq!(text.matches("11.4 GiB  raid").count(), 4, "{text}");
    assert_eq!(text.matches("efi system  vfat").count(), 4, "{text}");
    let mut config = Config::flat(Source::from_uri("http://127.0.0.1/root.tgz"));
    config.storage =
        StorageLayout::Raid { level: RaidLevel::Raid1, spares: 0 }.storage(&machine, &LayoutOptions::default()).ok();
    let target = Target { firmware: Firmware::Uefi, disks: machine, ..Target::default() };
    let copies: Vec<String> = plan(&config, &target)
        .unwrap()
        .steps
        .into_iter()
        .filter(|step| step.id.starts_with("grub-copy"))
        .flat_map(|step| step.writes)
        .collect();
    assert_eq!(copies, ["/dev/nvme1n1p2", "/dev/nvme2n1p2", "/dev/nvme3n1p2"]);
}

#[test]
fn refusals() {
    let storage = |layout: &StorageLayout, disks: &[Disk], options: &LayoutOptions| {
        layout.storage(disks, options).unwrap_err().to_string()
    };
    let usual = LayoutOptions::default();
    let raid = |level, spares| StorageLayout::Raid { level, spares };
    assert_eq!(
        storage(&StorageLayout::Flat, &disks(2, 1 << 30), &usual),
        "none of the machine's 2 disks has the 2 GiB that a system needs"
    );
    let named = LayoutOptions { root_disk: DiskChoice::Serial("S9".to_owned()), ..usual.clone() };
    assert_eq!(storage(&StorageLayout::Lvm, &disks(2, 8 << 30), &named), "S9 is no disk with room for a system");
    assert_eq!(
        storage(&raid(RaidLevel::Raid10, 1), &disks(4, 8 << 30), &usual),
        "raid10 needs 5 disks with room for a system, and there are 4"
    );
    assert_eq!(
        raid(RaidLevel::Raid0, 1).storage(&disks(4, 8 << 30), &usual),
        Err(LayoutError::Level { level: RaidLevel::Raid0, spares: true })
    );
    let large = LayoutOptions { root_size: Some(8 << 30), ..usual.clone() };
    assert_eq!(
        storage(&StorageLayout::Flat, &disks(1, 8 << 30), &large),
        "the partitions that were asked for do not fit on /dev/nvme0n1 of 8 GiB"
    );
    assert_eq!(StorageLayout::Bcache.storage(&disks(1, 8 << 30), &usual), Err(LayoutError::NoCache));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_disks_a_layout_is_planned_or_refused(
        sizes in proptest::collection::vec(1_u64 << 28..64 << 30, 0..7),
        sector in prop_oneof![Just(512_u32), Just(4096)],
        boot in proptest::option::of(1_u64 << 28..4 << 30),
        largest in any::<bool>(),
    ) {
        let disks: Vec<Disk> = sizes.iter().enumerate()
            .map(|(at, size)| Disk { sector_size: sector, ..Disk::new(format!("/dev/sd{at}x"), size / 4096 * 4096) })
            .collect();
        let root_disk = if largest { DiskChoice::Largest } else { DiskChoice::Smallest };
        let options = LayoutOptions { boot_size: boot, root_disk, ..LayoutOptions::default() };
        for layout in layouts() {
            if layout.storage(&disks, &options).is_ok() {
                picture(&layout, &disks, &options);
            }
        }
    }
}
